"""Basins: which start leads to which minimum."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    run_blocks,
    settled,
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

#: Grid points along each side, where minima are looked for.
_GRID = 401
#: Newton steps by which they are refined.
_STEPS = 60


def minima_within(surface: Surface, limits: Limits, minima: Any = "all") -> Array:
    """Return the minima that paths may end in."""
    if isinstance(minima, str):
        if minima not in ("all", "global"):
            raise must("minima", "'all', 'global' or places of shape (k, 2)", minima)
        known = surface.minima
        return known if minima == "global" else np.concatenate([known, _others(surface, limits)])
    given: ArrayLike = minima
    places = floats("minima", given)
    if places.ndim != 2 or places.shape[1] != 2 or not np.isfinite(places).all():
        raise must("minima", "finite, of shape (k, 2)", places.tolist())
    return places


def _others(surface: Surface, limits: Limits) -> Array:
    """Look for local minima that are not global ones, on a grid, and refine them."""
    x, y = (np.linspace(low, high, _GRID) for low, high in limits)
    z = np.asarray(surface(x[None, :], y[:, None]))
    at = local_minima(z)
    places = np.stack([x[at[:, 1]], y[at[:, 0]]], axis=-1)
    if not len(places):
        return places
    cell = np.array([x[1] - x[0], y[1] - y[0]])
    found = descend(surface, DampedNewton(), places, _STEPS, record="last").final
    # In a curved valley a grid has minima that the surface has not: Newton's method leaves them.
    stayed = (abs(found - places) <= 2 * cell).all(axis=1)
    found = found[stayed & (np.asarray(surface.analysis(found).kind) == "minimum")]
    spread = np.ptp(z[np.isfinite(z)]) or 1.0
    heights = np.round(surface.value(found) / spread, 9)
    # Minima of one height, but for rounding, from left to right.
    return _apart(found[np.lexsort((found[:, 0], heights))], surface.minima, 2 * cell)


def _apart(places: Array, known: Array, near: Array) -> Array:
    """Return the places that are not near to a known one or to one before them."""
    taken: dict[tuple[int, int], list[Array]] = {}
    kept: list[Array] = []
    for number, place in enumerate([*known, *places]):
        column, row = np.floor(place / near).astype(int).tolist()
        around = [(column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        others = [other for key in around for other in taken.get(key, ())]
        if number < len(known) or not any((abs(place - other) <= near).all() for other in others):
            taken.setdefault((column, row), []).append(place)
            kept.append(place)
    return np.array(kept[len(known) :]).reshape(-1, 2)


_FORM = "trajectories basins 1"
_ARRAYS = ("minimum", "steps", "status")


@dataclass(frozen=True, eq=False)
class Basins(Frozen):
    """Where each start leads, and how soon.

    Parameters
    ----------
    settings : Settings
        Surface, optimizer, steps, and all else that the cells have in common.
    limits : ((float, float), (float, float))
        The rectangle of the starts.
    minima : numpy.ndarray, shape (k, 2)
        Where paths may end: the surface's own `minima`, then local ones.
    radius : float
        How near to a minimum counts as there.
    minimum : numpy.ndarray of int, shape (rows, columns)
        The index of the minimum at which a path ends, or -1 for none.
    steps : numpy.ndarray of int, shape (rows, columns)
        The step from which on the path stays within the radius of its minimum, or -1.
    status : numpy.ndarray of str, shape (rows, columns)
        "converged" if it ends at a minimum, "diverged" if it stopped being finite, and "finished"
        if it is elsewhere after the last step.
    label : str
        What legends call it.
    block : int
        Cells that ran together.

    Examples
    --------
    >>> from trajectories.maps import basins
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
        """What was descended."""
        return self.settings.surface

    @property
    def optimizer(self) -> Rule:
        """What descended."""
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
        """The part of the starts that lead to each of the minima, shape (k,)."""
        reached = self.minimum[self.minimum >= 0]
        return np.bincount(reached, minlength=len(self.minima)) / self.minimum.size

    def trajectory(self, row: int, column: int) -> Trajectory:
        """Run one cell again with all its steps: bit for bit what it did in the map.

        Parameters
        ----------
        row, column : int
            The cell's place.

        Raises
        ------
        IndexError
            If there is no such cell.
        """
        return self.cells.path((row, column), self.block)

    @property
    def cells(self) -> Starts:
        """The cells, which can run again."""
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
        """Return all that the map was made of as plain data, such as JSON can hold."""
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
        """Return a fingerprint of where all starts have led, bit for bit."""
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
        """Show where starts lead, without the arrays."""
        rows, columns = self.minimum.shape
        reached = f"{self.shares.sum():.0%} reach one of {len(self.minima)} minima"
        return f"Basins({self.label!r} on {self.surface.name!r}: {columns} x {rows}; {reached})"


