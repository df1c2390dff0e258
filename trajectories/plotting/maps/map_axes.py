"""Axes of maps: sensitivity, learning rates, the theory of stability."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine, TightLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from trajectories.checks import must
from trajectories.maps.basins import Basins
from trajectories.maps.sensitivity import Sensitivity
from trajectories.plotting.canvas import Size, check_room, new_figure, panels
from trajectories.plotting.maps.map_cells import (
    cells_of,
    default_cells,
    draw_best,
    draw_cells,
    draw_markers,
    draw_scale,
    draw_stability_limit,
    drawn_values,
    label_hatching,
    mark_axis,
    mark_logarithmic,
    scale_width,
    unfinished_style,
)
from trajectories.plotting.maps.map_figures import (
    basin_colors_for,
    draw_basins,
    draw_key,
    draw_still_paths,
    key_width,
)
from trajectories.plotting.panels import draw_ground, draw_minima, style_ticks
from trajectories.plotting.recipes.recipe import result_picture
from trajectories.plotting.scene import Limits, Scene, Style, make_contour_grid, track_styles, view
from trajectories.plotting.text import (
    draw_header,
    fitted,
    header_height,
    heading,
    in_points,
    literal,
    points,
)
from trajectories.plotting.theme import Theme, applied, setting

_LIMIT, _CURVE, _RING = 2.0, 3.0, 5.0
#: The lowest loss of a curve, relative to the highest.
_DYNAMIC = 1e-12
#: Markers along a curve.
_MARKERS = 12
#: Size of a ring, and of each further one around it, in sizes of markers.
_RING_WIDTH, _RING_STEP = 2.4, 1.5
#: Markers of an optimizer with its given value: at its loss, at the upper edge if that is higher,
#: and there too if it diverged.
_AT_LOSS, _ABOVE_SCALE, _DIVERGED = "o", "^", "X"
_GIVEN = {_AT_LOSS: "as given", _ABOVE_SCALE: "above the scale", _DIVERGED: "diverged"}
_THEORY_DASH = ":"


@dataclass(frozen=True)
class _GivenMark:
    """The mark of an optimizer at its given value; its height is NaN at the edge."""

    value: float
    height: float
    marker: str

    @property
    def position(self) -> tuple[float, str | float]:
        """Return what marks over each other have in common."""
        return self.value, self.height if self.marker == _AT_LOSS else self.marker


class _Frame(NamedTuple):
    """The limits of the hyperparameter and the loss, and the scale of the loss."""

    left: float
    right: float
    low: float
    high: float
    logarithmic: bool


def _draw_rates(ax: Axes, curves: Sequence[Sensitivity], styles: Sequence[Style]) -> None:
    """Draw curves of losses, and mark each optimizer at its given value."""
    first = curves[0]
    ((name, ticks),) = first.axes.items()
    style_ticks(ax)
    mark_axis(ax, "x", name, ticks)
    frame = _frame(curves)
    ax.set_xlim(frame.left, frame.right)
    ax.set_ylabel(drawn_values(first)[1])
    if frame.logarithmic:
        ax.set_yscale("log", nonpositive="clip")
        mark_logarithmic(ax.yaxis, 8)
    ax.set_ylim(frame.low, frame.high)
    ax.grid(axis="y", zorder=0)
    paper = setting("axes.facecolor")
    for one, style in zip(curves, styles, strict=True):
        values = drawn_values(one)[0]
        about = {
            "markevery": max(len(values) // _MARKERS, 1),
            "markeredgecolor": paper,
            "markeredgewidth": 0.5,
            "zorder": _CURVE,
            **style,
        }
        drawn = np.maximum(values, 2 * frame.low) if frame.logarithmic else values
        ax.add_line(Line2D(one.axes[name], drawn, **about))
        if (limit := _limit(one, frame)) is not None:
            color = style["color"]
            ax.axvline(limit, color=color, linestyle=_THEORY_DASH, zorder=_LIMIT, label="_limit")
    marks = [(_given_mark(one, frame), s["color"]) for one, s in zip(curves, styles, strict=True)]
    _draw_given(ax, [(mark, color) for mark, color in marks if mark is not None])


def _rates_legend(curves: Sequence[Sensitivity]) -> dict[str, Style]:
    """Return the legend of the marks: label and style of each."""
    ink, frame = setting("text.color"), _frame(curves)
    marks = [_given_mark(one, frame) for one in curves]
    drawn = {_AT_LOSS, *(mark.marker for mark in marks if mark is not None)}
    legend = {_GIVEN[marker]: _given_style(ink, marker) for marker in _GIVEN if marker in drawn}
    if any(_limit(one, frame) is not None for one in curves):
        legend["limit of stability"] = {"color": ink, "linestyle": _THEORY_DASH, "marker": ""}
    return legend


def _draw_given(ax: Axes, marks: Sequence[tuple[_GivenMark, Any]]) -> None:
    """Draw marks at the given values, at one position the later ones inside the others."""
    size = setting("lines.markersize")
    for number, (mark, color) in enumerate(marks):
        same = [other.position == mark.position for other, _ in marks]
        diameter = (_RING_WIDTH + _RING_STEP * sum(same[number + 1 :])) * size
        at_edge: dict[str, Any] = {}
        height = mark.height
        if mark.marker != _AT_LOSS:
            largest = (_RING_WIDTH + _RING_STEP * (sum(same) - 1)) * size
            height = 1 - largest / 2 / in_points(ax)[1]
            at_edge["transform"] = ax.get_xaxis_transform()
        ax.add_line(
            Line2D(
                [mark.value],
                [height],
                markersize=diameter,
                zorder=_RING + number / 100,
                clip_on=False,
                label="_given",
                **at_edge,
                **_given_style(color, mark.marker),
            )
        )


def _given_style(color: Any, marker: str) -> Style:
    """Return the style of a mark at a given value."""
    return {
        "color": color,
        "marker": marker,
        "linestyle": "none",
        "markerfacecolor": setting("axes.facecolor"),
        "markeredgecolor": color,
        "markeredgewidth": 0.5 * setting("lines.markersize"),
    }


def _frame(curves: Sequence[Sensitivity]) -> _Frame:
    """Return the limits of the Axes of curves."""
    first = curves[0]
    ends = [values[[0, -1]] for one in curves for values in one.axes.values()]
    left, right = float(np.min(ends)), float(np.max(ends))
    known = np.concatenate([drawn_values(one)[0] for one in curves])
    known = known[np.isfinite(known)]
    if (first.surface.floor is not None or first.measure == "steps") and (known > 0).any():
        top = float(known.max())
        bottom = max(float(known[known > 0].min()), _DYNAMIC * top) / 2
        return _Frame(left, right, bottom, 10 * top, True)
    if not known.size:
        return _Frame(left, right, 0.0, 1.0, False)
    low, high = float(known.min()), float(known.max())
    margin = 0.05 * (high - low) or 0.5
    return _Frame(left, right, low - margin, high + margin, False)


def _limit(one: Sensitivity, frame: _Frame) -> float | None:
    """Return the limit of stability; None if it is unknown or outside the Axes."""
    limit = one.stability_limit
    return float(limit) if limit is not None and frame.left <= limit <= frame.right else None


def _given_mark(one: Sensitivity, frame: _Frame) -> _GivenMark | None:
    """Return the mark of an optimizer at its given value; None if it has none."""
    ((name, _),) = one.axes.items()
    value, path = getattr(one.optimizer, name), one.baseline
    if not isinstance(value, float) or not frame.left <= value <= frame.right:
        return None  # A schedule has no position on the axis.
    if one.measure == "steps":
        reached = int(path.converged_at)
        return _GivenMark(value, float(reached), _AT_LOSS) if reached >= 0 else None
    loss = float(path.values[-1]) - (one.surface.floor or 0.0)
    if path.status == "diverged" or not np.isfinite(loss):
        return _GivenMark(value, np.nan, _DIVERGED)
    if loss > frame.high:
        return _GivenMark(value, np.nan, _ABOVE_SCALE)
    return _GivenMark(value, max(loss, frame.low), _AT_LOSS)


_SIZE = (800, 600)
#: A scale or key takes at most this part of given Axes.
_MOST_NARROWED = 0.5
_BEST, _THEORY = "best", "limit of stability"


@result_picture(page=True)
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

    Over hyperparameters the colour is the loss, or the number of steps. Cells that diverged or
    ended higher than they began are hatched, unfinished ones are plain, a star marks the
    best cell, and on a quadratic surface a dashed line is the limit of stability in theory. Over
    starts the colour is the minimum of the path, bright if it is reached soon and dark if late;
    black cells reach no minimum.

    Parameters
    ----------
    result : Sensitivity or Basins
        The result of `sensitivity` or `basins`; over one hyperparameter it is drawn as by
        `plot_rates`.
    ax : matplotlib.axes.Axes, optional
        The Axes to draw in; by default the only Axes of a new figure. The scale of colours takes
        its room from them.
    size : (int, int), optional
        Width and height of a new figure in pixels; type and lines grow with them. By default
        (800, 600).
    theme : str, optional
        "light", "dark", "slides", "slides-dark" or "print"; by default the light theme under your
        changes in ``matplotlib.rcParams``.
    pins : sequence, optional
        Cells to mark with numbers, over hyperparameters: each a mapping of hyperparameters, such
        as ``{"lr": 0.1, "momentum": 0.9}``, or the indices of a cell. `plot_sensitivity` draws
        their paths.
    scale : bool, default True
        Whether to draw the scale of colours, to the right of the map.

    Examples
    --------
    >>> import numpy as np
    >>> from trajectories import sensitivity
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
    settings: dict[str, Any] = {"size": size, "theme": theme, "scale": None if scale else False}
    with applied(theme):
        if isinstance(result, Basins):
            basin_colors = basin_colors_for([result])
            room = key_width(basin_colors, result) if scale else 0.0
            if ax is None:
                ax = _new_axes(result, [], room, settings)
            else:
                _narrow(ax, room)
            draw_basins(ax, result, basin_colors).show(None)
            if scale:
                draw_key(ax, basin_colors, result)
            draw_header(ax, _titles(result), [], [])
            return ax
        cells = cells_of(result, pins)
        room = scale_width() if scale else 0.0
        if ax is None:
            settings["pins"] = cells or None
            ax = _new_axes(result, _legend_labels(result), room, settings)
        else:
            _narrow(ax, room)
        _draw_sensitivity(ax, result, pins, track_styles(max(len(pins), 1)), scale=scale)
    return ax


def _draw_sensitivity(
    ax: Axes,
    result: Sensitivity,
    pins: Sequence[Any],
    styles: Sequence[dict[str, Any]],
    *,
    scale: bool = True,
) -> None:
    """Draw a map of two hyperparameters with all its marks and its header."""
    cells = cells_of(result, pins)
    mesh = draw_cells(ax, result)
    marks = {_THEORY: draw_stability_limit(ax, result)}
    if cells:
        draw_markers(ax, result, cells, styles)
    if result.best_index not in cells:
        marks[_BEST] = draw_best(ax, result)
    label_hatching(ax, result, cells)
    if scale:
        draw_scale(ax, mesh, drawn_values(result)[1])
    drawn = {label: style for label, style in marks.items() if style is not None}
    drawn |= unfinished_style(result)
    draw_header(ax, _titles(result), list(drawn), list(drawn.values()))


def _legend_labels(result: Sensitivity) -> list[str]:
    """Return the possible entries of the legend of a map."""
    theory = [] if result.stability_limit is None else [_THEORY]
    return [*theory, _BEST, *unfinished_style(result)]


@result_picture(several=True, lines=True)
def plot_rates(
    results: Any,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    theme: str | None = None,
    **kwargs: Any,
) -> Axes:
    """Plot the loss against the learning rate, or another hyperparameter, for several optimizers.

    A ring marks the given value of an optimizer, by default that of its class; at the upper edge
    a cross means that it diverges, and an arrow that its loss is higher. A curve ends where
    descents diverge or end higher than they began; a dotted line is the limit of stability in
    theory.

    Parameters
    ----------
    results : Sensitivity or iterable of Sensitivity
        The result of `compare_rates`, or of `sensitivity` for one hyperparameter: the same for
        all, on one surface.
    ax : matplotlib.axes.Axes, optional
        The Axes to draw in; by default the only Axes of a new figure.
    size, theme : optional
        As for `plot_map`.
    **kwargs
        Passed on to the curves (`matplotlib.lines.Line2D`).

    Examples
    --------
    >>> from trajectories import compare_rates
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
        legend = _rates_legend(curves)
        labels = [*(one.label for one in curves), *legend]
        if ax is None:
            figure = new_figure(size or _SIZE)
            settings = {"theme": theme, "size": size, **kwargs}
            figure.remember(curves, kind="plot_rates", settings=settings)
            (ax,) = panels(figure, 1, 1, labels)
        styles = track_styles(len(curves), **kwargs)
        _draw_rates(ax, curves, styles)
        title = _titles(first, named=len(curves) == 1)
        draw_header(ax, title, labels, [*styles, *legend.values()])
    return ax


