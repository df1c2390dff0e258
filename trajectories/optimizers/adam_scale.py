"""Adam over another scale: what takes the place of the root of the mean square."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trajectories.optimizers.arithmetic import average, average_square, decay
from trajectories.optimizers.base import Array, Hyperparameter, hyperparameter
from trajectories.optimizers.moments import Moments
from trajectories.validation import FRACTION, NON_NEGATIVE, POSITIVE

__all__ = ["ADOPT", "AdaBelief", "Adamax", "Yogi"]


@dataclass(eq=False)
class Adamax(Moments):
    r"""Adamax: Adam over a fading maximum of the gradient's size.

    .. math:: u \leftarrow \max(\beta_2 u,\, |g| + \epsilon), \qquad
        p \leftarrow p\,(1 - \eta \lambda) - \frac{\eta}{c_1} \cdot \frac{m}{u}

    m and :math:`c_1 = 1 - \beta_1^t` are those of `AdamW`.

    Parameters
    ----------
    lr : float, array or schedule, default 0.002
        Learning rate :math:`\eta`: the size of the first step in each element, and about the
        largest.
    beta1 : float or array, default 0.9
        The part of the mean gradient m kept in each step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the maximum u kept in each step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the size of the gradient, against division by zero.
    weight_decay : float or array, default 0
        How fast :math:`\lambda` p shrinks by itself, decoupled from the gradient; zero or positive.

    Notes
    -----
    The same as PyTorch's and Optax's; PyTorch's weight decay is a part of the gradient instead.
    Weakness: as with `AMSGrad`, one large gradient slows an element for about
    :math:`1/(1 - \beta_2)` steps.

    References
    ----------
    Kingma, D. P. and Ba, J. (2015). Adam: a method for stochastic optimization. ICLR,
    arXiv:1412.6980, algorithm 2.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> Adamax(0.3).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"].round(5)
    array([-6.7,  1.7])
    """

    name: ClassVar[str] = "adamax"
    formula: ClassVar[str] = "u = max(beta2 u, |g| + eps), p -= lr (m / c1 / u + weight_decay p)"
    _state_names: ClassVar[tuple[str, ...]] = ("m", "u")
    _scratch: ClassVar[int] = 1

    lr: Any = hyperparameter(0.002, POSITIVE)
    weight_decay: Hyperparameter = hyperparameter(0.0, NON_NEGATIVE)

    def _constants(self) -> dict[str, Hyperparameter]:
        return super()._constants() | {"beta2": self.beta2}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        (a,) = scratch
        m, u = state.m, state.u
        average(m, g, state.pull1, a)
        u *= state.beta2
        np.abs(g, a)
        a += state.eps
        np.maximum(u, a, out=u)

        np.multiply(lr / self._lack("beta1"), m, a)
        a /= u
        decay(p, lr, self.weight_decay)
        p -= a


@dataclass(eq=False)
class AdaBelief(Moments):
    r"""AdaBelief: Adam over how far gradients are from their mean: long steps if as foreseen.

    .. math:: m \leftarrow m + (1 - \beta_1)(g - m), \quad
        v \leftarrow v + (1 - \beta_2)((g - m)^2 - v) + \epsilon_r
    .. math:: p \leftarrow p - \frac{\eta\, m / c_1}{\sqrt{v / c_2} + \epsilon}, \quad
        c_i = 1 - \beta_i^t, \quad t = 1, 2, \ldots

    Parameters
    ----------
    lr : float, array or schedule, default 0.001
        Learning rate :math:`\eta`.
    beta1 : float or array, default 0.9
        The part of the mean gradient m kept in each step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the mean squared deviation v kept in each step, at least 0 and below 1.
    eps : float or array, default 1e-16
        Positive; added to the corrected root, against division by zero.
    eps_root : float or array, default 1e-16
        :math:`\epsilon_r`, zero or positive; added to v in every step.

    Notes
    -----
    The same as Optax's; the paper has one epsilon for both. Weakness: where gradients are all but
    equal, only epsilon bounds the steps, which then may be long out of all proportion.

    References
    ----------
    Zhuang, J. et al. (2020). AdaBelief optimizer: adapting stepsizes by the belief in observed
    gradients. NeurIPS 33, arXiv:2010.07468, algorithm 2.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> AdaBelief(0.3).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"].round(5)
    array([-6.66667,  1.66667])
    """

    name: ClassVar[str] = "adabelief"
    formula: ClassVar[str] = "v = mean of (g - m)^2, p -= lr m / c1 / (sqrt(v / c2) + eps)"

    eps: Hyperparameter = hyperparameter(1e-16, POSITIVE)
    eps_root: Hyperparameter = hyperparameter(1e-16, NON_NEGATIVE)

    def _constants(self) -> dict[str, Hyperparameter]:
        return super()._constants() | {"eps_root": self.eps_root}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        m, v = state.m, state.v
        average(m, g, state.pull1, a)
        np.subtract(g, m, a)
        average_square(v, a, state.pull2, b)
        v += state.eps_root

        np.multiply(lr / self._lack("beta1"), m, a)
        self._over_root(a, v, state.eps, b)
        p -= a


@dataclass(eq=False)
class Yogi(Moments):
    r"""Yogi: Adam whose mean square moves towards the new one by steps that do not depend on it.

    .. math:: v \leftarrow v - (1 - \beta_2)\, \text{sign}(v - g^2)\, g^2, \qquad
        p \leftarrow p - \frac{\eta\, m / c_1}{\sqrt{v / c_2} + \epsilon}

    m and :math:`c_i = 1 - \beta_i^t` are those of `AdamW`, but m and v start at 1e-6.

    Parameters
    ----------
    lr : float, array or schedule, default 0.01
        Learning rate :math:`\eta`, by default the paper's.
    beta1 : float or array, default 0.9
        The part of the mean gradient m kept in each step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        1 less the part of the squared gradient that v moves by, at least 0 and below 1.
    eps : float or array, default 1e-3
        Positive; added to the corrected root, against division by zero.

    Notes
    -----
    The same as Optax's, where m, too, starts at 1e-6: without any gradient it makes a first move
    down, of 3e-4 of the rate, and with mirrored gradients the path is not quite mirrored. Weakness:
    after a steep start v comes down only as slowly as the new gradients are small, and the steps
    stay short.

    References
    ----------
    Zaheer, M. et al. (2018). Adaptive methods for nonconvex optimization. NeurIPS 31,
    algorithm 2.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> Yogi(0.3).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"].round(5)
    array([-6.70074,  1.70008])
    """

    name: ClassVar[str] = "yogi"
    formula: ClassVar[str] = (
        "v -= (1 - beta2) sign(v - g^2) g^2, p -= lr m / c1 / (sqrt(v / c2) + eps)"
    )

    lr: Any = hyperparameter(0.01, POSITIVE)
    eps: Hyperparameter = hyperparameter(1e-3, POSITIVE)

    def _start(self, state: Any) -> None:
        state.m[...] = 1e-6
        state.v[...] = 1e-6

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        m, v = state.m, state.v
        average(m, g, state.pull1, a)
        np.multiply(g, g, a, dtype=a.dtype)
        np.subtract(v, a, b)
        np.sign(b, b)
        b *= a
        b *= state.pull2
        v -= b

        np.multiply(lr / self._lack("beta1"), m, a)
        self._over_root(a, v, state.eps, b)
        p -= a


@dataclass(eq=False)
class ADOPT(Moments):
    r"""ADOPT: Adam whose mean square is of the past gradients alone, and divides before the mean.

    .. math:: p \leftarrow p - \eta\, m, \quad
        m \leftarrow m + (1 - \beta_1)\left(\operatorname{clip}\left(
        \frac{g}{\max(\sqrt v, \epsilon)},\, (t - 1)^{1/4}\right) - m\right), \quad
        v \leftarrow v + (1 - \beta_2)(g^2 - v)

    m comes first; clip bounds the size of each element. The first step, t = 1, only sets
    :math:`v = g^2`.

    Parameters
    ----------
    lr : float, array or schedule, default 0.001
        Learning rate :math:`\eta`.
    beta1 : float or array, default 0.9
        The part of the mean direction m kept in each step, at least 0 and below 1.
    beta2 : float or array, default 0.9999
        The part of the mean squared gradient v kept in each step, at least 0 and below 1.
    eps : float or array, default 1e-6
        Positive; the least that is divided by.

    Notes
    -----
    The same as Optax's. It converges for any :math:`\beta_2`, which Adam does not: v knows
    nothing of the gradient that it divides. Weakness: the first gradient sets the scale for some
    :math:`1/(1 - \beta_2)` steps (10,000), so that after a steep start it hardly moves.

    References
    ----------
    Taniguchi, S. et al. (2024). ADOPT: modified Adam can converge with any beta2 with the optimal
    rate. NeurIPS 37, arXiv:2411.02853, with its clipping.

    Examples
    --------
    >>> params, rule = {"p": np.array([-7.0, 2.0])}, ADOPT(0.3)
    >>> for _ in range(3):
    ...     rule.update(params, {"p": params["p"] * [0.1, 2.0]})
    ...     print(params["p"].round(5))
    [-7.  2.]
    [-6.97  1.97]
    [-6.91313  1.91345]
    """

    name: ClassVar[str] = "adopt"
    formula: ClassVar[str] = "m = mean of g / max(sqrt(last v), eps), clipped, p -= lr m"

    beta2: Hyperparameter = hyperparameter(0.9999, FRACTION)
    eps: Hyperparameter = hyperparameter(1e-6, POSITIVE)

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        m, v, past = state.m, state.v, self.steps_taken - 1
        if past == 0:
            np.multiply(g, g, v, dtype=v.dtype)
            return
        np.sqrt(v, b)
        np.maximum(b, state.eps, out=b)
        np.divide(g, b, a)
        np.clip(a, -(past**0.25), past**0.25, out=a)
        average(m, a, state.pull1, b)
        average_square(v, g, state.pull2, b)
        np.multiply(lr, m, a)
        p -= a
