"""Run the cells of a map block by block: bounded memory, several processes, and resumable."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trajectories.archive import read_arrays
from trajectories.atomic import replacing
from trajectories.terminal import watched
from trajectories.validation import integer, must

__all__ = ["Columns", "Work", "run_blocks"]

#: What is known of some cells: arrays of one element per cell, by name.
Columns = dict[str, NDArray[Any]]
_PLAN = "plan.json"


class Work(Protocol):
    """What runs some cells of a map; it goes to other processes by pickle."""

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
    kept = None if folder is None else _opened(folder, {"block": block, **(plan or {})})
    done = {} if kept is None else {r: part for r in ranges if (part := _read(kept, r))}
    missing = [r for r in ranges if r not in done]
    columns: Columns = {}
    for (begin, end), part in done.items():
        _fill(columns, part, begin, end, count)
    for (begin, end), part in _shown(_ran(work, missing, n_jobs), ranges, missing, progress):
        if kept is not None:
            with replacing(_file(kept, begin)) as file:
                np.savez(file, **part)
        _fill(columns, part, begin, end, count)
    return columns


def _fill(columns: Columns, part: Columns, begin: int, end: int, count: int) -> None:
    for name, values in part.items():
        if name not in columns:
            columns[name] = np.empty((count, *values.shape[1:]), values.dtype)
        columns[name][begin:end] = values


Range = tuple[int, int]


def _ran(work: Work, ranges: list[Range], n_jobs: int | None) -> Iterator[tuple[Range, Columns]]:
    """Run blocks here or in other processes, and yield each when it has run."""
    if n_jobs is not None:
        if integer("n_jobs", n_jobs, -sys.maxsize) == 0:
            raise must("n_jobs", "a positive or a negative number of processes, or None", n_jobs)
        if n_jobs == 1 or len(ranges) < 2:
            yield from ((r, work(*r)) for r in ranges)
            return
    from joblib import Parallel, delayed

    jobs = (delayed(_numbered)(work, r) for r in ranges)
    try:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    except ValueError:  # Some backends return all at once.
        parallel = Parallel(n_jobs=n_jobs)
    yield from parallel(jobs)


def _numbered(work: Work, place: Range) -> tuple[Range, Columns]:
    """Return what ran together with what it was: blocks come back in any order."""
    return place, work(*place)


def _shown(
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


def _opened(folder: str | os.PathLike[str], plan: Mapping[str, Any]) -> Path:
    """Return the folder, which from now on belongs to this plan."""
    path = Path(folder)
    text = json.dumps(plan, sort_keys=True, indent=1)
    written = path / _PLAN
    if written.exists():
        if written.read_text("utf-8") != text:
            raise ValueError(
                f"{os.fspath(folder)!r} holds the blocks of another map. Choose another folder, "
                "or ask for the same map."
            )
        return path
    path.mkdir(parents=True, exist_ok=True)
    with replacing(written) as file:
        file.write(text.encode())
    return path


def _file(folder: Path, begin: int) -> Path:
    return folder / f"cells-{begin:010d}.npz"


def _read(folder: Path, place: Range) -> Columns | None:
    """Return the block that has run before; None if there is none, or if it cannot be read."""
    begin, end = place
    try:
        with open(_file(folder, begin), "rb") as file:
            part = read_arrays(file)
    except Exception:
        # Damaged files fail in as many ways as zip and NumPy know; the block just runs again.
        return None
    whole = bool(part) and all(len(values) == end - begin for values in part.values())
    return part if whole else None
