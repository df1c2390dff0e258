"""What is to be made again from what is told of it: checked at once, run when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Remake"]


@dataclass(frozen=True)
class Remake:
    """A result as a recipe tells of it: all of it is checked, and nothing has been run."""

    work: float
    run: Callable[..., Any]
    needs: str = ""
