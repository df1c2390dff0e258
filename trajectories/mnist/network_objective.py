"""What a search for a network's hyperparameters tries: short runs, judged on validation data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from trajectories.mnist.checkpoint import check_sum, load_state, state_of
from trajectories.mnist.dataset import Split
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.network_settings import checked_settings
from trajectories.mnist.parameters import checked_widths
from trajectories.mnist.trainer import Trainer
from trajectories.names import unknown
from trajectories.optimizers import Optimizer, as_optimizer
from trajectories.optimizers.record import to_record
from trajectories.search.descents import with_params
from trajectories.search.objective import Objective, Report
from trajectories.validation import integer, must

__all__ = ["NETWORK_NAMES", "WIDTH", "NetworkObjective"]

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
        last = -(-until * len(trainer.images) // trainer.calendar.batch_size)
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
