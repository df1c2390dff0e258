"""What chance is drawn with: generators, and their state as plain data."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from trajectories.validation import must

__all__ = ["RNG", "as_rng", "rng_state", "set_rng_state"]

#: NumPy's generators, old and new.
RNG: TypeAlias = np.random.Generator | np.random.RandomState


def as_rng(rng: Any) -> RNG:
    """Return a generator for whatever stands for one."""
    if isinstance(rng, np.random.RandomState):
        return rng
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise must("rng", "a seed, a generator or None", rng) from None


def rng_state(rng: RNG) -> dict[str, Any]:
    """Return the state of a generator as plain data, such as JSON can hold."""
    if isinstance(rng, np.random.RandomState):
        return {"state": _plain(rng.get_state(legacy=False))}
    return {"state": _plain(rng.bit_generator.state)}


def set_rng_state(rng: RNG, state: dict[str, Any]) -> None:
    """Put a generator into a state that `rng_state` told of."""
    found = _arrays(state["state"])
    if isinstance(rng, np.random.RandomState):
        rng.set_state(found)
    else:
        rng.bit_generator.state = found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.name}
    return value.item() if isinstance(value, np.generic) else value


def _arrays(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"array", "dtype"}:
        return np.array(value["array"], value["dtype"])
    if isinstance(value, dict):
        return {key: _arrays(item) for key, item in value.items()}
    return value
