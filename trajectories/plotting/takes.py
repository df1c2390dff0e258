"""Other runs of the same optimizers, among which the viewer of a page chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.descent import run
from trajectories.plotting.scene import Scene
from trajectories.plotting.writers.page import Take
from trajectories.trajectory import Trajectory
from trajectories.validation import POSITIVE, must, scalar

__all__ = ["checked_rates", "checked_starts", "rate_takes", "start_takes"]

_MOST_RATES = 60
#: Starts across and up a picture: some hundred, each at most a finger's breadth from a click.
_ACROSS, _UP = 12, 9


def checked_rates(rates: Any) -> tuple[float, ...] | None:
    """Return learning rates in rising order, each once."""
    if rates is None:
        return None
    try:
        found = sorted({scalar("learning_rates", rate, POSITIVE) for rate in rates})
    except TypeError:
        raise must("learning_rates", "some numbers", rates, kind=TypeError) from None
    if not 1 <= len(found) <= _MOST_RATES:
        raise must("learning_rates", f"from 1 to {_MOST_RATES} numbers", len(found))
    return tuple(found)


def checked_starts(starts: Any) -> str | None:
    """Return "grid" or None."""
    if starts not in (None, "grid"):
        raise must("starts", '"grid" or None', starts)
    return "grid" if starts else None


def rate_takes(
    paths: Sequence[Trajectory], rates: Sequence[float], scene: Scene
) -> tuple[list[Take], int]:
    """Run all descents anew with each learning rate."""
    own = {path.optimizer.lr for path in paths if isinstance(path.optimizer.lr, float)}
    alike = len(own) == 1 and all(isinstance(path.optimizer.lr, float) for path in paths)
    every = sorted({*rates, *own}) if alike else list(rates)
    takes = []
    for rate in every:
        # Not run anew with their own rate: of some paths of a batch the noise would be another.
        same = alike and rate in own
        again = [] if same else [_again(path, path.start, lr=rate) for path in paths]
        takes.append(Take(scene.tracks if same else _tracks(again, scene), learning_rate=rate))
    near = [abs(np.log(rate / min(own, default=every[0]))) for rate in every]
    return takes, int(np.argmin(near))


def start_takes(paths: Sequence[Trajectory], scene: Scene) -> tuple[list[Take], int]:
    """Run all descents anew from a grid of starts all over the picture."""
    own = {tuple(path.start.ravel().tolist()) for path in paths}
    if len(own) != 1 or len(next(iter(own))) != 2:
        raise must("starts", "left out for paths from several starts", "grid")
    (x0, x1), (y0, y1) = scene.limits
    x = x0 + (np.arange(_ACROSS) + 0.5) / _ACROSS * (x1 - x0)
    y = y0 + (np.arange(_UP) + 0.5) / _UP * (y1 - y0)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    batches = [_again(path, grid) for path in paths]
    takes = [Take(scene.tracks, start=_pair(paths[0].start))]
    for number, start in enumerate(grid):
        tracks = _tracks([batch[number] for batch in batches], scene)
        takes.append(Take(tracks, start=_pair(start)))
    return takes, 0


def _again(path: Trajectory, start: NDArray[np.float64], **changes: Any) -> Trajectory:
    """Run a path anew from another start or with another learning rate, with the same noise."""
    if path.made is None:
        raise must("trajectories", "made by `descend` or `compare` to be run anew", path)
    made = replace(path.made, start=start, picked=None)
    return run(path.surface, path.optimizer.fresh(**changes), made)


def _tracks(paths: Sequence[Trajectory], scene: Scene) -> tuple[Any, ...]:
    return Scene.of(paths, limits=scene.limits, resolution=3).tracks


def _pair(point: NDArray[np.float64]) -> tuple[float, float]:
    x, y = point.ravel().tolist()
    return x, y
