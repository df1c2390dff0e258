"""Comments in GIF, PNG, APNG and WebP files: the blocks are walked through, no pixel is decoded."""

from __future__ import annotations

import html
import re
import struct
import zlib
from collections.abc import Iterator

from trajectories.plotting.writers.bounded import BoundedFile, Cut

__all__ = ["MOST_COMMENT", "described", "gif_comments", "png_comments", "webp_comments"]

#: A longer comment, in bytes, is no recipe.
MOST_COMMENT = 4 * 2**20
_KEYWORD = b"Comment"
_DESCRIPTION = re.compile(
    # Possessive, and never past the next tag: the time it takes grows with the text alone.
    r"<dc:description\b[^<>]*+>"
    r"(?:\s*+<rdf:Alt\b[^<>]*+>\s*+<rdf:li\b[^<>]*+>([^<]*+)</rdf:li>|([^<]*+)</dc:description>)"
)


def gif_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the comments of a GIF, in their order."""
    flags = file.read(13)[10]
    file.skip(_table(flags))
    while True:
        kind = file.read(1)
        if kind == b"!":
            if file.read(1) == b"\xfe":
                yield _blocks(file).decode("utf-8", "replace")
            else:
                _skip_blocks(file)
        elif kind == b",":
            file.skip(_table(file.read(9)[8]))
            file.skip(1)  # The width of the first codes.
            _skip_blocks(file)
        else:
            return


def _table(flags: int) -> int:
    """Return the bytes of the palette that follows."""
    return 3 * (2 << (flags & 7)) if flags & 0x80 else 0


def _blocks(file: BoundedFile) -> bytes:
    parts = []
    total = 0
    while length := file.read(1)[0]:
        parts.append(file.read(length))
        total += length
        if total > MOST_COMMENT:
            raise Cut
    return b"".join(parts)


def _skip_blocks(file: BoundedFile) -> None:
    while length := file.read(1)[0]:
        file.skip(length)


def png_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the texts of a PNG or APNG under the key ``Comment``, in whatever chunk they stand."""
    file.skip(8)
    while True:
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind in (b"tEXt", b"zTXt", b"iTXt") and length <= MOST_COMMENT:
            keyword, _, rest = file.read(length).partition(b"\0")
            if keyword == _KEYWORD:
                yield _png_text(kind, rest)
            file.skip(4)
        else:
            file.skip(length + 4)
        if kind == b"IEND":
            return


def _png_text(kind: bytes, content: bytes) -> str:
    packed = kind == b"zTXt"
    if packed:
        content = content[1:]
    if kind == b"iTXt":
        packed = content[:1] == b"\1"
        # The language and the translated keyword, each ended by a zero.
        content = content[2:].partition(b"\0")[2].partition(b"\0")[2]
    if packed:
        try:
            content = zlib.decompressobj().decompress(content, MOST_COMMENT)
        except zlib.error:
            return ""
    return content.decode("utf-8" if kind == b"iTXt" else "latin-1", "replace")


def webp_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the description in the XMP of a WebP."""
    file.skip(12)
    while file.place < file.size:
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind == b"XMP " and length <= MOST_COMMENT:
            yield from described(file.read(length).decode("utf-8", "replace"))
        else:
            file.skip(length)
        file.skip(length % 2)


def described(xml: str) -> Iterator[str]:
    """Yield the descriptions (``dc:description``) in XML; nothing in it is resolved or fetched."""
    for found in _DESCRIPTION.finditer(xml):
        yield html.unescape(found[1] if found[1] is not None else found[2])
