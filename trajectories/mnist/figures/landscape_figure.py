"""Figures of the landscape of a network."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trajectories.checks import suffix
from trajectories.mnist.figures.sheet import layers_words, sheet
from trajectories.mnist.landscape import Landscape
from trajectories.plotting.animate import SceneAnimation, animate_scene
from trajectories.plotting.canvas import Size, save_figure
from trajectories.plotting.panels import draw_losses, draw_paths, style_ticks
from trajectories.plotting.recipes.recipe import result_picture
from trajectories.plotting.scene import (
    Limits,
    Naming,
    Scene,
    Style,
    Track,
    contour_grid_of,
    leaves,
    track_styles,
)
from trajectories.plotting.text import in_points, literal, points
from trajectories.plotting.theme import applied
from trajectories.plotting.writers.formats import FORMATS


def network_of(found: Landscape) -> str:
    """Return the widths of the layers, as 784-100x4-10."""
    s = found.settings
    return layers_words(math.prod(found.data["shape"]), s["hidden"], s["classes"])


def _ends(found: Landscape) -> list[tuple[str, float, float, float]]:
    """Return label, true loss, distances off the plane and from the start, of what shaped it."""
    loss, off, gone = (a[:, -1].tolist() for a in (found.losses, found.off, found.gone))
    ends = zip(found.labels, loss, off, gone, strict=True)
    return [end for end, shaping in zip(ends, found.shaping, strict=True) if shaping]


def notes(found: Landscape) -> tuple[str, ...]:
    """Return what a reader of the picture must know, line by line."""
    _, _, offs, _ = zip(*_ends(found), strict=True)
    return (
        f"this plane: {100 * found.shares.sum():.0f} % of the variance",
        f"ends are {min(offs):.1f} to {max(offs):.1f} off it",
        f"loss of {found.settings['images']:,} training images",
    )


def labels(found: Landscape) -> list[str]:
    """Return what the legend calls each path: with its true loss in the end."""
    ends = zip(found.labels, found.losses[:, -1], found.diverged_at, strict=True)
    return [f"{k}: loss {_short(loss)}" if at is None else f"{k}: diverged" for k, loss, at in ends]


def _short(loss: float) -> str:
    return f"{loss:.3f}" if 0.01 <= loss < 1000 else f"{loss:.2g}"


def about(found: Landscape) -> list[str]:
    """Return what is to be seen, the best words first."""
    label, loss, off, gone = min(_ends(found), key=lambda end: end[1])
    steps = f"{int(found.iterations[-1]):,} iterations"
    return [
        f"Lowest true loss after {steps}: {literal(label)}, {_short(loss)}; its end lies "
        f"{off:.1f} off this plane, {gone:.1f} from the start.",
        f"Lowest true loss after {steps}: {literal(label)}, {_short(loss)}.",
    ]


def foot(found: Landscape, scene: Scene) -> str:
    """Return what was done."""
    s, data = found.settings, found.data
    extra = [f"{name}={value}" for name, value in s["network"].items()]
    levels = scene.contour_grid.levels
    lines = ""
    if len(levels) > 1:
        ends, ratio = f"{levels[0]:.2g} to {levels[-1]:.2g}", levels[1] / levels[0]
        lines = f" Contours: losses of {ends}, each {ratio:.2f} times the last."
    mode = " (batch norm by their own statistics)" if s["network"].get("batch_norm") else ""
    cut = "Cut short for a quick look. " if found.quick else ""
    return (
        f"{cut}{literal(str(data['name']))}, {int(data['train']):,} training images; "
        f"{', '.join([network_of(found), *extra])}; batches of {s['batch_size']}; same first "
        f"weights and batches for all, seed {found.seeds[0]}. All losses are of the first "
        f"{s['images']:,} training images{mode}. The plane of the two principal directions "
        f"through the paths' {s['through']} has {100 * found.shares.sum():.0f} % of their "
        f"variance about it; numbers along it are lengths in the space of the "
        f"{len(found.origin):,} weights.{lines}"
    )


_SIZE = (1280, 720)
#: What a moving picture is saved as.
_MOVING = (".gif", ".html")


def landscape_scene(found: Landscape) -> Scene:
    """Return a landscape as a scene, which draws and moves as that of a formula does."""
    limits: Limits = (
        (float(found.x[0]), float(found.x[-1])),
        (float(found.y[0]), float(found.y[-1])),
    )
    # A loss is never below 0, so that contours at equal ratios are those above the floor.
    contour_grid = contour_grid_of(found.x, found.y, found.grid.copy(), 0.0)
    rows = np.searchsorted(found.iterations, np.arange(found.iterations[-1] + 1), side="right") - 1
    tracks = []
    for label, places, losses in zip(found.labels, found.places, found.losses, strict=True):
        path = places[rows]
        shown = path[:, None], losses[rows][:, None], (leaves(path, limits),)
        tracks.append(Track(label, *shown, recorded=found.iterations[rows]))
    one, two = (f"{100 * share:.0f} %" for share in found.shares)
    return Scene(
        name=f"{found.data['name']}: loss of {network_of(found)}",
        formula="",
        latex="",
        limits=limits,
        contour_grid=contour_grid,
        minima=np.empty((0, 2)),
        floor=0.0,
        tracks=tuple(tracks),
        notes=notes(found),
        naming=Naming(
            x=f"direction 1: {one}",
            y=f"direction 2: {two}",
            short=("1st", "2nd", "true loss"),
            loss="true loss",
        ),
    )


@result_picture("landscape", twin="animate_landscape")
def draw_landscape(
    found: Landscape, *, theme: str | None = None, size: Size | None = None
) -> Figure:
    """Draw a landscape with its paths, and beside it how true losses and distances went."""
    with applied(theme) as chosen:
        scene = landscape_scene(found)
        styles = track_styles(len(scene.tracks))
        name = literal(str(found.data["name"]))
        made = sheet(
            size,
            _SIZE,
            1,
            2,
            title=[
                f"{name}: the loss around the paths of {len(found.labels)} optimizers",
                f"{name}: the loss around its optimizers' paths",
            ],
            about=about(found),
            foot=foot(found, scene),
            labels=labels(found),
            styles=styles,
            widths=(1.55, 1.0),
        )
        left, whole = made.axes
        bare = Scene(**{**vars(scene), "notes": ()})
        moving_artists = draw_paths(
            left, bare, chosen, styles, legend=False, caption=False, title=" "
        )
        left.set_xlabel(f"{scene.naming.x} of the variance")
        upper, lower = _halves(made.figure, whole)
        moving_artists += draw_losses(upper, scene, styles)
        for moving_artist in moving_artists:
            moving_artist.show(scene.steps)
        upper.set_xlabel("")
        upper.tick_params(labelbottom=False)
        _draw_distances(lower, found, scene, styles)
        for ax in (upper, lower):
            ax.yaxis.set_label_coords(-3.4 * points("ytick.labelsize") / in_points(ax)[0], 0.5)
    told = {"theme": theme, "size": size}
    made.figure.remember([found], kind="landscape", settings=told)
    return made.figure


@result_picture("animate_landscape", moves=True, twin="landscape")
def animate_landscape(
    found: Landscape,
    *,
    layout: str = "race",
    theme: str | None = None,
    size: Size | None = None,
) -> SceneAnimation:
    """Make a moving picture of a landscape: a frame for every point on the paths."""
    movie = animate_scene(
        landscape_scene(found),
        layout=layout,
        theme=theme,
        size=size,
        frame_steps=found.iterations.tolist(),
        readout=layout == "overlay",
    )
    told = {"layout": layout, "theme": theme, "size": size}
    movie.remember([found], kind="animate_landscape", settings=told)
    return movie


def save_landscape(
    found: Landscape,
    folder: str | os.PathLike[str],
    *,
    theme: str | None = None,
    size: Size | None = None,
    moving: Sequence[str] = _MOVING,
    data: bool = True,
    progress: bool = False,
) -> list[Path]:
    """Write a landscape, its figure and its moving pictures to a folder."""
    kinds = [suffix("format of a moving picture", f"landscape{kind}", FORMATS) for kind in moving]
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    written = []
    if data:
        written.append(place / "landscape.npz")
        found.save(written[0])
    written.append(place / "landscape.png")
    save_figure(draw_landscape(found, theme=theme, size=size), written[-1])
    for kind in kinds:
        movie = animate_landscape(found, theme=theme, size=size)
        written += movie.save(place / f"landscape{kind}", progress=progress)
    return written


def _halves(figure: Figure, whole: Axes) -> tuple[Axes, Axes]:
    """Put two panels, one over the other, in the place of one."""
    box = whole.get_position()
    gap = 1.6 * points("xtick.labelsize") / in_points(figure)[1]
    tall = (box.height - gap) / 2
    whole.remove()
    upper = figure.add_axes((box.x0, box.y0 + tall + gap, box.width, tall))
    return upper, figure.add_axes((box.x0, box.y0, box.width, tall))


def _draw_distances(ax: Axes, found: Landscape, scene: Scene, styles: list[Style]) -> None:
    """Draw how far each path is off the plane."""
    style_ticks(ax)
    every = max(1, len(found.iterations) // 12)
    for off, style in zip(found.off, styles, strict=True):
        look: dict[str, Any] = {"markevery": every, "markeredgewidth": 0.5, **style}
        ax.plot(found.iterations, off, **look)
    ax.set_xlim(0, scene.steps * 1.03)
    ax.set_ylim(0, 1.08 * max(float(np.nanmax(found.off)), 1e-12))
    ax.set_xlabel("iterations")
    ax.set_ylabel("off the plane")
    ax.grid(axis="y", zorder=0)
