"""Plots of paths, losses and gradients on one pair of axes."""

import json

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from matplotlib.colors import to_hex

import trajectories as tj
from trajectories import (
    SURFACES,
    Scene,
    Surface,
    Trajectory,
    compare,
    descend,
    plot,
    plot_gradient,
    plot_grid,
    plot_loss,
    plot_race,
)

BOWL = "x**2/20 + y**2"


def lines_of(ax):
    """Return what joins points: the paths or the curves, and nothing else."""
    return [line for line in ax.lines if line.get_linestyle() != "None"]


def heads_of(ax):
    return [
        line
        for line in ax.lines
        if line.get_linestyle() == "None"
        and line.get_transform() == ax.transData
        and line.get_label() not in ("_minimum", "_start")
    ]


def labelled(ax, label):
    return [line for line in ax.lines if line.get_label() == label]


def notes_of(ax):
    words = ("out of view", "diverged")
    return [t for t in ax.texts if t.get_text().startswith(words) and t.get_visible()]


def counter_of(ax):
    """Return the texts of the step counter."""
    return [t for t in ax.texts if t.get_text() == "step" or t.get_text().isdigit()]


def looks(lines):
    return [(line.get_color(), line.get_marker()) for line in lines]


def gradient(paths, **kwargs):
    """Plot the gradient where the others plot paths."""
    path = paths if isinstance(paths, Trajectory) else paths[0]
    return plot_gradient(path.surface, **kwargs)


def extent(text):
    return text.get_window_extent(text.figure.canvas.get_renderer())


@pytest.mark.parametrize("draw", [plot, tj.plot_3d, plot_loss, gradient])
def test_a_new_figure_has_the_size_that_is_asked_for(draw, short):
    ax = draw(short)
    assert ax.figure.axes == [ax]
    assert ax.figure.bbox.size == pytest.approx((800, 600), abs=0.01)
    figure = draw(short, size=(640, 360)).figure
    assert figure.canvas.get_width_height() == (640, 360)
    assert json.loads(figure.recipe)["settings"]["size"] == [640, 360]
    with pytest.raises(ValueError, match="`size` must be left out if `ax` is given"):
        draw(short, ax=figure.axes[0], size=(640, 360))


def test_lines_go_through_the_positions_from_one_ring_to_the_heads(zigzag):
    ax = plot(zigzag, limits="domain")
    assert (ax.get_xlim(), ax.get_ylim()) == zigzag[0].surface.domain
    lines, heads = lines_of(ax), heads_of(ax)
    for line, head, path in zip(lines, heads, zigzag, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), path.positions)
        np.testing.assert_array_equal(head.get_xydata(), path.positions[-1:])
        assert head.get_markersize() > line.get_markersize()
    assert looks(heads) == looks(lines)
    assert len({to_hex(line.get_color()) for line in lines}) == len(zigzag)
    assert len({line.get_marker() for line in lines}) == len(zigzag)
    (ring,) = labelled(ax, "_start")
    np.testing.assert_array_equal(ring.get_xydata(), [[-7, 2]])
    assert ring.get_markerfacecolor() == "none"


def test_legend_names_the_paths_outside_the_plot(zigzag):
    ax = plot(zigzag)
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [path.label for path in zigzag]
    assert looks(legend.legend_handles) == looks(lines_of(ax))
    ax.figure.canvas.draw()
    box = legend.get_window_extent(ax.figure.canvas.get_renderer())
    assert box.y0 >= ax.bbox.y1
    assert box.y1 <= ax.figure.bbox.y1
    assert plot(zigzag, legend=False).get_legend() is None


def test_any_label_is_drawn_and_reads_the_same_over_a_panel(words):
    labels = ["_hidden", "a $5 bill", r"$\beta$ or $\nonsense$", "", r"$\beta$=1, $\gamma$=2"]
    paths = compare(BOWL, dict.fromkeys(labels, "sgd:lr=0.1"), steps=3)
    figures = [plot(paths).figure, plot_grid(paths), plot_race(paths)]
    for figure in figures:
        words(figure)
    entries = figures[0].axes[0].get_legend().get_texts()
    assert len(entries) == len(labels)
    # As mathematics in one place and as plain text in the other, it would be two names.
    title = figures[1].axes[-1]._left_title
    widths = [extent(t).width / t.get_fontsize() / t.figure.dpi for t in (entries[-1], title)]
    assert widths[0] == pytest.approx(widths[1], rel=0.1)


