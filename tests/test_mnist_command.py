"""``trajectories mnist``: as it is typed."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import warnings

import pytest
from PIL import Image

from trajectories.cli import training as mnist
from trajectories.mnist.experiments import EXPERIMENTS
from trajectories.mnist.experiments import study as study_module
from trajectories.mnist.experiments.study import Result
from trajectories.mnist.landscape import Landscape

#: Called as the program calls it, in a process of its own.
SCRIPT = """
import argparse, sys
from trajectories.commands import mnist
parser = argparse.ArgumentParser(prog="trajectories")
mnist.add(parser.add_subparsers())
assert "numpy" not in sys.modules
options = parser.parse_args(sys.argv[1:])
options.run(options)
"""


def parsed(*arguments):
    parser = argparse.ArgumentParser(prog="trajectories")
    mnist.add(parser.add_subparsers())
    return parser.parse_args(["mnist", *map(str, arguments)])


@pytest.fixture
def run(capsys):
    """Return a function that runs the command and returns the lines on stdout."""

    def called(*arguments):
        options = parsed(*arguments)
        options.run(options)
        out, err = capsys.readouterr()
        assert err == ""
        return out.splitlines()

    return called


QUICK = ("--data", "digits", "--quick", "--seeds", 1, "--size", "480x360")


def test_an_experiment_writes_its_result_and_its_figures(run, tmp_path):
    folder = tmp_path / "new" / "folder"
    lines = run("optimizers", *QUICK, "-o", folder)
    names = ["optimizers.json", "optimizers.png", "optimizers-accuracy.png"]
    assert lines == [str(folder / name) for name in names]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    found = Result.load(folder / "optimizers.json")
    assert found.data["name"] == "digits"
    assert found.quick
    assert found.seeds == (0,)
    with Image.open(folder / "optimizers.png") as image:
        assert image.size == (480, 360)


def test_a_result_is_used_again_unless_forced(run, tmp_path, monkeypatch):
    where = ("--data", "digits", "--quick", "--seeds", 1, "-o", tmp_path)
    run("initial-weights", *where)
    path, figure = tmp_path / "initial_weights.json", tmp_path / "initial_weights.png"
    before, light = path.read_bytes(), figure.read_bytes()
    trained, train_all = [], study_module.train_all

    def watched(trainers, **settings):
        trained.append(len(trainers))
        return train_all(trainers, **settings)

    monkeypatch.setattr(study_module, "train_all", watched)
    run("initial-weights", *where, "--theme", "dark")
    assert trained == []
    assert path.read_bytes() == before
    assert figure.read_bytes() != light
    run("initial-weights", *where, "--force")
    assert trained == [3]
    assert figure.read_bytes() == light
    run("initial-weights", *where, "--seed", 5)
    assert trained == [3, 3]
    assert Result.load(path).seeds == (5,)


def test_who_races_can_be_chosen(run, tmp_path):
    race = ("-O", "sgd:0.1", "-O", "adam:0.01")
    run("optimizers", *QUICK, *race, "-o", tmp_path)
    assert list(Result.load(tmp_path / "optimizers.json").runs) == ["SGD 0.1", "Adam 0.01"]


def test_moving_pictures_are_of_the_format_asked_for(run, tmp_path):
    lines = run("layers", *QUICK, "--movie", "webp", "-o", tmp_path)
    names = ["layers.json"]
    for stem in ("layers", "layers-small", "layers-sigmoid"):
        names += [f"{stem}.png", f"{stem}.webp"]
    assert lines == [str(tmp_path / name) for name in names]
    with Image.open(tmp_path / "layers.webp") as image:
        assert image.n_frames == 13
    assert len(run("layers", *QUICK, "--movie", "none", "-o", tmp_path)) == 4


def test_the_list_names_every_experiment_and_figure(run):
    lines = run("--list")
    firsts = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert firsts == [*EXPERIMENTS, "landscape"]
    pages = sum(len(experiment.pages) for experiment in EXPERIMENTS.values())
    assert len(lines) >= len(firsts) + pages


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "`NAME` must be one of optimizers, .*, landscape, search, or all. Got 'nothing'"),
        (["-q", "search"], "Options come after the words: trajectories mnist search"),
        (["optimizers", "--seed", -1], "`--seed` must be at least 0"),
        (["optimzers"], "Did you mean 'optimizers'"),
        (["optimizers", "--data", "mnits"], "Unknown data"),
        (["optimizers", "--data", "digits", "--seeds", 0], "`seeds` must be at least 1"),
        (["optimizers", "--theme", "drak"], "Did you mean 'dark'"),
        (["optimizers", "--size", "10x10"], "`size` must be"),
        (["landscape", "--seeds", 2], "`--seeds` must be left out for landscape, .* Got 2"),
        (["dropout", "-O", "adam"], "`--optimizer` must be left out"),
        (["optimizers", "--data", "digits", "-O", "sdg"], "Did you mean 'sgd'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, words, tmp_path):
    options = parsed(*arguments, "-o", tmp_path / "out")
    with pytest.raises(ValueError, match=words):
        options.run(options)
    assert not list(tmp_path.iterdir())


def test_data_that_cannot_be_read_leave_no_folder(tmp_path):
    options = parsed("optimizers", "--data", tmp_path, "-o", tmp_path / "new" / "out")
    with pytest.raises(OSError, match="it holds no 'train-images"):
        options.run(options)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    options = parsed("activations", "-o", tmp_path / "file")
    with pytest.raises(OSError, match="file"):
        options.run(options)


def test_help_is_there_at_once_and_products_have_one_thread(tmp_path):
    told = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    code = SCRIPT + "import os; print(os.environ['OPENBLAS_NUM_THREADS'])"
    arguments = ["mnist", "activations", "--quick", "--seeds", "1", "-o", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=told,
    )
    assert done.stderr == ""
    *lines, threads = done.stdout.splitlines()
    assert threads == "1"
    assert len(lines) == 5
    assert json.loads((tmp_path / "activations.json").read_text())["experiment"] == "activations"


def test_the_landscape_is_asked_for_as_it_was_typed(run, tmp_path, monkeypatch):
    asked = {}

    def landscape(data, **how):
        asked["landscape"] = data.name, how
        return "found"

    def save_landscape(found, folder, **how):
        asked["saved"] = found, folder, how
        return [folder / "landscape.png", folder / "landscape.gif"]

    monkeypatch.setattr("trajectories.mnist.landscape.landscape", landscape)
    monkeypatch.setattr(
        "trajectories.mnist.figures.landscape_figure.save_landscape", save_landscape
    )
    folder = tmp_path / "out"
    more = ("--quick", "--workers", 2, "--seed", 5, "-O", "sgd:0.1", "-O", "adam", "-q", "--force")
    lines = run("landscape", "--data", "digits", *more, "--theme", "dark", "-o", folder)
    names = ("landscape.npz", "landscape.png", "landscape.gif")
    assert lines == [str(folder / name) for name in names]
    name, how = asked["landscape"]
    assert name == "digits"
    assert how == {
        "quick": True,
        "workers": 2,
        "progress": False,
        "rng": 5,
        "keep": folder / "landscape.npz",
        "reuse": False,
        "race": ["sgd:0.1", "adam"],
    }
    found, where, how = asked["saved"]
    assert (found, where, how["theme"], how["progress"]) == ("found", folder, "dark", False)
    assert (how["moving"], how["data"]) == ((".gif", ".html"), False)
    run("landscape", "--data", "digits", "--movie", "none", "-o", folder)
    assert asked["saved"][2]["moving"] == ()
    assert "race" not in asked["landscape"][1]
    assert asked["landscape"][1]["reuse"]


def test_a_landscape_that_is_there_is_not_written_again(run, tmp_path, monkeypatch):
    where = ("landscape", "--data", "digits", "--quick", "--movie", "none", "-o", tmp_path)
    where = (*where, "-O", "sgd:0.1", "--workers", 1)
    lines = run(*where)
    assert lines == [str(tmp_path / "landscape.npz"), str(tmp_path / "landscape.png")]
    monkeypatch.setattr(Landscape, "save", lambda *_: pytest.fail("It is written again."))
    assert run(*where) == lines


@pytest.mark.parametrize("name", ["layers", "landscape", "all"])
def test_a_video_that_cannot_be_written_is_told_before_anything_is_done(
    name, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "av", None)
    options = parsed(name, "--data", "digits", "--movie", "mp4", "-o", tmp_path / "out")
    with pytest.raises(ImportError, match="Writing .mp4 needs PyAV"):
        options.run(options)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="this system sends interrupts otherwise")
def test_an_interrupt_says_in_one_line_that_it_goes_on(tmp_path):
    command = [sys.executable, "-m", "trajectories", "mnist", "optimizers", "--data", "digits"]
    process = subprocess.Popen(
        [*command, "--workers", "2", "-q", "-o", str(tmp_path)],
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
    ("arguments", "printed", "words"),
    [
        (["all"], 0, "interrupted; the same command goes on from there"),
        (["all", "--force"], 0, "interrupted; the same command goes on from there"),
        (["all", "--force"], 2, "interrupted; the same command, without --force, goes on"),
        (["landscape"], 1, "interrupted; the same command goes on from there"),
        (["landscape"], 0, "^$"),  # The command line says that nothing was written.
    ],
)
def test_an_interrupt_tells_whether_it_goes_on(arguments, printed, words, tmp_path, monkeypatch):
    def stopped(name, data, folder, options):
        yield from [folder / "a.png"] * printed
        raise KeyboardInterrupt

    monkeypatch.setattr(mnist, "_one", stopped)
    monkeypatch.setattr(mnist, "_landscape", stopped)
    options = parsed(*arguments, "--data", "digits", "-o", tmp_path)
    with pytest.raises(KeyboardInterrupt, match=words):
        options.run(options)


@pytest.mark.parametrize("quiet", [True, False])
def test_notes_are_left_out_if_asked(run, tmp_path, monkeypatch, quiet):
    def warn(figure, path):
        warnings.warn("a note", UserWarning, stacklevel=1)

    monkeypatch.setattr("trajectories.plotting.canvas.save_figure", warn)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        run("activations", "--quick", "--seeds", 1, "-o", tmp_path, *["-q"] * quiet)
    assert {str(one.message) for one in told} == (set() if quiet else {"a note"})


@pytest.mark.slow
def test_all_runs_every_experiment(run, tmp_path):
    lines = run("all", "--data", "digits", "--quick", "--seeds", 1, "-o", tmp_path)
    assert sorted(lines) == sorted(str(path) for path in tmp_path.iterdir())
    assert {line for line in lines if line.endswith(".json")} == {
        str(tmp_path / f"{name}.json") for name in EXPERIMENTS
    }
