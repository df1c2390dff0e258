"""``trajectories replay``: a picture again, as it was or otherwise."""

import json

import pytest
from PIL import Image

import trajectories as tj

BOWL = "x**2/20 + y**2"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A moving picture, a still one and a map, each with its recipe."""
    folder = tmp_path_factory.mktemp("made")
    paths = tj.compare(BOWL, ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=5, noise=0.1, rng=3)
    moving = tj.animate(paths, layout="race", size=(400, 200))
    moving.save(folder / "old.gif", fps=5, end_pause=0.2, loop=2)
    tj.plot_grid(paths, size=(300, 200)).savefig(folder / "old.png")
    tj.plot_basins([tj.basins("himmelblau", "sgd:0.01", 20, resolution=8)]).savefig(
        folder / "hills.png"
    )
    return folder


@pytest.fixture
def again(run, made, folder):
    """Return a function that replays a picture to a file, which is all that it must print."""

    def call(name, output, *arguments):
        assert run("replay", str(made / name), "-o", output, *arguments) == (0, f"{output}\n", "")
        return folder / output

    return call


def test_the_recipe_is_printed_where_no_file_is_asked_for(run, made):
    code, out, err = run("replay", str(made / "old.gif"))
    assert (code, err) == (0, "")
    assert json.loads(out)["descent"]["steps"] == 5
    assert out == f"{tj.read_recipe(made / 'old.gif').text}\n"


def test_a_moving_picture_is_made_again_as_it_was(again, made):
    assert again("old.gif", "a.gif", "-q").read_bytes() == (made / "old.gif").read_bytes()


def test_a_picture_may_be_other_than_it_was(again):
    motion = ["--frames=3", "--end-pause=0", "--loop=0", "--trail=2", "--pace=length"]
    path = again("old.gif", "a.webp", "--layout", "grid", "--theme", "dark", *motion)
    with Image.open(path) as image:
        assert image.n_frames <= 3
        assert image.info["loop"] == 0
        assert image.convert("RGB").getpixel((0, 0)) == (0x11, 0x16, 0x1D)


def test_still_and_moving_become_each_other(again):
    assert "<svg" in again("old.gif", "a.svg").read_text("utf-8")
    with Image.open(again("old.png", "a.png", "--theme", "dark")) as image:
        assert image.size == (300, 200)
        assert getattr(image, "n_frames", 1) == 1
    with Image.open(again("old.png", "a.gif")) as image:
        assert image.n_frames == 6


def test_a_map_becomes_another_picture_a_movie_or_a_page(again):
    found = {
        suffix: tj.read_recipe(again("hills.png", f"again.{suffix}", "-q", "--theme", "dark"))
        for suffix in ("svg", "gif", "html")
    }
    assert found["svg"].settings == {"theme": "dark"}
    kinds = [recipe.kind for recipe in found.values()]
    assert kinds == ["plot_basins", "animate_basins", "plot_basins"]


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("old.gif", ["a.pgn"], "Unknown format of a picture '.pgn'. Did you mean '.png'"),
        ("hills.png", ["a.png", "--most-work", "100"], "work of 2,560 steps, more than 100"),
        ("hills.png", ["a.png", "--data", "digits"], "`data` must be left out where there are no"),
        ("plain.png", ["a.gif"], "holds no recipe"),
    ],
)
def test_what_makes_no_sense_is_refused(name, arguments, words, made, refused):
    Image.new("RGB", (3, 3)).save(made / "plain.png")
    assert words in refused("replay", str(made / name), "-o", *arguments)
