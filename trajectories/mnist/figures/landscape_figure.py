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


def _network(result: Landscape) -> str:
    """Return the widths of the layers, as 784-100x4-10."""
    s = result.settings
    return layers_words(math.prod(result.data["shape"]), s["hidden"], s["classes"])


def _ends(result: Landscape) -> list[tuple[str, float, float, float]]:
    """Return label, end loss, and distances off the plane and from the start of fitted paths."""
    loss, off, distance = (a[:, -1].tolist() for a in (result.losses, result.off, result.gone))
    ends = zip(result.labels, loss, off, distance, strict=True)
    return [end for end, shaping in zip(ends, result.shaping, strict=True) if shaping]


def _notes(result: Landscape) -> tuple[str, ...]:
    """Return the notes in the picture, line by line."""
    _, _, offs, _ = zip(*_ends(result), strict=True)
    return (
        f"this plane: {100 * result.shares.sum():.0f} % of the variance",
        f"ends are {min(offs):.1f} to {max(offs):.1f} off it",
        f"loss of {result.settings['images']:,} training images",
    )


def _labels(result: Landscape) -> list[str]:
    """Return the label of each path, with its true loss at the end."""
    ends = zip(result.labels, result.losses[:, -1], result.diverged_at, strict=True)
    return [f"{k}: loss {_loss(loss)}" if at is None else f"{k}: diverged" for k, loss, at in ends]


def _loss(loss: float) -> str:
    return f"{loss:.3f}" if 0.01 <= loss < 1000 else f"{loss:.2g}"


def _about(result: Landscape) -> list[str]:
    """Describe the result, the best text first."""
    label, loss, off, distance = min(_ends(result), key=lambda end: end[1])
    steps = f"{int(result.iterations[-1]):,} iterations"
    return [
        f"Lowest true loss after {steps}: {literal(label)}, {_loss(loss)}; its end lies "
        f"{off:.1f} off this plane, {distance:.1f} from the start.",
        f"Lowest true loss after {steps}: {literal(label)}, {_loss(loss)}.",
    ]


def _foot(result: Landscape, scene: Scene) -> str:
    """Describe the training and the plane."""
    s, data = result.settings, result.data
    extra = [f"{name}={value}" for name, value in s["network"].items()]
    levels = scene.contour_grid.levels
    lines = ""
    if len(levels) > 1:
        ends, ratio = f"{levels[0]:.2g} to {levels[-1]:.2g}", levels[1] / levels[0]
        lines = f" Contours: losses of {ends}, each {ratio:.2f} times the last."
    mode = " (batch norm by their own statistics)" if s["network"].get("batch_norm") else ""
    quick = "Cut short for a quick look. " if result.quick else ""
    return (
        f"{quick}{literal(str(data['name']))}, {int(data['train']):,} training images; "
        f"{', '.join([_network(result), *extra])}; batches of {s['batch_size']}; same first "
        f"weights and batches for all, seed {result.seeds[0]}. All losses are of the first "
        f"{s['images']:,} training images{mode}. The plane of the two principal directions "
        f"through the paths' {s['through']} has {100 * result.shares.sum():.0f} % of their "
        f"variance about it; numbers along it are lengths in the space of the "
        f"{len(result.origin):,} weights.{lines}"
    )


_SIZE = (1280, 720)
#: Formats of the moving picture.
_MOVIE_FORMATS = (".gif", ".html")


def landscape_scene(result: Landscape) -> Scene:
    """Return a landscape as a scene, to be drawn and animated like a surface."""
    limits: Limits = (
        (float(result.x[0]), float(result.x[-1])),
        (float(result.y[0]), float(result.y[-1])),
    )
    # The floor is 0, as no loss is lower: contours are at equal ratios.
    contour_grid = contour_grid_of(result.x, result.y, result.grid.copy(), 0.0)
    steps = np.arange(result.iterations[-1] + 1)
    rows = np.searchsorted(result.iterations, steps, side="right") - 1
    tracks = []
    for label, positions, losses in zip(result.labels, result.places, result.losses, strict=True):
        path = positions[rows]
        data = path[:, None], losses[rows][:, None], (leaves(path, limits),)
        tracks.append(Track(label, *data, recorded=result.iterations[rows]))
    one, two = (f"{100 * share:.0f} %" for share in result.shares)
    return Scene(
        name=f"{result.data['name']}: loss of {_network(result)}",
        formula="",
        latex="",
        limits=limits,
        contour_grid=contour_grid,
        minima=np.empty((0, 2)),
        floor=0.0,
        tracks=tuple(tracks),
        notes=_notes(result),
        naming=Naming(
            x=f"direction 1: {one}",
            y=f"direction 2: {two}",
            short=("1st", "2nd", "true loss"),
            loss="true loss",
        ),
    )


