"""The same input gives the same bytes: in every process, in every order, with every hash seed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("every_format.py")
QUICK = ["figure.png", "figure.svg", "movie.gif", "trajectory.npz"]


def start(folder, kinds, *, seed, **settings):
    folder.mkdir()
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    more = ["--reversed"] if settings.get("backwards") else []
    command = [sys.executable, SCRIPT, folder, *kinds, *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)


def sums(process):
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return sorted(out.splitlines())


@pytest.mark.slow
def test_bytes_are_the_same_in_another_process_and_order(tmp_path):
    one = start(tmp_path / "one", QUICK, seed="0")
    two = start(tmp_path / "two", QUICK, seed="4711", backwards=True)
    found = sums(one)
    assert len(found) == len(QUICK)
    assert sums(two) == found


@pytest.mark.slow
def test_bytes_are_the_same_in_every_format(tmp_path):
    pytest.importorskip("av")
    pytest.importorskip("pptx")
    found = sums(start(tmp_path / "first", [], seed="0"))
    assert len(found) == 23
    for seed in ("1", "random"):
        assert sums(start(tmp_path / seed, [], seed=seed, backwards=seed == "1")) == found
