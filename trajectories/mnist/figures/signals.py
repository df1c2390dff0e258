"""Activations and gradients of each layer while a network learns: a still and a moving picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from trajectories.mnist.experiments.result import Result
from trajectories.mnist.figures.moments import Histogram, WordsLine, parts_of
from trajectories.mnist.figures.panel_head import panel_head
from trajectories.mnist.figures.sheet import Sheet, data_name, data_words, network_words, sheet
from trajectories.plotting.canvas import Size, checked_size
from trajectories.plotting.layouts import Picture
from trajectories.plotting.maps.movie import Movie
from trajectories.plotting.theme import look, setting
from trajectories.plotting.tracks import track_styles
from trajectories.validation import must

__all__ = ["animate_signals", "draw_signals", "moments_shown"]

_SIZE: Size = (1280, 680)


def draw_signals(result: Result, size: Size | None = None, *, network: str) -> Figure:
    """Draw the histograms of each layer at the start, a fifth of the way, and at the end."""
    shown = moments_shown(result)
    steps = [int(result.arrays["moments"][row]) for row in shown]
    styles = [{**style, "marker": "s"} for style in track_styles(len(shown))]
    labels = [
        "at the start",
        *(f"after {step:,} iteration{'s' * (step > 1)}" for step in steps[1:]),
    ]
    made = _lay_out(result, network, size, labels, styles)
    dashes: list[Any] = ["-", (0, (4, 1.5)), "-"]
    for ax, counts, edges, _ in _panels(result, network, made):
        parts = parts_of(counts)
        for k, (row, style) in enumerate(zip(shown, styles, strict=True)):
            wide = setting("lines.linewidth") * (0.8 + 0.3 * (k == len(shown) - 1))
            fill = {"fill": True, "color": style["color"], "alpha": 0.14, "lw": 0}
            ax.stairs(parts[row], edges, **fill)
            ax.stairs(parts[row], edges, color=style["color"], lw=wide, ls=dashes[k])
    return made.figure


def animate_signals(
    result: Result,
    network: str = "ReLU, He",
    *,
    theme: str | None = None,
    size: Size | None = None,
) -> Movie:
    """Make a moving picture of the histograms of each layer while a network learns."""
    if not isinstance(result, Result) or result.experiment != "layers":
        raise must("result", "what `layers` returns", result, kind=TypeError)
    if network not in result.runs:
        raise must("network", f"one of {', '.join(map(repr, result.runs))}", network)
    settings = look(theme)
    shape = _SIZE if size is None else checked_size(size)
    steps = [int(step) for step in result.arrays["moments"]]
    told = _told(result, network)

    def make(size: Size) -> Picture:
        with settings.applied():
            made = _lay_out(result, network, size, [], [], moving=True)
            colors = [style["color"] for style in track_styles(2)]
            movers: list[Any] = [
                Histogram(ax, counts, edges, silent, steps, colors[i >= len(made.axes) // 2])
                for i, (ax, counts, edges, silent) in enumerate(_panels(result, network, made))
            ]
            strip = next(ax for ax in made.figure.axes if ax.get_label() == "header")
            movers.append(WordsLine(strip, told))
            scene: Any = None  # There is no surface.
            return Picture(made.figure, movers, scene, 1.0)

    data = result.data["name"]
    return Movie(f"Layers of a network ({network}) on {data}", [], steps, shape, make)


def moments_shown(result: Result) -> list[int]:
    """Return which moments a still picture shows: the start, a fifth of the way, and the end."""
    last = len(result.arrays["moments"]) - 1
    return sorted({0, min(last, max(1, round(0.2 * last))), last})


def _lay_out(
    result: Result,
    network: str,
    size: Size | None,
    labels: list[str],
    styles: list[dict[str, Any]],
    *,
    moving: bool = False,
) -> Sheet:
    count = len(result.settings["hidden"])
    made = sheet(
        size,
        _SIZE,
        2,
        count,
        title=[f"Activations and gradients of a network that learns {data_name(result)}"],
        about=[" "] if moving else _about(result, network),
        foot=f"{data_words(result)}. {network_words(result)}; {network}. Looked at: the first "
        f"{result.settings['looked_at']} training images. Gradients: of each image's loss, by "
        "what comes into a layer's activation function; zeros are not in the histograms. "
        + _ended(result)
        + ("Cut short for a quick look." if result.quick else ""),
        labels=labels,
        styles=styles,
        shared=True,
        heads="top",
    )
    for i, (ax, counts, edges, _) in enumerate(_panels(result, network, made)):
        row, column = divmod(i, count)
        ax.set_xlim(edges[0], edges[-1])
        tops = _tops(result, network, row)
        ax.set_ylim(0, 1.08 * tops)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10], prune="upper"))
        if row:
            ax.xaxis.set_major_locator(MaxNLocator(4, integer=True, prune="upper"))
            ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"$10^{{{x:.0f}}}$"))
        ax.set_xlabel("size of the gradients" if row else "", labelpad=2)
        if not column:
            ax.set_ylabel("gradients" if row else "activations")
        if not row:
            panel_head(ax, f"layer {column + 1}")
        del counts
    return made


def _panels(result: Result, network: str, made: Sheet) -> list[tuple[Axes, Any, Any, Any]]:
    """Return each panel with its counts by moments, edges, and the part that is 0."""
    found = []
    silent = result.arrays[f"{network} silent"]
    spans = result.arrays[f"{network} range"], result.arrays["powers"]
    for row, what in enumerate(("activations", "gradients")):
        counts = result.arrays[f"{network} {what}"]
        low, high = spans[row]
        edges = np.linspace(low, high, counts.shape[-1] + 1)
        for layer in range(counts.shape[1]):
            ax = made.axes[row * counts.shape[1] + layer]
            found.append((ax, counts[:, layer], edges, silent[:, layer, row]))
    return found


def _tops(result: Result, network: str, row: int) -> float:
    """Return how high the axes of a row reach: above nearly all bars of all moments."""
    parts = parts_of(result.arrays[f"{network} {('activations', 'gradients')[row]}"])
    # Values that are all alike, as small ones are at first, would leave no room for the others.
    several = moments_shown(result)
    shown = parts[several if row else several[1:] or several].max(axis=-1)
    return float(1.02 * (shown.max() if row else 1.1 * shown.mean()))


def _about(result: Result, network: str) -> list[str]:
    """Say how much smaller the gradients of the first layer are than those of the last."""
    low, high = result.arrays["powers"]
    counts = result.arrays[f"{network} gradients"]
    middles = low + (np.arange(counts.shape[-1]) + 0.5) * (high - low) / counts.shape[-1]

    def median(row: int, layer: int) -> float:
        heap = np.cumsum(counts[row, layer])
        return float(middles[np.searchsorted(heap, heap[-1] / 2)])

    def ratio(row: int) -> str:
        if not counts[row, 0].any():
            return "all 0"
        away = median(row, counts.shape[1] - 1) - median(row, 0)
        times = float(f"{10 ** abs(away):.2g}")
        if times < 2:
            return "about as large"
        return f"{times:,.6g} times {'smaller' if away > 0 else 'larger'}"

    return [
        f"{network}: next to those of layer {counts.shape[1]}, the gradients of layer 1 are "
        f"{ratio(0)} at the start, and {ratio(-1)} at the end",
        f"{network}: gradients of layer 1 {ratio(0)} at the start, {ratio(-1)} at the end",
        network,
    ]


def _ended(result: Result) -> str:
    """Say why the moments end before the training was to end, if they do."""
    lost = [label for label, runs in result.runs.items() if any(run.diverged for run in runs)]
    if not lost:
        return ""
    return f"Diverged: {'; '.join(lost)}. All are shown as far as all of them came. "


def _told(result: Result, network: str) -> dict[int, str]:
    """Return the words of each moment: iteration and test accuracy of the first seed."""
    run = result.runs[network][0]
    at = dict(zip(run.iteration.tolist(), run.accuracy["test"].tolist(), strict=True))
    return {
        int(step): f"{network}: {int(step):,} iterations, test accuracy {100 * at[int(step)]:.1f} %"
        for step in result.arrays["moments"]
    }
