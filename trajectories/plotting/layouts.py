"""Layouts of whole figures: one panel, a panel for each path, paths beside losses, or 3-D."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from trajectories.plotting.arrows import Arrows, draw_key, key_width
from trajectories.plotting.canvas import Size, new_figure, panels
from trajectories.plotting.counter import Caption, counter, counter_width
from trajectories.plotting.extras import PLAIN, Extras
from trajectories.plotting.header import heading, in_points, points
from trajectories.plotting.over import write_over
from trajectories.plotting.panel import draw_losses, draw_paths
from trajectories.plotting.recipes.figure import RecipeFigure
from trajectories.plotting.scene import Scene, shown_labels
from trajectories.plotting.solid.panel import CAMERA, ELEVATION, checked_camera, draw_solid
from trajectories.plotting.solid.stage import BOX, Stage
from trajectories.plotting.theme import Theme
from trajectories.plotting.tracks import Mover, track_styles
from trajectories.trajectory import Trajectory
from trajectories.validation import must

__all__ = ["LAYOUTS", "SIZES", "Picture"]

Limits = str | Sequence[Sequence[float]] | None
#: What flat layouts show: trajectories, whose scene they make, or a scene that is there already.
Shown = Sequence[Trajectory] | Scene


@dataclass(frozen=True)
class Picture:
    """A figure with parts that can show any step."""

    figure: RecipeFigure
    movers: list[Mover]
    scene: Scene
    aspect: float
    still: bool = True

    @property
    def steps(self) -> int:
        """The last step."""
        return self.scene.steps

    def show(self, step: int) -> None:
        """Show the state after `step` steps."""
        for mover in self.movers:
            mover.show(step)


def overlay(
    paths: Shown,
    theme: Theme,
    *,
    size: Size | None = None,
    limits: Limits = None,
    legend: bool = True,
    extras: Extras = PLAIN,
    **kwargs: Any,
) -> Picture:
    """Lay out one panel with all paths."""
    _without_camera("overlay", kwargs)
    figure = new_figure(size or SIZES["overlay"])
    (ax,) = panels(figure, 1, 1, _labels(paths) if legend else [])
    aspect = ax.bbox.width / ax.bbox.height
    scene = _scene(paths, limits, aspect, extras)
    styles = track_styles(len(scene.tracks), **kwargs)
    movers = draw_paths(ax, scene, theme, styles, legend=legend, extras=extras)
    return Picture(figure, movers, scene, aspect)


def grid(
    paths: Shown,
    theme: Theme,
    *,
    size: Size | None = None,
    limits: Limits = None,
    extras: Extras = PLAIN,
    **kwargs: Any,
) -> Picture:
    """Lay out a panel for each path, with the same limits and the same ground."""
    _without_camera("grid", kwargs)
    extras.only("grid", ("captions", "anatomy", "tail"))
    figure = new_figure(size or SIZES["grid"], SIZES["grid"])
    labels = _labels(paths)
    columns = math.ceil(math.sqrt(len(labels)))
    rows = math.ceil(len(labels) / columns)
    top = 2.4 * points("axes.titlesize")
    axes = panels(figure, rows, columns, [], top=top)
    aspect = axes[0].bbox.width / axes[0].bbox.height
    scene = _scene(paths, limits, aspect, extras)
    styles = track_styles(len(labels), **kwargs)
    movers: list[Mover] = []
    for i, ax in enumerate(axes):
        if i >= len(labels):
            ax.remove()
            continue
        movers += draw_paths(
            ax,
            replace(scene.only(i), notes=()),
            theme,
            [styles[i]],
            legend=False,
            caption=False,
            title=labels[i],
            extras=extras,
            key=False,
        )
        ax.label_outer()
        # Labels at the very ends would run into those of the next panel.
        ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], prune="both"))
        if i + columns >= len(labels):
            ax.tick_params(labelbottom=True)
            ax.set_xlabel(scene.naming.x)
    key = any(isinstance(mover, Arrows) and mover.scale is not None for mover in movers)
    header = _figure_header(figure, scene, axes, key=key)
    return Picture(figure, [*movers, header], scene, aspect)


def race(
    paths: Shown,
    theme: Theme,
    *,
    size: Size | None = None,
    limits: Limits = None,
    extras: Extras = PLAIN,
    **kwargs: Any,
) -> Picture:
    """Lay out one panel with all paths, and their losses beside it."""
    _without_camera("race", kwargs)
    figure = new_figure(size or SIZES["race"], SIZES["race"])
    left, right = panels(figure, 1, 2, _labels(paths), widths=(1.25, 1.0))
    beyond = (right.bbox.x1 - left.bbox.x1) / figure.dpi * 72
    aspect = left.bbox.width / left.bbox.height
    scene = _scene(paths, limits, aspect, extras)
    styles = track_styles(len(scene.tracks), **kwargs)
    movers = draw_paths(left, scene, theme, styles, beyond=beyond, extras=extras)
    movers += draw_losses(right, scene, styles)
    return Picture(figure, movers, scene, aspect)


def solid(
    paths: Sequence[Trajectory],
    theme: Theme,
    *,
    size: Size | None = None,
    limits: Limits = None,
    legend: bool = True,
    elevation: float = ELEVATION,
    azimuth: float | None = None,
    orbit: float = 0.0,
    extras: Extras = PLAIN,
    **kwargs: Any,
) -> Picture:
    """Lay out the surface in 3-D with all paths on it; the camera may turn by `orbit` degrees."""
    camera = checked_camera(elevation, azimuth, orbit)
    extras.only("3d", ("captions", "tail"))
    figure = new_figure(size or SIZES["3d"])
    labels = shown_labels(paths) if legend else []
    (ax,) = panels(figure, 1, 1, labels, kind=Stage)
    scene = Scene.of(paths, limits=limits, aspect=BOX[0] / BOX[1])
    styles = track_styles(len(paths), **kwargs)
    surface = paths[0].surface
    movers = draw_solid(ax, scene, surface, theme, styles, legend=legend, extras=extras, **camera)
    return Picture(figure, movers, scene, BOX[0] / BOX[1], still=camera["orbit"] == 0)


#: How each layout is made, and its default size in pixels.
LAYOUTS: dict[str, Callable[..., Picture]] = {
    "overlay": overlay,
    "grid": grid,
    "race": race,
    "3d": solid,
}
SIZES: dict[str, Size] = {
    "overlay": (800, 600),
    "grid": (960, 720),
    "race": (1200, 540),
    "3d": (800, 600),
}


def _labels(paths: Shown) -> list[str]:
    if isinstance(paths, Scene):
        return [track.label for track in paths.tracks]
    return shown_labels(paths)


def _scene(paths: Shown, limits: Limits, aspect: float, extras: Extras) -> Scene:
    """Make the scene of some trajectories, or return the one that is there."""
    if isinstance(paths, Scene):
        return paths
    return Scene.of(paths, limits=limits, aspect=aspect, **extras.scene)


def _without_camera(layout: str, settings: Mapping[str, Any]) -> None:
    """Raise if a flat picture is told where its camera stands."""
    for name in CAMERA.intersection(settings):
        raise must(name, f'left out in the layout "{layout}"', settings[name])


def _figure_header(
    figure: Figure, scene: Scene, axes: Sequence[Axes], *, key: bool = False
) -> Caption:
    """Write the formula, the key to the arrows and the step counter over all panels."""
    width, _ = in_points(figure)
    size = points("axes.titlesize")
    left, right = axes[0].get_position().x0, 1 - 1.6 * points("xtick.labelsize") / width
    beside = counter_width(scene.steps) + size
    room = (right - left) * width - beside - (key_width() + size if key else 0.0)
    words = heading(scene.name, scene.formula, scene.latex)
    y = write_over(figure, words, left, drop=1.8 * size, room=room, size=1.15 * size)
    if key:
        draw_key(figure, right - beside / width, y, figure.transFigure)
    return counter(figure, right, y, figure.transFigure, scene.steps)
