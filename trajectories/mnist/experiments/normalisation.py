"""Batch normalisation: it learns from first weights of nearly any size."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from trajectories.mnist.experiments.arguments import length
from trajectories.mnist.experiments.result import Result
from trajectories.mnist.experiments.study import Study, Variant

__all__ = ["SCALES", "batch_norm"]

#: The deviations of the first weights: the textbook's sixteen.
SCALES = tuple(np.logspace(0, -4, num=16).tolist())
_QUICK = 3
_IMAGES = 1000


def batch_norm(
    data: Any = "auto",
    *,
    epochs: int | None = None,
    seeds: int | Sequence[int] = 3,
    quick: bool = False,
    workers: int | None = None,
    progress: bool = False,
    rng: Any = 0,
    keep: str | os.PathLike[str] | None = None,
    reuse: bool = True,
) -> Result:
    """Train with and without batch normalisation, from first weights of sixteen sizes.

    Networks without it whose weights are large diverge after a few steps; their runs end there,
    and say so. The textbook's script goes on with NaN, whose largest element is the first, and
    so shows an accuracy of 10 %.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or what `load` takes; the first 1,000 training images are used.
    epochs : int, optional
        How long to train; by default 20, or 3 if it is quick.
    seeds, quick, workers, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs "with, std ..." and "without, std ..." for each of `SCALES`, with the accuracy on
        the "train" images.

    Raises
    ------
    TypeError, ValueError, OSError
        If an argument is not what it must be, or as `load`.
    """
    count = length("epochs", epochs, _QUICK if quick else 20)
    settings = {
        "hidden": [100] * 5,
        "activation": "relu",
        "weight_init": list(SCALES),
        "optimizer": "SGD 0.01",
        "batch_size": 100,
        "epochs": count,
        "images": _IMAGES,
    }
    study = Study(
        "batch_norm",
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
        f"{word}, std {scale:.4g}": Variant(
            "sgd:lr=0.01", {"weight_init": scale, "batch_norm": word == "with"}
        )
        for scale in SCALES
        for word in ("with", "without")
    }
    few = study.first(_IMAGES)
    runs = study.race(variants, few, epochs=count, evaluate=("train",))
    return study.conclude(runs=runs)
