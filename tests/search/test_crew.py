"""Who runs the trials: a scheduler's workers, and what goes wrong on the way to them."""

import sys
import types

import joblib
import pytest
from joblib._parallel_backends import ThreadingBackend

from trajectories.search import search


class KilledWorker(Exception):
    """Named as the one of Dask."""


@pytest.fixture
def dask(monkeypatch):
    """Let threads of this process stand in for Dask; returns what its client is told."""
    told = []

    class Client:
        def __init__(self, address, **how):
            told.append((address, how["set_as_default"]))

        def __enter__(self):
            return self

        def __exit__(self, *_):
            told.append("closed")

    class Backend(ThreadingBackend):
        def __init__(self, client=None, **how):
            told.append(type(client).__name__)
            super().__init__(**how)

    reader = types.SimpleNamespace(get_address_host=told.append)
    monkeypatch.setitem(sys.modules, "distributed", types.SimpleNamespace(Client=Client))
    monkeypatch.setitem(sys.modules, "distributed.comm.addressing", reader)
    monkeypatch.setitem(joblib.parallel.BACKENDS, "dask", Backend)
    return told


def test_a_scheduler_is_used_and_its_client_closed(dask, ridge, space):
    how = {"halving": 1, "rounds": 2}
    found = search(ridge(), space, 12, scheduler=" tcp://host:8786 ", **how)
    assert found.trials == search(ridge(), space, 12, n_jobs=1, **how).trials
    assert dask[:2] == ["tcp://host:8786", ("tcp://host:8786", False)]
    assert set(dask[2:-1]) == {"Client"}
    assert dask[-1] == "closed"


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (KilledWorker("job-1"), OSError, "A trial was lost with every worker that ran it: job-1"),
        (TimeoutError(), OSError, "The scheduler has no worker. Start some with `dask worker`"),
        (ZeroDivisionError("by nothing"), ZeroDivisionError, "by nothing"),
    ],
)
def test_what_goes_wrong_is_told(dask, ridge, space, monkeypatch, error, kind, words):
    def run(*_):
        raise error

    monkeypatch.setattr(ridge, "run", run)
    with pytest.raises(kind, match=words):
        search(ridge(), space, 4, scheduler="tcp://host:8786")
    assert dask[-1] == "closed"


@pytest.mark.parametrize("address", ["  ", 8786, "foo:1:2", "tcp://host:port"])
def test_an_address_is_read_before_there_is_a_client(address, monkeypatch, ridge, space):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(distributed, "Client", None)
    words = "`scheduler` must be an address such as tcp://host:8786"
    with pytest.raises(ValueError, match=words):
        search(ridge(), space, 4, scheduler=address)
