"""Whether anybody watches: progress is shown to people only."""

from __future__ import annotations

import sys

__all__ = ["watched"]


def watched() -> bool:
    """Whether stderr is a terminal, on which a progress bar can be seen."""
    return sys.stderr is not None and sys.stderr.isatty()
