"""Paths and results in a recipe: packed, checked and recomputed."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trajectories.checks import NON_NEGATIVE, POSITIVE, integer, integers, must, resolve, scalar
from trajectories.descent import run
from trajectories.optimizers import from_record, to_record
from trajectories.optimizers.base import Rule
from trajectories.plotting.recipes.recipe import (
    KINDS,
    MOST_TEXT,
    mapping,
    pack_settings,
    parsed,
    written,
)
from trajectories.plotting.scene import checked
from trajectories.records import REMAKES, Remake, fingerprint, from_plain, package_version, to_plain
from trajectories.surfaces.catalogue import as_surface
from trajectories.surfaces.least_squares import LeastSquares
from trajectories.surfaces.surface import Surface
from trajectories.trajectory import Descent, Trajectory


@dataclass(eq=False)
class OwnRule(Rule):
    """Stands for a user's own optimizer, with the name of its class and its learning rate."""

    name = "own"
    formula = "a rule of the user's own, of which the path is all that is known"

    def __post_init__(self) -> None:
        """Set an empty label."""
        super().__post_init__()
        self.label = ""

    def fresh(self, **changes: Any) -> OwnRule:
        """Return a copy, with hyperparameters changed."""
        copy = super().fresh(**changes)
        copy.label = self.label
        return copy


@dataclass(frozen=True)
class Rates:
    """Learning rates by step: the recorded values of a function."""

    rates: tuple[float, ...] = ()

    def __call__(self, step: int) -> Any:
        """Return the learning rate of a step; an array of NaN if unknown."""
        if not self.rates:
            return np.array([np.nan])
        return self.rates[min(step, len(self.rates) - 1)]


def to_own(rule: Rule, steps: int) -> dict[str, Any]:
    """Return the name and learning rate of a user's own optimizer as plain data."""
    lr = rule.lr
    name = rule.label if isinstance(rule, OwnRule) else type(rule).__name__
    record: dict[str, Any] = {"own": name}
    if not callable(lr):
        return {**record, "lr": to_plain(lr)}
    rates = [lr(step) for step in range(steps)]
    if any(np.ndim(rate) or not math.isfinite(rate) for rate in rates):
        return record
    return {**record, "rates": to_plain(rates)}


def from_own(data: Any) -> OwnRule:
    """Return the stand-in for an optimizer packed by `to_own`."""
    record = mapping("optimizer", data, ("own", "lr", "rates"))
    label, lr, rates = (record.get(key) for key in ("own", "lr", "rates"))
    if not isinstance(label, str):
        raise must("own", "text", label, kind=TypeError)
    rule = OwnRule(Rates())
    if lr is not None:
        array = from_plain("lr", lr)
        rule = OwnRule(array if array.ndim else float(array))
    elif rates is not None:
        array = from_plain("rates", rates)
        if array.ndim != 1 or not len(array):
            raise must("rates", "a list of numbers", array.shape)
        rule = OwnRule(Rates(tuple(array.tolist())))
    rule.label = label
    return rule


#: Most samples of a surface in a recipe.
MOST_SAMPLES = 100_000
#: Arrays of a path that cannot be recomputed.
ARRAYS = ("positions", "values", "gradients")
#: Up to this much work, paths are recomputed to verify that they can be.
_MAX_VERIFIED = 200_000
#: Most coordinates of a path stored as arrays: more would not fit even compressed.
_MAX_COORDINATES = 500_000


def pack_paths(paths: Sequence[Trajectory], most: int) -> dict[str, Any]:
    """Return paths as plain data of at most so many characters."""
    surface = pack_surface(paths[0].surface)
    records = [_packed_path(path) for path in paths]
    too_large = len(getattr(paths[0].surface, "samples", ())) > MOST_SAMPLES
    for dropped in ((), ("arrays",), ("arrays", "descent")):
        for record in records:
            if record["holds"] in dropped:
                _strip(record)
        data = {"surface": surface, **_merged(records)}
        if not too_large and _fits(data, most):
            return data
    return {**data, "surface": {"name": paths[0].surface.name}}


