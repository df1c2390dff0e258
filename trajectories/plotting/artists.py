"""Arrows of steps and fields of gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.quiver import Quiver
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from trajectories.plotting.scene import (
    HEAD,
    Limits,
    Scene,
    Style,
    Track,
    check_names,
    properties,
    track_styles,
)
from trajectories.plotting.text import in_points, points, text_size
from trajectories.plotting.theme import setting
from trajectories.surfaces.surface import Surface

Array = NDArray[np.float64]
#: Least length of a typical step and greatest of a long one, in parts of the plot's sides.
_TYPICAL, _LONGEST = 0.12, 0.45
_COMMON = 0.98
#: Length of the arrow of the largest gradient, and greatest length of any, in the same parts.
_STEEPEST, _FARTHEST = 0.3, 3.0
#: Shorter arrows are hidden, in points.
_SHORTEST = 0.2
#: Name, dashes, width in lines of a path and share of ink in the colour of each part. Thin arrows
#: lie above wide ones, as they often point in the same direction.
_PARTS: tuple[tuple[str, Any, float, float], ...] = (
    ("\N{MINUS SIGN}gradient", (0, (1, 1)), 0.9, 0.75),
    ("memory", (0, (2.5, 1)), 1.2, 0.45),
    ("step", "-", 1.7, 0.0),
)
#: Width of a handle of the key, and of the gaps beside it, in font sizes.
_HANDLE, _NEAR, _APART = 2.4, 0.6, 1.4


class Arrows:
    """Three arrows at the head of every path: the parts of its next step."""

    def __init__(self, ax: Axes, scene: Scene, styles: Sequence[Style]) -> None:
        limits = np.array(scene.limits)
        tracks = [
            (track, style)
            for track, style in zip(scene.tracks, styles, strict=True)
            if track.anatomy is not None and track.positions.shape[1] == 1
        ]
        scale = _step_scale([track for track, _ in tracks], limits)
        self.scale = scale if tracks else None
        self._parts = [_scaled(track, scale, limits) for track, _ in tracks]
        self._arrows = [[_Arrow(ax, limits, part, style) for part in _PARTS] for _, style in tracks]
        self.artists: list[Artist] = [
            artist for arrows in self._arrows for arrow in arrows for artist in arrow.artists
        ]

    def show(self, step: int) -> None:
        """Show the parts of the step after `step`."""
        for (starts, vectors), arrows in zip(self._parts, self._arrows, strict=True):
            for arrow, vector in zip(arrows, vectors, strict=True):
                if step < len(vector) and np.isfinite(vector[step]).all() and np.any(vector[step]):
                    arrow.point(starts[step], vector[step])
                else:
                    arrow.hide()


class _Arrow:
    """A dashed line with a plain head, smaller where the arrow is short."""

    def __init__(
        self, ax: Axes, limits: Array, part: tuple[str, Any, float, float], style: Style
    ) -> None:
        _, dashes, wide, towards_ink = part
        color, ink = np.array(to_rgb(style["color"])), np.array(to_rgb(setting("text.color")))
        width = setting("lines.linewidth")
        line_style: dict[str, Any] = {
            "color": tuple(color + towards_ink * (ink - color)),
            "zorder": HEAD - 1 + towards_ink,
        }
        self._size = (2.5 + 1.5 * wide) * width
        self._points = np.array(in_points(ax)) / np.diff(limits, axis=1).ravel()
        self._shaft = Line2D(
            [],
            [],
            linestyle=dashes,
            linewidth=wide * width,
            dash_capstyle="butt",
            solid_capstyle="butt",
            **line_style,
        )
        self._head = Line2D([], [], linestyle="none", marker="^", markeredgewidth=0, **line_style)
        self.artists: list[Artist] = [self._shaft, self._head]
        for line in (self._shaft, self._head):
            ax.add_line(line)

    def point(self, begin: Array, vector: Array) -> None:
        """Point from `begin` along a vector."""
        across, up = vector * self._points
        length = math.hypot(across, up)
        if length < _SHORTEST:
            self.hide()
            return
        size = min(self._size, length)
        # A triangle's tip is half its size from its middle.
        middle = begin + vector * (1 - size / 2 / length)
        self._shaft.set_data(*np.transpose([begin, middle]))
        self._head.set_data(*middle[:, None])
        marker: Any = (3, 0, math.degrees(math.atan2(up, across)) - 90)
        self._head.set_marker(marker)
        self._head.set_markersize(size)

    def hide(self) -> None:
        """Show nothing."""
        for line in (self._shaft, self._head):
            line.set_data([], [])


def times(scale: float) -> str:
    """Return the words for a scale; "" for 1."""
    return "" if scale == 1 else f" \N{MULTIPLICATION SIGN} {scale:g}"


def key_width(scale: float = 1.0) -> float:
    """Return the width of the key to the arrows, in points."""
    size = points("xtick.labelsize")
    entry = (_HANDLE + _NEAR) * size
    words = [text_size(word, size)[0] for word in _words(scale)]
    return sum(words) + len(words) * entry + (len(words) - 1) * _APART * size


def draw_key(on: Axes | Figure, x: float, y: float, transform: Any, scale: float = 1.0) -> None:
    """Draw the key to the arrows, in a row that ends at x."""
    size, ink = points("xtick.labelsize"), setting("axes.labelcolor")
    inches = on.get_figure().dpi_scale_trans  # type: ignore[union-attr]
    origin = inches + ScaledTranslation(x, y, transform)  # In inches from the corner.
    left = -key_width(scale)
    for word, (_, dashes, wide, _) in zip(_words(scale), _PARTS, strict=True):
        line = Line2D(
            np.array([left, left + _HANDLE * size]) / 72,
            np.array([0.35, 0.35]) * size / 72,
            transform=origin,
            color=ink,
            linestyle=dashes,
            linewidth=wide * setting("lines.linewidth"),
            solid_capstyle="butt",
            clip_on=False,
        )
        on.add_artist(line)
        left += (_HANDLE + _NEAR) * size
        on.text(left / 72, 0, word, transform=origin, fontsize=size, color=ink, va="baseline")
        left += text_size(word, size)[0] + _APART * size


def _words(scale: float) -> list[str]:
    return [name + (times(scale) if part else "") for part, (name, *_) in enumerate(_PARTS)]


def _sizes(vectors: Array, limits: Any) -> Array:
    """Return lengths in parts of the plot's sides."""
    return np.asarray(np.hypot(*(vectors / np.diff(limits, axis=1).ravel()).T))


