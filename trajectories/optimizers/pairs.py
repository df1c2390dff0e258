"""A parameter and its gradient, checked before an optimizer changes the one by the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trajectories.optimizers.rule import Array
from trajectories.validation import must

__all__ = ["check_fit", "pair"]


def pair(key: Any, p: Any, grads: Mapping[Any, Any]) -> tuple[Array, Array]:
    """Return a parameter and its gradient as arrays."""
    if key not in grads:
        raise ValueError(f"`grads` must have the keys of `params`. It has no {key!r}.")
    if isinstance(p, (float, np.floating)):
        p = np.array(p)  # Of its own type: a float32 stays one.
    if isinstance(p, np.ndarray) and not p.flags.writeable:
        raise must(f"params[{key!r}]", "writeable, as it is changed in place", "a read-only array")
    if not isinstance(p, np.ndarray) or p.dtype.kind != "f":
        kind = p.dtype if isinstance(p, np.ndarray) else type(p).__name__
        raise TypeError(
            f"`params[{key!r}]` must be a float or an array of floats, as steps are no whole "
            f"numbers. Got {kind} instead."
        )
    if p.dtype.itemsize < 4:
        raise must(
            f"params[{key!r}]",
            "float32 or longer, as an optimizer's small numbers are 0 in half precision",
            p.dtype.name,
            kind=TypeError,
        )
    g = np.asarray(grads[key])
    if g.shape != p.shape:
        raise must(f"grads[{key!r}]", f"of its parameter's shape {p.shape}", g.shape)
    if g.dtype.kind not in "fiu":
        raise must(f"grads[{key!r}]", "numbers", g.dtype, kind=TypeError)
    if g.dtype.kind != "f":
        g = g.astype(p.dtype)
    elif np.may_share_memory(p, g) and np.shares_memory(p, g):
        g = g.copy()
    return p, g


def check_fit(pairs: Mapping[Any, tuple[Array, Array]], shape: tuple[int, ...]) -> None:
    """Raise unless hyperparameters of a shape broadcast to every parameter, and not beyond it."""
    for key, (p, _) in pairs.items():
        if shape and not _broadcasts(shape, p.shape):
            raise must(f"params[{key!r}]", f"of a shape that {shape} broadcasts to", p.shape)


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Tell whether an array of one shape broadcasts to another without changing that."""
    pairs = zip(reversed(shape), reversed(target), strict=False)
    return len(shape) <= len(target) and all(mine in (1, theirs) for mine, theirs in pairs)
