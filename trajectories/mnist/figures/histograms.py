"""Figures of activations, gradients and units."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from trajectories.checks import must
from trajectories.mnist.experiments.signals import ACTIVATIONS, INITS
from trajectories.mnist.experiments.study import Result
from trajectories.mnist.figures.curves import draw_band, light_grid, smooth_losses, window_for
from trajectories.mnist.figures.sheet import (
    Sheet,
    data_name,
    data_words,
    network_words,
    panel_head,
    seed_words,
    sheet,
)
from trajectories.plotting.canvas import Size, checked_size
from trajectories.plotting.maps.map_movies import Movie
from trajectories.plotting.panels import Picture
from trajectories.plotting.scene import track_styles
from trajectories.plotting.text import fitted, in_points, points
from trajectories.plotting.theme import look, setting

_TITLES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU"}
#: Largest height of a histogram, in distances between their bases.
_OVERLAP = 1.25
#: Bars may be so many times as tall as those of the widest histogram.
_TALLEST_BAR = 3.5
_ABOUT = {
    "sigmoid": "Large weights saturate the sigmoid; small ones leave all values at 0.5",
    "tanh": "Large weights saturate tanh; with small ones the signal dies out",
    "relu": "ReLU's signals explode or die out from layer to layer; He's weights keep their size",
}


def draw_activations(result: Result, size: Size | None = None) -> Figure:
    """Draw a panel for each function and size, with the histograms of five layers."""
    layout = sheet(
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
    panels = [(kind, init) for kind in ACTIVATIONS for init in INITS]
    for i, (ax, (kind, init)) in enumerate(zip(layout.axes, panels, strict=True)):
        row, column = divmod(i, len(INITS))
        counts, edges, facts = _histogram(result, f"{kind} {init}")
        color = styles[row]["color"]
        for layer, heights in enumerate(counts):
            base = len(counts) - 1 - layer
            _draw_steps(ax, edges, base + _OVERLAP * heights / heights.max(), base, color, layer)
        spread = facts[..., 1].mean(axis=0)
        note = f"{_short(spread[0])} \N{RIGHTWARDS ARROW} {_short(spread[-1])}"
        panel_head(ax, init, note)
        ax.set_xlim(edges[0], edges[-1])
        ax.set_ylim(-0.05, len(counts) - 1 + 1.1 * _OVERLAP)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        _few_ticks(ax)
        if not column:
            ax.set_ylabel(_TITLES[kind], fontsize=points("axes.titlesize"))
    return layout.figure


def draw_layers(result: Result, size: Size | None = None, *, kind: str = "relu") -> Figure:
    """Draw a histogram for each layer and each size of the weights, for one function."""
    name = _TITLES[kind]
    columns = len(result.settings["hidden"])
    layout = sheet(
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
        counts, edges, facts = _histogram(result, f"{kind} {init}")
        parts = counts / (result.settings["rows"] * result.settings["hidden"][0])
        parts = parts / len(result.seeds)
        # A bar at a single value is cut off, or the others would be invisible.
        top = _common_top(parts)
        for layer in range(columns):
            ax = layout.axes[row * columns + layer]
            _draw_bars(ax, edges, parts[layer], top, style["color"])
            spread, dead = facts[:, layer, 1].mean(), facts[:, layer, 2].mean()
            reason = {"relu": "zero"}.get(kind, "saturated")
            note = f"\N{GREEK SMALL LETTER SIGMA} {_short(spread)}"
            if dead > 0.005:
                note += f", {100 * dead:.0f} % {reason}"
            text, fit = fitted([note], in_points(ax)[0], points("xtick.labelsize"))
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
    return layout.figure


def _histogram(result: Result, name: str) -> tuple[Any, Any, Any]:
    """Return the counts, the edges of bins, and the statistics."""
    counts, span = result.arrays[f"{name} counts"], result.arrays[f"{name} range"]
    low, high = span
    return counts, np.linspace(low, high, counts.shape[1] + 1), result.arrays[f"{name} facts"]


def _draw_steps(ax: Axes, edges: Any, tops: Any, base: float, color: str, layer: int) -> None:
    """Draw a histogram as one shape over a base, in front of earlier layers."""
    x, y = np.repeat(edges, 2)[1:-1], np.repeat(tops, 2)
    order = 2 + layer / 10
    bare: dict[str, Any] = {"marker": "", "zorder": order}
    ax.fill_between(x, base, y, color=setting("axes.facecolor"), lw=0, zorder=order)
    ax.fill_between(x, base, y, color=color, alpha=0.35, lw=0, zorder=order)
    ax.plot(x, y, color=color, lw=0.7 * setting("lines.linewidth"), **bare)
    ax.plot(edges[[0, -1]], [base, base], color=setting("axes.edgecolor"), lw=0.5, **bare)


def _draw_bars(ax: Axes, edges: Any, parts: Any, top: float, color: str) -> None:
    """Draw a histogram; bars above the top are cut off, with an arrow."""
    ax.stairs(np.minimum(parts, top), edges, fill=True, color=color, alpha=0.35, lw=0)
    ax.stairs(np.minimum(parts, top), edges, color=color, lw=0.6 * setting("lines.linewidth"))
    for k in np.flatnonzero(parts > top * (1 + 1e-9)):
        middle = (edges[k] + edges[k + 1]) / 2
        ax.plot(middle, 1.03 * top, "^", color=color, markersize=5, clip_on=False, zorder=4)


def _common_top(parts: Any) -> float:
    """Return an upper limit for the bars of most layers, so that no spike hides the others."""
    second = np.sort(parts, axis=1)[:, -2] * 1.15
    widest = second[np.argmax((parts > 1e-4).sum(axis=1))]
    return float(max(second[second <= _TALLEST_BAR * widest].max(), 0.02))


def _few_ticks(ax: Axes) -> None:
    low, high = ax.get_xlim()
    if high == 1:
        ax.set_xticks([low, (low + high) / 2, high])
    else:
        ax.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10], prune="upper"))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.6g}"))


def _short(value: float) -> str:
    """Write a number to two significant digits."""
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


#: Moving artists are above static ones.
_MOVING = 10.0


class _Histogram:
    """A moving histogram, with the share of exact zeros as text."""

    def __init__(
        self,
        ax: Axes,
        counts: NDArray[np.float64],
        edges: NDArray[np.float64],
        silent: NDArray[np.float64],
        moments: Any,
        color: str,
    ) -> None:
        self._parts = _parts_of(counts)
        self._silent = silent
        self._moments = {int(step): row for row, step in enumerate(moments)}
        width = 0.8 * setting("lines.linewidth")
        self._bars = ax.stairs(self._parts[0], edges, fill=True, color=color, alpha=0.4, lw=0)
        self._edge = ax.stairs(self._parts[0], edges, color=color, lw=width)
        self._words = ax.text(
            0.97,
            0.95,
            "",
            transform=ax.transAxes,
            ha="right",
            va="top",
            fontsize=points("xtick.labelsize"),
            color=setting("axes.labelcolor"),
        )
        self.artists: list[Artist] = [self._bars, self._edge, self._words]
        for i, artist in enumerate(self.artists):
            artist.set_zorder(_MOVING + i)

    def show(self, step: int) -> None:
        """Show the moment of an iteration."""
        row = self._moments[step]
        self._bars.set_data(self._parts[row])
        self._edge.set_data(self._parts[row])
        part = self._silent[row]
        self._words.set_text(f"{part:.0%} zero".replace("%", " %") if part > 0.005 else "")


class _Caption:
    """A caption that changes, instead of a static one."""

    def __init__(self, strip: Axes, words: dict[int, str]) -> None:
        style: Any = {"fontsize": points("axes.labelsize"), "color": setting("axes.labelcolor")}
        style |= {"xytext": (0, 6), "textcoords": "offset points", "xycoords": "axes fraction"}
        self._text = strip.annotate("", (0, 1), va="baseline", annotation_clip=False, **style)
        self._words = words
        self.artists: list[Artist] = [self._text]

    def show(self, step: int) -> None:
        """Show the caption of an iteration."""
        self._text.set_text(self._words[step])


def _parts_of(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return counts relative to their sums, which may be 0."""
    return np.asarray(counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1))


