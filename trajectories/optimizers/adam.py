"""Adam, and the variants that change its direction or decay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy import add, divide, multiply, sqrt, subtract

from trajectories.checks import FRACTION, NON_NEGATIVE, POSITIVE
from trajectories.optimizers.adaptive import Moments
from trajectories.optimizers.base import (
    Array,
    Hyperparameter,
    average,
    average_square,
    choose,
    decay,
    hyperparameter,
    power,
    root,
)


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
        The part of the mean gradient m kept per step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the mean squared gradient v kept per step, at least 0 and below 1.
    eps : float or array, default 1e-7
        Positive; added to the root, against division by zero.

    Notes
    -----
    Epsilon is added before the correction of v, in PyTorch and Optax after it: the rules agree as
    epsilon goes to 0. Their Adam is ``AdamW(weight_decay=0)``. Weakness: steps hardly shrink with
    the gradient, so that it circles a minimum to which plain gradient descent converges, and on
    some convex problems it does not converge at all (Reddi et al. 2018).

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
        The part of the mean gradient m kept per step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the mean squared gradient v kept per step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the corrected root, against division by zero.
    weight_decay : float or array, default 0.01
        Decay rate :math:`\lambda` of p; zero or positive. Optax's default is 1e-4.

    Notes
    -----
    The decay is computed from p before the step, apart from the gradient: in the gradient (L2) it
    would be divided by the root, and act least where gradients are large.
    ``AdamW(weight_decay=0)`` is PyTorch's and Optax's Adam, with epsilon added after the correction
    of v, unlike the textbook's `Adam`. Weakness: that of `Adam`; and with decay, it converges
    beside the minimum, nearer to 0.

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
        The part of the mean gradient m kept per step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the mean squared gradient v kept per step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the corrected root, against division by zero.
    weight_decay : float or array, default 0
        Decay rate :math:`\lambda` of p, decoupled from the gradient; zero or positive.

    Notes
    -----
    PyTorch's form (``AdamW(amsgrad=True)``): the maximum of the raw v, corrected afterwards.
    Optax has that of the corrected v, which in the first steps is larger; the paper corrects
    nothing. Weakness: one large gradient slows an element for ever.

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
        The part of the mean gradient m kept per step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the mean squared gradient v kept per step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the root, against division by zero.
    weight_decay : float or array, default 0
        Decay rate :math:`\lambda` of p, decoupled from the gradient; zero or positive.

    Notes
    -----
    PyTorch's form, with ``decoupled_weight_decay``: rectified where :math:`\rho` is above 5 (in
    Optax from 5 on), epsilon added before the correction of v (in Optax after it). Weakness: the
    first steps (5 with the default :math:`\beta_2`) are proportional to the gradient, and so too
    long on steep slopes at a rate that suits Adam; with :math:`\beta_2` up to 2/3 all steps are.

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
        rectified = length > 5
        # Elsewhere the formula of r may be undefined: equal numbers give r = 1.
        limit, length = choose(rectified, limit, 6.0), choose(rectified, length, 6.0)
        ratio = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
        lr_t = lr / self._lack("beta1") * root(ratio) * choose(rectified, root(lack), 1.0)

        np.multiply(lr_t, state.m, a)
        np.sqrt(state.v, b)
        b += state.eps
        np.copyto(b, 1, where=np.logical_not(rectified))
        a /= b
        decay(p, lr, self.weight_decay)
        p -= a


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
        The part of the mean gradient m kept per step, at least 0 and below 1; also the limit of
        :math:`\mu_t`.
    beta2 : float or array, default 0.999
        The part of the mean squared gradient v kept per step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the corrected root, against division by zero.
    momentum_decay : float or array, default 0.004
        The speed :math:`\psi` at which :math:`\mu_t` rises from half of :math:`\beta_1`; zero or
        positive.
    weight_decay : float or array, default 0
        Decay rate :math:`\lambda` of p, decoupled from the gradient; zero or positive.

    Notes
    -----
    PyTorch's form, with ``decoupled_weight_decay``. Optax's `nadam` has a constant momentum: it is
    this rule with a `momentum_decay` so large that the power is 0, such as 1e9. Weakness: that of
    `Adam`; and the schedule of the momentum is easily overlooked in comparisons.

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
        The part of the mean gradient m kept per step, at least 0 and below 1.
    beta2 : float or array, default 0.92
        The part of the mean change d kept per step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the root, against division by zero.
    beta3 : float or array, default 0.99
        The part of the mean square v kept per step, at least 0 and below 1.
    eps_root : float or array, default 1e-8
        :math:`\epsilon_r`, zero or positive; added under the root. The paper has none.
    weight_decay : float or array, default 0
        Decay rate :math:`\lambda` of p; zero or positive.

    Notes
    -----
    The same as Optax's. The paper's betas are the parts *not* kept (0.02, 0.08, 0.01), so that its
    :math:`1 - \beta_2` is 0.92; Optax has the same formula with reversed betas, so that the
    change weighs 0.08 here, with far less look-ahead. The last gradient of the first step is the
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
        The part of the fast mean m kept per step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the mean squared gradient v kept per step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the corrected root, against division by zero.
    beta3 : float or array, default 0.9999
        The part of the slow mean n kept per step, at least 0 and below 1.
    alpha : float or array, default 5
        The weight of the slow mean, zero or positive.
    weight_decay : float or array, default 0
        Decay rate :math:`\lambda` of p; zero or positive.

    Notes
    -----
    The same as Optax's with constant hyperparameters. The slow mean is not corrected for its
    start at 0, and so fills up slowly. The paper warms :math:`\alpha` and :math:`\beta_3` up.
    Weakness: gradients of 10,000 steps ago help only in runs as long, and carry it past a minimum
    in shorter ones.

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
