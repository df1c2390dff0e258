"""NumPy archives and JSON that may come from anywhere: read as data, in bounded memory.

What is packed can be a thousand times as large as its file, and with other kinds of compression
than NumPy's a million times. No more is unpacked than a file of its size can be meant to hold.
"""

from __future__ import annotations

import json
import math
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import IO, Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from trajectories.arrays import is_shape
from trajectories.atomic import replacing
from trajectories.names import cut
from trajectories.validation import must

__all__ = ["load_archive", "load_json", "read_arrays", "refusal", "save_archive"]

Made = TypeVar("Made")
#: More bytes are not unpacked, unless the file is so large itself that it is no bomb.
_MOST, _TIGHTEST = 2**30, 200
#: The same for what is written about arrays, which takes more once it is read.
_MOST_ABOUT, _TIGHTEST_ABOUT = 2**26, 20
#: More bytes of JSON are not read.
_MOST_JSON = 2**28
#: What an array may be of: booleans, whole numbers, floats and text; all else could be code.
_KINDS = "biufU"
#: Of other kinds of compression, Python unpacks more than it is asked for.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: The bytes of a header's length, by the version of the format.
_WIDTHS = {(1, 0): 2, (2, 0): 4}
#: As NumPy writes it: to read any other, it would let Python parse what may be from anywhere.
_HEADER = re.compile(
    rb"\{'descr': '([<>|][a-zA-Z][0-9]{1,9})', 'fortran_order': (?:True|False), "
    rb"'shape': \(([0-9, ]{0,600})\), \} *\n"
)
_LONGEST_HEADER = 10_000
_LONGEST = 200


def save_archive(
    path: str | os.PathLike[str],
    form: str,
    about: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
) -> None:
    """Write a NumPy archive of arrays and of a text, ``about``, that tells about them in JSON."""
    if os.path.splitext(path)[1].lower() != ".npz":
        raise must("path", "a file name that ends in .npz", os.fspath(path))
    text = json.dumps({"format": form, **about})
    with replacing(path) as file:
        np.savez_compressed(file, about=np.array(text), **arrays)  # type: ignore[arg-type]


def load_archive(
    path: str | os.PathLike[str],
    what: str,
    make: Callable[[dict[str, Any], dict[str, NDArray[Any]]], Made],
    *,
    form: str | None = None,
) -> Made:
    """Read a NumPy archive of arrays and of a text, ``about``, that tells about them in JSON."""
    with open(path, "rb") as file:
        try:
            arrays = read_arrays(file)
            text = arrays.pop("about")
            if text.ndim or text.dtype.kind != "U":
                raise ValueError("what is written about it is no text")
            size = _size(file)
            _bounded(text.nbytes, size, _MOST_ABOUT, _TIGHTEST_ABOUT)
            about = _parsed(text.item(), size)
            if not isinstance(about, dict):
                raise ValueError("what is written about it is no record")
            if form is not None and about.get("format") != form:
                raise ValueError(
                    f"its format is {cut(repr(about.get('format')), _LONGEST)}, not {form!r}"
                )
            return make(about, arrays)
        except Exception as error:
            # A damaged archive fails in as many ways as zip, zlib, NumPy and JSON know.
            raise refusal(path, what, error) from error


def load_json(path: str | os.PathLike[str], what: str, make: Callable[[Any], Made]) -> Made:
    """Read a JSON file."""
    with open(path, "rb") as file:
        raw = file.read(_MOST_JSON + 1)
    try:
        if len(raw) > _MOST_JSON:
            raise ValueError(f"it is longer than {_MOST_JSON:,} bytes")
        return make(_parsed(raw, len(raw)))
    except Exception as error:  # Whatever is made of it may stumble over anything.
        raise refusal(path, what, error) from error


def read_arrays(file: BinaryIO) -> dict[str, NDArray[Any]]:
    """Read the arrays of a NumPy archive."""
    packed = _size(file)
    arrays: dict[str, NDArray[Any]] = {}
    with zipfile.ZipFile(file) as archive:
        items = archive.infolist()
        _bounded(sum(item.file_size for item in items), packed, _MOST, _TIGHTEST)
        total = 0
        for item in items:
            if item.compress_type not in _METHODS:
                raise ValueError(
                    f"its {cut(item.filename, _LONGEST)} is compressed in a way of its own"
                )
            with archive.open(item) as member:
                total += _promised(member, item)
            # As float64, which is what becomes of most: small numbers take more then.
            _bounded(total, packed, _MOST, _TIGHTEST)
            with archive.open(item) as member:
                name = item.filename.removesuffix(".npy")
                arrays[name] = np.lib.format.read_array(member, allow_pickle=False)
    return arrays


def refusal(
    path: str | os.PathLike[str], what: str, error: Exception, where: str = ""
) -> ValueError:
    """Return the one line that tells why a file is not what it should be."""
    why = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, KeyError):
        why = f"it lacks {why}"
    place = f"{where}: " if where else ""
    return ValueError(f"{os.fspath(path)!r} holds no {what}: {place}{cut(why, _LONGEST)}")


def _promised(member: IO[bytes], item: zipfile.ZipInfo) -> int:
    """Return what an array will take as float64, by its header, which must fit what follows."""
    name = cut(item.filename, _LONGEST)
    width = _WIDTHS.get(np.lib.format.read_magic(member), 0)
    length = int.from_bytes(member.read(width), "little")
    header = _HEADER.fullmatch(member.read(min(length, _LONGEST_HEADER)))
    if header is None:
        raise ValueError(f"its {name} does not begin as NumPy's arrays do")
    code = header[1].decode()
    # NumPy knows more letters than it writes, and warns of some of them.
    if code[1] not in _KINDS or not (dtype := np.dtype(code)).itemsize:
        raise ValueError(f"its {name} is of the type {code}")
    count = math.prod(int(side) for side in header[2].replace(b",", b" ").split())
    if count * dtype.itemsize != item.file_size - member.tell():
        raise ValueError(f"its {name} is not of the length that its header tells")
    return count * max(dtype.itemsize, 8)


def _parsed(text: str | bytes, packed: int) -> Any:
    """Read JSON, unless the arrays that it has compressed would be larger than they can be."""
    total = 0

    def seen(record: dict[str, Any]) -> dict[str, Any]:
        nonlocal total
        if "float64" in record:
            shape = record.get("shape")
            total += 8 * (math.prod(shape) if is_shape(shape, _MOST) else _MOST)
            _bounded(total, packed, _MOST, _TIGHTEST)
        return record

    return json.loads(text, object_hook=seen)


def _bounded(size: int, packed: int, most: int, tightest: int) -> None:
    """Raise if a file unpacks to more than one of its size can be meant to hold."""
    most = max(most, tightest * packed)
    if size > most:
        raise ValueError(f"its {packed:,} bytes would unpack to {size:,}, more than {most:,}")


def _size(file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size
