"""Real forms of abs, sign, max, min and cbrt, whose derivatives stay functions.

SymPy treats ``Abs`` and its like as functions of a complex argument: it differentiates them into
real and imaginary parts, their second derivative into a Dirac delta that cannot be computed, and
``Max`` spends seconds on comparing its arguments. These forms are of a real argument. They have
the derivative that holds almost everywhere, and at the kink itself the mean of both sides:
sign(0) = 0, step(0) = 1/2.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, ClassVar

import sympy as sp

from trajectories.surfaces.hyperbolic import RealCosh, RealSinh, RealTanh
from trajectories.surfaces.real import Real

__all__ = ["RealAbs", "RealCbrt", "RealMax", "RealMin", "RealSign", "Step", "to_real", "to_sympy"]


#: SymPy makes a cotangent of tan(x + pi/2) by itself; the others may come with an expression.
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


class _Choice(Real):
    """One of two arguments, which are kept in one order."""

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


class RealMax(_Choice):
    """The larger of two, with the derivative of the larger."""

    written = "max"
    constant = sp.Max

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative by one of the two arguments."""
        mine, other = self._mine_and_other(argindex)
        return Step(mine - other)


class RealMin(_Choice):
    """The smaller of two, with the derivative of the smaller."""

    written = "min"
    constant = sp.Min

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative by one of the two arguments."""
        mine, other = self._mine_and_other(argindex)
        return Step(other - mine)


def to_sympy(expression: sp.Expr) -> sp.Expr:
    """Put SymPy's own functions back in the place of the real forms."""
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
    """Put the real forms into an expression of real symbols."""
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
