"""What all cells of a map have in common: what is descended, from where, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.arrays import from_plain, to_plain
from trajectories.block import in_batches
from trajectories.descent import descend
from trajectories.optimizers import Rule, as_optimizer
from trajectories.optimizers.record import from_record, to_record
from trajectories.surfaces import Surface, as_surface
from trajectories.trajectory import Descent, Trajectory
from trajectories.validation import integer, must

__all__ = ["Settings", "generator", "settled"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Settings:
    """What all cells of a map have in common."""

    surface: Surface
    optimizer: Rule
    start: Array
    steps: int
    noise: float = 0.0
    seed: int = 0
    tolerance: float | None = None

    @property
    def is_random(self) -> bool:
        """Whether two runs differ if their seeds do."""
        return bool(self.noise) or in_batches(self.surface)

    def descend(
        self,
        optimizer: Rule | None = None,
        start: ArrayLike | None = None,
        *,
        rng: Any = None,
        record: int | str = "all",
    ) -> Trajectory:
        """Let an optimizer descend under these settings."""
        return descend(
            self.surface,
            self.optimizer if optimizer is None else optimizer,
            self.start if start is None else start,
            self.steps,
            noise=self.noise,
            rng=self.seed if rng is None else rng,
            tolerance=self.tolerance,
            record=record,
        )

    def to_dict(self, *, own: bool = False) -> dict[str, Any]:
        """Return them as plain data, such as JSON can hold."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            **plain,
            "surface": self.surface.to_dict(),
            "optimizer": to_record(self.optimizer, own=own),
            "start": to_plain(self.start),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Settings:
        """Make settings of what `to_dict` returned."""
        rule = from_record(data["optimizer"])
        surface = Surface.from_dict(data["surface"])
        start = from_plain("start", data["start"])
        noise = {name: data[name] for name in ("noise", "tolerance")}
        settings = settled(surface, rule, start, data["steps"], rng=0, **noise)
        return replace(settings, seed=integer("seed", data["seed"], 0))


def settled(
    surface: Any,
    optimizer: Any,
    start: ArrayLike | None,
    steps: int,
    *,
    noise: float = 0.0,
    rng: Any = None,
    tolerance: float | None = None,
    kept: bool = False,
) -> Settings:
    """Check what a map is told, and return it as settings."""
    surface, optimizer = as_surface(surface), as_optimizer(optimizer)
    if optimizer.batch_shape:
        arrays = {k: h for k, h in optimizer.hyperparameters.items() if np.ndim(h)}
        name, value = next(iter(arrays.items()))
        raise must(name, "a single number, as a map has arrays of its own", value)
    steps = integer("steps", steps, 1)
    # One step of a descent, which checks all that the others will be given.
    made: Descent | None = descend(
        surface, optimizer, start, 1, noise=noise, rng=rng, tolerance=tolerance
    ).made
    assert made is not None
    if made.start.shape != (2,):
        raise must("start", "one start (x, y)", made.start.tolist())
    settings = Settings(
        surface, optimizer, made.start, steps, made.noise, made.seed, made.tolerance
    )
    if kept and settings.is_random and rng is None:
        raise must("rng", "a seed where blocks of what is random are kept in a folder", rng)
    # Where nothing is random, two maps that are told the same are the same.
    return settings if settings.is_random else replace(settings, seed=0)


def generator(rng: Any) -> np.random.Generator:
    """Return the generator that a seed stands for."""
    try:
        return np.random.default_rng(rng)
    except (AttributeError, TypeError, ValueError):
        raise must("rng", "a seed, a Generator or None", rng) from None
