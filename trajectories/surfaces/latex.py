"""Set a formula in LaTeX, in the order in which it was written."""

from __future__ import annotations

from collections.abc import Sequence

from trajectories.surfaces.typesetting import Typesetter

__all__ = ["to_latex"]

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
