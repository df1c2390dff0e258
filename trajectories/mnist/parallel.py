"""Several runs in several processes, each with one thread for its matrix products."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trajectories.atomic import passing_folder
from trajectories.mnist.bar import bar
from trajectories.mnist.checkpoint import State, load_state, state_of
from trajectories.mnist.draws import RNG
from trajectories.mnist.history import History
from trajectories.mnist.layers import Array
from trajectories.mnist.trainer import Trainer
from trajectories.validation import integer, must

__all__ = ["train_all"]


def train_all(
    trainers: Sequence[Trainer], *, workers: int | None = None, progress: bool = False
) -> list[History]:
    """Run trainers in several processes, and leave each as if it had been run here.

    Networks, optimizers and generators come back as they are at the end. The images are written
    to a temporary folder once, and shared by all processes.

    Parameters
    ----------
    trainers : sequence of Trainer
        The runs. Each has a network and generators of its own: give them the same seed, not the
        same generator.
    workers : int, optional
        In how many processes; by default as many as there are processors, but no more than
        runs. With 1 all run here, one after the other.
    progress : bool, default False
        Whether to show a progress bar on stderr, if that is a terminal.

    Returns
    -------
    list of History
        In the order of the runs.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it must be, if two runs share what they change, or whatever
        `Trainer.run` raises.

    Notes
    -----
    Two threads gain nothing on products of this size, and cost ten times as much while another
    process is busy: each worker has one, and so has a run in the process that calls, which has as
    many as it began with afterwards. Results are the same wherever they are computed.

    Examples
    --------
    >>> from trajectories.mnist.digits import digits
    >>> from trajectories.mnist.network import MultiLayerNet
    >>> data = digits()
    >>> trainers = [
    ...     Trainer(
    ...         MultiLayerNet(data.pixels, [20], data.classes, rng=0), rule, data.train_images,
    ...         data.train_labels, scale=data.scale, iterations=20, rng=0,
    ...     )
    ...     for rule in ("sgd", "adam")
    ... ]
    >>> [history.label for history in train_all(trainers, workers=1)]
    ['SGD', 'Adam']
    """
    trainers = list(trainers)
    for trainer in trainers:
        if not isinstance(trainer, Trainer):
            raise must("trainers", "a list of Trainers", trainer, kind=TypeError)
    _check_apart(trainers)
    count = None if workers is None else integer("workers", workers, 1)
    if count == 1 or len(trainers) < 2:
        with bar("training", "run", len(trainers), progress) as advance:
            for trainer in trainers:
                trainer.run()
                advance(1)
        return [trainer.history for trainer in trainers]
    from joblib import Parallel, cpu_count, delayed, parallel_config

    count = min(count or cpu_count(), len(trainers))
    with passing_folder() as folder:
        shelf = _Shelf(folder)
        with (
            parallel_config(backend="loky", n_jobs=count, inner_max_num_threads=1),
            bar("training", "run", len(trainers), progress) as advance,
        ):
            # joblib must not map arrays by itself: it would map parameters, to be read only. Nor
            # must it be sent all at once: what still waits when all is stopped makes it stumble.
            run = Parallel(return_as="generator", batch_size=1, max_nbytes=None)
            states = run([delayed(_ran)(shelf.sent(trainer)) for trainer in trainers])
            for trainer, state in zip(trainers, states, strict=True):
                load_state(trainer, state)
                advance(1)
    return [trainer.history for trainer in trainers]


def _ran(trainer: Trainer) -> State:
    trainer.run()
    return state_of(trainer)


def _check_apart(trainers: list[Trainer]) -> None:
    """Raise if two runs change the same thing: the result would depend on who comes first."""
    shared: dict[str, list[Any]] = {
        "a network": [id(trainer.network) for trainer in trainers],
        # One run may draw its batches and its masks with the same generator.
        "a generator": [
            bits for t in trainers for bits in {_bits_of(t.rng), _bits_of(t.network.rng)}
        ],
        "a checkpoint": [t.checkpoint.absolute() for t in trainers if t.checkpoint],
    }
    for what, things in shared.items():
        if len(set(things)) < len(things):
            raise ValueError(
                f"`trainers` must share nothing that they change. Two of them have {what} in "
                "common; give them the same seed instead."
            )


def _bits_of(rng: RNG) -> int:
    """Tell what a generator draws from, which several may share."""
    return id(rng._bit_generator if isinstance(rng, np.random.RandomState) else rng.bit_generator)


class _Shelf:
    """A folder of arrays, each written once, which trainers take along as file names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: dict[Any, _Stored] = {}

    def sent(self, trainer: Trainer) -> Trainer:
        """Return a trainer to be pickled, with its images on the shelf."""
        twin = copy.copy(trainer)
        twin.images, twin.labels = self._put(trainer.images), self._put(trainer.labels)
        twin.evaluate = {
            name: (self._put(images), self._put(labels))
            for name, (images, labels) in trainer.evaluate.items()
        }
        return twin

    def _put(self, array: Array) -> Any:
        about = array.__array_interface__
        key = (about["data"][0], about["shape"], about["strides"], about["typestr"])
        if key not in self._kept:
            path = self.folder / f"{len(self._kept)}.npy"
            np.save(path, array)
            self._kept[key] = _Stored(path)
        return self._kept[key]


class _Stored:
    """Stands for an array in a file, and becomes a map of that when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return np.load, (self.path, "r")
