"""Panels: axes of a scene, their layouts, and their style on a page."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from trajectories.checks import must
from trajectories.plotting.artists import Arrows, draw_key, key_width, times
from trajectories.plotting.canvas import RecipeFigure, Size, new_figure, panels
from trajectories.plotting.paths_3d import CAMERA, ELEVATION, checked_camera, draw_solid
from trajectories.plotting.readout import (
    Caption,
    Exits,
    Readout,
    counter,
    counter_width,
    draw_counter,
    free_corner,
)
from trajectories.plotting.scene import (
    ContourGrid,
    Curves,
    Limits,
    MovingArtist,
    Naming,
    Paths,
    Scene,
    Style,
    drawn_labels,
    in_parts,
    ring_style,
    star_style,
    track_styles,
)
from trajectories.plotting.surface_3d import BOX, FilledAxes3D
from trajectories.plotting.text import (
    draw_header,
    draw_notes,
    heading,
    in_points,
    literal,
    points,
    write_over,
)
from trajectories.plotting.theme import PLAIN, AppliedTheme, Extras, Theme, setting
from trajectories.trajectory import Trajectory

Array = NDArray[np.float64]

_GROUND, _CONTOUR, _MARK = 0.5, 0.6, 3.0
#: Losses beyond these are drawn at the edge: Matplotlib cannot scale an axis to them.
_MIN_LOSS, _MAX_LOSS = 1e-290, 1e290


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
) -> list[MovingArtist]:
    """Draw a scene's contours on an Axes, and return the artists that can show any step."""
    draw_ground(ax, scene.contour_grid, scene.limits, theme)
    if scene.naming != Naming():
        ax.set_xlabel(scene.naming.x)
        ax.set_ylabel(scene.naming.y, rotation=90, labelpad=4)
    draw_minima(ax, scene.minima)
    _draw_starts(ax, np.concatenate([track.positions[0] for track in scene.tracks]))
    exits = Exits(ax, scene, styles)
    occupied = exits.occupied
    if scene.notes:
        minima = in_parts(scene.minima, scene.limits)
        occupied = np.concatenate([occupied, draw_notes(ax, scene.notes, minima, occupied)])
    moving_artists: list[MovingArtist] = [Paths(ax, scene, styles, extras.trail), exits]
    if extras.readout:
        readout = Readout(ax, scene, styles, occupied, marks=legend)
        moving_artists.append(readout)
        occupied = np.concatenate([occupied, readout.box])
    labels = [track.label for track in scene.tracks] if legend else []
    words = heading(scene.name, scene.formula, scene.latex) if title is None else [literal(title)]
    corner = free_corner(ax, scene, occupied) if caption else None
    gap, beside = points("legend.fontsize"), 0.0
    if caption and corner is None:
        beside += counter_width(scene.steps) + gap
    before, scale = beside, None
    if extras.step_arrows:
        arrows = Arrows(ax, scene, styles)
        moving_artists.append(arrows)
        scale = arrows.scale
    if scale is not None and key:
        beside += key_width(scale) + gap
    elif scale is not None and scale > 1:
        # The end of a long label may be cut, so that the scale then stands first.
        words = [f"{words[0]}  (step{times(scale)})", f"(step{times(scale)})  {words[0]}"]
    lift = draw_header(ax, words, labels, styles, room=in_points(ax)[0] + beyond, beside=beside)
    if scale is not None and key:
        shift = ScaledTranslation((beyond - before) / 72, lift / 72, ax.figure.dpi_scale_trans)
        draw_key(ax, 1.0, 1.0, ax.transAxes + shift, scale)
    if caption:
        moving_artists.append(draw_counter(ax, scene, corner, lift, beyond))
    return moving_artists


def draw_losses(ax: Axes, scene: Scene, styles: Sequence[Style]) -> list[MovingArtist]:
    """Draw the axes of a loss plot, and return the curves, which can show any step."""
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
        excess = np.clip(excess, -_MAX_LOSS, _MAX_LOSS)
        low, top = (float(excess.min()), float(excess.max())) if excess.size else (0.0, 1.0)
        room = 0.06 * ((top - low) or abs(top) or 1.0)
        ax.set_ylim(low - room, top + room)
        ax.set_ylabel(scene.naming.loss)
    ax.grid(axis="y", zorder=0)
    return [Curves(ax, scene.tracks, floor, styles)]


def _loss_range(scene: Scene, floor: float, positive: Array) -> tuple[float, float]:
    """Return the highest and the lowest loss to show."""
    first = [10 * (track.values[0] - floor) for track in scene.tracks]
    inside = [track.values.ravel() - floor for track in scene.tracks if not any(track.exits)]
    usual = float(np.fmax.reduce(np.concatenate([*first, *inside])))
    top = min(float(positive.max()), usual) if usual > 0 else float(positive.max())
    top = min(max(top, 1e12 * _MIN_LOSS), _MAX_LOSS)
    return top, max(min(float(positive.min()), top), 1e-12 * top)


