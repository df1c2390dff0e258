"""Comments in files of all formats, which carry the recipe."""

from __future__ import annotations

import html
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

#: The most bytes to read in search of a comment; skipped ones do not count.
MOST_BYTES = 64 * 2**20
_MOST_READS = 200_000


class Cut(Exception):
    """The file ends too early, or its comment lies beyond the bound."""


class BoundedFile:
    """A file that is read in parts: never short, and up to a bound in all."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MOST_BYTES
        self._reads = _MOST_READS
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)

    @property
    def position(self) -> int:
        """The position of the next byte."""
        return self._file.tell()

    def read(self, count: int) -> bytes:
        """Return the next bytes."""
        if count < 0 or count > self._left or self._reads == 0:
            raise Cut
        content = self._file.read(count)
        if len(content) < count:
            raise Cut
        self._left -= count
        self._reads -= 1
        return content

    def read_up_to(self, most: int) -> bytes:
        """Return the remaining bytes, at most so many."""
        return self.read(max(0, min(self.size - self.position, most, self._left)))

    def seek(self, position: int) -> None:
        """Move to a position."""
        if not 0 <= position <= self.size:
            raise Cut
        self._file.seek(position)

    def skip(self, count: int) -> None:
        """Move forward by so many bytes."""
        self.seek(self.position + count)


#: The length of a box in 32 bits, and its name.
_BOX_HEADER = struct.Struct(">I4s")
_LONG = struct.Struct(">Q")


def boxes(file: BoundedFile, end: int) -> Iterator[tuple[bytes, int]]:
    """Yield name and end of each box (ISO/IEC 14496-12) up to an end."""
    while file.position + _BOX_HEADER.size <= end:
        begin = file.position
        length, name = _BOX_HEADER.unpack(file.read(_BOX_HEADER.size))
        if length == 1:  # In 64 bits after the header.
            (length,) = _LONG.unpack(file.read(_LONG.size))
        stop = end if length == 0 else begin + length  # 0: up to the end.
        if not file.position <= stop <= end:
            raise Cut
        yield name, stop
        file.seek(stop)


#: The most bytes of a recipe.
MOST_COMMENT = 4 * 2**20
_KEYWORD = b"Comment"
_DESCRIPTION = re.compile(
    # Possessive, and never past the next tag: linear in the length of the text.
    r"<dc:description\b[^<>]*+>"
    r"(?:\s*+<rdf:Alt\b[^<>]*+>\s*+<rdf:li\b[^<>]*+>([^<]*+)</rdf:li>|([^<]*+)</dc:description>)"
)


def gif_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the comments of a GIF, in their order."""
    flags = file.read(13)[10]
    file.skip(_palette_size(flags))
    while True:
        kind = file.read(1)
        if kind == b"!":
            if file.read(1) == b"\xfe":
                yield _read_blocks(file).decode("utf-8", "replace")
            else:
                _skip_blocks(file)
        elif kind == b",":
            file.skip(_palette_size(file.read(9)[8]))
            file.skip(1)  # The width of the first codes.
            _skip_blocks(file)
        else:
            return


def _palette_size(flags: int) -> int:
    """Return the number of bytes of the palette that follows."""
    return 3 * (2 << (flags & 7)) if flags & 0x80 else 0


def _read_blocks(file: BoundedFile) -> bytes:
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
    """Yield the texts of a PNG or APNG under the key ``Comment``, in chunks of any kind."""
    file.skip(8)
    while True:
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind in (b"tEXt", b"zTXt", b"iTXt") and length <= MOST_COMMENT:
            keyword, _, content = file.read(length).partition(b"\0")
            if keyword == _KEYWORD:
                yield _png_text(kind, content)
            file.skip(4)
        else:
            file.skip(length + 4)
        if kind == b"IEND":
            return


def _png_text(kind: bytes, content: bytes) -> str:
    compressed = kind == b"zTXt"
    if compressed:
        content = content[1:]
    if kind == b"iTXt":
        compressed = content[:1] == b"\1"
        # The language and the translated keyword, each ended by a zero.
        content = content[2:].partition(b"\0")[2].partition(b"\0")[2]
    if compressed:
        try:
            content = zlib.decompressobj().decompress(content, MOST_COMMENT)
        except zlib.error:
            return ""
    return content.decode("utf-8" if kind == b"iTXt" else "latin-1", "replace")


