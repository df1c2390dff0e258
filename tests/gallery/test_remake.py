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
paths = tj.compare("x**2/20 + y**2", ["sgd:0.9", "adam:0.3"], start=(-7, 2), steps=3)
tj.animate(paths, theme="light", size=(160, 120)).save("moving.gif", fps=9)
tj.plot_race(paths).savefig("still.png")
tj.plot_basins([tj.basins("sphere", "sgd:0.1", steps=4, resolution=6)]).savefig("basins.png")
figure = Figure(figsize=(4, 3), layout="constrained")
tj.plot(paths, ax=figure.subplots())
figure.savefig("own.png", dpi=100)
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
    made_by_build = ["plot_01_paths.ipynb", "plot_01_paths.py", "result.json"]
    pictures = ["moving.gif", "moving.html", "moving.png", "basins.png", "own.png", "still.png"]
    assert made == sorted([*made_by_build, *pictures, *videos])
    with Image.open(built / "build/plot_01_paths/moving.png") as last:
        assert last.size == (160, 120)
        assert getattr(last, "n_frames", 1) == 1


def test_theme_and_size_change_every_picture_and_not_the_gallery(built, build):
    before = {path: path.stat().st_mtime_ns for path in (built / "build").rglob("*.*")}
    done = build(built, "--theme", "dark", "--size", "320x240", "--formats", "png,gif")
    assert done.returncode == 0, done.stderr
    folder = built / "build/remade"
    stills = ["basins.png", "moving.png", "own.png", "still.png"]
    assert names(folder) == sorted([*stills, "basins.gif", "moving.gif", "still.gif"])
    assert sorted(done.stdout.split()) == [f"build/remade/{name}" for name in names(folder)]
    for path in folder.iterdir():
        with Image.open(path) as image:
            assert image.size == (320, 240), path.name
            assert sum(image.convert("RGB").getpixel((2, 2))) < 3 * 40, path.name
            moves = getattr(image, "n_frames", 1) > 1
            assert moves == (path.suffix == ".gif"), path.name
    shutil.rmtree(folder)
    assert {path: path.stat().st_mtime_ns for path in (built / "build").rglob("*.*")} == before


@pytest.mark.slow
def test_what_cannot_be_had_in_a_format_is_left_out_or_said(built, build, tmp_path):
    done = build(built, "--formats", "svg", "-q", "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert names(tmp_path) == ["basins.svg", "moving.svg", "own.svg", "still.svg"]
    solid = built / "plot_02_solid.py"
    text = SCRIPT.replace("size=(160, 120)", 'layout="3d"').partition("tj.plot_race")[0]
    solid.write_text(text, encoding="utf-8")
    done = build(built, "--formats", "html", "--only", "solid", "-o", str(tmp_path))
    solid.unlink()
    assert done.returncode == 1
    assert "plot_02_solid failed: moving.html: `layout` must be" in done.stderr


def test_pictures_without_a_recipe_carry_their_script(built):
    for name in ("own.png", "moving.png", "still.png"):
        with Image.open(built / "build/plot_01_paths" / name) as image:
            text = image.text
        assert text.get("Source", "") == (SCRIPT if name == "own.png" else "")
        assert ("Comment" in text) == (name != "own.png")
