"""The network: parameters in one buffer, a stack of layers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, NoReturn

import numpy as np

from trajectories.checks import FRACTION, NON_NEGATIVE, POSITIVE, integer, must, resolve, scalar
from trajectories.mnist.data import RNG, Scaler, as_rng, checked_examples, checked_images
from trajectories.mnist.layers import (
    ACTIVATIONS,
    Affine,
    Array,
    BatchNorm,
    Dropout,
    Layer,
    SoftmaxCrossEntropy,
)
from trajectories.records import aligned

#: Rules for the standard deviation of the first weights.
WEIGHT_INITS = ("he", "xavier", "zero")


class Views(MutableMapping[str, Array]):
    """Arrays by name, one after the other in a single array."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], dtype: np.dtype[Any]) -> None:
        self._views: dict[str, Array] = {}
        self.flat: Array = aligned((sum(map(math.prod, shapes.values())),), dtype)
        end = 0
        for name, shape in shapes.items():
            begin, end = end, end + math.prod(shape)
            self._views[name] = self.flat[begin:end].reshape(shape)

    def __getitem__(self, name: str) -> Array:
        """Return an array by its name."""
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names, in the order of the arrays."""
        return iter(self._views)

    def __len__(self) -> int:
        """Return the number of arrays."""
        return len(self._views)

    def __setitem__(self, name: str, value: Any) -> None:
        """Write a value into an array."""
        self[name][...] = value

    def __delitem__(self, name: str) -> NoReturn:
        """Refuse."""
        if name not in self:
            raise KeyError(name)
        raise TypeError("A network keeps all its parameters. Set them to 0 instead.")

    def __ior__(self, other: Mapping[str, Any]) -> Views:
        """Write several values into their arrays."""
        self.update(other)
        return self

    def __repr__(self) -> str:
        """Show names and arrays."""
        return repr(self._views)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the views: they would become separate arrays."""
        return {"shapes": {name: view.shape for name, view in self.items()}, "flat": self.flat}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        """Make new views over a copy."""
        flat = saved["flat"]
        Views.__init__(self, saved["shapes"], flat.dtype)
        self.flat[...] = flat


def shapes_of(sizes: tuple[int, ...], batch_norm: bool) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a network's parameters by name, weights first."""
    widths = dict(enumerate(sizes[1:], 1))
    hidden = dict(enumerate(sizes[1:-1], 1)) if batch_norm else {}
    return {
        **{f"W{k}": (sizes[k - 1], width) for k, width in widths.items()},
        **{f"b{k}": (width,) for k, width in widths.items()},
        **{f"gamma{k}": (width,) for k, width in hidden.items()},
        **{f"beta{k}": (width,) for k, width in hidden.items()},
    }


def checked_widths(name: str, widths: Any) -> list[int]:
    """Check the widths of hidden layers."""
    try:
        given = None if isinstance(widths, str) else list(widths)
    except TypeError:
        given = None
    if given is None:
        raise must(name, "a list of integers", widths, kind=TypeError)
    return [integer(name, width, 1) for width in given]


def checked_weight_init(weight_init: Any) -> str | float:
    """Check the rule or the deviation of the first weights."""
    if isinstance(weight_init, str):
        name = resolve("weight initialisation", weight_init, WEIGHT_INITS)
        return 0.0 if name == "zero" else name
    try:
        return scalar("weight_init", weight_init, NON_NEGATIVE)
    except TypeError:
        words = "'he', 'xavier', 'zero' or a standard deviation"
        raise must("weight_init", words, weight_init, kind=TypeError) from None


def weight_scale(weight_init: str | float, inputs: int) -> float:
    """Return the standard deviation of the first weights of a layer."""
    if isinstance(weight_init, float):
        return weight_init
    return math.sqrt((2.0 if weight_init == "he" else 1.0) / inputs)


