"""Rids what an optimizer remembers of denormals, which processors are slow with."""

from __future__ import annotations

import numpy as np

from trajectories.optimizers import Optimizer

__all__ = ["flush_denormals"]

#: What is smaller counts as 0. The least normal float32 is 1e-38: in 100 steps a mean that keeps
#: 0.9 of itself falls by 3e-5, and so stays above that until it is next looked at.
TINY = 1e-30


def flush_denormals(optimizer: Optimizer) -> None:
    """Set to 0 what an optimizer remembers in float32 and is smaller than 1e-30.

    The mean gradients of pixels that are hardly ever lit shrink for ever. After some 850 steps
    of Adam they reach numbers that processors are slow with, and its update takes twice its
    time from then on.

    Parameters
    ----------
    optimizer : Optimizer
        Its arrays are changed in place.

    Examples
    --------
    >>> from trajectories.optimizers import Momentum
    >>> rule, p = Momentum(1.0), np.zeros(2, np.float32)
    >>> rule.update({"all": p}, {"all": np.array([1, 1e-35], np.float32)})
    >>> flush_denormals(rule)
    >>> rule.state()["all/v"]
    array([-1.,  0.], dtype=float32)
    """
    for array in optimizer.state(copy=False).values():
        if array.dtype == np.float32:
            array[np.abs(array) < TINY] = 0
