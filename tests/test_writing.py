"""Files are written whole or not at all: the old one stays, and nothing else is left."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import pytest

import trajectories as tj
from tests.every_format import FORMATS
from trajectories.mnist import MultiLayerNet, Trainer, train_all

BOWL = "x**2/20 + y**2"
#: Formats that need another package.
EXTRAS = {"movie.mp4": "av", "movie.webm": "av", "deck.pptx": "pptx"}
SOME = ["figure.png", "movie.gif", "movie.html", "frame%d.png", "trajectory.npz"]


@pytest.fixture(scope="module")
def path():
    return tj.descend(BOWL, "sgd:0.9", (-7, 2), 3)


def save(target):
    """Write a small file of a format, which is the file's name."""
    FORMATS[target.name](target, 0)


def first(target):
    """Return the first file that is written for a target."""
    return target.with_name(target.name.replace("%d", "0"))


def files(folder):
    return sorted(item.name for item in folder.iterdir())


# --- targets that cannot be written


@contextlib.contextmanager
def limited(size):
    """Let no file grow past so many bytes."""
    import resource

    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of sizes")
@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_may_not_grow(kind, tmp_path):
    if kind in EXTRAS:
        pytest.importorskip(EXTRAS[kind])
    target = tmp_path / kind
    save(target)
    assert len(first(target).read_bytes()) > 80
    first(target).write_bytes(b"old")
    before = {item.name: item.read_bytes() for item in tmp_path.iterdir()}
    with pytest.raises(OSError, match="File too large") as caught, limited(80):
        save(target)
    assert str(target.parent) in str(caught.value)
    assert {item.name: item.read_bytes() for item in tmp_path.iterdir()} == before


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount")
def test_a_full_disk(tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        targets = [place / kind for kind in FORMATS if kind not in EXTRAS and "%" not in kind]
        for target in targets:
            save(target)
            target.write_bytes(b"old")
        before, filler = files(place), place / "filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        for target in targets:
            with pytest.raises(OSError, match=rf"No space left on device: '.*{target.name}'"):
                save(target)
            assert target.read_bytes() == b"old"
        assert files(place) == sorted([*before, "filler"])
        filler.unlink()
        for target in targets:  # And with room they are written.
            save(target)
            assert len(target.read_bytes()) > 80
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("kind", SOME)
def test_targets_that_are_no_place_for_a_file(kind, tmp_path):
    first(tmp_path / kind).mkdir()
    (tmp_path / "file").write_bytes(b"old")
    before = files(tmp_path)
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        save(tmp_path / kind)
    with pytest.raises(FileNotFoundError, match="the folder '.*missing' does not exist"):
        save(tmp_path / "missing" / kind)
    with pytest.raises(NotADirectoryError, match="file' is not a folder"):
        save(tmp_path / "file" / kind)
    assert files(tmp_path) == before
    assert files(first(tmp_path / kind)) == []


# --- one file takes another's place


@pytest.fixture(params=["nameless", "hidden"])
def target(tmp_path, request, monkeypatch):
    """A target in an empty folder, on systems with and without files that have no name."""
    if request.param == "hidden":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return tmp_path / "a.npz"


@pytest.fixture
def during(monkeypatch):
    """Return a function that has something done once, while an archive is written."""
    usual = np.savez_compressed

    def call(work):
        def write(file, **arrays):
            monkeypatch.setattr(np, "savez_compressed", usual)
            file.write(b"half of the n")
            file.flush()
            work()
            file.seek(0)
            usual(file, **arrays)

        monkeypatch.setattr(np, "savez_compressed", write)

    return call


@pytest.mark.parametrize("name", ["a.npz", "深" * 80 + ".npz"])
def test_any_path_may_be_written(name, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for target in (name, str(tmp_path / name), tmp_path / name):
        path.save(target)
        assert tj.Trajectory.load(name) == path
    assert files(tmp_path) == [name]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("old", [b"old", None])
def test_a_writer_that_fails_leaves_all_as_it_was(target, error, old, path, during):
    if old is not None:
        target.write_bytes(old)
    before = files(target.parent)

    def fail():
        raise error

    during(fail)
    with pytest.raises(error):
        path.save(target)
    assert files(target.parent) == before
    assert old is None or target.read_bytes() == old


@pytest.mark.parametrize("passed", [0, 1])
def test_of_frames_all_are_written_or_none(passed, tmp_path, monkeypatch):
    usual, left = os.replace, [None] * passed

    def fail(*places):
        if not left:
            raise KeyboardInterrupt
        left.pop()
        usual(*places)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "frame%d.png")
    assert files(tmp_path) == []


def test_the_content_is_on_the_disk_before_the_name_is(target, path, monkeypatch):
    called = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, name=name, real=real: (called.append(name), real(*args))[1]
        )
    path.save(target)
    assert called == ["fsync", "replace"]


