"""The journal: kept line by line, gone on with after kill -9, never shared, never mixed up."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from trajectories.search import SearchResult, search

#: A search in a process of its own.
SCRIPT = """
import sys
from conftest import SPACE, Ridge
from trajectories.search import search

path, workers, wait = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
objective = Ridge(8, wait=wait, tally=path + ".tally")
if __name__ == "__main__":
    search(objective, SPACE, 24, rounds=2, halving=1, journal=path, resume=True, n_jobs=workers)
"""
HOW = {"trials": 24, "rounds": 2, "halving": 1, "n_jobs": 1}


@pytest.fixture
def begin(here, tmp_path):
    """Return a function that starts a search elsewhere; what is left of it goes in the end."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    started = []

    def start(path, workers=1, wait=0.002):
        child = subprocess.Popen(
            [sys.executable, str(script), str(path), str(workers), str(wait)],
            env={**os.environ, "PYTHONPATH": str(here)},
            start_new_session=True,
            stderr=subprocess.PIPE,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # Workers outlive their parent for a while.
        child.wait()
        child.stderr.close()


def grown(path, size, child):
    """Wait until a file is larger, or its writer has come to its end."""
    until = time.monotonic() + 60
    while child.poll() is None and (path.stat().st_size if path.exists() else 0) <= size:
        assert time.monotonic() < until
        time.sleep(0.003)


def ended_in(path):
    """Return the numbers of the trials that have ended, line by line."""
    trials = [json.loads(line)["trial"] for line in path.read_bytes().splitlines()[1:]]
    return [trial["number"] for trial in trials if trial["status"] != "paused"]


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_search_that_is_killed_goes_on_and_gives_the_same_trials(
    begin, ridge, space, tmp_path, workers
):
    path, kills = tmp_path / "trials.jsonl", 2 if workers == 1 else 6
    moments, done = random.Random(workers), 0
    for _ in range(kills):
        size = path.stat().st_size if path.exists() else 0
        child = begin(path, workers, 0.01)
        grown(path, size, child)
        time.sleep(moments.uniform(0, 0.12))
        if child.poll() is None:
            child.kill()
            done += 1
        child.wait()
    assert done >= kills // 2
    child = begin(path, workers, 0.0)
    assert child.wait(120) == 0, child.stderr.read().decode()
    found, whole = SearchResult.load(path), search(ridge(8), space, **HOW)
    assert found.trials == whole.trials
    assert found.spaces == whole.spaces
    assert sorted(ended_in(path)) == list(range(24))
    # What had ended was not run again: at most what was under way when a kill came.
    ran = path.with_name(path.name + ".tally").read_text().splitlines()
    assert len({line.split()[0] for line in ran}) == 24
    # Workers that lost their parent try what is in their queue.
    assert len(ran) <= 24 + 12 + done * workers * (1 if workers == 1 else 5)


def test_a_line_cut_off_anywhere_is_made_good(ridge, space, tmp_path):
    path = tmp_path / "trials.jsonl"
    how = {"trials": 6, "halving": 1, "n_jobs": 1, "journal": path}
    whole = search(ridge(3), space, **how)
    data = path.read_bytes()
    second = data.index(b"\n") + 1
    cuts = random.Random(0).sample(range(second, len(data)), 8)
    for cut in [0, 1, 20, second - 1, second, len(data) - 1, len(data), *cuts]:
        path.write_bytes(data[:cut])
        assert search(ridge(3), space, **how, resume=True).trials == whole.trials
        assert sorted(ended_in(path)) == list(range(6))
        assert SearchResult.load(path).trials == whole.trials
    path.write_bytes(data + b"\0" * 40 + b"\n")  # A crash of the system leaves such.
    assert search(ridge(3), space, **how, resume=True).trials == whole.trials


def test_a_trial_is_on_the_disk_the_moment_it_ends(ridge, space, tmp_path, monkeypatch):
    path = tmp_path / "trials.jsonl"
    synced, known = [], []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(fd), sync(fd)))
    run = ridge.run

    def watched(self, *given):
        known.append((len(SearchResult.load(path)), len(synced)))
        return run(self, *given)

    monkeypatch.setattr(ridge, "run", watched)
    search(ridge(), space, 5, n_jobs=1, journal=path)
    assert [count for count, _ in known] == [0, 1, 2, 3, 4]
    assert [after for _, after in known] == [1, 2, 3, 4, 5]


