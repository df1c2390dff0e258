"""Real forms of sinh, cosh and tanh.

SymPy's own want to know whether they are real or positive, and where it cannot tell that of their
argument they split it into a real and an imaginary part: of ``sin(tanh((sqrt(x) - y + 1)**64))``,
the power is multiplied out for minutes. These forms never ask.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sympy as sp

from trajectories.surfaces.real import Real

__all__ = ["RealCosh", "RealSinh", "RealTanh"]


class _Hyperbolic(Real):
    """A function that is odd or even."""

    nargs = 1
    constant: ClassVar[Any]
    odd: ClassVar[bool] = True

    @classmethod
    def eval(cls, u: sp.Expr) -> sp.Expr | None:
        """Return the value of a constant, and take the sign of what begins with a minus out."""
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
