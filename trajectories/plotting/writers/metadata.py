"""Comments in files of all formats: where a recipe is written and found again."""

from __future__ import annotations

import html
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

#: So many bytes of a file are read in looking for its comment; what is skipped does not count.
MOST_BYTES = 64 * 2**20
_MOST_READS = 200_000


class Cut(Exception):
    """The file ends where it should not, or more of it would have to be read than is."""


class BoundedFile:
    """A file that is read in parts: no more than a bound in all, and never short."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MOST_BYTES
        self._reads = _MOST_READS
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)

    @property
    def place(self) -> int:
        """Where the next byte is read."""
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

    def rest(self, most: int) -> bytes:
        """Return what is left of the file, cut after so many bytes."""
        return self.read(max(0, min(self.size - self.place, most, self._left)))

    def go(self, place: int) -> None:
        """Go to a place."""
        if not 0 <= place <= self.size:
            raise Cut
        self._file.seek(place)

    def skip(self, count: int) -> None:
        """Leave bytes out; the same as `go` so much further."""
        self.go(self.place + count)


#: Its length, in 32 bits, and its name.
_BOX_HEAD = struct.Struct(">I4s")
_LONG = struct.Struct(">Q")


def boxes(file: BoundedFile, end: int) -> Iterator[tuple[bytes, int]]:
    """Go from box to box (ISO/IEC 14496-12), as far as they lie side by side."""
    while file.place + _BOX_HEAD.size <= end:
        begin = file.place
        length, name = _BOX_HEAD.unpack(file.read(_BOX_HEAD.size))
        if length == 1:  # It stands behind, in 64 bits.
            (length,) = _LONG.unpack(file.read(_LONG.size))
        stop = end if length == 0 else begin + length  # Without a length it goes on to the end.
        if not file.place <= stop <= end:
            raise Cut
        yield name, stop
        file.go(stop)


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


#: A page writes the ``<`` of its recipe as ``\\u003c``.
_SCRIPT = re.compile(r'<script type="application/json" id="recipe">([^<]*+)</script>')
_KEYWORDS = re.compile(rb"/Keywords\s*([(<])")
#: A PDF's part in which keywords begin may end in the midst of one.
_OVERLAP = 64
_PART = 2**20
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_ESCAPED = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|\r|\n)|(.)|$)", re.DOTALL)
#: All up to the next parenthesis that has no backslash before it.
_MARK = re.compile(rb"[^\\()]*+(?:\\.[^\\()]*+)*+([()])", re.DOTALL)
_MOST_KEYWORDS = 8
_MOST_MARKS = 100_000


def svg_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the descriptions in the metadata of an SVG, which stand before what is drawn."""
    yield from described(file.rest(MOST_COMMENT).decode("utf-8", "replace"))


def page_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the recipe of a page."""
    text = file.rest(4 * MOST_COMMENT).decode("utf-8", "replace")
    for found in _SCRIPT.finditer(text):
        yield found[1]


def pdf_comments(file: BoundedFile) -> Iterator[str]:
    """Yield the keywords of a PDF, wherever they stand in it without compression."""
    tried = 0
    while file.place < file.size:
        begin = file.place
        part = file.rest(_PART)
        if not part:  # The bound has been reached.
            return
        end = file.place
        for found in _KEYWORDS.finditer(part):
            tried += 1
            if tried > _MOST_KEYWORDS:
                return
            file.go(begin + found.end())
            yield _pdf_text(found[1], file.rest(MOST_COMMENT))
        file.go(end if end == file.size else max(begin + 1, end - _OVERLAP))


def _pdf_text(bracket: bytes, content: bytes) -> str:
    """Return the string at whose first byte the content begins, or nothing if it has no end."""
    if bracket == b"<":
        digits = re.match(rb"[0-9A-Fa-f\s]*(?=>)", content)
        plain = b"".join(digits[0].split()) if digits else b""
        raw = bytes.fromhex((plain + b"0" * (len(plain) % 2)).decode("ascii"))
    else:
        raw = _ESCAPED.sub(_meant, content[: _closing(content)])
    if raw.startswith(b"\xfe\xff"):
        return raw[2:].decode("utf-16-be", "replace")
    return raw.decode("latin-1")


def _closing(content: bytes) -> int:
    """Return the place of the parenthesis that closes a string, or 0 if there is none."""
    depth, place = 1, 0
    for _ in range(_MOST_MARKS):
        mark = _MARK.match(content, place)
        if mark is None:
            return 0
        depth += 1 if mark[1] == b"(" else -1
        if depth == 0:
            return mark.start(1)
        place = mark.end()
    return 0


def _meant(escape: re.Match[bytes]) -> bytes:
    """Return what an escape stands for."""
    if escape[1]:
        return bytes([int(escape[1], 8) & 255])
    if escape[3] is None:
        return b""
    return _ESCAPES.get(escape[3], escape[3])


#: How a recipe begins.
_RECIPE = re.compile(r'\s*\{\s*"trajectories"\s*:')
_HEAD = 512
_Reader = Callable[[BoundedFile], Iterator[str]]
#: How each format begins, and what reads its comments.
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
    """Return the recipe's text out of a file's metadata; nothing of the file is run."""
    found = find_comment(path)
    if found is None:
        raise ValueError(f"{os.fspath(path)!r} holds no recipe.")
    return found


def find_comment(path: str | os.PathLike[str]) -> str | None:
    """Return the recipe's text out of a file's metadata, or None if there is none."""
    with open(path, "rb") as opened:
        if not opened.seekable():
            return None
        file = BoundedFile(opened)
        head = file.rest(_HEAD)
        file.go(0)
        for begins, reader in _READERS:
            if begins.match(head):
                return _first_recipe(reader(file))
    return None


def _first_recipe(comments: Iterator[str]) -> str | None:
    try:
        for comment in comments:
            if _RECIPE.match(comment):
                return comment
    except Cut:  # What comes behind is lost, or too far away to look for.
        pass
    return None
