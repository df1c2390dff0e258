"""Which steps the frames of a moving picture show."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from trajectories import Surface, animate, descend

BOWL = "x**2/20 + y**2"
PACES = ["steps", "length", "loss"]
FLOOR = Surface("x**2 + y**2")
SLOPE = Surface("x", domain=((-20, 20), (-20, 20)))
#: All that a coordinate can be, with many that are alike.
COORDINATES = st.one_of(
    st.sampled_from([0.0, 1.0, -2.0, 1e-300, 1e308, -1e308, float("nan")]),
    st.floats(-5, 5),
    st.floats(allow_nan=True, allow_infinity=True),
)
PATHS = st.lists(
    st.lists(st.tuples(COORDINATES, COORDINATES), min_size=2, max_size=30), min_size=1, max_size=3
)


def relaxed(examples):
    return settings(max_examples=examples, deadline=None, database=None, derandomize=True)


def frame_steps(paths, frames, pace):
    return list(animate(paths, frames=frames, pace=pace).frame_steps)


def made_of(handmade, rows):
    """Return a trajectory whose rows from the first that is not finite are NaN."""
    positions = np.array(rows, dtype=float)
    with np.errstate(all="ignore"):
        good = np.isfinite(FLOOR.value(positions)) & np.isfinite(positions).all(axis=1)
    positions[~np.logical_and.accumulate(good)] = np.nan
    return handmade(positions, FLOOR)


@relaxed(150)
@given(paths=PATHS, frames=st.integers(1, 40), pace=st.sampled_from(PACES))
def test_frames_rise_from_the_start_to_the_end_and_are_no_more_than_asked(
    handmade, paths, frames, pace
):
    trajectories = [made_of(handmade, rows) for rows in paths]
    last = max(len(rows) for rows in paths) - 1
    shown = frame_steps(trajectories, frames, pace)
    assert all(type(step) is int for step in shown)
    assert 1 <= len(shown) <= frames
    assert shown == sorted(shown)
    if frames == 1:
        assert shown == [last]
    else:
        assert (shown[0], shown[-1]) == (0, last)
        assert len(shown) >= 2
    if pace == "steps":
        assert len(shown) == frames


@relaxed(100)
@given(
    rows=st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=2, max_size=40),
    frames=st.integers(2, 30),
)
def test_frames_lie_at_equal_lengths_of_the_way(handmade, rows, frames):
    path = handmade(rows, FLOOR)
    way = np.hypot(*np.diff(path.positions, axis=0).T).cumsum()
    if not way[-1] > 1e-6:
        return
    gone = np.array([0.0, *way / way[-1]])
    expected = {0, len(rows) - 1}
    for mark in np.linspace(0, 1, frames)[1:-1]:
        expected.add(int(np.flatnonzero(gone >= mark - 1e-9)[0]))
    assert frame_steps(path, frames, "length") == sorted(expected)


HALVES = [2.0**-i for i in range(13)]
#: Falls fast for 6 steps, and slowly for 60.
SLOWER = HALVES[:7] + [HALVES[6] * 2 ** (-i / 10) for i in range(1, 61)]
BUMPED = [*HALVES[:5], 1.0, 1.0, *HALVES[4:9]]


@pytest.mark.parametrize(
    ("x", "pace", "frames", "shown"),
    [
        ([abs(50 - i) for i in range(101)], "length", 11, [*range(0, 101, 10)]),
        ([0.7e308 * (-1) ** i for i in range(11)], "length", 6, [0, 2, 4, 6, 8, 10]),
        ([2 * HALVES[0] * 1e301 - i * 1e300 for i in range(11)], "loss", 6, [0, 2, 4, 6, 8, 10]),
        (HALVES, "loss", 5, [0, 3, 6, 9, 12]),
        (SLOWER, "loss", 13, [0, 1, 2, 3, 4, 5, *range(6, 67, 10)]),
        (BUMPED, "loss", 9, [0, 1, 2, 3, 4, 8, 9, 10, 11]),  # What rises does not count twice.
        ([*HALVES[:11], 0.0], "loss", 6, [0, 2, 4, 6, 8, 11]),  # Nor does the minimum take all.
    ],
)
def test_frames_of_paths_along_a_line(x, pace, frames, shown, handmade):
    surface = SLOPE if max(x) > 1e300 else FLOOR  # On which f is finite.
    assert frame_steps(handmade([(here, 0) for here in x], surface), frames, pace) == shown


@pytest.mark.parametrize("pace", PACES)
def test_a_path_that_does_not_move_or_has_one_step_is_counted_by_steps(pace, handmade):
    still = handmade([(1.0, 1.0)] * 9, FLOOR)
    lost = handmade([(1.0, 1.0)] + [(np.nan, np.nan)] * 8, FLOOR)
    for path in (still, lost):
        assert frame_steps(path, 5, pace) == [0, 2, 4, 6, 8]
    one = descend(BOWL, "sgd:lr=0.5", steps=1)
    assert frame_steps(one, None, pace) == [0, 1]
    assert frame_steps(one, 1, pace) == [1]
