"""Experiments that compare trained networks: optimizers, batch norm, decay, dropout."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.checks import POSITIVE, Interval, must, scalar
from trajectories.mnist.data import Dataset
from trajectories.mnist.experiments.study import Result, Study, Variant, length
from trajectories.mnist.history import bar
from trajectories.mnist.network import MultiLayerNet
from trajectories.optimizers import as_optimizer, to_record
from trajectories.optimizers.base import Optimizer
from trajectories.records import single_thread

#: The textbook's four and RMSProp, at their learning rates.
BOOK = ("sgd:lr=0.01", "momentum:lr=0.01", "adagrad:lr=0.01", "adam:lr=0.001", "rmsprop:lr=0.001")
#: And those that the textbook has not. Lion's authors advise a third to a tenth of AdamW's rate.
RACE = (*BOOK, "nesterov:lr=0.01", "adamw:lr=0.001", "lion:lr=0.0001")
_QUICK_RACE = 100


def optimizers(
    data: Any = "auto",
    *,
    optimizers: Sequence[Any] | Mapping[str, Any] = RACE,
    iterations: int | None = None,
    evaluate_every: int | None = None,
    seeds: int | Sequence[int] = 3,
    quick: bool = False,
    n_jobs: int | None = None,
    progress: bool = False,
    rng: Any = 0,
    keep: str | os.PathLike[str] | None = None,
    reuse: bool = True,
) -> Result:
    """Train one network with each of several optimizers, on the same batches.

    All begin from the same weights, which the textbook's script does not do: its networks are
    drawn one after the other.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or what `load` takes; all training images are used.
    optimizers : sequence or mapping of str to Optimizer or str
        The optimizers; by default the textbook's four, RMSProp, Nesterov, AdamW and Lion. A
        mapping gives their labels.
    iterations : int, optional
        How long to train; by default 2,000, or 100 if it is quick.
    evaluate_every : int, optional
        After how many iterations the test images are looked at; by default 20 times in all.
    seeds, quick, n_jobs, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs of each optimizer, with the accuracy on the "test" images.

    Raises
    ------
    TypeError, ValueError, OSError
        As for `load`.

    Examples
    --------
    >>> found = optimizers("digits", optimizers=["sgd:0.1", "adam:0.01"], quick=True, seeds=1)
    >>> list(found.runs)
    ['SGD 0.1', 'Adam 0.01']
    """
    count = length("iterations", iterations, _QUICK_RACE if quick else 2000)
    every = length("evaluate_every", evaluate_every, max(1, count // 20))
    rules = entrants(optimizers)
    settings = {
        "hidden": [100] * 4,
        "activation": "relu",
        "weight_init": "he",
        "batch_size": 128,
        "iterations": count,
        "evaluate_every": every,
        "optimizers": {label: to_record(rule, own=True) for label, rule in rules.items()},
    }
    study = Study(
        "optimizers",
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
    variants = {label: Variant(rule) for label, rule in rules.items()}
    runs = study.race(variants, study.data, iterations=count, evaluate_every=every)
    return study.conclude(runs=runs)


def entrants(optimizers: Any, *, rates: bool = True) -> dict[str, Optimizer]:
    """Return the optimizers by label."""
    if isinstance(optimizers, str) or not isinstance(optimizers, Iterable):
        raise must("optimizers", "a list of optimizers", optimizers, kind=TypeError)
    rules: list[Optimizer] = []
    for item in optimizers.values() if isinstance(optimizers, Mapping) else optimizers:
        rule = as_optimizer(item)
        if not isinstance(rule, Optimizer):
            raise must("optimizers", "optimizers that need no surface", item)
        rules.append(rule)
    if not rules:
        raise must("optimizers", "at least one optimizer", optimizers)
    names = [type(rule).__name__ for rule in rules]
    labels = [
        label_of(rule) if rates or names.count(name) > 1 else name
        for name, rule in zip(names, rules, strict=True)
    ]
    if isinstance(optimizers, Mapping):
        labels = list(map(str, optimizers))
    found = dict(zip(labels, rules, strict=True))
    if len(found) < len(rules):
        raise must("optimizers", "of optimizers that differ in name or learning rate", labels)
    return found


def label_of(rule: Optimizer) -> str:
    """Return an optimizer's name with its learning rate, if that is a number."""
    lr = getattr(rule, "lr", None)
    return f"{type(rule).__name__} {lr:g}" if isinstance(lr, float) else type(rule).__name__


#: So few images that a deep network can learn them by heart.
IMAGES = 300
_QUICK_EPOCHS = 20


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
    n_jobs: int | None = None,
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
    seeds, quick, n_jobs, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs "no weight decay" and "weight decay 0.1", with the accuracy on the "train" and
        "test" images.

    Raises
    ------
    TypeError, ValueError, OSError
        As for `load`.
    """
    count = length("epochs", epochs, _QUICK_EPOCHS if quick else 201)
    decay = scalar("decay", decay, POSITIVE)
    study = Study(
        "weight_decay",
        data,
        overfitting_settings(epochs=count, decay=decay),
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
        "no weight decay": Variant(),
        f"weight decay {decay:g}": Variant(network={"weight_decay": decay}),
    }
    few = study.first(IMAGES)
    runs = study.race(variants, few, epochs=count, evaluate=("train", "test"))
    return study.conclude(runs=runs)


#: The deviations of the first weights: the textbook's sixteen.
SCALES = tuple(np.logspace(0, -4, num=16).tolist())
_QUICK_NORMS = 3
_IMAGES = 1000


def batch_norm(
    data: Any = "auto",
    *,
    epochs: int | None = None,
    seeds: int | Sequence[int] = 3,
    quick: bool = False,
    n_jobs: int | None = None,
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
    seeds, quick, n_jobs, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs "with, std ..." and "without, std ..." for each of `SCALES`, with the accuracy on
        the "train" images.

    Raises
    ------
    TypeError, ValueError, OSError
        As for `load`.
    """
    count = length("epochs", epochs, _QUICK_NORMS if quick else 20)
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
        n_jobs=n_jobs,
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


_QUICK_DROPOUT, _QUICK_MASKS = 20, 20
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
    n_jobs: int | None = None,
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
    seeds, quick, n_jobs, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs "no dropout" and "dropout 0.2", with the accuracy on the "train" and "test"
        images.

    Raises
    ------
    TypeError, ValueError, OSError
        As for `load`.
    """
    long = length("epochs", epochs, _QUICK_DROPOUT if quick else 301)
    ratio = scalar("ratio", ratio, _RATIO)
    study = Study(
        "dropout",
        data,
        overfitting_settings(epochs=long, dropout=ratio),
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
        "no dropout": Variant(),
        f"dropout {ratio:g}": Variant(network={"dropout": ratio}),
    }
    few = study.first(IMAGES)
    runs = study.race(variants, few, epochs=long, evaluate=("train", "test"))
    return study.conclude(runs=runs)


def dropout_ensemble(
    data: Any = "auto",
    *,
    ratio: float = 0.2,
    masks: int | None = None,
    epochs: int | None = None,
    seeds: int | Sequence[int] = 3,
    quick: bool = False,
    n_jobs: int | None = None,
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
    seeds, quick, n_jobs, progress, rng, keep, reuse
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
        As for `load`.
    """
    long = length("epochs", epochs, _QUICK_DROPOUT if quick else 301)
    ratio = scalar("ratio", ratio, _RATIO)
    count = length("masks", masks, _QUICK_MASKS if quick else 100)
    study = Study(
        "dropout_ensemble",
        data,
        overfitting_settings(epochs=long, dropout=ratio, masks=count),
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
