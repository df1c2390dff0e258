"""Paths in 3-D."""

from __future__ import annotations

import math
from collections.abc import Sequence
from inspect import signature
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Line3D
from numpy.typing import NDArray

from trajectories.checks import Interval, scalar
from trajectories.plotting.readout import NOWHERE, Readout, counter, counter_width
from trajectories.plotting.scene import (
    HEAD,
    NOTE,
    PATH_HEAD,
    MovingArtist,
    Scene,
    Style,
    chained,
    head_style,
    marker_spacing,
    ring_style,
    star_style,
)
from trajectories.plotting.surface_3d import (
    AZIMUTHS,
    Contours,
    Heights,
    Lifted,
    SurfaceMesh,
    best_azimuth,
    fit,
    in_pixels,
    lifted,
    set_limits,
    style_axes,
    unhidden,
)
from trajectories.plotting.text import (
    GRID,
    draw_header,
    heading,
    in_points,
    literal,
    points,
    text_size,
)
from trajectories.plotting.theme import PLAIN, Extras, Theme, setting
from trajectories.surfaces.surface import Surface

Array = NDArray[np.float64]

_MARK, _PATH = 3.0, 10.0
#: Opacity of a marker that the surface hides.
_FAINT = 0.35


class Camera:
    """A camera that turns around the surface during an animation."""

    def __init__(self, ax: Axes3D, steps: int, orbit: float) -> None:
        self._ax, self._steps, self._orbit = ax, max(steps, 1), orbit
        self._azimuth = float(ax.azim)
        self.artists: list[Artist] = []

    def show(self, step: int) -> None:
        """Turn to the azimuth of `step`."""
        remaining = 1 - step / self._steps if self._orbit else 0.0
        self._ax.view_init(self._ax.elev, self._azimuth - self._orbit * remaining)


class Paths3D:
    """The paths of a scene on its surface."""

    def __init__(
        self,
        ax: Axes3D,
        tracks: Sequence[Lifted],
        styles: Sequence[Style],
        trail: int | None = None,
    ) -> None:
        self._tracks, self._trail = tracks, trail
        self._lines: list[Line3D] = []
        self._marks: list[Line3D] = []
        self._heads: list[Line3D] = []
        longest = max(len(track.ends) for track in tracks) - 1
        every = marker_spacing(longest if trail is None else min(trail, longest))
        self._every = every if trail is not None and "markevery" not in styles[0] else None
        for number, (track, style) in enumerate(zip(tracks, styles, strict=True)):
            several = track.points.shape[1] > 1
            # Never below fixed artists, over which animations are painted.
            zorder = max(_PATH, style.get("zorder", _PATH)) + number / 100
            edges = {"markeredgecolor": setting("axes.facecolor"), "markeredgewidth": 0.5}
            wide = {"linewidth": setting("lines.linewidth") / 2} if several else {}
            line_style = wide | style | {"marker": "", "zorder": zorder}
            self._lines.append(_line(ax, **line_style))
            # The markers of the steps are a separate line, as the line has more points than steps.
            mark_style = {"markevery": every, **edges} | style
            mark_style |= {"linestyle": "none", "zorder": zorder + 0.005, "label": "_steps"}
            self._marks.append(_line(ax, **mark_style | ({"marker": ""} if several else {})))
            self._heads.append(_line(ax, **head_style(style, 1 if several else PATH_HEAD, number)))
        self.artists: list[Artist] = [*self._lines, *self._marks, *self._heads]

    def show(self, step: int) -> None:
        """Show the paths up to `step`."""
        groups = zip(self._tracks, self._lines, self._marks, self._heads, strict=True)
        for track, line, marks, head in groups:
            last = min(step, len(track.ends) - 1)
            begin = 0 if self._trail is None else min(max(step - self._trail, 0), last)
            line.set_data_3d(*chained(track.points[track.ends[begin] : track.ends[last] + 1]))
            marks.set_data_3d(*chained(track.stops[begin : last + 1]))
            if self._every:
                marks.set_markevery((-begin % self._every, self._every))
            head.set_data_3d(*track.stops[last].T)


