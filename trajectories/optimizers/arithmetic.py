"""What several rules compute alike: numbers that stay numbers, running means, weight decay."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy import add, multiply, subtract  # To find them in NumPy takes a fifth of their time.

from trajectories.optimizers.rule import Array, Hyperparameter

__all__ = ["average", "average_square", "choose", "decay", "power", "root"]


def root(value: Any) -> Any:
    """Return the square root of a float as a float, and of an array as an array."""
    return math.sqrt(value) if isinstance(value, float) else np.sqrt(value)


def power(base: Any, exponent: Any) -> Any:
    """Raise to a power, arrays element by element in Python's arithmetic."""
    if not (isinstance(base, np.ndarray) or isinstance(exponent, np.ndarray)):
        return base**exponent
    bases, exponents = np.broadcast_arrays(base, exponent)
    pairs = zip(bases.ravel().tolist(), exponents.ravel().tolist(), strict=True)
    return np.array([b**e for b, e in pairs]).reshape(bases.shape)


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """Return one of two values, for arrays element by element."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, yes, no)
    return yes if condition else no


def decay(p: Array, lr: Hyperparameter, weight_decay: Hyperparameter) -> None:
    """Shrink parameters by their weight decay, apart from the gradient: p times 1 - lr wd."""
    kept = 1 - lr * weight_decay
    if isinstance(kept, np.ndarray) or kept != 1:
        p *= kept


def average(mean: Array, value: Array, pull: Any, scratch: Array) -> None:
    """Move a running mean towards a value: mean + pull (value - mean)."""
    subtract(value, mean, scratch)
    multiply(scratch, pull, scratch)
    add(mean, scratch, mean)


def average_square(mean: Array, value: Array, pull: Any, scratch: Array) -> None:
    """Move a running mean towards the square of a value."""
    if value.dtype is scratch.dtype:
        multiply(value, value, scratch)
    else:  # Half precision would overflow.
        multiply(value, value, scratch, dtype=scratch.dtype)
    subtract(scratch, mean, scratch)
    multiply(scratch, pull, scratch)
    add(mean, scratch, mean)
