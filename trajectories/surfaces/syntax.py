"""The syntax tree of a formula: text that may be from anywhere, parsed by Python's own grammar."""

from __future__ import annotations

import ast
import re

from trajectories.names import cut

__all__ = ["FormulaError", "syntax_tree"]

MAX_CHARACTERS = 500
MAX_DEPTH = 30
MAX_OPERATIONS = 200
_SUPERSCRIPTS = {"²": "**2", "³": "**3", "·": "*", "−": "-"}
_ALLOWED = re.compile(r"[0-9A-Za-z_.+\-*/(), \t]*")
_FUSED = re.compile(r"(?<![A-Za-z_0-9.])(\d+\.?\d*|\.\d+)(?![eE][+\-]?\d)([A-Za-z(])")


class FormulaError(ValueError):
    """A text that is no formula in x and y, or one past the limits.

    Examples
    --------
    >>> from trajectories.surfaces import Surface
    >>> Surface("x**2 + z")
    Traceback (most recent call last):
    ...
    trajectories.surfaces.syntax.FormulaError: The formula must be in x and y. ...
    """


def syntax_tree(text: str) -> ast.expr:
    """Check a formula's characters and lengths, and return its syntax tree."""
    if not text.strip():
        raise FormulaError("The formula is empty.")
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(
            f"The formula must have at most {MAX_CHARACTERS} characters. Got {len(text):,}."
        )
    for sign, plain in _SUPERSCRIPTS.items():
        text = text.replace(sign, plain)
    text = text.replace("^", "**").strip()
    known = _ALLOWED.match(text)
    if known is not None and known.end() < len(text):
        raise FormulaError(
            f"The formula has {text[known.end()]!r}, which has no place in a formula."
        )
    fused = _FUSED.search(text)
    if fused:
        number, follower = fused.groups()
        raise FormulaError(
            f"The formula lacks an operator: write `{number}*{follower}`, not `{number}{follower}`."
        )
    depth = deepest = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise FormulaError(f"The formula must nest at most {MAX_DEPTH} deep. Got {deepest}.")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError(
            f"The formula {cut(text)!r} cannot be read: check operators and parentheses."
        ) from None
    count = sum(isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Call)) for node in ast.walk(tree))
    if count > MAX_OPERATIONS:
        raise FormulaError(
            f"The formula must have at most {MAX_OPERATIONS} operations. Got {count}."
        )
    towers = _towers(tree)
    if towers > MAX_DEPTH:
        raise FormulaError(
            f"Powers and calls in a formula must nest at most {MAX_DEPTH} deep. Got {towers}."
        )
    return tree


def _towers(tree: ast.expr) -> int:
    """Return how many powers and calls stand inside each other, as in x**x**x, at most."""
    deepest = 0
    waiting: list[tuple[ast.AST, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
        depth += power or isinstance(node, ast.Call)
        deepest = max(deepest, depth)
        waiting.extend((child, depth) for child in ast.iter_child_nodes(node))
    return deepest
