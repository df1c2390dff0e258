"""Find the images: in a folder, in the cache, on the mirrors, or in the package itself."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.atomic import passing_folder
from trajectories.mnist import idx
from trajectories.mnist.dataset import Dataset
from trajectories.mnist.digits import digits
from trajectories.mnist.mirrors import FILES, fetch, is_whole
from trajectories.names import normalise, unknown
from trajectories.validation import must

__all__ = ["cache_folder", "load", "read_folder"]

#: What a folder may hold, in the order of `Dataset`: training and test images and labels.
_STEMS = ("train-images", "train-labels", "t10k-images", "t10k-labels")
_CLASSES = 10
#: MNIST's arrays: their shapes, and the SHA-256 of the IDX files that they are kept in, unpacked.
_MNIST = (
    ((60000, 28, 28), "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    ((60000,), "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    ((10000, 28, 28), "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    ((10000,), "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
)
_DATA = "TRAJECTORIES_DATA"
_CACHE = "TRAJECTORIES_CACHE"
_HELP = f"Put MNIST's four files into a folder and name it in {_DATA}, or use 'digits'."


def load(source: str | os.PathLike[str] = "auto", *, progress: bool = False) -> Dataset:
    """Load labelled images of digits.

    Parameters
    ----------
    source : str or os.PathLike, default "auto"
        A folder of IDX files, or one of these names:

        - "mnist": MNIST, from the folder that the environment's ``TRAJECTORIES_DATA`` names; if
          that is not set, from the cache; or else from the mirrors, which fills the cache.
        - "digits": the 8 x 8 digits that come with the package.
        - "auto": whatever data set is in the folder that ``TRAJECTORIES_DATA`` names; if that is
          not set, "mnist"; and if no mirror can be reached either, "digits", with a warning.

        A path that is itself one of these names is written ``"./mnist"``.
    progress : bool, default False
        Whether to show the progress of a download on stderr, where that is a terminal.

    Returns
    -------
    Dataset
        Its name tells what it is.

    Raises
    ------
    ValueError
        If a file is truncated, altered or does not fit the others, or if there is no such source.
    OSError
        If a file or folder is missing or cannot be read; with "mnist" also if no mirror had it.

    See Also
    --------
    cache_folder : Where downloads are kept.
    read_folder : What a folder may hold.

    Examples
    --------
    >>> load("digits")
    Dataset('digits': 1,437 training and 360 test images of 8 x 8)
    """
    if isinstance(source, os.PathLike):
        return read_folder(source)
    if not isinstance(source, str):
        raise must("source", "a name or a folder", source, kind=TypeError)
    name = normalise(source)
    if name == "digits":
        return digits()
    if name == "mnist":
        return _mnist(progress)
    if name == "auto":
        return _whatever_there_is(progress)
    if os.path.lexists(source) or Path(source).name != source:
        return read_folder(source)
    raise unknown("data", source, ["auto", "digits", "mnist", "the path of a folder"])


def read_folder(folder: str | os.PathLike[str]) -> Dataset:
    """Read a folder of IDX files, such as MNIST's or Fashion-MNIST's."""
    folder = Path(folder)
    paths = [_find(folder, stem) for stem in _STEMS]
    arrays = [idx.read(path, ndim=3 - 2 * (i % 2)) for i, path in enumerate(paths)]
    for i in (0, 2):
        _check(paths[i : i + 2], *arrays[i : i + 2])
    if arrays[0].shape[1:] != arrays[2].shape[1:]:
        raise _misfit(paths[2], f"its images are of {_size(arrays[2])}, not {_size(arrays[0])}")
    name = _name(folder, paths, arrays)
    train, train_labels, test, test_labels = arrays
    return Dataset(
        name,
        train.reshape(len(train), -1),
        train_labels.astype(np.int64),
        test.reshape(len(test), -1),
        test_labels.astype(np.int64),
        scale=255.0,
        shape=(train.shape[1], train.shape[2]),
        classes=_CLASSES,
    )


def cache_folder() -> Path | None:
    """Return the folder that downloads are kept in."""
    import pooch

    named = os.environ.get(_CACHE)
    try:
        path = os.path.expanduser(named or pooch.os_cache("trajectories") / "mnist")
    except RuntimeError:  # Newer systems of folders say so, older ones return the "~".
        return None
    return None if path.startswith("~") else Path(path)


def _mnist(progress: bool) -> Dataset:
    named = os.environ.get(_DATA)
    if not named:
        return _fetched(progress)
    data = _read_named(named)
    if data.name != "MNIST":
        raise ValueError(f"{_DATA} names {named!r}, which holds other data than MNIST.")
    return data


def _whatever_there_is(progress: bool) -> Dataset:
    named = os.environ.get(_DATA)
    if named:
        return _read_named(named)
    try:
        return _fetched(progress)
    except OSError as error:
        # Up to who has called `load`.
        warnings.warn(f"{error} The 8 x 8 digits stand in for MNIST.", stacklevel=3)
        return digits()


def _read_named(named: str) -> Dataset:
    folder = Path(os.path.expanduser(named))
    if not folder.is_dir():
        raise NotADirectoryError(f"{_DATA} names {named!r}, which is no folder.")
    return read_folder(folder)


def _fetched(progress: bool) -> Dataset:
    cache = cache_folder()
    with _storage(cache) as folder:
        try:
            fetch(folder, progress=progress)
        except OSError as error:
            raise OSError(f"{error} {_HELP}") from None
        if folder != cache:
            place = "." if cache is None else f" in {str(cache)!r}."
            warnings.warn(
                f"MNIST was fetched for this once: it cannot be kept{place} "
                f"{_CACHE} can name another folder.",
                stacklevel=4,
            )
        return read_folder(folder)


@contextmanager
def _storage(cache: Path | None) -> Iterator[Path]:
    """Give the cache, or if it can be of no use, a folder for the time being."""
    if cache is not None and _is_usable(cache):
        yield cache
    else:
        with passing_folder() as folder:
            yield folder


def _is_usable(cache: Path) -> bool:
    """Tell whether a cache can be filled, or is full."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    full = (is_whole(cache / file.name, file) for file in FILES)
    return os.access(cache, os.W_OK | os.X_OK) or all(full)


