"""What stands in one panel: the ground, its marks, and paths or losses over it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from trajectories.plotting.annotation import draw_notes
from trajectories.plotting.arrows import Arrows, draw_key, key_width, times
from trajectories.plotting.counter import counter_width, draw_counter, free_place
from trajectories.plotting.exits import Exits
from trajectories.plotting.extras import PLAIN, Extras
from trajectories.plotting.header import draw_header, heading, in_points, literal, points
from trajectories.plotting.readout import Readout
from trajectories.plotting.relief import Relief
from trajectories.plotting.scene import Naming, Scene
from trajectories.plotting.theme import Theme, setting
from trajectories.plotting.tracks import Curves, Mover, Paths, Style
from trajectories.plotting.view import Limits, in_parts

__all__ = ["draw_ground", "draw_losses", "draw_minima", "draw_paths", "style_ticks"]

Array = NDArray[np.float64]

_GROUND, _CONTOUR, _MARK = 0.5, 0.6, 3.0
#: Losses beyond these are drawn at the edge: Matplotlib cannot scale an axis to the last float.
_LEAST, _MOST = 1e-290, 1e290


def draw_paths(
    ax: Axes,
    scene: Scene,
    theme: Theme,
    styles: Sequence[Style],
    *,
    legend: bool = True,
    caption: bool = True,
    title: str | None = None,
    beyond: float = 0.0,
    extras: Extras = PLAIN,
    key: bool = True,
) -> list[Mover]:
    """Draw a scene's ground on an Axes, and return its paths, which can show any step."""
    draw_ground(ax, scene.relief, scene.limits, theme)
    if scene.naming != Naming():
        ax.set_xlabel(scene.naming.x)
        ax.set_ylabel(scene.naming.y, rotation=90, labelpad=4)
    draw_minima(ax, scene.minima)
    _draw_starts(ax, np.concatenate([track.positions[0] for track in scene.tracks]))
    exits = Exits(ax, scene, styles)
    taken = exits.taken
    if scene.notes:
        minima = in_parts(scene.minima, scene.limits)
        taken = np.concatenate([taken, draw_notes(ax, scene.notes, minima, taken)])
    movers: list[Mover] = [Paths(ax, scene, styles, extras.tail), exits]
    if extras.captions:
        readout = Readout(ax, scene, styles, taken, marks=legend)
        movers.append(readout)
        taken = np.concatenate([taken, readout.box])
    labels = [track.label for track in scene.tracks] if legend else []
    words = heading(scene.name, scene.formula, scene.latex) if title is None else [literal(title)]
    place = free_place(ax, scene, taken) if caption else None
    gap, beside = points("legend.fontsize"), 0.0
    if caption and place is None:
        beside += counter_width(scene.steps) + gap
    before, scale = beside, None
    if extras.anatomy:
        arrows = Arrows(ax, scene, styles)
        movers.append(arrows)
        scale = arrows.scale
    if scale is not None and key:
        beside += key_width(scale) + gap
    elif scale is not None and scale > 1:
        # A long label is cut at its end: the scale then stands before it.
        words = [f"{words[0]}  (step{times(scale)})", f"(step{times(scale)})  {words[0]}"]
    lift = draw_header(ax, words, labels, styles, room=in_points(ax)[0] + beyond, beside=beside)
    if scale is not None and key:
        shift = ScaledTranslation((beyond - before) / 72, lift / 72, ax.figure.dpi_scale_trans)
        draw_key(ax, 1.0, 1.0, ax.transAxes + shift, scale)
    if caption:
        movers.append(draw_counter(ax, scene, place, lift, beyond))
    return movers


def draw_losses(ax: Axes, scene: Scene, styles: Sequence[Style]) -> list[Mover]:
    """Draw the axes of a loss plot, and return its curves, which can show any step."""
    style_ticks(ax)
    ax.set_xlim(0, scene.steps * 1.03)
    ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True))
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
        ax.set_ylabel(scene.naming.loss if floor == 0 else f"loss above the minimum {minimum}")
    else:
        excess = np.clip(excess, -_MOST, _MOST)
        low, top = (float(excess.min()), float(excess.max())) if excess.size else (0.0, 1.0)
        room = 0.06 * ((top - low) or abs(top) or 1.0)
        ax.set_ylim(low - room, top + room)
        ax.set_ylabel(scene.naming.loss)
    ax.grid(axis="y", zorder=0)
    return [Curves(ax, scene.tracks, floor, styles)]


def _loss_range(scene: Scene, floor: float, positive: Array) -> tuple[float, float]:
    """Return the highest and the lowest loss to show."""
    first = [10 * (track.values[0] - floor) for track in scene.tracks]
    stayed = [track.values.ravel() - floor for track in scene.tracks if not any(track.exits)]
    usual = float(np.fmax.reduce(np.concatenate([*first, *stayed])))
    top = min(float(positive.max()), usual) if usual > 0 else float(positive.max())
    top = min(max(top, 1e12 * _LEAST), _MOST)
    return top, max(min(float(positive.min()), top), 1e-12 * top)


def draw_ground(ax: Axes, relief: Relief, limits: Limits, theme: Theme) -> None:
    """Fill and line the contours, and set the limits."""
    style_ticks(ax)
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
    places = np.unique(starts[np.isfinite(starts).all(axis=1)], axis=0)
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


def style_ticks(ax: Axes) -> None:
    """Give the ticks their style now: Matplotlib makes them later, out of the theme's reach."""
    for axis in ("xtick", "ytick"):
        label = setting(f"{axis}.labelcolor")
        common = {
            "axis": axis[0],
            "color": setting(f"{axis}.color"),
            "labelcolor": setting(f"{axis}.color") if label == "inherit" else label,
            "labelsize": points(f"{axis}.labelsize"),
            "labelfontfamily": setting("font.family"),
            "direction": setting(f"{axis}.direction"),
        }
        for which in ("major", "minor"):
            sizes = {
                key: setting(f"{axis}.{which}.{name}")
                for key, name in (("length", "size"), ("width", "width"), ("pad", "pad"))
            }
            ax.tick_params(which=which, **common, **sizes)
