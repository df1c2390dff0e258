"""The page of a map: its cells, and the descents behind them."""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from trajectories.checks import must
from trajectories.maps.basins import Basins
from trajectories.maps.sensitivity import Sensitivity
from trajectories.plotting.canvas import new_figure
from trajectories.plotting.maps.map_axes import draw_beside
from trajectories.plotting.recipes.paths import make_recipe
from trajectories.plotting.scene import Limits, in_parts, track_styles
from trajectories.plotting.theme import AppliedTheme, setting
from trajectories.plotting.writers.gif import Palette
from trajectories.plotting.writers.page import asset, document, looks_for, pack

Array = NDArray[np.float64]

#: No page is larger.
MOST_BYTES = 2_000_000
#: Width and height of the picture, and how many pixels of the image a pixel of it has.
_SIZE, _DENSITY = (1200, 560), 1.6
#: Points of all paths together, rows of a path, and cells along each side, at most.
_POINTS, _ROWS, _SIDE = 320_000, 241, 72
#: Parts into which the sides of the path's panel are divided.
_PARTS = 1000
#: A path ends where it is so many times the panel's sides away.
_FAR = 1.5


def map_page(result: Any, *, theme: str | None = None) -> str:
    """Return a page with a map, and beside it the path of the cell that the viewer points at."""
    two = isinstance(result, Basins) or (isinstance(result, Sensitivity) and len(result.axes) == 2)
    if not two:
        words = "a map of starts, or of two hyperparameters"
        raise must("result", words, result, kind=TypeError)
    pictures = [_picture(result, look) for look in looks_for(theme)]
    kind = "plot_basins" if isinstance(result, Basins) else "plot_sensitivity"
    recipe = make_recipe([result], kind=kind, settings={"theme": theme})
    if len(recipe) > MOST_BYTES // 2:
        recipe = ""  # It is that of a surface made of many samples.
    side = _SIDE
    while True:
        page = _filled(result, pictures, side, recipe)
        if len(page.encode()) <= MOST_BYTES:
            return page
        side = 3 * side // 4


class _Picture:
    """What stands still on a page in one look: an image, its boxes and its colours."""

    def __init__(self, figure: Figure, left: Axes, right: Axes, limits: Limits) -> None:
        self.boxes = [_box(figure, ax) for ax in (left, right)]
        self.limits = limits
        self.image = _image(figure)
        self.colors = {
            "page": to_hex(setting("figure.facecolor")),
            "ink": to_hex(setting("text.color")),
            "halo": to_hex(setting("axes.facecolor")),
            "path": to_hex(track_styles(2)[1]["color"]),
        }


def _picture(result: Any, look: AppliedTheme) -> _Picture:
    with look.applied() as theme:
        width, height = (round(_DENSITY * side) for side in _SIZE)
        figure = new_figure((width, height), _SIZE)
        left, right, limits = draw_beside(figure, result, theme)
        return _Picture(figure, left, right, limits)


def _box(figure: Figure, ax: Axes) -> dict[str, float]:
    """Return where an Axes is in the picture, in its pixels from the upper left."""
    box = ax.get_position()
    width, height = _SIZE
    return {
        "x": box.x0 * width,
        "y": (1 - box.y1) * height,
        "width": box.width * width,
        "height": box.height * height,
    }


