import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

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
    plot_overlay,
    plot_race,
)
from trajectories.plotting.canvas import new_figure
from trajectories.replay import Recipe, figure_of

BOWL = "x**2/20 + y**2"


def new_axes(count=1, size=(480, 360)):
    figure = new_figure(size)
    axes = figure.subplots(1, count, squeeze=False)[0]
    return axes[0] if count == 1 else axes


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
    return [t for t in ax.texts if "at step " in t.get_text() and t.get_visible()]


def counter_of(ax):
    """Return the texts of the step counter."""
    return [t for t in ax.texts if t.get_text() == "step" or t.get_text().isdigit()]


def gradient(paths, **kwargs):
    """Plot the gradient where the others plot paths."""
    path = paths if isinstance(paths, Trajectory) else paths[0]
    return plot_gradient(path.surface, **kwargs)


def extent(text):
    canvas = text.figure.canvas
    return text.get_window_extent(canvas.get_renderer())


@pytest.mark.parametrize("draw", [plot, plot_loss, gradient])
def test_plot_returns_the_axes_it_was_given_and_touches_no_other(draw, short):
    left, right = new_axes(2)
    children, texts = list(right.get_children()), list(right.figure.texts)
    before = right.get_xlim(), right.get_ylim(), right.get_title()
    assert draw(short, ax=left) is left
    assert left.lines or left.collections
    assert right.get_children() == children
    assert right.figure.texts == texts
    assert right.figure.axes == [left, right]
    assert (right.get_xlim(), right.get_ylim(), right.get_title()) == before


@pytest.mark.parametrize("function", [plot, plot_loss, gradient])
def test_without_axes_a_new_figure_of_800_by_600_is_made(function, short):
    ax = function(short)
    assert ax.figure.axes == [ax]
    assert ax.figure.bbox.size == pytest.approx((800, 600), abs=0.01)


def test_plot_works_on_an_axes_whose_figure_has_no_agg_canvas(short):
    ax = Figure().subplots()
    plot(short, ax=ax)
    assert len(lines_of(ax)) == 2


def test_plot_works_in_a_subfigure(short):
    figure = Figure(figsize=(8, 4))
    FigureCanvasAgg(figure)
    part = figure.subfigures(1, 2)[1]
    ax = part.subplots()
    assert plot(short, ax=ax) is ax
    figure.canvas.draw()


def test_each_line_goes_through_the_positions(zigzag):
    lines = lines_of(plot(zigzag, limits="domain"))
    assert len(lines) == len(zigzag)
    for line, path in zip(lines, zigzag, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), path.positions)


def test_paths_differ_in_colour_and_in_marker_and_the_heads_look_alike(zigzag):
    ax = plot(zigzag)
    lines, heads = lines_of(ax), heads_of(ax)
    assert len({to_hex(line.get_color()) for line in lines}) == len(zigzag)
    assert len({line.get_marker() for line in lines}) == len(zigzag)
    for line, head in zip(lines, heads, strict=True):
        assert (head.get_color(), head.get_marker()) == (line.get_color(), line.get_marker())
        assert head.get_markersize() > line.get_markersize()


def test_head_is_at_the_last_position(zigzag):
    for head, path in zip(heads_of(plot(zigzag)), zigzag, strict=True):
        np.testing.assert_array_equal(head.get_xydata(), path.positions[-1:])


def test_paths_from_one_start_have_one_ring(zigzag):
    (ring,) = labelled(plot(zigzag), "_start")
    np.testing.assert_array_equal(ring.get_xydata(), [[-7, 2]])
    assert ring.get_markerfacecolor() == "none"


@pytest.mark.parametrize("name", ["sphere", "himmelblau", "six_hump_camel"])
def test_star_stands_at_each_minimum(name):
    (stars,) = labelled(plot(descend(name, "adam:lr=0.1", steps=4)), "_minimum")
    np.testing.assert_array_equal(stars.get_xydata(), SURFACES[name].minima)
    assert stars.get_marker() == "*"


