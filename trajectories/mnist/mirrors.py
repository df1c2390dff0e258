"""Fetch MNIST's four files from the mirrors that keep them, and believe none of them.

A file counts only once all its bytes have arrived and their SHA-256 is the known one; until then it
has another name. A mirror that cannot be reached, falls silent, crawls, or sends other bytes is
passed over for the next.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from trajectories.atomic import check_target, replacing
from trajectories.terminal import watched

__all__ = ["FILES", "MIRRORS", "Remote", "fetch", "is_whole"]


class Remote(NamedTuple):
    """A file as mirrors keep it."""

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
#: Folders that hold them, in the order in which they are asked.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)
#: Seconds that a mirror may keep silent, and those that it may take to be reached.
_TIMEOUT = 10.0
_REACHED = 5.0
#: Bytes a second that are too few, and the seconds after which that counts.
_CRAWL = 2000.0
_PATIENCE = 20.0
_CHUNK = 1024
#: What errors of the network mean, by the names of their classes.
_WORDS = {
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
    """Bring into a folder what is not yet there."""
    missing = [file for file in files if not is_whole(folder / file.name, file)]
    if not missing:
        return
    order = list(mirrors)
    with _bar(sum(file.size for file in missing), progress) as bar:
        for file in missing:
            _fetch(check_target(folder / file.name), file, order, timeout, bar)


def is_whole(path: Path, file: Remote) -> bool:
    """Tell whether `path` is a file with just these bytes."""
    import pooch

    try:
        if not path.is_file() or path.stat().st_size != file.size:
            return False
        return bool(pooch.file_hash(str(path), alg="sha256") == file.sha256)
    except OSError:
        return False


def _fetch(target: Path, file: Remote, order: list[str], timeout: float, bar: Any) -> None:
    """Fetch one file; mirrors that fail go to the end of `order`."""
    reasons = []
    before = bar.n
    for mirror in tuple(order):
        try:
            _download(target, f"{mirror.rstrip('/')}/{file.name}", file, timeout, bar)
            return
        except (OSError, ValueError) as error:  # Errors of the network are among these.
            if is_whole(target, file):  # Another process was faster, and holds it open.
                return
            reasons.append(f"{_host(mirror)}: {_reason(error)}")
        bar.update(before - bar.n)
        order.append(order.pop(0))
    raise OSError(f"Cannot fetch {file.name!r} ({'; '.join(reasons)}).")


def _download(target: Path, url: str, file: Remote, timeout: float, bar: Any) -> None:
    import pooch

    # Else a mirror may say that the file is packed for the way, and it would arrive unpacked.
    load = pooch.HTTPDownloader(
        chunk_size=_CHUNK,
        timeout=(min(timeout, _REACHED), timeout),
        headers={"Accept-Encoding": "identity"},
    )
    with replacing(target) as new:
        arriving = _Arriving(new, file, bar)
        load(url, arriving, None)
        arriving.check()


class _Arriving:
    """A file that is written while its bytes are counted, summed and timed."""

    def __init__(self, file: BinaryIO, expected: Remote, bar: Any) -> None:
        self._file = file
        self._expected = expected
        self._bar = bar
        self._sum = hashlib.sha256(usedforsecurity=False)
        self._count = 0
        self._start = time.monotonic()

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._count += len(data)
        if self._count > self._expected.size:
            raise OSError(f"more than the {self._expected.size:,} bytes that it has")
        elapsed = time.monotonic() - self._start
        if elapsed > _PATIENCE and self._count < _CRAWL * elapsed:
            raise OSError("too slow")
        self._sum.update(data)
        self._file.write(data)
        self._bar.update(len(data))

    def flush(self) -> None:
        """Leave that to the file, which is flushed once it is whole."""

    def check(self) -> None:
        """Raise OSError unless all bytes are those that there should be."""
        if self._count < self._expected.size:
            raise OSError(f"only {self._count:,} of {self._expected.size:,} bytes")
        if self._sum.hexdigest() != self._expected.sha256:
            raise OSError("altered, as its checksum shows")


def _host(mirror: str) -> str:
    return mirror.partition("://")[2].partition("/")[0] or mirror


def _reason(error: Exception) -> str:
    """Say in a few words why a mirror failed."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"HTTP {status}"
    if type(error).__module__.partition(".")[0] == "requests":
        name = type(error).__name__
        return _WORDS.get(name, name)
    return str(error)


def _bar(size: int, progress: bool) -> Any:
    from tqdm import tqdm

    shown = progress and watched()
    return tqdm(total=size, desc="MNIST", unit="B", unit_scale=True, disable=not shown, leave=False)
