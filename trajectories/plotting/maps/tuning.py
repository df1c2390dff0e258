"""Tuning as a race: every path that was tried, and the same race before and after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from trajectories.maps.tuning import Trial, Tuning
from trajectories.plotting.canvas import Size, new_figure, panels
from trajectories.plotting.header import (
    draw_legend,
    fitted,
    fitted_alike,
    heading,
    in_points,
    literal,
    points,
)
from trajectories.plotting.over import write_over
from trajectories.plotting.panel import draw_paths
from trajectories.plotting.scene import Scene
from trajectories.plotting.theme import applied, setting
from trajectories.plotting.tracks import track_styles
from trajectories.trajectory import Trajectory
from trajectories.validation import POSITIVE, must, scalar

__all__ = ["plot_triptych", "plot_tuning"]

#: Where tried paths lie: over the contours, under the best path.
_TRIED = 4.0
#: How much of the path's colour is in those that were only tried.
_FAINT = 0.4
#: Between a panel and two lines above it, in points.
_AIR = 5.0


def plot_tuning(
    tuning: Tuning, *, size: Size | None = None, theme: str | None = None, limits: Any = None
) -> Figure:
    """Draw for each optimizer the path with its best learning rate over all that were tried.

    Parameters
    ----------
    tuning : Tuning
        What `tune` returned.
    size : (int, int), optional
        Width and height in pixels; type and lines grow with them. By default (960, 720).
    theme : str, optional
        As for `plot_map`.
    limits : "domain" or ((float, float), (float, float)), optional
        What to show; by default what happened to the best, with a margin.

    Examples
    --------
    >>> from trajectories.maps import tune
    >>> plot_tuning(tune("rosenbrock", ["sgd", "adam"])).savefig("race.png")  # doctest: +SKIP
    """
    if not isinstance(tuning, Tuning):
        raise must("tuning", "what `tune` returns", tuning, kind=TypeError)
    with applied(theme) as chosen:
        figure = new_figure(size or (960, 720), (960, 720))
        told = {"size": size, "theme": theme, "limits": limits}
        figure.remember([tuning], kind="plot_tuning", settings=told)
        title = points("axes.titlesize")
        count = len(tuning.trials)
        columns = math.ceil(math.sqrt(count))
        rows = math.ceil(count / columns)
        axes = panels(figure, rows, columns, [], top=3.6 * title)
        scene = Scene.of(
            tuning.best, limits=limits, aspect=axes[0].bbox.width / axes[0].bbox.height
        )
        styles = track_styles(count)
        titles = _titles(tuning, in_points(axes[0])[0], figure)
        for i, ax in enumerate(axes):
            if i >= count:
                ax.remove()
                continue
            trial = tuning.trials[i]
            how: dict[str, Any] = {"legend": False, "caption": False, "title": titles[i] or " "}
            for mover in draw_paths(ax, scene.only(i), chosen, [styles[i]], **how):
                mover.show(scene.steps)
            _draw_tried(ax, trial.tried, styles[i]["color"])
            ax.label_outer()
            ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], prune="both"))
            if i + columns >= count:
                ax.tick_params(labelbottom=True)
                ax.set_xlabel("$x$")
        if not all(titles):
            _draw_two_lines(axes[:count], tuning, figure)
        _over(figure, axes[0], _words(tuning), _told(tuning))
    return figure


def plot_triptych(
    tuning: Tuning,
    *,
    factor: float = 10.0,
    size: Size | None = None,
    theme: str | None = None,
    limits: Any = None,
) -> Figure:
    """Draw all optimizers as they were given, tuned, and with too high a learning rate.

    Parameters
    ----------
    tuning : Tuning
        What `tune` returned.
    factor : float, default 10
        How many times the best learning rate is too high.
    size : (int, int), optional
        Width and height in pixels; type and lines grow with them. By default (1280, 540).
    theme : str, optional
        As for `plot_map`.
    limits : "domain" or ((float, float), (float, float)), optional
        What to show; by default what happened in all three, with a margin.

    Examples
    --------
    >>> import trajectories as tj
    >>> tuning = tj.tune("beale", ["sgd", "adam"], steps=50)
    >>> plot_triptych(tuning).savefig("triptych.png")  # doctest: +SKIP
    """
    if not isinstance(tuning, Tuning):
        raise must("tuning", "what `tune` returns", tuning, kind=TypeError)
    factor = scalar("factor", factor, POSITIVE)
    three = {
        "as given": tuning.default,
        f"tuned: the best of {tuning.budget}": tuning.best,
        f"{factor:g} times the best": tuning.times(factor),
    }
    with applied(theme) as chosen:
        figure = new_figure(size or (1280, 540), (1280, 540))
        told = {"factor": factor, "size": size, "theme": theme, "limits": limits}
        figure.remember([tuning], kind="plot_triptych", settings=told)
        labels = [path.label for path in tuning.best]
        title = points("axes.titlesize")
        axes = panels(figure, 1, 3, labels, top=2.0 * title + 0.05 * points("legend.fontsize"))
        aspect = axes[0].bbox.width / axes[0].bbox.height
        everything = [path for paths in three.values() for path in paths]
        scene = Scene.of(everything, limits=limits, aspect=aspect)
        styles = track_styles(len(labels))
        for ax, (name, paths) in zip(axes, three.items(), strict=True):
            part = Scene.of(paths, limits=scene.limits)
            how: dict[str, Any] = {"legend": False, "caption": False, "title": name}
            for mover in draw_paths(ax, part, chosen, styles, **how):
                mover.show(part.steps)
            ax.label_outer()
            ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], prune="both"))
        _over(figure, axes[0], _words(tuning), None)
        across = (axes[-1].bbox.x1 - axes[0].bbox.x0) / figure.dpi * 72
        draw_legend(axes[0], labels, styles, across, lift=1.9 * title)
    return figure


def _titles(tuning: Tuning, width: float, figure: Figure) -> list[str]:
    """Return the titles of all panels, names and numbers; empty ones if they do not all fit."""
    whole = [f"{trial.label}:  {_numbers(trial)[0]}" for trial in tuning.trials]
    size = points("axes.titlesize")
    fit = [fitted([literal(words), ""], width, size, figure)[0] for words in whole]
    return whole if all(fit) else [""] * len(whole)


def _draw_two_lines(axes: Sequence[Axes], tuning: Tuning, figure: Figure) -> None:
    """Write above each panel a name, and the numbers below it, in one size for all."""
    width = in_points(axes[0])[0]
    names = [[literal(trial.label)] for trial in tuning.trials]
    heads, large = fitted_alike(names, width, points("axes.labelsize"), figure)
    numbers = [_numbers(trial) for trial in tuning.trials]
    lines, small = fitted_alike(numbers, width, 0.9 * large, figure)
    for ax, head, line in zip(axes, heads, lines, strict=True):
        ax.set_title(head, loc="left", y=1.0, pad=_AIR + 1.25 * small, fontsize=large)
        ax.annotate(
            line,
            (0.0, 1.0),
            xycoords="axes fraction",
            xytext=(0.0, _AIR),
            textcoords="offset points",
            fontsize=small,
            color=setting("axes.labelcolor"),
        )


def _numbers(trial: Trial) -> list[str]:
    """Return what may be written of the best path, the longest first."""
    rate = f"lr {trial.best_rate:.2g}"
    loss = f"f {_short(trial.best)}"
    far, edge = (" (at the edge)", " (edge)") if trial.at_edge else ("", "")
    return [f"{rate}{far},  {loss}", f"{rate}{edge}, {loss}", f"{rate}{edge}"]


def _draw_tried(ax: Axes, tried: Trajectory, color: Any) -> None:
    """Draw all tried paths, faint, each up to where it was lost."""
    several = np.moveaxis(tried.positions, 0, 1)
    good: Any = np.isfinite(several).all(axis=2)
    lines = [path[ok] for path, ok in zip(several, good, strict=True)]
    # Far outside there is nothing to be seen, and Agg cannot draw it.
    paper = np.array(to_rgb(setting("axes.facecolor")))
    span = 50 * max(np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim()))
    lines = [line[: _first(np.abs(line).max(axis=1) > span)] for line in lines]
    ax.add_collection(
        LineCollection(
            lines,
            # Mixed, not transparent: many at one place would look like one that is bold.
            colors=[tuple(paper + _FAINT * (np.array(to_rgb(color)) - paper))],
            linewidths=0.55 * setting("lines.linewidth"),
            zorder=_TRIED,
            label="_tried",
        ),
        autolim=False,
    )


def _first(where: Any) -> int:
    """Return the first place that is true, and that too; all if none is."""
    return int(np.argmax(where)) + 1 if where.any() else len(where)


def _words(tuning: Tuning) -> list[str]:
    surface = tuning.surface
    return heading(surface.name, surface.formula, surface.latex)


def _told(tuning: Tuning) -> str:
    low, high = tuning.range
    kind = "drawn at random" if tuning.drawn else "at equal ratios"
    steps = tuning.trials[0].settings.steps
    return (
        f"{tuning.budget} learning rates for each, {kind} from {low:g} to {high:g}; {steps} steps. "
        "Faint: all that were tried. Bold: the best."
    )


def _over(figure: Figure, ax: Axes, words: Sequence[str], told: str | None) -> None:
    """Write a title over all panels, and a line below it."""
    size, small = points("axes.titlesize"), points("axes.labelsize")
    left = ax.get_position().x0
    room = in_points(figure)[0] * (1 - left) - size
    write_over(figure, words, left, drop=1.6 * size, room=room, size=1.15 * size)
    if told is not None:
        lines = [told, told.split(". ")[0]]
        color = "axes.labelcolor"
        write_over(figure, lines, left, drop=3.1 * size, room=room, size=small, color=color)


def _short(path: Trajectory) -> str:
    value = float(path.values[-1])
    return f"= {value:.2g}".replace("-", "\N{MINUS SIGN}") if np.isfinite(value) else "diverged"
