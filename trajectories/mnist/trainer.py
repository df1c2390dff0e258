"""The trainer: minibatches, evaluation, checkpoints, several networks at once."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np

from trajectories.checks import POSITIVE, integer, must, scalar
from trajectories.files import passing_folder
from trajectories.mnist.data import RNG, Batches, as_rng, checked_examples
from trajectories.mnist.history import (
    History,
    Progress,
    State,
    bar,
    identity,
    load_state,
    read_checkpoint,
    settings_of,
    state_of,
    write_checkpoint,
)
from trajectories.mnist.layers import Array, flush_denormals
from trajectories.mnist.network import MultiLayerNet
from trajectories.optimizers import as_optimizer
from trajectories.optimizers.base import Optimizer
from trajectories.records import single_thread


@dataclass(frozen=True)
class EvaluationSchedule:
    """The epochs and records of a run."""

    images: int
    batch_size: int
    iterations: int
    every: int | str | None = "epoch"

    def __post_init__(self) -> None:
        """Check the numbers."""
        integer("batch_size", self.batch_size, 1)
        integer("iterations", self.iterations, 1)
        if isinstance(self.every, str) and self.every != "epoch":
            raise must("evaluate_every", "'epoch', a number of iterations or None", self.every)
        if self.every is not None and self.every != "epoch":
            integer("evaluate_every", self.every, 1)

    @classmethod
    def of(
        cls,
        images: int,
        batch_size: int,
        *,
        iterations: int | None,
        epochs: int | None,
        every: int | str | None,
    ) -> EvaluationSchedule:
        """Return the schedule of a run of so many iterations or epochs."""
        if (iterations is None) == (epochs is None):
            raise ValueError("Either `iterations` or `epochs` must be given, and not both.")
        if iterations is None:
            drawn = integer("epochs", epochs, 1) * images
            iterations = -(-drawn // integer("batch_size", batch_size, 1))
        return cls(images, batch_size, iterations, every)

    def epoch(self, iteration: int) -> int:
        """Return the complete epochs after so many iterations."""
        return iteration * self.batch_size // self.images

    def due(self, iteration: int) -> bool:
        """Tell whether a record is due after so many iterations."""
        if iteration in (0, self.iterations) or self.every is None:
            return iteration in (0, self.iterations)
        if isinstance(self.every, int):
            return iteration % self.every == 0
        return self.epoch(iteration) > self.epoch(iteration - 1)


#: Steps between two flushes of denormals in the optimizer's state.
_FLUSH = 100


class Trainer:
    """Trains a network with an optimizer, on batches drawn with replacement.

    Trainers with the same seed see the same batches, whatever else is different: races are fair
    if their networks have the same seed, too.

    Parameters
    ----------
    network : MultiLayerNet
        The network, trained in place.
    optimizer : Optimizer, str or type
        An optimizer or its spec string; a fresh copy of it trains.
    images : array_like, shape (rows, pixels)
        The training images, integers or floats.
    labels : array_like of int, shape (rows,)
        Their classes.
    scale : float, default 1
        The divisor of pixels, here and in `evaluate`: 255 for bytes.
    batch_size : int, default 100
        The number of images of a batch.
    iterations, epochs : int
        The length; one of the two. An epoch ends when as many images are drawn as there are.
    rng : int, numpy.random.Generator, numpy.random.RandomState or None
        Seed of the batches alone.
    evaluate : mapping of str to (images, labels), optional
        Sets of images whose accuracy is recorded by name, such as "train" and "test".
    evaluate_every : "epoch", int or None, default "epoch"
        When accuracies are recorded: at the end of each epoch, or after every so many iterations;
        and at the start and at the end, with None only then.
    snapshot_every : int, optional
        The iterations between two copies of the parameters, from the start on.
    checkpoint : str or os.PathLike, optional
        A file that `train` writes regularly, and resumes from if it exists.
    checkpoint_every : int, default 500
        The iterations between two checkpoints; there is one at the end, too.
    label : str, optional
        The name in legends; by default the optimizer's class.

    Attributes
    ----------
    optimizer : Optimizer
        The copy that trains.
    rng : numpy.random.Generator or numpy.random.RandomState
        The generator of the batches.
    batch : (numpy.ndarray, numpy.ndarray) or None
        The last batch, scaled, and its labels; valid until the next step.
    evaluations : EvaluationSchedule
        When accuracies are recorded.
    progress : Progress
        The records so far.
    settings : dict
        The settings of the run, as plain data for JSON.

    Notes
    -----
    Every hundred steps, values below 1e-30 in the optimizer's float32 state are set to 0: they
    have no effect any more, but slow steps down (see `flush_denormals`).

    Examples
    --------
    >>> from trajectories.mnist import load
    >>> data = load("digits")
    >>> network = MultiLayerNet(data.pixels, [50], data.classes, rng=0)
    >>> trainer = Trainer(
    ...     network, "adam:lr=0.01", data.train_images, data.train_labels, scale=data.scale,
    ...     epochs=5, rng=0, evaluate={"test": (data.test_images, data.test_labels)},
    ... )
    >>> history = trainer.train()
    >>> history.epoch, history.final["test"] > 0.8
    (array([0, 1, 2, 3, 4, 5]), True)
    """

    def __init__(
        self,
        network: MultiLayerNet,
        optimizer: Any,
        images: Any,
        labels: Any,
        *,
        scale: float = 1.0,
        batch_size: int = 100,
        iterations: int | None = None,
        epochs: int | None = None,
        rng: Any = None,
        evaluate: Mapping[str, tuple[Any, Any]] | None = None,
        evaluate_every: int | str | None = "epoch",
        snapshot_every: int | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 500,
        label: str | None = None,
    ) -> None:
        if not isinstance(network, MultiLayerNet):
            raise must("network", "a MultiLayerNet", network, kind=TypeError)
        self.network = network
        rule = as_optimizer(optimizer)
        if not isinstance(rule, Optimizer):
            raise must("optimizer", "one that needs no surface, to train a network", rule)
        self.optimizer: Optimizer = rule.fresh()
        self.label = type(rule).__name__ if label is None else str(label)
        ends = network.sizes[0], network.sizes[-1]
        self.images, self.labels = checked_examples((images, labels), *ends)
        if not isinstance(evaluate, (Mapping, NoneType)):
            raise must("evaluate", "pairs of images and labels by name", evaluate, kind=TypeError)
        self.evaluate = {
            str(name): checked_examples(pair, *ends, f"evaluate[{name!r}]")
            for name, pair in (evaluate or {}).items()
        }
        self.scale = scalar("scale", scale, POSITIVE)
        n, length = len(self.images), {"iterations": iterations, "epochs": epochs}
        self.evaluations = EvaluationSchedule.of(n, batch_size, **length, every=evaluate_every)
        every = None if snapshot_every is None else integer("snapshot_every", snapshot_every, 1)
        self.snapshot_every = every
        self.checkpoint = None if checkpoint is None else Path(checkpoint)
        self.checkpoint_every = integer("checkpoint_every", checkpoint_every, 1)
        self.rng = as_rng(rng)
        self.settings = settings_of(self, rng)
        self.progress = Progress(self.evaluations.iterations, self.evaluate)
        self._identity = None if self.checkpoint is None else identity(self)
        self.bind()

    def bind(self) -> None:
        """Bind the optimizer to the network's arrays, as is needed after its state is replaced."""
        self._batches = Batches(
            self.images,
            self.labels,
            batch_size=self.evaluations.batch_size,
            scale=self.scale,
            dtype=self.network.dtype,
            rng=self.rng,
        )
        self.batch: tuple[Array, Array] | None = None
        params, grads = {"all": self.network.flat_params}, {"all": self.network.flat_grads}
        self._update = self.optimizer.bind(params, grads)

    @property
    def iteration(self) -> int:
        """The number of updates so far."""
        return self.progress.iteration

    @property
    def snapshots(self) -> dict[int, Array]:
        """Copies of the parameters by iteration, if `snapshot_every` is set."""
        return self.progress.snapshots

    @property
    def history(self) -> History:
        """The history so far."""
        return self.progress.history(self.label, self.settings)

    @single_thread()
    def train(
        self, *, progress: bool = False, watch: Callable[[Trainer], object] | None = None
    ) -> History:
        """Train to the end, from the checkpoint if there is one, and return the history.

        An interrupted or killed run resumes from its last checkpoint when it is run again, here
        or in another process, with the same result, bit for bit. Matrix products use one thread:
        more of them would change the rounding of sums.

        Parameters
        ----------
        progress : bool, default False
            Whether to show a progress bar on stderr, if that is a terminal.
        watch : callable, optional
            Called with the trainer at the start and after every iteration, to read `batch`,
            `network.params` or `network.grads`, say. It must change nothing. After a record,
            `network.activations` are those of the evaluation: for others let a copy predict,
            ``copy.deepcopy(trainer.network)``, whose generator is its own.

        Raises
        ------
        OSError
            If the checkpoint cannot be read or written.
        ValueError
            If the checkpoint belongs to another run.
        """
        log, path = self.progress, self.checkpoint
        if path is not None and path.exists():
            read_checkpoint(path, self, self._identity or {})
        elif path is not None:  # To resume from if the first iterations are interrupted.
            write_checkpoint(path, self, self._identity or {})
        with bar(self.label, "iteration", self.evaluations.iterations, progress) as advance:
            self._observe_start()
            if watch is not None and not log.iteration:
                watch(self)
            advance(log.iteration)
            while not log.over:
                start = log.iteration
                self.step()
                if watch is not None and log.iteration > start:
                    watch(self)
                if path is not None and (log.over or log.iteration % self.checkpoint_every == 0):
                    write_checkpoint(path, self, self._identity or {})
                advance(log.iteration - start)
        return self.history

    def step(self) -> float:
        """Make one iteration, record what is due after it, and return its loss.

        A loss that is not finite ends the run: nothing is updated by it.

        Raises
        ------
        ValueError
            If the run is over.
        """
        log = self.progress
        if log.over:
            raise ValueError("The run is over. Make another Trainer to train on.")
        self._observe_start()
        begin = time.perf_counter()
        with np.errstate(all="ignore"):  # Overflow shows in the loss.
            self.batch = self._batches.draw()
            loss = self.network.gradient_pass(*self.batch)
            if not math.isfinite(loss):
                log.diverged_at = log.iteration
                return loss
            self._update()
        log.losses[log.iteration] = loss
        log.iteration += 1
        if log.iteration % _FLUSH == 0:
            flush_denormals(self.optimizer)
        log.seconds += time.perf_counter() - begin
        self._observe()
        return loss

    def _observe_start(self) -> None:
        if not self.progress.iteration and not self.progress.rows:
            self._observe()

    def _observe(self) -> None:
        """Record what is due after an iteration, or before the first."""
        log, every = self.progress, self.snapshot_every
        i = log.iteration
        if self.evaluations.due(i):
            self._record(i)
        finite = log.diverged_at is None
        if every and finite and (i % every == 0 or i == self.evaluations.iterations):
            log.snapshots[i] = self.network.flat_params.copy()

    def _record(self, i: int) -> None:
        """Record the accuracies, or the divergence."""
        log = self.progress
        with np.errstate(all="ignore"):
            scores = {
                name: self.network.accuracy(images, labels, scale=self.scale)
                for name, (images, labels) in self.evaluate.items()
            }
            diverged = any(map(math.isnan, scores.values()))
            if diverged or not np.isfinite(self.network.flat_params).all():
                log.diverged_at = i
                return
        log.rows.append((i, self.evaluations.epoch(i), log.seconds))
        for name, score in scores.items():
            log.accuracy[name].append(score)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the arrays of `bind`."""
        return {k: v for k, v in vars(self).items() if k not in ("_batches", "_update", "batch")}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        """Bind the optimizer to the arrays of the unpickled network."""
        vars(self).update(saved)
        self.bind()


def train_all(
    trainers: Sequence[Trainer], *, n_jobs: int | None = None, progress: bool = False
) -> list[History]:
    """Run trainers in several processes, and leave each as if it had run here.

    Networks, optimizers and generators return with their final state. The images are written to
    a temporary folder once, and shared by all processes.

    Parameters
    ----------
    trainers : sequence of Trainer
        The runs, each with its own network and generators: give them the same seed, not the same
        generator.
    n_jobs : int, optional
        The number of processes; by default that of processors, but at most that of runs. With 1
        all run here, one after the other.
    progress : bool, default False
        Whether to show a progress bar on stderr, if that is a terminal.

    Returns
    -------
    list of History
        In the order of the runs.

    Raises
    ------
    TypeError, ValueError
        If two runs share a network, a generator or a checkpoint; and as `Trainer.train`.

    Notes
    -----
    Two threads gain nothing on products of this size, and cost ten times as much while another
    process is busy: each worker has one, and so has a run in the calling process, until it ends.
    Results do not depend on the process.

    Examples
    --------
    >>> from trajectories.mnist import load
    >>> from trajectories.mnist import MultiLayerNet
    >>> data = load("digits")
    >>> trainers = [
    ...     Trainer(
    ...         MultiLayerNet(data.pixels, [20], data.classes, rng=0), rule, data.train_images,
    ...         data.train_labels, scale=data.scale, iterations=20, rng=0,
    ...     )
    ...     for rule in ("sgd", "adam")
    ... ]
    >>> [history.label for history in train_all(trainers, n_jobs=1)]
    ['SGD', 'Adam']
    """
    trainers = list(trainers)
    for trainer in trainers:
        if not isinstance(trainer, Trainer):
            raise must("trainers", "a list of Trainers", trainer, kind=TypeError)
    _check_separate(trainers)
    count = None if n_jobs is None else integer("n_jobs", n_jobs, 1)
    if count == 1 or len(trainers) < 2:
        with bar("training", "run", len(trainers), progress) as advance:
            for trainer in trainers:
                trainer.train()
                advance(1)
        return [trainer.history for trainer in trainers]
    from joblib import Parallel, cpu_count, delayed, parallel_config

    count = min(count or cpu_count(), len(trainers))
    with passing_folder() as folder:
        arrays = _MappedArrays(folder)
        with (
            parallel_config(backend="loky", n_jobs=count, inner_max_num_threads=1),
            bar("training", "run", len(trainers), progress) as advance,
        ):
            # joblib must not map arrays itself: parameters would be read-only. Nor must it receive
            # all runs at once: it fails to stop with many of them waiting.
            run = Parallel(return_as="generator", batch_size=1, max_nbytes=None)
            states = run([delayed(_run)(arrays.stored(trainer)) for trainer in trainers])
            for trainer, state in zip(trainers, states, strict=True):
                load_state(trainer, state)
                advance(1)
    return [trainer.history for trainer in trainers]


def _run(trainer: Trainer) -> State:
    trainer.train()
    return state_of(trainer)


def _check_separate(trainers: list[Trainer]) -> None:
    """Raise if two runs share state: results would depend on their order."""
    shared: dict[str, list[Any]] = {
        "a network": [id(trainer.network) for trainer in trainers],
        # One run may draw its batches and its masks with the same generator.
        "a generator": [
            bits for t in trainers for bits in {_bits_of(t.rng), _bits_of(t.network.rng)}
        ],
        "a checkpoint": [t.checkpoint.absolute() for t in trainers if t.checkpoint],
    }
    for what, ids in shared.items():
        if len(set(ids)) < len(ids):
            raise ValueError(
                f"`trainers` must share nothing that they change. Two of them have {what} in "
                "common; give them the same seed instead."
            )


def _bits_of(rng: RNG) -> int:
    """Return the identity of a generator's bits, which several generators may share."""
    return id(rng._bit_generator if isinstance(rng, np.random.RandomState) else rng.bit_generator)


class _MappedArrays:
    """A folder of arrays, each written once, which pickled trainers refer to by file name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[Any, _ArrayFile] = {}

    def stored(self, trainer: Trainer) -> Trainer:
        """Return a copy to be pickled, with its images in the folder."""
        copied = copy.copy(trainer)
        copied.images, copied.labels = self._store(trainer.images), self._store(trainer.labels)
        copied.evaluate = {
            name: (self._store(images), self._store(labels))
            for name, (images, labels) in trainer.evaluate.items()
        }
        return copied

    def _store(self, array: Array) -> Any:
        about = array.__array_interface__
        key = (about["data"][0], about["shape"], about["strides"], about["typestr"])
        if key not in self._files:
            path = self.folder / f"{len(self._files)}.npy"
            np.save(path, array)
            self._files[key] = _ArrayFile(path)
        return self._files[key]


class _ArrayFile:
    """Stands for an array in a file, which is mapped to memory when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return np.load, (self.path, "r")