def webp_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the description in the XMP of a WebP."""
    file.skip(12)
    while file.position < file.size:
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind == b"XMP " and length <= MOST_COMMENT:
            yield from described(file.read(length).decode("utf-8", "replace"))
        else:
            file.skip(length)
        file.skip(length % 2)


def described(xml: str) -> Iterator[str]:
    """Yield the descriptions (``dc:description``) in XML; nothing in it is resolved or fetched."""
    for match in _DESCRIPTION.finditer(xml):
        yield html.unescape(match[1] if match[1] is not None else match[2])


#: The boxes around a comment in an MP4, from the outside in.
_MP4_PATH = (b"moov", b"udta", b"meta", b"ilst", b"\xa9cmt", b"data")
#: Bytes before the first inner box: the version of `meta`.
_VERSION = {b"meta": 4}
#: Elements of Matroska.
_SEGMENT, _TAGS, _TAG, _SIMPLE = 0x18538067, 0x1254C367, 0x7373, 0x67C8
_NAME, _STRING = 0x45A3, 0x4487
#: The elements around a comment in a WebM, from the outside in.
_WEBM_PATH = (_SEGMENT, _TAGS, _TAG, _SIMPLE)


def mp4_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the comments of an MP4 (ISO/IEC 14496-12, iTunes metadata as FFmpeg writes it)."""
    yield from _mp4_inside(file, file.size, 0)


def _mp4_inside(file: BoundedFile, end: int, level: int) -> Iterator[str]:
    """Yield the comments in the boxes from here to an end."""
    for kind, stop in boxes(file, end):
        if kind != _MP4_PATH[level]:
            continue
        if level == len(_MP4_PATH) - 1:
            content = file.read(min(stop - file.position, MOST_COMMENT))
            # After the type and language.
            yield content[8:].decode("utf-8", "replace")
        else:
            file.skip(_VERSION.get(kind, 0))
            yield from _mp4_inside(file, stop, level + 1)


def webm_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the comments of a WebM (RFC 8794, RFC 9559)."""
    yield from _webm_inside(file, file.size, 0)


def _webm_inside(file: BoundedFile, end: int, level: int) -> Iterator[str]:
    """Yield the comments in the elements from here to an end."""
    if level == len(_WEBM_PATH):
        tag = dict(_tag_fields(file, end))
        if tag.get(_NAME, b"").upper() == b"COMMENT":
            yield tag.get(_STRING, b"").decode("utf-8", "replace").rstrip("\0")
        return
    while file.position < end:
        kind, stop = _element(file, end)
        if kind == _WEBM_PATH[level]:
            yield from _webm_inside(file, stop, level + 1)
        file.seek(stop)


def _tag_fields(file: BoundedFile, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the name and text of a tag."""
    while file.position < end:
        kind, stop = _element(file, end)
        if kind in (_NAME, _STRING):
            yield kind, file.read(min(stop - file.position, MOST_COMMENT))
        file.seek(stop)


def _element(file: BoundedFile, end: int) -> tuple[int, int]:
    """Return the kind and end of the element that begins here."""
    _, kind = _variable_integer(file)
    bits, length = _variable_integer(file, marked=False)
    # All ones: unknown length.
    stop = end if length == (1 << bits) - 1 else file.position + length
    if stop > end:
        raise Cut
    return kind, stop


def _variable_integer(file: BoundedFile, *, marked: bool = True) -> tuple[int, int]:
    """Return the bits and the value of a number of variable length, with or without its mark."""
    first = file.read(1)[0]
    if first == 0:
        raise Cut
    extra = 8 - first.bit_length()
    number = int.from_bytes(bytes([first]) + file.read(extra), "big")
    bits = 7 * (extra + 1)
    return bits, number if marked else number & ((1 << bits) - 1)


#: A page writes the ``<`` of its recipe as ``\\u003c``.
_SCRIPT = re.compile(r'<script type="application/json" id="recipe">([^<]*+)</script>')
_KEYWORDS = re.compile(rb"/Keywords\s*([(<])")
#: Parts of a PDF overlap, as a keyword may begin at the end of one.
_OVERLAP = 64
_PART = 2**20
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_ESCAPED = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|\r|\n)|(.)|$)", re.DOTALL)
#: The text up to the next unescaped parenthesis.
_MARK = re.compile(rb"[^\\()]*+(?:\\.[^\\()]*+)*+([()])", re.DOTALL)
_MOST_KEYWORDS = 8
_MOST_MARKS = 100_000


