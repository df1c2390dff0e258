"""How a page looks: colours and sizes, read from the artists that the other pictures draw."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path

from trajectories.plotting.canvas import new_figure
from trajectories.plotting.exits import Exits
from trajectories.plotting.header import points
from trajectories.plotting.layouts import SIZES
from trajectories.plotting.panel import draw_losses, draw_paths
from trajectories.plotting.scene import Scene
from trajectories.plotting.theme import Look, setting
from trajectories.plotting.tracks import Curves, Mover, Paths, track_styles

__all__ = ["described", "stylesheet"]

#: The variables of a page's style sheet, by the settings that give their colours.
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
    scene: Scene, losses: Scene, look: Look, layout: str, line: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the sizes, markers and axes of a page, as JSON can hold them."""
    with look.applied():
        paths, minimum, start, arrows = _artists(scene, look, layout, line)
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


def stylesheet(scene: Scene, looks: Sequence[Look], layout: str, line: Mapping[str, Any]) -> str:
    """Return the colours of a page as a style sheet."""
    sheets = [_variables(scene, look, layout, line) for look in looks]
    with looks[0].applied():
        light = sum(to_rgb(setting("figure.facecolor"))) > 1.5
        font = _font()
    scheme = "light dark" if len(looks) > 1 else "light" if light else "dark"
    text = f":root {{ color-scheme: {scheme}; --font: {font}; {sheets[0]} }}\n"
    if len(looks) > 1:
        text += f"@media (prefers-color-scheme: dark) {{ :root {{ {sheets[1]} }} }}\n"
    numbers = range(len(scene.tracks))
    bands = range(len(scene.relief.levels) + 1)
    rules = [f".t{i} {{ color: var(--t{i}); --halo: var(--h{i}) }}" for i in numbers]
    rules += [f".g{i} {{ fill: var(--g{i}) }}" for i in bands]
    return text + "\n".join(rules)


def _variables(scene: Scene, look: Look, layout: str, line: Mapping[str, Any]) -> str:
    with look.applied() as theme:
        colors = {name: setting(key) for name, key in _COLORS.items()}
        for name, other in _FALLBACKS.items():
            if colors[name] in ("auto", "inherit"):
                colors[name] = colors[other]
        paths = _artists(scene, look, layout, line)[0]
        for i in range(len(scene.tracks)):
            head = paths[len(scene.tracks) + i]
            colors |= {f"t{i}": head.get_color(), f"h{i}": head.get_markeredgecolor()}
        count = len(scene.relief.levels)
        ramp = theme.colormap()(np.linspace(0, 1, count + 1) if count else np.array([0.5]))
        colors |= {f"g{i}": color for i, color in enumerate(ramp)}
        colors["contour"] = theme.contour
        return "; ".join(f"--{name}: {to_hex(c, keep_alpha=True)}" for name, c in colors.items())


def _artists(
    scene: Scene, look: Look, layout: str, line: Mapping[str, Any]
) -> tuple[list[Line2D], Line2D | None, Line2D, list[Line2D]]:
    """Draw the paths without their ground; return lines and heads, the marks, and the arrows."""
    ax = new_figure(SIZES[layout], SIZES[layout]).add_subplot()
    bare = replace(scene, relief=replace(scene.relief, levels=np.empty(0)))
    styles = track_styles(len(scene.tracks), **line)
    movers = draw_paths(ax, bare, look.theme, styles, legend=False, caption=False, title=" ")
    marks = {artist.get_label(): artist for artist in ax.lines}
    paths, arrows = (_lines(movers, kind) for kind in (Paths, Exits))
    return paths, marks.get("_minimum"), marks["_start"], arrows


def _lines(movers: Sequence[Mover], kind: type) -> list[Line2D]:
    found = [artist for mover in movers if isinstance(mover, kind) for artist in mover.artists]
    return [artist for artist in found if isinstance(artist, Line2D)]


def _stroke(line: Line2D) -> dict[str, Any]:
    alpha = line.get_alpha()
    shown = str(line.get_linestyle()).strip().lower() not in ("none", "")
    # In points; that of dashes of the user's own has no name that could be asked for.
    offset, dashes = line._dash_pattern  # type: ignore[attr-defined]
    every: Any = line.get_markevery()
    return {
        "width": float(line.get_linewidth()) if shown else 0.0,
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
    """Return the fonts in force as CSS has them, with what browsers know in their place."""
    family: list[str] = []
    for name in setting("font.family"):
        family += setting(f"font.{name}") if name in _GENERIC else [name]
    safe = [name for name in family if re.fullmatch(r"[\w .-]+", name)][:4]
    serif = any("serif" in name.lower() and "sans" not in name.lower() for name in safe)
    last = ["Georgia", "serif"] if serif else ["Verdana", "system-ui", "sans-serif"]
    return ", ".join([f'"{name}"' for name in safe if name not in _GENERIC] + last)
