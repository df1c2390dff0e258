"""The slides for reveal.js in a browser: all that they show is there, and nothing is asked for."""

import pytest

from trajectories import deck

NAMES = ["moving.apng", "tall.jpg", "tall.png", "tall.webp", "zigzag.gif", "drawing.svg"]
#: What reveal.js is to a slide: an element around the sections, of which one is present.
AROUND = """<!DOCTYPE html><title>talk</title><style>
.slides > section:not(.present) { display: none } .notes { display: none } </style>
<div class="reveal"><div class="slides">
%s
</div></div>"""


@pytest.fixture(scope="module")
def talk(album, tmp_path_factory):
    """A folder with a fragment by itself, and pasted between other elements."""
    folder = tmp_path_factory.mktemp("talk")
    names = [*NAMES, "race.mp4", "race.webm", "page.html"]
    fragment = deck([album / name for name in names], folder / "alone.html").read_text("ascii")
    (folder / "pasted.html").write_text(AROUND % fragment)
    return folder


@pytest.fixture
def visit(visit_file, talk):
    """Return a function that opens a page."""
    return lambda name, **how: visit_file(
        talk / name, **{"viewport": {"width": 960, "height": 700}} | how
    )


def until(page, wanted, timeout=5000):
    for _ in range(timeout // 20):
        if wanted():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it did not come about")


def player(page):
    """Return the frame of the interactive page, which has been scrolled into view."""
    page.locator("iframe").scroll_into_view_if_needed()
    (frame,) = page.frames[1:]
    until(page, lambda: frame.evaluate("Boolean(window.player)"))
    return frame


@pytest.mark.parametrize("name", ["alone.html", "pasted.html"])
def test_every_picture_and_video_is_decoded(name, visit):
    page = visit(name)
    script = "all => all.map(e => [e.complete, e.naturalWidth, e.naturalHeight])"
    *pictures, drawing = page.locator("img").evaluate_all(script)
    assert pictures == [[True, 50, 100]] * 4 + [[True, 80, 60]]
    assert drawing[0]
    assert drawing[1] / drawing[2] == pytest.approx(4 / 3)
    videos = page.locator("video")
    script = "all => all.map(v => [v.videoWidth, v.videoHeight, v.error])"
    until(page, lambda: videos.evaluate_all(script) == [[120, 54, None]] * 2)
    assert page.locator("section").count() == 9
    assert page.locator(".slides > section").count() == (9 if name == "pasted.html" else 0)
    first = page.locator("section").first
    ground = first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert first.get_attribute("data-background-color") == "#11161D"
    if name == "pasted.html":  # The ground is left to the deck.
        assert ground == "rgba(0, 0, 0, 0)"
        return
    assert ground == "rgb(17, 22, 29)"
    assert first.locator("h2").inner_text() == "moving"
    assert first.locator(".notes").inner_text().strip() == "moving.apng"
    assert first.locator("h2").evaluate("e => getComputedStyle(e).color") == "rgb(237, 241, 245)"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_videos_are_silent_and_begin_again_when_they_end(visit):
    page = visit("alone.html")
    for i in range(2):
        video = page.locator("video").nth(i)
        video.scroll_into_view_if_needed()
        assert video.evaluate("v => [v.muted, v.loop, v.paused]") == [True, True, True]
        video.evaluate("v => { v.playbackRate = 8; return v.play(); }")
        video.evaluate("v => new Promise(done => v.addEventListener('seeked', done, {once: true}))")
        assert not video.evaluate("v => v.paused || v.ended")


def test_page_plays_in_its_frame_and_obeys_the_deck(visit):
    page = visit("alone.html")
    frame = player(page)
    reached = "() => { try { return Boolean(parent.document); } catch { return false; } }"
    assert frame.evaluate(reached) is False
    until(page, lambda: frame.evaluate("player.step") > 2)
    # What reveal.js says to frames when their slide goes and comes.
    send = "([word]) => document.querySelector('iframe').contentWindow.postMessage(word, '*')"
    page.evaluate(send, ["slide:stop"])
    until(page, lambda: not frame.evaluate("player.playing"))
    before = frame.evaluate("player.step")
    page.wait_for_timeout(150)
    assert frame.evaluate("player.step") == before
    page.evaluate(send, ["slide:start"])
    until(page, lambda: frame.evaluate("player.playing"))
