"""The figure of a loss landscape, and its moving picture: drawn from the result alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trajectories.mnist.figures.landscape_words import about, foot, labels, network_of, notes
from trajectories.mnist.figures.sheet import sheet
from trajectories.mnist.landscape_result import Landscape
from trajectories.names import suffix
from trajectories.plotting.canvas import Size
from trajectories.plotting.formats import FORMATS
from trajectories.plotting.header import in_points, literal, points
from trajectories.plotting.panel import draw_losses, draw_paths, style_ticks
from trajectories.plotting.relief import relief_of
from trajectories.plotting.scene import Naming, Scene, Track, leaves
from trajectories.plotting.scenes import SceneAnimation, animate_scene
from trajectories.plotting.theme import applied
from trajectories.plotting.tracks import Style, track_styles
from trajectories.plotting.view import Limits
from trajectories.plotting.writers.figure import save_figure

__all__ = ["animate_landscape", "draw_landscape", "landscape_scene", "save_landscape"]

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
    relief = relief_of(found.x, found.y, found.grid.copy(), 0.0)
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
        relief=relief,
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
        movers = draw_paths(left, bare, chosen, styles, legend=False, caption=False, title=" ")
        left.set_xlabel(f"{scene.naming.x} of the variance")
        upper, lower = _halves(made.figure, whole)
        movers += draw_losses(upper, scene, styles)
        for mover in movers:
            mover.show(scene.steps)
        upper.set_xlabel("")
        upper.tick_params(labelbottom=False)
        _draw_distances(lower, found, scene, styles)
        for ax in (upper, lower):
            ax.yaxis.set_label_coords(-3.4 * points("ytick.labelsize") / in_points(ax)[0], 0.5)
    told = {"theme": theme, "size": size}
    made.figure.remember([found], kind="landscape", settings=told)
    return made.figure


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
        captions=layout == "overlay",
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
