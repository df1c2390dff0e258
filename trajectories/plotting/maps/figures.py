"""A map of hyperparameters as a whole figure: with the paths of chosen cells beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from trajectories.maps.basins import Basins
from trajectories.maps.outcomes import Sensitivity
from trajectories.plotting.canvas import Size, new_figure
from trajectories.plotting.header import (
    draw_header,
    fitted,
    header_height,
    in_points,
    points,
)
from trajectories.plotting.maps.axes import draw_sensitivity, legend_of, words_of
from trajectories.plotting.maps.basins import draw_basins, draw_key, key_width, shades_for
from trajectories.plotting.maps.cells import scale_width
from trajectories.plotting.maps.pins import chosen_pins, placed
from trajectories.plotting.panel import draw_ground, draw_minima, draw_paths
from trajectories.plotting.relief import make_relief
from trajectories.plotting.scene import Scene
from trajectories.plotting.theme import Theme, applied
from trajectories.plotting.tracks import track_styles
from trajectories.plotting.view import Limits, view
from trajectories.validation import must

__all__ = ["draw_beside", "plot_sensitivity"]

_MOST_PINS = 6


def plot_sensitivity(
    result: Sensitivity,
    *,
    pins: Sequence[Any] | None = None,
    size: Size | None = None,
    theme: str | None = None,
) -> Figure:
    """Draw a map of two hyperparameters, and beside it the paths of some of its cells.

    Parameters
    ----------
    result : Sensitivity
        What `sensitivity` returned for two hyperparameters.
    pins : sequence, optional
        At most six cells, as for `plot_map`; by default the best, the settings as they were given,
        one that is lost, and one that is slow.
    size : (int, int), optional
        Width and height in pixels; type and lines grow with them. By default (1280, 600).
    theme : str, optional
        As for `plot_map`.

    Examples
    --------
    >>> import numpy as np
    >>> from trajectories.maps import sensitivity
    >>> rates, momenta = np.geomspace(0.01, 4, 40), np.linspace(0, 0.95, 40)
    >>> found = sensitivity("x**2/20 + y**2", "momentum", lr=rates, momentum=momenta)
    >>> plot_sensitivity(found).savefig("map.png")  # doctest: +SKIP
    """
    if not isinstance(result, Sensitivity) or len(result.axes) != 2:
        words = "what `sensitivity` returns for two hyperparameters"
        raise must("result", words, result, kind=TypeError)
    cells = chosen_pins(result) if pins is None else placed(result, pins)
    if not 1 <= len(cells) <= _MOST_PINS:
        raise must("pins", f"from 1 to {_MOST_PINS}", pins)
    with applied(theme) as chosen:
        figure = new_figure(size or (1280, 600), (1280, 600))
        told = {"pins": None if pins is None else cells, "size": size, "theme": theme}
        figure.remember([result], kind="plot_sensitivity", settings=told)
        styles = track_styles(len(cells))
        left, *right = _map_and_panels(figure, len(cells), legend_of(result), scale_width())
        draw_sensitivity(left, result, cells, styles)
        paths = [result.trajectory(*cell) for cell in cells]
        aspect = right[0].bbox.width / right[0].bbox.height
        # A lost path does not choose the view: it leaves it.
        kept = [path for path, cell in zip(paths, cells, strict=True) if not result.lost[cell]]
        scene = Scene.of(paths, limits=view(result.surface, kept or paths, aspect=aspect))
        for i, (ax, cell) in enumerate(zip(right, cells, strict=True)):
            values = ", ".join(f"{name} {value:.2g}" for name, value in result.at(cell).items())
            how: dict[str, Any] = {"legend": False, "caption": False, "title": " "}
            for mover in draw_paths(ax, scene.only(i), chosen, [styles[i]], **how):
                mover.show(scene.steps)
            bare = ", ".join(f"{value:.2g}" for value in result.at(cell).values())
            title = [f"{i + 1}:  {values}", f"{i + 1}:  ({bare})"]
            words, fit = fitted(title, in_points(ax)[0], points("axes.labelsize"), figure)
            ax.set_title(words, loc="left", fontsize=fit, pad=5, color=styles[i]["color"])
            ax.set_xlabel("")
            ax.set_ylabel("")
            for axis in (ax.xaxis, ax.yaxis):
                axis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    return figure


def _map_and_panels(figure: Figure, count: int, labels: Sequence[str], scale: float) -> list[Axes]:
    """Return Axes for a map with its scale, and beside it for so many paths."""
    width, height = in_points(figure)
    tick, label = points("xtick.labelsize"), points("axes.labelsize")
    left, bottom = 3.4 * tick + 1.6 * label, 1.9 * tick + 1.6 * label
    share = 0.44 if count > 3 else 0.52
    wide = share * (width - left)
    above = header_height(labels, wide)
    ax = figure.add_axes(
        (left / width, bottom / height, wide / width, 1 - (above + bottom) / height)
    )
    begin = left + wide + scale + 2.4 * tick
    columns = 2 if count > 3 else 1
    rows = math.ceil(count / columns)
    gap, between = 3.2 * tick, 1.6 * tick + 2.2 * label
    across = (width - begin - 1.2 * tick - gap * (columns - 1)) / columns
    top = 2.0 * label
    tall = (height - top - 1.9 * tick - between * (rows - 1)) / rows
    axes = [ax]
    for i in range(count):
        row, column = divmod(i, columns)
        x = begin + column * (across + gap)
        y = height - top - tall - row * (tall + between)
        axes.append(figure.add_axes((x / width, y / height, across / width, tall / height)))
    return axes


def draw_beside(figure: Figure, result: Any, theme: Theme) -> tuple[Axes, Axes, Limits]:
    """Draw a map, and beside it a panel for the path of any of its cells."""
    starts = isinstance(result, Basins)
    surface = result.surface
    if starts:
        shades = shades_for([result])
        left, right = _map_and_panels(figure, 1, [], key_width(shades, result))
        draw_basins(left, result, shades).show(None)
        draw_key(left, shades, result)
        draw_header(left, words_of(result), [], [])
        limits = result.limits
    else:
        left, right = _map_and_panels(figure, 1, legend_of(result), scale_width())
        draw_sensitivity(left, result, [], [])
        cells = [cell for cell in chosen_pins(result) if not result.lost[cell]]
        kept = [result.trajectory(*cell) for cell in cells] or [result.baseline]
        limits = view(surface, kept, aspect=right.bbox.width / right.bbox.height)
    draw_ground(right, make_relief(surface, limits), limits, theme)
    draw_minima(right, surface.minima)
    right.set_xlabel("")
    right.set_ylabel("")
    right.set_title("the path of the cell", loc="left", fontsize=points("axes.labelsize"), pad=5)
    return left, right, limits
