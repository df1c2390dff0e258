"""Tuning: the best learning rate of each optimizer; ensembles of seeds and starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.checks import NON_NEGATIVE, POSITIVE, floats, integer, must, scalar
from trajectories.descent import compare, descend
from trajectories.maps.cells import (
    Settings,
    checked_block,
    checked_label,
    generator,
    map_settings,
    work_of,
)
from trajectories.maps.sensitivity import STATUSES, status_of
from trajectories.records import Remake, fingerprint, from_plain, remakes, to_plain
from trajectories.surfaces.catalogue import as_surface
from trajectories.surfaces.surface import Surface
from trajectories.trajectory import Trajectory

Array = NDArray[np.float64]
#: The most recorded steps of a path, besides the first.
_ROWS = 400


@dataclass(frozen=True, eq=False)
class Tuned:
    """The results of all learning rates of one optimizer.

    Parameters
    ----------
    settings : Settings
        Surface, start, steps, and the optimizer with its own learning rate.
    label : str
        The name in legends.
    rates : numpy.ndarray, shape (trials,)
        The learning rates, in ascending order.
    tried : Trajectory
        The paths, of the batch shape (trials,); long ones without all their steps.

    Examples
    --------
    >>> from trajectories import tune
    >>> trial = tune("sphere", ["sgd"], steps=5, trials=10).tuned[0]
    >>> trial.label, trial.rates.shape
    ('SGD', (10,))
    """

    settings: Settings
    label: str
    rates: Array
    tried: Trajectory

    @classmethod
    def of(cls, settings: Settings, label: str, rates: Array) -> Tuned:
        """Try learning rates.

        Parameters
        ----------
        settings : Settings
            Surface, start, steps, and the optimizer with its own learning rate.
        label : str
            The name in legends.
        rates : numpy.ndarray, shape (trials,)
            The learning rates, in ascending order.
        """
        every = -(-settings.steps // _ROWS)
        tried = settings.descend(settings.optimizer.fresh(lr=rates), record=every)
        return cls(settings, label, rates, tried)

    @property
    def values(self) -> Array:
        """F after the last step for each rate, shape (trials,); NaN where it diverged."""
        return np.asarray(self.tried.values[-1])

    @property
    def status(self) -> NDArray[np.str_]:
        """How each path ended, shape (trials,): as in `Sensitivity`."""
        return STATUSES[status_of(self.tried)]

    @cached_property
    def best_index(self) -> int:
        """The index of the lowest value; of the smallest rate if all diverged."""
        values = np.where(np.isnan(self.values), np.inf, self.values)
        return int(np.argmin(values))

    @property
    def best_rate(self) -> float:
        """The learning rate with the lowest value."""
        return float(self.rates[self.best_index])

    @property
    def at_edge(self) -> bool:
        """Whether the best rate is the first or the last: the range may have been too narrow."""
        return self.best_index in (0, len(self.rates) - 1)

    @cached_property
    def best(self) -> Trajectory:
        """The path with the best rate, all its steps."""
        if self.settings.is_random:  # Random numbers were drawn for all rates together.
            batch = self.settings.optimizer.fresh(lr=self.rates)
            return self._labelled(self.settings.descend(batch)[self.best_index])
        return self.path(self.best_rate)

    @cached_property
    def default(self) -> Trajectory:
        """The path of the given optimizer, with its own learning rate."""
        return self._labelled(self.settings.descend())

    def path(self, lr: float) -> Trajectory:
        """Return the path with another learning rate, all its steps."""
        return self._labelled(self.settings.descend(self.settings.optimizer.fresh(lr=lr)))

    def _labelled(self, path: Trajectory) -> Trajectory:
        return replace(path, label=self.label)


@dataclass(frozen=True, eq=False)
class Tuning:
    """The same trials of learning rates for several optimizers, and their results.

    Parameters
    ----------
    tuned : tuple of Tuned
        One for each optimizer.
    trials : int
        The number of learning rates of each.
    range : (float, float)
        The least and the greatest possible learning rate.
    drawn : bool
        Whether the rates were drawn at random, and not laid out evenly.

    Examples
    --------
    >>> race = tune("x**2/20 + y**2", ["sgd", "adam"], trials=16, steps=40, start=(-7, 2))
    >>> [(trial.label, round(trial.best_rate, 2)) for trial in race.tuned]
    [('SGD', 0.46), ('Adam', 1.0)]
    """

    tuned: tuple[Tuned, ...]
    trials: int
    range: tuple[float, float]
    drawn: bool

    @property
    def surface(self) -> Surface:
        """The surface."""
        return self.tuned[0].settings.surface

    @property
    def best(self) -> list[Trajectory]:
        """Each optimizer's path with its best learning rate."""
        return [trial.best for trial in self.tuned]

    @property
    def default(self) -> list[Trajectory]:
        """Each optimizer's path with its own learning rate."""
        return [trial.default for trial in self.tuned]

    def times(self, factor: float) -> list[Trajectory]:
        """Return each optimizer's path with a multiple of its best learning rate.

        Parameters
        ----------
        factor : float
            Positive.
        """
        factor = scalar("factor", factor, POSITIVE)
        return [trial.path(factor * trial.best_rate) for trial in self.tuned]

    @property
    def ranking(self) -> list[tuple[str, float, float]]:
        """Label, best learning rate and f after the last step, lowest f first."""
        rows = [
            (trial.label, trial.best_rate, float(trial.values[trial.best_index]))
            for trial in self.tuned
        ]
        return sorted(rows, key=lambda row: (np.isnan(row[2]), row[2]))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings of the race as plain data for JSON.

        Raises
        ------
        ValueError
            If a learning rate is a Python function.
        """
        return {
            "tuned": [
                {
                    "settings": trial.settings.to_dict(),
                    "label": trial.label,
                    "rates": to_plain(trial.rates),
                }
                for trial in self.tuned
            ],
            "range": list(self.range),
            "drawn": self.drawn,
        }

    def digest(self) -> str:
        """Return a fingerprint of the values of all learning rates, bit for bit."""
        return fingerprint(*(trial.tried.values for trial in self.tuned))

    def __repr__(self) -> str:
        """Show the trials and the best of each optimizer."""
        low, high = self.range
        kind = "drawn" if self.drawn else "evenly spaced"
        best = ", ".join(
            f"{label} {value:.3g} at {rate:.3g}" for label, rate, value in self.ranking
        )
        return f"Tuning({self.trials} rates each, {kind} from {low:g} to {high:g}; {best})"


def tune(
    surface: Any,
    optimizers: Iterable[Any] | Mapping[str, Any],
    start: ArrayLike | None = None,
    steps: int = 100,
    *,
    trials: int = 40,
    lr: Sequence[float] = (1e-4, 10.0),
    draw: bool = False,
    noise: float = 0.0,
    rng: Any = None,
    tolerance: float | None = None,
) -> Tuning:
    """Try the same number of learning rates with each optimizer, and keep the best.

    Best is the lowest f after the last step. The rates of an optimizer run as one batch.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    optimizers : iterable, or mapping of str
        Optimizers, spec strings or classes; a mapping gives their labels too.
    start : array_like, shape (2,), optional
        By default the surface's own.
    steps : int, default 100
        The number of updates.
    trials : int, default 40
        The number of learning rates for each optimizer.
    lr : (float, float), default (0.0001, 10)
        The least and the greatest learning rate, the same for all.
    draw : bool, default False
        Whether to draw the rates at random, separately for each optimizer; by default they are
        at equal ratios, the same for all.
    noise : float, default 0
        The standard deviation of Gaussian noise added to each component of each gradient.
    rng : int, numpy.random.Generator or None
        Seed of noise, minibatches and drawn rates.
    tolerance : float, optional
        As for `descend`.

    Notes
    -----
    The race is fair in the number of learning rates, in the range they come from, and in the
    steps. All other hyperparameters keep their values. Rates at equal ratios, or drawn
    evenly on a logarithmic scale, treat each power of ten alike (Bergstra and Bengio 2012, Random
    search for hyper-parameter optimization, JMLR 13).

    Examples
    --------
    >>> tuning = tune("beale", ["sgd", "adam"], steps=50)
    >>> [(trial.label, round(trial.best_rate, 4)) for trial in tuning.tuned]
    [('SGD', 0.0661), ('Adam', 0.5223)]
    """
    surface = as_surface(surface)
    trials = integer("trials", trials, 2)
    low, high = _range(lr)
    named = compare(surface, optimizers, steps=1)
    random = generator(rng)
    seed = int(random.integers(2**63))
    common: dict[str, Any] = {"noise": noise, "rng": seed, "tolerance": tolerance}
    tuned = []
    for one in named:
        settings = map_settings(surface, one.optimizer, start, steps, **common)
        if draw:
            rates = np.sort(np.exp(random.uniform(np.log(low), np.log(high), trials)))
        else:
            rates = np.geomspace(low, high, trials)
        tuned.append(Tuned.of(settings, one.label, rates))
    return Tuning(tuple(tuned), trials, (low, high), draw)


def _range(lr: Any) -> tuple[float, float]:
    ends = floats("lr", lr)
    if ends.shape != (2,) or not 0 < ends[0] < ends[1] < np.inf:
        raise must("lr", "the least and the greatest learning rate, both positive", lr)
    return float(ends[0]), float(ends[1])


def ensemble(
    surface: Any,
    optimizer: Any,
    start: ArrayLike | None = None,
    steps: int = 100,
    *,
    trials: int = 500,
    spread: float | str = 0.0,
    noise: float = 0.0,
    rng: Any = None,
    tolerance: float | None = None,
    label: str | None = None,
) -> Trajectory:
    """Run an optimizer many times at once, from many starts or with many seeds.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    optimizer : Optimizer, str or type
        An optimizer or its spec string.
    start : array_like, shape (2,) or (n, 2), optional
        The middle of the cloud, by default the surface's own start; or all starts.
    steps : int, default 100
        The number of updates.
    trials : int, default 500
        The number of descents; ignored, as is `spread`, if all starts are given.
    spread : float or "domain", default 0
        The standard deviation of the starts around the middle, in both coordinates; or evenly
        all over the surface's domain. With 0 all begin at the same point, and differ only by
        the noise and minibatches of their gradients.
    noise : float, default 0
        The standard deviation of Gaussian noise added to each component of each gradient,
        separately for each descent.
    rng : int, numpy.random.Generator or None
        Seed of starts and noise.
    tolerance : float, optional
        As for `descend`.
    label : str, optional
        The name in legends; by default the optimizer's class.

    Returns
    -------
    Trajectory
        Of the batch shape (trials,), or (n,) if all starts are given, with all steps.

    Examples
    --------
    >>> cloud = ensemble("himmelblau", "adam:0.1", trials=300, spread="domain", rng=1)
    >>> cloud.batch_shape, cloud.steps
    ((300,), 100)
    """
    surface = as_surface(surface)
    trials = integer("trials", trials, 1)
    random = generator(rng)
    if isinstance(spread, str):
        if spread != "domain":
            raise must("spread", "a number or 'domain'", spread)
        if start is not None:
            raise must("start", "left out if starts are spread over the domain", start)
        low, high = np.array(surface.domain).T
        starts = low + (high - low) * random.random((trials, 2))
    else:
        deviation = scalar("spread", spread, NON_NEGATIVE)
        middle = floats("start", surface.start if start is None else start)
        if middle.ndim not in (1, 2) or middle.shape[-1] != 2:
            raise must("start", "one start (x, y), or several of shape (n, 2)", middle.shape)
        offsets = deviation * random.standard_normal((trials, 2))
        starts = middle if middle.ndim == 2 else middle + offsets
    options: dict[str, Any] = {"noise": noise, "tolerance": tolerance, "label": label}
    return descend(surface, optimizer, starts, steps, rng=random, **options)


#: The most optimizers of a race in a recipe, and learning rates of each.
_TRIALS, _RATES = 100, 2_000


@remakes("tuning", Tuning)
def remake_tuning(data: dict[str, Any]) -> Remake:
    """Check the recorded settings of a race with tuned learning rates."""
    tuned = data["tuned"]
    if not isinstance(tuned, list) or not 1 <= len(tuned) <= _TRIALS:
        raise must("tuned", f"a list of 1 to {_TRIALS}", tuned)
    entrants = [
        (Settings.from_dict(one["settings"]), checked_label(one["label"]), _rates(one["rates"]))
        for one in tuned
    ]
    low, high = (scalar("range", end, POSITIVE) for end in data["range"])
    first = entrants[0]
    for settings, _, rates in entrants:
        if settings.is_random:  # All run once more for the path of the best.
            checked_block(len(rates), len(rates), settings)
        if settings.surface != first[0].surface or len(rates) != len(first[2]):
            raise must("tuned", "of as many rates on one surface", len(rates))
    drawn = bool(data["drawn"])

    def run() -> Tuning:
        return Tuning(tuple(Tuned.of(*one) for one in entrants), len(first[2]), (low, high), drawn)

    return Remake(sum(work_of(settings, len(rates)) for settings, _, rates in entrants), run)


def _rates(data: Any) -> NDArray[np.float64]:
    rates = from_plain("rates", data)
    if rates.ndim != 1 or not 2 <= len(rates) <= _RATES:
        raise must("rates", f"from 2 to {_RATES:,} numbers", rates.shape)
    if not (np.diff(rates) >= 0).all() or not rates[0] > 0:
        raise must("rates", "positive numbers in ascending order", rates)
    return rates
