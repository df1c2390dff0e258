"""Formulas in MathML."""

import xml.etree.ElementTree as ET

import pytest

from trajectories import SURFACES
from trajectories.surfaces.formula import FUNCTIONS
from trajectories.surfaces.typesetting import to_mathml

# What MathML Core lets into a page, and how many parts each takes; None is any number.
PARTS = {"mi": 0, "mn": 0, "mo": 0, "mspace": 0, "mrow": None, "msup": 2, "msqrt": None}


def tree(formula):
    return ET.fromstring(f"<math>{to_mathml(formula)}</math>")


def read(formula):
    """Return what is seen, with ^{} around exponents; spaces between factors are dots."""

    def words(node):
        inner = [words(part) for part in node]
        if node.tag == "msup":
            return f"{inner[0]}^{{{inner[1]}}}"
        if node.tag == "msqrt":
            return f"sqrt{{{''.join(inner)}}}"
        return "." if node.tag == "mspace" else (node.text or "") + "".join(inner)

    return words(tree(formula)).replace("\N{FUNCTION APPLICATION}", "")


@pytest.mark.parametrize(
    ("formula", "seen"),
    [
        ("x**2/20 + y**2", "x^{2}/20+y^{2}"),
        ("(1 - x)**2 + 100*(y - x**2)**2", "(1−x)^{2}+100.(y−x^{2})^{2}"),
        ("x*2", "x⋅2"),
        ("x*2**y", "x⋅2^{y}"),
        ("x - (y - 1)", "x−(y−1)"),
        ("x*(-2*y)", "x.(−2.y)"),
        ("x/(y/2)", "x/(y/2)"),
        ("+x - -y", "x−(−y)"),
        ("-x**2", "−x^{2}"),
        ("x**-1", "x^{−1}"),
        ("(x**2)**3", "(x^{2})^{3}"),
        ("exp(-x**2)", "e^{−x^{2}}"),
        ("exp(x)**2", "(e^{x})^{2}"),
        ("sqrt(abs(x - y))", "sqrt{|x−y|}"),
        ("abs(x)**2", "|x|^{2}"),
        ("sin(x)**2", "sin^{2}(x)"),
        ("sin(x)**-1", "(sin(x))^{−1}"),
        ("log(x)", "ln(x)"),
        ("atan2(y, x)", "atan2(y,x)"),
        ("2*pi*E", "2.π.e"),
        ("1e-7*x", "1⋅10^{−7}.x"),
        ("2.0*x", "2.x"),
    ],
)
def test_mathml(formula, seen):
    assert read(formula) == seen


CALLS = [f"{name}({', '.join('xy'[: call.arity])})" for name, call in FUNCTIONS.items()]


@pytest.mark.parametrize(
    "formula",
    [
        *(SURFACES.entry(name).formula for name in SURFACES),
        *CALLS,
        *(f"x**({call})**2" for call in CALLS),
    ],
)
def test_elements_have_as_many_parts_as_they_take(formula):
    for node in tree(formula).iter():
        if node.tag != "math":
            count = PARTS[node.tag]
            assert count is None or len(node) == count
            assert bool(node.text) == (node.tag in ("mi", "mn", "mo"))
