"""GIF: a stream of frames, one palette, the rectangles that change."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata

from trajectories.checks import must

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Stream:
    """Frames, painted on request, and the timing of a movie."""

    paint: Callable[[int], Pixels]
    size: tuple[int, int]
    steps: Sequence[int]
    fps: float
    end_pause: float = 0.0
    loop: int = 0
    coarseness: int = 0
    comment: str = ""
    progress: Callable[[Iterable[int]], Iterable[int]] = iter

    def frames(self) -> Iterable[Pixels]:
        """Paint the frames one by one; each may overwrite the last."""
        for step in self.progress(self.steps):
            yield self.paint(step)


_NAMESPACE = "http://schemas.openxmlformats.org/presentationml/2006/main"


def timing(shape: int, seconds: float) -> str:
    """Return the ``p:timing`` element of a slide on which a movie plays by itself."""
    target = f'<p:tgtEl><p:spTgt spid="{shape}"/></p:tgtEl>'
    slide = "<p:tgtEl><p:sldTgt/></p:tgtEl>"
    duration = f'"{round(1000 * seconds)}"' if seconds else '"indefinite"'
    immediately = '<p:cond delay="0"/>'
    play = _command("playFrom(0.0)", f'<p:cTn id="6" dur={duration} fill="hold"/>', target)
    effect = _node(5, f'{_media_call(1)} nodeType="afterEffect"', immediately, play)
    # Node 2 is the main sequence.
    entry = '<p:cond delay="indefinite"/><p:cond evt="onBegin" delay="0"><p:tn val="2"/></p:cond>'
    main = (
        '<p:seq concurrent="1" nextAc="seek">'
        '<p:cTn id="2" dur="indefinite" nodeType="mainSeq"><p:childTnLst>'
        + _node(3, 'fill="hold"', entry, _node(4, 'fill="hold"', immediately, effect))
        + "</p:childTnLst></p:cTn>"
        f'<p:prevCondLst><p:cond evt="onPrev" delay="0">{slide}</p:cond></p:prevCondLst>'
        f'<p:nextCondLst><p:cond evt="onNext" delay="0">{slide}</p:cond></p:nextCondLst>'
        "</p:seq>"
    )
    movie = (
        '<p:video><p:cMediaNode vol="80000">'
        '<p:cTn id="7" repeatCount="indefinite" fill="hold" display="0">'
        '<p:stCondLst><p:cond delay="indefinite"/></p:stCondLst></p:cTn>'
        f"{target}</p:cMediaNode></p:video>"
    )
    toggle = _command("togglePause", '<p:cTn id="12" dur="1" fill="hold"/>', target)
    pause = _node(11, f'{_media_call(2)} nodeType="clickEffect"', immediately, toggle)
    clicked = f'<p:cond evt="onClick" delay="0">{target}</p:cond>'
    interactive = (
        '<p:seq concurrent="1" nextAc="seek">'
        '<p:cTn id="8" restart="whenNotActive" fill="hold" evtFilter="cancelBubble"'
        f' nodeType="interactiveSeq"><p:stCondLst>{clicked}</p:stCondLst>'
        '<p:endSync evt="end" delay="0"><p:rtn val="all"/></p:endSync><p:childTnLst>'
        + _node(9, 'fill="hold"', immediately, _node(10, 'fill="hold"', immediately, pause))
        + f"</p:childTnLst></p:cTn><p:nextCondLst>{clicked}</p:nextCondLst></p:seq>"
    )
    return (
        f'<p:timing xmlns:p="{_NAMESPACE}"><p:tnLst><p:par>'
        '<p:cTn id="1" dur="indefinite" restart="never" nodeType="tmRoot"><p:childTnLst>'
        f"{main}{movie}{interactive}"
        "</p:childTnLst></p:cTn></p:par></p:tnLst></p:timing>"
    )


def _node(number: int, about: str, conditions: str, inner: str) -> str:
    return (
        f'<p:par><p:cTn id="{number}" {about}><p:stCondLst>{conditions}</p:stCondLst>'
        f"<p:childTnLst>{inner}</p:childTnLst></p:cTn></p:par>"
    )


def _media_call(preset: int) -> str:
    return f'presetID="{preset}" presetClass="mediacall" presetSubtype="0" fill="hold"'


def _command(command: str, node: str, target: str) -> str:
    return f'<p:cmd type="call" cmd="{command}"><p:cBhvr>{node}{target}</p:cBhvr></p:cmd>'


#: The index of unchanged pixels.
TRANSPARENT = 0
_COLORS = 255
_ITERATIONS = 4
#: About how many pixels the median cut takes.
_MEDIAN_CUT_PIXELS = 30_000
_BLOCK = 256
#: Colours of at least this share of the pixels stay exact, so that large areas do not shift.
_EXACT_SHARE = 5e-4

Keys = NDArray[np.uint32]
Floats = NDArray[np.float32]


def palette_colors(coarseness: int) -> int:
    """Return the largest number of colours of a palette: 255, 127, 63, 31."""
    return _COLORS >> coarseness


class Palette:
    """Colours 1 to 255, and a table from any colour to the nearest of them."""

    def __init__(self, frames: Iterable[NDArray[np.uint8]], coarseness: int = 0) -> None:
        keys, counts = _count(frames)
        colors = _channels(keys)
        size = palette_colors(coarseness)
        fixed = counts >= _EXACT_SHARE * counts.sum()
        if fixed.sum() > size // 2:
            fixed[np.argsort(-counts)[size // 2 :]] = False
        if len(keys) <= size:
            chosen = colors
        else:
            count = size - int(fixed.sum())
            others, weights = colors[~fixed], np.sqrt(counts[~fixed]).astype(np.float32)
            means = _median_cut(others, weights, count)
            chosen = np.concatenate([colors[fixed], _k_means(others, weights, means)])
        self.rgb = np.zeros((256, 3), np.uint8)
        self.rgb[1 : 1 + len(chosen)] = np.rint(chosen)
        self._colors = self.rgb[1 : 1 + len(chosen)].astype(np.float32)
        # 16 MB of zeros: only the memory pages with a colour in use are touched.
        self._table = np.zeros(1 << 24, np.uint8)
        self._tabulate(keys)

    def index(self, pixels: Keys) -> NDArray[np.uint8]:
        """Return the index of each pixel's nearest colour, never `TRANSPARENT`."""
        keys = pixels & 0xFFFFFF
        index: NDArray[np.uint8] = self._table[keys]
        if not index.all():
            self._tabulate(np.unique(keys[index == TRANSPARENT]))
            index = self._table[keys]
        return index

    def nearest(self, pixels: Keys) -> Keys:
        """Return each pixel's nearest colour, as a pixel with an alpha of 255."""
        r, g, b = self.rgb[self.index(pixels)].astype(np.uint32).T
        near: Keys = r | g << 8 | b << 16 | np.uint32(0xFF000000)
        return near

    def _tabulate(self, keys: Keys) -> None:
        self._table[keys] = _nearest(_channels(keys), self._colors) + 1


