"""Descents: optimizers step over a surface, one path or a batch in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.checks import NON_NEGATIVE, POSITIVE, floats, integer, must, scalar
from trajectories.optimizers import as_optimizer
from trajectories.optimizers.base import Optimizer, Rule, same
from trajectories.optimizers.schedules import Schedule
from trajectories.optimizers.second_order import SurfaceOptimizer
from trajectories.records import aligned
from trajectories.surfaces.catalogue import as_surface
from trajectories.surfaces.least_squares import LeastSquares
from trajectories.surfaces.surface import Surface
from trajectories.trajectory import Descent, Trajectory

Array = NDArray[np.float64]
Steps = NDArray[np.int64]
#: Rows of a block are valued together, so many points at a time.
_VALUED = 65_536


class Noise(NamedTuple):
    """Where what is random in a gradient comes from."""

    deviation: float
    seed: tuple[int, int]


class Block:
    """Paths that descend together, in arrays in which the next as many can descend after them."""

    def __init__(self, surface: Surface, optimizer: Rule, count: int) -> None:
        self.count = count
        self._surface, self._optimizer = surface, optimizer
        self._now = aligned((2, 2, count))  # Positions and gradients.
        p, g = self._now
        self._differentiate = surface.bind_gradient(p[0], p[1], g)
        self._move = _bound(optimizer, surface, p, g)

    def restart(self, **changes: Array) -> None:
        """Make the optimizer an unused one."""
        self._optimizer.restart(**changes)

    def descend(
        self,
        starts: Array,
        recorded: Steps,
        rows: Array,
        values: Array,
        *,
        tolerance: float | None,
        noise: Noise,
    ) -> tuple[Steps, Steps]:
        """Run all steps, and write what happened."""
        now, move = self._now, self._move
        now[0] = starts
        arrivals = None if tolerance is None else _Arrivals(now, tolerance)
        observe = self._observation(arrivals, noise)
        step = 0
        observe()
        for row, due in enumerate(recorded.tolist()):
            while step < due:
                move()
                observe()
                step += 1
            rows[row] = now
            if arrivals is not None:
                arrivals.hold(rows[row])
        converged_at = np.full(self.count, -1) if arrivals is None else arrivals.at
        _value(self._surface, rows[:, 0], values)
        diverged_at = _blank(recorded, rows, values)
        converged_at[diverged_at >= 0] = -1  # Held where the gradient is finite, but f is not.
        return converged_at, diverged_at

    def _observation(self, arrivals: _Arrivals | None, noise: Noise) -> Callable[[], None]:
        """Return what brings the gradient up to date, and does what is to be done with it."""
        parts = [self._differentiate]
        if arrivals is not None:
            parts.append(arrivals.look)
        parts += _disturbances(self._surface, self._now, noise)
        if arrivals is not None:
            parts.append(arrivals.keep)
        if len(parts) == 1:
            return parts[0]

        def observe() -> None:
            for part in parts:
                part()

        return observe


def in_batches(surface: Surface) -> TypeGuard[LeastSquares]:
    """Tell whether a surface's gradient is that of a batch of samples, drawn anew for each step."""
    return isinstance(surface, LeastSquares) and surface.batch_size is not None


def _bound(optimizer: Rule, surface: Surface, p: Array, g: Array) -> Callable[[], None]:
    """Return the step of an optimizer of either family."""
    if isinstance(optimizer, SurfaceOptimizer):
        return optimizer.bind(surface, p, g)
    assert isinstance(optimizer, Optimizer)
    return optimizer.bind({"p": p}, {"p": g})


def _disturbances(surface: Surface, now: Array, noise: Noise) -> list[Callable[[], None]]:
    """Return what makes a gradient stochastic; nothing if it stays exact."""
    if not noise.deviation and not in_batches(surface):
        return []
    p, g = now
    rng = np.random.default_rng(noise.seed)
    draw: list[Callable[[], None]] = []
    if in_batches(surface):
        draw.append(surface.bind_minibatch_gradient(p[0], p[1], g, rng))
    if noise.deviation:

        def add_noise() -> None:
            np.add(g, noise.deviation * rng.standard_normal(g.shape), out=g)

        draw.append(add_noise)
    return draw


