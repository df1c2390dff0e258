"""The HTML page in a browser: every control, by pointer, by touch and by keys."""

import numpy as np
import pytest

from trajectories import compare
from trajectories.plotting.scene import Scene, in_parts
from trajectories.plotting.writers.page import Take, looks_for, page_html

BOWL = "x**2/20 + y**2"
RULES = ["sgd:lr=0.95", "momentum:lr=0.1", "adagrad:lr=1.5", "adam:lr=0.3"]
LONG = "+".join(f"(x - {i})**2*y**2/{i}" for i in range(1, 5))
AWAY = "(x - 1e6)**2 + (y/1e7)**2"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
CALM = {"reduced_motion": "reduce"}


@pytest.fixture(scope="module")
def scene(zigzag):
    return Scene.of(zigzag, aspect=1.44)


@pytest.fixture(scope="module")
def pages(scene, leaving, many, tmp_path_factory):
    """The pages that the tests open, by name."""
    folder = tmp_path_factory.mktemp("pages")

    def takes(several):
        return [
            Take(Scene.of(paths, limits=scene.limits, resolution=3).tracks, **about)
            for about, paths in several
        ]

    rates = [
        ({"learning_rate": lr}, compare(BOWL, {"a": f"sgd:{lr}"}, start=(-7, 2), steps=30))
        for lr in (0.1, 0.5, 0.95)
    ]
    corners = [(-7.0, 2.0), (-7.0, -2.0), (1.0, 2.0), (1.0, -2.0)]
    starts = [({"start": s}, compare(BOWL, {"a": "sgd:0.9"}, start=s, steps=30)) for s in corners]
    wordy = compare(LONG, ["adam:0.1"], start=(2, 1), steps=2)
    texts = {
        "overlay": page_html(scene, fps=50, hold=0.2),
        "slow": page_html(scene, fps=0.5),
        "once": page_html(scene, fps=60, hold=0, loop=1, frame_steps=range(0, 31, 5)),
        "race": page_html(scene, layout="race", fps=50),
        "grid": page_html(scene, layout="grid", fps=50),
        "dark": page_html(scene, looks=looks_for("dark")),
        "leaving": page_html(Scene.of(leaving, aspect=1.44)),
        "many": page_html(Scene.of(many, aspect=1.44), layout="race"),
        "rates": page_html(scene.only(0), takes=takes(rates), first=2, layout="race"),
        "starts": page_html(scene.only(0), takes=takes(starts), fps=0.5),
        "himmelblau": page_html(Scene.of(compare("himmelblau", ["sgd:0.01"], steps=300))),
        "captions": page_html(scene, captions=True),
        "captions of many": page_html(Scene.of(many, aspect=1.44), layout="grid", captions=True),
        "long": page_html(Scene.of(wordy, aspect=1.44)),
        "two steps": page_html(Scene.of(wordy, aspect=1.44), layout="race"),
        "away": page_html(Scene.of(compare(AWAY, ["adam:0.1"], start=(1000003, 2), steps=30))),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
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


def expected(page, scene, point, number=0):
    """Return where a position must be in the window, in pixels."""
    box = area(page, number)
    across, up = in_parts(np.array(point), scene.limits)
    return box["x"] + across * box["width"], box["y"] + (1 - up) * box["height"]


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


def test_buttons(visit):
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


def test_scrubbing(visit):
    page = visit("slow")
    slider = page.get_by_role("slider", name="Step")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert step(page) == 15
    assert not playing(page)
    assert slider.get_attribute("aria-valuetext") == "step 15 of 30"
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 4, steps=4)
    page.mouse.up()
    assert step(page) == 30


def test_speed(visit):
    page = visit("slow")
    page.evaluate("player.seek(0)")
    page.get_by_role("combobox", name="Speed").select_option("4")
    page.evaluate("player.play()")
    until(page, lambda: step(page) >= 1, timeout=1500)  # Two seconds at the usual speed.
    assert page.locator("#speed").input_value() == "4"


