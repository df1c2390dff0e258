"""A budget of bytes: what to give up of a moving picture so that its file is small enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from trajectories.validation import must

__all__ = ["FEWEST", "SMALLEST", "Economy", "economize", "thinned"]

_THRIFT = 3
#: A moving picture of fewer frames hardly moves.
FEWEST = 12
#: Aim a little lower, as sizes are guessed from what was written before.
_AIM = 0.96
SMALLEST = 0.25


@dataclass(frozen=True)
class Economy:
    """What is left of a moving picture."""

    frames: int
    thrift: int = 0
    scale: float = 1.0


def economize(
    write: Callable[[Economy], int],
    frames: int,
    max_bytes: int,
    *,
    fewest: int = FEWEST,
    smallest: float = SMALLEST,
) -> Economy:
    """Write a picture until it is small enough: fewer colours, then fewer frames, then smaller."""
    economy = Economy(frames)
    size = write(economy)
    while size > max_bytes and economy.thrift < _THRIFT:
        economy = replace(economy, thrift=economy.thrift + 1)
        size = write(economy)
    economy, size = _fewer(write, economy, size, max_bytes, fewest)
    while size > max_bytes and economy.scale > smallest:
        scale = economy.scale * min(0.9, math.sqrt(_AIM * max_bytes / size))
        economy = replace(economy, scale=max(scale, smallest))
        size = write(economy)
    if size > max_bytes:
        raise must("max_bytes", f"at least about {size} for this picture", max_bytes)
    return economy


def _fewer(
    write: Callable[[Economy], int], economy: Economy, size: int, max_bytes: int, fewest: int
) -> tuple[Economy, int]:
    """Leave out frames until the rest is small enough, but not many more than that needs."""
    fewest = min(economy.frames, fewest)
    large: tuple[int, int] | None = None
    while size > max_bytes and economy.frames > fewest:
        large = economy.frames, size
        count = int(economy.frames * min(0.9, _AIM * max_bytes / size))
        economy = replace(economy, frames=max(count, fewest))
        size = write(economy)
    if large is not None and size < 0.85 * max_bytes:
        # The ground is there once, however many frames there are: between both sizes they count.
        rise = (large[1] - size) / (large[0] - economy.frames)
        count = economy.frames + int((_AIM * max_bytes - size) / rise)
        if economy.frames < count < large[0]:
            more = replace(economy, frames=count)
            bigger = write(more)
            if bigger <= max_bytes:
                return more, bigger
            size = write(economy)
    return economy, size


def thinned(steps: Sequence[int], count: int) -> tuple[int, ...]:
    """Return so many of the steps at equal distances, the last one among them."""
    last = len(steps) - 1
    return tuple(steps[last - round(i * last / max(count - 1, 1))] for i in range(count))[::-1]
