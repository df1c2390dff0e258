"""The anatomy of a step as arrows at the head of a path: gradient, memory and step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from numpy.typing import NDArray

from trajectories.plotting.annotation import BOX, place_box
from trajectories.plotting.header import in_points, points, text_size
from trajectories.plotting.scene import Scene, Track
from trajectories.plotting.theme import setting
from trajectories.plotting.tracks import HEAD, Style
from trajectories.plotting.view import in_parts

__all__ = ["Arrows"]

Array = NDArray[np.float64]
#: How long a usual step is drawn at least, and a long one at most, in parts of the plot's sides.
_SEEN, _LONGEST = 0.12, 0.45
_USUAL = 0.98
#: The parts: their names, dashes, and how far their colour lies from the path's towards the ink.
_PARTS: tuple[tuple[str, Any, float], ...] = (
    ("\N{MINUS SIGN}gradient", ":", 0.75),
    ("memory", "--", 0.45),
    ("step", "-", 0.0),
)
_LINE, _HANDLE = 1.5, 2.6


class Arrows:
    """Three arrows at the head of every path: what the optimizer makes of where it is.

    The step that comes next, the part of it that is memory, and the gradient turned round. Step
    and memory are drawn on one scale, which is written beside them if it is not that of the plot;
    gradients on one of their own, as their unit is another.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its limits are those of the scene.
    scene : Scene
        With the anatomy of its tracks. Batches of starts get no arrows.
    styles : sequence of dict
        A style for each track.
    taken : numpy.ndarray, shape (n, 2)
        What words should not cover, in parts of the plot's width and height.
    whole : Scene, optional
        The scene of all panels, if this is one of them: the first explains the arrows, the others
        tell their scale.

    Attributes
    ----------
    box : numpy.ndarray, shape (m, 2)
        Points all over the words, in the same parts.
    """

    def __init__(
        self,
        ax: Axes,
        scene: Scene,
        styles: Sequence[Style],
        taken: Array,
        whole: Scene | None = None,
    ) -> None:
        self._ax = ax
        self._limits = np.array(scene.limits)
        tracks = [
            (track, style)
            for track, style in zip(scene.tracks, styles, strict=True)
            if track.anatomy is not None and track.positions.shape[1] == 1
        ]
        self._scale = _step_scale([track for track, _ in tracks], self._limits)
        self._parts = [_scaled(track, self._scale, self._limits) for track, _ in tracks]
        self._arrows = [[_arrow(ax, part, style) for part in _PARTS] for _, style in tracks]
        self.artists: list[Artist] = [arrow for arrows in self._arrows for arrow in arrows]
        first = whole is None or scene.tracks[0] is whole.tracks[0]
        self.box = self._explain(ax, scene, taken, whole=first)

    def show(self, step: int) -> None:
        """Show what the step after `step` is made of."""
        for (starts, ways), arrows in zip(self._parts, self._arrows, strict=True):
            for arrow, way in zip(arrows, ways, strict=True):
                there = step < len(way) and bool(np.isfinite(way[step]).all())
                there = there and bool(np.any(way[step]))
                arrow.set_visible(there)
                if there:
                    begin = starts[step]
                    arrow.set_positions(tuple(begin), tuple(begin + way[step]))

    def _explain(self, ax: Axes, scene: Scene, taken: Array, *, whole: bool) -> Array:
        """Write what the arrows are, or of the last kind alone how long."""
        size = points("xtick.labelsize")
        times = "" if self._scale == 1 else f" \N{MULTIPLICATION SIGN} {self._scale:g}"
        shown = _PARTS if whole else _PARTS[2:] if times else ()
        if not shown:
            return np.empty((0, 2))
        words = [name + (times if part > 0 else "") for part, (name, *_) in enumerate(_PARTS)]
        words = words[-len(shown) :]
        wide = max(text_size(word, size, ax.figure)[0] for word in words) + (_HANDLE + 0.8) * size
        extent = wide, (len(words) * _LINE - 0.4) * size
        minima = in_parts(scene.minima, scene.limits)
        (left, bottom), box = place_box(ax, extent, size, minima, taken)
        width, height = in_points(ax)
        ink = setting("axes.labelcolor")
        for row, (word, (_, dashes, _)) in enumerate(zip(words, shown, strict=True)):
            y = bottom + (len(words) - 1 - row) * _LINE * size / height
            line = Line2D(
                [left, left + _HANDLE * size / width],
                [y + 0.35 * size / height] * 2,
                transform=ax.transAxes,
                color=ink,
                linestyle=dashes,
                linewidth=setting("lines.linewidth"),
                zorder=BOX,
            )
            ax.add_line(line)
            x = left + (_HANDLE + 0.8) * size / width
            ax.text(x, y, word, transform=ax.transAxes, fontsize=size, color=ink, zorder=BOX)
        return box


def _arrow(ax: Axes, part: tuple[str, Any, float], style: Style) -> FancyArrowPatch:
    _, dashes, towards_ink = part
    color = np.array(to_rgb(style["color"]))
    ink = np.array(to_rgb(setting("text.color")))
    width = setting("lines.linewidth")
    arrow = FancyArrowPatch(
        (0, 0),
        (0, 0),
        arrowstyle="-|>",
        mutation_scale=5 * width,
        shrinkA=0,
        shrinkB=0,
        linestyle=dashes,
        linewidth=1.3 * width,
        color=tuple(color + towards_ink * (ink - color)),
        zorder=HEAD - 1 + towards_ink,
        clip_on=True,
    )
    ax.add_patch(arrow)
    return arrow


def _sizes(ways: Array, limits: Any) -> Array:
    """Return lengths in parts of the plot's sides."""
    return np.asarray(np.hypot(*(ways / np.diff(limits, axis=1).ravel()).T))


def _step_scale(tracks: Sequence[Track], limits: Any) -> float:
    """Return by what to multiply steps so that usual ones are seen and none leaves the plot."""
    parts = [track.anatomy for track in tracks if track.anatomy is not None]
    if not parts:
        return 1.0
    with np.errstate(all="ignore"):
        steps = np.concatenate([_sizes(part.step, limits) for part in parts])
        memory = np.concatenate([_sizes(part.memory, limits) for part in parts])
    steps = steps[np.isfinite(steps) & (steps > 0)]
    memory = memory[np.isfinite(memory)]
    if not steps.size:
        return 1.0
    # One leap among many short steps may leave the plot, or nothing would be seen of the rest.
    longest = max(np.quantile(steps, _USUAL), np.quantile(memory, _USUAL) if memory.size else 0.0)
    wanted = min(_SEEN / np.median(steps), _LONGEST / longest)
    return float(f"{wanted:.1g}") if wanted > 1 else 1.0


def _scaled(track: Track, scale: float, limits: Any) -> tuple[Array, tuple[Array, Array, Array]]:
    """Return where arrows begin, and the ways of all three kinds at each step."""
    parts = track.anatomy
    assert parts is not None
    with np.errstate(all="ignore"):
        sizes = _sizes(parts.gradient, limits)
        longest = np.max(sizes[np.isfinite(sizes)], initial=0.0)
        reduce = _LONGEST / longest / 1.5 if longest > 0 else 1.0
        # Their root, so that the small gradients of a valley are still seen beside those of a wall.
        roots = np.sqrt(sizes / longest)[:, None] if longest > 0 else 1.0
        gradient = -parts.gradient * reduce * np.nan_to_num(1 / np.maximum(roots, 1e-9))
    return track.positions[:-1, 0], (gradient, scale * parts.memory, scale * parts.step)