def draw_ground(ax: Axes, contour_grid: ContourGrid, limits: Limits, theme: Theme) -> None:
    """Fill and line the contours, and set the limits."""
    style_ticks(ax)
    ax.set_xlim(limits[0])
    ax.set_ylim(limits[1])
    ax.set_xlabel("$x$")
    ax.set_ylabel("$y$", rotation=0, labelpad=8)
    colormap = theme.colormap()
    if len(contour_grid.levels):
        z = np.ma.masked_invalid(contour_grid.z)
        ends = (
            min(z.min(), contour_grid.levels[0]) - 1.0,
            max(z.max(), contour_grid.levels[-1]) + 1.0,
        )
        colors = colormap(np.linspace(0, 1, len(contour_grid.levels) + 1))
        bands = [ends[0], *contour_grid.levels, ends[1]]
        ax.contourf(contour_grid.x, contour_grid.y, z, bands, colors=colors, zorder=_GROUND)
        ax.contour(
            contour_grid.x,
            contour_grid.y,
            z,
            contour_grid.levels,
            colors=theme.contour,
            linewidths=0.6,
            linestyles="solid",
            zorder=_CONTOUR,
        )
    else:
        ax.set_facecolor(colormap(0.5))


def draw_minima(ax: Axes, minima: Array) -> None:
    """Mark the positions of the minimum with stars."""
    if len(minima):
        ax.add_line(Line2D(*minima.T, zorder=_MARK, **star_style()))


def _draw_starts(ax: Axes, starts: Array) -> None:
    """Mark the starts of paths with rings."""
    positions = np.unique(starts[np.isfinite(starts).all(axis=1)], axis=0)
    ax.add_line(Line2D(*positions.T, zorder=_MARK, **ring_style(len(positions))))


def style_ticks(ax: Axes) -> None:
    """Style the ticks now, as Matplotlib makes them later, when the theme is not in force."""
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


LimitsArgument = str | Sequence[Sequence[float]] | None
#: Content of a flat layout: trajectories, from which it makes a scene, or a scene.
PathsOrScene = Sequence[Trajectory] | Scene


@dataclass(frozen=True)
class Picture:
    """A figure with parts that can show any step."""

    figure: RecipeFigure
    moving_artists: list[MovingArtist]
    scene: Scene
    aspect: float
    still: bool = True

    @property
    def steps(self) -> int:
        """The last step."""
        return self.scene.steps

    def show(self, step: int) -> None:
        """Show the state after `step` steps."""
        for moving_artist in self.moving_artists:
            moving_artist.show(step)


def overlay(
    paths: PathsOrScene,
    theme: Theme,
    *,
    size: Size | None = None,
    limits: LimitsArgument = None,
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
    moving_artists = draw_paths(ax, scene, theme, styles, legend=legend, extras=extras)
    return Picture(figure, moving_artists, scene, aspect)


def grid(
    paths: PathsOrScene,
    theme: Theme,
    *,
    size: Size | None = None,
    limits: LimitsArgument = None,
    extras: Extras = PLAIN,
    **kwargs: Any,
) -> Picture:
    """Lay out a panel for each path, with the same limits and the same ground."""
    _without_camera("grid", kwargs)
    extras.only("grid", ("readout", "step_arrows", "trail"))
    figure = new_figure(size or SIZES["grid"], SIZES["grid"])
    labels = _labels(paths)
    columns = math.ceil(math.sqrt(len(labels)))
    rows = math.ceil(len(labels) / columns)
    top = 2.4 * points("axes.titlesize")
    axes = panels(figure, rows, columns, [], top=top)
    aspect = axes[0].bbox.width / axes[0].bbox.height
    scene = _scene(paths, limits, aspect, extras)
    styles = track_styles(len(labels), **kwargs)
    moving_artists: list[MovingArtist] = []
    for i, ax in enumerate(axes):
        if i >= len(labels):
            ax.remove()
            continue
        moving_artists += draw_paths(
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
        # Labels at the very ends would overlap those of the next panel.
        ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], prune="both"))
        if i + columns >= len(labels):
            ax.tick_params(labelbottom=True)
            ax.set_xlabel(scene.naming.x)
    key = any(
        isinstance(moving_artist, Arrows) and moving_artist.scale is not None
        for moving_artist in moving_artists
    )
    header = _figure_header(figure, scene, axes, key=key)
    return Picture(figure, [*moving_artists, header], scene, aspect)


