"""``trajectories map``: what it writes, and how it says what is wrong."""

import numpy as np
import pytest

from trajectories import Basins, Sensitivity

BOWL = "x**2/20 + y**2"


@pytest.fixture
def drew(run):
    """Return a function that draws a map, which must go well, and returns what was printed."""

    def call(*arguments):
        code, out, err = run("map", *arguments)
        assert (code, err) == (0, "")
        return out

    return call


def test_sensitivity_keeps_what_was_asked_for(drew, folder):
    axes = ["-a", "lr=0.01:4", "-a", "momentum=0:0.9:5", "--cells", "8"]
    rest = ["-O", "momentum", "--steps", "20", "--start", "-7,2", "-o", "a.npz"]
    assert drew("sensitivity", BOWL, *axes, *rest) == "a.npz\n"
    found = Sensitivity.load(folder / "a.npz")
    assert {name: len(values) for name, values in found.axes.items()} == {"lr": 8, "momentum": 5}
    assert found.steps == 20
    assert found.start.tolist() == [-7, 2]


def test_maps_are_pictures_and_pages(drew, folder):
    arguments = ["-a", "lr=0.01:4", "-a", "momentum=0:0.9", "--cells", "6", "--steps", "9"]
    arguments += ["--theme", "slides", "-q"]
    pin = ["--pin", "lr=0.1,momentum=0.5"]  # A page shows whatever cell is under the pointer.
    for name, more in {"a.png": pin, "a.html": []}.items():
        assert drew("sensitivity", BOWL, *arguments, *more, "-o", name) == f"{name}\n"
        assert (folder / name).stat().st_size > 5000
    curve = ["-O", "sgd", "--cells", "9", "--steps", "9"]
    assert drew("sensitivity", BOWL, *curve) == "sensitivity.png\n"


def test_basins(drew, refused, folder):
    arguments = ["--resolution", "6", "--steps", "20"]
    kept = ["-O", "sgd:0.01", "-O", "adam:0.1", "--folder", "kept"]
    assert drew("basins", "himmelblau", *arguments, *kept) == "basins.png\n"
    assert (folder / "kept" / "1" / "plan.json").exists()
    assert sorted(path.name for path in (folder / "kept").iterdir()) == ["1", "2"]
    one = ["-O", "sgd:0.01", "--limits", "-4,4,-3,3"]
    assert drew("basins", "himmelblau", *one, *arguments, "-o", "a.npz") == "a.npz\n"
    assert Basins.load(folder / "a.npz").limits == ((-4, 4), (-3, 3))
    assert drew("basins", "himmelblau", *one, *arguments, "-o", "a.gif") == "a.gif\n"
    words = refused("map", "basins", "himmelblau", *arguments, "-o", "a.html")
    assert "`optimizer` must be one for a .html file" in words


def test_rates_and_tune(drew, folder):
    rules = ["-O", "sgd", "-O", "adam"]
    assert drew("rates", BOWL, *rules, "--rates", "0.01:1", "--cells", "9") == "rates.png\n"
    tune = [*rules, "--trials", "5", "--steps", "9"]
    assert drew("tune", BOWL, *tune) == "race.png\n"
    assert drew("tune", BOWL, *tune, "--triptych", "--draw", "-o", "b.png") == "b.png\n"
    assert (folder / "b.png").read_bytes() != (folder / "race.png").read_bytes()


def test_ensemble(drew, refused):
    few = ["--trials", "20", "--steps", "3", "--size", "300x200"]
    assert drew("ensemble", "himmelblau", *few) == "cloud.gif\n"
    noisy = ["--noise", "1", "--spread", "0.2", "-o", "b.webp"]
    assert drew("ensemble", "himmelblau", *few, *noisy) == "b.webp\n"
    words = refused("map", "ensemble", "himmelblau", *few, "--spread", "all")
    assert "`spread` must be a number or 'domain'" in words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sensitivity", BOWL, "-o", "a.gif"], "Unknown format of a map '.gif'"),
        (["sensitivity", BOWL, "-a", "lr=1:2", "-a", "lr=3:4"], "`--axis` must be given once"),
        (["sensitivity", BOWL, "-o", "a.html", "--size", "800x600"], "`size` must be left out"),
        (["sensitivity", BOWL, "--pin", "lr=0.1,momentum=0.5"], "`pins` must be left out"),
        (["sensitivity", BOWL, "--pin", "lr"], "must be like lr=0.1,momentum=0.9. Got 'lr' inste"),
        (["basins", "himmelblau", "-o", "a.npz", "--size", "800x600", "-O", "adam"], "`size`"),
        (["rates", BOWL, "-o", "a.html"], "Unknown format of a picture"),
        (["tune", BOWL, "--rates", "1"], "`range` must be like 0.001:10"),
        (["tune", BOWL, "--rates", "linear:0.1:10"], "Unknown range 'linear'. Known: log."),
    ],
)
def test_mistakes_are_told_before_anything_runs(arguments, words, refused):
    assert words in refused("map", *arguments)


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("lr=0.01:1:3", "lr", [0.01, 0.1, 1]),
        ("lr=log:1:4:3", "lr", [1, 2, 4]),
        ("lr=linear:0.01:1:3", "lr", [0.01, 0.505, 1]),
        (" beta1 = 0:0.9", "beta1", [0, 0.225, 0.45, 0.675, 0.9]),
    ],
)
def test_axes_as_text(text, name, values, drew, folder):
    drew("sensitivity", BOWL, "-O", "adam", "-a", text, "--cells", "5", "--steps=2", "-o", "a.npz")
    axes = Sensitivity.load(folder / "a.npz").axes
    np.testing.assert_allclose(axes[name], values)


def test_other_axes_are_refused(refused):
    texts = ["", "lr", "lr=", "lr=1", "=1:2", "lr=2:1", "lr=1:1", "lr=a:b", "lr=1:2:x"]
    texts += ["lr=cubic:1:2:3", "lr=log:1:2:3:5", "lr=nan:1", "lr=0:inf", "lr=log:0:1:5"]
    for text in [*texts, "lr=1:2:1"]:
        assert "`axis` must be" in refused("map", "sensitivity", BOWL, "-a", text)
