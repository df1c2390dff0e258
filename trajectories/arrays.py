"""Arrays as plain data for JSON: short ones as lists, long ones compressed; fingerprints."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import zlib
from typing import Any, TypeGuard

import numpy as np

from trajectories.validation import floats, must

__all__ = ["fingerprint", "from_plain", "is_shape", "to_plain"]

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
