"""Let optimizers descend a surface: `descend` for one, `compare` for several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.optimizers import Optimizer, as_optimizer
from trajectories.surfaces import Surface, as_surface
from trajectories.trajectory import Trajectory
from trajectories.validation import NON_NEGATIVE, POSITIVE, floats, integer, must, scalar

__all__ = ["compare", "descend"]

Array = NDArray[np.float64]
#: Paths that go through all their steps before the next ones begin: their arrays stay in cache.
BLOCK = 8192


def descend(
    surface: Any,
    optimizer: Any,
    start: ArrayLike | None = None,
    steps: int = 50,
    *,
    noise: float = 0.0,
    rng: Any = None,
    tolerance: float | None = None,
    label: str | None = None,
) -> Trajectory:
    """Let one optimizer descend a surface.

    Nothing is clipped and no position is kept inside a box: what the rule does is what is
    recorded.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    optimizer : Optimizer, str or type
        An optimizer or its spec string. An unused copy of it descends; arrays as hyperparameters
        stand for one path per element.
    start : array_like, shape (..., 2), optional
        One start or many; by default the surface's own. Its batch shape broadcasts against that
        of the hyperparameters.
    steps : int, default 50
        How many updates.
    noise : float, default 0
        The standard deviation of Gaussian noise added to each component of each gradient.
    rng : int, numpy.random.Generator or None
        Seed of the noise.
    tolerance : float, optional
        A path whose gradient, without the noise, has at most this norm has converged, and moves no
        more. By default none converges.
    label : str, optional
        What legends call it; by default the optimizer's class.

    Returns
    -------
    Trajectory

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it must be.

    Examples
    --------
    >>> from trajectories.optimizers import SGD
    >>> descend("x**2/20 + y**2", SGD(0.95), start=(-7, 2), steps=30).positions[-1].round(5)
    array([-0.35039,  0.08478])
    >>> descend("sphere", SGD(np.array([0.1, 0.5, 1.5])), steps=400).status
    array(['stopped', 'stopped', 'stopped'], dtype='<U9')
    """
    surface = as_surface(surface)
    optimizer = as_optimizer(optimizer)
    steps = integer("steps", steps, 1)
    deviation = scalar("noise", noise, NON_NEGATIVE)
    if tolerance is not None:
        tolerance = scalar("tolerance", tolerance, POSITIVE)
    starts = _starts(surface.start if start is None else start)
    batch = _batch_shape(optimizer, starts)
    flat = np.broadcast_to(starts, (*batch, 2)).reshape(-1, 2).T
    count = flat.shape[1]

    positions = np.empty((steps + 1, 2, count))
    gradients = np.empty_like(positions)
    converged_at = np.full(count, -1)
    seed = _seed(rng)
    with np.errstate(all="ignore"):
        for number, begin in enumerate(range(0, count, BLOCK)):
            part = slice(begin, begin + BLOCK)
            converged_at[part] = _descend_block(
                surface,
                _part_of(optimizer, batch, part),
                np.array(flat[:, part], order="C"),
                positions[:, :, part],
                gradients[:, :, part],
                tolerance,
                (deviation, np.random.default_rng((seed, number))) if deviation else None,
            )
    return _result(
        surface,
        optimizer,
        label,
        batch,
        np.moveaxis(positions, 1, -1),
        np.moveaxis(gradients, 1, -1),
        converged_at,
    )


def compare(
    surface: Any,
    optimizers: Iterable[Any] | Mapping[str, Any],
    start: ArrayLike | None = None,
    steps: int = 50,
    *,
    noise: float = 0.0,
    rng: Any = None,
    tolerance: float | None = None,
) -> list[Trajectory]:
    """Let several optimizers descend a surface from the same start, with the same noise.

    Parameters
    ----------
    surface, start, steps, noise, rng, tolerance
        As for `descend`.
    optimizers : iterable, or mapping of str
        Optimizers, spec strings or classes; a mapping gives their labels too. Without one, labels
        are the classes' names, and where two are alike the hyperparameters in which they differ.

    Returns
    -------
    list of Trajectory
        In the order given.

    Examples
    --------
    >>> [path.label for path in compare("sphere", ["sgd:lr=0.1", "sgd:lr=0.9", "adam:lr=0.3"])]
    ['SGD lr=0.1', 'SGD lr=0.9', 'Adam']
    """
    if isinstance(optimizers, (str, Optimizer, type)):
        optimizers = [optimizers]
    if isinstance(optimizers, Mapping):
        labels, rules = list(optimizers), [as_optimizer(rule) for rule in optimizers.values()]
    else:
        rules = [as_optimizer(rule) for rule in optimizers]
        labels = _labels(rules)
    if not rules:
        raise must("optimizers", "at least one", rules)
    surface = as_surface(surface)
    seed = _seed(rng)
    return [
        descend(
            surface, rule, start, steps, noise=noise, rng=seed, tolerance=tolerance, label=label
        )
        for rule, label in zip(rules, labels, strict=True)
    ]


def _descend_block(
    surface: Surface,
    optimizer: Optimizer,
    p: Array,
    positions: Array,
    gradients: Array,
    tolerance: float | None,
    noise: tuple[Any, np.random.Generator] | None,
) -> NDArray[np.int64]:
    """Run one block of paths, write what happened, and return where each converged."""
    g = np.empty_like(p)
    gradient = surface.bind_gradient(p[0], p[1], g)
    params, grads = {"p": p}, {"p": g}
    converged_at = np.full(p.shape[1], -1)
    going = np.ones(p.shape[1], bool)
    last = len(positions) - 1
    for step in range(last + 1):
        gradient()
        if tolerance is not None:
            going &= np.isfinite(p).all(axis=0) & np.isfinite(g).all(axis=0)
            arrived = going & (np.hypot(g[0], g[1]) <= tolerance)
            converged_at[arrived] = step
            going &= ~arrived
        if noise is not None:
            deviation, generator = noise
            g += deviation * generator.standard_normal(g.shape)
        positions[step], gradients[step] = p, g
        if step < last:
            optimizer.update(params, grads)
    if tolerance is not None:
        for history in (positions, gradients):
            _hold(history, converged_at)
    return converged_at


def _hold(history: Array, since: NDArray[np.int64]) -> None:
    """Let every row after a path's step `since` be the row of that step."""
    for column in np.flatnonzero(since >= 0):
        history[since[column] :, :, column] = history[since[column], :, column]


