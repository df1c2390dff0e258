"""Words over all panels of a figure."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from trajectories.plotting.header import fitted, in_points
from trajectories.plotting.theme import setting

__all__ = ["write_over"]


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
    """Write the first of several texts that has room over all panels of a figure."""
    y = 1 - drop / in_points(figure)[1]
    text, fit = fitted(words, room, size, figure)
    figure.text(left, y, text, fontsize=fit, color=setting(color), va="baseline")
    return y