class _Arrivals:
    """Which paths of a block have converged, and where: they are held there."""

    def __init__(self, now: Array, tolerance: float) -> None:
        count = now.shape[-1]
        self.at = np.full(count, -1)
        self._now, self._tolerance = now, tolerance
        self._step = -1
        self._going = np.ones(count, bool)
        self._held = np.empty_like(now)

    def look(self) -> None:
        """Find the paths whose gradient, as yet without noise, has come down at the next step."""
        _, g = self._now
        self._step += 1
        self._going &= np.isfinite(self._now).all(axis=(0, 1))
        arrived = self._going & (np.hypot(g[0], g[1]) <= self._tolerance)
        self.at[arrived] = self._step
        self._going &= ~arrived

    def keep(self) -> None:
        """Keep position and gradient of the paths that have arrived at this step."""
        np.copyto(self._held, self._now, where=self.at == self._step)

    def hold(self, row: Array) -> None:
        """Write where the paths that have arrived are held."""
        np.copyto(row, self._held, where=self.at >= 0)


def _value(surface: Surface, positions: Array, values: Array) -> None:
    """Write f at a block's positions, some rows at a time."""
    size = positions.shape[2]
    several = max(1, _VALUED // size)
    for begin in range(0, len(positions), several):
        rows = slice(begin, begin + several)
        x, y = (np.ascontiguousarray(positions[rows, i]).ravel() for i in (0, 1))
        values[rows] = surface.value_at(x, y).reshape(-1, size)


def _blank(recorded: Steps, rows: Array, values: Array) -> Steps:
    """Blank the rows from the first one that is not finite; return the step of that row."""
    good = np.isfinite(values)
    good &= np.isfinite(rows).all(axis=(1, 2))
    if good.all():
        return np.full(values.shape[1], -1)
    np.logical_and.accumulate(good, axis=0, out=good)
    lost = ~good
    values[lost] = np.nan
    np.copyto(rows, np.nan, where=lost[:, None, None])
    return np.where(good[-1], -1, recorded[np.minimum(good.sum(axis=0), len(recorded) - 1)])


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
    record: int | str = "all",
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
        Seed of the noise, and of the batches of samples where the surface is made of samples.
    tolerance : float, optional
        A path whose gradient, without the noise, has at most this norm has converged, and moves no
        more. By default none converges.
    record : "all", "last" or int, default "all"
        Which steps to keep: all; the start and the last; or every so many, and the last. A
        million starts and a thousand steps fit into memory with "last". Divergence is then seen
        in the steps that are kept.
    label : str, optional
        What legends call it; by default the optimizer's class.

    Examples
    --------
    >>> from trajectories.optimizers import SGD
    >>> descend("x**2/20 + y**2", SGD(0.95), start=(-7, 2), steps=30).positions[-1].round(5)
    array([-0.35039,  0.08478])
    >>> descend("sphere", SGD(np.array([0.1, 0.5, 1.5])), steps=400).status
    array(['finished', 'finished', 'finished'], dtype='<U9')
    """
    surface = as_surface(surface)
    optimizer = as_optimizer(optimizer)
    made = Descent(
        start=_starts(surface.start if start is None else start),
        steps=integer("steps", steps, 1),
        noise=scalar("noise", noise, NON_NEGATIVE),
        seed=_seed(rng),
        tolerance=None if tolerance is None else scalar("tolerance", tolerance, POSITIVE),
        record=record,
    )
    return run(surface, optimizer, made, label=label)


def run(
    surface: Surface, optimizer: Rule, made: Descent, *, label: str | None = None
) -> Trajectory:
    """Let an optimizer descend a surface as it is written down: what `descend` does, and replay."""
    starts, tolerance = made.start, made.tolerance
    recorded = _recorded(made.record, made.steps)
    batch = _batch_shape(optimizer, starts)
    flat = np.broadcast_to(starts, (*batch, 2)).reshape(-1, 2).T
    count = flat.shape[1]

    # Rows of positions and gradients; coordinates before paths: x and y of a block are each one
    # piece of memory.
    rows = np.empty((len(recorded), 2, 2, count))
    values = np.empty((len(recorded), count))
    converged_at, diverged_at = np.empty((2, count), np.int64)
    random = bool(made.noise) or in_batches(surface)
    block = None
    with np.errstate(all="ignore"):
        for number, part in enumerate(_parts(count, random=random)):
            size = part.stop - part.start
            own = _own(optimizer, batch, part)
            if block is not None and block.count == size:
                block.restart(**own)
            else:
                block = Block(surface, optimizer.fresh(**own), size)
            converged_at[part], diverged_at[part] = block.descend(
                flat[:, part],
                recorded,
                rows[..., part],
                values[:, part],
                tolerance=tolerance,
                noise=Noise(made.noise, (made.seed, number)),
            )
    status = np.full(count, "finished", dtype="<U9")
    status[converged_at >= 0] = "converged"
    status[diverged_at >= 0] = "diverged"

    axes = (1, 0, *range(3, len(batch) + 3), 2)
    positions, gradients = rows.reshape(*rows.shape[:3], *batch).transpose(axes)

    path = Trajectory(
        surface=surface,
        optimizer=optimizer.fresh(),
        label=type(optimizer).__name__ if label is None else str(label),
        positions=positions,
        values=values.reshape(-1, *batch),
        gradients=gradients,
        status=status.reshape(batch),
        diverged_at=diverged_at.reshape(batch),
        converged_at=converged_at.reshape(batch),
        recorded=recorded,
        made=replace(made, picked=None),
    )
    return path if made.picked is None else path[np.unravel_index(made.picked, batch)]


def compare(
    surface: Any,
    optimizers: Iterable[Any] | Mapping[str, Any],
    start: ArrayLike | None = None,
    steps: int = 50,
    *,
    noise: float = 0.0,
    rng: Any = None,
    tolerance: float | None = None,
    record: int | str = "all",
) -> list[Trajectory]:
    """Let several optimizers descend a surface from the same start, with the same noise.

    Parameters
    ----------
    surface, start, steps, noise, rng, tolerance, record
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
    if isinstance(optimizers, (str, Rule, type)):
        optimizers = [optimizers]
    if not isinstance(optimizers, Iterable):
        raise must("optimizers", "optimizers or spec strings", optimizers, kind=TypeError)
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
            surface,
            rule,
            start,
            steps,
            noise=noise,
            rng=seed,
            tolerance=tolerance,
            record=record,
            label=label,
        )
        for rule, label in zip(rules, labels, strict=True)
    ]


