"""What an optimizer remembers of each parameter, as a flat mapping of arrays and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from trajectories.optimizers.rule import Array
from trajectories.validation import must

__all__ = ["flattened", "unflattened"]


def flattened(memory: Mapping[Any, SimpleNamespace], names: Collection[str]) -> dict[str, Array]:
    """Return the arrays of every key as "key/name"."""
    for key in memory:
        if not isinstance(key, str):
            raise must("params", "keyed by text, to tell its state", key, kind=TypeError)
    return {
        f"{key}/{name}": np.asarray(getattr(kept, name))
        for key, kept in memory.items()
        for name in names
    }


def unflattened(
    state: Mapping[str, Array], arrays: Collection[str], numbers: Collection[str]
) -> dict[str, SimpleNamespace]:
    """Return what `flattened` was given, in copies."""
    found: dict[str, dict[str, Array]] = {}
    for path, value in state.items():
        if not isinstance(path, str):
            raise must("state", 'keyed by text such as "x/m"', path, kind=TypeError)
        key, _, name = path.rpartition("/")
        found.setdefault(key, {})[name] = np.array(value)
    memory: dict[str, SimpleNamespace] = {}
    for key, named in found.items():
        if named.keys() != {*arrays, *numbers}:
            wanted = ", ".join(f"{key}/{name}" for name in (*arrays, *numbers)) or "nothing"
            raise must("state", f"a mapping with {wanted} of the key {key!r}", sorted(named))
        if any(value.dtype.kind != "f" for value in named.values()):
            raise must("state", f"of floats for the key {key!r}", named)
        shapes = {named[name].shape for name in arrays}
        if len(shapes) > 1:
            raise must("state", f"of one shape for the key {key!r}", sorted(shapes))
        plain = {n: named[n].item() if named[n].ndim == 0 else named[n] for n in numbers}
        memory[key] = SimpleNamespace(
            shape=shapes.pop() if shapes else (), **{n: named[n] for n in arrays}, **plain
        )
    return memory
