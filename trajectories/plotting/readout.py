"""The read-out: loss and learning rate of every path at the step that is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Transform
from numpy.typing import NDArray

from trajectories.plotting.annotation import BOX, CAPITAL, draw_box, place_box
from trajectories.plotting.header import in_points, literal, points, text_size
from trajectories.plotting.scene import Scene, Track
from trajectories.plotting.theme import setting
from trajectories.plotting.tracks import NOTE, Style
from trajectories.plotting.view import in_parts

__all__ = ["NOWHERE", "Readout"]

Array = NDArray[np.float64]
#: No places at all.
NOWHERE: Array = np.empty((0, 2))
#: From line to line, between columns, and a marker that stands for a name, in font sizes.
_LINE, _GAP, _MARK = 1.5, 1.1, 1.3
#: How large it may be, in parts of the plot's sides.
_MOST = 0.92
#: Sizes of type that are tried, in parts of the usual one, and the least of them in points.
_SIZES, _LEAST = (1.0, 0.85, 0.7, 0.6), 6.5
#: How much wider words of another size may be than their size tells.
_HINTED = 1.03


@dataclass(frozen=True)
class _Form:
    """A way to set the table: its size of type, whether it has names, and its columns of paths."""

    size: float
    names: float
    block: float
    columns: int
    lines: int

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height in points."""
        gaps = (self.columns - 1) * 2 * _GAP * self.size
        return self.columns * self.block + gaps, ((self.lines - 1) * _LINE + CAPITAL) * self.size


class Readout:
    """A small table over a plot: a line for each path, with its loss and learning rate."""

    def __init__(
        self,
        ax: Axes,
        scene: Scene,
        styles: Sequence[Style],
        taken: Array,
        minima: Array | None = None,
        *,
        marks: bool = True,
    ) -> None:
        self._rows = [_cells(track, scene.naming.short[2]) for track in scene.tracks]
        labels = [literal(track.label) for track in scene.tracks]
        widths = [_widest(ax, cells) for cells in (labels, *_longest(self._rows))]
        if minima is None:
            minima = in_parts(scene.minima, scene.limits)
        form, (left, bottom), self.box = _placed(
            ax, _forms(len(labels), widths, marks=marks), minima, taken
        )
        draw_box(ax, self.box)

        side = np.array(in_points(ax))
        style: dict[str, Any] = {"fontsize": form.size, "transform": ax.transAxes}
        # On 3-D Axes `text` would write at a point of space.
        write = getattr(ax, "text2D", ax.text)
        self._texts: list[tuple[Text, Text]] = []
        for number, (label, look) in enumerate(zip(labels, styles, strict=True)):
            column, line = divmod(number, form.lines)
            x = left + column * (form.block + 2 * _GAP * form.size) / side[0]
            y = bottom + (form.lines - 1 - line) * _LINE * form.size / side[1]
            # What stands still lies below all that moves.
            if form.names:
                write(x, y, label, color=look["color"], zorder=BOX, **style)
            elif len(labels) > 1:
                place = x + _MARK / 2 * form.size / side[0], y + 0.36 * form.size / side[1]
                ax.add_artist(_mark(place, look, form.size, ax.transAxes))
            rate = x + form.block / side[0]
            loss = rate - (widths[2] + _GAP) * form.size / side[0] if widths[2] else rate
            ink = {"color": setting("axes.labelcolor"), "ha": "right", "zorder": NOTE}
            self._texts.append(
                (write(loss, y, "", **ink, **style), write(rate, y, "", **ink, **style))
            )
        self.artists: list[Artist] = [text for pair in self._texts for text in pair]

    def show(self, step: int) -> None:
        """Show the numbers of a step."""
        for row, texts in zip(self._rows, self._texts, strict=True):
            cells = row[min(step, len(row) - 1)]
            for text, cell in zip(texts, cells, strict=True):
                text.set_text(cell)


