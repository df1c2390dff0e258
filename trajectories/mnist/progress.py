"""How far a run has come: what it has recorded, as arrays that a checkpoint can hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.mnist.history import History
from trajectories.mnist.layers import Array

__all__ = ["Progress"]


class Progress:
    """What a run has recorded so far."""

    def __init__(self, iterations: int, names: Iterable[str]) -> None:
        self.iteration = 0
        self.seconds = 0.0
        self.losses: NDArray[np.float64] = np.zeros(iterations)
        self.rows: list[tuple[int, int, float]] = []
        self.accuracy: dict[str, list[float]] = {name: [] for name in names}
        self.snapshots: dict[int, Array] = {}
        self.diverged_at: int | None = None

    @property
    def over(self) -> bool:
        """Whether the run has come to its end."""
        return self.diverged_at is not None or self.iteration >= len(self.losses)

    def history(self, label: str, settings: dict[str, Any]) -> History:
        """Return what is recorded as a `History`."""
        iteration, epoch, seconds = zip(*self.rows, strict=True) if self.rows else ((), (), ())
        return History(
            label=label,
            loss=self.losses[: self.iteration],
            iteration=np.array(iteration),
            epoch=np.array(epoch),
            accuracy={name: np.array(curve) for name, curve in self.accuracy.items()},
            seconds=np.array(seconds),
            diverged_at=self.diverged_at,
            settings=settings,
        )

    def state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return copies of all of it: what JSON can hold, and arrays."""
        about = {
            "iteration": self.iteration,
            "seconds": self.seconds,
            "rows": list(self.rows),
            "accuracy": {name: list(curve) for name, curve in self.accuracy.items()},
            "snapshots": list(self.snapshots),
            "diverged_at": self.diverged_at,
        }
        arrays = {"losses": self.losses[: self.iteration].copy()}
        if self.snapshots:
            arrays["snapshots"] = np.stack(list(self.snapshots.values()))
        return about, arrays

    def load_state(self, about: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Go on from where `state` told of."""
        self.iteration = int(about["iteration"])
        self.seconds = float(about["seconds"])
        self.losses[: self.iteration] = arrays["losses"]
        self.rows = [(int(i), int(epoch), float(s)) for i, epoch, s in about["rows"]]
        self.accuracy = {
            name: [float(a) for a in about["accuracy"][name]] for name in self.accuracy
        }
        taken = about["snapshots"]
        copies: Iterable[Array] = arrays["snapshots"] if taken else ()
        self.snapshots = {int(i): np.array(p) for i, p in zip(taken, copies, strict=True)}
        self.diverged_at = None if about["diverged_at"] is None else int(about["diverged_at"])
