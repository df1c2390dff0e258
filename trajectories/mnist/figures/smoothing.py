"""Smooth curves of losses, and what several seeds have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.validation import must

__all__ = ["band", "smoothed", "window_for"]

Array = NDArray[np.float64]

#: The shape of the window: the textbook's Kaiser window.
_BETA = 2.0
#: The narrowest window is the textbook's; a long run's is as wide as this part of it.
_NARROWEST, _PART = 11, 40


def window_for(iterations: int) -> int:
    """Return the width of the window that a curve of so many losses is smoothed with, odd."""
    return max(_NARROWEST, iterations // _PART // 2 * 2 + 1)


def smoothed(values: Any, window: int = _NARROWEST) -> Array:
    """Return a curve whose every value is a weighted mean of those around it."""
    if window < 1 or window % 2 == 0:
        raise must("window", "odd and positive", window)
    curves = np.atleast_2d(np.array(values, dtype=float))
    for curve in curves.reshape(-1, curves.shape[-1]):
        known = curve[np.isfinite(curve)]
        curve[: len(known)] = _smoothed(known, window // 2)
    return curves.reshape(np.shape(values))


def _smoothed(values: Array, half: int) -> Array:
    half = min(half, (len(values) - 1) // 2)
    if half < 1:
        return values
    smooth = values.copy()
    for reach in range(1, half + 1):
        weights = np.kaiser(2 * reach + 1, _BETA)
        weights /= weights.sum()
        if reach < half:
            smooth[reach] = weights @ values[: 2 * reach + 1]
            smooth[-1 - reach] = weights @ values[-2 * reach - 1 :]
        else:
            smooth[half : len(values) - half] = np.convolve(values, weights, "valid")
    return smooth


def band(rows: Any) -> tuple[Array, Array, Array]:
    """Return the least, the median and the greatest of several curves, place by place."""
    rows = np.asarray(rows, dtype=float)
    there = np.isfinite(rows).any(axis=0)
    found = np.full((3, rows.shape[1]), np.nan)
    if there.any():
        kept = np.where(np.isfinite(rows[:, there]), rows[:, there], np.nan)
        found[:, there] = np.nanmin(kept, 0), np.nanmedian(kept, 0), np.nanmax(kept, 0)
    low, middle, high = found
    return low, middle, high
