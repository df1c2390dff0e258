"""Typesetting of formulas: LaTeX, mathtext and MathML."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Sequence
from html import escape

from trajectories.surfaces.formula import syntax_tree

#: How tightly the parts of a formula bind.
_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
#: Functions with another name in print.
_PRINTED_NAMES = {"acos": "arccos", "asin": "arcsin", "atan": "arctan", "log": "ln"}
Set = tuple[str, int]


class Typesetter(ABC):
    """Sets a formula in its own order; a subclass has the signs of a language."""

    plus: str
    minus: str
    times: str
    thin: str
    over: str
    negative: str

    def formula(self, text: str) -> str:
        """Set a formula that `trajectories.surfaces.formula.parse` reads."""
        return self._set(syntax_tree(text))[0]

    @abstractmethod
    def digits(self, text: str) -> str:
        """Set a number without an exponent."""

    @abstractmethod
    def letter(self, name: str) -> str:
        """Set x, y, e or pi."""

    @abstractmethod
    def function(self, name: str) -> str:
        """Set the name of a function."""

    @abstractmethod
    def applied(self, arguments: Sequence[str]) -> str:
        """Set the arguments of a function, in parentheses."""

    @abstractmethod
    def fenced(self, inner: str, left: str = "(", right: str = ")") -> str:
        """Set a part between two signs."""

    @abstractmethod
    def raised(self, base: str, exponent: str) -> str:
        """Set a power."""

    @abstractmethod
    def root(self, inner: str) -> str:
        """Set a square root."""

    @abstractmethod
    def begins_in_digits(self, part: str) -> bool:
        """Return whether a part begins with a number, or a power of one."""

    def begins_in_sign(self, part: str) -> bool:
        """Return whether a part begins with a minus."""
        return part.startswith(self.negative)

    def _set(self, node: ast.expr) -> Set:
        """Set a part, and return how tightly it binds."""
        match node:
            case ast.Constant(value=number):
                return self._number(repr(number))
            case ast.Name(id=name):
                return self.letter("e" if name == "E" else name), _ATOM
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.negative + self._inside(operand, _PRODUCT, signs=False), _PRODUCT
            case ast.UnaryOp(operand=operand):
                return self._inside(operand, _PRODUCT), _PRODUCT
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
                sign = self.plus if isinstance(op, ast.Add) else self.minus
                return self._set(left)[0] + sign + self._inside(right, _PRODUCT, signs=False), _SUM
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                after = self._inside(right, _PRODUCT, signs=False)
                sign = self.times if self.begins_in_digits(after) else self.thin
                return self._inside(left, _PRODUCT) + sign + after, _PRODUCT
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                below = self._inside(right, _POWER)
                return self._inside(left, _PRODUCT) + self.over + below, _PRODUCT
            case ast.BinOp(
                left=ast.Call(func=ast.Name(id="sin" | "cos" | "tan" as name), args=[u]),
                right=power,
            ) if not self.begins_in_sign(self._set(power)[0]):
                # An exponent with a sign would read as the inverse function.
                head = self.raised(self.function(name), self._set(power)[0])
                return head + self.applied([self._set(u)[0]]), _POWER
            case ast.BinOp(left=left, right=right):
                return self.raised(self._inside(left, _ATOM), self._set(right)[0]), _POWER
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name.lower(), [self._set(argument)[0] for argument in arguments])
        raise AssertionError(f"the parser lets no {type(node).__name__} through")

    def _inside(self, node: ast.expr, binding: int, *, signs: bool = True) -> str:
        """Set a part inside another, in parentheses if it binds less or has a misplaced sign."""
        part, own = self._set(node)
        misplaced = self.begins_in_sign(part) and (not signs or binding > _PRODUCT)
        return self.fenced(part) if own < binding or misplaced else part

    def _call(self, name: str, arguments: list[str]) -> Set:
        if name == "sqrt":
            return self.root(arguments[0]), _ATOM
        if name == "abs":
            return self.fenced(arguments[0], "|", "|"), _ATOM
        if name == "exp":
            return self.raised(self.letter("e"), arguments[0]), _POWER
        return self.function(_PRINTED_NAMES.get(name, name)) + self.applied(arguments), _POWER

    def _number(self, text: str) -> Set:
        if "e" not in text:
            return self.digits(text.removesuffix(".0")), _ATOM
        mantissa, _, exponent = text.partition("e")
        power = int(exponent)
        raised = (self.negative if power < 0 else "") + self.digits(str(abs(power)))
        ten = self.raised(self.digits("10"), raised)
        return self.digits(mantissa) + self.times + ten, _PRODUCT


_UPRIGHT = ("atan2", "cbrt", "sign")


def to_latex(text: str) -> str:
    """Return a formula in LaTeX, without dollar signs."""
    return _LaTeX().formula(text)


class _LaTeX(Typesetter):
    """Signs of LaTeX."""

    plus, minus, times, thin, over, negative = " + ", " - ", r" \cdot ", " ", "/", "-"

    def digits(self, text: str) -> str:
        return text

    def letter(self, name: str) -> str:
        return r"\pi" if name == "pi" else name

    def function(self, name: str) -> str:
        return rf"\mathrm{{{name}}}" if name in _UPRIGHT else rf"\{name}"

    def applied(self, arguments: Sequence[str]) -> str:
        return self.fenced(", ".join(arguments))

    def fenced(self, inner: str, left: str = "(", right: str = ")") -> str:
        return left + inner + right

    def raised(self, base: str, exponent: str) -> str:
        return f"{base}^{{{exponent}}}"

    def root(self, inner: str) -> str:
        return rf"\sqrt{{{inner}}}"

    def begins_in_digits(self, part: str) -> bool:
        return part[0].isdigit()


_MINUS, _DOT, _APPLY = "\N{MINUS SIGN}", "\N{DOT OPERATOR}", "\N{FUNCTION APPLICATION}"


def to_mathml(text: str) -> str:
    """Return a formula as the inside of a ``<math>`` element."""
    return _MathML().formula(text)


class _MathML(Typesetter):
    """Elements of MathML Core."""

    plus, minus, times = "<mo>+</mo>", f"<mo>{_MINUS}</mo>", f"<mo>{_DOT}</mo>"
    thin = '<mspace width="0.17em"></mspace>'
    over = '<mo lspace="0" rspace="0">/</mo>'
    negative = f'<mo form="prefix">{_MINUS}</mo>'

    def digits(self, text: str) -> str:
        return f"<mn>{text}</mn>"

    def letter(self, name: str) -> str:
        return self.function("\N{GREEK SMALL LETTER PI}" if name == "pi" else name)

    def function(self, name: str) -> str:
        # MathML sets names of several letters upright, single letters slanted.
        return f"<mi>{escape(name)}</mi>"

    def applied(self, arguments: Sequence[str]) -> str:
        comma = '<mo separator="true">,</mo>'
        return f"<mo>{_APPLY}</mo>" + self.fenced(comma.join(arguments))

    def fenced(self, inner: str, left: str = "(", right: str = ")") -> str:
        # Brackets of fixed height: in a line of text they would grow with exponents.
        before = f'<mo form="prefix" stretchy="false" lspace="0" rspace="0">{left}</mo>'
        after = f'<mo form="postfix" stretchy="false" lspace="0" rspace="0">{right}</mo>'
        return f"<mrow>{before}{inner}{after}</mrow>"

    def raised(self, base: str, exponent: str) -> str:
        if base.startswith("<mrow>"):
            # The exponent of parentheses belongs to the last, or it would be too high.
            inner, closing = base.removesuffix("</mrow>").rsplit("<mo", 1)
            return f"{inner}<msup><mo{closing}{_row(exponent)}</msup></mrow>"
        return f"<msup>{_row(base)}{_row(exponent)}</msup>"

    def root(self, inner: str) -> str:
        return f"<msqrt>{inner}</msqrt>"

    def begins_in_digits(self, part: str) -> bool:
        return _bare(part).startswith("<mn>")

    def begins_in_sign(self, part: str) -> bool:
        return _bare(part).startswith(self.negative)


def _row(part: str) -> str:
    """Group several elements, where MathML expects one."""
    single = part.count("<") == 2 and part.startswith(("<mi", "<mn"))
    return part if single else f"<mrow>{part}</mrow>"


def _bare(part: str) -> str:
    """Remove the elements that only group."""
    return part.replace("<msup>", "").replace("<mrow>", "")
