"""Words that change from frame to frame: step counter, readout and exits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation, Transform
from numpy.typing import NDArray

from trajectories.plotting.scene import HEAD, NOTE, Exit, Scene, Style, Track, in_parts
from trajectories.plotting.text import (
    BOX,
    CAPITAL,
    draw_box,
    in_points,
    literal,
    place_box,
    points,
    text_size,
)
from trajectories.plotting.theme import setting

Array = NDArray[np.float64]
_CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))


class Caption:
    """A step counter with a fixed word and a separate text for each digit."""

    def __init__(self, digits: Sequence[Text]) -> None:
        for digit in digits:
            digit.set_zorder(NOTE)
        self._digits = list(digits)
        self.artists: list[Artist] = list(digits)

    def show(self, step: int) -> None:
        """Show the number of the step."""
        number = str(step)[::-1].ljust(len(self._digits))
        for character, text in zip(number, self._digits, strict=True):
            text.set_text(character.strip())


def counter_width(steps: int) -> float:
    """Return the width of a counter up to `steps`, in points."""
    size = points("legend.fontsize")
    return text_size(f"step {steps}", size)[0] + 0.4 * size


def counter(
    on: Axes | Figure, x: float, y: float, transform: Transform, steps: int, *, top: bool = False
) -> Caption:
    """Write the word of a step counter, and make the texts of its digits."""
    size = points("legend.fontsize")
    advance = text_size("00", size)[0] - text_size("0", size)[0]
    style = {"fontsize": size, "color": setting("axes.labelcolor"), "va": "baseline"}
    inches = on.get_figure().dpi_scale_trans  # type: ignore[union-attr]
    drop = 0.8 * size if top else 0.0

    def shift(left: float) -> Transform:
        return transform + ScaledTranslation(-left / 72, -drop / 72, inches)

    digits = [
        on.text(x, y, "", transform=shift((i + 0.5) * advance), ha="center", **style)
        for i in range(len(str(steps)))
    ]
    on.text(x, y, "step", transform=shift(len(digits) * advance + 0.35 * size), ha="right", **style)
    return Caption(digits)


def free_corner(ax: Axes, scene: Scene, occupied: Array) -> tuple[int, int] | None:
    """Choose the free corner of a plot in which a counter is nearest to the moving artists."""
    width, height = in_points(ax)
    size, margin = points("legend.fontsize"), _margin()
    box = (counter_width(scene.steps) + 2 * margin) / width, (size + 2 * margin) / height
    first, last = _moving(scene)
    best, area = None, np.inf
    for corner in _CORNERS:
        if (abs(occupied - corner) < 1.1 * np.array(box)).all(axis=1).any():
            continue
        inner = abs(np.array(corner) - box)
        low = np.minimum(first, np.minimum(corner, inner))
        high = np.maximum(last, np.maximum(corner, inner))
        covered = float((high - low).prod(axis=1).sum())
        if covered < area - 1e-9:
            best, area = corner, covered
    return best


def draw_counter(
    ax: Axes, scene: Scene, corner: tuple[int, int] | None, lift: float, beyond: float = 0.0
) -> Caption:
    """Put a step counter into a corner of a plot, or above it if no corner is free."""
    if corner is None:
        shift = ScaledTranslation(beyond / 72, lift / 72, ax.figure.dpi_scale_trans)
        return counter(ax, 1.0, 1.0, ax.transAxes + shift, scene.steps)
    (width, height), margin = in_points(ax), _margin()
    right, top = corner
    x = 1 - margin / width if right else (margin + counter_width(scene.steps)) / width
    y = 1 - margin / height if top else margin / height
    return counter(ax, x, y, ax.transAxes, scene.steps, top=bool(top))


def _margin() -> float:
    """Return the margin between a counter and the edges of its corner, in points."""
    return 0.8 * points("legend.fontsize")


def _moving(scene: Scene) -> tuple[Array, Array]:
    """Return the corners of the rectangles in which paths move at each step, in parts."""
    first = np.ones((scene.steps, 2))
    last = np.zeros((scene.steps, 2))
    for track in scene.tracks:
        path = np.clip(in_parts(track.positions, scene.limits), 0, 1)
        steps = len(path) - 1
        pairs = np.concatenate([path[:-1], path[1:]], axis=1)
        first[:steps] = np.fmin(first[:steps], np.fmin.reduce(pairs, axis=1))
        last[:steps] = np.fmax(last[:steps], np.fmax.reduce(pairs, axis=1))
    return first, last


#: No positions.
NOWHERE: Array = np.empty((0, 2))
#: Line height, gap between columns, and width of a marker instead of a name, in font sizes.
_LINE, _GAP, _MARK = 1.5, 1.1, 1.3
#: Greatest size of the table, in parts of the plot's sides.
_MOST = 0.92
#: Sizes of type to try, in parts of the default, and the least of them in points.
_SIZES, _LEAST = (1.0, 0.85, 0.7, 0.6), 6.5
#: How much wider words may be than their size implies, as letters are fitted to pixels.
_HINTED = 1.03


@dataclass(frozen=True)
class _Form:
    """A form of the table: its size of type, the width of its names, and its columns of paths."""

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
    """A small table over a plot with the loss and learning rate of each path."""

    def __init__(
        self,
        ax: Axes,
        scene: Scene,
        styles: Sequence[Style],
        occupied: Array,
        minima: Array | None = None,
        *,
        marks: bool = True,
    ) -> None:
        self._rows = [_cells(track, scene.naming.short[2]) for track in scene.tracks]
        labels = [literal(track.label) for track in scene.tracks]
        widths = [_widest(ax, cells) for cells in (labels, *_longest(self._rows))]
        if minima is None:
            minima = in_parts(scene.minima, scene.limits)
        form, (left, bottom), self.box = _best_form(
            ax, _forms(len(labels), widths, marks=marks), minima, occupied
        )
        draw_box(ax, self.box)

        side = np.array(in_points(ax))
        style: dict[str, Any] = {"fontsize": form.size, "transform": ax.transAxes}
        # On 3-D Axes `text` would write at a point of space.
        write = getattr(ax, "text2D", ax.text)
        self._texts: list[tuple[Text, Text]] = []
        for number, (label, path_style) in enumerate(zip(labels, styles, strict=True)):
            column, line = divmod(number, form.lines)
            x = left + column * (form.block + 2 * _GAP * form.size) / side[0]
            y = bottom + (form.lines - 1 - line) * _LINE * form.size / side[1]
            # Fixed artists lie below all moving ones.
            if form.names:
                write(x, y, label, color=path_style["color"], zorder=BOX, **style)
            elif len(labels) > 1:
                position = x + _MARK / 2 * form.size / side[0], y + 0.36 * form.size / side[1]
                ax.add_artist(_mark(position, path_style, form.size, ax.transAxes))
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
    """Return the two columns of numbers at each step."""
    losses = [_loss(values, name) for values in track.values]
    if track.rates is None:
        return [(loss, "") for loss in losses]
    return [(loss, f"lr {_short(r)}") for loss, r in zip(losses, track.rates, strict=True)]


def _loss(values: Array, name: str) -> str:
    """Write the loss of a path, or the mean over the paths of a batch that have not diverged."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return "diverged"
    # Halves, as a sum of the largest floats would be infinite.
    mean = _short(2 * float(np.mean(finite / 2)))
    if len(values) == 1:
        return f"{name} = {mean}"
    return f"mean {name} = {mean}" + (
        f" ({len(finite)} of {len(values)})" if len(finite) < len(values) else ""
    )


