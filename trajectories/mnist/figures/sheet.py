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

_FRAME = np.zeros((16, 16, 4), np.uint8)


def check_movie(kind: str) -> None:
    """Check that a format of moving pictures can be written, with a small frame."""
    name = resolve("format of a moving picture", kind, STREAMED)
    STREAMED[name].write(io.BytesIO(), Stream(lambda _: _FRAME, (16, 16), [0], 10.0))


def panel_head(ax: Axes, title: str, beside: str = "", color: Any = None) -> None:
    """Write the line above a panel."""
    size, small = points("axes.labelsize"), points("xtick.labelsize")
    ax.set_title(title, loc="left", y=1.0, pad=5, fontsize=size)
    if beside:
        room = in_points(ax)[0] - text_size(title, size)[0] - small
        text, fit = fitted([beside], room, small)
        color = setting("axes.labelcolor") if color is None else color
        ax.set_title(text, loc="right", y=1.0, pad=5, fontsize=fit, color=color)


_SMALLEST_PANEL = 24.0
_LINE_HEIGHT = 1.45
#: Size of the foot, relative to the tick labels.
_FOOT_SIZE = 0.86


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
    """Lay out a sheet; its margins follow from the sizes of type."""
    figure = new_figure(size or reference, reference)
    width, height = in_points(figure)
    tick, label, large = (points(f"{k}size") for k in ("xtick.label", "axes.label", "axes.title"))
    left = 4.5 * tick + 1.5 * label if side is None else side
    right = 2.0 * tick
    inside = width - left - right
    lines = _wrapped(foot, inside, _FOOT_SIZE * tick) if foot else []
    below = (len(lines) * _LINE_HEIGHT + 0.9 * bool(lines)) * tick
    bottom = 1.9 * tick + 1.7 * label + below
    subtitle_style: Any = {"axes.titlesize": label, "axes.titlecolor": setting("axes.labelcolor")}
    with set_for_now(subtitle_style if about else {}):
        header = header_height(labels, inside)
    head = (1.7 * label if heads else 0.0) + 0.4 * tick
    above = (2.1 * large if about else 0.5 * large) + header + head
    gap = 2.6 * tick if shared else left + 0.6 * tick
    between = (0.8 if joined else 1.9) * tick + (1.7 * label if heads is True else 0.8 * label)
    between += 1.7 * tick if feet else 0.0
    inner = inside - gap * (columns - 1)
    panel_height = (height - above - bottom - between * (rows - 1)) / rows
    if min(inner / columns, panel_height) < _SMALLEST_PANEL:
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
            "hspace": between / panel_height,
            "width_ratios": widths or [1.0] * columns,
        },
    )
    # The header needs its own Axes, as the panels have titles.
    strip = figure.add_axes((left / width, 1 - (above - head) / height, inside / width, 1e-3))
    strip.set_axis_off()
    strip.set_label("header")
    with set_for_now(subtitle_style if about else {}):
        draw_header(strip, list(about or title), labels, styles, room=inside)
    if about:
        text, fit = fitted(title, inside, 1.1 * large, figure)
        color = setting("axes.titlecolor")
        y = 1 - 1.6 * large / height
        figure.text(left / width, y, text, fontsize=fit, color=color, va="baseline")
    for number, line in enumerate(reversed(lines)):
        y = (0.75 + number * _LINE_HEIGHT) * tick / height
        style = {"fontsize": _FOOT_SIZE * tick, "color": setting("axes.labelcolor")}
        figure.text(left / width, y, line, va="baseline", **style)
    return Sheet(figure, list(axes.ravel()))


def data_name(result: Result) -> str:
    """Return the data set's name as literal text, as a folder can have any name."""
    return literal(str(result.data["name"]))


def data_words(result: Result, train: int | None = None) -> str:
    """Return the data set's name and its numbers of images."""
    data = result.data
    total = int(data["train"])
    used = total if train is None else min(int(train), total)
    count = f"{used:,}" if used == total else f"{used:,} of {total:,}"
    return f"{data_name(result)} ({count} training images, {int(data['test']):,} test images)"


def layers_words(inputs: int, hidden: Sequence[int], outputs: int) -> str:
    """Return the widths of a network's layers, as 784-100x4-10."""
    alike = len(set(hidden)) == 1 and len(hidden) > 1
    middle = [f"{hidden[0]}x{len(hidden)}"] if alike else [str(width) for width in hidden]
    return "-".join([str(inputs), *middle, str(outputs)])


def network_words(result: Result) -> str:
    """Describe the network and its training."""
    s = result.settings
    network = next(iter(result.runs.values()))[0].settings["network"]
    names = {"relu": "ReLU", "he": "He's first weights", "xavier": "Xavier's first weights"}
    parts = [layers_words(network["input_size"], network["hidden_sizes"], network["output_size"])]
    parts += [names[s[k]] for k in ("activation", "weight_init") if s.get(k) in tuple(names)]
    if "optimizer" in s:
        parts.append(literal(str(s["optimizer"])))
    return ", ".join([*parts, f"batches of {s['batch_size']}"])


def seed_words(result: Result) -> str:
    """Describe the seeds, the lines and the bands."""
    count = len(result.seeds)
    quick = "Cut short for a quick look. " if result.quick else ""
    if count == 1:
        return f"{quick}One run each, seed {result.seeds[0]}."
    by_scale = result.experiment in ("zero_weights", "initial_weights", "batch_norm")
    same = f"with the same {'batches' if by_scale else 'first weights and batches'} for all"
    return f"{quick}Lines: median of {count} seeds, {same}; bands: from the lowest to the highest."


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
