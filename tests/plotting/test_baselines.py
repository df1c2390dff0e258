"""Pictures as they were when somebody last looked at them.

TRAJECTORIES_NEW_BASELINES=1 draws them anew: look at each before you commit it.
"""

import os
from functools import partial
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.testing.compare import compare_images
from PIL import Image

from trajectories import Surface, compare, plot, plot_gradient, plot_grid, plot_loss, plot_race

FOLDER = Path(__file__).parents[1] / "baselines"
SIZE = (400, 300)
OLD = mpl.__version_info__ < (3, 11)
# Pictures are compared by the means of blocks of 6 x 6 pixels, so that the edges of letters weigh
# less than lines. The tolerance is the root of the mean square difference, of 255: a missing path
# makes 3.3 and more, other hinting of all type 2.7 and less (see the last two tests).
BLOCK, TOLERANCE = 6, 3.0

RULES = ["sgd:lr=0.95", "momentum:lr=0.1", "adagrad:lr=1.5", "adam:lr=0.3"]
PATHS = compare("x**2/20 + y**2", RULES, start=(-7, 2), steps=30)
EXITS = compare(
    Surface("x**2/20 + y**2", domain=((-8, 8), (-3, 3))),
    ["sgd:lr=1.04", "adam:lr=0.3"],
    start=(-7, 2),
    steps=24,
)


def field(**kwargs):
    return plot_gradient("x**2/20 + y**2", size=SIZE, theme="light", arrows=11, **kwargs).figure


def loss(paths):
    return plot_loss(paths, size=SIZE, theme="light").figure


def overlay(paths, **how):
    return plot(paths, size=SIZE, **how).figure


grid = partial(plot_grid, size=SIZE, theme="print")
race = partial(plot_race, size=(600, 270), theme="dark")
PICTURES = {
    "overlay": lambda: overlay(PATHS),
    "grid": lambda: grid(PATHS),
    "race": lambda: race(PATHS),
    "exit": lambda: overlay(EXITS),
    "gradient": field,
    "loss": lambda: loss(PATHS),
}
#: What lacks a path, a legend or arrows.
WRONG = [
    ("overlay", lambda: overlay(PATHS[:3])),
    ("overlay", lambda: overlay(PATHS, legend=False)),
    ("race", lambda: race(PATHS[:3])),
    ("exit", lambda: overlay(EXITS[1:])),
    ("loss", lambda: loss(PATHS[:3])),
    ("gradient", lambda: field(alpha=0.0)),
]


def difference(name, figure, folder):
    """Return how far a figure is from a baseline; zero if it is the same picture."""
    drawn = folder / f"{name}-now.png"
    figure.savefig(drawn)
    means = []
    for path in (FOLDER / f"{name}.png", drawn):
        with Image.open(path) as image:
            means.append(folder / f"{path.stem}-means.png")
            image.convert("RGB").reduce(BLOCK).save(means[-1])
    report = compare_images(*map(str, means), tol=0, in_decorator=True)
    return 0.0 if report is None else report["rms"]


@pytest.mark.skipif(OLD, reason="the baselines were drawn by Matplotlib 3.11, which sets type anew")
@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_as_it_was_whatever_rasteriser_sets_its_type(name, tmp_path):
    if os.environ.get("TRAJECTORIES_NEW_BASELINES") == "1":
        PICTURES[name]().savefig(FOLDER / f"{name}.png")
        pytest.skip("drawn anew")
    assert difference(name, PICTURES[name](), tmp_path) <= TOLERANCE
    with mpl.rc_context({"text.hinting": "none"}):
        assert difference(name, PICTURES[name](), tmp_path) <= TOLERANCE


def test_each_baseline_is_of_a_picture_and_small():
    files = list(FOLDER.glob("*.png"))
    assert {file.stem for file in files} == set(PICTURES)
    assert max(file.stat().st_size for file in files) < 60_000


@pytest.mark.parametrize(("name", "wrong"), WRONG)
def test_tolerance_is_too_small_for_a_missing_path_or_legend(name, wrong, tmp_path):
    assert difference(name, wrong(), tmp_path) > TOLERANCE
