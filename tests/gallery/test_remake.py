"""Pictures made again for a talk: other formats, themes and sizes."""

import importlib.util
import shutil

import pytest
from PIL import Image

SCRIPT = '''"""
Two paths
=========

Down a bowl.
"""

# %%
from matplotlib import style
from matplotlib.figure import Figure

import trajectories as tj

style.use(["trajectories.plotting.styles.base", "trajectories.plotting.styles.light"])
paths = tj.compare("x**2/20 + y**2", ["sgd:0.9", "adam:0.3"], start=(-7, 2), steps=6)
tj.animate(paths, theme="light", size=(320, 240)).save("moving.gif", fps=9)
tj.plot_race(paths).savefig("still.png")
figure = Figure(figsize=(4, 3), layout="constrained")
tj.plot(paths, ax=figure.subplots())
figure.savefig("own.png", dpi=100)
'''


RESULTS = '''"""
Results
=======

A map and an experiment.
"""

# %%
import trajectories as tj
from trajectories.mnist.experiments import initial_weights

tj.plot_basins([tj.basins("sphere", "sgd:0.1", steps=9, resolution=8)]).savefig("basins.png")
result = initial_weights("digits", iterations=3, seeds=1, workers=1)
result.draw(theme="print").savefig("loss.png")
'''


@pytest.fixture(scope="module")
def built(build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("talk")
    (folder / "plot_01_paths.py").write_text(SCRIPT, encoding="utf-8")
    done = build(folder, "-q")
    assert done.returncode == 0, done.stderr
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_build_makes_every_format_of_a_moving_picture(built):
    made = names(built / "build/plot_01_paths")
    made.remove("thumbnails")
    videos = ["moving.mp4"] if importlib.util.find_spec("av") else []
    assert made == sorted(
        ["moving.gif", "moving.html", "moving.png", *videos, "own.png", "plot_01_paths.ipynb"]
        + ["plot_01_paths.py", "result.json", "still.png"]
    )
    with Image.open(built / "build/plot_01_paths/moving.png") as last:
        assert last.size == (320, 240)
        assert getattr(last, "n_frames", 1) == 1


def test_theme_and_size_change_every_picture_and_not_the_gallery(built, build):
    before = {path: path.stat().st_mtime_ns for path in (built / "build").rglob("*.*")}
    done = build(built, "--theme", "dark", "--size", "640x360", "--formats", "png,gif")
    assert done.returncode == 0, done.stderr
    folder = built / "build/remade"
    assert names(folder) == ["moving.gif", "moving.png", "own.png", "still.gif", "still.png"]
    assert sorted(done.stdout.split()) == [f"build/remade/{name}" for name in names(folder)]
    for path in folder.iterdir():
        with Image.open(path) as image:
            assert image.size == (640, 360), path.name
            assert sum(image.convert("RGB").getpixel((2, 2))) < 3 * 40, path.name
            moves = getattr(image, "n_frames", 1) > 1
            assert moves == (path.suffix == ".gif")
    shutil.rmtree(folder)
    assert {path: path.stat().st_mtime_ns for path in (built / "build").rglob("*.*")} == before


@pytest.mark.slow
def test_what_cannot_be_had_in_a_format_is_left_out_or_said(built, build, tmp_path):
    done = build(built, "--formats", "svg", "-q", "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert names(tmp_path) == ["moving.svg", "own.svg", "still.svg"]
    solid = built / "plot_02_solid.py"
    text = SCRIPT.replace("size=(320, 240)", 'layout="3d"').partition("tj.plot_race")[0]
    solid.write_text(text, encoding="utf-8")
    done = build(built, "--formats", "html", "--only", "solid", "-o", str(tmp_path))
    solid.unlink()
    assert done.returncode == 1
    assert "plot_02_solid failed: moving.html: `layout` must be" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--formats mp5", "Did you mean 'mp4'"),
        ("--theme slides-drak", "Did you mean 'slides-dark'"),
        ("--size 20x20", "`size` must be"),
    ],
)
def test_bad_usage_is_one_line_and_exits_2(built, build, options, words):
    done = build(built, *options.split())
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert words in line


def test_maps_and_experiments_are_made_again_too(built, build, tmp_path):
    script = built / "plot_03_results.py"
    script.write_text(RESULTS, encoding="utf-8")
    asked = ["--theme", "dark", "--size", "640x360", "--formats", "png,gif"]
    done = build(built, *asked, "--only", "results", "-o", str(tmp_path))
    script.unlink()
    assert done.returncode == 0, done.stderr
    assert names(tmp_path) == ["basins.gif", "basins.png", "loss.png"]
    for path in tmp_path.iterdir():
        with Image.open(path) as image:
            assert image.size == (640, 360), path.name
            assert sum(image.convert("RGB").getpixel((2, 2))) < 3 * 40, path.name


def test_pictures_without_a_recipe_carry_their_script(built):
    for name in ("own.png", "moving.png", "still.png"):
        with Image.open(built / "build/plot_01_paths" / name) as image:
            text = image.text
        assert text.get("Source", "") == (SCRIPT if name == "own.png" else "")
        assert ("Comment" in text) == (name != "own.png")
