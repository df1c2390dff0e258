"""The scene: all that a picture of paths shows, as plain data, before anything is drawn.

One scene feeds the static plot, the moving picture and whatever else shows the same paths, so that
they cannot disagree. Nothing here knows how a picture is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.anatomy import Anatomy, dissect
from trajectories.plotting.relief import RESOLUTION, Relief, make_relief
from trajectories.plotting.view import Limits, in_parts, view
from trajectories.surfaces import Surface
from trajectories.trajectory import Trajectory
from trajectories.validation import must

__all__ = ["Exit", "Naming", "Scene", "Track", "checked", "leaves", "shown_labels"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Naming:
    """What a picture calls its axes and its heights: those of a function, if it is told nothing."""

    x: str = "$x$"
    y: str = "$y$"
    short: tuple[str, str, str] = ("x", "y", "f")
    loss: str = "loss  $f(x, y)$"


@dataclass(frozen=True)
class Exit:
    """Where and when a path leaves the picture for good."""

    step: int
    point: tuple[float, float]
    direction: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Track:
    """One path, or the paths of one optimizer from many starts, as a picture shows them."""

    label: str
    positions: Array
    values: Array
    exits: tuple[Exit | None, ...]
    rates: Array | None = None
    anatomy: Anatomy | None = None
    recorded: NDArray[np.int64] | None = None

    @cached_property
    def visible(self) -> Array:
        """The positions, with the paths that leave the picture ended at its edge."""
        positions = self.positions.copy()
        for path, leaving in enumerate(self.exits):
            if leaving is not None:
                positions[leaving.step :, path] = np.nan
                if leaving.direction != (0.0, 0.0):
                    positions[leaving.step, path] = leaving.point
        return positions


@dataclass(frozen=True, eq=False)
class Scene:
    """All that a picture of paths shows.

    Parameters
    ----------
    name : str
        The surface's name; its formula if it has none of its own.
    formula : str
        The formula as text; "" if there is none, as for a network's loss.
    latex : str
        The formula in LaTeX.
    limits : ((float, float), (float, float))
        The lowest and highest x shown, and the same for y.
    relief : Relief
        The surface.
    minima : numpy.ndarray, shape (k, 2)
        Places of the global minimum.
    floor : float or None
        f at the minimum, if there is one.
    tracks : tuple of Track
        The paths.
    notes : tuple of str, default ()
        What theory says of the surface, line by line.
    naming : Naming
        What axes and heights are called.

    Examples
    --------
    >>> import trajectories as tj
    >>> scene = Scene.of(tj.compare("sphere", ["sgd:0.1", "adam:0.3"], steps=20))
    >>> [track.label for track in scene.tracks], scene.steps, scene.floor
    (['SGD', 'Adam'], 20, 0.0)
    """

    name: str
    formula: str
    latex: str
    limits: Limits
    relief: Relief
    minima: Array
    floor: float | None
    tracks: tuple[Track, ...]
    notes: tuple[str, ...] = ()
    naming: Naming = Naming()

    @classmethod
    def of(
        cls,
        trajectories: Trajectory | Iterable[Trajectory],
        *,
        limits: str | Sequence[Sequence[float]] | None = None,
        aspect: float | None = None,
        resolution: int = RESOLUTION,
        annotate: bool = False,
        anatomy: bool = False,
    ) -> Scene:
        """Make the scene of some trajectories on one surface.

        Parameters
        ----------
        trajectories : Trajectory or iterable of Trajectory
            All on one surface.
        limits : "domain" or ((float, float), (float, float)), optional
            What to show; by default what happened, with a margin (see `view`).
        aspect : float, optional
            Width over height of the panel, so that x and y can have the same scale.
        resolution : int, default 301
            Grid points along each side.
        annotate : bool, default False
            Whether to tell how the surface is curved, and which learning rates are stable.
        anatomy : bool, default False
            Whether to take each step apart.

        Raises
        ------
        TypeError, ValueError
            If there are no trajectories, or if they are on different surfaces.
        """
        paths = checked(trajectories)
        surface = paths[0].surface
        shown = view(surface, paths, limits=limits, aspect=aspect)
        return cls(
            name=surface.name,
            formula=surface.formula,
            latex=surface.latex,
            limits=shown,
            relief=make_relief(surface, shown, resolution),
            minima=surface.minima,
            floor=surface.floor,
            tracks=tuple(_track(path, shown, anatomy) for path in paths),
            notes=_theory(surface, paths) if annotate else (),
        )

    @property
    def steps(self) -> int:
        """The steps of the longest path."""
        return max(len(track.positions) for track in self.tracks) - 1

    def only(self, index: int) -> Scene:
        """Return the scene with one of its tracks alone."""
        return replace(self, tracks=(self.tracks[index],))

    def to_dict(self) -> dict[str, Any]:
        """Return the scene as nested dicts, lists and numbers, with None for what is not finite."""
        plain = asdict(self)
        return {key: _plain(item) for key, item in plain.items()}


def checked(trajectories: Any) -> list[Trajectory]:
    """Return trajectories as a list, and make sure that they are on one surface."""
    several = isinstance(trajectories, Iterable) and not isinstance(trajectories, Trajectory)
    paths = list(trajectories) if several else [trajectories]
    for path in paths:
        if not isinstance(path, Trajectory):
            raise must("trajectories", "what `descend` or `compare` returns", path, kind=TypeError)
    if not paths:
        raise must("trajectories", "at least one", paths)
    if any(path.surface != paths[0].surface for path in paths):
        names = sorted({path.surface.name for path in paths})
        raise must("trajectories", "on one surface", names)
    return paths


def shown_labels(paths: Iterable[Trajectory]) -> list[str]:
    """Return what a scene calls the tracks of some paths, before there is a scene."""
    return [_shown_label(path) for path in paths]


def _shown_label(path: Trajectory) -> str:
    label = " ".join(path.label.splitlines())
    # There is nothing of it to be seen.
    return f"{label}: lost at step 0" if (path.diverged_at == 0).all() else label


def _track(path: Trajectory, limits: Limits, anatomy: bool) -> Track:
    # Where steps were not recorded, the last recorded one stands.
    time = np.arange(path.steps + 1)
    rows = np.searchsorted(path.recorded, time, side="right") - 1
    positions = path.positions.reshape(len(path.recorded), -1, 2)[rows]
    exits = tuple(leaves(positions[:, i], limits) for i in range(positions.shape[1]))
    values = path.values.reshape(len(path.recorded), -1)[rows]
    parts = dissect(path) if anatomy else None
    return Track(_shown_label(path), positions, values, exits, _rates(path), parts)


def _rates(path: Trajectory) -> Array | None:
    """Return the learning rate that led to each step."""
    lr = path.optimizer.lr
    if isinstance(lr, np.ndarray):
        return None
    if not callable(lr):
        return np.full(path.steps + 1, lr)
    # A schedule may be anyone's function, whose arrays belong to a batch.
    rates = [lr(step) for step in range(path.steps)]
    return None if any(np.ndim(rate) for rate in rates) else np.array([rates[0], *rates], float)


def _theory(surface: Surface, paths: Sequence[Trajectory]) -> tuple[str, ...]:
    """Tell of the minimum nearest to the end of the first path; of its start if there is none."""
    minima, end = surface.minima, paths[0].final.reshape(-1, 2)[0]
    start = paths[0].start.reshape(-1, 2)[0]
    point = minima[np.argmin(np.hypot(*(minima - end).T))] if len(minima) else start
    found = surface.analysis(point)
    low, high = found.eigenvalues
    lines = (
        f"{found.kind} at ({point[0] + 0.0:.3g}, {point[1] + 0.0:.3g})",
        f"curvature {low:.4g} to {high:.4g}",
        f"condition number {found.condition:.4g}",
        f"SGD stable below lr {found.sgd_limit:.3g}",
        f"Momentum(0.9) below {found.momentum_limit():.3g}",
    )
    return tuple(line.replace("-", "\N{MINUS SIGN}") for line in lines)


def leaves(positions: Array, limits: Limits) -> Exit | None:
    """Find how a path leaves the picture for good."""
    (x0, x1), (y0, y1) = limits
    low, size = np.array([x0, y0]), np.array([x1 - x0, y1 - y0])
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = in_parts(positions, limits)
        inside: NDArray[np.bool_] = np.all((scaled >= 0) & (scaled <= 1), axis=1)
    if inside[-1]:
        return None
    step = int(len(inside) - np.argmax(inside[::-1])) if inside.any() else 0
    if step == 0:
        return None
    here = scaled[step - 1]
    if not np.isfinite(scaled[step]).all():
        return Exit(step, _pair(low + size * here), (0.0, 0.0))
    heading = scaled[step] - here
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(
            heading > 0, (1 - here) / heading, np.where(heading < 0, -here / heading, np.inf)
        )
    edge = np.clip(here + float(reach.min()) * heading, 0.0, 1.0)
    return Exit(step, _pair(low + size * edge), _pair(heading / np.hypot(*heading)))


def _pair(array: Array) -> tuple[float, float]:
    return float(array[0]), float(array[1])


def _plain(item: Any) -> Any:
    if isinstance(item, np.ndarray):
        return _plain(item.tolist())
    if isinstance(item, dict):
        return {key: _plain(part) for key, part in item.items()}
    if isinstance(item, (list, tuple)):
        return [_plain(part) for part in item]
    if isinstance(item, float) and not np.isfinite(item):
        return None
    return item
