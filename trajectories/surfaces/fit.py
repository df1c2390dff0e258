"""The normal equations of a line fitted to samples, solved exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trajectories.validation import must

__all__ = ["SIZE", "Fit", "fitted"]

Array = NDArray[np.float64]
Rectangle = tuple[tuple[float, float], tuple[float, float]]
#: How many times as large as the determinant of the normal equations the product of their diagonal
#: may be: past that, the determinant is lost when float64 rounds the coefficients.
_LOSS = 10**14
#: Half widths of the default domain, in those of the ellipse on which f is by the variance of the
#: samples above its minimum.
_ROOM = 1.5
#: What samples must be, in words.
SIZE = "of a size whose squares are in float64's range"


class Fit(NamedTuple):
    """f = xx (x - x0)² + xy (x - x0)(y - y0) + yy (y - y0)² + floor, and where (x0, y0) is."""

    xx: float
    xy: float
    yy: float
    minimum: tuple[float, float]
    floor: float
    singular: bool

    @property
    def formula(self) -> str:
        """The formula as text, written around the minimum."""
        u, v = (_shifted(name, place) for name, place in zip("xy", self.minimum, strict=True))
        text = ""
        for number, factor in (
            (self.xx, f"*{u}**2"),
            (self.xy, f"*{u}*{v}"),
            (self.yy, f"*{v}**2"),
            (self.floor, ""),
        ):
            if number:
                sign = ("-" if number < 0 else "") if not text else (" - " if number < 0 else " + ")
                text += f"{sign}{abs(number)!r}{factor}"
        return text

    def domain(self, targets: Array, given: object) -> Rectangle:
        """Return a rectangle around the ellipse f = floor + variance of the targets."""
        with np.errstate(all="ignore"):
            level = float(np.var(targets))
            if not level > 1e-12 * float(np.mean(np.square(targets))):
                level = float(np.mean(np.square(targets))) or 1.0
            values, vectors = np.linalg.eigh([[self.xx, self.xy / 2], [self.xy / 2, self.yy]])
            if self.singular:
                values[0] = values[1]
            middle = np.array(self.minimum)
            half = _ROOM * np.sqrt(np.square(vectors) @ (level / values))
            half = np.maximum(half, 1e-6 * abs(middle))
        if not np.isfinite([middle - half, middle + half]).all():
            raise must("samples", SIZE, given)
        (x0, y0), (x1, y1) = (middle - half).tolist(), (middle + half).tolist()
        return (x0, x1), (y0, y1)


def fitted(features: Array, targets: Array, given: object) -> Fit:
    """Solve the normal equations in exact arithmetic."""
    count = len(targets)
    (a, b, s), unit = _integers([*features, targets])
    xx, xy, yy = _product(a, a), _product(a, b), _product(b, b)
    xs, ys, ss = _product(a, s), _product(b, s), _product(s, s)
    trace, determinant = xx + yy, xx * yy - xy * xy
    if trace == 0:
        raise must("samples", "such that f depends on x or y: not all a and b 0", given)
    if determinant == 0:
        x0, y0 = Fraction(xs, trace), Fraction(ys, trace)
    elif xx * yy > _LOSS * determinant:
        raise must(
            "samples", "clearly of two directions (t, 1) or (a, b), or exactly of one", given
        )
    else:
        x0 = Fraction(yy * xs - xy * ys, determinant)
        y0 = Fraction(xx * ys - xy * xs, determinant)
    scale = Fraction(unit * unit, count)
    numbers = (xx * scale, 2 * xy * scale, yy * scale, x0, y0, (ss - x0 * xs - y0 * ys) * scale)
    try:
        c_xx, c_xy, c_yy, x, y, floor = map(float, numbers)
        float(ss * scale)
    except OverflowError:
        c_xx = c_yy = 0.0
    if max(c_xx, c_yy) < 1e-290:
        raise must("samples", SIZE, given)
    return Fit(c_xx, c_xy, c_yy, (x, y), floor, determinant == 0)


def _integers(columns: Sequence[Array]) -> tuple[list[list[int]], Fraction]:
    """Return floats as whole multiples of one power of two, and that power."""
    ratios = [[number.as_integer_ratio() for number in column.tolist()] for column in columns]
    unit = max(below for column in ratios for _, below in column)
    return [[above * (unit // below) for above, below in column] for column in ratios], Fraction(
        1, unit
    )


def _product(left: list[int], right: list[int]) -> int:
    return sum(one * other for one, other in zip(left, right, strict=True))


def _shifted(name: str, place: float) -> str:
    if place == 0:
        return name
    return f"({name} {'-' if place > 0 else '+'} {abs(place)!r})"