def _recorded(record: int | str, steps: int) -> NDArray[np.int64]:
    """Return the steps to keep."""
    if isinstance(record, str):
        if record not in ("all", "last"):
            raise must("record", "'all', 'last' or a whole number", record)
        every = 1 if record == "all" else steps
    else:
        every = integer("record", record, 1)
    rows = np.arange(0, steps + 1, every)
    return rows if rows[-1] == steps else np.append(rows, steps)


def _starts(start: ArrayLike) -> Array:
    starts = floats("start", start)
    if starts.ndim == 0 or starts.shape[-1] != 2 or starts.size == 0:
        raise must("start", "of shape (..., 2), and not empty", starts.shape)
    if not np.isfinite(starts).all():
        raise must("start", "finite", start)
    return starts


def _batch_shape(optimizer: Rule, starts: Array) -> tuple[int, ...]:
    mine, theirs = starts.shape[:-1], optimizer.batch_shape
    try:
        return np.broadcast_shapes(mine, theirs)
    except ValueError:
        raise ValueError(
            "`start` and the hyperparameters must broadcast together. "
            f"Got the shapes {mine} and {theirs}."
        ) from None


def _parts(count: int, *, random: bool) -> list[slice]:
    """Return the parts of so many paths that descend one after the other."""
    size = BLOCK
    if not random:  # Else each has a seed of its own, and must stay what it is.
        size = -(-count // -(-count // BLOCK))  # As equal as may be,
        size += -size % 8  # and x and y of each begin at a line of the processor's cache.
    return [slice(begin, min(begin + size, count)) for begin in range(0, count, size)]


def _own(optimizer: Rule, batch: tuple[int, ...], part: slice) -> dict[str, Array]:
    """Return the hyperparameters that are arrays, for some paths of the flattened batch."""
    return {
        name: np.broadcast_to(value, batch).ravel()[part]
        for name, value in optimizer.hyperparameters.items()
        if isinstance(value, np.ndarray)
    }


def _seed(rng: Any) -> int:
    """Return a seed that several generators can start from alike."""
    try:
        return int(np.random.default_rng(rng).integers(2**63))
    except (AttributeError, TypeError, ValueError):
        raise must("rng", "a seed, a Generator or None", rng) from None


def _written(value: float | Schedule) -> str:
    try:
        return value.text if isinstance(value, Schedule) else repr(value)
    except ValueError:  # A schedule of somebody's own.
        return repr(value)


def _labels(rules: list[Rule]) -> list[str]:
    """Name optimizers by their class, and by the hyperparameters in which namesakes differ."""
    labels: list[str] = []
    for rule in rules:
        twins = [other.hyperparameters for other in rules if type(other) is type(rule)]
        different = [
            f"{name}={_written(value)}"
            for name, value in rule.hyperparameters.items()
            if isinstance(value, (float, Schedule)) and not all(same(value, t[name]) for t in twins)
        ]
        label = " ".join([type(rule).__name__, ", ".join(different)]).strip()
        taken = sum(other == label or other.startswith(f"{label} (") for other in labels)
        labels.append(f"{label} ({taken + 1})" if taken else label)
    return labels
