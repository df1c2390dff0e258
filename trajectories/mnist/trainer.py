"""The trainer: lets an optimizer train a network, and records how it went."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np

from trajectories.mnist.bar import bar
from trajectories.mnist.batches import Batches, checked_examples
from trajectories.mnist.calendar import Calendar
from trajectories.mnist.checkpoint import identity, read_checkpoint, settings_of, write_checkpoint
from trajectories.mnist.denormals import flush_denormals
from trajectories.mnist.draws import as_rng
from trajectories.mnist.history import History
from trajectories.mnist.layers import Array
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.progress import Progress
from trajectories.optimizers import Optimizer, as_optimizer
from trajectories.threads import single_thread
from trajectories.validation import POSITIVE, integer, must, scalar

__all__ = ["Trainer"]

#: After so many steps, what the optimizer remembers is rid of denormals.
_FLUSH = 100


class Trainer:
    """Trains a network with an optimizer, on batches drawn with replacement.

    Trainers that are given the same seed see the same batches, whatever else is different: races
    are fair if their networks, too, were made with one seed.

    Parameters
    ----------
    network : MultiLayerNet
        What is trained, in place.
    optimizer : Optimizer, str or type
        An optimizer or its spec string; an unused copy of it trains.
    images : array_like, shape (rows, pixels)
        The images to train on, integers or floats.
    labels : array_like of int, shape (rows,)
        Their classes.
    scale : float, default 1
        What pixels are divided by, here and in `evaluate`: 255 for bytes.
    batch_size : int, default 100
        How many images make a batch.
    iterations, epochs : int
        How long to train; one of the two. An epoch is over when as many images as there are
        have been drawn.
    rng : int, numpy.random.Generator, numpy.random.RandomState or None
        Seed of the batches, and of nothing else.
    evaluate : mapping of str to (images, labels), optional
        Sets of images whose accuracy is recorded by name, such as "train" and "test".
    evaluate_every : "epoch", int or None, default "epoch"
        When there are records: at the end of each epoch, or after every so many iterations; at
        the start and at the end there is one in any case, with None only these.
    snapshot_every : int, optional
        After how many iterations, from the start on, to keep a copy of the parameters.
    checkpoint : str or os.PathLike, optional
        A file that `run` writes now and then, and goes on from if it is there.
    checkpoint_every : int, default 500
        After how many iterations it is written; at the end it is in any case.
    label : str, optional
        What legends call the run; by default the optimizer's class.

    Attributes
    ----------
    optimizer : Optimizer
        The copy that trains.
    rng : numpy.random.Generator or numpy.random.RandomState
        What draws the batches.
    batch : (numpy.ndarray, numpy.ndarray) or None
        The last batch, scaled, and its labels; valid until the next step.
    calendar : Calendar
        When there are records.
    progress : Progress
        How far it has come.
    settings : dict
        What is run, as JSON can hold it.

    Notes
    -----
    Every hundred steps, what the optimizer remembers in float32 and is smaller than 1e-30 is set
    to 0: it has no effect any more, but makes steps slow (see `flush_denormals`).

    Examples
    --------
    >>> from trajectories.mnist.digits import digits
    >>> data = digits()
    >>> network = MultiLayerNet(data.pixels, [50], data.classes, rng=0)
    >>> trainer = Trainer(
    ...     network, "adam:lr=0.01", data.train_images, data.train_labels, scale=data.scale,
    ...     epochs=5, rng=0, evaluate={"test": (data.test_images, data.test_labels)},
    ... )
    >>> history = trainer.run()
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
        self.calendar = Calendar.of(n, batch_size, **length, every=evaluate_every)
        every = None if snapshot_every is None else integer("snapshot_every", snapshot_every, 1)
        self.snapshot_every = every
        self.checkpoint = None if checkpoint is None else Path(checkpoint)
        self.checkpoint_every = integer("checkpoint_every", checkpoint_every, 1)
        self.rng = as_rng(rng)
        self.settings = settings_of(self, rng)
        self.progress = Progress(self.calendar.iterations, self.evaluate)
        self._identity = None if self.checkpoint is None else identity(self)
        self.bind()

    def bind(self) -> None:
        """Tie the optimizer to the network's arrays; to be called if its state was replaced."""
        self._batches = Batches(
            self.images,
            self.labels,
            batch_size=self.calendar.batch_size,
            scale=self.scale,
            dtype=self.network.dtype,
            rng=self.rng,
        )
        self.batch: tuple[Array, Array] | None = None
        params, grads = {"all": self.network.flat_params}, {"all": self.network.flat_grads}
        self._update = self.optimizer.bind(params, grads)

    @property
    def iteration(self) -> int:
        """How many updates there have been."""
        return self.progress.iteration

    @property
    def snapshots(self) -> dict[int, Array]:
        """Copies of the parameters by iteration, if `snapshot_every` asked for them."""
        return self.progress.snapshots

    @property
    def history(self) -> History:
        """How it has gone so far."""
        return self.progress.history(self.label, self.settings)

    @single_thread()
    def run(
        self, *, progress: bool = False, watch: Callable[[Trainer], object] | None = None
    ) -> History:
        """Train to the end, from the checkpoint if there is one, and return how it went.

        A run that is interrupted, or whose process is killed, goes on from its last checkpoint
        when it is run again, here or in another process, and ends bit for bit where it would
        have ended. One thread computes matrix products meanwhile: with more of them sums would be
        rounded otherwise.

        Parameters
        ----------
        progress : bool, default False
            Whether to show a progress bar on stderr, if that is a terminal.
        watch : callable, optional
            Called with the trainer at the start and after every iteration, for whatever else is
            to be looked at: `batch`, `network.params` or `network.grads`, say. It must change
            nothing. After a record, `network.activations` are those of the evaluation: for others
            let a twin predict, ``copy.deepcopy(trainer.network)``, whose generator is its own.

        Raises
        ------
        OSError
            If the checkpoint cannot be read or written.
        ValueError
            If it is that of another run.
        """
        done, path = self.progress, self.checkpoint
        if path is not None and path.exists():
            read_checkpoint(path, self, self._identity or {})
        elif path is not None:  # Something to go on from, should the first iterations be stopped.
            write_checkpoint(path, self, self._identity or {})
        with bar(self.label, "iteration", self.calendar.iterations, progress) as advance:
            self._observe_start()
            if watch is not None and not done.iteration:
                watch(self)
            advance(done.iteration)
            while not done.over:
                before = done.iteration
                self.step()
                if watch is not None and done.iteration > before:
                    watch(self)
                if path is not None and (done.over or done.iteration % self.checkpoint_every == 0):
                    write_checkpoint(path, self, self._identity or {})
                advance(done.iteration - before)
        return self.history

    def step(self) -> float:
        """Make one iteration, record what is due after it, and return its loss.

        A loss that is not finite ends the run: nothing is updated by it.

        Raises
        ------
        ValueError
            If the run is over.
        """
        done = self.progress
        if done.over:
            raise ValueError("The run is over. Make another Trainer to train on.")
        self._observe_start()
        begin = time.perf_counter()
        with np.errstate(all="ignore"):  # What overflows is found in the loss.
            self.batch = self._batches.draw()
            loss = self.network.gradient_pass(*self.batch)
            if not math.isfinite(loss):
                done.diverged_at = done.iteration
                return loss
            self._update()
        done.losses[done.iteration] = loss
        done.iteration += 1
        if done.iteration % _FLUSH == 0:
            flush_denormals(self.optimizer)
        done.seconds += time.perf_counter() - begin
        self._observe()
        return loss

    def _observe_start(self) -> None:
        if not self.progress.iteration and not self.progress.rows:
            self._observe()

    def _observe(self) -> None:
        """Record what is due after an iteration, or before the first."""
        done, every = self.progress, self.snapshot_every
        i = done.iteration
        if self.calendar.due(i):
            self._record(i)
        whole = done.diverged_at is None  # Of what is lost there is nothing to look at.
        if every and whole and (i % every == 0 or i == self.calendar.iterations):
            done.snapshots[i] = self.network.flat_params.copy()

    def _record(self, i: int) -> None:
        """Record the accuracies, or that there are none any more."""
        done = self.progress
        with np.errstate(all="ignore"):
            scores = {
                name: self.network.accuracy(images, labels, scale=self.scale)
                for name, (images, labels) in self.evaluate.items()
            }
            lost = any(map(math.isnan, scores.values()))
            if lost or not np.isfinite(self.network.flat_params).all():
                done.diverged_at = i
                return
        done.rows.append((i, self.calendar.epoch(i), done.seconds))
        for name, score in scores.items():
            done.accuracy[name].append(score)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what `bind` makes."""
        return {k: v for k, v in vars(self).items() if k not in ("_batches", "_update", "batch")}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        """Tie the optimizer to the arrays of the network that came along."""
        vars(self).update(saved)
        self.bind()
