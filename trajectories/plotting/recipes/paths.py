"""The paths of a recipe: how each was made, or itself where that cannot be told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trajectories.arrays import fingerprint, to_plain
from trajectories.descent import run
from trajectories.optimizers.record import to_record
from trajectories.plotting.recipes.own_rule import to_own
from trajectories.plotting.recipes.text import parsed, written
from trajectories.surfaces import LeastSquares, Surface
from trajectories.trajectory import Descent, Trajectory

__all__ = [
    "ARRAYS",
    "MOST_SAMPLES",
    "digest",
    "pack_paths",
    "pack_surface",
    "work",
]

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
    records = [_packed(path) for path in paths]
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


def _packed(path: Trajectory) -> dict[str, Any]:
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
