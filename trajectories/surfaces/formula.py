"""Read a formula: text to a SymPy expression in x and y, by an allow-list.

The syntax tree is walked, and what the walk does not know is refused. Nothing of the text is ever
evaluated as code, so a formula from a stranger is safe to read, and the limits below keep it from
taking the machine's time or memory.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import sympy as sp
from sympy.printing.str import StrPrinter

from trajectories.names import cut
from trajectories.surfaces.hyperbolic import RealCosh, RealSinh, RealTanh
from trajectories.surfaces.nonsmooth import RealAbs, RealCbrt, RealMax, RealMin, RealSign, to_real
from trajectories.surfaces.syntax import FormulaError, syntax_tree

__all__ = ["FUNCTIONS", "X", "Y", "check_expression", "parse", "to_text"]

X, Y = sp.symbols("x y", real=True)

MAX_EXPONENT = 64
MAX_CONSTANT = 1e30
MAX_INTEGER = 10**15
MAX_DERIVATIVE = 20_000
#: Bits of a fraction's numerator and denominator: powers of fractions are written out exactly.
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
    """Read a formula in x and y."""
    if not isinstance(text, str):
        raise TypeError(f"`formula` must be text. Got {text!r} instead.")
    tree = syntax_tree(text)
    try:
        expression = to_real(_build(tree)[0])
        check_expression(expression)
    except RecursionError:  # The caller himself may be deep down already.
        raise FormulaError("The formula nests too deep to be read here.") from None
    return expression


def check_expression(expression: sp.Expr) -> None:
    """Make sure that an expression is one of x and y, finite, real, and differentiable in time."""
    strangers = expression.free_symbols - {X, Y}
    if strangers:
        names = ", ".join(sorted(map(str, strangers)))
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
    """Evaluate a constant part in floats first: SymPy would try to write 9**9**9 out."""
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
    """Refuse what is infinite; find the value of what became constant only now, such as x - x."""
    if expression.has(*_NOT_REAL):
        raise FormulaError("The formula divides by zero, or has a part that is not real.")
    if value is None and not expression.free_symbols:
        value = _constant(float, expression)
    return expression, value


def _is_in_range(number: sp.Number) -> bool:
    """Tell whether a number is finite as a float, and not so small that it becomes 0."""
    if number.is_zero:  # SymPy's 0.0 is not equal to its 0.
        return True
    parts = map(float, (number, *number.as_numer_denom()))  # Infinite where they overflow.
    return all(math.isfinite(part) and part != 0.0 for part in parts)


def _derivative_sizes(expression: sp.Basic) -> tuple[int, int, int]:
    """Estimate the operations in an expression and its first and second derivatives."""
    if expression.is_Symbol:
        return 1, 1, 0
    moving = [_derivative_sizes(part) for part in expression.args if part.free_symbols]
    zero, one, two = (sum(sizes[order] for sizes in moving) for order in range(3))
    if expression.is_Add:
        return 1 + zero, one, two
    if expression.is_Mul:
        n = len(moving)
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
