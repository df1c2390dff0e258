"""Rules that go by the signs of gradients, and not by their sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trajectories.optimizers.arithmetic import decay
from trajectories.optimizers.base import Array, Hyperparameter, Optimizer, hyperparameter
from trajectories.validation import FRACTION, NON_NEGATIVE, POSITIVE, Interval

__all__ = ["Lion", "Rprop", "SignSGD", "Signum"]

SHRINKING = Interval(0.0, 1.0, "neither", "above 0 and below 1")
GROWING = Interval(1.0, math.inf, "neither", "above 1")


@dataclass(eq=False)
class SignSGD(Optimizer):
    r"""Sign descent: every element makes a step of the same size, down its slope.

    .. math:: p \leftarrow p - \eta\, \text{sign}(g)

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        Learning rate :math:`\eta`: the size of every step in each element.

    Notes
    -----
    An element whose gradient is 0 does not move. Weakness: steps do not shrink with the gradient,
    so that it ends in a walk to and fro about the minimum, as wide as the rate; a schedule that
    comes down cures it.

    References
    ----------
    Bernstein, J. et al. (2018). signSGD: compressed optimisation for non-convex problems. ICML,
    arXiv:1802.04434, algorithm 1.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> SignSGD(0.5).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"]
    array([-6.5,  1.5])
    """

    name: ClassVar[str] = "signsgd"
    formula: ClassVar[str] = "p -= lr sign(g)"

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        (a,) = scratch
        np.sign(g, a)
        a *= lr
        p -= a


@dataclass(eq=False)
class Signum(Optimizer):
    r"""Sign descent with momentum: the sign is that of the mean gradient.

    .. math:: m \leftarrow \mu m + (1 - \mu)\, g, \qquad p \leftarrow p - \eta\, \text{sign}(m)

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        Learning rate :math:`\eta`: the size of every step in each element.
    momentum : float or array, default 0.9
        The part :math:`\mu` of the mean gradient kept in each step, at least 0 and below 1.

    Notes
    -----
    The same as Optax's. Weakness: that of `SignSGD`, and the mean turns late, so that the walk
    about the minimum is wider.

    References
    ----------
    Bernstein, J. et al. (2018). signSGD: compressed optimisation for non-convex problems. ICML,
    arXiv:1802.04434, algorithm 2.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> Signum(0.5).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"]
    array([-6.5,  1.5])
    """

    name: ClassVar[str] = "signum"
    formula: ClassVar[str] = "m = momentum m + (1 - momentum) g, p -= lr sign(m)"
    _state_names: ClassVar[tuple[str, ...]] = ("m",)

    momentum: Hyperparameter = hyperparameter(0.9, FRACTION)

    def _constants(self) -> dict[str, Hyperparameter]:
        return {"momentum": self.momentum}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        (a,) = scratch
        m = state.m
        m *= state.momentum
        np.multiply(1 - self.momentum, g, a)
        m += a
        np.sign(m, a)
        a *= lr
        p -= a


@dataclass(eq=False)
class Lion(Optimizer):
    r"""Lion, found by a search through programs: sign descent with two speeds of momentum.

    .. math:: p \leftarrow p\,(1 - \eta \lambda)
        - \eta\, \text{sign}(\beta_1 m + (1 - \beta_1)\, g), \qquad
        m \leftarrow \beta_2 m + (1 - \beta_2)\, g

    Parameters
    ----------
    lr : float, array or schedule, default 1e-4
        Learning rate :math:`\eta`: the size of every step in each element.
    beta1 : float or array, default 0.9
        The weight of the mean gradient m against g in the step, at least 0 and below 1.
    beta2 : float or array, default 0.99
        The part of m kept in each step, at least 0 and below 1.
    weight_decay : float or array, default 1e-3
        How fast :math:`\lambda` p shrinks by itself; zero or positive. Optax's default; the
        authors leave it to the task.

    Notes
    -----
    The same as Optax's. Wants a rate 3 to 10 times smaller than Adam's. Weakness: that of
    `SignSGD`, steps that do not shrink with the gradient; :math:`\beta_2` so near 1 makes wide
    turns.

    References
    ----------
    Chen, X. et al. (2023). Symbolic discovery of optimization algorithms. NeurIPS,
    arXiv:2302.06675, algorithm 2.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> Lion(0.5, weight_decay=0.1).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"]
    array([-6.15,  1.4 ])
    """

    name: ClassVar[str] = "lion"
    formula: ClassVar[str] = "p -= lr (sign(beta1 m + (1 - beta1) g) + weight_decay p)"
    _state_names: ClassVar[tuple[str, ...]] = ("m",)
    _scratch: ClassVar[int] = 2

    lr: Any = hyperparameter(1e-4, POSITIVE)
    beta1: Hyperparameter = hyperparameter(0.9, FRACTION)
    beta2: Hyperparameter = hyperparameter(0.99, FRACTION)
    weight_decay: Hyperparameter = hyperparameter(1e-3, NON_NEGATIVE)

    def _constants(self) -> dict[str, Hyperparameter]:
        return {"beta1": self.beta1, "beta2": self.beta2}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        m = state.m
        np.multiply(state.beta1, m, a)
        np.multiply(1 - self.beta1, g, b)
        a += b
        np.sign(a, a)
        a *= lr
        decay(p, lr, self.weight_decay)
        p -= a

        m *= state.beta2
        np.multiply(1 - self.beta2, g, a)
        m += a


@dataclass(eq=False)
class Rprop(Optimizer):
    r"""Rprop: sign descent in which every element learns the size of its steps.

    .. math:: s \leftarrow \min(\max(s\, k,\, s_\text{min}),\, s_\text{max}), \qquad
        p \leftarrow p - s\, \text{sign}(g)
    .. math:: k = \eta_+ \text{ if the sign of g is the last one, } \eta_-
        \text{ if it is the opposite, } 1 \text{ if either is 0}

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        The size s of the first step in each element. It acts then alone: of a schedule, only the
        first rate counts.
    eta_minus : float or array, default 0.5
        By how much a step shrinks, above 0 and below 1.
    eta_plus : float or array, default 1.2
        By how much a step grows, above 1.
    min_step : float or array, default 1e-6
        The least size of a step, positive.
    max_step : float or array, default 50
        The largest size of a step, positive.

    Notes
    -----
    PyTorch's form, known as iRprop-: where the sign has turned, the gradient counts as 0, so that
    the element rests for one step, and is free in the next. Optax 0.2.8 applies each update one
    step late. Weakness: made for exact gradients; the signs of noisy ones turn all the time, and
    the steps shrink to nothing.

    References
    ----------
    Riedmiller, M. and Braun, H. (1993). A direct adaptive method for faster backpropagation
    learning: the RPROP algorithm. IEEE ICNN, 586-591. The form: Igel, C. and Hüsken, M. (2000).
    Improving the Rprop learning algorithm. Proc. NC 2000, 115-121.

    Examples
    --------
    >>> params, rule = {"p": np.array([-7.0, 2.0])}, Rprop(0.5)
    >>> for _ in range(5):
    ...     rule.update(params, {"p": params["p"] * [0.1, 2.0]})
    ...     print(params["p"].round(3))
    [-6.5  1.5]
    [-5.9  0.9]
    [-5.18  0.18]
    [-4.316 -0.684]
    [-3.279 -0.684]
    """

    name: ClassVar[str] = "rprop"
    formula: ClassVar[str] = "p -= s sign(g), s *= eta_plus, or eta_minus where the sign turns"
    _state_names: ClassVar[tuple[str, ...]] = ("size", "sign")
    _scratch: ClassVar[int] = 2
    _masks: ClassVar[int] = 1

    eta_minus: Hyperparameter = hyperparameter(0.5, SHRINKING)
    eta_plus: Hyperparameter = hyperparameter(1.2, GROWING)
    min_step: Hyperparameter = hyperparameter(1e-6, POSITIVE)
    max_step: Hyperparameter = hyperparameter(50.0, POSITIVE)

    def _constants(self) -> dict[str, Hyperparameter]:
        return {
            name: getattr(self, name) for name in ("eta_minus", "eta_plus", "min_step", "max_step")
        }

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b, mask = scratch
        size, sign = state.size, state.sign
        if self.steps_taken == 1:
            size[...] = lr
        np.sign(g, a)
        np.multiply(sign, a, b)
        np.greater(b, 0, mask)
        np.multiply(size, state.eta_plus, out=size, where=mask)
        np.less(b, 0, mask)
        np.multiply(size, state.eta_minus, out=size, where=mask)
        np.clip(size, state.min_step, state.max_step, out=size)

        np.copyto(a, 0, where=mask)
        sign[...] = a
        a *= size
        p -= a
