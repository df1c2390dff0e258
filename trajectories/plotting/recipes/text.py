"""Recipes as text: compact JSON out, and JSON that may come from anywhere in, strictly."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from trajectories.names import unknown
from trajectories.validation import must

__all__ = ["MOST_NUMBERS", "MOST_TEXT", "mapping", "parsed", "readable", "written"]

#: Longer recipes, in characters, are neither written nor read.
MOST_TEXT = 2_000_000
#: More numbers than this are not unpacked from the compressed arrays of one recipe.
MOST_NUMBERS = 2_000_000
_MOST_ITEMS = 500_000
_DEEPEST = 24
_LONGEST_STRING = 4_000
_LONGEST_INTEGER = 20
#: Under these keys stand compressed bytes.
_PACKED = "float64"


def written(data: Mapping[str, Any]) -> str:
    """Write plain data as JSON without blanks, in ASCII, which every format can hold."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def parsed(text: str) -> dict[str, Any]:
    """Read JSON as plain data, if it is what a recipe may be."""
    if not isinstance(text, str) or len(text) > MOST_TEXT:
        raise ValueError(f"It must be text of at most {MOST_TEXT:,} characters.")
    try:
        data = json.loads(
            text,
            object_pairs_hook=_distinct,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_number,
        )
    except RecursionError:
        raise ValueError("It is nested too deep.") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"It is no JSON: {error}.") from None
    if not isinstance(data, dict):
        raise ValueError("It must be a JSON object.")
    _look_through(data)
    return data


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn whatever is wrong with data from outside into a `ValueError` of one line."""
    try:
        yield
    except RecursionError:
        raise ValueError(f"{what}: it is nested too deep.") from None
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise ValueError(f"{what}: {' '.join(str(error).split())}") from None


def mapping(name: str, data: Any, known: Sequence[str] | None = None) -> dict[str, Any]:
    """Return data if it is a record of no other than the known keys."""
    if not isinstance(data, dict):
        raise must(name, "a record", data, kind=TypeError)
    for key in data:
        if known is not None and key not in known:
            raise unknown(f"key of `{name}`", key, known)
    return data


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, value in pairs:
        if name in data:
            raise must(name[:60], "given once", value)
        data[name] = value
    return data


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise ValueError(f"A number of {len(digits)} digits is too long.")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits) if len(digits) < 1000 else math.nan
    if not math.isfinite(number):
        raise ValueError(f"Every number must be finite. Got {digits[:30]} instead.")
    return number


def _look_through(data: dict[str, Any]) -> None:
    """Raise if something is deeper, longer or more than in any recipe."""
    items = numbers = 0
    level: list[Any] = [data]
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                items += len(item)
                if _PACKED in item:
                    numbers += _declared(item)
                inner += [part for key, part in item.items() if key != _PACKED]
                inner += list(item)
            elif isinstance(item, list):
                items += len(item)
                inner += item
            elif isinstance(item, str) and len(item) > _LONGEST_STRING:
                raise ValueError(f"A text of {len(item):,} characters is too long.")
        if items > _MOST_ITEMS:
            raise ValueError(f"It has more than {_MOST_ITEMS:,} items.")
        if numbers > MOST_NUMBERS:
            raise ValueError(f"Its arrays have more than {MOST_NUMBERS:,} numbers.")
        if not inner:
            return
        level = inner
    raise ValueError("It is nested too deep.")


def _declared(packed: dict[str, Any]) -> int:
    """Return how many numbers a compressed array says that it has."""
    shape = packed.get("shape")
    if not isinstance(shape, list) or len(shape) > 32:
        raise must("shape", "a list of whole numbers", shape)
    if any(type(side) is not int or not 0 <= side <= MOST_NUMBERS for side in shape):
        raise must("shape", f"whole numbers from 0 to {MOST_NUMBERS:,}", shape)
    return math.prod(shape)
