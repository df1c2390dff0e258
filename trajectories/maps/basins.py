"""Basins: which start leads to which minimum."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.checks import POSITIVE, floats, integer, must, rectangle, scalar
from trajectories.descent import descend
from trajectories.maps.cells import (
    STATUSES,
    Arrivals,
    Settings,
    Starts,
    cell_array,
    checked_block,
    checked_label,
    map_settings,
    run_blocks,
    work_of,
)
from trajectories.optimizers.base import Rule
from trajectories.optimizers.second_order import DampedNewton
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
from trajectories.surfaces.surface import Surface, local_minima
from trajectories.trajectory import Trajectory

Array = NDArray[np.float64]
Limits = tuple[tuple[float, float], tuple[float, float]]

#: Grid points along each side in the search for minima, and Newton steps that refine them.
_GRID, _STEPS = 401, 60


def minima_within(surface: Surface, limits: Limits, minima: Any = "all") -> Array:
    """Return the minima that paths may end in."""
    if isinstance(minima, str):
        if minima not in ("all", "global"):
            raise must("minima", "'all', 'global' or places of shape (k, 2)", minima)
        known = surface.minima
        return known if minima == "global" else np.concatenate([known, _local(surface, limits)])
    points = floats("minima", minima)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise must("minima", "finite, of shape (k, 2)", points.tolist())
    return points


def _local(surface: Surface, limits: Limits) -> Array:
    """Find local minima that are not global ones on a grid, and refine them."""
    x, y = (np.linspace(low, high, _GRID) for low, high in limits)
    z = np.asarray(surface(x[None, :], y[:, None]))
    indices = local_minima(z)
    points = np.stack([x[indices[:, 1]], y[indices[:, 0]]], axis=-1)
    if not len(points):
        return points
    cell = np.array([x[1] - x[0], y[1] - y[0]])
    refined = descend(surface, DampedNewton(), points, _STEPS, record="last").final
    # A curved valley has minima on the grid alone: Newton's method leaves them.
    close = (abs(refined - points) <= 2 * cell).all(axis=1)
    refined = refined[close & (np.asarray(surface.analysis(refined).kind) == "minimum")]
    spread = np.ptp(z[np.isfinite(z)]) or 1.0
    heights = np.round(surface.value(refined) / spread, 9)
    # Minima of equal height, up to rounding, from left to right.
    return _distinct(refined[np.lexsort((refined[:, 0], heights))], surface.minima, 2 * cell)


def _distinct(points: Array, known: Array, near: Array) -> Array:
    """Return the points that are not near a known one or one before them."""
    bins: dict[tuple[int, int], list[Array]] = {}
    distinct: list[Array] = []
    for number, point in enumerate([*known, *points]):
        column, row = np.floor(point / near).astype(int).tolist()
        around = [(column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        others = [other for key in around for other in bins.get(key, ())]
        if number < len(known) or not any((abs(point - other) <= near).all() for other in others):
            bins.setdefault((column, row), []).append(point)
            distinct.append(point)
    return np.array(distinct[len(known) :]).reshape(-1, 2)


_FORM = "trajectories basins 1"
_ARRAYS = ("minimum", "steps", "status")


@dataclass(frozen=True, eq=False)
class Basins(Frozen):
    """The minimum that each start leads to, and the steps it takes.

    Parameters
    ----------
    settings : Settings
        Surface, optimizer, steps, and the other settings of all cells.
    limits : ((float, float), (float, float))
        The rectangle of the starts.
    minima : numpy.ndarray, shape (k, 2)
        Where paths may end: the surface's own `minima`, then local ones.
    radius : float
        The distance from a minimum within which a path has arrived.
    minimum : numpy.ndarray of int, shape (rows, columns)
        The index of the minimum at which a path ends, or -1 for none.
    steps : numpy.ndarray of int, shape (rows, columns)
        The step from which on the path stays within the radius of its minimum, or -1.
    status : numpy.ndarray of str, shape (rows, columns)
        "converged" if it ends at a minimum, "diverged" if it stopped being finite, and "finished"
        if it is elsewhere after the last step.
    label : str
        The name in legends.
    block : int
        Cells in a batch.

    Examples
    --------
    >>> from trajectories import basins
    >>> found = basins("himmelblau", "sgd:0.01", steps=100, resolution=50)
    >>> found.minimum.shape, len(found.minima)
    ((50, 50), 4)
    >>> found.shares.round(2)
    array([0.26, 0.26, 0.24, 0.25])
    """

    settings: Settings
    limits: Limits
    minima: Array
    radius: float
    minimum: NDArray[np.int32]
    steps: NDArray[np.int32]
    status: NDArray[np.str_]
    label: str
    block: int

    def __post_init__(self) -> None:
        """Check the shapes and make the arrays read-only."""
        shape = np.shape(self.minimum)
        if len(shape) != 2:
            raise must("minimum", "of shape (rows, columns)", shape)
        for name, (kind, known) in {
            "minimum": ("i", (-1, len(self.minima) - 1)),
            "steps": ("i", None),
            "status": ("U", STATUSES.tolist()),
        }.items():
            array = cell_array(name, getattr(self, name), shape, kind, known)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "minima", read_only(self.minima))

    @property
    def surface(self) -> Surface:
        """The surface."""
        return self.settings.surface

    @property
    def optimizer(self) -> Rule:
        """The optimizer."""
        return self.settings.optimizer

    @property
    def axes(self) -> dict[str, Array]:
        """The starts' x for each column, and their y for each row."""
        rows, columns = self.minimum.shape
        x, y = middles(self.limits, (columns, rows))
        return {"x": x, "y": y}

    @property
    def values(self) -> Array:
        """The value of f at each of the minima, shape (k,)."""
        return np.asarray(self.surface.value(self.minima), dtype=float)

    @property
    def shares(self) -> Array:
        """The share of starts that lead to each minimum, shape (k,)."""
        reached = self.minimum[self.minimum >= 0]
        return np.bincount(reached, minlength=len(self.minima)) / self.minimum.size

    def trajectory(self, row: int, column: int) -> Trajectory:
        """Run one cell again and record all its steps, bit for bit those of the map.

        Parameters
        ----------
        row, column : int
            The indices of the cell.

        Raises
        ------
        IndexError
            If there is no such cell.
        """
        return self.cells.path((row, column), self.block)

    @property
    def cells(self) -> Starts:
        """The cells, to run again."""
        return Starts(self.settings, self.minimum.shape, self.axes["x"], self.axes["y"])

    def nearest(self, x: float, y: float) -> tuple[int, int]:
        """Return the row and column of the cell whose start is nearest to a point.

        Parameters
        ----------
        x, y : float
            The point.
        """
        axes = self.axes
        return int(np.argmin(abs(axes["y"] - y))), int(np.argmin(abs(axes["x"] - x)))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings of the map as plain data for JSON."""
        return {
            "settings": self.settings.to_dict(),
            "limits": self.limits,
            "minima": to_plain(self.minima),
            "radius": self.radius,
            "resolution": [*self.minimum.shape[::-1]],
            "label": self.label,
            "block": self.block,
        }

    def digest(self) -> str:
        """Return a fingerprint of the minimum and steps of all starts, bit for bit."""
        codes = [np.flatnonzero(self.status == name) for name in STATUSES]
        return fingerprint(self.minimum, self.steps, *codes)

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
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        save_archive(path, _FORM, self.to_dict(), arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Basins:
        """Read what `save` wrote. The file is data: reading one runs no code.

        Raises
        ------
        OSError
            If it cannot be read.
        ValueError
            If it is no such map.
        """

        def make(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Basins:
            return cls(
                settings=Settings.from_dict(about["settings"]),
                limits=rectangle("limits", about["limits"]),
                minima=from_plain("minima", about["minima"]).reshape(-1, 2),
                radius=scalar("radius", about["radius"], POSITIVE),
                label=str(about["label"]),
                block=int(about["block"]),
                **arrays,
            )

        return load_archive(path, "basins map", make, form=_FORM)

    def __repr__(self) -> str:
        """Show the size and the share of starts that arrive, without the arrays."""
        rows, columns = self.minimum.shape
        reached = f"{self.shares.sum():.0%} reach one of {len(self.minima)} minima"
        return f"Basins({self.label!r} on {self.surface.name!r}: {columns} x {rows}; {reached})"


def middles(limits: Limits, cells: tuple[int, int]) -> tuple[Array, Array]:
    """Return the middles of cells along x and along y."""
    x, y = (
        low + (high - low) * (np.arange(count) + 0.5) / count
        for (low, high), count in zip(limits, cells, strict=True)
    )
    return x, y


#: The radius of arrival, as a share of the rectangle's diagonal, and at most of the distance
#: between the two nearest minima.
_RADIUS, _APART = 0.01, 0.25
#: The most steps of a path that are checked.
_ROWS = 1000


def basins(
    surface: Any,
    optimizer: Any,
    steps: int = 300,
    *,
    resolution: int | Sequence[int] = 200,
    limits: Sequence[Sequence[float]] | None = None,
    minima: Any = "all",
    radius: float | None = None,
    noise: float = 0.0,
    rng: Any = None,
    block: int | None = None,
    n_jobs: int | None = 1,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
    label: str | None = None,
) -> Basins:
    """Map the minimum that each start leads to, and the steps it takes.

    The starts are the middles of the cells of a grid. They run as one batch, block by block,
    with the optimizer's own update.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    optimizer : Optimizer, str or type
        An optimizer or its spec string, with plain numbers for hyperparameters.
    steps : int, default 300
        The number of updates.
    resolution : int or (int, int), default 200
        The number of cells along x and y.
    limits : ((float, float), (float, float)), optional
        The rectangle; by default the surface's domain.
    minima : "all", "global" or array_like of shape (k, 2), default "all"
        Where paths may end: at the global minima, at local minima in the rectangle too, or at
        points of your own.
    radius : float, optional
        The distance from a minimum within which a path has arrived; by default 1/100 of the
        rectangle's diagonal, but at most a quarter of the distance between two minima.
    noise : float, default 0
        The standard deviation of Gaussian noise added to each component of each gradient.
    rng : int, numpy.random.Generator or None
        Seed of noise and minibatches; required for them if there is a `folder`.
    block, n_jobs, folder, progress, label
        As for `sensitivity`; by default a block is as large as memory for all steps allows.

    Raises
    ------
    TypeError, ValueError
        If there are no minima to end in.

    Notes
    -----
    A path arrives at the step from which on it stays within the radius to the end: swinging
    through a minimum does not count. Of more than 1,000 steps only about a thousand are checked,
    at equal distances.

    Examples
    --------
    >>> basins("six_hump_camel", "momentum:0.02", limits=((-2, 2), (-1, 1)), resolution=60)
    Basins('Momentum' on 'six_hump_camel': 60 x 60; 100% reach one of 6 minima)
    """
    stored = folder is not None
    settings = map_settings(surface, optimizer, None, steps, noise=noise, rng=rng, stored=stored)
    surface = settings.surface
    area = surface.domain if limits is None else rectangle("limits", limits)
    cells = _resolution(resolution)
    goals = minima_within(surface, area, minima)
    if not len(goals):
        raise must("minima", "given, as the surface has none that can be found", minima)
    near = _radius(area, goals) if radius is None else scalar("radius", radius, POSITIVE)
    name = type(settings.optimizer).__name__ if label is None else str(label)
    options: dict[str, Any] = {"n_jobs": n_jobs, "folder": folder, "progress": progress}
    return run_starts(settings, area, cells, goals, near, block, name, **options)


def run_starts(
    settings: Settings,
    limits: Limits,
    cells: tuple[int, int],
    minima: Array,
    radius: float,
    block: int | None,
    label: str,
    *,
    n_jobs: int | None = 1,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Basins:
    """Run all cells of a map over starts."""
    columns, rows = cells
    x, y = middles(limits, cells)
    every = -(-settings.steps // _ROWS)
    starts = Arrivals(settings, (rows, columns), x, y, minima, radius, every)
    size = starts.block(block, rows=settings.steps // every + 2)
    plan = None
    if folder is not None:
        plan = {
            "settings": settings.to_dict(own=True),
            "limits": limits,
            "resolution": [columns, rows],
            "minima": to_plain(minima),
            "radius": radius,
        }
    values = run_blocks(
        starts, starts.count, size, n_jobs=n_jobs, folder=folder, plan=plan, progress=progress
    )
    return Basins(
        settings=settings,
        limits=limits,
        minima=minima,
        radius=radius,
        minimum=values["minimum"].reshape(rows, columns),
        steps=values["steps"].reshape(rows, columns),
        status=STATUSES[values["codes"]].reshape(rows, columns),
        label=label,
        block=size,
    )


def _resolution(cells: int | Sequence[int]) -> tuple[int, int]:
    sizes = list(cells) if isinstance(cells, (Sequence, np.ndarray)) else [cells, cells]
    if len(sizes) != 2:
        raise must("resolution", "a number of cells, or one for x and one for y", cells)
    columns, rows = (integer("resolution", number, 1) for number in sizes)
    return columns, rows


def _radius(limits: Limits, minima: Array) -> float:
    (x0, x1), (y0, y1) = limits
    near = _RADIUS * float(np.hypot(x1 - x0, y1 - y0))
    apart = np.hypot(*(minima[:, None] - minima[None]).transpose(2, 0, 1))
    others = apart[apart > 0]
    return min(near, _APART * float(others.min())) if others.size else near


#: The most minima of a surface in a recipe.
_MINIMA = 10_000


@remakes("basins", Basins)
def remake_basins(data: dict[str, Any]) -> Remake:
    """Check the recorded settings of a map over starts."""
    settings = Settings.from_dict(data["settings"])
    limits = rectangle("limits", data["limits"])
    minima = from_plain("minima", data["minima"])
    if minima.ndim != 2 or minima.shape[1] != 2 or not 1 <= len(minima) <= _MINIMA:
        raise must("minima", f"of shape (k, 2), with k from 1 to {_MINIMA:,}", minima.shape)
    columns, rows = (integer("resolution", number, 1) for number in data["resolution"])
    radius = scalar("radius", data["radius"], POSITIVE)
    block = checked_block(data["block"], columns * rows, settings)
    label = checked_label(data["label"])
    return Remake(
        # Arrival is measured to each of the minima.
        work_of(settings, columns * rows) * (1 + len(minima) / 4),
        lambda: run_starts(settings, limits, (columns, rows), minima, radius, block, label),
    )
