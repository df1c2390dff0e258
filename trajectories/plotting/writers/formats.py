"""WebP, PNG, MP4, WebM and numbered frames; the table of all formats, budgets of bytes."""

from __future__ import annotations

import html
import io
import math
import os
import re
import shutil
import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trajectories.checks import must
from trajectories.files import check_target, hidden_folder, passing_folder
from trajectories.plotting.writers.gif import (
    Changes,
    Palette,
    Pixels,
    Screen,
    Stream,
    boxed,
    palette_colors,
    samples,
    write_gif,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Unfiltered rows of lines and flat fills: smaller than Pillow's filtered ones, in half the time.
_FRAME_LEVEL = 3
_RGB = 2
_NAME = re.compile(r"(?:[^%]|%%)*%(?:0[1-9])?d(?:[^%]|%%)*\.png", re.IGNORECASE)


def write_frames(pattern: str | os.PathLike[str], stream: Stream) -> None:
    """Write each frame to its own PNG file, numbered from 0."""
    targets = numbered(pattern, len(stream.steps))
    for target in targets[:1] + [target for target in targets if target.is_dir()]:
        check_target(target)
    added: list[Path] = []
    with hidden_folder(targets[0]) as folder:
        partial = [folder / target.name for target in targets]
        for path, frame in zip(partial, stream.frames(), strict=True):
            with open(path, "wb") as file:
                write_png(file, frame, stream.comment)
        try:
            for path, target in zip(partial, targets, strict=True):
                new = not target.exists()
                os.replace(path, target)
                if new:
                    added.append(target)
        except BaseException:
            for target in added:
                target.unlink(missing_ok=True)
            raise


def numbered(pattern: str | os.PathLike[str], count: int) -> list[Path]:
    """Return the paths of a pattern, one for each number."""
    path = Path(pattern)
    if not _NAME.fullmatch(path.name):
        words = "the path of a .png file with one field for the number, such as 'frames/%04d.png'"
        raise must("pattern", words, os.fspath(pattern))
    return [path.with_name(path.name % number) for number in range(count)]


def write_png(file: BinaryIO, pixels: Pixels, comment: str = "") -> None:
    """Write one picture as a PNG of 24 bits a pixel."""
    height, width = pixels.shape[:2]
    file.write(SIGNATURE)
    file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, _RGB, 0, 0, 0)))
    if comment:
        file.write(text("Comment", comment))
    rows = np.ascontiguousarray(pixels[..., :3]).reshape(height, 3 * width)
    file.write(chunk(b"IDAT", deflated(rows, _FRAME_LEVEL)))
    file.write(chunk(b"IEND", b""))


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG chunk: its length, four letters, data and check sum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def text(keyword: str, content: str) -> bytes:
    """Return a text chunk: tEXt in Latin-1 if possible, else iTXt in UTF-8."""
    key = keyword.encode("latin-1") + b"\0"
    try:
        return chunk(b"tEXt", key + content.encode("latin-1"))
    except UnicodeEncodeError:
        # Not compressed, no language, no translated keyword.
        return chunk(b"iTXt", key + b"\0\0\0\0" + content.encode("utf-8", "replace"))


def deflated(rows: Pixels, level: int) -> bytes:
    """Compress rows of bytes for a PNG, each after a 0: not filtered."""
    raw = np.zeros((rows.shape[0], rows.shape[1] + 1), np.uint8)
    raw[:, 1:] = rows
    packer = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL)
    return packer.compress(raw.data) + packer.flush()


_MIN_IMAGE_FPS = 0.001
#: Browsers play delays of 10 ms and less at a tenth of the speed.
_MAX_IMAGE_FPS = 90
_MAX_END_PAUSE = 600

_INDEXED = 3
_DISPOSE_NONE, _BLEND_SOURCE, _BLEND_OVER = 0, 0, 1
_LEVEL = 6

_ALPHA, _XMP, _ANIMATION = 0x10, 0x04, 0x02
#: Method 0 is 5 times the bytes; more effort takes 2 to 4 times as long for a sixth of the bytes.
_EFFORT = {"method": 1, "quality": 20}
_WORKERS = 2
#: Characters outside XML.
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
    _check_timing(stream)
    delay = 1 / Fraction(stream.fps)
    width, height = stream.size
    palette = Palette((stream.paint(step) for step in samples(stream.steps)), stream.coarseness)
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
        wait = delay + Fraction(stream.end_pause) if i == last else delay
        region = struct.pack(">IIIII", number, index.shape[1], index.shape[0], left, top)
        blending = struct.pack(">BB", _DISPOSE_NONE, _BLEND_OVER if i else _BLEND_SOURCE)
        file.write(chunk(b"fcTL", region + struct.pack(">HH", *_delay_fraction(wait)) + blending))
        data = deflated(index, _LEVEL)
        if i:
            number += 1
            file.write(chunk(b"fdAT", struct.pack(">I", number) + data))
        else:
            file.write(chunk(b"IDAT", data))
        number += 1
    file.write(chunk(b"IEND", b""))


