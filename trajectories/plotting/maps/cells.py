"""A map of hyperparameters on an Axes: its cells, their scale, and what theory says."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from trajectories.maps.outcomes import Sensitivity, is_geometric
from trajectories.plotting.header import in_points, points
from trajectories.plotting.maps.colors import excess_of, quality_map, quality_norm
from trajectories.plotting.maps.lost import ground, hatch_lost
from trajectories.plotting.maps.ticks import mark_logarithmic
from trajectories.plotting.panel import style_ticks
from trajectories.plotting.theme import setting

__all__ = [
    "draw_cells",
    "draw_frontier",
    "draw_scale",
    "edges",
    "mark_axis",
    "scale_width",
]

Array = NDArray[np.float64]

_CELLS, _FRONTIER = 0.5, 2.2
#: What hyperparameters are called in words.
_NAMES = {"lr": "learning rate"}
#: How wide a scale of colours is, and how far from the map, in font sizes.
_BAR = 1.2


def edges(values: Array) -> Array:
    """Return the edges of the cells whose middles are given."""
    geometric = is_geometric(values)
    middle = np.log(values) if geometric else values
    between = (middle[1:] + middle[:-1]) / 2
    ends = np.concatenate([[2 * middle[0] - between[0]], between, [2 * middle[-1] - between[-1]]])
    return np.exp(ends) if geometric else ends


def mark_axis(ax: Axes, which: str, name: str, values: Array) -> None:
    """Label an axis with a hyperparameter, scale it, and end it where its cells end."""
    geometric = is_geometric(values)
    ends = edges(values)[[0, -1]]
    label = _NAMES.get(name, name.replace("_", " "))
    ax.set(**{f"{which}label": label, f"{which}scale": "log" if geometric else "linear"})
    ax.set(**{f"{which}lim": ends})
    axis = ax.xaxis if which == "x" else ax.yaxis
    if geometric:
        mark_logarithmic(axis, 8)
    else:
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        axis.set_minor_locator(NullLocator())


def draw_cells(ax: Axes, result: Sensitivity) -> ScalarMappable:
    """Colour the cells of a map by how they ended, and hatch what is lost."""
    style_ticks(ax)
    (name_x, x), (name_y, y) = result.axes.items()
    mark_axis(ax, "x", name_x, x)
    mark_axis(ax, "y", name_y, y)
    values, _ = excess_of(result)
    norm = quality_norm(values, result.measure)
    ax.set_facecolor(ground())
    mesh = ax.pcolormesh(
        edges(x),
        edges(y),
        np.ma.masked_invalid(values.T),
        norm=norm,
        cmap=quality_map(),
        zorder=_CELLS,
        rasterized=True,
    )
    hatch_lost(ax, result, edges(x), edges(y))
    return mesh


def draw_scale(ax: Axes, mappable: ScalarMappable, label: str) -> Axes:
    """Draw the scale of colours to the right of a map."""
    wide = _BAR * points("xtick.labelsize") / in_points(ax)[0]
    beside = ax.inset_axes((1 + wide, 0.0, wide, 1.0))
    bar = ax.figure.colorbar(mappable, cax=beside)
    bar.outline.set_visible(False)
    if isinstance(mappable.norm, LogNorm):
        mark_logarithmic(bar.ax.yaxis, 7)
    bar.ax.yaxis.set_minor_locator(NullLocator())
    style_ticks(beside)
    beside.set_ylabel(label)
    return beside


def scale_width() -> float:
    """Return the room that a scale of colours needs beside a map, in points."""
    return (2 * _BAR + 3.6) * points("xtick.labelsize") + 1.5 * points("axes.labelsize")


def draw_frontier(ax: Axes, result: Sensitivity) -> dict[str, Any] | None:
    """Draw the line beyond which theory says that nothing converges."""
    limit = result.frontier
    if limit is None:
        return None
    ink, paper = setting("text.color"), setting("axes.facecolor")
    width = setting("lines.linewidth")
    style = {
        "color": ink,
        "linestyle": (0, (4, 1.6)),
        "linewidth": 1.1 * width,
        "path_effects": [withStroke(linewidth=2.6 * width, foreground=paper)],
    }
    names = list(result.axes)
    other = result.axes[next(name for name in names if name != "lr")]
    rates, others = (limit, other) if names[0] == "lr" else (other, limit)
    bounds = ax.axis()
    ax.add_line(Line2D(rates, others, zorder=_FRONTIER, label="_frontier", **style))
    ax.axis(bounds)
    return {"color": ink, "linestyle": style["linestyle"], "marker": ""}