def test_surface_without_a_minimum_has_no_star():
    assert labelled(plot(descend("saddle", "sgd:lr=0.1", steps=4)), "_minimum") == []


def test_axes_show_the_limits_of_the_scene(zigzag):
    ax = new_axes()
    scene = Scene.of(zigzag, aspect=ax.bbox.width / ax.bbox.height)
    plot(zigzag, ax=ax)
    assert (ax.get_xlim(), ax.get_ylim()) == scene.limits
    ax = plot(zigzag, limits=((-1, 2), (-3, 4)))
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1, 2), (-3, 4))


def test_legend_names_the_paths_outside_the_plot(zigzag):
    ax = plot(zigzag)
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [path.label for path in zigzag]
    assert [h.get_color() for h in legend.legend_handles] == [
        line.get_color() for line in lines_of(ax)
    ]
    assert [h.get_marker() for h in legend.legend_handles] == [
        line.get_marker() for line in lines_of(ax)
    ]
    ax.figure.canvas.draw()
    box = legend.get_window_extent(ax.figure.canvas.get_renderer())
    assert box.y0 >= ax.bbox.y1
    assert box.y1 <= ax.figure.bbox.y1


def test_legend_can_be_left_out(zigzag):
    assert plot(zigzag, legend=False).get_legend() is None


@pytest.mark.parametrize("label", ["_hidden", "a $5 bill", "$\\beta$ or $\\nonsense$", ""])
def test_any_label_is_drawn(label, short, words):
    paths = compare(short[0].surface, {label: "sgd:lr=0.1", "other": "adam"}, steps=3)
    for draw in (plot_overlay, plot_grid, plot_race):
        words(draw(paths))
    handles = plot(paths).get_legend().get_texts()
    assert len(handles) == 2


def test_label_reads_the_same_in_the_legend_and_over_a_panel(short):
    # As mathematics in one place and as plain text in the other, it would be two names.
    paths = compare(short[0].surface, {r"$\beta$=1, $\gamma$=2": "sgd:lr=0.1"}, steps=3)
    (entry,) = plot(paths).get_legend().get_texts()
    (title,) = (ax._left_title for ax in plot_grid(paths).axes)
    widths = [extent(text).width / text.get_fontsize() / text.figure.dpi for text in (entry, title)]
    assert widths[0] == pytest.approx(widths[1], rel=0.1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("linewidth", 5.0), ("alpha", 0.25), ("linestyle", "--"), ("markersize", 9.0), ("color", "r")],
)
def test_keywords_reach_the_lines(name, value, short):
    for line in lines_of(plot(short, **{name: value})):
        assert getattr(line, f"get_{name}")() == value
    for line in lines_of(plot_loss(short, **{name: value})):
        assert getattr(line, f"get_{name}")() == value


@pytest.mark.parametrize("function", [plot, plot_loss])
def test_legend_shows_a_colour_given_for_the_lines(function, short):
    ax = function(short[:1], color="#112233")
    assert [to_hex(h.get_color()) for h in ax.get_legend().legend_handles] == ["#112233"]


def test_arrow_and_head_have_a_colour_given_for_the_lines(leaving):
    ax = plot(leaving[0], color="#112233")
    (arrow,) = (line for line in ax.lines if line.get_transform() == ax.transAxes)
    colors = [item.get_color() for item in (arrow, *heads_of(ax), *notes_of(ax))]
    assert [to_hex(color) for color in colors] == ["#112233"] * 3


@pytest.mark.parametrize("draw", [plot, plot_loss])
@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"nonsense": 1}, TypeError, "Unknown keyword 'nonsense'"),
        ({"linewdth": 3}, TypeError, "'linewdth'. Did you mean 'linewidth'?"),
        ({"lw": 1, "linewidth": 1}, TypeError, "linewidth"),
        ({"marker": "none at all"}, ValueError, "none at all"),
    ],
)
def test_property_that_a_line_cannot_have_is_refused_and_axes_stay_as_they_are(
    draw, wrong, error, words, short
):
    ax = new_axes()
    before = ax.get_children(), ax.get_xlim(), ax.get_position().bounds
    with pytest.raises(error, match=words):
        draw(short, ax=ax, **wrong)
    assert (ax.get_children(), ax.get_xlim(), ax.get_position().bounds) == before


