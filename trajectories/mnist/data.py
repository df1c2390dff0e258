"""Data sets: images and labels, the digits in the package, minibatches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trajectories.checks import POSITIVE, Interval, integer, must, scalar
from trajectories.mnist.layers import Array, Buffered
from trajectories.records import Frozen, read_only

#: NumPy's generators, old and new.
RNG: TypeAlias = np.random.Generator | np.random.RandomState


def as_rng(rng: Any) -> RNG:
    """Return a generator for a seed, a generator or None."""
    if isinstance(rng, np.random.RandomState):
        return rng
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise must("rng", "a seed, a generator or None", rng) from None


def rng_state(rng: RNG) -> dict[str, Any]:
    """Return the state of a generator as plain data for JSON."""
    if isinstance(rng, np.random.RandomState):
        return {"state": _plain(rng.get_state(legacy=False))}
    return {"state": _plain(rng.bit_generator.state)}


def set_rng_state(rng: RNG, state: dict[str, Any]) -> None:
    """Put a generator into a state from `rng_state`."""
    restored = _arrays(state["state"])
    if isinstance(rng, np.random.RandomState):
        rng.set_state(restored)
    else:
        rng.bit_generator.state = restored


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.name}
    return value.item() if isinstance(value, np.generic) else value


def _arrays(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"array", "dtype"}:
        return np.array(value["array"], value["dtype"])
    if isinstance(value, dict):
        return {key: _arrays(item) for key, item in value.items()}
    return value


def checked_images(images: Any, pixels: int, name: str = "images") -> Array:
    """Check images for a network, and return them as a C-contiguous array."""
    array = np.asarray(images)
    if array.dtype.kind not in "fiu":
        raise must(name, "an array of numbers", array.dtype, kind=TypeError)
    if array.ndim != 2 or array.shape[1] != pixels or not len(array):
        raise must(name, f"of shape (rows, {pixels}) with at least one row", array.shape)
    return np.ascontiguousarray(array)


def checked_labels(labels: Any, rows: int, classes: int, name: str = "labels") -> Array:
    """Check that every row has a label in range, and return labels as int64."""
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
    """Check images and their labels for a network."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise must(name or "pair", "a pair of images and labels", type(pair).__name__)
    first, second = ("images", "labels") if name is None else (f"{name}[0]", f"{name}[1]")
    images = checked_images(pair[0], pixels, first)
    return images, checked_labels(pair[1], len(images), classes, second)


class Scaler(Buffered):
    """Turns pixels into a network's inputs: divided by a scale, in the network's type."""

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
    """Draws batches with replacement, in arrays that every batch reuses."""

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
        # With a mode that can fail, NumPy fills a buffer first.
        np.take(self.images, picked, axis=0, out=self._raw, mode="clip")
        np.take(self.labels, picked, out=self._drawn, mode="clip")
        return self._scaled(self._raw, self.scale), self._drawn


_PART = Interval(0.0, 1.0, "neither", "between 0 and 1")


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Frozen):
    """Images with their labels: a training and a test part.

    Images are stored as bytes, an eighth of their size as float64; only the batch in use is
    divided by `scale`. The arrays are read-only.

    Parameters
    ----------
    name : str
        The name in figures: "MNIST" only for the original, "digits" for the set in the package.
    train_images : numpy.ndarray of uint8, shape (n, pixels)
        Flattened, row after row.
    train_labels : numpy.ndarray of int64, shape (n,)
        The class of each image, from 0.
    test_images : numpy.ndarray of uint8, shape (m, pixels)
        For the evaluation at the end.
    test_labels : numpy.ndarray of int64, shape (m,)
        Their classes.
    scale : float, default 255
        The brightest value: pixels divided by it lie between 0 and 1.
    shape : (int, int), default (28, 28)
        Rows and columns of an image.
    classes : int, default 10
        The number of classes.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not of these types and shapes, if labels or pixels are out of range, or
        if a part is empty.

    Examples
    --------
    >>> from trajectories.mnist import load
    >>> data = load("digits")
    >>> data
    Dataset('digits': 1,437 training and 360 test images of 8 x 8)
    >>> data.train_images[0].reshape(data.shape)[0]
    array([ 0,  0,  5, 13,  9,  1,  0,  0], dtype=uint8)
    >>> data.train_labels[:5]
    array([0, 1, 2, 3, 4])
    """

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    scale: float = 255.0
    shape: tuple[int, int] = (28, 28)
    classes: int = 10

    def __post_init__(self) -> None:
        """Check the arrays and make them read-only."""
        _check(self, "train", "test")

    def __repr__(self) -> str:
        """Show name and sizes."""
        return (
            f"Dataset({self.name!r}: {len(self.train_labels):,} training and "
            f"{len(self.test_labels):,} test images of {self.shape[0]} x {self.shape[1]})"
        )

    @property
    def pixels(self) -> int:
        """Inputs per image."""
        return self.shape[0] * self.shape[1]

    def subset(self, count: int) -> Dataset:
        """Return the data set with only the first training images, and all test images.

        Parameters
        ----------
        count : int
            The number of training images, such as the 300 that a network overfits.

        Returns
        -------
        Dataset
            Of the same name; its arrays are views.

        Raises
        ------
        TypeError, ValueError
            If `count` is no integer, less than 1, or more than there are.

        Examples
        --------
        >>> from trajectories.mnist import load
        >>> load("digits").subset(300)
        Dataset('digits': 300 training and 360 test images of 8 x 8)
        """
        count = integer("count", count, 1)
        if count > len(self.train_labels):
            raise must("count", f"at most the {len(self.train_labels):,} there are", count)
        return replace(
            self, train_images=self.train_images[:count], train_labels=self.train_labels[:count]
        )

    def split(self, part: float = 0.2, *, rng: Any) -> Split:
        """Shuffle the training images, and cut off a part for validation.

        Hyperparameters are judged by that part. The result has no test images, so that none are
        used by mistake.

        Parameters
        ----------
        part : float, default 0.2
            The share for validation, between 0 and 1; the number of images is rounded down.
        rng : int, numpy.random.Generator or None
            Seed of the order: one seed gives one split.

        Returns
        -------
        Split
            Copies, in shuffled order.

        Raises
        ------
        TypeError, ValueError
            If a part would be empty.

        Examples
        --------
        >>> from trajectories.mnist import load
        >>> load("digits").subset(500).split(0.2, rng=0)
        Split('digits': 400 training and 100 validation images of 8 x 8)
        """
        count = len(self.train_labels)
        # A share such as 0.29 of 100 is slightly below the integer that is meant.
        cut = int(scalar("part", part, _PART) * count * (1 + 1e-12))
        if not 0 < cut < count:
            raise must("part", f"a share that leaves both parts some of {count} images", part)
        try:
            order = np.random.default_rng(rng).permutation(count)
        except (AttributeError, TypeError, ValueError):
            raise must("rng", "a seed, a Generator or None", rng) from None
        validation, training = order[:cut], order[cut:]
        return Split(
            self.name,
            self.train_images[training],
            self.train_labels[training],
            self.train_images[validation],
            self.train_labels[validation],
            scale=self.scale,
            shape=self.shape,
            classes=self.classes,
        )


