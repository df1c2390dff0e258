"""The line above a panel of a sheet: its title, and beside it what else is to be said."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from trajectories.plotting.header import fitted, in_points, points, text_size
from trajectories.plotting.theme import setting

__all__ = ["panel_head"]


def panel_head(ax: Axes, title: str, beside: str = "", color: Any = None) -> None:
    """Write the line above a panel."""
    size, small = points("axes.labelsize"), points("xtick.labelsize")
    ax.set_title(title, loc="left", y=1.0, pad=5, fontsize=size)
    if beside:
        room = in_points(ax)[0] - text_size(title, size)[0] - small
        text, fit = fitted([beside], room, small)
        color = setting("axes.labelcolor") if color is None else color
        ax.set_title(text, loc="right", y=1.0, pad=5, fontsize=fit, color=color)
