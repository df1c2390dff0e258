"""What moves in a picture: paths, loss curves and the step counter.

Each of these holds Matplotlib artists and can show any step: `show(i)` depends on i alone. All lie
above whatever stands still, so that a moving picture can paint them over a finished background and
get the very pixels of a full draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from trajectories.plotting.scene import Scene, Track
from trajectories.plotting.theme import setting

__all__ = ["HEAD", "NOTE", "Curves", "Mover", "Paths", "Style", "track_styles"]

_PATH, HEAD, NOTE = 10.0, 20.0, 30.0
_HEAD_SCALE = 2.1
#: Up to this many steps each has a marker; longer paths have markers at equal distances.
_MARKED_STEPS = 40
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")

Array = NDArray[np.float64]
Style = dict[str, Any]


class Mover(Protocol):
    """Artists that can show any step."""

    artists: list[Artist]

    def show(self, step: int) -> None:
        """Show the state after `step` steps."""


def track_styles(count: int) -> list[Style]:
    """Return colours and markers for tracks: those of the current property cycle, markers added.

    Parameters
    ----------
    count : int
        How many.

    Returns
    -------
    list of dict
        Keyword arguments of a line.
    """
    cycle = list(setting("axes.prop_cycle"))
    return [{"marker": _MARKERS[i % len(_MARKERS)], **cycle[i % len(cycle)]} for i in range(count)]


class Paths:
    """The paths of a scene on a contour plot: lines and heads.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its limits are those of the scene.
    scene : Scene
        What to show.
    styles : sequence of dict
        A style for each track.
    **kwargs
        Passed on to the lines.
    """

    def __init__(self, ax: Axes, scene: Scene, styles: Sequence[Style], **kwargs: Any) -> None:
        self._positions = [track.visible for track in scene.tracks]
        self._lines: list[Line2D] = []
        self._heads: list[Line2D] = []
        halo = setting("axes.facecolor")
        every = _marker_spacing(scene.steps)
        for number, (track, style) in enumerate(zip(scene.tracks, styles, strict=True)):
            several = track.positions.shape[1] > 1
            line_style = {
                **style,
                "markevery": every,
                "markeredgecolor": halo,
                "markeredgewidth": 0.5,
                "zorder": _PATH + number / 100,
                **({"marker": "", "linewidth": setting("lines.linewidth") / 2} if several else {}),
                **kwargs,
            }
            self._lines.append(_line(ax, **line_style))
            self._heads.append(
                _line(
                    ax,
                    color=line_style["color"],
                    marker=style["marker"],
                    linestyle="none",
                    markersize=setting("lines.markersize") * (1 if several else _HEAD_SCALE),
                    markeredgecolor=halo,
                    markeredgewidth=1.2,
                    zorder=HEAD + number / 100,
                )
            )
        self.artists: list[Artist] = [*self._lines, *self._heads]

    def show(self, step: int) -> None:
        """Show the paths up to `step`."""
        for positions, line, head in zip(self._positions, self._lines, self._heads, strict=True):
            line.set_data(*_prefix(positions, step))
            head.set_data(*positions[min(step, len(positions) - 1)].T)


class Curves:
    """The loss of each track against the step.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    tracks : sequence of Track
        What to show.
    floor : float
        What to subtract from f.
    styles : sequence of dict
        A style for each track.
    **kwargs
        Passed on to the lines.
    """

    def __init__(
        self,
        ax: Axes,
        tracks: Sequence[Track],
        floor: float,
        styles: Sequence[Style],
        **kwargs: Any,
    ) -> None:
        self._lines: list[Line2D] = []
        self._heads: list[Line2D] = []
        self._losses = [_with_steps(track.values - floor) for track in tracks]
        halo = setting("axes.facecolor")
        every = _marker_spacing(max(len(loss) for loss in self._losses) - 1)
        for number, (loss, style) in enumerate(zip(self._losses, styles, strict=True)):
            several = loss.shape[1] > 1
            marks = {"marker": ""} if several else {"markevery": every}
            edge = {"markeredgecolor": halo, "markeredgewidth": 0.5}
            line_style = {**style, **marks, **edge, "zorder": _PATH + number / 100, **kwargs}
            self._lines.append(_line(ax, **line_style))
            size = setting("lines.markersize") * (1 if several else _HEAD_SCALE * 0.8)
            head_style = {**style, **edge, "linestyle": "none", "markersize": size}
            self._heads.append(_line(ax, **head_style, zorder=HEAD + number / 100))
        self.artists: list[Artist] = [*self._lines, *self._heads]

    def show(self, step: int) -> None:
        """Show the curves up to `step`."""
        for loss, line, head in zip(self._losses, self._lines, self._heads, strict=True):
            line.set_data(*_prefix(loss, step))
            head.set_data(*loss[min(step, len(loss) - 1)].T)


def _line(ax: Axes, **style: Any) -> Line2D:
    line = Line2D([], [], **style)
    ax.add_line(line)
    return line


def _marker_spacing(steps: int) -> int:
    return 1 if steps <= _MARKED_STEPS else -(-2 * steps // _MARKED_STEPS)


def _prefix(history: Array, step: int) -> tuple[Array, Array]:
    """Return x and y of the rows up to a step; several paths follow each other, NaN between."""
    rows = history[: step + 1]
    if history.shape[1] == 1:
        return rows[:, 0, 0], rows[:, 0, 1]
    gap = np.full((1, *rows.shape[1:]), np.nan)
    chained = np.concatenate([rows, gap]).transpose(1, 0, 2).reshape(-1, 2)
    return chained[:, 0], chained[:, 1]


def _with_steps(values: Array) -> Array:
    """Return points (step, value), shape (steps + 1, paths, 2)."""
    steps = np.broadcast_to(np.arange(len(values), dtype=float)[:, None], values.shape)
    return np.stack([steps, values], axis=-1)
