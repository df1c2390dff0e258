"""``trajectories deck``."""

import argparse
import sys

import pytest
from PIL import Image

from trajectories.cli import pictures as deck


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs the command in a folder with two pictures."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "-b.png"):
        Image.new("RGB", (40, 30), "white").save(tmp_path / name)

    def call(*arguments):
        parser = argparse.ArgumentParser("trajectories")
        deck.add(parser.add_subparsers(required=True))
        options = parser.parse_args(["deck", *arguments])
        assert options.prog == "trajectories deck"
        options.run(options)

    return call


def test_deck_for_a_browser_is_written_and_its_path_told(run, tmp_path, capsys):
    run("a.png", " -b.png", "-o", "talk.html", "--title", "One", "--title", "Two")
    assert capsys.readouterr() == ("talk.html\n", "")
    text = (tmp_path / "talk.html").read_text("ascii")
    assert text.count("<section ") == 2
    assert text.index(">One</h2>") < text.index(">Two</h2>")


def test_deck_for_powerpoint_is_the_default(run, tmp_path, capsys):
    pptx = pytest.importorskip("pptx", reason="needs python-pptx")
    run("a.png", "--theme", "dark")
    assert capsys.readouterr() == ("talk.pptx\n", "")
    (slide,) = pptx.Presentation(str(tmp_path / "talk.pptx")).slides
    assert tuple(slide.background.fill.fore_color.rgb) == (17, 22, 29)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("a.png", "-o", "talk.odp"), ValueError, "Unknown format of a deck"),
        (("none.gif", "-o", "talk.html"), FileNotFoundError, "none.gif"),
        (("a.png", "-o", "talk.html", "--title", "1", "--title", "2"), ValueError, "`titles` must"),
        (("a.png", "-o", "talk.html", "--theme", "no"), ValueError, "Unknown theme 'no'"),
    ],
)
def test_what_fails_writes_and_tells_nothing(arguments, error, words, run, tmp_path, capsys):
    with pytest.raises(error, match=words):
        run(*arguments)
    assert capsys.readouterr().out == ""
    assert len(list(tmp_path.iterdir())) == 2


def test_missing_extra_is_told(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pptx", None)
    with pytest.raises(ImportError, match=r"pip install \"trajectories\[slides\]\""):
        run("a.png")


def test_no_file_is_a_matter_of_usage(run, capsys):
    with pytest.raises(SystemExit) as leaving:
        run()
    assert leaving.value.code == 2
    assert "FILE" in capsys.readouterr().err
