"""Figures of losses and accuracies."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from trajectories.checks import must
from trajectories.mnist.experiments.study import Result
from trajectories.mnist.figures.sheet import (
    data_name,
    data_words,
    network_words,
    panel_head,
    seed_words,
    sheet,
)
from trajectories.plotting.canvas import Size
from trajectories.plotting.scene import Style, track_styles
from trajectories.plotting.text import literal, points
from trajectories.plotting.theme import setting

Array = NDArray[np.float64]

#: The shape of the Kaiser window, as in the textbook.
_BETA = 2.0
#: The smallest window is the textbook's; that of a long run is this part of its length.
_SMALLEST_WINDOW, _WINDOWS = 11, 40


def window_for(iterations: int) -> int:
    """Return the odd width of the smoothing window for a curve of losses."""
    return max(_SMALLEST_WINDOW, iterations // _WINDOWS // 2 * 2 + 1)


def smoothed(values: Any, window: int = _SMALLEST_WINDOW) -> Array:
    """Return a curve of weighted means around each value."""
    if window < 1 or window % 2 == 0:
        raise must("window", "odd and positive", window)
    curves = np.atleast_2d(np.array(values, dtype=float))
    for curve in curves.reshape(-1, curves.shape[-1]):
        known = curve[np.isfinite(curve)]
        curve[: len(known)] = _smoothed(known, window // 2)
    return curves.reshape(np.shape(values))


def _smoothed(values: Array, half: int) -> Array:
    half = min(half, (len(values) - 1) // 2)
    if half < 1:
        return values
    smooth = values.copy()
    for reach in range(1, half + 1):
        weights = np.kaiser(2 * reach + 1, _BETA)
        weights /= weights.sum()
        if reach < half:
            smooth[reach] = weights @ values[: 2 * reach + 1]
            smooth[-1 - reach] = weights @ values[-2 * reach - 1 :]
        else:
            smooth[half : len(values) - half] = np.convolve(values, weights, "valid")
    return smooth


def band(rows: Any) -> tuple[Array, Array, Array]:
    """Return the minimum, median and maximum of several curves at each position."""
    rows = np.asarray(rows, dtype=float)
    columns = np.isfinite(rows).any(axis=0)
    result = np.full((3, rows.shape[1]), np.nan)
    if columns.any():
        finite = np.where(np.isfinite(rows[:, columns]), rows[:, columns], np.nan)
        result[:, columns] = np.nanmin(finite, 0), np.nanmedian(finite, 0), np.nanmax(finite, 0)
    low, middle, high = result
    return low, middle, high


_BAND, _LINE = 2.0, 3.0
_FAINT = 0.16
#: Markers along a line.
_MARKERS = 7


def draw_band(
    ax: Axes, x: Any, rows: Any, style: Style, *, offset: float = 0.0, **options: Any
) -> None:
    """Draw several curves as a band with their median."""
    low, middle, high = band(rows)
    ends = np.flatnonzero(np.isfinite(middle))
    if not len(ends):
        return
    known = slice(0, ends[-1] + 1)
    x, low, middle, high = (np.asarray(values)[known] for values in (x, low, middle, high))
    every = max(1, len(x) // _MARKERS)
    line = {
        "markevery": (int(offset * every) % every, every),
        "markeredgecolor": setting("axes.facecolor"),
        "markeredgewidth": 0.5,
        "markersize": setting("lines.markersize") * 1.2,
        "zorder": _LINE + offset,
    }
    if len(np.asarray(rows)) > 1:
        ax.fill_between(x, low, high, color=style["color"], alpha=_FAINT, lw=0, zorder=_BAND)
    ax.plot(x, middle, **{**line, **style, **options})


def ended(result: Result, label: str) -> str:
    """Return a variant's label with the number of its diverged runs."""
    gone = sum(run.diverged for run in result.runs[label])
    if not gone:
        return label
    count = len(result.seeds)
    return f"{label} (diverged)" if gone == count else f"{label} ({gone} of {count} diverged)"


