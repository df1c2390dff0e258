"""``trajectories search`` and ``trajectories mnist search``, as from a shell."""

import argparse
import os
import signal
import subprocess
import sys
import time

import pytest

from trajectories.cli import training as command
from trajectories.search.rounds import SurfaceObjective
from trajectories.search.trials import SearchResult


@pytest.fixture
def call(folder, capsys):
    """Return a function that runs one of both commands: stdout and stderr."""
    parser = argparse.ArgumentParser("trajectories")
    kinds = parser.add_subparsers(required=True)
    command.add(kinds)
    command.add_network_search(kinds.add_parser("mnist").add_subparsers(required=True))

    def run(*words):
        capsys.readouterr()
        options = parser.parse_args(words)
        options.run(options)
        return capsys.readouterr()

    return run


SPACE = ("--space", "lr=log(1e-3,1)", "--space", "momentum=uniform(0,0.9)")
SURFACE = ("search", "sphere", "-O", "momentum", *SPACE, "--steps", "20", "--trials", "8")
NETWORK = ("mnist", "search", "--data", "digits", "--hidden", "10x2", "--epochs", "3")
NETWORK += ("--trials", "8", "--rounds", "2", "-j", "1", "--space", "lr=log(0.01,1)")


def test_a_surface_is_searched(call, folder):
    out, err = call(*SURFACE, "--rounds", "2", "-o", "found")
    names = ["best.png", "plane.png", "ranking.png", "trials.jsonl"]
    assert out.split() == [f"found/{name}" for name in names]
    assert "8 finished" in err
    found = SearchResult.load(folder / "found" / "trials.jsonl")
    assert found.complete
    assert (folder / "found" / "plane.png").read_bytes()[:4] == b"\x89PNG"


def test_a_folder_may_begin_with_a_minus(call, folder):
    # The program puts a blank before such a word, so that it is no option.
    assert call(*SURFACE, "-o", " -found")[0].split()[0] == "-found/best.png"
    assert (folder / "-found" / "trials.jsonl").exists()


def test_a_network_is_searched_and_the_search_gone_on_with(call, folder):
    call(*NETWORK, "-o", "out", "--format", "svg")
    path = folder / "out" / "trials.jsonl"
    whole = SearchResult.load(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]))
    with pytest.raises(FileExistsError, match="Go on with it by --resume"):
        call(*NETWORK, "-o", "out")
    out, err = call(*NETWORK, "-o", "out", "--resume", "-q")
    assert err == ""
    assert "plane" not in out  # There is but one range.
    assert SearchResult.load(path) == whole
    assert whole.conclusion["images"] == 360
    assert whole.settings["objective"]["hidden"] == [10, 10]


@pytest.mark.parametrize(
    ("text", "sizes"), [("100x6", [100] * 6), ("50,20", [50, 20]), ("7", [7]), ("3x1", [3])]
)
def test_sizes_of_hidden_layers(text, sizes, monkeypatch, call):
    asked = []
    monkeypatch.setattr(command, "_search_network", asked.append)
    parser = argparse.ArgumentParser()
    command.add_network_search(parser.add_subparsers())
    parser.parse_args(["search", "--hidden", text]).run("told")
    assert asked == ["told"]
    assert parser.parse_args(["search", "--hidden", text]).hidden == sizes


@pytest.mark.parametrize(
    "text", ["wide", "50,", "x3", "3x", "1.5", "100x-1", "5x0", "0x5", "50,-1"]
)
def test_other_sizes_are_refused(text, capsys):
    parser = argparse.ArgumentParser()
    command.add_network_search(parser.add_subparsers())
    with pytest.raises(SystemExit):
        parser.parse_args(["search", "--hidden", text])
    assert f"must be like 100x6 or 50,20. Got {text!r} instead." in capsys.readouterr().err


def test_too_many_layers_are_refused(capsys):
    parser = argparse.ArgumentParser()
    command.add_network_search(parser.add_subparsers())
    with pytest.raises(SystemExit):
        parser.parse_args(["search", "--hidden", "100x99999999999"])
    assert "of at most 1,000 layers. Got '100x99999999999' instead." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--space", "rate=log(1,2)"), "Unknown hyperparameter"),
        (("--rounds", "5"), "`trials` must be at least 20"),
        (("--format", "gif"), "Unknown format of a still picture 'gif'"),
        (("--theme", "foo"), "Unknown theme 'foo'"),
        (("--size", "10x10"), r"`size` must be \(width, height\) in pixels"),
        (("--scheduler", "tcp://127.0.0.1:1", "-j", "2"), "`workers` must be left out"),
    ],
)
def test_what_makes_no_sense_leaves_nothing(call, folder, monkeypatch, more, words):
    tried = []
    monkeypatch.setattr(SurfaceObjective, "run", lambda *given: tried.append(given))
    with pytest.raises(ValueError, match=words):
        call(*SURFACE, *more, "-o", "found")
    assert list(folder.iterdir()) == []
    assert tried == []


def test_another_search_in_the_folder_is_told_in_words_that_fit_a_folder(call, folder):
    call(*SURFACE, "-o", "found")
    words = r"momentum\.high is 0\.9 there and 0\.5 here\. Keep this one elsewhere\.$"
    other = [word.replace("0.9", "0.5") for word in SURFACE]
    with pytest.raises(ValueError, match=words):
        call(*other, "-o", "found", "--resume")


def test_the_test_accuracy_is_told_in_the_end(call, folder):
    err = call(*NETWORK, "-o", "out")[1]
    found = SearchResult.load(folder / "out" / "trials.jsonl")
    assert f"{found.count('finished')} finished" in err
    assert f"on 360 test images, looked at once: {found.conclusion['test']:.4g}" in err
    assert "SearchResult" not in err


def test_too_few_images_are_told_by_their_option(call, folder):
    with pytest.raises(ValueError, match="`images` must be enough for a share of 0.2 .* Got 3"):
        call(*NETWORK, "--images", "3", "-o", "out")
    assert list(folder.iterdir()) == []


def test_an_interrupted_search_tells_how_to_go_on(call, folder, monkeypatch):
    run, calls = SurfaceObjective.run, []

    def stopped(self, *given):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return run(self, *given)

    monkeypatch.setattr(SurfaceObjective, "run", stopped)
    with pytest.raises(KeyboardInterrupt, match=r"--resume goes on from found.trials\.jsonl"):
        call(*SURFACE, "-o", "found")
    assert len(SearchResult.load(folder / "found" / "trials.jsonl")) == 3
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
    journal = folder / "found" / "trials.jsonl"
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
