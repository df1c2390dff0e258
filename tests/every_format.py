"""Writes one small file of every format: ``python tests/every_format.py FOLDER [FORMAT ...]``.

For tests of the writers as a whole, which need processes of their own. Prints a line for every
file: its check sum and its name. Two pictures are known, 0 and 1.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import trajectories as tj
from trajectories.mnist import History

__all__ = ["FORMATS", "names", "write"]

SURFACE = "x**2/20 + y**2"
RULES = ["sgd:lr=0.95", "adam:lr=0.3"]
STEPS = 6
_VIDEO = ("mp4", "webm")


def _paths(picture: int) -> list[tj.Trajectory]:
    return tj.compare(SURFACE, RULES, ((-7, 2), (5, -3))[picture], STEPS)


def _figure(path: Path, picture: int) -> None:
    found = tj.basins("himmelblau", ("sgd:0.01", "adam:0.1")[picture], 20, resolution=9)
    tj.save_map(found, path, theme="light", size=(320, 240))


def _movie(path: Path, picture: int) -> None:
    tj.animate(_paths(picture), size=(240, 180)).save(path, fps=10)


def _trajectory(path: Path, picture: int) -> None:
    _paths(picture)[0].save(path)


def _history(path: Path, picture: int) -> None:
    versions = {"python": "3"}
    History("run", [0.5, picture], [0], [0], {"test": [0.1]}, [1.0], versions=versions).save(path)


def _deck(path: Path, picture: int) -> None:
    # What it shows has been written before, once.
    movie = path.with_name(f"picture{picture}.gif")
    if not movie.exists():
        _movie(movie, picture)
    tj.deck([movie], path)


#: What writes a file, by the format's name; its suffix is what follows the last full stop.
FORMATS: dict[str, Callable[[Path, int], None]] = {
    "figure.png": _figure,
    "figure.svg": _figure,
    "figure.pdf": _figure,
    "movie.gif": _movie,
    "movie.png": _movie,
    "movie.apng": _movie,
    "movie.webp": _movie,
    "movie.html": _movie,
    "frame%d.png": _movie,
    "movie.mp4": _movie,
    "movie.webm": _movie,
    "trajectory.npz": _trajectory,
    "history.json": _history,
    "deck.html": _deck,
    "deck.pptx": _deck,
}


def names(kind: str) -> list[str]:
    """Return the names of the files that a format consists of."""
    if "%" in kind:
        return [kind % number for number in range(STEPS + 1)]
    stem, _, suffix = kind.rpartition(".")
    return [kind, f"{stem}.poster.png"] if suffix in _VIDEO else [kind]


def write(folder: Path, kind: str, picture: int = 0) -> dict[str, bytes]:
    """Write a file of one format, and return what is in it, or in all that it consists of."""
    FORMATS[kind](folder / kind, picture)
    return {name: (folder / name).read_bytes() for name in names(kind)}


def _main() -> None:
    parser = argparse.ArgumentParser(description="Write one small file of every format.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("kinds", nargs="*", metavar="FORMAT", help="all")
    parser.add_argument("--reversed", action="store_true", help="the last first")
    options = parser.parse_args()
    kinds = options.kinds or list(FORMATS)
    for kind in reversed(kinds) if options.reversed else kinds:
        folder = options.folder / kind.replace("%", "")
        folder.mkdir(exist_ok=True)
        for name, content in write(folder, kind).items():
            print(hashlib.sha256(content).hexdigest(), f"{kind}: {name}")


if __name__ == "__main__":
    os.environ.setdefault("MPLBACKEND", "agg")
    _main()
