"""Surface: how it is built, evaluated and compared."""

import json
import math
import pickle

import numpy as np
import pytest
import sympy as sp

from trajectories import SURFACES, FormulaError, Surface, descend

BOWL = "x**2/20 + y**2"


# --- building


def test_text_sympy_and_function_give_the_same_surface():
    x, y = sp.symbols("x y")  # Not declared real, as users write them.
    same = [
        Surface(BOWL),
        Surface("y^2 + x²/20"),
        Surface(x**2 / 20 + y**2),
        Surface(lambda x, y: x**2 / 20 + y**2),
    ]
    assert all(surface == same[0] for surface in same)
    assert len({hash(surface) for surface in same}) == 1
    assert len(set(same)) == 1


@pytest.mark.parametrize("other", [Surface("x**2/20 + y**3"), Surface("x*y"), BOWL, None, 3])
def test_another_formula_is_not_equal(other):
    assert Surface(BOWL) != other


def test_equality_is_by_formula_alone():
    assert Surface(BOWL) == Surface(BOWL, name="bowl", domain=((0, 1), (0, 1)), minima=[(0, 0)])


def test_symbols_that_are_not_real_behave_as_real_ones():
    x, y = sp.symbols("x y")
    surface = Surface(sp.sqrt(x**2) + sp.Abs(y))
    assert surface == Surface("abs(x) + abs(y)")
    assert np.array_equal(surface.gradient((-2, 3)), [-1.0, 1.0])


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("  x**2   + y ", "x**2 + y"),
        (lambda x, y: y + x**2, "x**2 + y"),
        (lambda x, y: 0.1 * x * sp.sin(y), "0.1*x*sin(y)"),
    ],
)
def test_the_formula_is_text_and_the_default_name(formula, text):
    surface = Surface(formula)
    assert surface.formula == surface.name == text
    assert Surface(surface.formula) == surface


@pytest.mark.parametrize(
    "formula",
    [
        lambda x, y: sp.Max(x, y, 1),
        lambda x, y: x**100 + y**2,
        lambda x, y: 10**20 * x**2 + y**2,
        lambda x, y: (x + y) * sp.sin(x) * 2,
        lambda x, y: sum((x - i) ** 2 * (y + i) ** 4 for i in range(40)),
    ],
    ids=["maximum of three", "high power", "large integer", "factor before a sum", "long"],
)
def test_the_formula_of_any_surface_reads_back(formula):
    try:
        surface = Surface(formula)
    except FormulaError:
        return  # To refuse what could not be read back is as good.
    assert Surface(surface.formula) == surface


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


def test_the_default_start_lies_likewise_in_other_domains():
    assert Surface("x*y", domain=[[0, 2], [10, 20]]).start == pytest.approx((0.3, 16.0))


@pytest.mark.parametrize(
    ("surface", "text"),
    [
        (Surface("x * y"), "Surface('x * y')"),
        (Surface("x*y", name="twist"), "Surface('x*y', name='twist')"),
    ],
)
def test_repr(surface, text):
    assert repr(surface) == text


@pytest.mark.parametrize("formula", ["3", "pi + e", "x - x", "0*x", 5, 2.5, lambda x, y: 1])
def test_a_constant_formula_warns(formula):
    with pytest.warns(UserWarning, match="is constant: it has no slope, so no optimizer moves"):
        surface = Surface(formula)
    assert np.array_equal(surface.gradient([(1, 2), (3, 4)]), np.zeros((2, 2)))


@pytest.mark.parametrize(
    "function",
    [np.sin, lambda x, y: np.sin(x) + y, lambda x, y: math.exp(x), lambda x: x, lambda x, y: 1 / 0],
    ids=["ufunc", "numpy.sin", "math.exp", "one argument", "raises"],
)
def test_a_function_that_symbols_cannot_go_through_is_refused(function):
    with pytest.raises(TypeError, match=r"use sympy\.sin, not math\.sin or numpy\.sin"):
        Surface(function)


