"""Experiments: their result, their arguments, and the networks they train."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trajectories.checks import integer, must
from trajectories.files import check_target
from trajectories.mnist.data import Dataset, as_rng
from trajectories.mnist.history import History, check_sum
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.source import FILES, cache_folder, is_whole, load
from trajectories.mnist.trainer import Trainer, train_all
from trajectories.records import (
    Frozen,
    fingerprint,
    from_plain,
    read_json,
    read_only,
    to_plain,
    versions,
    write_json,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def seeds_of(rng: Any, seeds: Any) -> tuple[int, ...]:
    """Return so many seeds."""
    if isinstance(seeds, Sequence) and not isinstance(seeds, str):
        numbers = tuple(integer("seeds", seed, 0) for seed in seeds)
        if not numbers or len(set(numbers)) < len(numbers):
            raise must("seeds", "at least one, and no two alike", seeds)
        return numbers
    seeds = integer("seeds", seeds, 1)
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool):
        first = integer("rng", rng, 0)
        return tuple(range(first, first + seeds))
    drawn = np.asarray(as_rng(rng).permutation(2**20)[:seeds])
    return tuple(int(seed) for seed in drawn)


def length(name: str, value: Any, default: int, least: int = 1) -> int:
    """Check a length or a count, or return its default."""
    return default if value is None else integer(name, value, least)


def at_hand() -> Dataset:
    """Load the images available without a download.

    Returns
    -------
    Dataset
        The data set in the folder that the environment's ``TRAJECTORIES_DATA`` names; if that is
        not set, MNIST if the cache is complete; and otherwise the 8 x 8 digits in the package.
        Figures show its name.

    Raises
    ------
    ValueError, OSError
        If the named folder holds no complete data set.
    """
    if os.environ.get("TRAJECTORIES_DATA"):
        return load("auto")
    folder = cache_folder()
    if folder is not None and all(is_whole(folder / file.name, file) for file in FILES):
        return load("mnist")
    return load("digits")


_FORMAT = "trajectories experiment 1"


@dataclass(frozen=True, eq=False, repr=False)
class Result(Frozen):
    """The result of an experiment.

    Figures are drawn from it alone, without training and without images.

    Parameters
    ----------
    experiment : str
        The experiment's name in `EXPERIMENTS`.
    data : dict
        The data set: its "name", the numbers of images in "train" and "test", their "shape", and a
        "sum" of all their bytes.
    settings : dict
        The settings, as plain data for JSON.
    seeds : tuple of int
        The seeds of the first weights and of the batches, one for each run of a variant.
    quick : bool, default False
        Whether lengths were cut for a quick check: the figures say so.
    runs : dict of tuple of History
        The runs of each variant by its label, one for each seed.
    arrays : dict of numpy.ndarray
        Other results, by name.
    versions : dict
        The versions of the packages.

    Examples
    --------
    >>> from trajectories.mnist.experiments import initial_weights
    >>> found = initial_weights("digits", iterations=20, seeds=1, n_jobs=1)
    >>> found
    Result('initial_weights' on digits: 3 variants, 1 seed)
    >>> found.losses("He").shape
    (1, 20)
    """

    experiment: str
    data: dict[str, Any]
    settings: dict[str, Any]
    seeds: tuple[int, ...]
    quick: bool = False
    runs: dict[str, tuple[History, ...]] = field(default_factory=dict)
    arrays: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=versions)

    def __post_init__(self) -> None:
        """Check that there is a run for each seed, and make the arrays read-only."""
        object.__setattr__(self, "seeds", tuple(self.seeds))
        object.__setattr__(self, "runs", {k: tuple(v) for k, v in self.runs.items()})
        for label, runs in self.runs.items():
            if len(runs) != len(self.seeds):
                raise must(f"runs[{label!r}]", f"{len(self.seeds)}, one for each seed", len(runs))
        arrays = {name: read_only(np.array(a, dtype=float)) for name, a in self.arrays.items()}
        object.__setattr__(self, "arrays", arrays)

    @property
    def asked(self) -> dict[str, Any]:
        """The settings that identify the experiment before it is run."""
        return {
            "experiment": self.experiment,
            "data": self.data,
            "settings": self.settings,
            "seeds": list(self.seeds),
            "quick": self.quick,
            "version": self.versions.get("trajectories"),
        }

    def digest(self) -> str:
        """Return a fingerprint of all losses, accuracies and arrays, bit for bit."""
        runs = [run for runs in self.runs.values() for run in runs]
        curves = [curve for run in runs for curve in (run.loss, *run.accuracy.values())]
        return fingerprint(*curves, *self.arrays.values())

    def losses(self, label: str) -> NDArray[np.float64]:
        """Return the losses of a variant, shape (seeds, iterations); NaN after divergence."""
        return _stacked([run.loss for run in self.runs[label]])

    def records(self, label: str, what: str) -> NDArray[np.float64]:
        """Return a record of a variant's runs, NaN after divergence.

        Parameters
        ----------
        label : str
            The variant.
        what : str
            "iteration", "epoch", "seconds", or a set of images, such as "test", for the accuracy.
        """
        plain = what in ("iteration", "epoch", "seconds")
        return _stacked([getattr(h, what) if plain else h.accuracy[what] for h in self.runs[label]])

    def draw(
        self,
        page: str | None = None,
        *,
        theme: str | None = None,
        size: tuple[int, int] | None = None,
    ) -> Figure:
        """Draw the experiment's figure; see `trajectories.mnist.figures.draw`.

        Parameters
        ----------
        page : str, optional
            The figure, if there are several.
        theme, size
            As for `draw`.
        """
        from trajectories.mnist.figures import draw

        return draw(self, page, theme=theme, size=size)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the result as JSON, which `load` reads back bit for bit.

        Parameters
        ----------
        path : str or os.PathLike
            Ends in ``.json``.

        Raises
        ------
        ValueError
            If the suffix is another one.
        OSError
            If the file cannot be written; an old one is then left as it was.
        """
        write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Result:
        """Read what `save` wrote. The file is data: reading one runs no code.

        Raises
        ------
        OSError
            If it cannot be read.
        ValueError
            If it is no result of an experiment.
        """
        return read_json(path, cls.from_dict, "experiment")

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data for JSON."""
        return {
            "format": _FORMAT,
            **{name: getattr(self, name) for name in ("experiment", "data", "settings")},
            "seeds": list(self.seeds),
            "quick": self.quick,
            "versions": self.versions,
            "runs": {label: [run.to_dict() for run in runs] for label, runs in self.runs.items()},
            "arrays": {name: to_plain(array) for name, array in self.arrays.items()},
        }

    @classmethod
    def from_dict(cls, data: Any) -> Result:
        """Return the result from what `to_dict` returned.

        Raises
        ------
        TypeError, ValueError
            If it is anything else.
        """
        if not isinstance(data, dict) or data.get("format") != _FORMAT:
            raise must("data", f"a record of the format {_FORMAT!r}", data)
        return cls(
            experiment=str(data["experiment"]),
            data=dict(data["data"]),
            settings=dict(data["settings"]),
            seeds=tuple(int(seed) for seed in data["seeds"]),
            quick=bool(data["quick"]),
            runs={
                str(label): tuple(map(History.from_dict, runs))
                for label, runs in data["runs"].items()
            },
            arrays={str(name): from_plain(name, array) for name, array in data["arrays"].items()},
            versions=dict(data["versions"]),
        )

    def __repr__(self) -> str:
        """Show the experiment, the data set, and the number of runs."""
        count = len(self.seeds)
        several = f"{len(self.runs)} variants, " if self.runs else ""
        seeds = f"{count} seed{'' if count == 1 else 's'}"
        return f"Result({self.experiment!r} on {self.data['name']}: {several}{seeds})"

    def __eq__(self, other: object) -> bool:
        """Tell whether two results are equal, bit for bit, but for seconds and versions."""
        if not isinstance(other, Result):
            return NotImplemented
        mine, theirs = self.to_dict(), other.to_dict()
        alike = all(mine[k] == theirs[k] for k in mine if k not in ("runs", "versions"))
        return alike and list(self.runs.items()) == list(other.runs.items())

    __hash__ = None  # type: ignore[assignment]


def _stacked(rows: list[NDArray[Any]]) -> NDArray[np.float64]:
    """Return rows of different lengths as one array, padded with NaN."""
    padded = np.full((len(rows), max(map(len, rows))), np.nan)
    for target, row in zip(padded, rows, strict=True):
        target[: len(row)] = row
    return padded


#: First weights are drawn from [seed, this], batches from the seed itself.
_WEIGHTS = 1


@dataclass(frozen=True)
class Variant:
    """A variant that an experiment compares with others."""

    optimizer: Any = "sgd:lr=0.01"
    network: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[MultiLayerNet], object] | None = None


def described(data: Dataset) -> dict[str, Any]:
    """Return the description of a data set in results."""
    return {
        "name": data.name,
        "train": len(data.train_labels),
        "test": len(data.test_labels),
        "shape": list(data.shape),
        "sum": check_sum(data.train_images, data.train_labels, data.test_images, data.test_labels),
    }


class Study:
    """An experiment while it runs."""

    def __init__(
        self,
        experiment: str,
        data: Any,
        settings: Mapping[str, Any],
        seeds: int | Sequence[int] = 3,
        quick: bool = False,
        rng: Any = 0,
        n_jobs: int | None = None,
        progress: bool = False,
        keep: str | os.PathLike[str] | None = None,
        reuse: bool = True,
    ) -> None:
        self.experiment, self.settings = experiment, dict(settings)
        self.quick, self.progress, self.reuse = bool(quick), progress, reuse
        self.seeds = seeds_of(rng, seeds)
        self.n_jobs = None if n_jobs is None else integer("n_jobs", n_jobs, 1)
        if self.n_jobs is None and quick:
            self.n_jobs = 1
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
        """The description of the data set in the result."""
        return {"name": "N(0, 1)"} if self._data is None else described(self._data)

    def conclude(self, **parts: Any) -> Result:
        """Return the result, and write it to its file if it has one."""
        result = Result(self.experiment, self.about, self.settings, self.seeds, self.quick, **parts)
        if self.keep is not None and parts:
            result.save(self.keep)
            shutil.rmtree(self._partial, ignore_errors=True)
        return result

    @cached_property
    def stored(self) -> Result | None:
        """The result of the same settings, if the file has it already."""
        if self.keep is None or not self.reuse or not self.keep.exists():
            return None
        try:
            result = Result.load(self.keep)
        except ValueError:
            return None
        return result if result.asked == self.conclude().asked else None

    @cached_property
    def _partial(self) -> Path:
        """The folder of the checkpoints until all runs are finished."""
        assert self.keep is not None
        digest = zlib.crc32(dumps(self.conclude().asked, sort_keys=True).encode())
        return self.keep.with_name(f".{self.keep.stem}.{digest:08x}.partial")

    def network(self, seed: int, **settings: Any) -> MultiLayerNet:
        """Return a new network for the images: equal seeds mean equal first weights."""
        sizes = self.data.pixels, self.settings["hidden"], self.data.classes
        return MultiLayerNet(*sizes, rng=[seed, _WEIGHTS], **settings)

    def trainers(
        self,
        variants: Mapping[str, Variant],
        data: Dataset,
        *,
        evaluate: Sequence[str] = ("test",),
        **config: Any,
    ) -> dict[str, list[Trainer]]:
        """Return a run of each variant for every seed, with the same first weights and batches."""
        sets = {
            "train": (data.train_images, data.train_labels),
            "test": (data.test_images, data.test_labels),
        }
        if self.keep is not None:
            self._partial.mkdir(exist_ok=True)
        trainers: dict[str, list[Trainer]] = {}
        for number, (label, variant) in enumerate(variants.items()):
            trainers[label] = []
            for seed in self.seeds:
                network = self.network(seed, **variant.network)
                if variant.prepare is not None:
                    variant.prepare(network)
                checkpoint = None if self.keep is None else self._partial / f"{number}-{seed}.npz"
                trainer = Trainer(
                    network,
                    variant.optimizer,
                    *sets["train"],
                    scale=data.scale,
                    batch_size=self.settings["batch_size"],
                    rng=seed,
                    evaluate={name: sets[name] for name in evaluate},
                    checkpoint=checkpoint,
                    label=label,
                    **config,
                )
                trainers[label].append(trainer)
        return trainers

    def train(self, trainers: Mapping[str, Sequence[Trainer]]) -> dict[str, Any]:
        """Run all trainers, and return their histories as a result's runs."""
        # Seed by seed, so that a busy machine does not slow down all runs of one variant.
        every = [trainer for several in zip(*trainers.values(), strict=True) for trainer in several]
        train_all(every, n_jobs=self.n_jobs, progress=self.progress)
        return {label: tuple(t.history for t in several) for label, several in trainers.items()}

    def race(self, variants: Mapping[str, Variant], data: Dataset, **config: Any) -> dict[str, Any]:
        """Train each variant with every seed, and return a result's runs."""
        return self.train(self.trainers(variants, data, **config))

    def first(self, count: int) -> Dataset:
        """Return the data set with so many training images, or all if there are fewer."""
        return self.data.subset(min(count, len(self.data.train_labels)))
