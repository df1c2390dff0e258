"""Cells of a map: colours, ticks, hatching of diverged cells, markers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LogNorm, Normalize, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from trajectories.checks import must
from trajectories.maps.sensitivity import Sensitivity, is_geometric
from trajectories.plotting.panels import style_ticks
from trajectories.plotting.text import in_points, points, text_size
from trajectories.plotting.theme import setting

Array = NDArray[np.float64]

#: The colour of cells whose path reaches no minimum.
NOWHERE = (0.0, 0.0, 0.0)
#: At most so many minima have their own colour; the others share a grey.
_MOST_COLORS = 8
#: The smallest loss on the scale, relative to the largest.
_DYNAMIC = 1e-12
#: Share of white in the fastest cells, and of black in the slowest.
_TINT, _SHADE = 0.55, 0.55
_OTHERS = (0.62, 0.62, 0.62)


def drawn_values(result: Sensitivity) -> tuple[Array, str]:
    """Return the values of a map as they are drawn, and their label."""
    values = np.where(result.lost, np.nan, result.values)
    if result.measure == "steps":
        return values, f"steps until the gradient is below {result.settings.tolerance:g}"
    floor = result.surface.floor
    after = f"after {result.steps} steps"
    if not floor:
        return values, f"loss {after}"
    return values - floor, f"loss above the minimum {after}"


def quality_map() -> Colormap:
    """Return the colours of losses, the lowest first: dark on a light page, light on a dark one."""
    light = sum(to_rgb(setting("axes.facecolor"))) > 1.5
    return mpl.colormaps["YlGnBu_r" if light else "YlGnBu"]


def quality_norm(values: Array, measure: str = "loss") -> Normalize:
    """Return the scale of a map's values: logarithmic if possible."""
    known = values[np.isfinite(values)]
    if not known.size:
        return Normalize(0.0, 1.0)
    low, high = float(known.min()), float(known.max())
    if low < 0 or high <= 0 or (measure == "steps" and high < 20 * max(low, 1.0)):
        return Normalize(low, high if high > low else low + 1.0)
    positive = known[known > 0]
    least = max(float(positive.min()), _DYNAMIC * high)
    return LogNorm(least, high if high > least else 10 * least, clip=True)


class BasinColors:
    """The colour of a cell: its hue by the minimum, its brightness by the number of steps."""

    def __init__(self, count: int, known: int, slowest: int) -> None:
        cycle = [to_rgb(style["color"]) for style in setting("axes.prop_cycle") if "color" in style]
        # No greys and no blacks: black cells reach no minimum.
        saturated = [color for color in cycle if max(color) - min(color) > 0.25]
        saturated = (saturated or [to_rgb(f"C{i}") for i in range(10)])[:_MOST_COLORS]
        self.coloured = count if count <= len(saturated) else min(known, count)
        self.colors = [
            saturated[i % len(saturated)] if i < self.coloured else _OTHERS for i in range(count)
        ]
        self.slowest = max(slowest, 1)

    def rgb(self, minimum: NDArray[np.integer], steps: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Return the colours of cells."""
        minimum, steps = np.broadcast_arrays(minimum, steps)
        colors = np.array([*self.colors, NOWHERE])[minimum]
        late = self.lateness(steps)[..., None]
        tinted = colors + (1 - colors) * _TINT * np.clip(1 - 2 * late, 0, 1)
        shaded = tinted * (1 - _SHADE * np.clip(2 * late - 0.6, 0, 1.4) / 1.4)
        shaded[minimum < 0] = NOWHERE
        return np.asarray(np.round(255 * shaded), dtype=np.uint8)

    def lateness(self, steps: NDArray[np.integer]) -> Array:
        """Return the lateness of steps, from 0 for none to 1 for the slowest."""
        return np.clip(np.asarray(steps, dtype=float) / self.slowest, 0.0, 1.0) ** 0.8


#: An axis needs at least so many numbers.
_FEWEST_TICKS = 2
#: Numbers outside this range are written with a power of ten.
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-4, 1e5


def mark_logarithmic(axis: Axis, most: int) -> None:
    """Label a logarithmic axis with powers of ten, and with other numbers if it is short."""
    axis.set_major_locator(_LogTicks(numticks=most))
    axis.set_major_formatter(_LogLabels())
    axis.set_minor_locator(NullLocator())


class _LogTicks(LogLocator):
    """Powers of ten; if there are fewer than two, 2 and 5 as well, or equal distances."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        low, high = sorted((vmin, vmax))
        powers = super().tick_values(vmin, vmax)
        if len(_visible(powers, low, high)) >= _FEWEST_TICKS:
            return powers
        # Not by subs=(1, 2, 5): Matplotlib may replace those by its own choice.
        tens = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        several = _visible(np.outer(tens, [1.0, 2.0, 5.0]).ravel(), low, high)
        if len(several) >= _FEWEST_TICKS:
            return several
        return _visible(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high), low, high)


