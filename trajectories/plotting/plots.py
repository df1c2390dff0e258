"""Still pictures of paths: axes-level and figure-level functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trajectories.checks import integer, resolve
from trajectories.plotting.artists import check_arrows, draw_field
from trajectories.plotting.canvas import (
    RecipeFigure,
    Size,
    check_axes,
    ground_under,
    new_figure,
    panels,
    prepare,
)
from trajectories.plotting.panels import (
    LAYOUTS,
    SIZES,
    LimitsArgument,
    draw_ground,
    draw_losses,
    draw_minima,
    draw_paths,
)
from trajectories.plotting.paths_3d import ELEVATION, checked_camera, draw_solid
from trajectories.plotting.recipes.recipe import picture
from trajectories.plotting.scene import (
    NOTE,
    Scene,
    checked,
    drawn_labels,
    make_contour_grid,
    track_styles,
    view,
)
from trajectories.plotting.surface_3d import BOX
from trajectories.plotting.text import draw_header, draw_legend_inside, heading
from trajectories.plotting.theme import Extras, applied
from trajectories.surfaces.catalogue import as_surface
from trajectories.surfaces.surface import Surface

#: A legend inside a plot lies above the paths and all their notes.
_TOP = NOTE + 1


def plot(
    trajectories: Any,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    theme: str | None = None,
    limits: str | Sequence[Sequence[float]] | None = None,
    legend: bool = True,
    theory: bool = False,
    readout: bool = False,
    **kwargs: Any,
) -> Axes:
    """Plot paths over the contours of their surface.

    Parameters
    ----------
    trajectories : Trajectory or iterable of Trajectory
        What `descend` or `compare` returned, all on one surface.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default those of a new figure.
    size : (int, int), optional
        Width and height of a new figure in pixels; type and lines grow with them. By default
        (800, 600).
    theme : str, optional
        "light", "dark", "slides", "slides-dark" or "print"; by default the light theme under all
        that you have changed in ``matplotlib.rcParams``.
    limits : "domain" or ((float, float), (float, float)), optional
        Part of the plane to show; by default the paths and the minima, with a margin.
    legend : bool, default True
        Whether to name the paths above the plot.
    theory : bool, default False
        Whether to write the curvature at the minimum that the first path leads to, and the
        learning rates that are stable there.
    readout : bool, default False
        Whether to write the last loss and learning rate of each path.
    **kwargs
        Passed on to the lines of the paths (`matplotlib.lines.Line2D`).

    Examples
    --------
    >>> import trajectories as tj
    >>> ax = tj.plot(tj.compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], steps=30))
    >>> ax.figure.savefig("paths.png")  # doctest: +SKIP
    """
    paths = checked(trajectories)
    extras = Extras(theory=theory, readout=readout)
    check_axes(ax, size)
    ground = ground_under(ax, theme)
    with applied(theme, ground) as chosen:
        if ax is None:
            options = {"size": size, "limits": limits, "legend": legend, "extras": extras}
            picture = LAYOUTS["overlay"](paths, chosen, **options, **kwargs)
            picture.show(picture.steps)
            settings = {"size": size, "theme": theme, "limits": limits, "legend": legend, **kwargs}
            settings |= {"theory": theory or None, "readout": readout or None}
            picture.figure.remember(paths, kind="plot", settings=settings)
            return picture.figure.axes[0]
        styles = track_styles(len(paths), **kwargs)
        view(paths[0].surface, paths, limits=limits)  # Checks the limits first.
        words, labels = _headings(paths[0].surface), drawn_labels(paths) if legend else []
        above = prepare(ax, theme, ground, words, labels)
        aspect = ax.bbox.width / ax.bbox.height
        scene = Scene.of(paths, limits=limits, aspect=aspect, **extras.scene)
        named = legend and above
        for moving_artist in draw_paths(ax, scene, chosen, styles, legend=named, extras=extras):
            moving_artist.show(scene.steps)
        if labels and not above:
            draw_legend_inside(ax, labels, styles, _TOP)
    return ax


def plot_3d(
    trajectories: Any,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    theme: str | None = None,
    limits: str | Sequence[Sequence[float]] | None = None,
    legend: bool = True,
    elevation: float = ELEVATION,
    azimuth: float | None = None,
    orbit: float = 0.0,
    **kwargs: Any,
) -> Axes:
    """Plot paths on their surface in 3-D; the surface never hides them.

    Heights follow the contours: about log(f - minimum), or f itself without a minimum in view.
    The ticks show f. Starts and minima are pale where the surface hides them.

    Parameters
    ----------
    trajectories : Trajectory or iterable of Trajectory
        What `descend` or `compare` returned, all on one surface.
    ax : mpl_toolkits.mplot3d.Axes3D, optional
        Axes to draw on; by default those of a new figure.
    size, theme : optional
        As for `plot`.
    limits : "domain" or ((float, float), (float, float)), optional
        Part of the plane to show; by default the paths and the minima, with a margin.
    legend : bool, default True
        Whether to name the paths above the plot.
    elevation : float, default 45
        Elevation of the camera, in degrees from 0 to 90.
    azimuth : float, optional
        Azimuth of the camera, in degrees; by default one that shows most of the paths and minima.
    orbit : float, default 0
        Degrees by which the camera has turned, for which to leave room: for the last frame of an
        animation with this `orbit`.
    **kwargs
        Passed on to the lines of the paths (`mpl_toolkits.mplot3d.art3d.Line3D`).

    Examples
    --------
    >>> import trajectories as tj
    >>> ax = plot_3d(tj.compare("himmelblau", ["sgd:0.01", "adam:0.3"], steps=30))
    >>> ax.get_zlabel()
    '$f(x, y)$'
    """
    paths = checked(trajectories)
    camera = checked_camera(elevation, azimuth, orbit)
    check_axes(ax, size, solid=True)
    ground = ground_under(ax, theme)
    with applied(theme, ground) as chosen:
        if ax is None:
            options = {"size": size, "limits": limits, "legend": legend, **camera}
            picture = LAYOUTS["3d"](paths, chosen, **options, **kwargs)
            picture.show(picture.steps)
            picture.figure.remember(
                paths, kind="plot_3d", settings={"theme": theme, **options, **kwargs}
            )
            return picture.figure.axes[0]
        scene = Scene.of(paths, limits=limits, aspect=BOX[0] / BOX[1])
        styles = track_styles(len(paths), **kwargs)
        surface = paths[0].surface
        labels = drawn_labels(paths) if legend else []
        above = prepare(ax, theme, ground, _headings(surface), labels)
        axes_3d: Any = ax
        for moving_artist in draw_solid(
            axes_3d, scene, surface, chosen, styles, legend=legend and above, **camera
        ):
            moving_artist.show(scene.steps)
        if labels and not above:
            draw_legend_inside(ax, labels, styles, _TOP)
    return ax


def plot_loss(
    trajectories: Any,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    theme: str | None = None,
    **kwargs: Any,
) -> Axes:
    """Plot f minus its minimum, if known, against the step on a logarithmic axis.

    Parameters
    ----------
    trajectories : Trajectory or iterable of Trajectory
        What `descend` or `compare` returned, all on one surface.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default those of a new figure.
    size, theme : optional
        As for `plot`.
    **kwargs
        Passed on to the lines (`matplotlib.lines.Line2D`).

    Notes
    -----
    Without a known minimum the axis is linear and shows f itself.

    Examples
    --------
    >>> import trajectories as tj
    >>> paths = tj.compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=30)
    >>> ax = plot_loss(paths)
    >>> ax.get_yscale(), ax.get_xlabel()
    ('log', 'step')
    """
    paths = checked(trajectories)
    check_axes(ax, size, linear=False)
    ground = ground_under(ax, theme)
    with applied(theme, ground):
        scene = Scene.of(paths, resolution=3)
        styles = track_styles(len(paths), **kwargs)
        words, labels = _headings(paths[0].surface), drawn_labels(paths)
        if ax is None:
            figure, ax = _new_axes(size, labels)
            settings = {"size": size, "theme": theme, **kwargs}
            figure.remember(paths, kind="plot_loss", settings=settings)
            above = True
        else:
            above = prepare(ax, theme, ground, words, labels)
        for moving_artist in draw_losses(ax, scene, styles):
            moving_artist.show(scene.steps)
        draw_header(ax, words, labels if above else [], styles)
        if not above:
            draw_legend_inside(ax, labels, styles, _TOP)
    return ax


def plot_gradient(
    surface: Any,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    theme: str | None = None,
    limits: str | Sequence[Sequence[float]] | None = None,
    arrows: int = 15,
    **kwargs: Any,
) -> Axes:
    """Plot the negative gradient, the direction of steepest descent, as arrows over the contours.

    The lengths of the arrows are proportional to the root of the gradient's norm.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default those of a new figure.
    size, theme : optional
        As for `plot`.
    limits : "domain" or ((float, float), (float, float)), optional
        Part of the plane to show; by default the surface's domain.
    arrows : int, default 15
        Number of arrows along the longer side.
    **kwargs
        Passed on to `matplotlib.axes.Axes.quiver`.

    Examples
    --------
    >>> import trajectories as tj
    >>> ax = tj.plot_gradient("x**2/20 + y**2", limits=((-8, 8), (-4, 4)))
    """
    surface = as_surface(surface)
    arrows = integer("arrows", arrows, 1)
    check_axes(ax, size)
    check_arrows(kwargs)
    ground = ground_under(ax, theme)
    with applied(theme, ground) as chosen:
        frame = view(surface, limits=limits)
        if ax is None:
            figure, ax = _new_axes(size)
            settings = {"size": size, "theme": theme, "limits": limits, "arrows": arrows, **kwargs}
            figure.remember(surface, kind="plot_gradient", settings=settings)
        else:
            prepare(ax, theme, ground, _headings(surface), [])
        draw_ground(ax, make_contour_grid(surface, frame), frame, chosen)
        draw_minima(ax, surface.minima)
        draw_field(ax, surface, frame, arrows, **kwargs)
        draw_header(ax, _headings(surface), [], [])
    return ax


def _headings(surface: Surface) -> list[str]:
    return heading(surface.name, surface.formula, surface.latex)


def _new_axes(size: Size | None, labels: Sequence[str] = ()) -> tuple[RecipeFigure, Axes]:
    figure = new_figure(size or SIZES["overlay"])
    return figure, panels(figure, 1, 1, labels)[0]


def plot_grid(
    trajectories: Any,
    *,
    size: Size | None = None,
    theme: str | None = None,
    limits: LimitsArgument = None,
    **kwargs: Any,
) -> Figure:
    """Draw each path in a separate panel, all with the same limits.

    Parameters
    ----------
    trajectories, size, theme, limits
        As for `plot`; the default size is (960, 720).
    **kwargs
        `readout`, as for `plot`; all else is passed on to the lines of the paths
        (`matplotlib.lines.Line2D`).

    Examples
    --------
    >>> import trajectories as tj
    >>> paths = tj.compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=30)
    >>> tj.plot_grid(paths).savefig("zigzag.png")  # doctest: +SKIP
    """
    return draw("grid", trajectories, size=size, theme=theme, limits=limits, **kwargs)


def plot_race(
    trajectories: Any,
    *,
    size: Size | None = None,
    theme: str | None = None,
    limits: LimitsArgument = None,
    **kwargs: Any,
) -> Figure:
    """Draw all paths in one panel, and their losses beside it.

    Parameters
    ----------
    trajectories, size, theme, limits, **kwargs
        As for `plot`; the default size is (1200, 540).

    Examples
    --------
    >>> import trajectories as tj
    >>> paths = tj.compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=30)
    >>> len(plot_race(paths).axes)
    2
    """
    return draw("race", trajectories, size=size, theme=theme, limits=limits, **kwargs)


def draw(
    layout: str,
    trajectories: Any,
    *,
    size: Size | None = None,
    theme: str | None = None,
    limits: LimitsArgument = None,
    theory: bool = False,
    readout: bool = False,
    **kwargs: Any,
) -> Figure:
    """Draw a figure in a layout: "overlay", "grid", "race" or "3d"."""
    paths = checked(trajectories)
    layout = resolve("layout", layout, LAYOUTS)
    extras = Extras(theory=theory, readout=readout)
    with applied(theme) as chosen:
        picture = LAYOUTS[layout](paths, chosen, size=size, limits=limits, extras=extras, **kwargs)
        picture.show(picture.steps)
    settings = {"size": size, "theme": theme, "limits": limits, **kwargs}
    settings |= {"theory": theory or None, "readout": readout or None}
    kind = "plot" if layout == "overlay" else f"plot_{layout}"
    picture.figure.remember(paths, kind=kind, settings=settings)
    return picture.figure


_PLOTS: list[Callable[..., Any]] = [plot, plot_grid, plot_race, plot_3d]
for _layout, _function in zip(LAYOUTS, _PLOTS, strict=True):
    picture(layout=_layout, also=(draw, LAYOUTS[_layout]))(_function)
picture()(plot_loss)
picture(shows="surface")(plot_gradient)
