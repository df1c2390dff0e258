"""A map as a page: what is in the file, and what a browser makes of it."""

import base64
import json
import re
import shutil

import numpy as np
import pytest

from trajectories import Momentum, Surface
from trajectories.maps.basins import Basins, basins
from trajectories.maps.sensitivity import Sensitivity, sensitivity
from trajectories.plotting.maps.map_movies import save_map
from trajectories.plotting.maps.map_page import MOST_BYTES, _picture, _spread, map_page
from trajectories.plotting.writers.page import looks_for

BOWL = "x**2/20 + y**2"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture(scope="module")
def bowl():
    rates, momenta = np.geomspace(0.01, 6, 12), np.linspace(0, 0.9, 10)
    return sensitivity(BOWL, Momentum, (-7, 2), 40, lr=rates, momentum=momenta)


@pytest.fixture(scope="module")
def hills():
    return basins("himmelblau", "sgd:0.01", 60, resolution=(9, 8))


@pytest.fixture(scope="module")
def pages(bowl, hills):
    return {"bowl": map_page(bowl), "hills": map_page(hills), "dark": map_page(bowl, theme="dark")}


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


def unpacked(text):
    """Read a path as the page does."""
    numbers, value, scale = [], 0, 1
    for digit in text:
        code = DIGITS.index(digit)
        value += (code % 32) * scale
        scale *= 32
        if code < 32:
            numbers.append(-(value + 1) // 2 if value % 2 else value // 2)
            value, scale = 0, 1
    return np.cumsum(np.reshape(numbers, (-1, 2)), axis=0)


@pytest.mark.parametrize("name", ["bowl", "hills"])
def test_every_cell_has_the_path_of_its_own_descent(name, pages, bowl, hills):
    data, result = data_of(pages[name]), {"bowl": bowl, "hills": hills}[name]
    columns, rows = data["columns"], data["rows"]
    assert data["cells"] == [columns, rows] == list(result_shape(result))
    (x0, x1), (y0, y1) = _picture(result, looks_for(None)[0]).limits
    for number in range(0, columns * rows, 7):
        row, column = divmod(number, columns)
        place = (row, column) if name == "hills" else (column, row)
        path = result.trajectory(*place).positions
        seen = unpacked(data["paths"][number])
        expected = data["parts"] * (path - [x0, y0]) / [x1 - x0, y1 - y0]
        # The last point of a path that leaves is on the way to where it went.
        np.testing.assert_allclose(seen[:-1], expected[: len(seen) - 1], atol=0.51)
        left = np.abs(expected[: len(seen)] / data["parts"] - 0.5).max() > 2
        if not left:
            rest = expected[len(seen) - 1 :]
            np.testing.assert_allclose(np.broadcast_to(seen[-1], rest.shape), rest, atol=0.51)


def result_shape(result):
    if isinstance(result, Basins):
        return result.minimum.shape[::-1]
    return result.values.shape


def test_words_tell_the_outcome(pages, bowl, hills):
    data = data_of(pages["bowl"])
    for number, words in enumerate(data["words"]):
        row, column = divmod(number, data["columns"])
        lost = bowl.lost[column, row]
        assert ("ends higher" in words or "diverged" in words) == lost
        assert words.startswith(f"lr {bowl.axes['lr'][column]:.3g}".replace("-", "−"))
    assert "at the minimum (" in data_of(pages["hills"])["words"][0]


def test_words_tell_of_steps_and_of_starts_that_end_nowhere():
    rates, momenta = [0.001, 0.5, 90.0], [0.0, 0.5]
    how = {"lr": rates, "momentum": momenta, "measure": "steps", "tolerance": 1e-3}
    found = sensitivity(BOWL, Momentum, (-7, 2), 300, **how)
    words = data_of(map_page(found))["words"]
    assert words[0] == "lr 0.001, momentum 0: not there yet"
    assert words[1] == f"lr 0.5, momentum 0: there after {found.values[1, 0]:.0f} steps"
    assert words[2] == "lr 90, momentum 0: diverged within 300 steps"
    short = basins("himmelblau", "sgd:1e-5", 3, resolution=3)
    words = data_of(map_page(short))["words"]
    assert words[0].endswith(": at no minimum after 3 steps")
    wild = basins("himmelblau", "sgd:1", 30, resolution=3)
    assert (wild.status == "diverged").all()
    assert all(text.endswith(": diverged") for text in data_of(map_page(wild))["words"])


def test_page_asks_for_nothing(pages):
    for page in pages.values():
        assert len(page.encode()) <= MOST_BYTES
        outside = re.findall(r"""(?:src|href|srcset)="(?!data:)""", page)
        assert outside == []
        # With the colon: pictures as text may hold any four letters.
        assert not re.search(r"https?:", re.sub(r"http://www\.w3\.org/\S+", "", page))
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
        assert policy.startswith("default-src 'none'")
        for kind in ("script", "style"):
            assert re.search(rf"{kind}-src 'sha256-[^']+'", policy)


def test_light_and_dark_or_one_theme(pages):
    assert "prefers-color-scheme: dark" in pages["bowl"]
    assert pages["bowl"].count("data:image/png") == 2
    assert "prefers-color-scheme" not in pages["dark"]
    assert pages["dark"].count("data:image/png") == 1
    image = re.search(r"data:image/png;base64,([^\"]*)", pages["dark"])[1]
    assert base64.b64decode(image).startswith(b"\x89PNG")


def test_a_hostile_name_is_only_text():
    surface = Surface("x**2 + y**2", name="</script><script>alert(1)</script>")
    page = map_page(sensitivity(surface, "momentum", steps=3, lr=[0.1, 0.2], momentum=[0.1, 0.2]))
    assert "<script>alert" not in page


def test_a_large_map_is_thinned_and_keeps_its_best():
    rates, momenta = np.geomspace(0.001, 3, 150), np.linspace(0, 0.99, 130)
    found = sensitivity(BOWL, "momentum", (-7, 2), 400, lr=rates, momentum=momenta)
    page = map_page(found)
    assert len(page.encode()) <= MOST_BYTES
    data = data_of(page)
    assert data["columns"] < 150
    column, row = data["first"]
    assert (data["across"][column], data["up"][row]) == found.best_index


def test_a_page_that_becomes_too_large_has_fewer_cells(monkeypatch):
    axes = {"lr": np.geomspace(0.001, 3, 30), "momentum": np.linspace(0, 0.99, 26)}
    found = sensitivity(BOWL, "momentum", (-7, 2), 40, **axes)
    whole = map_page(found, theme="light")
    assert data_of(whole)["columns"] == 30
    most = len(whole.encode()) - 1
    monkeypatch.setattr("trajectories.plotting.maps.map_page.MOST_BYTES", most)
    page = map_page(found, theme="light")
    data = data_of(page)
    assert len(page.encode()) <= most
    assert 10 < data["columns"] < 30
    column, row = data["first"]
    assert (data["across"][column], data["up"][row]) == found.best_index


def test_noisy_paths_are_those_of_the_map():
    found = sensitivity(
        BOWL, "sgd", (-7, 2), 20, noise=0.5, rng=1, block=5, lr=[0.1, 0.2, 0.3, 0.4]
    )
    with pytest.raises(TypeError, match="a map of starts, or of two"):
        map_page(found)
    rates, momenta = np.linspace(0.1, 0.4, 4), np.linspace(0, 0.5, 3)
    two = sensitivity(
        BOWL, "momentum", (-7, 2), 20, noise=0.5, rng=1, block=5, lr=rates, momentum=momenta
    )
    positions = two.cells.positions([1, 4, 6, 11], two.block)
    for i, number in enumerate((1, 4, 6, 11)):
        path = two.trajectory(*divmod(number, 3))
        np.testing.assert_array_equal(positions[:, i], path.positions)


@pytest.mark.parametrize("kind", ["png", "svg", "pdf", "html", "npz"])
def test_the_suffix_chooses_the_file(tmp_path, bowl, hills, kind):
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "html": b"<!DOC", "npz": b"PK"}
    for name, result in {"a": bowl, "b": hills}.items():
        save_map(result, tmp_path / f"{name}.{kind}", theme="light")
        assert (tmp_path / f"{name}.{kind}").read_bytes().startswith(starts[kind])


