"""The calendar of a run: how many iterations, which end an epoch, and which are recorded."""

from __future__ import annotations

from dataclasses import dataclass

from trajectories.validation import integer, must

__all__ = ["Calendar"]


@dataclass(frozen=True)
class Calendar:
    """When a run has its epochs and its records."""

    images: int
    batch_size: int
    iterations: int
    every: int | str | None = "epoch"

    def __post_init__(self) -> None:
        """Check the numbers."""
        integer("batch_size", self.batch_size, 1)
        integer("iterations", self.iterations, 1)
        if isinstance(self.every, str) and self.every != "epoch":
            raise must("evaluate_every", "'epoch', a number of iterations or None", self.every)
        if self.every is not None and self.every != "epoch":
            integer("evaluate_every", self.every, 1)

    @classmethod
    def of(
        cls,
        images: int,
        batch_size: int,
        *,
        iterations: int | None,
        epochs: int | None,
        every: int | str | None,
    ) -> Calendar:
        """Return the calendar of a run that is so many iterations or epochs long."""
        if (iterations is None) == (epochs is None):
            raise ValueError("Either `iterations` or `epochs` must be given, and not both.")
        if iterations is None:
            drawn = integer("epochs", epochs, 1) * images
            iterations = -(-drawn // integer("batch_size", batch_size, 1))
        return cls(images, batch_size, iterations, every)

    def epoch(self, iteration: int) -> int:
        """Return how many epochs are over after so many iterations."""
        return iteration * self.batch_size // self.images

    def due(self, iteration: int) -> bool:
        """Tell whether there is a record after so many iterations."""
        if iteration in (0, self.iterations) or self.every is None:
            return iteration in (0, self.iterations)
        if isinstance(self.every, int):
            return iteration % self.every == 0
        return self.epoch(iteration) > self.epoch(iteration - 1)
