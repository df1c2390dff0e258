"""The 3-D layout's panel: the surface as a hill, the paths on it, and the words above."""

from __future__ import annotations

import math
from collections.abc import Sequence
from inspect import signature
from typing import Any

import numpy as np
from matplotlib.transforms import ScaledTranslation
from mpl_toolkits.mplot3d import Axes3D
from numpy.typing import NDArray

from trajectories.plotting.counter import counter, counter_width
from trajectories.plotting.extras import PLAIN, Extras
from trajectories.plotting.header import draw_header, heading, points
from trajectories.plotting.readout import NOWHERE, Readout
from trajectories.plotting.scene import Scene
from trajectories.plotting.solid.climbers import Camera, Climbers, Leavers, Places
from trajectories.plotting.solid.heights import Heights, lifted
from trajectories.plotting.solid.hill import Contours, Hill
from trajectories.plotting.solid.stage import AZIMUTHS, best_azimuth, fit, set_limits, style_axes
from trajectories.plotting.theme import Theme
from trajectories.plotting.tracks import Mover, Style
from trajectories.surfaces import Surface
from trajectories.validation import Interval, scalar

__all__ = ["CAMERA", "ELEVATION", "checked_camera", "draw_solid"]

Array = NDArray[np.float64]

#: How high the camera stands by default, in degrees.
ELEVATION = 45.0
_HILL, _CONTOUR = 1.0, 1.5
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
) -> list[Mover]:
    """Draw a scene's surface on 3-D Axes, and return its paths, which can show any step."""
    heights = Heights.of(scene)
    tracks = [lifted(track, scene.limits, surface.value, heights) for track in scene.tracks]
    z = heights(scene.relief.z)
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
    # Rasterized where the rest is vectors, which have no shades.
    hill = Hill(scene.relief, heights, theme, ax.azim, zorder=_HILL, rasterized=True)
    ax.add_collection(hill, autolim=False)
    lines = {"colors": theme.contour, "linewidths": 0.7, "zorder": _CONTOUR}
    ax.add_collection(Contours(scene.relief, heights, **lines), autolim=False)
    ax.apply_aspect()
    labels = [track.label for track in scene.tracks] if legend else []
    words = heading(scene.name, scene.formula, scene.latex)
    # The counter shares the heading's line, and leaves the legend all of its own.
    beside = counter_width(scene.steps) + points("legend.fontsize")
    lift = draw_header(ax, words, labels, styles, beside=beside)
    taken = fit(ax, heights, scene.relief, z, orbit)
    shift = ScaledTranslation(0, lift / 72, ax.figure.dpi_scale_trans)
    leavers = Leavers(ax, scene, tracks, styles, taken)
    movers: list[Mover] = [
        Camera(ax, scene.steps, orbit),
        Places(ax, minima, starts, z),
        Climbers(ax, tracks, styles, extras.tail),
        leavers,
        counter(ax.figure, 1.0, 1.0, ax.transAxes + shift, scene.steps),
    ]
    if extras.captions:
        covered = np.concatenate([(taken - ax.bbox.min) / ax.bbox.size, leavers.box])
        movers.append(Readout(ax, scene, styles, covered, NOWHERE, marks=legend))
    return movers


def checked_camera(elevation: Any, azimuth: Any, orbit: Any) -> dict[str, Any]:
    """Return what `draw_solid` takes of a camera, if they are angles."""
    return {
        "elevation": scalar("elevation", elevation, _ELEVATIONS),
        "azimuth": None if azimuth is None else scalar("azimuth", azimuth, _ANY),
        "orbit": scalar("orbit", orbit, _ANY),
    }


#: What a camera is told by.
CAMERA = frozenset(signature(checked_camera).parameters)


def _on_surface(places: Array, scene: Scene, surface: Surface, heights: Heights) -> Array:
    """Return those of some places that are in the picture, each once, with their heights."""
    low, high = np.array(scene.limits).T
    inside = np.unique(places[((places >= low) & (places <= high)).all(axis=1)], axis=0)
    return np.column_stack([inside, heights(surface.value(inside))])
