"""Files that are replaced only once complete, and interrupts that wait for imports."""

from __future__ import annotations

import errno
import importlib
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

#: Seconds until a delayed or swallowed interrupt is raised again.
_RETRY_SECONDS = 0.05


@contextmanager
def patient_interrupts() -> Iterator[None]:
    """Delay interrupts (Ctrl-C) inside a block while an import is running."""
    default = (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    )
    if not default:
        yield
        return
    outermost = sys._getframe(2)  # One frame in between is contextlib's; an import may have called.
    interrupted = closed = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if closed:
            return
        interrupted = True
        signal.setitimer(signal.ITIMER_REAL, _RETRY_SECONDS)
        handled = number == signal.SIGALRM and _is_handled()
        if not handled and not _is_importing(frame, outermost):
            raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, handle)
    signal.signal(signal.SIGINT, handle)
    try:
        yield
    except Exception as error:  # C code may turn a KeyboardInterrupt into an error of its own.
        if interrupted:
            raise KeyboardInterrupt from error
        raise
    finally:
        closed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _is_handled() -> bool:
    """Return whether an interrupt is being handled now."""
    error = sys.exc_info()[1]
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _is_importing(frame: FrameType | None, outermost: FrameType) -> bool:
    """Return whether a frame up to the outermost is that of an import."""
    while frame is not None and frame is not outermost:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


fcntl: Any = None
with suppress(ImportError):  # Windows has none.
    fcntl = importlib.import_module("fcntl")

_HIDDEN = re.compile(r"\.[0-9a-f]{16}\.part")
#: Seconds after which an unlocked hidden file is stale: its writer locks it at once.
_STALE_SECONDS = 60.0
#: Errors of a full or broken disk, which name no file.
_DISK_ERRORS = {errno.ENOSPC, errno.EFBIG, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)}
_DESCRIPTOR_PATH = "/proc/self/fd/{}"


def check_target(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a file can be written there, without touching it."""
    target = Path(path)
    folder = target.parent
    if target.is_dir():
        raise IsADirectoryError(f"Cannot write {str(target)!r}: it is a folder.")
    if not folder.exists():
        raise FileNotFoundError(
            f"Cannot write {str(target)!r}: the folder {str(folder)!r} does not exist."
        )
    if not folder.is_dir():
        raise NotADirectoryError(f"Cannot write {str(target)!r}: {str(folder)!r} is not a folder.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(
            f"Cannot write {str(target)!r}: the folder {str(folder)!r} is read-only."
        )
    return target


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that replaces `path` once it is complete."""
    target = check_target(path)
    _remove_stale(target.parent)
    partial = _hidden_path(target.parent)
    descriptor = _open_unnamed(target.parent)
    unnamed = descriptor is not None
    if descriptor is None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(partial, flags, 0o666)
        except OSError as error:  # Its message would name the hidden file.
            raise type(error)(error.errno, error.strerror, str(target)) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            _lock(descriptor)
            yield file
            file.flush()
            os.fsync(file.fileno())
            if unnamed:
                # Any `src_dir_fd` makes Python follow the link; the path is absolute.
                source = _DESCRIPTOR_PATH.format(descriptor)
                os.link(source, partial, src_dir_fd=descriptor, follow_symlinks=True)
        os.replace(partial, target)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        raise _with_target(error, target) from error.__cause__


@contextmanager
def hidden_folder(beside: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a hidden folder beside a target file; remove it at the end."""
    try:
        with _hidden_folder_in(check_target(beside).parent) as folder:
            yield folder
    except OSError as error:
        raise _with_target(error, beside) from error.__cause__


@contextmanager
def folder_beside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a missing folder for a block's files; remove it if it stays empty."""
    folder = Path(path)
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    finally:
        for parent in missing:
            with suppress(OSError):  # It is not empty.
                parent.rmdir()


@contextmanager
def passing_folder() -> Iterator[Path]:
    """Make a temporary folder; remove it at the end."""
    with _hidden_folder_in(Path(tempfile.gettempdir())) as folder:
        yield folder


@contextmanager
def _hidden_folder_in(folder: Path) -> Iterator[Path]:
    """Make a locked folder; remove it at the end, and stale ones first."""
    _remove_stale(folder)
    partial = _hidden_path(folder)
    partial.mkdir(0o700)
    lock = os.open(partial, os.O_RDONLY) if fcntl is not None else None
    try:
        if lock is not None:
            _lock(lock)
        yield partial
    finally:
        # Windows cannot remove files that are still mapped.
        shutil.rmtree(partial, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _with_target(error: BaseException, target: str | os.PathLike[str]) -> BaseException:
    """Return an error of the disk with the name of the target."""
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS and error.filename is None:
        return type(error)(error.errno, error.strerror, os.fspath(target))
    return error


def _hidden_path(folder: Path) -> Path:
    return folder / f".{secrets.token_hex(8)}.part"


def _open_unnamed(folder: Path) -> int | None:
    """Open a new file without a name; return None if the system cannot."""
    if not hasattr(os, "O_TMPFILE") or not os.path.isdir(os.path.dirname(_DESCRIPTOR_PATH)):
        return None
    try:
        return os.open(folder, os.O_WRONLY | os.O_TMPFILE, 0o666)
    except OSError:
        return None


def _lock(descriptor: int) -> bool:
    """Lock a file or folder while this process has it open; return whether that succeeded."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # Another process has the lock, or the file system has no locks.
        return False
    return True


def _remove_stale(folder: Path) -> None:
    """Remove the files that killed writers left in a folder."""
    with suppress(OSError), os.scandir(folder) as items:
        for item in items:
            if _HIDDEN.fullmatch(item.name) is None:
                continue
            with suppress(OSError):
                if time.time() - item.stat(follow_symlinks=False).st_mtime > _STALE_SECONDS:
                    _remove_unlocked(item)


def _remove_unlocked(item: os.DirEntry[str]) -> None:
    """Remove a hidden file or folder unless a living process holds its lock."""
    if item.is_symlink():
        return
    # Systems without locks do not remove open files.
    lock = os.open(item.path, os.O_RDONLY) if fcntl is not None else None
    try:
        if lock is not None and not _lock(lock):
            return
        if item.is_dir(follow_symlinks=False):
            shutil.rmtree(item.path, ignore_errors=True)
        else:
            os.unlink(item.path)
    finally:
        if lock is not None:
            os.close(lock)


def watched() -> bool:
    """Return whether stderr is a terminal, which can show a progress bar."""
    return sys.stderr is not None and sys.stderr.isatty()
