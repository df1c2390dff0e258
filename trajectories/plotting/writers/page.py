"""The page: one HTML file with a player, and the data that it plays."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.path import Path
from numpy.typing import NDArray

from trajectories.checks import must, resolve
from trajectories.plotting.panels import LAYOUTS, described, stylesheet
from trajectories.plotting.scene import ContourGrid, Exit, Limits, Scene, Track, in_parts
from trajectories.plotting.theme import AppliedTheme, look
from trajectories.surfaces.typesetting import to_mathml


def document(
    kind: str, *, title: str, style: str, script: str, data: str, recipe: str, **parts: object
) -> str:
    """Return an HTML document that may run nothing but its own script."""
    return Template(asset("document.html")).substitute(
        title=title,
        style=style,
        script=script,
        style_hash=_policy_hash(f"\n{style}\n"),
        script_hash=_policy_hash(f"\n{script}\n"),
        data=_inert(data),
        recipe=_inert(recipe),
        body=Template(asset(f"{kind}.html")).substitute(title=title, **parts),
    )


def asset(name: str) -> str:
    """Return the text of a file beside this one."""
    return (files("trajectories.plotting.writers") / name).read_text("utf-8")


def _inert(text: str) -> str:
    """Keep JSON from ending the element that holds it: ``<`` can stand only in its strings."""
    return text.replace("<", r"\u003c")


def _policy_hash(text: str) -> str:
    """Return what a content security policy calls a script or a style sheet."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


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


def sampled_steps(tracks: Sequence[Track], frames: Sequence[int], most: int) -> Steps:
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


def ground(contour_grid: ContourGrid, limits: Limits) -> dict[str, Any]:
    """Write the contours of a relief, ready to be filled one over the other."""
    if not len(contour_grid.levels):
        return {"areas": []}
    whole = bool(np.isfinite(contour_grid.z).all())
    tolerance = _TOLERANCE
    contours = _contours(contour_grid, whole)
    while True:
        written = {
            key: [_packed_lines(lines, limits, tolerance, closed=key != "lines") for lines in parts]
            for key, parts in contours.items()
        }
        if tolerance > 20 or sum(len(text) for part in written.values() for text in part) < _MOST:
            return written
        tolerance *= 1.7


def _contours(contour_grid: ContourGrid, whole: bool) -> dict[str, list[list[Array]]]:
    """Let Matplotlib find the contours, so that they are those of the other pictures."""
    figure = Figure()
    FigureCanvasAgg(figure)
    ax = figure.add_subplot()
    z = np.ma.masked_invalid(contour_grid.z)
    low, high = min(z.min(), contour_grid.levels[0]) - 1.0, max(z.max(), contour_grid.levels[-1])
    high += max(1.0, abs(high))

    def above(level: float) -> list[Array]:
        return _contour_lines(ax.contourf(contour_grid.x, contour_grid.y, z, [level, high]))[0]

    found = {"areas": [above(level) for level in contour_grid.levels]}
    if not whole:
        found["base"] = [above(low)]
        found["lines"] = _contour_lines(
            ax.contour(contour_grid.x, contour_grid.y, z, contour_grid.levels)
        )
    return found


def _contour_lines(contours: ContourSet) -> list[list[Array]]:
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


#: Up to so many points in all, positions are written to a 100,000th of the view; beyond to a
#: 2,000th, which is half a pixel, as a page must stay small.
_FINE_POINTS = 6_000
_FINE, _COARSE = (100_000, 7), (2_000, 3)
#: So many points a page holds at most; of longer paths it leaves steps out.
_MOST_POINTS = 16_000
_FEWEST_ROWS = 31


@dataclass(frozen=True, eq=False)
class Variant:
    """One of several runs of the same optimizers, among which the viewer chooses."""

    tracks: tuple[Track, ...]
    learning_rate: float | None = None
    start: tuple[float, float] | None = None


def looks_for(theme: str | None) -> tuple[AppliedTheme, ...]:
    """Return what a page looks like under an animation's theme."""
    return (look(theme),) if theme is not None else (look(None), look("dark"))


