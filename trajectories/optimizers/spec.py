"""Spec strings: an optimizer as one word of text, such as ``adam:lr=0.3,beta1=0.8``."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np

from trajectories.calls import split
from trajectories.names import resolve
from trajectories.optimizers.catalogue import ALL_OPTIMIZERS, is_known
from trajectories.optimizers.rule import Rule
from trajectories.optimizers.schedules import Schedule, as_schedule
from trajectories.validation import must

__all__ = ["from_spec", "to_spec"]

#: More characters than any sensible spec string has.
_LENGTH = 2000


def from_spec(spec: str) -> Rule:
    """Build the optimizer that a spec string describes."""
    name, _, rest = spec.partition(":")
    name = resolve("optimizer", name.strip(), ALL_OPTIMIZERS)
    if len(rest) > _LENGTH:
        raise must("optimizer", f"a spec string of at most {_LENGTH} characters", spec)
    cls = ALL_OPTIMIZERS[name]
    names = [item.name for item in fields(cls)]
    values: dict[str, Any] = {}
    for place, part in enumerate(split(rest) if rest.strip() else []):
        key, equals, text = part.partition("=")
        if place == 0 and (not equals or "(" in key):  # The sign may be inside a schedule.
            key, text = "lr", part
        key = resolve(f"hyperparameter of {name}", key.strip(), names)
        if key in values:
            raise must(key, "given once", spec)
        scheduled = key == "lr" and "(" in text
        values[key] = as_schedule(text) if scheduled else _number(key, text.strip())
    return cls(**values)


def _number(key: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        words = "a finite number; only `lr` may be a schedule" if "(" in text else "a finite number"
        raise must(key, words, text)
    return number


def to_spec(optimizer: Rule) -> str:
    """Write an optimizer as a spec string: its learning rate, and what is not at its default."""
    if not is_known(optimizer):
        raise must("optimizer", "one of the package to be written as a spec string", optimizer)
    parts = []
    for item in fields(optimizer):
        value: Any = getattr(optimizer, item.name)
        scheduled = isinstance(value, Schedule)
        if isinstance(value, np.ndarray) or (callable(value) and not scheduled):
            raise ValueError(
                f"`{item.name}` must be a number to stand in a spec string. Got {value!r}."
            )
        if item.name == "lr" or value != item.default:
            written = value.text.replace(" ", "") if scheduled else repr(value)
            parts.append(f"{item.name}={written}")
    return f"{optimizer.name}:{','.join(parts)}"
