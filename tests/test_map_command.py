"""``trajectories map ...``: what it writes, and how it says what is wrong."""

import argparse

import numpy as np
import pytest

from trajectories.cli import pictures as map_
from trajectories.maps.basins import Basins
from trajectories.maps.cells import read_axis, read_range
from trajectories.maps.sensitivity import Sensitivity

BOWL = "x**2/20 + y**2"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs the command in a folder of its own; it returns stdout."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        parser = argparse.ArgumentParser("trajectories", exit_on_error=False)
        map_.add(parser.add_subparsers(required=True))
        options = parser.parse_args(["map", *arguments])
        options.run(options)
        said = capsys.readouterr()
        assert said.err == ""
        return said.out

    return command


def test_sensitivity(run, tmp_path):
    told = run(
        "sensitivity", BOWL, "-O", "momentum", "-a", "lr=0.01:4", "-a", "momentum=0:0.9:5",
        "--cells", "8", "--steps", "20", "--start", " -7,2", "-o", "a.npz",
    )  # fmt: skip
    assert told == "a.npz\n"
    found = Sensitivity.load(tmp_path / "a.npz")
    assert {name: len(values) for name, values in found.axes.items()} == {"lr": 8, "momentum": 5}
    assert found.steps == 20
    assert found.start.tolist() == [-7, 2]


@pytest.mark.parametrize("name", ["a.png", "a.svg", "a.html"])
def test_pictures_and_pages(run, tmp_path, name):
    arguments = ["-a", "lr=0.01:4", "-a", "momentum=0:0.9", "--cells", "6", "--steps", "9"]
    arguments += ["--theme", "slides", "-q", "-o", name]
    if not name.endswith(".html"):  # A page shows whatever cell is under the pointer.
        arguments += ["--pin", "lr=0.1,momentum=0.5"]
    assert run("sensitivity", BOWL, *arguments) == f"{name}\n"
    assert (tmp_path / name).stat().st_size > 5000


def test_a_curve_for_one_axis(run, tmp_path):
    run("sensitivity", BOWL, "-O", "sgd", "--cells", "9", "--steps", "9", "-o", "a.png")
    assert (tmp_path / "a.png").exists()


def test_rates(run, tmp_path):
    told = run("rates", BOWL, "-O", "sgd", "-O", "adam", "--rates", "0.01:1", "--cells", "9")
    assert told == "rates.png\n"
    assert (tmp_path / "rates.png").exists()


def test_basins(run, tmp_path):
    arguments = ["--resolution", "9", "--steps", "30"]
    assert run("basins", "himmelblau", *arguments) == "basins.png\n"
    one = ["-O", "sgd:0.01", "--limits", " -4,4,-3,3"]
    assert run("basins", "himmelblau", *one, *arguments, "-o", "a.npz") == "a.npz\n"
    assert Basins.load(tmp_path / "a.npz").limits == ((-4, 4), (-3, 3))
    assert run("basins", "himmelblau", *one, *arguments, "-o", "a.gif") == "a.gif\n"
    with pytest.raises(ValueError, match=r"`optimizer` must be one for a \.html file"):
        run("basins", "himmelblau", *arguments, "-o", "a.html")


def test_blocks_are_kept_in_a_folder(run, tmp_path):
    arguments = ["--resolution", "9", "--steps", "30", "--folder", "kept"]
    run("basins", "himmelblau", "-O", "sgd:0.01", "-O", "adam:0.1", *arguments)
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["1", "2"]
    assert (tmp_path / "kept" / "1" / "plan.json").exists()


def test_tune(run, tmp_path):
    arguments = ["-O", "sgd", "-O", "adam", "--budget", "5", "--steps", "9"]
    assert run("tune", BOWL, *arguments) == "race.png\n"
    assert run("tune", BOWL, *arguments, "--triptych", "--draw", "-o", "b.png") == "b.png\n"
    assert (tmp_path / "b.png").read_bytes() != (tmp_path / "race.png").read_bytes()


def test_ensemble(run):
    few = ["--count", "20", "--steps", "4"]
    assert run("ensemble", "himmelblau", *few) == "cloud.gif\n"
    noisy = ["--noise", "1", "--spread", "0.2", "-o", "b.webp"]
    assert run("ensemble", "himmelblau", *few, *noisy) == "b.webp\n"
    with pytest.raises(ValueError, match="`spread` must be a number or 'domain'"):
        run("ensemble", "himmelblau", *few, "--spread", "all")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sensitivity", BOWL, "-o", "a.gif"], "Unknown format of a map '.gif'"),
        (["sensitivity", BOWL, "-a", "lr=1:2", "-a", "lr=3:4"], "`--axis` must be given once"),
        (["sensitivity", BOWL, "-a", "lr"], "`axis` must be like lr=0.001:10"),
        (["sensitivity", BOWL, "-a", "bta=0:1"], "Unknown hyperparameter of momentum 'bta'"),
        (["sensitivity", BOWL, "--theme", "pink"], "theme"),
        (["sensitivity", BOWL, "--size", "10x10"], "`size`"),
        (["sensitivity", BOWL, "-o", "a.html", "--size", "800x600"], "`size` must be left out"),
        (["sensitivity", BOWL, "--pin", "lr=0.1,momentum=0.5"], "`pins` must be left out"),
        (["basins", "himmelblau", "-o", "a.npz", "--size", "800x600", "-O", "adam"], "`size`"),
        (["basins", "himmelblau", "--theme", "pink"], "theme"),
        (["rates", BOWL, "-o", "a.html"], "Unknown format of a picture"),
        (["tune", BOWL, "--rates", "1"], "`range` must be two numbers"),
        (["ensemble", BOWL, "-o", "a.png.html"], "Unknown format of a moving map"),
    ],
)
def test_mistakes_are_told_before_anything_runs(run, tmp_path, arguments, words):
    with pytest.raises(ValueError, match=words):
        run(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_pin_that_is_none(run, capsys):
    with pytest.raises(SystemExit):
        run("sensitivity", BOWL, "--pin", "lr")
    assert "must be like lr=0.1,momentum=0.9. Got 'lr' instead" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("lr=0.01:1:3", "lr", [0.01, 0.1, 1]),
        ("lr=0.5:1:3", "lr", [0.5, 0.75, 1]),
        ("lr=1:4:3:log", "lr", [1, 2, 4]),
        ("lr=0.01:1:3:linear", "lr", [0.01, 0.505, 1]),
        (" beta1 = 0:0.9:", "beta1", [0, 0.225, 0.45, 0.675, 0.9]),
    ],
)
def test_axes_as_text(text, name, values):
    found = read_axis(text, 5)
    assert found[0] == name
    np.testing.assert_allclose(found[1], values)


@pytest.mark.parametrize(
    "text",
    ["", "lr", "lr=", "lr=1", "=1:2", "lr=2:1", "lr=1:1", "lr=a:b", "lr=1:2:x", "lr=1:2:3:cubic"]
    + ["lr=1:2:3:log:5", "lr=nan:1", "lr=0:inf", "lr=0:1:5:log", "lr=1:2:1"],
)
def test_other_axes_are_refused(text):
    with pytest.raises(ValueError, match="`axis` must be"):
        read_axis(text)


def test_ranges_as_text():
    assert read_range("0.001:10") == (0.001, 10.0)
    for text in ("", "1", "1:2:3", "a:b"):
        with pytest.raises(ValueError, match="`range` must be two numbers"):
            read_range(text)
