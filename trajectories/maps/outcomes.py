"""How descents ended over one hyperparameter or two: the result of a sensitivity map."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.archive import load_archive, save_archive
from trajectories.arrays import fingerprint, from_plain, to_plain
from trajectories.frozen import Frozen, read_only
from trajectories.maps.blocks import Columns
from trajectories.maps.cell_arrays import cell_array
from trajectories.maps.cells import Cells
from trajectories.maps.settings import Settings
from trajectories.maps.stability import frontier
from trajectories.names import resolve
from trajectories.optimizers import Rule
from trajectories.surfaces import Surface
from trajectories.trajectory import Trajectory
from trajectories.validation import must

__all__ = ["MEASURES", "STATUSES", "Choices", "Sensitivity", "is_geometric", "status_of"]

Array = NDArray[np.float64]
#: What a map can tell of its cells.
_FORM = "trajectories sensitivity 1"
MEASURES = ("loss", "steps")
#: What can have become of a cell.
STATUSES = np.array(["stopped", "converged", "climbed", "diverged"])


@dataclass(frozen=True, eq=False)
class Choices(Cells):
    """Cells that differ in their hyperparameters."""

    axes: dict[str, Array]
    measure: str

    def batch(self, numbers: NDArray[np.int64]) -> tuple[Rule, Array]:
        """Return the optimizer and the starts of some cells."""
        places = np.unravel_index(numbers, self.shape)
        pairs = zip(self.axes.items(), places, strict=True)
        chosen = {name: values[place] for (name, values), place in pairs}
        return self.settings.optimizer.fresh(**chosen), self.settings.start

    def __call__(self, begin: int, end: int) -> Columns:
        """Return the columns of the cells from `begin` to `end`."""
        path = self.run(begin, end)
        steps = np.where(path.converged_at < 0, np.nan, path.converged_at)
        values = path.values[-1] if self.measure == "loss" else steps
        return {"values": np.array(values), "codes": status_of(path)}


def status_of(path: Trajectory) -> NDArray[np.int8]:
    """Return what became of the paths of a batch, as indices into `STATUSES`."""
    climbed = ~(path.values[-1] <= path.values[0])
    codes = np.where(climbed, 2, 0)
    codes[path.status == "converged"] = 1
    codes[path.status == "diverged"] = 3
    return codes.astype(np.int8)


@dataclass(frozen=True, eq=False)
class Sensitivity(Frozen):
    """How a descent ended for each value of one hyperparameter, or each pair of values of two.

    Parameters
    ----------
    settings : Settings
        Surface, optimizer, start, steps, and all else that the cells have in common.
    axes : dict of str to numpy.ndarray
        The values of each hyperparameter, in the order of the axes of `values`.
    measure : {"loss", "steps"}
        What the values are.
    values : numpy.ndarray, shape (n,) or (n, m)
        f after the last step, or the step at which the descent converged. NaN where there is none.
    status : numpy.ndarray of str, shape (n,) or (n, m)
        "converged" if the gradient's norm came down to the tolerance, "diverged" if something
        stopped being finite, "climbed" if f was higher after the last step than at the start, as
        it is for a path that is about to diverge, and "stopped" if the steps just ran out.
    label : str
        What legends call it.
    block : int
        Cells that ran together.

    Examples
    --------
    >>> from trajectories.maps.sensitivity import sensitivity
    >>> from trajectories.optimizers import Momentum
    >>> found = sensitivity(
    ...     "x**2/20 + y**2", Momentum, lr=np.array([0.1, 1.0, 4.0]), momentum=[0.0, 0.9], steps=60
    ... )
    >>> found.status.tolist()
    [['stopped', 'stopped'], ['stopped', 'stopped'], ['climbed', 'climbed']]
    >>> found.best
    {'lr': 0.1, 'momentum': 0.9}
    """

    settings: Settings
    axes: dict[str, Array]
    measure: str
    values: Array
    status: NDArray[np.str_]
    label: str
    block: int

    def __post_init__(self) -> None:
        """Check the shapes and make the arrays read-only."""
        object.__setattr__(self, "axes", {k: read_only(ticks) for k, ticks in self.axes.items()})
        for name, ticks in self.axes.items():
            if ticks.ndim != 1:
                raise must(f"axes[{name!r}]", "of one dimension", ticks.shape)
        shape = tuple(len(ticks) for ticks in self.axes.values())
        for name, kind, known in (("values", "f", None), ("status", "U", STATUSES.tolist())):
            array = cell_array(name, getattr(self, name), shape, kind, known)
            object.__setattr__(self, name, array)

    @property
    def surface(self) -> Surface:
        """What was descended."""
        return self.settings.surface

    @property
    def optimizer(self) -> Rule:
        """What descended, with the hyperparameters that are not on an axis."""
        return self.settings.optimizer

    @property
    def start(self) -> Array:
        """Where from, shape (2,)."""
        return self.settings.start

    @property
    def steps(self) -> int:
        """How many updates."""
        return self.settings.steps

    @cached_property
    def lost(self) -> NDArray[np.bool_]:
        """Where the descent diverged, or ended higher than it began."""
        return np.isin(self.status, STATUSES[2:])

    @cached_property
    def best_index(self) -> tuple[int, ...] | None:
        """The place of the lowest value; the first if several are alike, None if all are lost."""
        good = np.where(self.lost, np.nan, self.values)
        if np.isnan(good).all():
            return None
        place = np.unravel_index(int(np.nanargmin(good)), good.shape)
        return tuple(int(i) for i in place)

    @property
    def best(self) -> dict[str, float] | None:
        """The hyperparameters of the lowest value."""
        return None if self.best_index is None else self.at(self.best_index)

    def at(self, index: tuple[int, ...]) -> dict[str, float]:
        """Return the hyperparameters of a cell."""
        pairs = zip(self.axes.items(), index, strict=True)
        return {name: float(values[i]) for (name, values), i in pairs}

    def nearest(self, **values: float) -> tuple[int, ...]:
        """Return the cell nearest to some hyperparameters, on the scale of each axis.

        Parameters
        ----------
        **values : float
            A value for each hyperparameter of the axes.
        """
        if set(values) != set(self.axes):
            raise must("values", f"one of each of {', '.join(self.axes)}", values)
        place = []
        for name, ticks in self.axes.items():
            wanted = float(values[name])
            if is_geometric(ticks) and wanted > 0:
                place.append(int(np.argmin(abs(np.log(ticks) - np.log(wanted)))))
            else:
                place.append(int(np.argmin(abs(ticks - wanted))))
        return tuple(place)

    def trajectory(self, *index: int) -> Trajectory:
        """Run one cell again with all its steps: bit for bit what it did in the map.

        Parameters
        ----------
        *index : int
            The cell's place, an integer for each axis.

        Raises
        ------
        IndexError
            If there is no such cell.
        """
        return self.cells.path(index, self.block)

    @cached_property
    def baseline(self) -> Trajectory:
        """The path of the optimizer as it was given: by default that of its defaults."""
        return self.settings.descend()

    @cached_property
    def frontier(self) -> Any:
        """The learning rate below which theory says that the rule is stable, or None.

        A number, or one for each momentum if that is the other axis. Only for a quadratic surface
        and `SGD`, `Momentum` or `Nesterov`, and only if the learning rate is on an axis.
        """
        other = [name for name in self.axes if name != "lr"]
        if "lr" not in self.axes or other not in ([], ["momentum"]):
            return None
        momenta = self.axes["momentum"] if other == ["momentum"] else None
        return frontier(self.surface, self.optimizer, momenta)

    @property
    def cells(self) -> Choices:
        """The cells, which can run again."""
        return Choices(self.settings, self.values.shape, self.axes, self.measure)

    def to_dict(self) -> dict[str, Any]:
        """Return all that the map was made of as plain data, such as JSON can hold."""
        return {
            "settings": self.settings.to_dict(),
            "axes": {name: to_plain(values) for name, values in self.axes.items()},
            "measure": self.measure,
            "label": self.label,
            "block": self.block,
        }

    def digest(self) -> str:
        """Return a fingerprint of what was found in all cells, bit for bit."""
        codes = [np.flatnonzero(self.status == name) for name in STATUSES]
        return fingerprint(self.values, *codes)

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
        arrays = {"values": self.values, "status": self.status}
        save_archive(path, _FORM, self.to_dict(), arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Sensitivity:
        """Read what `save` wrote. The file is data: reading one runs no code.

        Raises
        ------
        OSError
            If it cannot be read.
        ValueError
            If it is no such map.
        """

        def make(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Sensitivity:
            return cls(
                settings=Settings.from_dict(about["settings"]),
                axes={name: from_plain(name, data) for name, data in about["axes"].items()},
                measure=resolve("measure", about["measure"], MEASURES),
                label=str(about["label"]),
                block=int(about["block"]),
                **arrays,
            )

        return load_archive(path, "sensitivity map", make, form=_FORM)

    def __repr__(self) -> str:
        """Show what was varied, without the arrays."""
        axes = " x ".join(f"{len(values)} {name}" for name, values in self.axes.items())
        best = "all lost" if self.best is None else f"best {self.best}"
        return f"Sensitivity({self.label!r} on {self.surface.name!r}: {axes}; {best})"


def is_geometric(values: Array) -> bool:
    """Tell whether values are nearer to a geometric row than to an arithmetic one."""
    if len(values) < 3 or not (values > 0).all():
        return False
    return bool(np.ptp(np.diff(np.log(values))) < np.ptp(np.diff(values)) / np.ptp(values))
