"""Basins of attraction on an Axes, as they form: a colour for each minimum, dark if late."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from trajectories.maps.basins import Basins
from trajectories.plotting.header import in_points, points
from trajectories.plotting.maps.colors import NOWHERE, Shades
from trajectories.plotting.panel import style_ticks

__all__ = ["Forming", "draw_basins", "draw_key", "key_width", "letters", "shades_for"]

#: Above what stands still, and each other.
_CELLS, _MARK, _LETTER = 10.0, 11.0, 12.0
#: Steps beyond this part of all arrivals are as dark as it gets.
_LATE = 0.98
#: A minimum's disc, in font sizes of its letter.
_WIDE = 1.7
#: How wide a column of the key is, and how far from the map, in font sizes.
_COLUMN, _GAP = 1.35, 1.2
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def shades_for(results: Sequence[Basins]) -> Shades:
    """Return one set of colours for several maps of one surface."""
    arrived = np.concatenate([one.steps[one.minimum >= 0] for one in results])
    slowest = int(np.ceil(np.quantile(arrived, _LATE))) if arrived.size else 1
    first = results[0]
    return Shades(len(first.minima), len(first.surface.minima), slowest)


def letters(count: int) -> list[str]:
    """Return a letter for each of so many minima, or numbers if there are too many."""
    several = count <= len(_ALPHABET)
    return [_ALPHABET[i] if several else str(i + 1) for i in range(count)]


class Forming:
    """The cells of a map of basins, which take on their colour when their paths arrive."""

    def __init__(
        self, image: AxesImage, result: Basins, shades: Shades, above: Sequence[Artist]
    ) -> None:
        self._image, self._result = image, result
        self._rgb = shades.rgb(result.minimum, result.steps)
        self.artists: list[Artist] = [image, *above]

    def show(self, step: int | None) -> None:
        """Show the cells that have arrived after so many steps; None for all."""
        rgb = self._rgb
        if step is not None:
            rgb = rgb.copy()
            rgb[self._result.steps > step] = np.round(255 * np.array(NOWHERE)).astype(np.uint8)
        self._image.set_data(rgb)


def draw_basins(ax: Axes, result: Basins, shades: Shades) -> Forming:
    """Draw the axes of a basin map and its minima; return the cells, which can show any step."""
    style_ticks(ax)
    (x0, x1), (y0, y1) = result.limits
    ax.set_xlim(x0, x1)
    ax.set_ylim(y0, y1)
    ax.set_xlabel("$x$")
    ax.set_ylabel("$y$", rotation=0, labelpad=8)
    for spine in ax.spines.values():
        spine.set_visible(False)
    image = AxesImage(
        ax, extent=(x0, x1, y0, y1), origin="lower", interpolation="nearest", zorder=_CELLS
    )
    image.set_data(np.zeros((*result.minimum.shape, 3), np.uint8))
    ax.add_image(image)
    image.set_clip_path(ax.patch)
    above: list[Artist] = []
    size = points("xtick.labelsize")
    names = letters(shades.coloured)
    for i, (x, y) in enumerate(result.minima[: shades.coloured]):
        if not (x0 <= x <= x1 and y0 <= y <= y1):
            continue
        disc = Line2D(
            [x],
            [y],
            marker="o",
            linestyle="none",
            markersize=_WIDE * size,
            color="white",
            markeredgecolor="black",
            markeredgewidth=1.2,
            zorder=_MARK + i / 100,
            label="_minimum",
        )
        ax.add_line(disc)
        name = ax.text(
            x,
            y,
            names[i],
            ha="center",
            va="center_baseline",
            fontsize=size,
            fontweight="bold",
            color="black",
            zorder=_MARK + i / 100 + 0.005,
        )
        above += [disc, name]
    return Forming(image, result, shades, above)


def draw_key(ax: Axes, shades: Shades, result: Basins, *, missing: bool | None = None) -> Axes:
    """Draw what the colours mean: a column for each minimum, dark upwards with the steps."""
    columns, heads = _columns(shades, result)
    wide, gap = (
        part * points("xtick.labelsize") / in_points(ax)[0]
        for part in (_COLUMN * len(columns), _GAP)
    )
    key = ax.inset_axes((1 + gap, 0.0, wide, 1.0))
    steps = np.arange(shades.slowest + 1)
    rgb = shades.rgb(np.array(columns)[None, :], steps[:, None])
    style_ticks(key)
    top = shades.slowest + 0.5
    key.imshow(
        rgb,
        origin="lower",
        aspect="auto",
        extent=(0, len(columns), -0.5, top),
        interpolation="nearest",
    )
    for spine in key.spines.values():
        spine.set_visible(False)
    key.set_xticks(np.arange(len(columns)) + 0.5, heads)
    key.xaxis.tick_top()
    key.tick_params(axis="x", length=0)
    key.yaxis.tick_right()
    key.yaxis.set_label_position("right")
    key.yaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    words = ["grey: local"] if len(result.minima) > shades.coloured else []
    if (result.minimum < 0).any() if missing is None else missing:
        words.append("black: nowhere")
    key.xaxis.set_label_position("bottom")
    key.set_xlabel("\n".join(words).replace(": ", ":\n"), fontsize=points("xtick.labelsize"))
    key.set_ylabel("steps until it stays there", rotation=90)
    return key


def key_width(shades: Shades, result: Basins) -> float:
    """Return the room that `draw_key` needs beside a map, in points."""
    ticks = 0.75 * len(str(shades.slowest)) + 0.9
    columns, _ = _columns(shades, result)
    size = points("xtick.labelsize")
    return (_GAP + _COLUMN * len(columns) + ticks) * size + 1.6 * points("axes.labelsize")


def _columns(shades: Shades, result: Basins) -> tuple[list[int], list[str]]:
    """Return the minima that have a column in the key, and what stands over each."""
    count = len(result.minima)
    own = shades.coloured
    grey = [own] if count > own else []
    return [*range(own), *grey], [*letters(own), *("\N{HORIZONTAL ELLIPSIS}" for _ in grey)]
