"""Where theory draws the line: the learning rates below which descent on a quadratic is stable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.optimizers import SGD, Momentum, Nesterov, Rule
from trajectories.surfaces import Surface

__all__ = ["frontier", "is_quadratic"]

Array = NDArray[np.float64]
#: How much the entries of a Hessian may differ from place to place, by rounding alone.
_ROUNDING = 1e-9


def is_quadratic(surface: Surface) -> bool:
    """Tell whether a surface is curved alike everywhere, and has no kink."""
    low, high = np.array(surface.domain).T
    # Irregular, so that no period of a wave hides between them.
    places = low + (high - low) * np.random.default_rng(0).random((64, 2))
    curved = surface.hessian(places)
    size = np.abs(curved).max()
    if not (np.isfinite(size) and size > 0 and np.ptp(curved, axis=0).max() < _ROUNDING * size):
        return False
    slopes = surface.gradient(places)
    straight = slopes[0] + (places - places[0]) @ curved[0]
    return bool(np.abs(slopes - straight).max() < _ROUNDING * np.abs(slopes).max())


def frontier(surface: Surface, optimizer: Rule, momenta: Array | None = None) -> Any:
    """Return the learning rate below which a rule is stable on a quadratic, or None."""
    if not isinstance(optimizer, (SGD, Momentum, Nesterov)) or not is_quadratic(surface):
        return None
    found = surface.analysis(surface.start)
    if isinstance(optimizer, SGD):
        return found.sgd_limit if momenta is None else np.full(len(momenta), found.sgd_limit)
    nesterov = isinstance(optimizer, Nesterov)
    limit: Callable[[float], float] = found.nesterov_limit if nesterov else found.momentum_limit
    several: list[Any] = [optimizer.momentum] if momenta is None else momenta.tolist()
    limits = np.array([limit(mu) if mu < 1 else np.nan for mu in several])
    return float(limits[0]) if momenta is None else limits