def _delay_fraction(seconds: Fraction) -> tuple[int, int]:
    """Return the nearest fraction whose numerator and denominator have 16 bits."""
    near = seconds.limit_denominator(min(65535, int(65000 / seconds)))
    return near.numerator, near.denominator


def write_webp(file: BinaryIO, stream: Stream) -> None:
    """Write an animated WebP, lossless unless the stream is coarse."""
    _check_timing(stream)
    waits = milliseconds(len(stream.steps), stream.fps, stream.end_pause)
    width, height = stream.size
    begin = file.tell()
    file.write(b"RIFF\0\0\0\0WEBP")
    flags = _ALPHA | _ANIMATION | (_XMP if stream.comment else 0)
    file.write(_riff_chunk(b"VP8X", struct.pack("<I", flags) + _uint24(width - 1, height - 1)))
    file.write(_riff_chunk(b"ANIM", struct.pack("<IH", 0xFFFFFFFF, stream.loop)))
    for header, still in _coded_frames(stream, waits):
        # The 0: blended over the canvas, not disposed of.
        file.write(_riff_chunk(b"ANMF", header + b"\0" + still))
    if stream.comment:
        clean = html.escape(_NO_XML.sub("\ufffd", stream.comment), quote=False)
        packet = _PACKET.format(clean.replace("\r", "&#13;"))
        file.write(_riff_chunk(b"XMP ", packet.encode("utf-8")))
    end = file.tell()
    file.seek(begin + 4)
    file.write(struct.pack("<I", end - begin - 8))
    file.seek(end)


def milliseconds(frames: int, fps: float, end_pause: float) -> list[int]:
    """Return the duration of each frame; rounding is spread, so that no frame begins 1 ms late."""
    begins = [int(np.floor(1000 * i / fps + 0.5)) for i in range(frames + 1)]
    waits = [after - before for before, after in zip(begins[:-1], begins[1:], strict=True)]
    waits[-1] += round(1000 * end_pause)
    return waits


