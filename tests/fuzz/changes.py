"""Changes of plain data and of arrays, for targets whose inputs have a structure."""

from __future__ import annotations

import copy
import random
import warnings
from typing import Any

import numpy as np

__all__ = ["changed", "changed_array"]

#: Values that take another's place.
ODD: list[Any] = [None, True, False, 0, -1, 1, 2, 0.5, 1e308, 5e-324, 10**18, 10**30, float("inf")]
ODD += [float("nan"), "", "x", "x*y", "nan", "adam", "1", "a\nb", "__class__", "\ud800"]
ODD += [[], {}, [1], [[1, 2]], [[0, 1], [0, 1]], [[1, 2, 3]] * 3, {"a": 1}]
ODD += [
    {"shape": [2], "float64": ""},
    {"shape": [10**9], "float64": "eJwDAAAAAAE="},
    {"shape": [10**4000] * 60, "float64": ""},
]
_NAMES = ("", "x", "lr", "samples", "start")
_TYPES = ("f8", "f4", "i8", "i1", "u8", "?", "c16", ">f8", "U3", "S4", "V8", "M8[s]", "O")


def changed(record: Any, rng: random.Random) -> Any:
    """Return plain data with some values changed, left out, or put in twice."""
    record = copy.deepcopy(record)
    for _ in range(rng.choice((1, 1, 2, 4))):
        part = record
        while isinstance(part, (dict, list)) and part:
            key = rng.choice(list(part) if isinstance(part, dict) else range(len(part)))
            if rng.random() < 0.3 or not isinstance(part[key], (dict, list)):
                kind = rng.randrange(6)
                if kind == 0:
                    del part[key]
                elif kind == 1 and isinstance(part, dict):
                    part[rng.choice(_NAMES)] = copy.deepcopy(part[key])
                elif kind == 2 and isinstance(part[key], float):
                    part[key] *= rng.choice((-1, 2, 1e300, 1e-300))
                else:
                    part[key] = copy.deepcopy(rng.choice(ODD))
                break
            part = part[key]
    return record


def changed_array(array: np.ndarray, rng: random.Random) -> np.ndarray:
    """Return an array of another type, shape or order, or with a few values changed."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return _changed_array(np.array(array), rng)
        except (ArithmeticError, RuntimeError, TypeError, ValueError):
            return array  # Text cannot be multiplied, say.


def _changed_array(array: np.ndarray, rng: random.Random) -> np.ndarray:
    kind = rng.randrange(8)
    if kind == 0:
        return array.astype(rng.choice(_TYPES))
    if kind == 1:
        return array[..., :-1] if array.ndim else array[None]
    if kind == 2:
        return array[:0] if array.ndim else np.zeros((0,), array.dtype)
    if kind == 3:
        return np.asfortranarray(array.T)
    if kind == 4:
        return array.reshape(rng.choice(((-1,), (1, -1), (-1, 1), (1, 1, -1))))
    if kind == 5:
        return np.concatenate([np.atleast_1d(array)] * 2)
    if kind == 6:
        return array * rng.choice((0, -1, 1e300, np.nan, np.inf))
    array.reshape(-1)[rng.randrange(array.size)] = rng.choice((0, -1, 7, 1e300, np.nan))
    return array
