"""The HTML page in a browser: every control, by pointer, by touch and by keys."""

import numpy as np
import pytest

from tests.plotting.reading import page_data
from trajectories import Scene, animate, compare

LIMITS = ((-8, 2), (-3, 3))
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
CALM = {"reduced_motion": "reduce"}


@pytest.fixture(scope="module")
def pages(zigzag, leaving, many, tmp_path_factory):
    """The pages that the tests open, by name."""
    folder = tmp_path_factory.mktemp("pages")

    def save(name, paths, fps=10, end_pause=1.5, loop=0, **how):
        animate(paths, **how).save(folder / f"{name}.html", fps=fps, end_pause=end_pause, loop=loop)

    known = {"limits": LIMITS}
    save("overlay", zigzag, fps=50, end_pause=0.2, **known)
    save("slow", zigzag, fps=0.5, readout=True, **known)
    save("once", zigzag, fps=60, end_pause=0, loop=1, frames=7)
    save("race", zigzag, layout="race", fps=50, **known)
    save("grid", zigzag, layout="grid", fps=50)
    save("dark", zigzag[:1], theme="dark")
    save("leaving", leaving)
    save("many", many, layout="race", readout=True)
    save("rates", zigzag[:1], learning_rates=[0.1, 0.5], layout="race", **known)
    save("starts", zigzag[:1], starts="grid", fps=0.5, **known)
    frame = '<!DOCTYPE html><body style="margin:0"><input id="other">'
    frame += '<iframe src="slow.html" style="border:0;width:480px;height:360px"></iframe>'
    (folder / "deck.html").write_text(frame, encoding="utf-8")
    return folder


@pytest.fixture
def visit(visit_file, pages):
    """Return a function that opens one of the pages."""
    return lambda name, **options: visit_file(
        pages / f"{name}.html", shows=int(name == "deck"), **options
    )


def step(page):
    return page.evaluate("player.step")


def playing(page):
    return page.evaluate("player.playing")


def until(page, wanted, timeout=3000):
    """Wait for a condition; the page's policy lets no text be run in it."""
    for _ in range(timeout // 20):
        if wanted():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it did not come about")


def area(page, number=0):
    return page.locator(".area").nth(number).bounding_box()


def expected(page, points, number=0):
    """Return where positions must be in the window, in pixels."""
    box = area(page, number)
    low, high = np.transpose(LIMITS)
    parts = (np.asarray(points) - low) / (high - low)
    return [box["x"], box["y"] + box["height"]] + parts * [box["width"], -box["height"]]


def heads(page):
    """Return the middles of the visible heads in the window, in pixels."""
    script = """all => all.filter(e => e.style.display !== "none").map(e => {
      const m = e.getScreenCTM(); return [m.e, m.f]; })"""
    return page.locator(".head").evaluate_all(script)


def readout(page):
    """Return what the read-out says: its title, and its rows by name."""
    box = page.locator("#readout")
    if not box.is_visible():
        return None
    rows = box.locator("tr").all_inner_texts()
    cells = dict(row.replace("\N{MINUS SIGN}", "-").split("\t") for row in rows)
    return box.locator("strong").inner_text(), cells


def scrolls(page):
    script = "e => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight"
    return page.locator("html").evaluate(script)


def test_it_plays_by_itself_holds_and_begins_again(visit):
    page = visit("overlay")
    assert playing(page)
    until(page, lambda: step(page) == 30)
    until(page, lambda: 0 < step(page) < 30)


def test_it_stops_after_as_many_rounds_as_asked(visit):
    page = visit("once")
    until(page, lambda: not playing(page))
    assert step(page) == 30
    page.click("#play")
    until(page, lambda: not playing(page))
    page.click("#back")
    assert step(page) == 25


def test_buttons_slider_and_speed(visit):
    page = visit("slow")
    page.get_by_role("button", name="Pause").click()
    assert not playing(page)
    page.evaluate("player.seek(10)")
    page.get_by_role("button", name="Step forward").click()
    assert step(page) == 11
    page.get_by_role("button", name="Step back").click(click_count=2)
    assert step(page) == 9
    assert page.locator("#counter").inner_text() == "step 9"
    page.get_by_role("button", name="Play", exact=True).click()
    assert playing(page)
    assert page.get_by_role("button", name="Pause").is_visible()
    slider = page.get_by_role("slider", name="Step")
    box = slider.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(*middle)
    assert step(page) == 15
    assert not playing(page)
    assert slider.get_attribute("aria-valuetext") == "step 15 of 30"
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 4, steps=4)
    page.mouse.up()
    assert step(page) == 30
    page.evaluate("player.seek(0)")
    page.get_by_role("combobox", name="Speed").select_option("4")
    page.evaluate("player.play()")
    until(page, lambda: step(page) >= 1, timeout=1500)  # Two seconds at the usual speed.