def test_up_to_twenty_four_paths_no_two_look_alike(short):
    ax = plot(list(short) * 12)
    looks = [(line.get_color(), line.get_linestyle()) for line in lines_of(ax)]
    assert len(set(looks)) == 24
    assert {dash for _, dash in looks[:8]} == {"-"}
    handles = ax.get_legend().legend_handles
    assert [(line.get_color(), line.get_linestyle()) for line in handles] == looks
    marks = [(line.get_color(), line.get_marker()) for line in heads_of(ax)]
    assert len(set(marks)) == 24


def test_a_dash_given_for_all_lines_holds_for_all(short):
    drawn = lines_of(plot(list(short) * 6, linestyle="--"))
    assert {line.get_linestyle() for line in drawn} == {"--"}


@pytest.mark.parametrize("steps", [1, 2, 3, 30])
def test_step_axis_has_whole_numbers_only(steps):
    ax = plot_loss(compare("himmelblau", ["newton", "sgd:0.01"], steps=steps))
    ticks = ax.get_xticks()
    np.testing.assert_array_equal(ticks, np.round(ticks))
    assert len([tick for tick in ticks if 0 <= tick <= steps]) >= 2


@pytest.mark.parametrize("draw", [plot, plot_loss, tj.plot_3d])
def test_header_is_inside_the_figure_if_paths_are_lost_at_once(draw, words):
    starts = {"SGD": (-1, 1), "Adam": (1, 1), "Momentum": (-1, 1), "AdaGrad": (-1, 1)}
    rules = ("sgd:0.1", "adam:0.1", "momentum:0.1", "adagrad:0.1")
    paths = [
        descend("log(x) + y**2", rule, start=start, steps=5, label=label)
        for rule, (label, start) in zip(rules, starts.items(), strict=True)
    ]
    figure = draw(paths).figure
    assert max(box.y1 for _, box in words(figure)) <= figure.bbox.y1


def test_label_too_long_for_a_line_is_cut_and_one_of_two_lines_is_joined(short, words):
    labels = ["all of its settings, written out at length and then some " * 2, "two\nlines"]
    paths = compare(BOWL, dict(zip(labels, ("sgd:0.9", "adam:0.3"), strict=True)), steps=5)
    figure = plot(paths).figure
    assert max(box.x1 for _, box in words(figure)) <= figure.bbox.x1
    cut, joined = (text.get_text() for text in figure.axes[0].get_legend().get_texts())
    assert cut.startswith("all of its settings, written out")
    assert cut.endswith("...")
    assert joined == "two lines"


def test_path_that_leaves_ends_at_the_edge_with_an_arrow_and_a_word(leaving):
    ax = plot(leaving)
    exits = [track.exits[0] for track in Scene.of(leaving, aspect=4 / 3).tracks]
    out = exits[0]
    line = lines_of(ax)[0].get_xydata()
    drawn = line[np.isfinite(line).all(axis=1)]
    np.testing.assert_array_equal(drawn[:-1], leaving[0].positions[: len(drawn) - 1])
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    at_edge = np.isclose(drawn[-1], [x0, y0]) | np.isclose(drawn[-1], [x1, y1])
    assert at_edge.any()
    assert not ((line[len(drawn) :] >= [x0, y0]) & (line[len(drawn) :] <= [x1, y1])).all(1).any()
    words = [note.get_text() for note in notes_of(ax)]
    assert words == [f"leaves at step {out.step}", "lost at step 1"]
    arrow, cross = (line for line in ax.lines if line.get_transform() == ax.transAxes)
    tip = ax.transAxes.transform(arrow.get_xydata()[0])
    np.testing.assert_allclose(tip, ax.transData.transform(drawn[-1]), atol=1e-6)
    assert arrow.get_visible()
    assert arrow.get_clip_on() is False
    assert cross.get_marker() == "x"
    assert to_hex(arrow.get_color()) == to_hex(lines_of(ax)[0].get_color())


