"""Words in pictures: measured text, header, legend and notes of theory."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.textpath import TextToPath
from numpy.typing import NDArray

from trajectories.plotting.theme import setting

Array = NDArray[np.float64]

#: Least scale of a heading before a shorter one replaces it.
_MIN_SCALE = 0.72
#: Greatest height of a heading, in font sizes.
_MAX_HEIGHT = 1.35


def literal(text: str) -> str:
    """Escape dollar signs, which Matplotlib reads as mathematics."""
    return text.replace("$", r"\$")


def points(key: str) -> float:
    """Return a font size setting, perhaps a word such as "large", in points."""
    return float(FontProperties(size=setting(key)).get_size_in_points())


def in_points(on: Any) -> tuple[float, float]:
    """Return the width and height of an Axes or a Figure in points."""
    dpi = on.get_figure().dpi
    return float(on.bbox.width / dpi * 72), float(on.bbox.height / dpi * 72)


def fitted(
    words: Sequence[str], width: float, size: float, figure: Any = None
) -> tuple[str, float]:
    """Choose the first of several texts that fits a width, perhaps in smaller type."""
    (text,), size = fitted_alike([words], width, size, figure)
    return text, size


def fitted_alike(
    rows: Sequence[Sequence[str]], width: float, size: float, figure: Any = None
) -> tuple[list[str], float]:
    """Choose texts of several rows for one width, in one form and size for all."""
    for texts in zip(*rows, strict=True):
        scale = _scale(texts, width, size, _MAX_HEIGHT * size, figure)
        if scale < 1.0:  # In small type, letters are fitted to pixels and may become wider.
            scale *= _scale(texts, width, size * scale, _MAX_HEIGHT * size, figure)
        if scale >= _MIN_SCALE:
            return list(texts), size * scale
    small = size * _MIN_SCALE
    return [shortened(row[-1], width, small) for row in rows], small


def _scale(texts: Sequence[str], width: float, size: float, height: float, figure: Any) -> float:
    """Return the scale at which texts fit a width and height, at most 1."""
    sizes = [text_size(text, size, figure) for text in texts]
    widest, tallest = max(size[0] for size in sizes), max(size[1] for size in sizes)
    return min(1.0, width / max(widest, 1.0), height / max(tallest, 1.0))


def shortened(text: str, width: float, size: float) -> str:
    """Return a text, cut if it is too wide to at least four characters."""
    if text_size(text, size)[0] <= width:
        return text
    lengths = range(4, len(text))
    fits = bisect_right(lengths, width, key=lambda n: text_size(text[:n] + "...", size)[0])
    # Without half of an escaped dollar sign.
    return text[: lengths[max(fits - 1, 0)] if lengths else len(text)].rstrip(" \\") + "..."


def text_size(text: str, size: float, figure: Any = None) -> tuple[float, float]:
    """Measure a text's width and height in points; infinite if Matplotlib cannot set it."""
    font = FontProperties(size=size)
    plain = text.replace(r"\$", "")
    try:
        if figure is not None and hasattr(figure.canvas, "get_renderer"):
            trial = Text(0, 0, text, fontproperties=font, figure=figure)
            extent = trial.get_window_extent(figure.canvas.get_renderer())
            width, height = extent.width / figure.dpi * 72, extent.height / figure.dpi * 72
            if "$" in plain and mpl.__version_info__ < (3, 11):
                # The measured extent includes some pixels of air.
                height = min(height, _outline(plain, font)[1])
            return float(width), float(height)
        return _outline(plain, font)[:2]
    except ValueError:
        return math.inf, math.inf


def ascent(text: str, size: float) -> float:
    """Return the height of a text above its baseline, in points."""
    _, height, descent = _outline(text.replace(r"\$", ""), FontProperties(size=size))
    return height - descent


def _outline(text: str, font: FontProperties) -> tuple[float, float, float]:
    """Measure the width, height and descent of a text's outline, without a figure."""
    measure = TextToPath().get_text_width_height_descent
    width, height, descent = measure(text, font, "$" in text)
    return float(width), float(height), float(descent)


_LEGEND_LINE = 1.55
#: How much wider words may become when letters are fitted to pixels.
_HINTED = 1.04
_GAP = 6.0


