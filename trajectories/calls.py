"""Text such as ``cosine(0.9, steps=60)``, read as data: a name, and what it is called with.

Nothing is evaluated or looked up: the text is taken apart, and only decimal numbers, names that
are called, and names of arguments are let through.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from trajectories.names import cut, resolve
from trajectories.validation import must

__all__ = ["Call", "build", "read", "split"]

#: More characters and deeper nesting than any sensible text has.
_LENGTH, _DEPTH = 1000, 20
_NAME = r"[A-Za-z_][\w-]*"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_CALL = re.compile(rf"({_NAME})\s*\((.*)\)", re.ASCII | re.DOTALL)
_KEYWORD = re.compile(rf"\s*({_NAME})\s*=(.*)", re.ASCII | re.DOTALL)
_Built = TypeVar("_Built")


class Call(NamedTuple):
    """A call as it was written: a name, and its arguments by place and by name."""

    name: str
    arguments: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = {}


Value: TypeAlias = int | float | Call


def read(text: str) -> Value:
    """Read a number, or a call of numbers and of further calls."""
    if not isinstance(text, str):
        raise must("text", "a number or a call, written as text", text, kind=TypeError)
    if len(text) > _LENGTH:
        raise must("text", f"at most {_LENGTH} characters long", text)
    return _read(text, text, 0)


def _read(text: str, whole: str, depth: int) -> Value:
    """Read a part of a text, `depth` calls down."""
    text = text.strip()
    if depth > _DEPTH:
        raise must("text", f"nested at most {_DEPTH} deep", whole)
    if _NUMBER.fullmatch(text):
        return _number(text, whole)
    called = _CALL.fullmatch(text)
    if called is None or not _balanced(called[2]):
        words = "Expected a number or a call such as cosine(0.9, steps=60)."
        raise _trouble(words, text, whole)
    arguments: list[Value] = []
    keywords: dict[str, Value] = {}
    for part in split(called[2]) if called[2].strip() else []:
        keyword = _KEYWORD.fullmatch(part)
        if keyword is None and keywords:
            words = "An argument by place must not follow one by name."
            raise _trouble(words, part, whole)
        if keyword is not None and keyword[1] in keywords:
            raise must(keyword[1], "given once", text)
        value = _read(keyword[2] if keyword else part, whole, depth + 1)
        if keyword is None:
            arguments.append(value)
        else:
            keywords[keyword[1]] = value
    return Call(called[1], tuple(arguments), keywords)


def _number(text: str, whole: str) -> int | float:
    number = int(text) if text.lstrip("+-").isdigit() else float(text)
    try:
        if math.isfinite(number):
            return number
    except OverflowError:  # An integer past float64's range.
        pass
    raise _trouble("Expected a finite number.", text, whole)


def _trouble(words: str, part: str, whole: str) -> ValueError:
    place = f", in {_quoted(whole)}" if part.strip() != whole.strip() else ""
    return ValueError(f"{words} Got {_quoted(part.strip())} instead{place}.")


def _quoted(text: str) -> str:
    return repr(cut(text))


def build(kind: str, call: Call, known: Mapping[str, Callable[..., _Built]]) -> _Built:
    """Call what a call names, with what it is called with; inner calls are built first."""
    name = resolve(kind, call.name, known)
    names = list(inspect.signature(known[name]).parameters)
    arguments = [_built(kind, value, known) for value in call.arguments]
    keywords: dict[str, Any] = {}
    for key, value in call.keywords.items():
        key = resolve(f"argument of {name}", key, names)
        if key in keywords:
            raise must(key, "given once", f"{name}({', '.join(call.keywords)})")
        keywords[key] = _built(kind, value, known)
    try:
        inspect.signature(known[name]).bind(*arguments, **keywords)
    except TypeError as error:
        raise ValueError(f"{name}({', '.join(names)}): {error}.") from None
    try:
        return known[name](*arguments, **keywords)
    except TypeError as error:
        raise ValueError(str(error)) from error


def _built(kind: str, value: Value, known: Mapping[str, Callable[..., Any]]) -> Any:
    return build(kind, value, known) if isinstance(value, Call) else value


def split(text: str) -> list[str]:
    """Split at the commas that stand outside all parentheses."""
    if not _balanced(text):
        raise ValueError(f"Every parenthesis must have its partner. Got {_quoted(text)} instead.")
    parts, start, depth = [], 0, 0
    for mark in re.finditer("[(),]", text):
        depth += (mark[0] == "(") - (mark[0] == ")")
        if mark[0] == "," and depth == 0:
            parts.append(text[start : mark.start()])
            start = mark.end()
    return [*parts, text[start:]]


def _balanced(text: str) -> bool:
    """Tell whether every parenthesis has its partner."""
    depth = 0
    for mark in re.findall("[()]", text):
        depth += 1 if mark == "(" else -1
        if depth < 0:
            return False
    return depth == 0
