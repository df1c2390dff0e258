"""Paths and results in a recipe: written down, checked, and run again."""

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
from trajectories.records import REMAKES, Remake, fingerprint, from_plain, to_plain, versions
from trajectories.surfaces.catalogue import as_surface
from trajectories.surfaces.least_squares import LeastSquares
from trajectories.surfaces.surface import Surface
from trajectories.trajectory import Descent, Trajectory


@dataclass(eq=False)
class OwnRule(Rule):
    """Stands for an optimizer that is not of the package: its class's name and learning rate."""

    name = "own"
    formula = "a rule of the user's own, of which the path is all that is known"

    def __post_init__(self) -> None:
        """Start without a name."""
        super().__post_init__()
        self.label = ""

    def fresh(self, **changes: Any) -> OwnRule:
        """Return a copy, with some hyperparameters changed if asked."""
        copy = super().fresh(**changes)
        copy.label = self.label
        return copy


@dataclass(frozen=True)
class Rates:
    """Learning rates by the number of the step, as they were: what is left of a function."""

    rates: tuple[float, ...] = ()

    def __call__(self, step: int) -> Any:
        """Return the learning rate of a step; an array, as there may be several, if unknown."""
        if not self.rates:
            return np.array([np.nan])
        return self.rates[min(step, len(self.rates) - 1)]


def to_own(rule: Rule, steps: int) -> dict[str, Any]:
    """Return what can be told of an optimizer that is not of the package, as plain data."""
    lr = rule.lr
    name = rule.label if isinstance(rule, OwnRule) else type(rule).__name__
    told: dict[str, Any] = {"own": name}
    if not callable(lr):
        return {**told, "lr": to_plain(lr)}
    rates = [lr(step) for step in range(steps)]
    if any(np.ndim(rate) or not math.isfinite(rate) for rate in rates):
        return told
    return {**told, "rates": to_plain(rates)}


def from_own(data: Any) -> OwnRule:
    """Return what stands for the optimizer that `to_own` told of."""
    about = mapping("optimizer", data, ("own", "lr", "rates"))
    label, lr, rates = (about.get(key) for key in ("own", "lr", "rates"))
    if not isinstance(label, str):
        raise must("own", "text", label, kind=TypeError)
    rule = OwnRule(Rates())
    if lr is not None:
        found = from_plain("lr", lr)
        rule = OwnRule(found if found.ndim else float(found))
    elif rates is not None:
        found = from_plain("rates", rates)
        if found.ndim != 1 or not len(found):
            raise must("rates", "a list of numbers", found.shape)
        rule = OwnRule(Rates(tuple(found.tolist())))
    rule.label = label
    return rule


#: Of a surface made of samples, no more are kept.
MOST_SAMPLES = 100_000
#: What is kept of a path that cannot be made again.
ARRAYS = ("positions", "values", "gradients")
#: Up to this much work a path is made again before a recipe says that it can be.
_TRIED = 200_000
#: More coordinates are not kept themselves: they would not fit, however they are compressed.
_HELD = 500_000


def pack_paths(paths: Sequence[Trajectory], most: int) -> dict[str, Any]:
    """Return paths as plain data, which says what they hold."""
    surface = pack_surface(paths[0].surface)
    records = [_packed_path(path) for path in paths]
    huge = len(getattr(paths[0].surface, "samples", ())) > MOST_SAMPLES
    for given_up in ((), ("arrays",), ("arrays", "descent")):
        for record in records:
            if record["holds"] in given_up:
                _forget(record)
        data = {"surface": surface, **_gathered(records)}
        if not huge and _fits(data, most):
            return data
    return {**data, "surface": {"name": paths[0].surface.name}}


def _fits(data: dict[str, Any], most: int) -> bool:
    text = written(data)
    try:
        parsed(text)
    except ValueError:  # More than is ever read.
        return False
    return len(text) <= most


def pack_surface(surface: Surface) -> dict[str, Any]:
    """Return a surface as plain data, without what is empty anyway."""
    usual: dict[str, Any] = {"minima": [], "about": "", "source": "", "batch_size": None}
    told = surface.to_dict().items()
    data = {key: value for key, value in told if key not in usual or value != usual[key]}
    if isinstance(surface, LeastSquares):
        # The formula and the minimum follow from the samples.
        data = {key: data[key] for key in data if key not in ("formula", "minima")}
        data["samples"] = to_plain(surface.samples)
    return data


