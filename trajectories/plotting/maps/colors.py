"""Colours of maps: a scale for how good a cell is, and a shade for each minimum and step."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Colormap, LogNorm, Normalize, to_rgb
from numpy.typing import NDArray

from trajectories.maps.outcomes import Sensitivity
from trajectories.plotting.theme import setting

__all__ = ["NOWHERE", "Shades", "excess_of", "quality_map", "quality_norm"]

Array = NDArray[np.float64]

#: Where no path arrives.
NOWHERE = (0.0, 0.0, 0.0)
#: How many minima have a colour of their own; the others share a grey.
_COLORED = 8
#: Losses are told apart down to so much of that at the start.
_DYNAMIC = 1e-12
#: How much white is in what is fastest, and how much black in what is slowest.
_TINT, _SHADE = 0.55, 0.55
_OTHERS = (0.62, 0.62, 0.62)


def excess_of(result: Sensitivity) -> tuple[Array, str]:
    """Return the values of a map as they are drawn, and what they are called."""
    values = np.where(result.lost, np.nan, result.values)
    if result.measure == "steps":
        return values, f"steps until the gradient is below {result.settings.tolerance:g}"
    floor = result.surface.floor
    after = f"after {result.steps} steps"
    if not floor:
        return values, f"loss {after}"
    return values - floor, f"loss above the minimum {after}"


def quality_map() -> Colormap:
    """Return the colours of losses, the lowest first: dark on a light page, light on a dark one."""
    light = sum(to_rgb(setting("axes.facecolor"))) > 1.5
    return mpl.colormaps["YlGnBu_r" if light else "YlGnBu"]


def quality_norm(values: Array, measure: str = "loss") -> Normalize:
    """Return the scale of a map's values: logarithmic if it can be."""
    known = values[np.isfinite(values)]
    if not known.size:
        return Normalize(0.0, 1.0)
    low, high = float(known.min()), float(known.max())
    if low < 0 or high <= 0 or (measure == "steps" and high < 20 * max(low, 1.0)):
        return Normalize(low, high if high > low else low + 1.0)
    positive = known[known > 0]
    least = max(float(positive.min()), _DYNAMIC * high)
    return LogNorm(least, high if high > least else 10 * least, clip=True)


class Shades:
    """The colour of a cell by its minimum, and how bright it is by the steps that it takes."""

    def __init__(self, count: int, known: int, slowest: int) -> None:
        cycle = [to_rgb(style["color"]) for style in setting("axes.prop_cycle") if "color" in style]
        # No greys and no blacks: black is for what arrives nowhere.
        lively = [color for color in cycle if max(color) - min(color) > 0.25]
        lively = (lively or [to_rgb(f"C{i}") for i in range(10)])[:_COLORED]
        self.coloured = count if count <= len(lively) else min(known, count)
        self.colors = [
            lively[i % len(lively)] if i < self.coloured else _OTHERS for i in range(count)
        ]
        self.slowest = max(slowest, 1)

    def rgb(self, minimum: NDArray[np.integer], steps: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Return the colours of cells."""
        minimum, steps = np.broadcast_arrays(minimum, steps)
        base = np.array([*self.colors, NOWHERE])[minimum]
        late = self.lateness(steps)[..., None]
        tinted = base + (1 - base) * _TINT * np.clip(1 - 2 * late, 0, 1)
        shaded = tinted * (1 - _SHADE * np.clip(2 * late - 0.6, 0, 1.4) / 1.4)
        shaded[minimum < 0] = NOWHERE
        return np.asarray(np.round(255 * shaded), dtype=np.uint8)

    def lateness(self, steps: NDArray[np.integer]) -> Array:
        """Return how late steps are, from 0 for none to 1 for the slowest."""
        return np.clip(np.asarray(steps, dtype=float) / self.slowest, 0.0, 1.0) ** 0.8