def _fits(data: dict[str, Any], most: int) -> bool:
    text = written(data)
    try:
        parsed(text)
    except ValueError:  # Beyond the limits of reading.
        return False
    return len(text) <= most


def pack_surface(surface: Surface) -> dict[str, Any]:
    """Return a surface as plain data, without defaults."""
    defaults: dict[str, Any] = {"minima": [], "about": "", "source": "", "batch_size": None}
    items = surface.to_dict().items()
    data = {key: value for key, value in items if key not in defaults or value != defaults[key]}
    if isinstance(surface, LeastSquares):
        # The formula and the minimum follow from the samples.
        data = {key: data[key] for key in data if key not in ("formula", "minima")}
        data["samples"] = to_plain(surface.samples)
    return data


def digest(path: Trajectory) -> str:
    """Return a short fingerprint of a path's arrays, bit for bit."""
    return fingerprint(*(getattr(path, name) for name in ARRAYS))


def work(surface: Surface, batch: int, steps: int) -> int:
    """Return the work of paths: their steps, times the samples of each."""
    size = getattr(surface, "batch_size", None) or 0
    return batch * steps * (1 + size)


def _packed_path(path: Trajectory) -> dict[str, Any]:
    """Return the descent of a path if it is known, and its arrays otherwise."""
    try:
        optimizer = to_record(path.optimizer)
    except ValueError:  # A user's own, or its learning rate is a function.
        optimizer = None
    head = {"label": str(path.label), "optimizer": optimizer or to_own(path.optimizer, path.steps)}
    descent = path.made if optimizer is not None else None
    if descent is not None and type(path.surface) in (Surface, LeastSquares):
        for candidate in _candidates(path, descent):
            if _reproducible(path, candidate):
                plain = _plain_descent(candidate, _stochastic(path.surface, candidate))
                return {**head, "holds": "descent", "descent": plain, "digest": digest(path)}
    if path.positions.size > _MAX_COORDINATES:
        return {**head, "holds": "nothing"}
    arrays: dict[str, Any] = {name: to_plain(getattr(path, name)) for name in ARRAYS}
    arrays["status"] = path.status.tolist()
    for name in ("diverged_at", "converged_at", "recorded"):
        arrays[name] = to_plain(getattr(path, name))
    return {**head, "holds": "arrays", "arrays": arrays}


def _candidates(path: Trajectory, descent: Descent) -> Iterator[Descent]:
    """Yield possible descents of a path: for a part of a batch first that part alone."""
    separable = descent.picked is not None and not _stochastic(path.surface, descent)
    if separable and np.isfinite(path.start).all():
        yield replace(descent, start=path.start, picked=None)
    yield descent


def _stochastic(surface: Surface, descent: Descent) -> bool:
    return descent.noise > 0 or getattr(surface, "batch_size", None) is not None


def _reproducible(path: Trajectory, descent: Descent) -> bool:
    """Return whether a descent reproduces a path; large ones are not verified."""
    try:
        shape = np.broadcast_shapes(path.optimizer.batch_shape, descent.start.shape[:-1])
        if work(path.surface, math.prod(shape), descent.steps) > _MAX_VERIFIED:
            return descent.picked is None and shape == path.batch_shape
        return digest(run(path.surface, path.optimizer, descent)) == digest(path)
    except (ValueError, IndexError):
        return False  # Picked from a batch of optimizers, of which only one is known.


def _plain_descent(descent: Descent, stochastic: bool) -> dict[str, Any]:
    """Return a descent as plain data, without defaults and without a seed that has no effect."""
    data = descent.to_dict()
    if descent.picked is not None:
        data["picked"] = to_plain(descent.picked)
    usual = {"noise": 0.0, "tolerance": None, "record": "all", "picked": None}
    if not stochastic:
        usual["seed"] = data["seed"]
    return {key: value for key, value in data.items() if key not in usual or value != usual[key]}


