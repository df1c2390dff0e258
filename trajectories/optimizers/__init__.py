"""Optimizers for two coordinates, a batch of starts, or a network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from trajectories.checks import must, resolve, split, unknown
from trajectories.optimizers import schedules as schedules
from trajectories.optimizers.adam import Adam, AdamW, Adan, AdEMAMix, AMSGrad, NAdam, RAdam
from trajectories.optimizers.adaptive import (
    ADOPT,
    AdaBelief,
    AdaDelta,
    AdaGrad,
    Adamax,
    CenteredRMSProp,
    RMSProp,
    Yogi,
)
from trajectories.optimizers.base import Optimizer, Rule, hyperparameter as hyperparameter
from trajectories.optimizers.gradient import (
    ASGD,
    SGD,
    DampenedMomentum,
    Lion,
    Momentum,
    Nesterov,
    OptimisticGD,
    Rprop,
    SignSGD,
    Signum,
)
from trajectories.optimizers.schedules import Schedule, as_schedule
from trajectories.optimizers.second_order import (
    Backtracking,
    DampedNewton,
    Newton,
    SurfaceOptimizer,
)
from trajectories.records import from_plain, to_plain

#: The first-order optimizers, by their name in spec strings.
OPTIMIZERS: dict[str, type[Optimizer]] = {
    cls.name: cls
    for cls in (
        *(SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam),  # The textbook's.
        *(OptimisticGD, ASGD, DampenedMomentum, CenteredRMSProp, AdaDelta),
        *(AdamW, AMSGrad, RAdam, NAdam, Adan, AdEMAMix, Adamax, AdaBelief, Yogi, ADOPT),
        *(SignSGD, Signum, Lion, Rprop),
    )
}

#: The optimizers that evaluate the surface itself.
SURFACE_OPTIMIZERS: dict[str, type[SurfaceOptimizer]] = {
    cls.name: cls for cls in (Newton, DampedNewton, Backtracking)
}

#: The optimizers of both families.
ALL_OPTIMIZERS: dict[str, type[Rule]] = {**OPTIMIZERS, **SURFACE_OPTIMIZERS}


def is_known(optimizer: Rule) -> bool:
    """Return whether an optimizer's class is one of the package, and not derived from one."""
    return ALL_OPTIMIZERS.get(optimizer.name) is type(optimizer)


#: The most characters of a spec string's hyperparameters.
_LENGTH = 2000


def from_spec(spec: str) -> Rule:
    """Build the optimizer that a spec string describes."""
    name, _, arguments = spec.partition(":")
    name = resolve("optimizer", name.strip(), ALL_OPTIMIZERS)
    if len(arguments) > _LENGTH:
        raise must("optimizer", f"a spec string of at most {_LENGTH} characters", spec)
    cls = ALL_OPTIMIZERS[name]
    names = [item.name for item in fields(cls)]
    values: dict[str, Any] = {}
    for index, part in enumerate(split(arguments) if arguments.strip() else []):
        key, equals, text = part.partition("=")
        if index == 0 and (not equals or "(" in key):  # The equals sign may be inside a schedule.
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


def as_optimizer(optimizer: Any) -> Rule:
    """Return the optimizer of a spec string, a class, or an optimizer itself."""
    if isinstance(optimizer, Rule):
        return optimizer
    if isinstance(optimizer, str):
        return from_spec(optimizer)
    if isinstance(optimizer, type) and issubclass(optimizer, Rule):
        return optimizer()
    raise must("optimizer", "an Optimizer or a spec string", optimizer, kind=TypeError)


def to_record(optimizer: Rule, *, own: bool = False) -> dict[str, Any]:
    """Return an optimizer as plain data: its name and all its hyperparameters."""
    record: dict[str, Any] = {"name": optimizer.name}
    if not is_known(optimizer):
        if not own:
            raise must("optimizer", "one of the package to be saved", optimizer)
        record = {"own": f"{type(optimizer).__module__}.{type(optimizer).__qualname__}"}
    for name, value in optimizer.hyperparameters.items():
        if isinstance(value, Schedule):
            record[name] = value.text  # A rule reads it back.
        elif callable(value):
            raise must(name, "a number, an array or a schedule of the package to be saved", value)
        else:
            record[name] = to_plain(value)
    return record


def from_record(record: Any) -> Rule:
    """Return the optimizer that `to_record` wrote."""
    if not isinstance(record, Mapping):
        raise must("optimizer", "a record with its name", record, kind=TypeError)
    if "own" in record:
        raise must("optimizer", "one of the package to be made again", record["own"])
    cls = ALL_OPTIMIZERS[resolve("optimizer", record.get("name"), ALL_OPTIMIZERS)]
    values = {name: value for name, value in record.items() if name != "name"}
    names = list(cls().hyperparameters)
    for name, value in values.items():
        if name not in names:
            raise unknown(f"hyperparameter of {cls.name}", name, names)
        if isinstance(value, (dict, list)):
            values[name] = from_plain(name, value)
    return cls(**values)
