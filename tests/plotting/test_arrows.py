"""The anatomy of steps as arrows."""

import itertools

import numpy as np
import pytest

from trajectories import Surface, compare, descend
from trajectories.plotting.artists import Arrows
from trajectories.plotting.panels import LAYOUTS
from trajectories.plotting.theme import Extras, applied

BOWL = "x**2/20 + y**2"
START = (-7, 2)
MINUS = "\N{MINUS SIGN}"
KEY = {f"{MINUS}gradient", "memory", "step"}


def picture(layout, paths, theme="light", size=(400, 300), **kwargs):
    with applied(theme) as chosen:
        how = {"size": size, "extras": Extras(anatomy=True, **kwargs.pop("extras", {}))}
        return LAYOUTS[layout](
            paths if isinstance(paths, list) else [paths], chosen, **how, **kwargs
        )


def arrows_of(shown):
    found = [mover for mover in shown.movers if isinstance(mover, Arrows)]
    assert found
    return found


def drawn(arrows, shown):
    """Return from where to where the arrows point in pixels: gradient, memory, step of each path.

    None for those that are not there.
    """
    ax, dpi = arrows.artists[0].axes, shown.figure.dpi
    found = []
    for shaft, head in zip(arrows.artists[::2], arrows.artists[1::2], strict=True):
        if not len(shaft.get_xdata()):
            assert not len(head.get_xdata())
            found.append(None)
            continue
        begin, middle = ax.transData.transform(shaft.get_xydata())
        np.testing.assert_allclose(ax.transData.transform(head.get_xydata()[0]), middle)
        way = middle - begin
        length = np.hypot(*way)
        tip = begin + way * (1 + head.get_markersize() / 2 / 72 * dpi / length)
        _, _, angle = head.get_marker()
        assert angle + 90 == pytest.approx(np.degrees(np.arctan2(way[1], way[0])), abs=1e-6)
        found.append((begin, tip))
    return [found[i : i + 3] for i in range(0, len(found), 3)]


@pytest.mark.parametrize("layout", ["overlay", "grid", "race"])
def test_the_step_leads_to_the_next_position(layout):
    paths = compare(BOWL, ["sgd:lr=0.95", "momentum:lr=0.1", "adam:lr=0.9"], START, 12)
    shown = picture(layout, paths)
    for step in (0, 1, 5, 11):
        shown.show(step)
        groups = [(a, group) for a in arrows_of(shown) for group in drawn(a, shown)]
        assert len(groups) == 3
        for (arrows, (gradient, memory, move)), path in zip(groups, paths, strict=True):
            pixels = arrows.artists[0].axes.transData.transform
            begin = pixels(path.positions[step])
            end = pixels(
                path.positions[step] + arrows.scale * np.diff(path.positions, axis=0)[step]
            )
            np.testing.assert_allclose(move[0], begin, atol=1e-6)
            np.testing.assert_allclose(move[1], end, atol=1e-6)
            np.testing.assert_allclose(gradient[0], begin, atol=1e-6)
            there = path.label != "SGD" and step > 0
            assert (memory is not None) == there


def test_memory_is_on_the_scale_of_the_step_and_the_gradient_points_downhill():
    path = descend(BOWL, "momentum:lr=0.1", START, 12)
    shown = picture("overlay", path)
    (arrows,) = arrows_of(shown)
    pixels = arrows.artists[0].axes.transData.transform
    for step in (1, 6):
        shown.show(step)
        ((gradient, memory, _),) = drawn(arrows, shown)
        here = path.positions[step]
        speed = 0.9 * (here - path.positions[step - 1])
        np.testing.assert_allclose(memory[1], pixels(here + arrows.scale * speed), atol=1e-6)
        down = pixels(here - path.gradients[step]) - pixels(here)
        way = gradient[1] - gradient[0]
        assert (way @ down) / np.hypot(*way) / np.hypot(*down) == pytest.approx(1)


def test_larger_gradients_have_longer_arrows_and_none_is_longer_than_a_third(zigzag):
    shown = picture("overlay", zigzag[0])
    (arrows,) = arrows_of(shown)
    lengths = []
    for step in range(30):
        shown.show(step)
        ((gradient, _, _),) = drawn(arrows, shown)
        ways = (gradient[1] - gradient[0]) / arrows.artists[0].axes.bbox.size
        lengths.append(np.hypot(*ways))
    assert max(lengths) == pytest.approx(0.3)
    norms = np.hypot(*(zigzag[0].gradients[:-1] / np.diff(shown.scene.limits, axis=1).ravel()).T)
    np.testing.assert_array_equal(np.argsort(lengths), np.argsort(norms))
    # Their root: of a hundredth of the gradient a tenth of the length is left.
    np.testing.assert_allclose(np.array(lengths) / 0.3, np.sqrt(norms / norms.max()))


def test_nothing_is_left_at_the_end(zigzag):
    shown = picture("overlay", zigzag)
    shown.show(30)
    (arrows,) = arrows_of(shown)
    assert drawn(arrows, shown) == [[None] * 3] * 4
    shown.show(3)
    assert drawn(arrows, shown)[0][2] is not None


def test_a_path_that_has_left_or_is_lost_or_has_arrived_has_no_arrows(leaving):
    shown = picture("overlay", leaving)
    (arrows,) = arrows_of(shown)
    left = shown.scene.tracks[0].exits[0].step
    for step in range(24):
        shown.show(step)
        out, lost, stays = drawn(arrows, shown)
        assert (out[2] is not None) == (step < left)
        assert lost[2] is None
        assert stays[2] is not None
    arrived = descend(BOWL, "sgd:lr=0.5", (-1, 1), 200, tolerance=0.01)
    shown = picture("overlay", arrived)
    (arrows,) = arrows_of(shown)
    at = int(arrived.converged_at)
    for step, there in ((at - 1, True), (at, False), (150, False)):
        shown.show(step)
        assert ((drawn(arrows, shown)[0][0]) is not None) == there


