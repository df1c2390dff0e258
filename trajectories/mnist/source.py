"""Sources of data sets: folders of IDX files, the cache, mirrors."""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import stat
import struct
import time
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from trajectories.checks import must, normalise, unknown
from trajectories.files import check_target, passing_folder, replacing, watched
from trajectories.mnist.data import Dataset, digits

_UNSIGNED_BYTES = 0x08
_GZIP = b"\x1f\x8b"
#: The most bytes of a file: twice the largest of EMNIST; and of a byte of gzip data.
_MOST, _TIGHTEST = 2**30, 1032
_CHUNK = 2**20


class _BrokenError(ValueError):
    """An error of a file, without its name."""


def _header(shape: Sequence[int]) -> bytes:
    """Return the header of an IDX file of unsigned bytes."""
    return struct.pack(f">HBB{len(shape)}I", 0, _UNSIGNED_BYTES, len(shape), *shape)


def read_idx(path: str | os.PathLike[str], *, ndim: int | None = None) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or not."""
    name = os.fspath(path)
    with _open(name) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            packed = file.read(2) == _GZIP
            file.seek(0)
            if not packed:
                return _values(file, size, ndim)
            with gzip.GzipFile(fileobj=file) as unpacked:
                return _values(cast(BinaryIO, unpacked), size * _TIGHTEST, ndim)
        except _BrokenError as error:
            why = str(error)
        except EOFError:
            why = "it is truncated"
        except (gzip.BadGzipFile, zlib.error) as error:
            why = f"its gzip data is damaged ({error})"
        except OSError as error:  # An error of the disk names no file.
            raise type(error)(f"Cannot read {name!r}: {error.strerror or error}.") from None
    raise ValueError(f"Cannot read {name!r}: {why}.")


def _open(name: str) -> BinaryIO:
    """Open a regular file, without waiting for a pipe."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if Path(name).is_dir():
        raise IsADirectoryError(f"Cannot read {name!r}: it is a folder.")
    try:
        descriptor = os.open(name, flags | getattr(os, "O_NOCTTY", 0))
    except OSError as error:
        raise type(error)(f"Cannot read {name!r}: {error.strerror}.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"Cannot read {name!r}: it is no regular file.")
    return os.fdopen(descriptor, "rb")


def _values(file: BinaryIO, most: int, ndim: int | None) -> NDArray[np.uint8]:
    """Read the array of a file that holds at most `most` bytes."""
    start = _exactly(file, 4)
    if start[:2] != b"\0\0":
        raise _BrokenError("it does not begin like an IDX file")
    if start[2] != _UNSIGNED_BYTES:
        raise _BrokenError(f"its values are of type 0x{start[2]:02x}, not unsigned bytes (0x08)")
    if ndim is not None and start[3] != ndim:
        raise _BrokenError(f"its values have {start[3]} dimensions, not {ndim}")
    if not 1 <= start[3] <= 8:
        raise _BrokenError(f"its values have {start[3]} dimensions, not 1 to 8")
    shape = struct.unpack(f">{start[3]}I", _exactly(file, 4 * start[3]))
    expected = math.prod(shape)
    if math.prod(max(size, 1) for size in shape) > _MOST:
        sizes = " x ".join(map(str, shape))
        raise _BrokenError(f"its header promises {sizes} bytes, more than {_MOST:,}")
    if expected > most:
        raise _BrokenError(f"it is truncated: its header promises {expected:,} bytes")
    values = np.empty(expected, np.uint8)
    for done in range(0, expected, _CHUNK):
        chunk = values.data[done : done + _CHUNK]
        filled = _fill(file, chunk)
        if filled < len(chunk):
            raise _BrokenError(
                f"it is truncated: its header promises {expected:,} bytes, "
                f"and {done + filled:,} follow"
            )
    if file.read(1):  # With gzip this also checks the sum of all bytes.
        raise _BrokenError(f"more follows the {expected:,} bytes that its header promises")
    return values.reshape(shape)


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise _BrokenError("it is truncated: it ends inside its header")
    return data


def _fill(file: BinaryIO, chunk: memoryview) -> int:
    """Fill memory from a file, and return the number of bytes read."""
    filled = 0
    while filled < len(chunk):
        # BinaryIO has no `readinto`, but every binary file does.
        count: int = file.readinto(chunk[filled:])  # type: ignore[attr-defined]
        if not count:
            break
        filled += count
    return filled


class Remote(NamedTuple):
    """A file on the mirrors."""

    name: str
    size: int
    sha256: str


#: MNIST's files as their authors packed them.
FILES = (
    Remote(
        "train-images-idx3-ubyte.gz",
        9_912_422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    Remote(
        "train-labels-idx1-ubyte.gz",
        28_881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    Remote(
        "t10k-images-idx3-ubyte.gz",
        1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    Remote(
        "t10k-labels-idx1-ubyte.gz",
        4_542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
)
#: Folders of these files, in order of preference.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)
#: Seconds to wait for an answer and for a connection.
_TIMEOUT, _CONNECT = 10.0, 5.0
#: The fewest bytes a second, and the seconds after which that counts.
_SLOWEST, _PATIENCE = 2000.0, 20.0
_BLOCK = 1024
#: Messages for errors of the network, by the names of their classes.
_MESSAGES = {
    "ChunkedEncodingError": "the connection broke",
    "ConnectTimeout": "no answer",
    "ConnectionError": "the connection failed",
    "ReadTimeout": "no answer",
    "SSLError": "no secure connection",
}


def fetch(
    folder: Path,
    *,
    files: Sequence[Remote] = FILES,
    mirrors: Sequence[str] = MIRRORS,
    timeout: float = _TIMEOUT,
    progress: bool = False,
) -> None:
    """Download the files that a folder lacks."""
    missing = [file for file in files if not is_whole(folder / file.name, file)]
    if not missing:
        return
    order = list(mirrors)
    with _bar(sum(file.size for file in missing), progress) as bar:
        for file in missing:
            _fetch(check_target(folder / file.name), file, order, timeout, bar)


def is_whole(path: Path, file: Remote) -> bool:
    """Tell whether `path` is a file with exactly these bytes."""
    import pooch

    try:
        if not path.is_file() or path.stat().st_size != file.size:
            return False
        return bool(pooch.file_hash(str(path), alg="sha256") == file.sha256)
    except OSError:
        return False


def _fetch(target: Path, file: Remote, order: list[str], timeout: float, bar: Any) -> None:
    """Download a file; mirrors that fail go to the end of `order`."""
    reasons = []
    before = bar.n
    for mirror in tuple(order):
        try:
            _download(target, f"{mirror.rstrip('/')}/{file.name}", file, timeout, bar)
            return
        except (OSError, ValueError) as error:  # Errors of the network are among these.
            if is_whole(target, file):  # Another process was faster, and has it open.
                return
            reasons.append(f"{_host(mirror)}: {_reason(error)}")
        bar.update(before - bar.n)
        order.append(order.pop(0))
    raise OSError(f"Cannot fetch {file.name!r} ({'; '.join(reasons)}).")


def _download(target: Path, url: str, file: Remote, timeout: float, bar: Any) -> None:
    import pooch

    # Else a mirror may declare gzip as the encoding of the transfer, and it would be unpacked.
    load = pooch.HTTPDownloader(
        chunk_size=_BLOCK,
        timeout=(min(timeout, _CONNECT), timeout),
        headers={"Accept-Encoding": "identity"},
    )
    with replacing(target) as new:
        download = _Download(new, file, bar)
        load(url, download, None)
        download.check()


class _Download:
    """A download that counts, sums and times its bytes as it writes them."""

    def __init__(self, file: BinaryIO, expected: Remote, bar: Any) -> None:
        self._file, self._expected, self._bar = file, expected, bar
        self._sum = hashlib.sha256(usedforsecurity=False)
        self._count = 0
        self._start = time.monotonic()

    def write(self, data: bytes) -> None:
        """Write the next bytes."""
        self._count += len(data)
        if self._count > self._expected.size:
            raise OSError(f"more than the {self._expected.size:,} bytes that it has")
        elapsed = time.monotonic() - self._start
        if elapsed > _PATIENCE and self._count < _SLOWEST * elapsed:
            raise OSError("too slow")
        self._sum.update(data)
        self._file.write(data)
        self._bar.update(len(data))

    def flush(self) -> None:
        """Do nothing: the file is flushed when it is complete."""

    def check(self) -> None:
        """Raise OSError unless all bytes are the expected ones."""
        if self._count < self._expected.size:
            raise OSError(f"only {self._count:,} of {self._expected.size:,} bytes")
        if self._sum.hexdigest() != self._expected.sha256:
            raise OSError("altered, as its checksum shows")


def _host(mirror: str) -> str:
    return mirror.partition("://")[2].partition("/")[0] or mirror


def _reason(error: Exception) -> str:
    """Return the reason why a mirror failed, in a few words."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"HTTP {status}"
    if type(error).__module__.partition(".")[0] == "requests":
        name = type(error).__name__
        return _MESSAGES.get(name, name)
    return str(error)


def _bar(size: int, progress: bool) -> Any:
    from tqdm import tqdm

    shown = progress and watched()
    return tqdm(total=size, desc="MNIST", unit="B", unit_scale=True, disable=not shown, leave=False)


#: The files of a folder, in the order of `Dataset`: training and test images and labels.
_STEMS = ("train-images", "train-labels", "t10k-images", "t10k-labels")
_CLASSES = 10
#: MNIST's arrays: their shapes, and the SHA-256 of their unpacked IDX files.
_MNIST = (
    ((60000, 28, 28), "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    ((60000,), "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    ((10000, 28, 28), "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    ((10000,), "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
)
_DATA, _CACHE = "TRAJECTORIES_DATA", "TRAJECTORIES_CACHE"
_HELP = f"Put MNIST's four files into a folder and name it in {_DATA}, or use 'digits'."


def load(source: str | os.PathLike[str] = "auto", *, progress: bool = False) -> Dataset:
    """Load labelled images of digits.

    Parameters
    ----------
    source : str or os.PathLike, default "auto"
        A folder of IDX files, or one of these names:

        - "mnist": MNIST, from the folder that the environment's ``TRAJECTORIES_DATA`` names; if
          that is not set, from the cache; or else from the mirrors, which fills the cache.
        - "digits": the 8 x 8 digits in the package.
        - "auto": the data set in the folder that ``TRAJECTORIES_DATA`` names; if that is not
          set, "mnist"; and if no mirror can be reached either, "digits", with a warning.

        A path that is itself one of these names is written ``"./mnist"``.
    progress : bool, default False
        Whether to show the progress of a download on stderr, where that is a terminal.

    Returns
    -------
    Dataset
        The data set, with its name.

    Raises
    ------
    ValueError
        If a file is truncated, altered or does not fit the others, or if there is no such source.
    OSError
        If a file or folder is missing or cannot be read; with "mnist" also if no mirror had it.

    See Also
    --------
    cache_folder : The folder of downloads.
    read_folder : The files that a folder must hold.

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
        return _auto(progress)
    if os.path.lexists(source) or Path(source).name != source:
        return read_folder(source)
    raise unknown("data", source, ["auto", "digits", "mnist", "the path of a folder"])


def read_folder(folder: str | os.PathLike[str]) -> Dataset:
    """Read a folder of IDX files, such as MNIST's or Fashion-MNIST's."""
    folder = Path(folder)
    paths = [_find(folder, stem) for stem in _STEMS]
    arrays = [read_idx(path, ndim=3 - 2 * (i % 2)) for i, path in enumerate(paths)]
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
    """Return the folder of downloads."""
    import pooch

    named = os.environ.get(_CACHE)
    try:
        path = os.path.expanduser(named or pooch.os_cache("trajectories") / "mnist")
    except RuntimeError:  # Without a home, newer versions raise, older ones return the "~".
        return None
    return None if path.startswith("~") else Path(path)


def _mnist(progress: bool) -> Dataset:
    named = os.environ.get(_DATA)
    if not named:
        return _fetch_mnist(progress)
    data = _read_named(named)
    if data.name != "MNIST":
        raise ValueError(f"{_DATA} names {named!r}, which holds other data than MNIST.")
    return data


def _auto(progress: bool) -> Dataset:
    named = os.environ.get(_DATA)
    if named:
        return _read_named(named)
    try:
        return _fetch_mnist(progress)
    except OSError as error:
        # stacklevel of the caller.
        warnings.warn(f"{error} The 8 x 8 digits stand in for MNIST.", stacklevel=3)
        return digits()


def _read_named(named: str) -> Dataset:
    folder = Path(os.path.expanduser(named))
    if not folder.is_dir():
        raise NotADirectoryError(f"{_DATA} names {named!r}, which is no folder.")
    return read_folder(folder)


def _fetch_mnist(progress: bool) -> Dataset:
    cache = cache_folder()
    with _storage(cache) as folder:
        try:
            fetch(folder, progress=progress)
        except OSError as error:
            raise OSError(f"{error} {_HELP}") from None
        if folder != cache:
            where = "." if cache is None else f" in {str(cache)!r}."
            warnings.warn(
                f"MNIST was fetched for this once: it cannot be kept{where} "
                f"{_CACHE} can name another folder.",
                stacklevel=4,
            )
        return read_folder(folder)


@contextmanager
def _storage(cache: Path | None) -> Iterator[Path]:
    """Yield the cache, or a temporary folder if it is unusable."""
    if cache is not None and _is_usable(cache):
        yield cache
    else:
        with passing_folder() as folder:
            yield folder


def _is_usable(cache: Path) -> bool:
    """Tell whether a cache is complete or can be filled."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    full = (is_whole(cache / file.name, file) for file in FILES)
    return os.access(cache, os.W_OK | os.X_OK) or all(full)


def _find(folder: Path, stem: str) -> Path:
    """Return the file of images or labels in a folder."""
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
    """Return "MNIST" for the original arrays, else the folder's name."""
    same_shape = [array.shape == shape for array, (shape, _) in zip(arrays, _MNIST, strict=True)]
    original = [
        same and _sum(array) == known
        for same, array, (_, known) in zip(same_shape, arrays, _MNIST, strict=True)
    ]
    if all(original):
        return "MNIST"
    for path, same, real in zip(paths, same_shape, original, strict=True):
        if same and not real and any(original):
            raise _misfit(path, "it is altered: others are MNIST's own, and this one is not")
    resolved = folder.resolve()
    name = " ".join((resolved.parent.name if resolved.name == "raw" else resolved.name).split())
    # These two names are those of the originals.
    return f"{name} (not the original)" if normalise(name) in ("", "mnist", "digits") else name


def _sum(array: NDArray[np.uint8]) -> str:
    digest = hashlib.sha256(_header(array.shape), usedforsecurity=False)
    digest.update(array.data)
    return digest.hexdigest()


def _size(images: NDArray[Any]) -> str:
    return f"{images.shape[1]} x {images.shape[2]}"


def _misfit(path: Path, why: str) -> ValueError:
    return ValueError(f"Cannot use {str(path)!r}: {why}.")
