"""Whether there can be moving pictures of a format: told before anything is trained for one."""

from __future__ import annotations

import io

import numpy as np

from trajectories.names import resolve
from trajectories.plotting.formats import STREAMED
from trajectories.plotting.writers.stream import Stream

__all__ = ["check_movie"]

_BLACK = np.zeros((16, 16, 4), np.uint8)


def check_movie(kind: str) -> None:
    """Write a small frame to nowhere."""
    name = resolve("format of a moving picture", kind, STREAMED)
    STREAMED[name].write(io.BytesIO(), Stream(lambda _: _BLACK, (16, 16), [0], 10.0))
