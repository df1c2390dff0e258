"""The slides for reveal.js in a browser: all that they show is there, and nothing is asked for."""

import shutil

import numpy as np
import pytest
from PIL import Image

from trajectories import compare
from trajectories.plotting.canvas import save_figure
from trajectories.plotting.plots import plot_overlay
from trajectories.plotting.scene import Scene
from trajectories.plotting.writers.deck import deck
from trajectories.plotting.writers.formats import write_mp4, write_webm
from trajectories.plotting.writers.gif import Stream
from trajectories.plotting.writers.page import page_html

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=f"needs one of {', '.join(BROWSERS)}")

NIGHT = (17, 22, 29)
#: What reveal.js is to a slide: an element around the sections, of which one is present.
AROUND = """<!DOCTYPE html><title>talk</title><style>
.slides > section:not(.present) { display: none } .notes { display: none } </style>
<div class="reveal"><div class="slides">
%s
</div></div>"""


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """Return a folder with a fragment by itself, and pasted between other elements."""
    pytest.importorskip("av", reason="PyAV writes the videos")
    folder = tmp_path_factory.mktemp("talk")
    paths = compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=20)
    night = Image.new("RGB", (64, 36), NIGHT)
    moving = {"save_all": True, "append_images": [Image.new("RGB", (64, 36), "red")]}
    night.save(folder / "a.png")
    night.save(folder / "b.jpg")
    night.save(folder / "c.gif", **moving, duration=100, loop=0)
    night.save(folder / "d.webp", **moving)
    night.save(folder / "e.apng", "PNG", **moving)
    save_figure(plot_overlay(paths, size=(320, 240)), folder / "f.svg")
    buffer = np.full((36, 64, 4), 255, np.uint8)
    buffer[..., :3] = NIGHT
    frames = Stream(lambda step: buffer, (64, 36), range(8), 10.0)
    for name, write in {"g.mp4": write_mp4, "h.webm": write_webm}.items():
        with open(folder / name, "wb") as file:
            write(file, frames)
    page = page_html(Scene.of(paths, aspect=1.44), fps=20)
    (folder / "i.html").write_text(page, encoding="utf-8")
    files = sorted(file for file in folder.iterdir())
    fragment = deck(files, folder / "alone.html").read_text("ascii")
    (folder / "pasted.html").write_text(AROUND % fragment)
    return folder


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        # Containers have no user namespaces for a sandbox; the pages are our own.
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, talk):
    """Return a function that opens a page, which must ask for nothing and complain of nothing."""
    contexts, asked, complaints = [], [], []

    def opened(name, **options):
        context = browser.new_context(**{"viewport": {"width": 960, "height": 700}} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((talk / name).as_uri(), wait_until="load")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    elsewhere = [url for url in asked if not url.startswith("data:")]
    assert len(elsewhere) == len(contexts)
    assert all(url.startswith("file:") for url in elsewhere)


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
    assert pictures == [[True, 64, 36]] * 5
    assert drawing[0]
    assert drawing[1] / drawing[2] == pytest.approx(4 / 3)
    videos = page.locator("video")
    script = "all => all.map(v => [v.videoWidth, v.videoHeight, v.error])"
    until(page, lambda: videos.evaluate_all(script) == [[64, 36, None]] * 2)
    assert page.locator("section").count() == 9
    assert page.locator(".slides > section").count() == (9 if name == "pasted.html" else 0)


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


def test_page_cannot_reach_the_deck_around_it(visit):
    frame = player(visit("alone.html"))
    reached = "() => { try { return Boolean(parent.document); } catch { return false; } }"
    assert frame.evaluate(reached) is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_has_the_ground_of_its_slide_whatever_the_viewer_prefers(scheme, visit):
    page = visit("alone.html", color_scheme=scheme)
    ground = player(page).evaluate("getComputedStyle(document.documentElement).backgroundColor")
    body = player(page).evaluate("getComputedStyle(document.body).backgroundColor")
    assert "rgb(255, 255, 255)" in (ground, body)
    slide = page.locator("section").last
    assert slide.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"


def test_fragment_by_itself_shows_titles_notes_and_grounds(visit):
    page = visit("alone.html")
    first = page.locator("section").first
    assert first.locator("h2").inner_text() == "a"
    assert first.locator(".notes").inner_text().strip() == "a.png"
    assert first.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(17, 22, 29)"
    assert first.locator("h2").evaluate("e => getComputedStyle(e).color") == "rgb(237, 241, 245)"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_pasted_sections_leave_their_ground_to_the_deck(visit):
    page = visit("pasted.html")
    first = page.locator("section").first
    assert first.evaluate("e => getComputedStyle(e).backgroundColor") == "rgba(0, 0, 0, 0)"
    assert first.get_attribute("data-background-color") == "#11161D"
