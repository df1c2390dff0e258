"""Kills what goes on later, in the midst of it: ``python tests/kill_keepers.py --kills 100``.

The journal of a search, the blocks of a map and the checkpoint of a training are what an
interrupted run goes on from. A process does such work, tells of each part as soon as it counts as
kept, and is killed (SIGKILL) at a random moment; the next one goes on. After every kill all that
was told of must be there, whole, and nothing of the rest may be in the way. POSIX only.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from trajectories.maps.cells import run_blocks
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.trainer import Trainer
from trajectories.records import read_arrays
from trajectories.search.trials import Trial, opened, read_journal

__all__ = ["KEEPERS", "kill_at_random"]

_SETTINGS, _VERSIONS = {"what": "a search"}, {"python": "3"}
_BLOCK, _BLOCKS = 50_000, 40
_ITERATIONS, _TRIALS = 400, 200
Tell = Callable[[], object]


def trial(number: int) -> Trial:
    """Return a trial whose line takes several parts to write."""
    curve = [number + i / 7 for i in range(300)]
    return Trial(number, 0, {"lr": 0.1}, 1, "finished", 0.5, 3, {"loss": curve})


class Keeper:
    """Work that can be gone on with; when it has come to its end, it begins anew elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.turn = self.kept = self.torn = 0

    @property
    def path(self) -> Path:
        """Where it is kept this time."""
        return self.folder / f"turn{self.turn}.npz"

    def work(self, tell: Tell) -> None:
        """Go on from what is kept to the end, and tell of every part that is kept."""
        raise NotImplementedError

    def check(self, told: int) -> None:
        """Make sure that all is there of which was told, beside what was there before."""
        raise NotImplementedError

    def next(self, turns: int = 1) -> None:
        """Begin anew."""
        self.turn += turns
        if turns:
            self.kept = 0


class Slowly:
    """A file on a slow disk, so that many a kill falls into the writing of a line."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.flush, self.fileno = file.flush, file.fileno

    def write(self, line: bytes) -> None:
        for begin in range(0, len(line), 500):
            self.file.write(line[begin : begin + 500])
            self.file.flush()
            time.sleep(0.001)


class Journaling(Keeper):
    """The journal of a search."""

    def work(self, tell: Tell) -> None:
        with opened(self.path, _SETTINGS, _VERSIONS, resume=True) as journal:
            journal.file = Slowly(journal.file)
            for number in range(len(journal.ended), _TRIALS):
                journal.add(trial(number))
                tell()

    def check(self, told: int) -> None:
        if not self.path.exists():
            assert self.kept + told == 0
            return
        journal, length = read_journal(self.path)
        found = {} if journal is None else journal.ended
        assert list(found) == list(range(len(found)))
        assert all(found[number] == trial(number) for number in found)
        assert self.kept + told <= len(found) <= self.kept + told + 1
        self.torn += length < self.path.stat().st_size
        self.kept = len(found)


def columns(begin: int, end: int) -> dict[str, np.ndarray]:
    """Stand for a block of a map."""
    cells = np.arange(begin, end)
    return {"a": cells / 7, "b": np.stack([cells, -cells], axis=-1)}


class Mapping(Keeper):
    """The blocks of a map, run here."""

    jobs = 1

    def work(self, tell: Tell) -> None:
        ran = 0

        def told(begin: int, end: int) -> dict[str, np.ndarray]:
            nonlocal ran
            if ran:  # This one begins when the one before has been kept.
                tell()
            ran += 1
            return columns(begin, end)

        work = told if self.jobs == 1 else columns
        count = _BLOCK * _BLOCKS
        found = run_blocks(work, count, _BLOCK, n_jobs=self.jobs, folder=self.path, plan={"a": 1})
        whole = columns(0, count)
        assert all(np.array_equal(found[name], whole[name]) for name in whole)

    def check(self, told: int) -> None:
        files = sorted(item.name for item in self.path.iterdir()) if self.path.exists() else []
        hidden = [name for name in files if name.startswith(".")]
        assert all(name.endswith(".part") for name in hidden)
        self.torn += bool(hidden)
        blocks = [name for name in files if name.startswith("cells-")]
        assert set(files) <= {"plan.json", *blocks, *hidden}
        assert self.kept + told <= len(blocks)
        for block in blocks:
            begin = int(block[6:-4])
            with open(self.path / block, "rb") as file:
                found = read_arrays(file)
            whole = columns(begin, begin + _BLOCK)
            assert all(np.array_equal(found[name], whole[name]) for name in whole)
        self.kept = len(blocks)


class MappingElsewhere(Mapping):
    """The blocks of a map, run in two processes of joblib's."""

    jobs = 2


