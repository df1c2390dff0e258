"""Formulas in LaTeX."""

import numpy as np
import pytest
import sympy as sp
from matplotlib.mathtext import MathTextParser

from trajectories import SURFACES, Surface
from trajectories.surfaces.formula import FUNCTIONS
from trajectories.surfaces.typesetting import to_latex


@pytest.mark.parametrize(
    ("formula", "latex"),
    [
        ("x", "x"),
        ("(x)", "x"),
        ("x+y", "x + y"),
        ("1 + x - y", "1 + x - y"),
        ("x - (y - 1)", "x - (y - 1)"),
        ("x + (y - 1)", "x + (y - 1)"),
        ("100*(y - x**2)**2", "100 (y - x^{2})^{2}"),
        ("x*y", "x y"),
        ("x*2", r"x \cdot 2"),
        ("2*3*x", r"2 \cdot 3 x"),
        ("x*2**y", r"x \cdot 2^{y}"),
        ("2*sin(x)", r"2 \sin(x)"),
        ("x/20 + y", "x/20 + y"),
        ("x/y/2", "x/y/2"),
        ("x/(y*2)", r"x/(y \cdot 2)"),
        ("x/(y/2)", "x/(y/2)"),
        ("(x + y)/2", "(x + y)/2"),
        ("x^2", "x^{2}"),
        ("x²", "x^{2}"),
        ("(x**2)**3", "(x^{2})^{3}"),
        ("x**2**y", "x^{2^{y}}"),
        ("x**(y + 1)", "x^{y + 1}"),
        ("(x*y)**2", "(x y)^{2}"),
        ("x**-1", "x^{-1}"),
        ("sqrt(x)**2", r"\sqrt{x}^{2}"),
        ("sqrt(x + y)", r"\sqrt{x + y}"),
        ("abs(x - y)", "|x - y|"),
        ("exp(-x**2)", "e^{-x^{2}}"),
        ("exp(x)**2", "(e^{x})^{2}"),
        ("e**x + E", "e^{x} + e"),
        ("2*pi*x", r"2 \pi x"),
        ("sin(x)**2", r"\sin^{2}(x)"),
        ("SIN(x)", r"\sin(x)"),
        ("log(x)", r"\ln(x)"),
        ("acos(x)", r"\arccos(x)"),
        ("tanh(x)**2", r"(\tanh(x))^{2}"),
        ("max(x, y)", r"\max(x, y)"),
        ("atan2(y, x)", r"\mathrm{atan2}(y, x)"),
        ("cbrt(x)", r"\mathrm{cbrt}(x)"),
        ("0.5*x", "0.5 x"),
        ("2.0*x", "2 x"),
        ("1e-7*x", r"1 \cdot 10^{-7} x"),
        ("x/2.5e22", r"x/(2.5 \cdot 10^{22})"),
    ],
)
def test_latex(formula, latex):
    assert to_latex(formula) == latex


@pytest.mark.parametrize(
    ("formula", "latex"),
    [
        ("-x", "-x"),
        ("+x", "x"),
        ("-x**2", "-x^{2}"),
        ("(-x)**2", "(-x)^{2}"),
        ("-(x + y)", "-(x + y)"),
        ("-x*y", "-x y"),
        ("x*-y", "x (-y)"),
        ("x - -y", "x - (-y)"),
        ("x + -y", "x + (-y)"),
        ("x/-2", "x/(-2)"),
        ("3*-2", "3 (-2)"),
        ("2**-x", "2^{-x}"),
        ("x - (-2)**2", "x - (-2)^{2}"),
        # A product that begins with a sign is out of place there too: x -2 y is a difference.
        ("x*(-2*y)", "x (-2 y)"),
        ("x*(-y/2)", "x (-y/2)"),
        ("x + -2*y", "x + (-2 y)"),
        ("x - -2*y", "x - (-2 y)"),
        ("--x", "-(-x)"),
        # An exponent of -1 after the name would read as the inverse function.
        ("sin(x)**-1", r"(\sin(x))^{-1}"),
    ],
)
def test_signs_stay_where_they_belong(formula, latex):
    assert to_latex(formula) == latex


CALLS = [f"{name}({', '.join('xy'[: call.arity])})" for name, call in FUNCTIONS.items()]


@pytest.mark.parametrize(
    "formula",
    [
        *(SURFACES.entry(name).formula for name in SURFACES),
        *CALLS,
        *(f"({call})**2" for call in CALLS),
        *(f"x**{call}" for call in CALLS),
        "sqrt(abs(x/(1 + exp(-y**2))))",
        "-1e-7*x**-2.5",
    ],
)
def test_matplotlib_sets_it(formula):
    box = MathTextParser("path").parse(f"${to_latex(formula)}$")
    assert np.isfinite(box.width)
    assert box.width > 0


def test_a_surface_from_a_function_has_latex():
    assert Surface(lambda x, y: 2 * x**2 - sp.sin(y)).latex == r"2 x^{2} - \sin(y)"
