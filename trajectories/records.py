"""Results as arrays and plain data: archives, read-only arrays, what they were computed with."""

from __future__ import annotations

import base64
import binascii
import hashlib
import importlib.metadata
import json
import math
import os
import platform
import re
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

_LINE = 64
#: Shorter arrays gain nothing: what a call costs by itself is all that counts.
_SHORT_BYTES = 1024


def aligned(shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> np.ndarray[Any, Any]:
    """Return an array of zeros for a loop of ufuncs to work in."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < _SHORT_BYTES:
        return np.zeros(shape, dtype)
    raw = np.zeros(size + _LINE, np.uint8)
    begin = -raw.ctypes.data % _LINE
    return raw[begin : begin + size].view(dtype).reshape(shape)


def aligned_like(array: np.ndarray[Any, Any], dtype: DTypeLike) -> np.ndarray[Any, Any]:
    """Return an array of zeros that lies in memory as another one does."""
    if array.flags.c_contiguous:
        return aligned(array.shape, dtype)
    return np.zeros_like(array, dtype)


class Frozen:
    """A frozen dataclass with arrays that its `__post_init__` makes read-only."""

    def __post_init__(self) -> None:
        """Check the fields, and make the arrays read-only."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the fields, and make the arrays read-only again."""
        own = {item.name for item in fields(self)}  # type: ignore[arg-type]
        self.__dict__.update((name, value) for name, value in state.items() if name in own)
        self.__post_init__()


def read_only(array: Any) -> NDArray[Any]:
    """Return a view of an array that cannot be written to."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


#: Longer arrays are compressed; to a reader's eye they are no numbers any more.
_SHORT = 64
#: More elements than any recipe needs; what says that it has more is not unpacked.
_MOST = 50_000_000
_DIMENSIONS = 32


def to_plain(array: Any) -> Any:
    """Return an array of floats as plain data, from which it can be made again bit for bit."""
    array = np.asarray(array, dtype="<f8")
    if array.size <= _SHORT and np.isfinite(array).all():
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
        # One byte more than there should be shows that there are too many, and unpacks no bomb.
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(base64.b64decode(text, validate=True), 8 * size + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise broken from None
    if len(raw) != 8 * size:
        raise broken
    return np.frombuffer(raw, "<f8").astype(np.float64).reshape(shape)


def is_shape(shape: Any, most: int) -> TypeGuard[list[int]]:
    """Tell whether this is the shape of an array, as JSON holds it, with no side too long."""
    return (
        isinstance(shape, list)
        and len(shape) <= _DIMENSIONS
        and all(type(side) is int and 0 <= side <= most for side in shape)
    )


def fingerprint(*arrays: Any) -> str:
    """Return a short text that tells whether numbers are the same, bit for bit."""
    found = hashlib.blake2b(digest_size=8)
    for array in arrays:
        found.update(np.ascontiguousarray(array, "<f8").data)
    return found.hexdigest()


Made = TypeVar("Made")
#: More bytes are not unpacked, unless the file is so large itself that it is no bomb.
_MOST_BYTES, _TIGHTEST = 2**30, 200
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
        _bounded(sum(item.file_size for item in items), packed, _MOST_BYTES, _TIGHTEST)
        total = 0
        for item in items:
            if item.compress_type not in _METHODS:
                raise ValueError(
                    f"its {cut(item.filename, _LONGEST)} is compressed in a way of its own"
                )
            with archive.open(item) as member:
                total += _promised(member, item)
            # As float64, which is what becomes of most: small numbers take more then.
            _bounded(total, packed, _MOST_BYTES, _TIGHTEST)
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
            total += 8 * (math.prod(shape) if is_shape(shape, _MOST_BYTES) else _MOST_BYTES)
            _bounded(total, packed, _MOST_BYTES, _TIGHTEST)
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


def write_json(path: str | os.PathLike[str], record: dict[str, Any]) -> None:
    """Write plain data to a JSON file."""
    if os.path.splitext(path)[1].lower() != ".json":
        raise must("path", "a file name that ends in .json", os.fspath(path))
    with replacing(path) as file:
        file.write(json.dumps(record, indent=1, allow_nan=False).encode())


def read_json(path: str | os.PathLike[str], make: Callable[[Any], Made], what: str) -> Made:
    """Read a JSON file and make something of it."""
    return load_json(path, what, make)


@dataclass(frozen=True)
class Remake:
    """A result that can be recomputed from its settings, which are checked."""

    work: float
    run: Callable[..., Any]
    needs: str = ""


#: What a recipe can hold of results, by the name that stands in it: the class, the attribute that
#: tells how one was made, and the function that makes it again.
REMAKES: dict[str, tuple[type, str, Callable[[Any], Remake]]] = {}
_Remaker = TypeVar("_Remaker", bound=Callable[[Any], Remake])


def remakes(name: str, result: type, told: str = "to_dict") -> Callable[[_Remaker], _Remaker]:
    """Register the function that makes results of a class again."""

    def register(function: _Remaker) -> _Remaker:
        REMAKES[name] = (result, told, function)
        return function

    return register


def check_same(
    path: str | os.PathLike[str],
    what: str,
    theirs: Mapping[str, Any],
    mine: Mapping[str, Any],
    advice: str,
) -> None:
    """Raise a `ValueError` if a file was begun with other settings."""
    for key in {**theirs, **mine}:
        there, here = theirs.get(key), mine.get(key)
        if there != here:  # The file may hold anything, of any length.
            raise ValueError(
                f"{os.fspath(path)!r} is {what}: {' '.join(key.split())[:60]} is {there!r:.200} "
                f"there and {here!r:.200} here. {advice}"
            )


def flat(data: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested dictionaries as one, with dotted names."""
    found: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            found.update(flat(value, f"{before}{key}."))
        else:
            found[f"{before}{key}"] = value
    return found


def versions() -> dict[str, str]:
    """Return the versions of what computes: the package, NumPy and Python."""
    return {
        "trajectories": importlib.metadata.version("trajectories"),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


@contextmanager
def single_thread() -> Iterator[None]:
    """Have one thread for matrix products inside a block, or in a function that this decorates."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