def page_html(
    scene: Scene,
    *,
    variants: Sequence[Variant] = (),
    first: int = 0,
    layout: str = "overlay",
    looks: Sequence[AppliedTheme] | None = None,
    aspect: float | None = None,
    frame_steps: Sequence[int] | None = None,
    fps: float = 8.0,
    end_pause: float = 1.5,
    loop: int = 0,
    readout: bool = False,
    trail: int | None = None,
    title: str | None = None,
    recipe: str = "",
    line: Mapping[str, Any] | None = None,
) -> str:
    """Return a page that plays a scene, in one file."""
    runs = _checked_variants(scene, variants)
    layout = resolve("layout", layout, LAYOUTS)
    chosen = tuple(looks_for(None) if looks is None else looks)
    if len(chosen) not in (1, 2):
        raise must("looks", "one look, or one for light and one for dark", len(chosen))
    if not 0 <= first < len(runs):
        raise must("first", f"from 0 to {len(runs) - 1}", first)
    shown = replace(
        scene,
        tracks=tuple(
            replace(track, label=known.label)
            for track, known in zip(runs[first].tracks, scene.tracks, strict=True)
        ),
    )
    everything = replace(scene, tracks=tuple(track for run in runs for track in run.tracks))
    style = dict(line or {})
    frames = range(scene.steps + 1) if frame_steps is None else frame_steps
    data = {
        **described(shown, everything, chosen[0], layout, style),
        **_moving(everything, runs, list(frames), readout=readout),
        "layout": layout,
        "limits": scene.limits,
        "aspect": _aspect(scene) if aspect is None else aspect,
        "grain": GRAIN,
        "ground": ground(scene.contour_grid, scene.limits),
        "minima": scene.minima.tolist(),
        "floor": scene.floor or 0.0,
        "names": {"x": scene.naming.x, "y": scene.naming.y, "short": scene.naming.short},
        "first": first,
        "fps": fps,
        "end_pause": end_pause,
        "loop": loop,
        "readout": readout,
        "trail": trail,
    }
    name = scene.name.replace("_", " ")
    labels = ", ".join(track.label for track in scene.tracks)
    return document(
        "player",
        title=escape(title or f"{name}: {labels}"),
        style=asset("player.css") + stylesheet(shown, chosen, layout, style),
        script=asset("integers.js") + asset("player.js"),
        data=json.dumps(data, separators=(",", ":"), allow_nan=False),
        recipe=recipe,
        name="" if scene.name == scene.formula else escape(name[:1].upper() + name[1:]),
        formula=to_mathml(scene.formula) if scene.formula else "",
        notes="".join(f"<p>{_prose(note)}</p>" for note in scene.notes),
    )


def _checked_variants(scene: Scene, variants: Sequence[Variant]) -> tuple[Variant, ...]:
    if not variants:
        return (Variant(scene.tracks),)
    kinds = {(take.learning_rate is None, take.start is None) for take in variants}
    if kinds not in ({(False, True)}, {(True, False)}):
        raise must("takes", "each with a learning rate, or each with a start", len(variants))
    if any(len(take.tracks) != len(scene.tracks) for take in variants):
        raise must("takes", "as many tracks each as the scene", [len(t.tracks) for t in variants])
    return tuple(variants)


def _moving(
    everything: Scene, variants: Sequence[Variant], frames: list[int], *, readout: bool
) -> dict[str, Any]:
    """Return all that differs between steps and takes."""
    tracks = everything.tracks
    paths = sum(track.positions.shape[1] for track in tracks)
    times = sampled_steps(everything.tracks, frames, max(_FEWEST_ROWS, _MOST_POINTS // paths))
    known = set(times.tolist())
    parts, digits = _FINE if len(times) * paths <= _FINE_POINTS else _COARSE
    units = [unit(high - low, parts) for low, high in everything.limits]
    floor = everything.floor or 0.0

    def written(track: Track) -> dict[str, Any]:
        rows = times[times < len(track.positions)]
        seen, above = track.visible[rows], track.values[rows] - floor
        count = seen.shape[1]
        found: dict[str, Any] = {
            "paths": [
                [
                    packed_positions(seen[:, i], everything.limits, units),
                    packed_values(above[:, i], digits),
                ]
                for i in range(count)
            ],
            "exits": [_plain(leaving) for leaving in track.exits],
        }
        if readout and track.rates is not None:
            found["rates"] = _rates(track.rates[rows])
        return found if len(rows) == len(times) else {**found, "rows": len(rows)}

    return {
        "units": units,
        "digits": digits,
        "origin": corner(everything.limits, units),
        "times": times.tolist() if len(times) != everything.steps + 1 else len(times),
        "frames": [step for step in frames if step in known],
        "takes": [
            {
                "rate": take.learning_rate,
                "start": take.start,
                "tracks": [written(track) for track in take.tracks],
            }
            for take in variants
        ],
    }


def _aspect(scene: Scene) -> float:
    """Return the aspect at which x and y have the same scale, if paths do not become thin."""
    (x0, x1), (y0, y1) = scene.limits
    aspect = (x1 - x0) / (y1 - y0)
    return aspect if 0.6 <= aspect <= 2.4 else 1.44


def _rates(rates: NDArray[np.float64]) -> list[float]:
    """Return learning rates to three digits; one alone stands for all."""
    written = [float(f"{rate:.3g}") for rate in rates]
    return written[:1] if len(set(written)) == 1 else written


def _plain(leaving: Exit | None) -> list[Any] | None:
    if leaving is None:
        return None
    return [leaving.step, *leaving.point, *leaving.direction, " ".join(leaving.words)]


def _prose(text: str) -> str:
    """Set what stands between dollar signs slanted."""
    parts = re.split(r"\$(.*?)\$", text)
    return "".join(f"<i>{escape(p)}</i>" if i % 2 else escape(p) for i, p in enumerate(parts))
