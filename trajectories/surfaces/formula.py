"""Formulas: text parsed by an allow-list into SymPy expressions."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from functools import reduce
from typing import Any, ClassVar, NamedTuple

import sympy as sp
from sympy.printing.str import StrPrinter

from trajectories.checks import cut

MAX_CHARACTERS = 500
MAX_DEPTH = 30
MAX_OPERATIONS = 200
_SUPERSCRIPTS = {"²": "**2", "³": "**3", "·": "*", "−": "-"}
_ALLOWED = re.compile(r"[0-9A-Za-z_.+\-*/(), \t]*")
_FUSED = re.compile(r"(?<![A-Za-z_0-9.])(\d+\.?\d*|\.\d+)(?![eE][+\-]?\d)([A-Za-z(])")


class FormulaError(ValueError):
    """Invalid formula in x and y, or one past the limits.

    Examples
    --------
    >>> from trajectories import Surface
    >>> Surface("x**2 + z")
    Traceback (most recent call last):
    ...
    trajectories.surfaces.formula.FormulaError: The formula must be in x and y. ...
    """


def syntax_tree(text: str) -> ast.expr:
    """Check a formula's characters and lengths, and return its syntax tree."""
    if not text.strip():
        raise FormulaError("The formula is empty.")
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(
            f"The formula must have at most {MAX_CHARACTERS} characters. Got {len(text):,}."
        )
    for sign, plain in _SUPERSCRIPTS.items():
        text = text.replace(sign, plain)
    text = text.replace("^", "**").strip()
    allowed = _ALLOWED.match(text)
    if allowed is not None and allowed.end() < len(text):
        raise FormulaError(
            f"The formula has {text[allowed.end()]!r}, which has no place in a formula."
        )
    fused = _FUSED.search(text)
    if fused:
        number, follower = fused.groups()
        raise FormulaError(
            f"The formula lacks an operator: write `{number}*{follower}`, not `{number}{follower}`."
        )
    depth = deepest = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise FormulaError(f"The formula must nest at most {MAX_DEPTH} deep. Got {deepest}.")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError(
            f"The formula {cut(text)!r} cannot be read: check operators and parentheses."
        ) from None
    count = sum(isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Call)) for node in ast.walk(tree))
    if count > MAX_OPERATIONS:
        raise FormulaError(
            f"The formula must have at most {MAX_OPERATIONS} operations. Got {count}."
        )
    powers = _power_depth(tree)
    if powers > MAX_DEPTH:
        raise FormulaError(
            f"Powers and calls in a formula must nest at most {MAX_DEPTH} deep. Got {powers}."
        )
    return tree


