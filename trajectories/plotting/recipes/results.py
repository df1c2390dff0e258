"""The results of a recipe: how maps, experiments and searches were made, as plain data."""

from __future__ import annotations

import pkgutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.plotting.recipes.kinds import RESULTS
from trajectories.plotting.recipes.text import mapping, parsed, written
from trajectories.remake import Remake
from trajectories.validation import must

__all__ = ["MOST_RUN", "ResultRecord", "pack_results", "results_again", "unpack_results"]

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
    packed = [_packed(result) for result in results]
    if len(written({"results": packed})) > most:
        packed = [{"kind": one["kind"]} for one in packed]
    return {"results": packed}


def unpack_results(data: Any) -> tuple[ResultRecord, ...]:
    """Return what a recipe tells of its results; nothing has been run yet."""
    if not isinstance(data, list) or not 1 <= len(data) <= _MOST_RESULTS:
        raise must("results", f"a list of 1 to {_MOST_RESULTS} results", data)
    return tuple(_record(mapping("results", one, _KEYS)) for one in data)


def results_again(records: Sequence[ResultRecord], most: float, data: Any = None) -> list[Any]:
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


def _packed(result: Any) -> dict[str, Any]:
    found = [kind for kind, (made, _, _) in RESULTS.items() if made == type(result).__name__]
    if not found:
        raise must("shown", "results of maps, experiments or searches", result, kind=TypeError)
    name, teller = found[0], RESULTS[found[0]][1]
    try:
        told = getattr(result, teller)
        data = {"kind": name, "told": told() if callable(told) else told, "digest": result.digest()}
        unpack_results(parsed(written({"results": [data]}))["results"])
    except (KeyError, TypeError, ValueError):
        return {"kind": name}  # Made with somebody's own code, or more than is ever read.
    return data


def _record(data: Mapping[str, Any]) -> ResultRecord:
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in RESULTS:
        raise must("kind", f"one of {', '.join(RESULTS)}", kind)
    if "told" not in data:
        return ResultRecord(kind)
    if not isinstance(data.get("digest"), str):
        raise must("digest", "a text", data.get("digest"))
    remake = pkgutil.resolve_name(RESULTS[kind][2])
    return ResultRecord(kind, remake(mapping("told", data["told"])), data["digest"])
