"""Maps on one Axes: hyperparameters, basins of attraction, learning rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine, TightLayoutEngine

from trajectories.maps.basins import Basins
from trajectories.maps.outcomes import Sensitivity
from trajectories.plotting.canvas import Size, check_room, new_figure, panels
from trajectories.plotting.header import draw_header, header_height, heading, in_points, literal
from trajectories.plotting.maps.basins import draw_basins, draw_key, key_width, shades_for
from trajectories.plotting.maps.cells import (
    draw_cells,
    draw_frontier,
    draw_scale,
    scale_width,
)
from trajectories.plotting.maps.colors import excess_of
from trajectories.plotting.maps.lost import name_lost, unreached
from trajectories.plotting.maps.pins import draw_best, draw_pins, placed
from trajectories.plotting.maps.rates import draw_rates, rates_legend
from trajectories.plotting.theme import applied
from trajectories.plotting.tracks import track_styles
from trajectories.validation import must

__all__ = ["draw_sensitivity", "legend_of", "plot_map", "plot_rates", "words_of"]

_SIZE = (800, 600)
#: What stands beside a map takes at most this part of given Axes.
_MOST_TAKEN = 0.5
_BEST, _THEORY = "best", "limit of stability"


def plot_map(
    result: Any,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    theme: str | None = None,
    pins: Sequence[Any] = (),
    scale: bool = True,
) -> Axes:
    """Plot a map: how descents ended over two hyperparameters, or where each start leads.

    Over hyperparameters the colour is the loss, or the steps that it took. What diverged or ended
    higher than it began is hatched, what did not get there in the steps is plain, a star is the
    best cell, and on a quadratic surface a dashed line is where theory says that stability ends.
    Over starts the colour is the minimum that is reached, bright if it is soon and dark if it is
    late; black is nowhere.

    Parameters
    ----------
    result : Sensitivity or Basins
        What `sensitivity` or `basins` returned; of one hyperparameter it is drawn as by
        `plot_rates`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default the only Axes of a new figure. What the colours mean takes its
        room from them.
    size : (int, int), optional
        Width and height of a new figure in pixels; type and lines grow with them. By default
        (800, 600).
    theme : str, optional
        "light", "dark", "slides", "slides-dark" or "print"; by default the light theme under all
        that you have changed in ``matplotlib.rcParams``.
    pins : sequence, optional
        Cells to be marked with numbers, over hyperparameters: each a mapping of hyperparameters,
        such as ``{"lr": 0.1, "momentum": 0.9}``, or the indices of a cell. See `plot_sensitivity`
        for their paths.
    scale : bool, default True
        Whether to draw what the colours mean, to the right of the map.

    Examples
    --------
    >>> import numpy as np
    >>> from trajectories.maps import sensitivity
    >>> rates, momenta = np.geomspace(0.01, 4, 40), np.linspace(0, 0.95, 40)
    >>> found = sensitivity("x**2/20 + y**2", "momentum", lr=rates, momentum=momenta)
    >>> plot_map(found).get_xlabel()
    'learning rate'
    """
    if not isinstance(result, (Sensitivity, Basins)):
        words = "what `sensitivity` or `basins` returns"
        raise must("result", words, result, kind=TypeError)
    if pins and (isinstance(result, Basins) or len(result.axes) == 1):
        over = "starts" if isinstance(result, Basins) else "one hyperparameter"
        raise must("pins", f"left out over {over}", pins)
    if isinstance(result, Sensitivity) and len(result.axes) == 1:
        if not scale:
            raise must("scale", "left out over one hyperparameter", scale)
        return plot_rates(result, ax=ax, size=size, theme=theme)
    check_room(ax, size)
    told: dict[str, Any] = {"size": size, "theme": theme, "scale": None if scale else False}
    with applied(theme):
        if isinstance(result, Basins):
            shades = shades_for([result])
            room = key_width(shades, result) if scale else 0.0
            if ax is None:
                ax = _new_axes(result, [], room, told)
            else:
                _take_room(ax, room)
            draw_basins(ax, result, shades).show(None)
            if scale:
                draw_key(ax, shades, result)
            draw_header(ax, words_of(result), [], [])
            return ax
        cells = placed(result, pins)
        room = scale_width() if scale else 0.0
        if ax is None:
            told["pins"] = cells or None
            ax = _new_axes(result, legend_of(result), room, told)
        else:
            _take_room(ax, room)
        draw_sensitivity(ax, result, pins, track_styles(max(len(pins), 1)), scale=scale)
    return ax


def draw_sensitivity(
    ax: Axes,
    result: Sensitivity,
    pins: Sequence[Any],
    styles: Sequence[dict[str, Any]],
    *,
    scale: bool = True,
) -> None:
    """Draw a map of two hyperparameters with all its marks and its header."""
    cells = placed(result, pins)
    mesh = draw_cells(ax, result)
    marks = {_THEORY: draw_frontier(ax, result)}
    if cells:
        draw_pins(ax, result, cells, styles)
    if result.best_index not in cells:
        marks[_BEST] = draw_best(ax, result)
    name_lost(ax, result, cells)
    if scale:
        draw_scale(ax, mesh, excess_of(result)[1])
    drawn = {label: style for label, style in marks.items() if style is not None}
    drawn |= unreached(result)
    draw_header(ax, words_of(result), list(drawn), list(drawn.values()))


def legend_of(result: Sensitivity) -> list[str]:
    """Return the entries that the legend of a map may have."""
    theory = [] if result.frontier is None else [_THEORY]
    return [*theory, _BEST, *unreached(result)]


def plot_rates(
    results: Any,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    theme: str | None = None,
    **kwargs: Any,
) -> Axes:
    """Plot the loss against the learning rate, or another hyperparameter, for several optimizers.

    A ring is where an optimizer stands with the value that it was given: with its default, unless
    it was told another; a cross at the upper edge tells that it diverges with it, and an arrow
    that its loss lies higher. A curve ends where descents diverge or end higher than they began;
    a dotted line is where theory says that stability ends.

    Parameters
    ----------
    results : Sensitivity or iterable of Sensitivity
        What `compare_rates` returned, or `sensitivity` for one hyperparameter: the same for all,
        on one surface.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default the only Axes of a new figure.
    size, theme : optional
        As for `plot_map`.
    **kwargs
        Passed on to the curves (`matplotlib.lines.Line2D`).

    Examples
    --------
    >>> from trajectories.maps import compare_rates
    >>> ax = plot_rates(compare_rates("x**2/20 + y**2", ["sgd", "momentum", "adam"]))
    >>> ax.get_xscale(), ax.get_yscale()
    ('log', 'log')
    """
    curves = list(results) if isinstance(results, Iterable) else [results]
    if not curves or not all(isinstance(one, Sensitivity) for one in curves):
        words = "what `sensitivity` or `compare_rates` returns"
        raise must("results", words, results, kind=TypeError)
    first = curves[0]
    for one in curves:
        if list(one.axes) != list(first.axes) or len(one.axes) != 1:
            raise must(
                "results", "of the same single hyperparameter", [list(o.axes) for o in curves]
            )
        if one.surface != first.surface or one.measure != first.measure:
            raise must("results", "of one measure on one surface", [repr(o) for o in curves])
    check_room(ax, size)
    with applied(theme):
        legend = rates_legend(curves)
        labels = [*(one.label for one in curves), *legend]
        if ax is None:
            figure = new_figure(size or _SIZE)
            told = {"theme": theme, "size": size, **kwargs}
            figure.remember(curves, kind="plot_rates", settings=told)
            (ax,) = panels(figure, 1, 1, labels)
        styles = track_styles(len(curves), **kwargs)
        draw_rates(ax, curves, styles)
        title = words_of(first, named=len(curves) == 1)
        draw_header(ax, title, labels, [*styles, *legend.values()])
    return ax


def words_of(result: Sensitivity | Basins, *, named: bool = True) -> list[str]:
    """Return what may stand over a map, the best first."""
    surface = result.surface
    words = heading(surface.name, surface.formula, surface.latex)
    return [f"{literal(result.label)} on {text}" for text in words] if named else words


def _new_axes(result: Any, labels: Sequence[str], room: float, told: Mapping[str, Any]) -> Axes:
    """Return the only Axes of a new figure for a map, with so many points left free beside it."""
    figure = new_figure(told["size"] or _SIZE)
    figure.remember([result], kind="plot_map", settings=told)
    (ax,) = panels(figure, 1, 1, labels)
    if room:
        width, height = in_points(figure)
        box = ax.get_position()
        narrow = box.width - room / width
        # A legend may need another line now.
        top = 1 - header_height(labels, narrow * width) / height
        ax.set_position((box.x0, box.y0, narrow, top - box.y0))
    return ax


def _take_room(ax: Axes, room: float) -> None:
    """Make given Axes narrower, so that what stands beside a map of theirs has so many points."""
    engine = ax.figure.get_layout_engine()
    if not room or isinstance(engine, (ConstrainedLayoutEngine, TightLayoutEngine)):
        return  # Such a layout makes room when it is drawn.
    part = 1 - min(room / in_points(ax)[0], _MOST_TAKEN)
    spec = ax.get_subplotspec()
    if spec is not None and ax.get_in_layout():
        ax.set_subplotspec(spec.subgridspec(1, 2, wspace=0, width_ratios=(part, 1 - part))[0])
    else:
        box = ax.get_position()
        ax.set_position((box.x0, box.y0, part * box.width, box.height))
