"""The parameters of a network: named views into one contiguous array, and how they begin."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, NoReturn

import numpy as np

from trajectories.buffers import aligned
from trajectories.mnist.layers import Array
from trajectories.names import resolve
from trajectories.validation import NON_NEGATIVE, integer, must, scalar

__all__ = ["Views", "checked_weight_init", "checked_widths", "shapes_of", "weight_scale"]

#: Ways to choose the standard deviation of the first weights, by name.
WEIGHT_INITS = ("he", "xavier", "zero")


class Views(MutableMapping[str, Array]):
    """Arrays by name that lie one after the other in a single array."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], dtype: np.dtype[Any]) -> None:
        self._views: dict[str, Array] = {}
        self.flat: Array = aligned((sum(map(math.prod, shapes.values())),), dtype)
        end = 0
        for name, shape in shapes.items():
            begin, end = end, end + math.prod(shape)
            self._views[name] = self.flat[begin:end].reshape(shape)

    def __getitem__(self, name: str) -> Array:
        """Return the array of a name."""
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names, in the order in which the arrays lie."""
        return iter(self._views)

    def __len__(self) -> int:
        """Return how many arrays there are."""
        return len(self._views)

    def __setitem__(self, name: str, value: Any) -> None:
        """Write a value into the place of an array."""
        self[name][...] = value

    def __delitem__(self, name: str) -> NoReturn:
        """Refuse."""
        if name not in self:
            raise KeyError(name)
        raise TypeError("A network keeps all its parameters. Set them to 0 instead.")

    def __ior__(self, other: Mapping[str, Any]) -> Views:
        """Write several values into their places."""
        self.update(other)
        return self

    def __repr__(self) -> str:
        """Show names and arrays."""
        return repr(self._views)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the views out: they would come back as arrays of their own."""
        return {"shapes": {name: view.shape for name, view in self.items()}, "flat": self.flat}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        """Make the views anew, over a copy."""
        flat = saved["flat"]
        Views.__init__(self, saved["shapes"], flat.dtype)
        self.flat[...] = flat


def shapes_of(sizes: tuple[int, ...], batch_norm: bool) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a network's parameters by name: all weights first, then the rest."""
    widths = dict(enumerate(sizes[1:], 1))
    hidden = dict(enumerate(sizes[1:-1], 1)) if batch_norm else {}
    return {
        **{f"W{k}": (sizes[k - 1], width) for k, width in widths.items()},
        **{f"b{k}": (width,) for k, width in widths.items()},
        **{f"gamma{k}": (width,) for k, width in hidden.items()},
        **{f"beta{k}": (width,) for k, width in hidden.items()},
    }


def checked_widths(name: str, widths: Any) -> list[int]:
    """Return the widths of hidden layers, if that is what was given."""
    try:
        several = None if isinstance(widths, str) else list(widths)
    except TypeError:
        several = None
    if several is None:
        raise must(name, "a list of integers", widths, kind=TypeError)
    return [integer(name, width, 1) for width in several]


def checked_weight_init(weight_init: Any) -> str | float:
    """Return how weights begin, if it is a known name or a number."""
    if isinstance(weight_init, str):
        name = resolve("weight initialisation", weight_init, WEIGHT_INITS)
        return 0.0 if name == "zero" else name
    try:
        return scalar("weight_init", weight_init, NON_NEGATIVE)
    except TypeError:
        words = "'he', 'xavier', 'zero' or a standard deviation"
        raise must("weight_init", words, weight_init, kind=TypeError) from None


def weight_scale(weight_init: str | float, inputs: int) -> float:
    """Return the standard deviation that the weights of a layer begin with."""
    if isinstance(weight_init, float):
        return weight_init
    return math.sqrt((2.0 if weight_init == "he" else 1.0) / inputs)
