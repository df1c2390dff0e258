"""How the first weights are drawn decides whether a deep network learns."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from trajectories.mnist.experiments.arguments import length
from trajectories.mnist.experiments.result import Result
from trajectories.mnist.experiments.study import Study, Variant

__all__ = ["initial_weights"]

_QUICK = 100


def initial_weights(
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
    """Train one network from first weights of three sizes: 0.01, Xavier's and He's.

    With ReLU, weights of deviation 0.01 let the signal die out from layer to layer, and nothing
    is learned; He's keep its size. The three begin with the same random numbers, scaled.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or what `load` takes; all training images are used.
    iterations : int, optional
        How long to train; by default 2,000, or 100 if it is quick.
    seeds, quick, workers, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs "std 0.01", "Xavier" and "He", with the accuracy on the "test" images.

    Raises
    ------
    TypeError, ValueError, OSError
        If an argument is not what it must be, or as `load`.
    """
    count = length("iterations", iterations, _QUICK if quick else 2000)
    inits: dict[str, Any] = {"std 0.01": 0.01, "Xavier": "xavier", "He": "he"}
    settings = {
        "hidden": [100] * 4,
        "activation": "relu",
        "weight_init": inits,
        "optimizer": "SGD 0.01",
        "batch_size": 128,
        "iterations": count,
    }
    study = Study(
        "initial_weights",
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
        label: Variant("sgd:lr=0.01", {"weight_init": init}) for label, init in inits.items()
    }
    runs = study.race(variants, study.data, iterations=count, evaluate_every=None)
    return study.conclude(runs=runs)