def digest(path: Trajectory) -> str:
    """Return a short fingerprint of where a path went, bit for bit."""
    return fingerprint(*(getattr(path, name) for name in ARRAYS))


def work(surface: Surface, batch: int, steps: int) -> int:
    """Return how much there is to do: steps of paths, each as often as it has samples."""
    size = getattr(surface, "batch_size", None) or 0
    return batch * steps * (1 + size)


def _packed_path(path: Trajectory) -> dict[str, Any]:
    """Return a path by how it was made if that is known, and itself otherwise."""
    try:
        optimizer = to_record(path.optimizer)
    except ValueError:  # It is somebody's own, or its learning rate is a function.
        optimizer = None
    about = {"label": str(path.label), "optimizer": optimizer or to_own(path.optimizer, path.steps)}
    made = path.made if optimizer is not None else None
    if made is not None and type(path.surface) in (Surface, LeastSquares):
        for candidate in _candidates(path, made):
            if _comes_again(path, candidate):
                descent = _plain_descent(candidate, _stochastic(path.surface, candidate))
                return {**about, "holds": "descent", "descent": descent, "digest": digest(path)}
    if path.positions.size > _HELD:
        return {**about, "holds": "nothing"}
    held: dict[str, Any] = {name: to_plain(getattr(path, name)) for name in ARRAYS}
    held["status"] = path.status.tolist()
    for name in ("diverged_at", "converged_at", "recorded"):
        held[name] = to_plain(getattr(path, name))
    return {**about, "holds": "arrays", "arrays": held}


def _candidates(path: Trajectory, made: Descent) -> Iterator[Descent]:
    """Yield how a path may have been made: a part of a batch by itself first."""
    alone = made.picked is not None and not _stochastic(path.surface, made)
    if alone and np.isfinite(path.start).all():
        yield replace(made, start=path.start, picked=None)
    yield made


def _stochastic(surface: Surface, made: Descent) -> bool:
    return made.noise > 0 or getattr(surface, "batch_size", None) is not None


def _comes_again(path: Trajectory, made: Descent) -> bool:
    """Tell whether a path comes again; of a large one that is whole, believe it."""
    try:
        shape = np.broadcast_shapes(path.optimizer.batch_shape, made.start.shape[:-1])
        if work(path.surface, math.prod(shape), made.steps) > _TRIED:
            return made.picked is None and shape == path.batch_shape
        return digest(run(path.surface, path.optimizer, made)) == digest(path)
    except (ValueError, IndexError):
        return False  # It was picked from a batch of optimizers, and only one of them is known.


def _plain_descent(made: Descent, stochastic: bool) -> dict[str, Any]:
    """Return a descent as plain data without what is as usual, or makes no difference."""
    data = made.to_dict()
    if made.picked is not None:
        data["picked"] = to_plain(made.picked)
    usual = {"noise": 0.0, "tolerance": None, "record": "all", "picked": None}
    if not stochastic:
        usual["seed"] = data["seed"]
    return {key: value for key, value in data.items() if key not in usual or value != usual[key]}


def _forget(record: dict[str, Any]) -> None:
    """Leave nothing of a path but its name and the numbers of its optimizer."""
    record["holds"] = "nothing"
    for key in ("arrays", "descent", "digest"):
        record.pop(key, None)
    optimizer = record["optimizer"]
    record["optimizer"] = {
        key: value for key, value in optimizer.items() if not isinstance(value, (dict, list))
    }


