"""Formulas in LaTeX, and in the MathML of pages."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

import trajectories as tj
from trajectories import SURFACES, Surface

CALLS = [f"{name}(x)" for name in ("abs", "acos", "asin", "atan", "cbrt", "cos", "cosh", "exp")]
CALLS += [f"{name}(x)" for name in ("log", "sign", "sin", "sinh", "sqrt", "tan", "tanh")]
CALLS += [f"{name}(x, y)" for name in ("atan2", "max", "min")]


LATEX = [
    ("(x)", "x"),
    ("100*(y - x**2)**2", "100 (y - x^{2})^{2}"),
    ("2*3*x", r"2 \cdot 3 x"),
    ("x*2**y", r"x \cdot 2^{y}"),
    ("2*sin(x)", r"2 \sin(x)"),
    ("x/(y*2)", r"x/(y \cdot 2)"),
    ("x/(y/2)", "x/(y/2)"),
    ("(x**2)**3", "(x^{2})^{3}"),
    ("x**2**y", "x^{2^{y}}"),
    ("(x*y)**2", "(x y)^{2}"),
    ("sqrt(x)**2", r"\sqrt{x}^{2}"),
    ("exp(-x**2)", "e^{-x^{2}}"),
    ("exp(x)**2", "(e^{x})^{2}"),
    ("sin(x)**2", r"\sin^{2}(x)"),
    ("SIN(x)", r"\sin(x)"),
    ("acos(x)", r"\arccos(x)"),
    ("tanh(x)**2", r"(\tanh(x))^{2}"),
    ("atan2(y, x)", r"\mathrm{atan2}(y, x)"),
    ("1e-7*x", r"1 \cdot 10^{-7} x"),
    ("x/2.5e22", r"x/(2.5 \cdot 10^{22})"),
    # Signs stay where they belong.
    ("(-x)**2", "(-x)^{2}"),
    ("-(x + y)", "-(x + y)"),
    ("x*-y", "x (-y)"),
    ("x - -y", "x - (-y)"),
    ("2**-x", "2^{-x}"),
    ("x - (-2)**2", "x - (-2)^{2}"),
    # A product that begins with a sign is out of place there too: x -2 y is a difference.
    ("x*(-2*y)", "x (-2 y)"),
    ("--x", "-(-x)"),
    # An exponent of -1 after the name would read as the inverse function.
    ("sin(x)**-1", r"(\sin(x))^{-1}"),
]


@pytest.mark.parametrize(("formula", "latex"), LATEX)
def test_latex(formula, latex):
    assert Surface(formula).latex == latex


@pytest.mark.parametrize(
    "formula",
    [
        *(SURFACES[name].formula for name in SURFACES),
        *(f"{call} + ({call})**2 + x**{call}" for call in CALLS),
        "sqrt(abs(x/(1 + exp(-y**2))))",
        "-1e-7*x**-2.5",
    ],
)
def test_matplotlib_sets_it(formula):
    box = MathTextParser("path").parse(f"${Surface(formula).latex}$")
    assert np.isfinite(box.width)
    assert box.width > 0


# --- MathML

# What MathML Core lets into a page, and how many parts each takes; None is any number.
PARTS = {"mi": 0, "mn": 0, "mo": 0, "mspace": 0, "mrow": None, "msup": 2, "msqrt": None}


def words(node):
    """Return what is seen, with ^{} around exponents, but for spaces."""
    inner = [words(part) for part in node]
    if node.tag == "msup":
        return f"{inner[0]}^{{{inner[1]}}}"
    if node.tag == "msqrt":
        return f"sqrt{{{''.join(inner)}}}"
    return (node.text or "") + "".join(inner)


def mathml(formula, folder):
    """Return the formula's element in a page."""
    surface = Surface(formula, minima=[(1, 1)])  # Which need not be looked for.
    path = tj.descend(surface, "sgd:0.001", (1.5, 1.5), steps=1)
    tj.animate(path).save(folder / "page.html")
    page = (folder / "page.html").read_text(encoding="utf-8")
    return ET.fromstring(re.search('<math class="formula">.*?</math>', page)[0])


#: LaTeX as it is seen, but for spaces.
SEEN = {r"\cdot": "⋅", r"\pi": "π", "-": "−"}
SUMMANDS = [pair for pair in LATEX if not pair[0].startswith(("-", "SIN"))]


@pytest.mark.parametrize("pairs", [SUMMANDS[:20], SUMMANDS[20:], [(f"x**{c}", "") for c in CALLS]])
def test_mathml_says_what_latex_does(pairs, tmp_path):
    found = mathml(" + ".join(formula for formula, _ in pairs), tmp_path)
    for node in list(found.iter())[1:]:
        count = PARTS[node.tag]
        assert count is None or len(node) == count
        assert bool(node.text) == (node.tag in ("mi", "mn", "mo"))
    if pairs[0][1]:
        latex = "+".join(latex for _, latex in pairs)
        for sign, seen in SEEN.items():
            latex = latex.replace(sign, seen)
        latex = re.sub(r"\\mathrm{(.*?)}", r"\1", latex)
        seen = words(found).replace("\N{FUNCTION APPLICATION}", "")
        assert seen == "f(x,y)=" + re.sub(r"[\\ ]", "", latex)
