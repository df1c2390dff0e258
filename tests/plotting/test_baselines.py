"""Pictures as they were when somebody last looked at them.

TRAJECTORIES_NEW_BASELINES=1 draws them anew: look at each before you commit it.
"""

import os
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.testing.compare import compare_images
from PIL import Image

from trajectories import (
    Surface,
    compare,
    plot_gradient,
    plot_grid,
    plot_loss,
    plot_overlay,
    plot_race,
)
from trajectories.plotting.canvas import new_figure, panels, save_figure
from trajectories.plotting.theme import applied

FOLDER = Path(__file__).parents[1] / "baselines"
SIZE = (400, 300)
OLD = mpl.__version_info__ < (3, 11)
# Pictures are compared by the means of blocks of 6 x 6 pixels, so that the edges of letters weigh
# less than lines. The tolerance is the root of the mean square difference, of 255: a missing path
# makes 3.3 and more, other hinting of all type 2.7 and less (see the last two tests).
BLOCK, TOLERANCE = 6, 3.0

RULES = ["sgd:lr=0.95", "momentum:lr=0.1", "adagrad:lr=1.5", "adam:lr=0.3"]


def descents(count=4):
    return compare("x**2/20 + y**2", RULES[:count], start=(-7, 2), steps=30)


def exits():
    surface = Surface("x**2/20 + y**2", domain=((-8, 8), (-3, 3)))
    return compare(surface, ["sgd:lr=1.04", "adam:lr=0.3"], start=(-7, 2), steps=24)


def on_small_axes(function, data, labels=(), **kwargs):
    with applied("light"):
        (ax,) = panels(new_figure(SIZE), 1, 1, labels)
    return function(data, ax=ax, theme="light", **kwargs).figure


def field(**kwargs):
    return on_small_axes(plot_gradient, "x**2/20 + y**2", arrows=11, **kwargs)


def loss(count=4):
    return on_small_axes(plot_loss, descents(count), [path.label for path in descents()])


PICTURES = {
    "overlay": lambda: plot_overlay(descents(), size=SIZE),
    "grid": lambda: plot_grid(descents(), size=SIZE, theme="print"),
    "race": lambda: plot_race(descents(), size=(600, 270), theme="dark"),
    "exit": lambda: plot_overlay(exits(), size=SIZE),
    "gradient": field,
    "loss": loss,
}


def difference(name, figure, folder):
    """Return how far a figure is from a baseline; zero if it is the same picture."""
    drawn = folder / f"{name}-now.png"
    save_figure(figure, drawn)
    means = []
    for path in (FOLDER / f"{name}.png", drawn):
        with Image.open(path) as image:
            means.append(folder / f"{path.stem}-means.png")
            image.convert("RGB").reduce(BLOCK).save(means[-1])
    report = compare_images(*map(str, means), tol=0, in_decorator=True)
    return 0.0 if report is None else report["rms"]


@pytest.mark.skipif(OLD, reason="the baselines were drawn by Matplotlib 3.11, which sets type anew")
@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_as_it_was(name, tmp_path):
    if os.environ.get("TRAJECTORIES_NEW_BASELINES") == "1":
        save_figure(PICTURES[name](), FOLDER / f"{name}.png")
        pytest.skip("drawn anew")
    assert difference(name, PICTURES[name](), tmp_path) <= TOLERANCE


def test_each_baseline_is_of_a_picture_and_small():
    files = list(FOLDER.glob("*.png"))
    assert {file.stem for file in files} == set(PICTURES)
    assert max(file.stat().st_size for file in files) < 60_000


@pytest.mark.parametrize(
    ("name", "wrong"),
    {
        "overlay without a path": ("overlay", lambda: plot_overlay(descents(3), size=SIZE)),
        "overlay without legend": (
            "overlay",
            lambda: plot_overlay(descents(), size=SIZE, legend=False),
        ),
        "grid without a path": ("grid", lambda: plot_grid(descents(3), size=SIZE, theme="print")),
        "race without a path": (
            "race",
            lambda: plot_race(descents(3), size=(600, 270), theme="dark"),
        ),
        "exit without a path": ("exit", lambda: plot_overlay(exits()[1:], size=SIZE)),
        "loss without a path": ("loss", lambda: loss(3)),
        "gradient without its arrows": (
            "gradient",
            lambda: field(alpha=0.0),
        ),
    }.values(),
)
def test_tolerance_is_too_small_for_a_missing_path_or_legend(name, wrong, tmp_path):
    assert difference(name, wrong(), tmp_path) > TOLERANCE


@pytest.mark.skipif(OLD, reason="the baselines were drawn by Matplotlib 3.11, which sets type anew")
@pytest.mark.parametrize("name", PICTURES)
def test_tolerance_is_large_enough_for_type_set_by_another_rasteriser(name, tmp_path):
    with mpl.rc_context({"text.hinting": "none"}):
        assert difference(name, PICTURES[name](), tmp_path) <= TOLERANCE
