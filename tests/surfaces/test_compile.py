"""Compiled programs against SymPy's own NumPy code, and against themselves in other shapes."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trajectories import SURFACES, FormulaError, Surface
from trajectories.surfaces.compile import BLOCK, Program
from trajectories.surfaces.formula import X, Y, parse, to_sympy

# Each of them works on positive x and y.
FORMULAS = [
    "x",
    "3",
    "-x",
    "x - y",
    "-x - y - 2",
    "2.5*x/3 - y/7",
    "x/8 + x/10",
    "-(x + y)/(x*y)",
    "x**2",
    "x**7",
    "x**13*y**-6",
    "x**-1 + y**-2",
    "1/(x**3*y)",
    "x**0.5",
    "x**-0.5",
    "x**2.5",
    "x**-1.5",
    "x**0.3 + y**-0.7",
    "x**pi",
    "2**x",
    "x**y",
    "(x + y)**(x - y)",
    "exp(-x)/exp(y)",
    "e**(x*y)",
    "sqrt(x)*sqrt(y)",
    "sin(x)*cos(y) + tan(x/4)",
    "tan(x + pi/2)",
    "sinh(x) - cosh(y) + tanh(x*y)",
    "asin(x/9) + acos(y/9) + atan(x*y)",
    "atan2(y, x) + atan2(-y, -x)",
    "log(x) + log(x*y)",
    "abs(x - y) + abs(-x)",
    "sign(x - y)*x",
    "cbrt(x - y)",
    "max(x, y) - min(x, y**2)",
    "max(x, min(y, 1.5))",
    # SymPy leaves constants inside: Min(5/4, 7), Max(2, 3), (y - 1)/(1 - y).
    "max(x, min(max(1.25, x), 7))",
    "max(min(x, 2), max(min(x, 3), 1))",
    "max((y - 1)/(1 - y), 2) + x",
    # SymPy takes the real part of a root that may be imaginary.
    "abs(exp(y*x**0.5))",
    "abs(exp(asin(x/9)))",
    "pi*x + e*y + sqrt(2)",
    *(SURFACES.entry(name).formula for name in SURFACES),
]

OLD = tuple(map(int, sp.__version__.split(".")[:2])) < (1, 14)


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).uniform(0.5, 3.0, size=(2, 57))


def run(expressions, x, y):
    program = Program(expressions)
    out = np.full((program.count, x.size), np.nan)
    program(x, y, out)
    return out


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_program_computes_what_sympy_computes(formula, points):
    expression = parse(formula)
    if OLD and to_sympy(expression).has(sp.Max, sp.Min):
        pytest.skip("SymPy 1.13 writes Max and Min wrongly for arrays and constants")
    expected = sp.lambdify((X, Y), to_sympy(expression), "numpy")(*points)
    (got,) = run([expression], *points)
    np.testing.assert_allclose(got, np.broadcast_to(expected, got.shape), rtol=1e-13, atol=1e-13)


def test_several_expressions_share_one_program(points):
    x, y = points
    first = X * sp.sin(X * Y)
    out = run([first, sp.exp(first) + Y, sp.sin(X * Y)], x, y)
    assert np.array_equal(out[0], x * np.sin(x * y))
    assert np.array_equal(out[1], np.exp(x * np.sin(x * y)) + y)
    assert np.array_equal(out[2], np.sin(x * y))


def test_variables_constants_and_repetitions_are_results_too(points):
    x, y = points
    out = run([Y, sp.Integer(2), X + Y, X, X + Y, sp.pi, X], x, y)
    for row, expected in zip(out, [y, 2.0, x + y, x, x + y, np.pi, x], strict=True):
        assert np.array_equal(row, np.broadcast_to(expected, x.shape))


def test_a_result_that_others_use_is_not_overwritten(points):
    x, y = points
    chain = [sp.sin(X)]
    for _ in range(5):
        chain.append(sp.cos(chain[-1] + Y))
    out = run([*chain, chain[0]], x, y)
    expected = np.sin(x)
    for row in out[:-1]:
        assert np.array_equal(row, expected)
        expected = np.cos(expected + y)
    assert np.array_equal(out[-1], np.sin(x))


def test_the_inputs_are_left_alone(points):
    x, y = points.copy()
    run([-X, X * 2 + Y, sp.exp(X)], x, y)
    assert np.array_equal([x, y], points)


@pytest.mark.parametrize(
    "size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, pytest.param(2 * BLOCK + 3, id="three blocks")]
)
def test_blocks_do_not_show(size):
    x, y = np.random.default_rng(1).uniform(-3, 3, size=(2, size))
    expressions = [sp.exp(-X) * sp.sin(X * Y), sp.Integer(4), X**3 - Y]
    out = run(expressions, x, y)
    for i in {0, 1, BLOCK - 1, BLOCK, BLOCK + 1, size - 1} & set(range(size)):
        assert np.array_equal(out[:, i], run(expressions, x[i : i + 1], y[i : i + 1])[:, 0])


def test_a_bound_program_follows_its_arrays(points):
    x, y = points.copy()
    out = np.empty((1, x.size))
    evaluate = Program([X**3 - Y]).bind(x, y, out)
    for _ in range(2):
        evaluate()
        assert np.array_equal(out, run([X**3 - Y], x, y))
        x *= -1.5
        y += 1


@pytest.mark.parametrize("function", [sp.gamma, sp.Heaviside, sp.asinh, sp.floor])
def test_a_function_without_a_ufunc_is_refused(function):
    with pytest.raises(FormulaError, match=f"calls '{function.__name__}'"):
        Program([function(X)])


SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 5), st.just(2))


@pytest.mark.parametrize("name", ["rosenbrock", "ackley", "beale"])
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


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.filterwarnings("ignore:The formula '3' is constant")
def test_binding_gives_the_same_bits_as_calling(formula, points):
    surface = Surface(formula)
    x, y = points
    out = np.empty_like(points)
    surface.bind_gradient(x, y, out)()
    assert np.array_equal(out.T, surface.gradient(points.T))
