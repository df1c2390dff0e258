"""Whether a file belongs to what would go on from it: the first setting that differs is told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

__all__ = ["check_same", "flat"]


def check_same(
    path: str | os.PathLike[str],
    what: str,
    theirs: Mapping[str, Any],
    mine: Mapping[str, Any],
    advice: str,
) -> None:
    """Raise a `ValueError` if a file was begun with other settings."""
    for key in {**theirs, **mine}:
        there, here = theirs.get(key), mine.get(key)
        if there != here:  # The file may hold anything, of any length.
            raise ValueError(
                f"{os.fspath(path)!r} is {what}: {' '.join(key.split())[:60]} is {there!r:.200} "
                f"there and {here!r:.200} here. {advice}"
            )


def flat(data: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested dictionaries as one, with dotted names."""
    found: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            found.update(flat(value, f"{before}{key}."))
        else:
            found[f"{before}{key}"] = value
    return found
