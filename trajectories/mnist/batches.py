"""Batches: images drawn with replacement, as pixels of bytes, and scaled when they are used."""

from __future__ import annotations

from typing import Any

import numpy as np

from trajectories.mnist.draws import RNG
from trajectories.mnist.layers import Array, Buffered
from trajectories.validation import must

__all__ = ["Batches", "Scaler", "checked_examples", "checked_images", "checked_labels"]


def checked_images(images: Any, pixels: int, name: str = "images") -> Array:
    """Return images as a C-contiguous array, if they are some for a network."""
    array = np.asarray(images)
    if array.dtype.kind not in "fiu":
        raise must(name, "an array of numbers", array.dtype, kind=TypeError)
    if array.ndim != 2 or array.shape[1] != pixels or not len(array):
        raise must(name, f"of shape (rows, {pixels}) with at least one row", array.shape)
    return np.ascontiguousarray(array)


def checked_labels(labels: Any, rows: int, classes: int, name: str = "labels") -> Array:
    """Return labels as an array of int64, if there is one of the classes for every row."""
    array = np.asarray(labels)
    if array.dtype.kind not in "iu":
        raise must(name, "integers", array.dtype, kind=TypeError)
    if array.shape != (rows,):
        raise must(name, f"of shape ({rows},), one for each image", array.shape)
    if array.min() < 0 or array.max() >= classes:
        wrong = array[(array < 0) | (array >= classes)][0]
        raise must(name, f"between 0 and {classes - 1}", wrong)
    return np.ascontiguousarray(array, np.int64)


def checked_examples(
    pair: Any, pixels: int, classes: int, name: str | None = None
) -> tuple[Array, Array]:
    """Return images and their labels, if they are some for a network."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise must(name or "pair", "a pair of images and labels", type(pair).__name__)
    first, second = ("images", "labels") if name is None else (f"{name}[0]", f"{name}[1]")
    images = checked_images(pair[0], pixels, first)
    return images, checked_labels(pair[1], len(images), classes, second)


class Scaler(Buffered):
    """Turns pixels into what a network takes: divided by a scale, in the network's type."""

    def __init__(self, pixels: int, dtype: np.dtype[Any]) -> None:
        super().__init__()
        self.pixels, self.dtype = pixels, dtype

    def _make(self, rows: int) -> tuple[Array, ...]:
        out = np.empty((rows, self.pixels), self.dtype)
        return out, out if self.dtype == np.float32 else np.empty_like(out, np.float32)

    def __call__(self, images: Array, scale: float) -> Array:
        """Return the scaled images, valid until the next call with as many rows."""
        if images.dtype == self.dtype and scale == 1:
            return images
        out, single = self._arrays(len(images))
        if images.dtype.kind == "f":
            single = out
        np.copyto(single, images, casting="unsafe")
        if scale != 1:
            single /= scale
        if single is not out:
            np.copyto(out, single)
        return out


class Batches:
    """Draws batches with replacement, in arrays that are used again for every batch."""

    def __init__(
        self,
        images: Array,
        labels: Array,
        *,
        batch_size: int,
        scale: float,
        dtype: np.dtype[Any],
        rng: RNG,
    ) -> None:
        self.images, self.labels = np.asarray(images), labels
        self.batch_size, self.scale, self.rng = batch_size, scale, rng
        self._raw = np.empty((batch_size, images.shape[1]), images.dtype)
        self._drawn = np.empty(batch_size, labels.dtype)
        self._scaled = Scaler(images.shape[1], dtype)

    def draw(self) -> tuple[Array, Array]:
        """Return the next batch and its labels, valid until the next call."""
        picked = self.rng.choice(len(self.labels), self.batch_size)
        # Without a mode that cannot fail, NumPy takes into a buffer first.
        np.take(self.images, picked, axis=0, out=self._raw, mode="clip")
        np.take(self.labels, picked, out=self._drawn, mode="clip")
        return self._scaled(self._raw, self.scale), self._drawn
