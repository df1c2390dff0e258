"""What a descent keeps: every step, every so many, or the last."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import trajectories as tj

BOWL = "x**2/20 + y**2"


@pytest.mark.parametrize("rule", ["sgd:0.9", "adam:0.3"])
@pytest.mark.parametrize(
    ("record", "rows"),
    [(1, range(31)), (7, [0, 7, 14, 21, 28, 30]), (10, [0, 10, 20, 30]), ("last", [0, 30])],
)
def test_what_is_kept_is_what_all_would_have_had(rule, record, rows, tmp_path):
    starts = [(-7, 2), (1, 1)]
    (whole,) = tj.compare(BOWL, rule, starts, steps=30)
    (part,) = tj.compare(BOWL, rule, starts, steps=30, record=record)
    for one in (part, part[1]):
        assert one.recorded.tolist() == list(rows)
        assert one.steps == whole.steps == 30
    for name in ("positions", "values", "gradients"):
        assert np.array_equal(getattr(part, name), getattr(whole, name)[list(rows)])
        assert np.array_equal(getattr(part[1], name), getattr(whole, name)[list(rows), 1])
    assert np.array_equal(part.final, whole.final)
    part.save(tmp_path / "path.npz")
    assert tj.Trajectory.load(tmp_path / "path.npz") == part


@settings(max_examples=30)
@given(steps=st.integers(1, 40), record=st.integers(1, 60))
def test_start_and_end_are_always_kept(steps, record):
    rows = tj.descend("sphere", "sgd:0.1", steps=steps, record=record).recorded
    assert (rows[0], rows[-1]) == (0, steps)
    assert (np.diff(rows) > 0).all()
    assert (np.diff(rows) <= record).all()


@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        ("some", ValueError, "`record` must be 'all', 'last' or a whole number. Got 'some'"),
        (0, ValueError, "`record` must be at least 1. Got 0"),
        (1.5, TypeError, "`record` must be an integer. Got 1.5"),
        (True, TypeError, "`record` must be an integer. Got True"),
    ],
)
def test_nothing_else_can_be_kept(bad, error, words):
    with pytest.raises(error, match=words):
        tj.descend(BOWL, "sgd", record=bad)


def test_many_paths_with_noise_and_tolerance_end_where_all_would_have_had():
    starts = np.random.default_rng(0).uniform(-3, 3, (9000, 2))
    how = {"steps": 40, "noise": 0.1, "rng": 3, "tolerance": 0.05}
    whole = tj.descend(BOWL, "momentum:0.1", starts, **how)
    last = tj.descend(BOWL, "momentum:0.1", starts, **how, record="last")
    assert set(whole.status) == {"converged", "finished"}
    assert np.array_equal(whole.positions[-1], last.positions[-1])
    assert np.array_equal(whole.converged_at, last.converged_at)
    assert np.array_equal(whole.status, last.status)


def test_a_path_that_has_converged_is_held_in_every_kept_row():
    path = tj.descend(BOWL, "sgd:0.5", steps=200, tolerance=0.3, record=10)
    assert path.status == "converged"
    after = path.recorded >= path.converged_at
    assert after.sum() > 3
    assert (path.positions[after] == path.positions[-1]).all()
    whole = tj.descend(BOWL, "sgd:0.5", steps=200, tolerance=0.3)
    assert np.array_equal(path.positions[-1], whole.positions[path.converged_at])


def test_divergence_is_the_first_kept_row_that_is_not_finite():
    whole = tj.descend(BOWL, "sgd:1e9", steps=100)
    part = tj.descend(BOWL, "sgd:1e9", steps=100, record=8)
    assert whole.status == part.status == "diverged"
    assert part.diverged_at == min(row for row in part.recorded if row >= whole.diverged_at)
    lost = part.recorded >= part.diverged_at
    assert np.isnan(part.positions[lost]).all()
    assert np.isfinite(part.positions[~lost]).all()
    assert np.array_equal(part.final, part.positions[~lost][-1])


def test_a_picture_shows_the_last_kept_row_between_two():
    path = tj.descend(BOWL, "sgd:0.9", steps=30, record=10)
    scene = tj.Scene.of(path, resolution=3)
    (track,) = scene.tracks
    assert scene.steps == 30
    for step in range(31):
        assert np.array_equal(track.positions[step, 0], path.positions[step // 10])
        assert track.values[step, 0] == path.values[step // 10]
    assert len(tj.animate(path)) == 31


def test_without_a_history_memory_does_not_grow_with_the_steps():
    starts = np.random.default_rng(0).uniform(-2, 2, (50_000, 2))
    tj.descend("rosenbrock", tj.Adam(0.01), starts[:10], 2, record="last")
    tracemalloc.start()
    path = tj.descend("rosenbrock", tj.Adam(0.01), starts, 40, record="last")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    held = sum(a.nbytes for a in (path.positions, path.gradients, path.values, path.status))
    assert peak - held < 8e6
