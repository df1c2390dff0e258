"""Adam: momentum and a learning rate per element in one rule; and three repairs of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy import add, divide, multiply, sqrt, subtract

from trajectories.optimizers.arithmetic import choose, decay, root
from trajectories.optimizers.base import Array, Hyperparameter, hyperparameter
from trajectories.optimizers.moments import Moments
from trajectories.validation import NON_NEGATIVE, POSITIVE

__all__ = ["AMSGrad", "Adam", "AdamW", "RAdam"]


@dataclass(eq=False)
class Adam(Moments):
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
    agree as epsilon goes to 0. Their Adam is ``AdamW(weight_decay=0)``. Weakness: steps hardly
    shrink with the gradient, so it circles a minimum that plain gradient descent would settle in,
    and on some convex problems it does not converge at all (Reddi et al. 2018).

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
    formula: ClassVar[str] = (
        "p -= lr_t m / (sqrt(v) + eps), lr_t = lr sqrt(c2) / c1, ci = 1 - betai^t"
    )

    eps: Hyperparameter = hyperparameter(1e-7, POSITIVE)

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        lr_t = lr * root(self._lack("beta2")) / self._lack("beta1")
        self._see(g, state, a)

        multiply(lr_t, state.m, a)
        sqrt(state.v, b)
        add(b, state.eps, b)
        divide(a, b, a)
        subtract(p, a, p)


@dataclass(eq=False)
class AdamW(Moments):
    r"""Adam with decoupled weight decay; without decay it is the Adam of PyTorch and Optax.

    .. math:: p \leftarrow p\,(1 - \eta \lambda)
        - \frac{\eta\, m / c_1}{\sqrt{v / c_2} + \epsilon}, \quad
        c_i = 1 - \beta_i^t, \quad t = 1, 2, \ldots

    m and v are those of `Adam`.

    Parameters
    ----------
    lr : float, array or schedule, default 0.001
        Learning rate :math:`\eta`: about the size of the first steps in each element.
    beta1 : float or array, default 0.9
        The part of the mean gradient m kept in each step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the mean squared gradient v kept in each step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the corrected root, against division by zero.
    weight_decay : float or array, default 0.01
        How fast :math:`\lambda` p shrinks by itself; zero or positive. Optax's default is 1e-4.

    Notes
    -----
    The decay goes by p before the step, and is no part of the gradient: as such (L2) it would be
    divided by the root, and act least where gradients are large. ``AdamW(weight_decay=0)`` is
    PyTorch's and Optax's Adam, whose epsilon stands after the correction of v, unlike that of the
    textbook's `Adam`. Weakness: that of `Adam`; and with decay, it settles beside the minimum,
    nearer to 0.

    References
    ----------
    Loshchilov, I. and Hutter, F. (2019). Decoupled weight decay regularization. ICLR,
    arXiv:1711.05101, algorithm 2, with the rate multiplying the decay as in PyTorch.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> AdamW(0.3, weight_decay=0.1).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"].round(5)
    array([-6.49,  1.64])
    """

    name: ClassVar[str] = "adamw"
    formula: ClassVar[str] = "p -= lr (m / c1 / (sqrt(v / c2) + eps) + weight_decay p)"

    weight_decay: Hyperparameter = hyperparameter(0.01, NON_NEGATIVE)

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        self._see(g, state, a)
        np.multiply(lr / self._lack("beta1"), state.m, a)
        self._over_root(a, state.v, state.eps, b)
        decay(p, lr, self.weight_decay)
        p -= a


@dataclass(eq=False)
class AMSGrad(Moments):
    r"""AMSGrad: Adam over the largest mean square so far, so that its steps never grow again.

    .. math:: u \leftarrow \max(u, v), \qquad p \leftarrow p\,(1 - \eta \lambda)
        - \frac{\eta\, m / c_1}{\sqrt{u / c_2} + \epsilon}

    m, v, and :math:`c_i = 1 - \beta_i^t` are those of `AdamW`.

    Parameters
    ----------
    lr : float, array or schedule, default 0.001
        Learning rate :math:`\eta`: about the size of the first steps in each element.
    beta1 : float or array, default 0.9
        The part of the mean gradient m kept in each step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the mean squared gradient v kept in each step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the corrected root, against division by zero.
    weight_decay : float or array, default 0
        How fast :math:`\lambda` p shrinks by itself, decoupled from the gradient; zero or positive.

    Notes
    -----
    PyTorch's form (``AdamW(amsgrad=True)``): the largest is taken of the raw v, and corrected
    after. Optax takes that of the corrected v, which in the first steps is larger; the paper
    corrects nothing. Weakness: one large gradient slows an element for ever.

    References
    ----------
    Reddi, S. J., Kale, S. and Kumar, S. (2018). On the convergence of Adam and beyond. ICLR,
    arXiv:1904.09237, algorithm 2.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> AMSGrad(0.3).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"].round(5)
    array([-6.7,  1.7])
    """

    name: ClassVar[str] = "amsgrad"
    formula: ClassVar[str] = "p -= lr (m / c1 / (sqrt(largest v / c2) + eps) + weight_decay p)"
    _state_names: ClassVar[tuple[str, ...]] = ("m", "v", "u")

    weight_decay: Hyperparameter = hyperparameter(0.0, NON_NEGATIVE)

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        self._see(g, state, a)
        np.maximum(state.u, state.v, out=state.u)
        np.multiply(lr / self._lack("beta1"), state.m, a)
        self._over_root(a, state.u, state.eps, b)
        decay(p, lr, self.weight_decay)
        p -= a


@dataclass(eq=False)
class RAdam(Moments):
    r"""Rectified Adam: it divides by the root only once v is known well enough, by degrees.

    .. math:: p \leftarrow p\,(1 - \eta \lambda) - \frac{\eta\, m}{c_1} \cdot
        \begin{cases} r\, \sqrt{c_2} / (\sqrt v + \epsilon) & \rho > 5 \\ 1 & \text{otherwise}
        \end{cases}
    .. math:: \rho_\infty = \frac{2}{1 - \beta_2} - 1, \quad
        \rho = \rho_\infty - \frac{2 t \beta_2^t}{c_2}, \quad
        r = \sqrt{\frac{(\rho - 4)(\rho - 2)\rho_\infty}{(\rho_\infty - 4)(\rho_\infty - 2)\rho}}

    m, v, and :math:`c_i = 1 - \beta_i^t` are those of `AdamW`.

    Parameters
    ----------
    lr : float, array or schedule, default 0.001
        Learning rate :math:`\eta`; at first that of gradient descent with momentum.
    beta1 : float or array, default 0.9
        The part of the mean gradient m kept in each step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the mean squared gradient v kept in each step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the root, against division by zero.
    weight_decay : float or array, default 0
        How fast :math:`\lambda` p shrinks by itself, decoupled from the gradient; zero or positive.

    Notes
    -----
    PyTorch's form, with ``decoupled_weight_decay``: rectified where :math:`\rho` is above 5 (in
    Optax from 5 on), epsilon added before the correction of v (in Optax after it). Weakness: the
    first steps (5 with the default :math:`\beta_2`) go by the size of the gradient, and so leap
    where it is steep at a rate that suits Adam; with :math:`\beta_2` up to 2/3 all steps do.

    References
    ----------
    Liu, L. et al. (2020). On the variance of the adaptive learning rate and beyond. ICLR,
    arXiv:1908.03265, algorithm 2.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> RAdam(0.3).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"].round(5)
    array([-6.79,  0.8 ])
    """

    name: ClassVar[str] = "radam"
    formula: ClassVar[str] = "p -= lr (r m / c1 / (sqrt(v / c2) + eps) + weight_decay p), r < 1"

    weight_decay: Hyperparameter = hyperparameter(0.0, NON_NEGATIVE)

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        self._see(g, state, a)

        lack, t = self._lack("beta2"), self.steps_taken
        limit = 2 / (1 - self.beta2) - 1
        length = limit - 2 * t * self._power("beta2", t) / lack
        known = length > 5
        # Where it is not, the formula of r may have no value: equal numbers make r = 1.
        limit, length = choose(known, limit, 6.0), choose(known, length, 6.0)
        ratio = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
        lr_t = lr / self._lack("beta1") * root(ratio) * choose(known, root(lack), 1.0)

        np.multiply(lr_t, state.m, a)
        np.sqrt(state.v, b)
        b += state.eps
        np.copyto(b, 1, where=np.logical_not(known))
        a /= b
        decay(p, lr, self.weight_decay)
        p -= a
