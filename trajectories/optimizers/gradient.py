"""Gradient descent, and its relatives that build up no velocity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trajectories.optimizers.arithmetic import decay, power
from trajectories.optimizers.base import Array, Hyperparameter, Optimizer, hyperparameter
from trajectories.validation import NON_NEGATIVE, UNIT

__all__ = ["ASGD", "SGD", "OptimisticGD"]


@dataclass(eq=False)
class SGD(Optimizer):
    r"""Gradient descent: a step against the gradient (stochastic, where the gradient is).

    .. math:: p \leftarrow p - \eta\, g

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        Learning rate :math:`\eta`.

    Notes
    -----
    Weakness: one learning rate for all directions. Where the surface is :math:`\kappa` times as
    steep across as along, a rate that is stable across (below 2 over the largest eigenvalue of
    the Hessian) is :math:`\kappa` times too small along, and the path zigzags.

    References
    ----------
    Robbins, H. and Monro, S. (1951). A stochastic approximation method. Annals of Mathematical
    Statistics 22(3), 400-407.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> SGD(0.95).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"]
    array([-6.335, -1.8  ])
    """

    name: ClassVar[str] = "sgd"
    formula: ClassVar[str] = "p -= lr g"

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        (a,) = scratch
        np.multiply(lr, g, a)
        p -= a


@dataclass(eq=False)
class OptimisticGD(Optimizer):
    r"""Optimistic gradient descent: the next gradient is guessed to change as the last one did.

    .. math:: p \leftarrow p - \eta\,(\alpha\, g + \beta\,(g - g_\text{last}))

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        Learning rate :math:`\eta`.
    alpha : float or array, default 1
        The weight of the gradient; zero or positive.
    beta : float or array, default 1
        The weight of its change since the last step; zero or positive.

    Notes
    -----
    In the first step the last gradient is the present one. Made for games, in which one player's
    descent is the other's ascent: there plain gradient descent circles outward, and this comes
    in. Weakness: on a surface alone it gains nothing, and steep directions want a smaller rate
    than gradient descent does (below 2/3 over the largest eigenvalue of the Hessian).

    References
    ----------
    Popov, L. D. (1980). A modification of the Arrow-Hurwicz method for search of saddle points.
    Mathematical Notes 28(5), 845-848. Daskalakis, C. et al. (2018). Training GANs with optimism.
    ICLR, arXiv:1711.00141.

    Examples
    --------
    >>> params, rule = {"p": np.array([-7.0, 2.0])}, OptimisticGD(0.1)
    >>> for _ in range(2):
    ...     rule.update(params, {"p": params["p"] * [0.1, 2.0]})
    >>> params["p"].round(5)
    array([-6.8614,  1.36  ])
    """

    name: ClassVar[str] = "optimisticgd"
    formula: ClassVar[str] = "p -= lr (alpha g + beta (g - last g))"
    _state_names: ClassVar[tuple[str, ...]] = ("last",)
    _scratch: ClassVar[int] = 2

    alpha: Hyperparameter = hyperparameter(1.0, NON_NEGATIVE)
    beta: Hyperparameter = hyperparameter(1.0, NON_NEGATIVE)

    def _constants(self) -> dict[str, Hyperparameter]:
        return {"beta": self.beta}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        last = state.last
        if self.steps_taken == 1:
            last[...] = g
        np.multiply(self.alpha + self.beta, g, a)
        np.multiply(state.beta, last, b)
        a -= b
        a *= lr
        p -= a
        last[...] = g


@dataclass(eq=False)
class ASGD(Optimizer):
    r"""The descent of averaged SGD: gradient descent whose rate falls at the pace for averaging.

    .. math:: p \leftarrow p\,(1 - \lambda \eta_t) - \eta_t\, g, \quad
        \eta_t = \eta\, / \, (1 + \lambda \eta\, (t - 1))^\alpha, \quad t = 1, 2, \ldots

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        Learning rate :math:`\eta` of the first step.
    weight_decay : float or array, default 1e-4
        The pull :math:`\lambda` towards 0, of :math:`\lambda\,p^2/2`, which sets the pace of the
        fall, too; zero or positive.
    alpha : float or array, default 0.75
        How fast the rate falls, between 0 (not at all) and 1.

    Notes
    -----
    As in PyTorch, where :math:`\lambda` is called `lambd`, p is the descent itself: the average
    of its positions, which gives the method its name, never acts on it, and is not kept here.
    Under a schedule PyTorch takes the rate of the step before, this rule that of the step.
    Weakness: that of `SGD`; and without noise to average away, the falling rate only delays.

    References
    ----------
    Polyak, B. T. and Juditsky, A. B. (1992). Acceleration of stochastic approximation by
    averaging. SIAM Journal on Control and Optimization 30(4), 838-855. The rate: Xu, W. (2011),
    arXiv:1107.2490.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> ASGD(0.95, weight_decay=0.1).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"]
    array([-5.67, -1.99])
    """

    name: ClassVar[str] = "asgd"
    formula: ClassVar[str] = "p -= lr_t (g + weight_decay p), lr_t falls as t^-alpha"

    weight_decay: Hyperparameter = hyperparameter(1e-4, NON_NEGATIVE)
    alpha: Hyperparameter = hyperparameter(0.75, UNIT)

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        (a,) = scratch
        past = self.weight_decay * lr * (self.steps_taken - 1)
        lr_t = lr / power(1 + past, self.alpha)
        decay(p, lr_t, self.weight_decay)
        np.multiply(lr_t, g, a)
        p -= a
