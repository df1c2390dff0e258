"""Real forms of abs, sign, max and min whose derivatives stay functions.

SymPy differentiates ``Abs`` of a general argument into real and imaginary parts, and its second
derivative into a Dirac delta that cannot be computed. These forms have the derivative that holds
almost everywhere, and at the kink itself the mean of both sides: sign(0) = 0, step(0) = 1/2.
"""

from __future__ import annotations

from functools import reduce

import sympy as sp

__all__ = ["RealAbs", "RealMax", "RealMin", "RealSign", "Step", "to_real"]


class RealAbs(sp.Function):
    """|u|, with the derivative sign(u)."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative."""
        return RealSign(self.args[0])


class RealSign(sp.Function):
    """-1, 0 or 1, with the derivative 0."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative."""
        return sp.S.Zero


class Step(sp.Function):
    """0 below zero, 1/2 at zero and 1 above, with the derivative 0."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative."""
        return sp.S.Zero


class RealMax(sp.Function):
    """The larger of two, with the derivative of the larger."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative by one of the two arguments."""
        mine, other = self.args if argindex == 1 else reversed(self.args)
        return Step(mine - other)


class RealMin(sp.Function):
    """The smaller of two, with the derivative of the smaller."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative by one of the two arguments."""
        mine, other = self.args if argindex == 1 else reversed(self.args)
        return Step(other - mine)


def to_real(expression: sp.Expr) -> sp.Expr:
    """Put the real forms into an expression of real symbols.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> to_real(abs(sp.sin(x))).diff(x)
    cos(x)*RealSign(sin(x))
    """
    return (
        expression.replace(sp.Abs, RealAbs)
        .replace(sp.sign, RealSign)
        .replace(sp.Max, lambda *parts: reduce(RealMax, parts))
        .replace(sp.Min, lambda *parts: reduce(RealMin, parts))
    )