def test_keys(visit):
    page = visit("slow")
    for key, wanted in [
        ("End", 30), ("ArrowLeft", 29), ("ArrowLeft", 28), ("ArrowRight", 29), ("Home", 0),
        ("ArrowLeft", 0), ("ArrowRight", 1),
    ]:  # fmt: skip
        page.keyboard.press(key)
        assert step(page) == wanted
    assert not playing(page)
    page.keyboard.press("Space")
    assert playing(page)
    page.keyboard.press("Space")
    assert not playing(page)
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert page.locator("#speed").input_value() == "4"
    page.keyboard.press("-")
    assert page.locator("#speed").input_value() == "2"
    page.keyboard.press("2")
    assert page.get_by_role("button", name="Momentum").get_attribute("aria-pressed") == "false"


def test_keys_do_what_they_do_where_the_focus_is(visit):
    page = visit("slow")
    page.evaluate("player.seek(10)")
    page.focus("#scrub")
    page.keyboard.press("ArrowRight")
    assert step(page) == 11
    page.get_by_role("button", name="SGD").focus()
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="SGD").get_attribute("aria-pressed") == "false"
    assert not playing(page)
    page.keyboard.press("Control+ArrowRight")
    assert step(page) == 11


def test_help(visit):
    page = visit("slow")
    page.get_by_role("button", name="Help: keys").click()
    dialog = page.get_by_role("dialog", name="Keys")
    assert dialog.is_visible()
    assert "faster or slower" in dialog.inner_text()
    assert "another" not in dialog.inner_text()
    page.evaluate("player.seek(3)")
    page.keyboard.press("ArrowRight")
    assert step(page) == 3
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    page.keyboard.press("?")
    dialog.get_by_role("button", name="Close").click()
    assert not dialog.is_visible()


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
def test_heads_are_where_the_paths_are(visit, scene, options):
    page = visit("slow", **options)
    for shown in (0, 1, 13, 30):
        page.evaluate(f"player.seek({shown})")
        wanted = [expected(page, scene, track.positions[shown, 0]) for track in scene.tracks]
        assert np.abs(np.array(heads(page)) - wanted).max() < 0.5


def test_lines_are_where_the_paths_are(visit, scene):
    page = visit("slow")
    page.evaluate("player.seek(30)")
    script = """all => all.map(e => { const m = e.getScreenCTM(), n = e.getTotalLength();
      const p = e.getPointAtLength(n); return [p.x + m.e, p.y + m.f, n]; })"""
    found = np.array(page.locator("#stage .trail").evaluate_all(script))
    wanted = [[expected(page, scene, p) for p in t.positions[:, 0]] for t in scene.tracks]
    assert np.abs(found[:, :2] - np.array(wanted)[:, -1]).max() < 0.5
    lengths = np.hypot(*np.diff(wanted, axis=1).T).sum(axis=0)
    assert np.abs(found[:, 2] / lengths - 1).max() < 1e-3


def test_losses_are_on_a_log_axis(visit, scene):
    page = visit("race", **CALM)
    box = area(page, 1)
    found = np.array(heads(page))[4:]
    losses = np.array([track.values[30, 0] for track in scene.tracks])
    tall = (box["y"] + box["height"] - found[:, 1]) / box["height"]
    slope = np.diff(tall) / np.diff(np.log10(losses))
    assert np.ptp(slope) < 1e-3
    assert np.abs(found[:, 0] - (box["x"] + box["width"] / 1.03)).max() < 0.5


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


@pytest.mark.parametrize(("track", "at"), [(0, 1), (1, 6), (2, 1), (3, 30)])
@pytest.mark.parametrize("touch", [False, True])
def test_readout_tells_the_recorded_numbers(visit, scene, zigzag, track, at, touch):
    page = visit("overlay", **(PHONE | CALM if touch else CALM))
    for other in range(4):
        if other != track:
            page.get_by_role("button", name=zigzag[other].label, exact=True).click()
    x, y = expected(page, scene, zigzag[track].positions[at])
    if touch:
        page.touchscreen.tap(x, y)
    else:
        page.mouse.move(x + 2, y - 1)
    label, cells = readout(page)
    assert label == zigzag[track].label
    px, py = zigzag[track].positions[at]
    assert cells["step"] == str(at)
    assert (cells["x"], cells["y"]) == (f"{px:.5f}", f"{py:.5f}")
    assert float(cells["f"]) == float(f"{zigzag[track].values[at]:.5g}")
    ring = page.locator(".pointed").first.bounding_box()
    assert abs(ring["x"] + ring["width"] / 2 - x) < 0.6
    assert abs(ring["y"] + ring["height"] / 2 - y) < 0.6