def test_a_note_in_a_narrow_plot_is_broken_and_stays_inside(handmade):
    path = handmade([(0, 0), (0, -9)])
    figure = Figure(figsize=(1, 3), dpi=100)
    FigureCanvasAgg(figure)
    ax = plot(path, ax=figure.add_axes((0.1, 0.1, 0.8, 0.8)), limits=((-4, 4), (-4, 4)))
    (note,) = notes_of(ax)
    assert note.get_text() == "leaves\nat step 1"
    box, frame = extent(note), ax.bbox
    assert frame.x0 <= box.x0 < box.x1 <= frame.x1
    assert frame.y0 <= box.y0 < box.y1 <= frame.y1


def test_notes_in_a_narrow_plot_lie_beside_each_other(handmade):
    wide = [handmade([(0, 0), (0.5 * i, 9 + i)]) for i in range(3)]
    figure = Figure(figsize=(1.5, 3.4), dpi=100)
    FigureCanvasAgg(figure)
    below = figure.add_axes((0.1, 0.07, 0.8, 2 / 3.4))  # With room for the header.
    ax = plot(wide, ax=below, limits=((-4, 4), (-4, 4)))
    boxes = [extent(note) for note in notes_of(ax)]
    assert len(boxes) == 3
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            assert not one.overlaps(other)


def test_lost_path_ends_where_it_was_last(leaving):
    lost = lines_of(plot(leaving))[1].get_xydata()
    drawn = lost[np.isfinite(lost).all(axis=1)]
    np.testing.assert_array_equal(drawn, leaving[1].positions[:1])


@pytest.mark.parametrize("heading", [(9, 0), (-9, 0), (0, 9), (0, -9), (9, 5), (-9, -9)])
def test_arrow_points_where_the_path_was_heading(heading, handmade):
    path = handmade([(0, 0), heading])
    ax = plot(path, limits=((-4, 4), (-4, 4)))
    (arrow,) = (line for line in ax.lines if line.get_transform() == ax.transAxes)
    _, _, degrees = arrow.get_marker()
    ahead = np.subtract(ax.transData.transform(heading), ax.transData.transform((0, 0)))
    turned = np.array([-np.sin(np.radians(degrees)), np.cos(np.radians(degrees))])
    np.testing.assert_allclose(turned, ahead / np.hypot(*ahead), atol=1e-9)


@pytest.mark.parametrize("name", ["book_quadratic", "saddle", "rosenbrock"])
def test_words_of_an_exit_cover_no_path_and_no_star(name):
    rules = ["sgd:lr=1.1", "momentum:lr=0.5", "adam:lr=0.3", "adagrad:lr=3"]
    ax = plot(compare(name, rules, steps=40))
    assert notes_of(ax)
    inside = segments(ax)
    marks = [ax.transData.transform(line.get_xydata()) for line in labelled(ax, "_minimum")]
    for note in notes_of(ax):
        box = extent(note)
        assert not covered(box, np.concatenate([inside, *marks]))
        assert ax.bbox.x0 <= box.x0
        assert box.x1 <= ax.bbox.x1
        assert ax.bbox.y0 <= box.y0
        assert box.y1 <= ax.bbox.y1


@pytest.mark.parametrize("lr", [1.01, 1.02, 1.04, 1.06, 1.1])
@pytest.mark.parametrize("size", [(400, 300), (1200, 540)])
def test_words_of_an_exit_stand_beside_the_zigzag_that_leaves(size, lr):
    surface = Surface("x**2/20 + y**2", domain=((-8, 8), (-3, 3)))
    ax = plot_overlay(
        compare(surface, [f"sgd:lr={lr}", "adam:lr=0.3"], start=(-7, 2), steps=60), size=size
    ).axes[0]
    (note,) = notes_of(ax)
    assert not covered(extent(note), segments(ax))


