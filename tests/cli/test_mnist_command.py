"""``trajectories mnist``: as it is typed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from matplotlib.figure import Figure
from PIL import Image

from trajectories.mnist import Trainer
from trajectories.mnist.experiments import EXPERIMENTS, Result

#: Called as the program calls it, in a process of its own.
SCRIPT = """
import atexit, os, sys
from trajectories.cli import main
assert "numpy" not in sys.modules
atexit.register(lambda: print(os.environ["OPENBLAS_NUM_THREADS"]))
sys.exit(main(sys.argv[1:]))
"""
QUICK = ("--data", "digits", "--quick", "--jobs", "1", "--size", "480x360")


@pytest.fixture
def ran(run):
    """Return a function that runs the command and returns the lines on stdout."""

    def called(*arguments):
        code, out, err = run("mnist", *map(str, arguments))
        assert (code, err) == (0, "")
        return out.splitlines()

    return called


@pytest.fixture
def trained(monkeypatch):
    """The labels of what is trained, as it goes on."""
    labels, train = [], Trainer.train

    def watched(trainer, **settings):
        labels.append(trainer.label)
        return train(trainer, **settings)

    monkeypatch.setattr(Trainer, "train", watched)
    return labels


def test_an_experiment_writes_its_result_and_its_figures(ran, tmp_path):
    folder = tmp_path / "new" / "folder"
    race = ("-O", "sgd:0.1", "-O", "adam:0.01")
    lines = ran("optimizers", *QUICK, *race, "--seeds", 1, "-o", folder)
    names = ["optimizers.json", "optimizers.png", "optimizers-accuracy.png"]
    assert lines == [str(folder / name) for name in names]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    found = Result.load(folder / "optimizers.json")
    assert list(found.runs) == ["SGD 0.1", "Adam 0.01"]
    assert (found.data["name"], found.quick, found.seeds) == ("digits", True, (0,))
    with Image.open(folder / "optimizers.png") as image:
        assert image.size == (480, 360)


def test_a_result_is_used_again_unless_forced(ran, tmp_path, trained):
    where = (*QUICK, "--seeds", 1, "-o", tmp_path)
    ran("initial-weights", *where)
    path, figure = tmp_path / "initial_weights.json", tmp_path / "initial_weights.png"
    before, light = path.read_bytes(), figure.read_bytes()
    trained.clear()
    ran("initial-weights", *where, "--theme", "dark")
    assert trained == []
    assert path.read_bytes() == before
    assert figure.read_bytes() != light
    ran("initial-weights", *where, "--force")
    assert len(trained) == 3
    assert figure.read_bytes() == light
    ran("initial-weights", *where, "--seed", 5)
    assert len(trained) == 6
    assert Result.load(path).seeds == (5,)


def test_the_landscape_is_written_once_with_its_movie_and_its_page(ran, tmp_path, trained):
    where = ("landscape", *QUICK, "-O", "sgd:0.1", "-O", "adam:0.01", "-o", tmp_path)
    lines = ran(*where, "--movie", "none", "--seed", 5)
    assert lines == [str(tmp_path / name) for name in ("landscape.npz", "landscape.png")]
    assert len(trained) == 2
    before = (tmp_path / "landscape.npz").stat().st_mtime_ns
    lines += ran(*where, "--seed", 5)[2:]
    assert lines[2:] == [str(tmp_path / name) for name in ("landscape.gif", "landscape.html")]
    assert len(trained) == 2
    assert (tmp_path / "landscape.npz").stat().st_mtime_ns == before
    with Image.open(tmp_path / "landscape.gif") as image:
        assert image.n_frames == 61
        assert image.size == (480, 360)


def test_the_list_names_every_experiment(ran):
    firsts = [line.split()[0] for line in ran("--list") if not line.startswith(" ")]
    assert firsts == [*EXPERIMENTS, "landscape"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "`NAME` must be one of optimizers, "),
        (["-q", "search"], "Options come after the words: trajectories mnist search"),
        (["optimzers"], "Did you mean 'optimizers'"),
        (["landscape", "--seeds", "2"], "`--seeds` must be left out for landscape"),
        (["dropout", "-O", "adam"], "`--optimizer` must be left out"),
    ],
)
def test_wrong_arguments_are_refused_and_leave_no_folder(arguments, words, refused):
    assert words in refused("mnist", *arguments, "-o", "new/out")


def test_folders_that_cannot_be_read_or_written_are_refused(refused, folder):
    words = "it holds no 'train-images"
    assert words in refused("mnist", "optimizers", "--data", ".", "-o", "new/out", code=1)
    (folder / "file").write_text("")
    assert "file" in refused("mnist", "activations", "-o", "file", code=1)


def test_a_video_that_cannot_be_written_is_told_before_anything_is_done(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    how = ("--data", "digits", "--movie", "mp4", "-o", "out")
    for name in ("layers", "landscape"):
        assert "Writing .mp4 needs PyAV" in refused("mnist", name, *how, code=1)


def test_numpy_comes_late_and_products_have_one_thread(tmp_path):
    told = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    arguments = ["mnist", "initial-weights", *QUICK, "--seeds", "1", "-o", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=told,
    )
    assert done.stderr == ""
    *lines, threads = done.stdout.splitlines()
    assert threads == "1"
    assert len(lines) == 2
    kept = json.loads((tmp_path / "initial_weights.json").read_text())
    assert kept["experiment"] == "initial_weights"


@pytest.mark.skipif(os.name == "nt", reason="this system sends interrupts otherwise")
def test_an_interrupt_says_in_one_line_that_it_goes_on(tmp_path):
    command = [sys.executable, "-m", "trajectories", "mnist", "optimizers", "--data", "digits"]
    process = subprocess.Popen(
        [*command, "--jobs", "2", "-q", "-o", str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while len(list(tmp_path.glob(".optimizers.*.partial/*.npz"))) < 2:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    words = "interrupted; the same command goes on from there"
    assert err == f"trajectories mnist: error: {words}\n"
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("arguments", "stopped", "words"),
    [
        (["activations", "--force"], "savefig", "interrupted; the same command, without --force"),
        (["landscape"], "train", "interrupted; nothing was written"),
    ],
)
def test_an_interrupt_tells_whether_it_goes_on(arguments, stopped, words, run, folder, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer if stopped == "train" else Figure, stopped, stop)
    code, _, err = run("mnist", *arguments, *QUICK, "--movie", "none", "-o", "out")
    assert code == 130
    assert words in err
