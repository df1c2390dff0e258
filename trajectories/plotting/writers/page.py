"""The page: one HTML file with a player and its data."""

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
    """Return an HTML document whose policy allows only its own script."""
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
    """Escape ``<`` in the strings of JSON, which could end its element."""
    return text.replace("<", r"\u003c")


def _policy_hash(text: str) -> str:
    """Return the hash of a script or a style sheet for a content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


Array = NDArray[np.float64]
Steps = NDArray[np.int64]

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#: Resolution of contours: parts of each side of the view, a tenth of a pixel of a large plot.
_GRAIN = 16_000
#: Largest distance of a simplified contour from the true one, in grains.
_TOLERANCE = 1.6
#: Contours of more characters are simplified further.
_MOST = 100_000
#: Offset of the edges of filled areas beyond the view, in grains, so that none has a line.
_OUTSIDE = 240
#: Integers beyond this are not exact in JavaScript.
_EXACT = 2.0**52


def pack(numbers: Iterable[int]) -> str:
    """Write integers in base 64."""
    text = []
    for number in numbers:
        value = 2 * number if number >= 0 else -2 * number - 1
        while value >= 32:
            text.append(_DIGITS[32 + value % 32])
            value //= 32
        text.append(_DIGITS[value])
    return "".join(text)


def _unit(span: float, parts: int) -> int:
    """Return the power of ten that divides a span into at least so many parts."""
    return math.floor(math.log10(span / parts))


def _corner(limits: Limits, units: Sequence[int]) -> list[int]:
    """Return the lowest corner of the view in whole multiples of powers of ten."""
    return [round(_scaled(low, power)) for (low, _), power in zip(limits, units, strict=True)]


def _packed_positions(positions: Array, limits: Limits, units: Sequence[int]) -> str:
    """Write a path in whole multiples of powers of ten, from the lowest corner of the view."""
    scaled = np.empty_like(positions)
    for axis, low in enumerate(_corner(limits, units)):
        with np.errstate(over="ignore", invalid="ignore"):
            scaled[:, axis] = np.round(_scaled(positions[:, axis], units[axis])) - low
    good: NDArray[np.bool_] = np.all(abs(scaled) < _EXACT, axis=1)
    text, previous = [], (0, 0)
    for row, ok in zip(scaled.tolist(), good.tolist(), strict=True):
        if not ok:
            text.append(".")
            continue
        point = int(row[0]), int(row[1])
        text.append(pack((point[0] - previous[0], point[1] - previous[1])))
        previous = point
    return "".join(text).rstrip(".")


def _packed_values(values: Array, digits: int) -> str:
    """Write numbers as so many significant digits and a power of ten."""
    text, previous = [], 0
    for value in values.tolist():
        if not math.isfinite(value):
            text.append(".")
            continue
        mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        power = int(exponent) - digits + 1 if value else 0
        text.append(pack((int(mantissa.replace(".", "")), power - previous)))
        previous = power
    return "".join(text).rstrip(".")


def _sampled_steps(tracks: Sequence[Track], frames: Sequence[int], most: int) -> Steps:
    """Choose the steps of a page: all, or those of the frames, some between, and the ends."""
    rows = [track.recorded for track in tracks if track.recorded is not None]
    if len(rows) == len(tracks):  # Without repeated rows.
        steps = np.unique(np.concatenate(rows))
    else:
        steps = np.arange(max(len(track.positions) for track in tracks))
    if len(steps) <= most:
        return steps
    of_frames = _thinned(frames, most)
    sampled = _thinned(steps, most - len(of_frames))
    ends = {len(track.positions) - 1 for track in tracks}
    ends |= {exit_.step for track in tracks for exit_ in track.exits if exit_}
    return np.unique(np.array([0, *of_frames, *sampled, *(ends if len(ends) <= most else ())]))


def _thinned(steps: Sequence[int] | Steps, most: int) -> Steps:
    """Return at most so many steps at equal distances, the first and the last included."""
    every: Steps = np.asarray(steps, dtype=np.int64)
    if len(every) <= most:
        return every
    return np.take(every, np.linspace(0, len(every) - 1, most).round().astype(int))


def _ground(contour_grid: ContourGrid, limits: Limits) -> dict[str, Any]:
    """Write the contours of a surface as areas to be filled one over the other."""
    if not len(contour_grid.levels):
        return {"areas": []}
    finite = bool(np.isfinite(contour_grid.z).all())
    tolerance = _TOLERANCE
    contours = _contours(contour_grid, finite)
    while True:
        areas = {
            key: [_packed_lines(lines, limits, tolerance, closed=key != "lines") for lines in parts]
            for key, parts in contours.items()
        }
        if tolerance > 20 or sum(len(text) for part in areas.values() for text in part) < _MOST:
            return areas
        tolerance *= 1.7


def _contours(contour_grid: ContourGrid, finite: bool) -> dict[str, list[list[Array]]]:
    """Return the contours of Matplotlib, which are those of the other pictures."""
    figure = Figure()
    FigureCanvasAgg(figure)
    ax = figure.add_subplot()
    z = np.ma.masked_invalid(contour_grid.z)
    low, high = min(z.min(), contour_grid.levels[0]) - 1.0, max(z.max(), contour_grid.levels[-1])
    high += max(1.0, abs(high))

    def above(level: float) -> list[Array]:
        return _contour_lines(ax.contourf(contour_grid.x, contour_grid.y, z, [level, high]))[0]

    contours = {"areas": [above(level) for level in contour_grid.levels]}
    if not finite:
        contours["base"] = [above(low)]
        contours["lines"] = _contour_lines(
            ax.contour(contour_grid.x, contour_grid.y, z, contour_grid.levels)
        )
    return contours


def _contour_lines(contours: ContourSet) -> list[list[Array]]:
    """Return the lines of each contour."""
    lines = []
    for path in contours.get_paths():
        codes = np.empty(0, np.uint8) if path.codes is None else np.asarray(path.codes)
        begins = np.flatnonzero(codes == Path.MOVETO)
        lines.append(np.split(np.asarray(path.vertices, float), begins[1:]) if len(begins) else [])
    return lines


def _packed_lines(lines: Sequence[Array], limits: Limits, tolerance: float, *, closed: bool) -> str:
    text = []
    for line in lines:
        points = in_parts(line, limits)
        points = _GRAIN * np.stack([points[:, 0], 1 - points[:, 1]], axis=1)
        points = points[_simplified(points, tolerance)]
        if closed:
            points = _outside_view(points[:-1])
        steps = np.diff(np.round(points).astype(int), axis=0, prepend=[[0, 0]])
        steps = steps[(steps != 0).any(axis=1)]
        if len(steps) > (2 if closed else 1):
            text.append(pack(steps.ravel().tolist()))
    return ".".join(text)


def _simplified(points: Array, tolerance: float) -> NDArray[np.bool_]:
    """Select the points that keep a line within a tolerance: Douglas, Peucker."""
    keep = np.zeros(len(points), bool)
    keep[[0, -1]] = True
    parts = [(0, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        offsets = points[first + 1 : last] - points[first]
        chord = points[last] - points[first]
        length = math.hypot(*chord)
        if length > 0:
            along = np.clip(offsets @ chord / length**2, 0, 1)
            offsets = offsets - along[:, None] * chord
        distances = np.hypot(offsets[:, 0], offsets[:, 1])
        farthest = int(distances.argmax())
        if distances[farthest] > tolerance:
            split = first + 1 + farthest
            keep[split] = True
            parts += [(first, split), (split, last)]
    return keep


def _outside_view(points: Array) -> Array:
    """Move the parts of a closed line along the edge of the view outside: they are no contours."""
    sides = np.stack([*(points < 1e-6).T, *(points > _GRAIN - 1e-6).T], axis=1)
    if not sides.any():
        return points
    after = (sides & np.roll(sides, -1, axis=0)).any(axis=1)
    before = np.roll(after, 1)
    outside = points + _OUTSIDE * (sides[:, 2:].astype(float) - sides[:, :2])
    moved = []
    for i, point in enumerate(points):
        if not (before[i] or after[i]):
            moved.append(point)
            continue
        moved += [] if before[i] else [point]
        moved.append(outside[i])
        moved += [] if after[i] else [point]
    return np.array(moved)


def _scaled(value: Any, power: int) -> Any:
    """Return a number in units of a power of ten; the power itself is exact up to 22 places."""
    return value * 10.0**-power if power < 0 else value / 10.0**power


#: Precision of positions: a 100,000th of the view up to so many points in all, beyond a 2,000th,
#: which is half a pixel, as a page must stay small.
_FINE_POINTS = 6_000
_FINE, _COARSE = (100_000, 7), (2_000, 3)
#: The most points of a page; longer paths leave steps out.
_MOST_POINTS = 16_000
_FEWEST_ROWS = 31


@dataclass(frozen=True, eq=False)
class PageVariant:
    """One of several runs of the same optimizers; the viewer selects one."""

    tracks: tuple[Track, ...]
    learning_rate: float | None = None
    start: tuple[float, float] | None = None


def looks_for(theme: str | None) -> tuple[AppliedTheme, ...]:
    """Return the styles of a page for a theme: light and dark by default."""
    return (look(theme),) if theme is not None else (look(None), look("dark"))


def page_html(
    scene: Scene,
    *,
    variants: Sequence[PageVariant] = (),
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
    themes = tuple(looks_for(None) if looks is None else looks)
    if len(themes) not in (1, 2):
        raise must("looks", "one look, or one for light and one for dark", len(themes))
    if not 0 <= first < len(runs):
        raise must("first", f"from 0 to {len(runs) - 1}", first)
    initial = replace(
        scene,
        tracks=tuple(
            replace(track, label=named.label)
            for track, named in zip(runs[first].tracks, scene.tracks, strict=True)
        ),
    )
    all_runs = replace(scene, tracks=tuple(track for run in runs for track in run.tracks))
    style = dict(line or {})
    frames = range(scene.steps + 1) if frame_steps is None else frame_steps
    data = {
        **described(initial, all_runs, themes[0], layout, style),
        **_timeline(all_runs, runs, list(frames), readout=readout),
        "layout": layout,
        "limits": scene.limits,
        "aspect": _aspect(scene) if aspect is None else aspect,
        "grain": _GRAIN,
        "ground": _ground(scene.contour_grid, scene.limits),
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
        style=asset("player.css") + stylesheet(initial, themes, layout, style),
        script=asset("integers.js") + asset("player.js"),
        data=json.dumps(data, separators=(",", ":"), allow_nan=False),
        recipe=recipe,
        name="" if scene.name == scene.formula else escape(name[:1].upper() + name[1:]),
        formula=to_mathml(scene.formula) if scene.formula else "",
        notes="".join(f"<p>{_italic_math(note)}</p>" for note in scene.notes),
    )


def _checked_variants(scene: Scene, variants: Sequence[PageVariant]) -> tuple[PageVariant, ...]:
    if not variants:
        return (PageVariant(scene.tracks),)
    kinds = {(one.learning_rate is None, one.start is None) for one in variants}
    if kinds not in ({(False, True)}, {(True, False)}):
        raise must("variants", "each with a learning rate, or each with a start", len(variants))
    if any(len(one.tracks) != len(scene.tracks) for one in variants):
        raise must("variants", "as many tracks as the scene", [len(v.tracks) for v in variants])
    return tuple(variants)


def _timeline(
    scene: Scene, variants: Sequence[PageVariant], frames: list[int], *, readout: bool
) -> dict[str, Any]:
    """Return the data of all steps and variants."""
    tracks = scene.tracks
    paths = sum(track.positions.shape[1] for track in tracks)
    times = _sampled_steps(scene.tracks, frames, max(_FEWEST_ROWS, _MOST_POINTS // paths))
    kept_steps = set(times.tolist())
    parts, digits = _FINE if len(times) * paths <= _FINE_POINTS else _COARSE
    units = [_unit(high - low, parts) for low, high in scene.limits]
    floor = scene.floor or 0.0

    def packed(track: Track) -> dict[str, Any]:
        rows = times[times < len(track.positions)]
        visible, above = track.visible[rows], track.values[rows] - floor
        count = visible.shape[1]
        record: dict[str, Any] = {
            "paths": [
                [
                    _packed_positions(visible[:, i], scene.limits, units),
                    _packed_values(above[:, i], digits),
                ]
                for i in range(count)
            ],
            "exits": [_exit_record(exit_) for exit_ in track.exits],
        }
        if readout and track.rates is not None:
            record["rates"] = _rates(track.rates[rows])
        return record if len(rows) == len(times) else {**record, "rows": len(rows)}

    return {
        "units": units,
        "digits": digits,
        "origin": _corner(scene.limits, units),
        "times": times.tolist() if len(times) != scene.steps + 1 else len(times),
        "frames": [step for step in frames if step in kept_steps],
        "takes": [
            {
                "rate": variant.learning_rate,
                "start": variant.start,
                "tracks": [packed(track) for track in variant.tracks],
            }
            for variant in variants
        ],
    }


def _aspect(scene: Scene) -> float:
    """Return the aspect at which x and y have the same scale, if paths do not become thin."""
    (x0, x1), (y0, y1) = scene.limits
    aspect = (x1 - x0) / (y1 - y0)
    return aspect if 0.6 <= aspect <= 2.4 else 1.44


def _rates(rates: NDArray[np.float64]) -> list[float]:
    """Return learning rates to three digits, a constant one once."""
    rounded = [float(f"{rate:.3g}") for rate in rates]
    return rounded[:1] if len(set(rounded)) == 1 else rounded


def _exit_record(exit_: Exit | None) -> list[Any] | None:
    if exit_ is None:
        return None
    return [exit_.step, *exit_.point, *exit_.direction, " ".join(exit_.words)]


def _italic_math(text: str) -> str:
    """Set the text between dollar signs in italics."""
    parts = re.split(r"\$(.*?)\$", text)
    return "".join(f"<i>{escape(p)}</i>" if i % 2 else escape(p) for i, p in enumerate(parts))