def test_keys(visit):
    page = visit("slow")
    for key, wanted in [
        ("End", 30), ("ArrowLeft", 29), ("ArrowRight", 30), ("Home", 0), ("ArrowLeft", 0),
    ]:  # fmt: skip
        page.keyboard.press(key)
        assert step(page) == wanted
    assert not playing(page)
    for now in (True, False):
        page.keyboard.press("Space")
        assert playing(page) == now
    for key, speed in [("+", "2"), ("+", "4"), ("-", "2")]:
        page.keyboard.press(key)
        assert page.locator("#speed").input_value() == speed
    page.keyboard.press("2")
    assert page.get_by_role("button", name="Momentum").get_attribute("aria-pressed") == "false"
    # They do what they do where the focus is.
    page.focus("#scrub")
    page.keyboard.press("ArrowRight")
    assert step(page) == 1
    page.get_by_role("button", name="SGD").focus()
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="SGD").get_attribute("aria-pressed") == "false"
    assert not playing(page)
    page.keyboard.press("Control+ArrowRight")
    assert step(page) == 1


def test_every_control_has_a_name_and_shows_its_focus(visit):
    page = visit("rates", **CALM)
    for control in page.locator("button:visible, input:visible, select:visible").all():
        name = "e => e.ariaLabel || e.labels?.[0]?.textContent || e.textContent"
        assert control.evaluate(name).strip()
    page.keyboard.press("Tab")
    seen = []
    for _ in range(8):
        script = "() => [document.activeElement.id || document.activeElement.textContent,"
        script += " getComputedStyle(document.activeElement).outlineStyle]"
        seen.append(page.evaluate(script))
        page.keyboard.press("Tab")
    assert [name for name, _ in seen][:7] == [
        "SGD", "take", "back", "play", "forward", "scrub", "speed",
    ]  # fmt: skip
    assert all(outline == "solid" for _, outline in seen[:7])


@pytest.mark.parametrize("options", [{}, {"device_scale_factor": 3}, PHONE])
def test_heads_and_lines_are_where_the_paths_are(visit, zigzag, options):
    page = visit("slow", **options)
    for shown in (0, 13, 30):
        page.evaluate(f"player.seek({shown})")
        wanted = expected(page, [path.positions[shown] for path in zigzag])
        assert np.abs(np.array(heads(page)) - wanted).max() < 0.5
    script = """all => all.map(e => { const m = e.getScreenCTM(), n = e.getTotalLength();
      const p = e.getPointAtLength(n); return [p.x + m.e, p.y + m.f, n * m.a]; })"""
    found = np.array(page.locator("#stage .trail").evaluate_all(script))
    wanted = expected(page, [path.positions for path in zigzag])
    assert np.abs(found[:, :2] - wanted[:, -1]).max() < 0.5
    lengths = np.hypot(*np.diff(wanted, axis=1).T).sum(axis=0)
    assert np.abs(found[:, 2] / lengths - 1).max() < 1e-3


def test_losses_are_on_a_log_axis_and_tell_their_numbers(visit, zigzag):
    page = visit("race", **CALM)
    box = area(page, 1)
    found = np.array(heads(page))[4:]
    losses = np.array([path.values[30] for path in zigzag])
    tall = (box["y"] + box["height"] - found[:, 1]) / box["height"]
    slope = np.diff(tall) / np.diff(np.log10(losses))
    assert np.ptp(slope) < 1e-3
    assert np.abs(found[:, 0] - (box["x"] + box["width"] / 1.03)).max() < 0.5
    page.mouse.move(*found[2])
    label, cells = readout(page)
    assert (label, cells["step"]) == ("AdaGrad", "30")
    assert float(cells["f"]) == float(f"{zigzag[2].values[30]:.5g}")
    assert len(page.locator(".pointed:visible").all()) == 2