def _arrows(track: Track, part: Array) -> Array:
    """Return a part of a path's steps, shape (steps, 2); NaN once the path has left the view."""
    vectors = np.array(part).reshape(len(part), 2)
    for leaving in track.exits:
        if leaving is not None:
            vectors[leaving.step :] = np.nan
    return vectors


def _step_scale(tracks: Sequence[Track], limits: Any) -> float:
    """Return the factor at which typical steps are visible and none leaves the plot."""
    parts = [(track, track.anatomy) for track in tracks if track.anatomy is not None]
    if not parts:
        return 1.0
    with np.errstate(all="ignore"):
        steps = np.concatenate([_sizes(_arrows(track, part.step), limits) for track, part in parts])
        memory = np.concatenate(
            [_sizes(_arrows(track, part.memory), limits) for track, part in parts]
        )
    steps = steps[np.isfinite(steps) & (steps > 0)]
    memory = memory[np.isfinite(memory)]
    if not steps.size:
        return 1.0
    # One leap among many short steps may leave the plot; otherwise the others would be invisible.
    longest = max(np.quantile(steps, _COMMON), np.quantile(memory, _COMMON) if memory.size else 0.0)
    wanted = min(_TYPICAL / np.median(steps), _LONGEST / longest)
    if not wanted > 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(wanted))
    return float(math.floor(wanted / power) * power)


def _scaled(track: Track, scale: float, limits: Any) -> tuple[Array, list[Array]]:
    """Return the origins of a track's arrows, and the vectors of all three kinds, by step."""
    parts = track.anatomy
    assert parts is not None
    with np.errstate(all="ignore"):
        gradient = -_arrows(track, parts.gradient)
        sizes = _sizes(gradient, limits)
        longest = np.max(sizes[np.isfinite(sizes)], initial=0.0)
        # Their root, so that the small gradients of a valley stay visible beside those of a wall.
        wanted = _STEEPEST * np.sqrt(sizes / longest) if longest > 0 else sizes
        gradient *= np.nan_to_num(wanted / sizes)[:, None]
        vectors = [gradient, *(scale * _arrows(track, part) for part in (parts.memory, parts.step))]
        for vector in vectors:
            # Longer ones leave the view anyway, and renderers cannot draw them.
            vector *= np.fmin(1, _FARTHEST / _sizes(vector, limits))[:, None]
    return track.positions[:-1, 0], vectors


def check_arrows(given: Mapping[str, Any]) -> None:
    """Raise an error if arrows cannot have these properties."""
    check_names(
        given, {*properties(Quiver), *signature(Quiver).parameters} - {"ax", "args", "kwargs"}
    )
    Quiver(Figure().add_subplot(), 0, 0, 1, 1, **given)  # It checks the values.


def draw_field(ax: Axes, surface: Surface, limits: Limits, arrows: int, **kwargs: Any) -> None:
    """Draw arrows along the negative gradient, as long as the root of its norm."""
    (x0, x1), (y0, y1) = limits
    width, height = ax.bbox.width, ax.bbox.height
    across = max(2, round(arrows * min(1.0, width / height)))
    up = max(2, round(arrows * min(1.0, height / width)))
    spacing = min((x1 - x0) / across, (y1 - y0) / up)
    x = x0 + (np.arange(across) + 0.5) / across * (x1 - x0)
    y = y0 + (np.arange(up) + 0.5) / up * (y1 - y0)
    p = np.stack(np.meshgrid(x, y), axis=-1)
    g = -surface.gradient(p)
    g[~np.isfinite(g).all(axis=-1)] = np.nan
    g /= np.sqrt(np.hypot(g[..., :1], g[..., 1:])) + 1e-300
    longest = np.nanmax(np.hypot(g[..., 0], g[..., 1]), initial=0.0)
    style = {
        "color": track_styles(1)[0]["color"],
        "angles": "xy",
        "scale_units": "xy",
        "scale": longest / (0.95 * spacing) if longest > 0 else 1.0,
        "width": 0.0035,
        "headwidth": 4.0,
        "headlength": 4.5,
        "zorder": 4.0,
        **kwargs,
    }
    ax.quiver(p[..., 0], p[..., 1], g[..., 0], g[..., 1], **style)
