"""The settings of a picture as plain data: which there are, what they may be, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from trajectories.arrays import from_plain, to_plain
from trajectories.names import unknown
from trajectories.plotting.recipes.kinds import KINDS, SAVING, arguments, picture_of
from trajectories.validation import must, rectangle

__all__ = ["pack_settings", "settings_of", "unpack_settings"]

#: What is no setting of a picture: where it is drawn, and what layouts are handed.
_NONE = ("ax", "extras")
_LONGEST = 200
_MOST_WORDS = 2_000
_MOST_PARTS = 1_000
#: The most arrows along a side, and pixels in a picture.
_MOST_ARROWS = 500
_MOST_PIXELS = 8192 * 4608

_Check = Callable[[Any], bool]


def _number(low: float, high: float) -> _Check:
    return lambda value: type(value) in (int, float) and low <= value <= high


def _width(value: Any) -> bool:
    # Dashes grow with it: between nothing and this there would be millions of them.
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
    """Tell whether it is a name, or an offset and lengths that are not too short."""
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
        return len(value) <= _MOST_PARTS and all(_every(part) or part == 0 for part in value)
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
    """Return settings as plain data, and the names of those that cannot be written so."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    known = settings_of(kind)
    given = dict(settings)
    aliases = {key: value for key, value in given.items() if key not in known}
    if KINDS[kind].lines and kind != "plot_gradient":
        aliases = normalize_kwargs(aliases, Line2D)
    named = {key: value for key, value in given.items() if key in known} | aliases
    kept: dict[str, Any] = {}
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
            kept[name] = plain
    return kept, omitted


def unpack_settings(kind: str, data: Any) -> dict[str, Any]:
    """Return the settings that `pack_settings` wrote, if they are such."""
    if not isinstance(data, dict):
        raise must("settings", "a record", data, kind=TypeError)
    known = settings_of(kind)
    return {
        name: _checked(kind, name, _from_plain(name, item), known) for name, item in data.items()
    }


def settings_of(kind: str) -> set[str]:
    """Return the names of the settings of a kind of picture."""
    named = arguments(picture_of(kind))
    layout = KINDS[kind].layout
    if KINDS[kind].moves:
        named |= set(SAVING)
    if kind == "animation" or layout is not None:
        from trajectories.plotting.figures import draw
        from trajectories.plotting.layouts import LAYOUTS

        named |= arguments(draw)
        for lay_out in LAYOUTS.values() if layout is None else [LAYOUTS[layout]]:
            named |= arguments(lay_out)
    return (named | set(_styles(kind))) - set(_NONE)


def _styles(kind: str) -> dict[str, _Check]:
    """Return what may be told of the lines or arrows of a kind of picture."""
    if not KINDS[kind].lines:
        return {}
    return _ARROWS if kind == "plot_gradient" else _LINE


def _checked(kind: str, name: str, value: Any, known: set[str]) -> Any:
    """Return a setting that may be asked of the function that draws."""
    if name not in known:
        raise unknown("setting of a recipe", name, sorted(known))
    explicit = arguments(picture_of(kind))
    check = _styles(kind).get(name)
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
    return 0.0  # No size at all: what it must be, the function that draws tells.


def _to_plain(name: str, value: Any, depth: int = 0) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value) in (bool, int):
        return value
    if isinstance(value, str) and len(value) <= _MOST_WORDS:
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, np.ndarray):
        return {"array": to_plain(value)}
    if isinstance(value, (list, tuple)) and len(value) <= _MOST_PARTS and depth < 4:
        parts = [_to_plain(name, part, depth + 1) for part in value]
        return {"list": parts} if isinstance(value, list) else parts
    raise must(name, "plain data", value, kind=TypeError)


def _from_plain(name: str, data: Any, depth: int = 0) -> Any:
    if isinstance(data, list) and len(data) <= _MOST_PARTS and depth < 4:
        return tuple(_from_plain(name, part, depth + 1) for part in data)
    if isinstance(data, dict) and set(data) == {"list"} and isinstance(data["list"], list):
        return list(_from_plain(name, data["list"], depth))
    if isinstance(data, dict) and set(data) == {"array"}:
        return from_plain(name, data["array"])
    if data is None or isinstance(data, (bool, int, float)):
        return data
    if isinstance(data, str) and len(data) <= _MOST_WORDS:
        return data
    raise must(name, "plain data of a setting", data)