def test_words_of_several_exits_at_one_place_do_not_cover_each_other(handmade):
    ends = [(-9, -9.5), (-9, -9), (-9, -8.5), (-9.5, -9)]
    paths = [handmade([(0, 0), end], label=str(end)) for end in ends]
    ax = plot(paths, limits=((-4, 4), (-4, 4)))
    boxes = [extent(note) for note in notes_of(ax)]
    assert len(boxes) == 4
    inside = ax.figure.bbox
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert inside.x0 <= box.x0
        assert box.x1 <= inside.x1


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


def test_hyperparameters_as_an_array_are_one_line_too():
    from trajectories import SGD

    path = descend("sphere", SGD(np.array([[0.1, 0.2], [0.3, 0.4]])), steps=5)
    (line,) = lines_of(plot(path))
    assert np.isfinite(line.get_xydata()).all(axis=1).sum() == 4 * 6


def segments(ax):
    """Return points close together along all that is drawn of the paths, in pixels."""
    points = []
    for line in lines_of(ax):
        xy = ax.transData.transform(line.get_xydata())
        share = np.linspace(0, 1, 400)[:, None, None]
        points.append((xy[:-1] + share * (xy[1:] - xy[:-1])).reshape(-1, 2))
    return np.concatenate(points)


def covered(box, points):
    return ((points >= [box.x0, box.y0]) & (points <= [box.x1, box.y1])).all(axis=1).any()


def assert_counter_is_free(ax):
    ax.figure.canvas.draw()
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
        assert not covered(box, np.concatenate(marks))
        assert not covered(box, inside)
        assert not any(box.overlaps(extent(note)) for note in notes_of(ax))


@pytest.mark.parametrize("lr", [0.05, 1.0])
@pytest.mark.parametrize("name", SURFACES)
def test_step_counter_covers_no_path_minimum_start_or_exit(name, lr):
    rules = [f"sgd:lr={lr / 20}", f"momentum:lr={lr / 100}", f"adam:lr={lr}", f"adagrad:lr={lr}"]
    ax = new_axes()
    assert_counter_is_free(plot(compare(name, rules, steps=40), ax=ax))


@pytest.mark.parametrize("theme", ["light", "slides"])
@settings(max_examples=10, deadline=None, database=None, derandomize=True)
@given(points=st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=2, max_size=5))
def test_step_counter_covers_no_part_of_any_path(points, theme, handmade):
    path = handmade(points, "x**2 - y**2", domain=((-1, 1), (-1, 1)))
    ax = new_axes()
    assert_counter_is_free(plot(path, ax=ax, theme=theme, limits=((-1.1, 1.1), (-1.1, 1.1))))


def test_step_counter_does_not_cover_the_last_stretch_of_a_path_far_away(handmade):
    # The step that leaves is long, but what is drawn of it passes close by the corner.
    path = handmade([(0.35, 0.001), (-35, 8)], "x**2 - y**2")
    assert_counter_is_free(plot(path, limits=((0, 1), (0, 1))))


def test_step_counter_goes_above_a_plot_whose_corners_are_taken(handmade):
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    ax = plot(handmade(corners, "x*y"), limits=((-1, 1), (-1, 1)))
    ax.figure.canvas.draw()
    for text in counter_of(ax):
        assert extent(text).y0 >= ax.bbox.y1


def test_step_counter_shows_the_last_step(zigzag):
    digits = sorted(
        (t for t in counter_of(plot(zigzag)) if t.get_text().isdigit()), key=lambda t: extent(t).x0
    )
    assert "".join(t.get_text() for t in digits) == "30"


