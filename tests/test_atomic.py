"""Writing a file whole or not at all."""

import os

import pytest

from trajectories.atomic import check_target, replacing


@pytest.fixture
def target(tmp_path):
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
        (name,) = files(target.parent)
        assert name.startswith(".")
        file.write(b"new")


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
