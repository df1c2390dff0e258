"""What a recipe of a map, an experiment or a search tells, in the form in which paths are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["SEEN", "as_paths"]

#: What is seen, by the kind of result.
SEEN = {
    "sensitivity": "how descents end over hyperparameters",
    "basins": "where each start leads",
    "tuning": "a race with tuned learning rates",
    "experiment": "networks in training",
    "landscape": "the loss around paths of training",
    "search": "the trials of a search",
}
#: What of the settings of an experiment tells how long and how large.
_LENGTHS = ("iterations", "epochs", "batch_size", "hidden", "images", "trials", "rounds")
_USUAL: dict[str, Any] = {"noise": 0.0, "tolerance": None, "seed": 0}


def as_paths(results: Any) -> tuple[str, dict[str, Any]]:
    """Return what is seen, and who did it on what, as a recipe of paths would tell it."""
    records = [one for one in results if isinstance(one, dict)] if isinstance(results, list) else []
    if not records:
        return "", {}
    seen = SEEN.get(str(records[0].get("kind")), "")
    parts = [part for one in records for part in _parts(_record(one.get("told")))]
    if not parts:
        return seen, {}
    first = _record(parts[0].get("settings"))
    if "surface" in first and "optimizer" in first:
        rules = [_record(part.get("settings")).get("optimizer") for part in parts]
        labels = [part.get("label") for part in parts]
        paths = [{"label": a, "optimizer": b} for a, b in zip(labels, rules, strict=True)]
        # In a map of starts all of them are.
        always = ("steps",) if "resolution" in parts[0] else ("start", "steps")
        held = {name: first[name] for name in always if name in first}
        held |= {k: first[k] for k, usual in _USUAL.items() if first.get(k, usual) != usual}
        return seen, {"surface": first["surface"], "paths": paths, "descent": held}
    told = parts[0]
    name = str(told.get("experiment", "")).replace("_", " ")
    images = _record(told.get("data")).get("name")
    title = " on ".join(str(word) for word in (name or seen, images) if word)
    race = _record(first.get("race"))
    paths = [{"label": label, "optimizer": rule} for label, rule in race.items()]
    lengths = {name: first[name] for name in _LENGTHS if isinstance(first.get(name), (int, list))}
    seeds = {"seeds": told["seeds"]} if isinstance(told.get("seeds"), list) else {}
    return seen, {"surface": {"name": title}, "paths": paths, "descent": {**lengths, **seeds}}


def _parts(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the single maps of a result: a race has one for each optimizer."""
    trials = told.get("trials")
    if isinstance(trials, list) and "range" in told:
        return [part for part in trials if isinstance(part, dict)]
    return [dict(told)] if told else []


def _record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
