"""Descents with gradients of real minibatches."""

import numpy as np
import pytest

import trajectories as tj

RNG = np.random.default_rng(0)
TIMES = RNG.uniform(-1, 1, 40)
SAMPLES = np.stack([TIMES, 2 * TIMES - 1 + 0.3 * RNG.standard_normal(40)], axis=1)
EXACT, STOCHASTIC = tj.least_squares(SAMPLES), tj.least_squares(SAMPLES, batch_size=8)


def test_the_gradients_that_the_optimizer_is_given_are_those_of_batches(tmp_path):
    paths = tj.descend(STOCHASTIC, "sgd:0.1", np.zeros((50, 2)), steps=5, rng=0)
    exact = STOCHASTIC.gradient(paths.positions)
    assert (abs(paths.gradients - exact).max(axis=(1, 2)) > 1e-3).all()
    moved = paths.positions[:-1] - 0.1 * paths.gradients[:-1]
    assert np.array_equal(paths.positions[1:], moved)
    assert len(np.unique(paths.positions[-1], axis=0)) == 50
    paths.save(tmp_path / "path.npz")
    read = tj.Trajectory.load(tmp_path / "path.npz")
    assert read == paths
    assert read.surface == STOCHASTIC


def test_over_an_epoch_they_are_the_gradient_and_the_same_for_all_compared():
    one, two = tj.compare(STOCHASTIC, [tj.SGD(1e-12), tj.Momentum(1e-12)], steps=4, rng=1)
    assert one.gradients.mean(axis=0) == pytest.approx(STOCHASTIC.gradient(one.start), rel=1e-9)
    assert one.gradients == pytest.approx(two.gradients, rel=1e-6)
    other = tj.descend(STOCHASTIC, tj.SGD(1e-12), steps=4, rng=2)
    assert abs(other.gradients - one.gradients).max() > 1e-3


def test_all_samples_at_once_are_the_exact_gradient():
    whole = tj.descend(tj.least_squares(SAMPLES, batch_size=40), "adam:0.1", steps=20, rng=0)
    exact = tj.descend(EXACT, "adam:0.1", steps=20)
    assert np.array_equal(whole.positions, exact.positions)


@pytest.mark.parametrize("noise", [0.0, 0.25])
def test_the_same_seed_brings_the_same_batches_for_good(noise):
    """Saved paths are made again from their seed: batches first, then noise where there is any."""
    path = tj.descend(STOCHASTIC, "sgd:0.1", np.ones((3, 2)), steps=12, noise=noise, rng=7)
    p, g = np.empty((2, 2, 3))
    rng = np.random.default_rng((int(np.random.default_rng(7).integers(2**63)), 0))
    draw = STOCHASTIC.bind_minibatch_gradient(p[0], p[1], g, rng)
    for position, gradient in zip(path.positions, path.gradients, strict=True):
        p[:] = position.T
        draw()
        if noise:
            g += noise * rng.standard_normal(g.shape)
        assert np.array_equal(gradient, g.T)


def test_tolerance_looks_at_the_exact_gradient():
    path = tj.descend(STOCHASTIC, "sgd:0.05", steps=2000, rng=0, tolerance=0.05)
    assert path.status == "converged"
    here = path.positions[path.converged_at]
    assert np.hypot(*STOCHASTIC.gradient(here)) <= 0.05
    assert np.hypot(*path.gradients[path.converged_at]) != np.hypot(*STOCHASTIC.gradient(here))
