"""Layers of the network, batch normalisation and the loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trajectories.optimizers.base import Optimizer

Array: TypeAlias = NDArray[Any]

#: Batch sizes whose arrays a layer keeps.
_BUFFERS = 4


class Buffered(ABC):
    """Base of everything that works on batches: arrays are reused for each number of rows."""

    def __init__(self) -> None:
        self._buffers: dict[int, tuple[Array, ...]] = {}

    @abstractmethod
    def _make(self, rows: int) -> tuple[Array, ...]:
        """Return the arrays for a batch of so many rows."""

    def _arrays(self, rows: int) -> tuple[Array, ...]:
        if rows not in self._buffers:
            if len(self._buffers) >= _BUFFERS:
                self._buffers.clear()
            self._buffers[rows] = self._make(rows)
        return self._buffers[rows]


class Layer(Buffered):
    """Base of the layers: a function of batches, forward and backward."""

    @abstractmethod
    def forward(self, x: Array, train: bool) -> Array:
        """Return the output for a batch."""

    @abstractmethod
    def backward(self, d: Array) -> Array:
        """Return the gradient by the input of the last `forward` from that by its output."""


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
        """Store the gradients by W and b, and return that by x."""
        _, back, ones = self._arrays(len(d))
        np.dot(self._x.T, d, out=self.weight_grad)
        np.dot(ones, d, out=self.bias_grad)  # The sum over the rows, faster than np.sum.
        if not self.first:
            np.dot(d, self.weight.T, out=back)
        return back


class Activation(Layer, ABC):
    """Base of the activation functions, whose slope follows from their output."""

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
        """Replace x by its function."""

    @abstractmethod
    def _chain(self, d: Array, y: Array) -> None:
        """Multiply d by the slope where the output was y."""


class ReLU(Activation):
    """The rectifier: max(x, 0)."""

    def _make(self, rows: int) -> tuple[Array, ...]:
        return np.zeros_like(self._y), np.empty(self._y.shape, dtype=bool)

    def _apply(self, x: Array) -> None:
        zeros, _ = self._arrays(len(x))
        np.maximum(x, zeros, out=x)  # Five times as fast as with the number 0.

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
    """The textbook's dropout: outputs are dropped in training, and scaled in evaluation."""

    def __init__(self, ratio: float, rng: np.random.Generator | np.random.RandomState) -> None:
        super().__init__()
        self.ratio, self.rng = ratio, rng
        self._columns = 0

    def _make(self, rows: int) -> tuple[Array, ...]:
        shape = (rows, self._columns)
        return np.empty(shape, np.float32), np.empty(shape, bool)

    def forward(self, x: Array, train: bool) -> Array:
        """Return x with some outputs dropped, in place of x."""
        if not train:
            x *= 1 - self.ratio
            return x
        self._columns = x.shape[1]
        drawn, mask = self._arrays(len(x))
        if isinstance(self.rng, np.random.RandomState):
            drawn = self.rng.random_sample(x.shape)
        else:
            self.rng.random(out=drawn, dtype=np.float32)
        np.greater(drawn, self.ratio, out=mask)
        x *= mask
        return x

    def backward(self, d: Array) -> Array:
        """Return the gradient by x, in place of d: 0 for dropped outputs."""
        _, mask = self._arrays(len(d))
        d *= mask
        return d


class SoftmaxCrossEntropy(Buffered):
    r"""The mean of :math:`-\log p_t` over a batch, where p is the softmax of the outputs."""

    def __init__(self, classes: int, dtype: np.dtype[np.floating], eps: float = 0.0) -> None:
        super().__init__()
        self.classes, self.dtype, self.eps = classes, dtype, eps

    def _make(self, rows: int) -> tuple[Array, ...]:
        # Classes first: NumPy reduces over the first axis several times as fast.
        p, row = np.empty((self.classes, rows), self.dtype), np.empty(rows, self.dtype)
        d = np.empty((rows, self.classes), self.dtype)
        return p, row, np.empty(rows, np.float64), np.arange(rows), d

    def value(self, x: Array, labels: Array) -> float:
        """Return the mean loss of a batch."""
        p, row, sums, columns, _ = self._arrays(len(x))
        np.copyto(p, x.T)
        np.maximum.reduce(p, axis=0, out=row)
        p -= row
        right = p[labels, columns]
        np.exp(p, out=p)
        # In float64: for a small loss the sum is near 1, and its excess counts.
        np.add.reduce(p, axis=0, dtype=np.float64, out=sums)
        np.copyto(row, sums, casting="same_kind")
        p /= row
        if self.eps:
            return -float(np.log(p[labels, columns] + self.eps).sum()) / len(x)
        np.log(sums, out=sums)
        sums -= right
        return float(sums.sum()) / len(x)

    def gradient(self, labels: Array) -> Array:
        """Return the gradient of the last `value` by the outputs, shape (rows, classes)."""
        p, _, _, columns, d = self._arrays(len(labels))
        p[labels, columns] -= 1
        np.divide(p.T, len(labels), out=d)
        return d


