"""Paths that descend together, each step of all before the next, in arrays that are used again."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from trajectories.buffers import aligned
from trajectories.optimizers import Optimizer, Rule, SurfaceOptimizer
from trajectories.surfaces import LeastSquares, Surface

__all__ = ["Block", "Noise", "in_batches"]

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
