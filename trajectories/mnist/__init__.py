"""Networks that learn to read digits, trained by the same optimizers that descend surfaces.

Names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOMES = {
    "trajectories.mnist.dataset": ["Dataset", "Split"],
    "trajectories.mnist.history": ["History"],
    "trajectories.mnist.network": ["MultiLayerNet"],
    "trajectories.mnist.network_search": ["search"],
    "trajectories.mnist.parallel": ["train_all"],
    "trajectories.mnist.source": ["load"],
    "trajectories.mnist.trainer": ["Trainer"],
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["Dataset", "History", "MultiLayerNet", "Split", "Trainer", "load", "search", "train_all"]

if TYPE_CHECKING:
    from trajectories.mnist.dataset import Dataset, Split
    from trajectories.mnist.history import History
    from trajectories.mnist.network import MultiLayerNet
    from trajectories.mnist.network_search import search
    from trajectories.mnist.parallel import train_all
    from trajectories.mnist.source import load
    from trajectories.mnist.trainer import Trainer


def __getattr__(name: str) -> Any:
    """Import a public name from its home when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
