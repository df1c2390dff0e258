"""Figures that write their recipe into every file they are saved to."""

import io
import pickle
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

import trajectories as tj
from trajectories.plotting.canvas import RecipeFigure, save_figure
from trajectories.plotting.writers.metadata import find_comment
from trajectories.replay import Recipe, make_recipe

BOWL = "x**2/20 + y**2"
SUFFIXES = (".png", ".svg", ".pdf")


@pytest.fixture
def figure(short):
    made = RecipeFigure(figsize=(2, 1))
    FigureCanvasAgg(made)
    made.subplots().plot([1, 2])
    made.remember(short, kind="plot_overlay", settings={"theme": "dark"})
    return made


def test_figure_has_its_paths_and_its_recipe(figure, short):
    assert figure.trajectories == short
    assert figure.recipe == make_recipe(short, kind="plot_overlay", settings={"theme": "dark"})


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_saved_file_holds_the_recipe(suffix, figure, tmp_path):
    figure.savefig(tmp_path / f"a{suffix}")
    assert find_comment(tmp_path / f"a{suffix}") == figure.recipe
    figure.savefig(str(tmp_path / "b"), format=suffix[1:])
    assert find_comment(tmp_path / "b") == figure.recipe
    save_figure(figure, tmp_path / f"c{suffix}")
    assert find_comment(tmp_path / f"c{suffix}") == figure.recipe


def test_format_may_be_that_of_the_settings(figure, tmp_path):
    mpl.rcParams["savefig.format"] = "svg"
    figure.savefig(tmp_path / "a")
    assert find_comment(tmp_path / "a.svg") == figure.recipe


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_saving_twice_gives_equal_bytes(suffix, figure):
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        figure.savefig(file, format=suffix[1:])
    assert files[0].getvalue() == files[1].getvalue()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_recipe_is_all_that_is_added_to_the_file(suffix, figure):
    files = [io.BytesIO(), io.BytesIO()]
    figure.savefig(files[0], format=suffix[1:])
    key = {".png": "Comment", ".svg": "Description", ".pdf": "Keywords"}[suffix]
    figure.savefig(files[1], format=suffix[1:], metadata={key: None})
    one, other = (file.getvalue() for file in files)
    assert 0 <= len(one) - len(other) - len(figure.recipe) < 900
    if suffix == ".png":
        with Image.open(files[0]) as image, Image.open(files[1]) as plain:
            assert np.array_equal(np.array(image), np.array(plain))


def test_metadata_of_the_user_go_first(figure, tmp_path):
    figure.savefig(tmp_path / "a.png", metadata={"Comment": "mine", "Author": "me"})
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["Comment"] == "mine"
        assert image.info["Author"] == "me"
        assert "Software" not in image.info
    figure.savefig(tmp_path / "b.png", metadata={"Software": "mine"})
    with Image.open(tmp_path / "b.png") as image:
        assert image.info["Software"] == "mine"
        assert image.info["Comment"] == figure.recipe
    figure.savefig(tmp_path / "a.pdf", metadata={"Keywords": "mine"})
    assert find_comment(tmp_path / "a.pdf") is None


def test_formats_without_metadata_are_saved_as_ever(figure, tmp_path):
    for suffix in (".jpg", ".webp", ".tif", ".eps"):
        figure.savefig(tmp_path / f"a{suffix}")
        assert (tmp_path / f"a{suffix}").stat().st_size > 100


def test_salt_of_the_user_is_left(figure):
    mpl.rcParams["svg.hashsalt"] = "mine"
    figure.savefig(io.BytesIO(), format="svg")
    assert mpl.rcParams["svg.hashsalt"] == "mine"
    mpl.rcParams["svg.hashsalt"] = None
    figure.savefig(io.BytesIO(), format="svg")
    assert mpl.rcParams["svg.hashsalt"] is None


def test_other_arguments_are_passed_on(figure):
    file = io.BytesIO()
    figure.savefig(file, dpi=50, transparent=True, facecolor="red")
    with Image.open(file) as image:
        assert image.size == (100, 50)
        assert image.info["Comment"] == figure.recipe


def test_empty_figure_is_saved_without_a_recipe(tmp_path):
    empty = RecipeFigure()
    assert (empty.trajectories, empty.recipe) == ([], "")
    empty.savefig(tmp_path / "a.png")
    assert find_comment(tmp_path / "a.png") is None


def test_pickled_figure_has_all_of_it(figure, short, tmp_path):
    again = pickle.loads(pickle.dumps(figure))
    assert isinstance(again, RecipeFigure)
    assert again.trajectories == short
    assert again.recipe == figure.recipe
    again.savefig(tmp_path / "a.png")
    assert find_comment(tmp_path / "a.png") == figure.recipe


def test_figure_whose_paths_do_not_pickle_keeps_its_recipe(figure):
    path = tj.descend(BOWL, tj.SGD(lambda step: 0.1), steps=3)
    figure.remember([path], kind="plot", settings={})
    again = pickle.loads(pickle.dumps(figure))
    assert again.trajectories == []
    assert again.recipe == figure.recipe
    assert Recipe.of(again.recipe).trajectories()[0].positions.tobytes() == path.positions.tobytes()


def test_surface_alone_may_be_remembered(figure, tmp_path):
    figure.remember(tj.Surface(BOWL), kind="plot_gradient", settings={"arrows": 9})
    assert figure.trajectories == []
    figure.savefig(tmp_path / "a.svg")
    assert Recipe.of(find_comment(tmp_path / "a.svg")).surface == tj.Surface(BOWL)


def test_axes_of_the_user_carry_none(short, tmp_path):
    figure, ax = plt.subplots()
    tj.plot(short, ax=ax)
    figure.savefig(tmp_path / "a.png")
    plt.close(figure)
    assert find_comment(tmp_path / "a.png") is None


def test_recipe_is_made_when_it_is_first_needed(short, monkeypatch):
    calls = []
    monkeypatch.setattr("trajectories.replay.make_recipe", lambda *a, **k: calls.append(1) or "{}")
    figure = RecipeFigure()
    figure.remember(short, kind="plot", settings={})
    assert calls == []
    for _ in range(3):
        figure.savefig(io.BytesIO())
    assert calls == [1]


def test_importing_it_does_not_load_what_reads_recipes():
    name = "trajectories.replay"
    code = f"import sys, trajectories.plotting.recipes.figure; print('{name}' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
