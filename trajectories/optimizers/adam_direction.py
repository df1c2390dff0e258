"""Adam along another direction: what takes the place of the mean gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trajectories.optimizers.arithmetic import average, average_square, decay, power
from trajectories.optimizers.base import Array, Hyperparameter, hyperparameter
from trajectories.optimizers.moments import Moments
from trajectories.validation import FRACTION, NON_NEGATIVE, POSITIVE

__all__ = ["AdEMAMix", "Adan", "NAdam"]


@dataclass(eq=False)
class NAdam(Moments):
    r"""NAdam: Adam with Nesterov's momentum; the mean gradient is looked at one step ahead.

    .. math:: p \leftarrow p\,(1 - \eta \lambda) - \frac{\eta}{\sqrt{v / c_2} + \epsilon}
        \left(\frac{\mu_{t+1}\, m}{1 - \mu_1 \cdots \mu_{t+1}}
        + \frac{(1 - \mu_t)\, g}{1 - \mu_1 \cdots \mu_t}\right), \quad
        \mu_t = \beta_1 \left(1 - \tfrac12\, 0.96^{t \psi}\right)

    m, v, and :math:`c_2 = 1 - \beta_2^t` are those of `AdamW`.

    Parameters
    ----------
    lr : float, array or schedule, default 0.002
        Learning rate :math:`\eta`.
    beta1 : float or array, default 0.9
        The part of the mean gradient m kept in each step, at least 0 and below 1, which is also
        what :math:`\mu_t` comes up to.
    beta2 : float or array, default 0.999
        The part of the mean squared gradient v kept in each step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the corrected root, against division by zero.
    momentum_decay : float or array, default 0.004
        How fast :math:`\psi` the momentum :math:`\mu_t` comes up from half of :math:`\beta_1`;
        zero or positive.
    weight_decay : float or array, default 0
        How fast :math:`\lambda` p shrinks by itself, decoupled from the gradient; zero or positive.

    Notes
    -----
    PyTorch's form, with ``decoupled_weight_decay``. Optax's `nadam` has a constant momentum
    instead: it is this rule with a `momentum_decay` so large that the power is 0, say 1e9.
    Weakness: that of `Adam`; and the momentum's own schedule is easily forgotten in comparisons.

    References
    ----------
    Dozat, T. (2016). Incorporating Nesterov momentum into Adam. ICLR workshop.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> NAdam(0.3).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"].round(5)
    array([-6.68306,  1.68306])
    """

    name: ClassVar[str] = "nadam"
    formula: ClassVar[str] = "p -= lr (m a step ahead / (sqrt(v / c2) + eps) + weight_decay p)"

    lr: Any = hyperparameter(0.002, POSITIVE)
    momentum_decay: Hyperparameter = hyperparameter(0.004, NON_NEGATIVE)
    weight_decay: Hyperparameter = hyperparameter(0.0, NON_NEGATIVE)

    def _start(self, state: Any) -> None:
        state.product = 1.0

    def _momentum(self, step: int) -> Any:
        return self.beta1 * (1 - 0.5 * power(0.96, step * self.momentum_decay))

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        self._see(g, state, a)

        now, next_ = self._momentum(self.steps_taken), self._momentum(self.steps_taken + 1)
        state.product = state.product * now
        np.multiply(lr * next_ / (1 - state.product * next_), state.m, a)
        np.multiply(lr * (1 - now) / (1 - state.product), g, b)
        a += b
        self._over_root(a, state.v, state.eps, b)
        decay(p, lr, self.weight_decay)
        p -= a


@dataclass(eq=False)
class Adan(Moments):
    r"""Adan: Adam with Nesterov's look ahead, by the mean change d of the gradient.

    .. math:: \Delta = g - g_\text{last}, \quad
        m \leftarrow m + (1 - \beta_1)(g - m), \quad
        d \leftarrow d + (1 - \beta_2)(\Delta - d)
    .. math:: v \leftarrow v + (1 - \beta_3)((g + (1 - \beta_2)\Delta)^2 - v)
    .. math:: p \leftarrow p\,(1 - \eta \lambda)
        - \eta\, \frac{m / c_1 + (1 - \beta_2)\, d / c_2}{\sqrt{v / c_3 + \epsilon_r} + \epsilon},
        \quad c_i = 1 - \beta_i^t, \quad t = 1, 2, \ldots

    Parameters
    ----------
    lr : float, array or schedule, default 0.001
        Learning rate :math:`\eta`.
    beta1 : float or array, default 0.98
        The part of the mean gradient m kept in each step, at least 0 and below 1.
    beta2 : float or array, default 0.92
        The part of the mean change d kept in each step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the root, against division by zero.
    beta3 : float or array, default 0.99
        The part of the mean square v kept in each step, at least 0 and below 1.
    eps_root : float or array, default 1e-8
        :math:`\epsilon_r`, zero or positive; added under the root. The paper has none.
    weight_decay : float or array, default 0
        How fast :math:`\lambda` p shrinks by itself; zero or positive.

    Notes
    -----
    The same as Optax's. The paper's betas are the parts *not* kept (0.02, 0.08, 0.01), so that its
    :math:`1 - \beta_2` is 0.92; Optax kept the formula and turned the betas round, so that the
    change weighs 0.08 here, and looks ahead far less. The last gradient of the first step is the
    present one. Weakness: four arrays of the size of the parameters, and three betas to choose.

    References
    ----------
    Xie, X. et al. (2024). Adan: adaptive Nesterov momentum algorithm for faster optimizing deep
    models. IEEE TPAMI 46(12), arXiv:2208.06677, algorithm 1.

    Examples
    --------
    >>> params, rule = {"p": np.array([-7.0, 2.0])}, Adan(0.3)
    >>> for _ in range(2):
    ...     rule.update(params, {"p": params["p"] * [0.1, 2.0]})
    >>> params["p"].round(5)
    array([-6.40014,  1.40135])
    """

    name: ClassVar[str] = "adan"
    formula: ClassVar[str] = "p -= lr ((m / c1 + (1 - beta2) d / c2) / root + weight_decay p)"
    _state_names: ClassVar[tuple[str, ...]] = ("m", "d", "v", "last")

    beta1: Hyperparameter = hyperparameter(0.98, FRACTION)
    beta2: Hyperparameter = hyperparameter(0.92, FRACTION)
    beta3: Hyperparameter = hyperparameter(0.99, FRACTION)
    eps_root: Hyperparameter = hyperparameter(1e-8, NON_NEGATIVE)
    weight_decay: Hyperparameter = hyperparameter(0.0, NON_NEGATIVE)

    def _constants(self) -> dict[str, Hyperparameter]:
        return super()._constants() | {"pull3": 1 - self.beta3, "eps_root": self.eps_root}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        m, d, v, last = state.m, state.d, state.v, state.last
        if self.steps_taken == 1:
            last[...] = g
        average(m, g, state.pull1, a)
        np.subtract(g, last, last)  # Now the change.
        average(d, last, state.pull2, a)
        np.multiply(state.pull2, last, a)
        a += g
        average_square(v, a, state.pull3, b)
        last[...] = g

        np.multiply(lr / self._lack("beta1"), m, a)
        np.multiply(lr * (1 - self.beta2) / self._lack("beta2"), d, b)
        a += b
        np.divide(v, self._lack("beta3"), b)
        b += state.eps_root
        np.sqrt(b, b)
        b += state.eps
        a /= b
        decay(p, lr, self.weight_decay)
        p -= a


@dataclass(eq=False)
class AdEMAMix(Moments):
    r"""AdEMAMix: Adam with a second mean gradient, of a far longer memory.

    .. math:: n \leftarrow n + (1 - \beta_3)(g - n), \qquad p \leftarrow p\,(1 - \eta \lambda)
        - \eta\, \frac{m / c_1 + \alpha\, n}{\sqrt{v / c_2} + \epsilon}

    m, v, and :math:`c_i = 1 - \beta_i^t` are those of `AdamW`.

    Parameters
    ----------
    lr : float, array or schedule, default 0.001
        Learning rate :math:`\eta`.
    beta1 : float or array, default 0.9
        The part of the fast mean m kept in each step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the mean squared gradient v kept in each step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the corrected root, against division by zero.
    beta3 : float or array, default 0.9999
        The part of the slow mean n kept in each step, at least 0 and below 1.
    alpha : float or array, default 5
        The weight of the slow mean, zero or positive.
    weight_decay : float or array, default 0
        How fast :math:`\lambda` p shrinks by itself; zero or positive.

    Notes
    -----
    The same as Optax's with constant hyperparameters. The slow mean is not corrected for its
    start at 0, and so fills up slowly. The paper warms :math:`\alpha` and :math:`\beta_3` up.
    Weakness: what it remembers of 10,000 steps ago is of use only in runs as long, and drags it
    past a minimum in shorter ones.

    References
    ----------
    Pagliardini, M., Ablin, P. and Grangier, D. (2024). The AdEMAMix optimizer: better, faster,
    older. arXiv:2409.03137, algorithm 1.

    Examples
    --------
    >>> params = {"p": np.array([-7.0, 2.0])}
    >>> AdEMAMix(0.3, beta3=0.9).update(params, {"p": np.array([-0.7, 4.0])})
    >>> params["p"].round(5)
    array([-6.55,  1.55])
    """

    name: ClassVar[str] = "ademamix"
    formula: ClassVar[str] = "p -= lr ((m / c1 + alpha n) / (sqrt(v / c2) + eps) + weight_decay p)"
    _state_names: ClassVar[tuple[str, ...]] = ("m", "v", "n")

    beta3: Hyperparameter = hyperparameter(0.9999, FRACTION)
    alpha: Hyperparameter = hyperparameter(5.0, NON_NEGATIVE)
    weight_decay: Hyperparameter = hyperparameter(0.0, NON_NEGATIVE)

    def _constants(self) -> dict[str, Hyperparameter]:
        return super()._constants() | {"pull3": 1 - self.beta3}

    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        a, b = scratch
        self._see(g, state, a)
        average(state.n, g, state.pull3, a)

        np.multiply(lr / self._lack("beta1"), state.m, a)
        np.multiply(lr * self.alpha, state.n, b)
        a += b
        self._over_root(a, state.v, state.eps, b)
        decay(p, lr, self.weight_decay)
        p -= a