def _power_depth(tree: ast.expr) -> int:
    """Return the depth of nested powers and calls, as in x**x**x."""
    deepest = 0
    stack: list[tuple[ast.AST, int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
        depth += power or isinstance(node, ast.Call)
        deepest = max(deepest, depth)
        stack.extend((child, depth) for child in ast.iter_child_nodes(node))
    return deepest


class Real(sp.Function):
    """A real function, written in a formula by its name in lower case."""

    written: ClassVar[str]

    def _eval_is_real(self) -> bool | None:
        # Else SymPy searches for an imaginary part, and expands (abs(y) - 2)**64.
        return True if all(part.is_real for part in self.args) else None

    def _sympystr(self, printer: Any) -> str:
        return f"{self.written}({', '.join(printer._print(part) for part in self.args)})"


class _Hyperbolic(Real):
    """A function that is odd or even."""

    nargs = 1
    constant: ClassVar[Any]
    odd: ClassVar[bool] = True

    @classmethod
    def eval(cls, u: sp.Expr) -> sp.Expr | None:
        """Return the value of a constant, and extract a minus sign."""
        if u.is_number:
            return cls.constant(u)
        if u.could_extract_minus_sign():
            return -cls(-u) if cls.odd else cls(-u)
        return None


class RealSinh(_Hyperbolic):
    """The hyperbolic sine, with the derivative cosh(u)."""

    written = "sinh"
    constant = sp.sinh

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative."""
        return RealCosh(self.args[0])


class RealCosh(_Hyperbolic):
    """The hyperbolic cosine, with the derivative sinh(u)."""

    written = "cosh"
    constant = sp.cosh
    odd = False

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative."""
        return RealSinh(self.args[0])


class RealTanh(_Hyperbolic):
    """The hyperbolic tangent, with the derivative 1 - tanh(u)^2."""

    written = "tanh"
    constant = sp.tanh

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative."""
        return 1 - self**2


#: SymPy turns tan(x + pi/2) into a cotangent; SymPy expressions may contain the others.
_RECIPROCALS = {
    sp.cot: sp.tan,
    sp.sec: sp.cos,
    sp.csc: sp.sin,
    sp.coth: sp.tanh,
    sp.sech: sp.cosh,
    sp.csch: sp.sinh,
}


class RealAbs(Real):
    """|u|, with the derivative sign(u)."""

    nargs = 1
    written = "abs"

    @classmethod
    def eval(cls, u: sp.Expr) -> sp.Expr | None:
        """Return the value of a constant."""
        return sp.Abs(u) if u.is_number else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative."""
        return RealSign(self.args[0])


class RealSign(Real):
    """-1, 0 or 1, with the derivative 0."""

    nargs = 1
    written = "sign"

    @classmethod
    def eval(cls, u: sp.Expr) -> sp.Expr | None:
        """Return the value of a constant."""
        return sp.sign(u) if u.is_number else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative."""
        return sp.S.Zero


class RealCbrt(Real):
    """The real cube root, with the derivative 1 / (3 cbrt(u)^2)."""

    nargs = 1
    written = "cbrt"

    @classmethod
    def eval(cls, u: sp.Expr) -> sp.Expr | None:
        """Return the value of a constant."""
        return sp.sign(u) * sp.Abs(u) ** sp.Rational(1, 3) if u.is_number else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative."""
        return self**-2 / 3


class Step(Real):
    """0 below zero, 1/2 at zero and 1 above, with the derivative 0."""

    nargs = 1
    written = "step"

    @classmethod
    def eval(cls, u: sp.Expr) -> sp.Expr | None:
        """Return the value of a constant."""
        return (1 + sp.sign(u)) / 2 if u.is_number else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative."""
        return sp.S.Zero


class _MinMax(Real):
    """The larger or smaller of two arguments, which are sorted."""

    nargs = 2
    constant: ClassVar[Any]

    @classmethod
    def eval(cls, u: sp.Expr, v: sp.Expr) -> sp.Expr | None:
        """Return the value if both are constant or the same."""
        if u == v:
            return u
        if u.is_number and v.is_number:
            return cls.constant(u, v)
        for one, other in ((u, v), (v, u)):
            if isinstance(other, cls) and one in other.args:
                return other
        if sp.default_sort_key(u) > sp.default_sort_key(v):
            return cls(v, u)
        return None

    def _mine_and_other(self, argindex: int) -> tuple[sp.Expr, sp.Expr]:
        u, v = self.args
        return (u, v) if argindex == 1 else (v, u)


class RealMax(_MinMax):
    """The larger of two, with the derivative of the larger."""

    written = "max"
    constant = sp.Max

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative by one of the two arguments."""
        mine, other = self._mine_and_other(argindex)
        return Step(mine - other)


class RealMin(_MinMax):
    """The smaller of two, with the derivative of the smaller."""

    written = "min"
    constant = sp.Min

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative by one of the two arguments."""
        mine, other = self._mine_and_other(argindex)
        return Step(other - mine)


def to_sympy(expression: sp.Expr) -> sp.Expr:
    """Replace the real forms by SymPy's own functions."""
    return (
        expression.replace(RealCbrt, lambda u: sp.sign(u) * sp.Abs(u) ** sp.Rational(1, 3))
        .replace(RealAbs, sp.Abs)
        .replace(RealSign, sp.sign)
        .replace(Step, lambda u: sp.Heaviside(u, sp.Rational(1, 2)))
        .replace(RealMax, sp.Max)
        .replace(RealMin, sp.Min)
        .replace(RealSinh, sp.sinh)
        .replace(RealCosh, sp.cosh)
        .replace(RealTanh, sp.tanh)
    )


def to_real(expression: sp.Expr) -> sp.Expr:
    """Replace SymPy's functions by the real forms, in an expression of real symbols."""
    for function, inverse in _RECIPROCALS.items():
        expression = expression.replace(function, lambda u, inverse=inverse: 1 / inverse(u))
    return (
        expression.replace(sp.re, lambda u: u)
        .replace(sp.im, lambda u: sp.S.Zero)
        .replace(sp.Abs, RealAbs)
        .replace(sp.sign, RealSign)
        .replace(sp.Max, lambda *parts: reduce(RealMax, parts))
        .replace(sp.Min, lambda *parts: reduce(RealMin, parts))
        .replace(sp.sinh, RealSinh)
        .replace(sp.cosh, RealCosh)
        .replace(sp.tanh, RealTanh)
    )


X, Y = sp.symbols("x y", real=True)

MAX_EXPONENT = 64
MAX_CONSTANT = 1e30
MAX_INTEGER = 10**15
MAX_DERIVATIVE = 20_000
#: Bits of a numerator and denominator: powers of fractions are computed exactly.
MAX_BITS = 1000


class _Function(NamedTuple):
    arity: int
    symbolic: Callable[..., sp.Expr]
    numeric: Callable[..., float]


#: The functions that a formula may call, by name.
FUNCTIONS: dict[str, _Function] = {
    "abs": _Function(1, RealAbs, abs),
    "acos": _Function(1, sp.acos, math.acos),
    "asin": _Function(1, sp.asin, math.asin),
    "atan": _Function(1, sp.atan, math.atan),
    "atan2": _Function(2, sp.atan2, math.atan2),
    "cbrt": _Function(1, RealCbrt, math.cbrt),
    "cos": _Function(1, sp.cos, math.cos),
    "cosh": _Function(1, RealCosh, math.cosh),
    "exp": _Function(1, sp.exp, math.exp),
    "log": _Function(1, sp.log, math.log),
    "max": _Function(2, RealMax, max),
    "min": _Function(2, RealMin, min),
    "sign": _Function(1, RealSign, lambda u: math.copysign(1.0, u) if u else 0.0),
    "sin": _Function(1, sp.sin, math.sin),
    "sinh": _Function(1, RealSinh, math.sinh),
    "sqrt": _Function(1, sp.sqrt, math.sqrt),
    "tan": _Function(1, sp.tan, math.tan),
    "tanh": _Function(1, RealTanh, math.tanh),
}
_NAMES: dict[str, sp.Expr] = {"x": X, "y": Y, "pi": sp.pi, "e": sp.E, "E": sp.E}
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_NOT_REAL = (sp.zoo, sp.nan, sp.oo, -sp.oo, sp.I, sp.AccumBounds)


def parse(text: str) -> sp.Expr:
    """Parse a formula in x and y."""
    if not isinstance(text, str):
        raise TypeError(f"`formula` must be text. Got {text!r} instead.")
    tree = syntax_tree(text)
    try:
        expression = to_real(_build(tree)[0])
        check_expression(expression)
    except RecursionError:  # The caller's own stack may be deep.
        raise FormulaError("The formula nests too deep to be read here.") from None
    return expression


def check_expression(expression: sp.Expr) -> None:
    """Raise unless an expression is of x and y, finite, real, and quick to differentiate."""
    others = expression.free_symbols - {X, Y}
    if others:
        names = ", ".join(sorted(map(str, others)))
        raise FormulaError(f"The formula must be in x and y alone. Got {names} as well.")
    complex_power = any(
        power.base.is_negative and not power.exp.is_integer
        for power in expression.atoms(sp.Pow)
        if power.base.is_number
    )
    out_of_range = not all(_is_in_range(number) for number in expression.atoms(sp.Number))
    if expression.has(*_NOT_REAL) or complex_power or out_of_range:
        raise FormulaError(
            "The formula must be finite and real. A part of it is infinite or imaginary."
        )
    size = _derivative_sizes(expression)[2]
    if size > MAX_DERIVATIVE:
        raise FormulaError(
            f"The formula's second derivatives must take at most {MAX_DERIVATIVE:,} operations. "
            f"These would take about {size:,}."
        )


def _build(node: ast.AST) -> tuple[sp.Expr, float | None]:
    """Return the expression of a syntax tree and, where it is constant, its value."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _number(number)
        case ast.Name(id=name):
            return _name(name)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _build(operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner, value = _build(operand)
            return -inner, None if value is None else -value
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _binary(_OPERATORS[type(op)], _build(left), _build(right))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _call(name, [_build(argument) for argument in arguments])
        case ast.Call():
            raise FormulaError(
                "The formula may call functions by their name alone, with plain arguments."
            )
    kind = type(getattr(node, "op", node)).__name__
    raise FormulaError(
        f"The formula has a part of the kind {kind!r}, which has no place in a formula."
    )


def _number(number: int | float) -> tuple[sp.Expr, float]:
    if isinstance(number, int):
        if number > MAX_INTEGER:
            raise FormulaError(
                f"Integers in a formula must be at most {MAX_INTEGER:.0e}. Got a larger one."
            )
        return sp.Integer(number), float(number)
    if not math.isfinite(number):
        raise FormulaError("Numbers in a formula must be finite. One overflows float64.")
    return sp.Float(number), number


def _name(name: str) -> tuple[sp.Expr, float | None]:
    if name in FUNCTIONS:
        raise FormulaError(f"The function {name!r} lacks its argument: write `{name}(...)`.")
    if name not in _NAMES:
        raise FormulaError(
            f"The formula must be in x and y. Got the unknown name {cut(name)!r}; "
            f"known: x, y, pi, e and the functions {', '.join(FUNCTIONS)}."
        )
    return _checked(_NAMES[name], None)


def _binary(
    function: Callable[[Any, Any], Any],
    left: tuple[sp.Expr, float | None],
    right: tuple[sp.Expr, float | None],
) -> tuple[sp.Expr, float | None]:
    if function is operator.pow and right[1] is not None and abs(right[1]) > MAX_EXPONENT:
        raise FormulaError(f"Exponents must be at most {MAX_EXPONENT} in size. Got {right[1]:g}.")
    value = _constant(function, left[1], right[1])
    if function is operator.pow and left[0].is_Rational and right[1] is not None:
        bits = max(int(left[0].p).bit_length(), int(left[0].q).bit_length())
        if bits * abs(right[1]) > MAX_BITS:
            raise FormulaError("A power in the formula has too many digits. Write it as a decimal.")
    return _checked(function(left[0], right[0]), value)


def _call(name: str, arguments: list[tuple[sp.Expr, float | None]]) -> tuple[sp.Expr, float | None]:
    lowered = name.lower()
    if lowered not in FUNCTIONS:
        raise FormulaError(
            f"The formula calls the unknown function {cut(name)!r}; known: {', '.join(FUNCTIONS)}."
        )
    function = FUNCTIONS[lowered]
    if len(arguments) != function.arity:
        raise FormulaError(f"`{name}` takes {function.arity} argument(s). Got {len(arguments)}.")
    value = _constant(function.numeric, *(value for _, value in arguments))
    return _checked(function.symbolic(*(expression for expression, _ in arguments)), value)


def _constant(function: Callable[..., Any], *values: float | None) -> float | None:
    """Evaluate a constant part in floats first: SymPy would expand 9**9**9."""
    if any(value is None for value in values):
        return None
    try:
        result = function(*values)
    except (ArithmeticError, ValueError, TypeError):
        result = math.nan
    if isinstance(result, complex) or not abs(result) <= MAX_CONSTANT:
        raise FormulaError(
            f"Constant parts of a formula must be real and at most {MAX_CONSTANT:.0e}. One is not."
        )
    return float(result)


def _checked(expression: sp.Expr, value: float | None) -> tuple[sp.Expr, float | None]:
    """Raise if an expression is infinite; evaluate one that became constant, as x - x."""
    if expression.has(*_NOT_REAL):
        raise FormulaError("The formula divides by zero, or has a part that is not real.")
    if value is None and not expression.free_symbols:
        value = _constant(float, expression)
    return expression, value


def _is_in_range(number: sp.Number) -> bool:
    """Return whether a number is finite as a float and does not underflow to 0."""
    if number.is_zero:  # SymPy's 0.0 does not equal its 0.
        return True
    parts = map(float, (number, *number.as_numer_denom()))  # Infinite where they overflow.
    return all(math.isfinite(part) and part != 0.0 for part in parts)


def _derivative_sizes(expression: sp.Basic) -> tuple[int, int, int]:
    """Estimate the operations in an expression and its first and second derivatives."""
    if expression.is_Symbol:
        return 1, 1, 0
    parts = [_derivative_sizes(part) for part in expression.args if part.free_symbols]
    zero, one, two = (sum(sizes[order] for sizes in parts) for order in range(3))
    if expression.is_Add:
        return 1 + zero, one, two
    if expression.is_Mul:
        n = len(parts)
        cross = 2 * (n - 1) * one + (n - 1) * (n - 2) * zero
        return 1 + zero, one + (n - 1) * zero, two + (n - 1) * zero + cross
    return 1 + zero, 1 + zero + one, 1 + 2 * (zero + one) + zero + two


class _Printer(StrPrinter):
    """Print floats with every digit, so that the text reads back bit for bit."""

    def _print_Float(self, number: sp.Float) -> str:
        return repr(float(number))


def to_text(expression: sp.Expr) -> str:
    """Write an expression as a formula that `parse` reads back."""
    return str(_Printer().doprint(expression))
