"""Writing a file whole or not at all."""

import os
import signal
import subprocess
import sys
import tempfile
import time

import pytest

from trajectories.files import check_target, hidden_folder, made_folder, passing_folder, replacing


@pytest.fixture(params=["nameless", "hidden"])
def target(tmp_path, request, monkeypatch):
    """A target in an empty folder, on systems with and without files that have no name."""
    if request.param == "hidden":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return tmp_path / "a.bin"


def files(folder):
    return sorted(item.name for item in folder.iterdir())


def test_a_new_file(target):
    with replacing(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"
    assert files(target.parent) == ["a.bin"]


def test_the_path_may_be_text(target):
    with replacing(str(target)) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"


def test_the_path_may_be_relative(target, monkeypatch):
    monkeypatch.chdir(target.parent)
    with replacing("a.bin") as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"


def test_the_old_file_stays_until_the_block_ends(target):
    target.write_bytes(b"old")
    with replacing(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert files(target.parent) == ["a.bin"]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("old", [b"old", None])
def test_a_failed_block_leaves_all_as_it_was(target, error, old):
    if old is not None:
        target.write_bytes(old)
    before = files(target.parent)
    with pytest.raises(error), replacing(target) as file:  # noqa: PT012 - it is the block that fails.
        file.write(b"half of the n")
        raise error
    assert files(target.parent) == before
    if old is not None:
        assert target.read_bytes() == old


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failing_disk_leaves_all_as_it_was(target, failing, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    target.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, failing, fail)
        with pytest.raises(OSError, match="No space left"), replacing(target) as file:
            file.write(b"new")
    assert target.read_bytes() == b"old"
    assert files(target.parent) == ["a.bin"]


def test_the_content_is_on_the_disk_before_the_name_is(target, monkeypatch):
    called = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, name=name, real=real: (called.append(name), real(*args))[1]
        )
    with replacing(target) as file:
        file.write(b"new")
    assert called == ["fsync", "replace"]


def test_two_writers_at_once_do_not_mix(target):
    with replacing(target) as one, replacing(target) as two:
        one.write(b"one")
        two.write(b"two")
    # The inner block ended first, the outer one last.
    assert target.read_bytes() == b"one"
    assert files(target.parent) == ["a.bin"]


def test_the_unfinished_file_is_hidden_and_beside_the_target(target):
    with replacing(target) as file:
        names = files(target.parent)
        assert len(names) <= (not hasattr(os, "O_TMPFILE"))
        assert all(name.startswith(".") for name in names)
        file.write(b"new")


# --- what killed writers have left


def left(folder, age=100.0, name=".0123456789abcdef.part"):
    path = folder / name
    path.write_bytes(b"half of the n")
    os.utime(path, (time.time() - age,) * 2)
    return path


def write(target):
    with replacing(target) as file:
        file.write(b"new")


def test_what_a_killed_writer_has_left_goes_with_the_next_file(target):
    left(target.parent)
    folder = target.with_name(".fedcba9876543210.part")
    folder.mkdir()
    left(folder, name="0.png")
    os.utime(folder, (0, 0))
    write(target)
    assert files(target.parent) == ["a.bin"]


@pytest.mark.parametrize(
    "name", [".part", ".0123456789abcde.part", ".0123456789ABCDEF.part", "0123456789abcdef.part"]
)
def test_other_files_stay_however_old_they_are(target, name):
    left(target.parent, name=name)
    write(target)
    assert files(target.parent) == sorted([name, "a.bin"])


def test_what_is_young_stays(target):
    young = left(target.parent, age=0)
    write(target)
    assert young.exists()


def test_a_link_stays_and_so_does_what_it_points_to(target):
    real = left(target.parent, name="real")
    link = target.with_name(".0123456789abcdef.part")
    link.symlink_to(real)
    os.utime(link, (0, 0), follow_symlinks=False)
    write(target)
    assert link.is_symlink()
    assert real.exists()


@pytest.mark.skipif(os.name == "nt", reason="there, open files cannot be removed anyway")
def test_what_a_living_writer_has_open_stays(target, monkeypatch):
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    with replacing(target) as file, hidden_folder(target) as folder:
        for item in target.parent.iterdir():
            os.utime(item, (0, 0))
        write(target.with_name("b.bin"))
        assert len(files(target.parent)) == 3
        assert folder.exists()
        file.write(b"new")
    assert files(target.parent) == ["a.bin", "b.bin"]


def test_a_hidden_folder_goes_with_all_in_it(target):
    with hidden_folder(target) as folder:
        assert folder.name.startswith(".")
        assert folder.parent == target.parent
        (folder / "0.png").write_bytes(b"new")
    assert files(target.parent) == []
    with pytest.raises(KeyboardInterrupt), hidden_folder(target) as folder:  # noqa: PT012
        (folder / "0.png").write_bytes(b"new")
        raise KeyboardInterrupt
    assert files(target.parent) == []


def test_a_folder_that_was_made_for_nothing_goes_again(tmp_path):
    with pytest.raises(KeyboardInterrupt), made_folder(tmp_path / "a" / "b") as folder:  # noqa: PT012
        assert folder.is_dir()
        raise KeyboardInterrupt
    assert files(tmp_path) == []
    (tmp_path / "a").mkdir()
    with made_folder(tmp_path / "a" / "b" / "c"):
        pass
    # What was there stays, though there is nothing in it.
    assert files(tmp_path) == ["a"]
    with made_folder(tmp_path / "a"):
        pass
    assert files(tmp_path) == ["a"]


def test_a_folder_with_something_in_it_stays_whatever_happens(tmp_path):
    with pytest.raises(KeyboardInterrupt), made_folder(tmp_path / "a" / "b") as folder:  # noqa: PT012
        (folder / "kept").write_bytes(b"kept")
        raise KeyboardInterrupt
    assert files(tmp_path / "a" / "b") == ["kept"]


def test_a_folder_that_cannot_be_made_leaves_none(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(OSError, match="file"), made_folder(tmp_path / "file" / "a"):
        raise AssertionError("never")
    with pytest.raises(OSError, match="x{300}"), made_folder(tmp_path / "a" / ("x" * 300)):
        raise AssertionError("never")
    assert files(tmp_path) == ["file"]


def test_a_passing_folder_is_where_the_system_keeps_such_and_goes_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with passing_folder() as folder:
        assert files(tmp_path) == [folder.name]
        (folder / "0.npy").write_bytes(b"for now")
    with pytest.raises(KeyboardInterrupt), passing_folder() as folder:  # noqa: PT012
        (folder / "0.npy").write_bytes(b"for now")
        raise KeyboardInterrupt
    assert files(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="there, no process is killed by a signal")
def test_the_passing_folder_of_a_killed_process_goes_with_the_next(tmp_path, monkeypatch):
    script = """if True:
        import os, signal
        from trajectories.atomic import passing_folder
        with passing_folder() as folder:
            (folder / "0.npy").write_bytes(b"for now")
            os.utime(folder, (0, 0))
            os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run([sys.executable, "-c", script], env={"TMPDIR": str(tmp_path)})
    assert killed.returncode == -signal.SIGKILL
    assert len(files(tmp_path)) == 1
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with passing_folder() as folder:
        assert files(tmp_path) == [folder.name]
    assert files(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="others may read all of it")
def test_nobody_else_reads_a_passing_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with passing_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_file_system_without_nameless_files(target, monkeypatch):
    real = os.open

    def refusing(path, flags, *more):
        if flags & getattr(os, "O_TMPFILE", 0) and os.path.isdir(path):
            raise OSError(95, "Operation not supported")
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", refusing)
    write(target)
    assert target.read_bytes() == b"new"
    assert files(target.parent) == ["a.bin"]


@pytest.mark.parametrize("name", ["n" * 251 + ".npz", "深" * 80 + ".npz"])
def test_a_long_name(name, tmp_path):
    target = tmp_path / name
    with replacing(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"


def test_the_umask_decides_who_may_read(target):
    plain = target.with_name("plain")
    plain.write_bytes(b"")
    with replacing(target) as file:
        file.write(b"new")
    assert target.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("function", [check_target, lambda path: replacing(path).__enter__()])
def test_targets_that_cannot_be_written(tmp_path, function):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"old")
    before = files(tmp_path)
    with pytest.raises(FileNotFoundError, match="the folder '.*missing' does not exist"):
        function(tmp_path / "missing" / "a.bin")
    with pytest.raises(IsADirectoryError, match="folder': it is a folder"):
        function(tmp_path / "folder")
    with pytest.raises(NotADirectoryError, match="file' is not a folder"):
        function(tmp_path / "file" / "a.bin")
    assert files(tmp_path) == before
    assert files(tmp_path / "folder") == []


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write everywhere"
)
def test_a_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match="is read-only"):
            check_target(tmp_path / "a.bin")
    finally:
        tmp_path.chmod(0o700)


def test_checking_touches_nothing(target):
    assert check_target(str(target)) == target
    assert files(target.parent) == []
    target.write_bytes(b"old")
    assert check_target(target) == target
    assert target.read_bytes() == b"old"


@pytest.fixture
def without_locks(monkeypatch):
    """A system whose Python has no such locks, as Windows."""
    monkeypatch.setattr("trajectories.files.fcntl", None)
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)


def test_a_system_without_locks(without_locks, tmp_path):
    target = tmp_path / "a.bin"
    with replacing(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"
    with hidden_folder(target) as folder:
        (folder / "part").write_bytes(b"half")
    assert files(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_killed_writer_has_left_goes_without_locks_too(without_locks, tmp_path, kind):
    left = tmp_path / f".{'0' * 16}.part"
    if kind == "folder":
        left.mkdir()
        (left / "part").write_bytes(b"half")
    else:
        left.write_bytes(b"half")
    os.utime(left, (0, 0))
    with replacing(tmp_path / "a.bin") as file:
        file.write(b"new")
    assert files(tmp_path) == ["a.bin"]
