"""Numbers on logarithmic axes, however few powers of ten they span."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axis import Axis
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

__all__ = ["mark_logarithmic"]

#: Fewer numbers than these do not tell what an axis is.
_FEWEST = 2
#: Numbers outside are written with a power of ten.
_LEAST, _MOST = 1e-4, 1e5


def mark_logarithmic(axis: Axis, most: int) -> None:
    """Write numbers at a logarithmic axis: powers of ten, and others where it is short."""
    axis.set_major_locator(_Numbers(numticks=most))
    axis.set_major_formatter(_Words())
    axis.set_minor_locator(NullLocator())


class _Numbers(LogLocator):
    """Powers of ten; if there are not two of them, 2 and 5 as well, or equal distances."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        low, high = sorted((vmin, vmax))
        powers = super().tick_values(vmin, vmax)
        if len(_within(powers, low, high)) >= _FEWEST:
            return powers
        # Not by subs=(1, 2, 5): Matplotlib may give up those for numbers of its own choice.
        tens = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        several = _within(np.outer(tens, [1.0, 2.0, 5.0]).ravel(), low, high)
        if len(several) >= _FEWEST:
            return several
        return _within(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high), low, high)


class _Words(LogFormatterSciNotation):
    """Powers of ten as such, and other numbers in full as far as they can be read."""

    def format_ticks(self, values: Any) -> list[str]:
        powers = np.log10([value for value in values if value > 0])
        if np.allclose(powers, np.round(powers), rtol=0, atol=1e-9):
            return list(super().format_ticks(values))
        return [_in_full(float(value)) for value in values]


def _in_full(value: float) -> str:
    """Return a number as text, with a power of ten only if it is very small or large."""
    if _LEAST <= value < _MOST:
        return f"{value:.10g}"
    part, power = f"{value:.9e}".split("e")
    return rf"$\mathdefault{{{float(part):.10g}\times10^{{{int(power)}}}}}$"


def _within(ticks: Any, low: float, high: float) -> NDArray[np.float64]:
    """Return the ticks that are seen."""
    places = np.asarray(ticks, dtype=float)
    return places[(places >= low) & (places <= high)]
