"""Set a formula in MathML, for pages that show mathematics without any help."""

from __future__ import annotations

import ast
from html import escape

from trajectories.surfaces.syntax import syntax_tree

__all__ = ["to_mathml"]

_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
_CALLS = {"acos": "arccos", "asin": "arcsin", "atan": "arctan", "log": "ln"}
_MINUS, _DOT, _APPLY = "\N{MINUS SIGN}", "\N{DOT OPERATOR}", "\N{FUNCTION APPLICATION}"
_THIN = '<mspace width="0.17em"></mspace>'


def to_mathml(text: str) -> str:
    r"""Return a formula as the inside of a ``<math>`` element.

    It looks like what `trajectories.surfaces.latex.to_latex` makes of the same text, and keeps to
    MathML Core, which browsers set without a script or a font of the page's own.

    Parameters
    ----------
    text : str
        A formula that `trajectories.surfaces.formula.parse` reads.

    Returns
    -------
    str

    Examples
    --------
    >>> to_mathml("x**2 - y")
    '<msup><mi>x</mi><mn>2</mn></msup><mo>−</mo><mi>y</mi>'
    """
    return _set(syntax_tree(text))[0]


def _set(node: ast.expr) -> tuple[str, int]:
    """Return the MathML of a part, and how tightly it binds."""
    match node:
        case ast.Constant(value=number):
            return _number(number)
        case ast.Name(id=name):
            return _name({"pi": "\N{GREEK SMALL LETTER PI}", "E": "e"}.get(name, name)), _ATOM
        case ast.UnaryOp(op=op, operand=operand):
            if isinstance(op, ast.UAdd):
                return _inside(operand, _PRODUCT), _PRODUCT
            return _prefix() + _inside(operand, _PRODUCT, signs=False), _PRODUCT
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            sign = _operator("+" if isinstance(op, ast.Add) else _MINUS)
            return _set(left)[0] + sign + _inside(right, _PRODUCT, signs=False), _SUM
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            before, after = _inside(left, _PRODUCT), _inside(right, _PRODUCT, signs=False)
            return before + (
                _operator(_DOT) if _begins_in_digits(after) else _THIN
            ) + after, _PRODUCT
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            slash = '<mo lspace="0" rspace="0">/</mo>'
            return _inside(left, _PRODUCT) + slash + _inside(right, _POWER), _PRODUCT
        case ast.BinOp(
            left=ast.Call(func=ast.Name(id="sin" | "cos" | "tan") as name, args=[u]), right=power
        ) if not _begins_in_sign(_set(power)[0]):  # Or it would read as the inverse function.
            return _power(_name(name.id), power) + _applied([u]), _POWER
        case ast.BinOp(left=left, right=right):
            return _power(_inside(left, _ATOM), right), _POWER
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _call(name.lower(), arguments)
    raise AssertionError(f"the parser lets no {type(node).__name__} through")


def _inside(node: ast.expr, binding: int, *, signs: bool = True) -> str:
    """Set a part inside another: in parentheses if it binds less, or is a sign out of place."""
    markup, mine = _set(node)
    misplaced = _begins_in_sign(markup) and (not signs or binding > _PRODUCT)
    return _fenced(markup) if mine < binding or misplaced else markup


def _call(name: str, arguments: list[ast.expr]) -> tuple[str, int]:
    inner = _set(arguments[0])[0]
    if name == "sqrt":
        return f"<msqrt>{inner}</msqrt>", _ATOM
    if name == "abs":
        return _fenced(inner, "|", "|"), _ATOM
    if name == "exp":
        return _power(_name("e"), arguments[0]), _POWER
    return _name(_CALLS.get(name, name)) + _applied(arguments), _POWER


def _applied(arguments: list[ast.expr]) -> str:
    """Set the arguments of a function, with the invisible sign that applies it."""
    comma = '<mo separator="true">,</mo>'
    return f"<mo>{_APPLY}</mo>" + _fenced(comma.join(_set(u)[0] for u in arguments))


def _power(base: str, exponent: ast.expr) -> str:
    raised = _row(_set(exponent)[0])
    if base.startswith("<mrow>"):
        # In parentheses: the exponent goes with the last one, or it would stand above them all.
        inner, closing = base.removesuffix("</mrow>").rsplit("<mo", 1)
        return f"{inner}<msup><mo{closing}{raised}</msup></mrow>"
    return f"<msup>{_row(base)}{raised}</msup>"


def _row(markup: str) -> str:
    """Make one element of several, where an element takes just so many parts."""
    single = markup.count("<") == 2 and markup.startswith(("<mi", "<mn"))
    return markup if single else f"<mrow>{markup}</mrow>"


def _fenced(markup: str, left: str = "(", right: str = ")") -> str:
    # Brackets of one height: in a line of text they would grow with every exponent.
    before = f'<mo form="prefix" stretchy="false" lspace="0" rspace="0">{left}</mo>'
    after = f'<mo form="postfix" stretchy="false" lspace="0" rspace="0">{right}</mo>'
    return f"<mrow>{before}{markup}{after}</mrow>"


def _operator(sign: str) -> str:
    return f"<mo>{sign}</mo>"


def _prefix() -> str:
    return f'<mo form="prefix">{_MINUS}</mo>'


def _name(name: str) -> str:
    # Names of several letters are upright by themselves, single letters slanted.
    return f"<mi>{escape(name)}</mi>"


def _begins_in_digits(markup: str) -> bool:
    """Tell whether a number comes first, which may be the base of a power."""
    return markup.replace("<msup>", "").replace("<mrow>", "").startswith("<mn>")


def _begins_in_sign(markup: str) -> bool:
    return markup.replace("<msup>", "").replace("<mrow>", "").startswith(_prefix())


def _number(number: object) -> tuple[str, int]:
    text = repr(number)
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        power = int(exponent)
        digits = f"<mn>{abs(power)}</mn>"
        raised = f"<mrow>{_prefix()}{digits}</mrow>" if power < 0 else digits
        ten = f"<msup><mn>10</mn>{raised}</msup>"
        return f"<mn>{mantissa}</mn>{_operator(_DOT)}{ten}", _PRODUCT
    return f"<mn>{text.removesuffix('.0')}</mn>", _ATOM
