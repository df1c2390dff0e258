"""Schedules that fall by a rule of their own for ever, and one schedule after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from trajectories.optimizers.schedules.base import Rate, Schedule, at_step, count, number, rate
from trajectories.validation import POSITIVE, Interval

__all__ = ["Constant", "Exponential", "InverseTime", "Sequence", "StepDecay"]

#: What a rate may be multiplied by.
_FACTOR = Interval(0.0, 1.0, "right", "positive and at most 1")


@dataclass(frozen=True)
class Constant(Schedule):
    r"""The same learning rate at every step.

    .. math:: \eta_t

    Parameters
    ----------
    lr : float or Schedule
        Learning rate.

    Examples
    --------
    >>> Constant(0.1)(1000)
    0.1
    """

    name: ClassVar[str] = "constant"

    lr: Rate = rate()

    def _value(self, step: int) -> float:
        return at_step(self.lr, step)


@dataclass(frozen=True)
class StepDecay(Schedule):
    r"""A staircase: the learning rate is multiplied by a factor every so many steps.

    .. math:: \eta_t \cdot \mathrm{factor}^{\lfloor t / \mathrm{every} \rfloor}

    Parameters
    ----------
    lr : float or Schedule
        Learning rate at first, or a schedule that the staircase is multiplied with.
    every : int
        Steps between two multiplications, at least 1.
    factor : float, default 0.1
        What is multiplied with, positive and at most 1.

    Notes
    -----
    PyTorch's ``StepLR(step_size=every, gamma=factor)``.

    References
    ----------
    He, K. et al. (2016). Deep residual learning for image recognition, section 3.4: divided by 10.
    arXiv:1512.03385.

    Examples
    --------
    >>> schedule = StepDecay(0.9, every=10, factor=0.5)
    >>> [schedule(step) for step in (0, 9, 10, 20)]
    [0.9, 0.9, 0.45, 0.225]
    """

    name: ClassVar[str] = "step"

    lr: Rate = rate()
    every: int = count()
    factor: float = number(_FACTOR, default=0.1)

    def _value(self, step: int) -> float:
        return at_step(self.lr, step) * self.factor ** (step // self.every)


@dataclass(frozen=True)
class Exponential(Schedule):
    r"""Exponential decay: the learning rate is multiplied by a factor at every step.

    .. math:: \eta_t \cdot \mathrm{factor}^t

    Parameters
    ----------
    lr : float or Schedule
        Learning rate of the first step, or a schedule that the decay is multiplied with.
    factor : float
        What is multiplied with, positive and at most 1.

    Notes
    -----
    PyTorch's ``ExponentialLR(gamma=factor)``.

    Examples
    --------
    >>> Exponential(0.1, 0.9)(30)
    0.004239115827521624
    """

    name: ClassVar[str] = "exponential"

    lr: Rate = rate()
    factor: float = number(_FACTOR)

    def _value(self, step: int) -> float:
        return at_step(self.lr, step) * self.factor**step


@dataclass(frozen=True)
class InverseTime(Schedule):
    r"""Decay with one over time, which textbooks call attenuation of the learning rate.

    .. math:: \frac{\eta_t}{1 + \mathrm{rate} \cdot t}

    Parameters
    ----------
    lr : float or Schedule
        Learning rate of the first step, or a schedule that the decay is multiplied with.
    rate : float
        How fast it falls, positive, in 1 over steps: after 1 / `rate` steps it is halved.

    Notes
    -----
    Of the decays here the only one with which the sum of all rates is infinite, so that any
    minimum can be reached from anywhere, and the sum of their squares finite, so that the noise
    of stochastic gradients averages out: the conditions of Robbins and Monro for a constant `lr`.

    References
    ----------
    Robbins, H. and Monro, S. (1951). A stochastic approximation method. Annals of Mathematical
    Statistics 22(3), 400-407.

    Examples
    --------
    >>> [InverseTime(0.8, rate=0.1)(step) for step in (0, 10, 30)]
    [0.8, 0.4, 0.2]
    """

    name: ClassVar[str] = "inverse_time"

    lr: Rate = rate()
    rate: float = number(POSITIVE)

    def _value(self, step: int) -> float:
        return at_step(self.lr, step) / (1 + self.rate * step)


@dataclass(frozen=True)
class Sequence(Schedule):
    r"""One schedule until a step, and from it on another, which counts its steps anew from 0.

    .. math:: \mathrm{first}(t) \quad (t < \mathrm{at}), \qquad
        \mathrm{second}(t - \mathrm{at}) \quad (t \ge \mathrm{at})

    Parameters
    ----------
    first : float or Schedule
        What comes first; a number is a constant rate.
    at : int
        The first step that is not `first`'s but `second`'s, at least 1.
    second : float or Schedule
        What comes then, to the end; for three, another `Sequence`.

    Notes
    -----
    PyTorch's ``SequentialLR([first, second], milestones=[at])``.

    Examples
    --------
    >>> from trajectories.optimizers.schedules import Cosine, Warmup
    >>> schedule = Sequence(Warmup(0.9, steps=3), 3, Cosine(0.9, steps=30))
    >>> [round(schedule(step), 6) for step in (0, 1, 2, 3, 18, 33)]
    [0.3, 0.6, 0.9, 0.9, 0.45, 0.0]
    """

    name: ClassVar[str] = "sequence"

    first: Rate = rate()
    at: int = count()
    second: Rate = rate()

    def _value(self, step: int) -> float:
        if step < self.at:
            return at_step(self.first, step)
        return at_step(self.second, step - self.at)
