"""What an optimizer remembers between steps: to be kept, put back, and rid of denormals."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from trajectories.mnist.layers import Array
from trajectories.optimizers import Optimizer

__all__ = ["flush_denormals", "load_optimizer_state", "optimizer_state"]

#: What is smaller counts as 0. The least normal float32 is 1e-38: in 100 steps a mean that keeps
#: 0.9 of itself falls by 3e-5, and so stays above that until it is next looked at.
TINY = 1e-30


def optimizer_state(optimizer: Optimizer) -> dict[str, Array]:
    """Return copies of all that an optimizer remembers.

    Parameters
    ----------
    optimizer : Optimizer
        One with text as keys of its parameters.

    Returns
    -------
    dict of numpy.ndarray
        By "key/name", such as "all/m"; and the number of steps.

    Examples
    --------
    >>> from trajectories.optimizers import Momentum
    >>> rule = Momentum(0.1)
    >>> rule.update({"all": np.zeros(2)}, {"all": np.ones(2)})
    >>> optimizer_state(rule)
    {'steps_taken': array(1), 'all/v': array([-0.1, -0.1])}
    """
    state: dict[str, Array] = {"steps_taken": np.array(optimizer.steps_taken)}
    for key, kept in optimizer._state.items():
        for name, value in vars(kept).items():
            if _remembered(optimizer, name, value):
                state[f"{key}/{name}"] = np.array(value)
    return state


def load_optimizer_state(optimizer: Optimizer, state: Mapping[str, Array]) -> None:
    """Put an optimizer into a state that `optimizer_state` told of.

    Parameters
    ----------
    optimizer : Optimizer
        One with the same hyperparameters. What `bind` has returned before goes on with the old
        state: bind it again.
    state : mapping of numpy.ndarray
        What was returned.
    """
    kept: dict[str, SimpleNamespace] = {}
    for path, value in state.items():
        key, _, name = path.rpartition("/")
        if key:
            # Numbers are kept as numbers; all arrays have the shape of their parameter.
            space = kept.setdefault(key, SimpleNamespace(shape=()))
            setattr(space, name, value.item() if value.ndim == 0 else np.array(value))
            space.shape = value.shape or space.shape
    optimizer._state = dict(kept)
    optimizer._changed("lr")  # What is derived from hyperparameters is not part of the state.
    optimizer.steps_taken = int(state["steps_taken"])


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
    >>> optimizer_state(rule)["all/v"]
    array([-1.,  0.], dtype=float32)
    """
    for kept in optimizer._state.values():
        for name in optimizer._state_names:
            value = getattr(kept, name)
            if value.dtype == np.float32:
                value[np.abs(value) < TINY] = 0


def _remembered(optimizer: Optimizer, name: str, value: Any) -> bool:
    """Tell whether it changes with the steps, and is not derived from hyperparameters."""
    return name in optimizer._state_names or isinstance(value, float)
