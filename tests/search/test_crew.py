"""Who runs the trials: what goes wrong on the way is told in one line."""

import sys
import time
import types
import warnings

import pytest

from trajectories.search.rounds import Job, _in_parallel, crew

HERE = {"backend": "threading", "n_jobs": 1}


class KilledWorker(Exception):
    """Named as the one of Dask."""


def ends_with(error, monkeypatch):
    def run(job):
        raise error

    monkeypatch.setattr(Job, "run", run)
    return list(_in_parallel([object()], **HERE))


def test_a_trial_that_kills_its_workers_is_told(monkeypatch):
    with pytest.raises(OSError, match="A trial was lost with every worker that ran it: job-1"):
        ends_with(KilledWorker("job-1"), monkeypatch)


def test_no_worker_is_told(monkeypatch):
    with pytest.raises(OSError, match="The scheduler has no worker. Start some with `dask worker`"):
        ends_with(TimeoutError(), monkeypatch)


def test_what_a_trial_raises_itself_is_left_alone(monkeypatch):
    with pytest.raises(ZeroDivisionError, match="by nothing"):
        ends_with(ZeroDivisionError("by nothing"), monkeypatch)


def test_trials_that_are_not_waited_for_are_left_in_silence(monkeypatch):
    monkeypatch.setattr(Job, "run", lambda job: time.sleep(0.01))
    running = _in_parallel([object()] * 40, backend="threading", n_jobs=2)
    next(running)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        running.close()
    assert told == []


ADDRESSES = ["", "  ", 8786, "foo", "foo:1:2", "tcp://host:port", "nothing://host:8786"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_read_before_there_is_a_client(address, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(distributed, "Client", None)
    with (
        pytest.raises(ValueError, match="`scheduler` must be an address such as tcp://host:8786"),
        crew(scheduler=address),
    ):
        pass


def test_the_client_of_a_scheduler_is_used_and_closed(monkeypatch):
    told = []

    class Client:
        def __init__(self, address, **how):
            told.append((address, how["set_as_default"]))

        def __enter__(self):
            return self

        def __exit__(self, *_):
            told.append("closed")

    reader = types.SimpleNamespace(get_address_host=told.append)
    monkeypatch.setitem(sys.modules, "distributed", types.SimpleNamespace(Client=Client))
    monkeypatch.setitem(sys.modules, "distributed.comm.addressing", reader)
    monkeypatch.setattr(
        "trajectories.search.rounds._in_parallel", lambda jobs, **how: iter([(jobs, how)])
    )
    with crew(scheduler=" tcp://host:8786 ") as run:
        ((jobs, how),) = run(["job"])
    assert jobs == ["job"]
    assert (how["backend"], how["n_jobs"]) == ("dask", -1)
    assert isinstance(how["client"], Client)
    assert told == ["tcp://host:8786", ("tcp://host:8786", False), "closed"]
