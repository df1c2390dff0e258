"""Axes of maps as text: a hyperparameter, and the range of its values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trajectories.validation import integer, must

__all__ = ["CELLS", "read_axis", "read_range"]

Array = NDArray[np.float64]

#: Values of an axis if their number is left out.
CELLS = 200
#: From this ratio of the ends on, values are geometric unless asked otherwise.
_WIDE = 20.0


def read_axis(text: str, count: int = CELLS) -> tuple[str, Array]:
    """Return the hyperparameter that an axis is about, and its values."""
    name, equals, rest = text.strip().partition("=")
    words = rest.split(":")
    try:
        low, high = float(words[0]), float(words[1])
        number = int(words[2]) if len(words) > 2 and words[2] else count
        scale = words[3] if len(words) > 3 else _scale(low, high)
    except (IndexError, ValueError):
        raise _unreadable(text) from None
    known = scale in ("log", "linear") and len(words) <= 4 and bool(equals and name)
    if not known or not -np.inf < low < high < np.inf:
        raise _unreadable(text)
    if scale == "log" and low <= 0:
        raise must("axis", "from above 0 on a logarithmic scale", text)
    integer("axis", number, 2)
    between = np.geomspace if scale == "log" else np.linspace
    return name.strip(), between(low, high, number)


def read_range(text: str) -> tuple[float, float]:
    """Return the ends of a range, such as ``0.001:10``."""
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        raise must("range", "two numbers, as 0.001:10", text) from None
    return low, high


def _scale(low: float, high: float) -> str:
    return "log" if low > 0 and high / low >= _WIDE else "linear"


def _unreadable(text: str) -> Exception:
    return must("axis", "like lr=0.001:10 or momentum=0:0.95:100:linear", text)
