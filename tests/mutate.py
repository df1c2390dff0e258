"""Mutation testing: ``python tests/mutate.py MODULE TESTS... --sample 60``.

Each mutant is the module with one small mistake in it (a comparison the other way, a number off by
one, an `and` for an `or`, a branch never taken), and the tests must notice. The tree is copied, so
that nothing of it changes; what no test notices is printed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
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


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the mistake and the text of every mutant of a module."""
    tree = ast.parse(source)
    _without_annotations(tree)
    for number, node in enumerate(ast.walk(tree)):
        for change in _changes(node):
            mutated = copy.deepcopy(tree)
            twin = next(n for i, n in enumerate(ast.walk(mutated)) if i == number)
            before = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
            words = change(twin)
            line = getattr(node, "lineno", 0)
            yield line, f"{before[:60]!r}: {words}", ast.unparse(ast.fix_missing_locations(mutated))


def _without_annotations(tree: ast.AST) -> None:
    """Take out what no test can notice: annotations and docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
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


def main() -> int:
    """Run as told on the command line, and report the score."""
    parser = argparse.ArgumentParser(description="Test the tests of a module.")
    parser.add_argument("module", type=Path)
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants (all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--least", type=float, default=0, help="fail below this score, in %%")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        ignored = shutil.ignore_patterns(".git", "__pycache__", "build", "dist", "*.egg-info")
        tree = Path(place) / "tree"
        shutil.copytree(ROOT, tree, ignore=ignored)
        target = tree / options.module
        source = target.read_text("utf-8")
        environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p"]
        command += ["no:cacheprovider", *options.tests]

        def noticed(limit: float) -> bool:
            try:
                done = subprocess.run(
                    command, cwd=tree, env=environment, capture_output=True, timeout=limit
                )
            except subprocess.TimeoutExpired:
                return True
            return done.returncode != 0

        if noticed(600):
            print("The tests fail without any mutant.", file=sys.stderr)
            return 2
        chosen = list(mutants(source))
        if options.sample and options.sample < len(chosen):
            chosen = random.Random(options.seed).sample(chosen, options.sample)
        survivors = 0
        for line, words, text in chosen:
            target.write_text(text, "utf-8")
            if not noticed(180):
                survivors += 1
                print(f"{options.module}:{line}: {words}", flush=True)
    score = 100 * (1 - survivors / len(chosen))
    print(f"{options.module}: {len(chosen)} mutants, {survivors} survived, score {score:.1f} %")
    return score < options.least


if __name__ == "__main__":
    sys.exit(main())
