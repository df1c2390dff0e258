"""Rules with a learning rate of their own for every element, from its past squared gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trajectories.optimizers.base import Array, Hyperparameter, Optimizer, hyperparameter
from trajectories.validation import FRACTION, POSITIVE

__all__ = ["AdaGrad", "RMSProp"]


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
    _state_names: ClassVar[tuple[str, ...]] = ("h",)
    _scratch: ClassVar[int] = 2

    eps: Hyperparameter = hyperparameter(1e-7, POSITIVE)

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, _ = scratch
        h = state.h
        np.multiply(g, g, out=a)
        h += a
        _scaled_step(p, g, lr, h, self.eps, *scratch)


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
    _state_names: ClassVar[tuple[str, ...]] = ("h",)
    _scratch: ClassVar[int] = 2

    decay_rate: Hyperparameter = hyperparameter(0.99, FRACTION)
    eps: Hyperparameter = hyperparameter(1e-7, POSITIVE)

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, _ = scratch
        h = state.h
        h *= self.decay_rate
        np.multiply(1 - self.decay_rate, g, out=a)
        a *= g
        h += a
        _scaled_step(p, g, lr, h, self.eps, *scratch)


def _scaled_step(
    p: Array, g: Array, lr: Hyperparameter, h: Array, eps: Hyperparameter, a: Array, b: Array
) -> None:
    """Subtract lr g / (sqrt h + eps) from p."""
    np.sqrt(h, out=b)
    b += eps
    np.multiply(lr, g, out=a)
    a /= b
    p -= a
