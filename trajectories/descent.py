"""Descents of optimizers on a surface: one path, or a batch in blocks."""

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
#: Points at which f is computed in one call.
_POINTS = 65_536


class Noise(NamedTuple):
    """The standard deviation and the seed of the noise in gradients."""

    deviation: float
    seed: tuple[int, int]


class Block:
    """Paths that descend together; a next block of the same size can reuse the arrays."""

    def __init__(self, surface: Surface, optimizer: Rule, count: int) -> None:
        self.count = count
        self._surface, self._optimizer = surface, optimizer
        self._current = aligned((2, 2, count))  # Positions and gradients.
        p, g = self._current
        self._differentiate = surface.bind_gradient(p[0], p[1], g)
        self._move = _bind_step(optimizer, surface, p, g)

    def restart(self, **changes: Array) -> None:
        """Reset the optimizer."""
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
        """Run all steps; write the recorded rows and values, and return where paths end."""
        current, move = self._current, self._move
        current[0] = starts
        convergence = None if tolerance is None else _Convergence(current, tolerance)
        observe = self._observer(convergence, noise)
        step = 0
        observe()
        for row, due in enumerate(recorded.tolist()):
            while step < due:
                move()
                observe()
                step += 1
            rows[row] = current
            if convergence is not None:
                convergence.restore(rows[row])
        converged_at = np.full(self.count, -1) if convergence is None else convergence.converged_at
        _write_values(self._surface, rows[:, 0], values)
        diverged_at = _blank_diverged(recorded, rows, values)
        converged_at[diverged_at >= 0] = -1  # The gradient may be finite where f is not.
        return converged_at, diverged_at

    def _observer(self, convergence: _Convergence | None, noise: Noise) -> Callable[[], None]:
        """Return the function that updates the gradient, its noise and the convergence."""
        parts = [self._differentiate]
        if convergence is not None:
            parts.append(convergence.detect)
        parts += _noise_functions(self._surface, self._current, noise)
        if convergence is not None:
            parts.append(convergence.store)
        if len(parts) == 1:
            return parts[0]

        def observe() -> None:
            for part in parts:
                part()

        return observe


def in_batches(surface: Surface) -> TypeGuard[LeastSquares]:
    """Return whether a surface has gradients of minibatches, drawn anew for each step."""
    return isinstance(surface, LeastSquares) and surface.batch_size is not None


def _bind_step(optimizer: Rule, surface: Surface, p: Array, g: Array) -> Callable[[], None]:
    """Return the step of an optimizer of either family."""
    if isinstance(optimizer, SurfaceOptimizer):
        return optimizer.bind(surface, p, g)
    assert isinstance(optimizer, Optimizer)
    return optimizer.bind({"p": p}, {"p": g})


def _noise_functions(surface: Surface, current: Array, noise: Noise) -> list[Callable[[], None]]:
    """Return the functions that make a gradient stochastic; none if it is exact."""
    if not noise.deviation and not in_batches(surface):
        return []
    p, g = current
    rng = np.random.default_rng(noise.seed)
    draw: list[Callable[[], None]] = []
    if in_batches(surface):
        draw.append(surface.bind_minibatch_gradient(p[0], p[1], g, rng))
    if noise.deviation:

        def add_noise() -> None:
            np.add(g, noise.deviation * rng.standard_normal(g.shape), out=g)

        draw.append(add_noise)
    return draw


