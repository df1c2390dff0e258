"""One palette for all frames of a picture: 255 colours, chosen where pixels are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["TRANSPARENT", "Palette", "palette_colors"]

#: The index that stands for "as it was before".
TRANSPARENT = 0
_COLORS = 255
_ROUNDS = 4
#: Pixels that median cut works on, about.
_PIXELS = 30_000
_BLOCK = 256
#: Colours that fill at least this part of the pixels are kept exactly: large areas do not shift.
_FILL = 5e-4

Keys = NDArray[np.uint32]
Floats = NDArray[np.float32]


def palette_colors(thrift: int) -> int:
    """Return how many colours a palette has at most: 255, 127, 63, 31."""
    return _COLORS >> thrift


class Palette:
    """Colours 1 to 255, and a table from any colour to the nearest of them."""

    def __init__(self, frames: Iterable[NDArray[np.uint8]], thrift: int = 0) -> None:
        keys, counts = _count(frames)
        colors = _channels(keys)
        most = palette_colors(thrift)
        fixed = counts >= _FILL * counts.sum()
        if fixed.sum() > most // 2:
            fixed[np.argsort(-counts)[most // 2 :]] = False
        if len(keys) <= most:
            chosen = colors
        else:
            room = most - int(fixed.sum())
            moving, weights = colors[~fixed], np.sqrt(counts[~fixed]).astype(np.float32)
            means = _median_cut(moving, weights, room)
            chosen = np.concatenate([colors[fixed], _k_means(moving, weights, means)])
        self.rgb = np.zeros((256, 3), np.uint8)
        self.rgb[1 : 1 + len(chosen)] = np.rint(chosen)
        self._colors = self.rgb[1 : 1 + len(chosen)].astype(np.float32)
        # 16 MB of zeros, of which only the pages that hold a colour in use are ever touched.
        self._table = np.zeros(1 << 24, np.uint8)
        self._learn(keys)

    def index(self, pixels: Keys) -> NDArray[np.uint8]:
        """Return the index of each pixel's nearest colour, never `TRANSPARENT`."""
        keys = pixels & 0xFFFFFF
        found: NDArray[np.uint8] = self._table[keys]
        if not found.all():
            self._learn(np.unique(keys[found == TRANSPARENT]))
            found = self._table[keys]
        return found

    def nearest(self, pixels: Keys) -> Keys:
        """Return each pixel's nearest colour, as a pixel with an alpha of 255."""
        r, g, b = self.rgb[self.index(pixels)].astype(np.uint32).T
        near: Keys = r | g << 8 | b << 16 | np.uint32(0xFF000000)
        return near

    def _learn(self, keys: Keys) -> None:
        self._table[keys] = _nearest(_channels(keys), self._colors) + 1


def _count(frames: Iterable[NDArray[np.uint8]]) -> tuple[Keys, NDArray[Any]]:
    """Count the distinct colours of the first frame, and of what differs from it in the others."""
    first = None
    parts, lengths = [], []
    for frame in frames:
        flat = frame.view("<u4").ravel()
        if first is None:
            first = flat.copy()
            # Run by run, as most neighbours are alike.
            begins = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
            parts.append(flat[begins] & 0xFFFFFF)
            lengths.append(np.diff(begins, append=len(flat)))
        else:
            parts.append(flat[flat != first] & 0xFFFFFF)
            lengths.append(np.ones(len(parts[-1]), int))
    keys, places = np.unique(np.concatenate(parts), return_inverse=True)
    return keys, np.bincount(places, np.concatenate(lengths))


def _channels(keys: Keys) -> Floats:
    return np.stack([keys & 255, keys >> 8 & 255, keys >> 16 & 255], axis=-1).astype(np.float32)


def _median_cut(colors: Floats, weights: Floats, room: int) -> Floats:
    """Let Pillow cut boxes of colours, each repeated by its weight, into about equal parts."""
    repeats = np.maximum(1, weights * (_PIXELS / weights.sum())).astype(int)
    pixels = np.repeat(colors.astype(np.uint8), repeats, axis=0)
    image = Image.fromarray(pixels[None])
    palette = image.quantize(room, Image.Quantize.MEDIANCUT).getpalette()
    means = np.array(palette, np.float32).reshape(-1, 3)[:room]
    return np.unique(means, axis=0)


def _k_means(colors: Floats, weights: Floats, means: Floats) -> Floats:
    means = means.astype(np.float32)
    for _ in range(_ROUNDS):
        label = _nearest(colors, means)
        mass = np.bincount(label, weights, len(means))
        used = mass > 0
        for channel in range(3):
            total = np.bincount(label, weights * colors[:, channel], len(means))
            means[used, channel] = total[used] / mass[used]
    return means


def _nearest(colors: Floats, centers: Floats) -> NDArray[np.uint8]:
    """Return the place of each colour's nearest center."""
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
