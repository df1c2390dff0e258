"""Whole figures: their panels, their sizes, and the words on them."""

import functools
import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from PIL import Image

from trajectories import Surface, compare, plot, plot_grid, plot_race

SIZES = {"overlay": (800, 600), "grid": (960, 720), "race": (1200, 540), "3d": (800, 600)}
RULES = ["sgd:0.9", "momentum:0.1", "nesterov:0.05", "adagrad:1.5", "rmsprop:0.2", "adam:0.3"]


def lines_of(ax):
    return [line for line in ax.lines if line.get_linestyle() != "None"]


@pytest.mark.parametrize("count", [1, 3, 7])
def test_grid_has_a_panel_for_each_path_with_the_same_limits(count, words):
    rules = dict(zip("abcdefg", [*RULES, "adam:0.1"], strict=True))
    paths = compare("book_quadratic", rules, steps=8)[:count]
    figure = plot_grid(paths)
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in figure.axes}) == 1
    for ax, path in zip(figure.axes, paths, strict=True):
        assert ax.get_title(loc="left") == path.label
        (line,) = lines_of(ax)
        np.testing.assert_array_equal(line.get_xydata(), path.positions)
    assert len({(line.get_color()) for ax in figure.axes for line in lines_of(ax)}) == count
    boxes = [ax.get_position() for ax in figure.axes]
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    assert len({(round(box.width, 9), round(box.height, 9)) for box in boxes}) == 1
    # Each column and each row is numbered once.
    said = [text for text, _ in words(figure)]
    assert said.count("$x$") == len({round(box.x0, 6) for box in boxes})
    assert said.count("$y$") == len({round(box.y0, 6) for box in boxes})


def test_grid_of_many_paths_keeps_its_panels_apart():
    rates = {f"lr={0.01 * (i + 1):g}": f"sgd:{0.01 * (i + 1)}" for i in range(16)}
    figure = plot_grid(compare("sphere", rates, steps=2), theme="slides")
    boxes = [ax.get_position() for ax in figure.axes]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert all(box.width > 0 and box.height > 0 for box in boxes)


def test_race_has_the_paths_and_beside_them_their_losses(zigzag):
    left, right = plot_race(zigzag).axes
    assert left.get_position().x1 < right.get_position().x0
    for line, curve, path in zip(lines_of(left), lines_of(right), zigzag, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), path.positions)
        np.testing.assert_array_equal(curve.get_ydata(), path.values)
        assert (line.get_color(), line.get_marker()) == (curve.get_color(), curve.get_marker())
    assert right.get_legend() is None
    colored = [lines_of(ax)[0] for ax in plot_race(zigzag[:1], color="#112233").axes]
    assert [line.get_color() for line in colored] == ["#112233"] * 2


@settings(max_examples=6, deadline=None, database=None, derandomize=True)
@given(
    layout=st.sampled_from(sorted(SIZES)), width=st.integers(240, 700), share=st.floats(0.5, 1.2)
)
@example(layout="overlay", width=None, share=None)
@example(layout="grid", width=None, share=None)
@example(layout="3d", width=None, share=None)
@example(layout="overlay", width=1920, share=9 / 16)
@example(layout="race", width=101, share=1.0)
def test_saved_picture_has_the_size_asked_for(layout, width, share, short, tmp_path_factory, draw):
    size = width and (width, round(width * share))
    figure = draw(layout, short, size=size)
    figure.savefig(file := tmp_path_factory.mktemp("size") / "picture.png")
    with Image.open(file) as image:
        assert image.size == (size or SIZES[layout])
    assert tuple(np.array(figure.bbox.size).astype(int)) == (size or SIZES[layout])


def test_bad_size_theme_and_limits_are_refused(short):
    sizes = [(99, 300), (300, 8193), (300.5, 300), (300,), 300, "300x300", (float("nan"), 300)]
    for function in (plot, plot_grid, plot_race):
        for size in sizes:
            with pytest.raises(ValueError, match="`size` must be"):
                function(short, size=size)
        with pytest.raises(ValueError, match="Unknown theme"):
            function(short, theme="lihgt")
        with pytest.raises(ValueError, match="`limits` must be"):
            function(short, limits=((1, 0), (0, 1)))
        with pytest.raises(TypeError, match="`trajectories` must be"):
            function(["no path"])


@pytest.mark.parametrize("size", [(100, 100), (100, 8192), (1200, 120)])
@pytest.mark.parametrize("layout", SIZES)
def test_extreme_size_is_drawn_or_refused_by_name(layout, size, short, draw):
    try:
        figure = draw(layout, short, size=size)
    except ValueError as error:
        assert str(error).startswith("`size` must be")  # noqa: PT017
    else:
        for ax in figure.axes:
            box = ax.get_position()
            assert 0 <= box.x0 < box.x1 <= 1
            assert 0 <= box.y0 < box.y1 <= 1


# Type is as large in dark themes as in light ones, and largest on slides.
TIGHTEST = [("overlay", "light"), *((layout, "slides") for layout in SIZES)]
WIDE = Surface("10**6*(x**2 + y**2)", domain=((-3e4, 3e4), (-3e-4, 3e-4)))
CASES = {
    "tall formula": ("x**2/(1 + y**2) + y**2/(1 + x**2)", RULES, 12),
    "long formula": ("ackley", RULES[:4], 120),
    "leaving": ("rosenbrock", ["sgd:1.1", "adam:0.3", "adagrad:3"], 40),
    "large numbers": (WIDE, ["adam:100"], 1000),
}


@functools.cache
def paths_of(case):
    surface, rules, steps = CASES[case]
    return compare(surface, rules, steps=steps)


@pytest.mark.parametrize(("layout", "theme"), TIGHTEST)
@pytest.mark.parametrize("case", CASES)
def test_words_are_inside_the_figure_and_those_above_do_not_overlap(
    case, layout, theme, words, meeting, draw
):
    figure = draw(layout, paths_of(case), theme=theme)
    listed, size = words(figure), figure.bbox.size
    assert len(listed) > 8
    assert [t for t, box in listed if (box.min < -0.5).any() or (box.max > size + 0.5).any()] == []
    top = max(ax.bbox.y1 for ax in figure.axes)
    header = [(text, box) for text, box in listed if box.y0 > top - 2]
    assert len(header) >= 2
    assert meeting(header, 1.5) == []  # Glyphs fill a little less than a text's extent.
