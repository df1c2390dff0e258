"""The layers of a network one after the other, over one array of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trajectories.mnist.batch_norm import BatchNorm
from trajectories.mnist.draws import RNG, as_rng
from trajectories.mnist.layers import ACTIVATIONS, Affine, Array, Dropout, Layer
from trajectories.mnist.parameters import Views, shapes_of, weight_scale
from trajectories.validation import must

__all__ = ["Stack"]


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
        """Make the layers over new arrays of parameters; gammas are 1, all else is 0."""
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
        """All parameters as one array, weights first: what an optimizer changes in one pass."""
        return self.params.flat

    @property
    def flat_grads(self) -> Array:
        """All gradients as one array, in the order of `flat_params`."""
        return self.grads.flat

    @property
    def rng(self) -> RNG:
        """What goes missing by dropout is drawn with it."""
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

        They are what the next layer sees, after dropout, and valid until the next pass; of shape
        (0, 0) before the first. An evaluation of many images makes several passes, of which the
        last counts: ``predict(x, train=True)`` makes one, for which dropout draws from `rng`.
        """
        return self._outputs[:-1]

    @property
    def deltas(self) -> list[Array]:
        """The loss's gradients by the outputs of the affine maps, in the last gradient pass.

        Of shape (rows, width) for each layer, the last one included, and valid until the next.
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
        """Leave in `grads` what follows from a gradient by the outputs of the last forward pass.

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
        """Return copies of all that training changes: parameters and running statistics."""
        state = {"params": self.flat_params.copy()}
        for k, norm in enumerate(self.norms, 1):
            state[f"running_mean{k}"] = norm.running_mean.copy()
            state[f"running_var{k}"] = norm.running_var.copy()
            state[f"running_weight{k}"] = np.array(norm.weight)
        return state

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Put the network into a state that `state` told of.

        Raises
        ------
        ValueError
            If it is the state of a network of another shape; nothing has been changed then.
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
        """Leave the layers out: views would come back as arrays of their own."""
        return {"settings": self.settings, "state": self.state(), "rng": self._rng}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        """Build the layers anew over the parameters."""
        self.settings = saved["settings"]
        self._build(saved["rng"])
        self.load_state(saved["state"])
