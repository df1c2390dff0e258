"""Trajectory: a frozen result that can be taken apart, saved and loaded."""

import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest

from trajectories import Surface, Trajectory, descend
from trajectories.optimizers.adam import Adam
from trajectories.optimizers.gradient import SGD, Momentum
from trajectories.optimizers.schedules import Cosine, Exponential, OneCycle, Sequence, Warmup

ARRAYS = ("positions", "values", "gradients", "status", "diverged_at", "converged_at")
DENT = "x**2 + y**2 + x**4"


@pytest.fixture
def path():
    return descend("rosenbrock", Adam(0.1), steps=7)


@pytest.fixture
def batch():
    """Six paths: two rows of starts by three learning rates, ending in all ways."""
    rule = Momentum(np.array([0.2, 2.0, 1e-3]), momentum=np.array([[0.0], [0.5]]))
    return descend(DENT, rule, start=[[[1, 1]], [[0.5, -1]]], steps=60, tolerance=1e-2)


def test_the_fixture_has_all_endings(batch):
    assert set(batch.status.flat) == {"converged", "diverged", "stopped"}


# --- the result


def test_one_path(path):
    assert path.steps == 7
    assert path.batch_shape == path.status.shape == ()
    assert np.array_equal(path.start, path.positions[0])
    assert np.array_equal(path.final, path.positions[-1])


def test_a_batch(batch):
    assert batch.steps == 60
    assert batch.batch_shape == (2, 3)
    assert batch.start.shape == batch.final.shape == (2, 3, 2)


def test_final_is_the_last_finite_position(batch):
    assert np.isfinite(batch.final).all()
    for index in np.ndindex(2, 3):
        rows = batch.positions[(slice(None), *index)]
        assert np.array_equal(batch.final[index], rows[np.isfinite(rows).all(axis=-1)][-1])


def test_final_of_a_path_that_never_was_finite_is_nan():
    path = descend("log(x)", "sgd", start=[(-1, 0), (1, 0)], steps=2)
    assert np.isnan(path.final[0]).all()
    assert np.isfinite(path.final[1]).all()


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_read_only(path, batch, name):
    for trajectory in (path, batch, batch[0], batch[0, 1]):
        array = getattr(trajectory, name)
        with pytest.raises(ValueError, match="read-only"):
            array[...] = array


def test_it_is_frozen(path):
    with pytest.raises(dataclasses.FrozenInstanceError):
        path.label = "other"


