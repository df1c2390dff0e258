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


def checked_settings(network: Any) -> dict[str, Any]:
    """Check settings of a `MultiLayerNet`, and return them as plain data for JSON."""
    if not isinstance(network, Mapping):
        raise must("network", "settings by name, such as dropout", network, kind=TypeError)
    known = [name for name in MultiLayerNet(1, [], 2, rng=0).settings if "_size" not in name]
    for name in network:
        if name not in known:
            raise unknown("setting of the network", name, known)
    settings = MultiLayerNet(1, [], 2, rng=0, **network).settings
    return {name: settings[name] for name in network}


#: Hyperparameters of the network; others belong to the optimizer.
NETWORK_NAMES = ("weight_decay", "dropout", "weight_init", "activation", "batch_norm")
#: The width of added hidden layers, if there are none otherwise.
WIDTH = 100
_SHAPE_NAMES = ("layers", "width", "batch_size")
#: First weights are drawn from [seed, this], batches from the seed itself.
_WEIGHTS = 1


class NetworkObjective(Objective):
    """A network trained for some epochs; the score is its accuracy on validation images."""

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
        self._parts({})

    def settings(self) -> dict[str, Any]:
        """Return the settings that identify this objective, as plain data for JSON."""
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
        """Raise if hyperparameters are unknown or invalid."""
        self.trainer(params, 0)

    def run(self, params: Mapping[str, Any], seed: int, until: int, state: Any = None) -> Report:
        """Train up to an epoch, and evaluate the network."""
        trainer = self.trained(params, seed, until, state)
        history = trainer.history
        curves: dict[str, list[float]] = {"epoch": history.epoch.tolist()}
        curves |= {name: curve.tolist() for name, curve in history.accuracy.items()}
        if history.diverged:
            return Report(None, int(history.epoch[-1]) if len(history.epoch) else 0, curves)
        state = None if trainer.progress.over else state_of(trainer)
        return Report(curves["validation"][-1], until, curves, state)

    def trained(
        self, params: Mapping[str, Any], seed: int, until: int, state: Any = None
    ) -> Trainer:
        """Return the run of a trial after an epoch, or where it diverged before that."""
        trainer = self.trainer(params, seed)
        if state is not None:
            load_state(trainer, state)
        last = -(-until * len(trainer.images) // trainer.evaluations.batch_size)
        while not trainer.progress.over and trainer.iteration < last:
            trainer.step()
        return trainer

    def trainer(self, params: Mapping[str, Any], seed: int) -> Trainer:
        """Return the run of a trial before its first step."""
        network, optimizer, hidden, batch_size = self._parts(params)
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

    def _parts(self, params: Mapping[str, Any]) -> tuple[dict[str, Any], Optimizer, list[int], int]:
        """Divide hyperparameters among network, optimizer, hidden layers and batch."""
        rule = as_optimizer(params.get("optimizer", self.optimizer))
        own = {item.name for item in fields(rule)}
        network, own_params = dict(self.network), {}
        shape: dict[str, int] = {}
        for name, value in params.items():
            if name in own or name == "optimizer":
                own_params[name] = value
            elif name in NETWORK_NAMES:
                network[name] = value
            elif name in _SHAPE_NAMES:
                shape[name] = integer(name, value, 1)
            else:
                raise unknown("hyperparameter", name, [*sorted(own), *NETWORK_NAMES, *_SHAPE_NAMES])
        optimizer = with_params(rule, {k: v for k, v in own_params.items() if k != "optimizer"})
        if not isinstance(optimizer, Optimizer):
            raise must("optimizer", "one that needs no surface, to train a network", optimizer)
        hidden = self.hidden
        if "layers" in shape or "width" in shape:
            width = shape.get("width", hidden[0] if hidden else WIDTH)
            hidden = [width] * shape.get("layers", len(hidden))
        return network, optimizer, hidden, shape.get("batch_size", self.batch_size)


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

    They are judged on validation images, a part of the training images. At the end the winner is
    trained once more, bit for bit as before and as long, and evaluated once on the test images.

    Parameters
    ----------
    space : Space, mapping, str or iterable of str
        The ranges of hyperparameters; by default the textbook's, a learning rate of
        10**-6 to 10**-2 and a weight decay of 10**-8 to 10**-4. `NetworkObjective` lists all.
    trials : int, default 100
        The number of trials in all.
    rounds : int, default 1
        The number of rounds; after each, ranges are cut to where its best quarter lies.
    halving : int, default 2
        How often the worse half of a round is abandoned early; 0 for never, as in the textbook.
    data : Dataset, str or os.PathLike, default "auto"
        The images, or a source for `load`.
    images : int or None, default 500
        The number of images for training and validation, from the first; all if there are fewer,
        or with None.
    part : float, default 0.2
        Their share for validation.
    optimizer, hidden, epochs, batch_size, network
        As for `NetworkObjective`.
    rng : int, default 0
        The seed of the split and, with its number, of each trial.
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
        If there are no such images, the journal cannot be written, or another search holds it.

    Examples
    --------
    >>> found = search_network(
    ...     "lr=1e-3:1", 8, rounds=2, data="digits", hidden=[30], epochs=4, n_jobs=1
    ... )
    >>> len(found), found.count("abandoned"), found.best.number == found.conclusion["trial"]
    (8, 6, True)
    """
    dataset = data if isinstance(data, Dataset) else load(data)
    if images is not None:
        dataset = dataset.subset(min(integer("images", images, 2), len(dataset.train_labels)))
    count, share = len(dataset.train_labels), scalar("part", part, UNIT)
    if share > 0 and count * share < 1 - 1e-9:
        raise must("images", f"enough for a share of {share:g} of them to validate on", count)
    seed = integer("rng", rng, 0)
    objective = NetworkObjective(
        dataset.split(part, rng=seed),
        optimizer,
        hidden=hidden,
        epochs=epochs,
        batch_size=batch_size,
        network=network,
    )

    def conclude(winner: Trial) -> dict[str, Any]:
        # If all longer trials diverged, the winner is an abandoned one: at full length it would be
        # another network than the scored one.
        trainer = objective.trained(winner.params, winner.seed, winner.reached)
        final = trainer.history.final
        if not trainer.history.diverged:
            test = dataset.test_images, dataset.test_labels
            with np.errstate(all="ignore"):
                final["test"] = trainer.network.accuracy(*test, scale=dataset.scale)
        return {
            "trial": winner.number,
            "reached": winner.reached,
            "images": len(dataset.test_labels),
            **{k: _finite(final.get(k, math.nan)) for k in ("test", "train", "validation")},
        }

    return search(
        objective,
        space,
        trials,
        rounds=rounds,
        halving=halving,
        rng=seed,
        conclude=conclude,
        **settings,
    )


def _finite(accuracy: float) -> float | None:
    """Return an accuracy for JSON: None if it is not finite."""
    return accuracy if math.isfinite(accuracy) else None
