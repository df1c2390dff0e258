"""Gradient descent with a memory of where it was going."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trajectories.optimizers.base import Array, Hyperparameter, Optimizer, hyperparameter
from trajectories.validation import UNIT

__all__ = ["DampenedMomentum", "Momentum", "Nesterov"]


@dataclass(eq=False)
class Momentum(Optimizer):
    r"""Gradient descent with momentum: a ball that rolls, and loses some of its speed.

    .. math:: v \leftarrow \mu v - \eta\, g, \qquad p \leftarrow p + v

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        Learning rate :math:`\eta`.
    momentum : float or array, default 0.9
        The part :math:`\mu` of the velocity kept in each step, between 0 and 1.

    Notes
    -----
    The learning rate is inside the velocity, as in the textbook. With a constant rate the
    positions equal those of PyTorch and Optax, which keep it outside; under a schedule they do not.
    Weakness: it overshoots, and circles the minimum.

    References
    ----------
    Polyak, B. T. (1964). Some methods of speeding up the convergence of iteration methods. USSR
    Computational Mathematics and Mathematical Physics 4(5), 1-17.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> Momentum(0.1).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"]
    array([-6.93,  1.6 ])
    """

    name: ClassVar[str] = "momentum"
    formula: ClassVar[str] = "v = momentum v - lr g, p += v"
    _state_names: ClassVar[tuple[str, ...]] = ("v",)

    momentum: Hyperparameter = hyperparameter(0.9, UNIT)

    def _constants(self) -> dict[str, Hyperparameter]:
        return {"momentum": self.momentum}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        (a,) = scratch
        v = state.v
        v *= state.momentum
        np.multiply(lr, g, a)
        v -= a
        p += v


@dataclass(eq=False)
class Nesterov(Optimizer):
    r"""Nesterov's accelerated gradient, in the form whose positions are the looked-ahead ones.

    .. math:: p \leftarrow p + \mu^2 v - (1 + \mu)\,\eta\, g, \qquad v \leftarrow \mu v - \eta\, g

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        Learning rate :math:`\eta`.
    momentum : float or array, default 0.9
        The part :math:`\mu` of the velocity kept in each step, between 0 and 1.

    Notes
    -----
    The gradient is taken where the velocity alone would lead; written in those points, no second
    position is needed. Weakness: its gain is proved for convex surfaces and exact gradients.

    References
    ----------
    Nesterov, Y. (1983). A method for solving the convex programming problem with convergence rate
    O(1/k^2). Doklady AN SSSR 269(3), 543-547. The form: Bengio, Y. et al. (2012),
    arXiv:1212.0901, eq. 7.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> Nesterov(0.1).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"]
    array([-6.867,  1.24 ])
    """

    name: ClassVar[str] = "nesterov"
    formula: ClassVar[str] = "p += momentum^2 v - (1 + momentum) lr g, v = momentum v - lr g"
    _state_names: ClassVar[tuple[str, ...]] = ("v",)

    momentum: Hyperparameter = hyperparameter(0.9, UNIT)

    def _constants(self) -> dict[str, Hyperparameter]:
        return {"momentum": self.momentum, "squared": self.momentum * self.momentum}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        (a,) = scratch
        v = state.v
        np.multiply(state.squared, v, a)
        p += a
        np.multiply((1 + self.momentum) * lr, g, a)
        p -= a
        v *= state.momentum
        np.multiply(lr, g, a)
        v -= a


@dataclass(eq=False)
class DampenedMomentum(Optimizer):
    r"""Momentum in which new gradients are dampened: by default, a running mean of the gradients.

    .. math:: v \leftarrow \mu v + (1 - \tau)\, g, \qquad p \leftarrow p - \eta\, v

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        Learning rate :math:`\eta`.
    momentum : float or array, default 0.9
        The part :math:`\mu` of the velocity kept in each step, between 0 and 1.
    dampening : float or array, default 0.9
        The part :math:`\tau` of each new gradient that is left out, between 0 and 1. As large as
        `momentum`, it makes v a mean; 0 is PyTorch's default.

    Notes
    -----
    PyTorch's form: the learning rate stays outside the velocity, so that under a schedule it acts
    on the whole of it at once, and the first velocity is the whole first gradient. Without
    dampening the positions are those of `Momentum` while the rate is constant. Weakness: the
    first gradient weighs :math:`1/(1 - \tau)` (10) times as much as it would in a mean.

    References
    ----------
    Polyak, B. T. (1964). Some methods of speeding up the convergence of iteration methods. USSR
    Computational Mathematics and Mathematical Physics 4(5), 1-17. The form: `torch.optim.SGD`.

    Examples
    --------
    >>> params, rule = {"p": np.array([-7.0, 2.0])}, DampenedMomentum(0.1)
    >>> for _ in range(2):
    ...     rule.update(params, {"p": params["p"] * [0.1, 2.0]})
    >>> params["p"].round(5)
    array([-6.86007,  1.208  ])
    """

    name: ClassVar[str] = "dampenedmomentum"
    formula: ClassVar[str] = "v = momentum v + (1 - dampening) g, p -= lr v"
    _state_names: ClassVar[tuple[str, ...]] = ("v",)

    momentum: Hyperparameter = hyperparameter(0.9, UNIT)
    dampening: Hyperparameter = hyperparameter(0.9, UNIT)

    def _constants(self) -> dict[str, Hyperparameter]:
        return {"momentum": self.momentum}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        (a,) = scratch
        v = state.v
        weight = 1 - self.dampening if self.steps_taken > 1 else 1.0
        v *= state.momentum
        np.multiply(weight, g, a)
        v += a
        np.multiply(lr, v, a)
        p -= a
