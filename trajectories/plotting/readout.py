"""The read-out: loss and learning rate of every path at the step that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.text import Text
from numpy.typing import NDArray

from trajectories.plotting.annotation import BOX, place_box
from trajectories.plotting.header import in_points, literal, points, text_size
from trajectories.plotting.scene import Scene, Track
from trajectories.plotting.theme import setting
from trajectories.plotting.tracks import NOTE, Style
from trajectories.plotting.view import in_parts

__all__ = ["NOWHERE", "Readout"]

Array = NDArray[np.float64]
#: No places at all.
NOWHERE: Array = np.empty((0, 2))
#: From line to line, and from column to column, in font sizes.
_LINE, _GAP = 1.5, 1.1


class Readout:
    """A small table over a plot: a line for each path, with its loss and learning rate.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its limits are those of the scene.
    scene : Scene
        What to show. A batch of starts shows its mean loss.
    styles : sequence of dict
        A style for each track.
    taken : numpy.ndarray, shape (n, 2)
        What is better not covered, in parts of the plot's width and height.
    minima : numpy.ndarray, shape (k, 2), optional
        What must not be covered, in the same parts; by default the scene's minima.

    Attributes
    ----------
    box : numpy.ndarray, shape (m, 2)
        Points all over the table, in the same parts.
    """

    def __init__(
        self,
        ax: Axes,
        scene: Scene,
        styles: Sequence[Style],
        taken: Array,
        minima: Array | None = None,
    ) -> None:
        self._rows = [_cells(track) for track in scene.tracks]
        size = points("xtick.labelsize")
        labels = [literal(track.label) for track in scene.tracks]
        columns = [labels, *(_longest(self._rows, column) for column in (0, 1))]
        widths = [max(text_size(word, size)[0] for word in column) for column in columns]
        gaps = [_GAP * size if width else 0.0 for width in widths[1:]]
        extent = sum(widths) + sum(gaps), (len(labels) * _LINE - 0.4) * size
        if minima is None:
            minima = in_parts(scene.minima, scene.limits)
        (left, bottom), self.box = place_box(ax, extent, size, minima, taken)

        side = np.array(in_points(ax))
        ends = left + np.cumsum([widths[0], gaps[0] + widths[1], gaps[1] + widths[2]]) / side[0]
        style: dict[str, Any] = {"fontsize": size, "transform": ax.transAxes, "va": "baseline"}
        ink = setting("axes.labelcolor")
        # On 3-D Axes `text` would write at a point of space.
        write = getattr(ax, "text2D", ax.text)
        self._texts: list[tuple[Text, Text]] = []
        for row, (label, look) in enumerate(zip(labels, styles, strict=True)):
            y = bottom + (len(labels) - 1 - row) * _LINE * size / side[1]
            # What stands still lies below all that moves.
            write(left, y, label, color=look["color"], zorder=BOX, **style)
            numbers = [
                write(x, y, "", color=ink, ha="right", zorder=NOTE, **style) for x in ends[1:]
            ]
            self._texts.append((numbers[0], numbers[1]))
        self.artists: list[Artist] = [text for pair in self._texts for text in pair]

    def show(self, step: int) -> None:
        """Show the numbers of a step."""
        for row, texts in zip(self._rows, self._texts, strict=True):
            cells = row[min(step, len(row) - 1)]
            for text, cell in zip(texts, cells, strict=True):
                text.set_text(cell)


def _cells(track: Track) -> list[tuple[str, str]]:
    """Return what stands in the two columns of numbers at each step."""
    values = track.values.mean(axis=1)
    name = "f" if track.values.shape[1] == 1 else "mean f"
    losses = [f"{name} = {_short(value)}" if np.isfinite(value) else "diverged" for value in values]
    if track.rates is None:
        return [(loss, "") for loss in losses]
    return [(loss, f"lr {_short(r)}") for loss, r in zip(losses, track.rates, strict=True)]


def _short(number: float) -> str:
    return f"{number:.3g}".replace("-", "\N{MINUS SIGN}")


def _longest(rows: Sequence[Sequence[tuple[str, str]]], column: int) -> list[str]:
    """Return the cells with the most characters, among which the widest one is."""
    cells = {row[column] for rows_ in rows for row in rows_}
    most = max(len(cell) for cell in cells)
    return [cell for cell in cells if len(cell) >= most - 1]