def test_legend_shows_and_hides(visit):
    page = visit("race", **CALM)
    button = page.get_by_role("button", name="Momentum")
    assert button.get_attribute("aria-pressed") == "true"
    assert len(heads(page)) == 8
    box = page.locator("#stage .t1 .trail").first
    assert box.is_visible()
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert len(page.locator(".head:visible").all()) == 6
    assert not box.is_visible()
    button.click()
    assert box.is_visible()


@pytest.mark.parametrize("touch", [False, True])
def test_readout_tells_the_recorded_numbers_and_goes_away(visit, zigzag, touch):
    page = visit("overlay", **(PHONE | CALM if touch else CALM))
    buttons = [page.get_by_role("button", name=path.label, exact=True) for path in zigzag]
    for button in buttons:
        button.click()
    for path, button, at in zip(zigzag, buttons, (1, 6, 1, 30), strict=True):
        button.click()
        x, y = expected(page, path.positions[at])
        if touch:
            page.touchscreen.tap(x, y)
        else:
            page.mouse.move(x + 2, y - 1)
        label, cells = readout(page)
        assert label == path.label
        assert cells["step"] == str(at)
        numbers = float(cells["x"]), float(cells["y"])
        assert numbers == pytest.approx(tuple(path.positions[at]), abs=0.51e-4)
        assert float(cells["f"]) == float(f"{path.values[at]:.5g}")
        ring = page.locator(".pointed").first.bounding_box()
        assert abs(ring["x"] + ring["width"] / 2 - x) < 0.6
        assert abs(ring["y"] + ring["height"] / 2 - y) < 0.6
        button.click()
    buttons[0].click()
    x, y = expected(page, zigzag[0].positions[1])
    page.mouse.move(x, y)
    assert readout(page)[0] == "SGD"
    page.mouse.move(x, 5)
    assert readout(page) is None
    page.mouse.move(x, y)
    page.evaluate("player.seek(0)")  # The point has not been reached yet.
    assert readout(page) is None


def test_exits(visit, leaving):
    page = visit("leaving", **CALM)
    notes = page.locator(".note:visible").all_text_contents()
    gone = Scene.of(leaving).tracks[0].exits[0].step
    assert notes == [f"out of view from step {gone}", "diverged at step 1"]
    assert len(heads(page)) == 1
    page.evaluate(f"player.seek({gone - 1})")
    assert page.locator(".note:visible").all_text_contents() == ["diverged at step 1"]
    assert len(heads(page)) == 2
    inner = area(page)
    for note in page.locator(".note").all():
        box = note.bounding_box() or inner
        assert inner["x"] <= box["x"]
        assert box["x"] + box["width"] <= inner["x"] + inner["width"]


def test_many_starts_and_their_mean(visit, many):
    page = visit("many", **CALM)
    assert len(page.locator(".start:visible").all()) == 6
    assert len(heads(page)) == 5 + 6  # One has left the plot, but none the losses.
    words = page.locator(".caption").inner_text()
    assert words == f"mean f = {many.values[-1].mean():.3g}  lr 1.01"


def test_learning_rates(visit):
    page = visit("rates", **CALM)
    slider = page.get_by_role("slider", name="learning rate")
    assert slider.get_attribute("aria-valuetext") == "0.95"
    before = heads(page)[0]
    slider.fill("0")
    assert page.locator("#takes output").inner_text() == "0.1"
    path = compare("x**2/20 + y**2", ["sgd:0.1"], start=(-7, 2), steps=30)[0]
    wanted = expected(page, path.positions[30])
    assert np.abs(np.array(heads(page)[0]) - wanted).max() < 0.5
    assert np.hypot(*np.subtract(before, wanted)) > 5
    page.keyboard.press("]")
    assert page.evaluate("player.take") == 1
    page.focus("#take")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("player.take") == 2
    assert step(page) == 30


