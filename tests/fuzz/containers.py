"""Files of every format that carries a recipe, as small as they can be, around any text."""

from __future__ import annotations

import html
import random
import struct
import zlib
from collections.abc import Callable

from trajectories.plotting.writers.formats import chunk
from trajectories.plotting.writers.gif import comment_block

__all__ = ["CONTAINERS", "pieces"]

_DESCRIPTION = (
    '<rdf:RDF><rdf:Description xmlns:dc="d"><dc:description>{}</dc:description>'
    "</rdf:Description></rdf:RDF>"
)
_ZEROS = zlib.compress(bytes(10**7), wbits=-15)
_ALT = '<rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt>'


def gif(text: str, rng: random.Random) -> bytes:
    """Return a GIF of comments alone; its blocks are those of the writer, or short ones."""
    block = comment_block(text)
    if rng.random() < 0.3:
        raw = text.encode("utf-8", "replace")
        parts = [raw[i : i + 40] for i in range(0, len(raw), 40)]
        block = b"!\xfe" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
    return b"GIF89a" + struct.pack("<HHBBB", 4, 4, 0, 0, 0) + block + b";"


def png(text: str, rng: random.Random) -> bytes:
    """Return a PNG of texts alone."""
    raw = text.encode("utf-8", "replace")
    forms = [
        (b"tEXt", b"Comment\0" + raw),
        (b"zTXt", b"Comment\0\0" + zlib.compress(raw)),
        (b"iTXt", b"Comment\0\0\0en\0\0" + raw),
        (b"iTXt", b"Comment\0\1\0en\0\0" + zlib.compress(raw)),
        (b"zTXt", b"Comment\0\0" + _bomb(raw)),
        (b"zTXt", b"Comment\0\0" + zlib.compress(raw)[: rng.randrange(1, 99)]),
    ]
    return b"\x89PNG\r\n\x1a\n" + chunk(*rng.choice(forms)) + chunk(b"IEND", b"")


def _bomb(raw: bytes) -> bytes:
    """Return bytes that unpack to some others and 10 MB of zeros."""
    packer = zlib.compressobj()
    return packer.compress(raw) + packer.flush(zlib.Z_FULL_FLUSH) + _ZEROS


def webp(text: str, rng: random.Random) -> bytes:
    """Return a WebP of XMP alone."""
    raw = xmp(text, rng).encode("utf-8", "replace")
    padded = raw + bytes(len(raw) % 2)
    return (
        b"RIFF" + struct.pack("<I", len(raw)) + b"WEBPXMP " + struct.pack("<I", len(raw)) + padded
    )


def xmp(text: str, rng: random.Random) -> str:
    """Return metadata in XML."""
    inner = html.escape(text, quote=rng.random() < 0.5)
    return _DESCRIPTION.format(_ALT.format(inner) if rng.random() < 0.5 else inner)


def svg(text: str, rng: random.Random) -> bytes:
    """Return an SVG of metadata alone."""
    begin = rng.choice(('<?xml version="1.0"?><svg>', "<svg>", "\ufeff<svg>"))
    return f"{begin}<metadata>{xmp(text, rng)}</metadata></svg>".encode("utf-8", "replace")


def page(text: str, rng: random.Random) -> bytes:
    """Return a page of a recipe alone."""
    inner = text if rng.random() < 0.1 else text.replace("<", "\\u003c")
    script = f'<script type="application/json" id="recipe">{inner}</script>'
    return f"<!doctype html>{script * rng.choice((1, 1, 2))}".encode("utf-8", "replace")


def pdf(text: str, rng: random.Random) -> bytes:
    """Return a PDF of keywords alone, in one of their forms."""
    raw = text.encode("utf-8", "replace")
    escaped = raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    wide = b"\xfe\xff" + text.encode("utf-16-be", "replace")
    forms = [
        b"(" + escaped + b")",
        b"(" + raw + b")",
        b"<" + raw.hex().encode() + b">",
        b"<" + wide.hex().encode() + b">",
        b"(" + b"".join(b"\\%03o" % byte for byte in raw) + b")",
        b"(" * rng.choice((1, 99, 20_000)) + escaped,
    ]
    return b"%PDF-1.7\n<</Keywords " * rng.choice((1, 1, 1, 30)) + rng.choice(forms) + b">>"


