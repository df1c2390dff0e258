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
    chosen_pins,
    draw_best,
    draw_cells,
    draw_pins,
    draw_scale,
    draw_stability_limit,
    excess_of,
    mark_axis,
    mark_logarithmic,
    name_missing,
    placed,
    scale_width,
    unreached,
)
from trajectories.plotting.maps.map_figures import (
    basin_colors_for,
    draw_basins,
    draw_key,
    key_width,
)
from trajectories.plotting.panels import draw_ground, draw_minima, draw_paths, style_ticks
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
#: The lowest loss that is shown, in parts of that at the start.
_DYNAMIC = 1e-12
#: Markers along a curve.
_MARKS = 12
#: A ring's size, and how much larger each is that stands around another, in sizes of markers.
_WIDE, _WIDER = 2.4, 1.5
#: How an optimizer as it was given is marked: where its loss is, at the upper edge if that lies
#: higher, and there if it has none.
_AT, _ABOVE, _LOST = "o", "^", "X"
_GIVEN = {_AT: "as given", _ABOVE: "above the scale", _LOST: "diverged"}
_THEORY_DASH = ":"


@dataclass(frozen=True)
class _Given:
    """Where the mark of an optimizer as it was given stands; its height is NaN at the edge."""

    value: float
    height: float
    marker: str

    @property
    def place(self) -> tuple[float, str | float]:
        """What is alike for marks that lie over each other."""
        return self.value, self.height if self.marker == _AT else self.marker


class _Frame(NamedTuple):
    """What the Axes shows: values of the hyperparameter, losses, and these by powers of ten."""

    left: float
    right: float
    low: float
    high: float
    logarithmic: bool


