"""The layers of a network: affine maps, activation functions, dropout, each forward and backward.

Every layer works in place, in arrays that are made once for each number of rows. An output is
valid until the next call with as many rows; `backward` may change the gradient it is given.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ACTIVATIONS",
    "Affine",
    "Array",
    "Buffered",
    "Dropout",
    "Layer",
    "ReLU",
    "Sigmoid",
    "Tanh",
]

Array: TypeAlias = NDArray[Any]

#: For so many different numbers of rows a layer keeps its arrays.
_KEPT = 4


class Buffered(ABC):
    """The base of what works on batches: its arrays are made once for each number of rows."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Array, ...]] = {}

    @abstractmethod
    def _make(self, rows: int) -> tuple[Array, ...]:
        """Return the arrays that a batch of so many rows takes."""

    def _arrays(self, rows: int) -> tuple[Array, ...]:
        found = self._made.get(rows)
        if found is None:
            if len(self._made) >= _KEPT:
                self._made.clear()
            found = self._made[rows] = self._make(rows)
        return found


class Layer(Buffered):
    """The base of the layers: a map of batches, forward and backward."""

    @abstractmethod
    def forward(self, x: Array, train: bool) -> Array:
        """Return the output for a batch."""

    @abstractmethod
    def backward(self, d: Array) -> Array:
        """Return the gradient by the input of the last `forward`, given that by its output."""


class Affine(Layer):
    """A fully connected layer: x W + b."""

    def __init__(
        self,
        weight: Array,
        bias: Array,
        weight_grad: Array,
        bias_grad: Array,
        *,
        first: bool = False,
    ) -> None:
        super().__init__()
        self.weight, self.bias = weight, bias
        self.weight_grad, self.bias_grad = weight_grad, bias_grad
        self.first = first
        self._x = weight[:0]

    def _make(self, rows: int) -> tuple[Array, ...]:
        inputs, outputs = self.weight.shape
        kind = self.weight.dtype
        back = np.empty((0 if self.first else rows, inputs), kind)
        return np.empty((rows, outputs), kind), back, np.ones(rows, kind)

    def forward(self, x: Array, train: bool) -> Array:
        """Return x W + b."""
        out, _, _ = self._arrays(len(x))
        self._x = x
        np.dot(x, self.weight, out=out)
        out += self.bias
        return out

    def backward(self, d: Array) -> Array:
        """Take the gradients by W and b, and return that by x."""
        _, back, ones = self._arrays(len(d))
        np.dot(self._x.T, d, out=self.weight_grad)
        np.dot(ones, d, out=self.bias_grad)  # The sum over the rows, faster than np.sum.
        if not self.first:
            np.dot(d, self.weight.T, out=back)
        return back


class Activation(Layer, ABC):
    """The base of the activation functions, whose slope can be told from their output."""

    def __init__(self) -> None:
        super().__init__()
        self._y: Array = np.empty((0, 0))

    def _make(self, rows: int) -> tuple[Array, ...]:
        return (np.empty_like(self._y),)

    def forward(self, x: Array, train: bool) -> Array:
        """Return the function of x, in place of x."""
        self._y = x
        self._apply(x)
        return x

    def backward(self, d: Array) -> Array:
        """Return the gradient by x, in place of d."""
        self._chain(d, self._y)
        return d

    @abstractmethod
    def _apply(self, x: Array) -> None:
        """Replace x by the function of it."""

    @abstractmethod
    def _chain(self, d: Array, y: Array) -> None:
        """Multiply d by the slope where the output was y."""


class ReLU(Activation):
    """The rectifier: max(x, 0)."""

    def _make(self, rows: int) -> tuple[Array, ...]:
        return np.zeros_like(self._y), np.empty(self._y.shape, dtype=bool)

    def _apply(self, x: Array) -> None:
        zeros, _ = self._arrays(len(x))
        np.maximum(x, zeros, out=x)  # With a number in their place it takes five times as long.

    def _chain(self, d: Array, y: Array) -> None:
        zeros, mask = self._arrays(len(d))
        np.greater(y, zeros, out=mask)
        d *= mask


class Sigmoid(Activation):
    """The logistic function: 1 / (1 + exp(-x))."""

    def _apply(self, x: Array) -> None:
        np.negative(x, out=x)
        with np.errstate(over="ignore"):  # exp gives inf, and its inverse the right 0.
            np.exp(x, out=x)
        x += 1
        np.reciprocal(x, out=x)

    def _chain(self, d: Array, y: Array) -> None:
        (slope,) = self._arrays(len(d))
        np.subtract(1, y, out=slope)
        slope *= y
        d *= slope


class Tanh(Activation):
    """The hyperbolic tangent."""

    def _apply(self, x: Array) -> None:
        np.tanh(x, out=x)

    def _chain(self, d: Array, y: Array) -> None:
        (slope,) = self._arrays(len(d))
        np.multiply(y, y, out=slope)
        np.subtract(1, slope, out=slope)
        d *= slope


#: The activation functions by name.
ACTIVATIONS: dict[str, type[Activation]] = {"relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh}


class Dropout(Layer):
    """Dropout of the textbook's kind: outputs go missing in training, and shrink in evaluation."""

    def __init__(self, ratio: float, rng: np.random.Generator | np.random.RandomState) -> None:
        super().__init__()
        self.ratio, self.rng = ratio, rng
        self._columns = 0

    def _make(self, rows: int) -> tuple[Array, ...]:
        shape = (rows, self._columns)
        return np.empty(shape, np.float32), np.empty(shape, bool)

    def forward(self, x: Array, train: bool) -> Array:
        """Return what is kept of x, in place of x."""
        if not train:
            x *= 1 - self.ratio
            return x
        self._columns = x.shape[1]
        drawn, kept = self._arrays(len(x))
        if isinstance(self.rng, np.random.RandomState):
            drawn = self.rng.random_sample(x.shape)
        else:
            self.rng.random(out=drawn, dtype=np.float32)
        np.greater(drawn, self.ratio, out=kept)
        x *= kept
        return x

    def backward(self, d: Array) -> Array:
        """Return the gradient by x, in place of d: that of what was kept."""
        _, kept = self._arrays(len(d))
        d *= kept
        return d
