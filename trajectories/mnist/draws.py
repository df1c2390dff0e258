"""What chance is drawn with: generators, and their state as plain data."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from trajectories.validation import must

__all__ = ["RNG", "as_rng", "rng_state", "set_rng_state"]

#: NumPy's generators, old and new.
RNG: TypeAlias = np.random.Generator | np.random.RandomState


def as_rng(rng: Any) -> RNG:
    """Return a generator for whatever stands for one.

    Parameters
    ----------
    rng : int, numpy.random.Generator, numpy.random.RandomState or None
        A seed; a generator, which is itself; or None, for one that nobody can repeat. A
        RandomState draws what scripts of the textbook draw after ``np.random.seed``.

    Returns
    -------
    numpy.random.Generator or numpy.random.RandomState

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> as_rng(0).integers(10), as_rng(0).integers(10)
    (np.int64(8), np.int64(8))
    """
    if isinstance(rng, np.random.RandomState):
        return rng
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise must("rng", "a seed, a generator or None", rng) from None


def rng_state(rng: RNG) -> dict[str, Any]:
    """Return the state of a generator as plain data, such as JSON can hold.

    Parameters
    ----------
    rng : numpy.random.Generator or numpy.random.RandomState
        It is left as it is.

    Returns
    -------
    dict
    """
    if isinstance(rng, np.random.RandomState):
        return {"state": _plain(rng.get_state(legacy=False))}
    return {"state": _plain(rng.bit_generator.state)}


def set_rng_state(rng: RNG, state: dict[str, Any]) -> None:
    """Put a generator into a state that `rng_state` told of.

    Parameters
    ----------
    rng : numpy.random.Generator or numpy.random.RandomState
        Changed in place.
    state : dict
        What `rng_state` returned, for a generator of the same kind.

    Raises
    ------
    ValueError
        If it is the state of another kind.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> before = rng_state(rng)
    >>> first = rng.random()
    >>> set_rng_state(rng, before)
    >>> rng.random() == first
    True
    """
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
