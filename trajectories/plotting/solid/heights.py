"""Heights: how high a surface and the paths on it stand in a 3-D picture, as plain data."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from trajectories.plotting.scene import Scene, Track
from trajectories.plotting.view import Limits, in_parts

__all__ = ["Heights", "Lifted", "lifted"]

Array = NDArray[np.float64]

#: Distance of the points along a lifted path, in parts of a side; larger from so many steps on.
_SPACING, _POINTS = 0.008, 20_000
#: How far outside the view rounding may put a path's end at the edge, in parts of a side.
_EDGE = 1e-9


@dataclass(frozen=True)
class Heights:
    """A scale of heights on which the contours of a relief are about equally far apart."""

    floor: float | None
    unit: float = 1.0

    @classmethod
    def of(cls, scene: Scene) -> Heights:
        """Make the scale for a scene."""
        relief = scene.relief
        gaps = np.diff(relief.levels)
        if not len(gaps) or np.ptp(gaps) <= 1e-6 * gaps.max():
            return cls(None)
        low = float(np.nanmin(relief.z))
        floor = low if scene.floor is None else min(scene.floor, low)
        # Not the very lowest contour, or the bottom of a valley becomes a chasm that hides itself.
        unit = float(relief.levels[len(gaps) // 4]) - floor
        return cls(floor, unit if unit > 0 else float(relief.levels[-1]) - floor)

    def __call__(self, values: Array) -> Array:
        """Return the heights of values of f; below the floor there is only the floor."""
        if self.floor is None:
            return np.asarray(values, dtype=float)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.log1p(np.maximum(np.asarray(values) - self.floor, 0.0) / self.unit)

    @property
    def label(self) -> str:
        """What the ticks tell: f, or f less the floor, as f + 1.03 if the floor is -1.03."""
        if not self.floor:
            return "$f(x, y)$"
        sign = "+" if self.floor < 0 else "-"
        return f"$f(x, y) {sign} {_written(float(f'{abs(self.floor):.3g}')).strip('$')}$"

    def ticks(self, low: float, high: float, least: float) -> tuple[Array, list[str]]:
        """Choose where between two heights to write which values of f, less the floor."""
        if not least < 1:
            return np.empty(0), []
        if self.floor is None:
            values = _round_numbers(low, high, least)
            return self._apart(values, values, low, high, least)
        bottom, top = (float(np.expm1(min(end, 700.0))) * self.unit for end in (low, high))
        first = math.floor(math.log10(self.unit)) - 1
        powers = [10.0**n for n in range(first, math.ceil(math.log10(top)) + 1)]
        values = np.array([0.0, *powers])
        kept = self._apart(values, np.log1p(values / self.unit), low, high, least)
        if len(kept[1]) > 1:
            return kept
        values = np.maximum(_round_numbers(bottom, top, least), 0.0)
        return self._apart(values, np.log1p(values / self.unit), low, high, least)

    def _apart(
        self, values: Array, heights: Array, low: float, high: float, least: float
    ) -> tuple[Array, list[str]]:
        """Keep those that lie between the ends, and far enough above the last that was kept."""
        kept: list[int] = []
        slack = 1e-9 * (high - low)
        for i, height in enumerate(heights):
            far = not kept or height - heights[kept[-1]] >= least * (high - low)
            if far and low - slack <= height <= high + slack:
                kept.append(i)
        return heights[kept], [_written(float(values[i])) for i in kept]


def _round_numbers(low: float, high: float, least: float) -> Array:
    locator = MaxNLocator(min(5, int(1 / least)), steps=[1, 2, 5, 10])
    return np.asarray(locator.tick_values(low, high))


def _written(value: float) -> str:
    """Write a tick's value, as a power of ten where the number would be long."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.6g}".replace("-", "\N{MINUS SIGN}")
    digits, _, power = f"{value:.3g}".partition("e")
    ten = f"10^{{{int(power or 5)}}}"
    return f"${ten}$" if digits == "1" else f"${digits} \\cdot {ten}$"


@dataclass(frozen=True, eq=False)
class Lifted:
    """The paths of a track on the surface, with points between the steps that follow it."""

    points: Array
    ends: NDArray[np.intp]

    @property
    def stops(self) -> Array:
        """The points at the steps themselves."""
        return self.points[self.ends]


def lifted(
    track: Track, limits: Limits, value: Callable[[Array], Array], heights: Heights
) -> Lifted:
    """Put the paths of a track on the surface."""
    flat = track.visible
    ways = np.diff(in_parts(flat, limits), axis=0)
    lengths = np.nan_to_num(abs(ways).max(axis=(1, 2), initial=0.0, where=np.isfinite(ways)))
    closer = _SPACING * max(1.0, flat[..., 0].size / _POINTS)
    counts = np.clip(np.ceil(lengths / closer), 1, 400).astype(np.intp)
    which = np.repeat(np.arange(len(counts)), counts)
    ends = np.concatenate([[0], np.cumsum(counts)])
    share = ((np.arange(len(which)) - ends[which]) / counts[which])[:, None, None]
    with np.errstate(over="ignore", invalid="ignore"):
        between = flat[which] + share * np.diff(flat, axis=0)[which]
        # A step that is there stays, also where the next is not.
        between[ends[:-1]] = flat[:-1]
        points = np.concatenate([between, flat[-1:]])
        parts = in_parts(points, limits)
        points[~((parts >= -_EDGE) & (parts <= 1 + _EDGE)).all(axis=-1)] = np.nan
        z = heights(value(points))
    z[~np.isfinite(z)] = np.nan
    return Lifted(np.concatenate([points, z[..., None]], axis=-1), ends)