class _LogLabels(LogFormatterSciNotation):
    """Powers of ten as such, and other numbers in full while they are readable."""

    def format_ticks(self, values: Any) -> list[str]:
        powers = np.log10([value for value in values if value > 0])
        if np.allclose(powers, np.round(powers), rtol=0, atol=1e-9):
            return list(super().format_ticks(values))
        return [_number(float(value)) for value in values]


def _number(value: float) -> str:
    """Return a number as text, with a power of ten only if it is very small or large."""
    if _SMALLEST_PLAIN <= value < _LARGEST_PLAIN:
        return f"{value:.10g}"
    part, power = f"{value:.9e}".split("e")
    return rf"$\mathdefault{{{float(part):.10g}\times10^{{{int(power)}}}}}$"


def _visible(ticks: Any, low: float, high: float) -> NDArray[np.float64]:
    """Return the ticks inside the limits."""
    ticks = np.asarray(ticks, dtype=float)
    return np.asarray(ticks[(ticks >= low) & (ticks <= high)])


_HATCH, _LABEL = 0.7, 2.2
#: Share of ink in the ground and in the hatching of diverged cells.
_GROUND_INK, _HATCH_INK = 0.07, 0.30


def ground() -> tuple[float, float, float]:
    """Return the colour of cells without a value."""
    return _mixed(_GROUND_INK)


def hatch_missing(ax: Axes, result: Sensitivity, x: Array, y: Array) -> None:
    """Hatch the cells that diverged or ended higher than they began."""
    if not result.lost.any():
        return
    hatched = PathPatch(
        _outline(result.lost.T, x, y),
        facecolor="none",
        edgecolor=_mixed(_HATCH_INK),
        linewidth=0.0,
        hatch="///",
        zorder=_HATCH,
        label="_lost",
    )
    ax.add_artist(hatched)
    hatched.set_clip_path(ax.patch)


def unfinished_style(result: Sensitivity) -> dict[str, dict[str, Any]]:
    """Return the legend entry of cells that took too many steps: label and style."""
    if not (np.isnan(result.values) & ~result.lost).any():
        return {}
    square = {
        "color": ground(),
        "marker": "s",
        "markeredgecolor": _mixed(_HATCH_INK),
        "markersize": setting("lines.markersize") * 2.2,
        "linestyle": "none",
    }
    return {f"not in {result.steps} steps": square}