@dataclass(frozen=True, eq=False, repr=False)
class Split(Frozen):
    """The training part of a data set, split into training and validation images.

    Parameters
    ----------
    name : str
        The data set's.
    train_images : numpy.ndarray of uint8, shape (n, pixels)
        The images for training.
    train_labels : numpy.ndarray of int64, shape (n,)
        Their classes.
    validation_images : numpy.ndarray of uint8, shape (m, pixels)
        The images for validation.
    validation_labels : numpy.ndarray of int64, shape (m,)
        Their classes.
    scale, shape, classes
        As `Dataset`'s.

    Raises
    ------
    TypeError, ValueError
        As `Dataset`.
    """

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    validation_images: NDArray[np.uint8]
    validation_labels: NDArray[np.int64]
    scale: float = 255.0
    shape: tuple[int, int] = (28, 28)
    classes: int = 10

    def __post_init__(self) -> None:
        """Check the arrays and make them read-only."""
        _check(self, "train", "validation")

    def __repr__(self) -> str:
        """Show name and sizes."""
        return (
            f"Split({self.name!r}: {len(self.train_labels):,} training and "
            f"{len(self.validation_labels):,} validation images of "
            f"{self.shape[0]} x {self.shape[1]})"
        )


def _check(data: Dataset | Split, *parts: str) -> None:
    """Check images and labels of each part, and replace them by read-only views."""
    classes = integer("classes", data.classes, 2)
    scale = scalar("scale", data.scale, POSITIVE)
    if not isinstance(data.name, str) or not data.name.strip():
        raise must("name", "a text that is not empty", data.name, kind=TypeError)
    try:
        rows, columns = data.shape
    except (TypeError, ValueError):
        raise must("shape", "rows and columns", data.shape) from None
    pixels = integer("shape", rows, 1) * integer("shape", columns, 1)
    for part in parts:
        images = _view(data, f"{part}_images", np.uint8, 2)
        labels = _view(data, f"{part}_labels", np.int64, 1)
        if images.shape[1] != pixels:
            raise must(f"{part}_images", f"of {pixels} pixels each", images.shape[1])
        if not len(labels):
            raise must(f"{part}_labels", "not empty", labels.shape)
        if len(images) != len(labels):
            raise must(f"{part}_labels", f"{len(images):,} labels, one an image", len(labels))
        if labels.min() < 0 or labels.max() >= classes:
            worst = labels.min() if labels.min() < 0 else labels.max()
            raise must(f"{part}_labels", f"from 0 to {classes - 1}", worst)
        if images.max() > scale:
            raise must(f"{part}_images", f"at most the scale {scale:g}", images.max())


def _view(data: Dataset | Split, name: str, dtype: type[np.generic], ndim: int) -> NDArray[Any]:
    array = getattr(data, name)
    kind = np.dtype(dtype).name
    if not isinstance(array, np.ndarray) or array.dtype != dtype:
        actual = array.dtype.name if isinstance(array, np.ndarray) else array
        raise must(name, f"an array of {kind}", actual, kind=TypeError)
    if array.ndim != ndim:
        raise must(name, f"of {ndim} dimensions", array.shape)
    array = read_only(array)
    object.__setattr__(data, name, array)
    return array


#: Training images; 360, a fifth of all, remain for the test.
_TRAIN = 1437


def digits() -> Dataset:
    """Return the 8 x 8 digits: the first 1,437 images for training, the last 360 for the test."""
    with (files("trajectories.mnist") / "digits.npz").open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        images, labels = archive["images"], archive["labels"].astype(np.int64)
    return Dataset(
        "digits",
        images[:_TRAIN],
        labels[:_TRAIN],
        images[_TRAIN:],
        labels[_TRAIN:],
        scale=16.0,
        shape=(8, 8),
        classes=10,
    )