def _count(frames: Iterable[NDArray[np.uint8]]) -> tuple[Keys, NDArray[Any]]:
    """Count the colours of the first frame, and of the differing pixels of the others."""
    first = None
    parts, lengths = [], []
    for frame in frames:
        flat = frame.view("<u4").ravel()
        if first is None:
            first = flat.copy()
            # Run by run: most neighbours have the same colour.
            begins = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
            parts.append(flat[begins] & 0xFFFFFF)
            lengths.append(np.diff(begins, append=len(flat)))
        else:
            parts.append(flat[flat != first] & 0xFFFFFF)
            lengths.append(np.ones(len(parts[-1]), int))
    keys, inverse = np.unique(np.concatenate(parts), return_inverse=True)
    return keys, np.bincount(inverse, np.concatenate(lengths))


def _channels(keys: Keys) -> Floats:
    return np.stack([keys & 255, keys >> 8 & 255, keys >> 16 & 255], axis=-1).astype(np.float32)


def _median_cut(colors: Floats, weights: Floats, count: int) -> Floats:
    """Let Pillow cut boxes of colours, each repeated by its weight, into about equal parts."""
    repeats = np.maximum(1, weights * (_MEDIAN_CUT_PIXELS / weights.sum())).astype(int)
    pixels = np.repeat(colors.astype(np.uint8), repeats, axis=0)
    image = Image.fromarray(pixels[None])
    palette = image.quantize(count, Image.Quantize.MEDIANCUT).getpalette()
    means = np.array(palette, np.float32).reshape(-1, 3)[:count]
    return np.unique(means, axis=0)


def _k_means(colors: Floats, weights: Floats, means: Floats) -> Floats:
    means = means.astype(np.float32)
    for _ in range(_ITERATIONS):
        label = _nearest(colors, means)
        mass = np.bincount(label, weights, len(means))
        nonempty = mass > 0
        for channel in range(3):
            total = np.bincount(label, weights * colors[:, channel], len(means))
            means[nonempty, channel] = total[nonempty] / mass[nonempty]
    return means


def _nearest(colors: Floats, centers: Floats) -> NDArray[np.uint8]:
    """Return the index of the nearest center of each colour."""
    half = (centers * centers).sum(axis=1) / 2
    channels = np.ascontiguousarray(centers.T)
    label = np.empty(len(colors), np.uint8)
    score = np.empty((_BLOCK, len(centers)), np.float32)
    part = np.empty_like(score)
    for begin in range(0, len(colors), _BLOCK):
        block = colors[begin : begin + _BLOCK]
        total, product = score[: len(block)], part[: len(block)]
        np.subtract(block[:, :1] * channels[0], half, out=total)
        for channel in (1, 2):
            np.multiply(block[:, channel, None], channels[channel], out=product)
            total += product
        label[begin : begin + _BLOCK] = total.argmax(axis=1)
    return label


