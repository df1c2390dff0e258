"""Rounds of a search: executors, schedule, progress; searches on surfaces."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from trajectories.checks import NON_NEGATIVE, integer, must, resolve, scalar
from trajectories.descent import descend
from trajectories.files import watched
from trajectories.optimizers import as_optimizer, to_record
from trajectories.optimizers.base import Rule
from trajectories.records import single_thread, to_plain, versions
from trajectories.search.space import as_space
from trajectories.search.trials import (
    Journal,
    Objective,
    Report,
    SearchResult,
    Trial,
    draw,
    kept,
    narrowed,
    opened,
    ranked,
    round_sizes,
    rungs,
)
from trajectories.surfaces.catalogue import as_surface


class Shown:
    """What is told about each trial that ends."""

    def __init__(self, book: Journal, goal: str, bar: Any = None) -> None:
        self.book, self.goal, self.bar = book, goal, bar

    def update(self, trial: Trial) -> None:
        """Show that a trial was written down."""
        if self.bar is None:
            return
        self.bar.set_postfix_str(best_words(self.book, self.goal), refresh=False)
        if trial.ended:
            self.bar.update(1)
        else:
            self.bar.refresh()


def best_words(book: Journal, goal: str) -> str:
    """Return the best so far in words."""
    best = next(iter(ranked(book.latest, goal)), None)
    if best is None or best.score is None:
        return "no score yet"
    return f"best {best.score:.4g} (trial {best.number})"


@contextmanager
def shown(book: Journal, objective: Objective, progress: bool) -> Iterator[Shown]:
    """Show a progress bar on stderr, if that is a terminal, and take it away at the end."""
    if not progress:
        yield Shown(book, objective.goal)
        return
    from tqdm import tqdm

    done = sum(trial.ended for trial in book.latest)
    with tqdm(
        total=book.settings["trials"],
        initial=done,
        desc="search",
        unit="trial",
        disable=not watched(),
        leave=False,
    ) as bar:
        yield Shown(book, objective.goal, bar)


#: Seconds to wait for a scheduler.
_PATIENCE = 10


@dataclass(frozen=True)
class Job:
    """A part of a trial, to be run somewhere."""

    objective: Objective
    trial: Trial
    until: int
    state: Any = None

    def run(self) -> tuple[int, Report, float]:
        """Return the trial's number, its report and the seconds that it took."""
        import time

        begin = time.perf_counter()
        with single_thread():
            report = self.objective.run(self.trial.params, self.trial.seed, self.until, self.state)
        return self.trial.number, report, time.perf_counter() - begin


Done: TypeAlias = tuple[int, Report, float]
#: Runs jobs, and gives what they return as they end.
Executor: TypeAlias = Callable[[Sequence[Job]], Iterator[Done]]


@contextmanager
def executor(n_jobs: int | None = None, scheduler: str | None = None) -> Iterator[Executor]:
    """Call up who runs the trials."""
    count = None if n_jobs is None else integer("n_jobs", n_jobs, 1)
    if scheduler is not None:
        if count is not None:
            raise must("n_jobs", "left out with a scheduler, whose workers they are", n_jobs)
        with _client(scheduler) as client:
            # All at once, as more workers may come.
            dask: dict[str, Any] = {"backend": "dask", "n_jobs": -1, "client": client}
            yield lambda jobs: _in_parallel(jobs, ahead="all", **dask)
    elif count == 1:
        yield lambda jobs: (job.run() for job in jobs)
    else:
        from joblib import cpu_count

        local: dict[str, Any] = {
            "backend": "loky",
            "n_jobs": count or cpu_count(),
            "inner_max_num_threads": 1,
        }
        yield lambda jobs: _in_parallel(jobs, **local)


def _in_parallel(jobs: Sequence[Job], *, ahead: str = "2 * n_jobs", **how: Any) -> Iterator[Done]:
    """Run jobs; processes of this machine are sent few ahead."""
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(**how):
        run = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=ahead)
        results = run([delayed(Job.run)(job) for job in jobs])
        try:
            # `yield from` would close them before they can be silenced.
            for done in results:  # noqa: UP028
                yield done
        except GeneratorExit:
            with warnings.catch_warnings():  # Of trials that were not waited for.
                warnings.simplefilter("ignore")
                results.close()
            raise
        except TimeoutError:
            raise OSError("The scheduler has no worker. Start some with `dask worker`.") from None
        except Exception as error:
            if type(error).__name__ != "KilledWorker":
                raise
            raise OSError(f"A trial was lost with every worker that ran it: {error}") from None


