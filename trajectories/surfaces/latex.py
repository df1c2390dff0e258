"""Set a formula in LaTeX, in the order in which it was written."""

from __future__ import annotations

import ast

from trajectories.surfaces.syntax import syntax_tree

__all__ = ["to_latex"]

_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
_CALLS = {"acos": "arccos", "asin": "arcsin", "atan": "arctan", "log": "ln"}
_UPRIGHT = {"atan2": "atan2", "cbrt": "cbrt", "sign": "sign"}


def to_latex(text: str) -> str:
    r"""Return a formula in LaTeX, without dollar signs.

    SymPy would sort the terms, and write ``100*(y - x**2)**2`` as :math:`100(-x^2 + y)^2`.

    Parameters
    ----------
    text : str
        A formula that `trajectories.surfaces.formula.parse` reads.

    Returns
    -------
    str
        Also within what Matplotlib can set.

    Examples
    --------
    >>> to_latex("(1 - x)**2 + 100*(y - x**2)**2")
    '(1 - x)^{2} + 100 (y - x^{2})^{2}'
    """
    return _set(syntax_tree(text))[0]


def _set(node: ast.expr) -> tuple[str, int]:
    """Return the LaTeX of a part, and how tightly it binds."""
    match node:
        case ast.Constant(value=number):
            return _number(number)
        case ast.Name(id=name):
            return {"pi": r"\pi", "E": "e"}.get(name, name), _ATOM
        case ast.UnaryOp(op=op, operand=operand):
            sign = "-" if isinstance(op, ast.USub) else ""
            return sign + _inside(operand, _PRODUCT, signs=not sign), _PRODUCT
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"{_set(left)[0]} + {_inside(right, _PRODUCT, signs=False)}", _SUM
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return f"{_set(left)[0]} - {_inside(right, _PRODUCT, signs=False)}", _SUM
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            before, after = _inside(left, _PRODUCT), _inside(right, _PRODUCT, signs=False)
            dot = r" \cdot " if after[0].isdigit() else " "
            return before + dot + after, _PRODUCT
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return f"{_inside(left, _PRODUCT)}/{_inside(right, _POWER)}", _PRODUCT
        case ast.BinOp(
            left=ast.Call(func=ast.Name(id="sin" | "cos" | "tan") as name, args=[u]), right=power
        ) if not _set(power)[0].startswith("-"):  # Or it would read as the inverse function.
            return rf"\{name.id}^{{{_set(power)[0]}}}({_set(u)[0]})", _POWER
        case ast.BinOp(left=left, right=right):
            return f"{_inside(left, _ATOM)}^{{{_set(right)[0]}}}", _POWER
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _call(name.lower(), [_set(argument)[0] for argument in arguments])
    raise AssertionError(f"the parser lets no {type(node).__name__} through")


def _inside(node: ast.expr, binding: int, *, signs: bool = True) -> str:
    """Set a part inside another: in parentheses if it binds less, or is a sign out of place."""
    text, mine = _set(node)
    misplaced = text.startswith("-") and (not signs or binding > _PRODUCT)
    return f"({text})" if mine < binding or misplaced else text


def _call(name: str, arguments: list[str]) -> tuple[str, int]:
    joined = ", ".join(arguments)
    if name == "sqrt":
        return rf"\sqrt{{{joined}}}", _ATOM
    if name == "abs":
        return f"|{joined}|", _ATOM
    if name == "exp":
        return f"e^{{{joined}}}", _POWER
    if name in _UPRIGHT:
        return rf"\mathrm{{{_UPRIGHT[name]}}}({joined})", _POWER
    return rf"\{_CALLS.get(name, name)}({joined})", _POWER


def _number(number: object) -> tuple[str, int]:
    text = repr(number)
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}", _PRODUCT
    return text.removesuffix(".0"), _ATOM
