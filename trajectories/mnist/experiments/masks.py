"""Dropout against overfitting, and dropout as an ensemble of networks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.mnist.bar import bar
from trajectories.mnist.dataset import Dataset
from trajectories.mnist.experiments.arguments import length
from trajectories.mnist.experiments.overfitting import IMAGES, overfitting_settings
from trajectories.mnist.experiments.result import Result
from trajectories.mnist.experiments.study import Study, Variant
from trajectories.mnist.network import MultiLayerNet
from trajectories.threads import single_thread
from trajectories.validation import Interval, scalar

__all__ = ["dropout", "ensemble"]

_QUICK, _QUICK_MASKS = 20, 20
_RATIO = Interval(0.0, 1.0, "neither", "between 0 and 1")
#: Images that go through the network together.
_CHUNK = 1000


def dropout(
    data: Any = "auto",
    *,
    ratio: float = 0.2,
    epochs: int | None = None,
    seeds: int | Sequence[int] = 3,
    quick: bool = False,
    workers: int | None = None,
    progress: bool = False,
    rng: Any = 0,
    keep: str | os.PathLike[str] | None = None,
    reuse: bool = True,
) -> Result:
    """Train on 300 images with and without dropout, and test on all test images.

    Dropout narrows the gap between training and test accuracy. At the textbook's settings it
    slows learning down so much that it ends far below the plain network on both.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or what `load` takes; the first 300 training images are used.
    ratio : float, default 0.2
        What part of every hidden layer's outputs goes missing in training.
    epochs : int, optional
        How long to train; by default 301, or 20 if it is quick.
    seeds, quick, workers, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs "no dropout" and "dropout 0.2", with the accuracy on the "train" and "test"
        images.

    Raises
    ------
    TypeError, ValueError, OSError
        If an argument is not what it must be, or as `load`.
    """
    long = length("epochs", epochs, _QUICK if quick else 301)
    ratio = scalar("ratio", ratio, _RATIO)
    study = Study(
        "dropout",
        data,
        overfitting_settings(epochs=long, dropout=ratio),
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
        "no dropout": Variant(),
        f"dropout {ratio:g}": Variant(network={"dropout": ratio}),
    }
    few = study.first(IMAGES)
    runs = study.race(variants, few, epochs=long, evaluate=("train", "test"))
    return study.conclude(runs=runs)


def ensemble(
    data: Any = "auto",
    *,
    ratio: float = 0.2,
    masks: int | None = None,
    epochs: int | None = None,
    seeds: int | Sequence[int] = 3,
    quick: bool = False,
    workers: int | None = None,
    progress: bool = False,
    rng: Any = 0,
    keep: str | os.PathLike[str] | None = None,
    reuse: bool = True,
) -> Result:
    """Ask many thinned networks, and compare their mean with one pass that is scaled instead.

    A network that is trained with dropout stands for all the networks that are left when some
    of its outputs are missing. Their mean answer takes a pass each; the textbook's evaluation
    takes a single one, with outputs times 1 - ratio, and is about as good.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or what `load` takes; the first 300 training images are used, and all test
        images.
    ratio : float, default 0.2
        What part of every hidden layer's outputs goes missing.
    masks : int, optional
        How many thinned networks to ask; by default 100, or 20 if it is quick.
    epochs : int, optional
        How long to train before; by default 301, or 20 if it is quick.
    seeds, quick, workers, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        Its arrays are accuracies on the test images: "ensemble", shape (seeds, masks), of the
        mean of the first 1, 2, 3, ... masks' probabilities; "single", of the same shape, of each
        mask alone; "scaled", shape (seeds,), of the single pass.

    Raises
    ------
    TypeError, ValueError, OSError
        If an argument is not what it must be, or as `load`.
    """
    long = length("epochs", epochs, _QUICK if quick else 301)
    ratio = scalar("ratio", ratio, _RATIO)
    count = length("masks", masks, _QUICK_MASKS if quick else 100)
    study = Study(
        "ensemble",
        data,
        overfitting_settings(epochs=long, dropout=ratio, masks=count),
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
    label = f"dropout {ratio:g}"
    few = study.first(IMAGES)
    variants = {label: Variant(network={"dropout": ratio})}
    trainers = study.trainers(variants, few, epochs=long, evaluate_every=None)
    runs = study.train(trainers)
    arrays: dict[str, list[Any]] = {"ensemble": [], "single": [], "scaled": []}
    total = count * len(study.seeds)
    with single_thread(), bar("asking", "mask", total, progress) as advance:
        for trainer in trainers[label]:
            together, alone = _asked(trainer.network, few, count, advance)
            arrays["ensemble"].append(together)
            arrays["single"].append(alone)
            arrays["scaled"].append(trainer.history.final["test"])
    return study.conclude(runs=runs, arrays=arrays)


def _asked(
    network: MultiLayerNet, data: Dataset, count: int, advance: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the accuracy of the mean of the first masks, and of each mask alone."""
    labels = data.test_labels
    total = np.zeros((len(labels), data.classes))
    together, alone = np.empty(count), np.empty(count)
    for k in range(count):
        logits = np.concatenate(
            [
                network.predict(data.test_images[i : i + _CHUNK], scale=data.scale, train=True)
                for i in range(0, len(labels), _CHUNK)
            ]
        ).astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        odds = np.exp(logits)
        total += odds / odds.sum(axis=1, keepdims=True)
        together[k] = np.mean(total.argmax(axis=1) == labels)
        alone[k] = np.mean(logits.argmax(axis=1) == labels)
        advance(1)
    return together, alone
