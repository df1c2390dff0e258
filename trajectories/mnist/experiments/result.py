"""What an experiment has found: runs and arrays, with all that its figure tells of."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trajectories.arrays import fingerprint, from_plain, to_plain
from trajectories.frozen import Frozen, read_only
from trajectories.mnist.history import History
from trajectories.mnist.json_file import read_json, write_json
from trajectories.validation import must
from trajectories.versions import versions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Result"]

_FORMAT = "trajectories experiment 1"


@dataclass(frozen=True, eq=False, repr=False)
class Result(Frozen):
    """What an experiment has found; the experiments return one.

    Its figures are drawn from it alone: nothing is trained again, and no images are needed.

    Parameters
    ----------
    experiment : str
        The experiment's name in `EXPERIMENTS`.
    data : dict
        The data set: its "name", how many images there are to "train" and to "test" on, their
        "shape", and a "sum" of all their bytes.
    settings : dict
        What was run, as JSON can hold it.
    seeds : tuple of int
        The seeds of the first weights and of the batches, one a run of each variant.
    quick : bool, default False
        Whether lengths were cut to see quickly that all works: the figures say so.
    runs : dict of tuple of History
        The runs of each variant by its label, one a seed.
    arrays : dict of numpy.ndarray
        What else was found, by name.
    versions : dict
        What it was run with.

    Examples
    --------
    >>> from trajectories.mnist.experiments import initial_weights
    >>> found = initial_weights("digits", iterations=20, seeds=1, workers=1)
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
        """What tells this experiment from others, before it is run."""
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
        told = [part for run in runs for part in (run.loss, *run.accuracy.values())]
        return fingerprint(*told, *self.arrays.values())

    def losses(self, label: str) -> NDArray[np.float64]:
        """Return the losses of a variant, shape (seeds, iterations); NaN after divergence."""
        return _stacked([run.loss for run in self.runs[label]])

    def records(self, label: str, what: str) -> NDArray[np.float64]:
        """Return what a variant's runs have recorded, NaN after divergence.

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
            Which of its figures, where there are several.
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
        """Return the result as plain data, such as JSON can hold."""
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
        """Return the result that `to_dict` told of.

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
        """Show the experiment, the data set, and how many runs there were."""
        count = len(self.seeds)
        several = f"{len(self.runs)} variants, " if self.runs else ""
        seeds = f"{count} seed{'' if count == 1 else 's'}"
        return f"Result({self.experiment!r} on {self.data['name']}: {several}{seeds})"

    def __eq__(self, other: object) -> bool:
        """Tell whether both found the same, bit for bit; seconds and versions do not count."""
        if not isinstance(other, Result):
            return NotImplemented
        mine, theirs = self.to_dict(), other.to_dict()
        alike = all(mine[k] == theirs[k] for k in mine if k not in ("runs", "versions"))
        return alike and list(self.runs.items()) == list(other.runs.items())

    __hash__ = None  # type: ignore[assignment]


def _stacked(rows: list[NDArray[Any]]) -> NDArray[np.float64]:
    """Return rows of different lengths as one array, with NaN behind the short ones."""
    whole = np.full((len(rows), max(map(len, rows))), np.nan)
    for place, row in zip(whole, rows, strict=True):
        place[: len(row)] = row
    return whole
