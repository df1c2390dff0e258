"""Words that change from frame to frame: the counter, the readout, exits."""

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
    """A step counter: the word stands still, and each digit is a text of its own."""

    def __init__(self, digits: Sequence[Text]) -> None:
        for digit in digits:
            digit.set_zorder(NOTE)
        self._digits = list(digits)
        self.artists: list[Artist] = list(digits)

    def show(self, step: int) -> None:
        """Show the number of the step."""
        number = str(step)[::-1].ljust(len(self._digits))
        for digit, place in zip(number, self._digits, strict=True):
            place.set_text(digit.strip())


def counter_width(steps: int) -> float:
    """Return the width of a counter up to `steps`, in points."""
    size = points("legend.fontsize")
    return text_size(f"step {steps}", size)[0] + 0.4 * size


def counter(
    on: Axes | Figure, x: float, y: float, transform: Transform, steps: int, *, top: bool = False
) -> Caption:
    """Write the word of a step counter, and make the places of its digits."""
    size = points("legend.fontsize")
    advance = text_size("00", size)[0] - text_size("0", size)[0]
    style = {"fontsize": size, "color": setting("axes.labelcolor"), "va": "baseline"}
    inches = on.get_figure().dpi_scale_trans  # type: ignore[union-attr]
    down = 0.8 * size if top else 0.0

    def place(back: float) -> Transform:
        return transform + ScaledTranslation(-back / 72, -down / 72, inches)

    digits = [
        on.text(x, y, "", transform=place((i + 0.5) * advance), ha="center", **style)
        for i in range(len(str(steps)))
    ]
    on.text(x, y, "step", transform=place(len(digits) * advance + 0.35 * size), ha="right", **style)
    return Caption(digits)


def free_corner(ax: Axes, scene: Scene, taken: Array) -> tuple[int, int] | None:
    """Choose the corner of a plot where a counter covers nothing and is nearest to what moves."""
    width, height = in_points(ax)
    size, margin = points("legend.fontsize"), _margin()
    box = (counter_width(scene.steps) + 2 * margin) / width, (size + 2 * margin) / height
    first, last = _moving(scene)
    best, area = None, np.inf
    for corner in _CORNERS:
        if (abs(taken - corner) < 1.1 * np.array(box)).all(axis=1).any():
            continue
        inner = abs(np.array(corner) - box)
        low = np.minimum(first, np.minimum(corner, inner))
        high = np.maximum(last, np.maximum(corner, inner))
        covered = float((high - low).prod(axis=1).sum())
        if covered < area - 1e-9:
            best, area = corner, covered
    return best


def draw_counter(
    ax: Axes, scene: Scene, place: tuple[int, int] | None, lift: float, beyond: float = 0.0
) -> Caption:
    """Put a step counter into a corner of a plot of paths, or above it if no corner is free."""
    if place is None:
        shift = ScaledTranslation(beyond / 72, lift / 72, ax.figure.dpi_scale_trans)
        return counter(ax, 1.0, 1.0, ax.transAxes + shift, scene.steps)
    (width, height), margin = in_points(ax), _margin()
    right, top = place
    x = 1 - margin / width if right else (margin + counter_width(scene.steps)) / width
    y = 1 - margin / height if top else margin / height
    return counter(ax, x, y, ax.transAxes, scene.steps, top=bool(top))


def _margin() -> float:
    """Return the room between a counter and the edges of its corner, in points."""
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


#: Distance of the points looked at along a path, in parts of a side; larger from so many steps on.
_SPACING, _POINTS = 0.01, 20_000
#: Where a note may stand, in its own widths and heights from the exit.
_EXIT_OFFSETS = np.array([(x / 10, y / 2) for x in range(-20, 21) for y in range(-8, 9)])
#: A note over a note is as bad as one over so many points of a path.
_UNREADABLE = 1000
#: Points all over a square from -1 to 1.
_SQUARE = np.stack(np.meshgrid(np.linspace(-1, 1, 7), np.linspace(-1, 1, 5)), -1).reshape(-1, 2)