def draw_rates(ax: Axes, curves: Sequence[Sensitivity], styles: Sequence[Style]) -> None:
    """Draw curves of losses, and mark where each optimizer stands with its given value."""
    first = curves[0]
    ((name, ticks),) = first.axes.items()
    style_ticks(ax)
    mark_axis(ax, "x", name, ticks)
    frame = _frame(curves)
    ax.set_xlim(frame.left, frame.right)
    ax.set_ylabel(excess_of(first)[1])
    if frame.logarithmic:
        ax.set_yscale("log", nonpositive="clip")
        mark_logarithmic(ax.yaxis, 8)
    ax.set_ylim(frame.low, frame.high)
    ax.grid(axis="y", zorder=0)
    paper = setting("axes.facecolor")
    for one, style in zip(curves, styles, strict=True):
        values = excess_of(one)[0]
        about = {
            "markevery": max(len(values) // _MARKS, 1),
            "markeredgecolor": paper,
            "markeredgewidth": 0.5,
            "zorder": _CURVE,
            **style,
        }
        shown = np.maximum(values, 2 * frame.low) if frame.logarithmic else values
        ax.add_line(Line2D(one.axes[name], shown, **about))
        if (limit := _limit(one, frame)) is not None:
            color = style["color"]
            ax.axvline(limit, color=color, linestyle=_THEORY_DASH, zorder=_LIMIT, label="_limit")
    given = [
        (_given(one, frame), style["color"]) for one, style in zip(curves, styles, strict=True)
    ]
    _draw_given(ax, [(mark, color) for mark, color in given if mark is not None])


def rates_legend(curves: Sequence[Sensitivity]) -> dict[str, Style]:
    """Return what the marks beside the curves mean, and the style of each, for a legend."""
    ink, frame = setting("text.color"), _frame(curves)
    marks = [_given(one, frame) for one in curves]
    drawn = {_AT, *(mark.marker for mark in marks if mark is not None)}
    legend = {_GIVEN[marker]: _given_style(ink, marker) for marker in _GIVEN if marker in drawn}
    if any(_limit(one, frame) is not None for one in curves):
        legend["limit of stability"] = {"color": ink, "linestyle": _THEORY_DASH, "marker": ""}
    return legend


def _draw_given(ax: Axes, marks: Sequence[tuple[_Given, Any]]) -> None:
    """Draw marks of optimizers as they were given, the later ones at a place inside the others."""
    size = setting("lines.markersize")
    for number, (mark, color) in enumerate(marks):
        alike = [other.place == mark.place for other, _ in marks]
        wide = (_WIDE + _WIDER * sum(alike[number + 1 :])) * size
        at_edge: dict[str, Any] = {}
        height = mark.height
        if mark.marker != _AT:
            widest = (_WIDE + _WIDER * (sum(alike) - 1)) * size
            height, at_edge = (
                1 - widest / 2 / in_points(ax)[1],
                {"transform": ax.get_xaxis_transform()},
            )
        ax.add_line(
            Line2D(
                [mark.value],
                [height],
                markersize=wide,
                zorder=_RING + number / 100,
                clip_on=False,
                label="_given",
                **at_edge,
                **_given_style(color, mark.marker),
            )
        )


def _given_style(color: Any, marker: str) -> Style:
    """Return how the place is marked at which an optimizer stands as it was given."""
    return {
        "color": color,
        "marker": marker,
        "linestyle": "none",
        "markerfacecolor": setting("axes.facecolor"),
        "markeredgecolor": color,
        "markeredgewidth": 0.5 * setting("lines.markersize"),
    }


def _frame(curves: Sequence[Sensitivity]) -> _Frame:
    """Return what the Axes of curves shows."""
    first = curves[0]
    ends = [values[[0, -1]] for one in curves for values in one.axes.values()]
    left, right = float(np.min(ends)), float(np.max(ends))
    known = np.concatenate([excess_of(one)[0] for one in curves])
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
    """Return where theory says that stability ends; None if it does not say so, or beyond."""
    limit = one.stability_limit
    return float(limit) if limit is not None and frame.left <= limit <= frame.right else None


def _given(one: Sensitivity, frame: _Frame) -> _Given | None:
    """Return where the mark of an optimizer as it was given stands; None if it has none."""
    ((name, _),) = one.axes.items()
    own, path = getattr(one.optimizer, name), one.baseline
    if not isinstance(own, float) or not frame.left <= own <= frame.right:
        return None  # A schedule is at no place of the axis.
    if one.measure == "steps":
        reached = int(path.converged_at)
        return _Given(own, float(reached), _AT) if reached >= 0 else None
    loss = float(path.values[-1]) - (one.surface.floor or 0.0)
    if path.status == "diverged" or not np.isfinite(loss):
        return _Given(own, np.nan, _LOST)
    if loss > frame.high:
        return _Given(own, np.nan, _ABOVE)
    return _Given(own, max(loss, frame.low), _AT)


_SIZE = (800, 600)
#: What stands beside a map takes at most this part of given Axes.
_MOST_TAKEN = 0.5
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
            basin_colors = basin_colors_for([result])
            room = key_width(basin_colors, result) if scale else 0.0
            if ax is None:
                ax = _new_axes(result, [], room, told)
            else:
                _take_room(ax, room)
            draw_basins(ax, result, basin_colors).show(None)
            if scale:
                draw_key(ax, basin_colors, result)
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
    marks = {_THEORY: draw_stability_limit(ax, result)}
    if cells:
        draw_pins(ax, result, cells, styles)
    if result.best_index not in cells:
        marks[_BEST] = draw_best(ax, result)
    name_missing(ax, result, cells)
    if scale:
        draw_scale(ax, mesh, excess_of(result)[1])
    drawn = {label: style for label, style in marks.items() if style is not None}
    drawn |= unreached(result)
    draw_header(ax, words_of(result), list(drawn), list(drawn.values()))


def legend_of(result: Sensitivity) -> list[str]:
    """Return the entries that the legend of a map may have."""
    theory = [] if result.stability_limit is None else [_THEORY]
    return [*theory, _BEST, *unreached(result)]


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


_MOST_PINS = 6


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
            for moving_artist in draw_paths(ax, scene.only(i), chosen, [styles[i]], **how):
                moving_artist.show(scene.steps)
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
        basin_colors = basin_colors_for([result])
        left, right = _map_and_panels(figure, 1, [], key_width(basin_colors, result))
        draw_basins(left, result, basin_colors).show(None)
        draw_key(left, basin_colors, result)
        draw_header(left, words_of(result), [], [])
        limits = result.limits
    else:
        left, right = _map_and_panels(figure, 1, legend_of(result), scale_width())
        draw_sensitivity(left, result, [], [])
        cells = [cell for cell in chosen_pins(result) if not result.lost[cell]]
        kept = [result.trajectory(*cell) for cell in cells] or [result.baseline]
        limits = view(surface, kept, aspect=right.bbox.width / right.bbox.height)
    draw_ground(right, make_contour_grid(surface, limits), limits, theme)
    draw_minima(right, surface.minima)
    right.set_xlabel("")
    right.set_ylabel("")
    right.set_title("the path of the cell", loc="left", fontsize=points("axes.labelsize"), pad=5)
    return left, right, limits