def test_arrays_of_the_caller_stay_writeable(path):
    values = path.values.copy()
    other = dataclasses.replace(path, values=values)
    assert not other.values.flags.writeable
    assert values.flags.writeable


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("positions", np.zeros(8), r"`positions` must be of shape \(rows, \.\.\., 2\)"),
        ("positions", np.zeros((8, 3)), r"`positions` must be of shape \(rows, \.\.\., 2\)"),
        ("values", np.zeros(7), r"`values` must be of shape \(8,\)\. Got \(7,\) instead"),
        ("gradients", np.zeros((8, 1, 2)), r"`gradients` must be of shape \(8, 2\)"),
        ("status", np.array(["stopped"]), r"`status` must be of shape \(\)"),
        ("diverged_at", np.array([-1]), r"`diverged_at` must be of shape \(\)"),
        ("converged_at", np.array([-1, -1]), r"`converged_at` must be of shape \(\)"),
    ],
)
def test_shapes_must_agree(path, name, array, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(path, **{name: array})


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


@pytest.mark.parametrize("index", [2, -3, (0, 3), (0, 0, 0)])
def test_there_is_no_path_past_the_end(batch, index):
    with pytest.raises(IndexError):
        batch[index]


@pytest.mark.parametrize("index", [0, -1, ..., slice(None)])
def test_one_path_has_no_batch_to_index(path, index):
    with pytest.raises(IndexError, match="This trajectory is one path"):
        path[index]


def test_a_batch_can_be_iterated(batch):
    assert [row.batch_shape for row in batch] == [(3,), (3,)]
    assert [one.optimizer.lr for one in batch[0]] == [0.2, 2.0, 1e-3]


# --- comparison and text


def test_equality(path, batch):
    assert path == descend("rosenbrock", Adam(0.1), steps=7)
    assert np.isnan(batch[0, 1].values).any()
    assert batch[0, 1] == batch[0][1]  # NaN equals NaN here.
    assert batch != batch[0]
    assert path != "path"


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
        {"values": np.arange(8.0)},
        {"positions": np.zeros((8, 2))},
        {"gradients": np.zeros((8, 2))},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_change_of_any_part_is_a_difference(path, changes):
    assert dataclasses.replace(path, **changes) != path


def test_one_bit_is_a_difference(path):
    values = path.values.copy()
    values[3] = np.nextafter(values[3], np.inf)
    assert dataclasses.replace(path, values=values) != path


def test_it_has_no_hash(path):
    with pytest.raises(TypeError, match="unhashable"):
        hash(path)


def test_repr(path, batch):
    assert repr(path) == "Trajectory('Adam' on 'rosenbrock', steps=7, status='stopped')"
    assert repr(batch) == f"Trajectory('Momentum' on {DENT!r}, steps=60, batch=(2, 3))"


def test_pickling(path, batch):
    for trajectory in (path, batch):
        assert pickle.loads(pickle.dumps(trajectory)) == trajectory


@pytest.mark.parametrize("twin", [lambda p: pickle.loads(pickle.dumps(p)), copy.deepcopy])
@pytest.mark.parametrize("name", [*ARRAYS, "final"])
def test_arrays_of_copies_are_read_only_too(batch, name, twin):
    with pytest.raises(ValueError, match="read-only"):
        getattr(twin(batch), name)[...] = 0


def test_what_is_derived_is_read_only(path):
    with pytest.raises(ValueError, match="read-only"):
        path.final[...] = 99


def test_one_path_cannot_be_gone_through(path):
    with pytest.raises(TypeError, match="one path: it has no batch to go through"):
        iter(path)


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


@pytest.mark.parametrize(
    "make",
    [
        lambda: descend("rosenbrock", Adam(0.1), steps=7),
        lambda: descend("rosenbrock", SGD(0.01), steps=50),
        lambda: descend("log(x)", SGD(0.01), start=(-1, 0), steps=2),
        lambda: descend("sphere", SGD(0.25), steps=30, tolerance=0.1, label="∇ it's"),
        lambda: descend(DENT, SGD([[0.2], [2.0]]), start=np.eye(2), steps=60, tolerance=1e-2),
        lambda: descend("x + y", Adam([0.1, 1 / 3]), steps=5, noise=0.5, rng=0),
        lambda: descend(lambda x, y: 0.1 * x**2 + y**2 / 3, "nesterov:0.3", steps=5),
        lambda: descend(
            Surface("x*y", name="twist", domain=((0, 1), (2, 3)), minima=[(0, 1 / 3)], about="a"),
            "rmsprop",
            steps=2,
        ),
    ],
    ids=["one", "diverged", "never finite", "converged", "batch", "noise", "function", "described"],
)
def test_saving_and_loading_keeps_every_bit(tmp_path, make):
    trajectory = make()
    trajectory.save(tmp_path / "a.npz")
    loaded = Trajectory.load(tmp_path / "a.npz")
    assert loaded == trajectory
    assert bits(loaded) == bits(trajectory)
    assert repr(loaded) == repr(trajectory)
    for name in ("formula", "name", "domain", "start", "declared_minima", "about", "source"):
        assert getattr(loaded.surface, name) == getattr(trajectory.surface, name)
    for name, value in trajectory.optimizer.hyperparameters.items():
        assert np.array_equal(getattr(loaded.optimizer, name), value)
    assert not loaded.positions.flags.writeable


def test_saving_replaces_and_leaves_nothing_else(tmp_path, path, batch):
    target = tmp_path / "a.npz"
    path.save(target)
    batch.save(str(target))
    assert Trajectory.load(str(target)) == batch
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["a", "a.npy", "a.png", "a.npz.gz", ".npz", "a."])
def test_another_suffix_is_refused(tmp_path, path, name):
    with pytest.raises(ValueError, match=r"`path` must be a file name that ends in \.npz"):
        path.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_refused(tmp_path, path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        path.save(tmp_path / "missing" / "a.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "lr",
    [
        Cosine(0.3, 60),
        OneCycle(1 / 3, 20, end_factor=0),
        Sequence(Warmup(Exponential(0.1, 0.99), 5), 5, 0.05),
    ],
)
def test_a_schedule_of_the_package_is_saved_as_text(tmp_path, lr):
    path = descend("sphere", Momentum(lr, momentum=0.5), steps=9)
    path.save(tmp_path / "a.npz")
    loaded = Trajectory.load(tmp_path / "a.npz")
    assert loaded == path
    assert loaded.optimizer.lr == lr
    assert type(loaded.optimizer.lr) is type(lr)
    with np.load(tmp_path / "a.npz") as archive:
        about = json.loads(str(archive["about"]))
    assert about["optimizer"] == {"name": "momentum", "lr": lr.text, "momentum": 0.5}


def test_a_function_cannot_be_saved(tmp_path):
    path = descend("sphere", SGD(lambda step: 0.1), steps=2)
    (tmp_path / "a.npz").write_bytes(b"old")
    with pytest.raises(
        ValueError, match="`lr` must be a number, an array or a schedule of the package"
    ):
        path.save(tmp_path / "a.npz")
    assert (tmp_path / "a.npz").read_bytes() == b"old"


def test_a_missing_file_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        Trajectory.load(tmp_path / "missing.npz")


def no_trajectory(path, tmp_path):
    """Name the ways in which a file is none, each with its bytes."""
    path.save(tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    np.savez(tmp_path / "other.npz", x=np.ones(3))
    np.save(tmp_path / "array.npy", np.ones(3))
    return {
        "empty": b"",
        "text": b"not a trajectory at all\n",
        "binary": bytes(range(256)) * 4,
        "truncated": whole[: len(whole) // 2],
        "almost whole": whole[:-1],
        "other archive": (tmp_path / "other.npz").read_bytes(),
        "one array": (tmp_path / "array.npy").read_bytes(),
        "pickle": pickle.dumps({"positions": [1, 2]}),
    }


@pytest.mark.parametrize(
    "kind",
    [
        "empty",
        "text",
        "binary",
        "truncated",
        "almost whole",
        "other archive",
        "one array",
        "pickle",
    ],
)
def test_what_is_no_trajectory_is_refused(tmp_path, path, kind):
    target = tmp_path / "a.npz"
    target.write_bytes(no_trajectory(path, tmp_path)[kind])
    with pytest.raises(ValueError, match=r"a\.npz' holds no trajectory"):
        Trajectory.load(target)


def rewrite(path, target, change):
    """Save a trajectory with its description and arrays changed."""
    path.save(target)
    with np.load(target) as archive:
        parts = dict(archive)
    about = json.loads(str(parts["about"]))
    about, parts = change(about, parts)
    np.savez(target, **(parts | {"about": np.array(json.dumps(about))}))


@pytest.mark.parametrize(
    "change",
    [
        lambda about, parts: ([], parts),
        lambda about, parts: (about | {"format": "trajectories 99"}, parts),
        lambda about, parts: ({key: about[key] for key in about if key != "format"}, parts),
        lambda about, parts: (about | {"surface": None}, parts),
        lambda about, parts: (about | {"surface": about["surface"] | {"formula": "x.y"}}, parts),
        lambda about, parts: (about | {"surface": about["surface"] | {"colour": 1}}, parts),
        lambda about, parts: (about | {"surface": about["surface"] | {"domain": 3}}, parts),
        lambda about, parts: (about | {"optimizer": "unknown"}, parts),
        lambda about, parts: (about | {"optimizer": 3}, parts),
        lambda about, parts: (about | {"optimizer": {"name": "unknown"}}, parts),
        lambda about, parts: (about | {"optimizer": {"lr": 0.1}}, parts),
        lambda about, parts: (about | {"optimizer": {"name": "sgd", "lr": -1}}, parts),
        lambda about, parts: (about | {"optimizer": {"name": "sgd", "lr": "cosine(0.1)"}}, parts),
        lambda about, parts: (about | {"optimizer": {"name": "sgd", "lr": "print(1)"}}, parts),
        lambda about, parts: (about | {"optimizer": {"name": "sgd", "speed": 1}}, parts),
        lambda about, parts: ({key: about[key] for key in about if key != "label"}, parts),
        lambda about, parts: (about, {key: parts[key] for key in parts if key != "values"}),
        lambda about, parts: (about, parts | {"values": parts["values"][1:]}),
        lambda about, parts: (about, parts | {"positions": np.zeros(3)}),
    ],
)
def test_a_changed_description_is_refused(tmp_path, path, change):
    rewrite(path, tmp_path / "a.npz", change)
    with pytest.raises(ValueError, match="holds no trajectory"):
        Trajectory.load(tmp_path / "a.npz")


def test_objects_are_not_unpickled(tmp_path, path):
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("reading ran code",)

    trap = np.empty((), dtype=object)
    trap[()] = Trap()
    rewrite(path, tmp_path / "a.npz", lambda about, parts: (about, parts | {"values": trap}))
    with pytest.raises(ValueError, match="holds no trajectory"):
        Trajectory.load(tmp_path / "a.npz")


def test_a_damaged_file_is_refused_or_read_right(tmp_path, batch):
    """Damage a byte at a time: what is not noticed did not matter."""
    target = tmp_path / "a.npz"
    batch.save(target)
    whole = target.read_bytes()
    for place in range(0, len(whole), 13):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        target.write_bytes(damaged)
        try:
            loaded = Trajectory.load(target)
        except (ValueError, OSError):
            continue
        assert bits(loaded) == bits(batch)
