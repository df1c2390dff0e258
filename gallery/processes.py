"""The processes that run the gallery's scripts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Children", "ScriptError"]


class ScriptError(Exception):
    """A script did not make what it should."""


class Children:
    """The processes that are running, so that all of them can be ended at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run(self, command: Sequence[str], folder: Path, timeout: float) -> str:
        """Run a command to its end.

        Parameters
        ----------
        command : sequence of str
            Program and arguments.
        folder : pathlib.Path
            The working directory.
        timeout : float
            Seconds after which the process and its children are killed.

        Returns
        -------
        str
            What it wrote to stdout.

        Raises
        ------
        ScriptError
            If it failed, with the last line that it wrote to stderr; if it took too long; or if
            `stop` has been called.
        """
        # A matplotlibrc of the user's would change the pictures.
        environment = {**os.environ, "MPLBACKEND": "Agg", "MATPLOTLIBRC": os.devnull}
        with self._lock:
            if self._stopped:
                raise ScriptError("stopped")
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # A group of its own dies with all that it started.
            )
            self._running.add(process)
        try:
            output, errors = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _kill(process)
            process.communicate()
            raise ScriptError(f"timed out after {timeout:g} s") from None
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode:
            lines = [line.strip() for line in errors.splitlines() if line.strip()]
            raise ScriptError(lines[-1] if lines else f"ended with status {process.returncode}")
        return output

    def stop(self) -> None:
        """Kill what is running, and let nothing new begin."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a process, and on POSIX all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