def mp4(text: str, rng: random.Random) -> bytes:
    """Return an MP4 of boxes alone."""
    inside = _box(b"data", bytes(8) + text.encode("utf-8", "replace"))
    for kind in (b"\xa9cmt", b"ilst", b"meta", b"udta", b"moov"):
        before = _box(b"free", rng.randbytes(3)) if rng.random() < 0.2 else b""
        start = bytes(4) if kind == b"meta" else b""
        inside = _box(kind, start + before + inside, rng.choice((0, 0, 0, 0, 1, 2)))
    return _box(b"ftyp", b"isom") + inside


def _box(kind: bytes, inside: bytes, form: int = 0) -> bytes:
    """Return a box whose length stands as usual, in 64 bits, or is left open."""
    if form == 1:
        return struct.pack(">I4sQ", 1, kind, len(inside) + 16) + inside
    return struct.pack(">I4s", 0 if form == 2 else len(inside) + 8, kind) + inside


def webm(text: str, rng: random.Random) -> bytes:
    """Return a WebM of elements alone."""
    raw = text.encode("utf-8", "replace")
    inside = _element("45a3", b"COMMENT") + _element("4487", raw, rng.choice((0, 0, 8)))
    for kind in ("67c8", "7373", "1254c367", "18538067"):
        before = _element("ec", rng.randbytes(3)) if rng.random() < 0.2 else b""
        inside = _element(kind, before + inside, rng.choice((0, 0, 0, 4, 8, -1)))
    return _element("1a45dfa3", b"") + inside


def _element(kind: str, inside: bytes, wide: int = 0) -> bytes:
    """Return an element whose length has so many bytes, as few as do, or is not told."""
    if wide < 0:
        return bytes.fromhex(kind) + b"\x01" + b"\xff" * 7 + inside
    size = len(inside)
    count = wide or next(n for n in range(1, 9) if size < (1 << 7 * n) - 1)
    count = max(count, next(n for n in range(1, 9) if size < (1 << 7 * n) - 1))
    return bytes.fromhex(kind) + (size | 1 << 7 * count).to_bytes(count, "big") + inside


#: What puts a text into a file, by format.
CONTAINERS: dict[str, Callable[[str, random.Random], bytes]] = {
    "gif": gif,
    "png": png,
    "webp": webp,
    "svg": svg,
    "html": page,
    "pdf": pdf,
    "mp4": mp4,
    "webm": webm,
}


def pieces() -> list[bytes]:
    """Return what these formats are made of."""
    words = [b"GIF89a", b"!\xfe", b"!\xff", b",", b";", b"\0", b"\xff", b"\xff\xff\xff\xff"]
    words += [
        b"tEXt",
        b"zTXt",
        b"iTXt",
        b"Comment\0",
        b"IEND",
        b"RIFF",
        b"XMP ",
        b"\x7f\xff\xff\xff",
    ]
    words += [b"<dc:description>", b"</dc:description>", b"<rdf:Alt>", b"<rdf:li ", b"&#x10ffff;"]
    words += [b"&#99999999999;", b"&lt;", b"<svg", b"<!doctype html>", b"</script>", b"\\u003c"]
    words += [b"/Keywords (", b"/Keywords <", b"\\(", b"\\777", b"\\", b"(", b")", b"<", b">"]
    words += [b"ftyp", b"moov", b"udta", b"meta", b"\xa9cmt", b"data", b"\0\0\0\1", b"\0\0\0\0"]
    words += [
        bytes.fromhex(kind) for kind in ("18538067", "1254c367", "7373", "67c8", "45a3", "4487")
    ]
    return [*words, b'<script type="application/json" id="recipe">', b"\x01" + b"\xff" * 7]
