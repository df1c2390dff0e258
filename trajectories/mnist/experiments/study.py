"""A study: what all experiments do alike. Data, seeds, fair runs, and a result that is kept."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from json import dumps
from pathlib import Path
from typing import Any

from trajectories.atomic import check_target
from trajectories.mnist.checkpoint import check_sum
from trajectories.mnist.dataset import Dataset
from trajectories.mnist.experiments.arguments import seeds_of
from trajectories.mnist.experiments.result import Result
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.parallel import train_all
from trajectories.mnist.source import load
from trajectories.mnist.trainer import Trainer
from trajectories.validation import integer, must

__all__ = ["Study", "Variant", "described"]

#: First weights are drawn by [seed, this]; batches by the seed itself.
_WEIGHTS = 1


@dataclass(frozen=True)
class Variant:
    """One of the things that an experiment compares."""

    optimizer: Any = "sgd:lr=0.01"
    network: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[MultiLayerNet], object] | None = None


def described(data: Dataset) -> dict[str, Any]:
    """Return what results tell of a data set."""
    return {
        "name": data.name,
        "train": len(data.train_labels),
        "test": len(data.test_labels),
        "shape": list(data.shape),
        "sum": check_sum(data.train_images, data.train_labels, data.test_images, data.test_labels),
    }


class Study:
    """An experiment while it is run."""

    def __init__(
        self,
        experiment: str,
        data: Any,
        settings: Mapping[str, Any],
        *,
        seeds: int | Sequence[int] = 3,
        quick: bool = False,
        rng: Any = 0,
        workers: int | None = None,
        progress: bool = False,
        keep: str | os.PathLike[str] | None = None,
        reuse: bool = True,
    ) -> None:
        self.experiment, self.settings = experiment, dict(settings)
        self.quick, self.progress, self.reuse = bool(quick), progress, reuse
        self.seeds = seeds_of(rng, seeds)
        self.workers = None if workers is None else integer("workers", workers, 1)
        if self.workers is None and quick:
            self.workers = 1
        self.keep = None if keep is None else check_target(keep)
        if self.keep is not None and self.keep.suffix.lower() != ".json":
            raise must("keep", "a file name that ends in .json", os.fspath(self.keep))
        self._data = data if data is None or isinstance(data, Dataset) else load(data)

    @property
    def data(self) -> Dataset:
        """The images."""
        assert self._data is not None
        return self._data

    @cached_property
    def about(self) -> dict[str, Any]:
        """What the result tells of the data set."""
        return {"name": "N(0, 1)"} if self._data is None else described(self._data)

    def conclude(self, **found: Any) -> Result:
        """Return the result, and write it to its file if it has one."""
        result = Result(self.experiment, self.about, self.settings, self.seeds, self.quick, **found)
        if self.keep is not None and found:
            result.save(self.keep)
            shutil.rmtree(self._partial, ignore_errors=True)
        return result

    @cached_property
    def known(self) -> Result | None:
        """The result of the very same settings, if it is in the file already."""
        if self.keep is None or not self.reuse or not self.keep.exists():
            return None
        try:
            kept = Result.load(self.keep)
        except ValueError:
            return None
        return kept if kept.asked == self.conclude().asked else None

    @cached_property
    def _partial(self) -> Path:
        """The folder of what is finished before all is."""
        assert self.keep is not None
        told = zlib.crc32(dumps(self.conclude().asked, sort_keys=True).encode())
        return self.keep.with_name(f".{self.keep.stem}.{told:08x}.partial")

    def network(self, seed: int, **settings: Any) -> MultiLayerNet:
        """Return a new network for the images: equal seeds mean equal first weights."""
        hidden = self.settings["hidden"]
        made = [seed, _WEIGHTS]
        return MultiLayerNet(self.data.pixels, hidden, self.data.classes, rng=made, **settings)

    def trainers(
        self,
        variants: Mapping[str, Variant],
        data: Dataset,
        *,
        evaluate: Sequence[str] = ("test",),
        **how: Any,
    ) -> dict[str, list[Trainer]]:
        """Return a run of each variant for every seed: same first weights, same batches."""
        sets = {
            "train": (data.train_images, data.train_labels),
            "test": (data.test_images, data.test_labels),
        }
        if self.keep is not None:
            self._partial.mkdir(exist_ok=True)
        found: dict[str, list[Trainer]] = {}
        for number, (label, variant) in enumerate(variants.items()):
            found[label] = []
            for seed in self.seeds:
                network = self.network(seed, **variant.network)
                if variant.prepare is not None:
                    variant.prepare(network)
                place = None if self.keep is None else self._partial / f"{number}-{seed}.npz"
                trainer = Trainer(
                    network,
                    variant.optimizer,
                    *sets["train"],
                    scale=data.scale,
                    batch_size=self.settings["batch_size"],
                    rng=seed,
                    evaluate={name: sets[name] for name in evaluate},
                    checkpoint=place,
                    label=label,
                    **how,
                )
                found[label].append(trainer)
        return found

    def train(self, trainers: Mapping[str, Sequence[Trainer]]) -> dict[str, Any]:
        """Run all trainers, and return their histories as a result's runs."""
        # Seed by seed: if the machine is busy for a while, no variant has that in all its runs.
        every = [trainer for several in zip(*trainers.values(), strict=True) for trainer in several]
        train_all(every, workers=self.workers, progress=self.progress)
        return {label: tuple(t.history for t in several) for label, several in trainers.items()}

    def race(self, variants: Mapping[str, Variant], data: Dataset, **how: Any) -> dict[str, Any]:
        """Train each variant with every seed, and return a result's runs."""
        return self.train(self.trainers(variants, data, **how))

    def first(self, count: int) -> Dataset:
        """Return the data set with so many images to train on, or all if there are fewer."""
        return self.data.subset(min(count, len(self.data.train_labels)))
