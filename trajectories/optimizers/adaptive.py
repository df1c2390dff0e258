"""Rules with a learning rate of their own for every element, from its past squared gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trajectories.optimizers.arithmetic import average
from trajectories.optimizers.base import Array, Hyperparameter, Optimizer, hyperparameter
from trajectories.validation import FRACTION, POSITIVE, UNIT

__all__ = ["AdaDelta", "AdaGrad", "CenteredRMSProp", "RMSProp"]


@dataclass(eq=False)
class AdaGrad(Optimizer):
    r"""AdaGrad: the more an element has moved, the smaller its steps become.

    .. math:: h \leftarrow h + g^2, \qquad p \leftarrow p - \eta\, g / (\sqrt h + \epsilon)

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        Learning rate :math:`\eta`: the size of the first step in each element.
    eps : float or array, default 1e-7
        Positive; added to the root, against division by zero.

    Notes
    -----
    h starts at 0. Weakness: h only grows, so the steps shrink for ever and may end before the
    minimum does.

    References
    ----------
    Duchi, J., Hazan, E. and Singer, Y. (2011). Adaptive subgradient methods for online learning
    and stochastic optimization. JMLR 12, 2121-2159.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> AdaGrad(1.5).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"].round(5)
    array([-5.5,  0.5])
    """

    name: ClassVar[str] = "adagrad"
    formula: ClassVar[str] = "h += g^2, p -= lr g / (sqrt(h) + eps)"
    _state_names: ClassVar[tuple[str, ...]] = ("h",)
    _scratch: ClassVar[int] = 2

    eps: Hyperparameter = hyperparameter(1e-7, POSITIVE)

    def _constants(self) -> dict[str, Hyperparameter]:
        return {"eps": self.eps}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, _ = scratch
        h = state.h
        np.multiply(g, g, a, dtype=a.dtype)  # Half precision would overflow.
        h += a
        _scaled_step(p, g, lr, h, state.eps, *scratch)


@dataclass(eq=False)
class RMSProp(Optimizer):
    r"""RMSProp: AdaGrad with a memory that fades.

    .. math:: h \leftarrow \rho h + (1 - \rho) g^2,
        \qquad p \leftarrow p - \eta\, g / (\sqrt h + \epsilon)

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        Learning rate :math:`\eta`.
    decay_rate : float or array, default 0.99
        The part :math:`\rho` of h kept in each step, at least 0 and below 1.
    eps : float or array, default 1e-7
        Positive; added to the root, against division by zero.

    Notes
    -----
    Weakness: h starts at 0 without a correction, so that the first step is
    :math:`1/\sqrt{1 - \rho}` (10) times as long as `lr`; and near a minimum, where g and the root
    shrink together, the steps do not.

    References
    ----------
    Tieleman, T. and Hinton, G. (2012). Lecture 6.5, Neural networks for machine learning,
    Coursera.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> RMSProp(0.1).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"].round(5)
    array([-6.,  1.])
    """

    name: ClassVar[str] = "rmsprop"
    formula: ClassVar[str] = "h = mean of g^2, p -= lr g / (sqrt(h) + eps)"
    _state_names: ClassVar[tuple[str, ...]] = ("h",)
    _scratch: ClassVar[int] = 2

    decay_rate: Hyperparameter = hyperparameter(0.99, FRACTION)
    eps: Hyperparameter = hyperparameter(1e-7, POSITIVE)

    def _constants(self) -> dict[str, Hyperparameter]:
        return {"eps": self.eps}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, _ = scratch
        h = state.h
        _faded_squares(h, g, self.decay_rate, a)
        _scaled_step(p, g, lr, h, state.eps, *scratch)


@dataclass(eq=False)
class CenteredRMSProp(Optimizer):
    r"""RMSProp over the deviation of the gradients from their mean, with momentum if asked.

    .. math:: h \leftarrow \rho h + (1 - \rho) g^2, \qquad m \leftarrow \rho m + (1 - \rho) g
    .. math:: v \leftarrow \mu v + g / (\sqrt{h - m^2} + \epsilon),
        \qquad p \leftarrow p - \eta\, v

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        Learning rate :math:`\eta`.
    decay_rate : float or array, default 0.99
        The part :math:`\rho` of h and of m kept in each step, at least 0 and below 1.
    momentum : float or array, default 0
        The part :math:`\mu` of the velocity kept in each step, between 0 and 1; Graves has 0.9.
    eps : float or array, default 1e-8
        Positive; added to the root, against division by zero.

    Notes
    -----
    PyTorch's ``RMSprop(centered=True)``; Graves and Optax add epsilon inside the root. Where the
    gradients are all but equal, rounding can leave :math:`h - m^2` just below 0: it counts as 0
    here, and gives NaN in PyTorch. Weakness: such a gradient has no deviation, and so is
    followed in leaps of up to :math:`\eta/\epsilon` times its size.

    References
    ----------
    Graves, A. (2013). Generating sequences with recurrent neural networks. arXiv:1308.0850,
    eq. 38-41.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> CenteredRMSProp(0.1).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"].round(5)
    array([-5.99496,  0.99496])
    """

    name: ClassVar[str] = "centeredrmsprop"
    formula: ClassVar[str] = "v = momentum v + g / (sqrt(variance of g) + eps), p -= lr v"
    _state_names: ClassVar[tuple[str, ...]] = ("h", "m", "v")

    decay_rate: Hyperparameter = hyperparameter(0.99, FRACTION)
    momentum: Hyperparameter = hyperparameter(0.0, UNIT)
    eps: Hyperparameter = hyperparameter(1e-8, POSITIVE)

    def _constants(self) -> dict[str, Hyperparameter]:
        return {"pull": 1 - self.decay_rate, "momentum": self.momentum, "eps": self.eps}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        (a,) = scratch
        h, m, v = state.h, state.m, state.v
        _faded_squares(h, g, self.decay_rate, a)
        average(m, g, state.pull, a)

        np.multiply(m, m, a)
        np.subtract(h, a, a)
        np.maximum(a, 0, out=a)
        np.sqrt(a, a)
        a += state.eps
        np.divide(g, a, a)
        v *= state.momentum
        v += a

        np.multiply(lr, v, a)
        p -= a


@dataclass(eq=False)
class AdaDelta(Optimizer):
    r"""AdaDelta: RMSProp that takes the size of its steps from that of its past steps.

    .. math:: h \leftarrow \rho h + (1 - \rho) g^2, \qquad
        d = g \sqrt{D + \epsilon} / \sqrt{h + \epsilon}
    .. math:: D \leftarrow \rho D + (1 - \rho) d^2, \qquad p \leftarrow p - \eta\, d

    Parameters
    ----------
    lr : float, array or schedule, default 1
        Learning rate :math:`\eta`; the paper has none, which is a rate of 1.
    decay_rate : float or array, default 0.9
        The part :math:`\rho` of h and of D kept in each step, at least 0 and below 1.
    eps : float or array, default 1e-6
        Positive; under both roots. It alone makes the first steps.

    Notes
    -----
    d has the unit of p, whatever that of the gradient, so that no rate need be chosen. The
    defaults are PyTorch's and Optax's; the paper has :math:`\rho` = 0.95. Weakness: D starts at 0
    and the first steps are about :math:`\sqrt\epsilon` long, so that it takes many to get going.

    References
    ----------
    Zeiler, M. D. (2012). ADADELTA: an adaptive learning rate method. arXiv:1212.5701,
    algorithm 1.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> AdaDelta(10).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"].round(5)
    array([-6.96838,  1.96838])
    """

    name: ClassVar[str] = "adadelta"
    formula: ClassVar[str] = "d = g sqrt(mean of d^2 + eps) / sqrt(mean of g^2 + eps), p -= lr d"
    _state_names: ClassVar[tuple[str, ...]] = ("h", "d")
    _scratch: ClassVar[int] = 2

    lr: Any = hyperparameter(1.0, POSITIVE)
    decay_rate: Hyperparameter = hyperparameter(0.9, FRACTION)
    eps: Hyperparameter = hyperparameter(1e-6, POSITIVE)

    def _constants(self) -> dict[str, Hyperparameter]:
        return {"eps": self.eps}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        h, d = state.h, state.d
        _faded_squares(h, g, self.decay_rate, a)

        np.add(d, state.eps, a)
        np.sqrt(a, a)
        np.add(h, state.eps, b)
        np.sqrt(b, b)
        a /= b
        a *= g
        _faded_squares(d, a, self.decay_rate, b)

        a *= lr
        p -= a


def _faded_squares(h: Array, g: Array, decay_rate: Hyperparameter, a: Array) -> None:
    """Let h fade, and add what of the squares of g makes it a mean."""
    h *= decay_rate
    np.multiply(1 - decay_rate, g, a)
    a *= g
    h += a


def _scaled_step(
    p: Array, g: Array, lr: Hyperparameter, h: Array, eps: Array, a: Array, b: Array
) -> None:
    """Subtract lr g / (sqrt h + eps) from p."""
    np.sqrt(h, b)
    b += eps
    np.multiply(lr, g, a)
    a /= b
    p -= a
