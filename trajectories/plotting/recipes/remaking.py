"""Paths from the data of a recipe, which may come from anywhere: checked, then made again."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trajectories.arrays import from_plain
from trajectories.descent import run
from trajectories.optimizers import Rule
from trajectories.optimizers.record import from_record
from trajectories.plotting.recipes.own_rule import OwnRule, from_own
from trajectories.plotting.recipes.paths import ARRAYS, MOST_SAMPLES, digest, work
from trajectories.plotting.recipes.text import mapping
from trajectories.surfaces import Surface
from trajectories.trajectory import Descent, Trajectory
from trajectories.validation import NON_NEGATIVE, POSITIVE, integer, integers, must, scalar

__all__ = ["MOST_WORK", "PathRecord", "made_again", "unpack_paths", "unpack_surface"]

#: By default paths of more steps in all are not made again.
MOST_WORK = 10_000_000
_MOST_PATHS = 1_000
#: Samples times the paths that go through them at a time.
_MOST_ORDERS = 50_000_000
_HOLDS = ("descent", "arrays", "nothing")
_KEYS = ("label", "optimizer", "holds", "descent", "arrays", "digest")
_STATUS = ("converged", "stopped", "diverged")
_INTEGERS = ("diverged_at", "converged_at", "recorded")


@dataclass(frozen=True, eq=False)
class PathRecord:
    """A path as a recipe tells of it."""

    label: str
    optimizer: str
    holds: str
    digest: str | None = None
    rule: Rule | None = None
    surface: Surface | None = None
    made: Descent | None = None
    path: Trajectory | None = None
    source: Any = None

    @property
    def batch(self) -> tuple[int, ...]:
        """The shape of the batch of paths that are made."""
        if self.made is None or self.rule is None:
            return ()
        return np.broadcast_shapes(self.rule.batch_shape, self.made.start.shape[:-1])

    @property
    def work(self) -> int:
        """How much there is to do to make it again."""
        if self.made is None or self.surface is None:
            return 0
        return work(self.surface, math.prod(self.batch), self.made.steps)


def unpack_paths(data: Mapping[str, Any]) -> tuple[PathRecord, ...]:
    """Return what a recipe tells of its paths; none of them is made yet."""
    paths = data.get("paths")
    if not isinstance(paths, list) or not 1 <= len(paths) <= _MOST_PATHS:
        raise must("paths", f"a list of 1 to {_MOST_PATHS:,} paths", paths)
    shared = mapping("descent", data.get("descent", {}))
    held = [mapping("paths", path, _KEYS) for path in paths]
    surface = None
    if any(path.get("holds") in _HOLDS[:2] for path in held):
        surface = unpack_surface(data.get("surface"))
    return tuple(_record(path, shared, surface) for path in held)


def unpack_surface(data: Any) -> Surface:
    """Return the surface that `pack_surface` wrote."""
    if not isinstance(data, dict):
        raise must("surface", "a record with its formula or samples", data, kind=TypeError)
    if "samples" in data:
        samples = from_plain("samples", data["samples"])
        if samples.ndim and len(samples) > MOST_SAMPLES:
            raise must("samples", f"at most {MOST_SAMPLES:,}", len(samples))
        data = {**data, "samples": samples}
    return Surface.from_dict(data)


def made_again(records: Sequence[PathRecord], most: int) -> list[Trajectory]:
    """Make paths again; those of one batch are run together."""
    for record in records:
        if record.holds == "nothing":
            raise ValueError(
                f"It tells only the name of the path {record.label!r}, which is too large to keep "
                "or was made by code that a recipe cannot hold."
            )
    first: list[int] = [_same_run(records, i) for i in range(len(records))]
    total = sum(record.work for i, record in enumerate(records) if first[i] == i)
    if total > most:
        words = f"{total:,} steps of paths are to be made again, and at most {most:,} are"
        raise ValueError(f"{words} allowed; `most_work` sets another limit.")
    whole: dict[int, Trajectory] = {}
    paths = []
    for i, record in enumerate(records):
        if record.path is not None:
            paths.append(record.path)
            continue
        assert record.surface is not None
        assert record.rule is not None
        assert record.made is not None
        if first[i] not in whole:
            made = replace(record.made, picked=None)
            whole[first[i]] = run(record.surface, record.rule, made)
        path = replace(whole[first[i]], label=record.label)
        if record.made.picked is not None:
            path = path[np.unravel_index(record.made.picked, record.batch)]
        if record.digest is not None and digest(path) != record.digest:
            warnings.warn(
                f"The path {record.label!r} is not bit for bit the one that was drawn: it was made "
                "by another version or on another machine.",
                stacklevel=3,
            )
        paths.append(path)
    return paths


def _same_run(records: Sequence[PathRecord], i: int) -> int:
    """Return the first record whose run holds this one's path too."""
    source = records[i].source
    same = (j for j in range(i) if source is not None and records[j].source == source)
    return next(same, i)


