"""Checks of arguments and names, specs such as ``cosine(0.9, steps=60)``, and their errors.

Every message names the argument and shows its value:
"`lr` must be positive. Got -0.1 instead." Specs are parsed and never evaluated.
"""

from __future__ import annotations

import difflib
import inspect
import math
import numbers
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "kib": 2**10, "mib": 2**20}
#: The largest coordinate of a rectangle, so that its width and margins are in float64's range.
_WIDEST = 1e307


def must(
    name: str, requirement: str, got: object, *, kind: type[Exception] = ValueError
) -> Exception:
    """Return the error for an argument that does not meet its requirement."""
    return kind(f"`{name}` must be {requirement}. Got {_short_repr(got)} instead.")


def _short_repr(value: object) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:60] + "..." + text[-15:]


@dataclass(frozen=True)
class Interval:
    """A range of real numbers, such as that of a hyperparameter."""

    low: float
    high: float
    closed: str
    words: str

    def __contains__(self, value: Any) -> bool:
        """Return whether a number, or every element of an array, lies inside."""
        above = np.greater_equal if self.closed in ("both", "left") else np.greater
        below = np.less_equal if self.closed in ("both", "right") else np.less
        return bool(np.all(above(value, self.low) & below(value, self.high)))


POSITIVE = Interval(0.0, math.inf, "neither", "positive")
NON_NEGATIVE = Interval(0.0, math.inf, "left", "zero or positive")
FRACTION = Interval(0.0, 1.0, "left", "at least 0 and below 1")
UNIT = Interval(0.0, 1.0, "both", "between 0 and 1")


def finite(name: str, value: Any, interval: Interval) -> float | np.ndarray:
    """Return a real number or an array of them as float64, if all lie in `interval`."""
    requirement = f"{interval.words} and finite" if interval.high == math.inf else interval.words
    if isinstance(value, bool):
        raise must(name, "a number or an array of numbers", value, kind=TypeError)
    if isinstance(value, numbers.Real):
        number = _to_float(name, value)
        if not math.isfinite(number) or number not in interval:
            short = interval.words if math.isfinite(number) else requirement
            raise must(name, short, value)
        return number
    if isinstance(value, (np.ndarray, list, tuple)):
        array = floats(name, value, "a number or an array of numbers")
        if array.ndim == 0:
            return finite(name, array.item(), interval)
        if array.size == 0 or not np.isfinite(array).all() or array not in interval:
            wrong = (item for item in array.flat if not np.isfinite(item) or item not in interval)
            raise must(name, f"{requirement} throughout", next(wrong, array.tolist()))
        return array
    raise must(name, "a number or an array of numbers", value, kind=TypeError)


def scalar(name: str, value: Any, interval: Interval) -> float:
    """Return one real number as a Python float, if it lies in `interval`."""
    number = finite(name, value, interval)
    if not isinstance(number, float):
        raise must(name, "a single number", value, kind=TypeError)
    return number


def floats(name: str, value: Any, words: str = "numbers") -> np.ndarray:
    """Return real numbers of any shape as a new float64 array; they need not be finite."""
    try:
        raw = np.asarray(value)
        if raw.dtype == object and all(isinstance(item, numbers.Real) for item in raw.flat):
            raw = raw.astype(np.float64)  # Integers of more than 64 bits, and fractions.
    except OverflowError:
        raise must(name, "in float64's range", value) from None
    except (TypeError, ValueError):
        raw = np.asarray(None)
    if raw.dtype.kind not in "fiu":
        raise must(name, words, value, kind=TypeError)
    return np.array(raw, dtype=np.float64)


def integers(name: str, value: Any) -> np.ndarray:
    """Return whole numbers of any shape as a new int64 array."""
    array = floats(name, value, "whole numbers")
    if not np.all((np.abs(array) < 2.0**53) & (np.floor(array) == array)):
        raise must(name, "whole numbers", value)
    return array.astype(np.int64)


