"""The gallery's pages in a browser: pictures, filter, copying, keys, and who can read them."""

import os
import shutil
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=f"needs one of {', '.join(BROWSERS)}")

ROOT = Path(__file__).parents[2]
#: axe-core, from ``npm install axe-core`` at the root or anywhere else.
AXE = Path(os.environ.get("AXE_CORE", ROOT / "node_modules/axe-core/axe.min.js"))
DESK = {"viewport": {"width": 1100, "height": 800}}
PHONE = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}
DARK = {**DESK, "color_scheme": "dark"}
CALM = {**DESK, "reduced_motion": "reduce"}


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        # Containers have no user namespaces for a sandbox; the pages are our own.
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, small_gallery):
    """Return a function that opens a page, which may ask for files only and complain of nothing."""
    contexts, asked, complaints = [], [], []

    def opened(name="index.html", folder=small_gallery / "build", **options):
        context = browser.new_context(**(DESK | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(4000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((folder / name).as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def shown(page):
    return [card.get_attribute("id") for card in page.locator(".card:visible").all()]


def pressed(page):
    return page.locator(".filter [aria-pressed=true]").all_inner_texts()


def load_all(page):
    """Load the pictures that are below, and return those that cannot be."""
    return page.evaluate(
        """async () => {
          const broken = [];
          for (const image of document.images) {
            image.loading = "eager";
            await image.decode().catch(() => broken.push(image.src));
            if (!image.naturalWidth) broken.push(image.src);
          }
          return broken;
        }"""
    )


def findings(page):
    """Return the serious findings of axe-core."""
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{item['id']}: {node['html'][:120]}"
        for item in found
        if item["impact"] in ("serious", "critical")
        for node in item["nodes"]
    ]


def open_all(page):
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")


@pytest.mark.parametrize("name", ["index.html", "when.html"])
def test_every_picture_loads(visit, name):
    page = visit(name)
    assert page.locator("img").count() > 0
    assert load_all(page) == []


def test_a_tag_filters_and_back_goes_back(visit):
    page = visit()
    assert shown(page) == ["plot_1_still", "plot_20_moving"]
    assert pressed(page) == ["all"]
    page.get_by_role("button", name="blue 1").click()
    assert shown(page) == ["plot_20_moving"]
    assert pressed(page) == ["blue 1"]
    assert page.get_by_role("status").inner_text() == "1 of 2 pictures: blue"
    assert page.locator("h2:visible").all_inner_texts() == ["Races"]
    page.get_by_role("button", name="wide & still").click()
    assert shown(page) == ["plot_1_still"]
    page.go_back()
    assert shown(page) == ["plot_20_moving"]
    page.get_by_role("button", name="all").click()
    assert shown(page) == ["plot_1_still", "plot_20_moving"]
    assert "#" not in page.url


def test_the_address_tells_the_tag(visit):
    page = visit()
    address = page.url
    page.locator("#plot_1_still").get_by_role("link", name="wide & still").click()
    assert shown(page) == ["plot_1_still"]
    page.goto(f"{address}#tag=red")
    assert len(shown(page)) == 2
    assert pressed(page) == ["red 2"]
    page.goto(f"{address}#tag=nonsense")
    assert len(shown(page)) == 2
    assert pressed(page) == ["all"]
    page.goto(f"{address}#plot_20_moving")
    assert len(shown(page)) == 2


def test_a_picture_moves_under_the_pointer_and_the_focus(visit):
    page = visit()
    image = page.locator("#plot_20_moving img")
    still = image.get_attribute("src")
    image.hover()
    assert image.get_attribute("src") == "plot_20_moving/colors.gif"
    page.mouse.move(5, 5)
    assert image.get_attribute("src") == still
    page.locator("#plot_20_moving .picture").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert image.get_attribute("src") == "plot_20_moving/colors.gif"
    page.keyboard.press("Tab")
    assert image.get_attribute("src") == still


def test_nothing_moves_for_who_wants_it_calm(visit):
    page = visit(**CALM)
    image = page.locator("#plot_20_moving img")
    still = image.get_attribute("src")
    image.hover()
    assert image.get_attribute("src") == still


def test_a_script_is_copied(visit):
    page = visit()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#plot_1_still summary").first.click()
    button = page.locator("#plot_1_still .copy")
    assert button.get_attribute("aria-label") == "Copy plot_1_still.py"
    button.click()
    page.wait_for_function("document.querySelector('.copy').textContent === 'Copied'")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("# %%\n# It is made by Pillow,\n# and by nothing else.\nfrom PIL ")
    assert copied.endswith('# %% not a cell mark\n"""\n')
    # And without the clipboard, too.
    page.evaluate(
        """() => {
          navigator.clipboard.writeText = () => Promise.reject(new Error("no"));
          document.execCommand = name => { window.did = name; return true; };
        }"""
    )
    button.click()
    page.wait_for_function("window.did === 'copy'")


def test_all_of_it_can_be_done_by_keys(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    # From there to the filter, which is worked by the blank.
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.tag") == "blue"
    page.keyboard.press("Space")
    assert shown(page) == ["plot_20_moving"]
    names = []
    for _ in range(20):
        page.keyboard.press("Tab")
        what = page.evaluate("[document.activeElement.tagName, document.activeElement.textContent]")
        names.append(what)
        if what[1].startswith("The script"):
            page.keyboard.press("Enter")
        if what[0] == "PRE":
            break
    tags = [tag for tag, _ in names]
    assert {"BUTTON", "A", "SUMMARY", "PRE"} <= set(tags)
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("name", ["index.html", "when.html"])
def test_on_a_phone_it_fits_and_can_be_touched(visit, name):
    page = visit(name, **PHONE)
    open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for control in page.locator("button:visible, summary:visible, nav a:visible").all():
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["viewport"]["width"] + 0.5


@pytest.mark.skipif(not AXE.is_file(), reason="needs axe-core: npm install axe-core, or AXE_CORE")
@pytest.mark.parametrize("options", [DESK, DARK, PHONE], ids=["light", "dark", "phone"])
@pytest.mark.parametrize("name", ["index.html", "when.html"])
def test_axe_finds_nothing_serious(visit, name, options):
    page = visit(name, **options)
    open_all(page)
    assert findings(page) == []
    page.evaluate("document.querySelector('img').removeAttribute('alt')")
    assert len(findings(page)) >= 1, "it looks"


def test_without_a_script_all_is_there(visit):
    page = visit(java_script_enabled=False)
    assert len(shown(page)) == 2
    assert not page.locator(".filter").is_visible()
    assert not page.locator(".copy").first.is_visible()


@pytest.mark.slow
@pytest.mark.parametrize("options", [DESK, DARK, PHONE], ids=["light", "dark", "phone"])
def test_the_gallery_itself_can_be_read_by_all(visit, whole_gallery, options):
    for path in sorted(whole_gallery.glob("*.html")):
        page = visit(path.name, whole_gallery, **options)
        open_all(page)
        assert load_all(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path.name
        if AXE.is_file():
            assert findings(page) == [], path.name
        page.close()


@pytest.mark.slow
def test_the_pages_of_the_api_ask_for_nothing_and_know_every_name(visit, whole_gallery):
    import trajectories

    if not (whole_gallery / "api").is_dir():
        pytest.skip("needs pdoc and latex2mathml")
    page = visit("api/trajectories.html", whole_gallery)
    ids = set(page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)"))
    assert set(trajectories.__all__) - {"__version__", "schedules"} <= ids
    assert page.locator("math").count() > 20
    text = page.locator("main").inner_text()
    assert "\\frac" not in text
    assert ":math:" not in text
    page.get_by_role("link", name="The gallery").click()
    assert page.url.endswith("index.html")
    for path in (whole_gallery / "api/trajectories").rglob("*.html"):
        visit(path.relative_to(whole_gallery).as_posix(), whole_gallery)