def _record(
    path: Mapping[str, Any], shared: Mapping[str, Any], surface: Surface | None
) -> PathRecord:
    label, holds, mark = path.get("label"), path.get("holds"), path.get("digest")
    if not isinstance(label, str):
        raise must("label", "text", label, kind=TypeError)
    if holds not in _HOLDS:
        raise must("holds", "descent, arrays or nothing", holds)
    if mark is not None and not isinstance(mark, str):
        raise must("digest", "text", mark, kind=TypeError)
    about = mapping("optimizer", path.get("optimizer"))
    if holds == "nothing":
        return PathRecord(label, str(about.get("name", about.get("own"))), holds)
    rule = from_own(about) if "own" in about else from_record(about)
    name = rule.label if isinstance(rule, OwnRule) else rule.name
    record = PathRecord(label, name, holds, mark, rule, surface)
    if holds == "arrays":
        return replace(record, path=_held(path.get("arrays"), record))
    if isinstance(rule, OwnRule):
        raise must("holds", "'arrays' for a rule that is not of the package", holds)
    own = mapping("descent", path.get("descent", {}))
    made = _descent({**shared, **own})
    source = (about, {**own, "picked": None}) if made.picked is not None else None
    record = replace(record, made=made, source=source)
    count = math.prod(record.batch)
    if made.picked is not None and not np.all((made.picked >= 0) & (made.picked < count)):
        raise must("picked", f"whole numbers from 0 to {count - 1}", made.picked.tolist())
    samples = getattr(surface, "samples", ())
    if len(samples) * count > _MOST_ORDERS:
        raise must("samples", "fewer for so many paths", len(samples))
    return record


def _descent(data: Mapping[str, Any]) -> Descent:
    known = ("start", "steps", "noise", "seed", "tolerance", "record", "picked")
    data = mapping("descent", data, known)
    start = from_plain("start", data.get("start"))
    if start.ndim == 0 or start.shape[-1] != 2 or start.size == 0:
        raise must("start", "of shape (..., 2), and not empty", start.shape)
    if not np.isfinite(start).all():
        raise must("start", "finite", start)
    tolerance, record, picked = (data.get(key) for key in ("tolerance", "record", "picked"))
    if isinstance(record, str) and record not in ("all", "last"):
        raise must("record", "'all', 'last' or a whole number", record)
    if record is not None and not isinstance(record, str):
        record = integer("record", record, 1)
    return Descent(
        start=start,
        steps=integer("steps", data.get("steps"), 1),
        noise=scalar("noise", data.get("noise", 0.0), NON_NEGATIVE),
        seed=integer("seed", data.get("seed", 0), 0),
        tolerance=None if tolerance is None else scalar("tolerance", tolerance, POSITIVE),
        record="all" if record is None else record,
        picked=None if picked is None else integers("picked", from_plain("picked", picked)),
    )


def _held(data: Any, record: PathRecord) -> Trajectory:
    """Return a path that is kept itself."""
    arrays = mapping("arrays", data, (*ARRAYS, "status", *_INTEGERS))
    found: dict[str, Any] = {name: from_plain(name, arrays.get(name)) for name in ARRAYS}
    for name in _INTEGERS:
        found[name] = integers(name, from_plain(name, arrays.get(name)))
    steps = found["recorded"]
    if steps.ndim != 1 or not len(steps) or steps[0] < 0 or (np.diff(steps) <= 0).any():
        raise must("recorded", "rising numbers of steps", steps)
    if steps[-1] > MOST_WORK:
        raise must("recorded", f"at most {MOST_WORK:,}", steps[-1])
    found["status"] = np.array(arrays.get("status"), dtype="<U9")
    if not np.isin(found["status"], _STATUS).all():
        raise must("status", " or ".join(_STATUS), found["status"].tolist())
    return Trajectory(
        surface=record.surface,  # type: ignore[arg-type]
        optimizer=record.rule,  # type: ignore[arg-type]
        label=record.label,
        **found,
    )
