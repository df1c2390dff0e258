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
    """Tell what changed from one frame to the next.

    Parameters
    ----------
    height, width : int
        The frames' size in pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        self._pixels = np.zeros(height * width, np.uint32)
        self._differs = np.empty(height * width, bool)

    def update(self, frame: Pixels) -> tuple[NDArray[np.intp], NDArray[np.uint32]]:
        """Take the next frame, and return where it is new and what is there.

        Parameters
        ----------
        frame : numpy.ndarray of uint8, shape (height, width, 4)
            Its alpha is 255; all of the first frame is new.

        Returns
        -------
        places : numpy.ndarray of int
            In ascending order, counted row by row.
        pixels : numpy.ndarray of uint32
            Red in the lowest byte, alpha in the highest.
        """
        pixels = frame.view("<u4").ravel()
        places = np.flatnonzero(np.not_equal(pixels, self._pixels, out=self._differs))
        now = pixels[places]
        self._pixels[places] = now
        return places, now


class Screen:
    """Turn each frame into the rectangle of palette indices that must change.

    Parameters
    ----------
    palette : Palette
        Gives the indices.
    height, width : int
        The frames' size in pixels.
    """

    def __init__(self, palette: Palette, height: int, width: int) -> None:
        self._palette = palette
        self._width = width
        self._changes = Changes(height, width)
        self._shown = np.zeros(height * width, np.uint8)

    def update(self, frame: Pixels) -> tuple[Pixels, tuple[int, int]]:
        """Return the indices of a rectangle, transparent where nothing changes, and its corner.

        Parameters
        ----------
        frame : numpy.ndarray of uint8, shape (height, width, 4)
            The frame that is to be seen next.

        Returns
        -------
        index : numpy.ndarray of uint8, shape (rows, columns)
            A single transparent pixel if nothing changes.
        corner : (int, int)
            The column and row of its first pixel.
        """
        places, now = self._changes.update(frame)
        index = self._palette.index(now)
        changed = index != self._shown[places]
        places, index = places[changed], index[changed]
        self._shown[places] = index
        return boxed(places, index, self._width, empty=TRANSPARENT)


def boxed(
    places: NDArray[np.intp], values: NDArray[Values], width: int, *, empty: int, grid: int = 1
) -> tuple[NDArray[Values], tuple[int, int]]:
    """Return the smallest rectangle that holds all places, and its corner.

    Parameters
    ----------
    places : numpy.ndarray of int
        In ascending order, counted row by row.
    values : numpy.ndarray
        What is there.
    width : int
        The width of all, in pixels.
    empty : int
        What stands in the rectangle where there is no place.
    grid : int, default 1
        Of what the corner must be a multiple.

    Returns
    -------
    rectangle : numpy.ndarray, shape (rows, columns)
        One empty pixel if there are no places.
    corner : (int, int)
        The column and row of its first pixel.
    """
    if not len(places):
        return np.full((1, 1), empty, values.dtype), (0, 0)
    rows, columns = np.divmod(places, width)
    top, left = int(rows[0]) // grid * grid, int(columns.min()) // grid * grid
    shape = (int(rows[-1]) + 1 - top, int(columns.max()) + 1 - left)
    rectangle = np.full(shape, empty, values.dtype)
    rectangle[rows - top, columns - left] = values
    return rectangle, (left, top)
