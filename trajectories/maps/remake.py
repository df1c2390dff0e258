"""Maps from the data of a recipe, which may come from anywhere: checked, then made again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.arrays import from_plain
from trajectories.maps.basins import run_starts
from trajectories.maps.outcomes import MEASURES, Choices
from trajectories.maps.sensitivity import checked_axes, run_choices
from trajectories.maps.settings import Settings
from trajectories.maps.tuning import Trial, Tuning
from trajectories.names import resolve
from trajectories.remake import Remake
from trajectories.validation import POSITIVE, integer, must, rectangle, scalar

__all__ = ["remake_basins", "remake_sensitivity", "remake_tuning"]

#: The most cells of a map, steps of each, minima of a surface, optimizers of a race, learning
#: rates of each, and characters of a label.
_CELLS, _STEPS, _MINIMA, _TRIALS, _RATES, _LABEL = 25_000_000, 1_000_000, 10_000, 100, 2_000, 200
#: The most numbers that a block may keep, and those of a step: position, gradient and f.
_KEPT, _NUMBERS = 50_000_000, 5


def remake_sensitivity(data: dict[str, Any]) -> Remake:
    """Check what is told of a map over hyperparameters."""
    settings = Settings.from_dict(data["settings"])
    axes = {str(name): from_plain(str(name), axis) for name, axis in data["axes"].items()}
    ticks = checked_axes(settings.optimizer, axes)
    measure = resolve("measure", data["measure"], MEASURES)
    if measure == "steps" and settings.tolerance is None:
        raise must("tolerance", "given if steps are what is measured", None)
    cells = Choices(settings, tuple(map(len, ticks.values())), ticks, measure)
    block = cells.block(_block(data["block"], cells.count, settings))
    label = _label(data["label"])
    return Remake(_work(settings, cells.count), lambda: run_choices(cells, block, label))


def remake_basins(data: dict[str, Any]) -> Remake:
    """Check what is told of a map over starts."""
    settings = Settings.from_dict(data["settings"])
    limits = rectangle("limits", data["limits"])
    minima = from_plain("minima", data["minima"])
    if minima.ndim != 2 or minima.shape[1] != 2 or not 1 <= len(minima) <= _MINIMA:
        raise must("minima", f"of shape (k, 2), with k from 1 to {_MINIMA:,}", minima.shape)
    columns, rows = (integer("resolution", number, 1) for number in data["resolution"])
    radius = scalar("radius", data["radius"], POSITIVE)
    block = _block(data["block"], columns * rows, settings)
    label = _label(data["label"])
    return Remake(
        # Each looks how far it is from each of the minima.
        _work(settings, columns * rows) * (1 + len(minima) / 4),
        lambda: run_starts(settings, limits, (columns, rows), minima, radius, block, label),
    )


def remake_tuning(data: dict[str, Any]) -> Remake:
    """Check what is told of a race with tuned learning rates."""
    told = data["trials"]
    if not isinstance(told, list) or not 1 <= len(told) <= _TRIALS:
        raise must("trials", f"a list of 1 to {_TRIALS}", told)
    entrants = [
        (Settings.from_dict(one["settings"]), _label(one["label"]), _rates(one["rates"]))
        for one in told
    ]
    low, high = (scalar("range", end, POSITIVE) for end in data["range"])
    first = entrants[0]
    for settings, _, rates in entrants:
        if settings.is_random:  # All of them are run once more for the path of the best.
            _block(len(rates), len(rates), settings)
        if settings.surface != first[0].surface or len(rates) != len(first[2]):
            raise must("trials", "of as many rates on one surface", len(rates))
    drawn = bool(data["drawn"])

    def run() -> Tuning:
        return Tuning(tuple(Trial.of(*one) for one in entrants), len(first[2]), (low, high), drawn)

    return Remake(sum(_work(settings, len(rates)) for settings, _, rates in entrants), run)


def _work(settings: Settings, count: int) -> float:
    """Return how many steps of paths there are, each as often as its minibatch has samples."""
    if count > _CELLS:
        raise must("cells", f"at most {_CELLS:,}", count)
    if settings.steps > _STEPS:
        raise must("steps", f"at most {_STEPS:,}", settings.steps)
    size = getattr(settings.surface, "batch_size", None) or 0
    return float(count) * settings.steps * (1 + size)


def _block(given: Any, count: int, settings: Settings) -> int | None:
    """Return how many cells run together, which makes a difference only to what is random."""
    block = integer("block", given, 1)
    if not settings.is_random:
        return None
    if min(block, count) * (settings.steps + 1) * _NUMBERS > _KEPT:
        raise must("block", "fewer cells for so many steps", block)
    return block


def _rates(data: Any) -> NDArray[np.float64]:
    rates = from_plain("rates", data)
    if rates.ndim != 1 or not 2 <= len(rates) <= _RATES:
        raise must("rates", f"from 2 to {_RATES:,} numbers", rates.shape)
    if not (np.diff(rates) >= 0).all() or not rates[0] > 0:
        raise must("rates", "positive numbers in ascending order", rates)
    return rates


def _label(data: Any) -> str:
    if not isinstance(data, str) or len(data) > _LABEL:
        raise must("label", f"a text of at most {_LABEL} characters", data)
    return data
