"""Trajectory: a frozen result that can be taken apart, saved and loaded."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest

from trajectories import SGD, Adam, Momentum, Surface, Trajectory, descend

ARRAYS = ("positions", "values", "gradients", "status", "diverged_at", "converged_at")
DENT = "x**2 + y**2 + x**4"


@pytest.fixture(scope="module")
def path():
    return descend("rosenbrock", Adam(0.1), steps=7)


@pytest.fixture(scope="module")
def batch():
    """Six paths: two rows of starts by three learning rates, ending in all ways."""
    rule = Momentum(np.array([0.2, 2.0, 1e-3]), momentum=np.array([[0.0], [0.5]]))
    found = descend(DENT, rule, start=[[[1, 1]], [[0.5, -1]]], steps=60, tolerance=1e-2)
    assert set(found.status.flat) == {"converged", "diverged", "finished"}
    return found


# --- the result


def test_what_it_tells(path, batch):
    assert (path.steps, batch.steps) == (7, 60)
    assert path.batch_shape == path.status.shape == ()
    assert batch.batch_shape == (2, 3)
    assert batch.start.shape == batch.final.shape == (2, 3, 2)
    assert np.array_equal(path.start, path.positions[0])
    assert repr(path) == "Trajectory('Adam' on 'rosenbrock', steps=7, status='finished')"
    assert repr(batch) == f"Trajectory('Momentum' on {DENT!r}, steps=60, batch=(2, 3))"


def test_final_is_the_last_finite_position(batch):
    for index in np.ndindex(2, 3):
        rows = batch.positions[(slice(None), *index)]
        assert np.array_equal(batch.final[index], rows[np.isfinite(rows).all(axis=-1)][-1])
    never = descend("log(x)", "sgd", start=[(-1, 0), (1, 0)], steps=2).final
    assert np.isfinite(never).tolist() == [[False, False], [True, True]]


def test_it_and_its_copies_cannot_be_changed(path, batch):
    copies = [pickle.loads(pickle.dumps(batch)), copy.deepcopy(batch), batch[0], batch[0, 1]]
    assert copies[:2] == [batch, batch]
    for trajectory in (path, batch, *copies):
        for name in (*ARRAYS, "final"):
            array = getattr(trajectory, name)
            with pytest.raises(ValueError, match="read-only"):
                array[...] = array
    with pytest.raises(dataclasses.FrozenInstanceError):
        path.label = "other"
    with pytest.raises(TypeError, match="unhashable"):
        hash(path)
    mine = path.values.copy()
    assert not dataclasses.replace(path, values=mine).values.flags.writeable
    assert mine.flags.writeable


# --- indexing


@pytest.mark.parametrize(
    "index", [0, -1, (1, 2), (0, -1), slice(1), (slice(None), 1), ([0, 1], [2, 0]), ..., (..., 1)]
)
def test_indexing_a_batch(batch, index):
    part = batch[index]
    within = (slice(None), *(index if isinstance(index, tuple) else (index,)))
    assert np.array_equal(part.values, batch.values[within], equal_nan=True)
    for name in ("positions", "gradients"):
        x, y = (getattr(batch, name)[..., axis][within] for axis in (0, 1))
        assert np.array_equal(getattr(part, name), np.stack([x, y], axis=-1), equal_nan=True)
    for name in ("status", "diverged_at", "converged_at"):
        assert np.array_equal(getattr(part, name), getattr(batch, name)[index])
    assert (part.surface, part.label) == (batch.surface, batch.label)


def test_one_path_of_a_batch_has_its_own_optimizer(batch):
    assert batch[1, 2].optimizer == Momentum(1e-3, momentum=0.5)
    assert batch[0, 0].optimizer == Momentum(0.2, momentum=0.0)
    assert batch[1].optimizer == Momentum([0.2, 2.0, 1e-3], momentum=[0.5, 0.5, 0.5])


def test_there_is_no_path_past_the_end(path, batch):
    assert [row.batch_shape for row in batch] == [(3,), (3,)]
    assert [one.optimizer.lr for one in batch[0]] == [0.2, 2.0, 1e-3]
    for index in (2, -3, (0, 3), (0, 0, 0)):
        with pytest.raises(IndexError):
            batch[index]
    for index in (0, ..., slice(None)):
        with pytest.raises(IndexError, match="This trajectory is one path"):
            path[index]
    with pytest.raises(TypeError, match="one path: it has no batch to go through"):
        iter(path)


# --- comparison


@pytest.mark.parametrize(
    "changes",
    [
        {"label": "other"},
        {"optimizer": Adam(0.2)},
        {"optimizer": SGD(0.1)},
        {"surface": Surface("x*y")},
        {"status": np.array("diverged")},
        {"diverged_at": np.array(3)},
        {"converged_at": np.array(3)},
        {"values": np.nextafter},
        {"positions": np.nextafter},
        {"gradients": np.nextafter},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_change_of_any_part_is_a_difference(path, batch, changes):
    assert path == descend("rosenbrock", Adam(0.1), steps=7)
    assert batch[0, 1] == batch[0][1]  # NaN equals NaN here.
    assert np.isnan(batch[0, 1].values).any()
    ((name, value),) = changes.items()
    if value is np.nextafter:  # By one bit of one number.
        value = getattr(path, name).copy()
        value.flat[3] = np.nextafter(value.flat[3], np.inf)
    assert dataclasses.replace(path, **{name: value}) != path
    assert path != "path"


def test_no_path_of_a_batch_is_an_empty_batch():
    paths = descend("sphere", SGD([0.1, 0.5, 0.9]))
    none = paths[paths.status == "diverged"]
    assert none.batch_shape == (0,)
    assert none.optimizer.lr.shape == (0,)
    assert list(none) == []


def test_a_path_that_is_lost_has_not_converged():
    # The gradient is finite, and soon 0, where f itself is not.
    path = descend("log(-1 - x**2) + y**2", "sgd:0.4", (0, 0.5), 50, tolerance=1e-3)
    assert (path.status, path.diverged_at, path.converged_at) == ("diverged", 0, -1)


# --- files


def bits(trajectory):
    return {name: getattr(trajectory, name).tobytes() for name in ARRAYS}


SCHEDULE = "sgd:sequence(warmup(exponential(0.1,0.99),5),5,one_cycle(0.3,20))"


@pytest.mark.parametrize(
    ("surface", "rule", "how"),
    [
        ("rosenbrock", Adam(0.1), {}),
        ("rosenbrock", SGD(0.01), {"steps": 50}),  # Which diverges.
        ("sphere", SGD(0.25), {"steps": 30, "tolerance": 0.1, "label": "∇ it's"}),
        (DENT, SGD([[0.2], [2.0]]), {"start": np.eye(2), "steps": 60, "tolerance": 1e-2}),
        ("x + y", Adam([0.1, 1 / 3]), {"noise": 0.5, "rng": 0}),
        ("sphere", SCHEDULE, {"steps": 9}),
        (lambda x, y: 0.1 * x**2 + y**2 / 3, "nesterov:0.3", {}),
    ],
)
def test_saving_and_loading_keeps_every_bit(tmp_path, surface, rule, how):
    trajectory = descend(surface, rule, **{"steps": 5, **how})
    trajectory.save(tmp_path / "a.npz")
    loaded = Trajectory.load(tmp_path / "a.npz")
    assert loaded == trajectory
    assert bits(loaded) == bits(trajectory)
    assert repr(loaded) == repr(trajectory)
    assert loaded.surface.to_dict() == trajectory.surface.to_dict()
    assert not loaded.positions.flags.writeable


def test_what_cannot_be_saved_leaves_the_old_file(tmp_path, path):
    (tmp_path / "a.npz").write_bytes(b"old")
    with pytest.raises(ValueError, match="`lr` must be a number, an array or a schedule of the"):
        descend("sphere", SGD(lambda step: 0.1), steps=2).save(tmp_path / "a.npz")
    for name in ("a", "a.npy", "a.npz.gz", ".npz", "a."):
        with pytest.raises(ValueError, match=r"`path` must be a file name that ends in \.npz"):
            path.save(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        path.save(tmp_path / "missing" / "a.npz")
    with pytest.raises(FileNotFoundError):
        Trajectory.load(tmp_path / "missing.npz")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]