def svg_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the descriptions in the metadata of an SVG, at its beginning."""
    yield from described(file.read_up_to(MOST_COMMENT).decode("utf-8", "replace"))


def page_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the recipe of a page."""
    text = file.read_up_to(4 * MOST_COMMENT).decode("utf-8", "replace")
    for match in _SCRIPT.finditer(text):
        yield match[1]


def pdf_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the uncompressed keywords of a PDF."""
    matches = 0
    while file.position < file.size:
        begin = file.position
        part = file.read_up_to(_PART)
        if not part:  # At the bound.
            return
        end = file.position
        for match in _KEYWORDS.finditer(part):
            matches += 1
            if matches > _MOST_KEYWORDS:
                return
            file.seek(begin + match.end())
            yield _pdf_text(match[1], file.read_up_to(MOST_COMMENT))
        file.seek(end if end == file.size else max(begin + 1, end - _OVERLAP))


def _pdf_text(bracket: bytes, content: bytes) -> str:
    """Return the string at the beginning of the content, or nothing if it has no end."""
    if bracket == b"<":
        digits = re.match(rb"[0-9A-Fa-f\s]*(?=>)", content)
        plain = b"".join(digits[0].split()) if digits else b""
        raw = bytes.fromhex((plain + b"0" * (len(plain) % 2)).decode("ascii"))
    else:
        raw = _ESCAPED.sub(_unescaped, content[: _closing(content)])
    if raw.startswith(b"\xfe\xff"):
        return raw[2:].decode("utf-16-be", "replace")
    return raw.decode("latin-1")


def _closing(content: bytes) -> int:
    """Return the position of the closing parenthesis of a string, or 0 if there is none."""
    depth, position = 1, 0
    for _ in range(_MOST_MARKS):
        mark = _MARK.match(content, position)
        if mark is None:
            return 0
        depth += 1 if mark[1] == b"(" else -1
        if depth == 0:
            return mark.start(1)
        position = mark.end()
    return 0


def _unescaped(escape: re.Match[bytes]) -> bytes:
    """Return the bytes of an escape sequence."""
    if escape[1]:
        return bytes([int(escape[1], 8) & 255])
    if escape[3] is None:
        return b""
    return _ESCAPES.get(escape[3], escape[3])


#: The beginning of a recipe.
_RECIPE = re.compile(r'\s*\{\s*"trajectories"\s*:')
_SIGNATURE_BYTES = 512
_Reader = Callable[[BoundedFile], Iterator[str]]
#: The signature of each format, and the reader of its comments.
_READERS: tuple[tuple[re.Pattern[bytes], _Reader], ...] = (
    (re.compile(rb"GIF8[79]a"), gif_comments),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), png_comments),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), webp_comments),
    (re.compile(rb"....ftyp", re.DOTALL), mp4_comments),
    (re.compile(rb"\x1aE\xdf\xa3"), webm_comments),
    (re.compile(rb"%PDF-"), pdf_comments),
    (re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml|<svg)"), svg_comments),
    (re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|!--)", re.IGNORECASE), page_comments),
)


def read_comment(path: str | os.PathLike[str]) -> str:
    """Return the recipe in the metadata of a file as text; the file is not run."""
    comment = find_comment(path)
    if comment is None:
        raise ValueError(f"{os.fspath(path)!r} holds no recipe.")
    return comment


def find_comment(path: str | os.PathLike[str]) -> str | None:
    """Return the recipe in the metadata of a file as text, or None if there is none."""
    with open(path, "rb") as opened:
        if not opened.seekable():
            return None
        file = BoundedFile(opened)
        head = file.read_up_to(_SIGNATURE_BYTES)
        file.seek(0)
        for signature, reader in _READERS:
            if signature.match(head):
                return _first_recipe(reader(file))
    return None


def _first_recipe(comments: Iterator[str]) -> str | None:
    try:
        for comment in comments:
            if _RECIPE.match(comment):
                return comment
    except Cut:  # Damaged, or too large to search.
        pass
    return None
