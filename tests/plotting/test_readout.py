"""The table of losses and learning rates over a plot."""

import itertools

import numpy as np
import pytest
from matplotlib.lines import Line2D

from trajectories import SGD, compare, descend, plot, plot_overlay
from trajectories.plotting.panels import LAYOUTS
from trajectories.plotting.plots import draw
from trajectories.plotting.readout import Readout, obstacles
from trajectories.plotting.theme import Extras, applied

BOWL = "x**2/20 + y**2"
FOUR = ["sgd:lr=0.95", "momentum:lr=0.1", "adagrad:lr=1.5", "adam:lr=0.3"]
EIGHT = [*FOUR, "rmsprop:lr=0.3", "nesterov:lr=0.05", "sgd:lr=cosine(0.9,30)", "adamax:lr=0.5"]
LONG = {
    "Momentum with a long name, lr 0.0005": "momentum:lr=0.0005",
    "Adam (Kingma & Ba, 2015), step-decayed": "adam:lr=step(0.1,50)",
}


def picture(layout, paths, theme="light", size=(480, 360), **kwargs):
    with applied(theme) as chosen:
        how = {"size": size, "extras": Extras(captions=True, **kwargs)}
        return LAYOUTS[layout](paths if isinstance(paths, list) else [paths], chosen, **how)


def tables(shown):
    found = [mover for mover in shown.movers if isinstance(mover, Readout)]
    assert found
    return found


def cells(table):
    """Return what a table says, a row for each path."""
    texts = [artist.get_text().replace("\N{MINUS SIGN}", "-") for artist in table.artists]
    return list(zip(texts[::2], texts[1::2], strict=True))


def number(cell):
    return float(cell.split("=")[-1].split("lr")[-1])


@pytest.mark.parametrize("layout", ["overlay", "grid", "3d"])
def test_it_tells_loss_and_rate_of_every_path_at_every_step(layout):
    rules = ["sgd:lr=0.95", "adam:lr=cosine(0.3,20)", "momentum:lr=exponential(0.1,0.9)"]
    paths = compare(BOWL, rules, (-7, 2), 20)
    shown = picture(layout, paths)
    for step in (*range(21), 3):
        shown.show(step)
        rows = [row for table in tables(shown) for row in cells(table)]
        assert len(rows) == 3
        for (loss, rate), path in zip(rows, paths, strict=True):
            assert loss.startswith("f = ")
            assert number(loss) == pytest.approx(path.values[step], rel=5e-3)
            lr = path.optimizer.lr
            true = lr(max(step - 1, 0)) if callable(lr) else lr
            assert rate.startswith("lr ")
            assert number(rate) == pytest.approx(true, rel=5e-3)


def test_paths_that_end_earlier_keep_their_last_numbers():
    paths = [descend("sphere", "sgd:0.1", steps=n, label=str(n)) for n in (2, 6)]
    shown = picture("race", paths)
    (table,) = tables(shown)
    shown.show(6)
    (first, _), (second, _) = cells(table)
    assert number(first) == pytest.approx(paths[0].values[2], rel=5e-3)
    assert number(second) == pytest.approx(paths[1].values[6], rel=5e-3)


def test_a_path_that_is_lost_says_so_from_then_on(leaving):
    shown = picture("overlay", leaving)
    (table,) = tables(shown)
    shown.show(0)
    assert all(loss.startswith("f = ") for loss, _ in cells(table))
    shown.show(1)
    losses = [loss for loss, _ in cells(table)]
    assert [loss == "diverged" for loss in losses] == [False, True, False]


def test_a_batch_of_starts_tells_its_mean(many):
    shown = picture("overlay", many)
    (table,) = tables(shown)
    for step in (0, 7, 20):
        shown.show(step)
        ((loss, _),) = cells(table)
        assert loss.startswith("mean f = ")
        assert number(loss) == pytest.approx(many.values[step].mean(), rel=5e-3)


def test_the_mean_is_of_those_that_have_not_diverged():
    path = descend("x**4 + y**4", "sgd:lr=0.1", [(1, 1), (0.5, 0.5), (30, 30)], 30)
    assert path.status.tolist() == ["stopped", "stopped", "diverged"]
    shown = picture("overlay", path)
    (table,) = tables(shown)
    shown.show(30)
    ((loss, _),) = cells(table)
    mean, _, left = loss.partition(" (")
    assert left == "2 of 3)"
    assert number(mean) == pytest.approx(path.values[30, :2].mean(), rel=5e-3)
    lost = descend("x**4 + y**4", "sgd:lr=0.1", [(40, 40), (30, 30)], 30)
    shown = picture("overlay", lost)
    shown.show(30)
    assert cells(tables(shown)[0])[0][0] == "diverged"


def test_the_mean_of_the_largest_losses_is_no_infinity(handmade):
    rows = np.full((3, 2, 2), 1.3e154)
    ax = plot(handmade(rows, "x**2"), limits=((-1, 1), (-1, 1)), captions=True)
    assert "mean f = 1.69e+308" in {text.get_text() for text in ax.texts}


def test_rates_that_differ_between_starts_are_left_out():
    path = descend(BOWL, SGD(np.array([0.1, 0.5])), (-7, 2), 5)
    shown = picture("overlay", path)
    shown.show(5)
    assert [rate for _, rate in cells(tables(shown)[0])] == [""]