def byte_count(name: str, value: Any, low: int) -> int:
    """Return a number of bytes, given as a number or as text such as "800kB"."""
    if isinstance(value, str):
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?) ?([a-zA-Z]*)", value.strip())
        if match is None or match[2].lower() not in _UNITS:
            raise must(name, "a number of bytes, or like 800kB or 1.5MB", value)
        value = int(float(match[1]) * _UNITS[match[2].lower()])
    return integer(name, value, low)


def rectangle(name: str, value: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return ((xmin, xmax), (ymin, ymax)) as floats."""
    array = floats(name, value)
    valid = array.shape == (2, 2) and np.isfinite(array).all() and (array[:, 0] < array[:, 1]).all()
    if not valid:
        raise must(name, "((xmin, xmax), (ymin, ymax)), each minimum below its maximum", value)
    if not (np.abs(array) <= _WIDEST).all():  # Else a width overflows.
        raise must(name, f"at most {_WIDEST:.0e} in size throughout", value)
    (x0, x1), (y0, y1) = array.tolist()
    return (x0, x1), (y0, y1)


def _to_float(name: str, value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        raise must(name, "a number in float64's range", value) from None


def integer(name: str, value: Any, low: int) -> int:
    """Return `value` as an int of at least `low`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise must(name, "an integer", value, kind=TypeError)
    if value < low:
        raise must(name, f"at least {low}", value)
    return int(value)


def cut(text: str, most: int = 60) -> str:
    """Shorten a text for a message."""
    return text if len(text) <= most else text[: most - 3] + "..."


def normalise(name: str) -> str:
    """Return a name without case, blanks, hyphens and underscores."""
    return "".join(c for c in name.lower() if c not in " -_")


def resolve(kind: str, name: object, known: Iterable[str]) -> str:
    """Return the known name that equals `name`, however it is spelled."""
    known = tuple(known)
    if isinstance(name, str):
        if name in known:  # Most are spelled exactly: no need to fold them all.
            return name
        table = {normalise(item): item for item in known}
        if normalise(name) in table:
            return table[normalise(name)]
    raise unknown(kind, name, known)


def suffix(kind: str, path: str | os.PathLike[str], known: Iterable[str]) -> str:
    """Return the suffix of a path, in lower case, if it is a known one."""
    ending = os.path.splitext(os.fspath(path))[1].lower()
    if ending not in known:
        raise unknown(kind, ending, known)
    return ending


def unknown(kind: str, name: object, known: Iterable[str]) -> ValueError:
    """Return the error for an unknown name, with the nearest known one."""
    known = list(known)
    table = {normalise(item): item for item in known}
    near = difflib.get_close_matches(normalise(str(name))[:80], list(table), n=1, cutoff=0.6)
    hint = f" Did you mean {table[near[0]]!r}?" if near else ""
    return ValueError(f"Unknown {kind} {cut(repr(name))}.{hint} Known: {', '.join(known)}.")


#: The most characters of a text, and the most calls inside one another.
_LENGTH, _DEPTH = 1000, 20
_NAME = r"[A-Za-z_][\w-]*"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_CALL = re.compile(rf"({_NAME})\s*\((.*)\)", re.ASCII | re.DOTALL)
_KEYWORD = re.compile(rf"\s*({_NAME})\s*=(.*)", re.ASCII | re.DOTALL)
_T = TypeVar("_T")


class Call(NamedTuple):
    """A parsed call: its name, positional arguments and keyword arguments."""

    name: str
    arguments: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = {}


Value: TypeAlias = int | float | Call


def read(text: str) -> Value:
    """Parse a number, or a call whose arguments are numbers and calls."""
    if not isinstance(text, str):
        raise must("text", "a number or a call, written as text", text, kind=TypeError)
    if len(text) > _LENGTH:
        raise must("text", f"at most {_LENGTH} characters long", text)
    return _read(text, text, 0)


def _read(text: str, source: str, depth: int) -> Value:
    """Parse a part of `source`, `depth` calls deep."""
    text = text.strip()
    if depth > _DEPTH:
        raise must("text", f"nested at most {_DEPTH} deep", source)
    if _NUMBER.fullmatch(text):
        return _number(text, source)
    match = _CALL.fullmatch(text)
    if match is None or not _balanced(match[2]):
        message = "Expected a number or a call such as cosine(0.9, steps=60)."
        raise _syntax_error(message, text, source)
    arguments: list[Value] = []
    keywords: dict[str, Value] = {}
    for part in split(match[2]) if match[2].strip() else []:
        keyword = _KEYWORD.fullmatch(part)
        if keyword is None and keywords:
            message = "An argument by place must not follow one by name."
            raise _syntax_error(message, part, source)
        if keyword is not None and keyword[1] in keywords:
            raise must(keyword[1], "given once", text)
        value = _read(keyword[2] if keyword else part, source, depth + 1)
        if keyword is None:
            arguments.append(value)
        else:
            keywords[keyword[1]] = value
    return Call(match[1], tuple(arguments), keywords)


def _number(text: str, source: str) -> int | float:
    number = int(text) if text.lstrip("+-").isdigit() else float(text)
    try:
        if math.isfinite(number):
            return number
    except OverflowError:  # An integer past float64's range.
        pass
    raise _syntax_error("Expected a finite number.", text, source)


def _syntax_error(message: str, part: str, source: str) -> ValueError:
    context = f", in {_quoted(source)}" if part.strip() != source.strip() else ""
    return ValueError(f"{message} Got {_quoted(part.strip())} instead{context}.")


def _quoted(text: str) -> str:
    return repr(cut(text))


def build(kind: str, call: Call, known: Mapping[str, Callable[..., _T]]) -> _T:
    """Build the object that a call describes; inner calls are built first."""
    name = resolve(kind, call.name, known)
    names = list(inspect.signature(known[name]).parameters)
    arguments = [_argument(kind, value, known) for value in call.arguments]
    keywords: dict[str, Any] = {}
    for key, value in call.keywords.items():
        key = resolve(f"argument of {name}", key, names)
        if key in keywords:
            raise must(key, "given once", f"{name}({', '.join(call.keywords)})")
        keywords[key] = _argument(kind, value, known)
    try:
        inspect.signature(known[name]).bind(*arguments, **keywords)
    except TypeError as error:
        raise ValueError(f"{name}({', '.join(names)}): {error}.") from None
    try:
        return known[name](*arguments, **keywords)
    except TypeError as error:
        raise ValueError(str(error)) from error


def _argument(kind: str, value: Value, known: Mapping[str, Callable[..., Any]]) -> Any:
    return build(kind, value, known) if isinstance(value, Call) else value


def split(text: str) -> list[str]:
    """Split at the commas outside parentheses."""
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
    """Return whether the parentheses are balanced."""
    depth = 0
    for mark in re.findall("[()]", text):
        depth += 1 if mark == "(" else -1
        if depth < 0:
            return False
    return depth == 0


#: The ratio of its ends from which on a positive range is logarithmic by default.
_WIDE = 20.0


def read_ends(text: str, kinds: Iterable[str] = ("log", "linear")) -> tuple[str, list[Any]]:
    """Parse a range such as ``0.001:10`` or ``log:1:5``: its scale and its numbers."""
    parts = [part.strip() for part in text.split(":")]
    named = len(parts) > 2 and re.match("[A-Za-z_]", parts[0])
    kind = resolve("range", parts.pop(0), kinds) if named else None
    ends: list[Any] = [read(part) for part in parts]
    if len(ends) < 2 or any(isinstance(end, Call) for end in ends):
        raise must("range", "like 0.001:10, log:1:5 or linear:0.1:10", text)
    low, high = ends[:2]
    return kind or scale_of(low, high), ends


def scale_of(low: float, high: float) -> str:
    """Return the default scale of a range."""
    return "log" if low > 0 and high / low >= _WIDE else "linear"
