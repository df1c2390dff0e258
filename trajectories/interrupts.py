"""Interrupts that wait until no module is being imported, and come again if they are lost."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["patient_interrupts"]

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