def _find(folder: Path, stem: str) -> Path:
    """Return the file of a folder that holds images or labels."""
    kind = "idx3-ubyte" if stem.endswith("images") else "idx1-ubyte"
    names = [f"{stem}{mark}{kind}{end}" for end in (".gz", "") for mark in "-."]
    for name in names:
        if os.path.lexists(folder / name):
            return folder / name
    if not folder.is_dir():
        wrong = "it is no folder" if os.path.lexists(folder) else "there is no such folder"
        raise NotADirectoryError(f"Cannot read {str(folder)!r}: {wrong}.")
    raise FileNotFoundError(f"Cannot read {str(folder)!r}: it holds no {names[0]!r}.")


def _check(paths: list[Path], images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
    """Check that images and labels fit each other."""
    if not images.size:
        raise _misfit(paths[0], f"it holds {len(images)} images of {_size(images)}")
    if len(images) != len(labels):
        raise _misfit(
            paths[1],
            f"it holds {len(labels):,} labels for the {len(images):,} images of {paths[0].name!r}",
        )
    if labels.max() >= _CLASSES:
        raise _misfit(paths[1], f"labels must be 0 to {_CLASSES - 1}, and {labels.max()} is there")


def _name(folder: Path, paths: list[Path], arrays: list[NDArray[np.uint8]]) -> str:
    """Return "MNIST" if that is what it is, or the folder's name."""
    comparable = [array.shape == shape for array, (shape, _) in zip(arrays, _MNIST, strict=True)]
    genuine = [
        alike and _sum(array) == known
        for alike, array, (_, known) in zip(comparable, arrays, _MNIST, strict=True)
    ]
    if all(genuine):
        return "MNIST"
    for path, alike, good in zip(paths, comparable, genuine, strict=True):
        if alike and not good and any(genuine):
            raise _misfit(path, "it is altered: others are MNIST's own, and this one is not")
    whole = folder.resolve()
    name = " ".join((whole.parent.name if whole.name == "raw" else whole.name).split())
    # These two names stand for the real ones.
    return f"{name} (not the original)" if normalise(name) in ("", "mnist", "digits") else name


def _sum(array: NDArray[np.uint8]) -> str:
    found = hashlib.sha256(idx.header(array.shape), usedforsecurity=False)
    found.update(array.data)
    return found.hexdigest()


def _size(images: NDArray[Any]) -> str:
    return f"{images.shape[1]} x {images.shape[2]}"


def _misfit(path: Path, why: str) -> ValueError:
    return ValueError(f"Cannot use {str(path)!r}: {why}.")
