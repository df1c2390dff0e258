"""Figures of accuracies: overfitting, batch normalisation, and dropout as an ensemble."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from trajectories.mnist.experiments.result import Result
from trajectories.mnist.figures.curves import calm, draw_band, in_percent
from trajectories.mnist.figures.panel_head import panel_head
from trajectories.mnist.figures.sheet import data_name, data_words, network_words, seed_words, sheet
from trajectories.mnist.figures.smoothing import band
from trajectories.plotting.canvas import Size
from trajectories.plotting.header import points
from trajectories.plotting.theme import setting
from trajectories.plotting.tracks import Style, track_styles

__all__ = ["draw_batch_norm", "draw_ensemble", "draw_overfitting", "verdict"]

_GAP = 0.18
#: Networks without batch normalisation that come this far have learned something.
_LEARNED = 0.5


def draw_overfitting(result: Result, size: Size | None = None) -> Figure:
    """Draw training and test accuracy without and with what is held against overfitting."""
    plain, held = result.runs
    data = data_name(result)
    what = held.rpartition(" ")[0]
    made = sheet(
        size,
        (1280, 680),
        1,
        2,
        title=[f"Overfitting on {data}: {result.settings['images']} images, and {held}"],
        about=verdict(result),
        foot=_foot(result),
        labels=["training images", "test images"],
        styles=track_styles(2),
        shared=True,
        heads=True,
    )
    for ax, label in zip(made.axes, (plain, held), strict=True):
        x = band(result.records(label, "epoch"))[1]
        for i, (name, style) in enumerate(zip(("train", "test"), track_styles(2), strict=True)):
            draw_band(ax, x, result.records(label, name), style, place=i / 2)
        train, test = (band(result.records(label, name))[1] for name in ("train", "test"))
        _mark_gap(ax, x, train, test, _gap(result, label))
        panel_head(ax, label if label != plain else f"without {what}")
        ax.set_xlim(0, result.settings["epochs"])
        ax.set_ylim(0, 1.02)
        ax.set_xlabel("epochs")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        calm(ax)
    made.axes[1].tick_params(labelleft=False)
    made.axes[0].set_ylabel("accuracy")
    in_percent(made.axes[0])
    return made.figure


def verdict(result: Result) -> list[str]:
    """Say how the gap and the test accuracy have changed; the best words first."""
    plain, held = result.runs
    gaps, tests = [], []
    for label in (plain, held):
        finals = [run.final["test"] for run in result.runs[label] if not run.diverged]
        if not finals:
            return [f"Runs with {label} diverged"]
        gaps.append(_gap(result, label))
        tests.append(float(np.median(finals)) * 100)
    narrower = gaps[1] < gaps[0]
    lower = tests[1] < tests[0]
    plain_test, held_test = (f"{test:.1f} %" for test in tests)
    first, last = (f"{gap:.0f}" for gap in gaps)
    moved = "narrows" if narrower else "widens"
    gap = f"{moved} the gap from {first} to {last} points"
    linked = "but" if narrower == lower else "and"
    end = "below" if lower else "above"
    if first == last:
        gap, linked = f"leaves the gap at {last} points", "and"
    if plain_test == held_test:  # What is shown as equal is not called better or worse.
        end, linked = "level with", "and"
    name = held[:1].upper() + held[1:]
    return [
        f"{name} {gap}, {linked} on the test images it ends {end} the plain network: "
        f"{held_test} against {plain_test}",
        f"{name} {gap}, {linked} ends {end} the plain network on test images",
        f"Gap {first} and {last} points; test accuracy {tests[0]:.0f} % and {tests[1]:.0f} %",
    ]


def _gap(result: Result, label: str) -> float:
    """Return the median gap between training and test accuracy at the end, in points."""
    gaps = [r.final["train"] - r.final["test"] for r in result.runs[label] if not r.diverged]
    return 100 * float(np.median(gaps)) if gaps else float("nan")


def _mark_gap(ax: Axes, x: Any, train: Any, test: Any, gap: float) -> None:
    """Shade the gap between both curves, and say how wide it is at the end."""
    color = setting("text.color")
    ax.fill_between(x, test, train, where=train > test, color=color, alpha=0.05, lw=0, zorder=1)
    if not len(x) or not np.isfinite(gap):
        return
    at = x[0] + 0.97 * (x[-1] - x[0])
    top, bottom = (float(np.interp(at, x, y)) for y in (train, test))
    words = f"gap {gap:.0f} points"
    if top - bottom > 0.05:
        arrow = {"arrowstyle": "<->", "color": color, "lw": 1.2, "shrinkA": 1, "shrinkB": 1}
        ax.annotate("", (at, top), (at, bottom), arrowprops=arrow, zorder=5)
    # Words go between the curves where there is room for them.
    y, anchor = (top + bottom) / 2, "center"
    if top - bottom < _GAP:
        y, anchor = float(np.interp(x[0] + 0.6 * (x[-1] - x[0]), x, test)) - 0.05, "top"
    ax.annotate(
        words,
        (at, y),
        (-0.6 * points("axes.labelsize"), 0),
        textcoords="offset points",
        ha="right",
        va=anchor,
        fontsize=points("axes.labelsize"),
        color=color,
        zorder=5,
    )


def draw_batch_norm(result: Result, size: Size | None = None) -> Figure:
    """Draw training accuracy with and without batch normalisation, a panel for each size."""
    scales = [float(scale) for scale in result.settings["weight_init"]]
    styles = track_styles(2)
    few = [label for label in result.runs if label.startswith("without") and _learns(result, label)]
    lost = [
        label
        for label in result.runs
        if label.startswith("without") and all(run.diverged for run in result.runs[label])
    ]
    kept = sum(label.startswith("with,") and _learns(result, label) for label in result.runs)
    words = [
        f"Past 50 %: {kept} of {len(scales)} sizes with batch normalisation, {len(few)} without",
    ]
    if lost:
        words.insert(0, f"{words[0]}; {len(lost)} diverge without it")
    made = sheet(
        size,
        (1200, 960),
        4,
        4,
        title=[
            f"Batch normalisation on {data_name(result)}, by the size of the first weights",
            f"Batch normalisation on {data_name(result)}",
        ],
        about=words,
        foot=_foot(result),
        labels=["with batch normalisation", "without"],
        styles=styles,
        shared=True,
        joined=True,
        heads=True,
    )
    pairs = list(zip(*[iter(result.runs)] * 2, strict=True))
    for i, (ax, scale, pair) in enumerate(zip(made.axes, scales, pairs, strict=True)):
        for number, (label, style) in enumerate(zip(pair, styles, strict=True)):
            x = band(result.records(label, "epoch"))[1]
            draw_band(ax, x, result.records(label, "train"), style, place=number / 2)
        gone = sum(run.diverged for run in result.runs[pair[1]])
        several = f"{gone} of {len(result.seeds)} diverged"
        told = "diverged" if gone == len(result.seeds) else several if gone else ""
        # Not inside the panel, where curves may be anywhere.
        panel_head(ax, f"std {scale:.2g}", told, styles[1]["color"])
        ax.set_xlim(0, result.settings["epochs"])
        ax.set_ylim(0, 1.02)
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        ax.set_yticks([0, 0.5, 1])
        calm(ax)
        in_percent(ax)
        ax.tick_params(labelleft=i % 4 == 0, labelbottom=i >= 12)
        if i >= 12:
            ax.set_xlabel("epochs")
        if i % 4 == 0:
            ax.set_ylabel("accuracy")
    return made.figure


def _learns(result: Result, label: str) -> bool:
    finals = [0.0 if run.diverged else run.final["train"] for run in result.runs[label]]
    return float(np.median(finals)) > _LEARNED


def draw_ensemble(result: Result, size: Size | None = None) -> Figure:
    """Draw the accuracy of the mean of 1, 2, 3, ... masks, and that of the one scaled pass."""
    many, single, scaled = (result.arrays[name] for name in ("ensemble", "single", "scaled"))
    count = many.shape[1]
    plain = {"color": setting("axes.labelcolor"), "marker": ""}
    kinds: list[Style] = [
        {**plain, "linestyle": "-"},
        {**plain, "linestyle": (0, (5, 2))},
        {**plain, "linestyle": (0, (1, 1.6))},
    ]
    away = float(np.median(scaled - many[:, -1])) * 100
    better = int((scaled >= many[:, -1]).sum())
    where = f"{abs(away):.1f} points {'above' if away >= 0 else 'below'}"
    if where.startswith("0.0 "):
        where = "level with"
    close = f"{where} the mean of {count} masks"
    several = len(result.seeds)
    made = sheet(
        size,
        (1000, 680),
        1,
        1,
        title=[f"Dropout as an ensemble on {data_name(result)}"],
        about=[
            f"One scaled pass is {close} (median), and as good or better for {better} of {several} "
            "seeds",
            f"One scaled pass is {close}",
        ],
        foot=f"{_told(result)} Scaled: outputs times {1 - result.settings['dropout']:g}. A colour "
        f"for each of {several} seeds." + (" Cut short for a quick look." if result.quick else ""),
        labels=["mean of the masks", "one scaled pass", "one mask, on average"],
        styles=kinds,
    )
    (ax,) = made.axes
    x = np.arange(1, count + 1)
    for i, style in enumerate(track_styles(len(result.seeds))):
        color = {"color": style["color"]}
        ax.plot(x, many[i], **kinds[0] | color, zorder=3)
        ax.axhline(scaled[i], **kinds[1] | color, zorder=2.5)
        ax.axhline(single[i].mean(), **kinds[2] | color, zorder=2.4)
        ax.plot(x[-1:], many[i, -1:], **style | {"linestyle": "none"}, clip_on=False, zorder=4)
    ax.set_xscale("log")
    ax.set_xlim(1, max(count, 2))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xticks([k for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if k <= max(count, 2)])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("masks")
    ax.set_ylabel("test accuracy")
    ax.margins(y=0.08)
    ax.yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    calm(ax)
    in_percent(ax)
    return made.figure


def _told(result: Result) -> str:
    return f"{data_words(result, result.settings.get('images'))}. {network_words(result)}."


def _foot(result: Result) -> str:
    return f"{_told(result)} {seed_words(result)}"
