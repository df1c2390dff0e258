"""Basins of attraction: where starts lead, and how soon."""

from dataclasses import replace

import numpy as np
import pytest

from trajectories import SGD, SURFACES, descend
from trajectories.maps.basins import Basins, basins, resting_places
from trajectories.maps.cells import arrivals

CAMEL = ((-2.0, 2.0), (-1.0, 1.0))


def slowly(path, minima, radius):
    """Say in plain Python where one path ends, and from which step on it stays there."""
    end = path.positions[-1]
    if not np.isfinite(end).all():
        return -1, -1
    distances = [np.hypot(*(end - place)) for place in minima]
    nearest = int(np.argmin(distances))
    if distances[nearest] > radius:
        return -1, -1
    step = path.steps
    while step > 0 and np.hypot(*(path.positions[step - 1] - minima[nearest])) <= radius:
        step -= 1
    return nearest, step


@pytest.mark.parametrize("rule", ["sgd:0.02", "momentum:0.01", "adam:0.3", "newton"])
def test_every_cell_tells_where_its_own_descent_ends(rule):
    found = basins("himmelblau", rule, 60, resolution=(9, 7))
    assert found.minimum.shape == (7, 9)
    x, y = found.axes["x"], found.axes["y"]
    for row, column in np.ndindex(7, 9):
        path = descend("himmelblau", rule, (x[column], y[row]), 60)
        expected = slowly(path, found.minima, found.radius)
        assert (found.minimum[row, column], found.steps[row, column]) == expected
        assert found.trajectory(row, column) == path
        known = {"converged": expected[0] >= 0, "diverged": bool(path.status == "diverged")}
        assert known.get(str(found.status[row, column]), not any(known.values()))


def test_starts_are_the_middles_of_cells():
    found = basins("sphere", "sgd:0.1", 5, resolution=(4, 2), limits=((0, 8), (-1, 1)))
    assert found.axes["x"].tolist() == [1, 3, 5, 7]
    assert found.axes["y"].tolist() == [-0.5, 0.5]
    assert found.nearest(2.9, 9.0) == (1, 1)
    assert found.limits == ((0.0, 8.0), (-1.0, 1.0))


def test_nothing_arrives_where_all_diverges():
    found = basins("rosenbrock", "sgd:10", 50, resolution=10)
    assert (found.minimum == -1).all()
    assert (found.steps == -1).all()
    assert (found.status == "diverged").all()
    assert found.shares.tolist() == [0.0] * len(found.minima)


def test_a_start_at_the_minimum_takes_no_step():
    found = basins("sphere", "sgd:0.1", 20, resolution=5, radius=0.5)
    assert found.steps[2, 2] == 0
    assert found.steps[0, 0] > found.steps[1, 1] > 0


def test_a_path_that_swings_through_has_not_arrived():
    path = np.array([[3.0, 0.0], [0.0, 0.0], [-2.0, 0.0], [0.1, 0.0], [0.0, 0.0]])[:, None]
    minimum, row = arrivals(path, np.zeros((1, 2)), 0.2)
    assert (minimum[0], row[0]) == (0, 3)
    lost = np.concatenate([path, np.full((1, 1, 2), np.nan)])
    assert arrivals(lost, np.zeros((1, 2)), 0.2)[0][0] == -1


def test_global_minima_come_first_then_local_ones_by_height():
    camel = SURFACES["six_hump_camel"]
    places = resting_places(camel, CAMEL)
    known = camel.minima
    np.testing.assert_array_equal(places[:2], known)
    assert len(places) == 6
    heights = camel.value(places)
    assert (np.diff(np.round(heights, 9)) >= 0).all()
    np.testing.assert_allclose(camel.gradient(places), 0, atol=1e-5)
    np.testing.assert_array_equal(resting_places(camel, CAMEL, "global"), known)


@pytest.mark.parametrize(
    ("name", "count"),
    [("rosenbrock", 1), ("goldstein_price", 4), ("styblinski_tang", 4), ("michalewicz", 2)],
)
def test_grids_in_valleys_and_saddles_make_no_minima(name, count):
    surface = SURFACES[name]
    places = resting_places(surface, surface.domain)
    assert len(places) == count
    assert (np.linalg.eigvalsh(surface.hessian(places)) > 0).all()


