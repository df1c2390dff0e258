"""APNG and animated WebP: only the rectangle that changed, straight to the file."""

from __future__ import annotations

import html
import io
import re
import struct
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trajectories.plotting.writers.frames import SIGNATURE, chunk, deflated, text
from trajectories.plotting.writers.palette import Palette
from trajectories.plotting.writers.screen import Changes, Screen, boxed, samples
from trajectories.plotting.writers.stream import Stream
from trajectories.validation import must

__all__ = ["MAX_FPS", "MIN_FPS", "milliseconds", "write_apng", "write_webp"]

MIN_FPS = 0.001
#: Browsers play waits of 10 ms and less as ten times as much.
MAX_FPS = 90
_MAX_HOLD = 600

_INDEXED = 3
_KEEP, _REPLACE, _OVER = 0, 0, 1
_LEVEL = 6

_ALPHA, _XMP, _ANIMATION = 0x10, 0x04, 0x02
#: Method 0 is 5 times the bytes; more effort takes 2 to 4 times as long for a sixth of the bytes.
_EFFORT = {"method": 1, "quality": 20}
_WORKERS = 2
#: What XML cannot hold.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description>'
    '<rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt>'
    "</dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def write_apng(file: BinaryIO, stream: Stream) -> None:
    """Write an animated PNG with one palette of 255 colours, that of the GIF."""
    _check(stream)
    usual = 1 / Fraction(stream.fps)
    width, height = stream.size
    palette = Palette((stream.paint(step) for step in samples(stream.steps)), stream.thrift)
    header = struct.pack(">IIBBBBB", width, height, 8, _INDEXED, 0, 0, 0)
    file.write(SIGNATURE + chunk(b"IHDR", header))
    file.write(chunk(b"acTL", struct.pack(">II", len(stream.steps), stream.loop)))
    if stream.comment:
        file.write(text("Comment", stream.comment))
    # Only index 0 is transparent.
    file.write(chunk(b"PLTE", palette.rgb.tobytes()) + chunk(b"tRNS", b"\0"))
    screen = Screen(palette, height, width)
    number, last = 0, len(stream.steps) - 1
    for i, frame in enumerate(stream.frames()):
        index, (left, top) = screen.update(frame)
        wait = usual + Fraction(stream.hold) if i == last else usual
        place = struct.pack(">IIIII", number, index.shape[1], index.shape[0], left, top)
        blending = struct.pack(">BB", _KEEP, _OVER if i else _REPLACE)
        file.write(chunk(b"fcTL", place + struct.pack(">HH", *_ratio(wait)) + blending))
        data = deflated(index, _LEVEL)
        if i:
            number += 1
            file.write(chunk(b"fdAT", struct.pack(">I", number) + data))
        else:
            file.write(chunk(b"IDAT", data))
        number += 1
    file.write(chunk(b"IEND", b""))


def _ratio(seconds: Fraction) -> tuple[int, int]:
    """Return the nearest fraction whose numerator and denominator have 16 bits."""
    near = seconds.limit_denominator(min(65535, int(65000 / seconds)))
    return near.numerator, near.denominator


def write_webp(file: BinaryIO, stream: Stream) -> None:
    """Write an animated WebP without loss, unless the stream wants to be thrifty."""
    _check(stream)
    waits = milliseconds(len(stream.steps), stream.fps, stream.hold)
    width, height = stream.size
    begin = file.tell()
    file.write(b"RIFF\0\0\0\0WEBP")
    flags = _ALPHA | _ANIMATION | (_XMP if stream.comment else 0)
    file.write(_riff(b"VP8X", struct.pack("<I", flags) + _three(width - 1, height - 1)))
    file.write(_riff(b"ANIM", struct.pack("<IH", 0xFFFFFFFF, stream.loop)))
    for place, still in _stills(stream, waits):
        # The 0: drawn over what was there, and left in place.
        file.write(_riff(b"ANMF", place + b"\0" + still))
    if stream.comment:
        clean = html.escape(_NO_XML.sub("\ufffd", stream.comment), quote=False)
        packet = _PACKET.format(clean.replace("\r", "&#13;"))
        file.write(_riff(b"XMP ", packet.encode("utf-8")))
    end = file.tell()
    file.seek(begin + 4)
    file.write(struct.pack("<I", end - begin - 8))
    file.seek(end)


def milliseconds(frames: int, fps: float, hold: float) -> list[int]:
    """Return how long each frame stands; rounding is spread, so that no frame begins 1 ms late."""
    begins = [int(np.floor(1000 * i / fps + 0.5)) for i in range(frames + 1)]
    waits = [after - before for before, after in zip(begins[:-1], begins[1:], strict=True)]
    waits[-1] += round(1000 * hold)
    return waits


def _stills(stream: Stream, waits: list[int]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the place and time of each frame's rectangle, and its coded pixels."""
    width, height = stream.size
    changes = Changes(height, width)
    palette = None
    if stream.thrift:
        palette = Palette((stream.paint(step) for step in samples(stream.steps)), stream.thrift)
    pending: deque[tuple[bytes, Future[bytes]]] = deque()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for frame, wait in zip(stream.frames(), waits, strict=True):
            # Corners are counted in steps of two pixels.
            places, pixels = changes.update(frame)
            if palette is not None:
                pixels = palette.nearest(pixels)
            rectangle, (left, top) = boxed(places, pixels, width, empty=0, grid=2)
            rows, columns = rectangle.shape
            place = _three(left // 2, top // 2, columns - 1, rows - 1, wait)
            pending.append((place, pool.submit(_still, rectangle)))
            if len(pending) > 2 * _WORKERS:
                place, coded = pending.popleft()
                yield place, coded.result()
        while pending:
            place, coded = pending.popleft()
            yield place, coded.result()


def _still(rectangle: NDArray[np.uint32]) -> bytes:
    """Return the chunk of a WebP that holds the pixels, coded without loss."""
    pixels = rectangle.astype("<u4", copy=False).view(np.uint8).reshape(*rectangle.shape, 4)
    coded = io.BytesIO()
    Image.fromarray(pixels).save(coded, "WEBP", lossless=True, **_EFFORT)
    return coded.getvalue()[12:]


def _riff(kind: bytes, data: bytes) -> bytes:
    """Return a chunk: four letters, its length and data, padded to an even length."""
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _three(*numbers: int) -> bytes:
    """Return numbers in three bytes each."""
    return b"".join(number.to_bytes(3, "little") for number in numbers)


def _check(stream: Stream) -> None:
    if not MIN_FPS <= stream.fps <= MAX_FPS:
        words = f"from {MIN_FPS:g} to {MAX_FPS}, as browsers slow faster pictures down"
        raise must("fps", words, stream.fps)
    if not 0 <= stream.hold <= _MAX_HOLD:
        raise must("hold", f"from 0 to {_MAX_HOLD} seconds", stream.hold)
