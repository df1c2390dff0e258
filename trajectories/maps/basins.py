"""Which start leads where: the basins of attraction of an optimizer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.arrays import to_plain
from trajectories.maps.arrivals import STATUSES, Arrivals
from trajectories.maps.basins_result import Basins, middles
from trajectories.maps.blocks import run_blocks
from trajectories.maps.places import Limits, resting_places
from trajectories.maps.settings import Settings, settled
from trajectories.validation import POSITIVE, integer, must, rectangle, scalar

__all__ = ["Basins", "basins", "run_starts"]

Array = NDArray[np.float64]

#: How near to a minimum counts as there: in parts of the rectangle's diagonal, and of the distance
#: between the two nearest minima.
_RADIUS, _APART = 0.01, 0.25
#: At most so many steps of each path are looked at.
_ROWS = 1000


def basins(
    surface: Any,
    optimizer: Any,
    steps: int = 300,
    *,
    resolution: int | Sequence[int] = 200,
    limits: Sequence[Sequence[float]] | None = None,
    minima: Any = "all",
    radius: float | None = None,
    noise: float = 0.0,
    rng: Any = None,
    block: int | None = None,
    n_jobs: int | None = 1,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
    label: str | None = None,
) -> Basins:
    """Find out at which minimum each start ends, and how soon.

    The starts are the middles of the cells of a grid, and run as one batch, block by block,
    through the optimizer's own update.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    optimizer : Optimizer, str or type
        An optimizer or its spec string, with plain numbers for hyperparameters.
    steps : int, default 300
        How many updates.
    resolution : int or (int, int), default 200
        How many cells there are along x and y.
    limits : ((float, float), (float, float)), optional
        The rectangle; by default the surface's domain.
    minima : "all", "global" or array_like of shape (k, 2), default "all"
        Where paths may end: at the places of the global minimum, or at local minima in the
        rectangle too, or at other places.
    radius : float, optional
        How near to a minimum counts as there; by default 1/100 of the rectangle's diagonal, but at
        most a quarter of the distance between two minima.
    noise : float, default 0
        The standard deviation of Gaussian noise added to each component of each gradient.
    rng : int, numpy.random.Generator or None
        Seed of whatever is random; needed for that if there is a `folder`.
    block, n_jobs, folder, progress, label
        As for `sensitivity`; by default as many cells run together as have room for all steps.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it must be, or if there are no minima to end in.

    Notes
    -----
    A path has arrived at the step from which on it stays within the radius to the end, so that
    one which swings through a minimum has not. Of more than 1,000 steps only about a thousand are
    looked at, at equal distances.

    Examples
    --------
    >>> basins("six_hump_camel", "momentum:0.02", limits=((-2, 2), (-1, 1)), resolution=60)
    Basins('Momentum' on 'six_hump_camel': 60 x 60; 100% reach one of 6 minima)
    """
    kept = folder is not None
    settings = settled(surface, optimizer, None, steps, noise=noise, rng=rng, kept=kept)
    surface = settings.surface
    shown = surface.domain if limits is None else rectangle("limits", limits)
    columns, rows = _resolution(resolution)
    goals = resting_places(surface, shown, minima)
    if not len(goals):
        raise must("minima", "given, as the surface has none that can be found", minima)
    near = _radius(shown, goals) if radius is None else scalar("radius", radius, POSITIVE)
    name = type(settings.optimizer).__name__ if label is None else str(label)
    how: dict[str, Any] = {"n_jobs": n_jobs, "folder": folder, "progress": progress}
    return run_starts(settings, shown, (columns, rows), goals, near, block, name, **how)


def run_starts(
    settings: Settings,
    limits: Limits,
    cells: tuple[int, int],
    minima: Array,
    radius: float,
    block: int | None,
    label: str,
    *,
    n_jobs: int | None = 1,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Basins:
    """Run all cells of a map over starts."""
    columns, rows = cells
    x, y = middles(limits, cells)
    every = -(-settings.steps // _ROWS)
    starts = Arrivals(settings, (rows, columns), x, y, minima, radius, every)
    together = starts.block(block, kept=settings.steps // every + 2)
    plan = None
    if folder is not None:
        plan = {
            "settings": settings.to_dict(own=True),
            "limits": limits,
            "resolution": [columns, rows],
            "minima": to_plain(minima),
            "radius": radius,
        }
    found = run_blocks(
        starts, starts.count, together, n_jobs=n_jobs, folder=folder, plan=plan, progress=progress
    )
    return Basins(
        settings=settings,
        limits=limits,
        minima=minima,
        radius=radius,
        minimum=found["minimum"].reshape(rows, columns),
        steps=found["steps"].reshape(rows, columns),
        status=STATUSES[found["codes"]].reshape(rows, columns),
        label=label,
        block=together,
    )


def _resolution(given: int | Sequence[int]) -> tuple[int, int]:
    several = list(given) if isinstance(given, (Sequence, np.ndarray)) else [given, given]
    if len(several) != 2:
        raise must("resolution", "a number of cells, or one for x and one for y", given)
    columns, rows = (integer("resolution", number, 1) for number in several)
    return columns, rows


def _radius(limits: Limits, minima: Array) -> float:
    (x0, x1), (y0, y1) = limits
    near = _RADIUS * float(np.hypot(x1 - x0, y1 - y0))
    apart = np.hypot(*(minima[:, None] - minima[None]).transpose(2, 0, 1))
    others = apart[apart > 0]
    return min(near, _APART * float(others.min())) if others.size else near
