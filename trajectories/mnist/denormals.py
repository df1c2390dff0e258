"""Rids what an optimizer remembers of denormals, which processors are slow with."""

from __future__ import annotations

import numpy as np

from trajectories.optimizers import Optimizer

__all__ = ["flush_denormals"]

#: What is smaller counts as 0. The least normal float32 is 1e-38: in 100 steps a mean that keeps
#: 0.9 of itself falls by 3e-5, and so stays above that until it is next looked at.
TINY = 1e-30


def flush_denormals(optimizer: Optimizer) -> None:
    """Set to 0 what an optimizer remembers in float32 and is smaller than 1e-30."""
    for array in optimizer.state(copy=False).values():
        if array.dtype == np.float32:
            array[np.abs(array) < TINY] = 0