def test_readout_goes_away(visit, scene, zigzag):
    page = visit("overlay", **CALM)
    x, y = expected(page, scene, zigzag[0].positions[1])
    page.mouse.move(x, y)
    assert readout(page)[0] == "SGD"
    page.mouse.move(x, 5)
    assert readout(page) is None
    page.mouse.move(x, y)
    page.evaluate("player.seek(0)")  # The point has not been reached yet.
    assert readout(page) is None


def test_readout_on_the_losses(visit, zigzag):
    page = visit("race", **CALM)
    x, y = heads(page)[4 + 2]
    page.mouse.move(x, y)
    label, cells = readout(page)
    assert (label, cells["step"]) == ("AdaGrad", "30")
    assert float(cells["f"]) == float(f"{zigzag[2].values[30]:.5g}")
    assert len(page.locator(".pointed:visible").all()) == 2


def test_exits(visit, leaving):
    page = visit("leaving", **CALM)
    notes = page.locator(".note:visible").all_text_contents()
    gone = Scene.of(leaving, aspect=1.44).tracks[0].exits[0].step
    assert notes == [f"leaves at step {gone}", "lost at step 1"]
    assert len(heads(page)) == 1
    page.evaluate(f"player.seek({gone - 1})")
    assert page.locator(".note:visible").all_text_contents() == ["lost at step 1"]
    assert len(heads(page)) == 2
    inner = area(page)
    for note in page.locator(".note").all():
        box = note.bounding_box() or inner
        assert inner["x"] <= box["x"]
        assert box["x"] + box["width"] <= inner["x"] + inner["width"]


def test_many_starts(visit):
    page = visit("many", **CALM)
    assert len(page.locator(".start:visible").all()) == 6
    assert len(heads(page)) == 5 + 6  # One has left the plot, but none the losses.


def test_learning_rates(visit, scene):
    page = visit("rates", **CALM)
    slider = page.get_by_role("slider", name="learning rate")
    assert slider.get_attribute("aria-valuetext") == "0.95"
    before = heads(page)[0]
    slider.fill("0")
    assert page.locator("#takes output").inner_text() == "0.1"
    path = compare(BOWL, ["sgd:0.1"], start=(-7, 2), steps=30)[0]
    wanted = expected(page, scene, path.positions[30])
    assert np.abs(np.array(heads(page)[0]) - wanted).max() < 0.5
    assert np.hypot(*np.subtract(before, wanted)) > 5
    page.keyboard.press("]")
    assert page.evaluate("player.take") == 1
    page.focus("#take")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("player.take") == 2
    assert step(page) == 30


@pytest.mark.parametrize("touch", [False, True])
def test_a_click_chooses_the_nearest_start(visit, scene, touch):
    page = visit("starts", **(PHONE if touch else {}))
    page.evaluate("player.seek(20)")
    x, y = expected(page, scene, (0.6, -1.5))
    if touch:
        page.touchscreen.tap(x, y)
    else:
        page.mouse.move(x, y)
        assert page.locator(".candidate").is_visible()
        page.mouse.click(x, y)
    assert page.evaluate("player.take") == 3
    assert step(page) == 0
    assert playing(page)
    assert page.locator("#takes output").inner_text() == "(1, \N{MINUS SIGN}2)"
    wanted = expected(page, scene, (1, -2))
    assert np.abs(np.array(heads(page)[0]) - wanted).max() < 0.5


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


@pytest.mark.parametrize("name", ["overlay", "race", "grid", "rates", "starts"])
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


@pytest.mark.parametrize("name", ["overlay", "race", "grid"])
def test_frames_of_all_sizes(visit, name):
    page = visit(name, **CALM)
    for size in [(1920, 1080), (960, 540), (480, 360), (300, 220)]:
        resize(page, size)
        assert_fits(page, size)


