"""Moving pictures of maps and ensembles, and files of maps."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from trajectories.checks import integer, must, suffix
from trajectories.files import check_target, replacing
from trajectories.maps.basins import Basins
from trajectories.maps.sensitivity import Sensitivity
from trajectories.plotting.animate import checked_frames, frame_steps
from trajectories.plotting.animation import Animation
from trajectories.plotting.canvas import (
    FIGURE_FORMATS,
    Size,
    check_room,
    checked_size,
    new_figure,
    panels,
    save_figure,
)
from trajectories.plotting.maps.map_axes import plot_rates, plot_sensitivity
from trajectories.plotting.maps.map_figures import (
    basins_picture,
    basins_size,
    checked_basins,
    plot_basins,
)
from trajectories.plotting.panels import SIZES, Picture, draw_ground, draw_minima
from trajectories.plotting.readout import counter, counter_width, draw_counter
from trajectories.plotting.recipes.recipe import picture, result_picture
from trajectories.plotting.scene import (
    MovingArtist,
    Scene,
    Style,
    in_parts,
    make_contour_grid,
    track_styles,
)
from trajectories.plotting.text import draw_header, heading, in_points, literal, points
from trajectories.plotting.theme import Theme, applied, look, setting
from trajectories.plotting.writers.formats import STREAMED
from trajectories.trajectory import Trajectory

Array = NDArray[np.float64]

_DENSITY, _POINTS = 8.0, 9.0
#: Cells of the density along the longer side, and the deviation of its smoothing, in cells.
_CLOUD_CELLS, _DEVIATION = 280, 3.8
#: Bands of density, each of one colour, which compresses well in movies.
_BANDS = 12
#: Opacity of the highest density, and of a point.
_DENSITY_ALPHA, _POINT_ALPHA = 0.85, 0.55


def _smoothed_counts(positions: Array, cells: tuple[int, int], smooth: float = _DEVIATION) -> Array:
    """Return the smoothed density of points."""
    columns, rows = cells
    finite = np.isfinite(positions).all(axis=1)
    x, y = positions[finite].T
    counts, _, _ = np.histogram2d(y, x, bins=(rows, columns), range=((0, 1), (0, 1)))
    reach = int(np.ceil(3 * smooth))
    window = np.exp(-0.5 * (np.arange(-reach, reach + 1) / smooth) ** 2)
    window /= window.sum()
    for axis in (0, 1):
        padded = np.pad(counts, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)])
        spread = np.lib.stride_tricks.sliding_window_view(padded, len(window), axis=axis)
        counts = spread @ window
    return np.asarray(counts)


class _Cloud:
    """The points of an ensemble and their density."""

    def __init__(self, ax: Axes, scene: Scene, style: Style) -> None:
        (x0, x1), (y0, y1) = scene.limits
        self._positions = scene.tracks[0].positions
        self._parts = in_parts(self._positions, scene.limits)
        width, height = ax.bbox.width, ax.bbox.height
        longer = max(width, height)
        self._cells = (
            max(2, round(_CLOUD_CELLS * width / longer)),
            max(2, round(_CLOUD_CELLS * height / longer)),
        )
        self._color = np.array(to_rgb(style["color"]))
        self._image = AxesImage(
            ax,
            extent=(x0, x1, y0, y1),
            origin="lower",
            interpolation="nearest",
            zorder=_DENSITY,
        )
        self._image.set_data(np.zeros((2, 2, 4), np.uint8))
        ax.add_image(self._image)
        self._image.set_clip_path(ax.patch)
        self._points = Line2D(
            [],
            [],
            marker="o",
            linestyle="none",
            markersize=0.62 * setting("lines.markersize"),
            color=setting("text.color"),
            markeredgewidth=0.0,
            alpha=_POINT_ALPHA,
            zorder=_POINTS,
            label="_cloud",
        )
        ax.add_line(self._points)
        self.artists: list[Artist] = [self._image, self._points]

    def show(self, step: int) -> None:
        """Show all points after `step` steps."""
        step = min(step, len(self._positions) - 1)
        densities = _smoothed_counts(self._parts[step], self._cells)
        highest = densities.max()
        rgba = np.empty((*densities.shape, 4), np.uint8)
        rgba[..., :3] = np.round(255 * self._color)
        # The root, so that thin parts stay visible beside dense ones.
        share = np.sqrt(densities / highest) if highest > 0 else densities
        share = np.floor(_BANDS * share) / _BANDS
        rgba[..., 3] = np.round(255 * _DENSITY_ALPHA * share)
        self._image.set_data(rgba)
        self._points.set_data(*self._positions[step].T)


class Movie(Animation):
    """A moving picture of a map, as returned by `animate_basins` and `animate_ensemble`.

    Parameters
    ----------
    title : str
        A title.
    trajectories : list of Trajectory
        Its paths, if any.
    frame_steps : sequence of int
        The step of each frame.
    size : (int, int)
        Width and height in pixels.
    make : callable
        Draws the picture in a size.

    Examples
    --------
    >>> import trajectories as tj
    >>> cloud = tj.ensemble("himmelblau", "adam:0.1", trials=50, spread="domain", rng=1)
    >>> moving = tj.animate_ensemble(cloud, frames=20)
    >>> len(moving.frame_steps), moving.size
    (20, (800, 600))
    >>> moving.save("cloud.gif")  # doctest: +SKIP
    """

    def __init__(
        self,
        title: str,
        trajectories: list[Trajectory],
        frame_steps: Sequence[int],
        size: Size,
        make: Callable[[Size], Picture],
    ) -> None:
        super().__init__(trajectories, frame_steps, size, make, {})
        self.title = title

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        fps: float | None = None,
        end_pause: float | None = None,
        loop: int | None = None,
        max_bytes: int | str | None = None,
        poster: bool = False,
        progress: bool = False,
    ) -> list[Path]:
        """Write the moving picture to a file; the suffix selects the format.

        Parameters
        ----------
        path : str or os.PathLike
            Ends in a suffix of moving pictures except ``.html``.
        fps, end_pause, loop, max_bytes, progress
            As for `Animation.save`.
        poster : bool, default False
            Whether to write the last frame beside a video, as ``name.poster.png``.

        Returns
        -------
        list of pathlib.Path
            The files written.

        Raises
        ------
        TypeError, ValueError, ImportError, OSError
            As `Animation.save`.
        """
        suffix("format of a moving map", path, STREAMED)
        timing: dict[str, Any] = {
            "fps": fps,
            "end_pause": end_pause,
            "loop": loop,
            "max_bytes": max_bytes,
        }
        return super().save(path, **timing, poster=poster, progress=progress)

    def __repr__(self) -> str:
        """Show the title, frames and size."""
        return f"Movie({self.title}; {len(self)} frames of {self.size[0]} x {self.size[1]})"

    def _repr_html_(self) -> str:
        """Show it in a notebook, as a GIF."""
        from trajectories.plotting.animation import movie_html

        return movie_html(self)


_MOST_FRAMES = 120
#: The part of all arrivals shown step by step; the last frame shows all.
_LATE = 0.98
#: Stars are above a cloud.
_STAR = 9.5


@result_picture(moves=True, several=True, twin="plot_basins")
def animate_basins(
    results: Any,
    *,
    theme: str | None = None,
    size: Size | None = None,
    frames: int | None = None,
) -> Movie:
    """Make a moving picture of basins of attraction: each cell is coloured on arrival.

    Parameters
    ----------
    results : Basins or iterable of Basins
        As for `plot_basins`, which draws the last frame.
    theme : str, optional
        As for `plot_map`.
    size : (int, int), optional
        Width and height in pixels.
    frames : int, optional
        Number of frames at equal distances, the first and the last step included; by default one
        for every step, but at most 120.

    Returns
    -------
    Movie
        Drawn only when it is saved or shown.

    Examples
    --------
    >>> from trajectories import basins
    >>> animate_basins(basins("himmelblau", "sgd:0.01", resolution=60))
    Movie(SGD on himmelblau; 25 frames of 800 x 640)
    """
    maps = checked_basins(results)
    applied_theme = look(theme)
    pixels = checked_size(size) if size is not None else basins_size(maps)
    first = maps[0]
    steps = _arrival_steps(maps, frames)

    def make(size: Size) -> Picture:
        with applied_theme.applied():
            figure, images = basins_picture(maps, size)
            moving_artists: list[MovingArtist] = [*images]
            ax = figure.axes[0]
            width, height = in_points(figure)
            title = points("axes.titlesize")
            right = max(one.get_position().x1 for one in figure.axes)
            y = 1 - 1.45 * title / height
            moving_artists.append(counter(figure, right, y, figure.transFigure, steps[-1]))
            aspect = ax.bbox.width / ax.bbox.height
            return Picture(figure, moving_artists, _ground_scene(first), aspect)

    labels = ", ".join(one.label for one in maps)
    movie = Movie(f"{labels} on {first.surface.name}", [], steps, pixels, make)
    settings = {"theme": theme, "size": size, "frames": frames}
    movie.remember(maps, kind="animate_basins", settings=settings)
    return movie


@picture(moves=True, twin="plot_ensemble", several=False, lines=False)
def animate_ensemble(
    cloud: Trajectory,
    *,
    theme: str | None = None,
    size: Size | None = None,
    limits: Any = None,
    frames: int | None = None,
    pace: str = "steps",
) -> Movie:
    """Make a moving picture of many descents at once: a cloud of points and its density.

    Parameters
    ----------
    cloud : Trajectory
        The result of `ensemble`, or of `descend` from starts of shape (n, 2).
    theme : str, optional
        As for `plot_map`.
    size : (int, int), optional
        Width and height in pixels; by default (800, 600).
    limits : "domain" or ((float, float), (float, float)), optional
        The view; by default all paths with a margin.
    frames : int, optional
        Number of frames; by default one for the start and for every step, but at most 300.
    pace : {"steps", "length", "loss"}, default "steps"
        As for `animate`.

    Returns
    -------
    Movie
        Drawn only when it is saved or shown.

    Examples
    --------
    >>> from trajectories import ensemble
    >>> animate_ensemble(ensemble("himmelblau", "adam:0.1", spread="domain", steps=80))
    Movie(500 descents by Adam on himmelblau; 81 frames of 800 x 600)
    """
    _check_cloud(cloud)
    applied_theme = look(theme)
    pixels = checked_size(size) if size is not None else SIZES["overlay"]
    steps = frame_steps([cloud], frames, pace)

    def make(size: Size) -> Picture:
        with applied_theme.applied() as theme_in_use:
            figure = new_figure(size)
            (ax,) = panels(figure, 1, 1, [])
            scene, moving_artists = _draw_cloud(ax, cloud, theme_in_use, limits)
            return Picture(figure, moving_artists, scene, ax.bbox.width / ax.bbox.height)

    movie = Movie(_cloud_title(cloud), [cloud], steps, pixels, make)
    settings = {"theme": theme, "size": size, "limits": limits, "frames": frames, "pace": pace}
    movie.remember([cloud], kind="animate_ensemble", settings=settings)
    return movie


@picture(twin="animate_ensemble", several=False, lines=False)
def plot_ensemble(
    cloud: Trajectory,
    step: int | None = None,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    theme: str | None = None,
    limits: Any = None,
) -> Axes:
    """Plot the positions of many descents after some steps, and their density.

    Parameters
    ----------
    cloud : Trajectory
        The result of `ensemble`, or of `descend` from starts of shape (n, 2).
    step : int, optional
        Number of steps; by default all.
    ax : matplotlib.axes.Axes, optional
        The Axes to draw in; by default the only Axes of a new figure.
    size : (int, int), optional
        Width and height of a new figure in pixels; by default (800, 600).
    theme : str, optional
        As for `plot_map`.
    limits : "domain" or ((float, float), (float, float)), optional
        The view; by default all paths with a margin.

    Examples
    --------
    >>> import trajectories as tj
    >>> cloud = tj.ensemble("himmelblau", "adam:0.1", trials=50, spread="domain", rng=1)
    >>> plot_ensemble(cloud, step=20, limits="domain").get_xlim()
    (np.float64(-5.0), np.float64(5.0))
    """
    _check_cloud(cloud)
    last = cloud.steps if step is None else integer("step", step, 0)
    if last > cloud.steps:
        raise must("step", f"at most {cloud.steps}", step)
    check_room(ax, size)
    with applied(theme) as applied_theme:
        if ax is None:
            figure = new_figure(size or SIZES["overlay"])
            settings = {"step": step, "size": size, "theme": theme, "limits": limits}
            figure.remember([cloud], kind="plot_ensemble", settings=settings)
            (ax,) = panels(figure, 1, 1, [])
        _, moving_artists = _draw_cloud(ax, cloud, applied_theme, limits)
        for moving_artist in moving_artists:
            moving_artist.show(last)
    return ax


class _Static:
    """Static artists above a cloud."""

    def __init__(self, artists: Sequence[Artist]) -> None:
        self.artists: list[Artist] = list(artists)

    def show(self, step: int) -> None:
        """Do nothing."""


def _draw_cloud(
    ax: Axes, cloud: Trajectory, theme: Theme, limits: Any
) -> tuple[Scene, list[MovingArtist]]:
    """Draw the ground and the frame of a cloud; return its scene and moving artists."""
    scene = Scene.of(cloud, limits=limits, aspect=ax.bbox.width / ax.bbox.height)
    draw_ground(ax, scene.contour_grid, scene.limits, theme)
    draw_minima(ax, scene.minima)
    stars = [line for line in ax.lines if line.get_label() == "_minimum"]
    for star in stars:
        star.set_zorder(_STAR)
    size = points("legend.fontsize")
    room = in_points(ax)[0] - counter_width(scene.steps) - size
    title = heading(scene.name, scene.formula, scene.latex)
    words = [f"{literal(cloud.label)}, {cloud.batch_shape[0]} times, on {text}" for text in title]
    lift = draw_header(ax, words, [], [], room=room)
    moving_cloud = _Cloud(ax, scene, track_styles(1)[0])
    return scene, [moving_cloud, _Static(stars), draw_counter(ax, scene, None, lift)]


def _check_cloud(cloud: Any) -> None:
    if not isinstance(cloud, Trajectory) or len(cloud.batch_shape) != 1:
        words = "a batch of paths, as `ensemble` returns it"
        raise must("cloud", words, cloud, kind=TypeError)


def _cloud_title(cloud: Trajectory) -> str:
    return f"{cloud.batch_shape[0]} descents by {cloud.label} on {cloud.surface.name}"


def _arrival_steps(results: Sequence[Basins], frames: int | None) -> list[int]:
    """Return steps at equal distances until nearly all cells have arrived, and the last."""
    arrivals = np.concatenate([one.steps[one.minimum >= 0] for one in results])
    last = max(1, int(arrivals.max(initial=1)))
    settled = max(1, int(np.ceil(np.quantile(arrivals, _LATE)))) if arrivals.size else 1
    count = min(settled + 2, _MOST_FRAMES) if frames is None else checked_frames(frames)
    if count == 1:
        return [last]
    steps = {round(i * settled / max(count - 2, 1)) for i in range(count - 1)}
    return sorted(steps | {last})


def _ground_scene(result: Basins) -> Scene:
    """Return the scene of a map of basins, without paths."""
    surface = result.surface
    return Scene(
        name=surface.name,
        formula=surface.formula,
        latex=surface.latex,
        limits=result.limits,
        contour_grid=make_contour_grid(surface, result.limits, 3),
        minima=surface.minima,
        floor=surface.floor,
        tracks=(),
    )


_DATA, _PAGE = ".npz", ".html"
#: All suffixes of `save_map`.
MAP_FORMATS = (*FIGURE_FORMATS, _PAGE, _DATA)


def save_map(
    result: Any,
    path: str | os.PathLike[str],
    *,
    theme: str | None = None,
    pins: Sequence[Any] | None = None,
    size: tuple[int, int] | None = None,
) -> None:
    """Write a map to a file; the suffix selects the format.

    Parameters
    ----------
    result : Sensitivity or Basins
        The map.
    path : str or os.PathLike
        Ends in ``.png``, ``.svg`` or ``.pdf`` for a picture, in ``.html`` for a page with the
        path of the cell under the pointer, or in ``.npz`` for the data of the map.
    theme : str, optional
        As for `plot_map`.
    pins : sequence, optional
        Of a picture of two hyperparameters, as for `plot_sensitivity`.
    size : (int, int), optional
        Of a picture: width and height in pixels.

    Raises
    ------
    TypeError, ValueError
        If the suffix is unknown.
    OSError
        If the file cannot be written; an old one stays as it was.

    Examples
    --------
    >>> import trajectories as tj
    >>> found = tj.basins("himmelblau", "momentum:0.01", resolution=40)
    >>> tj.save_map(found, "basins.html")  # doctest: +SKIP
    """
    if not isinstance(result, (Sensitivity, Basins)):
        words = "what `sensitivity` or `basins` returns"
        raise must("result", words, result, kind=TypeError)
    two = isinstance(result, Sensitivity) and len(result.axes) == 2
    kind = check_map_file(path, two=two, pins=pins, size=size)
    check_target(path)
    if kind == _DATA:
        result.save(path)
    elif kind == _PAGE:
        from trajectories.plotting.maps.map_page import map_page

        page = map_page(result, theme=theme).encode()
        with replacing(path) as file:
            file.write(page)
    else:
        save_figure(_figure(result, theme, pins, size), path)


def check_map_file(
    path: str | os.PathLike[str],
    *,
    two: bool,
    pins: Sequence[Any] | None = None,
    size: tuple[int, int] | None = None,
) -> str:
    """Check the suffix of a map's file and the options for it; return the suffix."""
    kind = suffix("format of a map", path, MAP_FORMATS)
    if kind in (_PAGE, _DATA) and size is not None:
        raise must("size", f"left out for {kind}", size)
    if pins is not None and (kind in (_PAGE, _DATA) or not two):
        raise must("pins", "left out but for a picture of two hyperparameters", pins)
    return kind


def _figure(
    result: Sensitivity | Basins,
    theme: str | None,
    pins: Sequence[Any] | None,
    size: tuple[int, int] | None,
) -> Figure:
    if isinstance(result, Basins):
        return plot_basins(result, theme=theme, size=size)
    if len(result.axes) == 2:
        return plot_sensitivity(result, theme=theme, pins=pins, size=size)
    figure = plot_rates(result, theme=theme, size=size).figure
    assert isinstance(figure, Figure)
    return figure
