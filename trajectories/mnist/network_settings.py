"""Settings of a network that an experiment is given: checked before there is any network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trajectories.mnist.network import MultiLayerNet
from trajectories.names import unknown
from trajectories.validation import must

__all__ = ["checked_settings"]


def checked_settings(given: Any) -> dict[str, Any]:
    """Return settings of a `MultiLayerNet` as it takes them, and as JSON can hold them."""
    if not isinstance(given, Mapping):
        raise must("network", "settings by name, such as dropout", given, kind=TypeError)
    known = [name for name in MultiLayerNet(1, [], 2, rng=0).settings if "_size" not in name]
    for name in given:
        if name not in known:
            raise unknown("setting of the network", name, known)
    settings = MultiLayerNet(1, [], 2, rng=0, **given).settings
    return {name: settings[name] for name in given}
