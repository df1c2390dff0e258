"""Trajectories: the recorded path of a descent, and the parts of its steps."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.checks import must
from trajectories.optimizers import from_record, to_record
from trajectories.optimizers.base import Optimizer, Rule
from trajectories.records import Frozen, load_archive, read_only, save_archive, to_plain
from trajectories.surfaces.surface import Surface

Array = NDArray[np.float64]
_PATH_ARRAYS = ("status", "diverged_at", "converged_at")
_ARRAYS = ("positions", "values", "gradients", *_PATH_ARRAYS, "recorded")
_TYPE_CODES = dict(zip(_ARRAYS, "fffUiii", strict=True))
_FORMAT = "trajectories 2"
_STATUS = ("converged", "diverged", "finished")


@dataclass(frozen=True, eq=False)
class Descent:
    """The settings of a descent, besides its surface and its optimizer."""

    start: Array
    steps: int
    noise: float = 0.0
    seed: int = 0
    tolerance: float | None = None
    record: int | str = "all"
    picked: NDArray[np.int64] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain data for JSON."""
        picked = None if self.picked is None else np.asarray(self.picked).tolist()
        settings = {item.name: getattr(self, item.name) for item in fields(self)}
        return {**settings, "start": to_plain(self.start), "picked": picked}


@dataclass(frozen=True, eq=False, repr=False)
class Trajectory(Frozen):
    """The path of an optimizer, or a batch of paths: the result of `descend`.

    A batch has one path for every start and every element of an array of hyperparameters; its shape
    is written ``...`` below, and is ``()`` for one path. Time is the first axis; row 0 is the
    start. There is a row for every step that `descend` recorded. The arrays are read-only.

    Parameters
    ----------
    surface : Surface
        The surface.
    optimizer : Optimizer or SurfaceOptimizer
        An unused copy of the optimizer.
    label : str
        Name in legends.
    positions : numpy.ndarray, shape (rows, ..., 2)
        The position after each step.
    values : numpy.ndarray, shape (rows, ...)
        f there.
    gradients : numpy.ndarray, shape (rows, ..., 2)
        The gradient there as the optimizer received it, with any noise.
    status : numpy.ndarray of str, shape (...)
        "converged" if the gradient's norm came down to the tolerance, "diverged" if the position,
        f or the gradient stopped being finite, and "finished" if the steps ran out.
    diverged_at : numpy.ndarray of int, shape (...)
        The first step whose row is not finite, or -1. From it on all rows are NaN.
    converged_at : numpy.ndarray of int, shape (...)
        The step at which it converged, or -1. From it on all rows are equal.
    recorded : numpy.ndarray of int, shape (rows,)
        The step of each row; by default 0, 1, 2, ...
    made : Descent or None
        The settings of the descent, if known.

    Examples
    --------
    >>> import trajectories as tj
    >>> path = tj.descend("x**2/20 + y**2", tj.SGD(0.95), start=(-7, 2), steps=30)
    >>> path.steps, path.positions[-1].round(5), str(path.status)
    (30, array([-0.35039,  0.08478]), 'finished')
    """

    surface: Surface
    optimizer: Rule
    label: str
    positions: Array
    values: Array
    gradients: Array
    status: NDArray[np.str_]
    diverged_at: NDArray[np.int64]
    converged_at: NDArray[np.int64] = field(default_factory=lambda: np.array(-1))
    recorded: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    made: Descent | None = None

    def __post_init__(self) -> None:
        """Check the shapes and make the arrays read-only."""
        if not len(self.recorded):
            object.__setattr__(self, "recorded", np.arange(len(self.positions)))
        for name in _ARRAYS:
            object.__setattr__(self, name, read_only(getattr(self, name)))
        for name, kind in _TYPE_CODES.items():
            if getattr(self, name).dtype.kind != kind:
                words = {"f": "floats", "i": "integers", "U": "text"}[kind]
                raise must(name, f"an array of {words}", getattr(self, name).dtype, kind=TypeError)
        if self.positions.ndim < 2 or self.positions.shape[-1] != 2:
            raise must("positions", "of shape (rows, ..., 2)", self.positions.shape)
        time = self.positions.shape[:-1]
        shapes = [time, self.positions.shape, *[time[1:]] * len(_PATH_ARRAYS), time[:1]]
        expected = dict(zip(_ARRAYS[1:], shapes, strict=True))
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise must(name, f"of shape {shape}", getattr(self, name).shape)
        if not len(self.recorded) or self.recorded[0] < 0 or (np.diff(self.recorded) <= 0).any():
            raise must("recorded", "rising numbers of steps", self.recorded)
        unknown = np.logical_and.reduce([self.status != known for known in _STATUS])
        if unknown.any():
            raise must("status", f"one of {', '.join(_STATUS)}", self.status[unknown][0])

    @property
    def steps(self) -> int:
        """The number of updates, at most."""
        return int(self.recorded[-1])

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The shape of the batch of paths: ``()`` for one."""
        return self.positions.shape[1:-1]

    @property
    def start(self) -> Array:
        """The first positions, shape (..., 2); NaN for a path that diverged there."""
        return np.asarray(self.positions[0])

    @cached_property
    def final(self) -> Array:
        """The last finite positions, shape (..., 2); NaN for a path that diverged at its start."""
        rows = np.searchsorted(self.recorded, self.diverged_at)
        last = np.where(self.diverged_at < 0, len(self.recorded) - 1, np.maximum(rows - 1, 0))
        positions = np.take_along_axis(self.positions, last[None, ..., None], axis=0)
        return read_only(positions[0])

    def __iter__(self) -> Iterator[Trajectory]:
        """Iterate over the first axis of a batch."""
        if not self.batch_shape:
            raise TypeError("This trajectory is one path: it has no batch to go through.")
        return (self[number] for number in range(self.batch_shape[0]))

    def __getitem__(self, index: Any) -> Trajectory:
        """Return one path of a batch, or a part of it."""
        if not self.batch_shape:
            raise IndexError("This trajectory is one path: it has no batch to index.")
        index = index if isinstance(index, tuple) else (index,)
        rows_index = (slice(None), *index)
        selected: dict[str, Any] = {
            name: np.asarray(getattr(self, name)[index]) for name in _PATH_ARRAYS
        }
        selected["values"] = self.values[rows_index]
        for name in ("positions", "gradients"):
            # Each coordinate by itself: the index is for the axes of the batch alone.
            parts = [getattr(self, name)[..., axis][rows_index] for axis in (0, 1)]
            selected[name] = np.stack(parts, axis=-1)
        shape = self.batch_shape
        made = self.made
        if made is not None:
            numbers = np.arange(math.prod(shape)) if made.picked is None else made.picked
            made = replace(made, picked=numbers.reshape(shape)[index])
        return replace(self, optimizer=self.optimizer.part(shape, index), made=made, **selected)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trajectory to a NumPy archive, which `load` reads back bit for bit.

        Parameters
        ----------
        path : str or os.PathLike
            Ends in ``.npz``.

        Raises
        ------
        ValueError
            If the suffix is another one, the optimizer is of a user's own class, or the learning
            rate is a Python function.
        OSError
            If the file cannot be written; an existing one is then unchanged.
        """
        about = {
            "label": self.label,
            "optimizer": to_record(self.optimizer),
            "surface": self.surface.to_dict(),
        }
        save_archive(path, _FORMAT, about, {name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Trajectory:
        """Read a trajectory that `save` wrote; no code in the file is run.

        Raises
        ------
        OSError
            If it cannot be read.
        ValueError
            If it is no trajectory.
        """

        def make(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Trajectory:
            surface = Surface.from_dict(about["surface"])
            optimizer = from_record(about["optimizer"])
            if not isinstance(about["label"], str):
                raise must("label", "text", about["label"], kind=TypeError)
            own: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
            return cls(surface=surface, optimizer=optimizer, label=about["label"], **own)

        return load_archive(path, "trajectory", make, form=_FORMAT)

    def _repr_html_(self) -> str:
        """Show its plot in a notebook."""
        from trajectories.plotting.animation import trajectory_html

        return trajectory_html(self)

    def __repr__(self) -> str:
        """Show the label, surface, steps and batch, without the arrays."""
        batch = f", batch={self.batch_shape}" if self.batch_shape else f", status='{self.status}'"
        return f"Trajectory({self.label!r} on {self.surface.name!r}, steps={self.steps}{batch})"

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same paths, bit for bit; NaN equals NaN."""
        if not isinstance(other, Trajectory):
            return NotImplemented
        return all(
            np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f")
            if isinstance(mine, np.ndarray)
            else mine == theirs
            for mine, theirs in (
                (getattr(self, f.name), getattr(other, f.name))
                for f in fields(self)
                if f.name != "made"
            )
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The parts of every step of a path; all are zero where it has converged."""

    gradient: Array
    memory: Array
    step: Array


def dissect(path: Trajectory) -> Anatomy:
    """Split the steps of a path into their parts, by the optimizer's own arithmetic."""
    optimizer = path.optimizer
    if len(path.recorded) != path.steps + 1:
        raise must("record", "'all', as every step is needed", len(path.recorded))
    steps = np.diff(path.positions, axis=0)
    memory, gradients = np.zeros_like(steps), np.array(path.gradients[:-1])
    if isinstance(optimizer, Optimizer):  # Others have no memory.
        _write_memory(path, optimizer.fresh(), memory)
    time = np.arange(path.steps).reshape(-1, *[1] * len(path.batch_shape))
    converged = (path.converged_at >= 0) & (time >= path.converged_at)
    memory[converged], gradients[converged] = 0.0, 0.0
    return Anatomy(gradients, memory, steps)


def _write_memory(path: Trajectory, optimizer: Optimizer, memory: Array) -> None:
    """Write the move of the optimizer in each step for a gradient of zero."""
    position, gradient = np.array(path.positions[0]), np.zeros_like(path.positions[0])
    # Coordinates first, so that arrays of hyperparameters broadcast against the batch.
    p, g = (np.ascontiguousarray(np.moveaxis(a, -1, 0)) for a in (position, gradient))
    with np.errstate(all="ignore"):
        for step, received in enumerate(path.gradients[:-1]):
            moved, copied = p.copy(), copy.deepcopy(optimizer)
            copied.update({"p": moved}, {"p": np.zeros_like(p)})
            memory[step] = np.moveaxis(moved - p, 0, -1)
            g[...] = np.moveaxis(received, -1, 0)
            optimizer.update({"p": p}, {"p": g})
