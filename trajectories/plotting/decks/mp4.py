"""The head of an MP4: how large it is and how long it lasts, without a decoder."""

from __future__ import annotations

import io
import struct
from typing import NamedTuple, TypeAlias

from trajectories.plotting.writers.bounded import BoundedFile, Cut
from trajectories.plotting.writers.boxes import boxes

__all__ = ["Movie", "read_mp4"]

_VIDEO = b"vide"
#: Fixed-point numbers with 16 bits behind the point.
_ONE = 1 << 16
#: Where the content of a box begins and ends.
_Part: TypeAlias = tuple[int, int]


class Movie(NamedTuple):
    """What the head of an MP4 says."""

    size: tuple[int, int]
    seconds: float


def read_mp4(content: bytes) -> Movie:
    """Read the size and duration of an MP4 from its boxes (ISO/IEC 14496-12)."""
    file = BoundedFile(io.BytesIO(content))
    try:
        outer = dict(_inside(file, (0, file.size)))
        if file.place < file.size:
            raise Cut
        if b"ftyp" not in outer:
            raise ValueError("it does not begin as one")
        movie = _inside(file, outer[b"moov"])
        seconds = _seconds(_content(file, dict(movie)[b"mvhd"]))
        for name, track in movie:
            if name == b"trak":
                parts = dict(_inside(file, track))
                handler = _content(file, dict(_inside(file, parts[b"mdia"]))[b"hdlr"])
                # Version and flags, four reserved bytes, then what kind of track it is.
                if handler[8:12] == _VIDEO and b"mdat" in outer:
                    width, height = struct.unpack(">II", _content(file, parts[b"tkhd"])[-8:])
                    if min(width, height) >= _ONE:
                        return Movie((width // _ONE, height // _ONE), seconds)
    except Cut:
        raise ValueError("it is cut off or damaged") from None
    except (KeyError, struct.error):
        raise ValueError("a part of it is missing") from None
    raise ValueError("there are no pictures in it")


def _inside(file: BoundedFile, part: _Part) -> list[tuple[bytes, _Part]]:
    """Return name and content of the boxes that lie side by side in a part."""
    begin, end = part
    file.go(begin)
    return [(name, (file.place, stop)) for name, stop in boxes(file, end)]


def _content(file: BoundedFile, part: _Part) -> bytes:
    begin, end = part
    file.go(begin)
    return file.read(end - begin)


def _seconds(header: bytes) -> float:
    """Return the duration from a movie's header, whose numbers are longer in version 1."""
    form, start = (">IQ", 20) if header[0] else (">II", 12)
    scale, duration = struct.unpack_from(form, header, start)
    return duration / scale if scale else 0.0