@pytest.mark.parametrize("draw", [plot, plot_loss])
def test_keywords_reach_the_lines(draw, short):
    how = {"linewidth": 5.0, "alpha": 0.25, "linestyle": "--", "markersize": 9.0, "color": "r"}
    ax = draw(short, **how)
    for line in lines_of(ax):
        assert {name: getattr(line, f"get_{name}")() for name in how} == how
    assert {handle.get_color() for handle in ax.get_legend().legend_handles} == {"r"}


def test_up_to_twenty_four_paths_no_two_look_alike(short):
    ax = plot(list(short) * 12)
    drawn = [(line.get_color(), line.get_linestyle()) for line in lines_of(ax)]
    assert len(set(drawn)) == 24
    assert {dash for _, dash in drawn[:8]} == {"-"}
    handles = ax.get_legend().legend_handles
    assert [(line.get_color(), line.get_linestyle()) for line in handles] == drawn
    assert len(set(looks(heads_of(ax)))) == 24
    dashed = lines_of(plot(list(short) * 6, linestyle="--"))
    assert {line.get_linestyle() for line in dashed} == {"--"}


def test_label_too_long_for_a_line_is_cut_and_one_of_two_lines_is_joined(words):
    long = "all of its settings, written out at length and then some " * 2
    paths = compare(BOWL, dict.fromkeys([long, "two\nlines"], "sgd:0.9"), steps=5)
    figure = plot(paths).figure
    assert max(box.x1 for _, box in words(figure)) <= figure.bbox.x1
    cut, joined = (text.get_text() for text in figure.axes[0].get_legend().get_texts())
    assert cut.startswith("all of its settings, written out")
    assert cut.endswith("...")
    assert joined == "two lines"


def test_path_that_leaves_ends_at_the_edge_with_an_arrow_and_a_word(leaving):
    ax = plot(leaving)
    out = Scene.of(leaving, aspect=4 / 3).tracks[0].exits[0]
    line, lost = (drawn.get_xydata() for drawn in lines_of(ax)[:2])
    drawn = line[np.isfinite(line).all(axis=1)]
    np.testing.assert_array_equal(drawn[:-1], leaving[0].positions[: len(drawn) - 1])
    assert np.isclose(drawn[-1], np.transpose([ax.get_xlim(), ax.get_ylim()])).any()
    words = [note.get_text() for note in notes_of(ax)]
    assert words == [f"out of view from step {out.step}", "diverged at step 1"]
    arrow, cross = (line for line in ax.lines if line.get_transform() == ax.transAxes)
    tip = ax.transAxes.transform(arrow.get_xydata()[0])
    np.testing.assert_allclose(tip, ax.transData.transform(drawn[-1]), atol=1e-6)
    assert arrow.get_clip_on() is False
    assert cross.get_marker() == "x"
    assert to_hex(arrow.get_color()) == to_hex(lines_of(ax)[0].get_color())
    # What is lost ends where it was last.
    still_there = lost[np.isfinite(lost).all(axis=1)]
    np.testing.assert_array_equal(still_there, leaving[1].positions[:1])


@pytest.mark.parametrize("heading", [(9, 0), (0, -9), (-9, 5)])
def test_arrow_points_where_the_path_was_heading(heading, handmade):
    ax = plot(handmade([(0, 0), heading]), limits=((-4, 4), (-4, 4)))
    (arrow,) = (line for line in ax.lines if line.get_transform() == ax.transAxes)
    _, _, degrees = arrow.get_marker()
    ahead = np.subtract(ax.transData.transform(heading), ax.transData.transform((0, 0)))
    turned = np.array([-np.sin(np.radians(degrees)), np.cos(np.radians(degrees))])
    np.testing.assert_allclose(turned, ahead / np.hypot(*ahead), atol=1e-9)


