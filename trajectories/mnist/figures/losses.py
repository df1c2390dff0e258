"""Figures of training losses, and of the race's test accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from trajectories.mnist.experiments.result import Result
from trajectories.mnist.figures.curves import calm, draw_band, ended, in_percent
from trajectories.mnist.figures.sheet import data_name, data_words, network_words, seed_words, sheet
from trajectories.mnist.figures.smoothing import band, smoothed, window_for
from trajectories.plotting.canvas import Size
from trajectories.plotting.header import literal
from trajectories.plotting.tracks import track_styles

__all__ = ["draw_initial_weights", "draw_race", "draw_race_accuracy", "fastest", "smooth_losses"]

_WIDE: Size = (1280, 680)
#: Losses after this part of a run choose where a logarithmic axis begins.
_SETTLED = 0.5


def smooth_losses(result: Result, label: str) -> np.ndarray:
    """Return a variant's losses as a figure shows them: smoothed, and without the very ends."""
    losses = result.losses(label)
    window = window_for(result.settings["iterations"])
    smooth = smoothed(losses, window)
    # At the very ends the window is too narrow to smooth anything.
    ends = min(window // 4, (losses.shape[1] - 1) // 4)
    smooth[:, :ends] = np.nan
    smooth[:, losses.shape[1] - ends :] = np.nan
    return smooth


def draw_race(result: Result, size: Size | None = None) -> Figure:
    """Draw the losses of the optimizers, from 0 to 1 as in the textbook, and by powers of ten."""
    labels = [ended(result, label) for label in result.runs]
    styles = track_styles(len(labels))
    best = min(result.runs, key=lambda label: _last_loss(result, label))
    loss = _last_loss(result, best)
    told = [
        f"Lowest at the end: {literal(best)}, with {loss:.3f} on average over the last "
        f"{_last(result)} iterations",
        f"Lowest at the end: {literal(best)}, {loss:.3f}",
    ]
    made = sheet(
        size,
        _WIDE,
        1,
        2,
        title=[f"Training loss of {len(labels)} optimizers on {data_name(result)}"],
        about=told if np.isfinite(loss) else ["No optimizer came to the end with all seeds"],
        foot=_foot(result, _smoothing(result)),
        labels=labels,
        styles=styles,
    )
    left, right = made.axes
    lowest = np.inf
    for i, (label, style) in enumerate(zip(result.runs, styles, strict=True)):
        rows = smooth_losses(result, label)
        for ax in made.axes:
            draw_band(ax, np.arange(rows.shape[1]), rows, style, place=i / len(labels))
        settled = rows[:, int(_SETTLED * rows.shape[1]) :]
        if np.isfinite(settled).any():
            lowest = min(lowest, float(np.nanquantile(settled, 0.05)))
    left.set_ylim(0, 1)
    left.set_ylabel("training loss")
    right.set_yscale("log")
    right.set_ylim(max(min(lowest, 0.5), 1e-4) * 0.8, 3)
    right.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    right.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    right.yaxis.set_minor_formatter(NullFormatter())
    right.set_ylabel("training loss, logarithmic")
    for ax in made.axes:
        _by_iterations(ax, result)
    return made.figure


def draw_race_accuracy(result: Result, size: Size | None = None) -> Figure:
    """Draw the test accuracy of the optimizers by iterations, and by seconds."""
    finals = {label: _final(result, label) for label in result.runs}
    labels = [f"{ended(result, label)}: {finals[label]}" for label in result.runs]
    styles = track_styles(len(labels))
    made = sheet(
        size,
        _WIDE,
        1,
        2,
        title=[f"Test accuracy of {len(labels)} optimizers on {data_name(result)}"],
        about=[
            "By iterations, and by seconds of training; behind each name the median at the end",
            "Behind each name the median at the end",
        ],
        foot=_foot(
            result, "Seconds: one thread, evaluation left out, each stretch as in its fastest run. "
        ),
        labels=labels,
        styles=styles,
        shared=True,
    )
    low, high = [], []
    for i, (label, style) in enumerate(zip(result.runs, styles, strict=True)):
        rows = result.records(label, "test")
        place = i / len(labels)
        x = band(result.records(label, "iteration"))[1]
        seconds = fastest(result.records(label, "seconds"))
        draw_band(made.axes[0], x, rows, style, place=place)
        draw_band(made.axes[1], seconds, rows, style, place=place)
        middle = band(rows)[1]
        middle = middle[np.isfinite(middle)]
        if len(middle) > 1:
            low.append(float(middle[min(len(middle) - 1, max(1, len(middle) // 5))]))
            high.append(float(middle.max()))
    floor = min(low, default=0.0)
    top = max(high, default=1.0)
    step = 0.01 if top - floor < 0.2 else 0.1
    made.axes[0].set_ylim(max(0.0, np.floor(floor / step) * step), min(1.0, top + 0.15 * step))
    made.axes[1].set_ylim(made.axes[0].get_ylim())
    made.axes[1].tick_params(labelleft=False)
    made.axes[0].set_ylabel("test accuracy")
    in_percent(made.axes[0])
    _by_iterations(made.axes[0], result)
    made.axes[1].set_xlim(left=0)
    made.axes[1].xaxis.set_major_locator(MaxNLocator(5))
    made.axes[1].xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    made.axes[1].set_xlabel("seconds of training")
    calm(made.axes[1])
    return made.figure


def draw_initial_weights(result: Result, size: Size | None = None) -> Figure:
    """Draw the losses from first weights of three sizes, from 0 to 2.5 as in the textbook."""
    styles = track_styles(len(result.runs))
    labels = [f"{ended(result, label)} (test {_final(result, label)})" for label in result.runs]
    small = next(iter(result.runs))
    learned = _last_loss(result, small) < 2.2
    made = sheet(
        size,
        (1000, 680),
        1,
        1,
        title=[f"First weights of three sizes on {data_name(result)}"],
        about=[
            "Weights of deviation 0.01 learn nothing: the signal dies out on its way through the "
            "layers",
            "Deviation 0.01 learns nothing: the signal dies out",
        ]
        if not learned
        else [],
        foot=_foot(result, _smoothing(result)),
        labels=labels,
        styles=styles,
    )
    (ax,) = made.axes
    for i, (label, style) in enumerate(zip(result.runs, styles, strict=True)):
        rows = smooth_losses(result, label)
        draw_band(ax, np.arange(rows.shape[1]), rows, style, place=i / len(labels))
    ax.set_ylim(0, 2.5)
    ax.set_ylabel("training loss")
    _by_iterations(ax, result)
    return made.figure


def fastest(seconds: Any) -> np.ndarray:
    """Return how long runs take, each stretch between records as long as in the fastest run."""
    steps = np.diff(np.asarray(seconds, dtype=float), axis=1, prepend=0.0)
    return np.cumsum(band(steps)[0])


def _by_iterations(ax: Any, result: Result) -> None:
    ax.set_xlim(0, result.settings["iterations"])
    ax.set_xlabel("iterations")
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    calm(ax)


def _smoothing(result: Result) -> str:
    window = window_for(result.settings["iterations"])
    return f"Loss: of each batch before its update, smoothed over {window} iterations. "


def _last(result: Result) -> int:
    return min(100, int(result.settings["iterations"]))


def _last_loss(result: Result, label: str) -> float:
    """Return the mean loss of the last hundred iterations; infinite if a run diverged."""
    if any(run.diverged for run in result.runs[label]):
        return float("inf")
    return float(result.losses(label)[:, -_last(result) :].mean())


def _final(result: Result, label: str) -> str:
    finals = [run.final["test"] for run in result.runs[label] if not run.diverged]
    return f"{100 * np.median(finals):.1f} %" if finals else "-"


def _foot(result: Result, more: str) -> str:
    return f"{data_words(result)}. {network_words(result)}. {more}{seed_words(result)}"
