"""Mutation testing: ``python tests/mutate.py MODULE TESTS... --sample 60``.

Each mutant is the module with one small mistake in it (a comparison the other way, a number off by
one, an `and` for an `or`, a branch never taken), and the tests must notice. The tree is copied, so
that nothing of it changes; what no test notices is printed. Mutants that no test can notice, as
they do the same, are listed with the reason in ``tests/equivalent_mutants.txt``: they count as
survivors, and the score without them is given besides.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import math
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
EQUIVALENT = Path(__file__).parent / "equivalent_mutants.txt"
MOST_MEMORY = 8 * 2**30
#: A run that waits for a busy machine is not killed: only one of so many times its limit is.
PATIENCE = 20
_OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}


class Mutant(NamedTuple):
    """A module with one mistake in it."""

    line: int
    words: str
    text: str


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module, each text once."""
    tree = ast.parse(source)
    _without_annotations(tree)
    seen = {ast.unparse(tree)}
    for number, node in enumerate(ast.walk(tree)):
        for change in _changes(node):
            mutated = copy.deepcopy(tree)
            twin = next(n for i, n in enumerate(ast.walk(mutated)) if i == number)
            before = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
            words = f"{before[:60]!r}: {change(twin)}"
            text = ast.unparse(ast.fix_missing_locations(mutated))
            if text not in seen:
                seen.add(text)
                yield Mutant(getattr(node, "lineno", 0), words, text)


