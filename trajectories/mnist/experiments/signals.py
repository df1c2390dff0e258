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
#: The share of ReLU's values beyond the range of the histograms.
_BEYOND = 0.002


def value_range(activation: str, values: list[Array]) -> tuple[float, float]:
    """Return the range of histograms: that of the function, or of ReLU's values."""
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

    Nothing is trained. If weights are too large, sigmoid and tanh saturate and ReLU's values
    explode; if they are too small, all values of a layer become alike. Xavier's preserve the
    spread of sigmoid and tanh, He's that of ReLU.

    Parameters
    ----------
    data : any, optional
        Ignored: as in the textbook, inputs are 1,000 vectors of 100 standard normal numbers.
    seeds, quick, n_jobs, progress, rng, keep, reuse
        As for `Study`; histograms are those of all seeds together.

    Returns
    -------
    Result
        Its arrays are, for each activation and size, such as "relu He": "... counts", shape (5,
        30), for ReLU without exact zeros; "... range"; and "... facts", shape (seeds, 5, 3): mean,
        deviation, and the share that is saturated (sigmoid and tanh within 0.01 of an end) or 0
        (ReLU).

    Raises
    ------
    TypeError, ValueError, OSError
        If the file cannot be written.
    """
    del data
    settings = {"hidden": [_WIDTH] * _LAYERS, "rows": _ROWS, "weight_init": INITS, "bins": BINS}
    study = Study("activations", None, settings, seeds, quick, rng, n_jobs, progress, keep, reuse)
    if study.stored is not None:
        return study.stored
    arrays: dict[str, Any] = {}
    for activation in ACTIVATIONS:
        for label, init in INITS.items():
            passes = [_layer_values(activation, init, seed) for seed in study.seeds]
            layers = [np.concatenate([p[k] for p in passes]) for k in range(_LAYERS)]
            span = value_range(activation, layers)
            name = f"{activation} {label}"
            # Half of ReLU's values are exactly 0: their share is recorded, not their count.
            counted = [x[x != 0] if activation == "relu" else x for x in layers]
            arrays[f"{name} counts"] = [np.histogram(x, BINS, span)[0] for x in counted]
            arrays[f"{name} range"] = span
            arrays[f"{name} facts"] = [[_facts(activation, x) for x in p] for p in passes]
    return study.conclude(arrays=arrays)


@single_thread()
def _layer_values(activation: str, init: Any, seed: int) -> list[Array]:
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
    mask = {"sigmoid": (x < 0.01) | (x > 0.99), "tanh": abs(x) > 0.99, "relu": x == 0}[activation]
    return float(x.mean()), float(x.std()), float(mask.mean())


SIGNAL_BINS = 40
_QUICK_SIGNALS, _QUICK_MOMENTS = 60, 12
#: The first training images, whose signals are recorded.
_RECORDED = 500
#: The least gradient of a histogram; smaller ones are counted at its end.
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
    """Train three networks, and record each layer's activations and gradients meanwhile.

    If the first weights are too small, or the activation function is a sigmoid, gradients
    vanish: they are the smaller the earlier the layer. Training has to undo that before anything
    is learned.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or a source for `load`; all training images are used, and signals recorded for
        the first 500 of them.
    optimizer : Optimizer or str, default "adam:lr=0.001"
        The optimizer.
    iterations : int, optional
        The length; by default 600, or 60 if it is quick.
    moments : int, optional
        The number of records after the start; by default 60, or 12 if it is quick.
    seeds : int or sequence of int, default 1
        The number of networks of each kind, or their seeds; histograms are those of all together.
    quick, n_jobs, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs "ReLU, He", "ReLU, std 0.01" and "sigmoid, Xavier". Its arrays are "moments", the
        iterations, and for each network: "... activations" and "... gradients", counts of shape
        (moments, layers, 40); "... range" of the activations; "... silent", shape (moments,
        layers, 2), the shares of both that are exactly 0, and are not counted. Gradients are
        those of an image's loss by the inputs of a layer's activation function; "powers" is the
        range of the logarithm, to base 10, of their size. If a network diverges, the moments are
        those before.

    Raises
    ------
    TypeError, ValueError, OSError
        As for `load`.
    """
    count = length("iterations", iterations, _QUICK_SIGNALS if quick else 600)
    every = max(1, count // length("moments", moments, _QUICK_MOMENTS if quick else 60))
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
        "looked_at": _RECORDED,
        "bins": SIGNAL_BINS,
    }
    study = Study("layers", data, settings, seeds, quick, rng, n_jobs, progress, keep, reuse)
    if study.stored is not None:
        return study.stored
    variants = {label: Variant(rule, network) for label, network in _NETWORKS.items()}
    trainers = study.trainers(
        variants, study.data, iterations=count, evaluate_every=every, snapshot_every=every
    )
    runs = study.train(trainers)
    few = study.first(_RECORDED)
    steps = sorted(set.intersection(*(set(t.snapshots) for s in trainers.values() for t in s)))
    records = []
    with single_thread(), np.errstate(all="ignore"):  # Overflow shows in the signals.
        for at in steps:
            moment = {label: _signals(several, few, at) for label, several in trainers.items()}
            if not all(np.isfinite(x).all() for two in moment.values() for x in sum(two, [])):
                break
            records.append(moment)
    steps = steps[: len(records)]
    signals = {label: list(zip(*(m[label] for m in records), strict=True)) for label in trainers}
    sizes = [g[g > 0] for _, back in signals.values() for moment in back for g in moment]
    ends = [np.quantile(size, [_BEYOND, 1 - _BEYOND / 2]) for size in sizes if size.size]
    low, high = np.floor(np.log10(max(_LEAST, np.min(ends)))), np.ceil(np.log10(np.max(ends)))
    arrays: dict[str, Any] = {"moments": steps, "powers": (low, high)}
    for label, network in _NETWORKS.items():
        forward, back = signals[label]
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


def _signals(trainers: list[Trainer], data: Dataset, at: int) -> tuple[list[Array], list[Array]]:
    """Return all activations, and the sizes of all gradients, of each hidden layer at a moment."""
    signals = []
    for trainer in trainers:
        network = MultiLayerNet(**trainer.network.settings, rng=0)
        network.flat_params[...] = trainer.snapshots[at]
        network.loss_and_gradient(data.train_images / np.float32(data.scale), data.train_labels)
        # The loss is a mean over the images: their number is the factor for each alone.
        gradients = [abs(delta) * len(delta) for delta in network.deltas[:-1]]
        signals.append(([x.copy() for x in network.activations], gradients))
    forward, back = (
        [np.concatenate(same) for same in zip(*several, strict=True)]
        for several in zip(*signals, strict=True)
    )
    return forward, back


def _powers(sizes: Array, low: float, high: float) -> NDArray[np.int64]:
    """Count sizes that are not 0 by their powers of ten, those beyond the ends at the ends."""
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

    With ReLU, the signal vanishes from layer to layer for weights of deviation 0.01, and nothing
    is learned; He's preserve its size. All three scale the same random numbers.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or a source for `load`; all training images are used.
    iterations : int, optional
        The length; by default 2,000, or 100 if it is quick.
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
        "initial_weights", data, settings, seeds, quick, rng, n_jobs, progress, keep, reuse
    )
    if study.stored is not None:
        return study.stored
    variants = {
        label: Variant("sgd:lr=0.01", {"weight_init": init}) for label, init in inits.items()
    }
    runs = study.race(variants, study.data, iterations=count, evaluate_every=None)
    return study.conclude(runs=runs)


#: Units of the first layer whose weights the figure shows.
UNITS = 6
#: Equal weights that are not zero: a layer of 100 then preserves the signal.
_EQUAL = 0.01
_QUICK_SYMMETRY = 100
#: Units whose weights differ by less than this share of the largest are equal.
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
    """Train from weights that are all 0, all equal, and drawn at random.

    Units with the same weights have the same gradient, and so stay equal: a hidden layer of 100
    does the work of one. If all weights are 0, no gradient reaches any weight with ReLU, and
    only the last biases learn.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or a source for `load`; all training images are used.
    iterations : int, optional
        The length; by default 500, or 100 if it is quick.
    seeds, quick, n_jobs, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs "all 0", "all 0.01" and "random (He)", with the accuracy on the "test" images.
        Its arrays are "units ...", shape (seeds, hidden layers): the number of different units of
        each hidden layer at the end; and "change ...", shape (6, pixels): the change of the
        weights of the first units of the first layer, with the first seed.

    Raises
    ------
    TypeError, ValueError, OSError
        As for `load`.
    """
    count = length("iterations", iterations, _QUICK_SYMMETRY if quick else 500)
    settings = {
        "hidden": [100] * 4,
        "activation": "relu",
        "weight_init": {"all 0": 0.0, f"all {_EQUAL:g}": _EQUAL, "random (He)": "he"},
        "optimizer": "SGD 0.01",
        "batch_size": 128,
        "iterations": count,
    }
    study = Study("zero_weights", data, settings, seeds, quick, rng, n_jobs, progress, keep, reuse)
    if study.stored is not None:
        return study.stored
    variants = {
        "all 0": Variant(network={"weight_init": "zero"}),
        f"all {_EQUAL:g}": Variant(network={"weight_init": "zero"}, prepare=_make_equal),
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
    """Count the units of each hidden layer that differ from all before them."""
    counts = []
    for k in range(1, len(network.sizes) - 1):
        weights = network.params[f"W{k}"].astype(float)
        step = _SAME * float(abs(weights).max()) or 1.0
        first: list[NDArray[np.float64]] = []
        for unit in weights.T:
            if not any((abs(unit - other) < step).all() for other in first):
                first.append(unit)
        counts.append(len(first))
    return np.array(counts)


def _make_equal(network: MultiLayerNet) -> None:
    for name, array in network.params.items():
        if name.startswith("W"):
            array[...] = _EQUAL
