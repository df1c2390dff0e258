"""Set a formula in MathML, for pages that show mathematics without any help."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from trajectories.surfaces.typesetting import Typesetter

__all__ = ["to_mathml"]

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
        # Names of several letters are upright by themselves, single letters slanted.
        return f"<mi>{escape(name)}</mi>"

    def applied(self, arguments: Sequence[str]) -> str:
        comma = '<mo separator="true">,</mo>'
        return f"<mo>{_APPLY}</mo>" + self.fenced(comma.join(arguments))

    def fenced(self, inner: str, left: str = "(", right: str = ")") -> str:
        # Brackets of one height: in a line of text they would grow with every exponent.
        before = f'<mo form="prefix" stretchy="false" lspace="0" rspace="0">{left}</mo>'
        after = f'<mo form="postfix" stretchy="false" lspace="0" rspace="0">{right}</mo>'
        return f"<mrow>{before}{inner}{after}</mrow>"

    def raised(self, base: str, exponent: str) -> str:
        if base.startswith("<mrow>"):
            # In parentheses: the exponent goes with the last, or it would stand above them all.
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
    """Make one element of several, where an element takes just so many parts."""
    single = part.count("<") == 2 and part.startswith(("<mi", "<mn"))
    return part if single else f"<mrow>{part}</mrow>"


def _bare(part: str) -> str:
    """Leave out the elements that only group what comes first."""
    return part.replace("<msup>", "").replace("<mrow>", "")
