"""Formulas from a strategy, against an evaluator that shares nothing with the parser.

A tree is drawn and written out as a formula in one of its many forms: with few parentheses or
many, ``^`` or ``**``, ``²``, a minus sign of typography, any case of function names. The tree
itself is evaluated with Python's floats, and beside each value goes a bound of its rounding error,
so that it is known where the value means anything.
"""

import itertools
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import assume, given, settings, strategies as st

from trajectories import FormulaError, Surface

ULP = 2.0**-52
Operation = Callable[..., float]


class OutsideError(ArithmeticError):
    """A point where a formula has no value, or none that floats could tell."""


@dataclass(frozen=True)
class Tree:
    """A formula: what is written between its parts, how tightly it binds, and what it means."""

    name: str
    binds: int
    parts: tuple["Tree", ...] = ()
    means: Operation = lambda: math.nan

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the value, and a bound of its error."""
        if self.name in ("x", "y"):
            return (x if self.name == "x" else y), 0.0
        if not self.parts:  # A decimal is the same float wherever it is read.
            return self.means(), 0.0 if self.name in NUMBERS else 4 * ULP
        known = [part.at(x, y) for part in self.parts]
        middle = _finite(self.means, [value for value, _ in known])
        lost = self.name in ("exp", "*", "/", "**") and all(value for value, _ in known)
        if abs(middle) < 1e-290 and (middle or lost):
            raise OutsideError  # What was smaller than any float may come back by another way.
        if self.name == "atan2" and not any(value for value, _ in known):
            raise OutsideError  # At (0, 0) there is no direction, whatever IEEE 754 says.
        # At the ends of what the arguments may be in truth.
        ends = itertools.product(*((v - e, v + e) if e else (v,) for v, e in known))
        spread = max(abs(_finite(self.means, end) - middle) for end in ends)
        error = spread + 2 * ULP * abs(middle)
        if error > 1e-6 * (abs(middle) + 1e-3):
            raise OutsideError
        return middle, error

    @property
    def moving(self) -> bool:
        """Whether x or y is in it."""
        return self.name in ("x", "y") or any(part.moving for part in self.parts)

    @property
    def trees(self) -> list["Tree"]:
        """Itself and all that is in it."""
        return [self, *(tree for part in self.parts for tree in part.trees)]


def _finite(means: Operation, values: object) -> float:
    try:
        result = means(*values)
    except (ArithmeticError, ValueError):
        raise OutsideError from None
    if isinstance(result, complex) or not abs(result) < 1e12:
        raise OutsideError
    return float(result)


# --- what there is

ATOM, POWER, SIGN, PRODUCT, SUM = 5, 4, 3, 2, 1
NUMBERS = ["0", "1", "2", "3", "7", "10", "0.5", ".5", "2.", "1e-3", "1E2", "2.5e+0", "0.125"]
CONSTANTS = {"pi": math.pi, "e": math.e, "E": math.e}
UNARY = ["abs", "acos", "asin", "atan", "cbrt", "cos", "cosh", "exp", "log", "sign", "sin"]
UNARY += ["sinh", "sqrt", "tan", "tanh"]
#: Each function by Python's own means.
MEANS: dict[str, Operation] = {
    **{name: getattr(math, name) for name in UNARY + ["atan2"] if hasattr(math, name)},
    "abs": abs,
    "max": max,
    "min": min,
    "sign": lambda u: (u > 0) - (u < 0),
    "cbrt": lambda u: math.copysign(abs(u) ** (1 / 3), u),
}
BINARY: dict[str, tuple[int, Operation]] = {
    "+": (SUM, lambda u, v: u + v),
    "-": (SUM, lambda u, v: u - v),
    "*": (PRODUCT, lambda u, v: u * v),
    "/": (PRODUCT, lambda u, v: u / v),
}


def number(text: str) -> Tree:
    value = float(text)
    return Tree(text, ATOM, (), lambda: value)


def constant(name: str) -> Tree:
    value = CONSTANTS[name]
    return Tree(name, ATOM, (), lambda: value)


def call(name: str, *parts: Tree) -> Tree:
    return Tree(name, ATOM, parts, MEANS[name])


def binary(sign: str, left: Tree, right: Tree) -> Tree:
    binds, means = BINARY[sign]
    return Tree(sign, binds, (left, right), means)


def negative(inner: Tree) -> Tree:
    return Tree("neg", SIGN, (inner,), lambda u: -u)


def power(base: Tree, exponent: Tree) -> Tree:
    return Tree("**", POWER, (base, exponent), lambda u, v: u**v)


VARIABLES = st.sampled_from([Tree("x", ATOM), Tree("y", ATOM)])
LEAVES = (
    VARIABLES
    | VARIABLES
    | st.sampled_from(NUMBERS).map(number)
    | st.sampled_from(list(CONSTANTS)).map(constant)
)
EXPONENTS = st.sampled_from([number(text) for text in ("2", "3", "2", "1", "4", "0.5", "1.5", "0")])
EXPONENTS |= st.sampled_from([number("1"), number("2"), number("0.5")]).map(negative)
EXPONENTS |= st.just(binary("/", number("1"), number("3")))


def _larger(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    calls = st.builds(call, st.sampled_from(UNARY), inner)
    calls |= st.builds(call, st.sampled_from(["atan2", "max", "min"]), inner, inner)
    # A base that may be negative has no value but at whole exponents.
    bases = st.sampled_from(["2", "0.5", "10"]).map(number) | inner.map(lambda t: call("exp", t))
    return (
        st.builds(binary, st.sampled_from(list(BINARY)), inner, inner)
        | calls
        | st.builds(power, inner, EXPONENTS)
        | st.builds(power, bases, inner)
        | inner.map(negative)
        | inner.map(lambda t: Tree("pos", SIGN, (t,), lambda u: u))
    )


TREES = st.recursive(LEAVES, _larger, max_leaves=7)
POINTS = [(0.7, 1.3), (1.9, 0.4), (-0.6, 0.8), (0.3, -1.1), (-1.4, -0.2), (2.3, 2.9)]


@st.composite
def written(draw: st.DrawFn, tree: Tree) -> str:
    """Draw a way to write a tree."""
    rng = draw(st.randoms(use_true_random=False))
    return _text(tree, rng)


def _text(tree: Tree, rng) -> str:
    def inside(part: Tree, binds: int) -> str:
        text = _text(part, rng)
        needed = part.binds < binds
        return f"({text})" if needed or rng.random() < 0.1 else text

    def blank() -> str:
        return rng.choice(("", "", "", " ", "  ", "\t"))

    if not tree.parts:
        return tree.name
    if tree.name in MEANS:
        name = rng.choice((tree.name, tree.name, tree.name.upper(), tree.name.title()))
        arguments = [f"{blank()}{_text(part, rng)}{blank()}" for part in tree.parts]
        return f"{name}{blank()}({','.join(arguments)})"
    if tree.name in ("neg", "pos"):
        sign = "+" if tree.name == "pos" else rng.choice("--\N{MINUS SIGN}")
        return f"{sign}{blank()}{inside(tree.parts[0], SIGN)}"
    left, right = tree.parts
    if tree.name == "**":
        base = inside(left, ATOM)
        if right.name in "23" and rng.random() < 0.5:
            return base + {"2": "²", "3": "³"}[right.name]
        return f"{base}{blank()}{rng.choice(('**', '^'))}{blank()}{inside(right, SIGN)}"
    sign = tree.name
    if sign in "*-":
        sign = rng.choice((sign, sign, {"*": "·", "-": "\N{MINUS SIGN}"}[sign]))
    return f"{inside(left, tree.binds)}{blank()}{sign}{blank()}{inside(right, tree.binds + 1)}"


@st.composite
def formulas(draw: st.DrawFn) -> tuple[Tree, str, dict[tuple[float, float], tuple[float, float]]]:
    """Draw a tree that has values, a formula that means it, and the values with their errors."""
    tree = draw(TREES)
    assume(tree.moving and all(map(_within_limits, tree.trees)))
    known = {}
    for point in POINTS:
        try:
            known[point] = tree.at(*point)
        except OutsideError:
            continue
    assume(known)
    text = draw(written(tree))
    assume(len(text) <= 500)
    return tree, text, known


def _within_limits(tree: Tree) -> bool:
    """Tell whether a power is one that formulas may have: constant exponents end at 64."""
    if tree.name != "**" or tree.parts[1].moving:
        return True
    try:
        return abs(tree.parts[1].at(0, 0)[0]) <= 64
    except OutsideError:
        return False


# --- what must hold


def surface_of(text: str) -> Surface:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The formula .* is constant")
        return Surface(text)


@settings(max_examples=40)
@given(formulas())
def test_a_formula_means_what_its_tree_does(drawn):
    tree, text, known = drawn
    surface = surface_of(text)
    again = surface_of(surface.formula)
    assert again == surface
    np.testing.assert_array_equal(again.value(POINTS), surface.value(POINTS))
    for point, (value, error) in known.items():
        assert abs(surface.value(point) - value) <= 1e4 * error + 1e-9 * (1 + abs(value))
        slope = slope_of(tree, point, value)
        if slope is not None:
            found = surface.gradient(point)
            assert np.all(abs(found - slope) <= 1e-4 * (1 + abs(slope) + abs(value))), point


def slope_of(tree: Tree, point: tuple[float, float], value: float) -> np.ndarray | None:
    """Return central differences of the evaluator; None at kinks, poles and edges."""
    found = {}
    for h in (1e-4, 5e-5, -1e-4, -5e-5):
        try:
            ends = [tree.at(point[0] + h, point[1]), tree.at(point[0], point[1] + h)]
        except OutsideError:
            return None
        if max(error for _, error in ends) > 1e-11 * (1 + abs(value)):
            return None
        found[h] = np.array([end for end, _ in ends])
    wide, near = ((found[h] - found[-h]) / (2 * h) for h in (1e-4, 5e-5))
    tolerance = 1e-5 * (1 + abs(near) + abs(value))
    wide_bend, bend = (abs(found[h] - 2 * value + found[-h]) / h for h in (1e-4, 5e-5))
    # Where half the distance does not give the same slope with half the bend, there is a kink.
    smooth = (abs(near - wide) < tolerance) & (bend < 0.75 * wide_bend + tolerance)
    return near if smooth.all() else None


HOSTILE = ["(", ")", "**", "^", "*", "/", "+", "-", ",", ".", "e", "E", "_", "1e999", "0x1", "1j"]
HOSTILE += ["x", "y", "z", "pi", "oo", "nan", "zoo", "I", "sin", "sin(", "max(", "log(0)", "1/0"]
HOSTILE += ["²", "³", "·", "\N{MINUS SIGN}", "٣", "½", "\x00", "\n", "\r", "\u2028", "\ufeff", "'"]
HOSTILE += ["**64", "**-64", "**0.5", "x-x", "(x-x)", "9" * 16, "9" * 400, "lambda:", ".__class__"]
HOSTILE += ["[0]", "{}", ";", ":=", "==", "<", " if x else ", "not ", "%", "@", "//", "~", "\\"]
HOSTILE += ["#", "__import__('os')", "open(x)", "\N{FULLWIDTH LATIN SMALL LETTER X}", "(" * 40]


@st.composite
def near_formulas(draw: st.DrawFn) -> str:
    """Draw a formula of which a few characters are cut, doubled, moved or replaced."""
    text = draw(TREES.flatmap(written))
    for _ in range(draw(st.integers(1, 3))):
        a, b = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        b = min(b, a + 6)
        piece = draw(st.sampled_from(HOSTILE) | st.text(max_size=3))
        kind = draw(st.integers(0, 3))
        text = {
            0: text[:a] + text[b:],
            1: text[:a] + piece + text[a:],
            2: text[:a] + piece + text[b:],
            3: text[:b] + text[a:],
        }[kind]
    return text


@settings(max_examples=40)
@given(near_formulas())
def test_a_near_formula_is_read_or_refused_in_one_line(text):
    begin = time.process_time()
    try:
        surface = surface_of(text)
    except FormulaError as error:
        message = str(error)
        assert 0 < len(message) < 1500
        assert message.isprintable()
    else:
        with np.errstate(all="raise"):  # Nothing of it is seen, whatever is set.
            assert surface.gradient((0.5, 0.7)).shape == (2,)
        assert surface_of(surface.formula) == surface
    assert time.process_time() - begin < 1
