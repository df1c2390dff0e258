"""The view: which part of the plane a picture shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trajectories.surfaces import Surface
from trajectories.trajectory import Trajectory
from trajectories.validation import must, rectangle

__all__ = ["Limits", "framed", "in_parts", "view"]

Array = NDArray[np.float64]
Limits = tuple[tuple[float, float], tuple[float, float]]

_MARGIN = 0.1
#: Scales of x and y are made equal, unless that would extend a side to more than this many times.
_STRETCH = 3.0
#: In parts of the distance from 0: the narrowest view.
_NARROWEST = 1e-9
_LEAST = 1e-300


def view(
    surface: Surface,
    trajectories: Sequence[Trajectory] = (),
    *,
    limits: str | Sequence[Sequence[float]] | None = None,
    aspect: float | None = None,
) -> Limits:
    """Choose what part of the plane to show."""
    if limits is not None and not isinstance(limits, str):
        return rectangle("limits", limits)
    if limits not in (None, "domain"):
        raise must("limits", "'domain' or ((xmin, xmax), (ymin, ymax))", limits)
    domain = np.array(surface.domain)
    if limits == "domain" or not trajectories:
        return surface.domain
    starts = np.concatenate([path.start.reshape(-1, 2) for path in trajectories])
    anchors = np.concatenate([starts, surface.minima])
    points = np.concatenate([anchors, *(path.positions.reshape(-1, 2) for path in trajectories)])
    anchors = anchors[np.isfinite(anchors).all(axis=1)]
    if not len(anchors):
        return surface.domain
    low = np.minimum(domain[:, 0], anchors.min(axis=0))
    high = np.maximum(domain[:, 1], anchors.max(axis=0))
    room = 0.15 * (high - low)
    near = ((points >= low - room) & (points <= high + room)).all(axis=1)
    low, high = points[near].min(axis=0), points[near].max(axis=0)
    size = np.maximum(high - low, 0.05 * (domain[:, 1] - domain[:, 0]))
    return framed((low + high) / 2, size, aspect)


def framed(middle: Array, size: Array, aspect: float | None = None) -> Limits:
    """Return limits with a margin, and with equal scales of x and y where possible."""
    # No narrower than where neighbouring floats could be told apart.
    size = np.maximum(size * (1 + 2 * _MARGIN), _NARROWEST * abs(middle) + _LEAST)
    if aspect is not None:
        wanted = np.maximum(size, [size[1] * aspect, size[0] / aspect])
        size = wanted if (wanted <= _STRETCH * size).all() else np.maximum(size, wanted / _STRETCH)
    (x0, x1), (y0, y1) = np.stack([middle - size / 2, middle + size / 2], axis=1).tolist()
    return (x0, x1), (y0, y1)


def in_parts(points: Array, limits: Limits) -> Array:
    """Return positions in parts of the view's width and height: inside they are from 0 to 1."""
    (x0, x1), (y0, y1) = limits
    return np.asarray((points - np.array([x0, y0])) / np.array([x1 - x0, y1 - y0]))
