"""Pins: numbered marks on a map for runs that are shown beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from trajectories.maps.outcomes import Sensitivity
from trajectories.plotting.header import points
from trajectories.plotting.theme import setting
from trajectories.validation import must

__all__ = ["chosen_pins", "draw_best", "draw_pins", "placed"]

#: Above the cells and what theory says.
_PIN, _BEST = 6.0, 5.0
#: A pin's diameter, in font sizes of its number.
_WIDE = 1.75
#: Where the number stands if the cell itself lies at the edge, in parts of the map.
_INSIDE = 0.025


def placed(result: Sensitivity, pins: Sequence[Any]) -> list[tuple[int, ...]]:
    """Return the cells that are pinned."""
    cells: list[tuple[int, ...]] = []
    for pin in pins:
        if isinstance(pin, Mapping):
            cells.append(result.nearest(**pin))
            continue
        try:
            cell = tuple(int(i) for i in pin)
            inside = all(-n <= i < n for i, n in zip(cell, result.values.shape, strict=True))
        except (TypeError, ValueError):
            inside = False
        if not inside:
            words = "each a mapping of hyperparameters, or the indices of a cell"
            raise must("pins", words, pin)
        cells.append(tuple(i % n for i, n in zip(cell, result.values.shape, strict=True)))
    return cells


def chosen_pins(result: Sensitivity) -> list[tuple[int, ...]]:
    """Choose cells that tell what a map is about: the given settings, the best, and a lost one."""
    shape, best = result.values.shape, result.best_index
    if best is None:
        return [tuple(n // 2 for n in shape)]
    cells = [best]
    own = {name: getattr(result.optimizer, name) for name in result.axes}
    if all(
        isinstance(value, float) and result.axes[name][0] <= value <= result.axes[name][-1]
        for name, value in own.items()
    ):
        cells.append(result.nearest(**own))
    rows, columns = np.indices(shape)
    away = np.hypot((rows - best[0]) / shape[0], (columns - best[1]) / shape[1])
    if result.lost.any():
        # Not at the very border, where nothing is to be seen yet of what goes wrong.
        far = np.where(result.lost, abs(away - away[result.lost].min() - 0.06), np.inf)
        cells.append(tuple(int(i) for i in np.unravel_index(np.argmin(far), shape)))
    slow = (shape[0] // 4, *(i for i in best[1:]))
    if not result.lost[slow]:
        cells.append(slow)
    apart: list[tuple[int, ...]] = []
    for cell in cells:
        near = [np.hypot(*((np.array(cell) - other) / np.array(shape))) for other in apart]
        if all(distance > 0.05 for distance in near):
            apart.append(cell)
    return sorted(apart)


def draw_pins(
    ax: Axes, result: Sensitivity, cells: Sequence[tuple[int, ...]], styles: Sequence[Any]
) -> None:
    """Mark cells with their numbers, from 1."""
    size = points("xtick.labelsize")
    to_parts = ax.transData + ax.transAxes.inverted()
    for number, (cell, style) in enumerate(zip(cells, styles, strict=False), 1):
        x, y = result.at(cell).values()
        part = np.clip(to_parts.transform((x, y)), _INSIDE, 1 - _INSIDE)
        common: dict[str, Any] = {"transform": ax.transAxes, "zorder": _PIN + number / 100}
        mark = Line2D(
            [part[0]],
            [part[1]],
            marker="o",
            linestyle="none",
            markersize=_WIDE * size,
            color=style["color"],
            markeredgecolor=setting("axes.facecolor"),
            markeredgewidth=1.4,
            clip_on=False,
            label="_pin",
            **common,
        )
        ax.add_line(mark)
        ax.text(
            part[0],
            part[1],
            str(number),
            ha="center",
            va="center_baseline",
            fontsize=size,
            fontweight="bold",
            color=setting("axes.facecolor"),
            **common,
        )


def draw_best(ax: Axes, result: Sensitivity) -> dict[str, Any] | None:
    """Mark the best cell with a star."""
    if result.best is None:
        return None
    x, y = result.best.values()
    style = {
        "color": "#F0A500",
        "marker": "*",
        "markeredgecolor": setting("axes.facecolor"),
        "markersize": setting("lines.markersize") * 3.2,
        "linestyle": "none",
    }
    mark = Line2D(
        [x],
        [y],
        markeredgewidth=1.2,
        zorder=_BEST,
        clip_on=False,
        label="_best",
        **style,
    )
    ax.add_line(mark)
    return style
