"""The field of steepest descent, as arrows over the contours."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver

from trajectories.plotting.tracks import check_names, properties, track_styles
from trajectories.plotting.view import Limits
from trajectories.surfaces import Surface

__all__ = ["check_arrows", "draw_field"]


def check_arrows(given: Mapping[str, Any]) -> None:
    """Raise if arrows cannot have these properties, before anything is drawn."""
    check_names(
        given, {*properties(Quiver), *signature(Quiver).parameters} - {"ax", "args", "kwargs"}
    )
    Quiver(Figure().add_subplot(), 0, 0, 1, 1, **given)  # It checks the values.


def draw_field(ax: Axes, surface: Surface, limits: Limits, arrows: int, **kwargs: Any) -> None:
    """Draw arrows down the negative gradient; their lengths go with the root of its norm."""
    (x0, x1), (y0, y1) = limits
    width, height = ax.bbox.width, ax.bbox.height
    across = max(2, round(arrows * min(1.0, width / height)))
    up = max(2, round(arrows * min(1.0, height / width)))
    spacing = min((x1 - x0) / across, (y1 - y0) / up)
    x = x0 + (np.arange(across) + 0.5) / across * (x1 - x0)
    y = y0 + (np.arange(up) + 0.5) / up * (y1 - y0)
    p = np.stack(np.meshgrid(x, y), axis=-1)
    g = -surface.gradient(p)
    g[~np.isfinite(g).all(axis=-1)] = np.nan
    g /= np.sqrt(np.hypot(g[..., :1], g[..., 1:])) + 1e-300
    longest = np.nanmax(np.hypot(g[..., 0], g[..., 1]), initial=0.0)
    style = {
        "color": track_styles(1)[0]["color"],
        "angles": "xy",
        "scale_units": "xy",
        "scale": longest / (0.95 * spacing) if longest > 0 else 1.0,
        "width": 0.0035,
        "headwidth": 4.0,
        "headlength": 4.5,
        "zorder": 4.0,
        **kwargs,
    }
    ax.quiver(p[..., 0], p[..., 1], g[..., 0], g[..., 1], **style)
