"""At which minimum a path ends, and from which step on it stays there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajectories.maps.blocks import Columns
from trajectories.maps.cells import Starts

__all__ = ["STATUSES", "Arrivals", "arrivals"]

Array = NDArray[np.float64]
#: What can have become of a path.
STATUSES = np.array(["stopped", "converged", "diverged"])


@dataclass(frozen=True, eq=False)
class Arrivals(Starts):
    """Cells that differ in their start, and what they arrive at."""

    minima: Array
    radius: float
    every: int

    def __call__(self, begin: int, end: int) -> Columns:
        """Return the columns of the cells from `begin` to `end`."""
        path = self.run(begin, end, record=self.every)
        minimum, rows = arrivals(path.positions, self.minima, self.radius)
        steps = np.where(rows < 0, -1, path.recorded[rows])
        lost = path.status == "diverged"
        return {
            "minimum": minimum.astype(np.int32),
            "steps": steps.astype(np.int32),
            "codes": np.where(lost, 2, np.where(minimum >= 0, 1, 0)).astype(np.int8),
        }


def arrivals(
    positions: Array, minima: Array, radius: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tell at which minimum paths end, and from which row on they stay there."""
    count = positions.shape[1]
    minimum = np.full(count, -1)
    nearest = np.full(count, np.inf)
    x, y = positions[-1, :, 0], positions[-1, :, 1]
    for i, (a, b) in enumerate(minima):
        distance = np.hypot(x - a, y - b)
        closer = distance < np.minimum(nearest, np.nextafter(radius, np.inf))
        minimum[closer] = i
        nearest[closer] = distance[closer]
    row = np.full(count, -1)
    home = minimum >= 0
    if home.any():
        goal = minima[minimum]
        with np.errstate(invalid="ignore"):
            away = np.hypot(positions[..., 0] - goal[:, 0], positions[..., 1] - goal[:, 1])
            outside = ~(away <= radius)
        # The row after the last one outside.
        after = len(positions) - np.argmax(outside[::-1], axis=0)
        row[home] = np.where(outside.any(axis=0), after, 0)[home]
    return minimum, row
