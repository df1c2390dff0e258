"""Comments in MP4 and WebM files, whose boxes are walked through without a decoder."""

from __future__ import annotations

from collections.abc import Iterator

from trajectories.plotting.writers.bounded import BoundedFile, Cut
from trajectories.plotting.writers.boxes import boxes
from trajectories.plotting.writers.image_comments import MOST_COMMENT

__all__ = ["mp4_comments", "webm_comments"]

#: Where a comment stands in an MP4: the boxes from the outside in.
_WAY = (b"moov", b"udta", b"meta", b"ilst", b"\xa9cmt", b"data")
#: Bytes before the first inner box: the version of `meta`.
_VERSION = {b"meta": 4}
#: Elements of Matroska.
_SEGMENT, _TAGS, _TAG, _SIMPLE = 0x18538067, 0x1254C367, 0x7373, 0x67C8
_NAME, _STRING = 0x45A3, 0x4487
#: Where a comment stands in a WebM: the elements from the outside in.
_PATH = (_SEGMENT, _TAGS, _TAG, _SIMPLE)


def mp4_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the comments of an MP4 (ISO/IEC 14496-12, iTunes metadata as FFmpeg writes it)."""
    yield from _mp4_inside(file, file.size, 0)


def _mp4_inside(file: BoundedFile, end: int, level: int) -> Iterator[str]:
    """Yield the comments in the boxes from here to an end."""
    for kind, stop in boxes(file, end):
        if kind != _WAY[level]:
            continue
        if level == len(_WAY) - 1:
            content = file.read(min(stop - file.place, MOST_COMMENT))
            # What type of text it is, and in which language.
            yield content[8:].decode("utf-8", "replace")
        else:
            file.skip(_VERSION.get(kind, 0))
            yield from _mp4_inside(file, stop, level + 1)


def webm_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the comments of a WebM (RFC 8794, RFC 9559)."""
    yield from _webm_inside(file, file.size, 0)


def _webm_inside(file: BoundedFile, end: int, level: int) -> Iterator[str]:
    """Yield the comments in the elements from here to an end."""
    if level == len(_PATH):
        found = dict(_leaves(file, end))
        if found.get(_NAME, b"").upper() == b"COMMENT":
            yield found.get(_STRING, b"").decode("utf-8", "replace").rstrip("\0")
        return
    while file.place < end:
        kind, stop = _element(file, end)
        if kind == _PATH[level]:
            yield from _webm_inside(file, stop, level + 1)
        file.go(stop)


def _leaves(file: BoundedFile, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the name and text of a tag."""
    while file.place < end:
        kind, stop = _element(file, end)
        if kind in (_NAME, _STRING):
            yield kind, file.read(min(stop - file.place, MOST_COMMENT))
        file.go(stop)


def _element(file: BoundedFile, end: int) -> tuple[int, int]:
    """Return which element begins here, and where it ends."""
    _, kind = _varying(file)
    bits, length = _varying(file, marked=False)
    # All ones stand for a length that was not known when it was written.
    stop = end if length == (1 << bits) - 1 else file.place + length
    if stop > end:
        raise Cut
    return kind, stop


def _varying(file: BoundedFile, *, marked: bool = True) -> tuple[int, int]:
    """Return a number of varying length: the bits it has, and itself with or without its mark."""
    first = file.read(1)[0]
    if first == 0:
        raise Cut
    more = 8 - first.bit_length()
    number = int.from_bytes(bytes([first]) + file.read(more), "big")
    bits = 7 * (more + 1)
    return bits, number if marked else number & ((1 << bits) - 1)
