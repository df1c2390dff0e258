"""Checks of arguments, and the one form of words that they fail with.

Every message names the argument, says what it must be and shows what came instead:
"`lr` must be positive. Got -0.1 instead."
"""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "FRACTION",
    "NON_NEGATIVE",
    "POSITIVE",
    "UNIT",
    "Interval",
    "finite",
    "floats",
    "integer",
    "integers",
    "must",
    "rectangle",
    "scalar",
]


#: The largest coordinate of a rectangle: its width, margins and middle are in float64's range.
_WIDEST = 1e307


def must(
    name: str, requirement: str, got: object, *, kind: type[Exception] = ValueError
) -> Exception:
    """Build the error for an argument that is not what it must be."""
    return kind(f"`{name}` must be {requirement}. Got {_shown(got)} instead.")


def _shown(got: object) -> str:
    if isinstance(got, np.generic):
        got = got.item()
    text = " ".join(repr(got).split())
    return text if len(text) <= 80 else text[:60] + "..." + text[-15:]


@dataclass(frozen=True)
class Interval:
    """A range of real numbers that a hyperparameter may lie in."""

    low: float
    high: float
    closed: str
    words: str

    def __contains__(self, value: Any) -> bool:
        """Tell whether all of `value`, a number or an array, lies inside."""
        above = np.greater_equal if self.closed in ("both", "left") else np.greater
        below = np.less_equal if self.closed in ("both", "right") else np.less
        return bool(np.all(above(value, self.low) & below(value, self.high)))


POSITIVE = Interval(0.0, math.inf, "neither", "positive")
NON_NEGATIVE = Interval(0.0, math.inf, "left", "zero or positive")
FRACTION = Interval(0.0, 1.0, "left", "at least 0 and below 1")
UNIT = Interval(0.0, 1.0, "both", "between 0 and 1")


def finite(name: str, value: Any, interval: Interval) -> float | np.ndarray:
    """Return a real number or an array of them as float64, if all lie in `interval`."""
    requirement = f"{interval.words} and finite" if interval.high == math.inf else interval.words
    if isinstance(value, bool):
        raise must(name, "a number or an array of numbers", value, kind=TypeError)
    if isinstance(value, numbers.Real):
        number = _as_float(name, value)
        if not math.isfinite(number) or number not in interval:
            short = interval.words if math.isfinite(number) else requirement
            raise must(name, short, value)
        return number
    if isinstance(value, (np.ndarray, list, tuple)):
        array = floats(name, value, "a number or an array of numbers")
        if array.ndim == 0:
            return finite(name, array.item(), interval)
        if array.size == 0 or not np.isfinite(array).all() or array not in interval:
            wrong = (item for item in array.flat if not np.isfinite(item) or item not in interval)
            raise must(name, f"{requirement} throughout", next(wrong, array.tolist()))
        return array
    raise must(name, "a number or an array of numbers", value, kind=TypeError)


def scalar(name: str, value: Any, interval: Interval) -> float:
    """Return one real number as a Python float, if it lies in `interval`."""
    number = finite(name, value, interval)
    if not isinstance(number, float):
        raise must(name, "a single number", value, kind=TypeError)
    return number


def floats(name: str, value: Any, words: str = "numbers") -> np.ndarray:
    """Return real numbers of any shape as a new float64 array; they need not be finite."""
    try:
        raw = np.asarray(value)
        if raw.dtype == object and all(isinstance(item, numbers.Real) for item in raw.flat):
            raw = raw.astype(np.float64)  # Integers of more than 64 bits, and fractions.
    except OverflowError:
        raise must(name, "in float64's range", value) from None
    except (TypeError, ValueError):
        raw = np.asarray(None)
    if raw.dtype.kind not in "fiu":
        raise must(name, words, value, kind=TypeError)
    return np.array(raw, dtype=np.float64)


def integers(name: str, value: Any) -> np.ndarray:
    """Return whole numbers of any shape as a new int64 array."""
    given = floats(name, value, "whole numbers")
    if not np.all((np.abs(given) < 2.0**53) & (np.floor(given) == given)):
        raise must(name, "whole numbers", value)
    return given.astype(np.int64)


def rectangle(name: str, value: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the lowest and highest x, and the same for y, if that is what was given."""
    array = floats(name, value)
    good = array.shape == (2, 2) and np.isfinite(array).all() and (array[:, 0] < array[:, 1]).all()
    if not good:
        raise must(name, "((xmin, xmax), (ymin, ymax)), each minimum below its maximum", value)
    if not (np.abs(array) <= _WIDEST).all():  # Else a width overflows.
        raise must(name, f"at most {_WIDEST:.0e} in size throughout", value)
    (x0, x1), (y0, y1) = array.tolist()
    return (x0, x1), (y0, y1)


def _as_float(name: str, value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        raise must(name, "a number in float64's range", value) from None


def integer(name: str, value: Any, low: int) -> int:
    """Return `value` as an int of at least `low`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise must(name, "an integer", value, kind=TypeError)
    if value < low:
        raise must(name, f"at least {low}", value)
    return int(value)