def _short(number: float) -> str:
    return f"{number:.3g}".replace("-", "\N{MINUS SIGN}")


def _longest(rows: Sequence[Sequence[tuple[str, str]]]) -> Iterator[list[str]]:
    """Yield the cells of each column with the most characters: one of them is the widest."""
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
    """Yield the forms of a table of `count` paths, the best first."""
    name, *numbers = widths
    row = sum(numbers) + (_GAP if numbers[1] else 0.0)
    firsts = [0.0] if count == 1 else [name, 0.0] if marks else [name]
    usual = points("xtick.labelsize")
    for size in [usual, *(share * usual for share in _SIZES[1:] if share * usual >= _LEAST)]:
        for first in firsts:
            before = first + _GAP if first else _MARK + 0.5 * _GAP if count > 1 else 0.0
            for columns in range(1, count + 1):
                lines = -(-count // columns)
                if (columns - 1) * lines < count:  # No column is empty.
                    yield _Form(size, first, (before + row) * size, columns, lines)


def _best_form(
    ax: Axes, forms: Iterable[_Form], minima: Array, occupied: Array
) -> tuple[_Form, tuple[float, float], Array]:
    """Choose the first form of the table that covers nothing, or the one that covers least."""
    side = np.array(in_points(ax))
    best: tuple[float, _Form, tuple[float, float], Array] | None = None
    for form in forms:
        excess = float((np.array(form.extent) / side).max() / _MOST)
        if excess > 1:  # A form that has to shrink is the last resort.
            if best is not None and 1e9 * excess >= best[0]:
                continue
            form = replace(form, size=form.size / excess, block=form.block / excess)
        corner, box, _ = place_box(ax, form.extent, form.size, minima, occupied)
        low, high = box.min(axis=0), box.max(axis=0)
        covered = ((occupied > low) & (occupied < high)).all(axis=1).sum()
        hidden = ((minima > low) & (minima < high)).all(axis=1).sum()
        cost = float(covered + 1e6 * hidden + (1e9 * excess if excess > 1 else 0.0))
        if best is None or cost < best[0]:
            best = cost, form, corner, box
        if not cost:
            break
    assert best is not None
    return best[1:]


def _mark(at: tuple[float, float], style: Style, size: float, transform: Transform) -> Line2D:
    """Return the marker of a path, as in the legend."""
    return Line2D(
        [at[0]],
        [at[1]],
        transform=transform,
        color=style["color"],
        marker=style["marker"],
        markersize=0.8 * size,
        markeredgecolor=setting("axes.facecolor"),
        markeredgewidth=0.5,
        linestyle="none",
        zorder=BOX,
    )


#: Distance of points along a path, in parts of a side, and number of steps from which it grows.
_SPACING, _POINTS = 0.01, 20_000
#: Offsets of a note from the exit, in its own widths and heights.
_EXIT_OFFSETS = np.array([(x / 10, y / 2) for x in range(-20, 21) for y in range(-8, 9)])
#: Cost of a note over another note, in points of a path covered.
_UNREADABLE = 1000
#: Points over a square from -1 to 1.
_SQUARE = np.stack(np.meshgrid(np.linspace(-1, 1, 7), np.linspace(-1, 1, 5)), -1).reshape(-1, 2)


class Exits:
    """Arrows and notes for the paths that leave the view, each visible from its step on."""

    def __init__(self, ax: Axes, scene: Scene, styles: Sequence[Style]) -> None:
        self.artists: list[Artist] = []
        self._since: list[int] = []
        occupied, notes = obstacles(scene), np.empty((0, 2))
        for track, style in zip(scene.tracks, styles, strict=True):
            for leaving in track.exits if len(track.exits) == 1 else ():
                if leaving is not None:
                    arrow = _arrow(ax, scene, leaving, style["color"])
                    note, box = _note(ax, scene, leaving, style["color"], occupied, notes)
                    notes = np.concatenate([notes, box])
                    self.artists += [arrow, note]
                    self._since += [leaving.step] * 2
        self.occupied = np.concatenate([occupied, notes])

    def show(self, step: int) -> None:
        """Show the exits up to `step`."""
        for artist, since in zip(self.artists, self._since, strict=True):
            artist.set_visible(step >= since)


def obstacles(scene: Scene) -> Array:
    """Return points that words must not cover, in parts of the plot's width and height."""
    groups = [in_parts(scene.minima, scene.limits)]
    for track in scene.tracks:
        groups.append(_along(in_parts(track.visible, scene.limits)))
        exits = [leaving.point for leaving in track.exits if leaving is not None]
        groups.append(in_parts(np.reshape(exits, (-1, 2)), scene.limits))
    occupied = np.concatenate(groups)
    return occupied[((occupied >= 0) & (occupied <= 1)).all(axis=1)]


def _along(paths: Array) -> Array:
    """Return points along paths of shape (time, paths, 2), closer than any word is wide."""
    begins = paths[:-1].reshape(-1, 2)
    vectors = paths[1:].reshape(-1, 2) - begins
    lengths = np.nan_to_num(abs(vectors).max(axis=1), nan=0.0, posinf=0.0)
    closer = _SPACING * max(1.0, len(vectors) / _POINTS)
    counts = np.clip(np.ceil(lengths / closer), 1, 200).astype(int)
    index = np.repeat(np.arange(len(vectors)), counts)
    part = (np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)) / counts[index]
    return np.concatenate([begins[index] + part[:, None] * vectors[index], paths[-1]])


