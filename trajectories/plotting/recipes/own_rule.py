"""What stands for an optimizer that only its user has: a name and learning rates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from trajectories.arrays import from_plain, to_plain
from trajectories.optimizers import Rule
from trajectories.plotting.recipes.text import mapping
from trajectories.validation import must

__all__ = ["OwnRule", "Rates", "from_own", "to_own"]


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