class Stack:
    """The layers of a `MultiLayerNet`, without the loss: forward and backward."""

    def __init__(self, settings: dict[str, Any], rng: RNG) -> None:
        self.settings = settings
        self._build(rng)
        for name, weight in self.params.items():
            if name.startswith("W"):
                scale = weight_scale(settings["weight_init"], len(weight))
                weight[...] = scale * rng.standard_normal(weight.shape)

    def _build(self, rng: RNG) -> None:
        """Make the layers over new arrays of parameters: gammas are 1, all others 0."""
        s = self.settings
        self._rng = rng
        self.sizes = (s["input_size"], *s["hidden_sizes"], s["output_size"])
        self.dtype = np.dtype(s["dtype"])
        shapes = shapes_of(self.sizes, s["batch_norm"])
        self.params, self.grads = Views(shapes, self.dtype), Views(shapes, self.dtype)
        self._blocks: list[list[Layer]] = []
        self.norms: list[BatchNorm] = []
        for k in range(1, len(self.sizes)):
            block: list[Layer] = [Affine(*self._pair("W", "b", k), first=k == 1)]
            if k < len(self.sizes) - 1:
                if s["batch_norm"]:
                    self.params[f"gamma{k}"] = 1
                    self.norms.append(BatchNorm(*self._pair("gamma", "beta", k)))
                    block.append(self.norms[-1])
                block.append(ACTIVATIONS[s["activation"]]())
                if s["dropout"]:
                    block.append(Dropout(s["dropout"], rng))
            self._blocks.append(block)
        nothing = np.empty((0, 0), self.dtype)
        self._outputs, self._deltas = ([nothing] * len(self._blocks) for _ in range(2))

    def _pair(self, first: str, second: str, k: int) -> tuple[Array, Array, Array, Array]:
        names = (f"{first}{k}", f"{second}{k}")
        a, b = (self.params[name] for name in names)
        return a, b, *(self.grads[name] for name in names)  # type: ignore[return-value]

    @property
    def flat_params(self) -> Array:
        """All parameters as one array, weights first, for the optimizer to update at once."""
        return self.params.flat

    @property
    def flat_grads(self) -> Array:
        """All gradients as one array, in the order of `flat_params`."""
        return self.grads.flat

    @property
    def rng(self) -> RNG:
        """The generator of dropout."""
        return self._rng

    @rng.setter
    def rng(self, rng: Any) -> None:
        self._rng = as_rng(rng)
        for layer in (layer for block in self._blocks for layer in block):
            if isinstance(layer, Dropout):
                layer.rng = self._rng

    @property
    def activations(self) -> list[Array]:
        """The outputs of the hidden layers in the last pass, shape (rows, width) each.

        They are the inputs of the next layer, after dropout, and valid until the next pass; of
        shape (0, 0) before the first. An evaluation of many images makes several passes, of which
        the last counts: ``predict(x, train=True)`` makes one, for which dropout draws from `rng`.
        """
        return self._outputs[:-1]

    @property
    def deltas(self) -> list[Array]:
        """The gradients of the loss by the outputs of the affine maps, in the last gradient pass.

        Of shape (rows, width) for each layer, with the last one, and valid until the next pass.
        """
        return list(self._deltas)

    def forward(self, x: Array, train: bool) -> Array:
        """Return the outputs of the last layer for a batch, valid until the next pass.

        Parameters
        ----------
        x : numpy.ndarray, shape (rows, inputs)
            C-contiguous, in the network's type.
        train : bool
            Whether it is a pass of training.
        """
        for k, block in enumerate(self._blocks):
            for layer in block:
                x = layer.forward(x, train)
            self._outputs[k] = x
        return x

    def backward(self, d: Array) -> None:
        """Write to `grads` the gradients from that by the outputs of the last forward pass.

        Parameters
        ----------
        d : numpy.ndarray, shape (rows, outputs)
            The gradient by the outputs; it may be changed.
        """
        for k in range(len(self._blocks) - 1, -1, -1):
            affine, *others = self._blocks[k]
            for layer in reversed(others):
                d = layer.backward(d)
            self._deltas[k] = d
            d = affine.backward(d)

    def state(self) -> dict[str, Array]:
        """Return copies of the parameters and running statistics."""
        state = {"params": self.flat_params.copy()}
        for k, norm in enumerate(self.norms, 1):
            state[f"running_mean{k}"] = norm.running_mean.copy()
            state[f"running_var{k}"] = norm.running_var.copy()
            state[f"running_weight{k}"] = np.array(norm.weight)
        return state

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Put the network into a state from `state`.

        Raises
        ------
        ValueError
            If it is the state of a network of another shape; nothing is changed then.
        """
        shapes = {name: array.shape for name, array in self.state().items()}
        if {name: np.shape(array) for name, array in state.items()} != shapes:
            raise must("state", "that of a network of the same shape", sorted(state))
        self.flat_params[...] = state["params"]
        for k, norm in enumerate(self.norms, 1):
            norm.running_mean[...] = state[f"running_mean{k}"]
            norm.running_var[...] = state[f"running_var{k}"]
            norm.weight = float(state[f"running_weight{k}"])

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the layers: views would become separate arrays."""
        return {"settings": self.settings, "state": self.state(), "rng": self._rng}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        """Build new layers over the parameters."""
        self.settings = saved["settings"]
        self._build(saved["rng"])
        self.load_state(saved["state"])