class BatchNorm(Layer):
    """Batch normalisation: each column to mean 0 and variance 1, then scaled and shifted."""

    def __init__(
        self,
        gamma: Array,
        beta: Array,
        gamma_grad: Array,
        beta_grad: Array,
        *,
        momentum: float = 0.9,
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        self.gamma, self.beta = gamma, beta
        self.gamma_grad, self.beta_grad = gamma_grad, beta_grad
        self.momentum, self.eps = momentum, eps
        self.running_mean, self.running_var = np.zeros_like(gamma), np.zeros_like(gamma)
        self.weight = 0.0
        self._mean, self._var, self._over = (np.empty_like(gamma) for _ in range(3))
        self._row = np.empty_like(gamma)

    def _make(self, rows: int) -> tuple[Array, ...]:
        shape, kind = (rows, len(self.gamma)), self.gamma.dtype
        return np.empty(shape, kind), np.empty(shape, kind), np.ones(rows, kind)

    @property
    def mean(self) -> Array:
        """The mean that evaluation subtracts; 0 before the first step."""
        return self.running_mean / (self.weight or 1)

    @property
    def var(self) -> Array:
        """The variance that evaluation divides by; 1 before the first step."""
        return self.running_var / self.weight if self.weight else np.ones_like(self.running_var)

    def forward(self, x: Array, train: bool) -> Array:
        """Return the normalised batch, in place of x."""
        if not train:
            scale = self.gamma / np.sqrt(self.var + self.eps)
            x *= scale
            x += self.beta - self.mean * scale
            return x
        centred, squares, ones = self._arrays(len(x))
        np.dot(ones, x, out=self._mean)
        self._mean /= len(x)
        np.subtract(x, self._mean, out=centred)
        np.multiply(centred, centred, out=squares)
        np.dot(ones, squares, out=self._var)
        self._var /= len(x)

        np.add(self._var, self.eps, out=self._over)
        np.sqrt(self._over, out=self._over)
        np.reciprocal(self._over, out=self._over)
        np.multiply(self.gamma, self._over, out=self._row)
        np.multiply(centred, self._row, out=x)
        x += self.beta
        return x

    def update_running(self) -> None:
        """Update the running statistics with those of the last training batch."""
        for running, batch in ((self.running_mean, self._mean), (self.running_var, self._var)):
            running *= self.momentum
            running += (1 - self.momentum) * batch
        self.weight += (1 - self.momentum) * (1 - self.weight)

    def backward(self, d: Array) -> Array:
        """Store the gradients by gamma and beta, and return that by x, in place of d."""
        centred, product, ones = self._arrays(len(d))
        np.dot(ones, d, out=self.beta_grad)
        np.multiply(d, centred, out=product)
        np.dot(ones, product, out=self.gamma_grad)
        self.gamma_grad *= self._over

        # gamma / std (d - mean d - normalised mean(d normalised)), normalised = centred / std.
        np.multiply(self.gamma_grad, self._over, out=self._row)
        self._row /= len(d)
        np.multiply(centred, self._row, out=product)
        d -= product
        np.divide(self.beta_grad, len(d), out=self._row)
        d -= self._row
        np.multiply(self.gamma, self._over, out=self._row)
        d *= self._row
        return d


#: Smaller values count as 0. The least normal float32 is 1e-38: in 100 steps a mean that keeps
#: 0.9 of itself falls by 3e-5, and so stays above that until the next flush.
TINY = 1e-30


def flush_denormals(optimizer: Optimizer) -> None:
    """Set values of an optimizer's float32 state that are smaller than 1e-30 to 0."""
    for array in optimizer.state(copy=False).values():
        if array.dtype == np.float32:
            array[np.abs(array) < TINY] = 0
