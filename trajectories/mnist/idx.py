"""Read IDX files, the format of MNIST: a header of sizes, then unsigned bytes; gzipped or not.

Four bytes say what follows: two zeros, the type of the values (0x08, unsigned bytes, is the one
that is read) and how many sizes there are. Each size is a big-endian integer of four bytes. Then
come the values, the last index varying fastest.

A file may come from anywhere. No more memory is taken than its header promises, and no promise is
believed that the file is too short to keep.
"""

from __future__ import annotations

import gzip
import math
import os
import stat
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["header", "read"]

_UNSIGNED_BYTES = 0x08
_GZIP = b"\x1f\x8b"
#: More bytes than any file needs: twice the largest of EMNIST.
_MOST = 2**30
#: No byte of gzip data stands for more bytes than this.
_TIGHTEST = 1032
_CHUNK = 2**20


class _BrokenError(ValueError):
    """What is wrong with a file, without its name."""


def header(shape: Sequence[int]) -> bytes:
    """Return what an IDX file of unsigned bytes begins with."""
    return struct.pack(f">HBB{len(shape)}I", 0, _UNSIGNED_BYTES, len(shape), *shape)


def read(path: str | os.PathLike[str], *, ndim: int | None = None) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or not."""
    name = os.fspath(path)
    with _opened(name) as file:
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
        except OSError as error:  # A disk that fails names no file.
            raise type(error)(f"Cannot read {name!r}: {error.strerror or error}.") from None
    raise ValueError(f"Cannot read {name!r}: {why}.")


def _opened(name: str) -> BinaryIO:
    """Open a regular file; a pipe is not waited for."""
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
    """Read all of a file that cannot hold more bytes than `most`."""
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
    promised = math.prod(shape)
    if math.prod(max(size, 1) for size in shape) > _MOST:
        sizes = " x ".join(map(str, shape))
        raise _BrokenError(f"its header promises {sizes} bytes, more than {_MOST:,}")
    if promised > most:
        raise _BrokenError(f"it is truncated: its header promises {promised:,} bytes")
    values = np.empty(promised, np.uint8)
    for done in range(0, promised, _CHUNK):
        chunk = values.data[done : done + _CHUNK]
        filled = _fill(file, chunk)
        if filled < len(chunk):
            raise _BrokenError(
                f"it is truncated: its header promises {promised:,} bytes, "
                f"and {done + filled:,} follow"
            )
    if file.read(1):  # With gzip this is also what checks the sum of all bytes.
        raise _BrokenError(f"more follows the {promised:,} bytes that its header promises")
    return values.reshape(shape)


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise _BrokenError("it is truncated: it ends inside its header")
    return data


def _fill(file: BinaryIO, chunk: memoryview) -> int:
    """Fill a piece of memory from a file; return how many bytes there were."""
    filled = 0
    while filled < len(chunk):
        # BinaryIO has no `readinto`, but every binary file does.
        count: int = file.readinto(chunk[filled:])  # type: ignore[attr-defined]
        if not count:
            break
        filled += count
    return filled