def middles(limits: Limits, cells: tuple[int, int]) -> tuple[Array, Array]:
    """Return where the middles of cells are, along x and along y."""
    x, y = (
        low + (high - low) * (np.arange(count) + 0.5) / count
        for (low, high), count in zip(limits, cells, strict=True)
    )
    return x, y


#: How near to a minimum counts as there: in parts of the rectangle's diagonal, and of the distance
#: between the two nearest minima.
_RADIUS, _APART = 0.01, 0.25
#: At most so many steps of each path are looked at.
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
    """Find out at which minimum each start ends, and how soon.

    The starts are the middles of the cells of a grid, and run as one batch, block by block,
    through the optimizer's own update.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    optimizer : Optimizer, str or type
        An optimizer or its spec string, with plain numbers for hyperparameters.
    steps : int, default 300
        How many updates.
    resolution : int or (int, int), default 200
        How many cells there are along x and y.
    limits : ((float, float), (float, float)), optional
        The rectangle; by default the surface's domain.
    minima : "all", "global" or array_like of shape (k, 2), default "all"
        Where paths may end: at the places of the global minimum, or at local minima in the
        rectangle too, or at other places.
    radius : float, optional
        How near to a minimum counts as there; by default 1/100 of the rectangle's diagonal, but at
        most a quarter of the distance between two minima.
    noise : float, default 0
        The standard deviation of Gaussian noise added to each component of each gradient.
    rng : int, numpy.random.Generator or None
        Seed of whatever is random; needed for that if there is a `folder`.
    block, n_jobs, folder, progress, label
        As for `sensitivity`; by default as many cells run together as have room for all steps.

    Raises
    ------
    TypeError, ValueError
        If there are no minima to end in.

    Notes
    -----
    A path has arrived at the step from which on it stays within the radius to the end, so that
    one which swings through a minimum has not. Of more than 1,000 steps only about a thousand are
    looked at, at equal distances.

    Examples
    --------
    >>> basins("six_hump_camel", "momentum:0.02", limits=((-2, 2), (-1, 1)), resolution=60)
    Basins('Momentum' on 'six_hump_camel': 60 x 60; 100% reach one of 6 minima)
    """
    kept = folder is not None
    settings = settled(surface, optimizer, None, steps, noise=noise, rng=rng, kept=kept)
    surface = settings.surface
    shown = surface.domain if limits is None else rectangle("limits", limits)
    columns, rows = _resolution(resolution)
    goals = minima_within(surface, shown, minima)
    if not len(goals):
        raise must("minima", "given, as the surface has none that can be found", minima)
    near = _radius(shown, goals) if radius is None else scalar("radius", radius, POSITIVE)
    name = type(settings.optimizer).__name__ if label is None else str(label)
    how: dict[str, Any] = {"n_jobs": n_jobs, "folder": folder, "progress": progress}
    return run_starts(settings, shown, (columns, rows), goals, near, block, name, **how)


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
    together = starts.block(block, kept=settings.steps // every + 2)
    plan = None
    if folder is not None:
        plan = {
            "settings": settings.to_dict(own=True),
            "limits": limits,
            "resolution": [columns, rows],
            "minima": to_plain(minima),
            "radius": radius,
        }
    found = run_blocks(
        starts, starts.count, together, n_jobs=n_jobs, folder=folder, plan=plan, progress=progress
    )
    return Basins(
        settings=settings,
        limits=limits,
        minima=minima,
        radius=radius,
        minimum=found["minimum"].reshape(rows, columns),
        steps=found["steps"].reshape(rows, columns),
        status=STATUSES[found["codes"]].reshape(rows, columns),
        label=label,
        block=together,
    )


def _resolution(given: int | Sequence[int]) -> tuple[int, int]:
    several = list(given) if isinstance(given, (Sequence, np.ndarray)) else [given, given]
    if len(several) != 2:
        raise must("resolution", "a number of cells, or one for x and one for y", given)
    columns, rows = (integer("resolution", number, 1) for number in several)
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
    """Check what is told of a map over starts."""
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
        # Each looks how far it is from each of the minima.
        work_of(settings, columns * rows) * (1 + len(minima) / 4),
        lambda: run_starts(settings, limits, (columns, rows), minima, radius, block, label),
    )
