"""Kills what writes, at random moments: ``python tests/kills.py --kills 100 [NAME ...]``.

A process writes two pictures to one file, in turn, and is killed (SIGKILL) while it does. After
every kill the file must hold one of the two, whole, byte for byte, and nothing else may lie beside
it, but for what a system without nameless files cannot avoid: hidden files, which the next writer
removes.

The journal of a search, the blocks of a map and the checkpoint of a training are what an
interrupted run goes on from: of what was kept before a kill nothing may be lost, and at the end
all must be as if nobody had interrupted it. POSIX only, as it forks.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from every_format import FORMATS, names, write

import trajectories as tj
from trajectories.mnist import MultiLayerNet, Trainer
from trajectories.search import Objective, Report, SearchResult, search

__all__ = ["KEEPERS", "kill_a_keeper", "kill_a_writer"]


def _killed(work: Callable[[], None], wait: Callable[[int], Any]) -> Any:
    """Kill a process that works, after a wait; return what that told, if the work had not ended."""
    child = os.fork()
    if child == 0:
        os.setsid()
        try:
            work()
            os._exit(0)
        finally:
            os._exit(9)
    told = wait(child)
    try:  # With what it has started.
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or status == 0, f"the work failed by itself: {status}"
    return told if os.WIFSIGNALED(status) else None


def _works(child: int) -> bool:
    """Tell whether a process has not ended yet."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _all_hidden(left: set[str]) -> bool:
    return all(name.startswith(".") and name.endswith(".part") for name in left)


def kill_a_writer(kind: str, kills: int, rng: random.Random) -> str:
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
        there = hidden = 0

        def work() -> None:
            for i in range(1000):
                write(folder, kind, (there + i + 1) % 2)

        for _ in range(kills):
            _killed(work, lambda child: time.sleep(rng.uniform(0, 2.5 * taken)))
            found = {name: (folder / name).read_bytes() for name in names(kind)}
            for name, content in found.items():
                assert content in [whole[name] for whole in pair], f"{name} is not whole"
            there = int(found != pair[0])
            left = {item.name for item in folder.iterdir()} - allowed
            assert _all_hidden(left), f"{left} are left"
            hidden += len(left)
            for name in left:  # So that they are old enough to be swept away.
                os.utime(folder / name, (0, 0))
        write(folder, kind, 0)
        left = {item.name for item in folder.iterdir()} - allowed
        assert not left, f"the next writer left {left}"
    return f"{kind}: {kills} kills, nothing in part; {hidden} hidden files left, and removed"


class _Trials(Objective):
    """Trials whose lines take several parts to write."""

    budget = 1

    def settings(self) -> dict[str, Any]:
        return {}

    def check(self, params: Any) -> None:
        pass

    def run(self, params: Any, seed: int, until: int, state: Any = None) -> Report:
        return Report(params["lr"], until, {"loss": [params["lr"] + i / 7 for i in range(300)]})


class _Keeper:
    """What can be gone on with: it has `finish`, which returns all, and `kept`, which counts."""

    finish: Callable[[Path], str]
    kept: Callable[[Path], int]

    def work(self, path: Path) -> None:
        """Go on where it will be killed."""
        self.finish(path)

    def check(self, path: Path) -> None:
        """Make sure that all of them are whole."""


class _Journal(_Keeper):
    """The journal of a search."""

    def finish(self, path: Path) -> str:
        how = {"rng": 1, "journal": path, "resume": True, "n_jobs": 1}
        found = search(_Trials(), "lr=log:0.01:1", 150, **how)
        return found.digest()

    def kept(self, path: Path) -> int:
        return path.read_bytes().count(b'\n{"trial"') if path.exists() else 0

    def check(self, path: Path) -> None:
        if self.kept(path):
            for trial in SearchResult.load(path):
                assert trial.curves == _Trials().run(trial.params, 0, 1).curves