def light_grid(ax: Axes) -> None:
    """Draw faint lines at the ticks of the y-axis."""
    ax.grid(True, axis="y", color=setting("grid.color"), linewidth=setting("grid.linewidth"))
    ax.set_axisbelow(True)


def in_percent(ax: Axes) -> None:
    """Label the y-axis, whose values are parts of 1, in percent."""
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.4g} %"))


_SMALL_GAP = 0.18
#: Training accuracy of a network that has learned something.
_LEARNED_ACCURACY = 0.5


def draw_overfitting(result: Result, size: Size | None = None) -> Figure:
    """Draw training and test accuracy without and with a method against overfitting."""
    plain, regularized = result.runs
    data = data_name(result)
    method = regularized.rpartition(" ")[0]
    layout = sheet(
        size,
        (1280, 680),
        1,
        2,
        title=[f"Overfitting on {data}: {result.settings['images']} images, and {regularized}"],
        about=verdict(result),
        foot=_foot(result),
        labels=["training images", "test images"],
        styles=track_styles(2),
        shared=True,
        heads=True,
    )
    for ax, label in zip(layout.axes, (plain, regularized), strict=True):
        x = band(result.records(label, "epoch"))[1]
        for i, (name, style) in enumerate(zip(("train", "test"), track_styles(2), strict=True)):
            draw_band(ax, x, result.records(label, name), style, offset=i / 2)
        train, test = (band(result.records(label, name))[1] for name in ("train", "test"))
        _mark_gap(ax, x, train, test, _gap(result, label))
        panel_head(ax, label if label != plain else f"without {method}")
        ax.set_xlim(0, result.settings["epochs"])
        ax.set_ylim(0, 1.02)
        ax.set_xlabel("epochs")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        light_grid(ax)
    layout.axes[1].tick_params(labelleft=False)
    layout.axes[0].set_ylabel("accuracy")
    in_percent(layout.axes[0])
    return layout.figure


def verdict(result: Result) -> list[str]:
    """Describe the change of the gap and of the test accuracy, the best text first."""
    plain, regularized = result.runs
    gaps, tests = [], []
    for label in (plain, regularized):
        finals = [run.final["test"] for run in result.runs[label] if not run.diverged]
        if not finals:
            return [f"Runs with {label} diverged"]
        gaps.append(_gap(result, label))
        tests.append(float(np.median(finals)) * 100)
    narrower = gaps[1] < gaps[0]
    lower = tests[1] < tests[0]
    plain_test, regularized_test = (f"{test:.1f} %" for test in tests)
    first, last = (f"{gap:.0f}" for gap in gaps)
    change = "narrows" if narrower else "widens"
    gap = f"{change} the gap from {first} to {last} points"
    conjunction = "but" if narrower == lower else "and"
    comparison = "below" if lower else "above"
    if first == last:
        gap, conjunction = f"leaves the gap at {last} points", "and"
    if plain_test == regularized_test:  # Equal as printed.
        comparison, conjunction = "level with", "and"
    name = regularized[:1].upper() + regularized[1:]
    return [
        f"{name} {gap}, {conjunction} on the test images it ends {comparison} the plain network: "
        f"{regularized_test} against {plain_test}",
        f"{name} {gap}, {conjunction} ends {comparison} the plain network on test images",
        f"Gap {first} and {last} points; test accuracy {tests[0]:.0f} % and {tests[1]:.0f} %",
    ]


def _gap(result: Result, label: str) -> float:
    """Return the median gap between training and test accuracy at the end, in points."""
    gaps = [r.final["train"] - r.final["test"] for r in result.runs[label] if not r.diverged]
    return 100 * float(np.median(gaps)) if gaps else float("nan")


