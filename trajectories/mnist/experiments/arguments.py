"""Arguments that experiments share: how many runs, with which seeds, and how long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trajectories.mnist.draws import as_rng
from trajectories.validation import integer, must

__all__ = ["length", "seeds_of"]


def seeds_of(rng: Any, count: Any) -> tuple[int, ...]:
    """Return so many seeds."""
    if isinstance(count, Sequence) and not isinstance(count, str):
        given = tuple(integer("seeds", seed, 0) for seed in count)
        if not given or len(set(given)) < len(given):
            raise must("seeds", "at least one, and no two alike", count)
        return given
    count = integer("seeds", count, 1)
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool):
        first = integer("rng", rng, 0)
        return tuple(range(first, first + count))
    drawn = np.asarray(as_rng(rng).permutation(2**20)[:count])
    return tuple(int(seed) for seed in drawn)


def length(name: str, given: Any, usual: int) -> int:
    """Return how long or how often something is done: as it was given, or as usual."""
    return usual if given is None else integer(name, given, 1)