@pytest.mark.parametrize("name", ["saddle", "rosenbrock"])
def test_words_of_an_exit_cover_no_path_and_no_star_and_stay_inside(name):
    rules = ["sgd:lr=1.1", "momentum:lr=0.5", "adam:lr=0.3", "adagrad:lr=3"]
    ax = plot(compare(name, rules, steps=40))
    marks = [ax.transData.transform(line.get_xydata()) for line in labelled(ax, "_minimum")]
    taken = np.concatenate([segments(ax), *marks])
    assert notes_of(ax)
    for note in notes_of(ax):
        box = extent(note)
        assert not covered(box, taken)
        assert (ax.bbox.min <= box.min).all()
        assert (box.max <= ax.bbox.max).all()


def test_words_of_several_exits_at_one_place_do_not_cover_each_other(handmade, meeting):
    ends = [(-9, -9.5), (-9, -9), (-9, -8.5), (-9.5, -9)]
    paths = [handmade([(0, 0), end], label=str(end)) for end in ends]
    ax = plot(paths, limits=((-4, 4), (-4, 4)))
    listed = [(note, extent(note)) for note in notes_of(ax)]
    assert len(listed) == 4
    assert meeting(listed, 0) == []
    assert all(0 <= box.x0 < box.x1 <= ax.figure.bbox.x1 for _, box in listed)


def test_many_starts_are_one_line_with_gaps(many):
    ax = plot(many, limits=((-30, 30), (-30, 30)))
    (line,) = lines_of(ax)
    data = line.get_xydata()
    gaps = np.flatnonzero(np.isnan(data).any(axis=1))
    pieces = [part[~np.isnan(part).any(axis=1)] for part in np.split(data, gaps)]
    pieces = [part for part in pieces if len(part)]
    assert len(pieces) == 6
    for i, piece in enumerate(pieces):
        np.testing.assert_array_equal(piece, many.positions[: len(piece), i])
    (ring,) = labelled(ax, "_start")
    np.testing.assert_array_equal(np.unique(many.start, axis=0), ring.get_xydata())
    (head,) = heads_of(ax)
    np.testing.assert_array_equal(head.get_xydata(), many.positions[-1])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["SGD"]


def segments(ax):
    """Return points close together along all that is drawn of the paths, in pixels."""
    points = []
    for line in lines_of(ax):
        xy = ax.transData.transform(line.get_xydata())
        share = np.linspace(0, 1, 400)[:, None, None]
        points.append((xy[:-1] + share * (xy[1:] - xy[:-1])).reshape(-1, 2))
    return np.concatenate(points)


def covered(box, points):
    return ((points >= box.min) & (points <= box.max)).all(axis=1).any()


def assert_counter_is_free(ax):
    texts = counter_of(ax)
    assert len(texts) >= 2
    marks = [
        ax.transData.transform(line.get_xydata())
        for line in (*labelled(ax, "_minimum"), *labelled(ax, "_start"), *heads_of(ax))
    ]
    inside = segments(ax)
    inside = inside[
        ((inside >= ax.bbox.min) & (inside <= ax.bbox.max)).all(axis=1)  # The rest is clipped.
    ]
    for text in texts:
        box = extent(text)
        assert not covered(box, np.concatenate([*marks, inside]))
        assert not any(box.overlaps(extent(note)) for note in notes_of(ax))


@pytest.mark.parametrize(
    ("name", "lr"), [("himmelblau", 0.05), (BOWL, 1.0), ("rosenbrock", 1.0), ("monkey_saddle", 1.0)]
)
def test_step_counter_covers_no_path_minimum_start_or_exit(name, lr):
    rules = [f"sgd:lr={lr / 20}", f"momentum:lr={lr / 100}", f"adam:lr={lr}", f"adagrad:lr={lr}"]
    figure = plot(compare(name, rules, steps=40), size=(480, 360)).figure
    assert_counter_is_free(figure.axes[0])


