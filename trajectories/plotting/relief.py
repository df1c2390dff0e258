"""The relief: a surface in a rectangle, valued on a grid, with the heights of its contours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajectories.plotting.view import Limits
from trajectories.surfaces import Surface
from trajectories.surfaces.minima import local_minima

__all__ = ["RESOLUTION", "Relief", "make_relief", "relief_of"]

Array = NDArray[np.float64]

#: Grid points along each side.
RESOLUTION = 301
_LEVELS = 14
#: Heights beyond this are left blank: contours are interpolated, which overflows.
_HIGHEST = 1e150


@dataclass(frozen=True, eq=False)
class Relief:
    """A surface in a rectangle, ready to be contoured."""

    x: Array
    y: Array
    z: Array
    levels: Array


def make_relief(surface: Surface, limits: Limits, resolution: int = RESOLUTION) -> Relief:
    """Value a surface on a grid, and choose the heights of its contours."""
    x, y = (np.linspace(low, high, resolution) for low, high in limits)
    return relief_of(x, y, np.asarray(surface(x[None, :], y[:, None])), surface.floor)


def relief_of(x: Array, y: Array, z: Array, floor: float | None) -> Relief:
    """Choose the heights of the contours of what has been valued on a grid."""
    z[~(abs(z) < _HIGHEST)] = np.nan
    return Relief(x, y, z, _levels(z, floor))


def _levels(z: Array, floor: float | None) -> Array:
    heights = z[np.isfinite(z)]
    if heights.size == 0 or np.ptp(heights) <= 1e-12 * np.abs(heights).max():
        return np.empty(0)
    low, high = heights.min(), heights.max()
    if floor is None and not len(local_minima(z)):
        return np.linspace(low, high, _LEVELS + 2)[1:-1]
    floor = float(low) if floor is None else min(floor, float(low))
    excess = heights - floor
    lowest = max(float(np.quantile(excess, 0.015)), 1e-7 * float(excess.max()))
    # Unique, as small steps above a great height are no steps at all in floats.
    return np.unique(floor + np.geomspace(lowest, float(excess.max()), _LEVELS + 1)[:-1])