def draw_zero_weights(result: Result, size: Size | None = None) -> Figure:
    """Draw the losses, and pictures of the change of the weights of some units."""
    styles = track_styles(len(result.runs))
    iterations = result.settings["iterations"]
    layout = sheet(
        size,
        (1280, 640),
        1,
        2,
        title=[f"Weights that begin alike, on {data_name(result)}"],
        about=[
            "Units with the same weights have the same gradient, and stay the same for ever: each "
            "layer does the work of a single unit",
            "Units that begin alike stay alike: each layer does the work of one",
        ],
        foot=f"{data_words(result)}. {network_words(result)}. Losses smoothed over "
        f"{window_for(iterations)} iterations. Pictures: the change of a unit's weights, one "
        f"for each pixel, by training with seed {result.seeds[0]}. {seed_words(result)}",
        labels=list(result.runs),
        styles=styles,
        heads=True,
        widths=(1.0, 1.1),
    )
    left, right = layout.axes
    for i, (label, style) in enumerate(zip(result.runs, styles, strict=True)):
        rows = smooth_losses(result, label)
        # Equal losses hide each other: the later lines are thinner.
        width = setting("lines.linewidth") * (1.6 - 0.4 * i)
        draw_band(left, np.arange(rows.shape[1]), rows, style, offset=i / 3, linewidth=width)
    left.set_xlim(0, iterations)
    left.set_ylim(0, 2.5)
    left.set_xlabel("iterations")
    left.set_ylabel("training loss")
    light_grid(left)
    _draw_units(right, result, [style["color"] for style in styles])
    return layout.figure


