"""The numbers of a page as short text: paths, values and contours as integers in base 64.

Every number is written in as many characters of five bits as it takes, the lowest bits first, and
rows as differences from the row before. A full stop stands for a row that is missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.path import Path
from numpy.typing import NDArray

from trajectories.plotting.relief import Relief
from trajectories.plotting.scene import Track
from trajectories.plotting.view import Limits, in_parts

__all__ = ["GRAIN", "ground", "kept_steps", "pack", "packed_positions"]

Array = NDArray[np.float64]
Steps = NDArray[np.int64]

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#: Parts into which contours divide each side of the view: a tenth of a pixel of a large plot.
GRAIN = 16_000
#: How far a simplified contour may be from the true one, in grains.
_TOLERANCE = 1.6
#: Characters that the contours of a rugged surface may take before they are simplified further.
_MOST = 100_000
#: How far beyond the view the edges of filled areas are moved, in grains, so that none is lined.
_BEYOND = 240
#: Integers beyond this are not exact in JavaScript.
_EXACT = 2.0**52


def pack(numbers: Iterable[int]) -> str:
    """Write integers in base 64."""
    text = []
    for number in numbers:
        left = 2 * number if number >= 0 else -2 * number - 1
        while left >= 32:
            text.append(_DIGITS[32 + left % 32])
            left //= 32
        text.append(_DIGITS[left])
    return "".join(text)


def unit(span: float, parts: int) -> int:
    """Return the power of ten that divides a span into at least so many parts."""
    return math.floor(math.log10(span / parts))


def corner(limits: Limits, units: Sequence[int]) -> list[int]:
    """Return the lowest corner of the view in whole multiples of powers of ten."""
    return [round(_scaled(low, power)) for (low, _), power in zip(limits, units, strict=True)]


def packed_positions(positions: Array, limits: Limits, units: Sequence[int]) -> str:
    """Write a path in whole multiples of powers of ten, from the lowest corner of the view."""
    scaled = np.empty_like(positions)
    for axis, low in enumerate(corner(limits, units)):
        with np.errstate(over="ignore", invalid="ignore"):
            scaled[:, axis] = np.round(_scaled(positions[:, axis], units[axis])) - low
    good: NDArray[np.bool_] = np.all(abs(scaled) < _EXACT, axis=1)
    text, before = [], (0, 0)
    for row, here in zip(scaled.tolist(), good.tolist(), strict=True):
        if not here:
            text.append(".")
            continue
        now = int(row[0]), int(row[1])
        text.append(pack((now[0] - before[0], now[1] - before[1])))
        before = now
    return "".join(text).rstrip(".")


def packed_values(values: Array, digits: int) -> str:
    """Write numbers as so many significant digits and a power of ten."""
    text, before = [], 0
    for value in values.tolist():
        if not math.isfinite(value):
            text.append(".")
            continue
        mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        power = int(exponent) - digits + 1 if value else 0
        text.append(pack((int(mantissa.replace(".", "")), power - before)))
        before = power
    return "".join(text).rstrip(".")


def kept_steps(tracks: Sequence[Track], frames: Sequence[int], most: int) -> Steps:
    """Choose the steps that a page holds: all, or the frames', and how each track ends."""
    rows = [track.recorded for track in tracks if track.recorded is not None]
    if len(rows) == len(tracks):  # What only stands in for other rows is left out.
        every = np.unique(np.concatenate(rows))
    else:
        every = np.arange(max(len(track.positions) for track in tracks))
    if len(every) <= most:
        return every
    shown = _thinned(frames, most)
    between = _thinned(every, most - len(shown))
    ends = {len(track.positions) - 1 for track in tracks}
    ends |= {leaving.step for track in tracks for leaving in track.exits if leaving}
    return np.unique(np.array([0, *shown, *between, *(ends if len(ends) <= most else ())]))


def _thinned(steps: Sequence[int] | Steps, most: int) -> Steps:
    """Leave so many steps, at equal distances, the first and the last included."""
    every: Steps = np.asarray(steps, dtype=np.int64)
    if len(every) <= most:
        return every
    return np.take(every, np.linspace(0, len(every) - 1, most).round().astype(int))


