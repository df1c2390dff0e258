"""Weigh our HTML pages, and compare one with Matplotlib's own.

Bytes of a page with a player, for 30 and 200 frames of four paths, with learning rates and with
starts to choose from, against what a page may have; and seconds and bytes against
`matplotlib.animation.Animation.to_jshtml`, which embeds every frame as a picture. Both show the
same frames of the same figure, and run in turn (A B A B ...) in this process.

Usage: python tests/benchmarks/bench_page.py [--rounds 5] [--no-peer]
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl

import trajectories as tj

SPECS = {
    "x**2/20 + y**2": ["sgd:0.95", "momentum:0.1", "adagrad:1.5", "adam:0.3"],
    "rosenbrock": ["sgd:0.0015", "momentum:0.0003", "adagrad:0.4", "adam:0.05"],
    "himmelblau": ["sgd:0.01", "momentum:0.005", "adagrad:0.5", "adam:0.1"],
}
RATES = [0.0003, 0.0005, 0.001, 0.0015, 0.002]
#: What is shown: the surface, steps, what `animate` is told, and the most bytes.
PAGES: list[tuple[str, int, dict[str, Any], int]] = [
    ("x**2/20 + y**2", 29, {}, 120_000),
    ("rosenbrock", 29, {}, 120_000),
    ("himmelblau", 29, {"layout": "race"}, 120_000),
    ("rosenbrock", 199, {}, 200_000),
    ("himmelblau", 199, {"layout": "grid"}, 200_000),
    ("rosenbrock", 200, {"learning_rates": RATES}, 300_000),
    ("x**2/20 + y**2", 200, {"starts": "grid"}, 300_000),
    ("himmelblau", 200, {"starts": "grid", "layout": "race"}, 300_000),
]


def main() -> None:
    """Print a row for each page, and the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-peer", action="store_true", help="leave out Matplotlib's pages")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "a.html"
        print(f"{'four paths on':16}{'steps':>6}  {'':24}{'bytes':>9}{'zipped':>9}{'at most':>9}")
        for name, steps, how, most in PAGES:
            paths = tj.compare(name, SPECS[name], steps=steps)
            tj.animate(paths, **how).save(target)
            content = target.read_bytes()
            told = ", ".join(value if key == "layout" else key for key, value in how.items())
            zipped = len(gzip.compress(content, 6))
            met = "" if len(content) <= most else "  MISSED"
            print(f"{name:16}{steps:6}  {told:24}{len(content):9,}{zipped:9,}{most:9,}{met}")
        if not options.no_peer:
            compare(target, options.rounds)


def compare(target: Path, rounds: int) -> None:
    """Print seconds and bytes of our page and of Matplotlib's."""
    paths = tj.compare("x**2/20 + y**2", SPECS["x**2/20 + y**2"], steps=29)
    moving = tj.animate(paths)

    def ours() -> int:
        moving.save(target)
        return target.stat().st_size

    def theirs() -> int:
        with mpl.rc_context({"animation.embed_limit": 200}):
            return len(moving.to_matplotlib().to_jshtml(fps=8).encode())

    print(f"\n{'30 frames, one page':32}{'ours':>12}{'to_jshtml':>12}{'ratio':>9}")
    a, b = in_turn(ours, theirs, rounds)
    for label, mine, other in (("seconds", a[0], b[0]), ("bytes", a[1], b[1])):
        shown = f"{mine:12,.3f}{other:12,.3f}" if mine < 1000 else f"{mine:12,.0f}{other:12,.0f}"
        print(f"{label:32}{shown}{f'1/{other / mine:.3g}':>9}")


def in_turn(
    a: Callable[[], int], b: Callable[[], int], rounds: int
) -> tuple[tuple[float, int], tuple[float, int]]:
    """Return the median seconds and the bytes of two functions, run in turn."""
    seconds: tuple[list[float], list[float]] = ([], [])
    sizes = [0, 0]
    for turn in range(rounds + 1):
        for side, function in enumerate((a, b)):
            begin = time.perf_counter()
            sizes[side] = function()
            if turn:  # The first is a warm-up.
                seconds[side].append(time.perf_counter() - begin)
    first, second = (statistics.median(times) for times in seconds)
    return (first, sizes[0]), (second, sizes[1])


if __name__ == "__main__":
    main()
