"""Surface: how it is built, evaluated and compared."""

import json
import math
import pickle

import numpy as np
import pytest
import sympy as sp

from trajectories import FormulaError, Surface, descend

BOWL = "x**2/20 + y**2"


# --- building


def test_text_sympy_and_function_give_the_same_surface():
    x, y = sp.symbols("x y")  # Not declared real, as users write them.
    same = [
        Surface(BOWL, name="bowl", domain=((0, 1), (0, 1)), minima=[(0, 0)]),
        Surface("y^2 + x²/20"),
        Surface(x**2 / 20 + y**2),
        Surface(lambda x, y: x**2 / 20 + y**2),
    ]
    assert len(set(same)) == 1
    for other in (Surface("x**2/20 + y**3"), Surface("x*y"), BOWL, None):
        assert same[0] != other
    surface = Surface(sp.sqrt(x**2) + sp.Abs(y))
    assert surface == Surface("abs(x) + abs(y)")
    assert np.array_equal(surface.gradient((-2, 3)), [-1.0, 1.0])


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("  x**2   + y ", "x**2 + y"),
        (lambda x, y: y + x**2, "x**2 + y"),
        (lambda x, y: 0.1 * x * sp.sin(y), "0.1*x*sin(y)"),
        (lambda x, y: (x + y) * sp.sin(x) * 2, None),
        (lambda x, y: x**64 + 10**14 * y, None),
    ],
)
def test_the_formula_is_text_that_reads_back_and_the_default_name(formula, text):
    surface = Surface(formula)
    assert text in (None, surface.formula)
    assert surface.name == surface.formula
    assert Surface(surface.formula) == surface
    assert repr(surface) == f"Surface({surface.formula!r})"


def test_expressions_are_plain_sympy_in_real_symbols():
    x, y = sp.symbols("x y", real=True)
    surface = Surface("abs(x)*y + max(x, 1)")
    assert surface.expression == sp.Abs(x) * y + sp.Max(x, 1)
    by_x, by_y = surface.gradient_expressions
    assert by_y == sp.Abs(x)
    assert by_x.subs({x: -2, y: 3}) == -3
    assert by_x.subs({x: 1, y: 3}) == sp.Rational(7, 2)  # At a kink: the mean of both sides.


def test_defaults():
    surface = Surface(BOWL)
    assert surface.domain == ((-10.0, 10.0), (-10.0, 10.0))
    assert surface.start == (-7.0, 2.0)
    assert surface.declared_minima == ()
    assert (surface.about, surface.source) == ("", "")
    assert Surface("x*y", domain=[[0, 2], [10, 20]]).start == pytest.approx((0.3, 16.0))


FUNCTION, FORMULA = (
    r"use sympy\.sin, not math\.sin or",
    "must be text, a SymPy expression or a func",
)


@pytest.mark.parametrize(
    ("formula", "message"),
    [(bad, FORMULA) for bad in (None, True, b"x", np.array([1.0, 2.0]))]
    + [(lambda x, y: None, FORMULA), (lambda x, y: x > y, FORMULA), (np.sin, FUNCTION)]
    + [(lambda x, y: math.exp(x), FUNCTION), (lambda x: x, FUNCTION)],
)
def test_what_is_no_formula_is_refused(formula, message):
    with pytest.raises(TypeError, match=message):
        Surface(formula)


@pytest.mark.parametrize(
    "formula",
    [
        lambda x, y: sp.Piecewise((x, x > 0), (y, True)),
        lambda x, y: sp.Integral(sp.exp(x * y), x),
        lambda x, y: sum((x - i) ** 2 * (y + i) ** 4 for i in range(40)),
        lambda x, y: x**100 + y**2,
    ],
)
def test_sympy_that_cannot_be_computed_or_written_is_refused_when_built(formula):
    with pytest.raises(FormulaError):
        Surface(formula)


@pytest.mark.parametrize(
    "domain",
    ["abc", (-1, 1), ((1, -1), (-1, 1)), ((-1, 1), (2, 2)), ((np.nan, 1), (-1, 1))]
    + [((-1, 10**400), (-1, 1))],
)
def test_bad_domain(domain):
    with pytest.raises((TypeError, ValueError), match="`domain` must be"):
        Surface(BOWL, domain=domain)


@pytest.mark.parametrize("point", [3, (1, 2, 3), ((1, 2),), (np.nan, 1), "ab", (10**400, 1)])
def test_bad_points(point):
    with pytest.raises((TypeError, ValueError), match="`start` must be"):
        Surface(BOWL, start=point)
    with pytest.raises((TypeError, ValueError), match="`minima` must be"):
        Surface(BOWL, minima=[(0, 0), point])