def test_minima_can_be_given():
    found = basins("himmelblau", "sgd:0.01", 80, resolution=12, minima=[(3, 2)])
    assert set(np.unique(found.minimum)) == {-1, 0}
    assert set(np.unique(found.status)) == {"converged", "stopped"}
    whole = basins("himmelblau", "sgd:0.01", 80, resolution=12)
    np.testing.assert_array_equal(found.minimum == 0, whole.minimum == 0)


def test_local_minima_can_be_left_out():
    found = basins("six_hump_camel", "sgd:0.01", 200, resolution=16, limits=CAMEL, minima="global")
    assert len(found.minima) == 2
    assert (found.minimum == -1).any()


def test_long_runs_are_looked_at_in_strides():
    fine = basins("sphere", "sgd:0.002", 1000, resolution=6)
    coarse = basins("sphere", "sgd:0.002", 2500, resolution=6)
    np.testing.assert_array_equal(fine.minimum, coarse.minimum)
    assert (abs(coarse.steps - fine.steps) <= 3).all()
    assert coarse.steps.max() > 500


def test_noisy_cells_run_again_bit_for_bit():
    found = basins("himmelblau", "sgd:0.01", 40, resolution=20, noise=2.0, rng=5, block=70)
    for cell in [(0, 0), (13, 7), (19, 19)]:
        path = found.trajectory(*cell)
        expected = slowly(path, found.minima, found.radius)
        assert (found.minimum[cell], found.steps[cell]) == expected


def test_saved_map_is_the_same_when_loaded(tmp_path):
    found = basins("six_hump_camel", "adam:0.05", 60, resolution=(8, 6), limits=CAMEL, label="A")
    found.save(tmp_path / "b.npz")
    read = Basins.load(tmp_path / "b.npz")
    for name in ("minimum", "steps", "status", "minima"):
        np.testing.assert_array_equal(getattr(read, name), getattr(found, name))
    assert read.limits == found.limits
    assert repr(read) == repr(found)
    assert read.trajectory(3, 2) == found.trajectory(3, 2)
    (tmp_path / "c.npz").write_bytes(b"x")
    with pytest.raises(ValueError, match="holds no basins map"):
        Basins.load(tmp_path / "c.npz")


def test_radius_is_small_against_the_distance_of_minima():
    found = basins("himmelblau", "sgd:0.01", 5, resolution=4)
    assert found.radius == pytest.approx(np.hypot(10, 10) / 100)
    near = basins("himmelblau", "sgd:0.01", 5, resolution=4, minima=[(0, 0), (0.1, 0)])
    assert near.radius == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"resolution": 0}, "`resolution` must be at least 1"),
        ({"resolution": (2, 3, 4)}, "`resolution` must be a number of cells"),
        ({"limits": ((1, 0), (0, 1))}, "`limits` must be"),
        ({"minima": "some"}, "`minima` must be 'all', 'global'"),
        ({"minima": [1.0, 2.0]}, "`minima` must be finite, of shape"),
        ({"radius": 0.0}, "`radius` must be positive"),
        ({"steps": 0}, "`steps` must be at least 1"),
    ],
)
def test_bad_arguments_are_named(kwargs, words):
    with pytest.raises(ValueError, match=words):
        basins("sphere", "sgd", **kwargs)


def test_a_surface_without_minima_is_refused():
    with pytest.raises(ValueError, match="`minima` must be given"):
        basins("x + y", "sgd")


def test_a_map_tells_what_descended_and_how_low_its_minima_are():
    found = basins("himmelblau", "sgd:0.01", 5, resolution=4)
    assert found.optimizer == SGD(0.01)
    np.testing.assert_allclose(found.values, 0, atol=1e-12)
    assert found.values.shape == (4,)


def test_arrays_of_another_shape_are_no_map():
    found = basins("himmelblau", "sgd:0.01", 5, resolution=4)
    with pytest.raises(ValueError, match=r"`minimum` must be of shape \(rows, columns\)"):
        replace(found, minimum=found.minimum[0])
    with pytest.raises(ValueError, match="`steps` must be .*shape"):
        replace(found, steps=found.steps[:2])
