"""What is to be made again from what is told of it: checked at once, run when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Remake"]


@dataclass(frozen=True)
class Remake:
    """A result as a recipe tells of it: all of it is checked, and nothing has been run.

    Parameters
    ----------
    work : float
        How much there is to do: steps of paths, or what takes about as long.
    run : callable
        Makes the result; for what `needs` images it is called with a data set.
    needs : str, default ""
        The name of the data set, if there is one.
    """

    work: float
    run: Callable[..., Any]
    needs: str = ""
