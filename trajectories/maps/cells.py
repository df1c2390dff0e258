"""Cells of a map: many descents as one batch, in blocks."""

from __future__ import annotations

import json
import math
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.checks import integer, must, read_ends
from trajectories.descent import descend, in_batches
from trajectories.files import replacing, watched
from trajectories.optimizers import as_optimizer, from_record, to_record
from trajectories.optimizers.base import Rule
from trajectories.records import from_plain, read_arrays, read_only, to_plain
from trajectories.surfaces.catalogue import as_surface
from trajectories.surfaces.surface import Surface
from trajectories.trajectory import Descent, Trajectory

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Settings:
    """The settings that all cells of a map share."""

    surface: Surface
    optimizer: Rule
    start: Array
    steps: int
    noise: float = 0.0
    seed: int = 0
    tolerance: float | None = None

    @property
    def is_random(self) -> bool:
        """Whether two runs differ if their seeds do."""
        return bool(self.noise) or in_batches(self.surface)

    def descend(
        self,
        optimizer: Rule | None = None,
        start: ArrayLike | None = None,
        *,
        rng: Any = None,
        record: int | str = "all",
    ) -> Trajectory:
        """Let an optimizer descend under these settings."""
        return descend(
            self.surface,
            self.optimizer if optimizer is None else optimizer,
            self.start if start is None else start,
            self.steps,
            noise=self.noise,
            rng=self.seed if rng is None else rng,
            tolerance=self.tolerance,
            record=record,
        )

    def to_dict(self, *, own: bool = False) -> dict[str, Any]:
        """Return the settings as plain data for JSON."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            **plain,
            "surface": self.surface.to_dict(),
            "optimizer": to_record(self.optimizer, own=own),
            "start": to_plain(self.start),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Settings:
        """Make settings from what `to_dict` returned."""
        rule = from_record(data["optimizer"])
        surface = Surface.from_dict(data["surface"])
        start = from_plain("start", data["start"])
        options = {name: data[name] for name in ("noise", "tolerance")}
        settings = map_settings(surface, rule, start, data["steps"], rng=0, **options)
        return replace(settings, seed=integer("seed", data["seed"], 0))


def map_settings(
    surface: Any,
    optimizer: Any,
    start: ArrayLike | None,
    steps: int,
    *,
    noise: float = 0.0,
    rng: Any = None,
    tolerance: float | None = None,
    stored: bool = False,
) -> Settings:
    """Check the settings of a map."""
    surface, optimizer = as_surface(surface), as_optimizer(optimizer)
    if optimizer.batch_shape:
        arrays = {k: h for k, h in optimizer.hyperparameters.items() if np.ndim(h)}
        name, value = next(iter(arrays.items()))
        raise must(name, "a single number, as a map has arrays of its own", value)
    steps = integer("steps", steps, 1)
    # One step of a descent checks all arguments.
    descent: Descent | None = descend(
        surface, optimizer, start, 1, noise=noise, rng=rng, tolerance=tolerance
    ).made
    assert descent is not None
    if descent.start.shape != (2,):
        raise must("start", "one start (x, y)", descent.start.tolist())
    noise, seed, tolerance = descent.noise, descent.seed, descent.tolerance
    settings = Settings(surface, optimizer, descent.start, steps, noise, seed, tolerance)
    if stored and settings.is_random and rng is None:
        raise must("rng", "a seed where blocks of what is random are kept in a folder", rng)
    # Without randomness the seed makes no difference between two maps.
    return settings if settings.is_random else replace(settings, seed=0)


def generator(rng: Any) -> np.random.Generator:
    """Return the generator of a seed."""
    try:
        return np.random.default_rng(rng)
    except (AttributeError, TypeError, ValueError):
        raise must("rng", "a seed, a Generator or None", rng) from None


_WORDS = {"f": "floats", "i": "integers", "U": "text"}


def cell_array(
    name: str, value: Any, shape: tuple[int, ...], kind: str, known: Sequence[Any] | None = None
) -> NDArray[Any]:
    """Check an array of one element per cell, and return a read-only view."""
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
            words = " to ".join(map(str, known)) if kind == "i" else f"one of {', '.join(known)}"
            raise must(name, words, array[~good][0])
    return array


#: Results of cells: arrays of one element per cell, by name.
Columns = dict[str, NDArray[Any]]
_PLAN = "plan.json"


class Work(Protocol):
    """A function that runs some cells of a map; it pickles for other processes."""

    def __call__(self, begin: int, end: int) -> Columns:
        """Return the columns of the cells from `begin` to `end`."""


def run_blocks(
    work: Work,
    count: int,
    block: int,
    *,
    n_jobs: int | None = 1,
    folder: str | os.PathLike[str] | None = None,
    plan: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> Columns:
    """Run all cells, and return the columns of all."""
    ranges = [(begin, min(begin + block, count)) for begin in range(0, count, block)]
    store = None if folder is None else _plan_folder(folder, {"block": block, **(plan or {})})
    done = {} if store is None else {r: part for r in ranges if (part := _read(store, r))}
    missing = [r for r in ranges if r not in done]
    columns: Columns = {}
    for (begin, end), part in done.items():
        _fill(columns, part, begin, end, count)
    for (begin, end), part in _with_bar(_run(work, missing, n_jobs), ranges, missing, progress):
        if store is not None:
            with replacing(_file(store, begin)) as file:
                np.savez(file, **part)
        _fill(columns, part, begin, end, count)
    return columns


def _fill(columns: Columns, part: Columns, begin: int, end: int, count: int) -> None:
    for name, values in part.items():
        if name not in columns:
            columns[name] = np.empty((count, *values.shape[1:]), values.dtype)
        columns[name][begin:end] = values


Range = tuple[int, int]


def _run(work: Work, ranges: list[Range], n_jobs: int | None) -> Iterator[tuple[Range, Columns]]:
    """Run blocks here or in other processes, and yield each as it ends."""
    if n_jobs is not None:
        if integer("n_jobs", n_jobs, -sys.maxsize) == 0:
            raise must("n_jobs", "a positive or a negative number of processes, or None", n_jobs)
        if n_jobs == 1 or len(ranges) < 2:
            yield from ((r, work(*r)) for r in ranges)
            return
    from joblib import Parallel, delayed

    jobs = (delayed(_block)(work, r) for r in ranges)
    try:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    except ValueError:  # Some backends return all blocks at once.
        parallel = Parallel(n_jobs=n_jobs)
    yield from parallel(jobs)


def _block(work: Work, cells: Range) -> tuple[Range, Columns]:
    """Run a block, and return its range too: blocks come back in any order."""
    return cells, work(*cells)


def _with_bar(
    parts: Iterable[Any], ranges: list[Range], missing: list[Range], progress: bool
) -> Iterable[Any]:
    if not progress:
        return parts
    from tqdm import tqdm

    bar: Iterable[Any] = tqdm(
        parts,
        total=len(ranges),
        initial=len(ranges) - len(missing),
        desc="map",
        unit="block",
        disable=not watched(),
        leave=False,
    )
    return bar


def _plan_folder(folder: str | os.PathLike[str], plan: Mapping[str, Any]) -> Path:
    """Return the folder, which belongs to this plan from now on."""
    path = Path(folder)
    text = json.dumps(plan, sort_keys=True, indent=1)
    plan_file = path / _PLAN
    if plan_file.exists():
        if plan_file.read_text("utf-8") != text:
            raise ValueError(
                f"{os.fspath(folder)!r} holds the blocks of another map. Choose another folder, "
                "or ask for the same map."
            )
        return path
    path.mkdir(parents=True, exist_ok=True)
    with replacing(plan_file) as file:
        file.write(text.encode())
    return path


def _file(folder: Path, begin: int) -> Path:
    return folder / f"cells-{begin:010d}.npz"


def _read(folder: Path, cells: Range) -> Columns | None:
    """Return a stored block; None if there is none, or if it cannot be read."""
    begin, end = cells
    try:
        with open(_file(folder, begin), "rb") as file:
            part = read_arrays(file)
    except Exception:  # A damaged file may raise anything; its block runs again.
        return None
    complete = bool(part) and all(len(values) == end - begin for values in part.values())
    return part if complete else None


#: Cells of a block if no steps are recorded.
BLOCK = 16_384
#: If all steps are recorded: the most numbers, and the most and fewest cells of a block.
_KEPT, _TOGETHER, _FEWEST = 12_000_000, 8_192, 16
#: Numbers that a descent records of a step: position, gradient and f.
_NUMBERS = 5


@dataclass(frozen=True, eq=False)
class Cells(ABC):
    """A map's cells, numbered row by row."""

    settings: Settings
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """The number of cells."""
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
        """Run one cell again and record all steps: bit for bit its path in the map."""
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
        """Run several cells again, and return their positions: bit for bit as in the map."""
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

    def block(self, size: int | None, *, rows: int = 0) -> int:
        """Return the number of cells of a block, for so many recorded rows of each."""
        if size is not None:
            return integer("block", size, 1)
        rows = self.settings.steps + 1 if self.settings.is_random else rows
        return rows and block_of(rows) or BLOCK