def label_hatching(ax: Axes, result: Sensitivity, marked: Sequence[tuple[int, ...]] = ()) -> None:
    """Label the hatched part of a map, if there is room."""
    hatched = result.lost.T.copy()
    if not hatched.any():
        return
    diverged = (result.status[result.lost] == "diverged").mean() > 0.5
    label = "diverged" if diverged else "ends higher\nthan it began"
    size = points("axes.labelsize")
    width, height = in_points(ax)
    text_width = max(text_size(line, size)[0] for line in label.splitlines())
    text_height = 1.2 * size * len(label.splitlines())
    rows, columns = hatched.shape
    clearance = np.array([1.2 * size / width * columns, 1.2 * size / height * rows])
    for cell in marked:
        low, high = np.maximum(cell - clearance, 0).astype(int), (cell + clearance).astype(int) + 1
        hatched[low[1] : high[1], low[0] : high[0]] = False
    # Half the extent of the label in cells; running sums give the free positions.
    horizontal = np.array([0.6 * text_width / width * columns, 0.7 * text_height / height * rows])
    vertical = np.array([0.7 * text_height / width * columns, 0.6 * text_width / height * rows])
    for angle, extent in ((0, horizontal), (90, vertical)):
        across, up = (int(number) for number in np.ceil(extent))
        total = np.pad(hatched.astype(float), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
        if 2 * up + 1 > rows or 2 * across + 1 > columns:
            continue
        h, w = 2 * up + 1, 2 * across + 1
        inside = total[h:, w:] - total[:-h, w:] - total[h:, :-w] + total[:-h, :-w]
        free = np.argwhere(inside >= h * w)
        if len(free):
            middle = free[np.argmin(((free - free.mean(axis=0)) ** 2).sum(axis=1))]
            position = (middle[1] + across + 0.5) / columns, (middle[0] + up + 0.5) / rows
            ax.text(
                *position,
                label,
                transform=ax.transAxes,
                rotation=angle,
                ha="center",
                va="center",
                fontsize=size,
                color=setting("axes.labelcolor"),
                path_effects=[withStroke(linewidth=4.0, foreground=setting("axes.facecolor"))],
                zorder=_LABEL,
            )
            return


def _outline(cells: NDArray[np.bool_], x: Array, y: Array) -> Path:
    """Return a path around cells, row by row, from the edges of all cells."""
    corners = []
    for row, row_cells in enumerate(cells):
        ends = np.flatnonzero(np.diff(np.pad(row_cells.astype(int), 1)))
        for left, right in ends.reshape(-1, 2):
            box = [(left, row), (right, row), (right, row + 1), (left, row + 1), (left, row)]
            corners.append([(x[across], y[up]) for across, up in box])
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * len(corners)
    return Path(np.concatenate(corners), codes)


def _mixed(part: float) -> tuple[float, float, float]:
    """Return the colour of the page mixed with a part of its ink."""
    ink, paper = (np.array(to_rgb(setting(key))) for key in ("text.color", "axes.facecolor"))
    red, green, blue = paper + part * (ink - paper)
    return float(red), float(green), float(blue)


#: Above the cells and the limit of stability.
_MARKER, _BEST = 6.0, 5.0
#: A marker's diameter, in font sizes of its number.
_MARKER_WIDTH = 1.75
#: Distance of a marker from the edge, in parts of the map.
_MARGIN = 0.025


def cells_of(result: Sensitivity, pins: Sequence[Any]) -> list[tuple[int, ...]]:
    """Return the cells of markers, which are mappings or indices."""
    cells: list[tuple[int, ...]] = []
    for marker in pins:
        if isinstance(marker, Mapping):
            cells.append(result.nearest(**marker))
            continue
        try:
            cell = tuple(int(i) for i in marker)
            inside = all(-n <= i < n for i, n in zip(cell, result.values.shape, strict=True))
        except (TypeError, ValueError):
            inside = False
        if not inside:
            words = "each a mapping of hyperparameters, or the indices of a cell"
            raise must("pins", words, marker)
        cells.append(tuple(i % n for i, n in zip(cell, result.values.shape, strict=True)))
    return cells


def default_cells(result: Sensitivity) -> list[tuple[int, ...]]:
    """Choose typical cells: the best, the given settings, one that diverged, and a slow one."""
    shape, best = result.values.shape, result.best_index
    if best is None:
        return [tuple(n // 2 for n in shape)]
    cells = [best]
    given = {name: getattr(result.optimizer, name) for name in result.axes}
    if all(
        isinstance(value, float) and result.axes[name][0] <= value <= result.axes[name][-1]
        for name, value in given.items()
    ):
        cells.append(result.nearest(**given))
    rows, columns = np.indices(shape)
    away = np.hypot((rows - best[0]) / shape[0], (columns - best[1]) / shape[1])
    if result.lost.any():
        # Not at the very border, where the divergence does not show yet.
        depths = np.where(result.lost, abs(away - away[result.lost].min() - 0.06), np.inf)
        cells.append(tuple(int(i) for i in np.unravel_index(np.argmin(depths), shape)))
    slow = (shape[0] // 4, *(i for i in best[1:]))
    if not result.lost[slow]:
        cells.append(slow)
    separate: list[tuple[int, ...]] = []
    for cell in cells:
        gaps = [np.hypot(*((np.array(cell) - other) / np.array(shape))) for other in separate]
        if all(distance > 0.05 for distance in gaps):
            separate.append(cell)
    return sorted(separate)


def draw_markers(
    ax: Axes, result: Sensitivity, cells: Sequence[tuple[int, ...]], styles: Sequence[Any]
) -> None:
    """Mark cells with their numbers, from 1."""
    size = points("xtick.labelsize")
    to_parts = ax.transData + ax.transAxes.inverted()
    for number, (cell, style) in enumerate(zip(cells, styles, strict=False), 1):
        x, y = result.at(cell).values()
        position = np.clip(to_parts.transform((x, y)), _MARGIN, 1 - _MARGIN)
        common: dict[str, Any] = {"transform": ax.transAxes, "zorder": _MARKER + number / 100}
        mark = Line2D(
            [position[0]],
            [position[1]],
            marker="o",
            linestyle="none",
            markersize=_MARKER_WIDTH * size,
            color=style["color"],
            markeredgecolor=setting("axes.facecolor"),
            markeredgewidth=1.4,
            clip_on=False,
            label="_pin",
            **common,
        )
        ax.add_line(mark)
        ax.text(
            position[0],
            position[1],
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


_CELLS, _STABILITY_LIMIT = 0.5, 2.2
#: Labels of hyperparameters that differ from their names.
_AXIS_LABELS = {"lr": "learning rate"}
#: Width of a scale of colours, and its distance from the map, in font sizes.
_SCALE_WIDTH = 1.2


def edges(values: Array) -> Array:
    """Return the edges of cells from their middles."""
    geometric = is_geometric(values)
    middle = np.log(values) if geometric else values
    between = (middle[1:] + middle[:-1]) / 2
    ends = np.concatenate([[2 * middle[0] - between[0]], between, [2 * middle[-1] - between[-1]]])
    return np.exp(ends) if geometric else ends


def mark_axis(ax: Axes, which: str, name: str, values: Array) -> None:
    """Label an axis with a hyperparameter, scale it, and end it where its cells end."""
    geometric = is_geometric(values)
    ends = edges(values)[[0, -1]]
    label = _AXIS_LABELS.get(name, name.replace("_", " "))
    ax.set(**{f"{which}label": label, f"{which}scale": "log" if geometric else "linear"})
    ax.set(**{f"{which}lim": ends})
    axis = ax.xaxis if which == "x" else ax.yaxis
    if geometric:
        mark_logarithmic(axis, 8)
    else:
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        axis.set_minor_locator(NullLocator())


def draw_cells(ax: Axes, result: Sensitivity) -> ScalarMappable:
    """Colour the cells of a map by their values, and hatch those that diverged."""
    style_ticks(ax)
    (name_x, x), (name_y, y) = result.axes.items()
    mark_axis(ax, "x", name_x, x)
    mark_axis(ax, "y", name_y, y)
    values, _ = drawn_values(result)
    norm = quality_norm(values, result.measure)
    ax.set_facecolor(ground())
    mesh = ax.pcolormesh(
        edges(x),
        edges(y),
        np.ma.masked_invalid(values.T),
        norm=norm,
        cmap=quality_map(),
        zorder=_CELLS,
        rasterized=True,
    )
    hatch_missing(ax, result, edges(x), edges(y))
    return mesh


def draw_scale(ax: Axes, mappable: ScalarMappable, label: str) -> Axes:
    """Draw the scale of colours to the right of a map."""
    width = _SCALE_WIDTH * points("xtick.labelsize") / in_points(ax)[0]
    scale = ax.inset_axes((1 + width, 0.0, width, 1.0))
    bar = ax.figure.colorbar(mappable, cax=scale)
    bar.outline.set_visible(False)
    if isinstance(mappable.norm, LogNorm):
        mark_logarithmic(bar.ax.yaxis, 7)
    bar.ax.yaxis.set_minor_locator(NullLocator())
    style_ticks(scale)
    scale.set_ylabel(label)
    return scale


def scale_width() -> float:
    """Return the room that a scale of colours needs beside a map, in points."""
    return (2 * _SCALE_WIDTH + 3.6) * points("xtick.labelsize") + 1.5 * points("axes.labelsize")


def draw_stability_limit(ax: Axes, result: Sensitivity) -> dict[str, Any] | None:
    """Draw the limit of stability, beyond which nothing converges in theory."""
    limit = result.stability_limit
    if limit is None:
        return None
    ink, paper = setting("text.color"), setting("axes.facecolor")
    width = setting("lines.linewidth")
    style = {
        "color": ink,
        "linestyle": (0, (4, 1.6)),
        "linewidth": 1.1 * width,
        "path_effects": [withStroke(linewidth=2.6 * width, foreground=paper)],
    }
    names = list(result.axes)
    other = result.axes[next(name for name in names if name != "lr")]
    rates, others = (limit, other) if names[0] == "lr" else (other, limit)
    bounds = ax.axis()
    ax.add_line(Line2D(rates, others, zorder=_STABILITY_LIMIT, label="_frontier", **style))
    ax.axis(bounds)
    return {"color": ink, "linestyle": style["linestyle"], "marker": ""}
