"""The plane through paths of weights: their principal directions, and how far they are off it.

The weights are many and the points on the paths are few: the directions are found from the small
matrix of the points' inner products, and no array as large as weights times weights is ever made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.names import resolve

__all__ = ["THROUGH", "Plane", "plane_through"]

Array = NDArray[np.float64]

#: Where a plane may go through.
THROUGH = ("start", "mean")
#: So many weights of all points are looked at together: their sums are taken in float64.
_TOGETHER = 8192
#: What is smaller than this part of the largest variance is rounding.
_NOTHING = 1e-12
#: So much of a length may come from rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane in the space of the weights."""

    origin: Array
    axes: Array
    shares: Array

    def project(self, points: Any) -> tuple[Array, Array]:
        """Drop points onto the plane."""
        places, off = np.full((len(points), 2), np.nan), np.full(len(points), np.nan)
        for row, point in enumerate(points):
            if np.isfinite(point).all():
                away = np.asarray(point, dtype=float) - self.origin
                places[row] = self.axes @ away
                away -= places[row] @ self.axes
                off[row] = np.linalg.norm(away)
        return places, off

    def point(self, x: float, y: float) -> Array:
        """Return the weights at a place on the plane, shape (weights,)."""
        return np.asarray(self.origin + x * self.axes[0] + y * self.axes[1])


def plane_through(paths: Sequence[Any], *, through: str = "start") -> Plane:
    """Lay a plane through paths so that it holds as much of their variance as a plane can."""
    through = resolve("way to lay a plane", through, THROUGH)
    points = [np.asarray(point) for path in paths for point in path]
    count, size = len(points), points[0].size
    inner: Array = np.zeros((count, count))
    origin: Array = np.empty(size)
    for begin in range(0, size, _TOGETHER):
        part = slice(begin, begin + _TOGETHER)
        origin[part] = points[0][part] if through == "start" else _mean(points, part)
        away = _away(points, part, origin)
        inner += away @ away.T
    values, vectors = np.linalg.eigh(inner)
    values = np.maximum(values[::-1], 0.0)
    if not values[0] > 0:
        raise ValueError("The paths must lead somewhere: all their points are the same.")
    whole = float(np.trace(inner))
    known = 2 if values.size > 1 and values[1] > _NOTHING * values[0] else 1
    axes: Array = np.zeros((2, size))
    for begin in range(0, size, _TOGETHER):
        part = slice(begin, begin + _TOGETHER)
        axes[:known, part] = vectors[:, ::-1][:, :known].T @ _away(points, part, origin)
    if known == 1:  # All on one line: any other direction will do.
        axes[1, abs(axes[0]).argmin()] = 1.0
    axes[0] /= np.linalg.norm(axes[0])
    axes[1] -= (axes[1] @ axes[0]) * axes[0]
    axes[1] /= np.linalg.norm(axes[1])
    ways = sum(np.subtract(path[-1], path[0], dtype=float) for path in paths)
    for axis in axes:
        axis *= _sign(axis, ways)
    shares = np.array([values[0], values[1] if known == 2 else 0.0]) / whole
    return Plane(origin, axes, shares)


def _away(points: Sequence[Array], part: slice, origin: Array) -> Array:
    """Return some weights of all points, less the origin."""
    return np.array([point[part] for point in points], dtype=float) - origin[part]


def _mean(points: Sequence[Array], part: slice) -> Array:
    return np.asarray(np.array([point[part] for point in points], dtype=float).mean(axis=0))


def _sign(axis: Array, ways: Array) -> float:
    """Return the sign that makes paths lead on along an axis, or its largest weight positive."""
    along = float(axis @ ways)
    if abs(along) > _ROUNDING * np.linalg.norm(ways):
        return float(np.sign(along))
    return float(np.sign(axis[abs(axis).argmax()]))
