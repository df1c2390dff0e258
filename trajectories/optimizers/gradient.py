"""Rules on the gradient itself or its sign: SGD, momentum, Rprop, Lion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trajectories.checks import FRACTION, NON_NEGATIVE, POSITIVE, UNIT, Interval
from trajectories.optimizers.base import (
    Array,
    Hyperparameter,
    Optimizer,
    decay,
    hyperparameter,
    power,
)


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
    In the first step the last gradient is the present one. Designed for games, where one player's
    descent is the other's ascent: there plain gradient descent spirals outward, and this inward.
    Weakness: on a surface it gains nothing, and steep directions need a smaller rate than gradient
    descent (below 2/3 over the largest eigenvalue of the Hessian).

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
        Weight :math:`\lambda` of the penalty :math:`\lambda\,p^2/2`, which also sets the pace of
        the fall; zero or positive.
    alpha : float or array, default 0.75
        The exponent of the fall, between 0 (constant rate) and 1.

    Notes
    -----
    As in PyTorch, where :math:`\lambda` is called `lambd`, p is the descent itself: the average
    of its positions, which gives the method its name, never acts on it, and is not computed here.
    Under a schedule PyTorch uses the rate of the step before, this rule that of the step.
    Weakness: that of `SGD`; and without noise the falling rate only delays.

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


@dataclass(eq=False)
class Momentum(Optimizer):
    r"""Gradient descent with momentum: a ball that rolls, and loses some of its speed.

    .. math:: v \leftarrow \mu v - \eta\, g, \qquad p \leftarrow p + v

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        Learning rate :math:`\eta`.
    momentum : float or array, default 0.9
        The part :math:`\mu` of the velocity kept per step, between 0 and 1.

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
        The part :math:`\mu` of the velocity kept per step, between 0 and 1.

    Notes
    -----
    The gradient is that of the point to which the velocity alone leads; in terms of these points no
    second position is needed. Weakness: its gain is proved for convex surfaces and exact gradients.

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
        The part :math:`\mu` of the velocity kept per step, between 0 and 1.
    dampening : float or array, default 0.9
        The part :math:`\tau` of each new gradient that is omitted, between 0 and 1. Equal to
        `momentum`, it makes v a mean; 0 is PyTorch's default.

    Notes
    -----
    PyTorch's form: the learning rate is outside the velocity, so that under a schedule it acts on
    all of it at once, and the first velocity is the undampened first gradient. Without
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
    so that it ends in an oscillation about the minimum, as wide as the rate; a falling schedule
    avoids it.

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
        The part :math:`\mu` of the mean gradient kept per step, at least 0 and below 1.

    Notes
    -----
    The same as Optax's. Weakness: that of `SignSGD`, and the mean changes sign late, so that the
    oscillation about the minimum is wider.

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
        The part of m kept per step, at least 0 and below 1.
    weight_decay : float or array, default 1e-3
        Decay rate :math:`\lambda` of p; zero or positive. Optax's default; the authors choose it by
        task.

    Notes
    -----
    The same as Optax's. Needs a rate 3 to 10 times smaller than Adam's. Weakness: that of
    `SignSGD`, steps that do not shrink with the gradient; :math:`\beta_2` near 1 gives wide curves.

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
        The size s of the first step in each element. It acts only then: of a schedule, only the
        first rate counts.
    eta_minus : float or array, default 0.5
        The factor by which a step shrinks, above 0 and below 1.
    eta_plus : float or array, default 1.2
        The factor by which a step grows, above 1.
    min_step : float or array, default 1e-6
        The least size of a step, positive.
    max_step : float or array, default 50
        The largest size of a step, positive.

    Notes
    -----
    PyTorch's form, known as iRprop-: where the sign changes, the gradient counts as 0, so that the
    element rests for one step, and is free in the next. Optax 0.2.8 applies each update one step
    late. Weakness: made for exact gradients; the signs of noisy ones change all the time, and the
    steps shrink to nothing.

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
