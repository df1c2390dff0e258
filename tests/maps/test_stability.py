"""The line that theory draws, against what descents do."""

import numpy as np
import pytest

from trajectories import SGD, SURFACES, Adam, Momentum, Nesterov, Surface, quadratic
from trajectories.maps.sensitivity import frontier, is_quadratic, sensitivity

BOWL = Surface("x**2/20 + y**2")


def test_limits_of_the_bowl():
    assert frontier(BOWL, SGD()) == pytest.approx(1)
    assert frontier(BOWL, Momentum(momentum=0.5)) == pytest.approx(1.5)
    assert frontier(BOWL, Nesterov(momentum=0.5)) == pytest.approx(0.75)
    several = frontier(BOWL, Momentum(), np.array([0.0, 0.9, 1.0]))
    np.testing.assert_allclose(several, [1.0, 1.9, np.nan])


@pytest.mark.parametrize(("name", "good"), [("booth", True), ("matyas", True), ("trid", True)])
def test_quadratics_are_known(name, good):
    assert is_quadratic(SURFACES[name]) is good


@pytest.mark.parametrize("name", ["rosenbrock", "himmelblau", "beale", "ackley", "peaks"])
def test_others_have_no_frontier(name):
    assert not is_quadratic(SURFACES[name])
    assert frontier(SURFACES[name], SGD()) is None


@pytest.mark.parametrize("formula", ["5*abs(x) + y**2", "abs(x) + y**2", "max(x, 0) + y**2"])
def test_a_kink_is_no_quadratic_though_its_curvature_is_the_same_everywhere(formula):
    assert not is_quadratic(Surface(formula))
    assert frontier(Surface(formula), SGD()) is None


def test_a_quadratic_with_a_slope_is_one():
    assert is_quadratic(Surface("x**2/20 + y**2 + 3*x - 1000*y + 7"))


def test_others_rules_have_no_frontier():
    assert frontier(BOWL, Adam()) is None
    assert frontier(Surface("x + y"), SGD()) is None


@pytest.mark.parametrize("rule", [Momentum, Nesterov])
def test_descents_diverge_beyond_it_and_nowhere_else(rule):
    momenta = np.linspace(0, 0.9, 19)
    rates = np.linspace(0.05, 2.2, 87)
    found = sensitivity(BOWL, rule, (-7, 2), 2500, lr=rates, momentum=momenta)
    below = rates[:, None] < 0.985 * found.frontier
    beyond = rates[:, None] > 1.015 * found.frontier
    assert not found.lost[below].any()
    assert found.lost[beyond].all()
    assert below.sum() > 300
    assert beyond.sum() > 300


def test_it_is_known_from_either_axis_and_from_one():
    slanted = quadratic(50, angle=30)
    rates, momenta = np.array([0.1, 0.2]), np.array([0.0, 0.5, 1.0])
    one = sensitivity(slanted, "momentum", lr=rates, momentum=momenta, steps=2)
    other = sensitivity(slanted, "momentum", momentum=momenta, lr=rates, steps=2)
    np.testing.assert_array_equal(one.frontier, other.frontier)
    single = sensitivity(slanted, "momentum:momentum=0.5", lr=rates, steps=2)
    assert single.frontier == pytest.approx(one.frontier[1])
    assert sensitivity(slanted, "momentum", momentum=momenta, steps=2).frontier is None
    assert sensitivity(slanted, "adam", lr=rates, beta1=[0.1, 0.9], steps=2).frontier is None
