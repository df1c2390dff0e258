"""Curves of several seeds: the median as a line, and a band from the lowest to the highest."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from trajectories.mnist.experiments.result import Result
from trajectories.mnist.figures.smoothing import band
from trajectories.plotting.theme import setting
from trajectories.plotting.tracks import Style

__all__ = ["calm", "draw_band", "ended", "in_percent"]

_BAND, _LINE = 2.0, 3.0
_FAINT = 0.16
#: Markers along a line.
_MARKERS = 7


def draw_band(
    ax: Axes, x: Any, rows: Any, style: Style, *, place: float = 0.0, **more: Any
) -> None:
    """Draw several curves as a band with their median."""
    low, middle, high = band(rows)
    ends = np.flatnonzero(np.isfinite(middle))
    if not len(ends):
        return
    shown = slice(0, ends[-1] + 1)
    x, low, middle, high = (np.asarray(values)[shown] for values in (x, low, middle, high))
    every = max(1, len(x) // _MARKERS)
    line = {
        "markevery": (int(place * every) % every, every),
        "markeredgecolor": setting("axes.facecolor"),
        "markeredgewidth": 0.5,
        "markersize": setting("lines.markersize") * 1.2,
        "zorder": _LINE + place,
    }
    if len(np.asarray(rows)) > 1:
        ax.fill_between(x, low, high, color=style["color"], alpha=_FAINT, lw=0, zorder=_BAND)
    ax.plot(x, middle, **{**line, **style, **more})


def ended(result: Result, label: str) -> str:
    """Return a variant's label, with a word on its runs that diverged."""
    lost = sum(run.diverged for run in result.runs[label])
    if not lost:
        return label
    count = len(result.seeds)
    return f"{label} (diverged)" if lost == count else f"{label} ({lost} of {count} diverged)"


def calm(ax: Axes) -> None:
    """Draw faint lines at the ticks of the y-axis."""
    ax.grid(True, axis="y", color=setting("grid.color"), linewidth=setting("grid.linewidth"))
    ax.set_axisbelow(True)


def in_percent(ax: Axes) -> None:
    """Label the y-axis, which shows parts of 1, in percent."""
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.4g} %"))
