"""Batch normalisation, with running statistics that are right from the first step."""

from __future__ import annotations

import numpy as np

from trajectories.mnist.layers import Array, Layer

__all__ = ["BatchNorm"]


class BatchNorm(Layer):
    r"""Batch normalisation: each column to mean 0 and variance 1, then scaled and shifted.

    .. math:: y = \gamma\,\frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta

    In training :math:`\mu` and :math:`\sigma^2` are those of the batch (the variance divided by
    the number of rows). In evaluation they are running means of these over the steps of
    training, each step weighing 0.9 of the next; divided by the sum of their weights, so that
    after one step they are that step's own. Without this correction, they would be ten times too
    small after one step, and activations in evaluation 3.16 times too large.

    Parameters
    ----------
    gamma, beta : numpy.ndarray, shape (columns,)
        The parameters, read in every pass.
    gamma_grad, beta_grad : numpy.ndarray, shape (columns,)
        Where `backward` leaves the gradients by them.
    momentum : float, default 0.9
        What part of the running means is kept in each step.
    eps : float, default 1e-6
        Added to the variance; the textbook's 10e-7.

    Attributes
    ----------
    running_mean, running_var : numpy.ndarray, shape (columns,)
        The running means as they are summed up, not yet corrected.
    weight : float
        The sum of the weights in them: 0 before the first step, and near 1 after many.

    References
    ----------
    Ioffe, S. and Szegedy, C. (2015). Batch normalization. ICML, arXiv:1502.03167. The correction
    is that of Adam's means.

    Examples
    --------
    >>> gamma, beta = np.ones(1), np.zeros(1)
    >>> layer = BatchNorm(gamma, beta, np.empty(1), np.empty(1))
    >>> layer.forward(np.array([[1.0], [3.0]]), train=True).ravel().round(5)
    array([-1.,  1.])
    >>> layer.remember()
    >>> layer.forward(np.array([[1.0], [3.0]]), train=False).ravel().round(5)
    array([-1.,  1.])
    """

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