class Training(Keeper):
    """The checkpoint of a training."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.whole = self._trainer(None)
        self.whole.run()

    def _trainer(self, path: Path | None) -> Trainer:
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (200, 400)).astype(np.uint8)
        labels = rng.integers(0, 3, 200)
        network = MultiLayerNet(400, [60], 3, rng=0)
        how = {"batch_size": 10, "iterations": _ITERATIONS, "rng": 1, "evaluate": {}}
        return Trainer(network, "adam", images, labels, checkpoint=path, checkpoint_every=1, **how)

    def work(self, tell: Tell) -> None:
        trainer = self._trainer(self.path)
        begun = None

        def watch(now: Trainer) -> None:
            nonlocal begun
            if begun is None:
                begun = now.iteration
            elif now.iteration > begun + 1:  # The one before has been kept.
                tell()

        trainer.run(watch=watch)
        assert np.array_equal(trainer.network.flat_params, self.whole.network.flat_params)
        assert trainer.history == self.whole.history

    def check(self, told: int) -> None:
        hidden = [item.name for item in self.folder.iterdir() if item.suffix != ".npz"]
        assert all(name.startswith(".") and name.endswith(".part") for name in hidden)
        self.torn += bool(hidden)
        if self.path.exists():
            with open(self.path, "rb") as file:
                done = len(read_arrays(file)["progress/losses"])
            assert done >= self.kept + told
            self.kept = done
        else:
            assert self.kept + told == 0


#: What is killed, by its name.
KEEPERS = {
    "journal": Journaling,
    "blocks": Mapping,
    "joblib": MappingElsewhere,
    "checkpoint": Training,
}


def kill_at_random(name: str, kills: int, rng: random.Random, longest: float) -> str:
    """Kill one of `KEEPERS` so many times, and return a line about it.

    Raises
    ------
    AssertionError
        If anything was lost or in the way.
    """
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        keeper = KEEPERS[name](Path(place))
        parts = on = ended = 0
        for _ in range(kills):
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(reading)
                _work_on(keeper, writing)
            os.close(writing)
            if rng.random() < 0.8:  # Else it may not even have begun.
                _wait_for_more(keeper.folder)
            time.sleep(rng.uniform(0.0, longest))
            os.killpg(child, signal.SIGKILL) if _leads(child) else os.kill(child, signal.SIGKILL)
            status = os.waitpid(child, 0)[1]
            said = _all_of(reading)
            assert os.WIFSIGNALED(status), f"{name}: the work failed by itself: {said!r}"
            *whole, last = said.split(b"E")
            assert not last.strip(b"."), f"{name}: {last!r}"
            keeper.next(len(whole))
            begun = keeper.kept
            keeper.check(len(last))
            parts += keeper.kept - begun
            on += keeper.kept > 0
            ended += len(whole)
    return (
        f"{name}: {kills} kills, nothing lost, {on} times there was something to go on from, "
        f"{ended} times all was kept; {parts:,} parts were found whole, {keeper.torn} torn"
    )


def _work_on(keeper: Keeper, descriptor: int) -> None:
    """Work until killed: a "." for each part that is kept, an "E" for each end."""
    os.setsid()
    try:
        while True:
            keeper.work(lambda: os.write(descriptor, b"."))
            os.write(descriptor, b"E")
            keeper.next()
    except BaseException as error:  # Told to the one that waits.
        os.write(descriptor, repr(error).encode()[:2000])
    finally:
        os._exit(9)


def _wait_for_more(folder: Path, patience: float = 60.0) -> None:
    """Wait until something is kept in a folder that was not."""
    until = time.monotonic() + patience
    before = _bytes_in(folder)
    while _bytes_in(folder) == before and time.monotonic() < until:
        time.sleep(0.005)


def _bytes_in(folder: Path) -> int:
    total = 0
    for item in folder.rglob("*"):
        with contextlib.suppress(OSError):  # It has gone in between.
            total += item.stat().st_size
    return total


def _leads(child: int) -> bool:
    """Tell whether a process leads its own group already."""
    try:
        return os.getpgid(child) == child
    except ProcessLookupError:
        return False


def _all_of(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as pipe:
        return pipe.read()


def main() -> int:
    """Run as told on the command line."""
    parser = argparse.ArgumentParser(description="Kill what goes on later, in the midst of it.")
    parser.add_argument("--kills", type=int, default=100, help="of each (100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--longest", type=float, default=1.0, help="seconds before a kill, at most (1)"
    )
    parser.add_argument("keepers", nargs="*", metavar="KEEPER", help=f"{', '.join(KEEPERS)} (all)")
    options = parser.parse_args()
    for name in options.keepers or KEEPERS:
        rng = random.Random(options.seed)
        print(kill_at_random(name, options.kills, rng, options.longest), flush=True)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main())
