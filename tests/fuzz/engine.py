"""Runs a fuzz target on ever new inputs: guided by coverage if atheris is there, else blindly.

A target takes one input, and returns whether it was accepted. What it may not do: raise anything
but the errors that are promised, take longer than a second of processor time or more than 256 MiB
of memory, or have the interpreter do anything that a text must never make it do (see `Trap`).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Target", "Trap", "corpus", "main"]

HANG = 1.0
#: What an input may add to the peak of the process's memory, in bytes.
MEMORY = 2**28
_HERE = Path(__file__).parent
#: What CPython tells of: code that runs, files, processes, sockets, foreign code, pickles.
_FORBIDDEN = ("exec", "open", "import", "os.", "subprocess.", "socket.", "shutil.", "ctypes.")
_FORBIDDEN += ("pickle.", "marshal.loads", "code.__new__", "function.__new__", "builtins.input")


class Trap:
    """Notices, by CPython's audit events, code that runs and files or processes that are opened.

    `os.system`, `open`, `eval`, `exec`, imports and sockets all raise such an event, by whatever
    name they were reached. What is imported when it is first needed is imported before the trap
    is set. A hook cannot be taken away again, so that there is one for all.

    Parameters
    ----------
    allowed : str
        The one file that may be opened; "" for none.
    """

    def __init__(self, allowed: str = "") -> None:
        self.caught: list[str] = []
        self._allowed = allowed
        self._set = False
        sys.addaudithook(self._hear)

    def _hear(self, event: str, details: tuple[Any, ...]) -> None:
        if self._set and event.startswith(_FORBIDDEN):
            # A descriptor comes of a file that was opened by its name before.
            if event == "open" and self._allowed and details[0] in (self._allowed, *range(64)):
                return
            self._set = False
            self.caught.append(f"{event} {details!r:.200}")

    @contextlib.contextmanager
    def set(self) -> Iterator[None]:
        """Raise an `AssertionError` at the end of a block in which anything was caught."""
        self._set = True
        try:
            yield
        finally:
            self._set = False
        if self.caught:
            raise AssertionError(f"An input ran: {self.caught.pop()}")


@dataclass
class Target:
    """What is fuzzed.

    Parameters
    ----------
    name : str
        For reports.
    check : callable
        Takes an input as bytes, and returns whether it was accepted.
    seeds : sequence of bytes
        What inputs are made of.
    words : sequence of bytes
        Words that are put into inputs.
    modules : sequence of str
        The modules whose branches guide the search.
    refusals : tuple of type
        What may be raised.
    path : str
        The file that the input is written to, if it is one: no other may be opened.
    grow : callable, optional
        Makes a new piece of an input, by its grammar.
    grown : float
        The part of all inputs that are such a piece and nothing else.
    """

    name: str
    check: Callable[[bytes], bool]
    seeds: Sequence[bytes]
    words: Sequence[bytes]
    modules: Sequence[str]
    refusals: tuple[type[Exception], ...] = (ValueError,)
    path: str = ""
    grow: Callable[[random.Random], bytes] | None = None
    grown: float = 0.0
    done: int = 0
    accepted: int = 0
    slowest: tuple[float, bytes] = (0.0, b"")
    _trap: Trap | None = field(default=None, repr=False)

    def warm(self) -> None:
        """Run the seeds, so that what is imported or cached at first use is there."""
        for seed in self.seeds:
            with contextlib.suppress(*self.refusals):
                self.check(seed)
        self._trap = Trap(self.path)

    def __call__(self, data: bytes) -> None:
        """Run one input, and raise whatever must not be."""
        peak = peak_memory()
        begin = time.process_time()
        with self._trap.set() if self._trap else contextlib.nullcontext():
            try:
                self.accepted += bool(self.check(data))
            except self.refusals as error:
                message = str(error)
                if not message or len(message) > 2000 or "\n" in message:
                    raise AssertionError(f"Not one line: {message!r:.300}") from error
        taken = time.process_time() - begin
        self.done += 1
        more = peak_memory() - peak
        if more > MEMORY:
            raise AssertionError(f"{more / 2**20:.0f} MiB for {data!r:.2000}")
        if taken > self.slowest[0]:
            self.slowest = (taken, bytes(data))
            if taken > HANG:
                raise AssertionError(f"{taken:.1f} s for {data!r:.2000}")

    def mutated(self, data: bytes, rng: random.Random) -> bytes:
        """Return an input with a few pieces cut, doubled, moved, replaced or put in."""
        if self.grow is not None and rng.random() < self.grown:
            return self.grow(rng)
        data = bytes(data)
        for _ in range(rng.choice((1, 1, 2, 3, 6))):
            a, b = sorted(rng.randrange(len(data) + 1) for _ in range(2))
            b = min(b, a + rng.choice((1, 4, 16, 64)))
            kind = rng.randrange(7 if self.grow is None else 9)
            if kind == 0:
                data = data[:a] + data[b:]
            elif kind == 1:
                data = data[:b] + data[a:]
            elif kind == 2:
                data = data[:a] + rng.randbytes(1) + data[a + 1 :]
            elif kind == 3:
                data = data[:a] + rng.choice(self.words) + data[b:]
            elif kind == 4:
                data = data[:a] + rng.choice(self.words) + data[a:]
            elif kind == 5:
                other = rng.choice(self.seeds)
                c, d = sorted(rng.randrange(len(other) + 1) for _ in range(2))
                data = data[:a] + other[c:d] + data[b:]
            elif kind == 6:
                data = data[:a] + bytes(reversed(data[a:b])) + data[b:]
            elif self.grow is not None:
                piece = self.grow(rng)
                data = piece if kind == 7 else data[:a] + piece + data[b:]
        return data[:65536]


def peak_memory() -> int:
    """Return the most memory that this process has had so far, in bytes."""
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii") as file:
        # On Linux, `ru_maxrss` begins with what the process had that started this one.
        return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def corpus(name: str) -> list[bytes]:
    """Return the lines of a file of the corpus, with Python's escapes resolved."""
    lines = (_HERE / "corpus" / name).read_text("ascii").splitlines()
    return [line.encode().decode("unicode_escape").encode() for line in lines]


