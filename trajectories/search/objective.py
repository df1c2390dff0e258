"""What a search looks for: an objective runs one trial, in parts if need be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

__all__ = ["Objective", "Report"]


@dataclass(frozen=True)
class Report:
    """How far a trial has come.

    Parameters
    ----------
    score : float or None
        What it is worth now; None if it has diverged.
    reached : int
        How long it was so far.
    curves : dict of list of float
        What was recorded from the beginning to now.
    state : object
        What `Objective.run` may go on from; anything that pickles.
    """

    score: float | None
    reached: int
    curves: dict[str, list[float]] = field(default_factory=dict)
    state: Any = None


class Objective(ABC):
    """What is tried. It pickles, and what it returns depends on its arguments alone.

    Attributes
    ----------
    goal : {"max", "min"}
        Whether a high score is good, or a low one.
    measure : str
        What the score is called.
    unit : str
        What a trial's length is counted in.
    budget : int
        The full length of a trial.
    """

    goal: ClassVar[str] = "max"
    measure: ClassVar[str] = "score"
    unit: ClassVar[str] = "step"
    budget: int

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return what tells this objective from others, as JSON can hold it."""

    @abstractmethod
    def check(self, params: Mapping[str, Any]) -> None:
        """Raise if hyperparameters are unknown, or not what they must be; try nothing."""

    @abstractmethod
    def run(self, params: Mapping[str, Any], seed: int, until: int, state: Any = None) -> Report:
        """Run a trial up to a length.

        Parameters
        ----------
        params : mapping
            The hyperparameters.
        seed : int
            Of whatever is random.
        until : int
            How long, from the beginning, at most `budget`.
        state : object, optional
            Where an earlier report of this very trial ended. With it or without, the report is
            the same.
        """
