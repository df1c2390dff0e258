"""What steps consist of, as arrows."""

import re

import numpy as np
import pytest

from trajectories import animate, compare, descend

BOWL = "x**2/20 + y**2"
START = (-7, 2)
MINUS = "\N{MINUS SIGN}"
KEY = {f"{MINUS}gradient", "memory", "step"}


def picture(layout, paths, **how):
    return animate(
        paths, **{"layout": layout, "size": (400, 300), "step_arrows": True, **how}
    ).picture()


def drawn(ax):
    """Return from where to where the arrows point in pixels: gradient, memory, step of each path.

    None for those that are not there.
    """
    artists = [line for line in ax.lines if 19 <= line.zorder < 20]  # Just below the heads.
    found = []
    for shaft, head in zip(artists[::2], artists[1::2], strict=True):
        if not len(shaft.get_xdata()):
            assert not len(head.get_xdata())
            found.append(None)
            continue
        begin, middle = ax.transData.transform(shaft.get_xydata())
        np.testing.assert_allclose(ax.transData.transform(head.get_xydata()[0]), middle)
        way = middle - begin
        length = np.hypot(*way)
        tip = begin + way * (1 + head.get_markersize() / 2 / 72 * ax.figure.dpi / length)
        _, _, angle = head.get_marker()
        assert angle + 90 == pytest.approx(np.degrees(np.arctan2(way[1], way[0])), abs=1e-6)
        found.append((begin, tip))
    return [found[i : i + 3] for i in range(0, len(found), 3)]


def scale_of(shown, ax):
    """Return by how much steps are enlarged, as words tell: those of the panel before the key's."""
    words = [*ax._left_title.get_text().splitlines(), *(text.get_text() for text in ax.texts)]
    words += [text.get_text() for text in shown.figure.texts]
    told = [re.search(r"step × ([\d.e+]+)", text) for text in words]
    return next((float(found[1]) for found in told if found), 1.0)


@pytest.mark.parametrize("layout", ["overlay", "grid", "race"])
def test_the_step_leads_to_the_next_position(layout):
    paths = compare(BOWL, ["sgd:lr=0.95", "momentum:lr=0.1", "adam:lr=0.9"], START, 12)
    shown = picture(layout, paths)
    for step in (0, 1, 5, 11):
        shown.show(step)
        groups = [(ax, group) for ax in shown.figure.axes for group in drawn(ax)]
        for (ax, (gradient, memory, move)), path in zip(groups, paths, strict=True):
            begin, way = path.positions[step], np.diff(path.positions, axis=0)[step]
            end = begin + scale_of(shown, ax) * way
            np.testing.assert_allclose(move, ax.transData.transform([begin, end]), atol=1e-6)
            np.testing.assert_allclose(gradient[0], move[0], atol=1e-6)
            assert (memory is not None) == (path.label != "SGD" and step > 0)


def test_memory_is_on_the_scale_of_the_step_and_the_gradient_points_downhill():
    path = descend(BOWL, "momentum:lr=0.1", START, 12)
    shown = picture("overlay", path)
    (ax,) = shown.figure.axes
    pixels = ax.transData.transform
    for step in (1, 6):
        shown.show(step)
        ((gradient, memory, _),) = drawn(ax)
        here = path.positions[step]
        speed = 0.9 * (here - path.positions[step - 1])
        np.testing.assert_allclose(memory[1], pixels(here + scale_of(shown, ax) * speed), atol=1e-6)
        down = pixels(here - path.gradients[step]) - pixels(here)
        way = gradient[1] - gradient[0]
        assert (way @ down) / np.hypot(*way) / np.hypot(*down) == pytest.approx(1)


