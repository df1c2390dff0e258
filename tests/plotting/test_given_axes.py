"""Axes that the user gives: what is refused, what they look like, and where the words above are."""

import io

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color, to_rgb
from matplotlib.figure import Figure
from PIL import Image

from trajectories import Trajectory, plot, plot_3d, plot_gradient, plot_loss, plot_race
from trajectories.plotting.theme import THEMES, applied


def gradient(paths, **kwargs):
    """Plot the gradient where the others plot paths."""
    path = paths if isinstance(paths, Trajectory) else paths[0]
    return plot_gradient(path.surface, **kwargs)


def new_figure(size=(6.4, 4.8), **kwargs):
    figure = Figure(figsize=size, dpi=100, **kwargs)
    FigureCanvasAgg(figure)
    return figure


def boxes_above(ax):
    """Return the heading and the legend's words, with their boxes in pixels."""
    ax.figure.canvas.draw()
    legend = ax.get_legend()
    texts = [ax._left_title, *(legend.get_texts() if legend else [])]
    return [(text, text.get_window_extent()) for text in texts]


def luminance(color):
    return float(np.array(to_rgb(color)) ** 2.2 @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("draw", [plot, plot_loss])
def test_header_of_a_usual_figure_is_inside_it(draw, zigzag):
    ax = new_figure().subplots()
    below, before = ax.get_position().y0, ax.get_position().y1
    draw(zigzag, ax=ax, linewidth=1)
    assert max(box.y1 for _, box in boxes_above(ax)) <= ax.figure.bbox.y1
    assert before - 0.1 < ax.get_position().y1 < before
    assert ax.get_position().y0 == below
    shrunk = ax.get_position().bounds
    draw(zigzag, ax=ax, linewidth=1)  # Once is enough.
    assert ax.get_position().bounds == shrunk


def test_header_over_axes_in_3d_is_inside_the_figure(zigzag):
    ax = new_figure().add_subplot(projection="3d")
    plot_3d(zigzag, ax=ax)
    assert max(box.y1 for _, box in boxes_above(ax)) <= ax.figure.bbox.y1


def test_axes_with_room_above_stay_where_they_are(short):
    ax = new_figure().add_axes((0.1, 0.1, 0.8, 0.7))
    before = ax.get_position().bounds
    assert plot(short, ax=ax).get_position().bounds == before


@pytest.mark.parametrize("layout", ["constrained", "tight"])
def test_a_layout_engine_makes_the_room_itself(layout, zigzag):
    ax = new_figure(layout=layout).subplots()
    before = ax.get_position().bounds
    plot(zigzag, ax=ax)
    assert ax.get_position().bounds == before
    assert max(box.y1 for _, box in boxes_above(ax)) <= ax.figure.bbox.y1 + 1


def test_header_leaves_a_title_of_the_figure_free(zigzag):
    figure = new_figure()
    ax = figure.subplots()
    title = figure.suptitle("Four optimizers")
    plot(zigzag, ax=ax)
    assert max(box.y1 for _, box in boxes_above(ax)) <= title.get_window_extent().y0


def test_shrunk_axes_are_in_a_tight_picture(zigzag):
    ax = new_figure().subplots()
    plot(zigzag, ax=ax)
    file = io.BytesIO()
    ax.figure.savefig(file, bbox_inches="tight")
    with Image.open(file) as image:
        assert image.height > 400


@pytest.mark.parametrize("size", [(6.4, 4.8), (8, 8)])
def test_headings_of_a_lower_row_do_not_lie_on_the_ticks_of_the_row_above(size, zigzag):
    figure = new_figure(size)
    axes = figure.subplots(2, 2)
    for row in axes:
        plot(zigzag, ax=row[0])
        plot_loss(zigzag, ax=row[1])
    figure.canvas.draw()
    for upper, lower in zip(*axes, strict=True):
        foot = upper.xaxis.get_tightbbox().y0
        assert lower._left_title.get_window_extent().y1 <= foot
        legend = lower.get_legend()
        assert [text.get_text() for text in legend.get_texts()] == [p.label for p in zigzag]
        assert legend.get_window_extent().y1 <= foot
        assert lower.bbox.height > 0.4 * 0.35 * figure.bbox.height


def test_row_drawn_from_below_leaves_room_for_the_labels_above(zigzag):
    upper, lower = new_figure().subplots(2, 1)
    plot(zigzag, ax=lower)
    plot(zigzag, ax=upper)
    upper.figure.canvas.draw()
    assert lower._left_title.get_window_extent().y1 <= upper.xaxis.get_tightbbox().y0


@pytest.mark.parametrize("draw", [plot, plot_loss, gradient])
@pytest.mark.parametrize("theme", ["dark", "slides", "print"])
def test_named_theme_dresses_the_axes_and_their_figure(draw, theme, short):
    ax, other = new_figure().subplots(1, 2)
    untouched = other.get_facecolor()
    draw(short, ax=ax, theme=theme)
    with applied(theme):
        usual = dict(mpl.rcParams)
    assert same_color(ax.figure.get_facecolor(), usual["figure.facecolor"])
    assert same_color(ax.get_facecolor(), usual["axes.facecolor"])
    assert same_color(ax.spines["left"].get_edgecolor(), usual["axes.edgecolor"])
    assert not ax.spines["top"].get_visible()
    for words in (ax.xaxis.label, ax.yaxis.label, *ax.get_xticklabels(), ax._left_title):
        assert contrast(words.get_color(), ax.figure.get_facecolor()) > 4.5
    assert other.get_facecolor() == untouched


@pytest.mark.parametrize("draw", [plot, plot_loss])
@pytest.mark.parametrize(("theme", "face"), [("dark", "beige"), ("light", "black"), (None, "navy")])
def test_words_can_be_read_on_a_ground_of_the_users_own(draw, theme, face, short):
    ax = new_figure(facecolor=face).subplots()
    draw(short, ax=ax, theme=theme)
    assert same_color(ax.figure.get_facecolor(), face)
    outside = [*ax.get_xticklabels(), *(text for text, _ in boxes_above(ax))]
    if theme is not None:
        outside += [ax.xaxis.label, ax.yaxis.label]
    assert min(contrast(words.get_color(), face) for words in outside) > 4.5


def test_without_a_theme_axes_keep_their_looks(short):
    ax = new_figure().subplots()
    before = ax.get_facecolor(), ax.spines["top"].get_visible(), ax.figure.get_facecolor()
    plot_loss(short, ax=ax)
    assert (ax.get_facecolor(), ax.spines["top"].get_visible(), ax.figure.get_facecolor()) == before


def test_dark_style_of_the_user_gives_light_words_and_a_dark_ground(short):
    with matplotlib.style.context("dark_background"):
        figure = plot_race(short, annotate=True)
        with applied(None) as chosen:
            assert chosen is THEMES["dark"]
    assert same_color(figure.get_facecolor(), "black")
    left, right = figure.axes
    figure.canvas.draw()
    words = [left._left_title, *left.get_xticklabels(), *right.get_yticklabels(), *left.texts]
    assert min(contrast(word.get_color(), "black") for word in words) > 4.5


@pytest.mark.parametrize("face", ["axes.facecolor", "figure.facecolor"])
def test_one_dark_ground_of_the_user_leaves_words_outside_readable(face, short):
    mpl.rcParams[face] = "black"
    figure = plot_race(short)
    figure.canvas.draw()
    words = [figure.axes[0]._left_title, *figure.axes[1].get_xticklabels()]
    words += figure.axes[0].get_legend().get_texts()
    assert min(contrast(word.get_color(), figure.get_facecolor()) for word in words) > 4.5


@pytest.mark.parametrize(
    ("given", "follows"),
    [
        ("text.color", "axes.titlecolor"),
        ("xtick.color", "xtick.labelcolor"),
        ("ytick.color", "ytick.labelcolor"),
    ],
)
def test_colours_that_follow_another_follow_the_users(given, follows):
    mpl.rcParams[given] = "maroon"
    with applied(None):
        assert mpl.rcParams[follows] == "maroon"
    mpl.rcParams[follows] = "navy"
    with applied(None):
        assert mpl.rcParams[follows] == "navy"
    with applied("light"):
        assert mpl.rcParams[follows] not in ("maroon", "navy")


WRONG = {
    "logarithmic": (lambda: new_figure().add_subplot(xscale="log"), ValueError, "linear scales"),
    "polar": (lambda: new_figure().add_subplot(projection="polar"), TypeError, "two-dimensional"),
    "3d": (lambda: new_figure().add_subplot(projection="3d"), TypeError, "two-dimensional"),
    "figure": (new_figure, TypeError, "two-dimensional Axes"),
    "array": (lambda: new_figure().subplots(1, 2), TypeError, "two-dimensional Axes"),
}


@pytest.mark.parametrize("draw", [plot, plot_loss, gradient])
@pytest.mark.parametrize("wrong", WRONG)
def test_axes_that_cannot_show_a_surface_are_refused_and_stay_empty(draw, wrong, short):
    if draw is plot_loss and wrong == "logarithmic":
        pytest.skip("chooses its scale itself")
    make, error, words = WRONG[wrong]
    given = make()
    before = given.get_children() if hasattr(given, "get_children") else []
    with pytest.raises(error, match=f"`ax` must be .*{words}"):
        draw(short, ax=given)
    assert before == (given.get_children() if hasattr(given, "get_children") else [])


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"arrows": -4}, ValueError, "`arrows` must be at least 1. Got -4"),
        ({"arrows": 0}, ValueError, "`arrows`"),
        ({"arrows": "15"}, TypeError, "`arrows` must be an integer"),
        ({"arrows": 2.5}, TypeError, "`arrows`"),
        ({"nonsense": 1}, TypeError, "Unknown keyword 'nonsense'"),
        ({"headwdth": 1}, TypeError, "Did you mean 'headwidth'"),
        ({"color": "no colour"}, ValueError, "no colour"),
        ({"limits": "all"}, ValueError, "`limits`"),
    ],
)
def test_arrows_that_cannot_be_are_refused_and_axes_stay_as_they_are(kwargs, error, words, short):
    ax = new_figure().subplots()
    before = ax.get_children(), ax.get_xlim(), ax.get_position().bounds
    with pytest.raises(error, match=words):
        gradient(short, ax=ax, **kwargs)
    assert (ax.get_children(), ax.get_xlim(), ax.get_position().bounds) == before


def test_wrong_limits_leave_axes_as_they_are(short):
    ax = new_figure().subplots()
    before = ax.get_children(), ax.get_facecolor(), ax.get_position().bounds
    with pytest.raises(ValueError, match="`limits`"):
        plot(short, ax=ax, theme="dark", limits=((1, 0), (0, 1)))
    assert (ax.get_children(), ax.get_facecolor(), ax.get_position().bounds) == before
