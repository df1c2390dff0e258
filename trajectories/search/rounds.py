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
    better_half,
    draw,
    narrowed,
    opened,
    ranked,
    round_sizes,
    rungs,
)
from trajectories.surfaces.catalogue import as_surface


class SearchBar:
    """The progress bar of a search."""

    def __init__(self, journal: Journal, goal: str, bar: Any = None) -> None:
        self.journal, self.goal, self.bar = journal, goal, bar

    def update(self, trial: Trial) -> None:
        """Show a trial that was recorded."""
        if self.bar is None:
            return
        self.bar.set_postfix_str(_best_words(self.journal, self.goal), refresh=False)
        if trial.ended:
            self.bar.update(1)
        else:
            self.bar.refresh()


def _best_words(journal: Journal, goal: str) -> str:
    """Return the best score so far in words."""
    best = next(iter(ranked(journal.latest, goal)), None)
    if best is None or best.score is None:
        return "no score yet"
    return f"best {best.score:.4g} (trial {best.number})"


@contextmanager
def search_bar(journal: Journal, objective: Objective, progress: bool) -> Iterator[SearchBar]:
    """Show a progress bar on stderr, if that is a terminal, and remove it at the end."""
    if not progress:
        yield SearchBar(journal, objective.goal)
        return
    from tqdm import tqdm

    done = sum(trial.ended for trial in journal.latest)
    with tqdm(
        total=journal.settings["trials"],
        initial=done,
        desc="search",
        unit="trial",
        disable=not watched(),
        leave=False,
    ) as bar:
        yield SearchBar(journal, objective.goal, bar)


#: Seconds to wait for a scheduler.
_TIMEOUT = 10


@dataclass(frozen=True)
class Job:
    """A part of a trial, to run in some process."""

    objective: Objective
    trial: Trial
    until: int
    state: Any = None

    def run(self) -> tuple[int, Report, float]:
        """Return the trial's number, its report and the seconds taken."""
        import time

        begin = time.perf_counter()
        with single_thread():
            report = self.objective.run(self.trial.params, self.trial.seed, self.until, self.state)
        return self.trial.number, report, time.perf_counter() - begin


Done: TypeAlias = tuple[int, Report, float]
#: Runs jobs, and yields their results as they end.
Executor: TypeAlias = Callable[[Sequence[Job]], Iterator[Done]]


@contextmanager
def executor(n_jobs: int | None = None, scheduler: str | None = None) -> Iterator[Executor]:
    """Return the function that runs jobs here, in processes or on a scheduler."""
    count = None if n_jobs is None else integer("n_jobs", n_jobs, 1)
    if scheduler is not None:
        if count is not None:
            raise must("n_jobs", "left out with a scheduler, whose workers they are", n_jobs)
        with _client(scheduler) as client:
            # All jobs at once, as more workers may come.
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


def _in_parallel(
    jobs: Sequence[Job], *, ahead: str = "2 * n_jobs", **config: Any
) -> Iterator[Done]:
    """Run jobs in parallel; processes of this machine are sent few ahead."""
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(**config):
        run = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=ahead)
        results = run([delayed(Job.run)(job) for job in jobs])
        try:
            # `yield from` would close the results before warnings are off.
            for done in results:  # noqa: UP028
                yield done
        except GeneratorExit:
            with warnings.catch_warnings():  # About unfinished trials.
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
    try:  # A client with a wrong address would block for 20 seconds.
        address = str.strip(scheduler)
        get_address_host(address)
    except (TypeError, ValueError):
        raise must("scheduler", "an address such as tcp://host:8786", scheduler) from None
    try:
        client = Client(address, set_as_default=False, timeout=_TIMEOUT)
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
        The function to optimize.
    space : Space, mapping, str or iterable of str
        The ranges of hyperparameters, such as ``"lr=1e-6:1e-2"``.
    trials : int, default 100
        The number of trials in all.
    rounds : int, default 1
        The number of rounds. After each, every range is cut to where the best
        quarter of the round lies: see `Range.around`.
    halving : int, default 0
        How often the worse half of a round is abandoned early: after budget / 2**halving, ...,
        budget / 2. These trials stay in the result, as abandoned. With 0 all trials have their full
        length.
    rng : int, default 0
        The seed. The draws of trial n follow from it, from n, and in later rounds from earlier
        scores; never from where or when the trial runs.
    journal : str or os.PathLike, optional
        A file that records each trial as soon as it ends.
    resume : bool, default False
        Whether to continue the search in the journal, if there is one. It continues as if it had
        never stopped.
    n_jobs : int, optional
        The number of processes on this machine, each with one thread for matrix products; by
        default one for each processor.
    scheduler : str, optional
        The address of a Dask scheduler, whose workers run the trials instead.
    progress : bool, default False
        Whether to show a progress bar with the best so far on stderr, if that is a terminal.
    conclude : callable, optional
        Called once, with the best trial, when all have ended; its return value becomes the
        result's conclusion.

    Raises
    ------
    TypeError, ValueError
        If the journal belongs to another search.
    OSError
        If the journal cannot be written, another search holds it, or no scheduler answers.
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
    for params in space.extremes():  # Errors come now, not at the 90th trial.
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
        opened(journal, settings, versions(), resume=resume) as log,
        search_bar(log, objective, progress) as bar,
    ):
        first = 0
        for index, size in enumerate(sizes):
            drawn = [draw(space, first + i, index, seed) for i in range(size)]
            ended = _Round(objective, drawn, lengths, log, bar).run(run)
            space = narrowed(space, ended, objective.goal)
            first += size
        if conclude is not None and log.conclusion is None:
            best = ranked(log.latest, objective.goal)[0]
            if best.score is not None:
                with single_thread():
                    log.conclude(conclude(best))
    return SearchResult.of(log)


