"""Plots on one Axes: each function takes an Axes, or makes one, and returns it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from trajectories.plotting.counter import draw_counter
from trajectories.plotting.exits import Exits
from trajectories.plotting.header import draw_header, heading
from trajectories.plotting.scene import Limits, Relief, Scene, checked, make_relief, view
from trajectories.plotting.theme import Theme, applied, setting
from trajectories.plotting.tracks import Curves, Mover, Paths, Style, track_styles
from trajectories.surfaces import as_surface

__all__ = ["draw_losses", "draw_paths", "plot", "plot_gradient", "plot_loss"]

Array = NDArray[np.float64]

_GROUND, _CONTOUR, _MARK = 0.5, 0.6, 3.0


def plot(
    trajectories: Any,
    *,
    ax: Axes | None = None,
    theme: str | None = None,
    limits: str | Sequence[Sequence[float]] | None = None,
    legend: bool = True,
    **kwargs: Any,
) -> Axes:
    """Plot paths over the contours of their surface.

    Parameters
    ----------
    trajectories : Trajectory or iterable of Trajectory
        What `descend` or `compare` returned, all on one surface.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default the only Axes of a new figure of 800 x 600 pixels.
    theme : str, optional
        "light", "dark", "slides", "slides-dark" or "print"; by default the light theme under all
        that you have changed in ``matplotlib.rcParams``.
    limits : "domain" or ((float, float), (float, float)), optional
        What to show; by default what happened, with a margin.
    legend : bool, default True
        Whether to name the paths above the plot.
    **kwargs
        Passed on to the lines of the paths (`matplotlib.lines.Line2D`).

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it must be.

    Examples
    --------
    >>> import trajectories as tj
    >>> ax = tj.plot(tj.compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], steps=30))
    >>> ax.figure.savefig("paths.png")  # doctest: +SKIP
    """
    paths = checked(trajectories)
    with applied(theme) as chosen:
        if ax is None:
            from trajectories.plotting.figures import overlay

            picture = overlay(paths, chosen, limits=limits, legend=legend, **kwargs)
            picture.show(picture.steps)
            return picture.figure.axes[0]
        scene = Scene.of(paths, limits=limits, aspect=_aspect(ax))
        for mover in draw_paths(ax, scene, chosen, legend=legend, **kwargs):
            mover.show(scene.steps)
    return ax


def plot_loss(
    trajectories: Any, *, ax: Axes | None = None, theme: str | None = None, **kwargs: Any
) -> Axes:
    """Plot f, less its minimum where that is known, against the step on a logarithmic axis.

    Parameters
    ----------
    trajectories : Trajectory or iterable of Trajectory
        What `descend` or `compare` returned, all on one surface.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default the only Axes of a new figure of 800 x 600 pixels.
    theme : str, optional
        As for `plot`.
    **kwargs
        Passed on to the lines (`matplotlib.lines.Line2D`).

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Without a known minimum the axis is linear and shows f itself.
    """
    paths = checked(trajectories)
    with applied(theme):
        ax = ax if ax is not None else _new_axes([path.label for path in paths])
        scene = Scene.of(paths, resolution=3)
        styles = track_styles(len(scene.tracks))
        for mover in draw_losses(ax, scene, styles, **kwargs):
            mover.show(scene.steps)
        labels = [track.label for track in scene.tracks]
        draw_header(ax, heading(scene.name, scene.latex), labels, styles)
    return ax


def plot_gradient(
    surface: Any,
    *,
    ax: Axes | None = None,
    theme: str | None = None,
    limits: str | Sequence[Sequence[float]] | None = None,
    arrows: int = 15,
    **kwargs: Any,
) -> Axes:
    """Plot the direction of steepest descent, the negative gradient, as arrows over the contours.

    The arrows' lengths go with the root of the gradient's norm, so that the short ones can be seen.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default the only Axes of a new figure of 800 x 600 pixels.
    theme : str, optional
        As for `plot`.
    limits : "domain" or ((float, float), (float, float)), optional
        What to show; by default the surface's domain.
    arrows : int, default 15
        Arrows along the longer side.
    **kwargs
        Passed on to `matplotlib.axes.Axes.quiver`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import trajectories as tj
    >>> ax = tj.plot_gradient("x**2/20 + y**2", limits=((-8, 8), (-4, 4)))
    """
    surface = as_surface(surface)
    with applied(theme) as chosen:
        ax = ax if ax is not None else _new_axes()
        shown = view(surface, limits=limits)
        draw_ground(ax, make_relief(surface, shown), shown, chosen)
        draw_minima(ax, surface.minima)
        (x0, x1), (y0, y1) = shown
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
            "color": next(iter(setting("axes.prop_cycle")))["color"],
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
        draw_header(ax, heading(surface.name, surface.latex), [], [])
    return ax


def draw_paths(
    ax: Axes,
    scene: Scene,
    theme: Theme,
    *,
    styles: Sequence[Style] | None = None,
    legend: bool = True,
    caption: bool = True,
    title: str | None = None,
    beyond: float = 0.0,
    **kwargs: Any,
) -> list[Mover]:
    """Draw a scene's ground on an Axes, and return its paths, which can show any step."""
    styles = track_styles(len(scene.tracks)) if styles is None else styles
    draw_ground(ax, scene.relief, scene.limits, theme)
    draw_minima(ax, scene.minima)
    _draw_starts(ax, np.concatenate([track.positions[0] for track in scene.tracks]))
    exits = Exits(ax, scene, styles)
    movers: list[Mover] = [Paths(ax, scene, styles, **kwargs), exits]
    labels = [track.label for track in scene.tracks] if legend else []
    words = [title] if title is not None else heading(scene.name, scene.latex)
    width = ax.bbox.width / ax.figure.dpi * 72
    lift = draw_header(ax, words, labels, styles, room=width + beyond)
    return [*movers, draw_counter(ax, scene, exits.taken, lift, beyond)] if caption else movers


