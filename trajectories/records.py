"""Results as data: read-only arrays, archives, JSON, and how to recompute them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import os
import platform
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import IO, Any, BinaryIO, TypeGuard, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from trajectories.checks import cut, floats, must
from trajectories.files import replacing

_CACHE_LINE = 64
#: Shorter arrays gain nothing: the cost of each call dominates.
_SHORT_BYTES = 1024


def aligned(shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> np.ndarray[Any, Any]:
    """Return an array of zeros that begins at a cache line, as scratch for ufuncs."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < _SHORT_BYTES:
        return np.zeros(shape, dtype)
    raw = np.zeros(size + _CACHE_LINE, np.uint8)
    begin = -raw.ctypes.data % _CACHE_LINE
    return raw[begin : begin + size].view(dtype).reshape(shape)


def aligned_like(array: np.ndarray[Any, Any], dtype: DTypeLike) -> np.ndarray[Any, Any]:
    """Return an array of zeros with the memory layout of another."""
    if array.flags.c_contiguous:
        return aligned(array.shape, dtype)
    return np.zeros_like(array, dtype)


class Frozen:
    """A frozen dataclass with arrays that its `__post_init__` makes read-only."""

    def __post_init__(self) -> None:
        """Check the fields, and make the arrays read-only."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Set the fields, and make the arrays read-only again."""
        own = {item.name for item in fields(self)}  # type: ignore[arg-type]
        self.__dict__.update((name, value) for name, value in state.items() if name in own)
        self.__post_init__()


