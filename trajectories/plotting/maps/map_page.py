"""The page of a map: its cells and their paths."""

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

#: The largest page, in bytes.
MOST_BYTES = 2_000_000
#: Width and height of the picture, and the pixels of the image for each of its pixels.
_SIZE, _DENSITY = (1200, 560), 1.6
#: Points of all paths together, rows of a path, and cells along each side, at most.
_POINTS, _ROWS, _MOST_SIDE = 320_000, 241, 72
#: Parts of each side of the path's panel.
_PARTS = 1000
#: A path ends at this distance from the panel, in sides of the panel.
_FARTHEST = 1.5


def map_page(result: Any, *, theme: str | None = None) -> str:
    """Return a page with a map, and beside it the path of the cell under the pointer."""
    two = isinstance(result, Basins) or (isinstance(result, Sensitivity) and len(result.axes) == 2)
    if not two:
        words = "a map of starts, or of two hyperparameters"
        raise must("result", words, result, kind=TypeError)
    pictures = [_draw_picture(result, style) for style in looks_for(theme)]
    kind = "plot_basins" if isinstance(result, Basins) else "plot_sensitivity"
    recipe = make_recipe([result], kind=kind, settings={"theme": theme})
    if len(recipe) > MOST_BYTES // 2:
        recipe = ""  # Of a surface of many samples.
    side = _MOST_SIDE
    while True:
        page = _document(result, pictures, side, recipe)
        if len(page.encode()) <= MOST_BYTES:
            return page
        side = 3 * side // 4


class _StaticPicture:
    """The static picture of a page in one style: an image, its boxes and its colours."""

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


def _draw_picture(result: Any, style: AppliedTheme) -> _StaticPicture:
    with style.applied() as theme:
        width, height = (round(_DENSITY * side) for side in _SIZE)
        figure = new_figure((width, height), _SIZE)
        left, right, limits = draw_beside(figure, result, theme)
        return _StaticPicture(figure, left, right, limits)


def _box(figure: Figure, ax: Axes) -> dict[str, float]:
    """Return the box of an Axes in pixels of the picture, from the upper left."""
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


def _document(result: Any, pictures: Sequence[_StaticPicture], side: int, recipe: str) -> str:
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


def _style(pictures: Sequence[_StaticPicture]) -> str:
    def variables(picture: _StaticPicture) -> str:
        return "; ".join(f"--{name}: {color}" for name, color in picture.colors.items())

    aspect = f"--aspect: {_SIZE[0] / _SIZE[1]:.4f}"
    scheme = "; color-scheme: light dark" if len(pictures) > 1 else ""
    text = f":root {{ {variables(pictures[0])}; {aspect}{scheme} }}\n"
    if len(pictures) > 1:
        text += f"@media (prefers-color-scheme: dark) {{ :root {{ {variables(pictures[1])} }} }}\n"
    return text


def _shape(result: Any) -> tuple[int, int]:
    """Return the number of cells across and up."""
    if isinstance(result, Basins):
        rows, columns = result.minimum.shape
        return columns, rows
    across, up = result.values.shape
    return across, up


def _best(result: Any) -> tuple[int, int]:
    """Return the first cell to show, across and up."""
    if isinstance(result, Basins):
        row, column = result.nearest(*result.surface.start)
        return column, row
    cell = result.best_index or (0, 0)
    return cell[0], cell[1]


def _spread(count: int, most: int, included: int) -> list[int]:
    """Return at most so many indices, at least three: the ends, a given one, and others."""
    if count <= most:
        return list(range(count))
    picked = {round(i * (count - 1) / (most - 1)) for i in range(most)}
    # The given index replaces its neighbour, but not an end.
    inner = picked - {0, count - 1}
    if included not in picked and inner:
        picked.discard(min(inner, key=lambda index: abs(index - included)))
    return sorted(picked | {included})


def _cells(result: Any, across: Sequence[int], up: Sequence[int], limits: Limits) -> dict[str, Any]:
    """Return path and text of each cell, row by row from below."""
    starts = isinstance(result, Basins)
    shape = result.minimum.shape if starts else result.values.shape
    cells = [(j, i) if starts else (i, j) for j in up for i in across]
    numbers = np.array([np.ravel_multi_index(cell, shape) for cell in cells])
    order = np.argsort(numbers)
    interval = -(-result.settings.steps // (_ROWS - 1))
    sorted_positions = result.cells.positions(numbers[order], result.block, record=interval)
    positions = np.empty_like(sorted_positions)
    positions[:, order] = sorted_positions
    parts = in_parts(positions, limits)
    paths = [_packed(parts[:, i]) for i in range(len(cells))]
    words = _start_text if starts else _values_text
    return {"paths": paths, "words": [words(result, cell) for cell in cells]}


def _packed(path: Array) -> str:
    """Pack the steps of a path up to its divergence, its exit or its last move."""
    finite: Any = np.isfinite(path).all(axis=1)
    path = path[: len(path) if finite.all() else int(np.argmin(finite))]
    outside: Any = (abs(path - 0.5) > 0.5 + _FARTHEST).any(axis=1)
    if outside.any():
        last = int(np.argmax(outside))
        path = path[: last + 1].copy()
        if last:  # The last point is cut to the farthest distance.
            direction = path[last] - path[last - 1]
            path[last] = path[last - 1] + direction * min(1.0, 2 * _FARTHEST / abs(direction).max())
    rounded = np.round(_PARTS * path).astype(int)
    steps = np.diff(rounded, axis=0, prepend=np.zeros((1, 2), int))
    last = int(np.flatnonzero(steps.any(axis=1))[-1]) if steps.any() else 0
    return pack(steps[: last + 1].ravel().tolist())


def _values_text(result: Sensitivity, cell: tuple[int, int]) -> str:
    values = ", ".join(f"{name} {value:.3g}" for name, value in result.at(cell).items())
    status, value = str(result.status[cell]), float(result.values[cell])
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
    return _typeset(f"{values}: {words}")


def _start_text(result: Basins, cell: tuple[int, int]) -> str:
    row, column = cell
    x, y = result.axes["x"][column], result.axes["y"][row]
    reached = int(result.minimum[cell])
    if reached < 0:
        diverged = result.status[cell] == "diverged"
        words = "diverged" if diverged else f"at no minimum after {result.settings.steps} steps"
    else:
        a, b = result.minima[reached]
        words = f"at the minimum ({a:.3g}, {b:.3g}) after {result.steps[cell]} steps"
    return _typeset(f"from ({x:.3g}, {y:.3g}): {words}")


def _typeset(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
