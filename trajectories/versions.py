"""What results were computed with: results of other versions may differ in the last bits."""

from __future__ import annotations

import importlib.metadata
import platform

import numpy as np

__all__ = ["versions"]


def versions() -> dict[str, str]:
    """Return the versions of what computes: the package, NumPy and Python."""
    return {
        "trajectories": importlib.metadata.version("trajectories"),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