def heading(name: str, formula: str, latex: str) -> list[str]:
    """Return headings for a plot of a surface, the best first."""
    equation = f"$f(x, y) = {latex}$"
    if name == formula:
        return [equation, f"${latex}$", formula]
    title = literal(name.replace("_", " "))
    title = title[:1].upper() + title[1:]
    if not formula:
        return [title]
    return [f"{title}:  {equation}", equation, title]


def _ems() -> dict[str, float]:
    """Return the widths of a legend's parts other than words, in points."""
    keys = ("handlelength", "handletextpad", "columnspacing", "borderaxespad")
    return {key: setting(f"legend.{key}") * points("legend.fontsize") for key in keys}


def _entries(labels: Sequence[str], width: float) -> list[str]:
    """Return labels for a legend of a width in points, shortened to fit a line."""
    em = _ems()
    room = (width - em["handlelength"] - em["handletextpad"] - em["borderaxespad"]) / _HINTED
    return [shortened(literal(label), room, points("legend.fontsize")) for label in labels]


def _legend_columns(labels: Sequence[str], width: float) -> int:
    """Return the number of columns of a legend in a width in points."""
    if not labels:
        return 1
    em = _ems()
    edge = em.pop("borderaxespad")
    size = points("legend.fontsize")
    widths = [text_size(entry, size)[0] for entry in _entries(labels, width)]
    for columns in range(len(labels), 1, -1):
        # As Matplotlib fills them: where lengths differ, the first have one more.
        widest = [max(part.tolist()) for part in np.array_split(np.array(widths), columns)]
        needed = _HINTED * sum(widest) + columns * sum(em.values()) - em["columnspacing"]
        if needed + edge <= width:
            return columns
    return 1


def _lift(labels: Sequence[str], width: float) -> float:
    """Return the height of the heading's line above the panel, in points."""
    rows = -(-len(labels) // _legend_columns(labels, width))
    return rows * _LEGEND_LINE * points("legend.fontsize") + _GAP


def header_height(labels: Sequence[str], width: float) -> float:
    """Return the height of a header with a legend of these labels, in points."""
    return 1.5 * points("axes.titlesize") + _lift(labels, width)


def header_top(words: Sequence[str], labels: Sequence[str], width: float, figure: Any) -> float:
    """Return the height of a header above its panel, without any air, in points."""
    text, size = fitted(words, width, points("axes.titlesize"), figure)
    return _lift(labels, width) + ascent(text, size)


def draw_header(
    ax: Axes,
    words: Sequence[str],
    labels: Sequence[str],
    styles: Sequence[dict[str, Any]],
    *,
    room: float | None = None,
    beside: float = 0.0,
) -> float:
    """Write the heading and the legend above an Axes, and return the heading's height there."""
    width = in_points(ax)[0] if room is None else room
    if labels:
        draw_legend(ax, labels, styles, width)
    lift = _lift(labels, width)
    text, title_size = fitted(words, width - beside, points("axes.titlesize"), ax.figure)
    # With y given, Matplotlib does not measure the Axes to place the title.
    family = setting("font.family")
    ax.set_title(text, loc="left", pad=lift, fontsize=title_size, y=1.0, fontfamily=family)
    return lift


def draw_legend(
    ax: Axes,
    labels: Sequence[str],
    styles: Sequence[dict[str, Any]],
    width: float,
    lift: float = 0.0,
) -> None:
    """Write a legend above an Axes, in as many columns as fit."""
    up = lift / in_points(ax)[1] if lift else 0.0
    ax.legend(
        _handles(styles),
        _entries(labels, width),
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0 + up),
        ncols=_legend_columns(labels, width),
        borderpad=0.0,
    )


def draw_legend_inside(
    ax: Axes, labels: Sequence[str], styles: Sequence[dict[str, Any]], zorder: float
) -> None:
    """Put the legend inside an Axes without room above, where it covers least."""
    small = points("xtick.labelsize")
    legend = ax.legend(
        _handles(styles),
        _entries(labels, in_points(ax)[0]),
        loc="best",
        fontsize=small,
        frameon=True,
        framealpha=0.85,
        facecolor=setting("axes.facecolor"),
        edgecolor="none",
        labelcolor=setting("text.color"),
    )
    legend.set_zorder(zorder)


def _handles(styles: Sequence[dict[str, Any]]) -> list[Line2D]:
    """Return short lines in the styles of the tracks."""
    edge = setting("axes.facecolor")
    larger = setting("lines.markersize") * 1.4
    around = {"markeredgecolor": edge, "markeredgewidth": 0.5, "markersize": larger}
    return [Line2D([], [], **{**around, **style}) for style in styles]


