"""Families of test surfaces: surfaces that are made to measure by a few numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from trajectories.validation import Interval, scalar

if TYPE_CHECKING:
    from trajectories.surfaces.surface import Surface

__all__ = ["FAMILIES", "quadratic"]

_CONDITION = Interval(1.0, 1e12, "both", "between 1 and 1e12")
_REAL = Interval(-math.inf, math.inf, "neither", "finite")
#: The default start, along the flat axis and across it: that of the textbook's bowl.
_START = (-7.0, 2.0)


def quadratic(condition: float = 20.0, angle: float = 0.0) -> Surface:
    """Return a quadratic bowl of a given condition number, turned by an angle.

    f = (u²/condition + v²)/2, where u and v are the coordinates along the flat axis of its ellipses
    and across it. The largest eigenvalue of its Hessian is 1 and the smallest 1/condition, so that
    plain gradient descent is stable up to a learning rate of 2, and the better the condition, the
    faster.

    Parameters
    ----------
    condition : float, default 20
        How many times as steep it is across as along: from 1 (round) to 1e12.
    angle : float, default 0
        The degrees from the x axis to the flat axis, counter-clockwise. Rules that scale every
        coordinate by itself, such as AdaGrad or Adam, are at home at 0 and 90 alone.

    Returns
    -------
    Surface
        With its minimum at (0, 0).

    Raises
    ------
    TypeError, ValueError
        If an argument is no number in its range.

    References
    ----------
    N. Hansen, S. Finck, R. Ros, A. Auger: Real-Parameter Black-Box Optimization Benchmarking 2009:
    Noiseless Functions Definitions, INRIA RR-6829, 2009 (the rotated ellipsoid).

    Examples
    --------
    >>> import numpy as np
    >>> bowl = quadratic(20, angle=30)
    >>> bowl.name, bowl.formula[:33]
    ('quadratic(20, 30)', '((x*cos(pi/6) + y*sin(pi/6))**2/2')
    >>> np.linalg.eigvalsh(bowl.hessian((0, 0))).round(12)
    array([0.05, 1.  ])
    """
    from trajectories.surfaces.surface import Surface

    condition = scalar("condition", condition, _CONDITION)
    angle = scalar("angle", angle, _REAL) + 0.0  # Not -0.0.
    turn = round(angle % 180.0, 12) % 180.0  # -1e-20 % 180 is 180.
    radians = math.radians(turn)
    along, across = _START
    cos, sin = (0.0, 1.0) if turn == 90.0 else (math.cos(radians), math.sin(radians))
    arguments = _text(condition) + (f", {_text(angle)}" if angle else "")
    return Surface(
        _formula(_text(condition), turn),
        name=f"quadratic({arguments})",
        domain=((-10.0, 10.0), (-10.0, 10.0)),
        minima=((0.0, 0.0),),
        start=(along * cos - across * sin, along * sin + across * cos),
        about=_about(condition, turn),
        source="Hansen et al. 2009, INRIA RR-6829",
    )


def _about(condition: float, turn: float) -> str:
    if condition == 1.0:
        return "a round bowl: every gradient points at the minimum"
    turned = f", turned by {turn:g} degrees" if turn else ""
    return f"a bowl {condition:g} times as steep across as along{turned}"


def _formula(condition: str, turn: float) -> str:
    if turn == 0.0:
        return f"(x**2/{condition} + y**2)/2"
    if turn == 90.0:
        return f"(x**2 + y**2/{condition})/2"
    if turn == int(turn):
        part = Fraction(int(turn), 180)
        times = "" if part.numerator == 1 else f"{part.numerator}*"
        a = f"{times}pi/{part.denominator}"
    else:
        a = f"{_text(turn)}*pi/180"
    return f"((x*cos({a}) + y*sin({a}))**2/{condition} + (y*cos({a}) - x*sin({a}))**2)/2"


def _text(number: float) -> str:
    """Write a number so that it reads back bit for bit, without a needless point."""
    return repr(number).removesuffix(".0")


#: The families by name, as they are called in text such as ``"quadratic(100, angle=30)"``.
FAMILIES: dict[str, Callable[..., Surface]] = {"quadratic": quadratic}