@pytest.mark.parametrize(
    "formula",
    [None, True, b"x", ["x"], np.array([1.0, 2.0]), lambda x, y: None, lambda x, y: x > y],
)
def test_what_is_no_formula_is_refused(formula):
    with pytest.raises(TypeError, match="`formula` must be text, a SymPy expression or a function"):
        Surface(formula)


@pytest.mark.parametrize(
    "formula",
    [
        sp.Symbol("x") + sp.Symbol("t"),
        sp.Symbol("x") * sp.I,
        lambda x, y: sp.gamma(x),
        lambda x, y: sp.Piecewise((x, x > 0), (y, True)),
        lambda x, y: sp.Integral(sp.exp(x * y), x),
    ],
)
def test_sympy_that_cannot_be_computed_is_refused_when_built(formula):
    with pytest.raises(FormulaError):
        Surface(formula)


BAD_DOMAINS = [
    None,
    3,
    "abc",
    (-1, 1),
    ((-1, 1),),
    ((-1, 1), (-1, 1), (-1, 1)),
    ((1, -1), (-1, 1)),
    ((-1, 1), (2, 2)),
    ((-1, np.inf), (-1, 1)),
    ((np.nan, 1), (-1, 1)),
    ((-1, 10**400), (-1, 1)),
]
BAD_POINTS = [3, (1,), (1, 2, 3), ((1, 2),), (np.nan, 1), (np.inf, 1), "ab", (10**400, 1)]


@pytest.mark.parametrize("domain", BAD_DOMAINS)
def test_bad_domain(domain):
    with pytest.raises((TypeError, ValueError), match="`domain` must be"):
        Surface(BOWL, domain=domain)


@pytest.mark.parametrize("point", BAD_POINTS)
def test_bad_start(point):
    with pytest.raises((TypeError, ValueError), match="`start` must be"):
        Surface(BOWL, start=point)


@pytest.mark.parametrize("point", BAD_POINTS)
def test_bad_minima(point):
    with pytest.raises((TypeError, ValueError), match="`minima` must be"):
        Surface(BOWL, minima=[(0, 0), point])


@pytest.mark.parametrize("name", [3, b"bowl", ["bowl"]])
def test_bad_name(name):
    with pytest.raises(TypeError, match="`name` must be text"):
        Surface(BOWL, name=name)


# --- evaluating


@pytest.mark.parametrize("batch", [(), (5,), (2, 3), (0,), (2, 0), (1, 1, 1)])
@pytest.mark.parametrize("formula", [BOWL, "2*x - y", "x", "max(x, y)"])
def test_shapes(formula, batch):
    surface = Surface(formula)
    p = np.linspace(-1, 2, math.prod(batch) * 2).reshape(*batch, 2)
    assert np.shape(surface.value(p)) == batch
    assert surface.gradient(p).shape == (*batch, 2)
    assert surface.hessian(p).shape == (*batch, 2, 2)


def test_constant_derivatives_fill_the_shape():
    surface = Surface("2*x - y/4")
    p = np.zeros((2, 3, 2))
    assert np.array_equal(surface.gradient(p), np.broadcast_to([2.0, -0.25], (2, 3, 2)))
    assert np.array_equal(surface.hessian(p), np.zeros((2, 3, 2, 2)))


def test_one_position_gives_a_float():
    value = Surface(BOWL).value((-7, 2))
    assert isinstance(value, float)
    assert value == 6.45


def test_lists_integers_and_float32_are_positions():
    surface = Surface(BOWL)
    for p in ([-7, 2], np.array([-7, 2]), np.array([-7, 2], dtype=np.float32)):
        gradient = surface.gradient(p)
        assert gradient.dtype == np.float64
        assert np.array_equal(gradient, [-0.7, 4.0])


