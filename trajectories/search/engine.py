"""The search itself: rounds of random trials, the worse of them abandoned early."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from trajectories.search.crew import Crew, Job, crew
from trajectories.search.journal import Journal, opened
from trajectories.search.objective import Objective
from trajectories.search.progress import Shown, shown
from trajectories.search.result import SearchResult
from trajectories.search.schedule import kept, narrowed, round_sizes, rungs
from trajectories.search.space import as_space
from trajectories.search.trial import Trial, draw, ranked
from trajectories.threads import single_thread
from trajectories.validation import integer, must
from trajectories.versions import versions

__all__ = ["search"]


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
    workers: int | None = None,
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
        What hyperparameters are drawn from, such as ``"lr=log(1e-6, 1e-2)"``.
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
    workers : int, optional
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
        If an argument is not what it must be, or the journal is that of another search.
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
        crew(workers, scheduler) as run,
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

    def run(self, run: Crew) -> list[Trial]:
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

    def _reach(self, until: int, running: Sequence[int], run: Crew) -> None:
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
