"""The base of Adam and its relatives: running means of the gradient and of its square."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trajectories.optimizers.arithmetic import average, average_square, root
from trajectories.optimizers.base import Array, Hyperparameter, Optimizer, hyperparameter
from trajectories.validation import FRACTION, POSITIVE

__all__ = ["Moments"]


@dataclass(eq=False)
class Moments(Optimizer, ABC):
    """The base of the rules that follow a mean gradient m over the root of a mean square v."""

    _state_names: ClassVar[tuple[str, ...]] = ("m", "v")
    _scratch: ClassVar[int] = 2

    lr: Any = hyperparameter(0.001, POSITIVE)
    beta1: Hyperparameter = hyperparameter(0.9, FRACTION)
    beta2: Hyperparameter = hyperparameter(0.999, FRACTION)
    eps: Hyperparameter = hyperparameter(1e-8, POSITIVE)

    def _constants(self) -> dict[str, Hyperparameter]:
        return {"pull1": 1 - self.beta1, "pull2": 1 - self.beta2, "eps": self.eps}

    def _see(self, g: Array, state: Any, scratch: Array) -> None:
        """Take a gradient into both means."""
        average(state.m, g, state.pull1, scratch)
        average_square(state.v, g, state.pull2, scratch)

    def _lack(self, name: str) -> Any:
        """Return by what factor a mean that began at 0 is too small by now."""
        beta = getattr(self, name)
        if isinstance(beta, float):
            return 1 - beta**self.steps_taken
        return 1 - self._power(name, self.steps_taken)

    def _over_root(self, a: Array, v: Array, eps: Array, scratch: Array) -> None:
        """Divide by the root of v, corrected for its start at 0, plus epsilon."""
        np.sqrt(v, scratch)
        scratch /= root(self._lack("beta2"))
        scratch += eps
        a /= scratch
