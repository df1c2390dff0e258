"""Sensitivity maps: every cell is a descent of its own, bit for bit."""

import pickle

import numpy as np
import pytest

import trajectories as tj

BOWL = "x**2/20 + y**2"
START = (-7.0, 2.0)
ROUGH = tj.Surface("sin(3*x)*exp(-y**2/9) + x**2/20 + abs(y)**1.5/7")


def small(**kwargs):
    axes = {"lr": np.geomspace(0.01, 4, 7), "momentum": np.linspace(0, 0.95, 5)}
    return tj.sensitivity(BOWL, tj.Momentum, START, 60, **{**axes, **kwargs})


@pytest.mark.parametrize("name", [*tj.OPTIMIZERS, *tj.SURFACE_OPTIMIZERS])
def test_every_cell_is_what_a_descent_of_its_own_gives(name):
    rule = {**tj.OPTIMIZERS, **tj.SURFACE_OPTIMIZERS}[name]()
    axes = {"lr": np.geomspace(1e-3, 0.9, 3)}
    for other, value in list(rule.hyperparameters.items())[1:2]:  # Around its default.
        axes[other] = np.array([0.2, 0.85]) * (value or 0.1)
    found = tj.sensitivity(ROUGH, rule, (-1.2, 1.0), 20, **axes)
    for index in np.ndindex(found.values.shape):
        alone = tj.descend(ROUGH, rule.fresh(**found.at(index)), (-1.2, 1.0), 20)
        np.testing.assert_array_equal(found.values[index], alone.values[-1])
        again = found.trajectory(*index)
        np.testing.assert_array_equal(again.positions, alone.positions)
        assert all(isinstance(value, float) for value in again.optimizer.hyperparameters.values())
        assert (found.status[index] == "diverged") == (alone.status == "diverged")


def test_axes_are_in_the_order_given_and_values_in_their_shape():
    found = small()
    assert list(found.axes) == ["lr", "momentum"]
    assert found.values.shape == found.status.shape == (7, 5)
    turned = tj.sensitivity(
        BOWL, "momentum", START, 60, momentum=found.axes["momentum"], lr=found.axes["lr"]
    )
    np.testing.assert_array_equal(turned.values, found.values.T)
    assert found.label == "Momentum"
    assert found.surface == tj.Surface(BOWL)
    assert found.steps == 60
    assert found.start.tolist() == list(START)


def test_status_tells_what_became_of_each_cell():
    rates = np.array([0.001, 0.5, 1.2, 1e30])
    found = tj.sensitivity(BOWL, "sgd", START, 300, lr=rates, tolerance=1e-6)
    assert found.status.tolist() == ["finished", "converged", "climbed", "diverged"]
    assert found.lost.tolist() == [False, False, True, True]
    assert np.isnan(found.values[3])
    assert np.isfinite(found.values[:3]).all()


def test_best_is_the_lowest_value_that_is_not_lost():
    found = small()
    best = np.nanmin(np.where(found.lost, np.nan, found.values))
    assert found.values[found.best_index] == best
    assert found.best == found.at(found.best_index)
    lost = tj.sensitivity(BOWL, "sgd", START, 300, lr=[1e30, 1e40])
    assert lost.best is None
    assert "all lost" in repr(lost)


def test_steps_are_counted_where_that_is_asked_for():
    found = tj.sensitivity(
        BOWL, "sgd", START, 200, lr=[1e-6, 0.5, 0.9], tolerance=1e-3, measure="steps"
    )
    assert np.isnan(found.values[0])
    for index in (1, 2):
        assert found.values[index] == found.trajectory(index).converged_at > 10
    with pytest.raises(ValueError, match="`tolerance` must be given if steps"):
        tj.sensitivity(BOWL, "sgd", lr=[0.1, 0.2], measure="steps")


@pytest.mark.parametrize("block", [None, 4])
def test_a_noisy_cell_runs_again_bit_for_bit(block):
    quiet, found = small(), small(noise=0.5, rng=3, block=block)
    np.testing.assert_array_equal(small(block=block).values, quiet.values)
    assert not np.array_equal(found.values, quiet.values)
    np.testing.assert_array_equal(found.values, small(noise=0.5, rng=3, block=block).values)
    assert not np.array_equal(found.values, small(noise=0.5, rng=4, block=block).values)
    for index in [(0, 0), (3, 2), (5, 4), (-1, 0)]:
        path = found.trajectory(*index)
        assert path.positions.shape == (61, 2)
        np.testing.assert_array_equal(path.values[-1], found.values[index])