def _draw_units(ax: Axes, result: Result, colors: list[str]) -> None:
    """Draw a row of pictures for each variant, with the number of different units."""
    ax.set_axis_off()
    shape = tuple(result.data["shape"])
    ground = setting("axes.facecolor")
    ramp = LinearSegmentedColormap.from_list("change", [colors[0], ground, colors[1]])
    width, height = in_points(ax)
    size = points("axes.labelsize")
    labels = list(result.runs)
    pictures = len(result.arrays[f"change {labels[0]}"])
    head = 2.0 * size
    tall = (height - head * (len(labels) - 1)) / len(labels)
    gap = 0.1
    side = min(tall, width / (pictures + gap * (pictures - 1)))
    for row, label in enumerate(labels):
        change = result.arrays[f"change {label}"]
        largest = float(abs(change).max()) or 1.0
        top = 1 - row * (side + head) / height
        distinct = result.arrays[f"units {label}"]
        hidden = result.settings["hidden"][0]
        least, greatest = int(distinct.min()), int(distinct.max())
        count = f"{least}" if least == greatest else f"{least} to {greatest}"
        if not change.any():
            title = f"{label}: no weight has changed"
        elif greatest > 1:
            title = f"{label}: {count} of {hidden} units differ"
        else:
            title = f"{label}: {hidden} units, all the same"
        ax.text(
            0,
            top + 0.35 * size / height,
            title,
            transform=ax.transAxes,
            fontsize=size,
            color=colors[row],
            va="baseline",
        )
        for k in range(pictures):
            box = (k * (1 + gap) * side / width, top - side / height, side / width, side / height)
            picture = ax.inset_axes(box)
            picture.imshow(change[k].reshape(shape), cmap=ramp, vmin=-largest, vmax=largest)
            picture.set_xticks([])
            picture.set_yticks([])
            for spine in picture.spines.values():
                spine.set(visible=True, color=setting("grid.color"))


_SIZE: Size = (1280, 680)


