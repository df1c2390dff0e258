"""Curvature at a point, and the learning rates that it allows."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from trajectories import SGD, SURFACES, Momentum, Nesterov, Surface, descend, quadratic

SINGLE = [
    ("x**2/20 + y**2", (0, 0), "minimum"),
    ("x**2/20 + y**2", (-7, 2), "slope"),
    ("-x**2 - 3*y**2", (0, 0), "maximum"),
    ("x**2 - y**2", (0, 0), "saddle"),
    ("x**3 - 3*x*y**2", (0, 0), "flat"),
    ("x**2 + y**4", (0, 0), "degenerate"),
    ("(x + 3*y)**2", (3, -1), "degenerate"),
    ("sqrt(x**2 + y**2)", (0, 0), "kink"),
    ("log(x)", (-1, 0), "undefined"),
    ("1e-30*(x**2 + 2*y**2)", (1, 0), "slope"),
]


@pytest.mark.parametrize(("formula", "point", "kind"), SINGLE)
def test_kind_of_a_point(formula, point, kind):
    analysis = Surface(formula).analysis(point)
    assert analysis.kind == kind
    assert isinstance(analysis.kind, str)


@settings(max_examples=30)
@given(
    eigenvalues=st.tuples(*2 * [st.floats(-100, 100)]),
    angle=st.floats(0, 3.2),
    p=st.tuples(*2 * [st.floats(-10, 10)]),
)
def test_eigenvalues_are_those_of_numpy_and_vectors_belong_to_them(eigenvalues, angle, p):
    c, s = np.cos(angle), np.sin(angle)
    a, b, d = np.array([[c * c, s * s], [c * s, -c * s], [s * s, c * c]]) @ eigenvalues
    a, b, d = (0.0 if abs(entry) < 1e-300 else entry for entry in (a, b, d))  # Half of it is 0.
    if max(abs(a), abs(b), abs(d)) < 1e-3:
        return
    surface = Surface(lambda x, y: (float(a) * x**2 + 2 * float(b) * x * y + float(d) * y**2) / 2)
    analysis = surface.analysis(p)
    matrix = surface.hessian(p)
    assert analysis.eigenvalues == pytest.approx(np.linalg.eigvalsh(matrix), abs=1e-12)
    assert analysis.eigenvalues == pytest.approx(np.sort(eigenvalues), abs=1e-11)
    vectors = analysis.eigenvectors
    assert matrix @ vectors == pytest.approx(vectors * analysis.eigenvalues, abs=1e-11)
    assert vectors.T @ vectors == pytest.approx(np.eye(2), abs=1e-12)
    assert analysis.gradient_norm == pytest.approx(np.linalg.norm(matrix @ p), abs=1e-10)
    assert analysis.value == surface.value(p)


@pytest.mark.parametrize(
    ("formula", "condition", "limit"),
    [
        ("x**2/20 + y**2", 20.0, 1.0),
        ("x**2 - 4*y**2", 4.0, 1.0),
        ("-x**2 - 4*y**2", 4.0, np.inf),
        ("x**2", np.inf, 1.0),
        ("-y**2/2", np.inf, np.inf),
        ("x**3 - 3*x*y**2", np.inf, np.inf),
        ("sqrt(x**2 + y**2)", np.nan, np.nan),
    ],
)
def test_condition_and_limit(formula, condition, limit):
    analysis = Surface(formula).analysis((0, 0))
    assert analysis.condition == pytest.approx(condition, nan_ok=True)
    assert analysis.sgd_limit == pytest.approx(limit, nan_ok=True)
    assert analysis.momentum_limit(0) == pytest.approx(limit, nan_ok=True)
    assert analysis.nesterov_limit(0) == pytest.approx(limit, nan_ok=True)
    assert type(analysis.condition) is type(analysis.sgd_limit) is float


@pytest.mark.parametrize(
    ("rule", "momentum"),
    [(SGD, 0.0), (Momentum, 0.5), (Momentum, 0.9), (Nesterov, 0.5), (Nesterov, 0.9)],
)
@pytest.mark.parametrize(("condition", "angle"), [(20, 0), (8, 30)])
def test_below_its_limit_a_rule_converges_and_above_it_grows(rule, momentum, condition, angle):
    bowl = quadratic(condition, angle)
    analysis = bowl.analysis(bowl.start)
    limit = getattr(analysis, f"{rule.name}_limit")
    how = {} if rule is SGD else {"momentum": momentum}
    below, above = (
        descend(bowl, rule(factor * (limit(momentum) if how else limit), **how), steps=3000)
        for factor in (0.99, 1.01)
    )
    assert np.hypot(*below.final) < 1e-9
    assert np.hypot(*above.final) > 1e6


@pytest.mark.parametrize("momentum", [-0.1, 1.0, np.nan, "0.9", [0.5, 0.9]])
def test_bad_momentum(momentum):
    analysis = SURFACES["sphere"].analysis((0, 0))
    for limit in (analysis.momentum_limit, analysis.nesterov_limit):
        with pytest.raises((TypeError, ValueError), match="`momentum` must be"):
            limit(momentum)


@pytest.mark.parametrize("batch", [(0,), (3,), (2, 2), (2, 3), (4, 1, 2)])
def test_a_batch_is_its_points(batch):
    surface = SURFACES["himmelblau"]
    p = np.random.default_rng(0).uniform(-5, 5, size=(*batch, 2))
    p.reshape(-1, 2)[:1] = (3, 2)
    analysis = surface.analysis(p)
    assert analysis.eigenvectors.shape == (*batch, 2, 2)
    for at in np.ndindex(batch):
        alone = surface.analysis(p[at])
        for name in ("point", "value", "gradient_norm", "eigenvalues", "eigenvectors", "kind"):
            assert np.array_equal(getattr(analysis, name)[at], getattr(alone, name))
        assert analysis.condition[at] == alone.condition
        assert analysis.sgd_limit[at] == alone.sgd_limit
        assert analysis.momentum_limit(0.5)[at] == alone.momentum_limit(0.5)
        assert analysis.nesterov_limit(0.5)[at] == alone.nesterov_limit(0.5)
    for name in ("value", "gradient_norm", "kind", "condition", "sgd_limit"):
        assert getattr(analysis, name).shape == batch


def test_a_point_without_a_hessian_leaves_the_others_alone():
    analysis = SURFACES["ackley"].analysis([(0, 0), (1.5, 0.3)])
    assert analysis.kind.tolist() == ["kink", "slope"]
    assert np.isnan(analysis.eigenvalues[0]).all()
    assert np.isfinite(analysis.eigenvalues[1]).all()
    assert np.isfinite(analysis.eigenvectors[1]).all()
    with pytest.raises(AttributeError):
        analysis.value = 3


def test_in_words():
    surface = SURFACES["himmelblau"]
    assert str(surface.analysis((3, 2))).splitlines() == [
        "minimum: f(3, 2) = 0, gradient norm 0",
        "curvature 25.72 to 82.28, condition number 3.2",
        "stable learning rates: SGD below 0.02431, Momentum(0.9) below 0.04618, "
        "Nesterov(0.9) below 0.01649",
    ]
    assert str(surface.analysis([(3, 2), (0, 0), (1, 0)])) == "3 points: 2 slope, 1 minimum"
    assert str(surface.analysis(np.empty((0, 2)))) == "0 points"