def read_only(array: Any) -> NDArray[Any]:
    """Return a view of an array that cannot be written to."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


#: Longer arrays are compressed.
_MAX_PLAIN = 64
#: Larger arrays are not unpacked.
_MOST = 50_000_000
_MAX_DIMENSIONS = 32


def to_plain(array: Any) -> Any:
    """Return an array of floats as plain data that `from_plain` reads back bit for bit."""
    array = np.asarray(array, dtype="<f8")
    if array.size <= _MAX_PLAIN and np.isfinite(array).all():
        return array.tolist()
    packed = zlib.compress(array.tobytes(), 9)
    return {"shape": list(array.shape), "float64": base64.b64encode(packed).decode("ascii")}


def from_plain(name: str, data: Any) -> np.ndarray:
    """Return the array that `to_plain` wrote."""
    if not isinstance(data, dict):
        return floats(name, data)
    broken = must(name, "an array as it is written here", "something else")
    shape, text = data.get("shape"), data.get("float64")
    if not is_shape(shape, _MOST) or not isinstance(text, str) or set(data) != {"shape", "float64"}:
        raise broken
    size = math.prod(shape)
    if size > _MOST:
        raise must(name, f"of at most {_MOST:,} numbers", size)
    try:
        # One byte over the expected size is enough to detect too many.
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(base64.b64decode(text, validate=True), 8 * size + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise broken from None
    if len(raw) != 8 * size:
        raise broken
    return np.frombuffer(raw, "<f8").astype(np.float64).reshape(shape)


def is_shape(shape: Any, most: int) -> TypeGuard[list[int]]:
    """Return whether this is the shape of an array in JSON, with no side above `most`."""
    return (
        isinstance(shape, list)
        and len(shape) <= _MAX_DIMENSIONS
        and all(type(side) is int and 0 <= side <= most for side in shape)
    )


def fingerprint(*arrays: Any) -> str:
    """Return a short hash of arrays, bit for bit."""
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(np.ascontiguousarray(array, "<f8").data)
    return digest.hexdigest()


_T = TypeVar("_T")
#: The most bytes that a file may unpack to, or the most times its own size.
_MAX_BYTES, _MAX_RATIO = 2**30, 200
#: The same for the text about the arrays.
_MAX_ABOUT_BYTES, _MAX_ABOUT_RATIO = 2**26, 20
#: The most bytes of JSON.
_MAX_JSON_BYTES = 2**28
#: The types of arrays: booleans, integers, floats and text; others could run code.
_TYPE_CODES = "biufU"
#: Python unpacks other kinds of compression past the requested size.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: The bytes of a header's length field, by the version of the format.
_LENGTH_BYTES = {(1, 0): 2, (2, 0): 4}
#: A header as NumPy writes it; NumPy passes any other to Python's parser.
_HEADER = re.compile(
    rb"\{'descr': '([<>|][a-zA-Z][0-9]{1,9})', 'fortran_order': (?:True|False), "
    rb"'shape': \(([0-9, ]{0,600})\), \} *\n"
)
_MAX_HEADER = 10_000
_MAX_MESSAGE = 200


def save_archive(
    path: str | os.PathLike[str],
    form: str,
    about: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
) -> None:
    """Write a NumPy archive of arrays and of JSON text, ``about``, that describes them."""
    if os.path.splitext(path)[1].lower() != ".npz":
        raise must("path", "a file name that ends in .npz", os.fspath(path))
    text = json.dumps({"format": form, **about})
    with replacing(path) as file:
        np.savez_compressed(file, about=np.array(text), **arrays)  # type: ignore[arg-type]


def load_archive(
    path: str | os.PathLike[str],
    what: str,
    make: Callable[[dict[str, Any], dict[str, NDArray[Any]]], _T],
    *,
    form: str | None = None,
) -> _T:
    """Read an archive that `save_archive` wrote, and make a result of it."""
    with open(path, "rb") as file:
        try:
            arrays = read_arrays(file)
            text = arrays.pop("about")
            if text.ndim or text.dtype.kind != "U":
                raise ValueError("what is written about it is no text")
            size = _file_size(file)
            _check_size(text.nbytes, size, _MAX_ABOUT_BYTES, _MAX_ABOUT_RATIO)
            about = _parse_json(text.item(), size)
            if not isinstance(about, dict):
                raise ValueError("what is written about it is no record")
            if form is not None and about.get("format") != form:
                raise ValueError(
                    f"its format is {cut(repr(about.get('format')), _MAX_MESSAGE)}, not {form!r}"
                )
            return make(about, arrays)
        except Exception as error:
            # A damaged archive raises any error of zip, zlib, NumPy and JSON.
            raise refusal(path, what, error) from error


def read_json(path: str | os.PathLike[str], make: Callable[[Any], _T], what: str) -> _T:
    """Read a JSON file, and make a result of it."""
    with open(path, "rb") as file:
        raw = file.read(_MAX_JSON_BYTES + 1)
    try:
        if len(raw) > _MAX_JSON_BYTES:
            raise ValueError(f"it is longer than {_MAX_JSON_BYTES:,} bytes")
        return make(_parse_json(raw, len(raw)))
    except Exception as error:  # `make` may raise anything on such data.
        raise refusal(path, what, error) from error


def read_arrays(file: BinaryIO) -> dict[str, NDArray[Any]]:
    """Read the arrays of a NumPy archive."""
    packed = _file_size(file)
    arrays: dict[str, NDArray[Any]] = {}
    with zipfile.ZipFile(file) as archive:
        items = archive.infolist()
        _check_size(sum(item.file_size for item in items), packed, _MAX_BYTES, _MAX_RATIO)
        total = 0
        for item in items:
            if item.compress_type not in _COMPRESSIONS:
                raise ValueError(
                    f"its {cut(item.filename, _MAX_MESSAGE)} is compressed in a way of its own"
                )
            with archive.open(item) as member:
                total += _array_size(member, item)
            # As float64, to which most are converted: smaller types grow.
            _check_size(total, packed, _MAX_BYTES, _MAX_RATIO)
            with archive.open(item) as member:
                name = item.filename.removesuffix(".npy")
                arrays[name] = np.lib.format.read_array(member, allow_pickle=False)
    return arrays


def refusal(
    path: str | os.PathLike[str], what: str, error: Exception, where: str = ""
) -> ValueError:
    """Return the error, one line, for a file that cannot be read."""
    why = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, KeyError):
        why = f"it lacks {why}"
    prefix = f"{where}: " if where else ""
    return ValueError(f"{os.fspath(path)!r} holds no {what}: {prefix}{cut(why, _MAX_MESSAGE)}")


def _array_size(member: IO[bytes], item: zipfile.ZipInfo) -> int:
    """Return the bytes of an array as float64, by its header, which must fit its data."""
    name = cut(item.filename, _MAX_MESSAGE)
    width = _LENGTH_BYTES.get(np.lib.format.read_magic(member), 0)
    length = int.from_bytes(member.read(width), "little")
    header = _HEADER.fullmatch(member.read(min(length, _MAX_HEADER)))
    if header is None:
        raise ValueError(f"its {name} does not begin as NumPy's arrays do")
    code = header[1].decode()
    # NumPy reads more type codes than it writes, and warns of some.
    if code[1] not in _TYPE_CODES or not (dtype := np.dtype(code)).itemsize:
        raise ValueError(f"its {name} is of the type {code}")
    count = math.prod(int(side) for side in header[2].replace(b",", b" ").split())
    if count * dtype.itemsize != item.file_size - member.tell():
        raise ValueError(f"its {name} is not of the length that its header tells")
    return count * max(dtype.itemsize, 8)


def _parse_json(text: str | bytes, packed: int) -> Any:
    """Parse JSON, unless its compressed arrays are too large."""
    total = 0

    def check(record: dict[str, Any]) -> dict[str, Any]:
        nonlocal total
        if "float64" in record:
            shape = record.get("shape")
            total += 8 * (math.prod(shape) if is_shape(shape, _MAX_BYTES) else _MAX_BYTES)
            _check_size(total, packed, _MAX_BYTES, _MAX_RATIO)
        return record

    return json.loads(text, object_hook=check)


def _check_size(size: int, packed: int, most: int, ratio: int) -> None:
    """Raise if a file of `packed` bytes would unpack to too many."""
    most = max(most, ratio * packed)
    if size > most:
        raise ValueError(f"its {packed:,} bytes would unpack to {size:,}, more than {most:,}")


def _file_size(file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def write_json(path: str | os.PathLike[str], record: dict[str, Any]) -> None:
    """Write plain data to a JSON file."""
    if os.path.splitext(path)[1].lower() != ".json":
        raise must("path", "a file name that ends in .json", os.fspath(path))
    with replacing(path) as file:
        file.write(json.dumps(record, indent=1, allow_nan=False).encode())


@dataclass(frozen=True)
class Remake:
    """A result that can be recomputed from its settings, which are checked."""

    work: float
    run: Callable[..., Any]
    needs: str = ""


#: The results in recipes by name: the class, the attribute with the settings, and the function that
#: recomputes a result from them.
REMAKES: dict[str, tuple[type, str, Callable[[Any], Remake]]] = {}
_Function = TypeVar("_Function", bound=Callable[[Any], Remake])


def remakes(name: str, result: type, settings: str = "to_dict") -> Callable[[_Function], _Function]:
    """Register the function that recomputes results of a class."""

    def register(function: _Function) -> _Function:
        REMAKES[name] = (result, settings, function)
        return function

    return register


def check_same(
    path: str | os.PathLike[str],
    what: str,
    theirs: Mapping[str, Any],
    mine: Mapping[str, Any],
    advice: str,
) -> None:
    """Raise if a file has other settings."""
    for key in {**theirs, **mine}:
        there, here = theirs.get(key), mine.get(key)
        if there != here:  # The file may contain anything, of any length.
            raise ValueError(
                f"{os.fspath(path)!r} is {what}: {' '.join(key.split())[:60]} is {there!r:.200} "
                f"there and {here!r:.200} here. {advice}"
            )


def flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested dictionaries as one with dotted keys."""
    result: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            result.update(flat(value, f"{prefix}{key}."))
        else:
            result[f"{prefix}{key}"] = value
    return result


def package_version() -> str:
    """Return the version of the package, which Python loads before its parts."""
    return str(sys.modules["trajectories"].__version__)


def versions() -> dict[str, str]:
    """Return the versions of the package, NumPy and Python."""
    return {
        "trajectories": package_version(),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


@contextmanager
def single_thread() -> Iterator[None]:
    """Limit matrix products to one thread, as a context or a decorator."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
