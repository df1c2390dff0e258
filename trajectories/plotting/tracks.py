"""What moves in a picture: paths, loss curves and the step counter.

Each of these holds Matplotlib artists and can show any step: `show(i)` depends on i alone. All lie
above whatever stands still, so that a moving picture can paint them over a finished background and
get the very pixels of a full draw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np
from matplotlib.artist import Artist, ArtistInspector
from matplotlib.axes import Axes
from matplotlib.cbook import normalize_kwargs
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from trajectories.names import unknown
from trajectories.plotting.scene import Scene, Track
from trajectories.plotting.theme import setting

__all__ = [
    "HEAD",
    "NOTE",
    "Curves",
    "Mover",
    "Paths",
    "Style",
    "check_names",
    "line_properties",
    "marker_spacing",
    "properties",
    "track_styles",
]

_PATH, HEAD, NOTE = 10.0, 20.0, 30.0
#: Sizes of heads, in sizes of a marker.
_PATH_HEAD, _LOSS_HEAD = 2.1, 1.7
#: Up to this many steps each has a marker; longer paths have markers at equal distances.
_MARKED_STEPS = 40
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
#: Where the looks begin anew, tracks get the next of these.
_DASHES = ("-", "--", ":", "-.")

Array = NDArray[np.float64]
Style = dict[str, Any]


class Mover(Protocol):
    """Artists that can show any step."""

    artists: list[Artist]

    def show(self, step: int) -> None:
        """Show the state after `step` steps."""


def track_styles(count: int, **kwargs: Any) -> list[Style]:
    """Return a look for each track: those of the current property cycle, markers added."""
    cycle = list(setting("axes.prop_cycle"))
    given = line_properties(kwargs)
    plain = {"color": setting("lines.color")}
    looks, turns = [], Counter[str]()
    for i in range(count):
        look = {**plain, "marker": _MARKERS[i % len(_MARKERS)], **cycle[i % len(cycle)]}
        turn = turns[repr(sorted(look.items()))]
        turns[repr(sorted(look.items()))] += 1
        if turn:
            look["marker"] = _MARKERS[(i + turn) % len(_MARKERS)]
            look["linestyle"] = _DASHES[turn % len(_DASHES)]
        looks.append(look | given)
    return looks


def line_properties(given: Mapping[str, Any]) -> Style:
    """Return properties of lines by their full names, if a line can have them."""
    check_names(given, properties(Line2D))
    style = normalize_kwargs(dict(given), Line2D)
    Line2D([], [], **style)  # It checks the values.
    return style


def check_names(given: Iterable[str], known: Iterable[str]) -> None:
    """Raise a `TypeError` if a keyword is not known; the nearest one is suggested."""
    known = sorted(known)
    for name in given:
        if name not in known:
            raise TypeError(str(unknown("keyword", name, known)))


@cache
def properties(kind: type[Artist]) -> tuple[str, ...]:
    """Return the names of all that can be set of an artist, short names too."""
    inspector = ArtistInspector(kind)
    names = {*inspector.get_setters(), *(a for some in inspector.aliasd.values() for a in some)}
    return tuple(sorted(names))


class _Trails:
    """Lines that grow step by step, each with a larger marker as its head."""

    def __init__(
        self,
        ax: Axes,
        histories: Sequence[Array],
        styles: Sequence[Style],
        head: float,
        tail: int | None = None,
    ) -> None:
        self._histories, self._tail = histories, tail
        self._lines: list[Line2D] = []
        self._heads: list[Line2D] = []
        halo, size = setting("axes.facecolor"), setting("lines.markersize")
        longest = max(len(history) for history in histories) - 1
        every = marker_spacing(longest if tail is None else min(tail, longest))
        self._every = every if tail is not None and "markevery" not in styles[0] else None
        for number, (history, style) in enumerate(zip(histories, styles, strict=True)):
            several = history.shape[1] > 1
            line_style = {"markevery": every, "markeredgecolor": halo, "markeredgewidth": 0.5}
            if several:
                line_style |= {"linewidth": setting("lines.linewidth") / 2}
            line_style |= style | ({"marker": ""} if several else {})
            # Never below what stands still, or a moving picture could not be painted over it.
            line_style["zorder"] = max(_PATH, style.get("zorder", _PATH)) + number / 100
            self._lines.append(_line(ax, **line_style))
            head_style = {
                "color": style["color"],
                "marker": style["marker"],
                "linestyle": "none",
                "markersize": size * (1 if several else head),
                "markeredgecolor": halo,
                "markeredgewidth": 1.2,
                "zorder": HEAD + number / 100,
            }
            self._heads.append(_line(ax, **head_style))
        self.artists: list[Artist] = [*self._lines, *self._heads]

    def show(self, step: int) -> None:
        """Show the lines up to `step`."""
        begin = 0 if self._tail is None else max(step - self._tail, 0)
        for history, line, head in zip(self._histories, self._lines, self._heads, strict=True):
            line.set_data(*_part(history, begin, step))
            if self._every:  # Markers stay at their steps while the line's beginning moves on.
                line.set_markevery((-begin % self._every, self._every))
            head.set_data(*history[min(step, len(history) - 1)].T)


class Paths(_Trails):
    """The paths of a scene on a contour plot."""

    def __init__(
        self, ax: Axes, scene: Scene, styles: Sequence[Style], tail: int | None = None
    ) -> None:
        super().__init__(ax, [track.visible for track in scene.tracks], styles, _PATH_HEAD, tail)


class Curves(_Trails):
    """The loss of each track against the step."""

    def __init__(
        self, ax: Axes, tracks: Sequence[Track], floor: float, styles: Sequence[Style]
    ) -> None:
        losses = [_with_steps(track.values - floor, track.recorded) for track in tracks]
        super().__init__(ax, losses, styles, _LOSS_HEAD)


def _line(ax: Axes, **style: Any) -> Line2D:
    line = Line2D([], [], **style)
    ax.add_line(line)
    return line


def marker_spacing(steps: int) -> int:
    """Return how many steps lie between two markers of a path of so many steps."""
    return 1 if steps <= _MARKED_STEPS else -(-2 * steps // _MARKED_STEPS)


def _part(history: Array, begin: int, step: int) -> tuple[Array, Array]:
    """Return x and y of the rows up to a step; several paths follow each other, NaN between."""
    rows = history[begin : step + 1]
    if history.shape[1] == 1:
        return rows[:, 0, 0], rows[:, 0, 1]
    gap = np.full((1, *rows.shape[1:]), np.nan)
    chained = np.concatenate([rows, gap]).transpose(1, 0, 2).reshape(-1, 2)
    return chained[:, 0], chained[:, 1]


def _with_steps(values: Array, recorded: NDArray[np.int64] | None) -> Array:
    """Return points (step, value), shape (steps + 1, paths, 2)."""
    rows = np.arange(len(values)) if recorded is None else recorded
    steps = np.broadcast_to(rows.astype(float)[:, None], values.shape)
    return np.stack([steps, values], axis=-1)
