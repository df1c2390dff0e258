"""An optimizer as plain data, such as JSON can hold, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trajectories.arrays import from_plain, to_plain
from trajectories.names import resolve, unknown
from trajectories.optimizers.catalogue import ALL_OPTIMIZERS, is_known
from trajectories.optimizers.rule import Rule
from trajectories.optimizers.schedules import Schedule
from trajectories.validation import must

__all__ = ["from_record", "to_record"]


def to_record(optimizer: Rule, *, own: bool = False) -> dict[str, Any]:
    """Return an optimizer as plain data: its name and all its hyperparameters."""
    record: dict[str, Any] = {"name": optimizer.name}
    if not is_known(optimizer):
        if not own:
            raise must("optimizer", "one of the package to be saved", optimizer)
        record = {"own": f"{type(optimizer).__module__}.{type(optimizer).__qualname__}"}
    for name, value in optimizer.hyperparameters.items():
        if isinstance(value, Schedule):
            record[name] = value.text  # Which stands for it when it is given to a rule.
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
