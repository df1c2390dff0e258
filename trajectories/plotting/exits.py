"""Where paths leave the picture: an arrow at the edge, and the step at which they left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from trajectories.plotting.header import in_points, points, text_size
from trajectories.plotting.scene import Exit, Scene
from trajectories.plotting.theme import setting
from trajectories.plotting.tracks import HEAD, NOTE, Style
from trajectories.plotting.view import in_parts

__all__ = ["Exits", "obstacles"]

Array = NDArray[np.float64]
#: Distance of the points looked at along a path, in parts of a side; larger from so many steps on.
_SPACING, _POINTS = 0.01, 20_000
#: Where a note may stand, in its own widths and heights from the exit.
_PLACES = np.array([(x / 10, y / 2) for x in range(-20, 21) for y in range(-8, 9)])
#: A note over a note is as bad as one over so many points of a path.
_UNREADABLE = 1000
#: Points all over a square from -1 to 1.
_SQUARE = np.stack(np.meshgrid(np.linspace(-1, 1, 7), np.linspace(-1, 1, 5)), -1).reshape(-1, 2)


class Exits:
    """Arrows and notes for the paths of a scene that leave it; each is there from its step on."""

    def __init__(self, ax: Axes, scene: Scene, styles: Sequence[Style]) -> None:
        self.artists: list[Artist] = []
        self._since: list[int] = []
        taken, notes = obstacles(scene), np.empty((0, 2))
        for track, style in zip(scene.tracks, styles, strict=True):
            for leaving in track.exits if len(track.exits) == 1 else ():
                if leaving is not None:
                    arrow = _arrow(ax, scene, leaving, style["color"])
                    note, box = _note(ax, scene, leaving, style["color"], taken, notes)
                    notes = np.concatenate([notes, box])
                    self.artists += [arrow, note]
                    self._since += [leaving.step] * 2
        self.taken = np.concatenate([taken, notes])

    def show(self, step: int) -> None:
        """Show what has left by `step`."""
        for artist, since in zip(self.artists, self._since, strict=True):
            artist.set_visible(step >= since)


def obstacles(scene: Scene) -> Array:
    """Return what words must not cover, as points in parts of the plot's width and height."""
    found = [in_parts(scene.minima, scene.limits)]
    for track in scene.tracks:
        found.append(_along(in_parts(track.visible, scene.limits)))
        exits = [leaving.point for leaving in track.exits if leaving is not None]
        found.append(in_parts(np.reshape(exits, (-1, 2)), scene.limits))
    taken = np.concatenate(found)
    return taken[((taken >= 0) & (taken <= 1)).all(axis=1)]


def _along(paths: Array) -> Array:
    """Return points along paths of shape (time, paths, 2), close enough for no word to slip in."""
    begins = paths[:-1].reshape(-1, 2)
    ways = paths[1:].reshape(-1, 2) - begins
    lengths = np.nan_to_num(abs(ways).max(axis=1), nan=0.0, posinf=0.0)
    closer = _SPACING * max(1.0, len(ways) / _POINTS)
    counts = np.clip(np.ceil(lengths / closer), 1, 200).astype(int)
    which = np.repeat(np.arange(len(ways)), counts)
    share = (np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)) / counts[which]
    return np.concatenate([begins[which] + share[:, None] * ways[which], paths[-1]])


def _lost(leaving: Exit) -> bool:
    return leaving.direction == (0.0, 0.0)


def _arrow(ax: Axes, scene: Scene, leaving: Exit, color: Any) -> Artist:
    across, up = np.array(leaving.direction) * ax.bbox.size
    mark = setting("lines.markersize") * 2.6
    marker: Any = "x" if _lost(leaving) else (3, 0, float(np.degrees(np.arctan2(up, across))) - 90)
    arrow = Line2D(
        *in_parts(np.array(leaving.point), scene.limits)[:, None],
        transform=ax.transAxes,
        color=color,
        marker=marker,
        markersize=mark,
        markeredgecolor=color if _lost(leaving) else setting("axes.facecolor"),
        markeredgewidth=2.0 if _lost(leaving) else 0.8,
        linestyle="none",
        clip_on=False,
        zorder=HEAD + 0.9,
    )
    ax.add_line(arrow)
    return arrow


def _note(
    ax: Axes, scene: Scene, leaving: Exit, color: Any, taken: Array, notes: Array
) -> tuple[Artist, Array]:
    """Write the step where it covers least, near the arrow; return the note and its corners."""
    lines = ["lost" if _lost(leaving) else "leaves", f"at step {leaving.step}"]
    size = points("xtick.labelsize")
    side = np.array(in_points(ax))
    arrow = setting("lines.markersize") * 1.6 / side
    at = in_parts(np.array(leaving.point), scene.limits)
    taken = np.concatenate([taken, at + arrow * _SQUARE])
    tried: list[tuple[tuple[Any, ...], str, Array, Array]] = []
    for words in (" ".join(lines), "\n".join(lines)):
        wide = max(text_size(line, size)[0] for line in words.split("\n")) + 1.4 * size
        box = np.array([wide, (1.7 + 1.2 * words.count("\n")) * size]) / side
        places = np.clip(at + _PLACES * box, box / 2 + 0.01, 1 - box / 2 - 0.01)
        covered = _inside(taken, places, box) + _UNREADABLE * _inside(notes, places, box)
        gap = np.hypot(*(np.maximum(abs(places - at) - box / 2, 0) * side).T)
        best = np.lexsort((gap, covered))[0]
        # What is wider than the plot is worst of all.
        tried.append(((box[0] > 1, covered[best], len(tried)), words, places[best], box))
    _, words, (x, y), box = min(tried, key=lambda one: one[0])
    note = ax.text(
        x,
        y,
        words,
        transform=ax.transAxes,
        color=color,
        ha="center",
        va="center",
        fontsize=size,
        zorder=NOTE,
    )
    return note, np.array([x, y]) + box * _SQUARE / 2


def _inside(taken: Array, places: Array, box: Array) -> NDArray[np.int64]:
    """Count the points inside a box at each of several places."""
    near = abs(taken[None] - places[:, None]) < box / 2
    return np.asarray(near.all(axis=2).sum(axis=1))
