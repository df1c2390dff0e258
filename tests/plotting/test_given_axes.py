"""Axes that the user gives: what is refused, what they look like, and where the words above are."""

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color, to_rgb
from matplotlib.figure import Figure
from PIL import Image

from trajectories import Trajectory, plot, plot_gradient, plot_loss


def gradient(paths, **kwargs):
    """Plot the gradient where the others plot paths."""
    path = paths if isinstance(paths, Trajectory) else paths[0]
    return plot_gradient(path.surface, **kwargs)


def new_figure(size=(6.4, 4.8), **kwargs):
    figure = Figure(figsize=size, dpi=100, **kwargs)
    FigureCanvasAgg(figure)
    return figure


def words_above(ax):
    """Return the heading and the legend's words."""
    ax.figure.canvas.draw()
    legend = ax.get_legend()
    return [ax._left_title, *(legend.get_texts() if legend else [])]


def top(ax):
    """Return how high the words above some axes reach, in pixels."""
    return max(text.get_window_extent().y1 for text in words_above(ax))


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
    assert top(ax) <= ax.figure.bbox.y1
    assert before - 0.1 < ax.get_position().y1 < before
    assert ax.get_position().y0 == below
    shrunk = ax.get_position().bounds
    draw(zigzag, ax=ax, linewidth=1)  # Once is enough.
    assert ax.get_position().bounds == shrunk
    file = io.BytesIO()
    ax.figure.savefig(file, bbox_inches="tight")
    with Image.open(file) as image:
        assert image.height > 400


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_axes_with_room_above_or_a_layout_engine_stay_where_they_are(layout, zigzag):
    figure = new_figure(layout=layout)
    ax = figure.subplots() if layout else figure.add_axes((0.1, 0.1, 0.8, 0.7))
    before = ax.get_position().bounds
    plot(zigzag, ax=ax)
    assert ax.get_position().bounds == before
    assert top(ax) <= figure.bbox.y1 + 1


def test_headings_of_a_lower_row_do_not_lie_on_the_ticks_of_the_row_above(zigzag):
    figure = new_figure()
    axes = figure.subplots(2, 2)
    for row in axes[::-1]:  # Whichever is drawn first.
        plot(zigzag, ax=row[0])
        plot_loss(zigzag, ax=row[1])
    for upper, lower in zip(*axes, strict=True):
        assert top(lower) <= upper.xaxis.get_tightbbox().y0
        assert len(words_above(lower)) == 1 + len(zigzag)
        assert lower.bbox.height > 0.4 * 0.35 * figure.bbox.height


@pytest.mark.parametrize("theme", ["dark", "print"])
def test_named_theme_dresses_the_axes_and_their_figure(theme, short):
    reference = plot(short, theme=theme)
    for draw in (plot, plot_loss, gradient):
        ax, other = new_figure().subplots(1, 2)
        untouched = other.get_facecolor()
        draw(short, ax=ax, theme=theme)
        page = ax.figure.get_facecolor()
        assert same_color(page, reference.figure.get_facecolor())
        assert same_color(ax.get_facecolor(), reference.get_facecolor())
        edges = [spined.spines["left"].get_edgecolor() for spined in (ax, reference)]
        assert same_color(*edges)
        assert not ax.spines["top"].get_visible()
        for words in (ax.xaxis.label, ax.yaxis.label, *ax.get_xticklabels(), ax._left_title):
            assert contrast(words.get_color(), page) > 4.5
        assert other.get_facecolor() == untouched


@pytest.mark.parametrize("draw", [plot, plot_loss])
@pytest.mark.parametrize(("theme", "face"), [("dark", "beige"), ("light", "black"), (None, "navy")])
def test_words_can_be_read_on_a_ground_of_the_users_own(draw, theme, face, short):
    ax = new_figure(facecolor=face).subplots()
    draw(short, ax=ax, theme=theme)
    assert same_color(ax.figure.get_facecolor(), face)
    outside = [*ax.get_xticklabels(), *words_above(ax)]
    if theme is not None:
        outside += [ax.xaxis.label, ax.yaxis.label]
    assert min(contrast(words.get_color(), face) for words in outside) > 4.5


@pytest.mark.parametrize("draw", [plot, gradient])
@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ({"xscale": "log"}, ValueError, "linear scales"),
        ({"projection": "polar"}, TypeError, "two-dimensional"),
        ({"projection": "3d"}, TypeError, "two-dimensional"),
    ],
)
def test_axes_that_cannot_show_a_surface_are_refused_and_stay_empty(draw, how, error, words, short):
    given = new_figure().add_subplot(**how)
    before = given.get_children()
    with pytest.raises(error, match=f"`ax` must be .*{words}"):
        draw(short, ax=given)
    assert before == given.get_children()
    with pytest.raises(TypeError, match="`ax` must be two-dimensional Axes"):
        draw(short, ax=given.figure)


@pytest.mark.parametrize(
    ("draw", "kwargs", "error", "words"),
    [
        (gradient, {"arrows": -4}, ValueError, "`arrows` must be at least 1. Got -4"),
        (gradient, {"arrows": 2.5}, TypeError, "`arrows`"),
        (plot_loss, {"nonsense": 1}, TypeError, "Unknown keyword 'nonsense'"),
        (plot, {"linewdth": 3}, TypeError, "'linewdth'. Did you mean 'linewidth'?"),
        (plot, {"lw": 1, "linewidth": 1}, TypeError, "linewidth"),
        (plot_loss, {"marker": "none at all"}, ValueError, "none at all"),
        (gradient, {"headwdth": 1}, TypeError, "Did you mean 'headwidth'"),
        (gradient, {"color": "no colour"}, ValueError, "no colour"),
        (plot, {"theme": "dark", "limits": ((1, 0), (0, 1))}, ValueError, "`limits`"),
    ],
)
def test_wrong_arguments_leave_axes_as_they_are(draw, kwargs, error, words, short):
    ax = new_figure().subplots()
    before = ax.get_children(), ax.get_xlim(), ax.get_facecolor(), ax.get_position().bounds
    with pytest.raises(error, match=words):
        draw(short, ax=ax, **kwargs)
    after = ax.get_children(), ax.get_xlim(), ax.get_facecolor(), ax.get_position().bounds
    assert after == before
