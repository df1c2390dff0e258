"""What changes in a picture of a network while it learns: histograms, and words above them."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import NDArray

from trajectories.plotting.header import points
from trajectories.plotting.theme import setting

__all__ = ["Histogram", "WordsLine", "parts_of"]

#: What moves lies above whatever stands still.
_ABOVE = 10.0


class Histogram:
    """A histogram that can show any moment; what is exactly 0 is told of beside it."""

    def __init__(
        self,
        ax: Axes,
        counts: NDArray[np.float64],
        edges: NDArray[np.float64],
        silent: NDArray[np.float64],
        moments: Any,
        color: str,
    ) -> None:
        self._parts = parts_of(counts)
        self._silent = silent
        self._moments = {int(step): row for row, step in enumerate(moments)}
        width = 0.8 * setting("lines.linewidth")
        self._bars = ax.stairs(self._parts[0], edges, fill=True, color=color, alpha=0.4, lw=0)
        self._edge = ax.stairs(self._parts[0], edges, color=color, lw=width)
        self._words = ax.text(
            0.97,
            0.95,
            "",
            transform=ax.transAxes,
            ha="right",
            va="top",
            fontsize=points("xtick.labelsize"),
            color=setting("axes.labelcolor"),
        )
        self.artists: list[Artist] = [self._bars, self._edge, self._words]
        for i, artist in enumerate(self.artists):
            artist.set_zorder(_ABOVE + i)

    def show(self, step: int) -> None:
        """Show the moment of an iteration."""
        row = self._moments[step]
        self._bars.set_data(self._parts[row])
        self._edge.set_data(self._parts[row])
        part = self._silent[row]
        self._words.set_text(f"{part:.0%} zero".replace("%", " %") if part > 0.005 else "")


class WordsLine:
    """A line of words that change, in the place of the words that stand still."""

    def __init__(self, strip: Axes, words: dict[int, str]) -> None:
        style: Any = {"fontsize": points("axes.labelsize"), "color": setting("axes.labelcolor")}
        style |= {"xytext": (0, 6), "textcoords": "offset points", "xycoords": "axes fraction"}
        self._text = strip.annotate("", (0, 1), va="baseline", annotation_clip=False, **style)
        self._words = words
        self.artists: list[Artist] = [self._text]

    def show(self, step: int) -> None:
        """Show the words of an iteration."""
        self._text.set_text(self._words[step])


def parts_of(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return counts as parts of their sums, which may be 0."""
    return np.asarray(counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1))