@pytest.mark.parametrize("start", [[START], [[START]]])
def test_a_batch_of_one_path_has_arrows(start):
    alone = picture("overlay", descend(BOWL, "momentum:lr=0.1", START, 6))
    batch = picture("overlay", descend(BOWL, "momentum:lr=0.1", start, 6))
    for shown in (alone, batch):
        shown.show(3)
    one, other = (drawn(arrows_of(shown)[0], shown) for shown in (alone, batch))
    np.testing.assert_allclose(one, other)


@pytest.mark.parametrize("layout", ["overlay", "grid", "race"])
def test_a_batch_of_starts_has_neither_arrows_nor_a_key(layout, many, words):
    shown = picture(layout, many)
    shown.show(3)
    assert all(arrows.scale is None and not arrows.artists for arrows in arrows_of(shown))
    assert not {text for text, _ in words(shown.figure)} & {f"{MINUS}gradient", "memory"}


def test_small_steps_are_enlarged_and_the_key_says_by_how_much(words):
    path = descend("rosenbrock", "momentum:lr=0.0002", steps=100)
    shown = picture("overlay", path)
    shown.show(30)
    (arrows,) = arrows_of(shown)
    assert arrows.scale > 1
    said = {text for text, _ in words(shown.figure)}
    assert {f"memory × {arrows.scale:g}", f"step × {arrows.scale:g}", f"{MINUS}gradient"} <= said
    sizes = np.diff(path.positions, axis=0) / np.diff(shown.scene.limits, axis=1).ravel()
    sizes = arrows.scale * np.hypot(*sizes.T)
    assert np.median(sizes) <= 0.12
    assert np.quantile(sizes, 0.98) <= 0.46
    assert np.median(sizes) > 0.06 or np.quantile(sizes, 0.98) > 0.22


def test_panels_of_a_grid_share_the_key_and_tell_their_scales(words):
    rules = {"large": "sgd:lr=0.95", "small": "sgd:lr=0.01"}
    shown = picture("grid", compare(BOWL, rules, START, 30))
    said = [text for text, _ in words(shown.figure)]
    for word in KEY - {"step"}:
        assert said.count(word) == 1
    large, small = arrows_of(shown)
    assert large.scale == 1
    assert "large" in said
    assert f"small  (step × {small.scale:g})" in said
    long = {"a" * 60: "sgd:lr=0.01", "b" * 60: "sgd:lr=0.02"}
    for text, _ in words(picture("grid", compare(BOWL, long, START, 30)).figure):
        if "aaa" in text or "bbb" in text:
            assert text.startswith("(step ×")
    plain = picture("grid", compare(BOWL, {"large": "sgd:lr=0.95", "s": "sgd:lr=0.9"}, START, 30))
    assert {"large", "s"} <= {text for text, _ in words(plain.figure)}


@pytest.mark.parametrize(
    ("surface", "theme"),
    [(BOWL, "slides-dark"), ("rosenbrock", "print"), ("shubert", "slides")],
)
@pytest.mark.parametrize("layout", ["overlay", "grid", "race"])
def test_no_words_above_the_plot_meet(surface, layout, theme, words):
    rules = ["sgd:lr=0.0005", "adam:lr=0.05", "adagrad:lr=0.2"]
    paths = compare(surface, rules, steps=20)
    shown = picture(layout, paths, theme, (640, 400), extras={"captions": layout != "grid"})
    shown.show(20)
    top = max(ax.bbox.y1 for ax in shown.figure.axes)
    said = [(text, box) for text, box in words(shown.figure) if box.y0 > top]
    assert {text.split(" ×")[0] for text, _ in said} >= KEY
    for (one, a), (other, b) in itertools.combinations(said, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        up = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across, up) < 1.5, (one, other)
    for word, box in said:
        assert box.x0 >= 0, word
        assert box.x1 <= 640, word
        assert box.y1 <= 400, word


def test_leaps_beyond_all_floats_draw_no_nonsense(pixels):
    surface = Surface(BOWL, domain=((-8, 8), (-3, 3)))
    path = descend(surface, "sgd:lr=1e150", START, 3)
    shown = picture("overlay", path)
    for step in range(4):
        shown.show(step)
        pixels(shown.figure)
    shown.show(0)
    ((gradient, _, move),) = drawn(arrows_of(shown)[0], shown)
    for begin, tip in (gradient, move):
        assert np.hypot(*((tip - begin) / arrows_of(shown)[0].artists[0].axes.bbox.size)) <= 3.01


def test_a_picture_at_another_resolution_is_the_same_picture(zigzag, words, tmp_path):
    shown = picture("overlay", zigzag)
    shown.show(5)
    before = {text: box.x1 / shown.figure.bbox.width for text, box in words(shown.figure)}
    shown.figure.set_dpi(2 * shown.figure.dpi)
    after = {text: box.x1 / shown.figure.bbox.width for text, box in words(shown.figure)}
    for word in KEY:
        assert after[word] == pytest.approx(before[word], abs=0.02)


def test_a_step_too_short_to_be_seen_has_no_arrow():
    path = descend(BOWL, "sgd:0.3", START, 400)
    shown = picture("overlay", path)
    (arrows,) = arrows_of(shown)
    shown.show(0)
    assert all(drawn(arrows, shown)[0][i] is not None for i in (0, 2))
    assert path.gradients[398].any()
    shown.show(398)
    assert drawn(arrows, shown) == [[None, None, None]]
