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
#: And others. Lion's authors advise a third to a tenth of AdamW's rate.
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

    All begin from the same weights; in the textbook's script each network is drawn anew.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or a source for `load`; all training images are used.
    optimizers : sequence or mapping of str to Optimizer or str
        The optimizers; by default the textbook's four, RMSProp, Nesterov, AdamW and Lion. A
        mapping gives their labels.
    iterations : int, optional
        The length; by default 2,000, or 100 if it is quick.
    evaluate_every : int, optional
        The iterations between two evaluations on the test images; by default 20 evaluations.
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
    study = Study("optimizers", data, settings, seeds, quick, rng, n_jobs, progress, keep, reuse)
    if study.stored is not None:
        return study.stored
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
    by_label = dict(zip(labels, rules, strict=True))
    if len(by_label) < len(rules):
        raise must("optimizers", "of optimizers that differ in name or learning rate", labels)
    return by_label


def label_of(rule: Optimizer) -> str:
    """Return an optimizer's name with its learning rate, if that is a number."""
    lr = getattr(rule, "lr", None)
    return f"{type(rule).__name__} {lr:g}" if isinstance(lr, float) else type(rule).__name__


#: So few images that a deep network overfits them.
IMAGES = 300
_QUICK_EPOCHS = 20


def overfitting_settings(**own: Any) -> dict[str, Any]:
    """Return the settings of an experiment on overfitting, with its own."""
    return {
        "hidden": [100] * 6,
        "activation": "relu",
        "weight_init": "he",
        "optimizer": "SGD 0.01",
        "batch_size": 100,
        "images": IMAGES,
        **own,
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
    it slows learning down: on the test images, too, it ends below the plain network.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or a source for `load`; the first 300 training images are used.
    decay : float, default 0.1
        :math:`\lambda` of the penalty :math:`\frac{\lambda}{2} \sum W^2`.
    epochs : int, optional
        The length; by default 201, or 20 if it is quick.
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
    settings = overfitting_settings(epochs=count, decay=decay)
    study = Study("weight_decay", data, settings, seeds, quick, rng, n_jobs, progress, keep, reuse)
    if study.stored is not None:
        return study.stored
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

    Without it, networks with large weights diverge after a few steps, and their runs end there.
    The textbook's script continues with NaN, whose largest element is the first, and so shows an
    accuracy of 10 %.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or a source for `load`; the first 1,000 training images are used.
    epochs : int, optional
        The length; by default 20, or 3 if it is quick.
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
    study = Study("batch_norm", data, settings, seeds, quick, rng, n_jobs, progress, keep, reuse)
    if study.stored is not None:
        return study.stored
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
#: Images of a batch in evaluation.
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
        The images, or a source for `load`; the first 300 training images are used.
    ratio : float, default 0.2
        The share of every hidden layer's outputs that is dropped in training.
    epochs : int, optional
        The length; by default 301, or 20 if it is quick.
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
    count = length("epochs", epochs, _QUICK_DROPOUT if quick else 301)
    ratio = scalar("ratio", ratio, _RATIO)
    settings = overfitting_settings(epochs=count, dropout=ratio)
    study = Study("dropout", data, settings, seeds, quick, rng, n_jobs, progress, keep, reuse)
    if study.stored is not None:
        return study.stored
    variants = {
        "no dropout": Variant(),
        f"dropout {ratio:g}": Variant(network={"dropout": ratio}),
    }
    few = study.first(IMAGES)
    runs = study.race(variants, few, epochs=count, evaluate=("train", "test"))
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
    """Compare the mean of many thinned networks with a single scaled pass.

    A network trained with dropout stands for all networks that remain without some of its
    outputs. Their mean takes a pass for each; the textbook's evaluation takes a single one, with
    outputs times 1 - ratio, and is about as good.

    Parameters
    ----------
    data : Dataset, str or os.PathLike, default "auto"
        The images, or a source for `load`; the first 300 training images and all test images are
        used.
    ratio : float, default 0.2
        The share of every hidden layer's outputs that is dropped.
    masks : int, optional
        The number of thinned networks; by default 100, or 20 if it is quick.
    epochs : int, optional
        The length of training; by default 301, or 20 if it is quick.
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
    epoch_count = length("epochs", epochs, _QUICK_DROPOUT if quick else 301)
    ratio = scalar("ratio", ratio, _RATIO)
    count = length("masks", masks, _QUICK_MASKS if quick else 100)
    settings = overfitting_settings(epochs=epoch_count, dropout=ratio, masks=count)
    study = Study(
        "dropout_ensemble", data, settings, seeds, quick, rng, n_jobs, progress, keep, reuse
    )
    if study.stored is not None:
        return study.stored
    label = f"dropout {ratio:g}"
    few = study.first(IMAGES)
    variants = {label: Variant(network={"dropout": ratio})}
    trainers = study.trainers(variants, few, epochs=epoch_count, evaluate_every=None)
    runs = study.train(trainers)
    arrays: dict[str, list[Any]] = {"ensemble": [], "single": [], "scaled": []}
    total = count * len(study.seeds)
    with single_thread(), bar("asking", "mask", total, progress) as advance:
        for trainer in trainers[label]:
            ensemble, single = _mask_accuracies(trainer.network, few, count, advance)
            arrays["ensemble"].append(ensemble)
            arrays["single"].append(single)
            arrays["scaled"].append(trainer.history.final["test"])
    return study.conclude(runs=runs, arrays=arrays)


def _mask_accuracies(
    network: MultiLayerNet, data: Dataset, masks: int, advance: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the accuracy of the mean of the first masks, and of each mask alone."""
    labels = data.test_labels
    total = np.zeros((len(labels), data.classes))
    ensemble, single = np.empty(masks), np.empty(masks)
    for k in range(masks):
        logits = np.concatenate(
            [
                network.predict(data.test_images[i : i + _CHUNK], scale=data.scale, train=True)
                for i in range(0, len(labels), _CHUNK)
            ]
        ).astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        odds = np.exp(logits)
        total += odds / odds.sum(axis=1, keepdims=True)
        ensemble[k] = np.mean(total.argmax(axis=1) == labels)
        single[k] = np.mean(logits.argmax(axis=1) == labels)
        advance(1)
    return ensemble, single
