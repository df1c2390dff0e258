"""What a map knows of its cells: arrays of one element each, checked, as files may hold any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.frozen import read_only
from trajectories.validation import must

__all__ = ["cell_array"]

_WORDS = {"f": "floats", "i": "integers", "U": "text"}


def cell_array(
    name: str, value: Any, shape: tuple[int, ...], kind: str, known: Sequence[Any] | None = None
) -> NDArray[Any]:
    """Return a read-only view of an array of one element per cell, if it is one."""
    array = read_only(value)
    if array.shape != shape or not array.size:
        raise must(name, f"of the shape of the cells, {shape}, and not empty", array.shape)
    if array.dtype.kind != kind:
        raise must(name, f"an array of {_WORDS[kind]}", array.dtype, kind=TypeError)
    if known is not None:
        good = np.isin(array, known)
        if kind == "i":
            good = (array >= known[0]) & (array <= known[-1])
        if not good.all():
            told = " to ".join(map(str, known)) if kind == "i" else f"one of {', '.join(known)}"
            raise must(name, told, array[~good][0])
    return array
