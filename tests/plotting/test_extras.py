"""What a picture shows beside the paths: what theory says, tails, and all of it together."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from trajectories import Scene, animate, compare, descend, plot

BOWL = "x**2/20 + y**2"
SIZE = (280, 210)
NOTES = (
    "minimum at (0, 0)",
    "curvature 0.1 to 2",
    "condition number 20",
    "SGD stable below lr 1",
    "Momentum(0.9) below 1.9",
)


@pytest.fixture(scope="module")
def bowl():
    return compare(BOWL, ["sgd:0.95"], steps=30)


@pytest.mark.parametrize(
    ("layout", "name"),
    [("grid", "theory"), ("3d", "step_arrows"), ("overlay", "orbit"), ("race", "azimuth")],
)
def test_what_a_layout_does_not_have_is_refused(layout, name, short, tmp_path):
    moving = animate(short, layout=layout, **{name: 1 if name in ("orbit", "azimuth") else True})
    with pytest.raises(ValueError, match=rf'`{name}` must be left out in the layout "{layout}"'):
        moving.save(tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []


def test_step_arrows_need_every_step():
    thinned = compare(BOWL, ["sgd:lr=0.95"], steps=20, record=5)
    with pytest.raises(ValueError, match="`record` must be 'all'"):
        animate(thinned, step_arrows=True).picture()


def test_a_path_of_one_step_and_one_that_stands_still_show_all_of_it():
    flat = {"step_arrows": True, "theory": True}
    for start, steps, layout, more in (
        ((-7, 2), 1, "overlay", flat),
        ([(0, 0)] * 4, 2, "race", {}),
        ((0, 0), 2, "race", flat),
        ((0, 0), 2, "3d", {}),
    ):
        path = descend(BOWL, "momentum:lr=0.1", start, steps)
        how = {"size": (200, 150), "trail": 1, "readout": True, **more}
        assert len(list(animate(path, layout=layout, **how).frames())) == steps + 1


def notes_of(ax):
    """Return the texts of what theory says, from the top."""
    words = ("minimum at", "slope at", "curvature", "condition", "stable", "below")
    found = [text for text in ax.texts if any(word in text.get_text() for word in words)]
    return sorted(found, key=lambda text: -text.get_position()[1])


def box_of(ax):
    """Return the notes' box in parts of the panel."""
    ax.figure.canvas.draw()
    return ax.transAxes.inverted().transform(ax.patches[-1].get_window_extent().get_points())


def test_the_scene_and_the_plot_hold_what_theory_says(bowl):
    assert Scene.of(bowl, resolution=3, theory=True).notes == NOTES
    assert Scene.of(bowl, resolution=3).notes == ()
    assert tuple(text.get_text() for text in notes_of(plot(bowl, theory=True))) == NOTES
    assert notes_of(plot(bowl)) == []


@pytest.mark.parametrize(
    ("name", "start", "said"),
    [
        ("himmelblau", (-3, 3), ("minimum at (−2.81, 3.13)",)),  # To which the path leads.
        ("saddle", None, ("slope at (−1.5, 0.001)", "curvature −2 to 2")),
    ],
)
def test_it_is_the_nearest_minimum_or_the_start(name, start, said):
    path = descend(name, "adam:0.01" if start is None else "adam:0.1", start, 100)
    assert Scene.of(path, resolution=3, theory=True).notes[: len(said)] == said


@pytest.mark.parametrize(
    ("surface", "theme"),
    [("rosenbrock", "slides-dark"), ("himmelblau", "print")],
)
def test_the_box_lies_inside_and_covers_no_minimum_and_little_else(surface, theme):
    paths = compare(surface, ["sgd:0.001", "adam:0.1"], steps=60)
    ax = plot(paths, theory=True, theme=theme)
    low, high = box_of(ax)
    assert (low > 0).all()
    assert (high < 1).all()
    to_parts = ax.transData + ax.transAxes.inverted()

    def inside(places):
        parts = to_parts.transform(places)
        return ((parts > low) & (parts < high)).all(axis=1)

    assert not inside(paths[0].surface.minima).any()
    assert np.concatenate([inside(path.positions) for path in paths]).mean() < 0.25


