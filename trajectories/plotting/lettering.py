"""Lettering: how large words become, and what is written where there is little room."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.textpath import TextToPath

from trajectories.plotting.theme import setting

__all__ = [
    "ascent",
    "fitted",
    "fitted_alike",
    "in_points",
    "literal",
    "points",
    "shortened",
    "text_size",
]

#: A heading may be set this much smaller before a shorter one is taken.
_SMALLEST = 0.72
#: How tall a heading may be, in font sizes.
_TALLEST = 1.35


def literal(text: str) -> str:
    """Keep Matplotlib from reading dollar signs as mathematics."""
    return text.replace("$", r"\$")


def points(key: str) -> float:
    """Return a font size setting, which may be a word such as "large", in points."""
    return float(FontProperties(size=setting(key)).get_size_in_points())


def in_points(on: Any) -> tuple[float, float]:
    """Return the width and height of an Axes or a Figure in points."""
    dpi = on.get_figure().dpi
    return float(on.bbox.width / dpi * 72), float(on.bbox.height / dpi * 72)


def fitted(
    words: Sequence[str], width: float, size: float, figure: Any = None
) -> tuple[str, float]:
    """Choose the first of several texts that fits a width, set smaller if need be."""
    (text,), size = fitted_alike([words], width, size, figure)
    return text, size


def fitted_alike(
    rows: Sequence[Sequence[str]], width: float, size: float, figure: Any = None
) -> tuple[list[str], float]:
    """Choose what stands in several places of one width, in one form and size for all."""
    for texts in zip(*rows, strict=True):
        scale = _scale(texts, width, size, _TALLEST * size, figure)
        if scale < 1.0:  # In small type, letters are fitted to pixels and may become wider.
            scale *= _scale(texts, width, size * scale, _TALLEST * size, figure)
        if scale >= _SMALLEST:
            return list(texts), size * scale
    small = size * _SMALLEST
    return [shortened(row[-1], width, small) for row in rows], small


def _scale(texts: Sequence[str], width: float, size: float, height: float, figure: Any) -> float:
    """Return how much smaller texts must be set to fit a width and height."""
    sizes = [text_size(text, size, figure) for text in texts]
    widest, tallest = max(size[0] for size in sizes), max(size[1] for size in sizes)
    return min(1.0, width / max(widest, 1.0), height / max(tallest, 1.0))


def shortened(text: str, width: float, size: float) -> str:
    """Return a text, cut if it is too wide; some letters always stay."""
    if text_size(text, size)[0] <= width:
        return text
    kept = range(4, len(text))
    fits = bisect_right(kept, width, key=lambda n: text_size(text[:n] + "...", size)[0])
    # Without half of an escaped dollar sign, too.
    return text[: kept[max(fits - 1, 0)] if kept else len(text)].rstrip(" \\") + "..."


def text_size(text: str, size: float, figure: Any = None) -> tuple[float, float]:
    """Measure a text's width and height in points; infinite if it cannot be set."""
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
        return _outline(plain, font)[:2]
    except ValueError:
        return math.inf, math.inf


def ascent(text: str, size: float) -> float:
    """Return how far a text that can be set goes up from its baseline, in points."""
    _, height, descent = _outline(text.replace(r"\$", ""), FontProperties(size=size))
    return height - descent


def _outline(text: str, font: FontProperties) -> tuple[float, float, float]:
    """Measure the width, height and descent of a text's outline, without a figure."""
    measure = TextToPath().get_text_width_height_descent
    width, height, descent = measure(text, font, "$" in text)
    return float(width), float(height), float(descent)
