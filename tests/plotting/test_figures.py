import functools
import itertools

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from trajectories import (
    Surface,
    compare,
    descend,
    plot_grid,
    plot_overlay,
    plot_race,
)
from trajectories.plotting.panels import LAYOUTS, SIZES
from trajectories.plotting.plots import draw

LABELS = ["SGD", "Momentum", "Nesterov", "AdaGrad", "RMSProp", "Adam", "Adam, slower"]
RULES = ["sgd:0.9", "momentum:0.1", "nesterov:0.05", "adagrad:1.5", "rmsprop:0.2", "adam:0.3"]


def lines_of(ax):
    return [line for line in ax.lines if line.get_linestyle() != "None"]


def saved_size(figure, folder):
    path = folder / "picture.png"
    figure.savefig(path)
    with Image.open(path) as image:
        return image.size


@pytest.mark.parametrize("count", range(1, 8))
def test_grid_has_a_panel_for_each_path_with_the_same_limits(count):
    rules = dict(zip(LABELS, [*RULES, "adam:0.1"], strict=True))
    paths = compare("book_quadratic", rules, steps=8)[:count]
    figure = plot_grid(paths)
    assert len(figure.axes) == count
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


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
def test_grid_numbers_each_column_and_each_row_once(count, words):
    paths = compare("book_quadratic", [f"adam:{0.1 + i / 10}" for i in range(count)], steps=3)
    figure = plot_grid(paths)
    said = [text for text, _ in words(figure)]
    columns = {round(ax.get_position().x0, 6) for ax in figure.axes}
    rows = {round(ax.get_position().y0, 6) for ax in figure.axes}
    assert said.count("$x$") == len(columns)
    assert said.count("$y$") == len(rows)


def test_race_has_the_paths_and_beside_them_their_losses(zigzag):
    left, right = plot_race(zigzag).axes
    assert left.get_position().x1 < right.get_position().x0
    for line, curve, path in zip(lines_of(left), lines_of(right), zigzag, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), path.positions)
        np.testing.assert_array_equal(curve.get_ydata(), path.values)
        assert (line.get_color(), line.get_marker()) == (curve.get_color(), curve.get_marker())
    assert right.get_legend() is None


def test_colour_given_for_the_paths_is_the_colour_of_their_losses(zigzag):
    left, right = plot_race(zigzag[:1], color="#112233").axes
    (line,), (curve,) = lines_of(left), lines_of(right)
    assert (line.get_color(), curve.get_color()) == ("#112233", "#112233")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_default_size_is_what_is_said(layout, short, tmp_path):
    assert saved_size(draw(layout, short), tmp_path) == SIZES[layout]


@settings(max_examples=10, deadline=None, database=None, derandomize=True)
@given(
    layout=st.sampled_from(sorted(LAYOUTS)), width=st.integers(240, 1100), share=st.floats(0.5, 1.2)
)
@example(layout="overlay", width=1920, share=9 / 16)
@example(layout="grid", width=333, share=1.0)
@example(layout="race", width=101, share=1.0)
def test_saved_picture_has_the_size_asked_for(layout, width, share, short, tmp_path_factory):
    size = (width, round(width * share))
    figure = draw(layout, short, size=size)
    assert saved_size(figure, tmp_path_factory.mktemp("size")) == size
    assert tuple(np.array(figure.bbox.size).astype(int)) == size


@pytest.mark.parametrize("layout", LAYOUTS)
def test_type_grows_with_the_picture(layout, short, pixels):
    # Three times the size is the same picture, with everything three times as large.
    small = draw(layout, short, size=(400, 300))
    large = draw(layout, short, size=(1200, 900))
    shrunk = Image.fromarray(pixels(large)).resize((400, 300), Image.Resampling.BOX)
    error = np.abs(np.asarray(shrunk, float) - pixels(small)).mean()
    assert error < 4
    heights = [
        figure.axes[0].title.get_fontproperties().get_size_in_points() * figure.dpi
        for figure in (small, large)
    ]
    assert heights[1] == pytest.approx(3 * heights[0])


@pytest.mark.parametrize(
    "size",
    [(99, 300), (300, 99), (8193, 300), (0, 0), (-300, 300), (300.5, 300), (300,), (1, 2, 3)]
    + [300, "300x300", (float("nan"), 300), (float("inf"), 300), ("a", "b"), (None, 300)],
)
@pytest.mark.parametrize("function", [plot_overlay, plot_grid, plot_race])
def test_bad_size_is_refused(function, size, short):
    with pytest.raises(ValueError, match="`size` must be"):
        function(short, size=size)


