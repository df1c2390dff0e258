"""Optimizers: the rules, each usable on two coordinates, a batch of starts, or a network."""

from typing import Any

from trajectories.optimizers import schedules
from trajectories.optimizers.adam import Adam, AdamW, AMSGrad, RAdam
from trajectories.optimizers.adam_direction import Adan, AdEMAMix, NAdam
from trajectories.optimizers.adam_scale import ADOPT, AdaBelief, Adamax, Yogi
from trajectories.optimizers.adaptive import AdaDelta, AdaGrad, CenteredRMSProp, RMSProp
from trajectories.optimizers.base import Optimizer
from trajectories.optimizers.catalogue import ALL_OPTIMIZERS, OPTIMIZERS, SURFACE_OPTIMIZERS
from trajectories.optimizers.gradient import ASGD, SGD, OptimisticGD
from trajectories.optimizers.momentum import DampenedMomentum, Momentum, Nesterov
from trajectories.optimizers.rule import Rule, hyperparameter
from trajectories.optimizers.second_order import (
    Backtracking,
    DampedNewton,
    Newton,
    SurfaceOptimizer,
)
from trajectories.optimizers.sign import Lion, Rprop, SignSGD, Signum
from trajectories.optimizers.spec import from_spec, to_spec
from trajectories.validation import must

__all__ = [
    "ADOPT",
    "ALL_OPTIMIZERS",
    "ASGD",
    "OPTIMIZERS",
    "SGD",
    "SURFACE_OPTIMIZERS",
    "AMSGrad",
    "AdEMAMix",
    "AdaBelief",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "Backtracking",
    "CenteredRMSProp",
    "DampedNewton",
    "DampenedMomentum",
    "Lion",
    "Momentum",
    "NAdam",
    "Nesterov",
    "Newton",
    "OptimisticGD",
    "Optimizer",
    "RAdam",
    "RMSProp",
    "Rprop",
    "Rule",
    "SignSGD",
    "Signum",
    "SurfaceOptimizer",
    "Yogi",
    "as_optimizer",
    "hyperparameter",
    "schedules",
    "to_spec",
]


def as_optimizer(optimizer: Any) -> Rule:
    """Return an optimizer for whatever stands for one."""
    if isinstance(optimizer, Rule):
        return optimizer
    if isinstance(optimizer, str):
        return from_spec(optimizer)
    if isinstance(optimizer, type) and issubclass(optimizer, Rule):
        return optimizer()
    raise must("optimizer", "an Optimizer or a spec string", optimizer, kind=TypeError)
