"""Fuzz what is read as calls: spec strings of optimizers, and with them the schedules' texts."""

import random
import sys
from dataclasses import fields

from engine import Target, corpus, main

from trajectories.optimizers import ALL_OPTIMIZERS, as_optimizer, to_spec
from trajectories.optimizers.schedules import SCHEDULES, as_schedule

WORDS = (
    ": = , ( ) . - + e 0 1 0.9 1e-3 1e999 1e-320 inf nan True None 999999999999999999999 _ [ ] {"
)
WORDS += (
    " lr= lr=cosine( steps=60 momentum=0.9 beta1= end=0 __class__ __init__( os.system( lambda:0"
)
WORDS += " ١ ² １ \u2212 \x00 \n cosine(0.9,steps=60) warmup( sequence("


def check(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    if "(" in text[: text.find(":")] or ":" not in text:
        schedule = as_schedule(text)
        rates = [schedule(step) for step in (0, 1, 7, 10**6)]
        assert all(isinstance(rate, float) for rate in rates)
        assert as_schedule(schedule.text) == schedule
    else:
        optimizer = as_optimizer(text)
        assert as_optimizer(to_spec(optimizer)) == optimizer
    return True


def grow(rng: random.Random, depth: int = 3) -> bytes:
    """Return a random spec string, or the text of a schedule."""
    if depth == 3 and rng.random() < 0.6:
        name, rule = rng.choice(list(ALL_OPTIMIZERS.items()))
        values = [f"{item.name}={rng.choice(NUMBERS)}" for item in fields(rule)]
        rng.shuffle(values)
        if rng.random() < 0.3:
            values[:0] = [grow(rng, 2).decode()]
        return f"{name}:{','.join(values[: rng.randrange(5)])}".encode()
    name, kind = rng.choice(list(SCHEDULES.items()))
    values = [f"{item.name}={_value(item.name, rng, depth)}" for item in fields(kind)]
    return f"{name}({', '.join(values)})".encode()


def _value(name: str, rng: random.Random, depth: int) -> str:
    if depth > 0 and name in ("lr", "first", "then") and rng.random() < 0.6:
        return grow(rng, depth - 1).decode()
    if rng.random() < 0.6:
        return str(rng.choice((1, 2, 10, 60)))
    return rng.choice(NUMBERS)


NUMBERS = ("0.9", "0.1", "1", "0", "-1", "0.5", "1e-8", "1e308", "5e-324", "2", "10", "1e5")

TARGET = Target(
    "spec strings and schedules",
    check,
    corpus("calls.txt"),
    [word.encode() for word in [*WORDS.split(" "), *ALL_OPTIMIZERS, *(f"{n}(" for n in SCHEDULES)]],
    ["trajectories.checks", "trajectories.optimizers", "trajectories.checks"],
    grow=grow,
)

if __name__ == "__main__":
    sys.exit(main(TARGET))
