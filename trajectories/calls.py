"""Text such as ``cosine(0.9, steps=60)``, read as data: a name, and what it is called with.

Nothing is evaluated: the text is parsed, and only calls, numbers and signs are let through.
"""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from trajectories.names import resolve

__all__ = ["Call", "build", "read", "split"]

#: More characters and deeper nesting than any sensible text has.
_LENGTH, _DEPTH = 300, 8
_Built = TypeVar("_Built")


class Call(NamedTuple):
    """A call as it was written: a name, and its arguments by place and by name."""

    name: str
    arguments: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = {}


Value: TypeAlias = int | float | Call


def read(text: str) -> Value:
    """Read a number, or a call of numbers and of further calls.

    Parameters
    ----------
    text : str
        Such as ``"0.9"`` or ``"warmup(cosine(0.9, steps=60), steps=5)"``.

    Returns
    -------
    int, float or Call

    Raises
    ------
    ValueError
        If it is anything else, not finite, or longer or deeper nested than the limits.

    Examples
    --------
    >>> read("cosine(0.9, steps=60)")
    Call(name='cosine', arguments=(0.9,), keywords={'steps': 60})
    """
    shown = repr(text) if len(text) <= 60 else repr(text[:57] + "...")
    trouble = ValueError(
        f"Expected a number or a call such as cosine(0.9, steps=60). Got {shown} instead."
    )
    if len(text) > _LENGTH or text.count("(") > _DEPTH or not text.isascii():
        raise trouble
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise trouble from None
    value = _value(tree.body)
    if value is None:
        raise trouble
    return value


def _value(node: ast.expr) -> Value | None:
    """Return what a node stands for, or None if it is nothing that may stand there."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as number):
            return number if _finite(number) else None
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as operand):
            value = _value(operand)
            return None if value is None or isinstance(value, Call) else -value
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
            values = [_value(item) for item in arguments]
            named = {item.arg: _value(item.value) for item in keywords}
            if None in values or None in named or None in named.values():
                return None
            if len(named) < len(keywords):
                return None
            return Call(name, tuple(values), named)  # type: ignore[arg-type]
    return None


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # An integer past float64's range.
        return False


def build(kind: str, call: Call, known: Mapping[str, Callable[..., _Built]]) -> _Built:
    """Call what a call names, with what it is called with; inner calls are built first.

    Parameters
    ----------
    kind : str
        What is named, for messages: "schedule".
    call : Call
        What `read` returned.
    known : mapping of str to callable
        What may be called.

    Returns
    -------
    object
        What the callable returns.

    Raises
    ------
    ValueError
        If the name or an argument is unknown (the nearest is suggested), missing or given twice.

    Examples
    --------
    >>> build("sum", read("plus(1, b=plus(2, 3))"), {"plus": lambda a, b: a + b})
    6
    """
    name = resolve(kind, call.name, known)
    names = list(inspect.signature(known[name]).parameters)
    keywords = {
        resolve(f"argument of {name}", key, names): _built(kind, value, known)
        for key, value in call.keywords.items()
    }
    arguments = [_built(kind, value, known) for value in call.arguments]
    try:
        inspect.signature(known[name]).bind(*arguments, **keywords)
    except TypeError as error:
        raise ValueError(f"{name}({', '.join(names)}): {error}.") from None
    return known[name](*arguments, **keywords)


def _built(kind: str, value: Value, known: Mapping[str, Callable[..., Any]]) -> Any:
    return build(kind, value, known) if isinstance(value, Call) else value


def split(text: str) -> list[str]:
    """Split at the commas that stand outside all parentheses.

    Examples
    --------
    >>> split("lr=cosine(0.9, steps=60), momentum=0.8")
    ['lr=cosine(0.9, steps=60)', ' momentum=0.8']
    """
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
