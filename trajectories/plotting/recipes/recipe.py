"""Recipes as text, kinds of pictures and their settings."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from trajectories.checks import must, rectangle, unknown
from trajectories.records import from_plain, to_plain

#: Arguments of `Animation.save` in a recipe.
SAVING = ("fps", "end_pause", "loop")


@dataclass(frozen=True)
class Kind:
    """A kind of picture: its function, the names of its settings, and its form."""

    function: Callable[..., Any]
    settings: frozenset[str]
    shows: str = "paths"
    layout: str | None = None
    moves: bool = False
    twin: str | None = None
    several: bool = True
    lines: bool = True
    page: bool = False


#: Kinds of picture, by their names in recipes.
KINDS: dict[str, Kind] = {}
_Picture = TypeVar("_Picture", bound=Callable[..., Any])


def picture(
    kind: str | None = None,
    *,
    also: Iterable[Callable[..., Any]] = (),
    without: Iterable[str] = (),
    **form: Any,
) -> Callable[[_Picture], _Picture]:
    """Register the function of a kind of picture, and those `also` that take its settings."""

    def register(function: _Picture) -> _Picture:
        named = arguments(function).union(*map(arguments, also))
        named |= set(SAVING) if form.get("moves") else set()
        settings = frozenset(named.difference(without))
        KINDS[kind or function.__name__] = Kind(function, settings, **form)
        return function

    return register


def result_picture(kind: str | None = None, **form: Any) -> Callable[[_Picture], _Picture]:
    """Register the function of a kind of picture of results."""
    return picture(kind, **{"shows": "results", "several": False, "lines": False, **form})


def arguments(function: Callable[..., Any]) -> set[str]:
    """Return the names of a function's keyword-only and optional arguments."""
    parameters = inspect.signature(function).parameters.values()
    named = [item for item in parameters if item.kind is not item.VAR_KEYWORD]
    return {p.name for p in named if p.kind is p.KEYWORD_ONLY or p.default is not p.empty}


#: Most characters of a recipe.
MOST_TEXT = 2_000_000
#: Most numbers in the compressed arrays of a recipe.
MOST_NUMBERS = 2_000_000
_MOST_ITEMS = 500_000
_DEEPEST = 24
_LONGEST_STRING = 4_000
_LONGEST_INTEGER = 20
#: Key of compressed bytes.
_PACKED = "float64"


def written(data: Mapping[str, Any]) -> str:
    """Write plain data as JSON without blanks, in ASCII, which fits every format."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def parsed(text: str) -> dict[str, Any]:
    """Read JSON as plain data within the limits of a recipe."""
    if not isinstance(text, str) or len(text) > MOST_TEXT:
        raise ValueError(f"It must be text of at most {MOST_TEXT:,} characters.")
    try:
        data = json.loads(
            text,
            object_pairs_hook=_distinct,
            parse_int=_integer,
            parse_float=_finite_number,
            parse_constant=_finite_number,
        )
    except RecursionError:
        raise ValueError("It is nested too deep.") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"It is no JSON: {error}.") from None
    if not isinstance(data, dict):
        raise ValueError("It must be a JSON object.")
    _check_extent(data)
    return data


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Convert errors of data from outside to a `ValueError` of one line."""
    try:
        yield
    except RecursionError:
        raise ValueError(f"{what}: it is nested too deep.") from None
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise ValueError(f"{what}: {' '.join(str(error).split())}") from None


def mapping(name: str, data: Any, known: Sequence[str] | None = None) -> dict[str, Any]:
    """Check that data is a record with known keys only."""
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


def _finite_number(digits: str) -> float:
    number = float(digits) if len(digits) < 1000 else math.nan
    if not math.isfinite(number):
        raise ValueError(f"Every number must be finite. Got {digits[:30]} instead.")
    return number


def _check_extent(data: dict[str, Any]) -> None:
    """Raise an error if data is too deep, too long or too large."""
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
    """Return the number of numbers that a compressed array declares."""
    shape = packed.get("shape")
    if not isinstance(shape, list) or len(shape) > 32:
        raise must("shape", "a list of whole numbers", shape)
    if any(type(side) is not int or not 0 <= side <= MOST_NUMBERS for side in shape):
        raise must("shape", f"whole numbers from 0 to {MOST_NUMBERS:,}", shape)
    return math.prod(shape)


#: Arguments that are no settings of a picture.
_NOT_SETTINGS = ("ax", "extras")
_MAX_STRING = 2_000
_MAX_PARTS = 1_000
#: Most arrows along a side, and most pixels of a picture.
_MOST_ARROWS = 500
_MOST_PIXELS = 8192 * 4608

_Check = Callable[[Any], bool]


def _number(low: float, high: float) -> _Check:
    return lambda value: type(value) in (int, float) and low <= value <= high


def _width(value: Any) -> bool:
    # Dashes scale with it: a very thin line would have millions of them.
    return type(value) in (int, float) and (value == 0 or 0.05 <= value <= 200)


