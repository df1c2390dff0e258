"""Files written beside their target and renamed; interrupts that leave none half written."""

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

#: Seconds until it is looked again whether an import is over, or an interrupt has been lost.
_AGAIN = 0.05


@contextmanager
def patient_interrupts() -> Iterator[None]:
    """Let an interrupt (Ctrl-C) wait, inside a block, until no import is under way."""
    ours = (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    )
    if not ours:
        yield
        return
    outermost = sys._getframe(2)  # Between is contextlib. Above may be an import that called us.
    came = left = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal came
        if left:
            return
        came = True
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        handled = number == signal.SIGALRM and _is_handled()
        if not handled and not _is_importing(frame, outermost):
            raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, handle)
    signal.signal(signal.SIGINT, handle)
    try:
        yield
    except Exception as error:  # Such as that of a function in C whose arguments were in Python.
        if came:
            raise KeyboardInterrupt from error
        raise
    finally:
        left = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _is_handled() -> bool:
    """Tell whether something is cleaning up after an interrupt now."""
    error = sys.exc_info()[1]
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _is_importing(frame: FrameType | None, outermost: FrameType) -> bool:
    """Tell whether one of the frames, up to the outermost, is that of an import."""
    while frame is not None and frame is not outermost:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


fcntl: Any = None
with suppress(ImportError):  # Windows has none.
    fcntl = importlib.import_module("fcntl")

_HIDDEN = re.compile(r"\.[0-9a-f]{16}\.part")
#: Seconds after which an unlocked hidden file counts as left: it is locked as soon as it is there.
_STALE = 60.0
#: What a disk says that takes no more; it does not say of which file.
_FULL = {errno.ENOSPC, errno.EFBIG, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)}
_PROCESS_FILES = "/proc/self/fd/{}"


def check_target(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a file could be written there; touch nothing."""
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
    """Open a new file that takes the place of `path` once it is complete."""
    target = check_target(path)
    _sweep(target.parent)
    partial = _hidden(target.parent)
    descriptor = _nameless(target.parent)
    nameless = descriptor is not None
    if descriptor is None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(partial, flags, 0o666)
        except OSError as error:  # Its message would name a file that nobody has asked for.
            raise type(error)(error.errno, error.strerror, str(target)) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            _lock(descriptor)
            yield file
            file.flush()
            os.fsync(file.fileno())
            if nameless:
                # Any `src_dir_fd` makes Python follow the link; the path is absolute.
                source = _PROCESS_FILES.format(descriptor)
                os.link(source, partial, src_dir_fd=descriptor, follow_symlinks=True)
        os.replace(partial, target)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        raise _named(error, target) from error.__cause__


@contextmanager
def hidden_folder(beside: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a hidden folder for files on their way to a place beside it; remove it at the end."""
    try:
        with _hidden_folder_in(check_target(beside).parent) as folder:
            yield folder
    except OSError as error:
        raise _named(error, beside) from error.__cause__


@contextmanager
def folder_beside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a folder, unless it is there, for what a block writes into it."""
    folder = Path(path)
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    finally:
        for place in made:
            with suppress(OSError):  # There is something in it.
                place.rmdir()


@contextmanager
def passing_folder() -> Iterator[Path]:
    """Make a folder for files that are needed for a while, where the system keeps such."""
    with _hidden_folder_in(Path(tempfile.gettempdir())) as folder:
        yield folder


@contextmanager
def _hidden_folder_in(folder: Path) -> Iterator[Path]:
    """Make a locked folder, after those that were left; remove it at the end."""
    _sweep(folder)
    partial = _hidden(folder)
    partial.mkdir(0o700)
    lock = os.open(partial, os.O_RDONLY) if fcntl is not None else None
    try:
        if lock is not None:
            _lock(lock)
        yield partial
    finally:
        # Windows cannot remove files that others still have mapped.
        shutil.rmtree(partial, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _named(error: BaseException, target: str | os.PathLike[str]) -> BaseException:
    """Return an error that names the target if it is the disk that takes no more."""
    if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
        return type(error)(error.errno, error.strerror, os.fspath(target))
    return error


def _hidden(folder: Path) -> Path:
    return folder / f".{secrets.token_hex(8)}.part"


def _nameless(folder: Path) -> int | None:
    """Open a new file without a name; None if the system, or the file system, has none such."""
    if not hasattr(os, "O_TMPFILE") or not os.path.isdir(os.path.dirname(_PROCESS_FILES)):
        return None
    try:
        return os.open(folder, os.O_WRONLY | os.O_TMPFILE, 0o666)
    except OSError:
        return None


def _lock(descriptor: int) -> bool:
    """Lock a file or folder as long as this process has it open; tell whether that was possible."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # Another process has it, or this file system knows no locks.
        return False
    return True


def _sweep(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder."""
    with suppress(OSError), os.scandir(folder) as items:
        for item in items:
            if _HIDDEN.fullmatch(item.name) is None:
                continue
            with suppress(OSError):
                if time.time() - item.stat(follow_symlinks=False).st_mtime > _STALE:
                    _remove_if_left(item)


def _remove_if_left(item: os.DirEntry[str]) -> None:
    """Remove a hidden file or folder unless a living process holds its lock."""
    if item.is_symlink():
        return
    # Without locks, a system does not let go of files that are open.
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
    """Whether stderr is a terminal, on which a progress bar can be seen."""
    return sys.stderr is not None and sys.stderr.isatty()
