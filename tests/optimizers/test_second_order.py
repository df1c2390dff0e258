"""Newton's method, damped Newton and the line search."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import trajectories as tj
from trajectories import SURFACE_OPTIMIZERS

ALL = pytest.mark.parametrize("cls", SURFACE_OPTIMIZERS.values(), ids=SURFACE_OPTIMIZERS)
SEARCHED = pytest.mark.parametrize("cls", [tj.DampedNewton, tj.Backtracking])


@given(*[st.floats(*ends) for ends in ((1, 1e4), (0, 360), (-10, 10), (-10, 10))])
@settings(max_examples=8)
def test_newton_finds_the_minimum_of_a_quadratic_in_one_step(condition, angle, x, y):
    path = tj.descend(tj.quadratic(condition, angle), tj.Newton(), start=(x, y), steps=1)
    assert path.final == pytest.approx([0, 0], abs=1e-9 * condition)


def test_newton_is_the_solution_of_its_equations():
    surface, p = tj.SURFACES["beale"], np.array([[0.3, 2.0, -1.0], [0.2, -0.7, 1.1]])
    wanted = (
        p.T - 0.7 * np.linalg.solve(surface.hessian(p.T), surface.gradient(p.T)[..., None])[..., 0]
    )
    tj.Newton(0.7).bind(surface, p, surface.gradient(p.T).T)()
    np.testing.assert_allclose(p.T, wanted, rtol=1e-12)


def test_on_a_flat_direction_newton_has_diverged_and_damping_saves_it():
    path = tj.descend("(x + y)**2", tj.Newton(), start=(1, 2), steps=3)
    assert (path.status, path.diverged_at) == ("diverged", 1)
    path = tj.descend("(x + y)**2", tj.DampedNewton(), start=(1, 2), steps=3)
    assert path.values[-1] < 1e-20


def test_newton_goes_to_a_saddle_and_damped_newton_does_not():
    newton, damped = tj.compare(
        "x**2 - y**2", [tj.Newton(), tj.DampedNewton()], start=(-1.5, 0.1), steps=8
    )
    assert newton.final.tolist() == [0.0, 0.0]
    assert abs(damped.final[1]) > 1
    assert damped.values[-1] < -1


@SEARCHED
@pytest.mark.parametrize("surface", ["rosenbrock", "ackley", "goldstein_price"])
def test_a_line_search_never_goes_up(cls, surface):
    starts = np.random.default_rng(0).uniform(-2, 2, (50, 2))
    path = tj.descend(surface, cls(), starts, steps=25)
    assert (path.status == "finished").all()
    assert (np.diff(path.values, axis=0) <= 0).all()


def test_backtracking_by_hand():
    """Halve from lr until f falls by a ten-thousandth of what the slope foretells."""
    surface = tj.SURFACES["rosenbrock"]
    p = np.array(surface.start)
    for _ in range(20):
        g, t = surface.gradient(p), 1.0
        while surface.value(p - t * g) > surface.value(p) - 1e-4 * t * (g @ g):
            t /= 2
        p = p - t * g
    path = tj.descend(surface, tj.Backtracking(), steps=20)
    assert path.final == pytest.approx(p, rel=1e-12)


@SEARCHED
def test_a_search_in_vain_ends_and_stays(cls):
    # It slopes in both directions, but is far lower at one point than anywhere beside it.
    spike = "x + y + 1e20*abs(sign(x - 1)) + 1e20*abs(sign(y - 2))"
    path = tj.descend(spike, cls(1e9), start=(1, 2), steps=2)
    assert (path.gradients == 1).all()
    assert (path.positions == (1, 2)).all()


@SEARCHED
def test_each_path_of_a_batch_is_cut_for_itself(cls):
    # Along x**4, a unit step from 0.1 falls, one from 3 must be cut, and so again and again.
    starts = np.array([[0.1, 0.0], [3.0, 0.0]])
    batch = tj.descend("x**4 + y**2", cls(1.0), starts, steps=3)
    for i, start in enumerate(starts):
        assert batch[i] == tj.descend("x**4 + y**2", cls(1.0), start, steps=3)


def absolute(hessian):
    """Return the root of the square of a matrix of two rows: its eigenvalues without signs."""
    square = hessian @ hessian
    middle = np.sqrt(np.linalg.det(square))
    return (square + middle * np.eye(2)) / np.sqrt(np.trace(square) + 2 * middle)


@pytest.mark.parametrize("start", [(0.3, 0.2), (-1.2, 1.0), (2.0, 3.5), (0.1, 2.0)])
def test_damped_newton_divides_by_the_absolute_curvature(start):
    surface = tj.SURFACES["rosenbrock"]  # Its Hessian is indefinite at the last of the starts.
    gradient, hessian = surface.gradient(start), surface.hessian(start)
    wanted = start - 1e-3 * np.linalg.solve(absolute(hessian), gradient)
    path = tj.descend(surface, tj.DampedNewton(1e-3), start=start, steps=1)
    np.testing.assert_allclose(path.final, wanted, rtol=1e-9)


def test_damping_is_the_least_curvature():
    p = np.array([[3.0], [-0.5]])
    surface = tj.Surface("x**2/20 + y**2")  # Of curvatures 0.1 and 2.
    tj.DampedNewton(0.5, damping=0.5).bind(surface, p, surface.gradient(p.T).T)()
    np.testing.assert_allclose(p, [[3 - 0.5 * 0.3 / 0.5], [-0.25]], rtol=1e-14)


@ALL
def test_batches_arrays_and_schedules_are_their_paths_one_by_one(cls):
    starts = np.random.default_rng(1).uniform(-2, 2, (3, 1, 2))
    rates = np.array([0.3, 0.6, 1.0])
    batch = tj.descend("rosenbrock", cls(rates), starts, steps=6)
    for i, j in np.ndindex(3, 3):
        alone = tj.descend("rosenbrock", cls(float(rates[j])), starts[i, 0], steps=6)
        assert np.array_equal(batch.positions[:, i, j], alone.positions, equal_nan=True)
    asked = []
    falling = tj.descend("booth", cls(lambda step: asked.append(step) or 0.5**step), steps=2)
    assert asked == [0, 1]
    assert np.array_equal(falling.positions[1], tj.descend("booth", cls(1.0), steps=1).final)


@ALL
def test_at_the_minimum_nothing_moves_and_a_lost_start_stays_lost(cls):
    path = tj.descend("x**2/20 + y**2", cls(), start=(0, 0), steps=3)
    assert (path.positions == 0).all()
    assert path.status == "finished"
    path = tj.descend("exp(x**2 + y**2)", cls(), start=(30, 30), steps=3)
    assert (path.status, path.diverged_at) == ("diverged", 0)
