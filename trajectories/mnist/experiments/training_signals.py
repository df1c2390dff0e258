"""Activations and gradients layer by layer, while a network is trained."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.mnist.dataset import Dataset
from trajectories.mnist.experiments.arguments import length
from trajectories.mnist.experiments.forward_pass import value_range
from trajectories.mnist.experiments.race import label_of
from trajectories.mnist.experiments.result import Result
from trajectories.mnist.experiments.study import Study, Variant
from trajectories.mnist.layers import Array
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.trainer import Trainer
from trajectories.optimizers import Optimizer, as_optimizer
from trajectories.optimizers.record import to_record
from trajectories.threads import single_thread
from trajectories.validation import must

__all__ = ["BINS", "layers"]

BINS = 40
_QUICK, _QUICK_MOMENTS = 60, 12
#: The images whose signals are looked at: the first ones that are trained on.
_LOOKED_AT = 500
#: What lies below is shown at the end: nobody would see anything between it and 0.
_LEAST = 1e-12
_BEYOND = 0.002
_NETWORKS: dict[str, dict[str, Any]] = {
    "ReLU, He": {"activation": "relu", "weight_init": "he"},
    "ReLU, std 0.01": {"activation": "relu", "weight_init": 0.01},
    "sigmoid, Xavier": {"activation": "sigmoid", "weight_init": "xavier"},
}


def layers(
    data: Any = "auto",
    *,
    optimizer: Any = "adam:lr=0.001",
    iterations: int | None = None,
    moments: int | None = None,
    seeds: int | Sequence[int] = 1,
    quick: bool = False,
    workers: int | None = None,
    progress: bool = False,
    rng: Any = 0,
    keep: str | os.PathLike[str] | None = None,
    reuse: bool = True,
) -> Result:
    """Train three networks, and look at each layer's activations and gradients on the way.

    Where the first weights are too small, or the activation function is a sigmoid, gradients are
    the smaller the earlier the layer: they vanish on their way back. Training has to undo that
    before anything is learned.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or what `load` takes; all training images are used, and the first 500 of them
        are what is looked at.
    optimizer : Optimizer or str, default "adam:lr=0.001"
        What trains.
    iterations : int, optional
        How long to train; by default 600, or 60 if it is quick.
    moments : int, optional
        How often to look, after the start; by default 60 times, or 12 if it is quick.
    seeds : int or sequence of int, default 1
        How many networks of each kind, or the seed of each; histograms are those of all together.
    quick, workers, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs "ReLU, He", "ReLU, std 0.01" and "sigmoid, Xavier". Its arrays are "moments", the
        iterations, and for each network: "... activations" and "... gradients", counts of shape
        (moments, layers, 40); "... range" of the activations; "... silent", shape (moments,
        layers, 2), the parts of both that are exactly 0, and are not counted. Gradients are
        those of an image's loss by what comes into a layer's activation function; "powers" is
        the range of the logarithm, to base 10, of their size. If a network diverges, the moments
        are those before.

    Raises
    ------
    TypeError, ValueError, OSError
        If an argument is not what it must be, or as `load`.
    """
    count = length("iterations", iterations, _QUICK if quick else 600)
    looks = length("moments", moments, _QUICK_MOMENTS if quick else 60)
    every = max(1, count // looks)
    rule = as_optimizer(optimizer)
    if not isinstance(rule, Optimizer):
        raise must("optimizer", "one that needs no surface", optimizer)
    settings = {
        "hidden": [100] * 4,
        "networks": _NETWORKS,
        "optimizer": label_of(rule),
        "rule": to_record(rule, own=True),
        "batch_size": 128,
        "iterations": count,
        "every": every,
        "looked_at": _LOOKED_AT,
        "bins": BINS,
    }
    study = Study(
        "layers",
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
    variants = {label: Variant(rule, network) for label, network in _NETWORKS.items()}
    trainers = study.trainers(
        variants, study.data, iterations=count, evaluate_every=every, snapshot_every=every
    )
    runs = study.train(trainers)
    few = study.first(_LOOKED_AT)
    shown = sorted(set.intersection(*(set(t.snapshots) for s in trainers.values() for t in s)))
    moments_seen = []
    with single_thread(), np.errstate(all="ignore"):  # What overflows is found in the signals.
        for at in shown:
            moment = {label: _looked(several, few, at) for label, several in trainers.items()}
            if not all(np.isfinite(x).all() for two in moment.values() for x in sum(two, [])):
                break
            moments_seen.append(moment)
    shown = shown[: len(moments_seen)]
    seen = {label: list(zip(*(m[label] for m in moments_seen), strict=True)) for label in trainers}
    sizes = [g[g > 0] for _, back in seen.values() for moment in back for g in moment]
    ends = [np.quantile(size, [_BEYOND, 1 - _BEYOND / 2]) for size in sizes if size.size]
    low, high = np.floor(np.log10(max(_LEAST, np.min(ends)))), np.ceil(np.log10(np.max(ends)))
    arrays: dict[str, Any] = {"moments": shown, "powers": (low, high)}
    for label, network in _NETWORKS.items():
        forward, back = seen[label]
        span = value_range(network["activation"], [x for moment in forward for x in moment])
        arrays[f"{label} range"] = span
        arrays[f"{label} activations"] = [
            [np.histogram(x[x != 0], BINS, span)[0] for x in moment] for moment in forward
        ]
        arrays[f"{label} gradients"] = [[_powers(x, low, high) for x in moment] for moment in back]
        arrays[f"{label} silent"] = [
            [[np.mean(x == 0), np.mean(g == 0)] for x, g in zip(a, b, strict=True)]
            for a, b in zip(forward, back, strict=True)
        ]
    return study.conclude(runs=runs, arrays=arrays)


def _looked(trainers: list[Trainer], data: Dataset, at: int) -> tuple[list[Array], list[Array]]:
    """Return all activations, and the sizes of all gradients, of each hidden layer at a moment."""
    found = []
    for trainer in trainers:
        network = MultiLayerNet(**trainer.network.settings, rng=0)
        network.flat_params[...] = trainer.snapshots[at]
        network.loss_and_gradient(data.train_images / np.float32(data.scale), data.train_labels)
        # The loss is the mean over the images: of each alone it is so many times as much.
        gradients = [abs(delta) * len(delta) for delta in network.deltas[:-1]]
        found.append(([x.copy() for x in network.activations], gradients))
    forward, back = (
        [np.concatenate(same) for same in zip(*several, strict=True)]
        for several in zip(*found, strict=True)
    )
    return forward, back


def _powers(sizes: Array, low: float, high: float) -> NDArray[np.int64]:
    """Count sizes that are not 0 by their powers of ten; the ends take what is beyond them."""
    powers = np.log10(np.maximum(sizes[sizes > 0].astype(float), 1e-300))
    edge = 1e-9 * (high - low)
    return np.histogram(powers.clip(low + edge, high - edge), BINS, (low, high))[0]
