"""Overfitting: 300 images are learned by heart, and weight decay is held against it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from trajectories.mnist.experiments.arguments import length
from trajectories.mnist.experiments.result import Result
from trajectories.mnist.experiments.study import Study, Variant
from trajectories.validation import POSITIVE, scalar

__all__ = ["IMAGES", "overfitting_settings", "weight_decay"]

#: So few images that a deep network can learn them by heart.
IMAGES = 300
_QUICK = 20


def overfitting_settings(**more: Any) -> dict[str, Any]:
    """Return the settings of the experiments on overfitting, with more of their own."""
    return {
        "hidden": [100] * 6,
        "activation": "relu",
        "weight_init": "he",
        "optimizer": "SGD 0.01",
        "batch_size": 100,
        "images": IMAGES,
        **more,
    }


def weight_decay(
    data: Any = "auto",
    *,
    decay: float = 0.1,
    epochs: int | None = None,
    seeds: int | Sequence[int] = 3,
    quick: bool = False,
    workers: int | None = None,
    progress: bool = False,
    rng: Any = 0,
    keep: str | os.PathLike[str] | None = None,
    reuse: bool = True,
) -> Result:
    r"""Train on 300 images with and without weight decay, and test on all test images.

    Weight decay narrows the gap between training and test accuracy. At the textbook's settings
    it does so by learning less: on the test images, too, it ends below the plain network.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or what `load` takes; the first 300 training images are used.
    decay : float, default 0.1
        :math:`\lambda` of the penalty :math:`\frac{\lambda}{2} \sum W^2`.
    epochs : int, optional
        How long to train; by default 201, or 20 if it is quick.
    seeds, quick, workers, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs "no weight decay" and "weight decay 0.1", with the accuracy on the "train" and
        "test" images.

    Raises
    ------
    TypeError, ValueError, OSError
        If an argument is not what it must be, or as `load`.
    """
    count = length("epochs", epochs, _QUICK if quick else 201)
    decay = scalar("decay", decay, POSITIVE)
    study = Study(
        "weight_decay",
        data,
        overfitting_settings(epochs=count, decay=decay),
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
        "no weight decay": Variant(),
        f"weight decay {decay:g}": Variant(network={"weight_decay": decay}),
    }
    few = study.first(IMAGES)
    runs = study.race(variants, few, epochs=count, evaluate=("train", "test"))
    return study.conclude(runs=runs)