def test_a_file_system_without_nameless_files(target, path, monkeypatch):
    real = os.open

    def refusing(place, flags, *more):
        if flags & getattr(os, "O_TMPFILE", 0) and os.path.isdir(place):
            raise OSError(95, "Operation not supported")
        return real(place, flags, *more)

    monkeypatch.setattr(os, "open", refusing)
    path.save(target)
    assert tj.Trajectory.load(target) == path
    assert files(target.parent) == ["a.npz"]


# --- what killed writers have left


def left(folder, age=100.0, name=".0123456789abcdef.part"):
    path = folder / name
    path.write_bytes(b"half of the n")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_what_a_killed_writer_has_left_goes_with_the_next_file(target, path):
    left(target.parent)
    folder = target.with_name(".fedcba9876543210.part")
    folder.mkdir()
    left(folder, name="0.png")
    os.utime(folder, (0, 0))
    path.save(target)
    assert files(target.parent) == ["a.npz"]


def test_other_files_stay_however_old_they_are_and_so_do_young_ones(target, path):
    names = [".part", ".0123456789abcde.part", ".0123456789ABCDEF.part", "0123456789abcdef.part"]
    for name in names:
        left(target.parent, name=name)
    young = left(target.parent, age=0, name=".fedcba9876543210.part")
    path.save(target)
    assert files(target.parent) == sorted([*names, young.name, "a.npz"])


@pytest.mark.skipif(os.name == "nt", reason="there, open files cannot be removed anyway")
def test_what_a_living_writer_has_open_stays(target, path, during, monkeypatch):
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)

    def write_another():
        for item in target.parent.iterdir():
            os.utime(item, (0, 0))
        path.save(target.with_name("b.npz"))
        assert len(files(target.parent)) == 2

    during(write_another)
    path.save(target)
    assert files(target.parent) == ["a.npz", "b.npz"]


def test_a_system_without_locks(tmp_path):
    """As Windows: its Python has no such module."""
    code = (
        "import sys, os; sys.modules['fcntl'] = None; vars(os).pop('O_TMPFILE', None)\n"
        "import trajectories as tj\n"
        "path = tj.descend('x**2/20 + y**2', 'sgd:0.9', (-7, 2), 3)\n"
        "path.save('a.npz')\n"
        "assert tj.Trajectory.load('a.npz') == path\n"
        "tj.animate(path, size=(160, 120)).save('%d.png')\n"
    )
    left(tmp_path)
    folder = tmp_path / ".fedcba9876543210.part"
    folder.mkdir()
    left(folder, name="0.png")
    os.utime(folder, (0, 0))
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert files(tmp_path) == ["0.png", "1.png", "2.png", "3.png", "a.npz"]


# --- folders


def test_a_folder_that_was_made_for_nothing_goes_again(run, folder):
    failing = ["search", "sphere", "-O", "adm", "--trials", "2"]
    assert run(*failing, "-o", "a/b")[0] == 2
    assert files(folder) == []
    (folder / "file").write_bytes(b"old")
    assert run(*failing, "-o", "file/a")[0] == 1
    assert run(*failing, "-o", f"a/{'x' * 300}")[0] == 1
    (folder / "a").mkdir()
    assert run(*failing, "-o", "a/b/c")[0] == 2
    # What was there stays, though there is nothing in it.
    assert files(folder) == ["a", "file"]
    assert files(folder / "a") == []


def test_a_passing_folder_is_for_nobody_else_and_goes_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed = tmp_path / ".0123456789abcdef.part"
    killed.mkdir()
    os.utime(killed, (0, 0))
    usual, modes = os.mkdir, {}

    def mkdir(place, mode=0o777, **more):
        modes[os.fspath(place)] = mode
        usual(place, mode, **more)

    monkeypatch.setattr(os, "mkdir", mkdir)
    images, labels = np.zeros((20, 6), np.uint8), np.zeros(20, int)
    how = {"iterations": 2, "batch_size": 5, "rng": 0}
    runs = [
        Trainer(MultiLayerNet(6, [4], 3, rng=0), rule, images, labels, **how)
        for rule in ("sgd", "adam")
    ]
    assert len(train_all(runs, n_jobs=2)) == 2
    passing = [mode for place, mode in modes.items() if place.endswith(".part")]
    assert passing == [0o700]
    assert [name for name in files(tmp_path) if name.endswith(".part")] == []
