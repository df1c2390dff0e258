"""The base of the schedules: a learning rate by the number of the step."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from typing import Any, ClassVar, TypeAlias

from trajectories.calls import read
from trajectories.validation import POSITIVE, Interval, integer, must, scalar

__all__ = ["Rate", "Schedule", "rate"]


@dataclass(frozen=True)
class Schedule(ABC):
    """The base of the schedules: a learning rate by the number of the step.

    Its fields are numbers and further schedules; they are checked when it is made.

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
        """Check the fields, and make their numbers Python's own."""
        for item in fields(self):
            if check := item.metadata.get("check"):  # A user's own class may have none.
                object.__setattr__(self, item.name, check(item.name, getattr(self, item.name)))

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step; the first step has the number 0.

        Raises
        ------
        TypeError
            If `step` is no integer.
        ValueError
            If it is negative.
        """
        return self._value(integer("step", step, 0))

    @abstractmethod
    def _value(self, step: int) -> float:
        """Return the learning rate of a step that has been checked."""

    @property
    def text(self) -> str:
        """The schedule as text, defaults left out: `as_schedule` reads back an equal one.

        Raises
        ------
        ValueError
            If it is longer or deeper nested than what is read, or not one of the package.

        Examples
        --------
        >>> from trajectories.optimizers.schedules import Cosine, Warmup
        >>> Warmup(Cosine(0.9, 60), steps=5).text
        'warmup(cosine(0.9, steps=60), steps=5)'
        """
        text = _written(self)
        read(text)
        return text


#: What a base rate may be.
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


def _written(schedule: Schedule) -> str:
    """Write a schedule as text: what comes first by place, all else by name."""
    if type(schedule).__module__.rpartition(".")[0] != __package__:
        raise must("schedule", "one of the package, to be written as text", schedule)
    parts: list[str] = []
    for item in fields(schedule):
        value = getattr(schedule, item.name)
        if value != item.default:
            written = _written(value) if isinstance(value, Schedule) else repr(value)
            parts.append(f"{item.name}={written}" if parts else written)
    return f"{schedule.name}({', '.join(parts)})"
