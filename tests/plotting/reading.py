"""Moving pictures of given frames, and readers of what was saved that are not the package's own."""

import io
import json
import re
import struct
import zlib
from types import SimpleNamespace

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

import trajectories as tj

NIGHT = (17, 22, 29)
#: As a file keeps it; nothing of it is run for a slide.
RECIPE = (
    '{"trajectories":"0.1.0","format":1,"kind":"animation",'
    '"surface":{"formula":"x**2/20 + y**2","name":"bowl"},'
    '"descent":{"start":[-7.0,2.0],"steps":30},'
    '"paths":[{"label":"SGD","optimizer":{"name":"sgd","lr":0.95}},'
    '{"label":"<Adam> & co","optimizer":{"name":"adam","lr":0.3}}]}'
)
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Screen(FigureCanvasAgg):
    """A canvas on which only `frame` is drawn, scaled to its size."""

    frame = np.zeros((1, 1, 3), np.uint8)

    def draw(self):
        self.renderer = self.get_renderer()
        pixels = np.asarray(self.buffer_rgba())
        rows, columns = (
            np.arange(count) * had // count
            for count, had in zip(pixels.shape[:2], self.frame.shape[:2], strict=True)
        )
        pixels[..., :3] = self.frame[np.ix_(rows, columns)]
        pixels[..., 3] = 255


class Film(tj.Animation):
    """A moving picture of given frames (RGB), with a given text in the place of its recipe.

    It raises the errors in `broken` at their steps.
    """

    def __init__(self, frames, comment="", broken=None):
        self.given, self.comment = [np.asarray(frame, np.uint8) for frame in frames], comment
        self.painted, self.broken = [], broken or {}
        height, width = self.given[0].shape[:2]
        super().__init__([], range(len(self.given)), (width, height), self._screen, {})

    def recipe(self, **saving):
        return self.comment

    def _screen(self, size):
        figure = Figure(figsize=[(side + 1e-6) / 100 for side in size], dpi=100)
        canvas = Screen(figure)

        def show(step):
            self.painted.append(step)
            if step in self.broken:
                raise self.broken[step]
            canvas.frame = self.given[step]

        return SimpleNamespace(figure=figure, movers=(), still=False, show=show)


def bar(count, size=(40, 30), ground=(240, 245, 250), below=(200, 215, 235)):
    """Return frames in which a bar goes across a ground of two colours."""
    width, height = size
    frames = np.full((count, height, width, 3), ground, np.uint8)
    frames[:, height // 2 :] = below
    for i, frame in enumerate(frames):
        frame[3:9, 3 * i % width :][:, :5] = (0, 114, 178)
    return frames


def read_image(file):
    """Return the frames that Pillow shows, their seconds, and its notes on the file."""
    with Image.open(file) as image:
        frames, waits = [], []
        for frame in ImageSequence.Iterator(image):
            rgba = np.array(frame.convert("RGBA"))
            assert rgba[..., 3].min() == 255
            frames.append(rgba[..., :3])
            waits.append(frame.info.get("duration", 0) / 1000)
        return np.array(frames), waits, dict(image.info)


def read_video(content):
    """Return the frames that FFmpeg shows, their times, and what it says of the file."""
    import av

    with av.open(io.BytesIO(content)) as container:
        video = container.streams.video[0]
        frames, times = [], []
        for frame in container.decode(video):
            assert frame.format.name == "yuv420p"
            # Swscale's bicubic, all of the chroma, rounded: as players show it.
            how = {"src_colorspace": "ITU709", "interpolation": 0x4 | 0x2000 | 0x40000}
            frames.append(frame.to_ndarray(format="rgb24", **how))
            times.append(float(frame.pts * frame.time_base))
        context = video.codec_context
        colors = (context.color_range, context.color_primaries, context.color_trc)
        about = SimpleNamespace(
            seconds=container.duration / av.time_base,
            rate=video.average_rate,
            codec=context.name,
            colors=(*colors, context.colorspace),
            metadata={key.lower(): value for key, value in container.metadata.items()},
            streams=len(container.streams),
        )
    return np.array(frames), times, about


def decibels(one, other):
    """Return how alike two pictures are."""
    error = np.mean((one.astype(float) - other) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-9))


def boxes(content):
    """Return the names of an MP4's outermost boxes, in order."""
    found, place = [], 0
    while place < len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        assert length >= 8
        found.append(name.decode())
        place += length
    assert place == len(content)
    return found


def chunk(name, data):
    """Return a chunk of a PNG."""
    checksum = zlib.crc32(name + data)
    return struct.pack(">I4s", len(data), name) + data + struct.pack(">I", checksum)


def chunks(content):
    """Return the chunks of a PNG with their data; their check sums are right."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    found, place = [], 8
    while place < len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        data = content[place + 8 : place + 8 + length]
        assert chunk(name, data) == content[place : place + 12 + length]
        found.append((name.decode(), data))
        place += 12 + length
    assert found[-1] == ("IEND", b"")
    return found


def gif_comment(text):
    """Return the comment block of a GIF: pieces of at most 255 bytes."""
    content = text.encode()
    pieces = [content[i : i + 255] for i in range(0, len(content), 255)]
    return b"!\xfe" + b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def gif_with(text):
    """Return a GIF without a picture that holds a text."""
    return b"GIF89a" + b"\0" * 7 + gif_comment(text) + b";"


def page_data(page):
    """Return the numbers that a page holds."""

    def refused(name):
        raise AssertionError(f"{name} is no JSON")

    text = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1]
    return json.loads(text, parse_constant=refused)


def unpack(text):
    """Read a page's packed integers; None for a full stop."""
    numbers, value, scale = [], 0, 1
    for digit in text:
        if digit == ".":
            numbers.append(None)
            continue
        code = DIGITS.index(digit)
        value += code % 32 * scale
        scale *= 32
        if code < 32:
            numbers.append(-(value + 1) // 2 if value % 2 else value // 2)
            value, scale = 0, 1
    return numbers
