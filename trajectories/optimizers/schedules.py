r"""Learning-rate schedules: functions of the number of the step, counted from 0.

A schedule is a frozen object that is called with the number of the step. It can be compared,
hashed, pickled, and written as text that reads back: ``Cosine(0.9, steps=60).text`` is
``"cosine(0.9, steps=60)"``, as in spec strings.

Schedules can be composed: the base rate ``lr`` of a schedule may be another schedule, counted from
the same step 0. Below, :math:`\eta_t` is the base rate of step
:math:`t`: the number `lr`, or the value of the schedule `lr` at :math:`t`. So
``Warmup(Cosine(0.9, steps=60), steps=5)`` is the cosine, times a ramp over its first five steps;
`Sequence` puts one schedule after another instead.
"""

from __future__ import annotations

import math
import numbers
from abc import ABC, abstractmethod
from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from typing import Any, ClassVar, TypeAlias

from trajectories.checks import (
    FRACTION,
    NON_NEGATIVE,
    POSITIVE,
    UNIT,
    Call,
    Interval,
    build,
    integer,
    must,
    read,
    scalar,
)

__all__ = [
    "SCHEDULES",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Exponential",
    "InverseTime",
    "OneCycle",
    "Schedule",
    "Sequence",
    "StepDecay",
    "Warmup",
    "as_schedule",
]


@dataclass(frozen=True)
class Schedule(ABC):
    """The base of the schedules: a learning rate by the number of the step.

    Its fields are numbers and schedules, which are checked on creation.

    Attributes
    ----------
    name : str
        The name in text, such as "cosine".

    Raises
    ------
    TypeError
        If a field is of the wrong kind: `lr` must be a number or a `Schedule`, counts of steps
        must be integers, everything else a number.
    ValueError
        If it is not finite or out of its range: rates are positive, and so are counts of steps.
    """

    name: ClassVar[str]

    def __post_init__(self) -> None:
        """Check the fields, and convert their numbers to Python's types."""
        for item in fields(self):
            if check := item.metadata.get("check"):  # Fields of a user's class may have none.
                object.__setattr__(self, item.name, check(item.name, getattr(self, item.name)))

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step; the first step has the number 0.

        Raises
        ------
        TypeError
            If `step` is not an integer.
        ValueError
            If it is negative.
        """
        return self._value(integer("step", step, 0))

    @abstractmethod
    def _value(self, step: int) -> float:
        """Return the learning rate of a checked step."""

    @property
    def text(self) -> str:
        """The schedule as text without defaults, which `as_schedule` reads back.

        Raises
        ------
        ValueError
            If it is longer or deeper nested than `as_schedule` reads, or not of the package.

        Examples
        --------
        >>> from trajectories.optimizers.schedules import Cosine, Warmup
        >>> Warmup(Cosine(0.9, 60), steps=5).text
        'warmup(cosine(0.9, steps=60), steps=5)'
        """
        text = _to_text(self)
        read(text)
        return text


#: A base rate.
Rate: TypeAlias = float | Schedule


def rate() -> Any:
    """Declare a field that is a positive number or a schedule."""
    return field(metadata={"check": _checked_rate})


def count(low: int = 1, default: Any = MISSING) -> Any:
    """Declare a field that is an integer of at least `low`."""
    return field(default=default, metadata={"check": partial(integer, low=low)})


def number(interval: Interval, default: Any = MISSING) -> Any:
    """Declare a field that is a number in an interval."""
    check = partial(_checked, interval=interval)
    return field(default=default, metadata={"check": check})


def _checked_rate(name: str, value: Any) -> Rate:
    if isinstance(value, Schedule):
        return value
    return _checked(name, value, POSITIVE, "a number or a schedule")


def _checked(name: str, value: Any, interval: Interval, kind: str = "a number") -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise must(name, kind, value, kind=TypeError)
    return scalar(name, value, interval)


def at_step(base: Rate, step: int) -> float:
    """Return the base rate of a step."""
    return base._value(step) if isinstance(base, Schedule) else base


def _to_text(schedule: Schedule) -> str:
    """Return a schedule as text: the first field positional, the others by name."""
    if type(schedule).__module__.rpartition(".")[0] != __package__:
        raise must("schedule", "one of the package, to be written as text", schedule)
    parts: list[str] = []
    for item in fields(schedule):
        value = getattr(schedule, item.name)
        if value != item.default:
            written = _to_text(value) if isinstance(value, Schedule) else repr(value)
            parts.append(f"{item.name}={written}" if parts else written)
    return f"{schedule.name}({', '.join(parts)})"


def fall(part: float) -> float:
    """Return half a cosine, from 1 at `part` 0 to 0 at 1."""
    return (1 + math.cos(math.pi * part)) / 2


@dataclass(frozen=True)
class Cosine(Schedule):
    r"""Half a cosine from the learning rate down to `end`, where it then stays.

    .. math:: w\, \eta_t + (1 - w)\, \mathrm{end}, \qquad
        w = \frac{1}{2} \Bigl(1 + \cos \frac{\pi \min(t, \mathrm{steps})}{\mathrm{steps}} \Bigr)

    Parameters
    ----------
    lr : float or Schedule
        Learning rate of the first step, or a schedule that is blended into `end`.
    steps : int
        The step at which it reaches `end`, at least 1: one past the last of a run of `steps` steps.
    end : float, default 0
        Learning rate at the end, zero or positive; an absolute rate.

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
        Learning rate at the end of the ramp, or a schedule to multiply with the ramp. A schedule
        runs from step 0, under the ramp; in ``Sequence(Warmup(0.9, 5), 5, Cosine(0.9, 55))`` it
        begins where the ramp ends.
    steps : int
        The steps of the ramp, at least 1: the first has 1 / `steps` of the full rate, the last the
        full rate. A ramp of 1 step has no effect.

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
        Learning rate at the peak, or a schedule to multiply with the cycle.
    steps : int
        Steps of the cycle, at least 2; the last has the lowest rate, as have all after it.
    rise : float, default 0.3
        The fraction of the steps that rise, at least 0 and below 1.
    start_factor : float, default 0.04
        The first rate as a fraction of `lr`, between 0 and 1.
    end_factor : float, default 4e-6
        The last rate as a fraction of `lr`, between 0 and 1.

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
        Learning rate of the first step and after every restart, or a schedule with these rates:
        ``CosineRestarts(Exponential(0.9, 0.99), 20)`` restarts lower each time.
    period : int
        Steps from the start to the first restart, at least 1.
    growth : int, default 1
        Factor by which each period is longer than the one before, at least 1.
    end : float, default 0
        Learning rate that each period falls to, zero or positive; an absolute rate. The last step
        of a period is one short of it.

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