#: Images of a batch in evaluation.
CHUNK = 500


class MultiLayerNet(Stack):
    r"""A fully connected network for classification, trained by its gradient.

    Each hidden layer is an affine map, optional batch normalisation, the activation function,
    and optional dropout; the last layer is an affine map, and the loss softmax with
    cross-entropy, plus :math:`\frac{\lambda}{2} \sum W^2` over all weights where there is weight
    decay. Biases begin at 0.

    Parameters
    ----------
    input_size : int
        Inputs per image.
    hidden_sizes : iterable of int
        The width of each hidden layer; empty for a network without any.
    output_size : int
        The number of classes, at least 2.
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
        Fraction of activations dropped in training, below 1. As in the textbook, outputs are
        multiplied by 1 - dropout in evaluation.
    dtype : {numpy.float32, numpy.float64}, default float32
        The type of all arrays.
    loss_eps : float, default 0
        0 for the exact loss; 1e-7 for the textbook's, which adds it to probabilities before the
        logarithm is taken (see `SoftmaxCrossEntropy`). Gradients are the same.
    rng : int, numpy.random.Generator, numpy.random.RandomState or None
        Seed of the first weights, and of dropout after that. Equal seeds
        give float32 and float64 networks the same weights, up to rounding.

    Attributes
    ----------
    params, grads : mapping of str to numpy.ndarray
        Parameters and gradients by name: W1, b1, gamma1, beta1, W2, ...; views into `flat_params`
        and `flat_grads`. Setting an item, or `update`, writes into the view.
    settings : dict
        All arguments but the seed, as plain data for JSON: ``MultiLayerNet(**settings)``.

    Examples
    --------
    >>> from trajectories import SGD
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
        """The weight decay in `settings`; it cannot be set."""
        return self._lambda

    @weight_decay.setter
    def weight_decay(self, _: float) -> None:
        raise AttributeError("A network keeps its `weight_decay`. Make another one with it.")

    def _penalty(self) -> float:
        if not self._lambda:
            return 0.0
        return 0.5 * self._lambda * float(np.dot(self._weights, self._weights))

    def gradient_pass(self, x: Array, labels: Array) -> float:
        """Compute loss and gradients as `loss_and_gradient`, without checks of the batch.

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
            norm.update_running()
        return loss

    def loss_and_gradient(self, x: Any, labels: Any) -> float:
        """Return the loss of a batch in training, and write its gradient to `grads`.

        Parameters
        ----------
        x : array_like, shape (rows, input_size)
            The images, scaled.
        labels : array_like of int, shape (rows,)
            The right classes.

        Returns
        -------
        float
            The loss of these parameters, with penalty, from the same pass.

        Raises
        ------
        TypeError, ValueError
            If shapes or types do not fit.
        """
        x, labels = checked_examples((x, labels), self.sizes[0], self.sizes[-1])
        return self.gradient_pass(self._scaled(x, 1.0), labels)

    def predict(self, images: Any, *, scale: float = 1.0, train: bool = False) -> Array:
        """Return the outputs of the last layer; the largest is the answer.

        Parameters
        ----------
        images : array_like, shape (rows, input_size)
            The images.
        scale : float, default 1
            The divisor of pixels.
        train : bool, default False
            Whether to apply dropout, drawn from `rng`, and to normalise by the statistics of the
            batch, as in training: all images are then one batch. Running statistics stay the same.

        Raises
        ------
        TypeError, ValueError
            If shapes or types do not fit.
        """
        images = checked_images(images, self.sizes[0])
        passes = self._passes(images, scale, len(images) if train else CHUNK, train)
        return np.concatenate([outputs.copy() for _, outputs in passes])

    def accuracy(self, images: Any, labels: Any, *, scale: float = 1.0) -> float:
        """Return the share of images that the network, in evaluation, classifies correctly.

        Parameters
        ----------
        images : array_like, shape (rows, input_size)
            The images.
        labels : array_like of int, shape (rows,)
            The right classes.
        scale : float, default 1
            The divisor of pixels.

        Returns
        -------
        float
            NaN if an output is not finite: such a network has no answers, not 10 % correct ones.

        Raises
        ------
        TypeError, ValueError
            If shapes or types do not fit.
        """
        images, labels = checked_examples((images, labels), self.sizes[0], self.sizes[-1])
        correct = 0
        for part, outputs in self._passes(images, scale, CHUNK):
            if not np.isfinite(outputs).all():
                return float("nan")
            correct += int(np.count_nonzero(outputs.argmax(axis=1) == labels[part]))
        return correct / len(labels)

    def loss(self, images: Any, labels: Any, *, scale: float = 1.0, train: bool = False) -> float:
        """Return the mean loss over the images, with penalty.

        Parameters
        ----------
        images : array_like, shape (rows, input_size)
            The images.
        labels : array_like of int, shape (rows,)
            The right classes.
        scale : float, default 1
            The divisor of pixels.
        train : bool, default False
            As for `predict`.

        Raises
        ------
        TypeError, ValueError
            If shapes or types do not fit.
        """
        images, labels = checked_examples((images, labels), self.sizes[0], self.sizes[-1])
        total = 0.0
        for part, outputs in self._passes(images, scale, len(images) if train else CHUNK, train):
            total += self._loss.value(outputs, labels[part]) * len(outputs)
        return total / len(labels) + self._penalty()

    def _passes(
        self, images: Array, scale: float, chunk: int, train: bool = False
    ) -> Iterator[tuple[slice, Array]]:
        """Yield slices of the images and their outputs."""
        scale = scalar("scale", scale, POSITIVE)
        for begin in range(0, len(images), chunk):
            part = slice(begin, begin + chunk)
            yield part, self.forward(self._scaled(images[part], scale), train)

    def __repr__(self) -> str:
        """Show the sizes and the settings that are not the defaults."""
        s, default = self.settings, MultiLayerNet.__init__.__kwdefaults__ or {}
        sizes = f"{s['input_size']}, {s['hidden_sizes']}, {s['output_size']}"
        other = [
            f"{name}={s[name]!r}"
            for name in default
            if name in s and s[name] != default[name] and name != "dtype"
        ]
        kind = [] if s["dtype"] == "float32" else [f"dtype={s['dtype']!r}"]
        return f"MultiLayerNet({', '.join([sizes, *other, *kind])})"
