"""Who runs the trials: this process, others on this machine, or a cluster."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from trajectories.search.objective import Objective, Report
from trajectories.search.trial import Trial
from trajectories.threads import single_thread
from trajectories.validation import integer, must

__all__ = ["Crew", "Job", "crew"]

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
Crew: TypeAlias = Callable[[Sequence[Job]], Iterator[Done]]


@contextmanager
def crew(workers: int | None = None, scheduler: str | None = None) -> Iterator[Crew]:
    """Call up who runs the trials."""
    count = None if workers is None else integer("workers", workers, 1)
    if scheduler is not None:
        if count is not None:
            raise must("workers", "left out with a scheduler, whose workers they are", workers)
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
