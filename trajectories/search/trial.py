"""A trial of a search: what was drawn, how far it came, and what it was worth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from trajectories.search.space import Space
from trajectories.validation import integer, must

__all__ = ["ENDED", "Trial", "draw", "ranked", "standing"]

#: How a trial may end: at its full length; early, as others did better; or with nothing finite.
ENDED = ("finished", "abandoned", "diverged")
_STATUSES = (*ENDED, "paused")


@dataclass(frozen=True)
class Trial:
    """One trial. Two are equal if all is, but for the seconds that they took.

    Parameters
    ----------
    number : int
        From 0; its hyperparameters and its seed follow from that, and from the search's seed.
    round : int
        From 0.
    params : dict
        The hyperparameters.
    seed : int
        Of whatever is random in it.
    status : {"finished", "abandoned", "diverged", "paused"}
        How it ended, or that it has not yet.
    score : float or None
        What it was worth when it ended; None if it diverged.
    reached : int
        How long it was, in epochs or steps.
    curves : dict of list of float
        What was recorded on the way.
    seconds : float
        How long it took.
    """

    number: int
    round: int
    params: dict[str, Any]
    seed: int
    status: str = "paused"
    score: float | None = None
    reached: int = 0
    curves: dict[str, list[float]] = field(default_factory=dict, repr=False)
    seconds: float = field(default=0.0, compare=False, repr=False)

    @property
    def ended(self) -> bool:
        """Whether it has come to an end."""
        return self.status in ENDED

    def to_dict(self) -> dict[str, Any]:
        """Return the trial as plain data, such as JSON can hold."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def to_record(self) -> dict[str, Any]:
        """Return the trial as a flat dictionary; hyperparameters are called params_lr and so on."""
        plain = {k: v for k, v in self.to_dict().items() if k not in ("params", "curves")}
        return {**plain, **{f"params_{name}": value for name, value in self.params.items()}}

    @classmethod
    def from_dict(cls, data: Any) -> Trial:
        """Return the trial that `to_dict` told of.

        Raises
        ------
        TypeError, ValueError
            If it is anything else.
        """
        if not isinstance(data, dict) or set(data) != {item.name for item in fields(cls)}:
            raise must("trial", "a record of a trial", data)
        if data["status"] not in _STATUSES:
            raise must("status", f"one of {', '.join(_STATUSES)}", data["status"])
        for name in ("number", "round", "seed", "reached"):
            integer(name, data[name], 0)
        if not isinstance(data["params"], dict) or not isinstance(data["curves"], dict):
            raise must("params", "a record of hyperparameters", data["params"])
        score = data["score"]
        if (score is None) != (data["status"] == "diverged"):
            raise must("score", "a number, unless the trial diverged", score)
        if score is not None and not (isinstance(score, float) and math.isfinite(score)):
            raise must("score", "a finite number", score)
        return cls(**data)


def draw(space: Space, number: int, turn: int, entropy: int) -> Trial:
    """Return a trial that has not begun: what it tries follows from its number alone."""
    sampling, running = np.random.SeedSequence(entropy, spawn_key=(number,)).spawn(2)
    params = space.draw(np.random.default_rng(sampling))
    # JSON's integers are exact up to 2**53 in every reader.
    seed = int(running.generate_state(1, np.uint64)[0]) >> 11
    return Trial(number, turn, params, seed)


def standing(trial: Trial, goal: str) -> tuple[Any, ...]:
    """Return what trials are sorted by, the best first."""
    if trial.score is None:
        return 1, -trial.reached, 0.0, trial.number
    score = trial.score if goal == "min" else -trial.score
    return 0, -trial.reached, score, trial.number


def ranked(trials: Sequence[Trial] | Mapping[int, Trial], goal: str) -> list[Trial]:
    """Return trials, the best first; see `standing`."""
    several = trials.values() if isinstance(trials, Mapping) else trials
    return sorted(several, key=lambda trial: standing(trial, goal))
