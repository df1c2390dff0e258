"""A cloud of descents: many starts, or one start and many seeds of the noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from trajectories.descent import descend
from trajectories.maps.settings import generator
from trajectories.surfaces import as_surface
from trajectories.trajectory import Trajectory
from trajectories.validation import NON_NEGATIVE, floats, integer, must, scalar

__all__ = ["ensemble"]


def ensemble(
    surface: Any,
    optimizer: Any,
    start: ArrayLike | None = None,
    steps: int = 100,
    *,
    count: int = 500,
    spread: float | str = 0.0,
    noise: float = 0.0,
    rng: Any = None,
    tolerance: float | None = None,
    label: str | None = None,
) -> Trajectory:
    """Let an optimizer descend many times at once, from many starts or with many seeds.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    optimizer : Optimizer, str or type
        An optimizer or its spec string.
    start : array_like, shape (2,) or (n, 2), optional
        The middle of the cloud, by default the surface's own start; or all starts.
    steps : int, default 100
        How many updates.
    count : int, default 500
        How many descents there are; of no account, as `spread`, if all starts are given.
    spread : float or "domain", default 0
        The standard deviation of the starts around the middle, in both coordinates; or all over
        the surface's domain, evenly. With 0 all begin at the same place, and only what is random
        in their gradients sets them apart.
    noise : float, default 0
        The standard deviation of Gaussian noise added to each component of each gradient, to each
        descent its own.
    rng : int, numpy.random.Generator or None
        Seed of starts and noise.
    tolerance : float, optional
        As for `descend`.
    label : str, optional
        What legends call it; by default the optimizer's class.

    Returns
    -------
    Trajectory
        Of the batch shape (count,), or (n,) if all starts are given, with all steps.

    Examples
    --------
    >>> cloud = ensemble("himmelblau", "adam:0.1", count=300, spread="domain", rng=1)
    >>> cloud.batch_shape, cloud.steps
    ((300,), 100)
    """
    surface = as_surface(surface)
    count = integer("count", count, 1)
    random = generator(rng)
    if isinstance(spread, str):
        if spread != "domain":
            raise must("spread", "a number or 'domain'", spread)
        if start is not None:
            raise must("start", "left out if starts are spread over the domain", start)
        low, high = np.array(surface.domain).T
        starts = low + (high - low) * random.random((count, 2))
    else:
        deviation = scalar("spread", spread, NON_NEGATIVE)
        given = floats("start", surface.start if start is None else start)
        if given.ndim not in (1, 2) or given.shape[-1] != 2:
            raise must("start", "one start (x, y), or several of shape (n, 2)", given.shape)
        apart = deviation * random.standard_normal((count, 2))
        starts = given if given.ndim == 2 else given + apart
    return descend(
        surface,
        optimizer,
        starts,
        steps,
        noise=noise,
        rng=random,
        tolerance=tolerance,
        label=label,
    )
