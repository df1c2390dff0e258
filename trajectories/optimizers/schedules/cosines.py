"""Schedules of a planned length: warm-up, half cosines, restarts and the one cycle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from trajectories.optimizers.schedules.base import Rate, Schedule, at_step, count, number, rate
from trajectories.validation import FRACTION, NON_NEGATIVE, UNIT

__all__ = ["Cosine", "CosineRestarts", "OneCycle", "Warmup"]


def fall(part: float) -> float:
    """Return half a cosine: 1 where `part` is 0, 0 where it is 1."""
    return (1 + math.cos(math.pi * part)) / 2


@dataclass(frozen=True)
class Cosine(Schedule):
    r"""Half a cosine from the learning rate down to `end`, where it then stays.

    .. math:: w\, \eta_t + (1 - w)\, \mathrm{end}, \qquad
        w = \frac{1}{2} \Bigl(1 + \cos \frac{\pi \min(t, \mathrm{steps})}{\mathrm{steps}} \Bigr)

    Parameters
    ----------
    lr : float or Schedule
        Learning rate of the first step, or a schedule from which it slides over to `end`.
    steps : int
        The step at which it arrives, at least 1: of a run of `steps` steps, numbered from 0, the
        last is one short of it.
    end : float, default 0
        Learning rate at the end, zero or positive; not multiplied by anything.

    Notes
    -----
    PyTorch's ``CosineAnnealingLR(T_max=steps, eta_min=end)``, which rises again after `T_max`.

    References
    ----------
    Loshchilov, I. and Hutter, F. (2017). SGDR: stochastic gradient descent with warm restarts,
    eq. 5. arXiv:1608.03983.

    Examples
    --------
    >>> schedule = Cosine(0.9, steps=60, end=0.1)
    >>> [round(schedule(step), 6) for step in (0, 20, 30, 60, 1000)]
    [0.9, 0.7, 0.5, 0.1, 0.1]
    """

    name: ClassVar[str] = "cosine"

    lr: Rate = rate()
    steps: int = count()
    end: float = number(NON_NEGATIVE, default=0.0)

    def _value(self, step: int) -> float:
        weight = fall(min(step, self.steps) / self.steps)
        return weight * at_step(self.lr, step) + (1 - weight) * self.end


@dataclass(frozen=True)
class Warmup(Schedule):
    r"""A linear ramp up to the learning rate, which then goes on as it is.

    .. math:: \eta_t \cdot \min \Bigl(1, \frac{t + 1}{\mathrm{steps}} \Bigr)

    Parameters
    ----------
    lr : float or Schedule
        Learning rate to warm up to, or a schedule that the ramp is multiplied with. A schedule
        runs from step 0, under the ramp; ``Sequence(Warmup(0.9, 5), 5, Cosine(0.9, 55))`` has it
        begin where the ramp ends.
    steps : int
        The steps of the ramp, at least 1. The first has a rate of 1 / `steps` of the full one and
        is not lost; the last has the full rate. A ramp of 1 step is none.

    Notes
    -----
    PyTorch's ``LinearLR(start_factor=1 / steps, end_factor=1, total_iters=steps - 1)``.

    References
    ----------
    Goyal, P. et al. (2017). Accurate, large minibatch SGD: training ImageNet in 1 hour, section
    2.2, gradual warmup. arXiv:1706.02677.

    Examples
    --------
    >>> [Warmup(0.5, steps=5)(step) for step in range(6)]
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.5]
    """

    name: ClassVar[str] = "warmup"

    lr: Rate = rate()
    steps: int = count()

    def _value(self, step: int) -> float:
        return at_step(self.lr, step) * min(1.0, (step + 1) / self.steps)


@dataclass(frozen=True)
class OneCycle(Schedule):
    r"""One cycle: up to the learning rate, and down to almost nothing, both as half a cosine.

    .. math:: \eta_t \cdot \begin{cases}
        u + (1 - u)\, w(1 - t / p) & t < p \\
        d + (1 - d)\, w \bigl((t - p) / (n - 1 - p) \bigr) & p \le t < n - 1 \\
        d & n - 1 \le t \end{cases}

    with :math:`w(s) = (1 + \cos \pi s) / 2`, :math:`n` = `steps`, :math:`u` = `start_factor`,
    :math:`d` = `end_factor`, and the peak at :math:`p = \max(0, \mathrm{rise} \cdot n - 1)`.

    Parameters
    ----------
    lr : float or Schedule
        Learning rate at the peak, or a schedule that the cycle is multiplied with.
    steps : int
        Steps of the whole cycle, at least 2; the last of them has the lowest rate, which stays.
    rise : float, default 0.3
        The part of the steps that goes up, at least 0 and below 1.
    start_factor : float, default 0.04
        The first rate as a part of `lr`, between 0 and 1.
    end_factor : float, default 4e-6
        The last rate as a part of `lr`, between 0 and 1.

    Notes
    -----
    PyTorch's ``OneCycleLR(max_lr=lr, total_steps=steps, pct_start=rise, div_factor=1 /
    start_factor, final_div_factor=start_factor / end_factor, cycle_momentum=False)``, with the
    same defaults. Where `rise` * `steps` is below 1, it begins at its peak.

    References
    ----------
    Smith, L. N. and Topin, N. (2019). Super-convergence: very fast training of neural networks
    using large learning rates. arXiv:1708.07120. The cosines are of the fastai library.

    Examples
    --------
    >>> schedule = OneCycle(0.5, steps=20)
    >>> [round(schedule(step), 6) for step in (0, 5, 12, 19, 20)]
    [0.02, 0.5, 0.250001, 2e-06, 2e-06]
    """

    name: ClassVar[str] = "one_cycle"

    lr: Rate = rate()
    steps: int = count(2)
    rise: float = number(FRACTION, default=0.3)
    start_factor: float = number(UNIT, default=0.04)
    end_factor: float = number(UNIT, default=4e-6)

    def _value(self, step: int) -> float:
        peak, last = max(0.0, self.rise * self.steps - 1), self.steps - 1
        if step >= last:
            weight, low = 0.0, self.end_factor
        elif step >= peak:
            weight, low = fall((step - peak) / (last - peak)), self.end_factor
        else:
            weight, low = fall(1 - step / peak), self.start_factor
        return at_step(self.lr, step) * (weight + (1 - weight) * low)


@dataclass(frozen=True)
class CosineRestarts(Schedule):
    r"""Half a cosine down to `end`, again and again, in periods that may lengthen.

    .. math:: w\, \eta_t + (1 - w)\, \mathrm{end}, \qquad
        w = \frac{1}{2} \Bigl(1 + \cos \frac{\pi\, t_i}{T_i} \Bigr), \qquad
        T_i = \mathrm{period} \cdot \mathrm{growth}^i

    where :math:`t_i` counts the steps since restart :math:`i` = 0, 1, ...

    Parameters
    ----------
    lr : float or Schedule
        Learning rate of the first step and after every restart, or a schedule to whose value of
        that step a restart returns: ``CosineRestarts(Exponential(0.9, 0.99), 20)`` restarts lower
        each time.
    period : int
        Steps from the start to the first restart, at least 1.
    growth : int, default 1
        Factor by which each period is longer than the one before, at least 1.
    end : float, default 0
        What each period comes down to, zero or positive; not multiplied by anything. The last
        step of a period is one short of it.

    Notes
    -----
    PyTorch's ``CosineAnnealingWarmRestarts(T_0=period, T_mult=growth, eta_min=end)``.

    References
    ----------
    Loshchilov, I. and Hutter, F. (2017). SGDR: stochastic gradient descent with warm restarts,
    eq. 5. arXiv:1608.03983.

    Examples
    --------
    >>> schedule = CosineRestarts(0.8, period=10, growth=2)
    >>> [round(schedule(step), 6) for step in (0, 5, 10, 20, 30)]
    [0.8, 0.4, 0.8, 0.4, 0.8]
    """

    name: ClassVar[str] = "cosine_restarts"

    lr: Rate = rate()
    period: int = count()
    growth: int = count(default=1)
    end: float = number(NON_NEGATIVE, default=0.0)

    def _value(self, step: int) -> float:
        since, period = step, self.period
        if self.growth == 1:
            since %= period
        while since >= period:
            since -= period
            period *= self.growth
        weight = fall(since / period)
        return weight * at_step(self.lr, step) + (1 - weight) * self.end
