"""Find where a surface is lowest in its domain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_minima", "local_minima"]

Array = NDArray[np.float64]

_RESOLUTION = 161
_ITERATIONS = 40


def local_minima(z: Array) -> NDArray[np.intp]:
    """Return the row and column of every inner grid point below its eight neighbours."""
    inner = z[1:-1, 1:-1]
    low = np.isfinite(inner)
    rows, columns = z.shape
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            if (down, right) != (1, 1):
                # "Not above" on one side only: a flat pair of points counts once.
                neighbour = z[down : rows - 2 + down, right : columns - 2 + right]
                low &= inner < neighbour if (down, right) < (1, 1) else inner <= neighbour
    places = np.argwhere(low) + 1
    return places[np.argsort(z[places[:, 0], places[:, 1]], kind="stable")]


@np.errstate(all="ignore")
def find_minima(
    value: Callable[[Any], Any],
    gradient: Callable[[Any], Array],
    hessian: Callable[[Any], Array],
    domain: tuple[tuple[float, float], tuple[float, float]],
) -> Array:
    """Look for the global minimum on a grid, and refine what is found by Newton's method."""
    x, y = (np.linspace(low, high, _RESOLUTION) for low, high in domain)
    z = value(np.stack(np.meshgrid(x, y), axis=-1))
    if not np.isfinite(z).any():
        return np.empty((0, 2))
    places = local_minima(z)
    p = np.stack([x[places[:, 1]], y[places[:, 0]]], axis=-1)
    cell = np.array([x[1] - x[0], y[1] - y[0]])
    refined = _newton(value, gradient, hessian, p, reach=2 * cell)
    values = value(refined)
    lowest = min((v for v in values if np.isfinite(v)), default=np.inf)
    spread = np.nanmax(z[np.isfinite(z)]) - lowest
    if not lowest <= np.nanmin(z) + 1e-12 * spread:
        return np.empty((0, 2))
    kept = np.empty((0, 2))
    for place in refined[values <= lowest + 1e-9 * spread]:
        if not (abs(place - kept) < cell).all(axis=1).any():
            kept = np.append(kept, place[None], axis=0)
    return kept[np.lexsort(kept.T[::-1])]


def _newton(
    value: Callable[[Any], Any],
    gradient: Callable[[Any], Array],
    hessian: Callable[[Any], Array],
    start: Array,
    reach: Array,
) -> Array:
    """Refine points by Newton steps, halved until f does not rise, each within `reach`."""
    p = start.copy()
    for _ in range(_ITERATIONS):
        g, h = gradient(p), hessian(p)
        (a, b), (_, c) = np.moveaxis(h, (-2, -1), (0, 1))
        determinant = a * c - b * b
        step = np.stack([b * g[:, 1] - c * g[:, 0], b * g[:, 0] - a * g[:, 1]], axis=-1)
        step /= determinant[:, None]
        convex = (determinant > 0) & (a > 0) & np.isfinite(step).all(axis=-1)
        step = np.where(convex[:, None], step, -g * reach / (abs(g).max(axis=-1)[:, None] + 1e-300))
        step = np.clip(np.nan_to_num(step), -reach, reach)
        here = value(p)
        for _ in range(30):
            worse: Any = np.logical_not(value(p + step) <= here)
            if not worse.any():
                break
            step[worse] /= 2
        step[worse] = 0.0
        p += step
    inside: Any = (abs(p - start) <= 2 * reach).all(axis=-1)
    return np.where(inside[:, None], p, start)
