"""The experiments of the chapter on training: each a function that returns a `Result`.

Names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

_ROOT = "trajectories.mnist.experiments"

__all__ = [
    "EXPERIMENTS",
    "Experiment",
    "Result",
    "activations",
    "at_hand",
    "batch_norm",
    "dropout",
    "dropout_ensemble",
    "initial_weights",
    "layers",
    "optimizers",
    "weight_decay",
    "zero_weights",
]

if TYPE_CHECKING:
    from trajectories.mnist.experiments.comparisons import (
        batch_norm,
        dropout,
        dropout_ensemble,
        optimizers,
        weight_decay,
    )
    from trajectories.mnist.experiments.signals import (
        activations,
        initial_weights,
        layers,
        zero_weights,
    )
    from trajectories.mnist.experiments.study import Result, at_hand


@dataclass(frozen=True)
class Experiment:
    """An entry of `EXPERIMENTS`.

    Parameters
    ----------
    about : str
        Its subject, in a line.
    module : str
        The module of its function, which has the experiment's name.
    pages : dict of str
        The subjects of its figures, by name. The first is the default.
    moving : tuple of str
        The figures that can be animated.
    images : bool, default True
        Whether it needs a data set.
    variants : int, default 3
        The number of networks for each seed, with the default optimizers.
    """

    about: str
    module: str
    pages: dict[str, str]
    moving: tuple[str, ...] = ()
    images: bool = True
    variants: int = 3

    def function(self, name: str) -> Callable[..., Result]:
        """Return the function that runs the experiment."""
        function: Callable[..., Result] = getattr(importlib.import_module(self.module), name)
        return function


#: All experiments by name, in the chapter's order.
EXPERIMENTS: dict[str, Experiment] = {
    "optimizers": Experiment(
        "one network, trained by eight optimizers",
        f"{_ROOT}.comparisons",
        {"loss": "the training loss", "accuracy": "test accuracy by iterations and by seconds"},
        variants=8,
    ),
    "zero_weights": Experiment(
        "weights that begin alike stay alike",
        f"{_ROOT}.signals",
        {"loss": "the training loss, and what the first units have learned"},
    ),
    "activations": Experiment(
        "activations of five layers for weights of four sizes",
        f"{_ROOT}.signals",
        {
            "all": "all functions and sizes",
            "sigmoid": "sigmoid, a histogram for each layer",
            "tanh": "tanh, a histogram for each layer",
            "relu": "ReLU, a histogram for each layer",
        },
        images=False,
    ),
    "layers": Experiment(
        "activations and gradients of each layer while it learns",
        f"{_ROOT}.signals",
        {
            "he": "ReLU with He's weights",
            "small": "ReLU with weights of deviation 0.01",
            "sigmoid": "sigmoid with Xavier's weights",
        },
        moving=("he", "small", "sigmoid"),
    ),
    "initial_weights": Experiment(
        "first weights of deviation 0.01, Xavier's and He's",
        f"{_ROOT}.signals",
        {"loss": "the training loss"},
    ),
    "batch_norm": Experiment(
        "with and without batch normalisation, for weights of sixteen sizes",
        f"{_ROOT}.comparisons",
        {"accuracy": "training accuracy in sixteen panels"},
        variants=32,
    ),
    "weight_decay": Experiment(
        "overfitting on 300 images, and weight decay against it",
        f"{_ROOT}.comparisons",
        {"accuracy": "training and test accuracy"},
        variants=2,
    ),
    "dropout": Experiment(
        "overfitting on 300 images, and dropout against it",
        f"{_ROOT}.comparisons",
        {"accuracy": "training and test accuracy"},
        variants=2,
    ),
    "dropout_ensemble": Experiment(
        "dropout as an ensemble: the mean of many masks against one scaled pass",
        f"{_ROOT}.comparisons",
        {"accuracy": "test accuracy by the number of masks"},
        variants=1,
    ),
}
_MODULES = {
    **{name: experiment.module for name, experiment in EXPERIMENTS.items()},
    "Result": f"{_ROOT}.study",
    "at_hand": f"{_ROOT}.study",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