def test_results_are_new_arrays_and_positions_are_left_alone():
    surface = Surface(BOWL)
    p = np.ones((3, 2))
    first = surface.gradient(p)
    first[:] = 9
    assert np.array_equal(surface.gradient(p)[0], [0.1, 2.0])
    assert np.array_equal(p, np.ones((3, 2)))


def test_calling_broadcasts_coordinates():
    x, y = np.linspace(-2, 2, 5), np.linspace(0, 3, 4)[:, None]
    grid = Surface(BOWL)(x, y)
    assert grid.shape == (4, 5)
    assert grid == pytest.approx(x**2 / 20 + y**2, rel=1e-15)
    assert Surface(BOWL)(-7, 2) == 6.45


@pytest.mark.parametrize("method", ["value", "gradient", "hessian"])
@pytest.mark.parametrize("p", [3.0, (1,), (1, 2, 3), np.zeros((2, 3)), [], np.zeros((2, 0))])
def test_positions_of_another_shape_are_refused(method, p):
    with pytest.raises(ValueError, match=r"`p` must be of shape \(\.\.\., 2\)"):
        getattr(Surface(BOWL), method)(p)


@pytest.mark.parametrize(
    "p", ["ab", ("a", "b"), ("1", "2"), {"x": 1}, [1j, 2], np.array([1j, 2]), [[1, 2], [3]]]
)
def test_positions_that_are_no_numbers_are_refused(p):
    with pytest.raises(TypeError, match="`p` must be numbers"):
        Surface(BOWL).value(p)


def test_coordinates_that_do_not_broadcast_are_refused():
    with pytest.raises(ValueError, match="broadcast"):
        Surface(BOWL)([1, 2], [1, 2, 3])


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
        ("abs(x - y)", (2, 2), (0.0, 0.0)),
        ("max(x, y)", (1, 1), (0.5, 0.5)),
        ("min(x, y)", (1, 1), (0.5, 0.5)),
        ("max(x, 3*y)", (3, 1), (0.5, 1.5)),
        ("max(2*x, -x)", (0, 1), (0.5, 0.0)),
        ("x + abs(x)", (0, 1), (1.0, 0.0)),
        ("sign(x) + y", (0, 1), (0.0, 1.0)),
        # Beside it: that of the side.
        ("abs(x) + y", (-2, 1), (-1.0, 1.0)),
        ("max(x, y)", (1, 2), (0.0, 1.0)),
        ("min(x, y)", (1, 2), (1.0, 0.0)),
        ("sign(x) + y", (-2, 1), (0.0, 1.0)),
        # Where it is 0/0: the mean of four points around, which cancel.
        ("sqrt(x**2 + y**2)", (0, 0), (0.0, 0.0)),
        ("sqrt(abs(x))", (0, 1), (0.0, 0.0)),
        ("sqrt(abs(x)) + y", (0, 1), (0.0, 1.0)),
        ("sqrt((x - 3)**2 + (y + 1)**2)", (3, -1), (0.0, 0.0)),
        ("sqrt(abs(y)) - x", (1, 0), (-1.0, 0.0)),
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


def test_where_the_formula_is_undefined_all_around_so_is_the_gradient():
    assert np.isnan(Surface("sqrt(-1 - x**2)").gradient((0, 0))[0])