@contextmanager
def _client(scheduler: str) -> Iterator[Any]:
    try:
        from distributed import Client
        from distributed.comm.addressing import get_address_host
    except ImportError:
        raise ImportError(
            "A scheduler needs Dask. Run: pip install 'trajectories[distributed]'"
        ) from None
    try:  # A client that cannot read its address would not be rid of for 20 seconds.
        address = str.strip(scheduler)
        get_address_host(address)
    except (TypeError, ValueError):
        raise must("scheduler", "an address such as tcp://host:8786", scheduler) from None
    try:
        client = Client(address, set_as_default=False, timeout=_PATIENCE)
    except (OSError, TimeoutError) as error:
        raise OSError(f"There is no scheduler at {scheduler!r}: {error}") from None
    with client:
        yield client


def search(
    objective: Objective,
    space: Any,
    trials: int = 100,
    *,
    rounds: int = 1,
    halving: int = 0,
    rng: int = 0,
    journal: str | os.PathLike[str] | None = None,
    resume: bool = False,
    n_jobs: int | None = None,
    scheduler: str | None = None,
    progress: bool = False,
    conclude: Callable[[Trial], Mapping[str, Any]] | None = None,
) -> SearchResult:
    """Search for good hyperparameters at random, in rounds that narrow.

    Parameters
    ----------
    objective : Objective
        What is tried.
    space : Space, mapping, str or iterable of str
        What hyperparameters are drawn from, such as ``"lr=1e-6:1e-2"``.
    trials : int, default 100
        How many in all.
    rounds : int, default 1
        How many rounds they are dealt out to. After each, every range is cut to where the best
        quarter of the round lies: see `Range.around`.
    halving : int, default 0
        How often the worse half of a round is abandoned early: after budget / 2**halving, ...,
        budget / 2. They stay in the result, as abandoned. With 0 all trials have their full
        length.
    rng : int, default 0
        The seed. What trial n draws follows from it, from n, and in later rounds from the scores
        of earlier ones; never from where or when it is run.
    journal : str or os.PathLike, optional
        A file that keeps each trial from the moment it ends.
    resume : bool, default False
        Whether to go on with the search in the journal, if there is one. It goes the way that it
        would have gone.
    n_jobs : int, optional
        How many processes on this machine, each with one thread for matrix products; by default
        as many as there are processors.
    scheduler : str, optional
        The address of a Dask scheduler, whose workers run the trials instead.
    progress : bool, default False
        Whether to show a progress bar with the best so far on stderr, if that is a terminal.
    conclude : callable, optional
        Called once, with the best trial, when all have ended; what it returns is kept as the
        result's conclusion.

    Raises
    ------
    TypeError, ValueError
        If the journal is that of another search.
    OSError
        If the journal cannot be written, another search has it, or a scheduler is not there.
    ImportError
        If there is a scheduler, but Dask is not installed.

    References
    ----------
    Bergstra, J. and Bengio, Y. (2012). Random search for hyper-parameter optimization. JMLR 13.
    Jamieson, K. and Talwalkar, A. (2016). Non-stochastic best arm identification and
    hyperparameter optimization. AISTATS, arXiv:1502.07943: successive halving.
    """
    if not isinstance(objective, Objective):
        raise must("objective", "an Objective", objective, kind=TypeError)
    space = as_space(space)
    sizes = round_sizes(trials, rounds)
    lengths = rungs(objective.budget, halving)
    seed = integer("rng", rng, 0)
    for params in space.extremes():  # A search should not fail at its 90th trial.
        objective.check(params)
    settings = {
        "objective": objective.settings(),
        "space": space.to_dict(),
        "trials": sum(sizes),
        "rounds": len(sizes),
        "halving": halving,
        "rng": seed,
        "goal": objective.goal,
        "measure": objective.measure,
        "unit": objective.unit,
        "budget": objective.budget,
    }
    with (
        executor(n_jobs, scheduler) as run,
        opened(journal, settings, versions(), resume=resume) as book,
        shown(book, objective, progress) as bar,
    ):
        first = 0
        for turn, size in enumerate(sizes):
            drawn = [draw(space, first + i, turn, seed) for i in range(size)]
            ended = _Round(objective, drawn, lengths, book, bar).run(run)
            space = narrowed(space, ended, objective.goal)
            first += size
        if conclude is not None and book.conclusion is None:
            best = ranked(book.latest, objective.goal)[0]
            if best.score is not None:
                with single_thread():
                    book.conclude(conclude(best))
    return SearchResult.of(book)


