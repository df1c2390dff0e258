"""Arrays that begin where a line of the processor's cache does."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

__all__ = ["aligned", "aligned_like"]

_LINE = 64
#: Shorter arrays gain nothing: what a call costs by itself is all that counts.
_SHORT = 1024


def aligned(shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> np.ndarray[Any, Any]:
    """Return an array of zeros for a loop of ufuncs to work in."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < _SHORT:
        return np.zeros(shape, dtype)
    raw = np.zeros(size + _LINE, np.uint8)
    begin = -raw.ctypes.data % _LINE
    return raw[begin : begin + size].view(dtype).reshape(shape)


def aligned_like(array: np.ndarray[Any, Any], dtype: DTypeLike) -> np.ndarray[Any, Any]:
    """Return an array of zeros that lies in memory as another one does."""
    if array.flags.c_contiguous:
        return aligned(array.shape, dtype)
    return np.zeros_like(array, dtype)
