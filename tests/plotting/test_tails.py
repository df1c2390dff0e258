"""Tails: how much of a path is shown behind its head."""

import numpy as np
import pytest

from trajectories import animate, compare, descend
from trajectories.plotting.panels import LAYOUTS
from trajectories.plotting.paths_3d import Climbers
from trajectories.plotting.plots import draw
from trajectories.plotting.scene import Curves, Paths
from trajectories.plotting.theme import Extras, applied

BOWL = "x**2/20 + y**2"
FLAT = ["overlay", "grid", "race"]
SIZE = (240, 180)


def picture(layout, paths, tail, **kwargs):
    with applied("light") as chosen:
        paths = paths if isinstance(paths, list) else [paths]
        return LAYOUTS[layout](paths, chosen, size=SIZE, extras=Extras(tail=tail), **kwargs)


def lines_of(shown):
    """Return lines and heads of all paths, in their order."""
    movers = [mover for mover in shown.movers if isinstance(mover, Paths)]
    halves = [(m.artists[: len(m.artists) // 2], m.artists[len(m.artists) // 2 :]) for m in movers]
    return [line for lines, _ in halves for line in lines], [
        h for _, heads in halves for h in heads
    ]


@pytest.mark.parametrize("layout", FLAT)
@pytest.mark.parametrize("tail", [1, 3, 200])
def test_so_many_segments_are_shown(layout, tail, zigzag):
    shown = picture(layout, zigzag, tail)
    for step in (0, 1, 2, 7, 30, 4):
        shown.show(step)
        for line, path in zip(lines_of(shown)[0], zigzag, strict=True):
            points = line.get_xydata()
            assert len(points) - 1 == min(tail, step)
            np.testing.assert_array_equal(points, path.positions[max(step - tail, 0) : step + 1])


@pytest.mark.parametrize("layout", FLAT)
def test_heads_are_where_they_are_without_a_tail(layout, zigzag):
    shown, whole = picture(layout, zigzag, 2), picture(layout, zigzag, None)
    for step in (0, 5, 30):
        shown.show(step)
        whole.show(step)
        for one, other in zip(lines_of(shown)[1], lines_of(whole)[1], strict=True):
            np.testing.assert_array_equal(one.get_xydata(), other.get_xydata())


def test_each_path_of_a_batch_has_its_tail(many):
    shown = picture("overlay", many, 3)
    for step in (1, 3, 12):
        shown.show(step)
        points = lines_of(shown)[0][0].get_xydata()
        breaks = np.isnan(points).any(axis=1)
        assert len(points) == 6 * (min(step, 3) + 2)
        assert breaks[:: -min(step, 3) - 2].all()


@pytest.mark.parametrize(("steps", "tail"), [(30, 1), (30, 4), (200, 25), (200, 60), (200, 150)])
def test_markers_stay_at_their_steps(steps, tail):
    path = descend(BOWL, "adam:lr=0.05", (-7, 2), steps)
    shown = picture("overlay", path, tail)
    (line,), _ = lines_of(shown)
    seen = set()
    for step in range(steps + 1):
        shown.show(step)
        begin = max(step - tail, 0)
        every = line.get_markevery()
        first, apart = every if isinstance(every, tuple) else (0, every)
        marked = {begin + i for i in range(first, min(step, tail) + 1, apart)}
        assert all(mark % apart == 0 for mark in marked)
        # None of them that is still shown has gone.
        assert {mark for mark in seen if begin <= mark} <= marked
        seen |= marked


@pytest.mark.parametrize("markevery", [7, None])
def test_markers_of_the_users_own_stay_as_they_are(markevery, zigzag):
    shown = picture("overlay", zigzag, 9, markevery=markevery)
    shown.show(12)
    assert {line.get_markevery() for line in lines_of(shown)[0]} == {markevery}


@pytest.mark.parametrize("layout", ["overlay", "3d"])
def test_without_a_tail_the_last_frame_is_the_still_picture(layout, leaving, pixels):
    *_, last = animate(leaving, layout=layout, size=SIZE, frames=1, tail=None).frames()
    np.testing.assert_array_equal(last, pixels(draw(layout, leaving, size=SIZE)))


@pytest.mark.parametrize("layout", ["overlay", "3d"])
def test_a_tail_as_long_as_the_path_is_the_whole_path(layout, short):
    how = {"layout": layout, "size": SIZE, "frames": 4}  # The steps 0, 2, 4, 6.
    whole = list(animate(short, **how).frames())
    tailed = list(animate(short, **how, tail=6).frames())
    np.testing.assert_array_equal(tailed, whole)
    shorter = list(animate(short, **how, tail=2).frames())
    np.testing.assert_array_equal(shorter[:2], whole[:2])
    assert all((a != b).any() for a, b in zip(shorter[2:], whole[2:], strict=True))


def test_what_has_left_leaves_its_arrow_alone(leaving):
    shown = picture("overlay", leaving, 3)
    left = shown.scene.tracks[0].exits[0].step
    shown.show(left + 5)
    out, *_ = lines_of(shown)[0]
    assert not np.isfinite(out.get_xydata()).any()
    assert any("leaves at step" in t.get_text() and t.get_visible() for t in out.axes.texts)


def test_losses_of_a_race_have_no_tail(zigzag):
    shown = picture("race", zigzag, 3)
    (curves,) = (mover for mover in shown.movers if isinstance(mover, Curves))
    shown.show(20)
    assert [len(line.get_xydata()) for line in curves.artists[:4]] == [21] * 4


@pytest.mark.parametrize(("tail", "orbit"), [(1, 0), (5, 40)])
def test_on_the_surface_it_is_the_same_part_of_the_path(tail, orbit, zigzag):
    shown = picture("3d", zigzag, tail, orbit=orbit)
    whole = picture("3d", zigzag, None, orbit=orbit)
    (climbers,), (all_of_it,) = (
        [mover for mover in p.movers if isinstance(mover, Climbers)] for p in (shown, whole)
    )
    for step in (0, 2, 9, 30):
        shown.show(step)
        whole.show(step)
        groups = [
            np.array_split(np.array(c.artists, dtype=object), 3) for c in (climbers, all_of_it)
        ]
        for (line, marks, head), (way, spots, top) in zip(
            zip(*groups[0], strict=True), zip(*groups[1], strict=True), strict=True
        ):
            points, path = (np.transpose(artist.get_data_3d()) for artist in (line, way))
            np.testing.assert_allclose(points, path[len(path) - len(points) :], rtol=1e-12)
            stops, steps = (np.transpose(artist.get_data_3d()) for artist in (marks, spots))
            assert len(stops) == min(step, tail) + 1
            np.testing.assert_allclose(stops, steps[-len(stops) :], rtol=1e-12)
            # The way begins at the first of its steps, on the surface and not through it.
            np.testing.assert_allclose(points[[0, -1]], stops[[0, -1]], rtol=1e-12)
            np.testing.assert_allclose(head.get_data_3d(), top.get_data_3d(), rtol=1e-12)
            first, apart = marks.get_markevery()
            assert (max(step - tail, 0) + first) % apart == 0


def test_paths_that_end_earlier_keep_their_tails():
    paths = [descend("sphere", "sgd:0.1", steps=n, label=str(n)) for n in (3, 9)]
    for layout in ("race", "3d"):
        frames = list(animate(paths, layout=layout, size=SIZE, tail=2, frames=5).frames())
        assert len(frames) == 5


@pytest.mark.parametrize(
    ("tail", "error"), [(0, ValueError), (-2, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_a_tail_is_a_number_of_steps(tail, error):
    with pytest.raises(error, match="`tail`"):
        animate(compare(BOWL, ["sgd"]), tail=tail)