class _Blocks(_Keeper):
    """The blocks of a map, run here."""

    def finish(self, path: Path, jobs: int = 1) -> str:
        how = {"block": 400, "n_jobs": jobs, "folder": path}
        return tj.basins("himmelblau", "adam:0.1", 150, resolution=120, **how).digest()

    def kept(self, path: Path) -> int:
        files = {item.name for item in path.iterdir()} if path.exists() else set()
        blocks = {name for name in files if name.startswith("cells-")}
        assert _all_hidden(files - blocks - {"plan.json"})
        return len(blocks)

    def check(self, path: Path) -> None:
        for block in path.glob("cells-*"):
            with np.load(block) as held:
                assert [held[name] for name in held.files]


class _BlocksElsewhere(_Blocks):
    """The blocks of a map, run in two processes of joblib's."""

    def work(self, path: Path) -> None:
        self.finish(path, jobs=2)


class _Checkpoint(_Keeper):
    """The checkpoint of a training."""

    def finish(self, path: Path) -> str:
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (200, 400)).astype(np.uint8)
        network = MultiLayerNet(400, [60], 3, rng=0)
        how = {"batch_size": 10, "iterations": 300, "rng": 1, "evaluate": {}}
        trainer = Trainer(
            network, "adam", images, rng.integers(0, 3, 200),
            checkpoint=path, checkpoint_every=1, **how,
        )  # fmt: skip
        trainer.train()
        return f"{network.flat_params.tobytes()!r} {list(trainer.history.loss)}"

    def kept(self, path: Path) -> int:
        assert _all_hidden({item.name for item in path.parent.iterdir() if item.suffix != ".npz"})
        if not path.exists():
            return 0
        with np.load(path) as held:
            return len(held["progress/losses"])


#: What is killed and goes on, by its name.
KEEPERS = {
    "journal": _Journal,
    "blocks": _Blocks,
    "joblib": _BlocksElsewhere,
    "checkpoint": _Checkpoint,
}


def kill_a_keeper(name: str, kills: int, rng: random.Random) -> str:
    """Kill one of `KEEPERS` so many times, and return a line about it.

    Raises
    ------
    AssertionError
        If anything was lost or in the way.
    """
    keeper = KEEPERS[name]()
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        for warm_or_not in ("warm.npz", "whole.npz"):
            begin = time.perf_counter()
            whole = keeper.finish(Path(place) / warm_or_not)
            taken = time.perf_counter() - begin
        turn = on = 0
        for _ in range(kills):
            path = Path(place) / f"turn{turn}.npz"
            before = keeper.kept(path)
            on += before > 0

            def more(child: int, path: Path = path, before: int = before) -> int:
                """Mostly wait until more is kept than before, and a moment longer."""
                until = time.monotonic() + (60.0 if rng.random() < 0.8 else 0.0)
                while keeper.kept(path) == before and _works(child) and time.monotonic() < until:
                    time.sleep(0.01)
                time.sleep(rng.uniform(0.0, taken / 5))
                return keeper.kept(path)

            told = _killed(lambda path=path: keeper.work(path), more)
            keeper.check(path)
            assert keeper.kept(path) >= max(before, told or 0), f"{name}: lost"
            if told is None or rng.random() < 0.2:
                assert keeper.finish(path) == whole
                turn += 1
    return f"{name}: {kills} kills, nothing lost, {on} times there was something to go on from"


def main() -> int:
    """Run as told on the command line."""
    parser = argparse.ArgumentParser(description="Kill what writes, at random moments.")
    parser.add_argument("--kills", type=int, default=100, help="of each (100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a format or keeper; all")
    options = parser.parse_args()
    # Forking beside other libraries' threads, which the child never uses.
    warnings.simplefilter("ignore", DeprecationWarning)
    for name in options.names or [*FORMATS, *KEEPERS]:
        kill = kill_a_keeper if name in KEEPERS else kill_a_writer
        print(kill(name, options.kills, random.Random(options.seed)), flush=True)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main())