#: Above the contours, below all moving artists.
BOX = 4.0
#: Margin around the words, in font sizes.
_PAD = 0.7
#: Line height, and height of a capital letter, in font sizes.
_LINE, CAPITAL = 1.45, 0.74
#: Scales of type to try where words have no room.
_SCALES = (1.0, 0.85, 0.72)
#: Positions of a box, in parts of the room around it, and their distances from the nearest corner.
_BOX_POSITIONS = np.stack(np.meshgrid(np.linspace(1, 0, 13), np.linspace(1, 0, 13)), -1).reshape(
    -1, 2
)
_BETWEEN = np.minimum(_BOX_POSITIONS, 1 - _BOX_POSITIONS).sum(axis=1)
#: Points across and along a box, in parts of it.
GRID = np.stack(np.meshgrid(np.linspace(0, 1, 25), np.linspace(0, 1, 9)), -1).reshape(-1, 2)


def draw_notes(ax: Axes, lines: Sequence[str], minima: Array, occupied: Array) -> Array:
    """Write lines where they cover no minimum and least else, preferably in a corner."""
    nominal = points("xtick.labelsize")
    width = max(text_size(line, nominal, ax.figure)[0] for line in lines)
    # With margins on both sides of the words, and of the box.
    part = min(in_points(ax)[0] / (width + 4 * _PAD * nominal), 1.0)
    height = ((len(lines) - 1) * _LINE + CAPITAL) * nominal
    trials = []
    for factor in _SCALES:
        scale = factor * part
        extent = scale * width, scale * height
        position = place_box(ax, extent, scale * nominal, minima, occupied)
        trials.append((scale * nominal, position))
        if not position.covers:
            break
    size, ((left, bottom), box, covers) = trials[-1]
    if covers:
        size, ((left, bottom), box, _) = trials[0]
    draw_box(ax, box)
    style: dict[str, Any] = {"fontsize": size, "color": setting("axes.labelcolor"), "zorder": BOX}
    # Line by line, as line heights differ between versions of Matplotlib.
    for number, line in enumerate(reversed(lines)):
        y = bottom + number * _LINE * size / in_points(ax)[1]
        ax.text(left, y, line, transform=ax.transAxes, **style)
    return box


class BoxPosition(NamedTuple):
    """Corner of a box for words, points over it, and whether it covers anything."""

    corner: tuple[float, float]
    box: Array
    covers: bool


def place_box(
    ax: Axes, extent: tuple[float, float], size: float, minima: Array, occupied: Array
) -> BoxPosition:
    """Find the position where a box for words covers least."""
    side = np.array(in_points(ax))
    gap = _PAD * size / side
    box = np.array(extent) / side + 2 * gap
    positions = gap + _BOX_POSITIONS * np.maximum(1 - 2 * gap - box, 0)

    def covered(points: Array, margin: Array) -> Array:
        low, high = positions[:, None] - margin, positions[:, None] + box + margin
        inside = ((points[None] >= low) & (points[None] <= high)).all(axis=2)
        return np.asarray(inside.sum(axis=1))

    lines, stars = covered(occupied, gap / 2), covered(minima, 2 * gap)
    best = np.lexsort((_BETWEEN, lines, stars))[0]
    corner = positions[best] + gap
    return BoxPosition(
        (float(corner[0]), float(corner[1])),
        np.asarray(positions[best] + box * GRID),
        bool(lines[best] or stars[best]),
    )


def draw_box(ax: Axes, box: Array) -> None:
    """Draw a plain box for words over a plot."""
    if ax.name == "3d":
        return
    (left, bottom), (width, height) = box.min(axis=0).tolist(), np.ptp(box, axis=0).tolist()
    ax.add_patch(
        Rectangle(
            (left, bottom),
            width,
            height,
            transform=ax.transAxes,
            facecolor=setting("axes.facecolor"),
            edgecolor="none",
            alpha=0.85,
            zorder=BOX,
        )
    )


def write_over(
    figure: Figure,
    words: Sequence[str],
    left: float,
    *,
    drop: float,
    room: float,
    size: float,
    color: str = "axes.titlecolor",
) -> float:
    """Write the first of several texts that fits over all panels; return its y."""
    y = 1 - drop / in_points(figure)[1]
    text, font_size = fitted(words, room, size, figure)
    figure.text(left, y, text, fontsize=font_size, color=setting(color), va="baseline")
    return y
