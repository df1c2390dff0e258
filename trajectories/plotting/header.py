"""The words above a plot: heading, legend and step counter, fitted to its width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from trajectories.plotting.lettering import (
    ascent,
    fitted,
    fitted_alike,
    in_points,
    literal,
    points,
    shortened,
    text_size,
)
from trajectories.plotting.theme import setting

__all__ = [
    "draw_header",
    "draw_legend",
    "draw_legend_inside",
    "fitted",
    "fitted_alike",
    "header_height",
    "header_top",
    "heading",
    "in_points",
    "literal",
    "points",
    "text_size",
]

_LEGEND_LINE = 1.55
#: How much wider words may become when they are fitted to pixels.
_HINTED = 1.04
_GAP = 6.0


def heading(name: str, formula: str, latex: str) -> list[str]:
    """Return the words that may stand over a plot of a surface, the best first."""
    set_formula = f"$f(x, y) = {latex}$"
    if name == formula:
        return [set_formula, f"${latex}$", formula]
    called = literal(name.replace("_", " "))
    called = called[:1].upper() + called[1:]
    if not formula:
        return [called]
    return [f"{called}:  {set_formula}", set_formula, called]


def _ems() -> dict[str, float]:
    """Return the widths of a legend's parts beside the words, in points."""
    keys = ("handlelength", "handletextpad", "columnspacing", "borderaxespad")
    return {key: setting(f"legend.{key}") * points("legend.fontsize") for key in keys}


def _entries(labels: Sequence[str], width: float) -> list[str]:
    """Return labels as a legend of a width in points writes them: none is too long for a line."""
    em = _ems()
    room = (width - em["handlelength"] - em["handletextpad"] - em["borderaxespad"]) / _HINTED
    return [shortened(literal(label), room, points("legend.fontsize")) for label in labels]


def _legend_columns(labels: Sequence[str], width: float) -> int:
    """Return how many entries of a legend fit beside each other in a width in points."""
    if not labels:
        return 1
    em = _ems()
    edge = em.pop("borderaxespad")
    size = points("legend.fontsize")
    widths = [text_size(entry, size)[0] for entry in _entries(labels, width)]
    for columns in range(len(labels), 1, -1):
        # As Matplotlib fills them: the first ones have one more where they are not alike.
        widest = [max(part.tolist()) for part in np.array_split(np.array(widths), columns)]
        needed = _HINTED * sum(widest) + columns * sum(em.values()) - em["columnspacing"]
        if needed + edge <= width:
            return columns
    return 1


def _lift(labels: Sequence[str], width: float) -> float:
    """Return how high above the panel the heading's line is, in points."""
    rows = -(-len(labels) // _legend_columns(labels, width))
    return rows * _LEGEND_LINE * points("legend.fontsize") + _GAP


def header_height(labels: Sequence[str], width: float) -> float:
    """Return the height of a header with a legend of these labels, in points."""
    return 1.5 * points("axes.titlesize") + _lift(labels, width)


def header_top(words: Sequence[str], labels: Sequence[str], width: float, figure: Any) -> float:
    """Return how far a header reaches above its panel, without any air, in points."""
    text, size = fitted(words, width, points("axes.titlesize"), figure)
    return _lift(labels, width) + ascent(text, size)


def draw_header(
    ax: Axes,
    words: Sequence[str],
    labels: Sequence[str],
    styles: Sequence[dict[str, Any]],
    *,
    room: float | None = None,
    beside: float = 0.0,
) -> float:
    """Write the heading and the legend above an Axes, where no path can be."""
    width = in_points(ax)[0] if room is None else room
    if labels:
        draw_legend(ax, labels, styles, width)
    lift = _lift(labels, width)
    text, title_size = fitted(words, width - beside, points("axes.titlesize"), ax.figure)
    # With y given, Matplotlib does not measure the whole Axes to place its title.
    family = setting("font.family")
    ax.set_title(text, loc="left", pad=lift, fontsize=title_size, y=1.0, fontfamily=family)
    return lift


def draw_legend(
    ax: Axes,
    labels: Sequence[str],
    styles: Sequence[dict[str, Any]],
    width: float,
    lift: float = 0.0,
) -> None:
    """Write a legend above an Axes, in as many columns as there is room for."""
    up = lift / in_points(ax)[1] if lift else 0.0
    ax.legend(
        _handles(styles),
        _entries(labels, width),
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0 + up),
        ncols=_legend_columns(labels, width),
        borderpad=0.0,
    )


def draw_legend_inside(
    ax: Axes, labels: Sequence[str], styles: Sequence[dict[str, Any]], zorder: float
) -> None:
    """Put the legend into an Axes that has no room above, where it covers least."""
    small = points("xtick.labelsize")
    legend = ax.legend(
        _handles(styles),
        _entries(labels, in_points(ax)[0]),
        loc="best",
        fontsize=small,
        frameon=True,
        framealpha=0.85,
        facecolor=setting("axes.facecolor"),
        edgecolor="none",
        labelcolor=setting("text.color"),
    )
    legend.set_zorder(zorder)


def _handles(styles: Sequence[dict[str, Any]]) -> list[Line2D]:
    """Return short lines that look like the tracks."""
    edge = setting("axes.facecolor")
    larger = setting("lines.markersize") * 1.4
    around = {"markeredgecolor": edge, "markeredgewidth": 0.5, "markersize": larger}
    return [Line2D([], [], **{**around, **style}) for style in styles]