def _titles(result: Sensitivity | Basins, *, named: bool = True) -> list[str]:
    """Return possible titles of a map, the best first."""
    surface = result.surface
    words = heading(surface.name, surface.formula, surface.latex)
    return [f"{literal(result.label)} on {text}" for text in words] if named else words


def _new_axes(result: Any, labels: Sequence[str], room: float, settings: Mapping[str, Any]) -> Axes:
    """Return the only Axes of a new figure for a map, with so many points free beside it."""
    figure = new_figure(settings["size"] or _SIZE)
    figure.remember([result], kind="plot_map", settings=settings)
    (ax,) = panels(figure, 1, 1, labels)
    if room:
        width, height = in_points(figure)
        box = ax.get_position()
        narrow = box.width - room / width
        # The legend may need another line.
        top = 1 - header_height(labels, narrow * width) / height
        ax.set_position((box.x0, box.y0, narrow, top - box.y0))
    return ax


def _narrow(ax: Axes, room: float) -> None:
    """Make given Axes narrower by so many points, for a scale or key beside the map."""
    engine = ax.figure.get_layout_engine()
    if not room or isinstance(engine, (ConstrainedLayoutEngine, TightLayoutEngine)):
        return  # The layout itself makes room.
    share = 1 - min(room / in_points(ax)[0], _MOST_NARROWED)
    spec = ax.get_subplotspec()
    if spec is not None and ax.get_in_layout():
        ax.set_subplotspec(spec.subgridspec(1, 2, wspace=0, width_ratios=(share, 1 - share))[0])
    else:
        box = ax.get_position()
        ax.set_position((box.x0, box.y0, share * box.width, box.height))