class _Round:
    """A round while it runs."""

    def __init__(
        self,
        objective: Objective,
        drawn: Sequence[Trial],
        lengths: Sequence[int],
        journal: Journal,
        bar: SearchBar,
    ) -> None:
        self.objective, self.lengths, self.journal, self.bar = objective, lengths, journal, bar
        self.drawn = {trial.number: trial for trial in drawn}
        self.states: dict[int, Any] = {}

    def run(self, run: Executor) -> list[Trial]:
        """Run the round, and return the ended trials by number."""
        running = list(self.drawn)
        ended: dict[int, Trial] = {}
        for until in self.lengths:
            self._reach(until, running, run)
            trials = [self._recorded(number, until) for number in running]
            survivors = {t.number for t in better_half(trials, self.objective.goal)}
            if until == self.lengths[-1]:
                survivors = set()
            for trial in trials:
                if trial.number not in survivors:
                    ended[trial.number] = self._end(trial)
            running = [number for number in running if number in survivors]
        return [ended[number] for number in sorted(ended)]

    def _end(self, trial: Trial) -> Trial:
        """Return a trial as it ended: abandoned, if it has not ended yet."""
        self.states.pop(trial.number, None)
        if trial.number not in self.journal.ended:
            self._add(replace(trial, status="abandoned"))
        return self.journal.ended[trial.number]

    def _recorded(self, number: int, until: int) -> Trial:
        trial = self.journal.at(number, until)
        assert trial is not None
        return trial

    def _reach(self, until: int, running: Sequence[int], run: Executor) -> None:
        """Run trials up to a length, unless that is recorded already."""
        jobs = [
            Job(self.objective, self.drawn[number], until, self.states.get(number))
            for number in running
            if self.journal.at(number, until) is None
        ]
        if not jobs:
            return
        for number, report, seconds in run(jobs):
            previous = self.journal.last(number) if number in self.states else None
            spent = 0.0 if previous is None else previous.seconds
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
        self.journal.add(trial)
        self.bar.update(trial)


#: The most points of a loss curve.
_POINTS = 100


def with_params(optimizer: Any, params: Mapping[str, Any]) -> Rule:
    """Return a fresh optimizer with other hyperparameters."""
    values = dict(params)
    rule = as_optimizer(values.pop("optimizer", optimizer))
    names = [item.name for item in fields(rule)]
    for name in values:
        resolve(f"hyperparameter of {rule.name}", name, names)
        if name not in names:
            raise must("space", f"of names such as {names[0]}", name)
    return rule.fresh(**values)


class SurfaceObjective(Objective):
    """An optimizer that descends a surface; the score is f after its last step.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    optimizer : Optimizer, str or type
        The optimizer, with the hyperparameters that are not searched for.
    start : array_like, shape (2,), optional
        By default the surface's own.
    steps : int, default 100
        The number of updates.
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
        self.start = descend(self.surface, self.optimizer, start, 1).positions[0]
        if self.start.shape != (2,):
            raise must("start", "one start (x, y)", self.start.tolist())

    def settings(self) -> dict[str, Any]:
        """Return the settings that identify this objective, as plain data for JSON."""
        return {
            "surface": self.surface.to_dict(),
            "optimizer": to_record(self.optimizer, own=True),
            "start": to_plain(self.start),
            "steps": self.budget,
            "noise": self.noise,
        }

    def check(self, params: Mapping[str, Any]) -> None:
        """Raise if hyperparameters are unknown or invalid."""
        with_params(self.optimizer, params)

    def run(self, params: Mapping[str, Any], seed: int, until: int, state: Any = None) -> Report:
        """Descend so many steps from the start: that is as fast as a stored state."""
        rule = with_params(self.optimizer, params)
        path = descend(self.surface, rule, self.start, until, noise=self.noise, rng=seed)
        values = np.asarray(path.values, np.float64)
        steps = np.unique(np.linspace(0, until, min(until, _POINTS) + 1).astype(int))
        steps = steps[np.isfinite(values[steps])]
        curves = {"step": steps.tolist(), "loss": values[steps].tolist()}
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
        The ranges of hyperparameters; one called optimizer chooses the rule.
    trials : int, default 100
        The number of trials in all.
    n_jobs : int, optional
        The number of processes; by default 1, as a descent takes less time than sending it.
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
