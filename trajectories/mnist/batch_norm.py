"""Batch normalisation, with running statistics that are right from the first step."""

from __future__ import annotations

import numpy as np

from trajectories.mnist.layers import Array, Layer

__all__ = ["BatchNorm"]


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

    def remember(self) -> None:
        """Take the statistics of the last batch of training into the running ones."""
        for running, now in ((self.running_mean, self._mean), (self.running_var, self._var)):
            running *= self.momentum
            running += (1 - self.momentum) * now
        self.weight += (1 - self.momentum) * (1 - self.weight)

    def backward(self, d: Array) -> Array:
        """Take the gradients by gamma and beta, and return that by x, in place of d."""
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
