"""Losses against a hyperparameter: a curve for each optimizer, and where it stands by default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from trajectories.maps.outcomes import Sensitivity
from trajectories.plotting.maps.cells import mark_axis
from trajectories.plotting.maps.colors import excess_of
from trajectories.plotting.maps.ticks import mark_logarithmic
from trajectories.plotting.panel import style_ticks
from trajectories.plotting.theme import setting
from trajectories.plotting.tracks import Style

__all__ = ["draw_rates", "given_style"]

_LIMIT, _CURVE, _RING = 2.0, 3.0, 5.0
#: The lowest loss that is shown, in parts of that at the start.
_DYNAMIC = 1e-12
#: Markers along a curve.
_MARKS = 12


def draw_rates(ax: Axes, curves: Sequence[Sensitivity], styles: Sequence[Style]) -> None:
    """Draw curves of losses, with a ring at the given value of each and a star at its best.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    curves : sequence of Sensitivity
        Of one hyperparameter, the same for all.
    styles : sequence of dict
        A style for each.
    """
    first = curves[0]
    ((name, ticks),) = first.axes.items()
    style_ticks(ax)
    everything = np.unique(np.concatenate([one.axes[name] for one in curves]))
    mark_axis(ax, "x", name, ticks)
    ax.set_xlim(everything[0], everything[-1])
    drawn = [excess_of(one)[0] for one in curves]
    label = excess_of(first)[1]
    ax.set_ylabel(label)
    logarithmic = first.surface.floor is not None or first.measure == "steps"
    known = np.concatenate([values[np.isfinite(values)] for values in drawn])
    if logarithmic and (known > 0).any():
        top = float(known.max())
        bottom = max(float(known[known > 0].min()), _DYNAMIC * top)
        ax.set_yscale("log", nonpositive="clip")
        ax.set_ylim(bottom / 2, 10 * top)
        mark_logarithmic(ax.yaxis, 8)
        drawn = [np.maximum(values, bottom) for values in drawn]
    ax.grid(axis="y", zorder=0)
    paper, size = setting("axes.facecolor"), setting("lines.markersize")
    rings: list[tuple[float, float, Any]] = []
    for one, values, style in zip(curves, drawn, styles, strict=True):
        rates = one.axes[name]
        about = {
            "markevery": max(len(rates) // _MARKS, 1),
            "markeredgecolor": paper,
            "markeredgewidth": 0.5,
            "zorder": _CURVE,
            **style,
        }
        ax.add_line(Line2D(rates, values, **about))
        color = style["color"]
        if np.ndim(one.frontier) == 0 and one.frontier is not None:
            ax.axvline(one.frontier, color=color, linestyle=":", zorder=_LIMIT, label="_limit")
        own = getattr(one.optimizer, name)
        height = _given(one, ax)
        if height is not None and everything[0] <= own <= everything[-1]:
            rings.append((float(own), height, color))
    for number, (own, height, color) in enumerate(rings):
        # Of rings at one place the later ones stand inside the others.
        later = sum(other[:2] == (own, height) for other in rings[number + 1 :])
        ax.add_line(
            Line2D(
                [own],
                [height],
                markersize=(2.4 + 1.5 * later) * size,
                zorder=_RING + number / 100,
                clip_on=False,
                label="_given",
                **given_style(color),
            )
        )


def given_style(color: Any) -> Style:
    """Return how the place is marked at which an optimizer stands as it was given.

    Parameters
    ----------
    color : color
        Its curve's.
    """
    return {
        "color": color,
        "marker": "o",
        "linestyle": "none",
        "markerfacecolor": setting("axes.facecolor"),
        "markeredgecolor": color,
        "markeredgewidth": 0.5 * setting("lines.markersize"),
    }


def _given(one: Sensitivity, ax: Axes) -> float | None:
    """Return how high the ring of an optimizer stands; None if it has none.

    A loss above the plot stands at its upper edge.
    """
    ((name, _),) = one.axes.items()
    if not isinstance(getattr(one.optimizer, name), float):
        return None  # A schedule is at no place of the axis.
    path = one.baseline
    if one.measure == "steps":
        return float(path.converged_at) if path.converged_at >= 0 else None
    low, high = ax.get_ylim()
    edge = high / 3 if ax.get_yscale() == "log" else high - 0.05 * (high - low)
    loss = float(path.values[-1]) - (one.surface.floor or 0.0)
    return float(np.clip(loss, low, edge)) if np.isfinite(loss) else edge
