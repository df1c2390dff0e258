"""Which steps the frames of a moving picture show."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajectories import Surface, animate, compare, descend
from trajectories.plotting.animate import PACES, frame_steps

BOWL = "x**2/20 + y**2"
PACED = [pace for pace in PACES if pace != "steps"]
FLOOR = Surface("x**2 + y**2")
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


def made_of(handmade, rows):
    """Return a trajectory whose rows from the first that is not finite are NaN."""
    positions = np.array(rows, dtype=float)
    with np.errstate(all="ignore"):
        good = np.isfinite(FLOOR.value(positions)) & np.isfinite(positions).all(axis=1)
    positions[~np.logical_and.accumulate(good)] = np.nan
    return handmade(positions, FLOOR)


@relaxed(300)
@given(paths=PATHS, frames=st.integers(1, 40), pace=st.sampled_from(list(PACES)))
def test_frames_rise_from_the_start_to_the_end_and_are_no_more_than_asked(
    handmade, paths, frames, pace
):
    trajectories = [made_of(handmade, rows) for rows in paths]
    last = max(len(rows) for rows in paths) - 1
    shown = frame_steps(trajectories, frames, pace)
    assert all(type(step) is int for step in shown)
    assert 1 <= len(shown) <= frames
    assert shown[-1] == last
    assert shown == sorted(shown)
    if frames == 1:
        assert shown == [last]
    else:
        assert shown[0] == 0
        assert len(shown) >= 2
    if pace == "steps":
        assert len(shown) == frames


@relaxed(200)
@given(
    rows=st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=2, max_size=40),
    frames=st.integers(2, 30),
)
def test_frames_lie_at_equal_lengths_of_the_way(handmade, rows, frames):
    path = handmade(rows, FLOOR)
    way = np.hypot(*np.diff(path.positions, axis=0).T).cumsum()
    if not way[-1] > 1e-6:
        return
    shown = frame_steps([path], frames, "length")
    gone = np.array([0.0, *way / way[-1]])
    expected = {0, len(rows) - 1}
    for mark in np.linspace(0, 1, frames)[1:-1]:
        expected.add(int(np.flatnonzero(gone >= mark - 1e-9)[0]))
    assert shown == sorted(expected)


def test_equal_steps_give_equal_frames_by_length(handmade):
    path = handmade([(i, 0) for i in range(101)], FLOOR)
    assert frame_steps([path], 11, "length") == list(range(0, 101, 10))
    turning = handmade([(abs(50 - i), 0) for i in range(101)], FLOOR)
    assert frame_steps([turning], 11, "length") == list(range(0, 101, 10))


def test_equal_factors_of_the_loss_give_equal_frames_by_loss(handmade):
    # Each step divides the loss by 4.
    path = handmade([(2.0**-i, 0) for i in range(13)], FLOOR)
    assert frame_steps([path], 5, "loss") == [0, 3, 6, 9, 12]
    # It falls fast for 6 steps, and slowly for 60.
    halves = [2.0**-i for i in range(7)]
    slow = [halves[-1] * 2 ** (-i / 10) for i in range(1, 61)]
    shown = frame_steps([handmade([(x, 0) for x in halves + slow], FLOOR)], 13, "loss")
    assert shown == [0, 1, 2, 3, 4, 5, *range(6, 67, 10)]


def test_a_loss_that_rises_again_does_not_count_twice(handmade):
    down = [(2.0**-i, 0) for i in range(9)]
    bumped = down[:5] + [(1.0, 0), (1.0, 0), (2.0**-4, 0)] + down[5:]
    shown = frame_steps([handmade(bumped, FLOOR)], 9, "loss")
    assert shown == [0, 1, 2, 3, 4, 8, 9, 10, 11]


def test_a_minimum_that_is_met_exactly_does_not_take_all_the_frames(handmade):
    rows = [(2.0**-i, 0) for i in range(11)] + [(0.0, 0.0)]
    assert frame_steps([handmade(rows, FLOOR)], 6, "loss") == [0, 2, 4, 6, 8, 11]


def test_without_a_known_minimum_it_is_the_loss_itself_that_falls(handmade):
    slope = Surface("x", domain=((-20, 20), (-20, 20)))
    path = handmade([(10 - i, 0) for i in range(11)], slope)
    assert frame_steps([path], 6, "loss") == [0, 2, 4, 6, 8, 10]


@pytest.mark.parametrize("pace", PACED)
def test_fast_and_slow_paths_are_both_seen_to_move(pace):
    paths = compare("sphere", {"fast": "sgd:lr=0.4", "slow": "sgd:lr=0.004"}, steps=300)
    shown = frame_steps(paths, 30, pace)
    assert shown[:3] == [0, 1, 2]  # The fast one, ...
    assert sum(step > 30 for step in shown) >= 8  # ... and the slow one.


@pytest.mark.parametrize("pace", PACED)
def test_order_of_the_paths_does_not_count(pace, zigzag):
    assert frame_steps(zigzag, 9, pace) == frame_steps(zigzag[::-1], 9, pace)


@pytest.mark.parametrize("pace", PACES)
def test_a_path_that_does_not_move_is_counted_by_steps(pace, handmade):
    still = handmade([(1.0, 1.0)] * 9, FLOOR)
    assert frame_steps([still], 5, pace) == [0, 2, 4, 6, 8]
    lost = handmade([(1.0, 1.0)] + [(np.nan, np.nan)] * 8, FLOOR)
    assert frame_steps([lost], 5, pace) == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("pace", PACES)
def test_one_step_is_two_frames(pace):
    path = descend(BOWL, "sgd:lr=0.5", steps=1)
    assert frame_steps([path], None, pace) == [0, 1]
    assert frame_steps([path], 1, pace) == [1]


@pytest.mark.parametrize("pace", PACES)
def test_diverged_paths_and_batches_of_starts_count_by_what_they_have_done(pace, leaving, many):
    for paths in (leaving, [many], [*leaving, descend(leaving[0].surface, "sgd:1e200", (1, 1), 9)]):
        shown = frame_steps(paths, 8, pace)
        assert shown[0] == 0
        assert shown[-1] == max(path.steps for path in paths)
        assert all(a < b for a, b in itertools.pairwise(shown))
        assert 3 <= len(shown) <= 8


def test_lengths_whose_sum_is_infinite_are_no_trouble(handmade):
    rows = [(0.7e308 * (-1) ** i, 0.0) for i in range(11)]
    slope = Surface("x", domain=((-1, 1), (-1, 1)))
    assert frame_steps([handmade(rows, slope)], 6, "length") == [0, 2, 4, 6, 8, 10]


@pytest.mark.parametrize("pace", PACED)
def test_steps_that_were_not_recorded_are_counted_from_those_that_were(pace):
    tenth = descend(BOWL, "momentum:lr=0.1", steps=100, record=10)
    shown = frame_steps([tenth], 11, pace)
    assert (shown[0], shown[-1]) == (0, 100)
    assert 5 <= len(shown) <= 11
    assert all(a < b for a, b in itertools.pairwise(shown))


def test_paces_reach_the_animation_and_their_names_may_be_misspelt(zigzag):
    assert animate(zigzag, pace="Length", frames=6).frame_steps == tuple(
        frame_steps(zigzag, 6, "length")
    )
    with pytest.raises(ValueError, match=r"Unknown pace 'lenght'. Did you mean 'length'\?"):
        animate(zigzag, pace="lenght")
    with pytest.raises(ValueError, match="`frames` must be at most 100,000"):
        animate(zigzag, frames=100_001)
