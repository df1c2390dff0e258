"""Experiments on signals: activations, gradients, initial and zero weights."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.checks import must
from trajectories.mnist.data import Dataset
from trajectories.mnist.experiments.comparisons import label_of
from trajectories.mnist.experiments.study import Result, Study, Variant, length
from trajectories.mnist.layers import Array
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.trainer import Trainer
from trajectories.optimizers import as_optimizer, to_record
from trajectories.optimizers.base import Optimizer
from trajectories.records import single_thread

ACTIVATIONS = ("sigmoid", "tanh", "relu")
#: The deviations of the first weights, by label.
INITS: dict[str, Any] = {"std 1": 1.0, "std 0.01": 0.01, "Xavier": "xavier", "He": "he"}
BINS = 30
_ROWS, _WIDTH, _LAYERS = 1000, 100, 5
#: Of ReLU's values, all but this part lie in the range that is shown.
_BEYOND = 0.002


def value_range(activation: str, values: list[Array]) -> tuple[float, float]:
    """Return the range of histograms: that of the function, or of what ReLU has let through."""
    if activation == "sigmoid":
        return 0.0, 1.0
    if activation == "tanh":
        return -1.0, 1.0
    return 0.0, max(float(np.quantile(layer, 1 - _BEYOND)) for layer in values) or 1.0


def activations(
    data: Any = None,
    *,
    seeds: int | Sequence[int] = 3,
    quick: bool = False,
    n_jobs: int | None = None,
    progress: bool = False,
    rng: Any = 0,
    keep: str | os.PathLike[str] | None = None,
    reuse: bool = True,
) -> Result:
    """Send random inputs through five layers, for three activation functions and four sizes.

    Nothing is trained. Where weights are too large, sigmoid and tanh saturate and ReLU's values
    explode; where they are too small, all values of a layer become alike. Xavier's keep sigmoid
    and tanh spread out, He's keep ReLU.

    Parameters
    ----------
    data : any, optional
        Does not count: as in the textbook, inputs are 1,000 vectors of 100 standard normal
        numbers.
    seeds, quick, n_jobs, progress, rng, keep, reuse
        As for `Study`; histograms are those of all seeds together.

    Returns
    -------
    Result
        Its arrays are, for each activation and size, such as "relu He": "... counts", shape (5,
        30), for ReLU without what is exactly 0; "... range"; and "... facts", shape (seeds, 5,
        3): mean, deviation, and the part that is saturated (sigmoid and tanh within 0.01 of an
        end) or 0 (ReLU).

    Raises
    ------
    TypeError, ValueError, OSError
        If the file cannot be written.
    """
    del data
    settings = {"hidden": [_WIDTH] * _LAYERS, "rows": _ROWS, "weight_init": INITS, "bins": BINS}
    study = Study(
        "activations",
        None,
        settings,
        seeds=seeds,
        quick=quick,
        rng=rng,
        n_jobs=n_jobs,
        progress=progress,
        keep=keep,
        reuse=reuse,
    )
    if study.known is not None:
        return study.known
    arrays: dict[str, Any] = {}
    for activation in ACTIVATIONS:
        for label, init in INITS.items():
            passes = [_passed(activation, init, seed) for seed in study.seeds]
            layers = [np.concatenate([p[k] for p in passes]) for k in range(_LAYERS)]
            span = value_range(activation, layers)
            name = f"{activation} {label}"
            # Half of ReLU's values are exactly 0: they are told of, and not counted.
            shown = [x[x != 0] if activation == "relu" else x for x in layers]
            arrays[f"{name} counts"] = [np.histogram(x, BINS, span)[0] for x in shown]
            arrays[f"{name} range"] = span
            arrays[f"{name} facts"] = [[_facts(activation, x) for x in p] for p in passes]
    return study.conclude(arrays=arrays)


@single_thread()
def _passed(activation: str, init: Any, seed: int) -> list[Array]:
    """Return the values of five layers for random inputs."""
    x = np.random.default_rng(seed).standard_normal((_ROWS, _WIDTH))
    network = MultiLayerNet(
        _WIDTH,
        [_WIDTH] * _LAYERS,
        2,
        activation=activation,
        weight_init=init,
        dtype=np.float64,
        rng=[seed, 1],
    )
    network.predict(x, train=True)
    return [layer.copy() for layer in network.activations]


def _facts(activation: str, x: Array) -> tuple[float, float, float]:
    lost = {"sigmoid": (x < 0.01) | (x > 0.99), "tanh": abs(x) > 0.99, "relu": x == 0}[activation]
    return float(x.mean()), float(x.std()), float(lost.mean())


SIGNAL_BINS = 40
_QUICK_SIGNALS, _QUICK_MOMENTS = 60, 12
#: The images whose signals are looked at: the first ones that are trained on.
_LOOKED_AT = 500
#: What lies below is shown at the end: nobody would see anything between it and 0.
_LEAST = 1e-12
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
    n_jobs: int | None = None,
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
    quick, n_jobs, progress, rng, keep, reuse
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
        As for `load`.
    """
    count = length("iterations", iterations, _QUICK_SIGNALS if quick else 600)
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
        "bins": SIGNAL_BINS,
    }
    study = Study(
        "layers",
        data,
        settings,
        seeds=seeds,
        quick=quick,
        rng=rng,
        n_jobs=n_jobs,
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
            [np.histogram(x[x != 0], SIGNAL_BINS, span)[0] for x in moment] for moment in forward
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
    return np.histogram(powers.clip(low + edge, high - edge), SIGNAL_BINS, (low, high))[0]


_QUICK_SCALES = 100


def initial_weights(
    data: Any = "auto",
    *,
    iterations: int | None = None,
    seeds: int | Sequence[int] = 3,
    quick: bool = False,
    n_jobs: int | None = None,
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
    seeds, quick, n_jobs, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs "std 0.01", "Xavier" and "He", with the accuracy on the "test" images.

    Raises
    ------
    TypeError, ValueError, OSError
        As for `load`.
    """
    count = length("iterations", iterations, _QUICK_SCALES if quick else 2000)
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
        n_jobs=n_jobs,
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


#: Units of the first layer whose weights are kept for the figure.
UNITS = 6
#: What all weights are where they are alike but not zero: a layer of 100 then keeps the signal.
_ALIKE = 0.01
_QUICK_SYMMETRY = 100
#: Units whose weights differ by less than this part of the largest are the same.
_SAME = 1e-3


def zero_weights(
    data: Any = "auto",
    *,
    iterations: int | None = None,
    seeds: int | Sequence[int] = 3,
    quick: bool = False,
    n_jobs: int | None = None,
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
    seeds, quick, n_jobs, progress, rng, keep, reuse
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
        As for `load`.
    """
    count = length("iterations", iterations, _QUICK_SYMMETRY if quick else 500)
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
        n_jobs=n_jobs,
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
