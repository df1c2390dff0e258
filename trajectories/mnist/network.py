"""The network: fully connected layers, with batch normalisation and dropout if asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from trajectories.mnist.batches import Scaler, checked_examples, checked_images
from trajectories.mnist.draws import RNG, as_rng
from trajectories.mnist.layers import ACTIVATIONS, Array
from trajectories.mnist.loss import SoftmaxCrossEntropy
from trajectories.mnist.parameters import checked_weight_init, checked_widths
from trajectories.mnist.stack import Stack
from trajectories.names import resolve
from trajectories.validation import FRACTION, NON_NEGATIVE, POSITIVE, integer, must, scalar

__all__ = ["MultiLayerNet"]

#: Images that go through the network together when it is evaluated.
CHUNK = 500


class MultiLayerNet(Stack):
    r"""A fully connected network for classification, trained by its gradient.

    Each hidden layer is an affine map, batch normalisation if asked, the activation function,
    and dropout if asked; the last layer is an affine map, and the loss softmax with
    cross-entropy, plus :math:`\frac{\lambda}{2} \sum W^2` over all weights where there is weight
    decay. Biases begin at 0.

    Parameters
    ----------
    input_size : int
        How many pixels an image has.
    hidden_sizes : iterable of int
        The width of each hidden layer; empty for a network without any.
    output_size : int
        How many classes there are, at least 2.
    activation : {"relu", "sigmoid", "tanh"}, default "relu"
        The function after each hidden layer.
    weight_init : {"he", "xavier", "zero"} or float, default "he"
        The standard deviation of the first weights: sqrt(2 / inputs) of the layer, sqrt(1 /
        inputs), 0, or the number itself.
    weight_decay : float, default 0
        :math:`\lambda` of the L2 penalty: :math:`\lambda W` in the gradient, on weights only.
    batch_norm : bool, default False
        Whether hidden layers are normalised before their activation.
    dropout : float, default 0
        The part of each hidden layer's outputs that goes missing in training, below 1. It is the
        textbook's kind: in evaluation outputs are multiplied by 1 - dropout.
    dtype : {numpy.float32, numpy.float64}, default float32
        In what type all is computed.
    loss_eps : float, default 0
        0 for the exact loss; 1e-7 for the textbook's, which adds it to probabilities before the
        logarithm is taken (see `SoftmaxCrossEntropy`). Gradients are the same.
    rng : int, numpy.random.Generator, numpy.random.RandomState or None
        Seed of the first weights, and of what goes missing by dropout after that. Equal seeds
        give float32 and float64 networks the same weights, up to rounding.

    Attributes
    ----------
    params, grads : mapping of str to numpy.ndarray
        Parameters and gradients by name: W1, b1, gamma1, beta1, W2, ...; views into `flat_params`
        and `flat_grads`. Setting an item, or `update`, writes into the view.
    settings : dict
        All arguments but the seed, as JSON can hold them: ``MultiLayerNet(**settings)`` is alike.

    Examples
    --------
    >>> from trajectories.optimizers import SGD
    >>> network = MultiLayerNet(2, [8], 2, rng=0)
    >>> x, labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> step = SGD(0.5).bind({"all": network.flat_params}, {"all": network.flat_grads})
    >>> for _ in range(200):
    ...     loss = network.loss_and_gradient(x, labels)
    ...     step()
    >>> network.accuracy(x, labels)
    1.0
    """

    def __init__(
        self,
        input_size: int,
        hidden_sizes: Iterable[int],
        output_size: int,
        *,
        activation: str = "relu",
        weight_init: str | float = "he",
        weight_decay: float = 0.0,
        batch_norm: bool = False,
        dropout: float = 0.0,
        dtype: Any = np.float32,
        loss_eps: float = 0.0,
        rng: Any = None,
    ) -> None:
        try:
            kind = np.dtype(dtype).name
        except TypeError:
            kind = ""
        if kind not in ("float32", "float64"):
            raise must("dtype", "float32 or float64", dtype)
        settings: dict[str, Any] = {
            "input_size": integer("input_size", input_size, 1),
            "hidden_sizes": checked_widths("hidden_sizes", hidden_sizes),
            "output_size": integer("output_size", output_size, 2),
            "activation": resolve("activation", activation, ACTIVATIONS),
            "weight_init": checked_weight_init(weight_init),
            "weight_decay": scalar("weight_decay", weight_decay, NON_NEGATIVE),
            "batch_norm": bool(batch_norm),
            "dropout": scalar("dropout", dropout, FRACTION),
            "dtype": kind,
            "loss_eps": scalar("loss_eps", loss_eps, NON_NEGATIVE),
        }
        super().__init__(settings, as_rng(rng))

    def _build(self, rng: RNG) -> None:
        super()._build(rng)
        self._lambda: float = self.settings["weight_decay"]
        weights = sum(a * b for a, b in itertools.pairwise(self.sizes))
        self._weights, self._weight_grads = self.flat_params[:weights], self.flat_grads[:weights]
        self._decay = np.empty(weights if self._lambda else 0, self.dtype)
        self._loss = SoftmaxCrossEntropy(self.sizes[-1], self.dtype, self.settings["loss_eps"])
        self._scaled = Scaler(self.sizes[0], self.dtype)

    @property
    def weight_decay(self) -> float:
        """What `settings` tell of it, for good: set later, it raises an AttributeError."""
        return self._lambda

    @weight_decay.setter
    def weight_decay(self, _: float) -> None:
        raise AttributeError("A network keeps its `weight_decay`. Make another one with it.")

    def _penalty(self) -> float:
        if not self._lambda:
            return 0.0
        return 0.5 * self._lambda * float(np.dot(self._weights, self._weights))

    def gradient_pass(self, x: Array, labels: Array) -> float:
        """Do what `loss_and_gradient` does, for a batch that is known to be right.

        Parameters
        ----------
        x : numpy.ndarray, shape (rows, input_size)
            C-contiguous, in the network's type, scaled.
        labels : numpy.ndarray of int64, shape (rows,)
            The right classes.
        """
        loss = self._loss.value(self.forward(x, train=True), labels) + self._penalty()
        self.backward(self._loss.gradient(labels))
        if self._lambda:
            np.multiply(self._weights, self._lambda, out=self._decay)
            self._weight_grads += self._decay
        for norm in self.norms:
            norm.remember()
        return loss

    def loss_and_gradient(self, x: Any, labels: Any) -> float:
        """Return the loss of a batch in training, and leave its gradient in `grads`.

        Parameters
        ----------
        x : array_like, shape (rows, input_size)
            The images, scaled.
        labels : array_like of int, shape (rows,)
            The right classes.

        Returns
        -------
        float
            Of these very parameters: there is no second pass. Penalty included.

        Raises
        ------
        TypeError, ValueError
            If shapes or types do not fit.
        """
        x, labels = checked_examples((x, labels), self.sizes[0], self.sizes[-1])
        return self.gradient_pass(self._scaled(x, 1.0), labels)

    def predict(self, images: Any, *, scale: float = 1.0, train: bool = False) -> Array:
        """Return the outputs of the last layer, of which the largest is the answer.

        Parameters
        ----------
        images : array_like, shape (rows, input_size)
            The images.
        scale : float, default 1
            What pixels are divided by.
        train : bool, default False
            Whether to drop out, and to normalise by the batch's own statistics, as in training:
            all images are then one batch. The running statistics stay as they are; what goes
            missing is drawn from `rng`, as in training.

        Raises
        ------
        TypeError, ValueError
            If shapes or types do not fit.
        """
        images = checked_images(images, self.sizes[0])
        passes = self._passes(images, scale, len(images) if train else CHUNK, train)
        return np.concatenate([outputs.copy() for _, outputs in passes])

    def accuracy(self, images: Any, labels: Any, *, scale: float = 1.0) -> float:
        """Return the part of the images that the network, in evaluation, gets right.

        Parameters
        ----------
        images : array_like, shape (rows, input_size)
            The images.
        labels : array_like of int, shape (rows,)
            The right classes.
        scale : float, default 1
            What pixels are divided by.

        Returns
        -------
        float
            NaN if an output is not finite: such a network has no answers, and not 10 % right.

        Raises
        ------
        TypeError, ValueError
            If shapes or types do not fit.
        """
        images, labels = checked_examples((images, labels), self.sizes[0], self.sizes[-1])
        right = 0
        for place, outputs in self._passes(images, scale, CHUNK):
            if not np.isfinite(outputs).all():
                return float("nan")
            right += int(np.count_nonzero(outputs.argmax(axis=1) == labels[place]))
        return right / len(labels)

    def loss(self, images: Any, labels: Any, *, scale: float = 1.0, train: bool = False) -> float:
        """Return the mean loss over the images, penalty included.

        Parameters
        ----------
        images : array_like, shape (rows, input_size)
            The images.
        labels : array_like of int, shape (rows,)
            The right classes.
        scale : float, default 1
            What pixels are divided by.
        train : bool, default False
            As for `predict`.

        Raises
        ------
        TypeError, ValueError
            If shapes or types do not fit.
        """
        images, labels = checked_examples((images, labels), self.sizes[0], self.sizes[-1])
        total = 0.0
        for place, outputs in self._passes(images, scale, len(images) if train else CHUNK, train):
            total += self._loss.value(outputs, labels[place]) * len(outputs)
        return total / len(labels) + self._penalty()

    def _passes(
        self, images: Array, scale: float, chunk: int, train: bool = False
    ) -> Iterator[tuple[slice, Array]]:
        """Yield the outputs for some images at a time, and which these are."""
        scale = scalar("scale", scale, POSITIVE)
        for begin in range(0, len(images), chunk):
            place = slice(begin, begin + chunk)
            yield place, self.forward(self._scaled(images[place], scale), train)

    def __repr__(self) -> str:
        """Show the shape, and what is not by default."""
        s, default = self.settings, MultiLayerNet.__init__.__kwdefaults__ or {}
        sizes = f"{s['input_size']}, {s['hidden_sizes']}, {s['output_size']}"
        other = [
            f"{name}={s[name]!r}"
            for name in default
            if name in s and s[name] != default[name] and name != "dtype"
        ]
        kind = [] if s["dtype"] == "float32" else [f"dtype={s['dtype']!r}"]
        return f"MultiLayerNet({', '.join([sizes, *other, *kind])})"