class _Convergence:
    """The paths of a block that have converged, and their last positions and gradients."""

    def __init__(self, current: Array, tolerance: float) -> None:
        count = current.shape[-1]
        self.converged_at = np.full(count, -1)
        self._current, self._tolerance = current, tolerance
        self._step = -1
        self._moving = np.ones(count, bool)
        self._stored = np.empty_like(current)

    def detect(self) -> None:
        """Find the paths that converge at this step, by the gradient without noise."""
        _, g = self._current
        self._step += 1
        self._moving &= np.isfinite(self._current).all(axis=(0, 1))
        converged = self._moving & (np.hypot(g[0], g[1]) <= self._tolerance)
        self.converged_at[converged] = self._step
        self._moving &= ~converged

    def store(self) -> None:
        """Store position and gradient of the paths that converge at this step."""
        np.copyto(self._stored, self._current, where=self.converged_at == self._step)

    def restore(self, row: Array) -> None:
        """Write the stored positions and gradients of converged paths into a row."""
        np.copyto(row, self._stored, where=self.converged_at >= 0)


def _write_values(surface: Surface, positions: Array, values: Array) -> None:
    """Write f at the positions of a block, some rows at a time."""
    size = positions.shape[2]
    count = max(1, _POINTS // size)
    for begin in range(0, len(positions), count):
        rows = slice(begin, begin + count)
        x, y = (np.ascontiguousarray(positions[rows, i]).ravel() for i in (0, 1))
        values[rows] = surface.value_at(x, y).reshape(-1, size)


def _blank_diverged(recorded: Steps, rows: Array, values: Array) -> Steps:
    """Set rows to NaN from the first that is not finite; return the step of that row."""
    finite = np.isfinite(values)
    finite &= np.isfinite(rows).all(axis=(1, 2))
    if finite.all():
        return np.full(values.shape[1], -1)
    np.logical_and.accumulate(finite, axis=0, out=finite)
    missing = ~finite
    values[missing] = np.nan
    np.copyto(rows, np.nan, where=missing[:, None, None])
    return np.where(finite[-1], -1, recorded[np.minimum(finite.sum(axis=0), len(recorded) - 1)])


#: Paths that run all steps before the next ones begin, so that their arrays stay in cache.
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
    """Run an optimizer on a surface and record its path.

    Nothing is clipped, and no position is confined to a box.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    optimizer : Optimizer, str or type
        An optimizer or its spec string, of which an unused copy descends. An array as a
        hyperparameter gives one path per element.
    start : array_like, shape (..., 2), optional
        One start or many; by default the surface's own. Its batch shape broadcasts against that
        of the hyperparameters.
    steps : int, default 50
        How many updates.
    noise : float, default 0
        The standard deviation of Gaussian noise added to each component of each gradient.
    rng : int, numpy.random.Generator or None
        Seed of the noise, and of the minibatches of a `LeastSquares` surface.
    tolerance : float, optional
        A path converges, and stops, where the norm of its gradient without noise is at most this.
        By default none does.
    record : "all", "last" or int, default "all"
        Which steps to record: all; the start and the last; or every so many, and the last. With
        "last", a million starts and a thousand steps fit into memory. Divergence is detected at
        recorded steps only.
    label : str, optional
        Name in legends; by default the optimizer's class.

    Examples
    --------
    >>> from trajectories import SGD
    >>> descend("x**2/20 + y**2", SGD(0.95), start=(-7, 2), steps=30).positions[-1].round(5)
    array([-0.35039,  0.08478])
    >>> descend("sphere", SGD(np.array([0.1, 0.5, 1.5])), steps=400).status
    array(['finished', 'finished', 'finished'], dtype='<U9')
    """
    surface = as_surface(surface)
    optimizer = as_optimizer(optimizer)
    settings = Descent(
        start=_starts(surface.start if start is None else start),
        steps=integer("steps", steps, 1),
        noise=scalar("noise", noise, NON_NEGATIVE),
        seed=_seed(rng),
        tolerance=None if tolerance is None else scalar("tolerance", tolerance, POSITIVE),
        record=record,
    )
    return run(surface, optimizer, settings, label=label)


def run(
    surface: Surface, optimizer: Rule, settings: Descent, *, label: str | None = None
) -> Trajectory:
    """Run a descent by its settings, for `descend` and for replay."""
    starts, tolerance = settings.start, settings.tolerance
    recorded = _recorded(settings.record, settings.steps)
    batch = _batch_shape(optimizer, starts)
    flat = np.broadcast_to(starts, (*batch, 2)).reshape(-1, 2).T
    count = flat.shape[1]

    # Positions and gradients by row, coordinate and path: x and y of a block are contiguous.
    rows = np.empty((len(recorded), 2, 2, count))
    values = np.empty((len(recorded), count))
    converged_at, diverged_at = np.empty((2, count), np.int64)
    random = bool(settings.noise) or in_batches(surface)
    block = None
    with np.errstate(all="ignore"):
        for number, part in enumerate(_slices(count, random=random)):
            size = part.stop - part.start
            arrays = _arrays_of(optimizer, batch, part)
            if block is not None and block.count == size:
                block.restart(**arrays)
            else:
                block = Block(surface, optimizer.fresh(**arrays), size)
            converged_at[part], diverged_at[part] = block.descend(
                flat[:, part],
                recorded,
                rows[..., part],
                values[:, part],
                tolerance=tolerance,
                noise=Noise(settings.noise, (settings.seed, number)),
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
        made=replace(settings, picked=None),
    )
    return path if settings.picked is None else path[np.unravel_index(settings.picked, batch)]


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
    """Run several optimizers on a surface from the same start, with the same noise.

    Parameters
    ----------
    surface, start, steps, noise, rng, tolerance, record
        As for `descend`.
    optimizers : iterable, or mapping of str
        Optimizers, spec strings or classes; the keys of a mapping are their labels. Otherwise
        labels are the names of the classes, with the hyperparameters in which namesakes differ.

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
    """Return the steps to record."""
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
    starts_shape, rule_shape = starts.shape[:-1], optimizer.batch_shape
    try:
        return np.broadcast_shapes(starts_shape, rule_shape)
    except ValueError:
        raise ValueError(
            "`start` and the hyperparameters must broadcast together. "
            f"Got the shapes {starts_shape} and {rule_shape}."
        ) from None


def _slices(count: int, *, random: bool) -> list[slice]:
    """Return the slices of paths that descend one after the other."""
    size = BLOCK
    if not random:  # Random blocks have seeds of their own, and so a fixed size.
        size = -(-count // -(-count // BLOCK))  # Of about equal size,
        size += -size % 8  # with x and y aligned to cache lines.
    return [slice(begin, min(begin + size, count)) for begin in range(0, count, size)]


def _arrays_of(optimizer: Rule, batch: tuple[int, ...], part: slice) -> dict[str, Array]:
    """Return the arrays among the hyperparameters, for some paths of the flattened batch."""
    return {
        name: np.broadcast_to(value, batch).ravel()[part]
        for name, value in optimizer.hyperparameters.items()
        if isinstance(value, np.ndarray)
    }


def _seed(rng: Any) -> int:
    """Return an integer seed, which several generators can share."""
    try:
        return int(np.random.default_rng(rng).integers(2**63))
    except (AttributeError, TypeError, ValueError):
        raise must("rng", "a seed, a Generator or None", rng) from None


def _to_text(value: float | Schedule) -> str:
    try:
        return value.text if isinstance(value, Schedule) else repr(value)
    except ValueError:  # A user's own class of schedule.
        return repr(value)


def _labels(rules: list[Rule]) -> list[str]:
    """Return labels: class names, with the hyperparameters in which namesakes differ."""
    labels: list[str] = []
    for rule in rules:
        twins = [other.hyperparameters for other in rules if type(other) is type(rule)]
        different = [
            f"{name}={_to_text(value)}"
            for name, value in rule.hyperparameters.items()
            if isinstance(value, (float, Schedule)) and not all(same(value, t[name]) for t in twins)
        ]
        label = " ".join([type(rule).__name__, ", ".join(different)]).strip()
        duplicates = sum(other == label or other.startswith(f"{label} (") for other in labels)
        labels.append(f"{label} ({duplicates + 1})" if duplicates else label)
    return labels
