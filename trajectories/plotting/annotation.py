"""Boxes for words over a plot, and what theory says of a surface in one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from trajectories.plotting.header import in_points, points, text_size
from trajectories.plotting.theme import setting

__all__ = ["BOX", "CAPITAL", "GRID", "Place", "draw_box", "draw_notes", "place_box"]

Array = NDArray[np.float64]
#: Above the contours, below all that moves.
BOX = 4.0
#: Around the words, in font sizes.
_PAD = 0.7
#: From line to line, and the height of a capital letter, in font sizes.
_LINE, CAPITAL = 1.45, 0.74
#: How much smaller words may be set where there is no room for them.
_SMALLER = (1.0, 0.85, 0.72)
#: Where it may stand, in parts of the room that it leaves, and how far that is from a corner.
_PLACES = np.stack(np.meshgrid(np.linspace(1, 0, 13), np.linspace(1, 0, 13)), -1).reshape(-1, 2)
_BETWEEN = np.minimum(_PLACES, 1 - _PLACES).sum(axis=1)
#: Points across and along a box, in parts of it.
GRID = np.stack(np.meshgrid(np.linspace(0, 1, 25), np.linspace(0, 1, 9)), -1).reshape(-1, 2)


def draw_notes(ax: Axes, lines: Sequence[str], minima: Array, taken: Array) -> Array:
    """Write lines where they cover no minimum, and least of all else; in a corner if they can."""
    nominal = points("xtick.labelsize")
    wide = max(text_size(line, nominal, ax.figure)[0] for line in lines)
    # With room on both sides of the words, and of the box.
    part = min(in_points(ax)[0] / (wide + 4 * _PAD * nominal), 1.0)
    tall = ((len(lines) - 1) * _LINE + CAPITAL) * nominal
    tried = []
    for smaller in _SMALLER:
        scale = smaller * part
        extent = scale * wide, scale * tall
        place = place_box(ax, extent, scale * nominal, minima, taken)
        tried.append((scale * nominal, place))
        if not place.covers:
            break
    size, ((left, bottom), box, covers) = tried[-1]
    if covers:
        size, ((left, bottom), box, _) = tried[0]
    draw_box(ax, box)
    style: dict[str, Any] = {"fontsize": size, "color": setting("axes.labelcolor"), "zorder": BOX}
    # Line by line, as versions of Matplotlib differ in how far apart they set the lines of a text.
    for number, line in enumerate(reversed(lines)):
        y = bottom + number * _LINE * size / in_points(ax)[1]
        ax.text(left, y, line, transform=ax.transAxes, **style)
    return box


class Place(NamedTuple):
    """Where a box for words stands."""

    corner: tuple[float, float]
    box: Array
    covers: bool


def place_box(
    ax: Axes, extent: tuple[float, float], size: float, minima: Array, taken: Array
) -> Place:
    """Find where a box for words covers least of a plot."""
    side = np.array(in_points(ax))
    gap = _PAD * size / side
    box = np.array(extent) / side + 2 * gap
    places = gap + _PLACES * np.maximum(1 - 2 * gap - box, 0)

    def covered(points: Array, margin: Array) -> Array:
        low, high = places[:, None] - margin, places[:, None] + box + margin
        inside = ((points[None] >= low) & (points[None] <= high)).all(axis=2)
        return np.asarray(inside.sum(axis=1))

    lines, stars = covered(taken, gap / 2), covered(minima, 2 * gap)
    best = np.lexsort((_BETWEEN, lines, stars))[0]
    corner = places[best] + gap
    return Place(
        (float(corner[0]), float(corner[1])),
        np.asarray(places[best] + box * GRID),
        bool(lines[best] or stars[best]),
    )


def draw_box(ax: Axes, box: Array) -> None:
    """Lay a plain box for words over a plot."""
    if ax.name == "3d":
        return
    (left, bottom), (width, height) = box.min(axis=0).tolist(), np.ptp(box, axis=0).tolist()
    ax.add_patch(
        Rectangle(
            (left, bottom),
            width,
            height,
            transform=ax.transAxes,
            facecolor=setting("axes.facecolor"),
            edgecolor="none",
            alpha=0.85,
            zorder=BOX,
        )
    )
