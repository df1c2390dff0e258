"""Checks of arguments and names, specs such as ``cosine(0.9, steps=60)``, and their errors.

Every message names the argument and shows what came instead:
"`lr` must be positive. Got -0.1 instead." Specs are taken apart, and never evaluated.
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
#: The largest coordinate of a rectangle: its width, margins and middle are in float64's range.
_WIDEST = 1e307


def must(
    name: str, requirement: str, got: object, *, kind: type[Exception] = ValueError
) -> Exception:
    """Build the error for an argument that is not what it must be."""
    return kind(f"`{name}` must be {requirement}. Got {_shown(got)} instead.")


def _shown(got: object) -> str:
    if isinstance(got, np.generic):
        got = got.item()
    text = " ".join(repr(got).split())
    return text if len(text) <= 80 else text[:60] + "..." + text[-15:]


@dataclass(frozen=True)
class Interval:
    """A range of real numbers that a hyperparameter may lie in."""

    low: float
    high: float
    closed: str
    words: str

    def __contains__(self, value: Any) -> bool:
        """Tell whether all of `value`, a number or an array, lies inside."""
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
        number = _as_float(name, value)
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
    given = floats(name, value, "whole numbers")
    if not np.all((np.abs(given) < 2.0**53) & (np.floor(given) == given)):
        raise must(name, "whole numbers", value)
    return given.astype(np.int64)


def byte_count(name: str, value: Any, low: int) -> int:
    """Return a number of bytes, given as a number or as text such as "800kB"."""
    if isinstance(value, str):
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?) ?([a-zA-Z]*)", value.strip())
        if match is None or match[2].lower() not in _UNITS:
            raise must(name, "a number of bytes, or like 800kB or 1.5MB", value)
        value = int(float(match[1]) * _UNITS[match[2].lower()])
    return integer(name, value, low)


def rectangle(name: str, value: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the lowest and highest x, and the same for y, if that is what was given."""
    array = floats(name, value)
    good = array.shape == (2, 2) and np.isfinite(array).all() and (array[:, 0] < array[:, 1]).all()
    if not good:
        raise must(name, "((xmin, xmax), (ymin, ymax)), each minimum below its maximum", value)
    if not (np.abs(array) <= _WIDEST).all():  # Else a width overflows.
        raise must(name, f"at most {_WIDEST:.0e} in size throughout", value)
    (x0, x1), (y0, y1) = array.tolist()
    return (x0, x1), (y0, y1)


def _as_float(name: str, value: Any) -> float:
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
    """Fold the spellings of one name together: case, blanks, hyphens and underscores."""
    return "".join(c for c in name.lower() if c not in " -_")


def resolve(kind: str, name: object, known: Iterable[str]) -> str:
    """Return the known name that `name` means."""
    known = tuple(known)
    if isinstance(name, str):
        if name in known:  # Most names are written as they are: no need to fold them all.
            return name
        table = {normalise(item): item for item in known}
        if normalise(name) in table:
            return table[normalise(name)]
    raise unknown(kind, name, known)


def suffix(kind: str, path: str | os.PathLike[str], known: Iterable[str]) -> str:
    """Return the suffix of a path, in lower case, if it is a known one."""
    found = os.path.splitext(os.fspath(path))[1].lower()
    if found not in known:
        raise unknown(kind, found, known)
    return found


def unknown(kind: str, name: object, known: Iterable[str]) -> ValueError:
    """Build the error for a name that is not known."""
    known = list(known)
    table = {normalise(item): item for item in known}
    near = difflib.get_close_matches(normalise(str(name))[:80], list(table), n=1, cutoff=0.6)
    hint = f" Did you mean {table[near[0]]!r}?" if near else ""
    return ValueError(f"Unknown {kind} {cut(repr(name))}.{hint} Known: {', '.join(known)}.")


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


#: A range above 0 whose ends have at least this ratio is logarithmic, unless it says otherwise.
_WIDE = 20.0


def read_ends(text: str, kinds: Iterable[str] = ("log", "linear")) -> tuple[str, list[Any]]:
    """Read a range such as ``0.001:10`` or ``log:1:5``: its scale, and the numbers after it."""
    words = [word.strip() for word in text.split(":")]
    kind = words.pop(0).lower() if words[0][:1].isalpha() else None
    ends: list[Any] = [read(word) for word in words]
    known = kind is None or kind in kinds
    if not known or len(ends) < 2 or any(isinstance(end, Call) for end in ends):
        raise must("range", "like 0.001:10, log:1:5 or linear:0.1:10", text)
    low, high = ends[:2]
    return kind or scale_of(low, high), ends


def scale_of(low: float, high: float) -> str:
    """Return the scale of a range that names none."""
    return "log" if low > 0 and high / low >= _WIDE else "linear"