def test_larger_gradients_have_longer_arrows_and_none_is_longer_than_a_third(zigzag):
    shown = picture("overlay", zigzag[0])
    (ax,) = shown.figure.axes
    lengths = []
    for step in range(30):
        shown.show(step)
        ((gradient, _, _),) = drawn(ax)
        lengths.append(np.hypot(*((gradient[1] - gradient[0]) / ax.bbox.size)))
    norms = np.hypot(*(zigzag[0].gradients[:-1] / np.diff(shown.scene.limits, axis=1).ravel()).T)
    np.testing.assert_array_equal(np.argsort(lengths), np.argsort(norms))
    # Their root: of a hundredth of the gradient a tenth of the length is left.
    np.testing.assert_allclose(np.array(lengths) / 0.3, np.sqrt(norms / norms.max()))


def test_a_path_that_has_left_or_is_lost_or_has_arrived_has_no_arrows(leaving):
    shown = picture("overlay", leaving)
    (ax,) = shown.figure.axes
    left = shown.scene.tracks[0].exits[0].step
    for step in range(24):
        shown.show(step)
        out, lost, stays = drawn(ax)
        assert (out[2] is not None) == (step < left)
        assert lost[2] is None
        assert stays[2] is not None
    shown.show(24)
    assert drawn(ax) == [[None] * 3] * 3
    arrived = descend(BOWL, "sgd:lr=0.5", (-1, 1), 200, tolerance=0.01)
    at = int(arrived.converged_at)
    # Nor has one whose steps are too short to be seen.
    slow = descend(BOWL, "sgd:0.3", START, 400)
    assert slow.gradients[398].any()
    for path, steps in (
        (arrived, {at - 1: True, at: False, 150: False}),
        (slow, {0: True, 398: 0}),
    ):
        shown = picture("overlay", path)
        for step, there in steps.items():
            shown.show(step)
            ((gradient, _, move),) = drawn(shown.figure.axes[0])
            assert (gradient is not None) == (move is not None) == there


def test_a_batch_of_starts_has_neither_arrows_nor_a_key_but_one_of_one_path_has(many, words):
    shown = picture("race", many)
    shown.show(3)
    assert drawn(shown.figure.axes[0]) == []
    assert not {text for text, _ in words(shown.figure)} & {f"{MINUS}gradient", "memory"}
    groups = []
    for start in (START, [START], [[START]]):
        shown = picture("race", descend(BOWL, "momentum:lr=0.1", start, 6))
        shown.show(3)
        groups.append(drawn(shown.figure.axes[0]))
    np.testing.assert_allclose(groups[1:], [groups[0]] * 2)


def test_small_steps_are_enlarged_and_the_key_says_by_how_much(words):
    path = descend("rosenbrock", "momentum:lr=0.0002", steps=100)
    shown = picture("overlay", path)
    said = {text for text, _ in words(shown.figure)}
    scale = scale_of(shown, shown.figure.axes[0])
    assert scale > 1
    assert {f"memory × {scale:g}", f"step × {scale:g}", f"{MINUS}gradient"} <= said
    sizes = np.diff(path.positions, axis=0) / np.diff(shown.scene.limits, axis=1).ravel()
    sizes = scale * np.hypot(*sizes.T)
    assert np.median(sizes) <= 0.12
    assert np.quantile(sizes, 0.98) <= 0.46
    assert np.median(sizes) > 0.06 or np.quantile(sizes, 0.98) > 0.22


@pytest.mark.parametrize(
    ("layout", "surface", "theme"),
    [
        ("grid", BOWL, "slides-dark"),
        ("race", "rosenbrock", "print"),
        ("overlay", "shubert", "slides"),
    ],
)
def test_no_words_above_the_plot_meet(surface, layout, theme, words, meeting):
    paths = compare(surface, ["sgd:lr=0.0005", "adam:lr=0.05", "adagrad:lr=0.2"], steps=20)
    how = {"theme": theme, "size": (640, 400), "readout": layout != "grid"}
    shown = picture(layout, paths, **how)
    shown.show(20)
    top = max(ax.bbox.y1 for ax in shown.figure.axes)
    said = [(text, box) for text, box in words(shown.figure) if box.y0 > top]
    assert {text.split(" ×")[0] for text, _ in said} >= KEY
    assert meeting(said, 1.5) == []
    for word, box in said:
        assert box.x0 >= 0, word
        assert (box.max <= (640, 400)).all(), word
