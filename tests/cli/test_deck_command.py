"""``trajectories deck``."""

import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def pictures(folder):
    for name in ("a.png", "-b.png"):
        Image.new("RGB", (40, 30), "white").save(folder / name)


def test_a_deck_for_a_browser_is_written_and_its_path_told(run, folder):
    titles = ["--title", "One", "--title", "Two"]
    assert run("deck", "a.png", "-b.png", "-o", "talk.html", *titles) == (0, "talk.html\n", "")
    text = (folder / "talk.html").read_text("ascii")
    assert text.count("<section ") == 2
    assert text.index(">One</h2>") < text.index(">Two</h2>")


def test_a_deck_for_powerpoint_is_the_default(run, folder):
    pptx = pytest.importorskip("pptx", reason="needs python-pptx")
    assert run("deck", "a.png", "--theme", "dark") == (0, "talk.pptx\n", "")
    (slide,) = pptx.Presentation(str(folder / "talk.pptx")).slides
    assert tuple(slide.background.fill.fore_color.rgb) == (17, 22, 29)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "FILE"),
        (["a.png", "-o", "talk.odp"], 2, "Unknown format of a deck"),
        (["none.gif", "-o", "talk.html"], 1, "none.gif"),
        (["a.png", "-o", "talk.html", "--title", "1", "--title", "2"], 2, "`titles` must"),
        (["a.png", "-o", "talk.html", "--theme", "no"], 2, "Unknown theme 'no'"),
    ],
)
def test_what_fails_writes_nothing(arguments, code, words, refused):
    assert words in refused("deck", *arguments, code=code)