class Exits:
    """Arrows and notes for the paths of a scene that leave it; each is there from its step on."""

    def __init__(self, ax: Axes, scene: Scene, styles: Sequence[Style]) -> None:
        self.artists: list[Artist] = []
        self._since: list[int] = []
        taken, notes = obstacles(scene), np.empty((0, 2))
        for track, style in zip(scene.tracks, styles, strict=True):
            for leaving in track.exits if len(track.exits) == 1 else ():
                if leaving is not None:
                    arrow = _arrow(ax, scene, leaving, style["color"])
                    note, box = _note(ax, scene, leaving, style["color"], taken, notes)
                    notes = np.concatenate([notes, box])
                    self.artists += [arrow, note]
                    self._since += [leaving.step] * 2
        self.taken = np.concatenate([taken, notes])

    def show(self, step: int) -> None:
        """Show what has left by `step`."""
        for artist, since in zip(self.artists, self._since, strict=True):
            artist.set_visible(step >= since)


def obstacles(scene: Scene) -> Array:
    """Return what words must not cover, as points in parts of the plot's width and height."""
    found = [in_parts(scene.minima, scene.limits)]
    for track in scene.tracks:
        found.append(_along(in_parts(track.visible, scene.limits)))
        exits = [leaving.point for leaving in track.exits if leaving is not None]
        found.append(in_parts(np.reshape(exits, (-1, 2)), scene.limits))
    taken = np.concatenate(found)
    return taken[((taken >= 0) & (taken <= 1)).all(axis=1)]


def _along(paths: Array) -> Array:
    """Return points along paths of shape (time, paths, 2), close enough for no word to slip in."""
    begins = paths[:-1].reshape(-1, 2)
    ways = paths[1:].reshape(-1, 2) - begins
    lengths = np.nan_to_num(abs(ways).max(axis=1), nan=0.0, posinf=0.0)
    closer = _SPACING * max(1.0, len(ways) / _POINTS)
    counts = np.clip(np.ceil(lengths / closer), 1, 200).astype(int)
    which = np.repeat(np.arange(len(ways)), counts)
    share = (np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)) / counts[which]
    return np.concatenate([begins[which] + share[:, None] * ways[which], paths[-1]])


def _lost(leaving: Exit) -> bool:
    return leaving.direction == (0.0, 0.0)


def _arrow(ax: Axes, scene: Scene, leaving: Exit, color: Any) -> Artist:
    across, up = np.array(leaving.direction) * ax.bbox.size
    mark = setting("lines.markersize") * 2.6
    marker: Any = "x" if _lost(leaving) else (3, 0, float(np.degrees(np.arctan2(up, across))) - 90)
    arrow = Line2D(
        *in_parts(np.array(leaving.point), scene.limits)[:, None],
        transform=ax.transAxes,
        color=color,
        marker=marker,
        markersize=mark,
        markeredgecolor=color if _lost(leaving) else setting("axes.facecolor"),
        markeredgewidth=2.0 if _lost(leaving) else 0.8,
        linestyle="none",
        clip_on=False,
        zorder=HEAD + 0.9,
    )
    ax.add_line(arrow)
    return arrow


def _note(
    ax: Axes, scene: Scene, leaving: Exit, color: Any, taken: Array, notes: Array
) -> tuple[Artist, Array]:
    """Write the step where it covers least, near the arrow; return the note and its corners."""
    lines = leaving.words
    size = points("xtick.labelsize")
    side = np.array(in_points(ax))
    arrow = setting("lines.markersize") * 1.6 / side
    at = in_parts(np.array(leaving.point), scene.limits)
    taken = np.concatenate([taken, at + arrow * _SQUARE])
    tried: list[tuple[tuple[Any, ...], str, Array, Array]] = []
    for words in (" ".join(lines), "\n".join(lines)):
        wide = max(text_size(line, size)[0] for line in words.split("\n")) + 1.4 * size
        box = np.array([wide, (1.7 + 1.2 * words.count("\n")) * size]) / side
        places = np.clip(at + _EXIT_OFFSETS * box, box / 2 + 0.01, 1 - box / 2 - 0.01)
        covered = _inside(taken, places, box) + _UNREADABLE * _inside(notes, places, box)
        gap = np.hypot(*(np.maximum(abs(places - at) - box / 2, 0) * side).T)
        best = np.lexsort((gap, covered))[0]
        # What is wider than the plot is worst of all.
        tried.append(((box[0] > 1, covered[best], len(tried)), words, places[best], box))
    _, words, (x, y), box = min(tried, key=lambda one: one[0])
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


def _inside(taken: Array, places: Array, box: Array) -> NDArray[np.int64]:
    """Count the points inside a box at each of several places."""
    near = abs(taken[None] - places[:, None]) < box / 2
    return np.asarray(near.all(axis=2).sum(axis=1))
