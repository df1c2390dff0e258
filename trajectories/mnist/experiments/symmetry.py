"""Why weights must not begin alike: units that begin alike stay alike."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.mnist.experiments.arguments import length
from trajectories.mnist.experiments.result import Result
from trajectories.mnist.experiments.study import Study, Variant
from trajectories.mnist.network import MultiLayerNet

__all__ = ["zero_weights"]

#: Units of the first layer whose weights are kept for the figure.
UNITS = 6
#: What all weights are where they are alike but not zero: a layer of 100 then keeps the signal.
_ALIKE = 0.01
_QUICK = 100
#: Units whose weights differ by less than this part of the largest are the same.
_SAME = 1e-3


def zero_weights(
    data: Any = "auto",
    *,
    iterations: int | None = None,
    seeds: int | Sequence[int] = 3,
    quick: bool = False,
    workers: int | None = None,
    progress: bool = False,
    rng: Any = 0,
    keep: str | os.PathLike[str] | None = None,
    reuse: bool = True,
) -> Result:
    """Train from weights that are all 0, all alike, and drawn at random.

    Of units with the same weights each has the same gradient, and so they stay the same for
    ever: a hidden layer of 100 does the work of one. If all weights are 0, even that is too
    much said: with ReLU no gradient reaches any weight, and only the last biases learn.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or what `load` takes; all training images are used.
    iterations : int, optional
        How long to train; by default 500, or 100 if it is quick.
    seeds, quick, workers, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs "all 0", "all 0.01" and "random (He)", with the accuracy on the "test" images.
        Its arrays are "units ...", shape (seeds, hidden layers): how many different units each
        hidden layer has at the end; and "change ...", shape (6, pixels): how the weights of the
        first units of the first layer have changed, with the first seed.

    Raises
    ------
    TypeError, ValueError, OSError
        If an argument is not what it must be, or as `load`.
    """
    count = length("iterations", iterations, _QUICK if quick else 500)
    settings = {
        "hidden": [100] * 4,
        "activation": "relu",
        "weight_init": {"all 0": 0.0, f"all {_ALIKE:g}": _ALIKE, "random (He)": "he"},
        "optimizer": "SGD 0.01",
        "batch_size": 128,
        "iterations": count,
    }
    study = Study(
        "zero_weights",
        data,
        settings,
        seeds=seeds,
        quick=quick,
        rng=rng,
        workers=workers,
        progress=progress,
        keep=keep,
        reuse=reuse,
    )
    if study.known is not None:
        return study.known
    variants = {
        "all 0": Variant(network={"weight_init": "zero"}),
        f"all {_ALIKE:g}": Variant(network={"weight_init": "zero"}, prepare=_make_alike),
        "random (He)": Variant(),
    }
    trainers = study.trainers(variants, study.data, iterations=count, evaluate_every=None)
    before = {label: several[0].network.params["W1"].copy() for label, several in trainers.items()}
    runs = study.train(trainers)
    arrays: dict[str, Any] = {}
    for label, several in trainers.items():
        arrays[f"units {label}"] = [different_units(trainer.network) for trainer in several]
        change = several[0].network.params["W1"] - before[label]
        arrays[f"change {label}"] = change.T[:UNITS]
    return study.conclude(runs=runs, arrays=arrays)


def different_units(network: MultiLayerNet) -> NDArray[np.int64]:
    """Count the units of each hidden layer that are not like another one before them."""
    found = []
    for k in range(1, len(network.sizes) - 1):
        weights = network.params[f"W{k}"].astype(float)
        step = _SAME * float(abs(weights).max()) or 1.0
        first: list[NDArray[np.float64]] = []
        for unit in weights.T:
            if not any((abs(unit - other) < step).all() for other in first):
                first.append(unit)
        found.append(len(first))
    return np.array(found)


def _make_alike(network: MultiLayerNet) -> None:
    for name, array in network.params.items():
        if name.startswith("W"):
            array[...] = _ALIKE
