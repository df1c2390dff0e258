"""How far the build of the gallery is, on stderr, and what it has written, on stdout."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from trajectories.files import watched

__all__ = ["Progress"]


class Progress:
    """Tells on stderr how far the build is: a bar on a terminal, a line for each script elsewhere.

    Parameters
    ----------
    total : int
        How many scripts run.
    quiet : bool
        Whether to tell of failures only.
    """

    def __init__(self, total: int, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Any = None
        if total and not quiet and watched():
            from tqdm import tqdm

            self._bar = tqdm(total=total, desc="gallery", unit="script", leave=False)

    def ended(self, name: str, seconds: float, error: str | None) -> None:
        """Tell how a script ended."""
        if self._bar is not None:
            self._bar.update()
        if error is not None:
            self._write(f"{name} failed: {error}", sys.stderr)
        elif self._bar is None:
            self.say(f"{name}: {seconds:.1f} s")

    def wrote(self, path: str) -> None:
        """Print the path of a file on stdout, where a bar is not in its way."""
        self._write(path, sys.stdout)

    def say(self, words: str) -> None:
        """Write a line, unless all is to be quiet."""
        if not self._quiet:
            self._write(words, sys.stderr)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _write(self, line: str, file: TextIO) -> None:
        if self._bar is not None:
            self._bar.write(line, file=file)
        else:
            print(line, file=file, flush=True)