def test_counter_and_readout_stay_off_the_box(bowl):
    ax = plot(bowl, theory=True, readout=True)
    ax.figure.canvas.draw()
    boxes = [patch.get_window_extent() for patch in ax.patches]
    assert len(boxes) == 2
    boxes += [text.get_window_extent() for text in ax.texts if text.get_text() == "step"]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


@pytest.mark.parametrize("part", [0.15, 0.35])
def test_words_that_are_too_wide_are_set_smaller(part, bowl):
    figure = Figure((9.6, 6), dpi=100)
    wide, narrow = figure.add_axes([0.05, 0.1, 0.5, 0.8]), figure.add_axes([0.6, 0.1, part, 0.8])
    for ax in (wide, narrow):
        plot(bowl, ax=ax, theory=True)
    sizes = [notes_of(ax)[0].get_fontsize() for ax in (wide, narrow)]
    assert (sizes[1] < sizes[0]) == (part < 0.3)
    low, high = box_of(narrow)
    assert 0 <= low[0] < high[0] <= 1
    for text in notes_of(narrow):
        box = text.get_window_extent()
        assert narrow.bbox.x0 <= box.x0 < box.x1 <= narrow.bbox.x1


def lines_of(shown):
    """Return the lines of all paths, in their order, without those of losses."""
    panels = [ax for ax in shown.figure.axes if ax.get_xlabel() != "step"]
    return [line for ax in panels for line in ax.lines if line.get_linestyle() == "-"]


@pytest.mark.parametrize(("layout", "trail"), [("overlay", 200), ("grid", 4), ("race", 1)])
def test_so_many_segments_are_shown_and_losses_have_no_tail(layout, trail, zigzag):
    shown, whole = (
        animate(zigzag, layout=layout, size=SIZE, **how).picture() for how in ({"trail": trail}, {})
    )
    for step in (0, 1, 7, 30, 4):
        for picture in (shown, whole):
            picture.show(step)
        for line, path in zip(lines_of(shown)[: len(zigzag)], zigzag, strict=True):
            np.testing.assert_array_equal(
                line.get_xydata(), path.positions[max(step - trail, 0) : step + 1]
            )
        heads = [
            [line.get_xydata() for ax in p.figure.axes for line in ax.lines if line.zorder >= 20]
            for p in (shown, whole)
        ]
        np.testing.assert_array_equal(*heads)
    if layout == "race":
        curves = [line for line in shown.figure.axes[1].lines if line.get_linestyle() == "-"]
        assert [len(line.get_xdata()) for line in curves] == [5] * 4


@pytest.mark.parametrize(("trail", "orbit"), [(5, 40)])
def test_on_the_surface_it_is_the_same_part_of_the_path(trail, orbit, zigzag):
    shown, whole = (
        animate(zigzag, layout="3d", size=SIZE, orbit=orbit, trail=t).picture()
        for t in (trail, None)
    )

    def parts(picture):
        (ax,) = picture.figure.axes
        ways = [line for line in ax.lines if line.get_linestyle() == "-"]
        marks = [line for line in ax.lines if line.get_label() == "_steps"]
        heads = [line for line in ax.lines if line.zorder >= 20]
        return list(zip(ways, marks, heads, strict=True))

    for step in (0, 2, 9, 30):
        shown.show(step)
        whole.show(step)
        for (line, marks, head), (way, spots, top) in zip(parts(shown), parts(whole), strict=True):
            points, path = (np.transpose(artist.get_data_3d()) for artist in (line, way))
            np.testing.assert_allclose(points, path[len(path) - len(points) :], rtol=1e-12)
            stops, steps = (np.transpose(artist.get_data_3d()) for artist in (marks, spots))
            assert len(stops) == min(step, trail) + 1
            np.testing.assert_allclose(stops, steps[-len(stops) :], rtol=1e-12)
            # The way begins at the first of its steps, on the surface and not through it.
            np.testing.assert_allclose(points[[0, -1]], stops[[0, -1]], rtol=1e-12)
            np.testing.assert_allclose(head.get_data_3d(), top.get_data_3d(), rtol=1e-12)
            first, apart = marks.get_markevery()
            assert (max(step - trail, 0) + first) % apart == 0
