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
    """Raise a `ValueError` if a file was begun with other settings.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    what : str
        What it is then, such as "the journal of another search".
    theirs, mine : mapping
        Its settings, and those that are wanted, as `flat` returns them; the most telling first.
    advice : str
        What can be done.

    Examples
    --------
    >>> check_same("a.npz", "the run of another", {"lr": 1}, {"lr": 2}, "Choose another file.")
    Traceback (most recent call last):
        ...
    ValueError: 'a.npz' is the run of another: lr is 1 there and 2 here. Choose another file.
    """
    for key in {**theirs, **mine}:
        there, here = theirs.get(key), mine.get(key)
        if there != here:  # The file may hold anything, of any length.
            raise ValueError(
                f"{os.fspath(path)!r} is {what}: {' '.join(key.split())[:60]} is {there!r:.200} "
                f"there and {here!r:.200} here. {advice}"
            )


def flat(data: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested dictionaries as one, with dotted names.

    Parameters
    ----------
    data : mapping
        With text for keys.
    before : str, default ""
        What all names begin with.

    Returns
    -------
    dict

    Examples
    --------
    >>> flat({"network": {"hidden": [50]}, "lr": 0.1})
    {'network.hidden': [50], 'lr': 0.1}
    """
    found: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            found.update(flat(value, f"{before}{key}."))
        else:
            found[f"{before}{key}"] = value
    return found