def block_of(rows: int) -> int:
    """Return the number of cells of a block, for so many recorded rows of each."""
    return min(max(_KEPT // (_NUMBERS * rows), _FEWEST), _TOGETHER)


@dataclass(frozen=True, eq=False)
class Starts(Cells):
    """Cells that differ in their start: the middles of a rectangle's cells."""

    x: Array
    y: Array

    def batch(self, numbers: NDArray[np.int64]) -> tuple[Rule, Array]:
        """Return the optimizer and the starts of some cells."""
        rows, columns = np.divmod(numbers, self.shape[1])
        return self.settings.optimizer, np.stack([self.x[columns], self.y[rows]], axis=-1)


#: How a path can end.
STATUSES = np.array(["finished", "converged", "diverged"])


@dataclass(frozen=True, eq=False)
class Arrivals(Starts):
    """Cells that differ in their start, and the minima at which they end."""

    minima: Array
    radius: float
    every: int

    def __call__(self, begin: int, end: int) -> Columns:
        """Return the columns of the cells from `begin` to `end`."""
        path = self.run(begin, end, record=self.every)
        minimum, rows = arrivals(path.positions, self.minima, self.radius)
        steps = np.where(rows < 0, -1, path.recorded[rows])
        diverged = path.status == "diverged"
        return {
            "minimum": minimum.astype(np.int32),
            "steps": steps.astype(np.int32),
            "codes": np.where(diverged, 2, np.where(minimum >= 0, 1, 0)).astype(np.int8),
        }


def arrivals(
    positions: Array, minima: Array, radius: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the minimum at which each path ends, and the row from which on it stays there."""
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
    arrived = minimum >= 0
    if arrived.any():
        goal = minima[minimum]
        with np.errstate(invalid="ignore"):
            distance = np.hypot(positions[..., 0] - goal[:, 0], positions[..., 1] - goal[:, 1])
            outside = ~(distance <= radius)
        # The row after the last one outside.
        after = len(positions) - np.argmax(outside[::-1], axis=0)
        row[arrived] = np.where(outside.any(axis=0), after, 0)[arrived]
    return minimum, row


#: The default number of values of an axis.
CELLS = 200


def read_axis(text: str, count: int = CELLS) -> tuple[str, Array]:
    """Return the hyperparameter of an axis, and its values."""
    name, equals, ends = text.strip().partition("=")
    try:
        scale, (low, high, *number) = read_ends(ends)
    except ValueError:
        raise _unreadable(text) from None
    if not (equals and name) or len(number) > 1 or not -np.inf < low < high < np.inf:
        raise _unreadable(text)
    if scale == "log" and low <= 0:
        raise must("axis", "from above 0 on a logarithmic scale", text)
    count = integer("axis", number[0] if number else count, 2)
    spaced = np.geomspace if scale == "log" else np.linspace
    return name.strip(), spaced(low, high, count)


def _unreadable(text: str) -> Exception:
    return must("axis", "like lr=0.001:10 or momentum=linear:0:0.95:100", text)


#: The most cells of a map in a recipe, steps of each, and characters of a label.
_CELLS, _STEPS, _LABEL = 25_000_000, 1_000_000, 200
#: The most numbers that a block of a recipe may record.
_RECIPE_NUMBERS = 50_000_000


def work_of(settings: Settings, count: int) -> float:
    """Return the number of steps of all paths, each times the samples of its minibatch."""
    if count > _CELLS:
        raise must("cells", f"at most {_CELLS:,}", count)
    if settings.steps > _STEPS:
        raise must("steps", f"at most {_STEPS:,}", settings.steps)
    size = getattr(settings.surface, "batch_size", None) or 0
    return float(count) * settings.steps * (1 + size)


def checked_block(data: Any, count: int, settings: Settings) -> int | None:
    """Return the block size of a recipe, which matters only for random cells."""
    block = integer("block", data, 1)
    if not settings.is_random:
        return None
    if min(block, count) * (settings.steps + 1) * _NUMBERS > _RECIPE_NUMBERS:
        raise must("block", "fewer cells for so many steps", block)
    return block


def checked_label(data: Any) -> str:
    """Return the label of a recipe."""
    if not isinstance(data, str) or len(data) > _LABEL:
        raise must("label", f"a text of at most {_LABEL} characters", data)
    return data
