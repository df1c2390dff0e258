"""Histories of training, their progress bars and checkpoints."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trajectories.checks import floats, integer, integers, must
from trajectories.files import check_target, replacing, watched
from trajectories.mnist.data import rng_state, set_rng_state
from trajectories.mnist.layers import Array
from trajectories.optimizers import to_record
from trajectories.records import (
    Frozen,
    check_same,
    flat,
    from_plain,
    load_archive,
    read_json,
    read_only,
    refusal,
    to_plain,
    versions,
    write_json,
)

if TYPE_CHECKING:
    from trajectories.mnist.trainer import Trainer


@contextmanager
def bar(title: str, unit: str, total: int, progress: bool) -> Iterator[Callable[[int], object]]:
    """Show a progress bar on stderr, if that is a terminal, and remove it at the end."""
    if not progress:
        yield lambda count: None
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=title, unit=unit, disable=not watched(), leave=False) as display:
        yield display.update


_FORMAT = "trajectories history 1"
_ARRAYS = ("loss", "iteration", "epoch", "seconds")


@dataclass(frozen=True, eq=False, repr=False)
class History(Frozen):
    """The history of a run of training: the result of `Trainer.train`.

    There is a loss for every iteration, and a record for some: the first before any update, the
    last at the end of the run.

    Parameters
    ----------
    label : str
        The name in legends.
    loss : numpy.ndarray, shape (iterations,)
        The loss of each gradient pass, before its update: on the batch, in training, with
        penalty.
    iteration : numpy.ndarray of int, shape (records,)
        The number of updates at each record.
    epoch : numpy.ndarray of int, shape (records,)
        The number of complete epochs: drawn images divided by those of the data set.
    accuracy : dict of numpy.ndarray, shape (records,)
        The accuracy on each evaluated set of images, by its name.
    seconds : numpy.ndarray, shape (records,)
        The time of training, without evaluation.
    diverged_at : int or None
        The first iteration, from 0, whose loss was not finite, or would not have been: the run
        ended there. None if it did not diverge.
    settings : dict
        Network, optimizer, batches, seed.
    versions : dict
        The versions of the packages.
    """

    label: str
    loss: NDArray[np.float64]
    iteration: NDArray[np.int64]
    epoch: NDArray[np.int64]
    accuracy: dict[str, NDArray[np.float64]]
    seconds: NDArray[np.float64]
    diverged_at: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=versions)

    def __post_init__(self) -> None:
        """Check the shapes and make the arrays read-only."""
        for name in _ARRAYS:
            checked = integers if name in ("iteration", "epoch") else floats
            object.__setattr__(self, name, _read_only(name, getattr(self, name), checked))
        curves = {k: _read_only(f"accuracy[{k!r}]", v) for k, v in self.accuracy.items()}
        object.__setattr__(self, "accuracy", curves)
        rows = self.iteration.shape
        for name, array in {"epoch": self.epoch, "seconds": self.seconds, **curves}.items():
            if array.shape != rows:
                raise must(name, f"of shape {rows}, one for each record", array.shape)

    @property
    def diverged(self) -> bool:
        """Whether the loss stopped being finite."""
        return self.diverged_at is not None

    @property
    def final(self) -> dict[str, float]:
        """The accuracies of the last record by name; NaN if the run diverged."""
        missing = self.diverged or not len(self.iteration)
        return {k: float("nan") if missing else float(v[-1]) for k, v in self.accuracy.items()}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the history as JSON, which `load` reads back bit for bit.

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
    def load(cls, path: str | os.PathLike[str]) -> History:
        """Read what `save` wrote. The file is data: reading one runs no code.

        Raises
        ------
        OSError
            If it cannot be read.
        ValueError
            If it is no history.
        """
        return read_json(path, cls.from_dict, "history")

    def to_dict(self) -> dict[str, Any]:
        """Return the history as plain data for JSON."""
        return {
            "format": _FORMAT,
            "label": self.label,
            **{name: to_plain(getattr(self, name)) for name in _ARRAYS},
            "accuracy": {name: to_plain(curve) for name, curve in self.accuracy.items()},
            "diverged_at": self.diverged_at,
            "settings": self.settings,
            "versions": self.versions,
        }

    @classmethod
    def from_dict(cls, data: Any) -> History:
        """Return the history from what `to_dict` returned.

        Raises
        ------
        TypeError, ValueError
            If it is anything else.
        """
        if not isinstance(data, dict) or data.get("format") != _FORMAT:
            raise must("data", f"a record of the format {_FORMAT!r}", data)
        return cls(
            label=str(data["label"]),
            **{name: from_plain(name, data[name]) for name in _ARRAYS},
            accuracy={str(k): from_plain("accuracy", v) for k, v in data["accuracy"].items()},
            diverged_at=None if data["diverged_at"] is None else int(data["diverged_at"]),
            settings=dict(data["settings"]),
            versions=dict(data["versions"]),
        )

    def __repr__(self) -> str:
        """Show the iterations and the final loss and accuracies."""
        if self.diverged:
            end = f"diverged at iteration {self.diverged_at}"
        else:
            loss = f"loss={self.loss[-1]:.4g}" if len(self.loss) else "no iteration"
            end = ", ".join([loss, *(f"{k}={v:.4g}" for k, v in self.final.items())])
        return f"History({self.label!r}, iterations={len(self.loss)}, {end})"

    def __eq__(self, other: object) -> bool:
        """Tell whether two runs are equal, bit for bit, but for seconds and versions."""
        if not isinstance(other, History):
            return NotImplemented
        mine, theirs = self.to_dict(), other.to_dict()
        return all(mine[k] == theirs[k] for k in mine if k not in ("seconds", "versions"))

    __hash__ = None  # type: ignore[assignment]


def _read_only(
    name: str, value: Any, checked: Callable[[str, Any], NDArray[Any]] = floats
) -> NDArray[Any]:
    array = checked(name, value)
    if array.ndim != 1:
        raise must(name, "of one dimension", array.shape)
    return read_only(array)


class Progress:
    """The records of a run so far."""

    def __init__(self, iterations: int, names: Iterable[str]) -> None:
        self.iteration = 0
        self.seconds = 0.0
        self.losses: NDArray[np.float64] = np.zeros(iterations)
        self.rows: list[tuple[int, int, float]] = []
        self.accuracy: dict[str, list[float]] = {name: [] for name in names}
        self.snapshots: dict[int, Array] = {}
        self.diverged_at: int | None = None

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self.diverged_at is not None or self.iteration >= len(self.losses)

    def history(self, label: str, settings: dict[str, Any]) -> History:
        """Return the records as a `History`."""
        iteration, epoch, seconds = zip(*self.rows, strict=True) if self.rows else ((), (), ())
        return History(
            label=label,
            loss=self.losses[: self.iteration],
            iteration=np.array(iteration),
            epoch=np.array(epoch),
            accuracy={name: np.array(curve) for name, curve in self.accuracy.items()},
            seconds=np.array(seconds),
            diverged_at=self.diverged_at,
            settings=settings,
        )

    def state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return copies of all records: plain data for JSON, and arrays."""
        about = {
            "iteration": self.iteration,
            "seconds": self.seconds,
            "rows": list(self.rows),
            "accuracy": {name: list(curve) for name, curve in self.accuracy.items()},
            "snapshots": list(self.snapshots),
            "diverged_at": self.diverged_at,
        }
        arrays = {"losses": self.losses[: self.iteration].copy()}
        if self.snapshots:
            arrays["snapshots"] = np.stack(list(self.snapshots.values()))
        return about, arrays

    def load_state(self, about: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Continue from what `state` returned."""
        self.iteration = int(about["iteration"])
        self.seconds = float(about["seconds"])
        self.losses[: self.iteration] = arrays["losses"]
        self.rows = [(int(i), int(epoch), float(s)) for i, epoch, s in about["rows"]]
        self.accuracy = {
            name: [float(a) for a in about["accuracy"][name]] for name in self.accuracy
        }
        steps = about["snapshots"]
        copies: Iterable[Array] = arrays["snapshots"] if steps else ()
        self.snapshots = {int(i): np.array(p) for i, p in zip(steps, copies, strict=True)}
        self.diverged_at = None if about["diverged_at"] is None else int(about["diverged_at"])


_CHECKPOINT, _KIND = "trajectories checkpoint 1", "checkpoint"


class State(NamedTuple):
    """All that changes in a run: plain data, and arrays by "part/name"."""

    about: dict[str, Any]
    arrays: dict[str, Array]


def check_sum(*arrays: Array) -> str:
    """Return a checksum of arrays: CRC-32 of their bytes, one after the other."""
    total = 0
    for array in arrays:
        total = zlib.crc32(np.ascontiguousarray(array).data, total)
    return f"{total:08x}"


def settings_of(trainer: Trainer, seed: Any) -> dict[str, Any]:
    """Return the settings of a run as plain data for JSON."""
    try:
        optimizer = to_record(trainer.optimizer, own=True)
    except ValueError:  # Python functions cannot be recorded, but can be used.
        optimizer = {"name": trainer.optimizer.name, "repr": repr(trainer.optimizer)}
    evaluations = trainer.evaluations
    return {
        "network": trainer.network.settings,
        "optimizer": optimizer,
        "images": len(trainer.images),
        "scale": trainer.scale,
        "batch_size": evaluations.batch_size,
        "iterations": evaluations.iterations,
        "evaluate": {name: len(labels) for name, (_, labels) in trainer.evaluate.items()},
        "evaluate_every": evaluations.every,
        "seed": int(seed) if isinstance(seed, (int, np.integer)) else None,
    }


def identity(trainer: Trainer) -> dict[str, Any]:
    """Return what identifies a run before its first step: settings, data and start."""
    if trainer.checkpoint is not None:
        check_target(trainer.checkpoint)
    to_record(trainer.optimizer, own=True)
    pairs = [(trainer.images, trainer.labels), *trainer.evaluate.values()]
    generator = repr(rng_state(trainer.rng)).encode()
    return {
        **trainer.settings,
        "snapshot_every": trainer.snapshot_every,
        "data": check_sum(*(array for pair in pairs for array in pair)),
        "the first weights' sum": check_sum(trainer.network.flat_params),
        "the generator's sum": check_sum(np.frombuffer(generator, np.uint8)),
    }


def state_of(trainer: Trainer) -> State:
    """Return copies of all that changes in a run."""
    about, arrays = trainer.progress.state()
    parts = {
        "progress": arrays,
        "network": trainer.network.state(),
        "optimizer": trainer.optimizer.state(),
    }
    generators = {"rng": rng_state(trainer.rng), "network_rng": rng_state(trainer.network.rng)}
    named = {f"{part}/{k}": v for part, values in parts.items() for k, v in values.items()}
    return State({"progress": about, **generators}, named)


def load_state(trainer: Trainer, state: State) -> None:
    """Put a run and its network into what `state_of` returned."""
    about, arrays = state
    parts: dict[str, dict[str, Array]] = {"progress": {}, "network": {}, "optimizer": {}}
    for path, array in arrays.items():
        part, _, name = path.partition("/")
        parts[part][name] = array
    trainer.network.load_state(parts["network"])
    trainer.optimizer.load_state(parts["optimizer"])
    trainer.progress.load_state(about["progress"], parts["progress"])
    set_rng_state(trainer.rng, about["rng"])
    set_rng_state(trainer.network.rng, about["network_rng"])
    trainer.bind()


def write_checkpoint(
    path: str | os.PathLike[str], trainer: Trainer, run_identity: Mapping[str, Any]
) -> None:
    """Write a run to one file; an old one stays until the new one is complete."""
    about, arrays = state_of(trainer)
    text = json.dumps({"format": _CHECKPOINT, "identity": run_identity, **about})
    with replacing(path) as file:
        np.savez(file, about=np.array(text), **arrays)  # type: ignore[arg-type]


def read_checkpoint(
    path: str | os.PathLike[str], trainer: Trainer, run_identity: Mapping[str, Any]
) -> None:
    """Put a run into the state of its checkpoint."""

    def make(about: dict[str, Any], arrays: dict[str, Array]) -> tuple[dict[str, Any], State]:
        return flat(about["identity"]), State(about, arrays)

    stored, state = load_archive(path, _KIND, make, form=_CHECKPOINT)
    own = flat(json.loads(json.dumps(run_identity)))
    advice = "Choose another file, or delete it."
    check_same(path, "the checkpoint of another run", stored, own, advice)
    before = state_of(trainer)
    try:
        _check_shapes(trainer, state)
        load_state(trainer, state)
        _ = trainer.history  # Curves of different lengths are no history.
    except Exception as error:  # A file may hold anything; the state before is restored.
        load_state(trainer, before)
        raise refusal(path, _KIND, error) from error


def _check_shapes(trainer: Trainer, state: State) -> None:
    """Raise if an array has another shape: NumPy would broadcast some."""
    iteration, total = state.about["progress"]["iteration"], len(trainer.progress.losses)
    if integer("iteration", iteration, 0) > total:
        raise must("iteration", f"at most {total:,}", iteration)
    params = trainer.network.flat_params.shape
    for path, array in state.arrays.items():
        shape, required = array.shape, array.shape
        if path == "progress/losses":
            required = (iteration,)
        elif path == "progress/snapshots":
            required = (*shape[:1], *params)
        elif path.startswith("optimizer/") and shape:  # Else one number.
            required = params
        if shape != required:
            raise must(path, f"of shape {required}", shape)
