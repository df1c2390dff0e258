"""Maps in blocks: several processes, and what is left of a run that was interrupted."""

import json

import joblib
import numpy as np
import pytest

from trajectories import SGD, basins, sensitivity

AXES = {"lr": np.geomspace(0.01, 1, 20), "momentum": np.linspace(0, 0.9, 10)}


class Counted(SGD):
    """Count the blocks of one step, and stop at some block if asked."""

    ran: int
    fail: int

    def _step(self, p, g, lr, state, *scratch):
        Counted.ran += isinstance(lr, np.ndarray)  # And not the optimizer as it was given.
        if Counted.ran == Counted.fail:
            raise KeyboardInterrupt
        p -= lr * g


def counted(folder, fail=-1, **how):
    """Return a map of ten cells in four blocks, and how many of them were computed."""
    Counted.ran, Counted.fail = 0, fail
    how = {"lr": np.linspace(0.1, 1, 10), "block": 3, "steps": 1, **how}
    return sensitivity("sphere", Counted(), (1, 0), folder=folder, **how), Counted.ran


@pytest.mark.parametrize("block", [1, 3, 10, 11])
def test_columns_are_put_together(block):
    found, ran = counted(None, block=block)
    assert found.values == pytest.approx((1 - 2 * found.axes["lr"]) ** 2)
    assert ran == -(-10 // block)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_processes_change_nothing(backend):
    how = {"steps": 20, "noise": 0.1, "rng": 1, "block": 64}
    one = sensitivity("rosenbrock", "momentum", **how, **AXES)
    with joblib.parallel_config(backend, n_jobs=2):
        two = sensitivity("rosenbrock", "momentum", **how, **AXES, n_jobs=None)
    np.testing.assert_array_equal(one.values, two.values)
    how = {"steps": 40, "resolution": 8, "block": 20}
    several = basins("himmelblau", "sgd:0.01", n_jobs=2, **how)
    np.testing.assert_array_equal(several.steps, basins("himmelblau", "sgd:0.01", **how).steps)


def test_an_interrupted_or_damaged_run_goes_on_where_it_was(tmp_path):
    folder = tmp_path / "deep" / "map"
    with pytest.raises(KeyboardInterrupt):
        counted(folder, fail=3)
    found, ran = counted(folder)
    assert ran == 2
    whole = found.values
    assert np.array_equal(whole, counted(None)[0].values)
    assert counted(folder)[1] == 0
    assert not list(folder.glob("*.part"))
    files = sorted(folder.glob("*.npz"))
    assert len(files) == 4
    files[1].write_bytes(files[1].read_bytes()[:50])
    files[2].unlink()
    found, ran = counted(folder)
    assert ran == 2
    np.testing.assert_array_equal(found.values, whole)


@pytest.mark.parametrize("how", [{"steps": 2}, {"block": 4}, {"noise": 1.0, "rng": 1}])
def test_a_folder_of_another_map_is_refused(tmp_path, how):
    counted(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ValueError, match="holds the blocks of another map"):
        counted(tmp_path, **how)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert json.loads((tmp_path / "plan.json").read_text())["settings"]["steps"] == 1


def test_blocks_of_what_is_random_are_kept_with_a_seed_only(tmp_path):
    # Or the same call would be that of another map, which could not go on.
    how = {"steps": 5, "noise": 1.0, "folder": tmp_path}
    with pytest.raises(ValueError, match="`rng` must be a seed where blocks of what is random"):
        sensitivity("sphere", "sgd", **how, lr=[0.1, 0.2])
    with pytest.raises(ValueError, match="`rng` must be a seed where blocks of what is random"):
        basins("himmelblau", "sgd:0.01", **how, resolution=5)
    assert list(tmp_path.iterdir()) == []
    first, again = (sensitivity("sphere", "sgd", **how, lr=[0.1, 0.2], rng=1) for _ in range(2))
    assert np.array_equal(first.values, again.values)
    with pytest.raises(ValueError, match="another map"):
        sensitivity("sphere", "sgd", **how, lr=[0.1, 0.2], rng=2)


def test_progress_is_silent_where_there_is_no_terminal(capsys):
    assert counted(None, progress=True)[1] == 4
    assert capsys.readouterr() == ("", "")
