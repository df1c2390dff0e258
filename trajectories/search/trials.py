"""Trials of a search: their objective, their journal, the result."""

from __future__ import annotations

import json
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

import numpy as np

from trajectories.checks import integer, must
from trajectories.files import check_target, replacing
from trajectories.records import (
    Remake,
    check_same,
    fingerprint,
    flat,
    from_plain,
    refusal,
    remakes,
    to_plain,
)
from trajectories.search.space import Space

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: How a trial can end: at its full length; early, as others were better; or not finite.
ENDED = ("finished", "abandoned", "diverged")
_STATUSES = (*ENDED, "paused")
#: The fewest trials of each of several rounds.
_LEAST = 4


@dataclass(frozen=True)
class Trial:
    """A trial. Two are equal if all but their seconds are.

    Parameters
    ----------
    number : int
        From 0; its hyperparameters and its seed follow from that, and from the search's seed.
    round : int
        From 0.
    params : dict
        The hyperparameters.
    seed : int
        The seed of its random numbers.
    status : {"finished", "abandoned", "diverged", "paused"}
        How it ended, or that it has not yet.
    score : float or None
        The score at its end; None if it diverged.
    reached : int
        Its length, in epochs or steps.
    curves : dict of list of float
        The recorded curves by name.
    seconds : float
        The time taken.
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
        """Whether it has ended."""
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
        """Return the trial from what `to_dict` returned.

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


def draw(space: Space, number: int, round: int, entropy: int) -> Trial:
    """Draw a trial: its hyperparameters follow from its number alone."""
    sampling, running = np.random.SeedSequence(entropy, spawn_key=(number,)).spawn(2)
    params = space.draw(np.random.default_rng(sampling))
    # JSON's integers are exact up to 2**53 in every reader.
    seed = int(running.generate_state(1, np.uint64)[0]) >> 11
    return Trial(number, round, params, seed)


def standing(trial: Trial, goal: str) -> tuple[Any, ...]:
    """Return the key that sorts trials, the best first."""
    if trial.score is None:
        return 1, -trial.reached, 0.0, trial.number
    score = trial.score if goal == "min" else -trial.score
    return 0, -trial.reached, score, trial.number


def ranked(trials: Sequence[Trial], goal: str) -> list[Trial]:
    """Return trials, the best first; see `standing`."""
    return sorted(trials, key=lambda trial: standing(trial, goal))


def round_sizes(trials: int, rounds: int) -> list[int]:
    """Return the trials of each round: as even as possible, the first ones one more."""
    trials, rounds = integer("trials", trials, 1), integer("rounds", rounds, 1)
    if rounds > 1 and trials < _LEAST * rounds:
        raise must("trials", f"at least {_LEAST * rounds} for {rounds} rounds", trials)
    each, larger = divmod(trials, rounds)
    return [each + (i < larger) for i in range(rounds)]


