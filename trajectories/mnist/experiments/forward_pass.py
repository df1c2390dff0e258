"""What becomes of a signal on its way through five layers, before anything is learned."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from trajectories.mnist.experiments.result import Result
from trajectories.mnist.experiments.study import Study
from trajectories.mnist.layers import Array
from trajectories.mnist.network import MultiLayerNet
from trajectories.threads import single_thread

__all__ = ["ACTIVATIONS", "BINS", "INITS", "activations", "value_range"]

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
    workers: int | None = None,
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
    seeds, quick, workers, progress, rng, keep, reuse
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
        If an argument is not what it must be, or the file cannot be written.
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
        workers=workers,
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