def main(target: Target, arguments: Sequence[str] | None = None) -> int:
    """Run a target as told on the command line, report, and return the exit code."""
    parser = argparse.ArgumentParser(description=f"Fuzz {target.name}.")
    parser.add_argument("--inputs", type=int, default=10_000, help="how many (10,000)")
    parser.add_argument("--seconds", type=int, default=0, help="at most so long (no limit)")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (1)")
    parser.add_argument("--blind", action="store_true", help="without atheris")
    parser.add_argument("--keep", help="a folder that keeps what reached something new")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    warnings.simplefilter("error")
    # What a catalogue of strangers' formulas would also have: constants.
    warnings.filterwarnings("ignore", "The formula .* is constant")
    guided = not options.blind and _has_atheris()
    if guided and not options.inside:
        return _supervise(target, options)
    if guided:
        _guided(target, options)
    else:
        begin = time.monotonic()
        _blindly(target, options)
        _report(target, "blind", time.monotonic() - begin)
    return 0


def _has_atheris() -> bool:
    import importlib.util

    return importlib.util.find_spec("atheris") is not None


def _blindly(target: Target, options: argparse.Namespace) -> None:
    rng = random.Random(options.seed)
    pool = list(target.seeds)
    target.warm()
    end = time.monotonic() + options.seconds if options.seconds else float("inf")
    while target.done < options.inputs and time.monotonic() < end:
        data = target.mutated(rng.choice(pool), rng)
        before = target.accepted
        try:
            target(data)
        except BaseException:
            print(f"Input: {data!r:.3000}", file=sys.stderr)
            raise
        if target.accepted > before:  # So that changes add up.
            if len(pool) < 5000:
                pool.append(data)
            else:
                pool[rng.randrange(len(target.seeds), len(pool))] = data


def _supervise(target: Target, options: argparse.Namespace) -> int:
    """Run libFuzzer, which ends its process, in a process of its own; keep its words to errors."""
    folder = options.keep or tempfile.mkdtemp(prefix="fuzz-")
    os.makedirs(folder, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        Path(folder, f"seed{number:04d}").write_bytes(seed)
    command = [sys.executable, sys.argv[0], "--inside", "--keep", folder]
    for name in ("inputs", "seconds", "seed"):
        command += [f"--{name}", str(getattr(options, name))]
    try:
        done = subprocess.run(command, stderr=subprocess.PIPE, check=False)
    finally:
        _clean(target)  # The other process has one of its own.
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if done.returncode:
        sys.stderr.write(done.stderr.decode(errors="replace")[-6000:])
    return done.returncode


def _guided(target: Target, options: argparse.Namespace) -> None:
    import atheris

    for name in target.modules:
        module = sys.modules[name]
        for item in list(vars(module).values()):
            if getattr(item, "__module__", None) == name and hasattr(item, "__code__"):
                atheris.instrument_func(item)
            elif isinstance(item, type) and item.__module__ == name:
                for method in list(vars(item).values()):
                    if hasattr(method, "__code__"):
                        atheris.instrument_func(method)
    target.warm()
    begin = time.monotonic()

    def mutate(data: bytes, limit: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.3:
            return bytes(atheris.Mutate(data, limit))
        return target.mutated(data, rng)[:limit]

    end = begin + options.seconds if options.seconds else float("inf")

    def run(data: bytes) -> None:
        target(data)
        if target.done >= options.inputs or time.monotonic() > end:
            _report(target, "guided by coverage", time.monotonic() - begin)
            os._exit(0)  # As libFuzzer itself does, but with a report.

    flags = [sys.argv[0], options.keep, f"-seed={options.seed}", "-max_len=65536"]
    flags += ["-timeout=20", "-rss_limit_mb=2048", f"-artifact_prefix={options.keep}/"]
    atheris.Setup(flags, run, custom_mutator=mutate)
    atheris.Fuzz()


def _clean(target: Target) -> None:
    """Remove the folder of its own that a target writes inputs to."""
    if target.path:
        shutil.rmtree(os.path.dirname(target.path), ignore_errors=True)


def _report(target: Target, how: str, seconds: float) -> None:
    """Tell how it went."""
    _clean(target)
    taken, data = target.slowest
    print(
        f"{target.name}: {target.done:,} inputs, {how}, in {seconds:.0f} s "
        f"({target.done / max(seconds, 1e-9):,.0f} a second); {target.accepted:,} accepted; "
        f"at most {peak_memory() / 2**20:.0f} MiB; slowest {1000 * taken:.0f} ms: {data[:120]!r}",
        flush=True,
    )
