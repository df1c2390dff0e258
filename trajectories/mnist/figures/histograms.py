"""Figures of activations: how the values of each layer are spread."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from trajectories.mnist.experiments.forward_pass import ACTIVATIONS, INITS
from trajectories.mnist.experiments.result import Result
from trajectories.mnist.figures.panel_head import panel_head
from trajectories.mnist.figures.sheet import sheet
from trajectories.plotting.canvas import Size
from trajectories.plotting.header import fitted, in_points, points
from trajectories.plotting.theme import setting
from trajectories.plotting.tracks import track_styles

__all__ = ["draw_activations", "draw_layers"]

_NAMES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU"}
#: How far a histogram may reach into the room of the one above it.
_OVERLAP = 1.25
#: Bars may be so many times as tall as those of the layer that is spread out most.
_TALLEST = 3.5
_ABOUT = {
    "sigmoid": "Large weights saturate the sigmoid; small ones leave all values at 0.5",
    "tanh": "Large weights saturate tanh; with small ones the signal dies out",
    "relu": "ReLU's signals explode or die out from layer to layer; He's weights keep their size",
}


def draw_activations(result: Result, size: Size | None = None) -> Figure:
    """Draw all functions and sizes: each panel stacks the histograms of five layers."""
    made = sheet(
        size,
        (1280, 860),
        len(ACTIVATIONS),
        len(INITS),
        title=["Activations of five layers, by function and by the size of the weights"],
        about=[
            "Xavier's weights keep sigmoid and tanh spread out, He's keep ReLU. Layer 1 at the top "
            "of each panel, layer 5 at the bottom",
            "Layer 1 at the top, layer 5 at the bottom of each panel",
        ],
        foot=f"{_foot(result)} Right of it: the standard deviation of the activations, from layer "
        "1 to layer 5. ReLU without what is exactly 0.",
        shared=True,
        heads=True,
    )
    styles = track_styles(len(ACTIVATIONS))
    places = [(kind, init) for kind in ACTIVATIONS for init in INITS]
    for i, (ax, (kind, init)) in enumerate(zip(made.axes, places, strict=True)):
        row, column = divmod(i, len(INITS))
        counts, edges, facts = _found(result, f"{kind} {init}")
        color = styles[row]["color"]
        for layer, heights in enumerate(counts):
            base = len(counts) - 1 - layer
            _draw_steps(ax, edges, base + _OVERLAP * heights / heights.max(), base, color, layer)
        spread = facts[..., 1].mean(axis=0)
        told = f"{_short(spread[0])} \N{RIGHTWARDS ARROW} {_short(spread[-1])}"
        panel_head(ax, init, told)
        ax.set_xlim(edges[0], edges[-1])
        ax.set_ylim(-0.05, len(counts) - 1 + 1.1 * _OVERLAP)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        _few_ticks(ax)
        if not column:
            ax.set_ylabel(_NAMES[kind], fontsize=points("axes.titlesize"))
    return made.figure


def draw_layers(result: Result, size: Size | None = None, *, kind: str = "relu") -> Figure:
    """Draw a histogram for each layer and each size of the weights, for one function."""
    name = _NAMES[kind]
    columns = len(result.settings["hidden"])
    made = sheet(
        size,
        (1280, 960),
        len(INITS),
        columns,
        title=[f"Activations with {name}, layer by layer"],
        about=[_ABOUT[kind]],
        foot=f"{_foot(result)} \N{GREEK SMALL LETTER SIGMA}: standard deviation of the activations."
        + (" What is exactly 0 is not shown." if kind == "relu" else ""),
        shared=True,
        heads="top",
        feet=True,
    )
    styles = track_styles(len(INITS))
    for row, (init, style) in enumerate(zip(INITS, styles, strict=True)):
        counts, edges, facts = _found(result, f"{kind} {init}")
        parts = counts / (result.settings["rows"] * result.settings["hidden"][0])
        parts = parts / len(result.seeds)
        # What stands at one value would make all else invisible: its bar is cut off, and told.
        top = _usual_top(parts)
        for layer in range(columns):
            ax = made.axes[row * columns + layer]
            _draw_bars(ax, edges, parts[layer], top, style["color"])
            spread, lost = facts[:, layer, 1].mean(), facts[:, layer, 2].mean()
            where = {"relu": "zero"}.get(kind, "saturated")
            words = f"\N{GREEK SMALL LETTER SIGMA} {_short(spread)}"
            if lost > 0.005:
                words += f", {100 * lost:.0f} % {where}"
            text, fit = fitted([words], in_points(ax)[0], points("xtick.labelsize"))
            ax.set_xlabel(text, fontsize=fit, labelpad=2)
            ax.set_xlim(edges[0], edges[-1])
            ax.set_ylim(0, 1.08 * top)
            ax.set_yticks([])
            ax.spines["left"].set_visible(False)
            _few_ticks(ax)
            if not row:
                panel_head(ax, f"layer {layer + 1}")
            if not layer:
                ax.set_ylabel(init)
    return made.figure


def _found(result: Result, name: str) -> tuple[Any, Any, Any]:
    """Return counts, the edges of bins, and facts."""
    counts, span = result.arrays[f"{name} counts"], result.arrays[f"{name} range"]
    low, high = span
    return counts, np.linspace(low, high, counts.shape[1] + 1), result.arrays[f"{name} facts"]


def _draw_steps(ax: Axes, edges: Any, tops: Any, base: float, color: str, layer: int) -> None:
    """Draw a histogram as one shape over a base, before those that are further back."""
    x, y = np.repeat(edges, 2)[1:-1], np.repeat(tops, 2)
    order = 2 + layer / 10
    bare: dict[str, Any] = {"marker": "", "zorder": order}
    ax.fill_between(x, base, y, color=setting("axes.facecolor"), lw=0, zorder=order)
    ax.fill_between(x, base, y, color=color, alpha=0.35, lw=0, zorder=order)
    ax.plot(x, y, color=color, lw=0.7 * setting("lines.linewidth"), **bare)
    ax.plot(edges[[0, -1]], [base, base], color=setting("axes.edgecolor"), lw=0.5, **bare)


def _draw_bars(ax: Axes, edges: Any, parts: Any, top: float, color: str) -> None:
    """Draw a histogram whose bars above the top are cut off, with an arrow."""
    ax.stairs(np.minimum(parts, top), edges, fill=True, color=color, alpha=0.35, lw=0)
    ax.stairs(np.minimum(parts, top), edges, color=color, lw=0.6 * setting("lines.linewidth"))
    for k in np.flatnonzero(parts > top * (1 + 1e-9)):
        middle = (edges[k] + edges[k + 1]) / 2
        ax.plot(middle, 1.03 * top, "^", color=color, markersize=5, clip_on=False, zorder=4)


def _usual_top(parts: Any) -> float:
    """Return what the bars of most layers stay below, so that no spike makes the others small."""
    second = np.sort(parts, axis=1)[:, -2] * 1.15
    widest = second[np.argmax((parts > 1e-4).sum(axis=1))]
    return float(max(second[second <= _TALLEST * widest].max(), 0.02))


def _few_ticks(ax: Axes) -> None:
    low, high = ax.get_xlim()
    if high == 1:
        ax.set_xticks([low, (low + high) / 2, high])
    else:
        ax.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10], prune="upper"))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.6g}"))


def _short(value: float) -> str:
    """Write a number with two digits that count."""
    if 0 < value < 1e-3:
        return f"{value:.0e}".replace("e-0", "e-")
    return f"{float(f'{value:.2g}'):,.6g}"


def _foot(result: Result) -> str:
    s = result.settings
    count = len(result.seeds)
    seeds = f"{count} seeds together" if count > 1 else f"seed {result.seeds[0]}"
    return (
        f"Inputs: {s['rows']:,} vectors of {s['hidden'][0]} standard normal numbers, not images; "
        f"five layers of {s['hidden'][0]}, before any training; {seeds}. std: standard deviation "
        "of the weights; Xavier: sqrt(1/n); He: sqrt(2/n)."
    )
