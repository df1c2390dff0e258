"""The package's optimizers by their names in spec strings."""

from __future__ import annotations

from trajectories.optimizers.adam import Adam, AdamW, AMSGrad, RAdam
from trajectories.optimizers.adam_direction import Adan, AdEMAMix, NAdam
from trajectories.optimizers.adam_scale import ADOPT, AdaBelief, Adamax, Yogi
from trajectories.optimizers.adaptive import AdaDelta, AdaGrad, CenteredRMSProp, RMSProp
from trajectories.optimizers.base import Optimizer
from trajectories.optimizers.gradient import ASGD, SGD, OptimisticGD
from trajectories.optimizers.momentum import DampenedMomentum, Momentum, Nesterov
from trajectories.optimizers.rule import Rule
from trajectories.optimizers.second_order import (
    Backtracking,
    DampedNewton,
    Newton,
    SurfaceOptimizer,
)
from trajectories.optimizers.sign import Lion, Rprop, SignSGD, Signum

__all__ = ["ALL_OPTIMIZERS", "OPTIMIZERS", "SURFACE_OPTIMIZERS", "is_known"]

#: The optimizers that see gradients only, by their name in spec strings.
OPTIMIZERS: dict[str, type[Optimizer]] = {
    cls.name: cls
    for cls in (
        *(SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam),  # The textbook's.
        *(OptimisticGD, ASGD, DampenedMomentum, CenteredRMSProp, AdaDelta),
        *(AdamW, AMSGrad, RAdam, NAdam, Adan, AdEMAMix, Adamax, AdaBelief, Yogi, ADOPT),
        *(SignSGD, Signum, Lion, Rprop),
    )
}

#: The optimizers that see a surface itself.
SURFACE_OPTIMIZERS: dict[str, type[SurfaceOptimizer]] = {
    cls.name: cls for cls in (Newton, DampedNewton, Backtracking)
}

#: The optimizers of both families.
ALL_OPTIMIZERS: dict[str, type[Rule]] = {**OPTIMIZERS, **SURFACE_OPTIMIZERS}


def is_known(optimizer: Rule) -> bool:
    """Tell whether an optimizer is of the package itself, and not of a class derived from one."""
    return ALL_OPTIMIZERS.get(optimizer.name) is type(optimizer)
