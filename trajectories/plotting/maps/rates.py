"""Losses against a hyperparameter: a curve for each optimizer, and where it stands by default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from trajectories.maps.outcomes import Sensitivity
from trajectories.plotting.header import in_points
from trajectories.plotting.maps.cells import mark_axis
from trajectories.plotting.maps.colors import excess_of
from trajectories.plotting.maps.ticks import mark_logarithmic
from trajectories.plotting.panel import style_ticks
from trajectories.plotting.theme import setting
from trajectories.plotting.tracks import Style

__all__ = ["draw_rates", "rates_legend"]

_LIMIT, _CURVE, _RING = 2.0, 3.0, 5.0
#: The lowest loss that is shown, in parts of that at the start.
_DYNAMIC = 1e-12
#: Markers along a curve.
_MARKS = 12
#: A ring's size, and how much larger each is that stands around another, in sizes of markers.
_WIDE, _WIDER = 2.4, 1.5
#: How an optimizer as it was given is marked: where its loss is, at the upper edge if that lies
#: higher, and there if it has none.
_AT, _ABOVE, _LOST = "o", "^", "X"
_GIVEN = {_AT: "as given", _ABOVE: "above the scale", _LOST: "diverged"}
_THEORY = ":"


@dataclass(frozen=True)
class _Given:
    """Where the mark of an optimizer as it was given stands; its height is NaN at the edge."""

    value: float
    height: float
    marker: str

    @property
    def place(self) -> tuple[float, str | float]:
        """What is alike for marks that lie over each other."""
        return self.value, self.height if self.marker == _AT else self.marker


class _Frame(NamedTuple):
    """What the Axes shows: values of the hyperparameter, losses, and these by powers of ten."""

    left: float
    right: float
    low: float
    high: float
    logarithmic: bool


def draw_rates(ax: Axes, curves: Sequence[Sensitivity], styles: Sequence[Style]) -> None:
    """Draw curves of losses, and mark where each optimizer stands with its given value."""
    first = curves[0]
    ((name, ticks),) = first.axes.items()
    style_ticks(ax)
    mark_axis(ax, "x", name, ticks)
    frame = _frame(curves)
    ax.set_xlim(frame.left, frame.right)
    ax.set_ylabel(excess_of(first)[1])
    if frame.logarithmic:
        ax.set_yscale("log", nonpositive="clip")
        mark_logarithmic(ax.yaxis, 8)
    ax.set_ylim(frame.low, frame.high)
    ax.grid(axis="y", zorder=0)
    paper = setting("axes.facecolor")
    for one, style in zip(curves, styles, strict=True):
        values = excess_of(one)[0]
        about = {
            "markevery": max(len(values) // _MARKS, 1),
            "markeredgecolor": paper,
            "markeredgewidth": 0.5,
            "zorder": _CURVE,
            **style,
        }
        shown = np.maximum(values, 2 * frame.low) if frame.logarithmic else values
        ax.add_line(Line2D(one.axes[name], shown, **about))
        if (limit := _limit(one, frame)) is not None:
            color = style["color"]
            ax.axvline(limit, color=color, linestyle=_THEORY, zorder=_LIMIT, label="_limit")
    given = [
        (_given(one, frame), style["color"]) for one, style in zip(curves, styles, strict=True)
    ]
    _draw_given(ax, [(mark, color) for mark, color in given if mark is not None])


def rates_legend(curves: Sequence[Sensitivity]) -> dict[str, Style]:
    """Return what the marks beside the curves mean, and the style of each, for a legend."""
    ink, frame = setting("text.color"), _frame(curves)
    marks = [_given(one, frame) for one in curves]
    drawn = {_AT, *(mark.marker for mark in marks if mark is not None)}
    legend = {_GIVEN[marker]: _given_style(ink, marker) for marker in _GIVEN if marker in drawn}
    if any(_limit(one, frame) is not None for one in curves):
        legend["limit of stability"] = {"color": ink, "linestyle": _THEORY, "marker": ""}
    return legend


def _draw_given(ax: Axes, marks: Sequence[tuple[_Given, Any]]) -> None:
    """Draw marks of optimizers as they were given, the later ones at a place inside the others."""
    size = setting("lines.markersize")
    for number, (mark, color) in enumerate(marks):
        alike = [other.place == mark.place for other, _ in marks]
        wide = (_WIDE + _WIDER * sum(alike[number + 1 :])) * size
        at_edge: dict[str, Any] = {}
        height = mark.height
        if mark.marker != _AT:
            widest = (_WIDE + _WIDER * (sum(alike) - 1)) * size
            height, at_edge = (
                1 - widest / 2 / in_points(ax)[1],
                {"transform": ax.get_xaxis_transform()},
            )
        ax.add_line(
            Line2D(
                [mark.value],
                [height],
                markersize=wide,
                zorder=_RING + number / 100,
                clip_on=False,
                label="_given",
                **at_edge,
                **_given_style(color, mark.marker),
            )
        )


def _given_style(color: Any, marker: str) -> Style:
    """Return how the place is marked at which an optimizer stands as it was given."""
    return {
        "color": color,
        "marker": marker,
        "linestyle": "none",
        "markerfacecolor": setting("axes.facecolor"),
        "markeredgecolor": color,
        "markeredgewidth": 0.5 * setting("lines.markersize"),
    }


def _frame(curves: Sequence[Sensitivity]) -> _Frame:
    """Return what the Axes of curves shows."""
    first = curves[0]
    ends = [values[[0, -1]] for one in curves for values in one.axes.values()]
    left, right = float(np.min(ends)), float(np.max(ends))
    known = np.concatenate([excess_of(one)[0] for one in curves])
    known = known[np.isfinite(known)]
    if (first.surface.floor is not None or first.measure == "steps") and (known > 0).any():
        top = float(known.max())
        bottom = max(float(known[known > 0].min()), _DYNAMIC * top) / 2
        return _Frame(left, right, bottom, 10 * top, True)
    if not known.size:
        return _Frame(left, right, 0.0, 1.0, False)
    low, high = float(known.min()), float(known.max())
    margin = 0.05 * (high - low) or 0.5
    return _Frame(left, right, low - margin, high + margin, False)


def _limit(one: Sensitivity, frame: _Frame) -> float | None:
    """Return where theory says that stability ends; None if it does not say so, or beyond."""
    limit = one.frontier
    return float(limit) if limit is not None and frame.left <= limit <= frame.right else None


def _given(one: Sensitivity, frame: _Frame) -> _Given | None:
    """Return where the mark of an optimizer as it was given stands; None if it has none."""
    ((name, _),) = one.axes.items()
    own, path = getattr(one.optimizer, name), one.baseline
    if not isinstance(own, float) or not frame.left <= own <= frame.right:
        return None  # A schedule is at no place of the axis.
    if one.measure == "steps":
        reached = int(path.converged_at)
        return _Given(own, float(reached), _AT) if reached >= 0 else None
    loss = float(path.values[-1]) - (one.surface.floor or 0.0)
    if path.status == "diverged" or not np.isfinite(loss):
        return _Given(own, np.nan, _LOST)
    if loss > frame.high:
        return _Given(own, np.nan, _ABOVE)
    return _Given(own, max(loss, frame.low), _AT)
