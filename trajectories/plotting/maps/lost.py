"""What is lost on a map of hyperparameters: its ground, its hatching, and words for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from trajectories.maps.outcomes import Sensitivity
from trajectories.plotting.header import in_points, points, text_size
from trajectories.plotting.theme import setting

__all__ = ["ground", "hatch_lost", "name_lost", "unreached"]

Array = NDArray[np.float64]

_HATCH, _WORDS = 0.7, 2.2
#: How much of the ink is in the ground and the lines of what is lost.
_GROUND, _LINES = 0.07, 0.30


def ground() -> tuple[float, float, float]:
    """Return the colour of cells that have no value."""
    return _mixed(_GROUND)


def hatch_lost(ax: Axes, result: Sensitivity, x: Array, y: Array) -> None:
    """Hatch the cells that are lost."""
    if not result.lost.any():
        return
    hatched = PathPatch(
        _outline(result.lost.T, x, y),
        facecolor="none",
        edgecolor=_mixed(_LINES),
        linewidth=0.0,
        hatch="///",
        zorder=_HATCH,
        label="_lost",
    )
    ax.add_artist(hatched)
    hatched.set_clip_path(ax.patch)


def unreached(result: Sensitivity) -> dict[str, dict[str, Any]]:
    """Return what the plain cells of a map of steps are, and how they look, for a legend."""
    if not (np.isnan(result.values) & ~result.lost).any():
        return {}
    square = {
        "color": ground(),
        "marker": "s",
        "markeredgecolor": _mixed(_LINES),
        "markersize": setting("lines.markersize") * 2.2,
        "linestyle": "none",
    }
    return {f"not in {result.steps} steps": square}


def name_lost(ax: Axes, result: Sensitivity, taken: Sequence[tuple[int, ...]] = ()) -> None:
    """Write into the hatched part of a map what it is, if there is room."""
    lost = result.lost.T.copy()
    if not lost.any():
        return
    overflowed = (result.status[result.lost] == "diverged").mean() > 0.5
    words = "diverged" if overflowed else "ends higher\nthan it began"
    size = points("axes.labelsize")
    width, height = in_points(ax)
    wide = max(text_size(line, size)[0] for line in words.splitlines())
    tall = 1.2 * size * len(words.splitlines())
    rows, columns = lost.shape
    reach = np.array([1.2 * size / width * columns, 1.2 * size / height * rows])
    for cell in taken:
        low, high = np.maximum(cell - reach, 0).astype(int), (cell + reach).astype(int) + 1
        lost[low[1] : high[1], low[0] : high[0]] = False
    # How far from the border each cell is, in cells, along and across: by running sums.
    half = np.array([0.6 * wide / width * columns, 0.7 * tall / height * rows])
    stood = np.array([0.7 * tall / width * columns, 0.6 * wide / height * rows])
    for turned, extent in ((0, half), (90, stood)):
        across, up = (int(number) for number in np.ceil(extent))
        total = np.pad(lost.astype(float), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
        if 2 * up + 1 > rows or 2 * across + 1 > columns:
            continue
        h, w = 2 * up + 1, 2 * across + 1
        inside = total[h:, w:] - total[:-h, w:] - total[h:, :-w] + total[:-h, :-w]
        free = np.argwhere(inside >= h * w)
        if len(free):
            middle = free[np.argmin(((free - free.mean(axis=0)) ** 2).sum(axis=1))]
            at = (middle[1] + across + 0.5) / columns, (middle[0] + up + 0.5) / rows
            ax.text(
                *at,
                words,
                transform=ax.transAxes,
                rotation=turned,
                ha="center",
                va="center",
                fontsize=size,
                color=setting("axes.labelcolor"),
                path_effects=[withStroke(linewidth=4.0, foreground=setting("axes.facecolor"))],
                zorder=_WORDS,
            )
            return


def _outline(cells: NDArray[np.bool_], x: Array, y: Array) -> Path:
    """Return a path around cells, row by row, whose edges are given."""
    corners = []
    for row, chosen in enumerate(cells):
        ends = np.flatnonzero(np.diff(np.pad(chosen.astype(int), 1)))
        for left, right in ends.reshape(-1, 2):
            box = [(left, row), (right, row), (right, row + 1), (left, row + 1), (left, row)]
            corners.append([(x[across], y[up]) for across, up in box])
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * len(corners)
    return Path(np.concatenate(corners), codes)


def _mixed(part: float) -> tuple[float, float, float]:
    """Return the page's colour with a part of its ink."""
    ink, paper = (np.array(to_rgb(setting(key))) for key in ("text.color", "axes.facecolor"))
    red, green, blue = paper + part * (ink - paper)
    return float(red), float(green), float(blue)