@pytest.mark.parametrize("name", ["book_quadratic", "rosenbrock", "himmelblau", "six_hump_camel"])
def test_loss_is_shown_over_the_minimum_on_a_logarithmic_axis(name):
    paths = compare(name, ["sgd:lr=0.0005", "adam:lr=0.05"], steps=20)
    ax = plot_loss(paths)
    assert ax.get_yscale() == "log"
    floor = paths[0].surface.value(paths[0].surface.minima).min()
    for line, path in zip(lines_of(ax), paths, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(21))
        np.testing.assert_allclose(line.get_ydata(), path.values - floor, atol=1e-12)
        low, high = ax.get_ylim()
        positive = line.get_ydata()[line.get_ydata() > 0]
        assert low < positive.min()
        assert positive.max() < high
    assert ax.get_xlim()[0] == 0
    assert ax.get_xlim()[1] > 20


def test_loss_without_a_minimum_is_linear():
    path = descend("saddle", "sgd:lr=0.2", steps=20)
    ax = plot_loss(path)
    assert ax.get_yscale() == "linear"
    np.testing.assert_array_equal(lines_of(ax)[0].get_ydata(), path.values)
    low, high = ax.get_ylim()
    assert low < path.values.min()
    assert path.values.max() < high


def test_loss_of_exactly_zero_is_left_out_without_a_warning(pixels):
    # Warnings are errors here; a step of 0.5 lands on the minimum of x**2 + y**2 at once.
    path = descend("sphere", "sgd:lr=0.5", steps=6)
    assert (path.values[1:] == 0).all()
    ax = plot_loss(path)
    pixels(ax.figure)
    assert ax.get_yscale() == "log"
    assert ax.get_ylim()[0] > 0


def test_loss_of_a_path_that_never_leaves_the_minimum_is_drawn(pixels):
    pixels(plot_loss(descend("sphere", "sgd:lr=0.5", start=(0, 0), steps=6)).figure)


def test_loss_of_a_path_that_diverges_ends_there_and_the_axis_stays_sane(leaving, pixels):
    ax = plot_loss(leaving)
    pixels(ax.figure)
    low, high = ax.get_ylim()
    assert 0 < low < high < 1e20


@pytest.mark.parametrize("formula", ["x**64*y**40", "1e29*x", "1e29*x**64"])
def test_loss_near_the_end_of_the_floats_is_drawn(formula, pixels):
    path = descend(formula, "sgd:lr=1e-9", start=(9, 9), steps=2)
    pixels(plot_loss(path).figure)


def test_loss_takes_the_colours_of_the_plot_of_paths(zigzag):
    for line, curve in zip(lines_of(plot(zigzag)), lines_of(plot_loss(zigzag)), strict=True):
        assert (line.get_color(), line.get_marker()) == (curve.get_color(), curve.get_marker())


@pytest.mark.parametrize("name", ["book_quadratic", "rosenbrock", "saddle", "ackley"])
def test_arrows_point_down_the_gradient(name):
    surface = SURFACES[name]
    ax = plot_gradient(name)
    (field,) = [c for c in ax.collections if isinstance(c, mpl.quiver.Quiver)]
    there = field.get_offsets()
    downhill = -surface.gradient(there)
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


def test_arrows_are_as_many_as_asked_and_none_reaches_the_next(pixels):
    ax = plot_gradient("x**2/20 + y**2", arrows=9, color="#aa0000")
    (field,) = [c for c in ax.collections if isinstance(c, mpl.quiver.Quiver)]
    x = np.unique(field.get_offsets()[:, 0])
    assert len(x) == 9
    longest = np.hypot(field.U, field.V).max() / field.scale
    assert longest < np.diff(x).min()
    assert to_hex(field.get_facecolor()[0]) == "#aa0000"


@pytest.mark.parametrize("formula", ["log(x) + y", "abs(x) + abs(y)", "1/x", "sqrt(x*y)"])
def test_gradient_that_is_not_finite_everywhere_is_drawn(formula, pixels):
    pixels(plot_gradient(formula).figure)