class _Round:
    """A round while it is run."""

    def __init__(
        self,
        objective: Objective,
        drawn: Sequence[Trial],
        lengths: Sequence[int],
        book: Journal,
        bar: Shown,
    ) -> None:
        self.objective, self.lengths, self.book, self.bar = objective, lengths, book, bar
        self.drawn = {trial.number: trial for trial in drawn}
        self.states: dict[int, Any] = {}

    def run(self, run: Executor) -> list[Trial]:
        """Return the trials as they ended, by number."""
        running = list(self.drawn)
        ended: dict[int, Trial] = {}
        for until in self.lengths:
            self._reach(until, running, run)
            now = [self._known(number, until) for number in running]
            staying = {t.number for t in kept(now, self.objective.goal)}
            if until == self.lengths[-1]:
                staying = set()
            for trial in now:
                if trial.number not in staying:
                    ended[trial.number] = self._end(trial)
            running = [number for number in running if number in staying]
        return [ended[number] for number in sorted(ended)]

    def _end(self, trial: Trial) -> Trial:
        """Return a trial as it ended: abandoned, if it has not yet."""
        self.states.pop(trial.number, None)
        if trial.number not in self.book.ended:
            self._add(replace(trial, status="abandoned"))
        return self.book.ended[trial.number]

    def _known(self, number: int, until: int) -> Trial:
        trial = self.book.at(number, until)
        assert trial is not None
        return trial

    def _reach(self, until: int, running: Sequence[int], run: Executor) -> None:
        """Run trials up to a length, as far as they are not known to have been there."""
        jobs = [
            Job(self.objective, self.drawn[number], until, self.states.get(number))
            for number in running
            if self.book.at(number, until) is None
        ]
        if not jobs:
            return
        for number, report, seconds in run(jobs):
            before = self.book.last(number) if number in self.states else None
            spent = 0.0 if before is None else before.seconds
            status = "finished" if until == self.lengths[-1] else "paused"
            trial = replace(
                self.drawn[number],
                status="diverged" if report.score is None else status,
                score=None if report.score is None else float(report.score),
                reached=int(report.reached),
                curves=report.curves,
                seconds=round(spent + seconds, 6),
            )
            self.states[number] = report.state
            self._add(trial)

    def _add(self, trial: Trial) -> None:
        self.book.add(trial)
        self.bar.update(trial)


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
    space: Any = "lr=1e-4:10",
    trials: int = 100,
    *,
    start: ArrayLike | None = None,
    steps: int = 100,
    noise: float = 0.0,
    n_jobs: int | None = None,
    **settings: Any,
) -> SearchResult:
    """Search for an optimizer's hyperparameters on a surface.

    Parameters
    ----------
    surface, optimizer, start, steps, noise
        As for `SurfaceObjective`.
    space : Space, mapping, str or iterable of str, default "lr=1e-4:10"
        What hyperparameters are drawn from; one called optimizer chooses the rule.
    trials : int, default 100
        How many in all.
    n_jobs : int, optional
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
    ...     "x**2/20 + y**2", "momentum", "lr=1e-3:1, momentum=0:0.99", 60,
    ...     start=(-7, 2), rounds=3,
    ... )
    >>> found.count("finished"), found.best.score < 0.01
    (60, True)
    """
    objective = SurfaceObjective(surface, optimizer, start=start, steps=steps, noise=noise)
    if n_jobs is None and settings.get("scheduler") is None:
        n_jobs = 1
    return search(objective, space, trials, n_jobs=n_jobs, **settings)
