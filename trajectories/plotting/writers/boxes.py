"""The boxes of an MP4, which is made of nothing else: walked through, without a decoder."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from trajectories.plotting.writers.bounded import BoundedFile, Cut

__all__ = ["boxes"]

#: Its length, in 32 bits, and its name.
_HEAD = struct.Struct(">I4s")
_LONG = struct.Struct(">Q")


def boxes(file: BoundedFile, end: int) -> Iterator[tuple[bytes, int]]:
    """Go from box to box (ISO/IEC 14496-12), as far as they lie side by side."""
    while file.place + _HEAD.size <= end:
        begin = file.place
        length, name = _HEAD.unpack(file.read(_HEAD.size))
        if length == 1:  # It stands behind, in 64 bits.
            (length,) = _LONG.unpack(file.read(_LONG.size))
        stop = end if length == 0 else begin + length  # Without a length it goes on to the end.
        if not file.place <= stop <= end:
            raise Cut
        yield name, stop
        file.go(stop)