_MOST_MARKERS = 6


@result_picture(page=True)
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
        The result of `sensitivity` for two hyperparameters.
    pins : sequence, optional
        At most six cells, as for `plot_map`; by default the best, the given settings, one that
        diverged, and a slow one.
    size : (int, int), optional
        Width and height in pixels; type and lines grow with them. By default (1280, 600).
    theme : str, optional
        As for `plot_map`.

    Examples
    --------
    >>> import numpy as np
    >>> from trajectories import sensitivity
    >>> rates, momenta = np.geomspace(0.01, 4, 40), np.linspace(0, 0.95, 40)
    >>> found = sensitivity("x**2/20 + y**2", "momentum", lr=rates, momentum=momenta)
    >>> plot_sensitivity(found).savefig("map.png")  # doctest: +SKIP
    """
    if not isinstance(result, Sensitivity) or len(result.axes) != 2:
        words = "what `sensitivity` returns for two hyperparameters"
        raise must("result", words, result, kind=TypeError)
    cells = default_cells(result) if pins is None else cells_of(result, pins)
    if not 1 <= len(cells) <= _MOST_MARKERS:
        raise must("pins", f"from 1 to {_MOST_MARKERS}", pins)
    with applied(theme) as applied_theme:
        figure = new_figure(size or (1280, 600), (1280, 600))
        settings = {"pins": None if pins is None else cells, "size": size, "theme": theme}
        figure.remember([result], kind="plot_sensitivity", settings=settings)
        styles = track_styles(len(cells))
        left, *right = _map_and_panels(figure, len(cells), _legend_labels(result), scale_width())
        _draw_sensitivity(left, result, cells, styles)
        paths = [result.trajectory(*cell) for cell in cells]
        aspect = right[0].bbox.width / right[0].bbox.height
        # The view is that of the paths that do not diverge.
        stable = [path for path, cell in zip(paths, cells, strict=True) if not result.lost[cell]]
        scene = Scene.of(paths, limits=view(result.surface, stable or paths, aspect=aspect))
        for i, (ax, cell) in enumerate(zip(right, cells, strict=True)):
            values = ", ".join(f"{name} {value:.2g}" for name, value in result.at(cell).items())
            draw_still_paths(ax, scene.only(i), applied_theme, [styles[i]])
            numbers = ", ".join(f"{value:.2g}" for value in result.at(cell).values())
            title = [f"{i + 1}:  {values}", f"{i + 1}:  ({numbers})"]
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
    map_width = share * (width - left)
    above = header_height(labels, map_width)
    ax = figure.add_axes(
        (left / width, bottom / height, map_width / width, 1 - (above + bottom) / height)
    )
    begin = left + map_width + scale + 2.4 * tick
    columns = 2 if count > 3 else 1
    rows = math.ceil(count / columns)
    gap, between = 3.2 * tick, 1.6 * tick + 2.2 * label
    w = (width - begin - 1.2 * tick - gap * (columns - 1)) / columns
    top = 2.0 * label
    h = (height - top - 1.9 * tick - between * (rows - 1)) / rows
    axes = [ax]
    for i in range(count):
        row, column = divmod(i, columns)
        x = begin + column * (w + gap)
        y = height - top - h - row * (h + between)
        axes.append(figure.add_axes((x / width, y / height, w / width, h / height)))
    return axes


def draw_beside(figure: Figure, result: Any, theme: Theme) -> tuple[Axes, Axes, Limits]:
    """Draw a map, and beside it a panel for the path of any of its cells."""
    starts = isinstance(result, Basins)
    surface = result.surface
    if starts:
        basin_colors = basin_colors_for([result])
        left, right = _map_and_panels(figure, 1, [], key_width(basin_colors, result))
        draw_basins(left, result, basin_colors).show(None)
        draw_key(left, basin_colors, result)
        draw_header(left, _titles(result), [], [])
        limits = result.limits
    else:
        left, right = _map_and_panels(figure, 1, _legend_labels(result), scale_width())
        _draw_sensitivity(left, result, [], [])
        cells = [cell for cell in default_cells(result) if not result.lost[cell]]
        paths = [result.trajectory(*cell) for cell in cells] or [result.baseline]
        limits = view(surface, paths, aspect=right.bbox.width / right.bbox.height)
    draw_ground(right, make_contour_grid(surface, limits), limits, theme)
    draw_minima(right, surface.minima)
    right.set_xlabel("")
    right.set_ylabel("")
    right.set_title("the path of the cell", loc="left", fontsize=points("axes.labelsize"), pad=5)
    return left, right, limits