def draw_losses(ax: Axes, scene: Scene, styles: Sequence[Style], **kwargs: Any) -> list[Mover]:
    """Draw the axes of a loss plot, and return its curves, which can show any step."""
    ax.set_xlim(0, scene.steps * 1.03)
    ax.set_xlabel("step")
    losses = np.concatenate([track.values.ravel() for track in scene.tracks])
    floor = 0.0 if scene.floor is None else scene.floor
    excess = losses[np.isfinite(losses)] - floor
    positive = excess[excess > 0]
    if scene.floor is not None and positive.size:
        top, low = _loss_range(scene, floor, positive)
        ax.set_yscale("log", nonpositive="mask")
        ax.set_ylim(low / 2, top * 2)
        minimum = f"{floor:.3g}".replace("-", "\N{MINUS SIGN}")
        ax.set_ylabel("loss  $f(x, y)$" if floor == 0 else f"loss above the minimum {minimum}")
    else:
        low, top = (float(excess.min()), float(excess.max())) if excess.size else (0.0, 1.0)
        room = 0.06 * ((top - low) or 1.0)
        ax.set_ylim(low - room, top + room)
        ax.set_ylabel("loss  $f(x, y)$")
    ax.grid(axis="y", zorder=0)
    return [Curves(ax, scene.tracks, floor, styles, **kwargs)]


def _loss_range(scene: Scene, floor: float, positive: Array) -> tuple[float, float]:
    """Return the highest and the lowest loss to show.

    A path that leaves the picture has left the loss plot too when it is far above all others.
    """
    first = [10 * (track.values[0] - floor) for track in scene.tracks]
    stayed = [track.values.ravel() - floor for track in scene.tracks if not any(track.exits)]
    usual = float(np.fmax.reduce(np.concatenate([*first, *stayed])))
    top = min(float(positive.max()), usual) if usual > 0 else float(positive.max())
    return top, max(min(float(positive.min()), top), 1e-12 * top)


def draw_ground(ax: Axes, relief: Relief, limits: Limits, theme: Theme) -> None:
    """Fill and line the contours, and set the limits."""
    ax.set_xlim(limits[0])
    ax.set_ylim(limits[1])
    ax.set_xlabel("$x$")
    ax.set_ylabel("$y$", rotation=0, labelpad=8)
    colormap = theme.colormap()
    if len(relief.levels):
        z = np.ma.masked_invalid(relief.z)
        ends = (min(z.min(), relief.levels[0]) - 1.0, max(z.max(), relief.levels[-1]) + 1.0)
        colors = colormap(np.linspace(0, 1, len(relief.levels) + 1))
        bands = [ends[0], *relief.levels, ends[1]]
        ax.contourf(relief.x, relief.y, z, bands, colors=colors, zorder=_GROUND)
        ax.contour(
            relief.x,
            relief.y,
            z,
            relief.levels,
            colors=theme.contour,
            linewidths=0.6,
            linestyles="solid",
            zorder=_CONTOUR,
        )
    else:
        ax.set_facecolor(colormap(0.5))


def draw_minima(ax: Axes, minima: Array) -> None:
    """Mark the places of the minimum with a star."""
    if len(minima):
        ax.add_line(
            Line2D(
                *minima.T,
                linestyle="none",
                marker="*",
                markersize=setting("lines.markersize") * 3.6,
                markerfacecolor=setting("text.color"),
                markeredgecolor=setting("axes.facecolor"),
                markeredgewidth=1.0,
                zorder=_MARK,
                label="_minimum",
            )
        )


def _draw_starts(ax: Axes, starts: Array) -> None:
    """Mark where paths begin with a ring."""
    places = np.unique(starts, axis=0)
    ax.add_line(
        Line2D(
            *places.T,
            linestyle="none",
            marker="o",
            markersize=setting("lines.markersize") * (3.2 if len(places) < 9 else 1.2),
            markerfacecolor="none",
            markeredgecolor=setting("text.color"),
            markeredgewidth=1.4,
            zorder=_MARK,
            label="_start",
        )
    )


def _aspect(ax: Axes) -> float:
    return float(ax.bbox.width / ax.bbox.height)


def _new_axes(labels: Sequence[str] = ()) -> Axes:
    from trajectories.plotting.figures import SIZES, new_figure, panels

    return panels(new_figure(SIZES["overlay"]), 1, 1, labels)[0]
