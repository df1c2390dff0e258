"""What theory says of a surface, written into its plot."""

import numpy as np
import pytest

import trajectories as tj
from trajectories.plotting.canvas import new_figure
from trajectories.plotting.readout import obstacles
from trajectories.plotting.text import draw_notes

BOWL = "x**2/20 + y**2"
LINES = (
    "minimum at (0, 0)",
    "curvature 0.1 to 2",
    "condition number 20",
    "SGD stable below lr 1",
    "Momentum(0.9) below 1.9",
)


def note_of(ax):
    """Return the texts of the note's lines, from the top."""
    words = ("minimum at", "slope at", "curvature", "condition", "stable", "below")
    found = [text for text in ax.texts if any(word in text.get_text() for word in words)]
    return sorted(found, key=lambda text: -text.get_position()[1])


def box_of(ax):
    """Return the note's box in parts of the panel."""
    ax.figure.canvas.draw()
    box = ax.patches[-1].get_window_extent()
    return ax.transAxes.inverted().transform([[box.x0, box.y0], [box.x1, box.y1]])


def test_the_scene_holds_the_words():
    paths = tj.compare(BOWL, ["sgd:0.95", "adam:0.3"], steps=30)
    assert tj.Scene.of(paths, resolution=3, annotate=True).notes == LINES
    assert tj.Scene.of(paths, resolution=3).notes == ()


def test_the_plot_shows_them():
    ax = tj.plot(tj.compare(BOWL, ["sgd:0.95"], steps=30), annotate=True)
    assert tuple(text.get_text() for text in note_of(ax)) == LINES
    assert note_of(tj.plot(tj.descend(BOWL, "sgd"))) == []


@pytest.mark.parametrize("theme", ["light", "slides"])
def test_there_is_as_much_room_above_the_words_as_below(theme):
    ax = tj.plot(tj.compare(BOWL, ["sgd:0.95"], steps=30), annotate=True, theme=theme)
    ax.figure.canvas.draw()
    box = ax.patches[-1].get_window_extent()
    first, *_, last = note_of(ax)
    size = first.get_fontsize() * ax.figure.dpi / 72
    above = box.y1 - (ax.transAxes.transform(first.get_position())[1] + 0.74 * size)
    below = ax.transAxes.transform(last.get_position())[1] - box.y0
    assert above == pytest.approx(below, abs=1)
    assert above > 0.5 * size


def test_it_is_the_minimum_that_the_first_path_leads_to():
    path = tj.descend("himmelblau", "adam:0.1", start=(-3, 3), steps=100)
    assert tj.Scene.of(path, resolution=3, annotate=True).notes[0] == "minimum at (−2.81, 3.13)"


def test_without_a_minimum_it_is_the_start():
    path = tj.descend("saddle", "sgd:0.01", steps=10)
    notes = tj.Scene.of(path, resolution=3, annotate=True).notes
    assert notes[:2] == ("slope at (−1.5, 0.001)", "curvature −2 to 2")


@pytest.mark.parametrize("theme", ["light", "slides-dark", "print"])
@pytest.mark.parametrize("surface", [BOWL, "rosenbrock", "himmelblau", "beale", "saddle"])
def test_the_box_lies_inside_and_covers_no_minimum(surface, theme):
    paths = tj.compare(surface, ["sgd:0.001", "adam:0.1"], steps=60)
    ax = tj.plot(paths, annotate=True, theme=theme)
    low, high = box_of(ax)
    assert (low > 0).all()
    assert (high < 1).all()
    scene = tj.Scene.of(paths, resolution=3)
    shown = obstacles(scene)
    inside = ((shown > low) & (shown < high)).all(axis=1)
    assert inside.mean() < 0.25
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    minima = (paths[0].surface.minima - [x0, y0]) / [x1 - x0, y1 - y0]
    assert not ((minima > low) & (minima < high)).all(axis=1).any()


def test_the_counter_stays_off_the_box():
    ax = tj.plot(tj.compare(BOWL, ["sgd:0.95"], steps=30), annotate=True)
    low, high = box_of(ax)
    for text in ax.texts:
        if text.get_text() == "step":
            extent = text.get_window_extent()
            corners = ax.transAxes.inverted().transform(
                [[extent.x0, extent.y0], [extent.x1, extent.y1]]
            )
            assert (corners[1] < low).any() or (corners[0] > high).any()


def test_a_small_panel_sets_them_smaller():
    ax = tj.plot_overlay(tj.descend(BOWL, "sgd"), size=(240, 200), annotate=True).axes[0]
    low, high = box_of(ax)
    assert (low > -0.02).all()
    assert (high < 1.02).all()


def test_a_movie_ends_in_the_static_plot():
    paths = tj.compare(BOWL, ["sgd:0.95"], steps=5)
    *_, last = tj.animate(paths, annotate=True, size=(300, 240)).frames()
    figure = tj.plot_overlay(paths, annotate=True, size=(300, 240))
    figure.canvas.draw()
    assert np.array_equal(last, np.asarray(figure.canvas.buffer_rgba())[..., :3])


@pytest.mark.parametrize("part", [0.15, 0.25, 0.35])
def test_words_that_are_too_wide_are_set_smaller(part):
    paths = tj.compare(BOWL, ["sgd:0.95"], steps=30)
    figure = new_figure((960, 600))
    wide, narrow = figure.add_axes([0.05, 0.1, 0.5, 0.8]), figure.add_axes([0.6, 0.1, part, 0.8])
    for ax in (wide, narrow):
        tj.plot(paths, ax=ax, annotate=True)
    figure.canvas.draw()
    sizes = [note_of(ax)[0].get_fontsize() for ax in (wide, narrow)]
    assert (sizes[1] < sizes[0]) == (part < 0.3)
    low, high = box_of(narrow)
    assert 0 <= low[0] < high[0] <= 1
    for text in note_of(narrow):
        box = text.get_window_extent()
        assert narrow.bbox.x0 <= box.x0 < box.x1 <= narrow.bbox.x1


@pytest.mark.parametrize(("room", "scale"), [(1.1, 1.0), (0.92, 0.85), (0.8, 0.72), (0.5, 1.0)])
def test_words_are_set_smaller_where_that_finds_them_a_free_place(room, scale):
    ax = new_figure((400, 300)).add_subplot()
    free = draw_notes(ax, LINES, np.empty((0, 2)), np.empty((0, 2)))
    size = ax.texts[-1].get_fontsize()
    everywhere = np.stack(np.meshgrid(np.linspace(0, 1, 101), np.linspace(0, 1, 101)), -1)
    taken = everywhere.reshape(-1, 2)
    # What is free is a corner, for a box of which this is the part, and the gaps around it.
    wide, high = room * (np.ptp(free, axis=0) + 0.04)
    taken = taken[(taken[:, 0] > wide) | (taken[:, 1] > high)]
    box = draw_notes(ax, LINES, np.empty((0, 2)), taken)
    assert ax.texts[-1].get_fontsize() == pytest.approx(scale * size)
    low, top = box.min(axis=0), box.max(axis=0)
    covered = ((taken >= low) & (taken <= top)).all(axis=1).any()
    assert covered == (room == 0.5)