def race(
    paths: PathsOrScene,
    theme: Theme,
    *,
    size: Size | None = None,
    limits: LimitsArgument = None,
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
    moving_artists = draw_paths(left, scene, theme, styles, beyond=beyond, extras=extras)
    moving_artists += draw_losses(right, scene, styles)
    return Picture(figure, moving_artists, scene, aspect)


def solid(
    paths: Sequence[Trajectory],
    theme: Theme,
    *,
    size: Size | None = None,
    limits: LimitsArgument = None,
    legend: bool = True,
    elevation: float = ELEVATION,
    azimuth: float | None = None,
    orbit: float = 0.0,
    extras: Extras = PLAIN,
    **kwargs: Any,
) -> Picture:
    """Lay out the surface in 3-D with all paths on it; the camera may turn by `orbit` degrees."""
    camera = checked_camera(elevation, azimuth, orbit)
    extras.only("3d", ("readout", "trail"))
    figure = new_figure(size or SIZES["3d"])
    labels = drawn_labels(paths) if legend else []
    (ax,) = panels(figure, 1, 1, labels, kind=FilledAxes3D)
    scene = Scene.of(paths, limits=limits, aspect=BOX[0] / BOX[1])
    styles = track_styles(len(paths), **kwargs)
    surface = paths[0].surface
    moving_artists = draw_solid(
        ax, scene, surface, theme, styles, legend=legend, extras=extras, **camera
    )
    return Picture(figure, moving_artists, scene, BOX[0] / BOX[1], still=camera["orbit"] == 0)


#: Function of each layout, whose docstring `trajectories list` prints, and its size in pixels.
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


def _labels(paths: PathsOrScene) -> list[str]:
    if isinstance(paths, Scene):
        return [track.label for track in paths.tracks]
    return drawn_labels(paths)


def _scene(paths: PathsOrScene, limits: LimitsArgument, aspect: float, extras: Extras) -> Scene:
    """Make the scene of trajectories, or return a given one."""
    if isinstance(paths, Scene):
        return paths
    return Scene.of(paths, limits=limits, aspect=aspect, **extras.scene)


def _without_camera(layout: str, settings: Mapping[str, Any]) -> None:
    """Raise an error if a flat layout is given settings of a camera."""
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


#: Variables of a page's style sheet, and the settings of their colours.
_COLORS = {
    "page": "figure.facecolor",
    "plot": "axes.facecolor",
    "ink": "text.color",
    "title": "axes.titlecolor",
    "label": "axes.labelcolor",
    "spine": "axes.edgecolor",
    "tick": "xtick.color",
    "number": "xtick.labelcolor",
    "grid": "grid.color",
}
_FALLBACKS = {"title": "ink", "number": "tick"}
_COMMANDS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}
_GENERIC = ("serif", "sans-serif", "monospace", "cursive", "fantasy")