def test_two_searches_on_one_file_are_refused(begin, ridge, space, tmp_path):
    path = tmp_path / "trials.jsonl"
    other = begin(path, wait=1.0)
    grown(path, 0, other)
    with pytest.raises(BlockingIOError, match=r"Another search is writing .*trials\.jsonl"):
        search(ridge(8), space, **HOW, journal=path, resume=True)
    other.kill()  # Its lock goes with it.
    other.wait()
    tally = path.with_name(path.name + ".tally")
    assert search(ridge(8, tally=tally), space, **HOW, journal=path, resume=True).complete


def test_two_searches_of_one_process_are_refused_too(ridge, space, tmp_path):
    how = {"trials": 4, "n_jobs": 1, "journal": tmp_path / "trials.jsonl", "resume": True}

    def conclude(best):
        with pytest.raises(BlockingIOError, match="Another search"):
            search(ridge(), space, **how)
        return {"test": 1}

    assert search(ridge(), space, **how, conclude=conclude).conclusion == {"test": 1}


def test_a_file_is_only_gone_on_with_if_asked_and_with_the_same_settings(ridge, space, tmp_path):
    path = tmp_path / "trials.jsonl"
    settings = {"space": space, "trials": 4, "n_jobs": 1, "journal": path}
    search(ridge(), **settings)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="There is a search in"):
        search(ridge(), **settings)
    for change, words in [
        ({"trials": 5}, "trials is 4 there and 5 here"),
        ({"space": {"lr": "log:1e-5:1"}}, r"space\.lr\.low is 1e-06 there and 1e-05 here"),
        ({"halving": 1}, "halving is 0 there and 1 here"),
    ]:
        with pytest.raises(ValueError, match=words):
            search(ridge(), **settings | change, resume=True)
    with pytest.raises(ValueError, match=r"ridge is 8 there and 9 here\. Keep this one elsewhere"):
        search(ridge(9), **settings, resume=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("resume", [False, True])
def test_a_journal_without_a_trial_stands_in_nobodys_way(ridge, space, tmp_path, resume):
    path = tmp_path / "trials.jsonl"
    with pytest.raises(ValueError, match="math domain error|expected a positive input"):
        search(ridge(), {"lr": "linear:-2:-1"}, 4, n_jobs=1, journal=path)
    assert path.read_bytes().count(b"\n") == 1
    found = search(ridge(), space, 4, n_jobs=1, journal=path, resume=resume)
    assert SearchResult.load(path) == found
    assert found.settings["space"]["lr"]["low"] == 1e-6


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1}\n',
        b'{"format":"trajectories search 1","settings":[],"versions":{}}\n{"trial":{}}\n{}\n',
        b'{"format":"trajectories search 1","settings":{},"versions":{}}\n\n{"trial":{}}\n',
    ],
)
def test_what_is_no_journal_is_refused_and_left_alone(ridge, space, tmp_path, text):
    path = tmp_path / "notes.txt"
    path.write_bytes(text)
    with pytest.raises(ValueError, match="holds no journal of a search: line"):
        search(ridge(), space, 4, n_jobs=1, journal=path, resume=True)
    with pytest.raises(ValueError, match="holds no"):
        SearchResult.load(path)
    assert path.read_bytes() == text


def test_a_trial_cannot_end_twice(ridge, space, tmp_path):
    path = tmp_path / "trials.jsonl"
    search(ridge(), space, 4, n_jobs=1, journal=path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[2], *lines[3:]]))
    with pytest.raises(ValueError, match="line 4: `trial` must be one that has not ended"):
        SearchResult.load(path)