_SAMPLES = 5

Values = TypeVar("Values", np.uint8, np.uint32)


def samples(steps: Sequence[int]) -> list[int]:
    """Return a few of the steps for the palette, the first and the last included."""
    return sorted({steps[round(i)] for i in np.linspace(0, len(steps) - 1, _SAMPLES)})


class Changes:
    """The pixels that change from one frame to the next."""

    def __init__(self, height: int, width: int) -> None:
        self._pixels = np.zeros(height * width, np.uint32)
        self._differs = np.empty(height * width, bool)

    def update(self, frame: Pixels) -> tuple[NDArray[np.intp], NDArray[np.uint32]]:
        """Take the next frame; return the positions and values of its new pixels."""
        pixels = frame.view("<u4").ravel()
        positions = np.flatnonzero(np.not_equal(pixels, self._pixels, out=self._differs))
        values = pixels[positions]
        self._pixels[positions] = values
        return positions, values


class Screen:
    """The changing rectangle of each frame, in palette indices."""

    def __init__(self, palette: Palette, height: int, width: int) -> None:
        self._palette = palette
        self._width = width
        self._changes = Changes(height, width)
        self._screen = np.zeros(height * width, np.uint8)

    def update(self, frame: Pixels) -> tuple[Pixels, tuple[int, int]]:
        """Return the indices of a rectangle, transparent where nothing changes, and its corner."""
        positions, values = self._changes.update(frame)
        index = self._palette.index(values)
        changed = index != self._screen[positions]
        positions, index = positions[changed], index[changed]
        self._screen[positions] = index
        return boxed(positions, index, self._width, empty=TRANSPARENT)


def boxed(
    positions: NDArray[np.intp], values: NDArray[Values], width: int, *, empty: int, grid: int = 1
) -> tuple[NDArray[Values], tuple[int, int]]:
    """Return the smallest rectangle around all positions, and its corner."""
    if not len(positions):
        return np.full((1, 1), empty, values.dtype), (0, 0)
    rows, columns = np.divmod(positions, width)
    top, left = int(rows[0]) // grid * grid, int(columns.min()) // grid * grid
    shape = (int(rows[-1]) + 1 - top, int(columns.max()) + 1 - left)
    rectangle = np.full(shape, empty, values.dtype)
    rectangle[rows - top, columns - left] = values
    return rectangle, (left, top)


#: In hundredths of a second; browsers play a delay of 1 as 10.
MIN_DELAY = 2
MAX_FPS = 100 / MIN_DELAY
_MAX_DELAY = 65535
_MAX_LOOP = 65535


def delays(frames: int, fps: float, end_pause: float) -> list[int]:
    """Return the duration of each frame, in hundredths of a second."""
    if not 100 / _MAX_DELAY <= fps <= MAX_FPS:
        least = f"at least {100 / _MAX_DELAY:.2g} and at most {MAX_FPS:g}"
        raise must("fps", f"{least} for a GIF, whose delays count in 1/100 s", fps)
    if not 0 <= end_pause <= 600:
        raise must("end_pause", "from 0 to 600 seconds", end_pause)
    begins = [int(np.floor(100 * i / fps + 0.5)) for i in range(frames + 1)]
    waits = [after - before for before, after in zip(begins[:-1], begins[1:], strict=True)]
    waits[-1] += round(100 * end_pause)
    if max(waits) > _MAX_DELAY:
        raise must("fps", "high enough for each frame to stand at most 655 s", fps)
    return waits


def write_gif(file: BinaryIO, stream: Stream) -> None:
    """Write a GIF; its memory does not grow with the number of frames."""
    steps = stream.steps
    waits = delays(len(steps), stream.fps, stream.end_pause)
    if not 0 <= stream.loop <= _MAX_LOOP:
        raise must("loop", f"from 0 to {_MAX_LOOP}", stream.loop)
    palette = Palette((stream.paint(step) for step in samples(steps)), stream.coarseness)
    width, height = stream.size
    file.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0))
    file.write(palette.rgb.tobytes())
    if stream.loop != 1:
        # The number of repetitions.
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
    """Write a rectangle of indices over the last frame; Pillow does the LZW coding."""
    control = 1 << 2 | 1  # Not disposed of; one index is transparent.
    file.write(b"!\xf9\x04" + struct.pack("<BHBB", control, wait, TRANSPARENT, 0))
    for chunk in getdata(Image.fromarray(index), corner):
        file.write(chunk)
