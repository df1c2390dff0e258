"""Interrupts that wait until no module is being imported."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["patient_interrupts"]

#: Seconds until it is looked again whether an import is over.
_AGAIN = 0.05


@contextmanager
def patient_interrupts() -> Iterator[None]:
    """Let an interrupt (Ctrl-C) wait, inside a block, until no import is under way.

    A module written in C that is interrupted while it sets itself up may swallow the interrupt, or
    turn it into an error of its own: the work would go on, or end with words that nobody
    understands. Where others handle interrupts, in other threads, and on systems without interval
    timers, everything stays as it is.

    Raises
    ------
    KeyboardInterrupt
        In the block, as ever.

    Examples
    --------
    >>> with patient_interrupts():
    ...     import colorsys
    """
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

    def handle(_: int, frame: FrameType | None) -> None:
        if _is_importing(frame, outermost):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        else:
            raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, handle)
    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _is_importing(frame: FrameType | None, outermost: FrameType) -> bool:
    """Tell whether one of the frames, up to the outermost, is that of an import."""
    while frame is not None and frame is not outermost:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