def _cells(track: Track, name: str) -> list[tuple[str, str]]:
    """Return what stands in the two columns of numbers at each step."""
    losses = [_loss(values, name) for values in track.values]
    if track.rates is None:
        return [(loss, "") for loss in losses]
    return [(loss, f"lr {_short(r)}") for loss, r in zip(losses, track.rates, strict=True)]


def _loss(values: Array, name: str) -> str:
    """Tell the loss of one path, or the mean of those in a batch that have not diverged."""
    left = values[np.isfinite(values)]
    if not len(left):
        return "diverged"
    # Halves, as a sum of the largest floats would be infinite.
    mean = _short(2 * float(np.mean(left / 2)))
    if len(values) == 1:
        return f"{name} = {mean}"
    return f"mean {name} = {mean}" + (
        f" ({len(left)} of {len(values)})" if len(left) < len(values) else ""
    )


def _short(number: float) -> str:
    return f"{number:.3g}".replace("-", "\N{MINUS SIGN}")


def _longest(rows: Sequence[Sequence[tuple[str, str]]]) -> Iterator[list[str]]:
    """Yield for both columns the cells with the most characters, among which the widest one is."""
    for column in (0, 1):
        cells = {cells[column] for row in rows for cells in row}
        most = max(len(cell) for cell in cells)
        yield [cell for cell in cells if len(cell) >= most - 1]


def _widest(ax: Axes, cells: Sequence[str]) -> float:
    """Return the width of the widest of some texts, in font sizes."""
    size = points("xtick.labelsize")
    widest = max(text_size(cell, size, ax.figure)[0] if cell else 0.0 for cell in cells)
    return _HINTED * widest / size


def _forms(count: int, widths: Sequence[float], *, marks: bool) -> Iterator[_Form]:
    """Yield the ways to set a table of so many paths, the best first."""
    name, *numbers = widths
    row = sum(numbers) + (_GAP if numbers[1] else 0.0)
    firsts = [0.0] if count == 1 else [name, 0.0] if marks else [name]
    usual = points("xtick.labelsize")
    for size in [usual, *(share * usual for share in _SIZES[1:] if share * usual >= _LEAST)]:
        for first in firsts:
            before = first + _GAP if first else _MARK + 0.5 * _GAP if count > 1 else 0.0
            for columns in range(1, count + 1):
                lines = -(-count // columns)
                if (columns - 1) * lines < count:  # Or a column would be empty.
                    yield _Form(size, first, (before + row) * size, columns, lines)


def _placed(
    ax: Axes, forms: Iterable[_Form], minima: Array, taken: Array
) -> tuple[_Form, tuple[float, float], Array]:
    """Choose the first way to set the table that covers nothing, or the one that covers least."""
    side = np.array(in_points(ax))
    best: tuple[float, _Form, tuple[float, float], Array] | None = None
    for form in forms:
        over = float((np.array(form.extent) / side).max() / _MOST)
        if over > 1:  # One that has to be shrunk is the last resort.
            if best is not None and 1e9 * over >= best[0]:
                continue
            form = replace(form, size=form.size / over, block=form.block / over)
        corner, box, _ = place_box(ax, form.extent, form.size, minima, taken)
        low, high = box.min(axis=0), box.max(axis=0)
        covered = ((taken > low) & (taken < high)).all(axis=1).sum()
        lost = ((minima > low) & (minima < high)).all(axis=1).sum()
        cost = float(covered + 1e6 * lost + (1e9 * over if over > 1 else 0.0))
        if best is None or cost < best[0]:
            best = cost, form, corner, box
        if not cost:
            break
    assert best is not None
    return best[1:]


def _mark(place: tuple[float, float], look: Style, size: float, transform: Transform) -> Line2D:
    """Return the marker of a path, as the legend shows it."""
    return Line2D(
        [place[0]],
        [place[1]],
        transform=transform,
        color=look["color"],
        marker=look["marker"],
        markersize=0.8 * size,
        markeredgecolor=setting("axes.facecolor"),
        markeredgewidth=0.5,
        linestyle="none",
        zorder=BOX,
    )
