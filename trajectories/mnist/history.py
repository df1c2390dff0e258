"""The history of a run: losses, accuracies and seconds, as plain data that saves and loads."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.arrays import from_plain, to_plain
from trajectories.frozen import Frozen, read_only
from trajectories.mnist.json_file import read_json, write_json
from trajectories.validation import floats, integers, must
from trajectories.versions import versions

__all__ = ["History", "versions"]

_FORMAT = "trajectories history 1"
_ARRAYS = ("loss", "iteration", "epoch", "seconds")


@dataclass(frozen=True, eq=False, repr=False)
class History(Frozen):
    """How a run of training went: the result of `Trainer.run`.

    There is a loss for every iteration, and a record for every so many: the first before any
    update, the last at the end of the run.

    Parameters
    ----------
    label : str
        What legends call it.
    loss : numpy.ndarray, shape (iterations,)
        The loss of each gradient pass, which is that before its update: on the batch, in
        training, penalty included.
    iteration : numpy.ndarray of int, shape (records,)
        How many updates there had been at each record.
    epoch : numpy.ndarray of int, shape (records,)
        How many epochs were complete: how often as many images as there are had been drawn.
    accuracy : dict of numpy.ndarray, shape (records,)
        Of each set of images that was asked for, by its name.
    seconds : numpy.ndarray, shape (records,)
        The time that training had taken, evaluation left out.
    diverged_at : int or None
        The first iteration, from 0, whose loss was not finite, or would not have been: there the
        run ended. None if there was none.
    settings : dict
        What was run: network, optimizer, batches, seed.
    versions : dict
        What it was run with.
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
        lost = self.diverged or not len(self.iteration)
        return {k: float("nan") if lost else float(v[-1]) for k, v in self.accuracy.items()}

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
        """Return the history as plain data, such as JSON can hold."""
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
        """Return the history that `to_dict` told of.

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
        """Show how long it was and how it ended."""
        if self.diverged:
            end = f"diverged at iteration {self.diverged_at}"
        else:
            loss = f"loss={self.loss[-1]:.4g}" if len(self.loss) else "no iteration"
            end = ", ".join([loss, *(f"{k}={v:.4g}" for k, v in self.final.items())])
        return f"History({self.label!r}, iterations={len(self.loss)}, {end})"

    def __eq__(self, other: object) -> bool:
        """Tell whether both runs went alike, bit for bit; seconds and versions do not count."""
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
