"""Sensitivity: final loss or steps over one or two hyperparameters."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.checks import floats, must, resolve, unknown
from trajectories.descent import compare
from trajectories.maps.cells import (
    Cells,
    Columns,
    Settings,
    cell_array,
    checked_block,
    checked_label,
    generator,
    map_settings,
    run_blocks,
    work_of,
)
from trajectories.optimizers.base import Rule
from trajectories.optimizers.gradient import SGD, Momentum, Nesterov
from trajectories.records import (
    Frozen,
    Remake,
    fingerprint,
    from_plain,
    load_archive,
    read_only,
    remakes,
    save_archive,
    to_plain,
)
from trajectories.surfaces.catalogue import as_surface
from trajectories.surfaces.surface import Surface
from trajectories.trajectory import Trajectory

#: The largest relative difference of Hessian entries at two points by rounding alone.
_ROUNDING = 1e-9


def is_quadratic(surface: Surface) -> bool:
    """Tell whether a surface has the same Hessian everywhere, and no kink."""
    low, high = np.array(surface.domain).T
    # Irregular, so that no period of a wave hides between them.
    points = low + (high - low) * np.random.default_rng(0).random((64, 2))
    hessians = surface.hessian(points)
    size = np.abs(hessians).max()
    if not (np.isfinite(size) and size > 0 and np.ptp(hessians, axis=0).max() < _ROUNDING * size):
        return False
    slopes = surface.gradient(points)
    linear = slopes[0] + (points - points[0]) @ hessians[0]
    return bool(np.abs(slopes - linear).max() < _ROUNDING * np.abs(slopes).max())


def stability_limit(surface: Surface, optimizer: Rule, momenta: Array | None = None) -> Any:
    """Return the learning rate below which a rule is stable on a quadratic, or None."""
    if not isinstance(optimizer, (SGD, Momentum, Nesterov)) or not is_quadratic(surface):
        return None
    local = surface.analysis(surface.start)
    if isinstance(optimizer, SGD):
        return local.sgd_limit if momenta is None else np.full(len(momenta), local.sgd_limit)
    nesterov = isinstance(optimizer, Nesterov)
    limit: Callable[[float], float] = local.nesterov_limit if nesterov else local.momentum_limit
    values: list[Any] = [optimizer.momentum] if momenta is None else momenta.tolist()
    limits = np.array([limit(mu) if mu < 1 else np.nan for mu in values])
    return float(limits[0]) if momenta is None else limits


Array = NDArray[np.float64]
_FORM = "trajectories sensitivity 1"
#: What the values of a map can be.
MEASURES = ("loss", "steps")
#: How a cell can end.
STATUSES = np.array(["finished", "converged", "climbed", "diverged"])


@dataclass(frozen=True, eq=False)
class Choices(Cells):
    """Cells that differ in their hyperparameters."""

    axes: dict[str, Array]
    measure: str

    def batch(self, numbers: NDArray[np.int64]) -> tuple[Rule, Array]:
        """Return the optimizer and the starts of some cells."""
        indices = np.unravel_index(numbers, self.shape)
        pairs = zip(self.axes.items(), indices, strict=True)
        chosen = {name: values[index] for (name, values), index in pairs}
        return self.settings.optimizer.fresh(**chosen), self.settings.start

    def __call__(self, begin: int, end: int) -> Columns:
        """Return the columns of the cells from `begin` to `end`."""
        path = self.run(begin, end)
        steps = np.where(path.converged_at < 0, np.nan, path.converged_at)
        values = path.values[-1] if self.measure == "loss" else steps
        return {"values": np.array(values), "codes": status_of(path)}


def status_of(path: Trajectory) -> NDArray[np.int8]:
    """Return the status of the paths of a batch, as indices into `STATUSES`."""
    climbed = ~(path.values[-1] <= path.values[0])
    codes = np.where(climbed, 2, 0)
    codes[path.status == "converged"] = 1
    codes[path.status == "diverged"] = 3
    return codes.astype(np.int8)


@dataclass(frozen=True, eq=False)
class Sensitivity(Frozen):
    """How a descent ended for each value of one hyperparameter, or each pair of values of two.

    Parameters
    ----------
    settings : Settings
        Surface, optimizer, start, steps, and the other settings of all cells.
    axes : dict of str to numpy.ndarray
        The values of each hyperparameter, in the order of the axes of `values`.
    measure : {"loss", "steps"}
        What the values are.
    values : numpy.ndarray, shape (n,) or (n, m)
        f after the last step, or the step at which the descent converged, else NaN.
    status : numpy.ndarray of str, shape (n,) or (n, m)
        "converged" if the gradient's norm came down to the tolerance, "diverged" if something
        stopped being finite, "climbed" if f was higher after the last step than at the start, as
        it is for a path that is about to diverge, and "finished" if the steps just ran out.
    label : str
        The name in legends.
    block : int
        Cells in a batch.

    Examples
    --------
    >>> from trajectories import sensitivity
    >>> from trajectories import Momentum
    >>> found = sensitivity(
    ...     "x**2/20 + y**2", Momentum, lr=np.array([0.1, 1.0, 4.0]), momentum=[0.0, 0.9], steps=60
    ... )
    >>> found.status.tolist()
    [['finished', 'finished'], ['finished', 'finished'], ['climbed', 'climbed']]
    >>> found.best
    {'lr': 0.1, 'momentum': 0.9}
    """

    settings: Settings
    axes: dict[str, Array]
    measure: str
    values: Array
    status: NDArray[np.str_]
    label: str
    block: int

    def __post_init__(self) -> None:
        """Check the shapes and make the arrays read-only."""
        object.__setattr__(self, "axes", {k: read_only(ticks) for k, ticks in self.axes.items()})
        for name, ticks in self.axes.items():
            if ticks.ndim != 1:
                raise must(f"axes[{name!r}]", "of one dimension", ticks.shape)
        shape = tuple(len(ticks) for ticks in self.axes.values())
        for name, kind, known in (("values", "f", None), ("status", "U", STATUSES.tolist())):
            array = cell_array(name, getattr(self, name), shape, kind, known)
            object.__setattr__(self, name, array)

    @property
    def surface(self) -> Surface:
        """The surface."""
        return self.settings.surface

    @property
    def optimizer(self) -> Rule:
        """The optimizer, with the hyperparameters that are not on an axis."""
        return self.settings.optimizer

    @property
    def start(self) -> Array:
        """The start, shape (2,)."""
        return self.settings.start

    @property
    def steps(self) -> int:
        """The number of updates."""
        return self.settings.steps

    @cached_property
    def lost(self) -> NDArray[np.bool_]:
        """Where the descent diverged, or ended higher than it began."""
        return np.isin(self.status, STATUSES[2:])

    @cached_property
    def best_index(self) -> tuple[int, ...] | None:
        """The index of the lowest value; the first of equal ones, None if all are lost."""
        good = np.where(self.lost, np.nan, self.values)
        if np.isnan(good).all():
            return None
        index = np.unravel_index(int(np.nanargmin(good)), good.shape)
        return tuple(int(i) for i in index)

    @property
    def best(self) -> dict[str, float] | None:
        """The hyperparameters of the lowest value."""
        return None if self.best_index is None else self.at(self.best_index)

    def at(self, index: tuple[int, ...]) -> dict[str, float]:
        """Return the hyperparameters of a cell."""
        pairs = zip(self.axes.items(), index, strict=True)
        return {name: float(values[i]) for (name, values), i in pairs}

    def nearest(self, **values: float) -> tuple[int, ...]:
        """Return the cell nearest to some hyperparameters, on the scale of each axis.

        Parameters
        ----------
        **values : float
            A value for each hyperparameter of the axes.
        """
        if set(values) != set(self.axes):
            raise must("values", f"one of each of {', '.join(self.axes)}", values)
        index = []
        for name, ticks in self.axes.items():
            wanted = float(values[name])
            if is_geometric(ticks) and wanted > 0:
                index.append(int(np.argmin(abs(np.log(ticks) - np.log(wanted)))))
            else:
                index.append(int(np.argmin(abs(ticks - wanted))))
        return tuple(index)

    def trajectory(self, *index: int) -> Trajectory:
        """Run one cell again and record all its steps, bit for bit those of the map.

        Parameters
        ----------
        *index : int
            The index of the cell along each axis.

        Raises
        ------
        IndexError
            If there is no such cell.
        """
        return self.cells.path(index, self.block)

    @cached_property
    def baseline(self) -> Trajectory:
        """The path of the given optimizer, with its own learning rate."""
        return self.settings.descend()

    @cached_property
    def stability_limit(self) -> Any:
        """The learning rate below which the optimizer is stable in theory, or None.

        A number, or one for each momentum if that is the other axis. Only for a quadratic surface
        and `SGD`, `Momentum` or `Nesterov`, and only if the learning rate is on an axis.
        """
        other = [name for name in self.axes if name != "lr"]
        if "lr" not in self.axes or other not in ([], ["momentum"]):
            return None
        momenta = self.axes["momentum"] if other == ["momentum"] else None
        return stability_limit(self.surface, self.optimizer, momenta)

    @property
    def cells(self) -> Choices:
        """The cells, to run again."""
        return Choices(self.settings, self.values.shape, self.axes, self.measure)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings of the map as plain data for JSON."""
        return {
            "settings": self.settings.to_dict(),
            "axes": {name: to_plain(values) for name, values in self.axes.items()},
            "measure": self.measure,
            "label": self.label,
            "block": self.block,
        }

    def digest(self) -> str:
        """Return a fingerprint of the values and status of all cells, bit for bit."""
        codes = [np.flatnonzero(self.status == name) for name in STATUSES]
        return fingerprint(self.values, *codes)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the map to a NumPy archive, which `load` reads back bit for bit.

        Parameters
        ----------
        path : str or os.PathLike
            Ends in ``.npz``.

        Raises
        ------
        ValueError
            If the suffix is another one, or if the learning rate is a Python function.
        OSError
            If the file cannot be written; an old one is then left as it was.
        """
        arrays = {"values": self.values, "status": self.status}
        save_archive(path, _FORM, self.to_dict(), arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Sensitivity:
        """Read what `save` wrote. The file is data: reading one runs no code.

        Raises
        ------
        OSError
            If it cannot be read.
        ValueError
            If it is no such map.
        """

        def make(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Sensitivity:
            return cls(
                settings=Settings.from_dict(about["settings"]),
                axes={name: from_plain(name, data) for name, data in about["axes"].items()},
                measure=resolve("measure", about["measure"], MEASURES),
                label=str(about["label"]),
                block=int(about["block"]),
                **arrays,
            )

        return load_archive(path, "sensitivity map", make, form=_FORM)

    def __repr__(self) -> str:
        """Show the axes and the best, without the arrays."""
        axes = " x ".join(f"{len(values)} {name}" for name, values in self.axes.items())
        best = "all lost" if self.best is None else f"best {self.best}"
        return f"Sensitivity({self.label!r} on {self.surface.name!r}: {axes}; {best})"


def is_geometric(values: Array) -> bool:
    """Tell whether values are closer to a geometric than to an arithmetic sequence."""
    if len(values) < 3 or not (values > 0).all():
        return False
    return bool(np.ptp(np.diff(np.log(values))) < np.ptp(np.diff(values)) / np.ptp(values))


def sensitivity(
    surface: Any,
    optimizer: Any,
    start: ArrayLike | None = None,
    steps: int = 100,
    *,
    noise: float = 0.0,
    rng: Any = None,
    tolerance: float | None = None,
    measure: str = "loss",
    block: int | None = None,
    n_jobs: int | None = 1,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
    label: str | None = None,
    **axes: ArrayLike,
) -> Sensitivity:
    """Map how a descent ends for every value of one hyperparameter, or pair of two.

    All cells run as one batch, block by block, with the optimizer's own update.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    optimizer : Optimizer, str or type
        An optimizer or its spec string, with plain numbers for hyperparameters.
    start : array_like, shape (2,), optional
        By default the surface's own.
    steps : int, default 100
        The number of updates.
    noise : float, default 0
        The standard deviation of Gaussian noise added to each component of each gradient. Each
        cell has its own.
    rng : int, numpy.random.Generator or None
        Seed of noise and minibatches; required for them if there is a `folder`.
    tolerance : float, optional
        A path whose gradient has at most this norm has converged, and moves no more.
    measure : {"loss", "steps"}, default "loss"
        What to find: f after the last step, or the step at which the gradient's norm has come
        down to the tolerance.
    block : int, optional
        The number of cells of a batch; by default 16,384, or with noise or minibatches as few as
        can run again with all steps in memory. Random numbers are drawn block by block.
    n_jobs : int or None, default 1
        The number of processes of joblib. None leaves that, and the backend, to a surrounding
        ``joblib.parallel_config``.
    folder : str or os.PathLike, optional
        Where each block is stored as soon as it has run; the same call resumes from there after
        an interruption.
    progress : bool, default False
        Whether to show a progress bar on stderr, if that is a terminal.
    label : str, optional
        The name in legends; by default the optimizer's class.
    **axes : array_like, shape (n,)
        The values of one or two hyperparameters of the optimizer.

    Examples
    --------
    >>> found = sensitivity("sphere", "sgd", lr=np.linspace(0.1, 0.5, 5), steps=10)
    >>> found.best, found.trajectory(4).steps
    ({'lr': 0.5}, 10)
    """
    settings = map_settings(
        surface,
        optimizer,
        start,
        steps,
        noise=noise,
        rng=rng,
        tolerance=tolerance,
        stored=folder is not None,
    )
    measure = resolve("measure", measure, MEASURES)
    if measure == "steps" and tolerance is None:
        raise must("tolerance", "given if steps are what is measured", tolerance)
    ticks = checked_axes(settings.optimizer, axes)
    shape = tuple(len(values) for values in ticks.values())
    name = type(settings.optimizer).__name__ if label is None else str(label)
    cells = Choices(settings, shape, ticks, measure)
    options: dict[str, Any] = {"n_jobs": n_jobs, "folder": folder, "progress": progress}
    return run_choices(cells, cells.block(block), name, **options)


def run_choices(
    cells: Choices,
    block: int,
    label: str,
    *,
    n_jobs: int | None = 1,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Sensitivity:
    """Run all cells of a map over hyperparameters."""
    plan = None
    if folder is not None:
        plan = {
            "settings": cells.settings.to_dict(own=True),
            "axes": {name: to_plain(values) for name, values in cells.axes.items()},
            "measure": cells.measure,
        }
    columns = run_blocks(
        cells, cells.count, block, n_jobs=n_jobs, folder=folder, plan=plan, progress=progress
    )
    return Sensitivity(
        settings=cells.settings,
        axes=cells.axes,
        measure=cells.measure,
        values=columns["values"].reshape(cells.shape),
        status=STATUSES[columns["codes"]].reshape(cells.shape),
        label=label,
        block=block,
    )


def compare_rates(
    surface: Any,
    optimizers: Iterable[Any] | Mapping[str, Any],
    lr: ArrayLike | None = None,
    start: ArrayLike | None = None,
    steps: int = 100,
    **settings: Any,
) -> list[Sensitivity]:
    """Map how several optimizers end for every learning rate, from the same start.

    Parameters
    ----------
    surface, start, steps
        As for `sensitivity`.
    optimizers : iterable, or mapping of str
        Optimizers, spec strings or classes; a mapping gives their labels too.
    lr : array_like, shape (n,), optional
        The learning rates; by default 241 from 0.0001 to 100.
    **settings
        Any other argument of `sensitivity` but `label`.

    Returns
    -------
    list of Sensitivity
        One for each, in the order given. `Sensitivity.baseline` is the path with the optimizer's
        own learning rate.

    Examples
    --------
    >>> found = compare_rates("sphere", ["sgd", "adam"], np.geomspace(1e-3, 1, 31), steps=20)
    >>> [(one.label, round(one.best["lr"], 3)) for one in found]
    [('SGD', 0.501), ('Adam', 0.2)]
    """
    if "label" in settings:
        raise must("label", "left out: a mapping of optimizers gives labels", settings["label"])
    rates = np.geomspace(1e-4, 100, 241) if lr is None else lr
    seed = int(generator(settings.pop("rng", None)).integers(2**63))
    surface = as_surface(surface)
    return [
        sensitivity(
            surface, one.optimizer, start, steps, rng=seed, label=one.label, **settings, lr=rates
        )
        for one in compare(surface, optimizers, steps=1)
    ]


def checked_axes(optimizer: Rule, axes: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """Check the axes of a map, and return them as arrays."""
    if not 1 <= len(axes) <= 2:
        raise must("axes", "one hyperparameter or two, such as lr=[...]", list(axes))
    known = optimizer.hyperparameters
    checked: dict[str, Array] = {}
    for name, axis in axes.items():
        if name not in known:
            raise unknown(f"hyperparameter of {optimizer.name}", name, known)
        values = floats(name, axis)
        if values.ndim != 1 or len(values) < 2 or not (np.diff(values) > 0).all():
            raise must(name, "at least two numbers in ascending order", axis)
        optimizer.fresh(**{name: values})  # Checks their range.
        checked[name] = values
    return checked


@remakes("sensitivity", Sensitivity)
def remake_sensitivity(data: dict[str, Any]) -> Remake:
    """Check the recorded settings of a map over hyperparameters."""
    settings = Settings.from_dict(data["settings"])
    axes = {str(name): from_plain(str(name), axis) for name, axis in data["axes"].items()}
    ticks = checked_axes(settings.optimizer, axes)
    measure = resolve("measure", data["measure"], MEASURES)
    if measure == "steps" and settings.tolerance is None:
        raise must("tolerance", "given if steps are what is measured", None)
    cells = Choices(settings, tuple(map(len, ticks.values())), ticks, measure)
    block = cells.block(checked_block(data["block"], cells.count, settings))
    label = checked_label(data["label"])
    return Remake(work_of(settings, cells.count), lambda: run_choices(cells, block, label))