def _gathered(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Write what is the same in all descents only once."""
    descents = [record["descent"] for record in records if "descent" in record]
    common = {
        key: value
        for key, value in (descents[0] if descents else {}).items()
        if all(key in other and other[key] == value for other in descents)
    }
    own = []
    for record in records:
        left = {k: v for k, v in record.get("descent", {}).items() if k not in common}
        rest = {k: v for k, v in record.items() if k != "descent"}
        own.append({**rest, "descent": left} if left else rest)
    return {"descent": common, "paths": own} if common else {"paths": own}


#: By default paths of more steps in all are not made again.
MOST_WORK = 10_000_000
_MOST_PATHS = 1_000
#: Samples times the paths that go through them at a time.
_MOST_ORDERS = 50_000_000
_HOLDS = ("descent", "arrays", "nothing")
_PATH_KEYS = ("label", "optimizer", "holds", "descent", "arrays", "digest")
_STATUS = ("converged", "finished", "diverged")
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
    held = [mapping("paths", path, _PATH_KEYS) for path in paths]
    surface = None
    if any(path.get("holds") in _HOLDS[:2] for path in held):
        surface = unpack_surface(data.get("surface"))
    return tuple(_path_record(path, shared, surface) for path in held)


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


def recomputed(records: Sequence[PathRecord], most: int) -> list[Trajectory]:
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


def _path_record(
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


#: By default more work is not done for results: steps of paths, which are not kept.
MOST_RUN = 1_000_000_000
_MOST_RESULTS = 100
_KEYS = ("kind", "told", "digest")


@dataclass(frozen=True, eq=False)
class ResultRecord:
    """A result as a recipe tells of it."""

    kind: str
    remake: Remake | None = None
    digest: str = ""


def pack_results(results: Sequence[Any], most: int) -> dict[str, Any]:
    """Return results as plain data."""
    packed = [_packed_result(result) for result in results]
    if len(written({"results": packed})) > most:
        packed = [{"kind": one["kind"]} for one in packed]
    return {"results": packed}


def unpack_results(data: Any) -> tuple[ResultRecord, ...]:
    """Return what a recipe tells of its results; nothing has been run yet."""
    if not isinstance(data, list) or not 1 <= len(data) <= _MOST_RESULTS:
        raise must("results", f"a list of 1 to {_MOST_RESULTS} results", data)
    return tuple(_result_record(mapping("results", one, _KEYS)) for one in data)


def recomputed_results(records: Sequence[ResultRecord], most: float, data: Any = None) -> list[Any]:
    """Make results again."""
    made = [record.remake for record in records]
    held = [one for one in made if one is not None]
    if len(held) < len(made):
        raise ValueError("It does not hold how what it shows was made.")
    work = sum(one.work for one in held)
    if not work <= most:
        raise ValueError(f"It is the work of {work:,.0f} steps, more than {most:,.0f}.")
    if data is not None and not any(one.needs for one in held):
        raise must("data", "left out where there are no images", data)
    found = [one.run(data) if one.needs else one.run() for one in held]
    for record, result in zip(records, found, strict=True):
        if result.digest() != record.digest:
            words = f"The {record.kind} is not bit for bit that of the recipe."
            warnings.warn(words, stacklevel=5)
    return found


def _packed_result(result: Any) -> dict[str, Any]:
    found = [kind for kind, (made, _, _) in REMAKES.items() if made is type(result)]
    if not found:
        raise must("shown", "results of maps, experiments or searches", result, kind=TypeError)
    name, teller = found[0], REMAKES[found[0]][1]
    try:
        told = getattr(result, teller)
        data = {"kind": name, "told": told() if callable(told) else told, "digest": result.digest()}
        unpack_results(parsed(written({"results": [data]}))["results"])
    except (KeyError, TypeError, ValueError):
        return {"kind": name}  # Made with somebody's own code, or more than is ever read.
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


#: The number of the format, which grows when an older version could not read a newer recipe.
FORMAT = 1


def make_recipe(shown: Any, *, kind: str = "animation", settings: Mapping[str, Any]) -> str:
    """Write down what made a picture."""
    version = versions()["trajectories"]
    kind = resolve("kind of recipe", kind, KINDS)
    kept, omitted = pack_settings(kind, settings)
    about = {"trajectories": version, "format": FORMAT, "kind": kind}
    last = {"settings": kept, **({"omitted": omitted} if omitted else {})}
    if KINDS[kind].shows == "surface":
        return written({**about, "surface": pack_surface(as_surface(shown)), **last})
    room = MOST_TEXT - len(written({**about, **last})) - 100
    if KINDS[kind].shows == "results":
        return written({**about, **pack_results(shown, room), **last})
    return written({**about, **pack_paths(checked(shown), room), **last})
