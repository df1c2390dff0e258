"""Search for an optimizer's hyperparameters on a surface."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from trajectories.arrays import to_plain
from trajectories.descent import descend
from trajectories.names import resolve
from trajectories.optimizers import Rule, as_optimizer
from trajectories.optimizers.record import to_record
from trajectories.search.engine import search
from trajectories.search.objective import Objective, Report
from trajectories.search.result import SearchResult
from trajectories.surfaces import as_surface
from trajectories.validation import NON_NEGATIVE, integer, must, scalar

__all__ = ["SurfaceObjective", "search_surface", "with_params"]

#: Points of a loss curve that are kept at most.
_POINTS = 100


def with_params(optimizer: Any, params: Mapping[str, Any]) -> Rule:
    """Return an unused optimizer with other hyperparameters."""
    rest = dict(params)
    rule = as_optimizer(rest.pop("optimizer", optimizer))
    names = [item.name for item in fields(rule)]
    for name in rest:
        resolve(f"hyperparameter of {rule.name}", name, names)
        if name not in names:
            raise must("space", f"of names such as {names[0]}", name)
    return rule.fresh(**rest)


class SurfaceObjective(Objective):
    """An optimizer that descends a surface; the score is f after its last step.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    optimizer : Optimizer, str or type
        What descends, with the hyperparameters that are not searched for.
    start : array_like, shape (2,), optional
        By default the surface's own.
    steps : int, default 100
        How many updates.
    noise : float, default 0
        The standard deviation of Gaussian noise added to each component of each gradient.

    Examples
    --------
    >>> objective = SurfaceObjective("x**2/20 + y**2", "sgd", start=(-7, 2), steps=30)
    >>> round(objective.run({"lr": 0.95}, seed=0, until=30).score, 4)
    0.0133
    """

    goal, measure, unit = "min", "loss", "step"

    def __init__(
        self,
        surface: Any,
        optimizer: Any = "sgd",
        *,
        start: ArrayLike | None = None,
        steps: int = 100,
        noise: float = 0.0,
    ) -> None:
        self.surface, self.optimizer = as_surface(surface), as_optimizer(optimizer)
        self.budget = integer("steps", steps, 1)
        self.noise = scalar("noise", noise, NON_NEGATIVE)
        tried = descend(self.surface, self.optimizer, start, 1)
        self.start = tried.positions[0]
        if self.start.shape != (2,):
            raise must("start", "one start (x, y)", self.start.tolist())

    def settings(self) -> dict[str, Any]:
        """Return what tells this objective from others, as JSON can hold it."""
        return {
            "surface": self.surface.to_dict(),
            "optimizer": to_record(self.optimizer, own=True),
            "start": to_plain(self.start),
            "steps": self.budget,
            "noise": self.noise,
        }

    def check(self, params: Mapping[str, Any]) -> None:
        """Raise if hyperparameters are unknown, or not what they must be."""
        with_params(self.optimizer, params)

    def run(self, params: Mapping[str, Any], seed: int, until: int, state: Any = None) -> Report:
        """Descend so many steps, from the start: it takes no longer than to remember."""
        rule = with_params(self.optimizer, params)
        path = descend(self.surface, rule, self.start, until, noise=self.noise, rng=seed)
        values = np.asarray(path.values, np.float64)
        shown = np.unique(np.linspace(0, until, min(until, _POINTS) + 1).astype(int))
        shown = shown[np.isfinite(values[shown])]
        curves = {"step": shown.tolist(), "loss": values[shown].tolist()}
        score = float(values[-1])
        if math.isfinite(score):
            return Report(score, until, curves)
        reached = int(np.flatnonzero(np.isfinite(values))[-1]) if np.isfinite(values).any() else 0
        return Report(None, reached, curves)


def search_surface(
    surface: Any,
    optimizer: Any = "sgd",
    space: Any = "lr=log(1e-4, 10)",
    trials: int = 100,
    *,
    start: ArrayLike | None = None,
    steps: int = 100,
    noise: float = 0.0,
    workers: int | None = None,
    **settings: Any,
) -> SearchResult:
    """Search for an optimizer's hyperparameters on a surface.

    Parameters
    ----------
    surface, optimizer, start, steps, noise
        As for `SurfaceObjective`.
    space : Space, mapping, str or iterable of str, default "lr=log(1e-4, 10)"
        What hyperparameters are drawn from; one called optimizer chooses the rule.
    trials : int, default 100
        How many in all.
    workers : int, optional
        How many processes; by default 1, as a descent is short, and sending it away takes longer.
    **settings
        As for `search`: rounds, halving, rng, journal, resume, scheduler, progress.

    Raises
    ------
    TypeError, ValueError, OSError, ImportError
        As `search`.

    Examples
    --------
    >>> found = search_surface(
    ...     "x**2/20 + y**2", "momentum", "lr=log(1e-3, 1), momentum=uniform(0, 0.99)", 60,
    ...     start=(-7, 2), rounds=3,
    ... )
    >>> found.count("finished"), found.best.score < 0.01
    (60, True)
    """
    objective = SurfaceObjective(surface, optimizer, start=start, steps=steps, noise=noise)
    if workers is None and settings.get("scheduler") is None:
        workers = 1
    return search(objective, space, trials, workers=workers, **settings)
