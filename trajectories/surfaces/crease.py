"""The gradient where a derivative is 0/0 or infinite and f itself is finite: tips and creases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trajectories.surfaces.compile import Program

__all__ = ["mend_gradient"]

Array = NDArray[np.float64]
#: The slope of the line through opposite points around a broken one: a fraction of few bits, so
#: that they lie exactly symmetrically, and none on which a formula is likely to have a kink.
_SLOPE = 40503 / 65536


def mend_gradient(value: Program, gradient: Program, x: Array, y: Array, found: Array) -> None:
    """Replace gradients that are not finite where f is by the mean of four close by."""
    good = np.isfinite(found)
    if good.all():
        return
    broken = np.flatnonzero(~good.all(axis=0) & np.isfinite(x) & np.isfinite(y))
    if not broken.size:
        return
    x, y = x[broken], y[broken]
    there = np.empty((1, x.size))
    value(x, y, there)
    # A power of two as distance, so that the four points lie exactly symmetrically.
    step = np.exp2(np.ceil(np.log2(np.maximum(1.0, np.maximum(abs(x), abs(y))))) - 24)
    mean = np.zeros((2, x.size))
    around = np.empty_like(mean)
    for right, up in ((1, 1), (-1, -1), (1, -1), (-1, 1)):
        gradient(x + right * step, y + up * _SLOPE * step, around)
        mean += around / 4
    mended = np.isfinite(there[0]) & np.isfinite(mean).all(axis=0)
    found[:, broken[mended]] = mean[:, mended]