@pytest.mark.parametrize("touch", [False, True])
def test_a_click_chooses_the_nearest_start(visit, pages, touch):
    page = visit("starts", **(PHONE if touch else {}))
    page.evaluate("player.seek(20)")
    takes = page_data((pages / "starts.html").read_text("utf-8"))["takes"]
    places = expected(page, [take["start"] for take in takes])
    x, y = places[50] + [5, -4]
    if touch:
        page.touchscreen.tap(x, y)
    else:
        page.mouse.move(x, y)
        assert page.locator(".candidate").is_visible()
        page.mouse.click(x, y)
    chosen = page.evaluate("player.take")
    assert chosen == np.argmin(np.hypot(*(places - [x, y]).T)) != 0
    assert step(page) == 0
    assert playing(page)
    words = page.locator("#takes output").inner_text().replace("\N{MINUS SIGN}", "-")
    told = [float(word) for word in words.strip("()").split(",")]
    assert told == pytest.approx(takes[chosen]["start"], rel=0.01)
    assert np.abs(np.array(heads(page)[0]) - places[chosen]).max() < 0.5


def test_light_and_dark_follow_the_viewer(visit):
    def ground(page):
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    page = visit("overlay")
    assert ground(page) == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    assert ground(page) == "rgb(17, 22, 29)"
    assert ground(visit("dark")) == "rgb(17, 22, 29)"


def test_reduced_motion_does_not_play(visit):
    page = visit("overlay", **CALM)
    page.wait_for_timeout(100)
    assert not playing(page)
    assert step(page) == 30
    page.click("#play")
    assert playing(page)
    page.emulate_media(reduced_motion="no-preference")
    page.wait_for_timeout(100)
    page.emulate_media(reduced_motion="reduce")
    until(page, lambda: not playing(page))


@pytest.mark.parametrize("name", ["race", "starts"])
def test_on_a_phone_all_fits_and_can_be_touched(visit, name):
    page = visit(name, **PHONE, **CALM)
    for size in [(390, 844), (844, 390), (320, 568)]:
        resize(page, size)
        assert_touchable(page, size)


def resize(page, size):
    """Give the window another size, and wait until the page has seen it and is laid out."""
    width, height = size
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(f"innerWidth === {width} && innerHeight === {height}")
    frame = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    page.evaluate(frame)


def assert_touchable(page, size):
    assert not scrolls(page)
    for control in page.locator("button:visible, select:visible").all():
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 40
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0] + 0.5
        assert 0 <= box["y"] <= size[1] - 40
    for panel in page.locator(".area").all():
        box = panel.bounding_box()
        assert min(box["width"], box["height"]) > 60
        assert box["y"] + box["height"] < size[1] - 40


def test_in_a_frame_it_takes_keys_only_when_it_has_the_focus(visit):
    deck = visit("deck")
    frame = deck.frames[1]
    assert not scrolls(frame)
    frame.evaluate("player.seek(5)")
    deck.focus("#other")
    deck.keyboard.press("ArrowRight")
    assert step(frame) == 5
    frame.locator("#forward").click()
    deck.keyboard.press("ArrowRight")
    assert step(frame) == 7
    deck.keyboard.press("Escape")
    assert deck.evaluate("document.hasFocus()")
    assert not frame.evaluate("document.hasFocus()")


def test_captions_and_the_spoken_status_tell_each_step(visit, zigzag):
    page = visit("slow", **CALM)
    captions, boxes = page.locator("#legend .caption"), []
    for shown in (0, 7, 30):
        page.evaluate(f"player.seek({shown})")
        for path, words in zip(zigzag, captions.all_inner_texts(), strict=True):
            loss, rate = words.removeprefix("f = ").replace("\N{MINUS SIGN}", "-").split("  lr ")
            assert float(loss) == float(f"{path.values[shown]:.3g}")
            assert float(rate) == path.optimizer.lr
        boxes.append([caption.bounding_box() for caption in captions.all()])
    assert boxes[1:] == boxes[:-1]
    assert page.get_by_role("button", name="SGD", exact=True).is_visible()
    page.evaluate("player.seek(12)")
    words = page.get_by_role("status").inner_text()
    assert words.startswith("Step 12. SGD: f is ")
    assert f"Adam: f is {zigzag[3].values[12]:.5g}." in words