def described(
    scene: Scene, losses: Scene, style: AppliedTheme, layout: str, line: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the sizes, markers and axes of a page as plain data."""
    with style.applied():
        paths, minimum, start, arrows = _artists(scene, style, layout, line)
        figure = new_figure(SIZES["race"], SIZES["race"])
        ax = figure.add_subplot()
        styles = track_styles(len(losses.tracks), **line)
        lines = _lines(draw_losses(ax, losses, styles), Curves)
        count = len(scene.tracks)
        width, height = SIZES[layout]
        return {
            "reference": [width, height],
            "type": {
                "base": float(setting("font.size")),
                "title": points("axes.titlesize"),
                "label": points("axes.labelsize"),
                "tick": points("xtick.labelsize"),
                "legend": points("legend.fontsize"),
            },
            "widths": {
                "spine": setting("axes.linewidth"),
                "grid": setting("grid.linewidth"),
                "tick": setting("xtick.major.width"),
                "long": setting("xtick.major.size"),
            },
            "minimum": _mark(minimum) if minimum is not None else None,
            "start": _mark(start),
            "arrow": arrows[0].get_markersize() if arrows else 0.0,
            "tracks": [
                {
                    "label": track.label,
                    "line": _stroke(paths[i]),
                    "mark": _mark(paths[i]),
                    "head": _mark(paths[count + i]),
                    "tip": lines[len(lines) // 2 + i].get_markersize(),
                }
                for i, track in enumerate(scene.tracks)
            ],
            "losses": {
                "range": [float(end) for end in ax.get_ylim()],
                "log": ax.get_yscale() == "log",
                "label": ax.get_ylabel(),
                "end": float(ax.get_xlim()[1]),
            },
        }


def stylesheet(
    scene: Scene, themes: Sequence[AppliedTheme], layout: str, line: Mapping[str, Any]
) -> str:
    """Return the colours of a page as a style sheet."""
    sheets = [_variables(scene, style, layout, line) for style in themes]
    with themes[0].applied():
        light = sum(to_rgb(setting("figure.facecolor"))) > 1.5
        font = _font()
    scheme = "light dark" if len(themes) > 1 else "light" if light else "dark"
    text = f":root {{ color-scheme: {scheme}; --font: {font}; {sheets[0]} }}\n"
    if len(themes) > 1:
        text += f"@media (prefers-color-scheme: dark) {{ :root {{ {sheets[1]} }} }}\n"
    numbers = range(len(scene.tracks))
    bands = range(len(scene.contour_grid.levels) + 1)
    rules = [f".t{i} {{ color: var(--t{i}); --halo: var(--h{i}) }}" for i in numbers]
    rules += [f".g{i} {{ fill: var(--g{i}) }}" for i in bands]
    return text + "\n".join(rules)


def _variables(scene: Scene, style: AppliedTheme, layout: str, line: Mapping[str, Any]) -> str:
    with style.applied() as theme:
        colors = {name: setting(key) for name, key in _COLORS.items()}
        for name, other in _FALLBACKS.items():
            if colors[name] in ("auto", "inherit"):
                colors[name] = colors[other]
        paths = _artists(scene, style, layout, line)[0]
        for i in range(len(scene.tracks)):
            head = paths[len(scene.tracks) + i]
            colors |= {f"t{i}": head.get_color(), f"h{i}": head.get_markeredgecolor()}
        count = len(scene.contour_grid.levels)
        ramp = theme.colormap()(np.linspace(0, 1, count + 1) if count else np.array([0.5]))
        colors |= {f"g{i}": color for i, color in enumerate(ramp)}
        colors["contour"] = theme.contour
        return "; ".join(f"--{name}: {to_hex(c, keep_alpha=True)}" for name, c in colors.items())


def _artists(
    scene: Scene, style: AppliedTheme, layout: str, line: Mapping[str, Any]
) -> tuple[list[Line2D], Line2D | None, Line2D, list[Line2D]]:
    """Draw the paths without contours; return lines and heads, minimum, start and exit arrows."""
    ax = new_figure(SIZES[layout], SIZES[layout]).add_subplot()
    bare = replace(scene, contour_grid=replace(scene.contour_grid, levels=np.empty(0)))
    styles = track_styles(len(scene.tracks), **line)
    moving_artists = draw_paths(
        ax, bare, style.theme, styles, legend=False, caption=False, title=" "
    )
    marks = {artist.get_label(): artist for artist in ax.lines}
    paths, arrows = (_lines(moving_artists, kind) for kind in (Paths, Exits))
    return paths, marks.get("_minimum"), marks["_start"], arrows


def _lines(moving_artists: Sequence[MovingArtist], kind: type) -> list[Line2D]:
    artists = [
        artist
        for moving_artist in moving_artists
        if isinstance(moving_artist, kind)
        for artist in moving_artist.artists
    ]
    return [artist for artist in artists if isinstance(artist, Line2D)]


def _stroke(line: Line2D) -> dict[str, Any]:
    alpha = line.get_alpha()
    visible = str(line.get_linestyle()).strip().lower() not in ("none", "")
    # In points; Matplotlib has no public name for it.
    offset, dashes = line._dash_pattern  # type: ignore[attr-defined]
    every: Any = line.get_markevery()
    return {
        "width": float(line.get_linewidth()) if visible else 0.0,
        "dashes": [float(part) for part in dashes or ()],
        "offset": float(offset),
        "alpha": 1.0 if alpha is None else float(alpha),
        "every": every if isinstance(every, int) else 1,
    }


def _mark(line: Line2D) -> dict[str, Any] | None:
    """Return a marker as a path in hundredths of its size, y downwards."""
    style = MarkerStyle(line.get_marker())
    path = style.get_path().transformed(style.get_transform())
    if not np.size(path.vertices):
        return None
    parts = []
    for vertices, code in path.iter_segments(simplify=False, curves=True):
        if code == Path.CLOSEPOLY:
            parts.append("Z")
            continue
        pairs = np.round(100 * np.asarray(vertices).reshape(-1, 2) * [1, -1], 1)
        numbers = " ".join(f"{number:g}" for number in (pairs + 0.0).ravel())
        parts.append(_COMMANDS[np.uint8(code)] + numbers)
    face = line.get_markerfacecolor()
    return {
        "path": "".join(parts),
        "size": float(line.get_markersize()),
        "edge": float(line.get_markeredgewidth()),
        "filled": bool(style.is_filled()) and str(face) != "none",
    }


def _font() -> str:
    """Return the fonts in force for CSS, followed by fonts that browsers have."""
    family: list[str] = []
    for name in setting("font.family"):
        family += setting(f"font.{name}") if name in _GENERIC else [name]
    safe = [name for name in family if re.fullmatch(r"[\w .-]+", name)][:4]
    serif = any("serif" in name.lower() and "sans" not in name.lower() for name in safe)
    last = ["Georgia", "serif"] if serif else ["Verdana", "system-ui", "sans-serif"]
    return ", ".join([f'"{name}"' for name in safe if name not in _GENERIC] + last)