def _without_annotations(tree: ast.AST) -> None:
    """Take out what no test can notice: annotations and docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
            for inner in ast.walk(node):  # In a class, a dataclass looks at them.
                if isinstance(inner, ast.AnnAssign):
                    inner.annotation = ast.Name("object")
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)):
            first = node.body[0]
            documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            if documented and len(node.body) > 1:
                del node.body[0]


def _changes(node: ast.AST):
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in _OTHER:
        yield _swap_operator
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _OTHER:
        yield _swap_comparison
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield _drop_sign
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield _next_number
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield _other_truth
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield _never
        yield _always
    if isinstance(node, ast.Return) and node.value is not None:
        yield _return_nothing


def _swap_operator(node):
    node.op = _OTHER[type(node.op)]()
    return f"operator is {type(node.op).__name__}"


def _swap_comparison(node):
    node.ops[0] = _OTHER[type(node.ops[0])]()
    return f"comparison is {type(node.ops[0]).__name__}"


def _drop_sign(node):
    node.op = ast.UAdd() if isinstance(node.op, ast.USub) else ast.Not()
    if isinstance(node.op, ast.Not):
        node.operand = ast.UnaryOp(ast.Not(), node.operand)
    return "without its sign"


def _next_number(node):
    node.value += 1
    return f"is {node.value}"


def _other_truth(node):
    node.value = not node.value
    return f"is {node.value}"


def _never(node):
    node.test = ast.Constant(False)
    return "never"


def _always(node):
    if isinstance(node, ast.While):
        node.test = ast.Constant(False)
        return "never"
    node.test = ast.Constant(True)
    return "always"


def _return_nothing(node):
    node.value = ast.Constant(None)
    return "returns None"


def equivalent(module: Path, source: str) -> dict[tuple[int, str], str]:
    """Return why mutants of a module are none, by line and mistake, from the list of them.

    The list has, with empty lines between, the module, its line, the mistake, and the reason.
    """
    reasons: dict[tuple[str, str], str] = {}
    listed = EQUIVALENT.read_text("utf-8") if EQUIVALENT.exists() else ""
    for entry in listed.split("\n\n"):
        parts = [line.strip() for line in entry.strip().splitlines()]
        if parts[:1] == [str(module)]:
            reasons[parts[1], parts[2]] = " ".join(parts[3:])
    return {
        (number, words): reason
        for number, text in enumerate(source.splitlines(), 1)
        for (line, words), reason in reasons.items()
        if line == text.strip()
    }


class Runs:
    """Runs of the tests in copies of the tree, several at a time.

    Each run is a fork of this process, in which what is heavy to import has been imported.
    """

    def __init__(self, trees: list[Path], module: Path, tests: list[str]) -> None:
        self._free, self._module, self._tests = list(trees), module, tests
        self._running: dict[int, tuple[Path, Mutant, float]] = {}

    def start(self, mutant: Mutant, limit: float, *, first: bool = False) -> None:
        """Start the tests of a mutant in a free tree."""
        tree = self._free.pop()
        (tree / self._module).write_text(mutant.text, "utf-8")
        sys.stdout.flush()
        process = os.fork()
        if not process:
            self._test(tree, limit, first=first)
        self._running[process] = (tree, mutant, time.monotonic() + PATIENCE * limit)

    def _test(self, tree: Path, limit: float, *, first: bool) -> None:
        """Be the run: never return."""
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(limit), math.ceil(limit) + 1))
            null = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(null, stream)
            os.chdir(tree)
            # Only the first run, of the module as it is, writes bytecode: by date and size alone,
            # that of one mutant would be taken for that of another.
            sys.dont_write_bytecode = not first
            os.environ |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "" if first else "1"}
            sys.path[0] = str(tree)
            import pytest

            options = ["-x", "-q", "-n0", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
            code = int(pytest.main([*options, *self._tests]))
            if first:
                shutil.rmtree((tree / self._module).parent / "__pycache__")
            os._exit(code)
        finally:
            os._exit(99)

    def wait(self, *, idle: bool = False) -> list[tuple[Mutant, str]]:
        """Wait until a tree is free, or all are; return how the ended runs ended.

        "survived" if all tests passed, "killed" if one did not, "timeout" if they took too long.
        """
        ended: list[tuple[Mutant, str]] = []
        while self._running and (idle or not self._free):
            process, status = os.waitpid(-1, os.WNOHANG)
            late = [p for p, (_, _, until) in self._running.items() if time.monotonic() > until]
            if process:
                tree, mutant, _ = self._running.pop(process)
                late_by_cpu = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU
                end = "timeout" if late_by_cpu else "killed" if status else "survived"
                ended.append((mutant, end))
            elif late:
                process = late[0]
                tree, mutant, _ = self._running.pop(process)
                os.killpg(process, signal.SIGKILL)
                os.waitpid(process, 0)
                ended.append((mutant, "timeout"))
            else:
                time.sleep(0.02)
                continue
            self._free.append(tree)
        return ended

    def stop(self) -> None:
        """End what still runs."""
        for process in self._running:
            os.killpg(process, signal.SIGKILL)
            os.waitpid(process, 0)
        self._running.clear()


def main() -> int:
    """Run as told on the command line, and report the score."""
    parser = argparse.ArgumentParser(description="Test the tests of a module.")
    parser.add_argument("module", type=Path)
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants (all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", default="", help="only those of the lines N,M,...")
    parser.add_argument("--least", type=float, default=0, help="fail below this score, in %%")
    parser.add_argument("--jobs", type=int, default=1, help="so many mutants at a time (1)")
    parser.add_argument("--limit", type=float, default=180, help="processor seconds a run (180)")
    parser.add_argument("--preload", default="numpy,sympy", help="modules to import once only")
    options = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # No threads are lost in a fork.
    for name in filter(None, options.preload.split(",")):
        importlib.import_module(name)
    begin = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # Leaving no run and no folder behind.
    source = (ROOT / options.module).read_text("utf-8")
    chosen = list(mutants(source))
    if options.lines:
        lines = {int(line) for line in options.lines.split(",")}
        chosen = [mutant for mutant in chosen if mutant.line in lines]
    if options.sample and options.sample < len(chosen):
        chosen = random.Random(options.seed).sample(chosen, options.sample)
    ends: list[tuple[Mutant, str]] = []
    reasons = equivalent(options.module, source)
    caches = (".git", ".hypothesis", ".*_cache", "__pycache__")
    ignored = shutil.ignore_patterns(*caches, "build", "dist", "*.egg-info")
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        trees = [Path(place) / str(job) for job in range(max(1, options.jobs))]
        for tree in trees:
            shutil.copytree(ROOT, tree, ignore=ignored)
        runs = Runs(trees, options.module, options.tests)
        try:
            for _ in trees:
                runs.start(Mutant(0, "none", source), options.limit, first=True)
            if any(end != "survived" for _, end in runs.wait(idle=True)):
                print("The tests fail without any mutant.", file=sys.stderr)
                return 2
            for mutant in [*chosen, None]:
                for other, end in runs.wait(idle=mutant is None):
                    ends.append((other, end))
                    if not len(ends) % 20:
                        print(f"{len(ends)} of {len(chosen)}", file=sys.stderr, flush=True)
                    reason = reasons.get((other.line, other.words))
                    if end == "survived" or reason:
                        listed = end if end != "survived" else "equivalent"
                        note = f" ({listed}: {reason})" if reason else ""
                        print(f"{options.module}:{other.line}: {other.words}{note}", flush=True)
                if mutant is not None:
                    runs.start(mutant, options.limit)
        finally:
            runs.stop()
    survivors = [mutant for mutant, end in ends if end == "survived"]
    same = sum((mutant.line, mutant.words) in reasons for mutant in survivors)
    late = sum(end == "timeout" for _, end in ends)
    killed, others = len(ends) - len(survivors), len(ends) - same
    score = 100 * killed / max(1, len(ends))
    print(
        f"{options.module}: {len(ends)} mutants, {killed} killed ({late} by the time limit), "
        f"{len(survivors)} survived, score {score:.1f} %; without {same} equivalent ones "
        f"{100 * killed / max(1, others):.1f} %; {time.monotonic() - begin:.0f} s"
    )
    return score < options.least


if __name__ == "__main__":
    sys.exit(main())
