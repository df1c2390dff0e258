"""The line that theory draws, against what descents do."""

import numpy as np
import pytest

from trajectories import SGD, Adam, Momentum, Nesterov, Surface, quadratic, sensitivity

BOWL = Surface("x**2/20 + y**2")
RATES = [0.1, 0.2]


def limit(surface, rule, **axes):
    return sensitivity(surface, rule, steps=1, lr=RATES, **axes).stability_limit


def test_limits_of_the_bowl():
    assert limit(BOWL, SGD()) == pytest.approx(1)
    assert limit(BOWL, Momentum(momentum=0.5)) == pytest.approx(1.5)
    assert limit(BOWL, Nesterov(momentum=0.5)) == pytest.approx(0.75)
    several = limit(BOWL, Momentum(), momentum=[0.0, 0.9, 1.0])
    np.testing.assert_allclose(several, [1.0, 1.9, np.nan])


def test_quadratics_are_known_and_others_and_other_rules_have_no_limit():
    for surface in ("booth", "matyas", "x**2 + y**2 + 3*x - 1000*y + 7"):
        assert limit(surface, SGD()) > 0
    # A kink is no quadratic, though its curvature is the same everywhere.
    for surface in ("rosenbrock", "peaks", "x + y", "5*abs(x) + y**2", "max(x, 0) + y**2"):
        assert limit(surface, SGD()) is None
    assert limit(BOWL, Adam()) is None


@pytest.mark.parametrize("rule", [Momentum, Nesterov])
def test_descents_diverge_beyond_it_and_nowhere_else(rule):
    rates, momenta = np.linspace(0.05, 2.2, 60), np.linspace(0, 0.9, 10)
    found = sensitivity(BOWL, rule, (-7, 2), 1500, lr=rates, momentum=momenta)
    below = rates[:, None] < 0.985 * found.stability_limit
    beyond = rates[:, None] > 1.015 * found.stability_limit
    assert not found.lost[below].any()
    assert found.lost[beyond].all()
    assert below.sum() > 120
    assert beyond.sum() > 120


def test_it_is_known_from_either_axis_and_from_one():
    slanted, momenta = quadratic(50, angle=30), np.array([0.0, 0.5, 1.0])
    one = limit(slanted, "momentum", momentum=momenta)
    other = sensitivity(slanted, "momentum", momentum=momenta, lr=RATES, steps=2)
    np.testing.assert_array_equal(one, other.stability_limit)
    assert limit(slanted, "momentum:momentum=0.5") == pytest.approx(one[1])
    assert sensitivity(slanted, "momentum", momentum=momenta, steps=2).stability_limit is None
    assert limit(slanted, "adam", beta1=[0.1, 0.9]) is None