#: The range of a factor on a rate.
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
        Learning rate at first, or a schedule to multiply with the staircase.
    every : int
        Steps between two multiplications, at least 1.
    factor : float, default 0.1
        The factor, positive and at most 1.

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
        The factor, positive and at most 1.

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
        The speed of the fall, positive, in 1 over steps: after 1 / `rate` steps it is halved.

    Notes
    -----
    It alone of these decays meets the conditions of Robbins and Monro, for a constant `lr`: the sum
    of all rates is infinite, so that any minimum can be reached from anywhere, and that of their
    squares finite, so that the noise of stochastic gradients averages out.

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
        The first schedule; a number is a constant rate.
    at : int
        The first step of `second`, at least 1.
    second : float or Schedule
        The second schedule; for three, another `Sequence`.

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


#: The schedules by their name in text.
SCHEDULES: dict[str, type[Schedule]] = {
    cls.name: cls
    for cls in (
        Constant,
        StepDecay,
        Exponential,
        InverseTime,
        Cosine,
        Warmup,
        OneCycle,
        CosineRestarts,
        Sequence,
    )
}


def as_schedule(text: str) -> Schedule:
    """Return the schedule that a text describes.

    Parameters
    ----------
    text : str
        A name of `SCHEDULES`, and in parentheses its arguments as in Python, positional or by
        name: numbers, or schedules for rates. Nothing is evaluated.

    Raises
    ------
    TypeError
        If it is not text.
    ValueError
        If it is not a call, a name is unknown (the nearest is suggested), or an argument is
        missing, repeated or invalid.

    Examples
    --------
    >>> as_schedule("warmup(cosine(0.9, 60), steps=5)")
    Warmup(lr=Cosine(lr=0.9, steps=60, end=0.0), steps=5)
    """
    call = read(text)
    if not isinstance(call, Call):
        raise must("schedule", "a call such as cosine(0.9, steps=60)", text)
    return build("schedule", call, SCHEDULES)
