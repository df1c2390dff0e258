"""Results that stay as they are, in memory, as copies and in other processes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Frozen", "read_only"]


class Frozen:
    """A frozen dataclass with arrays that its `__post_init__` makes read-only."""

    def __post_init__(self) -> None:
        """Check the fields, and make the arrays read-only."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the fields, and make the arrays read-only again."""
        own = {item.name for item in fields(self)}  # type: ignore[arg-type]
        self.__dict__.update((name, value) for name, value in state.items() if name in own)
        self.__post_init__()


def read_only(array: Any) -> NDArray[Any]:
    """Return a view of an array that cannot be written to."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view
