"""Rules that scale each coordinate: AdaGrad, RMSProp, AdaBelief, Yogi."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trajectories.checks import FRACTION, NON_NEGATIVE, POSITIVE, UNIT
from trajectories.optimizers.base import (
    Array,
    Hyperparameter,
    Optimizer,
    average,
    average_square,
    decay,
    hyperparameter,
    root,
)


@dataclass(eq=False)
class Moments(Optimizer, ABC):
    """The base of the rules that follow a mean gradient m over the root of a mean square v."""

    _state_names: ClassVar[tuple[str, ...]] = ("m", "v")
    _scratch: ClassVar[int] = 2

    lr: Any = hyperparameter(0.001, POSITIVE)
    beta1: Hyperparameter = hyperparameter(0.9, FRACTION)
    beta2: Hyperparameter = hyperparameter(0.999, FRACTION)
    eps: Hyperparameter = hyperparameter(1e-8, POSITIVE)

    def _constants(self) -> dict[str, Hyperparameter]:
        return {"pull1": 1 - self.beta1, "pull2": 1 - self.beta2, "eps": self.eps}

    def _see(self, g: Array, state: Any, scratch: Array) -> None:
        """Update both means with a gradient."""
        average(state.m, g, state.pull1, scratch)
        average_square(state.v, g, state.pull2, scratch)

    def _lack(self, name: str) -> Any:
        """Return the bias correction 1 - beta**t."""
        beta = getattr(self, name)
        if isinstance(beta, float):
            return 1 - beta**self.steps_taken
        return 1 - self._power(name, self.steps_taken)

    def _over_root(self, a: Array, v: Array, eps: Array, scratch: Array) -> None:
        """Divide by the root of v, corrected for its start at 0, plus epsilon."""
        np.sqrt(v, scratch)
        scratch /= root(self._lack("beta2"))
        scratch += eps
        a /= scratch


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
    h starts at 0. Weakness: h only grows, so that the steps shrink for ever and may end before the
    minimum.

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
        The part :math:`\rho` of h kept per step, at least 0 and below 1.
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
        The part :math:`\rho` of h and of m kept per step, at least 0 and below 1.
    momentum : float or array, default 0
        The part :math:`\mu` of the velocity kept per step, between 0 and 1; Graves has 0.9.
    eps : float or array, default 1e-8
        Positive; added to the root, against division by zero.

    Notes
    -----
    PyTorch's ``RMSprop(centered=True)``; Graves and Optax add epsilon inside the root. Where the
    gradients are all but equal, rounding can leave :math:`h - m^2` just below 0: it counts as 0
    here, and gives NaN in PyTorch. Weakness: such a gradient has no deviation, and so
    causes steps of up to :math:`\eta/\epsilon` times its size.

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
        The part :math:`\rho` of h and of D kept per step, at least 0 and below 1.
    eps : float or array, default 1e-6
        Positive; added under both roots. It alone sets the first steps.

    Notes
    -----
    d has the unit of p, whatever that of the gradient, so that no rate need be chosen. The
    defaults are PyTorch's and Optax's; the paper has :math:`\rho` = 0.95. Weakness: D starts at 0
    and the first steps are about :math:`\sqrt\epsilon` long, so that progress is slow at first.

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
    """Update the exponential moving average of g**2."""
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
        The part of the mean gradient m kept per step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the maximum u kept per step, at least 0 and below 1.
    eps : float or array, default 1e-8
        Positive; added to the size of the gradient, against division by zero.
    weight_decay : float or array, default 0
        Decay rate :math:`\lambda` of p, decoupled from the gradient; zero or positive.

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
        The part of the mean gradient m kept per step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        The part of the mean squared deviation v kept per step, at least 0 and below 1.
    eps : float or array, default 1e-16
        Positive; added to the corrected root, against division by zero.
    eps_root : float or array, default 1e-16
        :math:`\epsilon_r`, zero or positive; added to v in every step.

    Notes
    -----
    The same as Optax's; the paper has one epsilon for both. Weakness: where gradients are all but
    equal, only epsilon bounds the steps, which may then be far too long.

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
        The part of the mean gradient m kept per step, at least 0 and below 1.
    beta2 : float or array, default 0.999
        1 minus the fraction of the squared gradient by which v moves, at least 0 and below 1.
    eps : float or array, default 1e-3
        Positive; added to the corrected root, against division by zero.

    Notes
    -----
    The same as Optax's, where m, too, starts at 1e-6: without any gradient the first step
    is 3e-4 of the rate downwards, and mirrored gradients give no exactly mirrored path. Weakness:
    after a steep start v falls slowly where gradients are small, and the steps remain short.

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
        The part of the mean direction m kept per step, at least 0 and below 1.
    beta2 : float or array, default 0.9999
        The part of the mean squared gradient v kept per step, at least 0 and below 1.
    eps : float or array, default 1e-6
        Positive; the least divisor.

    Notes
    -----
    The same as Optax's. It converges for any :math:`\beta_2`, which Adam does not: v is
    independent of the gradient that it divides. Weakness: the first gradient sets the scale for
    some :math:`1/(1 - \beta_2)` steps (10,000), so that after a steep start it hardly moves.

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
