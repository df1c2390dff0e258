"""Targets that cannot be written, by every writer: the old file stays, and nothing else is left."""

import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import trajectories as tj
from trajectories.plotting.canvas import save_figure

SCRIPT = Path(__file__).with_name("every_format.py")
QUICK = ["figure.png", "movie.gif", "movie.webp", "frame%d.png", "trajectory.npz", "history.json"]
SLOW = ["figure.svg", "figure.pdf", "movie.png", "movie.apng", "movie.html", "deck.html"]
EXTRAS = {"movie.mp4": "av", "movie.webm": "av", "deck.pptx": "pptx"}


def run(*arguments):
    command = [sys.executable, SCRIPT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def all_kinds():
    there = [kind for kind, module in EXTRAS.items() if importlib.util.find_spec(module)]
    return QUICK + SLOW + there


def check_refusals(done, folder, kinds, words):
    """Make sure that each writer failed in one line that names its file, and left nothing."""
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if words in line]
    assert len(lines) == len(kinds)
    for kind, line in zip(kinds, lines, strict=True):
        assert line.startswith(f"{kind}: ")
        assert str(folder / kind.replace("%", "")) in line
    assert [item for item in folder.rglob(".*")] == []
    old = run(folder.parent / "old", *kinds).stdout.splitlines()
    assert [line for line in done.stdout.splitlines() if line not in lines] == old


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    return tmp_path / "new"


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of sizes")
def test_a_file_that_may_not_grow(folder):
    check_refusals(run("--limit", 80, folder, *QUICK), folder, QUICK, "File too large")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no limits of sizes")
@pytest.mark.parametrize("limit", [0, 80, 1000])
def test_a_file_that_may_not_grow_in_any_format(folder, limit):
    kinds = all_kinds()
    if limit == 1000:
        kinds = [kind for kind in kinds if kind not in ("history.json", "frame%d.png")]
    done = run("--limit", limit, folder, *kinds)
    check_refusals(done, folder, kinds, "File too large")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount")
def test_a_full_disk(tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        path = tj.descend("x**2/20 + y**2", "sgd:0.9", (-7, 2), 30)
        targets = {
            place / "a.png": lambda target: save_figure(tj.plot(path).figure, target),
            place / "a.svg": lambda target: save_figure(tj.plot(path).figure, target),
            place / "a.gif": lambda target: tj.animate(path, size=(320, 240)).save(target),
            place / "a.html": lambda target: tj.animate(path, size=(320, 240)).save(target),
            place / "a.npz": path.save,
        }
        for target in targets:
            target.write_bytes(b"old")
        filler = place / "filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        for target, save in targets.items():
            with pytest.raises(OSError, match=rf"No space left on device: '.*{target.name}'"):
                save(target)
            assert target.read_bytes() == b"old"
        assert sorted(place.iterdir()) == sorted([*targets, filler])
        filler.unlink()
        for target, save in targets.items():  # And with room they are written.
            save(target)
            assert len(target.read_bytes()) > 100
            target.unlink()
    finally:
        subprocess.run(["umount", place], check=True)


WRITERS = {
    "figure.png": lambda path, target: save_figure(tj.plot(path).figure, target),
    "movie.gif": lambda path, target: tj.animate(path, size=(320, 240)).save(target),
    "movie.html": lambda path, target: tj.animate(path, size=(320, 240)).save(target),
    "movie.apng": lambda path, target: tj.animate(path, size=(320, 240)).save(target),
    "frame0.png": lambda path, target: tj.animate(path, size=(320, 240)).save(
        target.with_name("frame%d.png")
    ),
    "trajectory.npz": lambda path, target: path.save(target),
}


@pytest.fixture(scope="module")
def path():
    return tj.descend("x**2/20 + y**2", "sgd:0.9", (-7, 2), 3)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_target_that_is_a_folder(kind, path, tmp_path):
    (tmp_path / kind).mkdir()
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        WRITERS[kind](path, tmp_path / kind)
    assert [item.name for item in tmp_path.rglob("*")] == [kind]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_folder_that_is_not_there(kind, path, tmp_path):
    with pytest.raises(FileNotFoundError, match="the folder '.*missing' does not exist"):
        WRITERS[kind](path, tmp_path / "missing" / kind)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write everywhere"
)
def test_a_read_only_folder(kind, path, tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match="is read-only"):
            WRITERS[kind](path, tmp_path / kind)
    finally:
        tmp_path.chmod(0o700)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["figure.png", "movie.gif", "trajectory.npz"])
def test_two_processes_that_write_one_file(kind, path, tmp_path):
    """Whoever comes last has written the file, and all of it."""
    other = tj.descend("x**2/20 + y**2", "sgd:0.9", (5, -3), 3)
    wholes = []
    for number, each in enumerate((path, other)):
        (tmp_path / str(number)).mkdir()
        WRITERS[kind](each, tmp_path / str(number) / kind)
        wholes.append((tmp_path / str(number) / kind).read_bytes())
    code = (
        "import sys, pathlib; import trajectories as tj\n"
        "from trajectories.plotting.writers.figure import save_figure\n"
        "path = tj.descend('x**2/20 + y**2', 'sgd:0.9', eval(sys.argv[2]), 3)\n"
        "target = pathlib.Path(sys.argv[1])\n"
        "for _ in range(25):\n"
        "    if target.suffix == '.npz': path.save(target)\n"
        "    elif target.suffix == '.png': save_figure(tj.plot(path).figure, target)\n"
        "    else: tj.animate(path, size=(320, 240)).save(target)\n"
    )
    place = tmp_path / "shared"
    place.mkdir()
    target = place / kind
    target.write_bytes(wholes[0])
    writers = [
        subprocess.Popen([sys.executable, "-c", code, target, start])
        for start in ("(-7, 2)", "(5, -3)")
    ]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        seen.add(target.read_bytes())
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen <= set(wholes)
    assert [item.name for item in place.iterdir()] == [kind]
