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
    """Write the first of several texts that has room over all panels of a figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Where to write.
    words : sequence of str
        What may be written, the best first.
    left : float
        Where it begins, in parts of the figure's width.
    drop : float
        How far below the figure's upper edge its baseline is, in points.
    room, size : float
        Its width and font size at most, in points.
    color : str
        The setting that tells its colour.

    Returns
    -------
    float
        Where its baseline is, in parts of the figure's height.

    Examples
    --------
    >>> write_over(Figure((4, 2)), ["Beale"], 0.1, drop=36, room=200, size=12)
    0.75
    """
    y = 1 - drop / in_points(figure)[1]
    text, fit = fitted(words, room, size, figure)
    figure.text(left, y, text, fontsize=fit, color=setting(color), va="baseline")
    return y
