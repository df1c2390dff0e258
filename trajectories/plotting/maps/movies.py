"""Moving pictures of maps: basins as they form, and clouds of descents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from trajectories.maps.basins import Basins
from trajectories.plotting.canvas import Size, check_room, checked_size, new_figure, panels
from trajectories.plotting.counter import counter, counter_width, draw_counter
from trajectories.plotting.header import draw_header, heading, in_points, literal, points
from trajectories.plotting.layouts import SIZES, Picture
from trajectories.plotting.maps.cloud import Cloud
from trajectories.plotting.maps.movie import Movie
from trajectories.plotting.maps.panels import basins_picture, basins_size, checked_basins
from trajectories.plotting.pace import checked_frames, frame_steps
from trajectories.plotting.panel import draw_ground, draw_minima
from trajectories.plotting.relief import make_relief
from trajectories.plotting.scene import Scene
from trajectories.plotting.theme import Theme, applied, look
from trajectories.plotting.tracks import Mover, track_styles
from trajectories.trajectory import Trajectory
from trajectories.validation import integer, must

__all__ = ["animate_basins", "animate_ensemble", "plot_ensemble"]

_USUAL_FRAMES = 120
#: The part of all arrivals that is shown step by step; the last frame shows the rest.
_LATE = 0.98
#: Stars lie above a cloud.
_STAR = 9.5


def animate_basins(
    results: Any,
    *,
    theme: str | None = None,
    size: Size | None = None,
    frames: int | None = None,
) -> Movie:
    """Make a moving picture of basins of attraction: each cell takes on its colour on arrival.

    Parameters
    ----------
    results : Basins or iterable of Basins
        As for `plot_basins`, whose picture is the last frame.
    theme : str, optional
        As for `plot_map`.
    size : (int, int), optional
        Width and height in pixels.
    frames : int, optional
        How many frames, at equal distances of steps, the first and the last included; by default
        one for every step, but at most 120.

    Returns
    -------
    Movie
        Nothing has been drawn yet.

    Examples
    --------
    >>> from trajectories.maps import basins
    >>> animate_basins(basins("himmelblau", "sgd:0.01", resolution=60))
    Movie(SGD on himmelblau; 25 frames of 800 x 640)
    """
    several = checked_basins(results)
    settings = look(theme)
    shape = checked_size(size) if size is not None else basins_size(several)
    first = several[0]
    shown = _arriving(several, frames)

    def make(size: Size) -> Picture:
        with settings.applied():
            figure, parts = basins_picture(several, size)
            movers: list[Mover] = [*parts]
            ax = figure.axes[0]
            width, height = in_points(figure)
            title = points("axes.titlesize")
            right = max(one.get_position().x1 for one in figure.axes)
            y = 1 - 1.45 * title / height
            movers.append(counter(figure, right, y, figure.transFigure, shown[-1]))
            aspect = ax.bbox.width / ax.bbox.height
            return Picture(figure, movers, _scene(first), aspect)

    labels = ", ".join(one.label for one in several)
    movie = Movie(f"{labels} on {first.surface.name}", [], shown, shape, make)
    told = {"theme": theme, "size": size, "frames": frames}
    movie.remember(several, kind="animate_basins", settings=told)
    return movie


def animate_ensemble(
    cloud: Trajectory,
    *,
    theme: str | None = None,
    size: Size | None = None,
    limits: Any = None,
    frames: int | None = None,
    pace: str = "steps",
) -> Movie:
    """Make a moving picture of many descents at once: a cloud, and how dense it is.

    Parameters
    ----------
    cloud : Trajectory
        What `ensemble` returned, or `descend` from starts of shape (n, 2).
    theme : str, optional
        As for `plot_map`.
    size : (int, int), optional
        Width and height in pixels; by default (800, 600).
    limits : "domain" or ((float, float), (float, float)), optional
        What to show; by default what happened, with a margin.
    frames : int, optional
        How many frames; by default one for the start and one for every step, but at most 300.
    pace : {"steps", "length", "loss"}, default "steps"
        As for `animate`.

    Returns
    -------
    Movie
        Nothing has been drawn yet.

    Examples
    --------
    >>> from trajectories.maps import ensemble
    >>> animate_ensemble(ensemble("himmelblau", "adam:0.1", spread="domain", steps=80))
    Movie(500 descents by Adam on himmelblau; 81 frames of 800 x 600)
    """
    _check_cloud(cloud)
    settings = look(theme)
    shape = checked_size(size) if size is not None else SIZES["overlay"]
    shown = frame_steps([cloud], frames, pace)

    def make(size: Size) -> Picture:
        with settings.applied() as chosen:
            figure = new_figure(size)
            (ax,) = panels(figure, 1, 1, [])
            scene, movers = _draw_cloud(ax, cloud, chosen, limits)
            return Picture(figure, movers, scene, ax.bbox.width / ax.bbox.height)

    movie = Movie(_told(cloud), [cloud], shown, shape, make)
    told = {"theme": theme, "size": size, "limits": limits, "frames": frames, "pace": pace}
    movie.remember([cloud], kind="animate_ensemble", settings=told)
    return movie


def plot_ensemble(
    cloud: Trajectory,
    step: int | None = None,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    theme: str | None = None,
    limits: Any = None,
) -> Axes:
    """Plot where many descents are after some steps, and how densely they lie.

    Parameters
    ----------
    cloud : Trajectory
        What `ensemble` returned, or `descend` from starts of shape (n, 2).
    step : int, optional
        After how many steps; by default all.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default the only Axes of a new figure.
    size : (int, int), optional
        Width and height of a new figure in pixels; by default (800, 600).
    theme : str, optional
        As for `plot_map`.
    limits : "domain" or ((float, float), (float, float)), optional
        What to show; by default what happened, with a margin.

    Examples
    --------
    >>> import trajectories as tj
    >>> cloud = tj.ensemble("himmelblau", "adam:0.1", count=50, spread="domain", rng=1)
    >>> plot_ensemble(cloud, step=20, limits="domain").get_xlim()
    (np.float64(-5.0), np.float64(5.0))
    """
    _check_cloud(cloud)
    shown = cloud.steps if step is None else integer("step", step, 0)
    if shown > cloud.steps:
        raise must("step", f"at most {cloud.steps}", step)
    check_room(ax, size)
    with applied(theme) as chosen:
        if ax is None:
            figure = new_figure(size or SIZES["overlay"])
            told = {"step": step, "size": size, "theme": theme, "limits": limits}
            figure.remember([cloud], kind="plot_ensemble", settings=told)
            (ax,) = panels(figure, 1, 1, [])
        _, movers = _draw_cloud(ax, cloud, chosen, limits)
        for mover in movers:
            mover.show(shown)
    return ax


class _Above:
    """What stands still above a cloud, and is painted over it."""

    def __init__(self, artists: Sequence[Artist]) -> None:
        self.artists: list[Artist] = list(artists)

    def show(self, step: int) -> None:
        """Show what is always there."""


def _draw_cloud(
    ax: Axes, cloud: Trajectory, theme: Theme, limits: Any
) -> tuple[Scene, list[Mover]]:
    """Draw the ground and the frame of a cloud; return its moving parts."""
    scene = Scene.of(cloud, limits=limits, aspect=ax.bbox.width / ax.bbox.height)
    draw_ground(ax, scene.relief, scene.limits, theme)
    draw_minima(ax, scene.minima)
    stars = [line for line in ax.lines if line.get_label() == "_minimum"]
    for star in stars:
        star.set_zorder(_STAR)
    size = points("legend.fontsize")
    room = in_points(ax)[0] - counter_width(scene.steps) - size
    title = heading(scene.name, scene.formula, scene.latex)
    words = [f"{literal(cloud.label)}, {cloud.batch_shape[0]} times, on {text}" for text in title]
    lift = draw_header(ax, words, [], [], room=room)
    cloudy = Cloud(ax, scene, track_styles(1)[0])
    return scene, [cloudy, _Above(stars), draw_counter(ax, scene, None, lift)]


def _check_cloud(cloud: Any) -> None:
    if not isinstance(cloud, Trajectory) or len(cloud.batch_shape) != 1:
        words = "a batch of paths, as `ensemble` returns it"
        raise must("cloud", words, cloud, kind=TypeError)


def _told(cloud: Trajectory) -> str:
    return f"{cloud.batch_shape[0]} descents by {cloud.label} on {cloud.surface.name}"


def _arriving(results: Sequence[Basins], frames: int | None) -> list[int]:
    """Return steps at equal distances while nearly all cells arrive, and then the last."""
    arrived = np.concatenate([one.steps[one.minimum >= 0] for one in results])
    last = max(1, int(arrived.max(initial=1)))
    usual = max(1, int(np.ceil(np.quantile(arrived, _LATE)))) if arrived.size else 1
    count = min(usual + 2, _USUAL_FRAMES) if frames is None else checked_frames(frames)
    if count == 1:
        return [last]
    steps = {round(i * usual / max(count - 2, 1)) for i in range(count - 1)}
    return sorted(steps | {last})


def _scene(result: Basins) -> Scene:
    """Return what is below a map of basins, without paths."""
    surface = result.surface
    return Scene(
        name=surface.name,
        formula=surface.formula,
        latex=surface.latex,
        limits=result.limits,
        relief=make_relief(surface, result.limits, 3),
        minima=surface.minima,
        floor=surface.floor,
        tracks=(),
    )
