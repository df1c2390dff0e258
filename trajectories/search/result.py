"""What a search found: its trials, the spaces of its rounds, and the winner."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trajectories.archive import refusal
from trajectories.arrays import fingerprint, from_plain, to_plain
from trajectories.atomic import replacing
from trajectories.remake import Remake
from trajectories.search.journal import Journal, header_of, line_of, read_journal
from trajectories.search.schedule import best_quarter, narrowed, round_sizes
from trajectories.search.space import Space
from trajectories.search.trial import ENDED, Trial, ranked
from trajectories.validation import integer, must

__all__ = ["SearchResult", "remake_search"]

#: Of what may come from anywhere; nobody narrows a space so often.
_MOST_ROUNDS = 10_000


@dataclass(frozen=True, repr=False)
class SearchResult:
    """What a search found, whether it has come to its end or not.

    Parameters
    ----------
    settings : dict
        What was searched.
    trials : tuple of Trial
        Those that have ended, by number, whether finished, abandoned or diverged.
    conclusion : dict or None
        What was found out about the winner in the end.
    versions : dict
        What it was begun with.

    Examples
    --------
    >>> from trajectories.search import search_surface
    >>> found = search_surface("sphere", "sgd", "lr=log(1e-3, 1)", 20, steps=10)
    >>> found.count("finished"), len(found.trials)
    (20, 20)
    """

    settings: dict[str, Any]
    trials: tuple[Trial, ...]
    conclusion: dict[str, Any] | None
    versions: dict[str, str]

    @classmethod
    def of(cls, book: Journal) -> SearchResult:
        """Return what a journal knows."""
        ended = tuple(trial for trial in book.latest if trial.ended)
        return cls(book.settings, ended, book.conclusion, book.versions)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SearchResult:
        """Read the journal of a search, which may still be running. Reading runs no code.

        Raises
        ------
        OSError
            If it cannot be read.
        ValueError
            If it is no journal.
        """
        book, _ = read_journal(path)
        if book is None:
            raise ValueError(f"{os.fspath(path)!r} holds no journal of a search: it is empty.")
        try:
            found = cls.of(book)
            found._check()
        except Exception as error:  # Settings and trials may hold anything.
            raise refusal(path, "search", error) from error
        return found

    @classmethod
    def from_dict(cls, data: Any) -> SearchResult:
        """Return the result that `to_dict` told of.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is anything else.
        """
        trials = []
        for told in data["trials"]:
            curves = {str(k): from_plain(str(k), c).tolist() for k, c in told["curves"].items()}
            trials.append(Trial.from_dict({**told, "curves": curves}))
        parts = [data[name] for name in ("settings", "conclusion", "versions")]
        if not isinstance(parts[0], dict) or not isinstance(parts[1], (dict, type(None))):
            raise must("search", "a record with its settings and conclusion", data)
        found = cls(parts[0], tuple(trials), parts[1], dict(parts[2]))
        found._check()
        return found

    def _check(self) -> None:
        """Raise if these are not the settings and trials of a search."""
        most = integer("trials", self.settings["trials"], 1)
        rounds = integer("rounds", self.settings["rounds"], 1)
        if rounds > min(most, _MOST_ROUNDS):
            raise must("rounds", f"at most {min(most, _MOST_ROUNDS):,}", rounds)
        if self.settings["goal"] not in ("max", "min"):
            raise must("goal", "max or min", self.settings["goal"])
        if not isinstance(self.settings["measure"], str):
            raise must("measure", "text", self.settings["measure"], kind=TypeError)
        if any(trial.round >= rounds or trial.number >= most for trial in self.trials):
            raise must("trials", f"{most:,} at most, in {rounds} rounds", len(self.trials))
        if not self.spaces:
            raise must("trials", "those of a search", len(self.trials))

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data, such as JSON can hold; long curves are compressed."""
        trials = []
        for trial in self.trials:
            curves = {name: to_plain(curve) for name, curve in trial.curves.items()}
            trials.append({**trial.to_dict(), "curves": curves})
        return {
            "settings": self.settings,
            "trials": trials,
            "conclusion": self.conclusion,
            "versions": self.versions,
        }

    def digest(self) -> str:
        """Return a fingerprint of all scores and curves, bit for bit."""
        scores = [np.nan if trial.score is None else trial.score for trial in self.trials]
        return fingerprint(scores, *(c for trial in self.trials for c in trial.curves.values()))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the result as a journal, which `load` reads back.

        Raises
        ------
        OSError
            If the file cannot be written; an old one is then left as it was.
        """
        with replacing(path) as file:
            file.write(header_of(self.settings, self.versions))
            for trial in self.trials:
                file.write(line_of({"trial": trial.to_dict()}))
            if self.conclusion is not None:
                file.write(line_of({"conclusion": self.conclusion}))

    @property
    def goal(self) -> str:
        """Whether a high score is good ("max"), or a low one ("min")."""
        return str(self.settings["goal"])

    @property
    def space(self) -> Space:
        """What the first round was drawn from."""
        return Space.from_dict(self.settings["space"])

    @cached_property
    def rounds(self) -> tuple[tuple[Trial, ...], ...]:
        """The trials of each round that has begun."""
        count = max((trial.round for trial in self.trials), default=-1) + 1
        return tuple(tuple(t for t in self.trials if t.round == turn) for turn in range(count))

    @cached_property
    def spaces(self) -> tuple[Space, ...]:
        """The space of each round, and last the one to which all of them have narrowed.

        Those that are not yet known are missing.
        """
        found = [self.space]
        sizes = round_sizes(self.settings["trials"], self.settings["rounds"])
        for trials, size in zip(self.rounds, sizes, strict=False):
            if len(trials) < size:
                break
            found.append(narrowed(found[-1], trials, self.goal))
        return tuple(found)

    @cached_property
    def ranking(self) -> tuple[Trial, ...]:
        """The trials, the best first: finished ones, then abandoned, last what diverged."""
        return tuple(ranked(self.trials, self.goal))

    @property
    def best(self) -> Trial | None:
        """The winner; None if no trial has a score."""
        first = next(iter(self.ranking), None)
        return None if first is None or first.score is None else first

    def best_quarter(self, turn: int) -> list[Trial]:
        """Return the trials of a round that the next one narrows to."""
        return best_quarter(self.rounds[turn], self.goal)

    @property
    def complete(self) -> bool:
        """Whether all trials have ended."""
        return len(self.trials) == int(self.settings["trials"])

    def count(self, status: str) -> int:
        """Return how many trials ended so: "finished", "abandoned" or "diverged"."""
        return sum(trial.status == status for trial in self.trials)

    def to_records(self) -> list[dict[str, Any]]:
        """Return a flat dictionary for each trial, as ``pandas.DataFrame`` takes them.

        Hyperparameters are called params_lr and so on, as in Optuna's tables; those of the space
        are in ``result.space.to_records()``.
        """
        return [trial.to_record() for trial in self.trials]

    def __iter__(self) -> Iterator[Trial]:
        """Go through the trials by number."""
        return iter(self.trials)

    def __len__(self) -> int:
        """Return how many trials have ended."""
        return len(self.trials)

    @property
    def summary(self) -> str:
        """How the trials ended, and the best, in words."""
        told = ", ".join(f"{self.count(kind)} {kind}" for kind in ENDED if self.count(kind))
        best = self.best
        if best is None:
            return told or "no trial"
        params = ", ".join(
            f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in best.params.items()
        )
        return f"{told}; best {self.settings['measure']} {best.score:.4g} at {params}"

    def __repr__(self) -> str:
        """Show how the trials ended, and the best."""
        return f"SearchResult({self.summary})"


def remake_search(data: Any) -> Remake:
    """Check what is told of a search: it is held whole, as its objective may be anybody's code."""
    found = SearchResult.from_dict(data)
    return Remake(0, lambda: found)