@pytest.mark.parametrize("size", [(100, 100), (100, 8192), (8192, 100), (150, 1200), (1200, 120)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_extreme_size_is_drawn_or_refused_by_name(layout, size, short):
    try:
        figure = draw(layout, short, size=size)
    except ValueError as error:
        assert str(error).startswith("`size` must be")  # noqa: PT017
    else:
        for ax in figure.axes:
            box = ax.get_position()
            assert 0 <= box.x0 < box.x1 <= 1
            assert 0 <= box.y0 < box.y1 <= 1


@pytest.mark.parametrize(("count", "theme"), [(16, "slides"), (36, "light")])
def test_grid_of_many_paths_keeps_its_panels_apart(count, theme):
    rates = {f"lr={0.01 * (i + 1):g}": f"sgd:{0.01 * (i + 1)}" for i in range(count)}
    figure = plot_grid(compare("sphere", rates, steps=2), theme=theme)
    boxes = [ax.get_position() for ax in figure.axes]
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    assert all(box.width > 0 and box.height > 0 for box in boxes)


@pytest.mark.parametrize(("wrong", "meant"), [("gird", "grid"), ("overlaid", "overlay")])
def test_unknown_layout_suggests_the_nearest(wrong, meant, short):
    with pytest.raises(ValueError, match=f"Unknown layout.*Did you mean '{meant}'"):
        draw(wrong, short)


@pytest.mark.parametrize("function", [plot_overlay, plot_grid, plot_race])
def test_bad_theme_and_limits_are_refused(function, short):
    with pytest.raises(ValueError, match="Unknown theme"):
        function(short, theme="lihgt")
    with pytest.raises(ValueError, match="`limits` must be"):
        function(short, limits=((1, 0), (0, 1)))
    with pytest.raises(TypeError, match="`trajectories` must be"):
        function(["no path"])


# Type is as large in dark themes as in light ones, and largest on slides.
TIGHTEST = [("overlay", "light"), *((layout, "slides") for layout in LAYOUTS)]
WIDE = Surface("10**6*(x**2 + y**2)", domain=((-3e4, 3e4), (-3e-4, 3e-4)))
CASES = {
    "plain": ("book_quadratic", ["sgd:0.95", "adam:0.3"], 12),
    "tall formula": ("x**2/(1 + y**2) + y**2/(1 + x**2)", RULES, 12),
    "long formula": ("ackley", RULES[:4], 120),
    "many namesakes": ("sphere", [f"adam:0.3,beta1=0.{i}5" for i in range(7)], 5),
    "leaving": ("rosenbrock", ["sgd:1.1", "adam:0.3", "adagrad:3"], 40),
    "large numbers": (WIDE, ["adam:100"], 1000),
}


@pytest.fixture(scope="module")
def written(words):
    """Return a function that draws a case, once, and returns its size, top and words."""

    @functools.cache
    def draw_case(case, layout, theme):
        surface, rules, steps = CASES[case]
        with mpl.rc_context():
            mpl.rcdefaults()
            figure = draw(layout, compare(surface, rules, steps=steps), theme=theme)
            return figure.bbox.size, max(ax.bbox.y1 for ax in figure.axes), words(figure)

    return draw_case


@pytest.mark.parametrize(("layout", "theme"), TIGHTEST)
@pytest.mark.parametrize("case", CASES)
def test_every_word_is_inside_the_figure(case, layout, theme, written):
    size, _, listed = written(case, layout, theme)
    assert len(listed) > 8
    outside = [
        text for text, box in listed if (box.min < -0.5).any() or (box.max > size + 0.5).any()
    ]
    assert outside == []


@pytest.mark.parametrize(("layout", "theme"), TIGHTEST)
@pytest.mark.parametrize("case", CASES)
def test_no_two_words_of_the_header_overlap(case, layout, theme, written):
    _, top, listed = written(case, layout, theme)
    header = [(text, box) for text, box in listed if box.y0 > top - 2]
    assert len(header) >= 2
    for (one, first), (other, second) in itertools.combinations(header, 2):
        # Glyphs fill a little less than a text's extent.
        shared = mpl.transforms.Bbox.intersection(first, second)
        assert shared is None or min(shared.width, shared.height) < 1.5, (one, other)


@pytest.mark.parametrize("terms", [4, 6, 8])
@pytest.mark.parametrize("layout", ["overlay", "race"])
def test_header_and_counter_do_not_overlap_when_no_corner_is_free(layout, terms, handmade, words):
    formula = " + ".join(f"sin({i}*x)*cos({i + 1}*y)" for i in range(2, 2 + terms))
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    figure = draw(layout, handmade(corners, formula), limits=((-1, 1), (-1, 1)))
    listed = words(figure)
    top = figure.axes[0].bbox.y1
    (counter,) = [box for text, box in listed if text == "step" and box.y0 > top]
    for text, box in listed:
        assert text == "step" or not box.overlaps(counter), text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_many_starts_are_drawn_in_every_layout(layout, many, pixels):
    figure = draw(layout, many, size=(320, 240))
    assert len(lines_of(figure.axes[0])) == 1
    assert len(np.unique(pixels(figure).reshape(-1, 3), axis=0)) > 20


def test_paths_of_different_lengths_share_a_picture(pixels):
    paths = [descend("sphere", "sgd:0.1", steps=n, label=str(n)) for n in (1, 7, 30)]
    for layout in LAYOUTS:
        figure = draw(layout, paths, size=(320, 240))
        pixels(figure)
        digits = [t for t in figure.findobj(mpl.text.Text) if t.get_text() in ("3", "0")]
        assert digits
