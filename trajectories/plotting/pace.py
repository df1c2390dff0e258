"""The pace of a moving picture: which steps its frames show."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from trajectories.names import resolve
from trajectories.trajectory import Trajectory
from trajectories.validation import integer, must

__all__ = ["checked_frames", "PACES", "frame_steps"]

Array = NDArray[np.float64]

#: By default a longer path is shown in this many frames.
_USUAL = 300
_MOST = 100_000
#: Losses count down to this part of the first one: what comes below would take most of the frames.
_LEAST = 1e-12


def frame_steps(
    paths: Sequence[Trajectory], frames: int | None = None, pace: str = "steps"
) -> list[int]:
    """Choose the step that each frame shows."""
    last = max(path.steps for path in paths)
    count = min(last + 1, _USUAL) if frames is None else checked_frames(frames)
    if count == 1:
        return [last]
    measure = PACES[resolve("pace", pace, PACES)]
    progress = None if measure is None else measure(paths, last)
    if progress is None or not progress[-1] > 0:  # If nothing moves at all, count steps.
        return [round(i * last / (count - 1)) for i in range(count)]
    marks = np.linspace(0, progress[-1], count)
    # A little less, as rounding may leave a step just short of its mark.
    steps = np.searchsorted(progress, marks - 1e-9 * progress[-1])
    steps[-1] = last
    return [int(step) for step in np.unique(steps)]


def checked_frames(frames: int) -> int:
    """Return a number of frames that a moving picture may have."""
    count = integer("frames", frames, 1)
    if count > _MOST:
        raise must("frames", f"at most {_MOST:,}", frames)
    return count


def _by_length(paths: Sequence[Trajectory], last: int) -> Array:
    """Return the part of its way that every path has gone, summed up."""
    return _summed(paths, last, lambda path: np.hypot(*np.diff(path.positions, axis=0).T).T)


def _by_loss(paths: Sequence[Trajectory], last: int) -> Array:
    """Return how far down every path has come at best, summed up."""
    floor = paths[0].surface.floor

    def fall(path: Trajectory) -> Array:
        best = np.fmin.accumulate(path.values, axis=0)
        if floor is None:
            return np.asarray(-np.diff(best, axis=0))
        excess = best - floor
        # What meets the minimum exactly has come as far as it was seen above it.
        least = np.where(excess > 0, excess, np.inf).min(axis=0)
        least = np.fmax(least, _LEAST * np.fmax(excess[0], np.finfo(float).tiny))
        return np.asarray(-np.diff(np.log(np.fmax(excess, least)), axis=0))

    return _summed(paths, last, fall)


def _summed(paths: Sequence[Trajectory], last: int, part: Callable[[Trajectory], Array]) -> Array:
    """Sum up what paths have done by each step, each in parts of all that it does."""
    total = np.zeros(last + 1)
    for path in paths:
        with np.errstate(all="ignore"):
            done = np.nan_to_num(part(path), nan=0.0, posinf=0.0, neginf=0.0)
        done = done.reshape(len(path.recorded) - 1, -1)
        # In parts of the largest first, as a path that diverges has lengths whose sum is infinite.
        largest = done.max(axis=0)
        done = (done / np.where(largest > 0, largest, 1)).cumsum(axis=0)
        whole = done[-1]
        share = np.concatenate([[0.0], (done / np.where(whole > 0, whole, 1)).mean(axis=1)])
        total += np.interp(np.arange(last + 1), path.recorded, share)
    return total


#: What grows equally between frames, by the name of the pace.
PACES: dict[str, Callable[[Sequence[Trajectory], int], Array] | None] = {
    "steps": None,
    "length": _by_length,
    "loss": _by_loss,
}
