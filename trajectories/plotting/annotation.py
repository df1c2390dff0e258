"""What theory says of a surface, in a corner of its plot: curvature and stable learning rates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from trajectories.plotting.header import in_points, points, text_size
from trajectories.plotting.theme import setting

__all__ = ["draw_notes"]

Array = NDArray[np.float64]
#: Above the contours, below all that moves.
_NOTES = 4.0
#: From line to line, in font sizes.
_LINE = 1.45
#: Where it may stand, in parts of the room that it leaves, and how far that is from a corner.
_PLACES = np.stack(np.meshgrid(np.linspace(1, 0, 13), np.linspace(1, 0, 13)), -1).reshape(-1, 2)
_BETWEEN = np.minimum(_PLACES, 1 - _PLACES).sum(axis=1)
#: Points looked at across and along the box.
_GRID = np.stack(np.meshgrid(np.linspace(0, 1, 25), np.linspace(0, 1, 9)), -1).reshape(-1, 2)


def draw_notes(ax: Axes, lines: Sequence[str], minima: Array, taken: Array) -> Array:
    """Write lines where they cover no minimum, and least of all else; in a corner if they can.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to write.
    lines : sequence of str
        What to write.
    minima : numpy.ndarray, shape (k, 2)
        What must not be covered, in parts of the plot's width and height.
    taken : numpy.ndarray, shape (n, 2)
        What is better not covered, in parts of the plot's width and height.

    Returns
    -------
    numpy.ndarray, shape (m, 2)
        Points all over the box, in the same parts.
    """
    side = np.array(in_points(ax))
    size = points("xtick.labelsize")
    wide = max(text_size(line, size, ax.figure)[0] for line in lines)
    if wide > 0.9 * side[0]:
        size *= 0.9 * side[0] / wide
        wide = 0.9 * side[0]
    pad = 0.7 * size
    box = np.array([wide + 2 * pad, (len(lines) * _LINE - 0.45) * size + 2 * pad]) / side
    gap = pad / side
    room = np.maximum(1 - 2 * gap - box, 0)
    places = gap + _PLACES * room

    def covered(points: Array, margin: Array) -> Array:
        low, high = places[:, None] - margin, places[:, None] + box + margin
        inside = ((points[None] >= low) & (points[None] <= high)).all(axis=2)
        return np.asarray(inside.sum(axis=1))

    keys = (_BETWEEN, covered(taken, gap / 2), covered(minima, 2 * gap))
    x, y = places[np.lexsort(keys)[0]]
    ax.text(
        x + pad / side[0],
        y + pad / side[1],
        "\n".join(lines),
        transform=ax.transAxes,
        fontsize=size,
        color=setting("axes.labelcolor"),
        linespacing=_LINE / 1.2,
        va="bottom",
        zorder=_NOTES,
        bbox={
            "boxstyle": f"square,pad={pad / size}",
            "facecolor": setting("axes.facecolor"),
            "edgecolor": "none",
            "alpha": 0.85,
        },
    )
    return np.asarray(np.array([x, y]) + box * _GRID)