def test_other_files_are_refused(tmp_path, bowl, hills):
    with pytest.raises(ValueError, match="Unknown format of a map '.gif'"):
        save_map(bowl, tmp_path / "a.gif")
    with pytest.raises(TypeError, match="`result` must be what"):
        save_map(3, tmp_path / "a.png")
    with pytest.raises(FileNotFoundError):
        save_map(bowl, tmp_path / "no" / "a.png")
    for kind in ("html", "npz"):
        with pytest.raises(ValueError, match=rf"`size` must be left out for \.{kind}\."):
            save_map(hills, tmp_path / f"a.{kind}", size=(400, 300))
        with pytest.raises(ValueError, match="`pins` must be left out but for a picture"):
            save_map(bowl, tmp_path / f"a.{kind}", pins=[(0, 0)])
    with pytest.raises(ValueError, match="`pins` must be left out but for a picture"):
        save_map(hills, tmp_path / "a.png", pins=["nonsense"])
    assert list(tmp_path.iterdir()) == []
    assert isinstance(bowl, Sensitivity)


# --- in a browser


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if CHROMIUM is None:
        pytest.skip(f"needs one of {', '.join(BROWSERS)}")
    with sync_api.sync_playwright() as playwright:
        # Containers have no user namespaces for a sandbox; the pages are our own.
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, pages, tmp_path):
    """Return a function that opens a page, which must ask for nothing and complain of nothing."""
    contexts, asked, complaints = [], [], []

    def opened(name, **options):
        path = tmp_path / f"{name}.html"
        path.write_text(pages[name], encoding="utf-8")
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 640}} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(4000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    outside = [url for url in asked if not url.startswith(("file:", "data:"))]
    assert outside == []
    assert sum(url.startswith("file:") for url in asked) == len(contexts)


def at_cell(page, data, column, row):
    """Return where a cell is on the screen."""
    box = page.locator("#overlay").bounding_box()
    part_x = (data["across"][column] + 0.5) / data["cells"][0]
    part_y = 1 - (data["up"][row] + 0.5) / data["cells"][1]
    x = data["map"]["x"] + part_x * data["map"]["width"]
    y = data["map"]["y"] + part_y * data["map"]["height"]
    return box["x"] + x / data["size"][0] * box["width"], box["y"] + y / data["size"][1] * box[
        "height"
    ]


@pytest.mark.parametrize("name", ["bowl", "hills"])
def test_the_cell_under_the_pointer_shows_its_path(visit, pages, name):
    page, data = visit(name), data_of(pages[name])
    seen = set()
    for column, row in [(0, 0), (5, 3), (data["columns"] - 1, data["rows"] - 1)]:
        page.mouse.move(*at_cell(page, data, column, row))
        assert page.inner_text("#readout") == data["words"][row * data["columns"] + column]
        outline = page.locator("#panel .line").get_attribute("d")
        length = len(unpacked(data["paths"][row * data["columns"] + column]))
        assert outline.count("L") == length - 1
        seen.add(outline)
    assert len(seen) == 3
    # Beyond the map the last cell stays.
    page.mouse.move(2, 2)
    assert page.locator("#panel .line").get_attribute("d") in seen


def test_keys_walk_over_the_map(visit, pages):
    page, data = visit("bowl"), data_of(pages["bowl"])
    column, row = data["first"]
    words = lambda: page.inner_text("#readout")  # noqa: E731
    assert words() == data["words"][row * data["columns"] + column]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "overlay"
    page.keyboard.press("ArrowLeft")
    assert words() == data["words"][row * data["columns"] + column - 1]
    page.keyboard.press("ArrowDown")
    assert words() == data["words"][(row - 1) * data["columns"] + column - 1]
    for _ in range(5):
        page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("Shift+ArrowDown")
    assert words() == data["words"][0]
    page.keyboard.press("b")
    assert words() == data["words"][row * data["columns"] + column]


def test_a_touch_chooses_a_cell(visit, pages):
    data = data_of(pages["bowl"])
    phone = {"viewport": {"width": 390, "height": 700}, "has_touch": True, "is_mobile": True}
    page = visit("bowl", **phone)
    page.touchscreen.tap(*at_cell(page, data, 2, 7))
    assert page.inner_text("#readout") == data["words"][7 * data["columns"] + 2]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_viewer_chooses_light_or_dark(visit, scheme):
    page = visit("bowl", color_scheme=scheme)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 22, 29)"}[scheme]
    assert page.evaluate("document.querySelector('img').naturalWidth") == 1920


@pytest.mark.parametrize(("count", "most"), [(10, 4), (100, 7), (11, 10), (50, 2)])
def test_no_more_cells_are_spread_than_may_be(count, most):
    for own in range(count):
        picked = _spread(count, most, own)
        assert own in picked
        assert len(picked) <= max(most, 3)
        assert picked[0] == 0
        assert picked[-1] == count - 1
        assert picked == sorted(set(picked))
