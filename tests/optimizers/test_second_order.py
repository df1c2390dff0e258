"""Newton's method, damped Newton and the line search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trajectories as tj
from trajectories.optimizers import SURFACE_OPTIMIZERS, as_optimizer, to_spec
from trajectories.surfaces.catalogue import quadratic

ALL = pytest.mark.parametrize("cls", SURFACE_OPTIMIZERS.values(), ids=SURFACE_OPTIMIZERS)
SEARCHED = pytest.mark.parametrize("cls", [tj.DampedNewton, tj.Backtracking])
coordinates = st.floats(-10, 10)


@given(st.floats(1, 1e4), st.floats(0, 360), coordinates, coordinates)
@settings(deadline=None, max_examples=30)
def test_newton_finds_the_minimum_of_a_quadratic_in_one_step(condition, angle, x, y):
    path = tj.descend(quadratic(condition, angle), tj.Newton(), start=(x, y), steps=1)
    assert path.final == pytest.approx([0, 0], abs=1e-9 * condition)


def test_newton_is_the_solution_of_its_equations():
    surface, p = tj.SURFACES["beale"], np.array([[0.3, 2.0, -1.0], [0.2, -0.7, 1.1]])
    wanted = (
        p.T - 0.7 * np.linalg.solve(surface.hessian(p.T), surface.gradient(p.T)[..., None])[..., 0]
    )
    tj.Newton(0.7).bind(surface, p, surface.gradient(p.T).T)()
    np.testing.assert_allclose(p.T, wanted, rtol=1e-12)


def test_newton_converges_quadratically():
    path = tj.descend("rosenbrock", tj.Newton(), start=(1.05, 1.1), steps=6)
    errors = np.hypot(*(path.positions - 1).T)
    good = errors[errors > 1e-12]
    assert (good[1:] < 30 * good[:-1] ** 2).all()
    assert errors[-1] < 1e-13


def test_newton_goes_to_a_saddle_and_damped_newton_does_not():
    newton, damped = tj.compare(
        "x**2 - y**2", [tj.Newton(), tj.DampedNewton()], start=(-1.5, 0.1), steps=8
    )
    assert newton.final.tolist() == [0.0, 0.0]
    assert abs(damped.final[1]) > 1
    assert damped.values[-1] < -1


def test_newton_on_a_flat_direction_has_diverged():
    path = tj.descend("(x + y)**2", tj.Newton(), start=(1, 2), steps=3)
    assert path.status == "diverged"
    assert path.diverged_at == 1


def test_damping_saves_a_flat_direction():
    path = tj.descend("(x + y)**2", tj.DampedNewton(), start=(1, 2), steps=3)
    assert path.values[-1] < 1e-20


@SEARCHED
@pytest.mark.parametrize(
    "surface", ["rosenbrock", "beale", "himmelblau", "ackley", "goldstein_price"]
)
def test_a_line_search_never_goes_up(cls, surface):
    starts = np.random.default_rng(0).uniform(-2, 2, (200, 2))
    path = tj.descend(surface, cls(), starts, steps=40)
    assert (path.status == "stopped").all()
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


def test_backtracking_survives_any_learning_rate():
    for lr in (0.1, 1.0, 1e3, 1e12):
        assert tj.descend("booth", tj.Backtracking(lr), steps=300).values[-1] < 1e-2


class Counted:
    """A bowl, or a plain from whose middle nothing falls; it counts how often it is asked."""

    def __init__(self, f):
        self.f, self.asked = f, 0

    def __call__(self, x, y):
        self.asked += 1
        return self.f(x, y)

    def hessian(self, p):
        return np.broadcast_to(np.eye(2), (len(p), 2, 2)).copy()


@SEARCHED
def test_a_search_in_vain_ends_after_60_trials_and_stays(cls):
    # So long a step that even its last cut does not round to nothing.
    spike = Counted(lambda x, y: np.where((x == 1) & (y == 2), 0.0, 1.0))
    p = np.array([[1.0], [2.0]])
    cls(1e9).bind(spike, p, np.full((2, 1), 1e3))()
    assert p.tolist() == [[1.0], [2.0]]
    assert spike.asked == 1 + 60


@SEARCHED
def test_a_step_that_falls_enough_at_once_costs_two_values(cls):
    bowl, p = Counted(lambda x, y: (x**2 + y**2) / 2), np.array([[1.0, -3.0], [2.0, 0.5]])
    cls(1.0).bind(bowl, p, p.copy())()
    assert (p == 0).all()
    assert bowl.asked == 2


@SEARCHED
def test_each_path_of_a_batch_is_cut_for_itself(cls):
    # Along x**4, a unit step from 0.1 falls, one from 3 must be cut, and so again and again.
    bowl = tj.Surface("x**4 + y**2")
    p = np.array([[0.1, 3.0], [0.0, 0.0]])
    cls(1.0).bind(bowl, p, bowl.gradient(p.T).T)()
    for i, x in enumerate([0.1, 3.0]):
        alone = np.array([[x], [0.0]])
        cls(1.0).bind(bowl, alone, bowl.gradient(alone.T).T)()
        assert p[:, i].tolist() == alone[:, 0].tolist()


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


def test_at_the_minimum_nothing_moves():
    for cls in SURFACE_OPTIMIZERS.values():
        path = tj.descend("x**2/20 + y**2", cls(), start=(0, 0), steps=3)
        assert (path.positions == 0).all()
        assert path.status == "stopped"


@ALL
def test_a_batch_is_its_paths_one_by_one(cls):
    starts = np.random.default_rng(1).uniform(-2, 2, (20, 2))
    batch = tj.descend("rosenbrock", cls(), starts, steps=10)
    for i in (0, 7, 19):
        alone = tj.descend("rosenbrock", cls(), starts[i], steps=10)
        assert np.array_equal(batch.positions[:, i], alone.positions, equal_nan=True)


@ALL
def test_learning_rates_as_an_array_and_as_a_schedule(cls):
    rates = np.array([0.3, 0.6, 1.0])
    batch = tj.descend("booth", cls(rates), steps=5)
    for i, rate in enumerate(rates):
        alone = tj.descend("booth", cls(float(rate)), steps=5)
        assert np.array_equal(batch.positions[:, i], alone.positions)
    falling = tj.descend("booth", cls(lambda step: 0.5**step), steps=2)
    assert np.array_equal(falling.positions[1], tj.descend("booth", cls(1.0), steps=1).final)


@ALL
def test_a_schedule_is_asked_for_each_step_from_zero(cls):
    asked, surface, p = [], tj.SURFACES["booth"], np.array([[-5.0], [3.0]])

    def schedule(step):
        asked.append(step)
        return 0.5

    rule = cls(schedule)
    step = rule.bind(surface, p, surface.gradient(p.T).T)
    for _ in range(4):
        step()
    assert asked == [0, 1, 2, 3]
    assert rule.steps_taken == 4


@ALL
def test_spec_strings(cls):
    assert as_optimizer(f"{cls.name}:0.5") == cls(0.5)
    assert as_optimizer(to_spec(cls(0.25))) == cls(0.25)
    assert as_optimizer(cls) == cls()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (tj.Newton(), {"lr": 1}),
        (tj.DampedNewton(), {"lr": 1, "damping": 1e-6, "shrink": 0.5, "slope": 1e-4}),
        (tj.Backtracking(), {"lr": 1, "shrink": 0.5, "slope": 1e-4}),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_defaults(rule, expected):
    assert rule.hyperparameters == expected


def test_a_path_survives_the_disk(tmp_path):
    path = tj.descend("booth", tj.DampedNewton(0.5, damping=0.1), steps=3)
    path.save(tmp_path / "path.npz")
    assert tj.Trajectory.load(tmp_path / "path.npz") == path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: tj.Newton(0.0), "`lr` must be positive. Got 0.0"),
        (lambda: tj.Backtracking(shrink=1.0), "`shrink` must be between 0 and 1, without the ends"),
        (lambda: tj.Backtracking(slope=0.0), "`slope` must be between 0 and 1, without the ends"),
        (lambda: tj.DampedNewton(damping=-1.0), "`damping` must be zero or positive. Got -1.0"),
    ],
)
def test_bad_hyperparameters(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_lost_start_stays_lost():
    for cls in (tj.DampedNewton, tj.Backtracking, tj.Newton):
        path = tj.descend("exp(x**2 + y**2)", cls(), start=(30, 30), steps=3)
        assert path.status == "diverged"
        assert path.diverged_at == 0
