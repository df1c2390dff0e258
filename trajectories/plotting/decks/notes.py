"""What a lecturer reads of a recipe: a title, speaker notes, and words for who cannot see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from trajectories.names import cut
from trajectories.plotting.decks.results import as_paths
from trajectories.plotting.recipes.text import parsed
from trajectories.plotting.writers.slide import clean, in_one_line

__all__ = ["Words", "shown_formula", "words"]

#: Of more optimizers a title names only the first ones.
_NAMED = 6
#: What a recipe may hold too much of, as it may come from anywhere, in characters and lines; the
#: file itself has all of it.
_TITLE, _LINE, _RECIPE = 120, 1_000, 20_000
_MOST_LINES = 100
#: So many numbers or starts are written out.
_FEW = 4
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Words:
    """What is said of a file."""

    title: str
    notes: tuple[str, ...]
    recipe: str
    about: str


def words(
    name: str, recipe: str | None, *, kind: str = "Picture", title: str | None = None
) -> Words:
    """Tell what a recipe says, for people."""
    name = in_one_line(name)
    stem = name.rpartition(".")[0] or name
    asked = in_one_line(title) if title is not None else ""
    if not recipe:
        return Words(asked or stem, (name,), "", f"{kind}: {asked or stem}")
    facts = _facts(recipe)
    heading = asked or cut(_title(facts), _TITLE) or stem
    about = f"{kind}: {cut(_sentence(facts), _LINE) or heading}"
    notes = (cut(line, _LINE) for line in islice(_lines(name, facts), _MOST_LINES))
    return Words(heading, tuple(notes), cut(clean(recipe), _RECIPE), about)


def shown_formula(formula: str) -> str:
    """Write a formula as it is read: with raised exponents, and dots for products."""
    raised = re.sub(r"\*\*(\d+)(?![\d.eE]|\*\*)", lambda m: m[1].translate(_RAISED), formula)
    return raised.replace("**", "^").replace("*", "·")


@dataclass(frozen=True)
class _Path:
    """What of a path is told."""

    label: str
    #: The optimizer, as people write it, and its hyperparameters.
    rule: str
    values: Mapping[str, Any]
    #: How its descent differs from the others.
    descent: Mapping[str, Any]


@dataclass(frozen=True)
class _Facts:
    """What of a recipe is told."""

    surface: str = ""
    formula: str = ""
    paths: tuple[_Path, ...] = ()
    #: What holds for all paths.
    descent: Mapping[str, Any] = field(default_factory=dict)
    #: What is seen, if it is not paths over contours.
    seen: str = ""

    @property
    def labels(self) -> str:
        """The paths' names that differ, in their order."""
        names = list(dict.fromkeys(path.label for path in self.paths if path.label))
        more = len(names) - _NAMED
        shown = names[:_NAMED] if more > 1 else names
        return ", ".join(shown) + (f" and {more} more" if more > 1 else "")


def _facts(recipe: str) -> _Facts:
    """Take what is known out of a recipe; what is not there, or not as it should be, is left."""
    try:
        data = parsed(recipe)
    except ValueError:
        return _Facts()
    seen, found = as_paths(data.get("results"))
    data = {**data, **found}
    surface = _mapping(data.get("surface"))
    formula, name = (_line(surface.get(key)) for key in ("formula", "name"))
    called = "" if name == formula else name.replace("_", " ")
    paths = data.get("paths")
    told = tuple(map(_path, paths)) if isinstance(paths, list) else ()
    descent = _mapping(data.get("descent"))
    return _Facts(called[:1].upper() + called[1:], formula, told, descent, seen)


def _path(record: Any) -> _Path:
    about = _mapping(record)
    rule = dict(_mapping(about.get("optimizer")))
    called = _called(rule.pop("name", None)) or _line(rule.pop("own", None))
    return _Path(_line(about.get("label")) or called, called, rule, _mapping(about.get("descent")))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _called(name: Any) -> str:
    """Return an optimizer's name as people write it."""
    from trajectories.optimizers import ALL_OPTIMIZERS

    known = ALL_OPTIMIZERS.get(name) if isinstance(name, str) else None
    return _line(name) if known is None else known.__name__


def _line(value: Any) -> str:
    """Return a text in one line; nothing if it is no text."""
    return in_one_line(value) if isinstance(value, str) else ""


def _title(facts: _Facts) -> str:
    return ": ".join(filter(None, (facts.surface or shown_formula(facts.formula), facts.labels)))


def _sentence(facts: _Facts) -> str:
    """Say what is seen."""
    surface = f"f(x, y) = {facts.formula}" if facts.formula else facts.surface
    if facts.seen:
        shown = " on ".join(filter(None, (facts.labels, surface))) if facts.formula else surface
        return ": ".join(filter(None, (facts.seen, shown)))
    if not surface:
        return ""
    paths = f"the paths of {facts.labels}" if facts.labels else "paths"
    start, steps = (facts.descent.get(key) for key in ("start", "steps"))
    ends = f" in {steps} steps" if isinstance(steps, int) else ""
    begins = f" from {_value(start)}" if _is_point(start) else ""
    return f"{paths} over the contours of {surface}{begins}{ends}"


def _lines(name: str, facts: _Facts) -> Iterator[str]:
    """Yield the notes."""
    yield name
    formula = f"f(x, y) = {facts.formula}" if facts.formula else ""
    if formula or facts.surface:
        what = "Surface" if formula or not facts.seen else "Shown"
        yield f"{what}: {', '.join(filter(None, (facts.surface, formula)))}"
    for path in facts.paths:
        rule = f" ({path.rule})" if path.rule not in path.label else ""
        values = _values({**path.values, **path.descent})
        yield f"{path.label}{rule}: {values}" if values else f"{path.label}{rule}"
    for key, value in facts.descent.items():
        yield f"{_line(key).capitalize().replace('_', ' ')}: {_value(value)}"


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{_line(key)} = {_value(value)}" for key, value in values.items())


def _is_point(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    return all(isinstance(part, (int, float)) for part in value)


def _value(value: Any) -> str:
    """Write a number, a point or a few of them; of more tell how many there are."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:.12g}"
    if isinstance(value, str):
        return _line(value)
    if _is_point(value):
        return f"({value[0]:.12g}, {value[1]:.12g})"
    if isinstance(value, list):
        return ", ".join(map(_value, value)) if 0 < len(value) <= _FEW else f"{len(value)} values"
    shape = _mapping(value).get("shape")
    return f"{' x '.join(map(str, shape))} values" if isinstance(shape, list) else str(value)[:60]