def _word(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 40


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _color(value: Any) -> bool:
    from matplotlib.colors import is_color_like

    if isinstance(value, str) and len(value) > 60:
        return False
    return value is None or isinstance(value, (str, tuple)) and bool(is_color_like(value))


def _dashes(value: Any) -> bool:
    """Return whether it is a name, or an offset and lengths that are not too short."""
    if _word(value):
        return True
    if not isinstance(value, tuple) or len(value) != 2 or not _number(-100, 100)(value[0]):
        return False
    lengths = value[1]
    return (
        isinstance(lengths, (list, tuple))
        and 1 <= len(lengths) <= 16
        and all(_number(0.2, 200)(length) for length in lengths)
    )


def _marker(value: Any) -> bool:
    if isinstance(value, tuple):
        return 2 <= len(value) <= 3 and all(_number(0, 360)(part) for part in value)
    return _word(value) or _number(0, 20)(value)


def _every(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return len(value) <= _MAX_PARTS and all(_every(part) or part == 0 for part in value)
    return _number(0.001, 1e6)(value)


_LINE: dict[str, _Check] = {
    **dict.fromkeys(("antialiased", "clip_on", "rasterized", "snap", "visible"), _flag),
    **dict.fromkeys(
        ("color", "gapcolor", "markeredgecolor", "markerfacecolor", "markerfacecoloralt"), _color
    ),
    **dict.fromkeys(("linewidth", "markeredgewidth", "markersize"), _width),
    **dict.fromkeys(
        ("dash_capstyle", "dash_joinstyle", "drawstyle", "solid_capstyle", "solid_joinstyle"),
        _word,
    ),
    "alpha": _number(0, 1),
    "fillstyle": _word,
    "linestyle": _dashes,
    "marker": _marker,
    "markevery": _every,
    "zorder": _number(-1000, 1000),
}
_ARROWS: dict[str, _Check] = {
    **dict.fromkeys(("color", "edgecolor", "facecolor"), _color),
    **dict.fromkeys(
        ("headaxislength", "headlength", "headwidth", "minlength", "minshaft"), _number(0, 100)
    ),
    "alpha": _number(0, 1),
    "linewidth": _width,
    "pivot": _word,
    "scale": _number(1e-9, 1e300),
    "width": _number(0, 1),
    "zorder": _number(-1000, 1000),
}


def pack_settings(kind: str, settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return settings as plain data, and the names of those that cannot be packed."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    known = settings_of(kind)
    given = dict(settings)
    aliases = {key: value for key, value in given.items() if key not in known}
    if KINDS[kind].lines and kind != "plot_gradient":
        aliases = normalize_kwargs(aliases, Line2D)
    named = {key: value for key, value in given.items() if key in known} | aliases
    packed: dict[str, Any] = {}
    omitted = []
    for name, value in named.items():
        if value is None:
            continue
        try:
            plain = _to_plain(name, value)
            _checked(kind, name, _from_plain(name, plain), known)
        except (TypeError, ValueError):
            omitted.append(name)
        else:
            packed[name] = plain
    return packed, omitted


def unpack_settings(kind: str, data: Any) -> dict[str, Any]:
    """Check and return settings packed by `pack_settings`."""
    if not isinstance(data, dict):
        raise must("settings", "a record", data, kind=TypeError)
    known = settings_of(kind)
    return {
        name: _checked(kind, name, _from_plain(name, item), known) for name, item in data.items()
    }


def settings_of(kind: str) -> set[str]:
    """Return the names of the settings of a kind of picture."""
    return {*KINDS[kind].settings, *_checks(kind)} - set(_NOT_SETTINGS)


def _checks(kind: str) -> dict[str, _Check]:
    """Return the checks for properties of the lines or arrows of a kind of picture."""
    if not KINDS[kind].lines:
        return {}
    return _ARROWS if kind == "plot_gradient" else _LINE


def _checked(kind: str, name: str, value: Any, known: set[str]) -> Any:
    """Check a setting of the function that draws."""
    if name not in known:
        raise unknown("setting of a recipe", name, sorted(known))
    explicit = arguments(KINDS[kind].function)
    check = _checks(kind).get(name)
    if check is not None and name not in explicit and not check(value):
        raise must(name, "what a recipe can hold", value)
    if name == "arrows" and not _number(1, _MOST_ARROWS)(value):
        raise must(name, f"a number from 1 to {_MOST_ARROWS}", value)
    if name == "limits" and not isinstance(value, str):
        rectangle(name, value)
    if name == "limits" and isinstance(value, str) and value != "domain":
        raise must(name, '"domain" or a rectangle', value)
    if name == "size" and _area(value) > _MOST_PIXELS:
        raise must(name, f"of at most {_MOST_PIXELS:,} pixels", value)
    return value


def _area(size: Any) -> float:
    if isinstance(size, (list, tuple)) and all(_number(0, 1e9)(side) for side in size):
        return math.prod(size)
    return 0.0  # Not a size: the function that draws raises the error.


def _to_plain(name: str, value: Any, depth: int = 0) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value) in (bool, int):
        return value
    if isinstance(value, str) and len(value) <= _MAX_STRING:
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, np.ndarray):
        return {"array": to_plain(value)}
    if isinstance(value, (list, tuple)) and len(value) <= _MAX_PARTS and depth < 4:
        parts = [_to_plain(name, part, depth + 1) for part in value]
        return {"list": parts} if isinstance(value, list) else parts
    raise must(name, "plain data", value, kind=TypeError)


def _from_plain(name: str, data: Any, depth: int = 0) -> Any:
    if isinstance(data, list) and len(data) <= _MAX_PARTS and depth < 4:
        return tuple(_from_plain(name, part, depth + 1) for part in data)
    if isinstance(data, dict) and set(data) == {"list"} and isinstance(data["list"], list):
        return list(_from_plain(name, data["list"], depth))
    if isinstance(data, dict) and set(data) == {"array"}:
        return from_plain(name, data["array"])
    if data is None or isinstance(data, (bool, int, float)):
        return data
    if isinstance(data, str) and len(data) <= _MAX_STRING:
        return data
    raise must(name, "plain data of a setting", data)
