"""What a map of basins is: where each start leads, and how soon."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.archive import load_archive, save_archive
from trajectories.arrays import fingerprint, from_plain, to_plain
from trajectories.frozen import Frozen, read_only
from trajectories.maps.arrivals import STATUSES
from trajectories.maps.cell_arrays import cell_array
from trajectories.maps.cells import Starts
from trajectories.maps.places import Limits
from trajectories.maps.settings import Settings
from trajectories.optimizers import Rule
from trajectories.surfaces import Surface
from trajectories.trajectory import Trajectory
from trajectories.validation import POSITIVE, must, rectangle, scalar

__all__ = ["Basins", "middles"]

Array = NDArray[np.float64]

_FORM = "trajectories basins 1"
_ARRAYS = ("minimum", "steps", "status")


@dataclass(frozen=True, eq=False)
class Basins(Frozen):
    """Where each start leads, and how soon.

    Parameters
    ----------
    settings : Settings
        Surface, optimizer, steps, and all else that the cells have in common.
    limits : ((float, float), (float, float))
        The rectangle of the starts.
    minima : numpy.ndarray, shape (k, 2)
        Where paths may end: the surface's own `minima`, then local ones.
    radius : float
        How near to a minimum counts as there.
    minimum : numpy.ndarray of int, shape (rows, columns)
        The index of the minimum at which a path ends, or -1 for none.
    steps : numpy.ndarray of int, shape (rows, columns)
        The step from which on the path stays within the radius of its minimum, or -1.
    status : numpy.ndarray of str, shape (rows, columns)
        "converged" if it ends at a minimum, "diverged" if it stopped being finite, and "stopped"
        if it is elsewhere after the last step.
    label : str
        What legends call it.
    block : int
        Cells that ran together.

    Examples
    --------
    >>> from trajectories.maps import basins
    >>> found = basins("himmelblau", "sgd:0.01", steps=100, resolution=50)
    >>> found.minimum.shape, len(found.minima)
    ((50, 50), 4)
    >>> found.shares.round(2)
    array([0.26, 0.26, 0.24, 0.25])
    """

    settings: Settings
    limits: Limits
    minima: Array
    radius: float
    minimum: NDArray[np.int32]
    steps: NDArray[np.int32]
    status: NDArray[np.str_]
    label: str
    block: int

    def __post_init__(self) -> None:
        """Check the shapes and make the arrays read-only."""
        shape = np.shape(self.minimum)
        if len(shape) != 2:
            raise must("minimum", "of shape (rows, columns)", shape)
        for name, (kind, known) in {
            "minimum": ("i", (-1, len(self.minima) - 1)),
            "steps": ("i", None),
            "status": ("U", STATUSES.tolist()),
        }.items():
            array = cell_array(name, getattr(self, name), shape, kind, known)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "minima", read_only(self.minima))

    @property
    def surface(self) -> Surface:
        """What was descended."""
        return self.settings.surface

    @property
    def optimizer(self) -> Rule:
        """What descended."""
        return self.settings.optimizer

    @property
    def axes(self) -> dict[str, Array]:
        """The starts' x for each column, and their y for each row."""
        rows, columns = self.minimum.shape
        x, y = middles(self.limits, (columns, rows))
        return {"x": x, "y": y}

    @property
    def values(self) -> Array:
        """The value of f at each of the minima, shape (k,)."""
        return np.asarray(self.surface.value(self.minima), dtype=float)

    @property
    def shares(self) -> Array:
        """The part of the starts that lead to each of the minima, shape (k,)."""
        reached = self.minimum[self.minimum >= 0]
        return np.bincount(reached, minlength=len(self.minima)) / self.minimum.size

    def trajectory(self, row: int, column: int) -> Trajectory:
        """Run one cell again with all its steps: bit for bit what it did in the map.

        Parameters
        ----------
        row, column : int
            The cell's place.

        Raises
        ------
        IndexError
            If there is no such cell.
        """
        return self.cells.path((row, column), self.block)

    @property
    def cells(self) -> Starts:
        """The cells, which can run again."""
        return Starts(self.settings, self.minimum.shape, self.axes["x"], self.axes["y"])

    def nearest(self, x: float, y: float) -> tuple[int, int]:
        """Return the row and column of the cell whose start is nearest to a point.

        Parameters
        ----------
        x, y : float
            The point.
        """
        axes = self.axes
        return int(np.argmin(abs(axes["y"] - y))), int(np.argmin(abs(axes["x"] - x)))

    def to_dict(self) -> dict[str, Any]:
        """Return all that the map was made of as plain data, such as JSON can hold."""
        return {
            "settings": self.settings.to_dict(),
            "limits": self.limits,
            "minima": to_plain(self.minima),
            "radius": self.radius,
            "resolution": [*self.minimum.shape[::-1]],
            "label": self.label,
            "block": self.block,
        }

    def digest(self) -> str:
        """Return a fingerprint of where all starts have led, bit for bit."""
        codes = [np.flatnonzero(self.status == name) for name in STATUSES]
        return fingerprint(self.minimum, self.steps, *codes)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the map to a NumPy archive, which `load` reads back bit for bit.

        Parameters
        ----------
        path : str or os.PathLike
            Ends in ``.npz``.

        Raises
        ------
        ValueError
            If the suffix is another one, or if the learning rate is a Python function.
        OSError
            If the file cannot be written; an old one is then left as it was.
        """
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        save_archive(path, _FORM, self.to_dict(), arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Basins:
        """Read what `save` wrote. The file is data: reading one runs no code.

        Raises
        ------
        OSError
            If it cannot be read.
        ValueError
            If it is no such map.
        """

        def make(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Basins:
            return cls(
                settings=Settings.from_dict(about["settings"]),
                limits=rectangle("limits", about["limits"]),
                minima=from_plain("minima", about["minima"]).reshape(-1, 2),
                radius=scalar("radius", about["radius"], POSITIVE),
                label=str(about["label"]),
                block=int(about["block"]),
                **arrays,
            )

        return load_archive(path, "basins map", make, form=_FORM)

    def __repr__(self) -> str:
        """Show where starts lead, without the arrays."""
        rows, columns = self.minimum.shape
        reached = f"{self.shares.sum():.0%} reach one of {len(self.minima)} minima"
        return f"Basins({self.label!r} on {self.surface.name!r}: {columns} x {rows}; {reached})"


def middles(limits: Limits, cells: tuple[int, int]) -> tuple[Array, Array]:
    """Return where the middles of cells are, along x and along y."""
    x, y = (
        low + (high - low) * (np.arange(count) + 0.5) / count
        for (low, high), count in zip(limits, cells, strict=True)
    )
    return x, y