def _image(figure: Figure) -> str:
    """Return a figure as a PNG of few colours, in a data URI."""
    figure.canvas.draw()
    pixels = np.array(figure.canvas.buffer_rgba())  # type: ignore[attr-defined]
    palette = Palette([pixels])
    index = palette.index(pixels.view("<u4").ravel()).reshape(pixels.shape[:2])
    image = Image.fromarray(index)
    image.putpalette(palette.rgb.tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _filled(result: Any, pictures: Sequence[_Picture], side: int, recipe: str) -> str:
    first = pictures[0]
    shape = _shape(result)
    rows = min(result.settings.steps, _ROWS - 1) + 1
    most = max(2, min(side, math.isqrt(_POINTS // rows)))
    best = _best(result)
    across, up = (_spread(count, most, own) for count, own in zip(shape, best, strict=True))
    data = {
        "size": _SIZE,
        "cells": shape,
        "columns": len(across),
        "rows": len(up),
        "across": across,
        "up": up,
        "map": first.boxes[0],
        "panel": first.boxes[1],
        "parts": _PARTS,
        "first": [across.index(best[0]), up.index(best[1])],
        **_cells(result, across, up, first.limits),
    }
    title = f"{result.label} on {result.surface.name.replace('_', ' ')}"
    panel = {f"panel_{name}": f"{value:.2f}" for name, value in first.boxes[1].items()}
    alt = escape(title)
    width, height = _SIZE
    dark = ""
    if len(pictures) > 1:
        dark = f'<source srcset="{pictures[1].image}" media="(prefers-color-scheme: dark)">'
    return document(
        "map_page",
        title=alt,
        style=_style(pictures) + asset("map_page.css"),
        script=asset("integers.js") + asset("map_page.js"),
        data=json.dumps(data, separators=(",", ":"), allow_nan=False),
        recipe=recipe,
        picture=f'{dark}<img src="{first.image}" alt="{alt}" width="{width}" height="{height}">',
        width=width,
        height=height,
        **panel,
        hint="Point at a cell to see its path.",
    )


def _style(pictures: Sequence[_Picture]) -> str:
    def variables(picture: _Picture) -> str:
        return "; ".join(f"--{name}: {color}" for name, color in picture.colors.items())

    aspect = f"--aspect: {_SIZE[0] / _SIZE[1]:.4f}"
    scheme = "; color-scheme: light dark" if len(pictures) > 1 else ""
    text = f":root {{ {variables(pictures[0])}; {aspect}{scheme} }}\n"
    if len(pictures) > 1:
        text += f"@media (prefers-color-scheme: dark) {{ :root {{ {variables(pictures[1])} }} }}\n"
    return text


def _shape(result: Any) -> tuple[int, int]:
    """Return how many cells there are across and up."""
    if isinstance(result, Basins):
        rows, columns = result.minimum.shape
        return columns, rows
    across, up = result.values.shape
    return across, up


def _best(result: Any) -> tuple[int, int]:
    """Return the cell that is shown first, across and up."""
    if isinstance(result, Basins):
        row, column = result.nearest(*result.surface.start)
        return column, row
    found = result.best_index or (0, 0)
    return found[0], found[1]


def _spread(count: int, most: int, own: int) -> list[int]:
    """Return at most so many indices below a count, or three: the ends, one's own, and others."""
    if count <= most:
        return list(range(count))
    picked = {round(i * (count - 1) / (most - 1)) for i in range(most)}
    # Its neighbour makes room, but the ends stay.
    inner = picked - {0, count - 1}
    if own not in picked and inner:
        picked.discard(min(inner, key=lambda index: abs(index - own)))
    return sorted(picked | {own})


def _cells(result: Any, across: Sequence[int], up: Sequence[int], limits: Limits) -> dict[str, Any]:
    """Return path and words of every cell that is shown, row by row from below."""
    starts = isinstance(result, Basins)
    shape = result.minimum.shape if starts else result.values.shape
    places = [(j, i) if starts else (i, j) for j in up for i in across]
    numbers = np.array([np.ravel_multi_index(place, shape) for place in places])
    order = np.argsort(numbers)
    every = -(-result.settings.steps // (_ROWS - 1))
    found = result.cells.positions(numbers[order], result.block, record=every)
    positions = np.empty_like(found)
    positions[:, order] = found
    parts = in_parts(positions, limits)
    paths = [_packed(parts[:, i]) for i in range(len(places))]
    words = _words_of_start if starts else _words_of_choice
    return {"paths": paths, "words": [words(result, place) for place in places]}


def _packed(path: Array) -> str:
    """Write a path as steps of whole parts; it ends where it is lost, far away, or at rest."""
    good: Any = np.isfinite(path).all(axis=1)
    path = path[: len(path) if good.all() else int(np.argmin(good))]
    away: Any = (abs(path - 0.5) > 0.5 + _FAR).any(axis=1)
    if away.any():
        last = int(np.argmax(away))
        path = path[: last + 1].copy()
        if last:  # The last point lies on the way to where the path went.
            way = path[last] - path[last - 1]
            path[last] = path[last - 1] + way * min(1.0, 2 * _FAR / abs(way).max())
    whole = np.round(_PARTS * path).astype(int)
    moved = np.diff(whole, axis=0, prepend=np.zeros((1, 2), int))
    last = int(np.flatnonzero(moved.any(axis=1))[-1]) if moved.any() else 0
    return pack(moved[: last + 1].ravel().tolist())


def _words_of_choice(result: Sensitivity, place: tuple[int, int]) -> str:
    chosen = ", ".join(f"{name} {value:.3g}" for name, value in result.at(place).items())
    status, value = str(result.status[place]), float(result.values[place])
    ends = {
        "diverged": f"diverged within {result.steps} steps",
        "climbed": f"ends higher than it began, at {value:.3g}",
    }
    if status in ends:
        words = ends[status]
    elif result.measure == "steps":
        words = "not there yet" if math.isnan(value) else f"there after {value:.0f} steps"
    else:
        words = f"loss {value:.3g} after {result.steps} steps"
    return _typeset(f"{chosen}: {words}")


def _words_of_start(result: Basins, place: tuple[int, int]) -> str:
    row, column = place
    x, y = result.axes["x"][column], result.axes["y"][row]
    reached = int(result.minimum[place])
    if reached < 0:
        lost = result.status[place] == "diverged"
        words = "diverged" if lost else f"at no minimum after {result.settings.steps} steps"
    else:
        a, b = result.minima[reached]
        words = f"at the minimum ({a:.3g}, {b:.3g}) after {result.steps[place]} steps"
    return _typeset(f"from ({x:.3g}, {y:.3g}): {words}")


def _typeset(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
