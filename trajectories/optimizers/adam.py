"""Adam: momentum and a learning rate per element in one rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trajectories.optimizers.base import Array, Hyperparameter, Optimizer, hyperparameter, root
from trajectories.validation import FRACTION, POSITIVE

__all__ = ["Adam"]


@dataclass(eq=False)
class Adam(Optimizer):
    r"""Adam, as the textbook writes it: the "epsilon hat" form of its paper.

    .. math:: m \leftarrow m + (1 - \beta_1)(g - m), \quad v \leftarrow v + (1 - \beta_2)(g^2 - v)
    .. math:: p \leftarrow p - \eta_t\, m / (\sqrt v + \epsilon), \quad
        \eta_t = \eta\, \sqrt{1 - \beta_2^t} / (1 - \beta_1^t), \quad t = 1, 2, \ldots

    Parameters
    ----------
    lr : float, array or schedule, default 0.001
        Learning rate :math:`\eta`: about the size of the first steps in each element.
    beta1 : float or array, default 0.9
        The part of the mean gradient m kept in each step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the mean squared gradient v kept in each step, at least 0 and below 1.
    eps : float or array, default 1e-7
        Positive; added to the root, against division by zero.

    Notes
    -----
    PyTorch and Optax add epsilon after the correction of v, here it is added before: the rules
    agree as epsilon goes to 0. Weakness: steps hardly shrink with the gradient, so it circles a
    minimum that plain gradient descent would settle in, and on some convex problems it does not
    converge at all (Reddi et al. 2018).

    References
    ----------
    Kingma, D. P. and Ba, J. (2015). Adam: a method for stochastic optimization. ICLR,
    arXiv:1412.6980, end of section 2.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> Adam(0.3).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"].round(5)
    array([-6.7,  1.7])
    """

    name: ClassVar[str] = "adam"
    _state_names: ClassVar[tuple[str, ...]] = ("m", "v")
    _scratch: ClassVar[int] = 2

    lr: Any = hyperparameter(0.001, POSITIVE)
    beta1: Hyperparameter = hyperparameter(0.9, FRACTION)
    beta2: Hyperparameter = hyperparameter(0.999, FRACTION)
    eps: Hyperparameter = hyperparameter(1e-7, POSITIVE)

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        m, v, t = state.m, state.v, self.steps_taken
        lr_t = lr * root(1 - self._power("beta2", t)) / (1 - self._power("beta1", t))

        np.subtract(g, m, out=a)
        a *= 1 - self.beta1
        m += a

        np.multiply(g, g, out=a)
        a -= v
        a *= 1 - self.beta2
        v += a

        np.multiply(lr_t, m, out=a)
        np.sqrt(v, out=b)
        b += self.eps
        a /= b
        p -= a