def _result(
    surface: Surface,
    optimizer: Optimizer,
    label: str | None,
    batch: tuple[int, ...],
    positions: Array,
    gradients: Array,
    converged_at: NDArray[np.int64],
) -> Trajectory:
    """Value the positions, blank what follows a divergence, and give everything its shape."""
    positions, gradients = np.ascontiguousarray(positions), np.ascontiguousarray(gradients)
    values = surface.value(positions)
    good = np.isfinite(values) & np.isfinite(positions).all(-1) & np.isfinite(gradients).all(-1)
    good = np.logical_and.accumulate(good, axis=0)
    for array in (positions, values, gradients):
        array[~good] = np.nan
    diverged_at = np.where(good[-1], -1, good.sum(axis=0))
    status = np.where(
        diverged_at >= 0, "diverged", np.where(converged_at >= 0, "converged", "stopped")
    )
    time = len(positions)
    return Trajectory(
        surface=surface,
        optimizer=optimizer.fresh(),
        label=type(optimizer).__name__ if label is None else str(label),
        positions=positions.reshape(time, *batch, 2),
        values=values.reshape(time, *batch),
        gradients=gradients.reshape(time, *batch, 2),
        status=status.reshape(batch),
        diverged_at=diverged_at.reshape(batch),
        converged_at=converged_at.reshape(batch),
    )


def _starts(start: ArrayLike) -> Array:
    starts = floats("start", start)
    if starts.ndim == 0 or starts.shape[-1] != 2 or starts.size == 0:
        raise must("start", "of shape (..., 2), and not empty", starts.shape)
    if not np.isfinite(starts).all():
        raise must("start", "finite", start)
    return starts


def _batch_shape(optimizer: Optimizer, starts: Array) -> tuple[int, ...]:
    mine, theirs = starts.shape[:-1], optimizer.batch_shape
    try:
        return np.broadcast_shapes(mine, theirs)
    except ValueError:
        raise ValueError(
            "`start` and the hyperparameters must broadcast together. "
            f"Got the shapes {mine} and {theirs}."
        ) from None


def _part_of(optimizer: Optimizer, batch: tuple[int, ...], part: slice) -> Optimizer:
    """Return an unused optimizer for some paths of the flattened batch."""
    changes = {
        name: np.broadcast_to(value, batch).ravel()[part]
        for name, value in optimizer.hyperparameters.items()
        if isinstance(value, np.ndarray)
    }
    return optimizer.fresh(**changes)


def _seed(rng: Any) -> int:
    """Return a seed that several generators can start from alike."""
    try:
        return int(np.random.default_rng(rng).integers(2**63))
    except (AttributeError, TypeError, ValueError):
        raise must("rng", "a seed, a Generator or None", rng) from None


def _labels(rules: list[Optimizer]) -> list[str]:
    """Name optimizers by their class, and by the hyperparameters in which namesakes differ."""
    labels: list[str] = []
    for rule in rules:
        twins = [other.hyperparameters for other in rules if type(other) is type(rule)]
        different = [
            f"{name}={value!r}"
            for name, value in rule.hyperparameters.items()
            if isinstance(value, float) and any(not np.array_equal(value, t[name]) for t in twins)
        ]
        label = " ".join([type(rule).__name__, ", ".join(different)]).strip()
        taken = sum(other == label or other.startswith(f"{label} (") for other in labels)
        labels.append(f"{label} ({taken + 1})" if taken else label)
    return labels
