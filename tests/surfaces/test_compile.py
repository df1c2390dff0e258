"""Values and derivatives against SymPy's own NumPy code, and against themselves in other shapes."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from trajectories import SURFACES, Surface

SYMBOLS = sp.symbols("x y", real=True)
# Each of them works on positive x and y.
FORMULAS = [
    "x",
    "-x - y - 2",
    "2.5*x/3 - y/7 + (x/8 + x/10)*y",
    "-(x + y)/(x*y) + 1/(x**3*y)",
    "x**7 + x**13*y**-6 + x**-1",
    "x**0.5 + y**-0.5 + x**2.5*y**-1.5",
    "x**0.3 + y**-0.7 + x**pi",
    "2**x + (x + y)**(x - y) + x**y",
    "exp(-x)/exp(y) + e**(x*y)",
    "sqrt(x)*sqrt(y) + cbrt(x*y)",
    "sin(x)*cos(y) + tan(x/4) + tan(x + pi/2)",
    "sinh(x) - cosh(y) + tanh(x*y)",
    "asin(x/9) + acos(y/9) + atan(x*y)",
    "atan2(y, x) + atan2(-y, -x)",
    "log(x) + log(x*y)",
    "abs(x - y) + abs(-x)",
    "sign(x - y)*x",
    "max(x, y) - min(x, y**2)",
    # SymPy takes the real part of a root that may be imaginary.
    "abs(exp(y*x**0.5))",
    "abs(exp(asin(x/9)))",
    "pi*x + e*y + sqrt(2)",
    # SymPy leaves constants inside: Min(5/4, 7), Max(2, 3), (y - 1)/(1 - y).
    *(
        pytest.param(formula, marks=pytest.mark.slow)
        for formula in (
            "max(x, min(y, 1.5)) + max(x, min(max(1.25, x), 7))",
            "max(min(x, 2), max(min(x, 3), 1)) + max((y - 1)/(1 - y), 2)",
        )
    ),
    *(SURFACES[name].formula for name in SURFACES),
]
OLD = tuple(map(int, sp.__version__.split(".")[:2])) < (1, 14)


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).uniform(0.5, 3.0, size=(57, 2))


@pytest.mark.parametrize("formula", FORMULAS)
def test_values_and_gradients_are_what_sympy_computes(formula, points):
    surface = Surface(formula)
    x, y = np.ascontiguousarray(points.T)
    before, out = points.copy(), np.empty((2, len(points)))
    gradient = surface.gradient(points)
    run = surface.bind_gradient(x, y, out)
    run()
    assert np.array_equal(out.T, gradient)  # The same bits bound and called.
    x[:], y[:] = x[::-1].copy(), y[::-1].copy()
    run()
    assert np.array_equal(out.T, gradient[::-1])
    assert np.array_equal(points, before)
    if OLD and surface.expression.has(sp.Max, sp.Min):
        pytest.skip("SymPy 1.13 writes Max and Min wrongly for arrays and constants")
    found = [surface.value(points), *gradient.T]
    for expression, got in zip(
        (surface.expression, *surface.gradient_expressions), found, strict=True
    ):
        expected = sp.lambdify(SYMBOLS, expression, "numpy")(*points.T)
        scale = 1e-13 * (1 + np.max(np.abs(expected)))
        np.testing.assert_allclose(
            got, np.broadcast_to(expected, got.shape), rtol=1e-12, atol=scale
        )


@pytest.mark.parametrize("size", [0, 1, 8191, 8192, 8193, 16387])
def test_blocks_do_not_show(size):
    p = np.random.default_rng(1).uniform(-3, 3, size=(size, 2))
    surface = Surface("exp(-x)*sin(x*y) + x**3 - y")
    values, gradients = surface.value(p), surface.gradient(p)
    for i in {0, 1, 8191, 8192, 8193, size - 1} & set(range(size)):
        assert values[i] == surface.value(p[i])
        assert np.array_equal(gradients[i], surface.gradient(p[i]))


SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 5), st.just(2))


@pytest.mark.parametrize("name", ["rosenbrock", "ackley", "beale"])
@settings(max_examples=10)
@given(p=arrays(float, SHAPES, elements=st.floats(-50, 50)))
def test_each_point_has_the_same_bits_in_every_shape(name, p):
    surface = SURFACES[name]
    for function in (surface.value, surface.gradient, surface.hessian):
        alone = np.array([[function(point) for point in row] for row in p])
        for shaped, expected in (
            (p, alone),
            (p.reshape(-1, 2), alone.reshape(-1, *alone.shape[2:])),
            (p[::2, ::-1], alone[::2, ::-1]),
            (np.asfortranarray(p), alone),
            (np.ascontiguousarray(p[..., ::-1])[..., ::-1], alone),
        ):
            assert np.array_equal(function(shaped), expected, equal_nan=True)