class Exits3D:
    """An arrow for each path that leaves the view, and a line of words in a corner."""

    def __init__(
        self,
        ax: Axes3D,
        scene: Scene,
        tracks: Sequence[Lifted],
        styles: Sequence[Style],
        occupied: Array,
    ) -> None:
        self._ax = ax
        self._since: list[int] = []
        self._arrows: list[tuple[Line3D, Array]] = []
        arrows: list[Artist] = []
        words: list[tuple[str, Any]] = []
        for track, path, style in zip(scene.tracks, tracks, styles, strict=True):
            leaving = track.exits[0] if len(track.exits) == 1 else None
            if leaving is None:
                continue
            words.append((f"{literal(track.label)}: {' '.join(leaving.words)}", style["color"]))
            self._since.append(leaving.step)
            arrow = _line(
                ax,
                color=style["color"],
                marker="x",
                markersize=setting("lines.markersize") * 2.6,
                markeredgecolor=style["color"] if leaving.cut_off else setting("axes.facecolor"),
                markeredgewidth=2.0 if leaving.cut_off else 0.8,
                linestyle="none",
                zorder=HEAD + 0.9,
            )
            arrows.append(arrow)
            visible = path.points[: path.ends[leaving.step] + 1, 0]
            visible = visible[np.isfinite(visible).all(axis=1)]
            if len(visible):
                arrow.set_data_3d(*visible[-1:].T)
                if not leaving.cut_off:
                    self._arrows.append((arrow, visible[-2:]))
        notes, self.box = _notes(ax, words, occupied)
        self.artists = [*arrows, *notes]

    def show(self, step: int) -> None:
        """Show the exits up to `step`, and turn the arrows as the camera sees the paths."""
        for artist, since in zip(self.artists, self._since * 2, strict=True):
            artist.set_visible(step >= since)
        for arrow, segment in self._arrows:
            across, up = np.diff(in_pixels(self._ax, segment[[0, -1]]), axis=0)[0]
            arrow.set_marker((3, 0, math.degrees(math.atan2(up, across)) - 90))


class Markers3D:
    """Minima as stars and starts as rings, pale where the surface hides them."""

    def __init__(self, ax: Axes3D, minima: Array, starts: Array, z: Array) -> None:
        self._ax, self._z = ax, z
        kinds = (minima, star_style()), (starts, ring_style(len(starts)))
        self._kinds = [
            (positions, *(_line(ax, zorder=_MARK, alpha=alpha, **style) for alpha in (_FAINT, 1)))
            for positions, style in kinds
        ]
        self.artists: list[Artist] = [line for _, *lines in self._kinds for line in lines]

    def show(self, step: int) -> None:
        """Update which markers are hidden, as the camera may have turned."""
        for positions, faint, opaque in self._kinds:
            visible = unhidden(self._ax, positions, self._z)
            faint.set_data_3d(*positions[~visible].T)
            opaque.set_data_3d(*positions[visible].T)


def _line(ax: Axes3D, **style: Any) -> Line3D:
    line = Line3D([], [], [], **style)
    ax.add_line(line)
    return line


def _notes(ax: Axes3D, words: Sequence[tuple[str, Any]], pixels: Array) -> tuple[list[Text], Array]:
    """Write coloured lines of words into the emptiest corner; return the texts and their box."""
    size = points("xtick.labelsize")
    wide = max((text_size(line, size)[0] for line, _ in words), default=0.0) + 2 * size
    box = np.array([wide, 1.5 * size * len(words) + size]) / in_points(ax)
    parts = (pixels - ax.bbox.min) / ax.bbox.size
    corners = [(0, 1), (1, 1), (0, 0), (1, 0)]
    covered = [(abs(parts - corner) < box).all(axis=1).sum() for corner in corners]
    right, top = corners[int(np.argmin(covered))]
    notes = []
    for row, (line, color) in enumerate(words):
        down = 1.5 * row + 1.2 if top else 1.5 * (row - len(words)) + 1.2
        shift = ScaledTranslation(0.0, -down * size / 72, ax.figure.dpi_scale_trans)
        anchor = {"transform": ax.transAxes + shift, "ha": "right" if right else "left"}
        style = {"color": color, "fontsize": size, "zorder": NOTE}
        notes.append(ax.text2D(right, top, line, **anchor, **style))
    corner = np.array([right, top])
    return notes, corner + (1 - 2 * corner) * box * GRID if words else GRID[:0]