def ground(relief: Relief, limits: Limits) -> dict[str, Any]:
    """Write the contours of a relief, ready to be filled one over the other."""
    if not len(relief.levels):
        return {"areas": []}
    whole = bool(np.isfinite(relief.z).all())
    tolerance = _TOLERANCE
    contours = _contours(relief, whole)
    while True:
        written = {
            key: [_packed_lines(lines, limits, tolerance, closed=key != "lines") for lines in parts]
            for key, parts in contours.items()
        }
        if tolerance > 20 or sum(len(text) for part in written.values() for text in part) < _MOST:
            return written
        tolerance *= 1.7


def _contours(relief: Relief, whole: bool) -> dict[str, list[list[Array]]]:
    """Let Matplotlib find the contours, so that they are those of the other pictures."""
    figure = Figure()
    FigureCanvasAgg(figure)
    ax = figure.add_subplot()
    z = np.ma.masked_invalid(relief.z)
    low, high = min(z.min(), relief.levels[0]) - 1.0, max(z.max(), relief.levels[-1])
    high += max(1.0, abs(high))

    def above(level: float) -> list[Array]:
        return _lines(ax.contourf(relief.x, relief.y, z, [level, high]))[0]

    found = {"areas": [above(level) for level in relief.levels]}
    if not whole:
        found["base"] = [above(low)]
        found["lines"] = _lines(ax.contour(relief.x, relief.y, z, relief.levels))
    return found


def _lines(contours: ContourSet) -> list[list[Array]]:
    """Return the lines of each contour."""
    found = []
    for path in contours.get_paths():
        codes = np.empty(0, np.uint8) if path.codes is None else np.asarray(path.codes)
        begins = np.flatnonzero(codes == Path.MOVETO)
        found.append(np.split(np.asarray(path.vertices, float), begins[1:]) if len(begins) else [])
    return found


def _packed_lines(lines: Sequence[Array], limits: Limits, tolerance: float, *, closed: bool) -> str:
    text = []
    for line in lines:
        points = in_parts(line, limits)
        points = GRAIN * np.stack([points[:, 0], 1 - points[:, 1]], axis=1)
        kept = points[_simplified(points, tolerance)]
        if closed:
            kept = _around(kept[:-1])
        whole = np.round(kept).astype(int)
        steps = np.diff(whole, axis=0, prepend=[[0, 0]])
        steps = steps[(steps != 0).any(axis=1)]
        if len(steps) > (2 if closed else 1):
            text.append(pack(steps.ravel().tolist()))
    return ".".join(text)


def _simplified(points: Array, tolerance: float) -> NDArray[np.bool_]:
    """Choose the points of a line that it needs to stay within a tolerance: Douglas, Peucker."""
    keep = np.zeros(len(points), bool)
    keep[[0, -1]] = True
    parts = [(0, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        away = points[first + 1 : last] - points[first]
        way = points[last] - points[first]
        length = math.hypot(*way)
        if length > 0:
            along = np.clip(away @ way / length**2, 0, 1)
            away = away - along[:, None] * way
        far = np.hypot(away[:, 0], away[:, 1])
        most = int(far.argmax())
        if far[most] > tolerance:
            middle = first + 1 + most
            keep[middle] = True
            parts += [(first, middle), (middle, last)]
    return keep


def _around(points: Array) -> Array:
    """Lead a closed line outside the view where it runs along its edge: only contours are lined."""
    sides = np.stack([*(points < 1e-6).T, *(points > GRAIN - 1e-6).T], axis=1)
    if not sides.any():
        return points
    after = (sides & np.roll(sides, -1, axis=0)).any(axis=1)
    before = np.roll(after, 1)
    outside = points + _BEYOND * (sides[:, 2:].astype(float) - sides[:, :2])
    found = []
    for i, point in enumerate(points):
        if not (before[i] or after[i]):
            found.append(point)
            continue
        found += [] if before[i] else [point]
        found.append(outside[i])
        found += [] if after[i] else [point]
    return np.array(found)


def _scaled(value: Any, power: int) -> Any:
    """Return a number in units of a power of ten; the power itself is exact up to 22 places."""
    return value * 10.0**-power if power < 0 else value / 10.0**power