@settings(max_examples=10, deadline=None, database=None, derandomize=True)
@given(
    points=st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=2, max_size=5),
    theme=st.sampled_from(["light", "slides"]),
)
def test_step_counter_covers_no_part_of_any_path(points, theme, handmade):
    path = handmade(points, "x**2 - y**2", domain=((-1, 1), (-1, 1)))
    figure = plot(path, size=(480, 360), theme=theme, limits=((-1.1, 1.1), (-1.1, 1.1))).figure
    assert_counter_is_free(figure.axes[0])


def test_step_counter_goes_above_a_plot_whose_corners_are_taken(handmade, zigzag):
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    ax = plot(handmade(corners, "x*y"), limits=((-1, 1), (-1, 1)))
    assert all(extent(text).y0 >= ax.bbox.y1 for text in counter_of(ax))
    digits = sorted(
        (t for t in counter_of(plot(zigzag)) if t.get_text().isdigit()), key=lambda t: extent(t).x0
    )
    assert "".join(t.get_text() for t in digits) == "30"


@pytest.mark.parametrize("name", ["book_quadratic", "six_hump_camel"])
def test_loss_is_shown_over_the_minimum_on_a_logarithmic_axis(name):
    paths = compare(name, ["sgd:lr=0.0005", "adam:lr=0.05"], steps=20)
    ax = plot_loss(paths)
    assert ax.get_yscale() == "log"
    floor = paths[0].surface.value(paths[0].surface.minima).min()
    low, high = ax.get_ylim()
    for line, path in zip(lines_of(ax), paths, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(21))
        np.testing.assert_allclose(line.get_ydata(), path.values - floor, atol=1e-12)
        positive = line.get_ydata()[line.get_ydata() > 0]
        assert low < positive.min()
        assert positive.max() < high
    assert ax.get_xlim()[0] == 0
    assert ax.get_xlim()[1] > 20
    assert looks(lines_of(ax)) == looks(lines_of(plot(paths)))


def test_loss_of_exactly_zero_is_left_out_without_a_warning(pixels):
    # Warnings are errors here; a step of 0.5 lands on the minimum of x**2 + y**2 at once.
    path = descend("sphere", "sgd:lr=0.5", steps=6)
    assert (path.values[1:] == 0).all()
    ax = plot_loss(path)
    pixels(ax.figure)
    assert ax.get_yscale() == "log"
    assert ax.get_ylim()[0] > 0
    pixels(plot_loss(descend("sphere", "sgd:lr=0.5", start=(0, 0), steps=6)).figure)


@pytest.mark.parametrize("name", ["rosenbrock", "saddle"])
def test_arrows_point_down_the_gradient(name):
    surface = SURFACES[name]
    ax = plot_gradient(name)
    (field,) = [c for c in ax.collections if isinstance(c, mpl.quiver.Quiver)]
    downhill = -surface.gradient(field.get_offsets())
    drawn = np.stack([field.U, field.V], axis=-1)
    lengths = np.hypot(*drawn.T)
    np.testing.assert_allclose(
        drawn / np.maximum(lengths, 1e-300)[:, None],
        downhill / np.maximum(np.hypot(*downhill.T), 1e-300)[:, None],
        atol=1e-9,
    )
    # Angles of the arrows on the page are those of the plane drawn.
    assert field.angles == "xy"
    assert (np.diff(lengths[np.argsort(np.hypot(*downhill.T))]) >= -1e-9 * lengths.max()).all()
    assert [len(line.get_xydata()) for line in labelled(ax, "_minimum")] == (
        [len(surface.minima)] if len(surface.minima) else []
    )


@pytest.mark.parametrize("draw", [plot, plot_loss, gradient])
@pytest.mark.parametrize(
    "surface",
    ["ackley", *(Surface("x**2 + y**2", name=name) for name in (r"$\nonsense{$", "x" * 300, ""))],
)
def test_any_name_and_formula_is_written_inside_the_figure(surface, draw, words):
    figure = draw(descend(surface, "adam:lr=0.01", steps=3), theme="slides").figure
    (ax,) = figure.axes
    box = extent(ax.title if ax.get_title() else ax._left_title)
    assert box.width > 0
    assert box.x0 >= 0
    assert box.y1 <= figure.bbox.y1
    assert max(box.x1 for _, box in words(figure)) <= figure.bbox.x1 + 1
