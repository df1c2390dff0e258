r"""Learning-rate schedules: the number of the step, from 0, to the learning rate of that step.

A schedule is a small frozen object that is called with the number of the step. It can be compared,
hashed, pickled, and written as text that reads back: ``Cosine(0.9, steps=60).text`` is
``"cosine(0.9, steps=60)"``, which stands for it in spec strings too.

Schedules are composed by standing in for a number: the base rate ``lr`` of a schedule may be
another schedule, counted from the same step 0. Below, :math:`\eta_t` is the base rate of step
:math:`t`: the number `lr`, or the value of the schedule `lr` at :math:`t`. So
``Warmup(Cosine(0.9, steps=60), steps=5)`` is the cosine, times a ramp over its first five steps;
`Sequence` puts one schedule after another instead.
"""

from __future__ import annotations

from trajectories.calls import Call, build, read
from trajectories.optimizers.schedules.base import Schedule
from trajectories.optimizers.schedules.cosines import Cosine, CosineRestarts, OneCycle, Warmup
from trajectories.optimizers.schedules.decays import (
    Constant,
    Exponential,
    InverseTime,
    Sequence,
    StepDecay,
)
from trajectories.validation import must

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
    """Return the schedule that text stands for.

    Parameters
    ----------
    text : str
        A name of `SCHEDULES`, and in parentheses its arguments as in Python, by place or by
        name: numbers, and further schedules where a rate stands. Nothing is evaluated.

    Raises
    ------
    TypeError
        If it is no text.
    ValueError
        If it is anything else, a name is unknown (the nearest is suggested), or an argument is
        missing, given twice, or not what the schedule takes.

    Examples
    --------
    >>> as_schedule("warmup(cosine(0.9, 60), steps=5)")
    Warmup(lr=Cosine(lr=0.9, steps=60, end=0.0), steps=5)
    """
    call = read(text)
    if not isinstance(call, Call):
        raise must("schedule", "a call such as cosine(0.9, steps=60)", text)
    return build("schedule", call, SCHEDULES)