def assert_fits(page, size):
    assert not scrolls(page)
    bottom = page.locator("#controls").bounding_box()
    assert bottom["y"] + bottom["height"] <= size[1] + 0.5
    low, high = area(page)["y"], area(page)["y"] + area(page)["height"]
    assert 0 < low < high < bottom["y"]
    spread = page.locator(".area").evaluate_all(
        "all => Math.max(...all.map(e => e.getBoundingClientRect().right))"
    )
    assert spread <= size[0]


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


def test_the_heading_stays_as_it_is_while_the_counter_grows(visit):
    page = visit("himmelblau", **PHONE | CALM)
    heading = page.locator("#heading")
    seen = []
    for shown in (0, 10, 100, 300):
        page.evaluate(f"player.seek({shown})")
        assert heading.evaluate("e => e.scrollWidth <= e.clientWidth")
        seen.append((heading.bounding_box(), page.locator("#heading .formula").bounding_box()))
    assert seen[1:] == seen[:-1]
    assert page.locator("#heading .formula").is_visible()


def test_a_formula_that_is_too_long_goes_on_in_dots(visit):
    dots = "e => getComputedStyle(e, '::after').content"
    page = visit("long", **PHONE | CALM)
    assert page.locator("#heading").evaluate(dots) == '"…"'
    resize(page, (1600, 800))
    assert page.locator("#heading").evaluate(dots) == "none"
    assert visit("himmelblau", **PHONE).locator("#heading").evaluate(dots) == "none"


def test_captions_tell_the_loss_and_the_learning_rate_of_each_step(visit, zigzag):
    page = visit("captions", **CALM)
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
    assert visit("overlay").locator(".caption").count() == 0


def test_captions_of_many_starts_tell_their_mean(visit, many):
    page = visit("captions of many", **CALM)
    words = page.locator(".caption").inner_text()
    assert words == f"mean f = {many.values[-1].mean():.3g}  lr 1.01"


def ticks(page):
    """Return what is written at the axes of the first panel: along x, along y, and their names."""
    script = """all => ["middle", "end"].map(side => all.filter(
      e => e.getAttribute("text-anchor") === side && !e.matches(".name, .note")
      ).map(e => e.textContent.replace("\u2212", "-")))"""
    x, y = page.locator("#stage text").evaluate_all(script)
    return x, y, page.locator("#stage text.name").all_text_contents()


def test_ticks_far_from_zero_have_all_digits_that_they_need(visit):
    x, _, names = ticks(visit("away", **CALM))
    assert names[0] == "x \N{MINUS SIGN} 1000000"
    assert np.diff([float(word) for word in x]) == pytest.approx(0.5)
    assert "3.0" in x


def test_steps_are_whole_numbers(visit):
    words, *_ = ticks(visit("two steps", **CALM))
    assert words[-3:] == ["0", "1", "2"]


def test_slides_start_and_stop_it(visit):
    deck = visit("deck")
    frame = deck.frames[1]
    frame.evaluate("player.seek(5)")
    send = "message => document.querySelector('iframe').contentWindow.postMessage(message, '*')"
    deck.evaluate(send, "slide:start")
    until(deck, lambda: playing(frame))
    assert step(frame) == 0
    deck.evaluate(send, "slide:stop")
    until(deck, lambda: not playing(frame))


def test_nothing_is_global_but_the_player(visit, pages):
    page = visit("overlay", **CALM)
    (pages / "bare.html").write_text("<!DOCTYPE html><title>bare</title>", encoding="utf-8")
    names = "Object.getOwnPropertyNames(window)"
    mine = set(page.evaluate(names))
    bare = set(visit("bare").evaluate(names))
    assert mine - bare == {"player"}
    assert page.evaluate("Object.isFrozen(player)")


def test_the_page_speaks_when_it_stands(visit, zigzag):
    page = visit("slow")
    page.evaluate("player.seek(12)")
    words = page.get_by_role("status").inner_text()
    assert words.startswith("Step 12. SGD: f is ")
    assert f"Adam: f is {zigzag[3].values[12]:.5g}." in words
