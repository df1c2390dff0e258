"""Maps in blocks: several processes, and what is left of a run that was interrupted."""

import json

import joblib
import numpy as np
import pytest

from trajectories.maps.basins import basins
from trajectories.maps.cells import run_blocks
from trajectories.maps.sensitivity import sensitivity

AXES = {"lr": np.geomspace(0.01, 1, 20), "momentum": np.linspace(0, 0.9, 10)}


def numbers(begin, end):
    """Stand for a map: a column of each kind of array."""
    cells = np.arange(begin, end)
    return {"a": cells.astype(float), "b": np.stack([cells, -cells], axis=-1)}


class Counted:
    """Remember what has run, and fail at some block if asked."""

    def __init__(self, fail=None):
        self.ran = []
        self.fail = fail

    def __call__(self, begin, end):
        if begin == self.fail:
            raise KeyboardInterrupt
        self.ran.append((begin, end))
        return numbers(begin, end)


@pytest.mark.parametrize("block", [1, 3, 10, 11])
def test_columns_are_put_together(block):
    found = run_blocks(numbers, 10, block)
    np.testing.assert_array_equal(found["a"], np.arange(10.0))
    np.testing.assert_array_equal(found["b"][:, 1], -np.arange(10))


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential", "multiprocessing"])
def test_processes_change_nothing(backend):
    with joblib.parallel_config(backend, n_jobs=2):
        found = run_blocks(numbers, 10, 3, n_jobs=None)
    np.testing.assert_array_equal(found["a"], np.arange(10.0))


def test_maps_are_the_same_in_several_processes():
    one = sensitivity("rosenbrock", "momentum", steps=20, noise=0.1, rng=1, block=64, **AXES)
    two = sensitivity(
        "rosenbrock", "momentum", steps=20, noise=0.1, rng=1, block=64, n_jobs=2, **AXES
    )
    np.testing.assert_array_equal(one.values, two.values)
    kwargs = {"steps": 40, "resolution": 20, "block": 64}
    with joblib.parallel_config("threading", n_jobs=2):
        threads = basins("himmelblau", "sgd:0.01", n_jobs=None, **kwargs)
    plain = basins("himmelblau", "sgd:0.01", **kwargs)
    np.testing.assert_array_equal(threads.steps, plain.steps)


def test_an_interrupted_run_goes_on_where_it_was(tmp_path):
    folder = tmp_path / "deep" / "map"
    with pytest.raises(KeyboardInterrupt):
        run_blocks(Counted(fail=6), 10, 3, folder=folder, plan={"a": 1})
    again = Counted()
    found = run_blocks(again, 10, 3, folder=folder, plan={"a": 1})
    assert again.ran == [(6, 9), (9, 10)]
    np.testing.assert_array_equal(found["a"], np.arange(10.0))
    third = Counted()
    run_blocks(third, 10, 3, folder=folder, plan={"a": 1})
    assert third.ran == []
    assert not list(folder.glob("*.part"))


def test_a_damaged_block_runs_again(tmp_path):
    run_blocks(numbers, 10, 3, folder=tmp_path)
    files = sorted(tmp_path.glob("*.npz"))
    assert len(files) == 4
    files[1].write_bytes(files[1].read_bytes()[:50])
    files[2].unlink()
    again = Counted()
    found = run_blocks(again, 10, 3, folder=tmp_path)
    assert again.ran == [(3, 6), (6, 9)]
    np.testing.assert_array_equal(found["a"], np.arange(10.0))


@pytest.mark.parametrize(("plan", "block"), [({"a": 2}, 3), ({"a": 1}, 4)])
def test_a_folder_of_another_map_is_refused(tmp_path, plan, block):
    run_blocks(numbers, 10, 3, folder=tmp_path, plan={"a": 1})
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ValueError, match="holds the blocks of another map"):
        run_blocks(numbers, 10, block, folder=tmp_path, plan=plan)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_map_in_a_folder_is_the_map(tmp_path):
    whole = sensitivity("rosenbrock", "momentum", steps=20, **AXES)
    kept = sensitivity("rosenbrock", "momentum", steps=20, folder=tmp_path, block=50, **AXES)
    np.testing.assert_array_equal(kept.values, whole.values)
    assert json.loads((tmp_path / "plan.json").read_text())["settings"]["steps"] == 20
    with pytest.raises(ValueError, match="another map"):
        sensitivity("rosenbrock", "momentum", steps=21, folder=tmp_path, block=50, **AXES)
    kwargs = {"steps": 40, "resolution": (12, 9), "block": 30}
    first = basins("himmelblau", "sgd:0.01", folder=tmp_path / "b", **kwargs)
    second = basins("himmelblau", "sgd:0.01", folder=tmp_path / "b", **kwargs)
    np.testing.assert_array_equal(first.minimum, second.minimum)


def test_blocks_of_what_is_random_are_kept_with_a_seed_only(tmp_path):
    # Or the same call would be that of another map, which could not go on.
    with pytest.raises(ValueError, match="`rng` must be a seed where blocks of what is random"):
        sensitivity("sphere", "sgd", steps=5, noise=1.0, folder=tmp_path, lr=[0.1, 0.2])
    with pytest.raises(ValueError, match="`rng` must be a seed where blocks of what is random"):
        basins("himmelblau", "sgd:0.01", 5, resolution=5, noise=0.1, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
    how = {"steps": 5, "noise": 1.0, "folder": tmp_path, "lr": [0.1, 0.2]}
    first = sensitivity("sphere", "sgd", **how, rng=1)
    assert np.array_equal(first.values, sensitivity("sphere", "sgd", **how, rng=1).values)
    with pytest.raises(ValueError, match="another map"):
        sensitivity("sphere", "sgd", **how, rng=2)


def test_progress_is_silent_where_there_is_no_terminal(capsys):
    found = run_blocks(numbers, 10, 3, progress=True)
    assert len(found["a"]) == 10
    assert capsys.readouterr() == ("", "")
