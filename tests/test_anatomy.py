"""The anatomy of steps, against the rules written out by hand."""

import math

import numpy as np
import pytest

from trajectories import Surface, compare, descend
from trajectories.optimizers import ALL_OPTIMIZERS, OPTIMIZERS, SURFACE_OPTIMIZERS
from trajectories.optimizers.adam import Adam
from trajectories.optimizers.gradient import Momentum
from trajectories.trajectory import dissect

BOWL = "x**2/20 + y**2"
START = (-7, 2)
#: Their memory is none: the step depends on the gradient of the moment, and scales of earlier ones.
FORGETFUL = ("sgd", "adagrad", "rmsprop", "adadelta", "signsgd", "centeredrmsprop", "rprop")


def quick(name, start=START, steps=12, **kwargs):
    return descend(BOWL, name, start, steps, **kwargs)


@pytest.mark.parametrize("name", ALL_OPTIMIZERS)
@pytest.mark.parametrize("start", [START, [START, (3, -1), (0.5, 0.2)]])
def test_parts_of_every_rule_have_the_shape_of_its_steps(name, start):
    path = quick(name, start)
    parts = dissect(path)
    np.testing.assert_array_equal(parts.gradient, path.gradients[:-1])
    np.testing.assert_array_equal(parts.step, np.diff(path.positions, axis=0))
    assert parts.memory.shape == parts.step.shape == parts.gradient.shape
    assert np.isfinite(parts.memory).all()
    # Before the first step there is nothing to remember; only weights decay a little.
    assert np.abs(parts.memory[0]).max() < 1e-4


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_memory_is_the_step_that_a_zero_gradient_would_bring(name):
    path = quick(name)
    memory = dissect(path).memory
    for step in (0, 1, 5, 11):
        rule, p = OPTIMIZERS[name](), np.array(START, dtype=float)
        for gradient in path.gradients[:step]:
            rule.update({"p": p}, {"p": np.array(gradient)})
        np.testing.assert_array_equal(p, path.positions[step])
        before = p.copy()
        rule.update({"p": p}, {"p": np.zeros(2)})
        np.testing.assert_allclose(memory[step], p - before, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", FORGETFUL)
def test_rules_without_a_momentum_remember_nothing(name):
    assert not dissect(quick(name)).memory.any()


@pytest.mark.parametrize("name", SURFACE_OPTIMIZERS)
def test_rules_that_look_at_the_surface_remember_nothing(name):
    parts = dissect(quick(name))
    assert not parts.memory.any()
    assert parts.step.any()


def test_a_step_of_momentum_is_its_memory_and_the_gradients_part():
    path = descend(BOWL, "momentum:lr=0.1,momentum=0.9", START, 30)
    parts = dissect(path)
    np.testing.assert_allclose(parts.step, parts.memory - 0.1 * parts.gradient, atol=1e-14)
    np.testing.assert_allclose(parts.memory[1:], 0.9 * parts.step[:-1], atol=1e-14)


def test_a_step_of_sgd_is_the_gradients_part_alone():
    parts = dissect(descend(BOWL, "sgd:lr=0.95", START, 30))
    np.testing.assert_allclose(parts.step, -0.95 * parts.gradient, atol=1e-14)


def test_the_rate_of_a_schedule_is_that_of_the_step():
    path = descend(BOWL, "momentum:lr=exponential(0.2,0.8)", START, 6)
    parts = dissect(path)
    rates = np.array([path.optimizer.lr(step) for step in range(6)])
    assert rates[5] < rates[0]
    np.testing.assert_allclose(
        parts.step, parts.memory - rates[:, None] * parts.gradient, atol=1e-14
    )


def test_the_first_steps_of_adam_by_hand():
    lr, beta1, beta2, eps = 0.3, 0.9, 0.999, 1e-7
    path = descend("x**2/20 + y**2", Adam(lr, beta1=beta1, beta2=beta2), START, 3)
    parts = dissect(path)
    m = v = np.zeros(2)
    p = np.array(START, dtype=float)
    for t in range(1, 4):
        g = np.array([p[0] / 10, 2 * p[1]])
        np.testing.assert_allclose(parts.gradient[t - 1], g, rtol=1e-12)
        rate = lr * math.sqrt(1 - beta2**t) / (1 - beta1**t)
        idle = -rate * beta1 * m / (np.sqrt(beta2 * v) + eps) if t > 1 else np.zeros(2)
        np.testing.assert_allclose(parts.memory[t - 1], idle, rtol=1e-9)
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        step = -rate * m / (np.sqrt(v) + eps)
        np.testing.assert_allclose(parts.step[t - 1], step, rtol=1e-9)
        p = p + step


def test_weight_decay_belongs_to_the_memory():
    parts = dissect(descend(BOWL, "adamw:lr=0.1,weight_decay=0.5", START, 2))
    np.testing.assert_allclose(parts.memory[0], -0.1 * 0.5 * np.array(START), rtol=1e-12)


def test_the_gradient_shown_is_the_noisy_one_that_the_optimizer_was_given():
    path = quick("momentum:lr=0.1", noise=0.5, rng=3)
    exact = path.surface.gradient(path.positions[:-1])
    parts = dissect(path)
    assert np.abs(parts.gradient - exact).mean() > 0.2
    np.testing.assert_allclose(parts.step, parts.memory - 0.1 * parts.gradient, atol=1e-14)


@pytest.mark.parametrize("name", ["momentum:lr=0.1", "adam:lr=0.3", "nesterov:lr=0.1"])
def test_each_path_of_a_batch_is_dissected_as_if_it_were_alone(name):
    starts = np.array([[START, (3, -1)], [(0.5, 0.2), (-1, 1)]], dtype=float)
    batch = dissect(descend(BOWL, name, starts, 8))
    assert batch.step.shape == (8, 2, 2, 2)
    for place in np.ndindex(2, 2):
        alone = dissect(descend(BOWL, name, starts[place], 8))
        for part in ("gradient", "memory", "step"):
            theirs = getattr(batch, part)[(slice(None), *place)]
            np.testing.assert_allclose(theirs, getattr(alone, part), rtol=1e-12, atol=1e-14)


def test_arrays_of_hyperparameters_meet_their_paths():
    rates = np.array([[0.05], [0.2]])
    path = descend(BOWL, Momentum(rates), [START, (3, -1), (1, 1)], 5)
    parts = dissect(path)
    expected = parts.memory - rates[..., None] * parts.gradient
    assert expected.shape == (5, 2, 3, 2)
    np.testing.assert_allclose(parts.step, expected, atol=1e-14)
    one = dissect(path[1, 2])
    np.testing.assert_allclose(one.memory, parts.memory[:, 1, 2], atol=1e-14)


def test_a_path_that_has_converged_has_no_parts_any_more():
    path = descend(BOWL, "momentum:lr=0.1", [(-1, 1), START], 200, tolerance=0.05)
    assert path.status.tolist() == ["converged", "converged"]
    parts = dissect(path)
    for i, at in enumerate(path.converged_at):
        for part in (parts.gradient, parts.memory, parts.step):
            assert part[at - 1, i].any()
            assert not part[at:, i].any()
    still = dissect(descend(BOWL, "momentum:lr=0.1", (0, 0), 5, tolerance=0.1))
    assert not still.memory.any()


def test_a_path_that_diverges_has_parts_until_then():
    path = descend(Surface(BOWL), "momentum:lr=1e3", START, 400)
    assert path.status == "diverged"
    parts, end = dissect(path), int(path.diverged_at)
    for part in (parts.gradient, parts.memory, parts.step):
        assert np.isfinite(part[: end - 1]).all()
    assert np.isnan(parts.step[end:]).all()
    assert np.isnan(parts.gradient[end:]).all()


def test_dissecting_changes_nothing_and_can_be_repeated():
    path = quick("adam:lr=0.3")
    before = path.positions.copy(), path.gradients.copy()
    one, other = dissect(path), dissect(path)
    np.testing.assert_array_equal(one.memory, other.memory)
    np.testing.assert_array_equal(path.positions, before[0])
    np.testing.assert_array_equal(path.gradients, before[1])
    assert path.optimizer.steps_taken == 0
    one.gradient[:] = 0
    assert path.gradients.any()


@pytest.mark.parametrize("record", ["last", 3])
def test_missing_steps_are_refused(record):
    (path,) = compare(BOWL, ["adam:lr=0.3"], START, 10, record=record)
    with pytest.raises(ValueError, match=r"`record` must be 'all', as every step is needed"):
        dissect(path)
