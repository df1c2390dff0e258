"""Where a descent can come to rest: the minima of a surface, the local ones too."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.descent import descend
from trajectories.optimizers import DampedNewton
from trajectories.surfaces import Surface
from trajectories.surfaces.minima import local_minima
from trajectories.validation import floats, must

__all__ = ["Limits", "resting_places"]

Array = NDArray[np.float64]
Limits = tuple[tuple[float, float], tuple[float, float]]

#: Grid points along each side, where minima are looked for.
_GRID = 401
#: Newton steps by which they are refined.
_STEPS = 60


def resting_places(surface: Surface, limits: Limits, minima: Any = "all") -> Array:
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