def rungs(budget: int, halving: int) -> list[int]:
    """Return the lengths at which the worse half of a round is abandoned, and the full length."""
    halving = integer("halving", halving, 0)
    return sorted({-(-budget // 2**k) for k in range(min(halving, 62) + 1)})


def better_half(trials: Sequence[Trial], goal: str) -> list[Trial]:
    """Return the better half of trials of equal length, rounded up, without diverged ones."""
    better = ranked(trials, goal)[: -(-len(trials) // 2)]
    return [trial for trial in better if trial.score is not None]


def best_quarter(trials: Sequence[Trial], goal: str) -> list[Trial]:
    """Return the best quarter of a round, rounded up, and at least two if there are two."""
    count = max(-(-len(trials) // 4), 2)
    return [trial for trial in ranked(trials, goal)[:count] if trial.score is not None]


def narrowed(space: Space, trials: Sequence[Trial], goal: str) -> Space:
    """Return the space of the next round: every range cut to where the best quarter lies."""
    best = best_quarter(trials, goal)
    return space.around(trial.params for trial in best) if len(best) > 1 else space


@dataclass(frozen=True)
class Report:
    """The report of a trial so far.

    Parameters
    ----------
    score : float or None
        The present score; None if it has diverged.
    reached : int
        Its length so far.
    curves : dict of list of float
        The recorded curves, from the beginning.
    state : object
        The state from which `Objective.run` can continue; anything that pickles.
    """

    score: float | None
    reached: int
    curves: dict[str, list[float]] = field(default_factory=dict)
    state: Any = None


class Objective(ABC):
    """The function that a search optimizes. It pickles; reports depend on arguments alone.

    Attributes
    ----------
    goal : {"max", "min"}
        Whether a high or a low score is good.
    measure : str
        The name of the score.
    unit : str
        The unit of a trial's length.
    budget : int
        The full length of a trial.
    """

    goal: ClassVar[str] = "max"
    measure: ClassVar[str] = "score"
    unit: ClassVar[str] = "step"
    budget: int

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return the settings that identify this objective, as plain data for JSON."""

    @abstractmethod
    def check(self, params: Mapping[str, Any]) -> None:
        """Raise if hyperparameters are unknown or invalid; run nothing."""

    @abstractmethod
    def run(self, params: Mapping[str, Any], seed: int, until: int, state: Any = None) -> Report:
        """Run a trial up to a length.

        Parameters
        ----------
        params : mapping
            The hyperparameters.
        seed : int
            The seed of its random numbers.
        until : int
            The length from the beginning, at most `budget`.
        state : object, optional
            The state of an earlier report of this trial. The report is the same without it.
        """


FORMAT = "trajectories search 1"
#: Advice for a file and for the folder of a command alike.
_ELSEWHERE = "keep this one elsewhere"


@dataclass
class Journal:
    """The record of a search, in memory and in its file."""

    settings: dict[str, Any]
    versions: dict[str, str] = field(default_factory=dict)
    paused: dict[int, dict[int, Trial]] = field(default_factory=dict)
    ended: dict[int, Trial] = field(default_factory=dict)
    conclusion: dict[str, Any] | None = None
    file: BinaryIO | None = None

    def at(self, number: int, length: int) -> Trial | None:
        """Return a trial at a length, or as it ended before; None if not recorded."""
        return self.paused.get(number, {}).get(length) or self.ended.get(number)

    def last(self, number: int) -> Trial | None:
        """Return the last record of a trial."""
        states = self.paused.get(number)
        return self.ended.get(number) or (states[max(states)] if states else None)

    @property
    def latest(self) -> list[Trial]:
        """The last record of each trial, by number."""
        trials = [self.last(number) for number in sorted({*self.paused, *self.ended})]
        return [trial for trial in trials if trial is not None]

    def add(self, trial: Trial) -> None:
        """Add a trial, and write it to the file."""
        self.insert(trial)
        self._write({"trial": trial.to_dict()})

    def conclude(self, conclusion: Mapping[str, Any]) -> None:
        """Write the conclusion about the winner."""
        self.conclusion = dict(conclusion)
        self._write({"conclusion": self.conclusion})

    def insert(self, trial: Trial) -> None:
        """Add a trial in memory alone."""
        if trial.number in self.ended:
            raise must("trial", "one that has not ended", trial.number)
        if trial.ended:
            self.ended[trial.number] = trial
        else:
            self.paused.setdefault(trial.number, {})[trial.reached] = trial

    def _write(self, record: Mapping[str, Any]) -> None:
        if self.file is None:
            return
        self.file.write(line_of(record))
        self.file.flush()
        os.fsync(self.file.fileno())


def line_of(record: Mapping[str, Any]) -> bytes:
    """Return a record as one line of the journal."""
    return json.dumps(record, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def header_of(settings: Mapping[str, Any], versions: Mapping[str, str]) -> bytes:
    """Return the journal's first line."""
    return line_of({"format": FORMAT, "settings": settings, "versions": versions})


def read_journal(path: str | os.PathLike[str]) -> tuple[Journal | None, int]:
    """Read a journal; it is data, and reading one runs no code."""
    with open(path, "rb") as file:
        lines = file.read().splitlines(keepends=True)
    journal, length = None, 0
    for number, line in enumerate(lines, 1):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("it is cut off")
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError("it is no record")
            if journal is None:
                if record.get("format") != FORMAT:
                    raise ValueError(f"its format is {record.get('format')!r}")
                journal = Journal(dict(record["settings"]), dict(record["versions"]))
            elif "conclusion" in record:
                journal.conclusion = dict(record["conclusion"])
            else:
                journal.insert(Trial.from_dict(record["trial"]))
        except Exception as error:  # A line may hold anything.
            cut_off = FORMAT.encode() in line[:64] or header_of({}, {})[:30].startswith(line[:30])
            if number == len(lines) and (journal is not None or cut_off):
                break  # The search was killed while it wrote this line.
            raise refusal(path, "journal of a search", error, f"line {number}") from error
        length += len(line)
    return journal, length


@contextmanager
def opened(
    path: str | os.PathLike[str] | None,
    settings: Mapping[str, Any],
    versions: Mapping[str, str],
    *,
    resume: bool = False,
) -> Iterator[Journal]:
    """Open the journal of a search, for this search alone."""
    plain = json.loads(json.dumps(settings, allow_nan=False))
    if path is None:
        yield Journal(plain, dict(versions))
        return
    from filelock import FileLock, Timeout

    target = check_target(path)
    lock = FileLock(target.with_name(f".{target.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise BlockingIOError(
            f"Another search is writing {str(target)!r}. Wait for its end, or {_ELSEWHERE}."
        ) from None
    try:
        journal, length = _journal(target, plain, versions, resume)
        with open(target, "ab") as file:
            if file.tell() > length:
                file.truncate(length)
            if not length:
                file.write(header_of(plain, versions))
            file.flush()
            os.fsync(file.fileno())
            journal.file = file
            try:
                yield journal
            finally:
                journal.file = None
    finally:
        lock.release()


def _journal(
    path: os.PathLike[str], settings: dict[str, Any], versions: Mapping[str, str], resume: bool
) -> tuple[Journal, int]:
    """Return the journal in a file, and its complete bytes."""
    new = Journal(settings, dict(versions))
    if not os.path.exists(path):
        return new, 0
    journal, length = read_journal(path)
    if journal is None or not journal.latest:  # It was stopped before its first trial.
        return new, 0
    if not resume:
        raise FileExistsError(
            f"There is a search in {os.fspath(path)!r} already. Resume it, or {_ELSEWHERE}."
        )
    what, advice = "the journal of another search", f"{_ELSEWHERE.capitalize()}."
    check_same(path, what, flat(journal.settings), flat(settings), advice)
    return journal, length


#: The most rounds of a file from anywhere.
_MOST_ROUNDS = 10_000


@dataclass(frozen=True, repr=False)
class SearchResult:
    """The result of a search, complete or not.

    Parameters
    ----------
    settings : dict
        The settings of the search.
    trials : tuple of Trial
        The ended trials by number, whether finished, abandoned or diverged.
    conclusion : dict or None
        The conclusion about the winner.
    versions : dict
        The versions at its start.

    Examples
    --------
    >>> from trajectories.search import search_surface
    >>> found = search_surface("sphere", "sgd", "lr=1e-3:1", 20, steps=10)
    >>> found.count("finished"), len(found.trials)
    (20, 20)
    """

    settings: dict[str, Any]
    trials: tuple[Trial, ...]
    conclusion: dict[str, Any] | None
    versions: dict[str, str]

    @classmethod
    def of(cls, journal: Journal) -> SearchResult:
        """Return the result in a journal."""
        ended = tuple(trial for trial in journal.latest if trial.ended)
        return cls(journal.settings, ended, journal.conclusion, journal.versions)

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
        journal, _ = read_journal(path)
        if journal is None:
            raise ValueError(f"{os.fspath(path)!r} holds no journal of a search: it is empty.")
        try:
            result = cls.of(journal)
            result._check()
        except Exception as error:  # Settings and trials may hold anything.
            raise refusal(path, "search", error) from error
        return result

    @classmethod
    def from_dict(cls, data: Any) -> SearchResult:
        """Return the result from what `to_dict` returned.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is anything else.
        """
        trials = []
        for row in data["trials"]:
            curves = {str(k): from_plain(str(k), c).tolist() for k, c in row["curves"].items()}
            trials.append(Trial.from_dict({**row, "curves": curves}))
        settings, conclusion, versions = (data[k] for k in ("settings", "conclusion", "versions"))
        if not isinstance(settings, dict) or not isinstance(conclusion, (dict, type(None))):
            raise must("search", "a record with its settings and conclusion", data)
        result = cls(settings, tuple(trials), conclusion, dict(versions))
        result._check()
        return result

    def _check(self) -> None:
        """Raise unless these are the settings and trials of a search."""
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
        """Return the result as plain data for JSON; long curves are compressed."""
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
        """Whether a high ("max") or a low ("min") score is good."""
        return str(self.settings["goal"])

    @property
    def space(self) -> Space:
        """The space of the first round."""
        return Space.from_dict(self.settings["space"])

    @cached_property
    def rounds(self) -> tuple[tuple[Trial, ...], ...]:
        """The trials of each round that has begun."""
        count = max((trial.round for trial in self.trials), default=-1) + 1
        return tuple(tuple(t for t in self.trials if t.round == i) for i in range(count))

    @cached_property
    def spaces(self) -> tuple[Space, ...]:
        """The space of each round known so far, and last the final, narrowest one."""
        spaces = [self.space]
        sizes = round_sizes(self.settings["trials"], self.settings["rounds"])
        for trials, size in zip(self.rounds, sizes, strict=False):
            if len(trials) < size:
                break
            spaces.append(narrowed(spaces[-1], trials, self.goal))
        return tuple(spaces)

    @cached_property
    def ranking(self) -> tuple[Trial, ...]:
        """The trials, the best first: finished, then abandoned, last diverged ones."""
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
        """Return the number of trials that ended "finished", "abandoned" or "diverged"."""
        return sum(trial.status == status for trial in self.trials)

    def to_records(self) -> list[dict[str, Any]]:
        """Return a flat dictionary for each trial, such as for ``pandas.DataFrame``.

        Hyperparameters are named params_lr and so on, as in Optuna's tables; the ranges are in
        ``result.space.to_records()``.
        """
        return [trial.to_record() for trial in self.trials]

    def draw(
        self, page: str = "best", *, theme: str | None = None, size: tuple[int, int] | None = None
    ) -> Figure:
        """Draw a figure of the search; nothing is run.

        Parameters
        ----------
        page : {"best", "plane", "ranking"}, default "best"
            The learning curves of the best trials, all trials over two hyperparameters, or their
            scores by rank.
        theme : str, optional
            As for `trajectories.plot`.
        size : (int, int), optional
            Width and height in pixels.
        """
        from trajectories.mnist.figures.search_figure import draw_search

        return draw_search(self, page, theme=theme, size=size)

    def __iter__(self) -> Iterator[Trial]:
        """Go through the trials by number."""
        return iter(self.trials)

    def __len__(self) -> int:
        """Return the number of ended trials."""
        return len(self.trials)

    @property
    def summary(self) -> str:
        """The counts of each ending, and the best, in words."""
        counts = ", ".join(f"{self.count(kind)} {kind}" for kind in ENDED if self.count(kind))
        best = self.best
        if best is None:
            return counts or "no trial"
        params = ", ".join(
            f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in best.params.items()
        )
        return f"{counts}; best {self.settings['measure']} {best.score:.4g} at {params}"

    def __repr__(self) -> str:
        """Show the counts of each ending, and the best."""
        return f"SearchResult({self.summary})"


@remakes("search", SearchResult)
def remake_search(data: Any) -> Remake:
    """Check a recorded search: its results are stored, as its objective may be any code."""
    result = SearchResult.from_dict(data)
    return Remake(0, lambda: result)