@pytest.mark.parametrize("formula", ["3", "pi + e", "x - x", "0*x", 5, 2.5, lambda x, y: 1])
def test_a_constant_formula_warns(formula):
    with pytest.warns(UserWarning, match="is constant: it has no slope, so no optimizer moves"):
        surface = Surface(formula)
    assert np.array_equal(surface.gradient([(1, 2), (3, 4)]), np.zeros((2, 2)))


# --- evaluating


@pytest.mark.parametrize("batch", [(), (5,), (2, 3), (0,), (2, 0)])
@pytest.mark.parametrize("formula", [BOWL, "2*x - y/4", "max(x, y)"])
def test_shapes(formula, batch):
    surface = Surface(formula)
    p = np.linspace(-1, 2, math.prod(batch) * 2).reshape(*batch, 2)
    assert np.shape(surface.value(p)) == batch
    assert surface.gradient(p).shape == (*batch, 2)
    assert surface.hessian(p).shape == (*batch, 2, 2)
    if formula == "2*x - y/4":
        assert np.array_equal(surface.gradient(p), np.broadcast_to([2.0, -0.25], (*batch, 2)))
        assert not surface.hessian(p).any()


def test_positions_may_be_lists_integers_and_float32_and_are_left_alone():
    surface = Surface(BOWL)
    for p in ([-7, 2], np.array([-7, 2]), np.array([-7, 2], dtype=np.float32)):
        value, gradient = surface.value(p), surface.gradient(p)
        assert isinstance(value, float)
        assert value == surface(-7, 2) == 6.45
        assert gradient.dtype == np.float64
        assert np.array_equal(gradient, [-0.7, 4.0])
        assert np.array_equal(p, [-7, 2])
        gradient[:] = 9
        assert np.array_equal(surface.gradient(p), [-0.7, 4.0])


def test_calling_broadcasts_coordinates():
    x, y = np.linspace(-2, 2, 5), np.linspace(0, 3, 4)[:, None]
    assert Surface(BOWL)(x, y) == pytest.approx(x**2 / 20 + y**2, rel=1e-15)
    with pytest.raises(ValueError, match="broadcast"):
        Surface(BOWL)([1, 2], [1, 2, 3])


@pytest.mark.parametrize("method", ["value", "gradient", "hessian"])
def test_what_is_no_position_is_refused(method):
    for p in (3.0, (1,), (1, 2, 3), np.zeros((2, 3)), []):
        with pytest.raises(ValueError, match=r"`p` must be of shape \(\.\.\., 2\)"):
            getattr(Surface(BOWL), method)(p)
    for p in ("ab", ("1", "2"), {"x": 1}, [1j, 2], [[1, 2], [3]]):
        with pytest.raises(TypeError, match="`p` must be numbers"):
            getattr(Surface(BOWL), method)(p)


def test_undefined_and_huge_values_are_nan_and_inf_without_a_warning():
    surface = Surface("log(x) + exp(y)")
    assert np.array_equal(
        surface.value([(-1, 0), (0, 0), (1, 1e4)]), [np.nan, -np.inf, np.inf], equal_nan=True
    )
    assert np.isnan(surface.value((np.nan, 0)))


# --- kinks


@pytest.mark.parametrize(
    ("formula", "p", "gradient"),
    [
        # At a kink: the mean of both sides.
        ("abs(x) + y", (0, 1), (0.0, 1.0)),
        ("max(x, y)", (1, 1), (0.5, 0.5)),
        ("min(x, y)", (1, 1), (0.5, 0.5)),
        ("max(x, 3*y)", (3, 1), (0.5, 1.5)),
        ("sign(x) + y", (0, 1), (0.0, 1.0)),
        # Beside it: that of the side.
        ("abs(x) + y", (-2, 1), (-1.0, 1.0)),
        ("max(x, y)", (1, 2), (0.0, 1.0)),
        ("sign(x) + y", (-2, 1), (0.0, 1.0)),
        # Where it is 0/0: the mean of four points around, which cancel.
        ("sqrt(x**2 + y**2)", (0, 0), (0.0, 0.0)),
        ("sqrt(abs(x)) + y", (0, 1), (0.0, 1.0)),
        ("sqrt((x - 3)**2 + (y + 1)**2)", (3, -1), (0.0, 0.0)),
        ("sqrt(abs(x - y))", (0, 0), (0.0, 0.0)),
    ],
)
def test_gradient_at_kinks(formula, p, gradient):
    assert np.array_equal(Surface(formula).gradient(p), gradient)