def _strip(record: dict[str, Any]) -> None:
    """Reduce the record of a path to its name and the numbers of its optimizer."""
    record["holds"] = "nothing"
    for key in ("arrays", "descent", "digest"):
        record.pop(key, None)
    optimizer = record["optimizer"]
    record["optimizer"] = {
        key: value for key, value in optimizer.items() if not isinstance(value, (dict, list))
    }


def _merged(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return records with the common part of all descents written once."""
    descents = [record["descent"] for record in records if "descent" in record]
    shared = {
        key: value
        for key, value in (descents[0] if descents else {}).items()
        if all(key in other and other[key] == value for other in descents)
    }
    paths = []
    for record in records:
        descent = {k: v for k, v in record.get("descent", {}).items() if k not in shared}
        path = {k: v for k, v in record.items() if k != "descent"}
        paths.append({**path, "descent": descent} if descent else path)
    return {"descent": shared, "paths": paths} if shared else {"paths": paths}


#: Default limit of the work of paths.
MOST_WORK = 10_000_000
_MOST_PATHS = 1_000
#: Most samples times concurrent paths.
_MOST_ORDERS = 50_000_000
_CONTENTS = ("descent", "arrays", "nothing")
_PATH_KEYS = ("label", "optimizer", "holds", "descent", "arrays", "digest")
_STATUS = ("converged", "finished", "diverged")
_INTEGERS = ("diverged_at", "converged_at", "recorded")


@dataclass(frozen=True, eq=False)
class PathRecord:
    """A path in a recipe."""

    label: str
    optimizer: str
    holds: str
    digest: str | None = None
    rule: Rule | None = None
    surface: Surface | None = None
    descent: Descent | None = None
    path: Trajectory | None = None
    source: Any = None

    @property
    def batch(self) -> tuple[int, ...]:
        """The shape of the batch of the descent."""
        if self.descent is None or self.rule is None:
            return ()
        return np.broadcast_shapes(self.rule.batch_shape, self.descent.start.shape[:-1])

    @property
    def work(self) -> int:
        """The work of recomputing it."""
        if self.descent is None or self.surface is None:
            return 0
        return work(self.surface, math.prod(self.batch), self.descent.steps)


def unpack_paths(data: Mapping[str, Any]) -> tuple[PathRecord, ...]:
    """Check the paths of a recipe, and return their records; nothing is computed."""
    paths = data.get("paths")
    if not isinstance(paths, list) or not 1 <= len(paths) <= _MOST_PATHS:
        raise must("paths", f"a list of 1 to {_MOST_PATHS:,} paths", paths)
    shared = mapping("descent", data.get("descent", {}))
    records = [mapping("paths", path, _PATH_KEYS) for path in paths]
    surface = None
    if any(path.get("holds") in _CONTENTS[:2] for path in records):
        surface = unpack_surface(data.get("surface"))
    return tuple(_path_record(path, shared, surface) for path in records)


def unpack_surface(data: Any) -> Surface:
    """Return a surface packed by `pack_surface`."""
    if not isinstance(data, dict):
        raise must("surface", "a record with its formula or samples", data, kind=TypeError)
    if "samples" in data:
        samples = from_plain("samples", data["samples"])
        if samples.ndim and len(samples) > MOST_SAMPLES:
            raise must("samples", f"at most {MOST_SAMPLES:,}", len(samples))
        data = {**data, "samples": samples}
    return Surface.from_dict(data)


def recomputed(records: Sequence[PathRecord], most: int) -> list[Trajectory]:
    """Recompute paths; those of one batch run together."""
    for record in records:
        if record.holds == "nothing":
            raise ValueError(
                f"It tells only the name of the path {record.label!r}, which is too large to keep "
                "or was made by code that a recipe cannot hold."
            )
    sources: list[int] = [_same_run(records, i) for i in range(len(records))]
    total = sum(record.work for i, record in enumerate(records) if sources[i] == i)
    if total > most:
        words = f"{total:,} steps of paths are to be made again, and at most {most:,} are"
        raise ValueError(f"{words} allowed; `most_work` sets another limit.")
    runs: dict[int, Trajectory] = {}
    paths = []
    for i, record in enumerate(records):
        if record.path is not None:
            paths.append(record.path)
            continue
        assert record.surface is not None
        assert record.rule is not None
        assert record.descent is not None
        if sources[i] not in runs:
            descent = replace(record.descent, picked=None)
            runs[sources[i]] = run(record.surface, record.rule, descent)
        path = replace(runs[sources[i]], label=record.label)
        if record.descent.picked is not None:
            path = path[np.unravel_index(record.descent.picked, record.batch)]
        if record.digest is not None and digest(path) != record.digest:
            warnings.warn(
                f"The path {record.label!r} is not bit for bit the one that was drawn: it was made "
                "by another version or on another machine.",
                stacklevel=3,
            )
        paths.append(path)
    return paths


def _same_run(records: Sequence[PathRecord], i: int) -> int:
    """Return the index of the first record of the same run."""
    source = records[i].source
    same = (j for j in range(i) if source is not None and records[j].source == source)
    return next(same, i)


def _path_record(
    path: Mapping[str, Any], shared: Mapping[str, Any], surface: Surface | None
) -> PathRecord:
    label, holds, checksum = path.get("label"), path.get("holds"), path.get("digest")
    if not isinstance(label, str):
        raise must("label", "text", label, kind=TypeError)
    if holds not in _CONTENTS:
        raise must("holds", "descent, arrays or nothing", holds)
    if checksum is not None and not isinstance(checksum, str):
        raise must("digest", "text", checksum, kind=TypeError)
    about = mapping("optimizer", path.get("optimizer"))
    if holds == "nothing":
        return PathRecord(label, str(about.get("name", about.get("own"))), holds)
    rule = from_own(about) if "own" in about else from_record(about)
    name = rule.label if isinstance(rule, OwnRule) else rule.name
    record = PathRecord(label, name, holds, checksum, rule, surface)
    if holds == "arrays":
        return replace(record, path=_stored_path(path.get("arrays"), record))
    if isinstance(rule, OwnRule):
        raise must("holds", "'arrays' for a rule that is not of the package", holds)
    own = mapping("descent", path.get("descent", {}))
    descent = _descent({**shared, **own})
    source = (about, {**own, "picked": None}) if descent.picked is not None else None
    record = replace(record, descent=descent, source=source)
    count = math.prod(record.batch)
    if descent.picked is not None and not np.all((descent.picked >= 0) & (descent.picked < count)):
        raise must("picked", f"whole numbers from 0 to {count - 1}", descent.picked.tolist())
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


def _stored_path(data: Any, record: PathRecord) -> Trajectory:
    """Return a path stored as arrays."""
    arrays = mapping("arrays", data, (*ARRAYS, "status", *_INTEGERS))
    fields: dict[str, Any] = {name: from_plain(name, arrays.get(name)) for name in ARRAYS}
    for name in _INTEGERS:
        fields[name] = integers(name, from_plain(name, arrays.get(name)))
    steps = fields["recorded"]
    if steps.ndim != 1 or not len(steps) or steps[0] < 0 or (np.diff(steps) <= 0).any():
        raise must("recorded", "rising numbers of steps", steps)
    if steps[-1] > MOST_WORK:
        raise must("recorded", f"at most {MOST_WORK:,}", steps[-1])
    fields["status"] = np.array(arrays.get("status"), dtype="<U9")
    if not np.isin(fields["status"], _STATUS).all():
        raise must("status", " or ".join(_STATUS), fields["status"].tolist())
    return Trajectory(
        surface=record.surface,  # type: ignore[arg-type]
        optimizer=record.rule,  # type: ignore[arg-type]
        label=record.label,
        **fields,
    )


#: Default limit of the work of results: steps of paths, which need no memory.
MOST_RUN = 1_000_000_000
_MOST_RESULTS = 100
_KEYS = ("kind", "told", "digest")


@dataclass(frozen=True, eq=False)
class ResultRecord:
    """A result in a recipe."""

    kind: str
    remake: Remake | None = None
    digest: str = ""


def pack_results(results: Sequence[Any], most: int) -> dict[str, Any]:
    """Return results as plain data."""
    packed = [_packed_result(result) for result in results]
    if len(written({"results": packed})) > most:
        packed = [{"kind": record["kind"]} for record in packed]
    return {"results": packed}


def unpack_results(data: Any) -> tuple[ResultRecord, ...]:
    """Check the results of a recipe, and return their records; nothing is computed."""
    if not isinstance(data, list) or not 1 <= len(data) <= _MOST_RESULTS:
        raise must("results", f"a list of 1 to {_MOST_RESULTS} results", data)
    return tuple(_result_record(mapping("results", record, _KEYS)) for record in data)


def recomputed_results(records: Sequence[ResultRecord], most: float, data: Any = None) -> list[Any]:
    """Recompute results."""
    remakes = [record.remake for record in records]
    known = [remake for remake in remakes if remake is not None]
    if len(known) < len(remakes):
        raise ValueError("It does not hold how what it shows was made.")
    work = sum(remake.work for remake in known)
    if not work <= most:
        raise ValueError(f"It is the work of {work:,.0f} steps, more than {most:,.0f}.")
    if data is not None and not any(remake.needs for remake in known):
        raise must("data", "left out where there are no images", data)
    results = [remake.run(data) if remake.needs else remake.run() for remake in known]
    for record, result in zip(records, results, strict=True):
        if result.digest() != record.digest:
            words = f"The {record.kind} is not bit for bit that of the recipe."
            warnings.warn(words, stacklevel=5)
    return results


def _packed_result(result: Any) -> dict[str, Any]:
    kinds = [kind for kind, (cls, _, _) in REMAKES.items() if cls is type(result)]
    if not kinds:
        raise must("shown", "results of maps, experiments or searches", result, kind=TypeError)
    name, attribute = kinds[0], REMAKES[kinds[0]][1]
    try:
        spec = getattr(result, attribute)
        data = {"kind": name, "told": spec() if callable(spec) else spec, "digest": result.digest()}
        unpack_results(parsed(written({"results": [data]}))["results"])
    except (KeyError, TypeError, ValueError):
        return {"kind": name}  # Made with a user's own code, or beyond the limits of reading.
    return data


def _result_record(data: Mapping[str, Any]) -> ResultRecord:
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in REMAKES:
        raise must("kind", f"one of {', '.join(REMAKES)}", kind)
    if "told" not in data:
        return ResultRecord(kind)
    if not isinstance(data.get("digest"), str):
        raise must("digest", "a text", data.get("digest"))
    remake = REMAKES[kind][2]
    return ResultRecord(kind, remake(mapping("told", data["told"])), data["digest"])


#: Number of the format; it grows when older versions cannot read newer recipes.
FORMAT = 1


def make_recipe(source: Any, *, kind: str = "animation", settings: Mapping[str, Any]) -> str:
    """Return the recipe of a picture as text."""
    version = package_version()
    kind = resolve("kind of recipe", kind, KINDS)
    packed, omitted = pack_settings(kind, settings)
    head = {"trajectories": version, "format": FORMAT, "kind": kind}
    tail = {"settings": packed, **({"omitted": omitted} if omitted else {})}
    if KINDS[kind].shows == "surface":
        return written({**head, "surface": pack_surface(as_surface(source)), **tail})
    room = MOST_TEXT - len(written({**head, **tail})) - 100
    if KINDS[kind].shows == "results":
        return written({**head, **pack_results(source, room), **tail})
    return written({**head, **pack_paths(checked(source), room), **tail})
