"""Trials of a search: what is scored, the journal that keeps them, the result."""

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


_LEAST = 4


def round_sizes(trials: int, rounds: int) -> list[int]:
    """Return how many trials each round has: as evenly as it goes, the first ones one more."""
    trials, rounds = integer("trials", trials, 1), integer("rounds", rounds, 1)
    if rounds > 1 and trials < _LEAST * rounds:
        raise must("trials", f"at least {_LEAST * rounds} for {rounds} rounds", trials)
    each, more = divmod(trials, rounds)
    return [each + (turn < more) for turn in range(rounds)]


def rungs(budget: int, halving: int) -> list[int]:
    """Return after which lengths the worse half of a round is abandoned, and the full length."""
    halving = integer("halving", halving, 0)
    return sorted({-(-budget // 2**k) for k in range(min(halving, 62) + 1)})


def kept(trials: Sequence[Trial], goal: str) -> list[Trial]:
    """Return the better half of trials that are equally long, rounded up; none that diverged."""
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


FORMAT = "trajectories search 1"
#: Said of a file as of the folder that a command keeps it in.
_ELSEWHERE = "keep this one elsewhere"


@dataclass
class Journal:
    """What is known of a search, and the file that knows it too."""

    settings: dict[str, Any]
    versions: dict[str, str] = field(default_factory=dict)
    paused: dict[int, dict[int, Trial]] = field(default_factory=dict)
    ended: dict[int, Trial] = field(default_factory=dict)
    conclusion: dict[str, Any] | None = None
    file: BinaryIO | None = None

    def at(self, number: int, length: int) -> Trial | None:
        """Return a trial as it was at a length, or as it ended before; None if not known."""
        return self.paused.get(number, {}).get(length) or self.ended.get(number)

    def last(self, number: int) -> Trial | None:
        """Return the last that is known of a trial."""
        states = self.paused.get(number)
        return self.ended.get(number) or (states[max(states)] if states else None)

    @property
    def latest(self) -> list[Trial]:
        """The last that is known of each trial, by number."""
        known = [self.last(number) for number in sorted({*self.paused, *self.ended})]
        return [trial for trial in known if trial is not None]

    def add(self, trial: Trial) -> None:
        """Take a trial in, and write it down for good."""
        self._take(trial)
        self._write({"trial": trial.to_dict()})

    def conclude(self, conclusion: Mapping[str, Any]) -> None:
        """Write down what was found out about the winner."""
        self.conclusion = dict(conclusion)
        self._write({"conclusion": self.conclusion})

    def _take(self, trial: Trial) -> None:
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
        whole = file.read()
    lines = whole.splitlines(keepends=True)
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
                journal._take(Trial.from_dict(record["trial"]))
        except Exception as error:  # A line may hold anything.
            begun = FORMAT.encode() in line[:64] or header_of({}, {})[:30].startswith(line[:30])
            if number == len(lines) and (journal is not None or begun):
                break  # The search was killed while it wrote this.
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
    """Return what a file knows of a search already, and how much of it is whole."""
    new = Journal(settings, dict(versions))
    if not os.path.exists(path):
        return new, 0
    journal, length = read_journal(path)
    if journal is None or not journal.latest:  # Whatever it was to be, nothing has come of it.
        return new, 0
    if not resume:
        raise FileExistsError(
            f"There is a search in {os.fspath(path)!r} already. Resume it, or {_ELSEWHERE}."
        )
    what, advice = "the journal of another search", f"{_ELSEWHERE.capitalize()}."
    check_same(path, what, flat(journal.settings), flat(settings), advice)
    return journal, length


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
    >>> found = search_surface("sphere", "sgd", "lr=1e-3:1", 20, steps=10)
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


@remakes("search", SearchResult)
def remake_search(data: Any) -> Remake:
    """Check what is told of a search: it is held whole, as its objective may be anybody's code."""
    found = SearchResult.from_dict(data)
    return Remake(0, lambda: found)
