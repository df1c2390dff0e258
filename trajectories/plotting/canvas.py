"""The canvas: figures of so many pixels, and panels whose margins are measured from the type."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from trajectories.plotting.header import header_height, in_points, points
from trajectories.plotting.recipes.figure import RecipeFigure
from trajectories.validation import must

__all__ = ["MIN_SIDE", "Size", "check_panels", "check_room", "checked_size", "new_figure", "panels"]

Size = tuple[int, int]

_DPI = 100.0
#: Where type is smaller than a pixel or two there is nothing to be drawn.
_LEAST_DPI = 7.0
MIN_SIDE, _MAX_SIDE = 100, 8192
#: The least side of a panel, in points.
_MIN_PANEL = 24.0


def new_figure(size: Size, reference: Size = (800, 600)) -> RecipeFigure:
    """Make a figure of so many pixels, without pyplot."""
    width, height = checked_size(size)
    dpi = _DPI * math.sqrt(width * height / (reference[0] * reference[1]))
    if dpi < _LEAST_DPI:
        raise must("size", "large enough for the panels and their type", size)
    # A millionth of a pixel more, as Matplotlib cuts the fraction off.
    inches = (width + 1e-6) / dpi, (height + 1e-6) / dpi
    engine: Any = "none"  # Whatever the user has set: panels are placed by measure.
    figure = RecipeFigure(figsize=inches, dpi=dpi, layout=engine)
    FigureCanvasAgg(figure)
    return figure


def checked_size(size: Any) -> Size:
    """Return a size in pixels, if it is one."""
    try:
        width, height = size
        good = int(width) == width and int(height) == height
        good = good and MIN_SIDE <= width <= _MAX_SIDE and MIN_SIDE <= height <= _MAX_SIDE
    except (TypeError, ValueError, OverflowError):
        good = False
    if not good:
        raise must("size", f"(width, height) in pixels, each from {MIN_SIDE} to {_MAX_SIDE}", size)
    return int(width), int(height)


def check_room(ax: Any, size: Any) -> None:
    """Raise a `ValueError` if a size is asked for where there are Axes already."""
    if ax is not None and size is not None:
        raise must("size", "left out if `ax` is given", size)


def check_panels(figure: Figure, width: float, height: float) -> None:
    """Raise a `ValueError` if panels are too small to show anything."""
    if min(width, height) < _MIN_PANEL:
        pixels = tuple(round(float(side)) for side in figure.bbox.size)
        raise must("size", "large enough for the panels and their type", pixels)


def panels(
    figure: Figure,
    rows: int,
    columns: int,
    labels: Sequence[str],
    *,
    widths: Sequence[float] | None = None,
    top: float = 0.0,
    kind: type[Axes] | None = None,
) -> list[Axes]:
    """Add panels whose margins are measured from the type's sizes, before anything is drawn."""
    width, height = in_points(figure)
    tick, label = points("xtick.labelsize"), points("axes.labelsize")
    left = 4.2 * tick + 1.5 * label
    bottom = 1.9 * tick + 1.6 * label
    right = 1.6 * tick
    if kind is not None:
        left, bottom = right, 0.4 * right
    weights = widths or [1.0] * columns
    gap = 2.6 * tick if columns > 1 and not widths else left + 0.8 * tick
    inner = width - left - right - gap * (columns - 1)
    above = top + header_height(labels, width - left - right)
    between = header_height([], inner) + 1.4 * tick
    tall = (height - above - bottom - between * (rows - 1)) / rows
    check_panels(figure, inner / columns, tall)
    axes = figure.subplots(
        rows,
        columns,
        squeeze=False,
        subplot_kw={} if kind is None else {"axes_class": kind},
        gridspec_kw={
            "left": left / width,
            "right": 1 - right / width,
            "bottom": bottom / height,
            "top": 1 - above / height,
            "wspace": gap * columns / inner,
            "hspace": between / tall,
            "width_ratios": weights,
        },
    )
    return list(axes.ravel())