CASES = {
    "one": lambda: compare(BOWL, FOUR[:1], (-7, 2), 30),
    "four": lambda: compare(BOWL, FOUR, (-7, 2), 30),
    "eight": lambda: compare(BOWL, EIGHT, (-7, 2), 30),
    "long": lambda: compare("rosenbrock", LONG, steps=150),
    "minima": lambda: compare("himmelblau", ["sgd:lr=0.01", "adam:lr=0.3"], steps=40),
    "batch": lambda: descend(BOWL, "momentum:0.1", [(-7, 2), (-5, -2), (3, 2.5)], 20),
}


@pytest.mark.parametrize(("layout", "theme"), [("overlay", "light"), ("race", "slides-dark")])
@pytest.mark.parametrize("case", CASES)
def test_it_covers_no_minimum_and_no_path(case, layout, theme):
    shown = picture(layout, CASES[case](), theme, (1280, 720))
    (table,) = tables(shown)
    low, high = table.box.min(axis=0), table.box.max(axis=0)
    assert (low >= 0).all()
    assert (high <= 1).all()
    taken = obstacles(shown.scene)
    covered = ((taken > low) & (taken < high)).all(axis=1)
    assert not covered.any()
    (x0, x1), (y0, y1) = shown.scene.limits
    minima = (shown.scene.minima - [x0, y0]) / [x1 - x0, y1 - y0]
    assert not ((minima > low) & (minima < high)).all(axis=1).any()


@pytest.mark.parametrize(
    ("case", "theme"),
    [("eight", "slides-dark"), ("long", "print")],
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_all_of_it_lies_inside_its_box_and_no_words_meet(case, theme, layout):
    paths = CASES[case]()
    shown = picture(layout, paths, theme, (640, 360))
    for step in (9, shown.steps):
        shown.show(step)
        for table in tables(shown):
            ax = table.artists[0].axes
            low, high = table.box.min(axis=0), table.box.max(axis=0)
            texts = [text for text in ax.texts if text in table.artists or text.zorder == 4]
            boxes = [text.get_window_extent() for text in texts if text.get_text()]
            for box in boxes:
                inner = ax.transAxes.inverted().transform([box.min, box.max])
                slack = 2 / ax.bbox.size
                assert (inner[0] >= low - slack).all()
                assert (inner[1] <= high + slack).all()
            for one, other in itertools.combinations(boxes, 2):
                across = min(one.x1, other.x1) - max(one.x0, other.x0)
                up = min(one.y1, other.y1) - max(one.y0, other.y0)
                assert min(across, up) < 1


def named(shown):
    """Tell whether the first table has names, markers, or neither."""
    table = tables(shown)[0]
    ax = table.artists[0].axes
    labels = {track.label for track in shown.scene.tracks}
    names = [t for t in ax.texts if t.get_text() in labels]
    low, high = table.box.min(axis=0), table.box.max(axis=0)
    marks = [
        line
        for line in ax.get_children()
        if isinstance(line, Line2D)
        and line.get_transform() == ax.transAxes
        and ((low <= line.get_xydata()) & (line.get_xydata() <= high)).all()
    ]
    return len(names), len(marks)


def test_names_stand_where_there_is_room_and_markers_of_the_legend_where_not():
    assert named(picture("overlay", CASES["four"](), size=(800, 600))) == (4, 0)
    assert named(picture("race", CASES["four"](), "slides-dark", (1280, 720))) == (0, 4)
    assert named(picture("overlay", CASES["one"]())) == (0, 0)
    assert named(picture("grid", CASES["four"]())) == (0, 0)


def test_without_a_legend_there_are_names_however_small(short):
    for legend, expected in ((True, (0, 2)), (False, (2, 0))):
        crowded = compare(BOWL, {"a" * 30: "sgd:lr=0.95", "b" * 30: "adam:lr=0.3"}, (-7, 2), 30)
        with applied("slides") as chosen:
            how = {"size": (400, 300), "extras": Extras(captions=True), "legend": legend}
            assert named(LAYOUTS["overlay"](crowded, chosen, **how)) == expected


def test_the_still_picture_shows_the_last_numbers(zigzag):
    ax = plot(zigzag, captions=True)
    said = {text.get_text().replace("\N{MINUS SIGN}", "-") for text in ax.texts}
    for path in zigzag:
        assert f"f = {path.values[-1]:.3g}" in said
        assert f"lr {path.optimizer.lr:.3g}" in said


@pytest.mark.parametrize("layout", LAYOUTS)
def test_still_pictures_of_all_layouts_have_it(layout, short):
    figure = draw(layout, short, captions=True, size=(480, 360))
    said = {text.get_text() for ax in figure.axes for text in ax.texts}
    assert {"lr 0.95", "lr 0.3"} <= said


def test_labels_are_no_mathematics():
    paths = compare(BOWL, {"$x$ _ ^": "sgd:0.1", "b": "adam:0.3"}, (-7, 2), 5)
    figure = plot_overlay(paths, captions=True)
    figure.canvas.draw()
    assert any(text.get_text() == r"\$x\$ _ ^" for text in figure.axes[0].texts)


def test_where_there_is_no_room_it_covers_little_and_no_minimum():
    shown = picture("overlay", CASES["eight"](), "slides-dark", (1280, 720))
    (table,) = tables(shown)
    low, high = table.box.min(axis=0), table.box.max(axis=0)
    taken = obstacles(shown.scene)
    assert ((taken > low) & (taken < high)).all(axis=1).mean() < 0.1