@result_picture("landscape", twin="animate_landscape")
def draw_landscape(
    result: Landscape, *, theme: str | None = None, size: Size | None = None
) -> Figure:
    """Draw a landscape with its paths, and beside it the true losses and distances."""
    with applied(theme) as applied_theme:
        scene = landscape_scene(result)
        styles = track_styles(len(scene.tracks))
        name = literal(str(result.data["name"]))
        layout = sheet(
            size,
            _SIZE,
            1,
            2,
            title=[
                f"{name}: the loss around the paths of {len(result.labels)} optimizers",
                f"{name}: the loss around its optimizers' paths",
            ],
            about=_about(result),
            foot=_foot(result, scene),
            labels=_labels(result),
            styles=styles,
            widths=(1.55, 1.0),
        )
        left, right = layout.axes
        bare = Scene(**{**vars(scene), "notes": ()})
        moving_artists = draw_paths(
            left, bare, applied_theme, styles, legend=False, caption=False, title=" "
        )
        left.set_xlabel(f"{scene.naming.x} of the variance")
        upper, lower = _halves(layout.figure, right)
        moving_artists += draw_losses(upper, scene, styles)
        for moving_artist in moving_artists:
            moving_artist.show(scene.steps)
        upper.set_xlabel("")
        upper.tick_params(labelbottom=False)
        _draw_distances(lower, result, scene, styles)
        for ax in (upper, lower):
            ax.yaxis.set_label_coords(-3.4 * points("ytick.labelsize") / in_points(ax)[0], 0.5)
    settings = {"theme": theme, "size": size}
    layout.figure.remember([result], kind="landscape", settings=settings)
    return layout.figure


@result_picture("animate_landscape", moves=True, twin="landscape")
def animate_landscape(
    result: Landscape,
    *,
    layout: str = "race",
    theme: str | None = None,
    size: Size | None = None,
) -> SceneAnimation:
    """Make a moving picture of a landscape, with a frame for every point of the paths."""
    movie = animate_scene(
        landscape_scene(result),
        layout=layout,
        theme=theme,
        size=size,
        frame_steps=result.iterations.tolist(),
        readout=layout == "overlay",
    )
    settings = {"layout": layout, "theme": theme, "size": size}
    movie.remember([result], kind="animate_landscape", settings=settings)
    return movie


def save_landscape(
    result: Landscape,
    folder: str | os.PathLike[str],
    *,
    theme: str | None = None,
    size: Size | None = None,
    moving: Sequence[str] = _MOVIE_FORMATS,
    data: bool = True,
    progress: bool = False,
) -> list[Path]:
    """Write a landscape, its figure and its moving pictures to a folder."""
    kinds = [suffix("format of a moving picture", f"landscape{kind}", FORMATS) for kind in moving]
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    if data:
        written.append(target / "landscape.npz")
        result.save(written[0])
    written.append(target / "landscape.png")
    save_figure(draw_landscape(result, theme=theme, size=size), written[-1])
    for kind in kinds:
        movie = animate_landscape(result, theme=theme, size=size)
        written += movie.save(target / f"landscape{kind}", progress=progress)
    return written


def _halves(figure: Figure, ax: Axes) -> tuple[Axes, Axes]:
    """Replace a panel by two, one over the other."""
    box = ax.get_position()
    gap = 1.6 * points("xtick.labelsize") / in_points(figure)[1]
    height = (box.height - gap) / 2
    ax.remove()
    upper = figure.add_axes((box.x0, box.y0 + height + gap, box.width, height))
    return upper, figure.add_axes((box.x0, box.y0, box.width, height))


def _draw_distances(ax: Axes, result: Landscape, scene: Scene, styles: list[Style]) -> None:
    """Draw the distance of each path from the plane."""
    style_ticks(ax)
    every = max(1, len(result.iterations) // 12)
    for off, style in zip(result.off, styles, strict=True):
        line: dict[str, Any] = {"markevery": every, "markeredgewidth": 0.5, **style}
        ax.plot(result.iterations, off, **line)
    ax.set_xlim(0, scene.steps * 1.03)
    ax.set_ylim(0, 1.08 * max(float(np.nanmax(result.off)), 1e-12))
    ax.set_xlabel("iterations")
    ax.set_ylabel("off the plane")
    ax.grid(axis="y", zorder=0)
