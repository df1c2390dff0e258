"""Kills writers at random moments: ``python tests/kill_writers.py --kills 100 [FORMAT ...]``.

A process writes two pictures to one file, in turn, and is killed (SIGKILL) while it does. After
every kill the file must hold one of the two, whole, byte for byte, and nothing else may lie beside
it, but for what a system without nameless files cannot avoid: hidden files, which the next writer
removes. POSIX only, as it forks: to start Python for each kill would take a second.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

from every_format import FORMATS, names, write


def kill_at_random(kind: str, kills: int, rng: random.Random) -> str:
    """Kill the writer of a format so many times, and return a line about it.

    Raises
    ------
    AssertionError
        If a file was not whole, or if something was left.
    """
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        folder = Path(place)
        pictures = []
        for picture in (0, 1, 0):  # Once to warm up.
            begin = time.perf_counter()
            pictures.append(write(folder, kind, picture))
            taken = time.perf_counter() - begin
        pair = [pictures[2], pictures[1]]
        allowed = {item.name for item in folder.iterdir()}
        ended = {0: 0, 1: 0}
        hidden = 0
        mixed = 0
        there = 0
        for _ in range(kills):
            child = os.fork()
            if child == 0:
                try:
                    for i in range(1000):
                        write(folder, kind, (there + i + 1) % 2)
                finally:
                    os._exit(9)
            time.sleep(rng.uniform(0, 2.5 * taken))
            os.kill(child, signal.SIGKILL)
            status = os.waitpid(child, 0)[1]
            assert os.WIFSIGNALED(status), f"{kind}: the writer failed by itself: {status}"
            found = {name: (folder / name).read_bytes() for name in names(kind)}
            for name, content in found.items():
                assert content in [whole[name] for whole in pair], f"{kind}: {name} is not whole"
            mixed += found not in pair
            there = int(found != pair[0])
            ended[there] += 1
            left = {item.name for item in folder.iterdir()} - allowed
            strangers = [n for n in left if not (n.startswith(".") and n.endswith(".part"))]
            assert not strangers, f"{kind}: {strangers} are left"
            hidden += len(left)
            for name in left:  # So that they are old enough to be swept away.
                os.utime(folder / name, (0, 0))
        write(folder, kind, 0)
        left = {item.name for item in folder.iterdir()} - allowed
        assert not left, f"{kind}: the next writer left {left}"
    return (
        f"{kind}: {kills} kills, 0 files in part; the first picture {ended[0]} times, "
        f"the other {ended[1] - mixed}, files of both {mixed}; "
        f"{hidden} hidden files left, and removed by the next writer"
    )


def main() -> int:
    """Run as told on the command line."""
    parser = argparse.ArgumentParser(description="Kill writers at random moments.")
    parser.add_argument("--kills", type=int, default=100, help="of each format (100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("kinds", nargs="*", metavar="FORMAT", help="all")
    options = parser.parse_args()
    # Forking beside other libraries' threads, which the child never uses.
    warnings.simplefilter("ignore", DeprecationWarning)
    for kind in options.kinds or FORMATS:
        print(kill_at_random(kind, options.kills, random.Random(options.seed)), flush=True)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main())
