"""The sheet that figures of experiments share."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from trajectories.checks import must, resolve
from trajectories.mnist.experiments.study import Result
from trajectories.plotting.canvas import RecipeFigure, Size, new_figure
from trajectories.plotting.text import (
    draw_header,
    fitted,
    header_height,
    in_points,
    literal,
    points,
    text_size,
)
from trajectories.plotting.theme import set_for_now, setting
from trajectories.plotting.writers.formats import STREAMED
from trajectories.plotting.writers.gif import Stream

_BLACK = np.zeros((16, 16, 4), np.uint8)


def check_movie(kind: str) -> None:
    """Write a small frame to nowhere."""
    name = resolve("format of a moving picture", kind, STREAMED)
    STREAMED[name].write(io.BytesIO(), Stream(lambda _: _BLACK, (16, 16), [0], 10.0))


def panel_head(ax: Axes, title: str, beside: str = "", color: Any = None) -> None:
    """Write the line above a panel."""
    size, small = points("axes.labelsize"), points("xtick.labelsize")
    ax.set_title(title, loc="left", y=1.0, pad=5, fontsize=size)
    if beside:
        room = in_points(ax)[0] - text_size(title, size)[0] - small
        text, fit = fitted([beside], room, small)
        color = setting("axes.labelcolor") if color is None else color
        ax.set_title(text, loc="right", y=1.0, pad=5, fontsize=fit, color=color)


_LEAST = 24.0
_FOOT = 1.45
#: The text of a foot, in sizes of the ticks' labels.
_SMALL = 0.86


@dataclass(frozen=True)
class Sheet:
    """A figure and its panels."""

    figure: RecipeFigure
    axes: list[Axes]


def sheet(
    size: Size | None,
    reference: Size,
    rows: int,
    columns: int,
    *,
    title: Sequence[str],
    about: Sequence[str] = (),
    foot: str = "",
    labels: Sequence[str] = (),
    styles: Sequence[dict[str, Any]] = (),
    widths: Sequence[float] | None = None,
    shared: bool = False,
    joined: bool = False,
    heads: bool | str = False,
    feet: bool = False,
    side: float | None = None,
) -> Sheet:
    """Lay out a sheet: margins are measured from the type's sizes, before anything is drawn."""
    figure = new_figure(size or reference, reference)
    width, height = in_points(figure)
    tick, label, large = (points(f"{k}size") for k in ("xtick.label", "axes.label", "axes.title"))
    left = 4.5 * tick + 1.5 * label if side is None else side
    right = 2.0 * tick
    wide = width - left - right
    lines = _wrapped(foot, wide, _SMALL * tick) if foot else []
    below = (len(lines) * _FOOT + 0.9 * bool(lines)) * tick
    bottom = 1.9 * tick + 1.7 * label + below
    quiet: Any = {"axes.titlesize": label, "axes.titlecolor": setting("axes.labelcolor")}
    with set_for_now(quiet if about else {}):
        header = header_height(labels, wide)
    head = (1.7 * label if heads else 0.0) + 0.4 * tick
    above = (2.1 * large if about else 0.5 * large) + header + head
    gap = 2.6 * tick if shared else left + 0.6 * tick
    between = (0.8 if joined else 1.9) * tick + (1.7 * label if heads is True else 0.8 * label)
    between += 1.7 * tick if feet else 0.0
    inner = wide - gap * (columns - 1)
    tall = (height - above - bottom - between * (rows - 1)) / rows
    if min(inner / columns, tall) < _LEAST:
        raise must("size", "large enough for the panels and their type", size)
    axes = figure.subplots(
        rows,
        columns,
        squeeze=False,
        gridspec_kw={
            "left": left / width,
            "right": 1 - right / width,
            "bottom": bottom / height,
            "top": 1 - above / height,
            "wspace": gap * columns / inner,
            "hspace": between / tall,
            "width_ratios": widths or [1.0] * columns,
        },
    )
    # The header has Axes of its own, as the panels have titles.
    strip = figure.add_axes((left / width, 1 - (above - head) / height, wide / width, 1e-3))
    strip.set_axis_off()
    strip.set_label("header")
    with set_for_now(quiet if about else {}):
        draw_header(strip, list(about or title), labels, styles, room=wide)
    if about:
        text, fit = fitted(title, wide, 1.1 * large, figure)
        color = setting("axes.titlecolor")
        y = 1 - 1.6 * large / height
        figure.text(left / width, y, text, fontsize=fit, color=color, va="baseline")
    for number, line in enumerate(reversed(lines)):
        y = (0.75 + number * _FOOT) * tick / height
        style = {"fontsize": _SMALL * tick, "color": setting("axes.labelcolor")}
        figure.text(left / width, y, line, va="baseline", **style)
    return Sheet(figure, list(axes.ravel()))


def data_name(result: Result) -> str:
    """Return the data set's name as it is drawn: a folder may be called anything."""
    return literal(str(result.data["name"]))


def data_words(result: Result, train: int | None = None) -> str:
    """Return the data set's name, and how many images there were."""
    data = result.data
    whole = int(data["train"])
    few = whole if train is None else min(int(train), whole)
    count = f"{few:,}" if few == whole else f"{few:,} of {whole:,}"
    return f"{data_name(result)} ({count} training images, {int(data['test']):,} test images)"


def layers_words(inputs: int, hidden: Sequence[int], outputs: int) -> str:
    """Return the widths of a network's layers in short."""
    alike = len(set(hidden)) == 1 and len(hidden) > 1
    middle = [f"{hidden[0]}x{len(hidden)}"] if alike else [str(width) for width in hidden]
    return "-".join([str(inputs), *middle, str(outputs)])


def network_words(result: Result) -> str:
    """Return the network and how it was trained, in words."""
    s = result.settings
    made = next(iter(result.runs.values()))[0].settings["network"]
    names = {"relu": "ReLU", "he": "He's first weights", "xavier": "Xavier's first weights"}
    parts = [layers_words(made["input_size"], made["hidden_sizes"], made["output_size"])]
    parts += [names[s[k]] for k in ("activation", "weight_init") if s.get(k) in tuple(names)]
    if "optimizer" in s:
        parts.append(literal(str(s["optimizer"])))
    return ", ".join([*parts, f"batches of {s['batch_size']}"])


def seed_words(result: Result) -> str:
    """Return how many seeds there were, and what a band is."""
    count = len(result.seeds)
    cut = "Cut short for a quick look. " if result.quick else ""
    if count == 1:
        return f"{cut}One run each, seed {result.seeds[0]}."
    scaled = result.experiment in ("zero_weights", "initial_weights", "batch_norm")
    same = f"with the same {'batches' if scaled else 'first weights and batches'} for all"
    return f"{cut}Lines: median of {count} seeds, {same}; bands: from the lowest to the highest."


def _wrapped(text: str, width: float, size: float) -> list[str]:
    """Break a text into lines of a width in points."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_size(longer, size)[0] > 0.97 * width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
