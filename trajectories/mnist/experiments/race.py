"""The race of the optimizers: one network, trained by each of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trajectories.mnist.experiments.arguments import length
from trajectories.mnist.experiments.result import Result
from trajectories.mnist.experiments.study import Study, Variant
from trajectories.optimizers import Optimizer, as_optimizer
from trajectories.optimizers.record import to_record
from trajectories.validation import must

__all__ = ["BOOK", "RACE", "entrants", "label_of", "optimizers"]

#: The textbook's four and RMSProp, at their learning rates.
BOOK = ("sgd:lr=0.01", "momentum:lr=0.01", "adagrad:lr=0.01", "adam:lr=0.001", "rmsprop:lr=0.001")
#: And those that the textbook has not. Lion's authors advise a third to a tenth of AdamW's rate.
RACE = (*BOOK, "nesterov:lr=0.01", "adamw:lr=0.001", "lion:lr=0.0001")
_QUICK = 100


def optimizers(
    data: Any = "auto",
    *,
    race: Sequence[Any] | Mapping[str, Any] = RACE,
    iterations: int | None = None,
    evaluate_every: int | None = None,
    seeds: int | Sequence[int] = 3,
    quick: bool = False,
    workers: int | None = None,
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
    race : sequence or mapping of str to Optimizer or str
        The optimizers; by default the textbook's four, RMSProp, Nesterov, AdamW and Lion. A
        mapping gives their labels.
    iterations : int, optional
        How long to train; by default 2,000, or 100 if it is quick.
    evaluate_every : int, optional
        After how many iterations the test images are looked at; by default 20 times in all.
    seeds, quick, workers, progress, rng, keep, reuse
        As for `Study`.

    Returns
    -------
    Result
        The runs of each optimizer, with the accuracy on the "test" images.

    Raises
    ------
    TypeError, ValueError, OSError
        If an argument is not what it must be, or as `load`.

    Examples
    --------
    >>> found = optimizers("digits", race=["sgd:0.1", "adam:0.01"], quick=True, seeds=1)
    >>> list(found.runs)
    ['SGD 0.1', 'Adam 0.01']
    """
    count = length("iterations", iterations, _QUICK if quick else 2000)
    every = length("evaluate_every", evaluate_every, max(1, count // 20))
    rules = entrants(race)
    settings = {
        "hidden": [100] * 4,
        "activation": "relu",
        "weight_init": "he",
        "batch_size": 128,
        "iterations": count,
        "evaluate_every": every,
        "race": {label: to_record(rule, own=True) for label, rule in rules.items()},
    }
    study = Study(
        "optimizers",
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
    variants = {label: Variant(rule) for label, rule in rules.items()}
    runs = study.race(variants, study.data, iterations=count, evaluate_every=every)
    return study.conclude(runs=runs)


def entrants(race: Any, *, rates: bool = True) -> dict[str, Optimizer]:
    """Return who races, by label."""
    if isinstance(race, str) or not isinstance(race, Iterable):
        raise must("race", "a list of optimizers", race, kind=TypeError)
    rules: list[Optimizer] = []
    for item in race.values() if isinstance(race, Mapping) else race:
        rule = as_optimizer(item)
        if not isinstance(rule, Optimizer):
            raise must("race", "optimizers that need no surface", item)
        rules.append(rule)
    if not rules:
        raise must("race", "at least one optimizer", race)
    names = [type(rule).__name__ for rule in rules]
    labels = [
        label_of(rule) if rates or names.count(name) > 1 else name
        for name, rule in zip(names, rules, strict=True)
    ]
    if isinstance(race, Mapping):
        labels = list(map(str, race))
    found = dict(zip(labels, rules, strict=True))
    if len(found) < len(rules):
        raise must("race", "of optimizers that differ in name or learning rate", labels)
    return found


def label_of(rule: Optimizer) -> str:
    """Return an optimizer's name with its learning rate, if that is a number."""
    lr = getattr(rule, "lr", None)
    return f"{type(rule).__name__} {lr:g}" if isinstance(lr, float) else type(rule).__name__