#: Default elevation of the camera, in degrees.
ELEVATION = 45.0
_MESH, _CONTOUR = 1.0, 1.5
_ELEVATIONS = Interval(0.0, 90.0, "both", "between 0 and 90")
_ANY = Interval(-math.inf, math.inf, "neither", "finite")


def draw_solid(
    ax: Axes3D,
    scene: Scene,
    surface: Surface,
    theme: Theme,
    styles: Sequence[Style],
    *,
    legend: bool = True,
    elevation: float = ELEVATION,
    azimuth: float | None = None,
    orbit: float = 0.0,
    extras: Extras = PLAIN,
) -> list[MovingArtist]:
    """Draw a scene's surface on 3-D Axes, and return the artists that can show any step."""
    heights = Heights.of(scene)
    tracks = [lifted(track, scene.limits, surface.value, heights) for track in scene.tracks]
    z = heights(scene.contour_grid.z)
    ax.computed_zorder = False
    ax.set_proj_type("ortho")
    set_limits(ax, scene, z, heights)
    ax.view_init(elevation, AZIMUTHS[0] if azimuth is None else azimuth)
    starts = np.concatenate([track.positions[0] for track in scene.tracks])
    minima = _on_surface(np.reshape(scene.minima, (-1, 2)), scene, surface, heights)
    starts = _on_surface(starts, scene, surface, heights)
    if azimuth is None:
        ax.view_init(elevation, best_azimuth(ax, tracks, minima, z))
    style_axes(ax, heights)
    # Rasterized in vector formats, which have no shades.
    mesh = SurfaceMesh(scene.contour_grid, heights, theme, ax.azim, zorder=_MESH, rasterized=True)
    ax.add_collection(mesh, autolim=False)
    lines = {"colors": theme.contour, "linewidths": 0.7, "zorder": _CONTOUR}
    ax.add_collection(Contours(scene.contour_grid, heights, **lines), autolim=False)
    ax.apply_aspect()
    labels = [track.label for track in scene.tracks] if legend else []
    words = heading(scene.name, scene.formula, scene.latex)
    # The counter stands in the heading's line, beside it.
    beside = counter_width(scene.steps) + points("legend.fontsize")
    lift = draw_header(ax, words, labels, styles, beside=beside)
    occupied = fit(ax, heights, scene.contour_grid, z, orbit)
    shift = ScaledTranslation(0, lift / 72, ax.figure.dpi_scale_trans)
    exit_arrows = Exits3D(ax, scene, tracks, styles, occupied)
    moving_artists: list[MovingArtist] = [
        Camera(ax, scene.steps, orbit),
        Markers3D(ax, minima, starts, z),
        Paths3D(ax, tracks, styles, extras.trail),
        exit_arrows,
        counter(ax.figure, 1.0, 1.0, ax.transAxes + shift, scene.steps),
    ]
    if extras.readout:
        covered = np.concatenate([(occupied - ax.bbox.min) / ax.bbox.size, exit_arrows.box])
        moving_artists.append(Readout(ax, scene, styles, covered, NOWHERE, marks=legend))
    return moving_artists


def checked_camera(elevation: Any, azimuth: Any, orbit: Any) -> dict[str, Any]:
    """Check the angles of a camera, and return them by name."""
    return {
        "elevation": scalar("elevation", elevation, _ELEVATIONS),
        "azimuth": None if azimuth is None else scalar("azimuth", azimuth, _ANY),
        "orbit": scalar("orbit", orbit, _ANY),
    }


#: Names of the settings of a camera.
CAMERA = frozenset(signature(checked_camera).parameters)


def _on_surface(positions: Array, scene: Scene, surface: Surface, heights: Heights) -> Array:
    """Return the unique positions inside the view, with their heights."""
    low, high = np.array(scene.limits).T
    inside = np.unique(positions[((positions >= low) & (positions <= high)).all(axis=1)], axis=0)
    return np.column_stack([inside, heights(surface.value(inside))])
