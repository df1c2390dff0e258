"""The cells of a map: one descent each, run many at a time, and one again if it is asked for."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajectories.maps.settings import Settings
from trajectories.optimizers import Rule
from trajectories.trajectory import Trajectory
from trajectories.validation import integer

__all__ = ["BLOCK", "Cells", "Starts", "block_of"]

Array = NDArray[np.float64]

#: Cells that run together, where no steps are kept.
BLOCK = 16_384
#: Where all steps are kept, at most so many numbers are, and at most so many cells run together.
_KEPT, _TOGETHER, _FEWEST = 12_000_000, 8_192, 16
#: Numbers that a descent keeps of a step: position, gradient and f.
_NUMBERS = 5


@dataclass(frozen=True, eq=False)
class Cells(ABC):
    """A map's cells, numbered row by row."""

    settings: Settings
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return math.prod(self.shape)

    @abstractmethod
    def batch(self, numbers: NDArray[np.int64]) -> tuple[Rule, Array]:
        """Return the optimizer and the starts of some cells."""

    def run(self, begin: int, end: int, *, record: int | str = "last") -> Trajectory:
        """Run the cells from `begin` to `end` as one batch."""
        optimizer, starts = self.batch(np.arange(begin, end))
        starts = np.broadcast_to(starts, (end - begin, 2))
        seed = [self.settings.seed, begin]
        return self.settings.descend(optimizer, starts, rng=seed, record=record)

    def path(self, index: tuple[int, ...], block: int) -> Trajectory:
        """Run one cell again, and keep all steps: bit for bit the path that it had in the map."""
        if len(index) != len(self.shape):
            raise IndexError(f"A cell of this map has {len(self.shape)} indices. Got {index}.")
        for i, size in zip(index, self.shape, strict=True):
            if not -size <= i < size:
                raise IndexError(f"There is no cell {index} in a map of {self.shape} cells.")
        wrapped = tuple(i % size for i, size in zip(index, self.shape, strict=True))
        number = int(np.ravel_multi_index(wrapped, self.shape))
        if self.settings.is_random:
            begin = number // block * block
            end = min(begin + block, self.count)
            return self.run(begin, end, record="all")[number - begin]
        optimizer, starts = self.batch(np.array([number]))
        single = {k: float(h[0]) for k, h in optimizer.hyperparameters.items() if np.ndim(h)}
        return self.settings.descend(optimizer.fresh(**single), starts.reshape(2))

    def positions(self, numbers: Sequence[int], block: int, *, record: int | str = "all") -> Array:
        """Run several cells again, and return where they went: bit for bit as in the map."""
        wanted = np.asarray(numbers)
        if not self.settings.is_random:
            optimizer, starts = self.batch(wanted)
            starts = np.broadcast_to(starts, (len(wanted), 2))
            return self.settings.descend(optimizer, starts, record=record).positions
        parts = []
        for begin in (np.unique(wanted // block) * block).tolist():
            end = min(begin + block, self.count)
            inside = wanted[(wanted >= begin) & (wanted < end)]
            parts.append(self.run(begin, end, record=record).positions[:, inside - begin])
        return np.concatenate(parts, axis=1)

    def block(self, given: int | None, *, kept: int = 0) -> int:
        """Return how many cells run together."""
        if given is not None:
            return integer("block", given, 1)
        rows = self.settings.steps + 1 if self.settings.is_random else kept
        return rows and block_of(rows) or BLOCK


def block_of(rows: int) -> int:
    """Return how many cells may run together if so many rows are kept of each."""
    return min(max(_KEPT // (_NUMBERS * rows), _FEWEST), _TOGETHER)


@dataclass(frozen=True, eq=False)
class Starts(Cells):
    """Cells that differ in where they start: the middles of a rectangle's cells."""

    x: Array
    y: Array

    def batch(self, numbers: NDArray[np.int64]) -> tuple[Rule, Array]:
        """Return the optimizer and the starts of some cells."""
        rows, columns = np.divmod(numbers, self.shape[1])
        return self.settings.optimizer, np.stack([self.x[columns], self.y[rows]], axis=-1)
