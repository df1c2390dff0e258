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
    """Frames that are painted when a writer asks for them, and how they are to be played.

    Parameters
    ----------
    paint : callable
        Returns the frame of a step: red, green, blue and an alpha of 255, shape (height, width,
        4). The array is reused for the next frame.
    size : (int, int)
        Width and height in pixels.
    steps : sequence of int
        The step that each frame shows.
    fps : float
        Frames a second.
    hold : float, default 0
        Seconds for which the last frame stands beyond its own time.
    loop : int, default 0
        How often it plays; 0 is for ever.
    thrift : int, default 0
        How much of the picture to give up for a smaller file, from 0 to 3: each more is half the
        colours, or as much coarser a compression.
    comment : str, default ""
        Text to keep in the file's own metadata.
    progress : callable
        Wraps the iteration over the steps.
    """

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
