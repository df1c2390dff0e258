"""The anatomy of steps: what the gradient did in each, and what the memory of earlier ones."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajectories.optimizers import Optimizer
from trajectories.trajectory import Trajectory
from trajectories.validation import must

__all__ = ["Anatomy", "dissect"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The parts of every step of a path; all are zero where it has converged."""

    gradient: Array
    memory: Array
    step: Array


def dissect(path: Trajectory) -> Anatomy:
    """Take the steps of a path apart, by the optimizer's own arithmetic."""
    optimizer = path.optimizer
    if len(path.recorded) != path.steps + 1:
        raise must("record", "'all', as every step is needed", len(path.recorded))
    steps = np.diff(path.positions, axis=0)
    memory, gradients = np.zeros_like(steps), np.array(path.gradients[:-1])
    if isinstance(optimizer, Optimizer):  # Others look at the surface, and remember nothing.
        _remember(path, optimizer.fresh(), memory)
    time = np.arange(path.steps).reshape(-1, *[1] * len(path.batch_shape))
    arrived = (path.converged_at >= 0) & (time >= path.converged_at)
    memory[arrived], gradients[arrived] = 0.0, 0.0
    return Anatomy(gradients, memory, steps)


def _remember(path: Trajectory, optimizer: Optimizer, memory: Array) -> None:
    """Write what an unused optimizer would do in each step if the gradient were zero."""
    position, gradient = np.array(path.positions[0]), np.zeros_like(path.positions[0])
    # Coordinates first, so that arrays of hyperparameters meet the batch.
    p, g = (np.ascontiguousarray(np.moveaxis(a, -1, 0)) for a in (position, gradient))
    with np.errstate(all="ignore"):
        for step, given in enumerate(path.gradients[:-1]):
            trial, twin = p.copy(), copy.deepcopy(optimizer)
            twin.update({"p": trial}, {"p": np.zeros_like(p)})
            memory[step] = np.moveaxis(trial - p, 0, -1)
            g[...] = np.moveaxis(given, -1, 0)
            optimizer.update({"p": p}, {"p": g})
