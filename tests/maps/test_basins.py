"""Basins of attraction: where starts lead, and how soon."""

import numpy as np
import pytest

from trajectories import SGD, SURFACES, Basins, basins, descend

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


@pytest.mark.parametrize(
    ("rule", "how"),
    [
        ("momentum:0.01", {}),
        ("adam:0.3", {}),
        ("newton", {}),
        ("sgd:0.01", {"noise": 2.0, "rng": 5, "block": 10}),
    ],
)
def test_every_cell_tells_where_its_own_descent_ends(rule, how):
    found = basins("himmelblau", rule, 60, resolution=(7, 5), **how)
    assert found.minimum.shape == (5, 7)
    x, y = found.axes["x"], found.axes["y"]
    swings = 0
    for row, column in np.ndindex(5, 7):
        path = found.trajectory(row, column)
        if not how:
            assert path == descend("himmelblau", rule, (x[column], y[row]), 60)
        expected = slowly(path, found.minima, found.radius)
        assert (found.minimum[row, column], found.steps[row, column]) == expected
        known = {"converged": expected[0] >= 0, "diverged": bool(path.status == "diverged")}
        assert known.get(str(found.status[row, column]), not any(known.values()))
        near = np.hypot(*(path.positions[:, None] - found.minima).T).min(axis=0) <= found.radius
        swings += bool(np.any(near[:-1] & ~near[1:]))
    # Momentum swings through a minimum, which is not yet to have arrived.
    assert swings > 0 or rule != "momentum:0.01"


def test_starts_are_the_middles_of_cells():
    found = basins("sphere", "sgd:0.1", 5, resolution=(4, 2), limits=((0, 8), (-1, 1)))
    assert found.axes["x"].tolist() == [1, 3, 5, 7]
    assert found.axes["y"].tolist() == [-0.5, 0.5]
    assert found.nearest(2.9, 9.0) == (1, 1)
    assert found.limits == ((0.0, 8.0), (-1.0, 1.0))
    assert found.optimizer == SGD(0.1)
    assert found.values == pytest.approx([0])


def test_a_start_at_the_minimum_takes_no_step_and_nothing_arrives_where_all_diverges():
    found = basins("sphere", "sgd:0.1", 20, resolution=5, radius=0.5)
    assert found.steps[2, 2] == 0
    assert found.steps[0, 0] > found.steps[1, 1] > 0
    found = basins("rosenbrock", "sgd:10", 50, resolution=4)
    assert (found.minimum == -1).all()
    assert (found.steps == -1).all()
    assert (found.status == "diverged").all()
    assert found.shares.tolist() == [0.0] * len(found.minima)


@pytest.mark.parametrize(
    ("name", "count"),
    [("rosenbrock", 1), ("six_hump_camel", 6), ("goldstein_price", 4), ("michalewicz", 2)],
)
def test_global_minima_come_first_then_local_ones_by_height(name, count):
    surface = SURFACES[name]
    how = {"resolution": 1, "limits": CAMEL if count == 6 else surface.domain}
    places = basins(name, "sgd", 1, **how).minima
    assert len(places) == count
    known = surface.minima
    np.testing.assert_array_equal(places[: len(known)], known)
    np.testing.assert_array_equal(basins(name, "sgd", 1, **how, minima="global").minima, known)
    assert (np.diff(np.round(surface.value(places), 9)) >= 0).all()
    np.testing.assert_allclose(surface.gradient(places), 0, atol=1e-5)
    assert (np.linalg.eigvalsh(surface.hessian(places)) > 0).all()


def test_minima_can_be_given():
    how = {"steps": 80, "resolution": 8}
    found = basins("himmelblau", "sgd:0.01", **how, minima=[(3, 2)])
    assert set(np.unique(found.minimum)) == {-1, 0}
    assert set(np.unique(found.status)) == {"converged", "finished"}
    whole = basins("himmelblau", "sgd:0.01", **how, radius=found.radius)
    np.testing.assert_array_equal(found.minimum == 0, whole.minimum == 0)
    assert basins("himmelblau", "sgd", 1, resolution=1).radius == pytest.approx(200**0.5 / 100)
    near = basins("himmelblau", "sgd", 1, resolution=1, minima=[(0, 0), (0.1, 0)])
    assert near.radius == pytest.approx(0.025)
    with pytest.raises(ValueError, match="`minima` must be given"):
        basins("x + y", "sgd")


def test_long_runs_are_looked_at_in_strides():
    fine = basins("sphere", "sgd:0.002", 1000, resolution=4)
    coarse = basins("sphere", "sgd:0.002", 2500, resolution=4)
    np.testing.assert_array_equal(fine.minimum, coarse.minimum)
    assert (abs(coarse.steps - fine.steps) <= 3).all()
    assert coarse.steps.max() > 500


def test_saved_map_is_the_same_when_loaded(tmp_path):
    found = basins("six_hump_camel", "adam:0.05", 60, resolution=(8, 6), limits=CAMEL, label="A")
    found.save(tmp_path / "b.npz")
    read = Basins.load(tmp_path / "b.npz")
    for name in ("minimum", "steps", "status", "minima"):
        np.testing.assert_array_equal(getattr(read, name), getattr(found, name))
    assert read.limits == found.limits
    assert repr(read) == repr(found)
    assert read.trajectory(3, 2) == found.trajectory(3, 2)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"resolution": (2, 3, 4)}, "`resolution` must be a number of cells"),
        ({"limits": ((1, 0), (0, 1))}, "`limits` must be"),
        ({"minima": "some"}, "`minima` must be 'all', 'global'"),
        ({"minima": [1.0, 2.0]}, "`minima` must be finite, of shape"),
        ({"radius": 0.0}, "`radius` must be positive"),
    ],
)
def test_bad_arguments_are_named(kwargs, words):
    with pytest.raises(ValueError, match=words):
        basins("sphere", "sgd", **kwargs)
