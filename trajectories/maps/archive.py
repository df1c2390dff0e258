"""Maps as files: NumPy archives that hold data only."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from numpy.typing import NDArray

from trajectories.archive import load_archive, save_archive

__all__ = ["read_archive", "write_archive"]

Made = TypeVar("Made")


def write_archive(
    path: str | os.PathLike[str],
    kind: str,
    about: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
) -> None:
    """Write a map to a file.

    Parameters
    ----------
    path : str or os.PathLike
        Ends in ``.npz``.
    kind : str
        What it is.
    about : mapping
        All but the arrays, as JSON can hold it.
    arrays : mapping of numpy.ndarray
        The arrays.

    Raises
    ------
    ValueError
        If the suffix is another one.
    OSError
        If the file cannot be written; an old one is then left as it was.
    """
    save_archive(path, _form(kind), about, arrays)


def read_archive(
    path: str | os.PathLike[str],
    kind: str,
    make: Callable[[dict[str, Any], dict[str, NDArray[Any]]], Made],
) -> Made:
    """Read what `write_archive` wrote. The file is data: reading one runs no code.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    kind : str
        What it must be.
    make : callable
        Makes it of what was written about it, and of its arrays.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it holds something else, or would unpack to more than a file of its size may.
    """
    return load_archive(path, f"{kind} map", make, form=_form(kind))


def _form(kind: str) -> str:
    return f"trajectories {kind} 1"