def _mark_gap(ax: Axes, x: Any, train: Any, test: Any, gap: float) -> None:
    """Shade the gap between both curves, and write its width at the end."""
    color = setting("text.color")
    ax.fill_between(x, test, train, where=train > test, color=color, alpha=0.05, lw=0, zorder=1)
    if not len(x) or not np.isfinite(gap):
        return
    x_mark = x[0] + 0.97 * (x[-1] - x[0])
    top, bottom = (float(np.interp(x_mark, x, y)) for y in (train, test))
    text = f"gap {gap:.0f} points"
    if top - bottom > 0.05:
        arrow = {"arrowstyle": "<->", "color": color, "lw": 1.2, "shrinkA": 1, "shrinkB": 1}
        ax.annotate("", (x_mark, top), (x_mark, bottom), arrowprops=arrow, zorder=5)
    # Between the curves if there is room.
    y, anchor = (top + bottom) / 2, "center"
    if top - bottom < _SMALL_GAP:
        y, anchor = float(np.interp(x[0] + 0.6 * (x[-1] - x[0]), x, test)) - 0.05, "top"
    ax.annotate(
        text,
        (x_mark, y),
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
    plain = [label for label in result.runs if label.startswith("without")]
    normalized = [label for label in result.runs if label.startswith("with,")]
    few, many = (sum(_learns(result, k) for k in labels) for labels in (plain, normalized))
    gone = sum(all(run.diverged for run in result.runs[label]) for label in plain)
    text = f"Past 50 %: {many} of {len(scales)} sizes with batch normalisation, {few} without"
    layout = sheet(
        size,
        (1200, 960),
        4,
        4,
        title=[
            f"Batch normalisation on {data_name(result)}, by the size of the first weights",
            f"Batch normalisation on {data_name(result)}",
        ],
        about=[f"{text}; {gone} diverge without it", text] if gone else [text],
        foot=_foot(result),
        labels=["with batch normalisation", "without"],
        styles=styles,
        shared=True,
        joined=True,
        heads=True,
    )
    pairs = list(zip(*[iter(result.runs)] * 2, strict=True))
    for i, (ax, scale, pair) in enumerate(zip(layout.axes, scales, pairs, strict=True)):
        for number, (label, style) in enumerate(zip(pair, styles, strict=True)):
            x = band(result.records(label, "epoch"))[1]
            draw_band(ax, x, result.records(label, "train"), style, offset=number / 2)
        count = sum(run.diverged for run in result.runs[pair[1]])
        several = f"{count} of {len(result.seeds)} diverged"
        note = "diverged" if count == len(result.seeds) else several if count else ""
        # Above the panel, as curves may be anywhere inside.
        panel_head(ax, f"std {scale:.2g}", note, styles[1]["color"])
        ax.set_xlim(0, result.settings["epochs"])
        ax.set_ylim(0, 1.02)
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        ax.set_yticks([0, 0.5, 1])
        light_grid(ax)
        in_percent(ax)
        ax.tick_params(labelleft=i % 4 == 0, labelbottom=i >= 12)
        if i >= 12:
            ax.set_xlabel("epochs")
        if i % 4 == 0:
            ax.set_ylabel("accuracy")
    return layout.figure


def _learns(result: Result, label: str) -> bool:
    finals = [0.0 if run.diverged else run.final["train"] for run in result.runs[label]]
    return float(np.median(finals)) > _LEARNED_ACCURACY


def draw_ensemble(result: Result, size: Size | None = None) -> Figure:
    """Draw the accuracy of the mean of 1, 2, 3, ... masks, and that of one scaled pass."""
    many, single, scaled = (result.arrays[name] for name in ("ensemble", "single", "scaled"))
    masks = many.shape[1]
    plain = {"color": setting("axes.labelcolor"), "marker": ""}
    kinds: list[Style] = [
        {**plain, "linestyle": "-"},
        {**plain, "linestyle": (0, (5, 2))},
        {**plain, "linestyle": (0, (1, 1.6))},
    ]
    difference = float(np.median(scaled - many[:, -1])) * 100
    better = int((scaled >= many[:, -1]).sum())
    where = f"{abs(difference):.1f} points {'above' if difference >= 0 else 'below'}"
    if where.startswith("0.0 "):
        where = "level with"
    close = f"{where} the mean of {masks} masks"
    seeds = len(result.seeds)
    layout = sheet(
        size,
        (1000, 680),
        1,
        1,
        title=[f"Dropout as an ensemble on {data_name(result)}"],
        about=[
            f"One scaled pass is {close} (median), and as good or better for {better} of {seeds} "
            "seeds",
            f"One scaled pass is {close}",
        ],
        foot=f"{_about(result)} Scaled: outputs times {1 - result.settings['dropout']:g}. A colour "
        f"for each of {seeds} seeds." + (" Cut short for a quick look." if result.quick else ""),
        labels=["mean of the masks", "one scaled pass", "one mask, on average"],
        styles=kinds,
    )
    (ax,) = layout.axes
    x = np.arange(1, masks + 1)
    for i, style in enumerate(track_styles(len(result.seeds))):
        color = {"color": style["color"]}
        ax.plot(x, many[i], **kinds[0] | color, zorder=3)
        ax.axhline(scaled[i], **kinds[1] | color, zorder=2.5)
        ax.axhline(single[i].mean(), **kinds[2] | color, zorder=2.4)
        ax.plot(x[-1:], many[i, -1:], **style | {"linestyle": "none"}, clip_on=False, zorder=4)
    ax.set_xscale("log")
    ax.set_xlim(1, max(masks, 2))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xticks([k for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if k <= max(masks, 2)])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("masks")
    ax.set_ylabel("test accuracy")
    ax.margins(y=0.08)
    ax.yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    light_grid(ax)
    in_percent(ax)
    return layout.figure


def _about(result: Result) -> str:
    return f"{data_words(result, result.settings.get('images'))}. {network_words(result)}."


def _foot(result: Result) -> str:
    return f"{_about(result)} {seed_words(result)}"


_WIDE: Size = (1280, 680)
#: Losses after this part of a run set the lower limit of a logarithmic axis.
_SETTLED = 0.5


def smooth_losses(result: Result, label: str) -> np.ndarray:
    """Return a variant's losses smoothed, and without the very ends."""
    losses = result.losses(label)
    window = window_for(result.settings["iterations"])
    smooth = smoothed(losses, window)
    # At the very ends the window is too narrow.
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
    about = [
        f"Lowest at the end: {literal(best)}, with {loss:.3f} on average over the last "
        f"{_last_count(result)} iterations",
        f"Lowest at the end: {literal(best)}, {loss:.3f}",
    ]
    layout = sheet(
        size,
        _WIDE,
        1,
        2,
        title=[f"Training loss of {len(labels)} optimizers on {data_name(result)}"],
        about=about if np.isfinite(loss) else ["No optimizer came to the end with all seeds"],
        foot=_loss_foot(result, _smoothing(result)),
        labels=labels,
        styles=styles,
    )
    left, right = layout.axes
    lowest = np.inf
    for i, (label, style) in enumerate(zip(result.runs, styles, strict=True)):
        rows = smooth_losses(result, label)
        for ax in layout.axes:
            draw_band(ax, np.arange(rows.shape[1]), rows, style, offset=i / len(labels))
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
    for ax in layout.axes:
        _by_iterations(ax, result)
    return layout.figure


def draw_race_accuracy(result: Result, size: Size | None = None) -> Figure:
    """Draw the test accuracy of the optimizers by iterations, and by seconds."""
    finals = {label: _final(result, label) for label in result.runs}
    labels = [f"{ended(result, label)}: {finals[label]}" for label in result.runs]
    styles = track_styles(len(labels))
    layout = sheet(
        size,
        _WIDE,
        1,
        2,
        title=[f"Test accuracy of {len(labels)} optimizers on {data_name(result)}"],
        about=[
            "By iterations, and by seconds of training; behind each name the median at the end",
            "Behind each name the median at the end",
        ],
        foot=_loss_foot(
            result, "Seconds: one thread, evaluation left out, each stretch as in its fastest run. "
        ),
        labels=labels,
        styles=styles,
        shared=True,
    )
    low, high = [], []
    for i, (label, style) in enumerate(zip(result.runs, styles, strict=True)):
        rows = result.records(label, "test")
        offset = i / len(labels)
        x = band(result.records(label, "iteration"))[1]
        seconds = fastest(result.records(label, "seconds"))
        draw_band(layout.axes[0], x, rows, style, offset=offset)
        draw_band(layout.axes[1], seconds, rows, style, offset=offset)
        middle = band(rows)[1]
        middle = middle[np.isfinite(middle)]
        if len(middle) > 1:
            low.append(float(middle[min(len(middle) - 1, max(1, len(middle) // 5))]))
            high.append(float(middle.max()))
    floor = min(low, default=0.0)
    top = max(high, default=1.0)
    step = 0.01 if top - floor < 0.2 else 0.1
    layout.axes[0].set_ylim(max(0.0, np.floor(floor / step) * step), min(1.0, top + 0.15 * step))
    layout.axes[1].set_ylim(layout.axes[0].get_ylim())
    layout.axes[1].tick_params(labelleft=False)
    layout.axes[0].set_ylabel("test accuracy")
    in_percent(layout.axes[0])
    _by_iterations(layout.axes[0], result)
    layout.axes[1].set_xlim(left=0)
    layout.axes[1].xaxis.set_major_locator(MaxNLocator(5))
    layout.axes[1].xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    layout.axes[1].set_xlabel("seconds of training")
    light_grid(layout.axes[1])
    return layout.figure


def draw_initial_weights(result: Result, size: Size | None = None) -> Figure:
    """Draw the losses from first weights of three sizes, from 0 to 2.5 as in the textbook."""
    styles = track_styles(len(result.runs))
    labels = [f"{ended(result, label)} (test {_final(result, label)})" for label in result.runs]
    small = next(iter(result.runs))
    learned = _last_loss(result, small) < 2.2
    layout = sheet(
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
        foot=_loss_foot(result, _smoothing(result)),
        labels=labels,
        styles=styles,
    )
    (ax,) = layout.axes
    for i, (label, style) in enumerate(zip(result.runs, styles, strict=True)):
        rows = smooth_losses(result, label)
        draw_band(ax, np.arange(rows.shape[1]), rows, style, offset=i / len(labels))
    ax.set_ylim(0, 2.5)
    ax.set_ylabel("training loss")
    _by_iterations(ax, result)
    return layout.figure


def fastest(seconds: Any) -> np.ndarray:
    """Return the times of records, each interval as long as in the fastest run."""
    steps = np.diff(np.asarray(seconds, dtype=float), axis=1, prepend=0.0)
    return np.cumsum(band(steps)[0])


def _by_iterations(ax: Any, result: Result) -> None:
    ax.set_xlim(0, result.settings["iterations"])
    ax.set_xlabel("iterations")
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    light_grid(ax)


def _smoothing(result: Result) -> str:
    window = window_for(result.settings["iterations"])
    return f"Loss: of each batch before its update, smoothed over {window} iterations. "


def _last_count(result: Result) -> int:
    return min(100, int(result.settings["iterations"]))


def _last_loss(result: Result, label: str) -> float:
    """Return the mean loss of the last hundred iterations; infinite if a run diverged."""
    if any(run.diverged for run in result.runs[label]):
        return float("inf")
    return float(result.losses(label)[:, -_last_count(result) :].mean())


def _final(result: Result, label: str) -> str:
    finals = [run.final["test"] for run in result.runs[label] if not run.diverged]
    return f"{100 * np.median(finals):.1f} %" if finals else "-"


def _loss_foot(result: Result, note: str) -> str:
    return f"{data_words(result)}. {network_words(result)}. {note}{seed_words(result)}"
