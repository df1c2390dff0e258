"""What a player shows so far, and the rectangle in which the next frame differs from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from trajectories.plotting.writers.palette import TRANSPARENT, Palette
from trajectories.plotting.writers.stream import Pixels

__all__ = ["Changes", "Screen", "boxed", "samples"]

_SAMPLES = 5

Values = TypeVar("Values", np.uint8, np.uint32)


def samples(steps: Sequence[int]) -> list[int]:
    """Return a few of the steps, the first and the last among them, to choose a palette by."""
    return sorted({steps[round(i)] for i in np.linspace(0, len(steps) - 1, _SAMPLES)})


class Changes:
    """Tell what changed from one frame to the next."""

    def __init__(self, height: int, width: int) -> None:
        self._pixels = np.zeros(height * width, np.uint32)
        self._differs = np.empty(height * width, bool)

    def update(self, frame: Pixels) -> tuple[NDArray[np.intp], NDArray[np.uint32]]:
        """Take the next frame, and return where it is new and what is there."""
        pixels = frame.view("<u4").ravel()
        places = np.flatnonzero(np.not_equal(pixels, self._pixels, out=self._differs))
        now = pixels[places]
        self._pixels[places] = now
        return places, now


class Screen:
    """Turn each frame into the rectangle of palette indices that must change."""

    def __init__(self, palette: Palette, height: int, width: int) -> None:
        self._palette = palette
        self._width = width
        self._changes = Changes(height, width)
        self._shown = np.zeros(height * width, np.uint8)

    def update(self, frame: Pixels) -> tuple[Pixels, tuple[int, int]]:
        """Return the indices of a rectangle, transparent where nothing changes, and its corner."""
        places, now = self._changes.update(frame)
        index = self._palette.index(now)
        changed = index != self._shown[places]
        places, index = places[changed], index[changed]
        self._shown[places] = index
        return boxed(places, index, self._width, empty=TRANSPARENT)


def boxed(
    places: NDArray[np.intp], values: NDArray[Values], width: int, *, empty: int, grid: int = 1
) -> tuple[NDArray[Values], tuple[int, int]]:
    """Return the smallest rectangle that holds all places, and its corner."""
    if not len(places):
        return np.full((1, 1), empty, values.dtype), (0, 0)
    rows, columns = np.divmod(places, width)
    top, left = int(rows[0]) // grid * grid, int(columns.min()) // grid * grid
    shape = (int(rows[-1]) + 1 - top, int(columns.max()) + 1 - left)
    rectangle = np.full(shape, empty, values.dtype)
    rectangle[rows - top, columns - left] = values
    return rectangle, (left, top)
