"""``trajectories replay``: as it is typed."""

import argparse
import json

import numpy as np
import pytest
from PIL import Image

import trajectories as tj
from trajectories.cli import pictures as replay
from trajectories.plotting.writers.formats import write_png
from trajectories.plotting.writers.gif import comment_block
from trajectories.replay import make_recipe, read_recipe

BOWL = "x**2/20 + y**2"


@pytest.fixture
def run(capsys):
    """Return a function that runs the command and returns the lines on stdout."""

    def called(*arguments):
        parser = argparse.ArgumentParser(prog="trajectories")
        replay.add(parser.add_subparsers())
        options = parser.parse_args(["replay", *map(str, arguments)])
        options.run(options)
        return capsys.readouterr().out.splitlines()

    return called


@pytest.fixture
def paths():
    return tj.compare(BOWL, ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=5, noise=0.1, rng=3)


@pytest.fixture
def moving(paths, tmp_path):
    """A GIF with a recipe."""
    settings = {"layout": "race", "size": (400, 200), "fps": 5.0, "hold": 0.2, "loop": 2}
    path = tmp_path / "old.gif"
    text = make_recipe(paths, settings=settings)
    path.write_bytes(b"GIF89a" + b"\0" * 7 + comment_block(text) + b";")
    return path


@pytest.fixture
def still(paths, tmp_path):
    """A PNG with a recipe."""
    path = tmp_path / "old.png"
    with open(path, "wb") as file:
        text = make_recipe(paths, kind="plot_grid", settings={"size": (300, 200)})
        write_png(file, np.zeros((3, 3, 3), np.uint8), text)
    return path


def test_recipe_is_printed_where_no_file_is_asked_for(run, moving):
    (line,) = run(moving)
    assert json.loads(line)["descent"]["steps"] == 5
    assert line == read_recipe(moving).text


def test_moving_picture_is_made_again_as_it_was(run, moving, tmp_path):
    assert run(moving, "-o", tmp_path / "a.gif", "-q") == [str(tmp_path / "a.gif")]
    with Image.open(tmp_path / "a.gif") as image:
        assert image.size == (400, 200)
        assert image.n_frames == 6
        assert image.info["loop"] == 1
        assert image.info["duration"] == 200


def test_old_gif_becomes_a_video(run, moving, tmp_path):
    av = pytest.importorskip("av")
    out = run(moving, "-o", tmp_path / "a.mp4", "--size", "320x160", "--fps", "10", "--no-poster")
    assert out == [str(tmp_path / "a.mp4")]
    with av.open(str(tmp_path / "a.mp4")) as container:
        (video,) = container.streams.video
        assert (video.width, video.height) == (320, 160)
        assert video.average_rate == 10


def test_picture_may_be_other_than_it_was(run, moving, tmp_path):
    other = ["--layout", "grid", "--theme", "dark", "--frames", "3", "--hold", "0", "--loop", "0"]
    run(moving, "-o", tmp_path / "a.webp", *other, "--tail", "2", "--pace", "length")
    with Image.open(tmp_path / "a.webp") as image:
        assert image.n_frames <= 3
        assert image.info["loop"] == 0
        assert image.convert("RGB").getpixel((0, 0)) == (0x11, 0x16, 0x1D)


def test_last_frame_becomes_a_drawing(run, moving, tmp_path):
    assert run(moving, "-o", tmp_path / "a.svg") == [str(tmp_path / "a.svg")]
    assert "<svg" in (tmp_path / "a.svg").read_text("utf-8")


def test_still_picture_stays_one_in_a_format_of_both(run, still, tmp_path):
    run(still, "-o", tmp_path / "a.png", "--theme", "dark")
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (300, 200)
        assert getattr(image, "n_frames", 1) == 1
    run(still, "-o", tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "a.pgn"], "Unknown format of a picture '.pgn'. Did you mean '.png'"),
        (["-o", "a.gif", "--theme", "drak"], "Unknown theme 'drak'. Did you mean 'dark'"),
        (["-o", "a.gif", "--frames", "0"], "`frames` must be at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused(run, moving, arguments, words):
    with pytest.raises(ValueError, match=words):
        run(moving, *arguments)


def test_file_without_a_recipe_is_refused(run, tmp_path):
    Image.new("RGB", (3, 3)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="holds no recipe"):
        run(tmp_path / "a.png", "-o", tmp_path / "b.gif")
    assert not (tmp_path / "b.gif").exists()


@pytest.fixture
def hills(tmp_path):
    """A PNG of a map of starts."""
    path = tmp_path / "hills.png"
    tj.plot_basins([tj.basins("himmelblau", "sgd:0.01", 20, resolution=8)]).savefig(path)
    return path


def test_a_map_becomes_another_picture_a_movie_or_a_page(run, hills, tmp_path):
    for name in ("again.svg", "again.gif", "again.html"):
        assert run(hills, "-q", "-o", tmp_path / name, "--theme", "dark") == [str(tmp_path / name)]
    assert read_recipe(tmp_path / "again.svg").settings == {"theme": "dark"}
    assert read_recipe(tmp_path / "again.gif").kind == "animate_basins"
    assert read_recipe(tmp_path / "again.html").kind == "plot_basins"
    with Image.open(tmp_path / "again.gif") as image:
        assert image.n_frames > 5


def test_work_and_images_are_told_by_options(run, hills, tmp_path):
    with pytest.raises(ValueError, match="work of 2,560 steps, more than 100"):
        run(hills, "-o", tmp_path / "a.png", "--most-work", 100)
    with pytest.raises(ValueError, match="`data` must be left out where there are no images"):
        run(hills, "-o", tmp_path / "a.png", "--data", "digits")
    assert not (tmp_path / "a.png").exists()
