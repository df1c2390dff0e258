"""The one stream of frames that every writer of moving pictures takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pixels", "Stream"]

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Stream:
    """Frames that are painted when a writer asks for them, and how they are to be played."""

    paint: Callable[[int], Pixels]
    size: tuple[int, int]
    steps: Sequence[int]
    fps: float
    hold: float = 0.0
    loop: int = 0
    thrift: int = 0
    comment: str = ""
    progress: Callable[[Iterable[int]], Iterable[int]] = iter

    def frames(self) -> Iterable[Pixels]:
        """Paint one frame after the other; each may overwrite the one before."""
        for step in self.progress(self.steps):
            yield self.paint(step)
