"""Results as JSON files: written whole or not at all, and read as data."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, TypeVar

from trajectories.archive import load_json
from trajectories.atomic import replacing
from trajectories.validation import must

__all__ = ["read_json", "write_json"]

Made = TypeVar("Made")


def write_json(path: str | os.PathLike[str], record: dict[str, Any]) -> None:
    """Write plain data to a JSON file."""
    if os.path.splitext(path)[1].lower() != ".json":
        raise must("path", "a file name that ends in .json", os.fspath(path))
    with replacing(path) as file:
        file.write(json.dumps(record, indent=1, allow_nan=False).encode())


def read_json(path: str | os.PathLike[str], make: Callable[[Any], Made], what: str) -> Made:
    """Read a JSON file and make something of it."""
    return load_json(path, what, make)
