"""HTML: one page that holds a scene as data and a small player, and asks nothing of a network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.names import resolve
from trajectories.plotting.layouts import LAYOUTS
from trajectories.plotting.scene import Exit, Scene, Track
from trajectories.plotting.theme import Look, look
from trajectories.plotting.writers.document import asset, document
from trajectories.plotting.writers.page_data import (
    GRAIN,
    corner,
    ground,
    kept_steps,
    packed_positions,
    packed_values,
    unit,
)
from trajectories.plotting.writers.page_look import described, stylesheet
from trajectories.surfaces.mathml import to_mathml
from trajectories.validation import must

__all__ = [
    "Take",
    "looks_for",
    "page_html",
]

#: Up to so many points in all, positions are written to a 100,000th of the view; beyond to a
#: 2,000th, which is half a pixel, as a page must stay small.
_FINE_POINTS = 6_000
_FINE, _COARSE = (100_000, 7), (2_000, 3)
#: So many points a page holds at most; of longer paths it leaves steps out.
_MOST_POINTS = 16_000
_FEWEST_ROWS = 31


@dataclass(frozen=True, eq=False)
class Take:
    """One of several runs of the same optimizers, among which the viewer chooses."""

    tracks: tuple[Track, ...]
    learning_rate: float | None = None
    start: tuple[float, float] | None = None


def looks_for(theme: str | None) -> tuple[Look, ...]:
    """Return what a page looks like under an animation's theme."""
    return (look(theme),) if theme is not None else (look(None), look("dark"))


def page_html(
    scene: Scene,
    *,
    takes: Sequence[Take] = (),
    first: int = 0,
    layout: str = "overlay",
    looks: Sequence[Look] | None = None,
    aspect: float | None = None,
    frame_steps: Sequence[int] | None = None,
    fps: float = 8.0,
    hold: float = 1.5,
    loop: int = 0,
    captions: bool = False,
    tail: int | None = None,
    title: str | None = None,
    recipe: str = "",
    line: Mapping[str, Any] | None = None,
) -> str:
    """Return a page that plays a scene, in one file."""
    runs = _checked_takes(scene, takes)
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
        **_moving(everything, runs, list(frames), captions=captions),
        "layout": layout,
        "limits": scene.limits,
        "aspect": _aspect(scene) if aspect is None else aspect,
        "grain": GRAIN,
        "ground": ground(scene.relief, scene.limits),
        "minima": scene.minima.tolist(),
        "floor": scene.floor or 0.0,
        "names": {"x": scene.naming.x, "y": scene.naming.y, "short": scene.naming.short},
        "first": first,
        "fps": fps,
        "hold": hold,
        "loop": loop,
        "captions": captions,
        "tail": tail,
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


def _checked_takes(scene: Scene, takes: Sequence[Take]) -> tuple[Take, ...]:
    if not takes:
        return (Take(scene.tracks),)
    kinds = {(take.learning_rate is None, take.start is None) for take in takes}
    if kinds not in ({(False, True)}, {(True, False)}):
        raise must("takes", "each with a learning rate, or each with a start", len(takes))
    if any(len(take.tracks) != len(scene.tracks) for take in takes):
        raise must("takes", "as many tracks each as the scene", [len(t.tracks) for t in takes])
    return tuple(takes)


def _moving(
    everything: Scene, takes: Sequence[Take], frames: list[int], *, captions: bool
) -> dict[str, Any]:
    """Return all that differs between steps and takes."""
    tracks = everything.tracks
    paths = sum(track.positions.shape[1] for track in tracks)
    times = kept_steps(everything.tracks, frames, max(_FEWEST_ROWS, _MOST_POINTS // paths))
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
        if captions and track.rates is not None:
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
            for take in takes
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


def _plain(leaving: Exit | None) -> list[float] | None:
    return None if leaving is None else [leaving.step, *leaving.point, *leaving.direction]


def _prose(text: str) -> str:
    """Set what stands between dollar signs slanted."""
    parts = re.split(r"\$(.*?)\$", text)
    return "".join(f"<i>{escape(p)}</i>" if i % 2 else escape(p) for i, p in enumerate(parts))
