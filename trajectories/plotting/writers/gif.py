"""GIF: one palette, only the rectangle that changed, straight to the file frame by frame."""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.GifImagePlugin import getdata

from trajectories.plotting.writers.palette import TRANSPARENT, Palette
from trajectories.plotting.writers.screen import Screen, samples
from trajectories.plotting.writers.stream import Pixels, Stream
from trajectories.validation import must

__all__ = ["MAX_FPS", "MIN_DELAY", "comment_block", "delays", "write_gif"]

#: Hundredths of a second. Browsers play a delay of 1 as one of 10.
MIN_DELAY = 2
MAX_FPS = 100 / MIN_DELAY
_MAX_DELAY = 65535
_MAX_LOOP = 65535


def delays(frames: int, fps: float, hold: float) -> list[int]:
    """Return how long each frame stands, in hundredths of a second."""
    if not 100 / _MAX_DELAY <= fps <= MAX_FPS:
        least = f"at least {100 / _MAX_DELAY:.2g} and at most {MAX_FPS:g}"
        raise must("fps", f"{least} for a GIF, whose delays count in 1/100 s", fps)
    if not 0 <= hold <= 600:
        raise must("hold", "from 0 to 600 seconds", hold)
    begins = [int(np.floor(100 * i / fps + 0.5)) for i in range(frames + 1)]
    waits = [after - before for before, after in zip(begins[:-1], begins[1:], strict=True)]
    waits[-1] += round(100 * hold)
    if max(waits) > _MAX_DELAY:
        raise must("fps", "high enough for each frame to stand at most 655 s", fps)
    return waits


def write_gif(file: BinaryIO, stream: Stream) -> None:
    """Write a GIF whose memory does not grow with the number of frames."""
    steps = stream.steps
    waits = delays(len(steps), stream.fps, stream.hold)
    if not 0 <= stream.loop <= _MAX_LOOP:
        raise must("loop", f"from 0 to {_MAX_LOOP}", stream.loop)
    palette = Palette((stream.paint(step) for step in samples(steps)), stream.thrift)
    width, height = stream.size
    file.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0))
    file.write(palette.rgb.tobytes())
    if stream.loop != 1:
        # The block counts how often to play again.
        count = struct.pack("<HB", max(stream.loop - 1, 0), 0)
        file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + count)
    if stream.comment:
        file.write(comment_block(stream.comment))
    screen = Screen(palette, height, width)
    for frame, wait in zip(stream.frames(), waits, strict=True):
        index, corner = screen.update(frame)
        _write_frame(file, index, corner, wait)
    file.write(b";")


def comment_block(text: str) -> bytes:
    """Return a comment extension: text in UTF-8, in pieces of up to 255 bytes."""
    data = text.encode("utf-8", "replace")
    pieces = [data[i : i + 255] for i in range(0, len(data), 255)]
    return b"!\xfe" + b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def _write_frame(file: BinaryIO, index: Pixels, corner: tuple[int, int], wait: int) -> None:
    """Write a rectangle of indices over what was there before; Pillow does the LZW coding."""
    control = 1 << 2 | 1  # Leave it in place; one index is transparent.
    file.write(b"!\xf9\x04" + struct.pack("<BHBB", control, wait, TRANSPARENT, 0))
    for chunk in getdata(Image.fromarray(index), corner):
        file.write(chunk)