def _arrow(ax: Axes, scene: Scene, leaving: Exit, color: Any) -> Artist:
    across, up = np.array(leaving.direction) * ax.bbox.size
    mark = setting("lines.markersize") * 2.6
    marker: Any = "x" if leaving.cut_off else (3, 0, float(np.degrees(np.arctan2(up, across))) - 90)
    arrow = Line2D(
        *in_parts(np.array(leaving.point), scene.limits)[:, None],
        transform=ax.transAxes,
        color=color,
        marker=marker,
        markersize=mark,
        markeredgecolor=color if leaving.cut_off else setting("axes.facecolor"),
        markeredgewidth=2.0 if leaving.cut_off else 0.8,
        linestyle="none",
        clip_on=False,
        zorder=HEAD + 0.9,
    )
    ax.add_line(arrow)
    return arrow


def _note(
    ax: Axes, scene: Scene, leaving: Exit, color: Any, occupied: Array, notes: Array
) -> tuple[Artist, Array]:
    """Write the step near the arrow where it covers least; return it and points of its box."""
    lines = leaving.words
    size = points("xtick.labelsize")
    side = np.array(in_points(ax))
    arrow = setting("lines.markersize") * 1.6 / side
    at = in_parts(np.array(leaving.point), scene.limits)
    occupied = np.concatenate([occupied, at + arrow * _SQUARE])
    options: list[tuple[tuple[Any, ...], str, Array, Array]] = []
    for words in (" ".join(lines), "\n".join(lines)):
        wide = max(text_size(line, size)[0] for line in words.split("\n")) + 1.4 * size
        box = np.array([wide, (1.7 + 1.2 * words.count("\n")) * size]) / side
        positions = np.clip(at + _EXIT_OFFSETS * box, box / 2 + 0.01, 1 - box / 2 - 0.01)
        covered = _inside(occupied, positions, box) + _UNREADABLE * _inside(notes, positions, box)
        gap = np.hypot(*(np.maximum(abs(positions - at) - box / 2, 0) * side).T)
        best = np.lexsort((gap, covered))[0]
        # A note wider than the plot is the last resort.
        options.append(((box[0] > 1, covered[best], len(options)), words, positions[best], box))
    _, words, (x, y), box = min(options, key=lambda option: option[0])
    note = ax.text(
        x,
        y,
        words,
        transform=ax.transAxes,
        color=color,
        ha="center",
        va="center",
        fontsize=size,
        zorder=NOTE,
    )
    return note, np.array([x, y]) + box * _SQUARE / 2


def _inside(occupied: Array, positions: Array, box: Array) -> NDArray[np.int64]:
    """Count the points inside a box at each of several positions."""
    near = abs(occupied[None] - positions[:, None]) < box / 2
    return np.asarray(near.all(axis=2).sum(axis=1))
