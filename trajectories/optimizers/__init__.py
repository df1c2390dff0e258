"""Optimizers: the rules, each usable on two coordinates, a batch of starts, or a network."""

from typing import Any

from trajectories.optimizers.adam import Adam
from trajectories.optimizers.adaptive import AdaGrad, RMSProp
from trajectories.optimizers.base import Optimizer
from trajectories.optimizers.momentum import SGD, Momentum, Nesterov
from trajectories.optimizers.spec import from_spec, to_spec
from trajectories.validation import must

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "AdaGrad",
    "Adam",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSProp",
    "as_optimizer",
    "to_spec",
]

#: The optimizers by their name in spec strings.
OPTIMIZERS: dict[str, type[Optimizer]] = {
    cls.name: cls for cls in (SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam)
}


def as_optimizer(optimizer: Any) -> Optimizer:
    """Return an optimizer for whatever stands for one.

    Parameters
    ----------
    optimizer : Optimizer, str or type
        An optimizer, a spec string, or a class, which stands for itself with its defaults.

    Returns
    -------
    Optimizer

    Raises
    ------
    TypeError
        If it is anything else.
    ValueError
        If it is text that is no spec string.

    Examples
    --------
    >>> as_optimizer("adam:lr=0.3,beta1=0.8")
    Adam(lr=0.3, beta1=0.8, beta2=0.999, eps=1e-07)
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    if isinstance(optimizer, str):
        return from_spec(optimizer, OPTIMIZERS)
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        return optimizer()
    raise must("optimizer", "an Optimizer or a spec string", optimizer, kind=TypeError)
