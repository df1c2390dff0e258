"""Two hyperparameters of a search against each other, and the box of each round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from trajectories.mnist.figures.search_sheet import (
    about_best,
    as_percent,
    drawn_in,
    edges,
    foot,
    heading,
    measure,
    name_of,
)
from trajectories.mnist.figures.sheet import sheet
from trajectories.plotting.canvas import Size
from trajectories.plotting.header import in_points, points, text_size
from trajectories.plotting.maps.colors import quality_map
from trajectories.plotting.recipes.figure import RecipeFigure
from trajectories.plotting.theme import setting
from trajectories.search.ranges import Choice, LogUniform
from trajectories.search.result import SearchResult
from trajectories.search.space import Space
from trajectories.search.trial import Trial
from trajectories.validation import must

__all__ = ["draw_plane"]

_BOX, _POINT, _WORD = 4.0, 3.0, 6.0
#: Room around the first box, as a part of it.
_PAD = 0.04
#: Widths of the first and the last box, in line widths.
_THIN, _BOLD = 0.4, 1.15


def draw_plane(result: SearchResult, size: Size | None = None) -> RecipeFigure:
    """Draw the first two numerical hyperparameters, coloured by score; a box for each round."""
    names = [name for name, kind in result.space.items() if not isinstance(kind, Choice)][:2]
    if len(names) < 2:
        raise must("space", "of two numerical ranges for this figure", result.space)
    boxes = len(result.spaces) - 1
    titles = [" against ".join(name_of(name) for name in names)]
    titles[0] = titles[0][:1].upper() + titles[0][1:]
    kinds = [k for k in ("finished", "abandoned", "diverged") if result.count(k)]
    made = sheet(
        size,
        (1080, 800),
        1,
        2,
        title=heading(result, titles[0]),
        about=about_best(result),
        foot=foot(result, "Each box is what a round was drawn from; the last, where it led."),
        labels=kinds if len(kinds) > 1 else (),
        styles=[_key(kind) for kind in kinds] if len(kinds) > 1 else (),
        widths=[1.0, 0.035],
        side=4.2 * points("xtick.labelsize") + 1.6 * points("axes.labelsize"),
    )
    ax, scale = made.axes
    _place_scale(ax, scale)
    norm = _norm(result)
    _draw_trials(ax, result, names, norm)
    for axis, name in (("x", names[0]), ("y", names[1])):
        kind = result.space[name]
        if isinstance(kind, LogUniform):
            getattr(ax, f"set_{axis}scale")("log")
        getattr(ax, f"set_{axis}lim")(*edges(kind, _room(ax, boxes) if axis == "y" else _PAD))
        getattr(ax, f"set_{axis}label")(name_of(name))
    if boxes > 0:
        _draw_boxes(ax, result.spaces, names)
    _draw_scale(scale, result, norm)
    return drawn_in(made)


def _place_scale(ax: Axes, scale: Axes) -> None:
    """Move the colour scale to the right end, and give what that frees to the plane."""
    left, right = ax.get_position(), scale.get_position()
    figure: Any = ax.figure
    tick = points("xtick.labelsize") / (72 * figure.get_figwidth())
    width, gap, room = right.width, 1.6 * tick, 3.6 * tick
    end = right.x1 - room
    scale.set_position((end - width, right.y0, width, right.height))
    ax.set_position((left.x0, left.y0, end - width - gap - left.x0, left.height))


def _room(ax: Axes, boxes: int) -> float:
    """Return what part of the height lies above the first box: enough for names of boxes."""
    height = in_points(ax)[1]
    return _PAD + 2.9 * points("xtick.labelsize") * (boxes > 0) / height


def _norm(result: SearchResult) -> Normalize:
    scores = np.array([t.score for t in result.trials if t.score is not None])
    if not len(scores):
        return Normalize(0, 1)
    low, high = float(scores.min()), float(scores.max())
    if as_percent(result):
        return Normalize(0, max(high, 1e-9))
    if low > 0:
        # What is hopeless is all alike; the scale is for what is not.
        return LogNorm(max(low, 1e-12 * high), max(float(np.median(scores)), 1.001 * low))
    return Normalize(low, high if high > low else low + 1)


def _colors(result: SearchResult) -> Any:
    """Return a colour map whose best end stands out from the page."""
    colors = quality_map()
    return colors if result.goal == "min" else colors.reversed()


def _key(status: str) -> dict[str, Any]:
    color = setting("text.color")
    marker = {"finished": "o", "abandoned": "v", "diverged": "x"}[status]
    return {"marker": marker, "linestyle": "none", "color": color, "markeredgecolor": color}


def _draw_trials(ax: Axes, result: SearchResult, names: Sequence[str], norm: Normalize) -> None:
    area = (1.5 * setting("lines.markersize")) ** 2
    edge = setting("axes.labelcolor")

    def at(trials: Sequence[Trial]) -> dict[str, Any]:
        x, y = ([float(trial.params[name]) for trial in trials] for name in names)
        return {"x": x, "y": y}

    lost = [trial for trial in result.trials if trial.score is None]
    if lost:
        ax.scatter(**at(lost), s=0.5 * area, marker="x", c=edge, linewidths=1.2, zorder=_POINT)
    for status, share in (("abandoned", 0.6), ("finished", 1.0)):
        # The best lie on top.
        trials = [trial for trial in result.ranking[::-1] if trial.status == status]
        if trials:
            ax.scatter(
                **at(trials),
                s=share * area,
                marker=_key(status)["marker"],
                c=[float(trial.score or 0) for trial in trials],
                cmap=_colors(result),
                norm=norm,
                edgecolors=edge,
                linewidths=0.6,
                zorder=_POINT + 0.1 * share,
            )
    if result.best is not None:
        ring = {"facecolors": "none", "edgecolors": setting("text.color"), "linewidths": 2.0}
        ax.scatter(**at([result.best]), s=3.4 * area, zorder=_POINT + 1, **ring)


def _draw_boxes(ax: Axes, spaces: Sequence[Space], names: Sequence[str]) -> None:
    """Draw what each round was drawn from, bolder each time, and its name over a corner."""
    color, paper = setting("text.color"), setting("axes.facecolor")
    size = points("xtick.labelsize")
    line, taken = 1.45 * size, list[tuple[float, float, float]]()
    pixels = 72 / ax.figure.dpi
    for turn, space in enumerate(spaces):
        (x0, x1), (y0, y1) = (_ends(space[name]) for name in names)
        last = turn == len(spaces) - 1
        share = turn / (len(spaces) - 1)
        box = Rectangle(
            (x0, y0),
            x1 - x0,
            y1 - y0,
            fill=False,
            edgecolor=color,
            linewidth=setting("lines.linewidth") * (_THIN + share * (_BOLD - _THIN)),
            zorder=_BOX,
        )
        ax.add_patch(box)
        words = "good region" if last else f"round {turn + 1}"
        left, top = (float(place) * pixels for place in ax.transData.transform((x0, y1)))
        # A name that would run out at the right ends at the box's right side.
        width = text_size(words, size)[0] + 4
        over = left + width > ax.bbox.x1 * pixels
        if over:
            left = float(ax.transData.transform((x1, y1))[0]) * pixels - width
        rise = 3.0
        while any(
            left < b and left + width > a and abs(top + rise - y) < 0.95 * line for a, b, y in taken
        ):
            rise += line
        taken.append((left, left + width, top + rise))
        ax.annotate(
            words,
            (x1 if over else x0, y1),
            (0, rise),
            textcoords="offset points",
            ha="right" if over else "left",
            va="bottom",
            fontsize=size,
            color=color,
            bbox={"facecolor": paper, "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
            zorder=_WORD,
        )


def _ends(kind: Any) -> tuple[float, float]:
    return (kind.values[0],) * 2 if isinstance(kind, Choice) else (kind.low, kind.high)


def _draw_scale(ax: Axes, result: SearchResult, norm: Normalize) -> None:
    from matplotlib.cm import ScalarMappable

    figure: Any = ax.figure
    bar = figure.colorbar(ScalarMappable(norm, _colors(result)), cax=ax)
    bar.outline.set_visible(False)
    bar.set_label(measure(result))
    if as_percent(result):
        bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
