"""Files that may come from anywhere, read in parts up to a bound."""

from __future__ import annotations

import os
from typing import BinaryIO

__all__ = ["MOST_BYTES", "BoundedFile", "Cut"]

#: So many bytes of a file are read in looking for its comment; what is skipped does not count.
MOST_BYTES = 64 * 2**20
_MOST_READS = 200_000


class Cut(Exception):
    """The file ends where it should not, or more of it would have to be read than is."""


class BoundedFile:
    """A file that is read in parts: no more than a bound in all, and never short."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MOST_BYTES
        self._reads = _MOST_READS
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)

    @property
    def place(self) -> int:
        """Where the next byte is read."""
        return self._file.tell()

    def read(self, count: int) -> bytes:
        """Return the next bytes."""
        if count < 0 or count > self._left or self._reads == 0:
            raise Cut
        content = self._file.read(count)
        if len(content) < count:
            raise Cut
        self._left -= count
        self._reads -= 1
        return content

    def rest(self, most: int) -> bytes:
        """Return what is left of the file, cut after so many bytes."""
        return self.read(max(0, min(self.size - self.place, most, self._left)))

    def go(self, place: int) -> None:
        """Go to a place."""
        if not 0 <= place <= self.size:
            raise Cut
        self._file.seek(place)

    def skip(self, count: int) -> None:
        """Leave bytes out; the same as `go` so much further."""
        self.go(self.place + count)
