"""Basins of attraction of several optimizers, side by side in the same colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from trajectories.maps.basins import Basins
from trajectories.plotting.canvas import Size, check_panels, new_figure
from trajectories.plotting.counter import counter_width
from trajectories.plotting.header import fitted_alike, heading, in_points, literal, points
from trajectories.plotting.maps.basins import Forming, draw_basins, draw_key, key_width, shades_for
from trajectories.plotting.over import write_over
from trajectories.plotting.recipes.figure import RecipeFigure
from trajectories.plotting.theme import applied
from trajectories.validation import must

__all__ = ["basins_picture", "basins_size", "checked_basins", "plot_basins"]

#: There is room for a counter up to so many.
_STEPS = 9999


def plot_basins(results: Any, *, size: Size | None = None, theme: str | None = None) -> Figure:
    """Draw the basins of attraction of several optimizers side by side, in the same colours.

    Parameters
    ----------
    results : Basins or iterable of Basins
        What `basins` returned, on one surface, with the same limits and minima.
    size : (int, int), optional
        Width and height in pixels; type grows with them. By default as many as let panels be
        square.
    theme : str, optional
        As for `plot_map`.

    Examples
    --------
    >>> from trajectories.maps import basins
    >>> several = [basins("himmelblau", rule, resolution=60) for rule in ("sgd:0.01", "adam:0.1")]
    >>> plot_basins(several).savefig("basins.png")  # doctest: +SKIP
    """
    several = checked_basins(results)
    with applied(theme):
        figure, parts = basins_picture(several, size)
        figure.remember(several, kind="plot_basins", settings={"size": size, "theme": theme})
        for part in parts:
            part.show(None)
    return figure


def checked_basins(results: Any) -> list[Basins]:
    """Return maps of basins as a list, and make sure that they go together."""
    several = [results] if isinstance(results, Basins) else list(results)
    if not several or not all(isinstance(one, Basins) for one in several):
        raise must("results", "what `basins` returns", results, kind=TypeError)
    first = several[0]
    for one in several:
        if one.surface != first.surface or one.limits != first.limits:
            raise must("results", "on one surface, in the same limits", [repr(o) for o in several])
        if not np.array_equal(one.minima, first.minima):
            raise must("results", "with the same minima", [len(o.minima) for o in several])
    return several


def basins_picture(
    results: Sequence[Basins], size: Size | None = None
) -> tuple[RecipeFigure, list[Forming]]:
    """Lay out a panel for each map of basins, and a key for all; return the moving parts."""
    count = len(results)
    columns = count if count <= 3 else math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    reference = basins_size(results)
    figure = new_figure(size or reference, reference)
    shades = shades_for(results)
    key = key_width(shades, results[0])
    width, height = in_points(figure)
    kinds = ("xtick.label", "axes.label", "axes.title")
    tick, caption, title = (points(f"{kind}size") for kind in kinds)
    left, bottom, gap = 2.6 * tick + 1.4 * caption, 1.6 * tick + 1.5 * caption, 1.1 * tick
    above = 3.1 * title + 0.6 * tick
    between = 1.6 * title
    across = (width - left - key - 1.2 * tick - gap * (columns - 1)) / columns
    tall = (height - above - bottom - between * (rows - 1)) / rows
    check_panels(figure, across, tall)
    titles, fit = fitted_alike([_titles(one) for one in results], across, 0.92 * title, figure)
    parts = []
    for i, one in enumerate(results):
        row, column = divmod(i, columns)
        x, y = left + column * (across + gap), height - above - tall - row * (tall + between)
        box = (x / width, y / height, across / width, tall / height)
        ax = figure.add_axes(box)
        parts.append(draw_basins(ax, one, shades))
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], prune="both"))
        ax.set_title(titles[i], loc="left", fontsize=fit, y=1.0, pad=0.4 * title)
        if column:
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
        if i + columns < count:
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
        if row == 0 and column == columns - 1:
            missing = any((other.minimum < 0).any() for other in results)
            draw_key(ax, shades, one, missing=missing)
    surface = results[0].surface
    # A moving picture counts its steps at the end of this line.
    room = columns * (across + gap) - gap - counter_width(_STEPS) - title
    words = heading(surface.name, surface.formula, surface.latex)
    write_over(figure, words, left / width, drop=1.45 * title, room=room, size=1.1 * title)
    return figure, parts


def _titles(result: Basins) -> list[str]:
    """Return what may stand above a map, the longest first."""
    reached = result.shares[: len(result.surface.minima)].sum()
    label = literal(result.label)
    return [f"{label}:  {reached:.0%} at a global minimum", f"{label}:  {reached:.0%}", label]


def basins_size(results: Sequence[Basins]) -> Size:
    """Return the default size of a figure of so many maps."""
    count = len(results)
    columns = count if count <= 3 else math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    if count == 1:
        return (800, 640)
    return (180 + 400 * columns, 150 + 370 * rows)
