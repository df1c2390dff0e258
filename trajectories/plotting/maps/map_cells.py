"""Cells of a map: colours, ticks, hatching of cells without a value, markers."""

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

#: Where no path arrives.
NOWHERE = (0.0, 0.0, 0.0)
#: How many minima have a colour of their own; the others share a grey.
_COLORED = 8
#: Losses are told apart down to so much of that at the start.
_DYNAMIC = 1e-12
#: How much white is in what is fastest, and how much black in what is slowest.
_TINT, _SHADE = 0.55, 0.55
_OTHERS = (0.62, 0.62, 0.62)


def excess_of(result: Sensitivity) -> tuple[Array, str]:
    """Return the values of a map as they are drawn, and what they are called."""
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
    """Return the scale of a map's values: logarithmic if it can be."""
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
    """The colour of a cell by its minimum, and how bright it is by the steps that it takes."""

    def __init__(self, count: int, known: int, slowest: int) -> None:
        cycle = [to_rgb(style["color"]) for style in setting("axes.prop_cycle") if "color" in style]
        # No greys and no blacks: black is for what arrives nowhere.
        lively = [color for color in cycle if max(color) - min(color) > 0.25]
        lively = (lively or [to_rgb(f"C{i}") for i in range(10)])[:_COLORED]
        self.coloured = count if count <= len(lively) else min(known, count)
        self.colors = [
            lively[i % len(lively)] if i < self.coloured else _OTHERS for i in range(count)
        ]
        self.slowest = max(slowest, 1)

    def rgb(self, minimum: NDArray[np.integer], steps: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Return the colours of cells."""
        minimum, steps = np.broadcast_arrays(minimum, steps)
        base = np.array([*self.colors, NOWHERE])[minimum]
        late = self.lateness(steps)[..., None]
        tinted = base + (1 - base) * _TINT * np.clip(1 - 2 * late, 0, 1)
        shaded = tinted * (1 - _SHADE * np.clip(2 * late - 0.6, 0, 1.4) / 1.4)
        shaded[minimum < 0] = NOWHERE
        return np.asarray(np.round(255 * shaded), dtype=np.uint8)

    def lateness(self, steps: NDArray[np.integer]) -> Array:
        """Return how late steps are, from 0 for none to 1 for the slowest."""
        return np.clip(np.asarray(steps, dtype=float) / self.slowest, 0.0, 1.0) ** 0.8


#: Fewer numbers than these do not tell what an axis is.
_FEWEST = 2
#: Numbers outside are written with a power of ten.
_LEAST, _MOST = 1e-4, 1e5


def mark_logarithmic(axis: Axis, most: int) -> None:
    """Write numbers at a logarithmic axis: powers of ten, and others where it is short."""
    axis.set_major_locator(_Numbers(numticks=most))
    axis.set_major_formatter(_Words())
    axis.set_minor_locator(NullLocator())


class _Numbers(LogLocator):
    """Powers of ten; if there are not two of them, 2 and 5 as well, or equal distances."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        low, high = sorted((vmin, vmax))
        powers = super().tick_values(vmin, vmax)
        if len(_within(powers, low, high)) >= _FEWEST:
            return powers
        # Not by subs=(1, 2, 5): Matplotlib may give up those for numbers of its own choice.
        tens = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        several = _within(np.outer(tens, [1.0, 2.0, 5.0]).ravel(), low, high)
        if len(several) >= _FEWEST:
            return several
        return _within(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high), low, high)


class _Words(LogFormatterSciNotation):
    """Powers of ten as such, and other numbers in full as far as they can be read."""

    def format_ticks(self, values: Any) -> list[str]:
        powers = np.log10([value for value in values if value > 0])
        if np.allclose(powers, np.round(powers), rtol=0, atol=1e-9):
            return list(super().format_ticks(values))
        return [_in_full(float(value)) for value in values]


def _in_full(value: float) -> str:
    """Return a number as text, with a power of ten only if it is very small or large."""
    if _LEAST <= value < _MOST:
        return f"{value:.10g}"
    part, power = f"{value:.9e}".split("e")
    return rf"$\mathdefault{{{float(part):.10g}\times10^{{{int(power)}}}}}$"


def _within(ticks: Any, low: float, high: float) -> NDArray[np.float64]:
    """Return the ticks that are seen."""
    places = np.asarray(ticks, dtype=float)
    return places[(places >= low) & (places <= high)]


_HATCH, _WORDS = 0.7, 2.2
#: How much of the ink is in the ground and the lines of what is lost.
_GROUND, _LINES = 0.07, 0.30


def ground() -> tuple[float, float, float]:
    """Return the colour of cells that have no value."""
    return _mixed(_GROUND)


def hatch_missing(ax: Axes, result: Sensitivity, x: Array, y: Array) -> None:
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


def name_missing(ax: Axes, result: Sensitivity, taken: Sequence[tuple[int, ...]] = ()) -> None:
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


_CELLS, _STABILITY_LIMIT = 0.5, 2.2
#: What hyperparameters are called in words.
_NAMES = {"lr": "learning rate"}
#: How wide a scale of colours is, and how far from the map, in font sizes.
_BAR = 1.2


def edges(values: Array) -> Array:
    """Return the edges of the cells whose middles are given."""
    geometric = is_geometric(values)
    middle = np.log(values) if geometric else values
    between = (middle[1:] + middle[:-1]) / 2
    ends = np.concatenate([[2 * middle[0] - between[0]], between, [2 * middle[-1] - between[-1]]])
    return np.exp(ends) if geometric else ends


def mark_axis(ax: Axes, which: str, name: str, values: Array) -> None:
    """Label an axis with a hyperparameter, scale it, and end it where its cells end."""
    geometric = is_geometric(values)
    ends = edges(values)[[0, -1]]
    label = _NAMES.get(name, name.replace("_", " "))
    ax.set(**{f"{which}label": label, f"{which}scale": "log" if geometric else "linear"})
    ax.set(**{f"{which}lim": ends})
    axis = ax.xaxis if which == "x" else ax.yaxis
    if geometric:
        mark_logarithmic(axis, 8)
    else:
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        axis.set_minor_locator(NullLocator())


def draw_cells(ax: Axes, result: Sensitivity) -> ScalarMappable:
    """Colour the cells of a map by how they ended, and hatch what is lost."""
    style_ticks(ax)
    (name_x, x), (name_y, y) = result.axes.items()
    mark_axis(ax, "x", name_x, x)
    mark_axis(ax, "y", name_y, y)
    values, _ = excess_of(result)
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
    wide = _BAR * points("xtick.labelsize") / in_points(ax)[0]
    beside = ax.inset_axes((1 + wide, 0.0, wide, 1.0))
    bar = ax.figure.colorbar(mappable, cax=beside)
    bar.outline.set_visible(False)
    if isinstance(mappable.norm, LogNorm):
        mark_logarithmic(bar.ax.yaxis, 7)
    bar.ax.yaxis.set_minor_locator(NullLocator())
    style_ticks(beside)
    beside.set_ylabel(label)
    return beside


def scale_width() -> float:
    """Return the room that a scale of colours needs beside a map, in points."""
    return (2 * _BAR + 3.6) * points("xtick.labelsize") + 1.5 * points("axes.labelsize")


def draw_stability_limit(ax: Axes, result: Sensitivity) -> dict[str, Any] | None:
    """Draw the line beyond which theory says that nothing converges."""
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
