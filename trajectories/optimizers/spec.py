"""Spec strings: an optimizer as one word of text, such as ``adam:lr=0.3,beta1=0.8``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from trajectories.names import resolve
from trajectories.optimizers.base import Optimizer

__all__ = ["from_spec", "to_spec"]


def from_spec(spec: str, known: Mapping[str, type[Optimizer]]) -> Optimizer:
    """Build the optimizer that a spec string describes.

    Parameters
    ----------
    spec : str
        A name, and after a colon hyperparameters as ``name=number`` with commas between; a number
        alone in the first place is the learning rate.
    known : mapping of str to type
        The optimizers by name.

    Returns
    -------
    Optimizer

    Raises
    ------
    ValueError
        If the name or a hyperparameter is unknown (the nearest is suggested), given twice, no
        number, or out of its range.

    Examples
    --------
    >>> from trajectories.optimizers import OPTIMIZERS
    >>> from_spec("momentum:0.1,momentum=0.8", OPTIMIZERS)
    Momentum(lr=0.1, momentum=0.8)
    """
    name, _, rest = spec.partition(":")
    name = resolve("optimizer", name.strip(), known)
    cls = known[name]
    names = [item.name for item in fields(cls)]
    values: dict[str, float] = {}
    for place, part in enumerate(rest.split(",") if rest.strip() else []):
        key, equals, text = part.partition("=")
        if not equals and place == 0:
            key, text = "lr", part
        key = resolve(f"hyperparameter of {name}", key.strip(), names)
        if key in values:
            raise ValueError(f"`{key}` must be given once. The spec {spec!r} has it twice.")
        values[key] = _number(key, text.strip())
    return cls(**values)


def _number(key: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"`{key}` must be a finite number. Got {text!r} instead.")
    return number


def to_spec(optimizer: Optimizer) -> str:
    """Write an optimizer as a spec string: its learning rate, and what is not at its default.

    Raises
    ------
    ValueError
        If a hyperparameter is an array or a schedule, which a spec string cannot hold.

    Examples
    --------
    >>> from trajectories.optimizers import Adam
    >>> to_spec(Adam(0.3, beta1=0.8))
    'adam:lr=0.3,beta1=0.8'
    """
    parts = []
    for item in fields(optimizer):
        value: Any = getattr(optimizer, item.name)
        if isinstance(value, np.ndarray) or callable(value):
            raise ValueError(
                f"`{item.name}` must be a number to stand in a spec string. Got {value!r}."
            )
        if item.name == "lr" or value != item.default:
            parts.append(f"{item.name}={value!r}")
    return f"{optimizer.name}:{','.join(parts)}"
