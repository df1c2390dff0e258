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
    """Arrays by name that lie one after the other in a single array.

    Setting an item, in whatever way, writes into its place in that array: it never puts another
    array there, which the layers of the network would know nothing of. None can be added or taken
    away. A copy, and what is unpickled, has an array of its own.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        The shape of each array, in the order in which they lie.
    dtype : numpy.dtype
        Their type.

    Attributes
    ----------
    flat : numpy.ndarray, shape (size,)
        All of them as one.

    Examples
    --------
    >>> views = Views({"W": (2, 2), "b": (1,)}, np.dtype(np.float32))
    >>> views["W"] = 3.0
    >>> views |= {"b": [1.0]}
    >>> views.flat
    array([3., 3., 3., 3., 1.], dtype=float32)
    """

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
        """Write a value into the place of an array.

        Raises
        ------
        KeyError
            If there is no array of this name.
        ValueError
            If the value does not broadcast to its shape.
        """
        self[name][...] = value

    def __delitem__(self, name: str) -> NoReturn:
        """Refuse.

        Raises
        ------
        KeyError
            If there is no array of this name.
        TypeError
            If there is one.
        """
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
    """Return the shapes of a network's parameters by name: all weights first, then the rest.

    Parameters
    ----------
    sizes : tuple of int
        The width of the input, of every hidden layer and of the output.
    batch_norm : bool
        Whether hidden layers have a gamma and a beta.

    Returns
    -------
    dict

    Examples
    --------
    >>> shapes_of((784, 100, 10), batch_norm=False)
    {'W1': (784, 100), 'W2': (100, 10), 'b1': (100,), 'b2': (10,)}
    """
    widths = dict(enumerate(sizes[1:], 1))
    hidden = dict(enumerate(sizes[1:-1], 1)) if batch_norm else {}
    return {
        **{f"W{k}": (sizes[k - 1], width) for k, width in widths.items()},
        **{f"b{k}": (width,) for k, width in widths.items()},
        **{f"gamma{k}": (width,) for k, width in hidden.items()},
        **{f"beta{k}": (width,) for k, width in hidden.items()},
    }


def checked_widths(name: str, widths: Any) -> list[int]:
    """Return the widths of hidden layers, if that is what was given.

    Parameters
    ----------
    name : str
        The argument, for the message.
    widths : iterable of int
        What was given.

    Raises
    ------
    TypeError, ValueError
        If it is anything else.

    Examples
    --------
    >>> checked_widths("hidden_sizes", (100, 50))
    [100, 50]
    """
    try:
        several = None if isinstance(widths, str) else list(widths)
    except TypeError:
        several = None
    if several is None:
        raise must(name, "a list of integers", widths, kind=TypeError)
    return [integer(name, width, 1) for width in several]


def checked_weight_init(weight_init: Any) -> str | float:
    """Return how weights begin, if it is a known name or a number.

    Parameters
    ----------
    weight_init : str or float
        "he", "xavier", "zero", or a standard deviation, zero or positive.

    Raises
    ------
    TypeError, ValueError
        If it is anything else.

    Examples
    --------
    >>> checked_weight_init("He"), checked_weight_init(0.01), checked_weight_init("zero")
    ('he', 0.01, 0.0)
    """
    if isinstance(weight_init, str):
        name = resolve("weight initialisation", weight_init, WEIGHT_INITS)
        return 0.0 if name == "zero" else name
    try:
        return scalar("weight_init", weight_init, NON_NEGATIVE)
    except TypeError:
        words = "'he', 'xavier', 'zero' or a standard deviation"
        raise must("weight_init", words, weight_init, kind=TypeError) from None


def weight_scale(weight_init: str | float, inputs: int) -> float:
    """Return the standard deviation that the weights of a layer begin with.

    Parameters
    ----------
    weight_init : str or float
        As `checked_weight_init` returns it.
    inputs : int
        The width of what comes into the layer.

    Returns
    -------
    float
        sqrt(2 / inputs) for "he", made for ReLU (He et al. 2015, arXiv:1502.01852, eq. 10), and
        sqrt(1 / inputs) for "xavier", made for sigmoid and tanh, in the textbook's form, which
        leaves the width of the output out (Glorot and Bengio 2010, AISTATS).

    Examples
    --------
    >>> weight_scale("he", 50), weight_scale("xavier", 100)
    (0.2, 0.1)
    """
    if isinstance(weight_init, float):
        return weight_init
    return math.sqrt((2.0 if weight_init == "he" else 1.0) / inputs)
