"""``trajectories search`` and ``trajectories mnist search``, as from a shell."""

import os
import signal
import subprocess
import sys
import time

import pytest

from trajectories.search import SearchResult, SurfaceObjective

SPACE = ("--space", "lr=log:1e-3:1", "--space", "momentum=linear:0:0.9")
SURFACE = ("search", "sphere", "-O", "momentum", *SPACE, "--steps", "20", "--trials", "8")
NETWORK = ("mnist", "search", "--data", "digits", "--epochs", "3", "--trials", "8")
NETWORK += ("--rounds", "2", "-j", "1", "--space", "lr=log:0.01:1")


@pytest.fixture
def call(run, folder):
    """Return a function that runs one of both commands, which must go well: stdout and stderr."""

    def called(*words):
        code, out, err = run(*words)
        assert code == 0, err
        return out, err

    return called


def journal_of(folder, name="found"):
    return folder / name / "trials.jsonl"


def test_a_surface_is_searched(call, folder, run):
    # The folder may begin with a minus.
    out, err = call(*SURFACE, "--rounds", "2", "-o", "-found")
    names = ["best.png", "plane.png", "ranking.png", "trials.jsonl"]
    assert out.split() == [f"-found/{name}" for name in names]
    assert "8 finished" in err
    found = SearchResult.load(journal_of(folder, "-found"))
    assert found.complete
    assert (folder / "-found" / "plane.png").read_bytes()[:4] == b"\x89PNG"
    other = [word.replace("0.9", "0.5") for word in SURFACE]
    code, _, err = run(*other, "--rounds", "2", "-o", "-found", "--resume")
    assert code == 2
    words = "momentum.high is 0.9 there and 0.5 here. Keep this one elsewhere.\n"
    assert err.endswith(words)


def test_a_network_is_searched_and_the_search_gone_on_with(call, folder, run):
    err = call(*NETWORK, "--hidden", "10x2", "-o", "out", "--format", "svg")[1]
    path = journal_of(folder, "out")
    whole = SearchResult.load(path)
    assert f"{whole.count('finished')} finished" in err
    assert f"on 360 test images, looked at once: {whole.conclusion['test']:.4g}" in err
    assert "SearchResult" not in err
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:5]))
    code, _, err = run(*NETWORK, "--hidden", "10x2", "-o", "out")
    assert code == 1
    assert "Go on with it by --resume" in err
    out, err = call(*NETWORK, "--hidden", "10,10", "-o", "out", "--resume", "-q", "--format", "svg")
    assert err == ""
    assert "plane" not in out  # There is but one range.
    assert SearchResult.load(path) == whole
    assert whole.conclusion["images"] == 360
    assert whole.settings["objective"]["hidden"] == [10, 10]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *((text, f"must be like 100x6 or 50,20. Got {text!r} instead.") for text in ("50,", "x3")),
        ("100x-1", "must be like 100x6 or 50,20"),
        ("100x99999999999", "of at most 1,000 layers. Got '100x99999999999' instead."),
    ],
)
def test_other_sizes_of_hidden_layers_are_refused(text, words, refused):
    assert words in refused(*NETWORK, f"--hidden={text}", "-o", "out")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--space", "rate=log:1:2"), "Unknown hyperparameter"),
        (("--rounds", "5"), "`trials` must be at least 20"),
        (("--format", "gif"), "Unknown format of a still picture 'gif'"),
        (("--scheduler", "tcp://127.0.0.1:1", "-j", "2"), "`n_jobs` must be left out"),
    ],
)
def test_what_makes_no_sense_leaves_nothing(refused, monkeypatch, more, words):
    tried = []
    monkeypatch.setattr(SurfaceObjective, "run", lambda *given: tried.append(given))
    assert words in refused(*SURFACE, *more, "-o", "found")
    assert tried == []


def test_an_interrupted_search_tells_how_to_go_on(call, folder, run, monkeypatch):
    try_it, calls = SurfaceObjective.run, []

    def stopped(self, *given):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return try_it(self, *given)

    monkeypatch.setattr(SurfaceObjective, "run", stopped)
    code, _, err = run(*SURFACE, "-o", "found")
    assert code == 130
    assert f"--resume goes on from found{os.sep}trials.jsonl" in err
    assert len(SearchResult.load(journal_of(folder))) == 3
    call(*SURFACE, "-o", "found", "--resume")
    assert len(calls) == 9


@pytest.mark.skipif(os.name == "nt", reason="this system sends interrupts otherwise")
def test_an_interrupt_of_several_processes_is_told_in_one_line(folder):
    command = [sys.executable, "-m", "trajectories", *SURFACE[:-4], "--steps", "50000"]
    process = subprocess.Popen(
        [*command, "--trials", "60", "-j", "2", "-q", "-o", str(folder / "found")],
        stderr=subprocess.PIPE,
        text=True,
    )
    journal = journal_of(folder)
    end = time.monotonic() + 60
    while not (journal.exists() and journal.read_text().count("\n") > 3):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    words = f"interrupted; --resume goes on from {journal}"
    assert err == f"trajectories search: error: {words}\n"
    assert process.returncode == 130