def draw_signals(result: Result, size: Size | None = None, *, network: str) -> Figure:
    """Draw the histograms of each layer at the start, after a fifth, and at the end."""
    moments = _drawn_moments(result)
    steps = [int(result.arrays["moments"][row]) for row in moments]
    styles = [{**style, "marker": "s"} for style in track_styles(len(moments))]
    labels = [
        "at the start",
        *(f"after {step:,} iteration{'s' * (step > 1)}" for step in steps[1:]),
    ]
    layout = _lay_out(result, network, size, labels, styles)
    dashes: list[Any] = ["-", (0, (4, 1.5)), "-"]
    for ax, counts, edges, _ in _panels(result, network, layout):
        parts = _parts_of(counts)
        for k, (row, style) in enumerate(zip(moments, styles, strict=True)):
            width = setting("lines.linewidth") * (0.8 + 0.3 * (k == len(moments) - 1))
            fill = {"fill": True, "color": style["color"], "alpha": 0.14, "lw": 0}
            ax.stairs(parts[row], edges, **fill)
            ax.stairs(parts[row], edges, color=style["color"], lw=width, ls=dashes[k])
    return layout.figure


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
    applied_theme = look(theme)
    pixels = _SIZE if size is None else checked_size(size)
    steps = [int(step) for step in result.arrays["moments"]]
    captions = _captions(result, network)

    def make(size: Size) -> Picture:
        with applied_theme.applied():
            layout = _lay_out(result, network, size, [], [], moving=True)
            colors = [style["color"] for style in track_styles(2)]
            moving_artists: list[Any] = [
                _Histogram(ax, counts, edges, silent, steps, colors[i >= len(layout.axes) // 2])
                for i, (ax, counts, edges, silent) in enumerate(_panels(result, network, layout))
            ]
            strip = next(ax for ax in layout.figure.axes if ax.get_label() == "header")
            moving_artists.append(_Caption(strip, captions))
            scene: Any = None  # There is no surface.
            return Picture(layout.figure, moving_artists, scene, 1.0)

    data = result.data["name"]
    return Movie(f"Layers of a network ({network}) on {data}", [], steps, pixels, make)


def _drawn_moments(result: Result) -> list[int]:
    """Return the moments of a still picture: the start, a fifth, and the end."""
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
    layout = sheet(
        size,
        _SIZE,
        2,
        count,
        title=[f"Activations and gradients of a network that learns {data_name(result)}"],
        about=[" "] if moving else _about(result, network),
        foot=f"{data_words(result)}. {network_words(result)}; {network}. Looked at: the first "
        f"{result.settings['looked_at']} training images. Gradients: of each image's loss, by "
        "what comes into a layer's activation function; zeros are not in the histograms. "
        + _diverged_note(result)
        + ("Cut short for a quick look." if result.quick else ""),
        labels=labels,
        styles=styles,
        shared=True,
        heads="top",
    )
    for i, (ax, _, edges, _) in enumerate(_panels(result, network, layout)):
        row, column = divmod(i, count)
        ax.set_xlim(edges[0], edges[-1])
        ax.set_ylim(0, 1.08 * _height(result, network, row))
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
    return layout


def _panels(result: Result, network: str, layout: Sheet) -> list[tuple[Axes, Any, Any, Any]]:
    """Return each panel with its counts by moments, edges, and shares of zeros."""
    panels = []
    silent = result.arrays[f"{network} silent"]
    spans = result.arrays[f"{network} range"], result.arrays["powers"]
    for row, kind in enumerate(("activations", "gradients")):
        counts = result.arrays[f"{network} {kind}"]
        low, high = spans[row]
        edges = np.linspace(low, high, counts.shape[-1] + 1)
        for layer in range(counts.shape[1]):
            ax = layout.axes[row * counts.shape[1] + layer]
            panels.append((ax, counts[:, layer], edges, silent[:, layer, row]))
    return panels


def _height(result: Result, network: str, row: int) -> float:
    """Return the height of the axes of a row: above nearly all bars of all moments."""
    parts = _parts_of(result.arrays[f"{network} {('activations', 'gradients')[row]}"])
    # A single bar, as of small weights at first, would leave no room for the others.
    moments = _drawn_moments(result)
    heights = parts[moments if row else moments[1:] or moments].max(axis=-1)
    return float(1.02 * (heights.max() if row else 1.1 * heights.mean()))


def _about(result: Result, network: str) -> list[str]:
    """Compare the gradients of the first layer with those of the last."""
    low, high = result.arrays["powers"]
    counts = result.arrays[f"{network} gradients"]
    middles = low + (np.arange(counts.shape[-1]) + 0.5) * (high - low) / counts.shape[-1]

    def median(row: int, layer: int) -> float:
        total = np.cumsum(counts[row, layer])
        return float(middles[np.searchsorted(total, total[-1] / 2)])

    def ratio(row: int) -> str:
        if not counts[row, 0].any():
            return "all 0"
        decades = median(row, counts.shape[1] - 1) - median(row, 0)
        factor = float(f"{10 ** abs(decades):.2g}")
        if factor < 2:
            return "about as large"
        return f"{factor:,.6g} times {'smaller' if decades > 0 else 'larger'}"

    return [
        f"{network}: next to those of layer {counts.shape[1]}, the gradients of layer 1 are "
        f"{ratio(0)} at the start, and {ratio(-1)} at the end",
        f"{network}: gradients of layer 1 {ratio(0)} at the start, {ratio(-1)} at the end",
        network,
    ]


def _diverged_note(result: Result) -> str:
    """Describe runs that diverged and ended the moments early, if any."""
    diverged = [label for label, runs in result.runs.items() if any(run.diverged for run in runs)]
    if not diverged:
        return ""
    return f"Diverged: {'; '.join(diverged)}. All are shown as far as all of them came. "


def _captions(result: Result, network: str) -> dict[int, str]:
    """Return the caption of each moment: iteration and test accuracy of the first seed."""
    run = result.runs[network][0]
    accuracy = dict(zip(run.iteration.tolist(), run.accuracy["test"].tolist(), strict=True))
    return {
        step: f"{network}: {step:,} iterations, test accuracy {100 * accuracy[step]:.1f} %"
        for step in map(int, result.arrays["moments"])
    }
