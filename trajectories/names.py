"""Look names up in a table, and tell in a message what was not in it and what is near."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable

__all__ = ["cut", "normalise", "resolve", "suffix", "unknown"]


def cut(text: str, most: int = 60) -> str:
    """Shorten a text for a message."""
    return text if len(text) <= most else text[: most - 3] + "..."


def normalise(name: str) -> str:
    """Fold the spellings of one name together: case, blanks, hyphens and underscores."""
    return "".join(c for c in name.lower() if c not in " -_")


def resolve(kind: str, name: object, known: Iterable[str]) -> str:
    """Return the known name that `name` means."""
    known = tuple(known)
    if isinstance(name, str):
        if name in known:  # Most names are written as they are: no need to fold them all.
            return name
        table = {normalise(item): item for item in known}
        if normalise(name) in table:
            return table[normalise(name)]
    raise unknown(kind, name, known)


def suffix(kind: str, path: str | os.PathLike[str], known: Iterable[str]) -> str:
    """Return the suffix of a path, in lower case, if it is a known one."""
    found = os.path.splitext(os.fspath(path))[1].lower()
    if found not in known:
        raise unknown(kind, found, known)
    return found


def unknown(kind: str, name: object, known: Iterable[str]) -> ValueError:
    """Build the error for a name that is not known."""
    known = list(known)
    table = {normalise(item): item for item in known}
    near = difflib.get_close_matches(normalise(str(name))[:80], list(table), n=1, cutoff=0.6)
    hint = f" Did you mean {table[near[0]]!r}?" if near else ""
    return ValueError(f"Unknown {kind} {cut(repr(name))}.{hint} Known: {', '.join(known)}.")