@pytest.mark.parametrize(
    ("formula", "p"),
    [
        ("cbrt(x) + y", (0, 3)),
        ("abs(x)**0.25*y", (0, 1)),
        ("sqrt(abs(x*y))", (0, 0)),
        ("sqrt(abs(y - x))", (0.5, 0.5)),
        ("sqrt(abs(y - 0.625*x))", (0, 0)),
        ("sqrt(abs(x)) + cbrt(y)", (0, 0)),
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


def test_a_side_from_which_f_ends_keeps_the_derivative_as_it_is():
    assert np.array_equal(Surface("sqrt(x) + y").gradient((0, 0)), [np.inf, 1.0])


@pytest.mark.parametrize(
    ("formula", "p"),
    [
        ("exp(1000*x)/4 + y", (0.709, 0)),  # f is 2e307, its slope past float64's range.
        ("1/(1 + exp(x)) + y", (800, 0)),  # The slope is inf/inf, and all around as well.
        ("sqrt(x) + y", (0, 0)),  # f ends there.
        ("sqrt(x) + sqrt(y)", (0, 3)),
        ("log(x)", (0, 0)),  # f itself is infinite.
        ("1/x", (0, 0)),
        ("log(x**2 + y**2)", (0, 0)),
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


# --- pickling


@pytest.mark.parametrize("used", [False, True])
def test_pickling(used):
    surface = Surface("max(x, y)**2 + x/3", name="roof", minima=[(0, 0)], start=(1, 2), about="?")
    if used:
        surface.value((1, 2)), surface.gradient((1, 2)), surface.hessian((1, 2)), surface.minima
    copy = pickle.loads(pickle.dumps(surface))
    assert copy == surface
    assert hash(copy) == hash(surface)
    for name in ("formula", "name", "domain", "start", "declared_minima", "about", "source"):
        assert getattr(copy, name) == getattr(surface, name)
    p = np.random.default_rng(0).normal(size=(50, 2))
    for method in ("value", "gradient", "hessian"):
        assert np.array_equal(getattr(copy, method)(p), getattr(surface, method)(p))


def test_compiled_programs_are_not_pickled():
    surface = Surface(BOWL)
    surface.value((1, 2)), surface.gradient((1, 2)), surface.hessian((1, 2))
    assert b"Program" not in pickle.dumps(surface)


# --- plain data

FULL = {
    "formula": "x**2/20 + abs(y)",
    "name": "tent",
    "domain": [[-1.0, 2.0], [-3.0, 4.0]],
    "minima": [[0.0, 0.0]],
    "start": [1.0, -2.0],
    "about": "a fold",
    "source": "textbook",
}


def test_plain_data_and_back():
    surface = Surface.from_dict(FULL)
    assert surface.to_dict() == FULL == json.loads(json.dumps(surface.to_dict()))
    assert surface == Surface(FULL["formula"])
    assert surface.declared_minima == ((0.0, 0.0),)


@pytest.mark.parametrize("name", ["rosenbrock", "shubert", "eggholder"])
def test_a_surface_of_the_catalogue_survives(name):
    surface = SURFACES[name]
    copy = Surface.from_dict(json.loads(json.dumps(surface.to_dict())))
    assert copy == surface
    assert copy.to_dict() == surface.to_dict()


def test_what_is_left_out_has_its_default():
    assert Surface.from_dict({"formula": BOWL}).to_dict() == Surface(BOWL).to_dict()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "`data` must be a mapping"),
        ([("formula", BOWL)], "`data` must be a mapping"),
        ({}, "`data` must be with the key 'formula'"),
        ({"name": "bowl"}, "`data` must be with the key 'formula'"),
        ({"formula": BOWL, "strat": [1, 2]}, "Unknown key of a surface 'strat'.*mean 'start'"),
        ({"formula": BOWL, 3: 4}, "Unknown key of a surface 3"),
        ({"formula": 3}, "`formula` must be text"),
        ({"formula": "z"}, "unknown name 'z'"),
        ({"formula": BOWL, "domain": [1, 2]}, "`domain` must be"),
        ({"formula": BOWL, "minima": [[0, None]]}, "`minima` must be"),
        ({"formula": BOWL, "start": [0]}, "`start` must be"),
        ({"formula": BOWL, "name": 3}, "`name` must be text"),
        ({"formula": BOWL, "about": 3}, "`about` must be text"),
        ({"formula": BOWL, "source": None}, "`source` must be text"),
    ],
)
def test_bad_data_is_refused_in_one_line(data, message):
    with pytest.raises((TypeError, ValueError), match=message) as error:
        Surface.from_dict(data)
    assert "\n" not in str(error.value)
