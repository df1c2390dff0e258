"""The anatomy of steps that scenes show, against the rules written out by hand."""

import numpy as np
import pytest

import trajectories as tj

BOWL = tj.Surface("x**2/20 + y**2", minima=[(0, 0)])
START = (-7, 2)
#: Their memory is none: the step depends on the gradient of the moment, and scales of earlier ones.
FORGETFUL = ("sgd", "adagrad", "rmsprop", "adadelta", "signsgd", "centeredrmsprop", "rprop")


def dissect(path):
    return tj.Scene.of(path, step_arrows=True, resolution=3).tracks[0].anatomy


@pytest.mark.parametrize("name", [*tj.OPTIMIZERS, *tj.SURFACE_OPTIMIZERS])
def test_memory_is_the_step_that_a_zero_gradient_would_bring(name):
    path = tj.descend(BOWL, name, START, 12)
    parts = dissect(path)
    np.testing.assert_array_equal(parts.gradient, path.gradients[:-1])
    np.testing.assert_array_equal(parts.step, np.diff(path.positions, axis=0))
    # Before the first step there is nothing to remember; only weights decay a little.
    assert np.abs(parts.memory[0]).max() < 1e-4
    if name in tj.SURFACE_OPTIMIZERS or name in FORGETFUL:
        assert not parts.memory.any()
    for step in (0, 1, 5, 11) if name in tj.OPTIMIZERS else ():
        rule, p = tj.OPTIMIZERS[name](), np.array(START, dtype=float)
        for gradient in path.gradients[:step]:
            rule.update({"p": p}, {"p": np.array(gradient)})
        np.testing.assert_array_equal(p, path.positions[step])
        before = p.copy()
        rule.update({"p": p}, {"p": np.zeros(2)})
        np.testing.assert_allclose(parts.memory[step], p - before, rtol=1e-12, atol=1e-14)


def test_the_rate_of_a_schedule_is_that_of_the_step():
    path = tj.descend(BOWL, "momentum:lr=exponential(0.2,0.8)", START, 6)
    parts = dissect(path)
    rates = 0.2 * 0.8 ** np.arange(6)[:, None]
    np.testing.assert_allclose(parts.step, parts.memory - rates * parts.gradient, atol=1e-14)


def test_the_gradient_shown_is_the_noisy_one_that_the_optimizer_was_given():
    path = tj.descend(BOWL, "momentum:lr=0.1", START, 12, noise=0.5, rng=3)
    parts = dissect(path)
    assert np.abs(parts.gradient - BOWL.gradient(path.positions[:-1])).mean() > 0.2
    np.testing.assert_allclose(parts.step, parts.memory - 0.1 * parts.gradient, atol=1e-14)


@pytest.mark.parametrize("name", ["momentum:lr=0.1", "adam:lr=0.3"])
def test_each_path_of_a_batch_is_dissected_as_if_it_were_alone(name):
    starts = np.array([[START, (3, -1)], [(0.5, 0.2), (-1, 1)]], dtype=float)
    batch = dissect(tj.descend(BOWL, name, starts, 8))
    assert batch.step.shape == (8, 2, 2, 2)
    for place in np.ndindex(2, 2):
        alone = dissect(tj.descend(BOWL, name, starts[place], 8))
        for part in ("gradient", "memory", "step"):
            theirs = getattr(batch, part)[(slice(None), *place)]
            np.testing.assert_allclose(theirs, getattr(alone, part), rtol=1e-12, atol=1e-14)


def test_a_path_has_parts_until_it_has_converged_or_diverged():
    path = tj.descend(BOWL, "momentum:lr=0.1", [(-1, 1), START, (0, 0)], 200, tolerance=0.05)
    assert path.status.tolist() == ["converged"] * 3
    parts = dissect(path)
    for i, at in enumerate(path.converged_at):
        for part in (parts.gradient, parts.memory, parts.step):
            assert part[max(at, 1) - 1, i].any() == (i < 2)
            assert not part[at:, i].any()
    path = tj.descend(BOWL, "momentum:lr=1e3", START, 400)
    assert path.status == "diverged"
    parts, end = dissect(path), int(path.diverged_at)
    for part in (parts.gradient, parts.memory, parts.step):
        assert np.isfinite(part[: end - 1]).all()
    assert np.isnan(parts.step[end:]).all()
    assert np.isnan(parts.gradient[end:]).all()


@pytest.mark.parametrize("record", ["last", 3])
def test_missing_steps_are_refused(record):
    (path,) = tj.compare(BOWL, ["adam:lr=0.3"], START, 10, record=record)
    with pytest.raises(ValueError, match=r"`record` must be 'all', as every step is needed"):
        dissect(path)