def test_gradient_of_a_constant_is_drawn(pixels):
    with pytest.warns(UserWarning, match="constant"):
        ax = plot_gradient("3")
    pixels(ax.figure)


def test_cycle_without_colours_has_arrows_all_the_same(pixels):
    from cycler import cycler

    mpl.rcParams["axes.prop_cycle"] = cycler(linestyle=["-", "--"])
    pixels(plot_gradient("x*y").figure)


def test_pyplot_is_never_imported(tmp_path):
    code = f"""
import sys
import trajectories as tj
paths = tj.compare("sphere", ["sgd:lr=0.1", "adam:lr=0.3"], steps=3)
tj.plot(paths), tj.plot_loss(paths), tj.plot_gradient("sphere")
for draw in (tj.plot_overlay, tj.plot_grid, tj.plot_race):
    draw(paths, size=(320, 240)).savefig({str(tmp_path / "a.png")!r})
tj.animate(paths, size=(320, 240)).save({str(tmp_path / "a.gif")!r})
print("matplotlib.pyplot" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_no_figure_is_left_with_pyplot(short, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    plot(short), plot_loss(short), plot_gradient("x*y"), plot_grid(short)
    assert plt.get_fignums() == before


@pytest.mark.parametrize("theme", [None, "dark", "slides"])
def test_settings_are_as_before_after_every_plot(theme, short):
    mpl.rcParams["lines.linewidth"] = 3.25
    before = dict(mpl.rcParams)
    plot(short, theme=theme)
    plot_loss(short, theme=theme)
    plot_gradient("x*y", theme=theme)
    with pytest.raises(ValueError, match="`limits`"):
        plot(short, theme=theme, limits="nonsense")
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", ["book_quadratic", "rosenbrock", "himmelblau", "sphere"])
def test_title_says_name_and_formula_in_mathematics(name):
    path = descend(name, "adam:lr=0.01", steps=3)
    title = plot(path).get_title(loc="left")
    assert f"$f(x, y) = {SURFACES[name].latex}$" in title
    assert title.lower().startswith(name.split("_")[0])


@pytest.mark.parametrize("function", [plot, plot_loss, gradient])
@pytest.mark.parametrize("theme", ["slides"])
@pytest.mark.parametrize("name", ["ackley", "beale"])
def test_long_formula_fits_the_width(name, theme, function, pixels):
    from trajectories.plotting.theme import applied

    with applied(theme):
        ax = function(descend(name, "adam:lr=0.01", steps=3))
    pixels(ax.figure)
    box = extent(ax.title if ax.get_title() else ax._left_title)
    assert box.width > 0
    assert box.x0 >= 0
    assert box.x1 <= ax.figure.bbox.x1
    assert box.y1 <= ax.figure.bbox.y1


@pytest.mark.parametrize(
    "name", ["costs $5", "$x$ or $y$", r"$\nonsense{$", "a_b^c", "x" * 300, "", "ünïcode 1"]
)
def test_any_name_is_written(name, words):
    surface = Surface("x**2 + y**2", name=name)
    path = descend(surface, "sgd:lr=0.1", steps=3)
    for ax in (plot(path), plot_loss(path)):
        for _, box in words(ax.figure):
            assert box.x1 <= ax.figure.bbox.x1 + 1


@pytest.mark.parametrize("name", ["plot", "plot_3d", "plot_loss", "plot_gradient"])
def test_a_new_figure_has_the_size_that_is_asked_for(name):
    shown = "sphere" if name == "plot_gradient" else tj.descend("sphere", "sgd:0.1", steps=3)
    figure = getattr(tj, name)(shown, size=(640, 360)).figure
    assert figure.canvas.get_width_height() == (640, 360)
    again = figure_of(Recipe.of(figure.recipe))
    assert again.canvas.get_width_height() == (640, 360)
    with pytest.raises(ValueError, match="`size` must be left out if `ax` is given"):
        getattr(tj, name)(shown, ax=figure.axes[0], size=(640, 360))
