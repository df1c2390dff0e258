"""What notebooks show of an Animation and of a Trajectory."""

import base64
import gc
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image

from trajectories import animate, descend, plot

BOWL = "x**2/20 + y**2"
MEAN = '</iframe><script>alert("1 & 2")</script>'


class Reader(HTMLParser):
    """Collects the elements with their attributes, and whatever text there is."""

    def __init__(self, text):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def only(html):
    """Return the one element that some HTML is."""
    reader = Reader(html)
    assert reader.text.strip() == ""
    (element,) = reader.found
    return element


def image_of(html, kind):
    tag, attributes = only(html)
    assert tag == "img"
    head, _, data = attributes["src"].partition(",")
    assert head == f"data:image/{kind};base64"
    return Image.open(io.BytesIO(base64.b64decode(data))), attributes["alt"]


def test_an_animation_shows_itself_as_the_page_that_it_saves(short, tmp_path):
    moving = animate(short, theme="dark", size=(500, 400))
    tag, attributes = only(moving._repr_html_())
    assert tag == "iframe"
    assert attributes["sandbox"] == "allow-scripts"
    assert attributes["title"] == repr(moving)
    assert attributes["srcdoc"].startswith("<!DOCTYPE html>")
    assert "max-width: 500px" in attributes["style"]
    (path,) = moving.save(tmp_path / "a.html")
    saved = path.read_text(encoding="utf-8")
    without = re.compile(r'<script type="application/json" id="recipe">.*?</script>', re.DOTALL)
    assert without.sub("", attributes["srcdoc"]) == without.sub("", saved)


def test_names_cannot_break_out_of_the_frame():
    path = descend(BOWL, "sgd:0.1", steps=3, label=MEAN)
    html = animate(path)._repr_html_()
    tag, attributes = only(html)
    assert MEAN not in html
    assert MEAN in attributes["title"]
    inside = Reader(attributes["srcdoc"])
    assert sum(tag == "script" for tag, _ in inside.found) == 3  # The data, the recipe, the player.
    assert "alert(" not in "".join(re.findall(r"<script>(.*?)</script>", attributes["srcdoc"]))
    _, alt = image_of(path._repr_html_(), "png")
    assert MEAN in alt


@pytest.mark.parametrize("how", [{"layout": "3d"}, {"step_arrows": True}])
def test_what_no_page_can_show_is_a_gif(how, short):
    moving = animate(short, size=(200, 150), **how)
    image, alt = image_of(moving._repr_html_(), "gif")
    assert alt == repr(moving)
    assert image.size == (200, 150)
    assert image.n_frames == len(moving)
    image.seek(image.n_frames - 1)
    *_, last = moving.frames()
    error = np.mean((np.array(image.convert("RGB")).astype(float) - last) ** 2)
    assert 10 * np.log10(255**2 / max(error, 1e-9)) > 40


def test_a_trajectory_shows_its_plot(short, many, leaving, pixels):
    for path in (short[0], many, leaving[1]):
        image, alt = image_of(path._repr_html_(), "png")
        assert alt == repr(path)
        np.testing.assert_array_equal(np.array(image.convert("RGB")), pixels(plot(path).figure))


def test_no_figure_is_left_open_or_kept(short):
    things = [
        short[0],
        animate(short, size=(200, 150), frames=2),
        animate(short, layout="3d", size=(200, 150), frames=2),
    ]
    gc.collect()
    before = sum(isinstance(item, Figure) for item in gc.get_objects())
    for thing in things:
        thing._repr_html_()
    assert pyplot.get_fignums() == []
    gc.collect()
    assert sum(isinstance(item, Figure) for item in gc.get_objects()) == before


def test_it_plays_in_the_sandbox_of_its_frame(short, visit_file, tmp_path):
    notebook = tmp_path / "notebook.html"
    html = animate(short, size=(600, 450))._repr_html_()
    notebook.write_text(f"<!DOCTYPE html><body>{html}</body>", encoding="utf-8")
    page = visit_file(notebook)
    frame = page.frame_locator("iframe")
    frame.locator("#counter").wait_for()
    for _ in range(150):
        if frame.locator("#counter").inner_text() == "step 6":
            break
        page.wait_for_timeout(20)
    assert frame.locator("#counter").inner_text() == "step 6"
    frame.get_by_role("button", name="Step back").click()
    assert frame.locator("#counter").inner_text() == "step 5"
    # All of it is in sight: the frame has room for the controls.
    box = page.locator("iframe").bounding_box()
    for control in ("#play", "#scrub"):
        inner = frame.locator(control).bounding_box()
        assert inner["y"] + inner["height"] <= box["y"] + box["height"]
