"""Comments in SVG, PDF and HTML files: found as text, nothing is run, resolved or fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trajectories.plotting.writers.bounded import BoundedFile
from trajectories.plotting.writers.image_comments import MOST_COMMENT, described

__all__ = ["page_comments", "pdf_comments", "svg_comments"]

#: A page writes the ``<`` of its recipe as ``\\u003c``.
_RECIPE = re.compile(r'<script type="application/json" id="recipe">([^<]*+)</script>')
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
    for found in _RECIPE.finditer(text):
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