def test_only_broken_points_of_a_batch_are_repaired():
    surface = Surface("sqrt(x**2 + y**2)")
    p = [(3, 4), (0, 0), (np.nan, 0), (-3, 4)]
    expected = [(0.6, 0.8), (0, 0), (np.nan, np.nan), (-0.6, 0.8)]
    assert surface.gradient(p) == pytest.approx(np.array(expected), rel=1e-15, nan_ok=True)


@pytest.mark.parametrize(
    ("formula", "p"),
    [
        ("cbrt(x) + y", (0, 3)),
        ("abs(x)**0.25*y", (0, 1)),
        ("sqrt(abs(x*y))", (0, 0)),
        ("sqrt(abs(y - 0.625*x))", (0, 0)),
    ],
)
def test_gradients_that_are_infinite_at_a_single_point_are_made_finite(formula, p):
    surface = Surface(formula)
    assert np.isfinite(surface.value(p))
    gradient = surface.gradient(p)
    assert np.isfinite(gradient).all()
    x, y = np.array(p, dtype=float)[:, None]
    out = np.empty((2, 1))
    with np.errstate(all="ignore"):
        surface.bind_gradient(x, y, out)()
    assert np.array_equal(out[:, 0], gradient)
    # The slope of cbrt is infinite in one direction alone: it stays steep.
    assert gradient[0] > 1e3 or "cbrt(x)" not in formula


@pytest.mark.parametrize(
    ("formula", "p"),
    [
        ("exp(1000*x)/4 + y", (0.709, 0)),  # f is 2e307, its slope past float64's range.
        ("1/(1 + exp(x)) + y", (800, 0)),  # The slope is inf/inf, and all around as well.
        ("sqrt(x) + y", (0, 0)),  # f ends there.
        ("1/x", (0, 0)),
        ("sin(x)/x", (0, 0)),
    ],
)
def test_gradients_that_overflow_or_lie_at_the_end_of_f_are_left_alone(formula, p):
    surface = Surface(formula)
    assert not np.isfinite(surface.gradient(p)).all()
    assert descend(surface, "sgd:lr=0.1", p, steps=3).status == "diverged"


@pytest.mark.parametrize("formula", ["abs(x*y)", "max(x, y)", "sign(x)*y", "sqrt(x**2)"])
def test_hessians_of_kinks_leave_the_delta_out(formula):
    assert np.isfinite(Surface(formula).hessian([(0, 0), (1, 1), (-1, 2)])).all()


# --- pickles and plain data

FULL = {
    "formula": "x**2/20 + abs(y)",
    "name": "tent",
    "domain": [[-1.0, 2.0], [-3.0, 4.0]],
    "minima": [[0.0, 0.0]],
    "start": [1.0, -2.0],
    "about": "a fold",
    "source": "textbook",
}


@pytest.mark.parametrize("used", [False, True])
def test_pickles_and_plain_data_read_back(used):
    surface = Surface.from_dict(FULL)
    if used:
        surface.value((1, 2)), surface.gradient((1, 2)), surface.hessian((1, 2)), surface.minima
    told = pickle.dumps(surface)
    assert b"Program" not in told
    assert surface.declared_minima == ((0.0, 0.0),)
    assert repr(surface) == "Surface('x**2/20 + abs(y)', name='tent')"
    p = np.random.default_rng(0).normal(size=(50, 2))
    for copy in (pickle.loads(told), Surface.from_dict(json.loads(json.dumps(surface.to_dict())))):
        assert copy == surface == Surface(FULL["formula"])
        assert hash(copy) == hash(surface)
        assert copy.to_dict() == surface.to_dict() == FULL
        for method in ("value", "gradient", "hessian"):
            assert np.array_equal(getattr(copy, method)(p), getattr(surface, method)(p))
    assert Surface.from_dict({"formula": BOWL}).to_dict() == Surface(BOWL).to_dict()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([("formula", BOWL)], "`data` must be a mapping"),
        ({"name": "bowl"}, "`data` must be with the key 'formula'"),
        ({"formula": BOWL, "strat": [1, 2]}, "Unknown key of a surface 'strat'.*mean 'start'"),
        ({"formula": BOWL, 3: 4}, "Unknown key of a surface 3"),
        ({"formula": BOWL, "minima": [[0, None]]}, "`minima` must be"),
    ],
)
def test_bad_data_is_refused_in_one_line(data, message):
    with pytest.raises((TypeError, ValueError), match=message) as error:
        Surface.from_dict(data)
    assert "\n" not in str(error.value)
