"""Figures of a search: its best trials, its plane that narrows, and its ranking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from trajectories.mnist.figures.curves import calm, in_percent
from trajectories.mnist.figures.search_plane import draw_plane
from trajectories.mnist.figures.search_sheet import (
    about_best,
    as_percent,
    call,
    drawn_in,
    foot,
    heading,
    measure,
)
from trajectories.mnist.figures.sheet import sheet
from trajectories.names import resolve
from trajectories.plotting.canvas import Size
from trajectories.plotting.header import fitted, in_points, literal, points
from trajectories.plotting.recipes.figure import RecipeFigure
from trajectories.plotting.theme import applied, setting
from trajectories.plotting.tracks import track_styles
from trajectories.search.result import SearchResult
from trajectories.search.trial import Trial
from trajectories.validation import must

__all__ = ["SEARCH_PAGES", "draw_search"]

_ROWS, _COLUMNS = 4, 5
_ENDS = ("finished", "abandoned", "diverged")


def draw_search(
    result: SearchResult,
    page: str = "best",
    *,
    theme: str | None = None,
    size: Size | None = None,
) -> RecipeFigure:
    """Draw a figure of a search from what it found; nothing is run."""
    if not isinstance(result, SearchResult):
        raise must("result", "what `search` returns", result, kind=TypeError)
    if not result.trials:
        raise must("result", "one with a trial that has ended", result)
    paint = SEARCH_PAGES[resolve("page", page, SEARCH_PAGES)]
    with applied(theme):
        figure = paint(result, size)
    told = {"page": page, "theme": theme, "size": size}
    figure.remember([result], kind="search", settings=told)
    return figure


def _draw_best(result: SearchResult, size: Size | None) -> RecipeFigure:
    """Draw the curves of the best trials, each in a panel."""
    names = [name for name in _recorded(result) if name not in ("epoch", "step")]
    unit = str(result.settings["unit"])
    styles = [
        {**style, "marker": "", "linestyle": dash}
        for style, dash in zip(track_styles(len(names)), _dashes(len(names)), strict=True)
    ]
    made = sheet(
        size,
        (1280, 960),
        _ROWS,
        _COLUMNS,
        title=heading(result, f"The {min(len(result), 20)} best of {len(result)} trials"),
        about=about_best(result),
        foot=foot(result, "Above each panel: rank, trial, score."),
        labels=[
            literal(f"{name} {'accuracy' if as_percent(result) else ''}".strip()) for name in names
        ],
        styles=styles,
        shared=True,
        joined=True,
        heads=True,
    )
    shown = result.ranking[: _ROWS * _COLUMNS]
    for place, ax in enumerate(made.axes):
        if place >= len(shown):
            ax.set_axis_off()
            continue
        trial = shown[place]
        for name, style in zip(names, styles, strict=True):
            if name in trial.curves and unit in trial.curves:
                ax.plot(trial.curves[unit], trial.curves[name], **style)
        _head(ax, result, trial, place)
        ax.set_xlim(0, result.settings["budget"])
        ax.xaxis.set_major_locator(MaxNLocator(2, integer=True, steps=[1, 2, 2.5, 5, 10]))
        calm(ax)
        _scale(ax, result, shown, names)
        below = place + _COLUMNS >= len(shown)
        ax.tick_params(labelleft=place % _COLUMNS == 0, labelbottom=below)
        if below:
            ax.set_xlabel(literal(f"{unit}s"))
        if place % _COLUMNS == 0:
            ax.set_ylabel("accuracy" if as_percent(result) else measure(result))
    return drawn_in(made)


def _recorded(result: SearchResult) -> list[str]:
    return list(max(result.trials, key=lambda trial: len(trial.curves)).curves)


def _dashes(count: int) -> list[Any]:
    return ["-", (0, (4, 1.6)), (0, (1, 1.2))][:count] + ["-"] * (count - 3)


def _scale(ax: Axes, result: SearchResult, shown: tuple[Trial, ...], names: list[str]) -> None:
    """Give all panels one vertical axis: parts of 1, or a logarithmic one for losses."""
    if as_percent(result):
        ax.set_ylim(0, 1.02)
        ax.set_yticks([0, 0.5, 1])
        in_percent(ax)
        return
    curves = [trial.curves.get(name, []) for trial in shown for name in names]
    values = np.concatenate([np.empty(0), *curves])
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0:
        ax.set_yscale("log")
        low = max(values.min(), 1e-12 * values.max())
        ax.set_ylim(low / 2, values.max() * 2)
    elif len(values):
        ax.set_ylim(values.min(), values.max() + 1e-12)


def _head(ax: Axes, result: SearchResult, trial: Trial, place: int) -> None:
    """Write rank, trial and score over a panel, and inside it what was tried."""
    ended = "" if trial.status == "finished" else f", {trial.status}"
    room, size = in_points(ax)[0], points("axes.labelsize")
    score = call(result, trial.score)
    words = [
        f"{place + 1}: trial {trial.number}, {score}{ended}",
        f"{place + 1}: {score}{ended}",
        f"{place + 1}: {score}",
    ]
    text, fit = fitted(words, room, 0.95 * size, ax.figure)
    color = setting("axes.titlecolor")
    ax.set_title(text, loc="left", y=1.0, pad=5, fontsize=fit, color=color)


def _draw_ranking(result: SearchResult, size: Size | None) -> RecipeFigure:
    """Draw the score against the rank."""
    cycle = track_styles(3)
    styles = [
        {**cycle[0], "linestyle": "none"},
        {**cycle[1], "linestyle": "none", "markerfacecolor": "none", "markeredgewidth": 1.4}
        | {"markeredgecolor": cycle[1]["color"]},
        {**cycle[2], "marker": "X", "linestyle": "none"},
    ]
    parts = {k: [t for t in result.trials if t.status == k] for k in _ENDS}
    present = [k for k in _ENDS if parts[k]]
    behind = ["Abandoned trials rank behind finished ones."] if parts["abandoned"] else []
    behind += ["Diverged trials have no score, and are drawn level with the worst."] * bool(
        parts["diverged"]
    )
    made = sheet(
        size,
        (1000, 680),
        1,
        1,
        title=heading(result, "Every trial by its rank"),
        about=about_best(result),
        foot=foot(result, *behind),
        labels=[f"{k} ({len(parts[k])})" for k in present],
        styles=[styles[_ENDS.index(k)] for k in present],
    )
    (ax,) = made.axes
    scores = [t.score for t in result.trials if t.score is not None]
    worst = (max if result.goal == "min" else min)(scores, default=0.0)
    rank = {trial.number: place for place, trial in enumerate(result.ranking, 1)}
    for kind in present:
        where = [rank[t.number] for t in parts[kind]]
        values = [worst if t.score is None else t.score for t in parts[kind]]
        ax.plot(where, values, **styles[_ENDS.index(kind)], zorder=3)
    ax.set_xlabel("rank")
    ax.set_ylabel(measure(result))
    ax.set_xlim(0, len(result) + 1)
    if as_percent(result):
        ax.set_ylim(0, None)
        in_percent(ax)
    elif scores and min(scores) > 0:
        ax.set_yscale("log")
    calm(ax)
    ax.margins(y=0.08)
    return drawn_in(made)


#: What draws each page.
SEARCH_PAGES: dict[str, Callable[[SearchResult, Size | None], RecipeFigure]] = {
    "best": _draw_best,
    "plane": draw_plane,
    "ranking": _draw_ranking,
}
