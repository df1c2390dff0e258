"""Hyperparameter search for the network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from trajectories.checks import UNIT, integer, must, scalar, unknown
from trajectories.mnist.data import Dataset, Split
from trajectories.mnist.history import check_sum, load_state, state_of
from trajectories.mnist.network import MultiLayerNet, checked_widths
from trajectories.mnist.source import load
from trajectories.mnist.trainer import Trainer
from trajectories.optimizers import as_optimizer, to_record
from trajectories.optimizers.base import Optimizer
from trajectories.search.rounds import search, with_params
from trajectories.search.trials import Objective, Report, SearchResult, Trial


def checked_settings(given: Any) -> dict[str, Any]:
    """Return settings of a `MultiLayerNet` as it takes them, and as JSON can hold them."""
    if not isinstance(given, Mapping):
        raise must("network", "settings by name, such as dropout", given, kind=TypeError)
    known = [name for name in MultiLayerNet(1, [], 2, rng=0).settings if "_size" not in name]
    for name in given:
        if name not in known:
            raise unknown("setting of the network", name, known)
    settings = MultiLayerNet(1, [], 2, rng=0, **given).settings
    return {name: settings[name] for name in given}


#: Hyperparameters that are the network's; the others are the optimizer's.
NETWORK_NAMES = ("weight_decay", "dropout", "weight_init", "activation", "batch_norm")
#: Of hidden layers that are searched for, if there are none otherwise.
WIDTH = 100
_SHAPE_NAMES = ("layers", "width", "batch_size")
#: First weights are drawn by [seed, this]; batches by the seed itself.
_WEIGHTS = 1


class NetworkObjective(Objective):
    """A network that is trained for some epochs; the score is its accuracy on validation images."""

    goal, measure, unit = "max", "validation accuracy", "epoch"

    def __init__(
        self,
        data: Any,
        optimizer: Any = "sgd",
        *,
        hidden: Iterable[int] = (100,) * 6,
        epochs: int = 50,
        batch_size: int = 100,
        network: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(data, Split):
            words = "what `Dataset.split` returns, without test images"
            raise must("data", words, data, kind=TypeError)
        self.data: Split = data
        self.optimizer = as_optimizer(optimizer)
        self.hidden = checked_widths("hidden", hidden)
        self.budget = integer("epochs", epochs, 1)
        self.batch_size = integer("batch_size", batch_size, 1)
        self.network = checked_settings({} if network is None else network)
        self._made({})

    def settings(self) -> dict[str, Any]:
        """Return what tells this objective from others, as JSON can hold it."""
        data = self.data
        arrays = (data.train_images, data.train_labels)
        return {
            "data": data.name,
            "train": len(data.train_labels),
            "validation": len(data.validation_labels),
            "shape": list(data.shape),
            "classes": data.classes,
            "sum": check_sum(*arrays, data.validation_images, data.validation_labels),
            "optimizer": to_record(self.optimizer, own=True),
            "hidden": self.hidden,
            "epochs": self.budget,
            "batch_size": self.batch_size,
            "network": self.network,
        }

    def check(self, params: Mapping[str, Any]) -> None:
        """Raise if hyperparameters are unknown, or not what they must be."""
        self.trainer(params, 0)

    def run(self, params: Mapping[str, Any], seed: int, until: int, state: Any = None) -> Report:
        """Train up to an epoch, and judge the network as it is then."""
        trainer = self.trained(params, seed, until, state)
        found = trainer.history
        curves: dict[str, list[float]] = {"epoch": found.epoch.tolist()}
        curves |= {name: curve.tolist() for name, curve in found.accuracy.items()}
        if found.diverged:
            return Report(None, int(found.epoch[-1]) if len(found.epoch) else 0, curves)
        state = None if trainer.progress.over else state_of(trainer)
        return Report(curves["validation"][-1], until, curves, state)

    def trained(
        self, params: Mapping[str, Any], seed: int, until: int, state: Any = None
    ) -> Trainer:
        """Return the run of a trial as it is after an epoch, or where it diverged before that."""
        trainer = self.trainer(params, seed)
        if state is not None:
            load_state(trainer, state)
        last = -(-until * len(trainer.images) // trainer.evaluations.batch_size)
        while not trainer.progress.over and trainer.iteration < last:
            trainer.step()
        return trainer

    def trainer(self, params: Mapping[str, Any], seed: int) -> Trainer:
        """Return the run of a trial, not yet begun."""
        network, optimizer, hidden, batch_size = self._made(params)
        data = self.data
        return Trainer(
            MultiLayerNet(
                data.shape[0] * data.shape[1], hidden, data.classes, rng=[seed, _WEIGHTS], **network
            ),
            optimizer,
            data.train_images,
            data.train_labels,
            scale=data.scale,
            batch_size=batch_size,
            epochs=self.budget,
            rng=seed,
            evaluate={
                "train": (data.train_images, data.train_labels),
                "validation": (data.validation_images, data.validation_labels),
            },
        )

    def _made(self, params: Mapping[str, Any]) -> tuple[dict[str, Any], Optimizer, list[int], int]:
        """Return whose hyperparameters are whose: network, optimizer, hidden layers, batch."""
        rule = as_optimizer(params.get("optimizer", self.optimizer))
        own = {item.name for item in fields(rule)}
        network, left = dict(self.network), {}
        shape: dict[str, int] = {}
        for name, value in params.items():
            if name in own or name == "optimizer":
                left[name] = value
            elif name in NETWORK_NAMES:
                network[name] = value
            elif name in _SHAPE_NAMES:
                shape[name] = integer(name, value, 1)
            else:
                raise unknown("hyperparameter", name, [*sorted(own), *NETWORK_NAMES, *_SHAPE_NAMES])
        made = with_params(rule, {k: v for k, v in left.items() if k != "optimizer"})
        if not isinstance(made, Optimizer):
            raise must("optimizer", "one that needs no surface, to train a network", made)
        hidden = self.hidden
        if "layers" in shape or "width" in shape:
            width = shape.get("width", hidden[0] if hidden else WIDTH)
            hidden = [width] * shape.get("layers", len(hidden))
        return network, made, hidden, shape.get("batch_size", self.batch_size)


#: The textbook's space.
SPACE = "lr=1e-6:1e-2, weight_decay=1e-8:1e-4"


def search_network(
    space: Any = SPACE,
    trials: int = 100,
    *,
    rounds: int = 1,
    halving: int = 2,
    data: Any = "auto",
    images: int | None = 500,
    part: float = 0.2,
    optimizer: Any = "sgd",
    hidden: Iterable[int] = (100,) * 6,
    epochs: int = 50,
    batch_size: int = 100,
    network: Mapping[str, Any] | None = None,
    rng: int = 0,
    **settings: Any,
) -> SearchResult:
    """Search for a network's hyperparameters at random, in rounds that narrow.

    They are judged on validation images, a part of the training images. In the end the winner is
    trained once more, bit for bit as before and as long, and only then judged on the test images:
    once.

    Parameters
    ----------
    space : Space, mapping, str or iterable of str
        What hyperparameters are drawn from; by default the textbook's, a learning rate of
        10**-6 to 10**-2 and a weight decay of 10**-8 to 10**-4. `NetworkObjective` lists all.
    trials : int, default 100
        How many in all.
    rounds : int, default 1
        How many rounds; after each, ranges are cut to where its best quarter lies.
    halving : int, default 2
        How often the worse half of a round is abandoned early; 0 for never, as in the textbook.
    data : Dataset, str or os.PathLike, default "auto"
        The images, or what `load` takes.
    images : int or None, default 500
        How many training images there are to train and validate on, from the first; all if there
        are fewer, or with None.
    part : float, default 0.2
        The share of them to validate on.
    optimizer, hidden, epochs, batch_size, network
        As for `NetworkObjective`.
    rng : int, default 0
        The seed of all: of the split, and with its number of each trial.
    **settings
        As for `trajectories.search.search`: journal, resume, n_jobs, scheduler, progress.

    Returns
    -------
    SearchResult
        Its conclusion holds the winner's accuracy on the test images; None if the winner, trained
        once more on another machine than before, diverged.

    Raises
    ------
    OSError
        If there are no such images, the journal cannot be written, or another search has it.

    Examples
    --------
    >>> found = search_network(
    ...     "lr=1e-3:1", 8, rounds=2, data="digits", hidden=[30], epochs=4, n_jobs=1
    ... )
    >>> len(found), found.count("abandoned"), found.best.number == found.conclusion["trial"]
    (8, 6, True)
    """
    whole = data if isinstance(data, Dataset) else load(data)
    if images is not None:
        whole = whole.subset(min(integer("images", images, 2), len(whole.train_labels)))
    count, share = len(whole.train_labels), scalar("part", part, UNIT)
    if share > 0 and count * share < 1 - 1e-9:
        raise must("images", f"enough for a share of {share:g} of them to validate on", count)
    seed = integer("rng", rng, 0)
    objective = NetworkObjective(
        whole.split(part, rng=seed),
        optimizer,
        hidden=hidden,
        epochs=epochs,
        batch_size=batch_size,
        network=network,
    )

    def judged(winner: Trial) -> dict[str, Any]:
        # If all that went further diverged, the winner is one that was abandoned: at full length
        # it would be another network than the one that was found.
        trainer = objective.trained(winner.params, winner.seed, winner.reached)
        final = trainer.history.final
        if not trainer.history.diverged:
            test = whole.test_images, whole.test_labels
            with np.errstate(all="ignore"):
                final["test"] = trainer.network.accuracy(*test, scale=whole.scale)
        return {
            "trial": winner.number,
            "reached": winner.reached,
            "images": len(whole.test_labels),
            **{name: _told(final.get(name, math.nan)) for name in ("test", "train", "validation")},
        }

    return search(
        objective,
        space,
        trials,
        rounds=rounds,
        halving=halving,
        rng=seed,
        conclude=judged,
        **settings,
    )


def _told(accuracy: float) -> float | None:
    """Return an accuracy as JSON can hold it: None for one that is not finite."""
    return accuracy if math.isfinite(accuracy) else None
