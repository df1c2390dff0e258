"""The table of losses and learning rates over a plot."""

import itertools

import numpy as np
import pytest

from trajectories import animate, compare, descend

BOWL = "x**2/20 + y**2"
FOUR = ["sgd:lr=0.95", "momentum:lr=0.1", "adagrad:lr=1.5", "adam:lr=0.3"]
EIGHT = [*FOUR, "rmsprop:lr=0.3", "nesterov:lr=0.05", "sgd:lr=cosine(0.9,30)", "adamax:lr=0.5"]
LONG = {
    "Momentum with a long name, lr 0.0005": "momentum:lr=0.0005",
    "Adam (Kingma & Ba, 2015), step-decayed": "adam:lr=step(0.1,50)",
}
CASES = {
    "four": lambda: compare(BOWL, FOUR, (-7, 2), 30),
    "eight": lambda: compare(BOWL, EIGHT, (-7, 2), 30),
    "long": lambda: compare("rosenbrock", LONG, steps=150),
    "minima": lambda: compare("himmelblau", ["sgd:lr=0.01", "adam:lr=0.3"], steps=40),
    "batch": lambda: descend(BOWL, "momentum:0.1", [(-7, 2), (-5, -2), (3, 2.5)], 20),
}


def picture(layout, paths, theme="light", size=(480, 360)):
    shown = animate(paths, layout=layout, theme=theme, size=size, readout=True).picture()
    shown.show(shown.steps)
    return shown


def tables(shown):
    """Return the panels that have a table, and its corners in parts of it; in 3-D all of it."""
    found = []
    for ax in shown.figure.axes:
        if any(rows(ax)):
            box = ax.patches[-1].get_window_extent() if ax.patches else ax.bbox
            found.append((ax, ax.transAxes.inverted().transform(box.get_points())))
    assert found
    return found


def rows(ax):
    """Return what the table of a panel says: loss and rate of each path."""
    said = [text.get_text().replace("\N{MINUS SIGN}", "-") for text in ax.texts]
    losses = [word for word in said if "f = " in word or word == "diverged"]
    return losses, [word for word in said if word.startswith("lr ")]


def number(cell):
    return float(cell.split("=")[-1].split("lr")[-1])


def all_rows(shown):
    return [
        list(itertools.chain(*part))
        for part in zip(*(rows(ax) for ax in shown.figure.axes), strict=True)
    ]


@pytest.mark.parametrize("layout", ["overlay", "grid", "3d"])
def test_it_tells_loss_and_rate_of_every_path_at_every_step(layout):
    rules = ["sgd:lr=0.95", "adam:lr=cosine(0.3,20)", "momentum:lr=exponential(0.1,0.9)"]
    paths = compare(BOWL, rules, (-7, 2), 20)
    shown = picture(layout, paths)
    for step in (*range(0, 21, 4), 3):
        shown.show(step)
        losses, rates = all_rows(shown)
        for loss, rate, path in zip(losses, rates, paths, strict=True):
            assert loss.startswith("f = ")
            assert number(loss) == pytest.approx(path.values[step], rel=5e-3)
            lr = path.optimizer.lr
            true = lr(max(step - 1, 0)) if callable(lr) else lr
            assert number(rate) == pytest.approx(true, rel=5e-3)


def test_a_batch_of_starts_tells_the_mean_of_those_that_have_not_diverged(many):
    shown = picture("overlay", many)
    for step in (0, 7, 20):
        shown.show(step)
        ((loss,), _) = all_rows(shown)
        assert loss.startswith("mean f = ")
        assert number(loss) == pytest.approx(many.values[step].mean(), rel=5e-3)
    path = descend("x**4 + y**4", "sgd:lr=0.1", [(1, 1), (0.5, 0.5), (30, 30)], 30)
    assert path.status.tolist() == ["finished", "finished", "diverged"]
    mean, _, left = all_rows(picture("overlay", path))[0][0].partition(" (")
    assert left == "2 of 3)"
    assert number(mean) == pytest.approx(path.values[30, :2].mean(), rel=5e-3)
    lost = descend("x**4 + y**4", "sgd:lr=0.1", [(40, 40), (30, 30)], 30)
    assert all_rows(picture("overlay", lost))[0] == ["diverged"]


@pytest.mark.parametrize(("layout", "theme"), [("overlay", "light"), ("race", "slides-dark")])
@pytest.mark.parametrize("case", CASES)
def test_it_covers_no_minimum_and_hardly_a_path(case, layout, theme):
    paths = CASES[case]()
    shown = picture(layout, paths, theme, (1280, 720))
    ((ax, (low, high)),) = tables(shown)
    assert (low >= 0).all()
    assert (high <= 1).all()
    to_parts = ax.transData + ax.transAxes.inverted()

    def covered(places):
        parts = to_parts.transform(places)
        return ((parts > low) & (parts < high)).all(axis=1)

    assert not covered(shown.scene.minima).any()
    for line in ax.lines:
        if line.get_linestyle() != "None" and line.get_transform() == ax.transData:
            xy = line.get_xydata()
            between = xy[:-1] + np.linspace(0, 1, 50)[:, None, None] * np.diff(xy, axis=0)
            assert covered(between.reshape(-1, 2)).mean() < (0.4 if case == "eight" else 1e-9)


@pytest.mark.parametrize(("case", "theme"), [("eight", "slides-dark"), ("long", "print")])
@pytest.mark.parametrize("layout", ["overlay", "grid", "race", "3d"])
def test_all_of_it_lies_inside_its_box_and_no_words_meet(case, theme, layout, meeting):
    shown = picture(layout, CASES[case](), theme, (640, 360))
    labels = {track.label for track in shown.scene.tracks}
    for step in (9, shown.steps):
        shown.show(step)
        for ax, (low, high) in tables(shown):
            table = {*itertools.chain(*rows(ax)), *labels}
            texts = [t for t in ax.texts if t.get_text().replace("\N{MINUS SIGN}", "-") in table]
            boxes = [text.get_window_extent() for text in texts]
            for box in boxes:
                inner = ax.transAxes.inverted().transform([box.min, box.max])
                slack = 2 / ax.bbox.size
                assert (inner[0] >= low - slack).all()
                assert (inner[1] <= high + slack).all()
            assert meeting(list(zip(texts, boxes, strict=True))) == []
