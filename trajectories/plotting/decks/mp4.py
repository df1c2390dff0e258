"""The head of an MP4: how large it is and how long it lasts, without a decoder."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Movie", "read_mp4"]

_VIDEO = b"vide"
#: Fixed-point numbers with 16 bits behind the point.
_ONE = 1 << 16


class Movie(NamedTuple):
    """What the head of an MP4 says.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels, as shown.
    seconds : float
        How long it lasts.
    """

    size: tuple[int, int]
    seconds: float


def read_mp4(content: bytes) -> Movie:
    """Read the size and duration of an MP4 from its boxes (ISO/IEC 14496-12).

    Parameters
    ----------
    content : bytes
        The whole file, so that one which was cut off is known.

    Returns
    -------
    Movie

    Raises
    ------
    ValueError
        If it is no MP4, is cut off or has no pictures.
    """
    try:
        outer = dict(_boxes(memoryview(content)))
        if b"ftyp" not in outer:
            raise ValueError("it does not begin as one")
        movie = list(_boxes(outer[b"moov"]))
        seconds = _seconds(dict(movie)[b"mvhd"])
        for name, track in movie:
            if name == b"trak":
                parts = dict(_boxes(track))
                handler = dict(_boxes(parts[b"mdia"]))[b"hdlr"]
                # Version and flags, four reserved bytes, then what kind of track it is.
                if handler[8:12] == _VIDEO and b"mdat" in outer:
                    width, height = struct.unpack(">II", parts[b"tkhd"][-8:])
                    if min(width, height) >= _ONE:
                        return Movie((width // _ONE, height // _ONE), seconds)
    except (KeyError, struct.error):
        raise ValueError("a part of it is missing") from None
    raise ValueError("there are no pictures in it")


def _boxes(content: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield name and content of the boxes that lie side by side."""
    place = 0
    while place < len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        head = 8
        if length == 1:  # Its length stands behind, in 64 bits.
            (length,) = struct.unpack_from(">Q", content, place + 8)
            head = 16
        elif length == 0:  # It goes on to the end.
            length = len(content) - place
        if length < head or place + length > len(content):
            raise ValueError("it is cut off or damaged")
        yield name, content[place + head : place + length]
        place += length


def _seconds(header: memoryview) -> float:
    """Return the duration from a movie's header, whose numbers are longer in version 1."""
    form, start = (">IQ", 20) if header[0] else (">II", 12)
    scale, duration = struct.unpack_from(form, header, start)
    return duration / scale if scale else 0.0
