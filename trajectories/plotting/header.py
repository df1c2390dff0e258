"""The words above a plot: heading, legend and step counter, fitted to its width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.textpath import TextToPath

from trajectories.plotting.theme import setting

__all__ = [
    "draw_header",
    "fitted",
    "fitted_alike",
    "header_height",
    "heading",
    "in_points",
    "literal",
    "points",
    "text_size",
]

#: A heading may be set this much smaller before a shorter one is taken.
_SMALLEST = 0.72
#: How tall a heading may be, in font sizes.
_TALLEST = 1.35
_LEGEND_LINE = 1.55
#: How much wider words may become when they are fitted to pixels.
_HINTED = 1.04
_GAP = 6.0


def heading(name: str, formula: str, latex: str) -> list[str]:
    """Return the words that may stand over a plot of a surface, the best first.

    Parameters
    ----------
    name : str
        The surface's name; its formula if it has none of its own.
    formula : str
        The formula as text; "" if there is none.
    latex : str
        The formula in LaTeX.

    Returns
    -------
    list of str

    Examples
    --------
    >>> heading("six_hump_camel", "x**2", "x^{2}")
    ['Six hump camel:  $f(x, y) = x^{2}$', '$f(x, y) = x^{2}$', 'Six hump camel']
    """
    set_formula = f"$f(x, y) = {latex}$"
    if name == formula:
        return [set_formula, formula]
    called = literal(name.replace("_", " "))
    called = called[:1].upper() + called[1:]
    if not formula:
        return [called]
    return [f"{called}:  {set_formula}", set_formula, called]


def literal(text: str) -> str:
    """Keep Matplotlib from reading dollar signs as mathematics."""
    return text.replace("$", r"\$")


def points(key: str) -> float:
    """Return a font size setting, which may be a word such as "large", in points."""
    return float(FontProperties(size=setting(key)).get_size_in_points())


def in_points(on: Any) -> tuple[float, float]:
    """Return the width and height of an Axes or a Figure in points.

    Parameters
    ----------
    on : matplotlib.axes.Axes or matplotlib.figure.Figure
        What to measure.

    Returns
    -------
    (float, float)
    """
    dpi = on.get_figure().dpi
    return float(on.bbox.width / dpi * 72), float(on.bbox.height / dpi * 72)


def fitted(
    words: Sequence[str], width: float, size: float, figure: Any = None
) -> tuple[str, float]:
    """Choose the first of several texts that fits a width, set smaller if need be.

    Parameters
    ----------
    words : sequence of str
        What may be written, the best first.
    width : float
        Room, in points.
    size : float
        Font size, in points.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where it will be drawn: mathematics is then set once, for measuring and drawing.

    Returns
    -------
    text : str
        The last text is cut if none fits.
    size : float
        In points.
    """
    (text,), size = fitted_alike([words], width, size, figure)
    return text, size


def fitted_alike(
    rows: Sequence[Sequence[str]], width: float, size: float, figure: Any = None
) -> tuple[list[str], float]:
    """Choose what stands in several places of one width, in one form and size for all.

    Parameters
    ----------
    rows : sequence of sequence of str
        For each place what may be written, the best first.
    width, size, figure
        As for `fitted`.

    Returns
    -------
    texts : list of str
        The first form that fits everywhere; the last, cut where it must be, if none does.
    size : float
        In points.
    """
    for texts in zip(*rows, strict=True):
        scale = _scale(texts, width, size, _TALLEST * size, figure)
        if scale < 1.0:  # In small type, letters are fitted to pixels and may become wider.
            scale *= _scale(texts, width, size * scale, _TALLEST * size, figure)
        if scale >= _SMALLEST:
            return list(texts), size * scale
    small = size * _SMALLEST
    return [_cut(row[-1], width, small) for row in rows], small


def _scale(texts: Sequence[str], width: float, size: float, height: float, figure: Any) -> float:
    """Return how much smaller texts must be set to fit a width and height."""
    sizes = [text_size(text, size, figure) for text in texts]
    widest, tallest = max(size[0] for size in sizes), max(size[1] for size in sizes)
    return min(1.0, width / max(widest, 1.0), height / max(tallest, 1.0))


def _cut(text: str, width: float, size: float) -> str:
    """Return a text, cut if it is too wide."""
    if text_size(text, size)[0] <= width:
        return text
    while len(text) > 4 and text_size(text + "...", size)[0] > width:
        text = text[:-1]
    return text.rstrip() + "..."


def text_size(text: str, size: float, figure: Any = None) -> tuple[float, float]:
    """Measure a text's width and height in points; infinite if it cannot be set.

    Parameters
    ----------
    text : str
        What to measure.
    size : float
        Font size, in points.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where it will be drawn: mathematics is then set once, for measuring and drawing.

    Returns
    -------
    (float, float)
    """
    font = FontProperties(size=size)
    plain = text.replace(r"\$", "")
    try:
        if figure is not None and hasattr(figure.canvas, "get_renderer"):
            trial = Text(0, 0, text, fontproperties=font, figure=figure)
            extent = trial.get_window_extent(figure.canvas.get_renderer())
            width, height = extent.width / figure.dpi * 72, extent.height / figure.dpi * 72
            if "$" in plain and mpl.__version_info__ < (3, 11):
                # Some pixels of what is measured are air.
                height = min(height, _outline(plain, font)[1])
            return float(width), float(height)
        return _outline(plain, font)
    except ValueError:
        return math.inf, math.inf


def _outline(text: str, font: FontProperties) -> tuple[float, float]:
    """Measure the outline of a text, without a figure."""
    measure = TextToPath().get_text_width_height_descent
    width, height, _ = measure(text, font, "$" in text)
    return float(width), float(height)


def _legend_columns(labels: Sequence[str], width: float) -> int:
    """Return how many entries of a legend fit beside each other in a width in points."""
    if not labels:
        return 1
    size = points("legend.fontsize")
    em = {
        key: setting(f"legend.{key}") * size
        for key in ("handlelength", "handletextpad", "columnspacing")
    }
    widths = [text_size(literal(label), size)[0] for label in labels]
    for columns in range(len(labels), 1, -1):
        # As Matplotlib fills them: the first ones have one more where they are not alike.
        widest = [max(part.tolist()) for part in np.array_split(np.array(widths), columns)]
        needed = _HINTED * sum(widest) + columns * sum(em.values()) - em["columnspacing"]
        if needed + setting("legend.borderaxespad") * size <= width:
            return columns
    return 1


def header_height(labels: Sequence[str], width: float) -> float:
    """Return the height of a header with a legend of these labels, in points.

    Parameters
    ----------
    labels : sequence of str
        Entries of the legend.
    width : float
        The header's width, in points.
    """
    rows = -(-len(labels) // _legend_columns(labels, width))
    return 1.5 * points("axes.titlesize") + rows * _LEGEND_LINE * points("legend.fontsize") + _GAP


def draw_header(
    ax: Axes,
    words: Sequence[str],
    labels: Sequence[str],
    styles: Sequence[dict[str, Any]],
    *,
    room: float | None = None,
    beside: float = 0.0,
) -> float:
    """Write the heading and the legend above an Axes, where no path can be.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Above which to write.
    words : sequence of str
        Headings, the best first; the first that fits is set.
    labels, styles : sequence
        Entries of the legend; none if empty.
    room : float, optional
        Width of the header in points; by default the Axes' own.
    beside : float, default 0
        How much of it something else takes on the heading's line, at its right end.

    Returns
    -------
    float
        How high above the Axes the heading's line is, in points.
    """
    width = in_points(ax)[0] if room is None else room
    if labels:
        _draw_legend(ax, labels, styles, _legend_columns(labels, width))
    rows = -(-len(labels) // _legend_columns(labels, width))
    lift = _GAP + rows * _LEGEND_LINE * points("legend.fontsize")
    text, title_size = fitted(words, width - beside, points("axes.titlesize"), ax.figure)
    # With y given, Matplotlib does not measure the whole Axes to place its title.
    ax.set_title(text, loc="left", pad=lift, fontsize=title_size, y=1.0)
    return lift


def _draw_legend(
    ax: Axes, labels: Sequence[str], styles: Sequence[dict[str, Any]], columns: int
) -> None:
    edge = setting("axes.facecolor")
    larger = setting("lines.markersize") * 1.4
    handles = [
        Line2D(
            [],
            [],
            **{"markeredgecolor": edge, "markeredgewidth": 0.5, "markersize": larger, **style},
        )
        for style in styles
    ]
    ax.legend(
        handles,
        [literal(label) for label in labels],
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        borderpad=0.0,
    )
