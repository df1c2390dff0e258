"""The loss of a classifier: softmax with cross-entropy."""

from __future__ import annotations

import numpy as np

from trajectories.mnist.layers import Array, Buffered

__all__ = ["SoftmaxCrossEntropy"]


class SoftmaxCrossEntropy(Buffered):
    r"""The mean of :math:`-\log p_t` over a batch, where p is the softmax of the outputs."""

    def __init__(self, classes: int, dtype: np.dtype[np.floating], eps: float = 0.0) -> None:
        super().__init__()
        self.classes, self.dtype, self.eps = classes, dtype, eps

    def _make(self, rows: int) -> tuple[Array, ...]:
        # Classes first: NumPy reduces over the first axis several times as fast.
        p, d = (
            np.empty((self.classes, rows), self.dtype),
            np.empty((rows, self.classes), self.dtype),
        )
        return p, np.empty(rows, self.dtype), np.empty(rows, np.float64), np.arange(rows), d

    def value(self, x: Array, labels: Array) -> float:
        """Return the mean loss of a batch."""
        p, row, sums, places, _ = self._arrays(len(x))
        np.copyto(p, x.T)
        np.maximum.reduce(p, axis=0, out=row)
        p -= row
        right = p[labels, places]
        np.exp(p, out=p)
        # In float64: where the loss is small, the sum is near 1, and what it is above counts.
        np.add.reduce(p, axis=0, dtype=np.float64, out=sums)
        np.copyto(row, sums, casting="same_kind")
        p /= row
        if self.eps:
            return -float(np.log(p[labels, places] + self.eps).sum()) / len(x)
        np.log(sums, out=sums)
        sums -= right
        return float(sums.sum()) / len(x)

    def gradient(self, labels: Array) -> Array:
        """Return the gradient of the last `value` by the outputs, shape (rows, classes)."""
        p, _, _, places, d = self._arrays(len(labels))
        p[labels, places] -= 1
        np.divide(p.T, len(labels), out=d)
        return d