def test_minibatches_are_random_too():
    x = np.linspace(-1, 1, 12)
    line = tj.least_squares(np.stack([x, 2 * x - 1], axis=-1), batch_size=3)
    found = tj.sensitivity(line, "sgd", (0.0, 0.0), 20, rng=0, lr=[0.1, 0.2, 0.3], block=2)
    assert found.settings.is_random
    for index in range(3):
        np.testing.assert_array_equal(found.trajectory(index).values[-1], found.values[index])


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_saved_map_is_the_same_when_loaded(tmp_path, noise):
    found = small(noise=noise, rng=1, tolerance=1e-4, label="mine")
    found.save(tmp_path / "map.npz")
    read = tj.Sensitivity.load(tmp_path / "map.npz")
    np.testing.assert_array_equal(read.values, found.values)
    np.testing.assert_array_equal(read.status, found.status)
    assert repr(read) == repr(found)
    assert list(read.axes) == list(found.axes)
    for name, values in found.axes.items():
        np.testing.assert_array_equal(read.axes[name], values)
    assert read.trajectory(3, 1) == found.trajectory(3, 1)
    assert (read.measure, read.settings.tolerance) == ("loss", 1e-4)


def test_a_schedule_stays_where_another_hyperparameter_varies():
    rule = tj.Momentum("cosine(0.1, 40)")
    found = tj.sensitivity(BOWL, rule, START, 40, momentum=[0.0, 0.5])
    alone = tj.descend(BOWL, tj.Momentum("cosine(0.1, 40)", momentum=0.5), START, 40)
    assert found.values[1] == alone.values[-1]


def test_it_and_its_copies_cannot_be_changed():
    found = tj.sensitivity("sphere", "sgd", lr=[0.1, 0.2], steps=2)
    for one in (found, pickle.loads(pickle.dumps(found))):
        for array in (one.values, one.status, one.axes["lr"]):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = array


def test_nearest_goes_by_the_scale_of_the_axis():
    found = small()
    assert found.nearest(lr=0.027, momentum=0.0) == (1, 0)
    assert found.nearest(lr=99, momentum=0.49) == (6, 2)
    for axis, value, index in (
        (np.array([1.0, 3.0, 10.0]), 5.6, 2),  # Nearer to 10 by its logarithm.
        (np.array([1.0, 5.0, 10.0]), 7.1, 1),
        (np.array([1.0, 10.0]), 4.0, 0),
    ):
        assert small(lr=axis).nearest(lr=value, momentum=0) == (index, 0)
    with pytest.raises(ValueError, match="one of each of lr, momentum"):
        found.nearest(lr=1)
    for index in [(7, 0), (0, 5), (-8, 0), (0,), (0, 0, 0)]:
        with pytest.raises(IndexError):
            found.trajectory(*index)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"lr": [1, 2], "beta1": [0.1, 0.2], "beta2": [0.1, 0.2]}, "one hyperparameter or two"),
        ({"bta1": [0.1, 0.2]}, "Unknown hyperparameter of momentum 'bta1'"),
        ({"lr": [0.2, 0.1]}, "ascending order"),
        ({"lr": [-1.0, 1.0]}, "`lr` must be positive"),
        ({"lr": [0.1, 0.2], "start": [(0, 1), (1, 2)]}, "`start` must be one start"),
        ({"lr": [0.1, 0.2], "measure": "time"}, "Unknown measure 'time'"),
        ({"lr": [0.1, 0.2], "block": 0}, "`block` must be at least 1"),
        (
            {"lr": [1, 2], "rule": tj.Momentum(momentum=[0, 1])},
            "`momentum` must be a single number",
        ),
    ],
)
def test_bad_arguments_are_named(kwargs, words):
    kwargs = {"rule": "momentum", **kwargs}
    with pytest.raises(ValueError, match=words):
        tj.sensitivity(BOWL, kwargs.pop("rule"), **kwargs)


def test_several_optimizers_over_one_row_of_rates():
    curves = tj.compare_rates(
        BOWL, {"a": "sgd:0.3", "b": "adam"}, [0.1, 0.2, 0.4], START, 30, rng=1
    )
    assert [one.label for one in curves] == ["a", "b"]
    assert [one.values.shape for one in curves] == [(3,), (3,)]
    # The baseline is the optimizer as it was given.
    assert curves[0].baseline.optimizer.lr == 0.3
    assert curves[0].baseline.values[-1] == tj.descend(BOWL, "sgd:0.3", START, 30).values[-1]
    assert len(tj.compare_rates(BOWL, ["sgd"], steps=2)[0].axes["lr"]) == 241
    with pytest.raises(ValueError, match="`label` must be left out: a mapping of optimizers gives"):
        tj.compare_rates(BOWL, ["sgd"], label="x")