def _coded_frames(stream: Stream, waits: list[int]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the position and duration of each frame's rectangle, and its coded pixels."""
    width, height = stream.size
    changes = Changes(height, width)
    palette = None
    if stream.coarseness:
        palette = Palette((stream.paint(step) for step in samples(stream.steps)), stream.coarseness)
    pending: deque[tuple[bytes, Future[bytes]]] = deque()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for frame, wait in zip(stream.frames(), waits, strict=True):
            # A corner has even coordinates.
            positions, pixels = changes.update(frame)
            if palette is not None:
                pixels = palette.nearest(pixels)
            rectangle, (left, top) = boxed(positions, pixels, width, empty=0, grid=2)
            rows, columns = rectangle.shape
            header = _uint24(left // 2, top // 2, columns - 1, rows - 1, wait)
            pending.append((header, pool.submit(_webp_chunk, rectangle)))
            if len(pending) > 2 * _WORKERS:
                header, coded = pending.popleft()
                yield header, coded.result()
        while pending:
            header, coded = pending.popleft()
            yield header, coded.result()


def _webp_chunk(rectangle: NDArray[np.uint32]) -> bytes:
    """Return the pixels as a lossless chunk of a WebP."""
    pixels = rectangle.astype("<u4", copy=False).view(np.uint8).reshape(*rectangle.shape, 4)
    coded = io.BytesIO()
    Image.fromarray(pixels).save(coded, "WEBP", lossless=True, **_EFFORT)
    return coded.getvalue()[12:]


def _riff_chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk: four letters, its length and data, padded to an even length."""
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _uint24(*numbers: int) -> bytes:
    """Return numbers in three bytes each, little-endian."""
    return b"".join(number.to_bytes(3, "little") for number in numbers)


def _check_timing(stream: Stream) -> None:
    if not _MIN_IMAGE_FPS <= stream.fps <= _MAX_IMAGE_FPS:
        words = f"from {_MIN_IMAGE_FPS:g} to {_MAX_IMAGE_FPS}"
        raise must("fps", f"{words}, as browsers slow faster pictures down", stream.fps)
    if not 0 <= stream.end_pause <= _MAX_END_PAUSE:
        raise must("end_pause", f"from 0 to {_MAX_END_PAUSE} seconds", stream.end_pause)


MIN_FPS, MAX_FPS = 0.1, 240
#: Exact for the common rates: 25, 12.5, 8.333, 30000/1001.
_DENOMINATOR = 1001
#: Added to the constant rate factor for each step of coarseness; 6 is about half the bits.
_COARSER = 6
_BT709 = 1
_LIMITED_RANGE = 1
#: Swscale's averaging of the full chroma, with rounding that is the same on every processor: half a
#: decibel better than its default on thin lines, and no slower.
_SCALING = 0x20 | 0x40000 | 0x80000 | 0x4000


@dataclass(frozen=True)
class _Format:
    """The settings of a container and its encoder."""

    name: str
    codec: str
    #: The constant rate factor: higher is coarser.
    crf: int
    options: dict[str, str]
    container: dict[str, str] = field(default_factory=dict)
    #: A filter over the coded packets.
    packets: str = "null"


# A fixed number of threads: the bytes depend on it.
_MP4 = _Format(
    "mp4",
    "libx264",
    18,
    {
        "preset": "veryfast",
        "threads": "2",
        # Finer chroma, as of a lower crf, keeps the tint of flat fills.
        "x264-params": "cpu-independent=1:chroma-qp-offset=-6",
    },
    {"movflags": "+faststart"},
    # Drops the encoder's note on its version and settings.
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
    _write_video(file, stream, _MP4)


def write_webm(file: BinaryIO, stream: Stream) -> None:
    """Write a WebM: VP9, for browsers."""
    _write_video(file, stream, _WEBM)


def frame_rate(fps: float) -> Fraction:
    """Return a rate as a fraction that a video can store."""
    if not MIN_FPS <= fps <= MAX_FPS:
        raise must("fps", f"from {MIN_FPS:g} to {MAX_FPS} for a video", fps)
    return Fraction(fps).limit_denominator(_DENOMINATOR)


def repeats(rate: Fraction, end_pause: float) -> int:
    """Return how many more times the last frame is shown to last `end_pause` seconds longer."""
    if not 0 <= end_pause <= _MAX_END_PAUSE:
        raise must("end_pause", f"from 0 to {_MAX_END_PAUSE} seconds", end_pause)
    return int(end_pause * rate + 0.5)


def _write_video(file: BinaryIO, stream: Stream, kind: _Format) -> None:
    rate = frame_rate(stream.fps)
    extra = repeats(rate, stream.end_pause)
    av = _pyav(kind)
    with _encoder_path(file, kind) as path:
        options = {"fflags": "+bitexact", **kind.container}
        if kind is _MP4:
            # Durations count frames; the default rounds them down to milliseconds.
            options["movie_timescale"] = str(rate.numerator)
        with av.open(path, "w", format=kind.name, container_options=options) as container:
            if stream.comment:
                container.metadata["comment"] = stream.comment
            video = _video_stream(container, kind, stream, rate)
            filtered = av.bitstream.BitStreamFilterContext(kind.packets, video)
            for frame in _converted(av, stream, extra, 1 / rate):
                for packet in video.encode(frame):
                    container.mux(filtered.filter(packet))
            container.mux(filtered.filter(None))


@contextmanager
def _encoder_path(file: BinaryIO, kind: _Format) -> Iterator[str]:
    """Yield a path for the encoder to write and read; its content ends up in the file."""
    try:
        descriptor = f"/proc/self/fd/{file.fileno()}" if not file.tell() else ""
    except OSError:  # A file in memory.
        descriptor = ""
    if descriptor and os.path.isfile(descriptor):
        try:
            yield descriptor
        except OSError as error:
            if error.filename != descriptor:
                raise
            raise OSError(error.errno, error.strerror) from error  # Without that path.
        file.seek(0, os.SEEK_END)
        return
    with passing_folder() as folder:
        path = folder / f"video.{kind.name}"
        yield str(path)
        with open(path, "rb") as video:
            shutil.copyfileobj(video, file)


def _pyav(kind: _Format) -> Any:
    """Return PyAV, if it is installed and can write the format."""
    missing = "PyAV"
    try:
        import av
        import av.bitstream
    except ImportError:
        pass
    else:
        if kind.codec in av.codecs_available:
            return av
        missing = f"a PyAV that has {kind.codec}"
    raise ImportError(f'Writing .{kind.name} needs {missing}: pip install "trajectories[video]"')


def _video_stream(container: Any, kind: _Format, stream: Stream, rate: Fraction) -> Any:
    crf = kind.crf + _COARSER * stream.coarseness
    options = {**kind.options, "crf": str(crf), "flags": "+bitexact"}
    video = container.add_stream(kind.codec, rate=rate, options=options)
    video.width, video.height = (side + side % 2 for side in stream.size)
    video.pix_fmt = "yuv420p"
    context = video.codec_context
    context.time_base = 1 / rate
    context.color_range = _LIMITED_RANGE
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    return video


def _converted(av: Any, stream: Stream, extra: int, tick: Fraction) -> Iterator[Any]:
    """Yield the frames for the encoder, the last one `extra` times more, and None at the end."""
    convert = av.video.reformatter.VideoReformatter().reformat
    frame: Any = None
    for i, pixels in enumerate(_padded(stream.frames(), stream.size)):
        rgba = av.VideoFrame.from_numpy_buffer(pixels, format="rgba")
        frame = convert(
            rgba,
            format="yuv420p",
            src_colorspace="ITU709",
            dst_colorspace="ITU709",
            src_color_range="JPEG",
            dst_color_range="MPEG",
            interpolation=_SCALING,
        )
        frame.pts, frame.time_base = i, tick
        yield frame
    for _ in range(extra):
        frame.pts += 1
        yield frame
    yield None


def _padded(frames: Iterable[Pixels], size: tuple[int, int]) -> Iterator[Pixels]:
    """Repeat the last column and row where the width or height is odd: 4:2:0 needs even sides."""
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


_COARSEST = 3
#: A movie of fewer frames hardly moves.
FEWEST = 12
#: The part of the largest size to aim at, as sizes are extrapolated from earlier ones.
_AIM = 0.96
SMALLEST = 0.25


@dataclass(frozen=True)
class Quality:
    """The frames, coarseness and scale of a movie."""

    frames: int
    coarseness: int = 0
    scale: float = 1.0


def lower_quality(
    write: Callable[[Quality], int],
    frames: int,
    max_bytes: int,
    *,
    fewest: int = FEWEST,
    smallest: float = SMALLEST,
) -> Quality:
    """Write a picture until it is small enough: fewer colours, then fewer frames, then smaller."""
    quality = Quality(frames)
    size = write(quality)
    while size > max_bytes and quality.coarseness < _COARSEST:
        quality = replace(quality, coarseness=quality.coarseness + 1)
        size = write(quality)
    quality, size = _drop_frames(write, quality, size, max_bytes, fewest)
    while size > max_bytes and quality.scale > smallest:
        scale = quality.scale * min(0.9, math.sqrt(_AIM * max_bytes / size))
        quality = replace(quality, scale=max(scale, smallest))
        size = write(quality)
    if size > max_bytes:
        raise must("max_bytes", f"at least about {size} for this picture", max_bytes)
    return quality


def _drop_frames(
    write: Callable[[Quality], int], quality: Quality, size: int, max_bytes: int, fewest: int
) -> tuple[Quality, int]:
    """Leave out frames until the file is small enough, but not many more than necessary."""
    fewest = min(quality.frames, fewest)
    above: tuple[int, int] | None = None
    while size > max_bytes and quality.frames > fewest:
        above = quality.frames, size
        count = int(quality.frames * min(0.9, _AIM * max_bytes / size))
        quality = replace(quality, frames=max(count, fewest))
        size = write(quality)
    if above is not None and size < 0.85 * max_bytes:
        # The ground is stored once: between two sizes only the frames count.
        rise = (above[1] - size) / (above[0] - quality.frames)
        count = quality.frames + int((_AIM * max_bytes - size) / rise)
        if quality.frames < count < above[0]:
            finer = replace(quality, frames=count)
            bigger = write(finer)
            if bigger <= max_bytes:
                return finer, bigger
            size = write(quality)
    return quality, size


def thinned(steps: Sequence[int], count: int) -> tuple[int, ...]:
    """Return `count` of the steps at equal distances, the last one included."""
    last = len(steps) - 1
    return tuple(steps[last - round(i * last / max(count - 1, 1))] for i in range(count))[::-1]


@dataclass(frozen=True)
class Format:
    """A format for a stream of frames."""

    write: Callable[[BinaryIO, Stream], None]
    video: bool = False

    def given_up(self, coarseness: int) -> str:
        """Return the words for the quality that a coarseness costs."""
        return "coarser compression" if self.video else f"{palette_colors(coarseness)} colours"


#: The formats of movies, by suffix.
STREAMED: Mapping[str, Format] = {
    ".gif": Format(write_gif),
    ".mp4": Format(write_mp4, video=True),
    ".webm": Format(write_webm, video=True),
    ".webp": Format(write_webp),
    ".png": Format(write_apng),
    ".apng": Format(write_apng),
}
#: The interactive page.
PAGE = ".html"
#: All suffixes of `Animation.save`.
FORMATS = (*STREAMED, PAGE)
