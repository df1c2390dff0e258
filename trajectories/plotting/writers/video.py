"""Video through PyAV: H.264 in an MP4 that slide programs play, VP9 in a WebM for browsers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np

from trajectories.atomic import passing_folder
from trajectories.plotting.writers.stream import Pixels, Stream
from trajectories.validation import must

__all__ = ["MAX_FPS", "MIN_FPS", "frame_rate", "repeats", "write_mp4", "write_webm"]

MIN_FPS, MAX_FPS = 0.1, 240
_MAX_HOLD = 600
#: Holds the usual rates exactly: 25, 12.5, 8.333, 30000/1001.
_DENOMINATOR = 1001
#: What a thrifty stream adds to the constant rate factor; 6 is about half the bits.
_COARSER = 6
_BT709 = 1
_LIMITED_RANGE = 1
#: Swscale's averaging, with accurate rounding that is the same on every processor, from all of
#: the chroma: half a decibel better than its default on thin lines, and no slower.
_SCALING = 0x20 | 0x40000 | 0x80000 | 0x4000


@dataclass(frozen=True)
class _Format:
    """How a container is written."""

    name: str
    codec: str
    #: The constant rate factor: higher is coarser.
    crf: int
    options: dict[str, str]
    container: dict[str, str] = field(default_factory=dict)
    #: A filter over the coded packets.
    packets: str = "null"


# A number of threads of its own: with another number the bytes would be others.
_MP4 = _Format(
    "mp4",
    "libx264",
    18,
    {
        "preset": "veryfast",
        "threads": "2",
        # Finer chroma, as of a lower crf: flat fills keep their tint.
        "x264-params": "cpu-independent=1:chroma-qp-offset=-6",
    },
    {"movflags": "+faststart"},
    # Removes the encoder's note on its version and settings.
    "filter_units=remove_types=6",
)
_WEBM = _Format(
    "webm",
    "libvpx-vp9",
    24,
    {
        "deadline": "realtime",
        "cpu-used": "6",
        "b": "0",
        "g": "250",
        "row-mt": "1",
        "threads": "2",
    },
)


def write_mp4(file: BinaryIO, stream: Stream) -> None:
    """Write an MP4: H.264 with 4:2:0 chroma in BT.709, the index before the pictures."""
    _write(file, stream, _MP4)


def write_webm(file: BinaryIO, stream: Stream) -> None:
    """Write a WebM: VP9, for browsers."""
    _write(file, stream, _WEBM)


def frame_rate(fps: float) -> Fraction:
    """Return a rate as a video keeps it."""
    if not MIN_FPS <= fps <= MAX_FPS:
        raise must("fps", f"from {MIN_FPS:g} to {MAX_FPS} for a video", fps)
    return Fraction(fps).limit_denominator(_DENOMINATOR)


def repeats(rate: Fraction, hold: float) -> int:
    """Return how often the last frame is shown again to stand `hold` seconds longer."""
    if not 0 <= hold <= _MAX_HOLD:
        raise must("hold", f"from 0 to {_MAX_HOLD} seconds", hold)
    return int(hold * rate + 0.5)


def _write(file: BinaryIO, stream: Stream, kind: _Format) -> None:
    rate = frame_rate(stream.fps)
    again = repeats(rate, stream.hold)
    av = _pyav(kind)
    with _place(file, kind) as path:
        options = {"fflags": "+bitexact", **kind.container}
        if kind is _MP4:
            # Durations are counted in frames; the default would cut them to milliseconds.
            options["movie_timescale"] = str(rate.numerator)
        with av.open(path, "w", format=kind.name, container_options=options) as container:
            if stream.comment:
                container.metadata["comment"] = stream.comment
            video = _video_stream(container, kind, stream, rate)
            thinned = av.bitstream.BitStreamFilterContext(kind.packets, video)
            for frame in _converted(av, stream, again, 1 / rate):
                for packet in video.encode(frame):
                    container.mux(thinned.filter(packet))
            container.mux(thinned.filter(None))


@contextmanager
def _place(file: BinaryIO, kind: _Format) -> Iterator[str]:
    """Yield a path that the encoder can write, and read again, so that it ends up in a file."""
    try:
        own = f"/proc/self/fd/{file.fileno()}" if not file.tell() else ""
    except OSError:  # It is in memory.
        own = ""
    if own and os.path.isfile(own):
        try:
            yield own
        except OSError as error:
            if error.filename != own:
                raise
            raise OSError(
                error.errno, error.strerror
            ) from error  # That path tells nobody anything.
        file.seek(0, os.SEEK_END)
        return
    with passing_folder() as folder:
        path = folder / f"video.{kind.name}"
        yield str(path)
        with open(path, "rb") as done:
            shutil.copyfileobj(done, file)


def _pyav(kind: _Format) -> Any:
    """Return PyAV, if it is there and can write the format."""
    lack = "PyAV"
    try:
        import av
        import av.bitstream
    except ImportError:
        pass
    else:
        if kind.codec in av.codecs_available:
            return av
        lack = f"a PyAV that has {kind.codec}"
    raise ImportError(f'Writing .{kind.name} needs {lack}: pip install "trajectories[video]"')


def _video_stream(container: Any, kind: _Format, stream: Stream, rate: Fraction) -> Any:
    crf = kind.crf + _COARSER * stream.thrift
    options = {**kind.options, "crf": str(crf), "flags": "+bitexact"}
    video = container.add_stream(kind.codec, rate=rate, options=options)
    video.width, video.height = (side + side % 2 for side in stream.size)
    video.pix_fmt = "yuv420p"
    context = video.codec_context
    context.time_base = 1 / rate
    context.color_range = _LIMITED_RANGE
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    return video


def _converted(av: Any, stream: Stream, again: int, tick: Fraction) -> Iterator[Any]:
    """Yield the frames as the encoder takes them, the last one again and again, and None."""
    convert = av.video.reformatter.VideoReformatter().reformat
    frame: Any = None
    for i, pixels in enumerate(_even(stream.frames(), stream.size)):
        painted = av.VideoFrame.from_numpy_buffer(pixels, format="rgba")
        frame = convert(
            painted,
            format="yuv420p",
            src_colorspace="ITU709",
            dst_colorspace="ITU709",
            src_color_range="JPEG",
            dst_color_range="MPEG",
            interpolation=_SCALING,
        )
        frame.pts, frame.time_base = i, tick
        yield frame
    for _ in range(again):
        frame.pts += 1
        yield frame
    yield None


def _even(frames: Iterable[Pixels], size: tuple[int, int]) -> Iterator[Pixels]:
    """Repeat the last column and row where the width or height is odd, as 4:2:0 wants them even."""
    width, height = size
    if width % 2 == height % 2 == 0:
        yield from frames
        return
    padded = np.empty((height + height % 2, width + width % 2, 4), np.uint8)
    for frame in frames:
        padded[:height, :width] = frame
        padded[:height, width:] = frame[:, -1:]
        padded[height:] = padded[height - 1]
        yield padded
