"""The search on a real Dask scheduler with two worker processes, one of which is killed."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time

import pytest

from trajectories.search import SearchResult, search

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None,
    reason="needs Dask: pip install 'trajectories[distributed]'",
)

SCRIPT = """
import sys
from conftest import SPACE, Ridge
from trajectories.search import search

path, address = sys.argv[1:]
objective = Ridge(8, wait=0.03, tally=path + ".tally")
search(objective, SPACE, 24, rounds=2, halving=1, journal=path, scheduler=address)
"""


@pytest.fixture
def spawn(here):
    """Return a function that starts a Python process, which goes in the end."""
    started = []

    def start(*arguments):
        child = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(here), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        if child.poll() is None:
            child.kill()
        child.wait()
        child.stderr.close()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@needs_dask
@pytest.mark.slow
def test_a_worker_is_killed_and_nothing_is_lost_or_doubled(spawn, ridge, space, tmp_path):
    address = f"tcp://127.0.0.1:{free_port()}"
    scheduler = ["-m", "distributed.cli.dask_scheduler", "--host", address, "--no-dashboard"]
    spawn(*scheduler)
    worker = ["-m", "distributed.cli.dask_worker", address, "--no-nanny", "--no-dashboard"]
    worker += ["--nthreads", "1", "--local-directory", tmp_path, "--host", "127.0.0.1"]
    workers = [spawn(*worker), spawn(*worker)]
    script, path = tmp_path / "script.py", tmp_path / "trials.jsonl"
    script.write_text(SCRIPT)
    running = spawn(script, path, address)
    tally, tried = path.with_name(path.name + ".tally"), []
    until = time.monotonic() + 90
    while len({*tried}) < 2 or len(tried) < 8:  # Both are at work.
        assert time.monotonic() < until
        assert running.poll() is None, running.stderr.read().decode()
        time.sleep(0.02)
        lines = tally.read_text().splitlines() if tally.exists() else []
        tried = [int(line.split()[3]) for line in lines if len(line.split()) == 4]
    assert {*tried} == {child.pid for child in workers}
    workers[0].kill()
    assert running.wait(120) == 0, running.stderr.read().decode()

    found = SearchResult.load(path)
    alone = search(ridge(8), space, 24, rounds=2, halving=1, n_jobs=1)
    assert found.trials == alone.trials
    lines = [json.loads(line)["trial"] for line in path.read_bytes().splitlines()[1:]]
    ended = [line["number"] for line in lines if line["status"] != "paused"]
    assert sorted(ended) == list(range(24))
    assert len(lines) == 24 + 24


@needs_dask
def test_a_scheduler_that_is_not_there_is_told_in_one_line(ridge, space, monkeypatch):
    import distributed

    real = distributed.Client
    monkeypatch.setattr(
        distributed, "Client", lambda address, **how: real(address, **how | {"timeout": 0.5})
    )
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(OSError, match=f"There is no scheduler at '{address}'"):
        search(ridge(), space, 4, scheduler=address)


def test_without_dask_it_is_told_what_to_install(ridge, space, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'trajectories\[distributed\]'"):
        search(ridge(), space, 4, scheduler="tcp://127.0.0.1:1")
