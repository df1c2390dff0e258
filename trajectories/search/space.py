"""Search spaces: ranges of hyperparameters, and how they narrow."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from trajectories.checks import (
    POSITIVE,
    Call,
    Interval,
    integer,
    must,
    read,
    read_ends,
    scalar,
    scale_of,
    split,
)

_REAL = Interval(-math.inf, math.inf, "neither", "a number")
_WORDS = {"true": True, "false": False}
_WORD = re.compile(r"[A-Za-z_][\w.:-]*", re.ASCII)
_CHOICE = re.compile(r"choice\s*\((.*)\)", re.ASCII | re.DOTALL | re.IGNORECASE)


class Range(ABC):
    """A range from which a hyperparameter is drawn."""

    kind: ClassVar[str]

    @abstractmethod
    def at(self, share: float) -> Any:
        """Return the value below which a share of all draws lies.

        Parameters
        ----------
        share : float
            From 0 to below 1; evenly drawn shares give the range's distribution.
        """

    @abstractmethod
    def around(self, values: Sequence[Any]) -> Range:
        """Return the part of the range where some values lie.

        The ends of a sample lie inside the sampled range, on average by the gap between two
        neighbours. So the part reaches from the least of the k values to the greatest, and on
        both sides further by their mean gap, (greatest - least) / (k - 1), on the scale of the
        draws; but never beyond the range. Of choices the values that occur remain.

        Parameters
        ----------
        values : sequence
            Values of the range. With fewer than two a numerical range stays the same.
        """

    @property
    def text(self) -> str:
        """The range as `read_range` reads it."""
        ends = ":".join(repr(getattr(self, item.name)) for item in fields(self))  # type: ignore[arg-type]
        return f"{self.kind}:{ends}"

    def to_dict(self) -> dict[str, Any]:
        """Return the range as plain data, such as JSON can hold."""
        return {"kind": self.kind, **vars(self)}


@dataclass(frozen=True)
class _Between(Range):
    """A range from a lowest to a highest number."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Check the ends."""
        for name in ("low", "high"):
            object.__setattr__(self, name, scalar(name, getattr(self, name), self._ends()))
        if self.low >= self.high:
            raise must("high", f"above low, which is {self.low:g}", self.high)

    @staticmethod
    def _ends() -> Interval:
        return _REAL

    def _scaled(self, value: float) -> float:
        return value

    def _unscaled(self, value: float) -> float:
        return value

    def at(self, share: float) -> float:
        """Return the value at a share of the range."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        return min(max(self._unscaled(low + share * (high - low)), self.low), self.high)

    def around(self, values: Sequence[Any]) -> Range:
        """Return the part of the range where some values lie; see `Range.around`."""
        low, high = _widened([self._scaled(value) for value in values])
        if not low < high:
            return self
        ends = max(self._unscaled(low), self.low), min(self._unscaled(high), self.high)
        return type(self)(*ends) if ends[0] < ends[1] else self


class Uniform(_Between):
    """Numbers between two ends, each alike.

    Parameters
    ----------
    low, high : float
        The ends.

    Raises
    ------
    TypeError, ValueError
        If they are no finite numbers, or `low` is not below `high`.

    Examples
    --------
    >>> Uniform(0, 0.9).at(0.5)
    0.45
    """

    kind = "linear"


class LogUniform(_Between):
    """Positive numbers between two ends, each power of ten alike.

    Parameters
    ----------
    low, high : float
        The ends, positive.

    Raises
    ------
    TypeError, ValueError
        If they are no positive numbers, or `low` is not below `high`.

    Examples
    --------
    >>> rates = LogUniform(1e-6, 1e-2)
    >>> f"{rates.at(0.5):.4g}"
    '0.0001'
    >>> [f"{end:.2g}" for end in vars(rates.around([1e-4, 1e-3, 1e-4])).values()]
    ['3.2e-05', '0.0032']
    """

    kind = "log"

    @staticmethod
    def _ends() -> Interval:
        return POSITIVE

    def _scaled(self, value: float) -> float:
        return math.log(value)

    def _unscaled(self, value: float) -> float:
        return math.exp(value)


@dataclass(frozen=True)
class Integer(Range):
    """Integers between two ends, both included, each alike.

    Parameters
    ----------
    low, high : int
        The ends.

    Raises
    ------
    TypeError, ValueError
        If they are no integers, or `low` is not below `high`.

    Examples
    --------
    >>> [Integer(1, 3).at(share) for share in (0.0, 0.4, 0.99)]
    [1, 2, 3]
    """

    kind = "integer"
    low: int
    high: int

    def __post_init__(self) -> None:
        """Check the ends."""
        low = integer("low", self.low, -(2**53))
        high = integer("high", self.high, -(2**53))
        if low >= high:
            raise must("high", f"above low, which is {low}", high)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def at(self, share: float) -> int:
        """Return the integer at a share of the range."""
        return min(self.low + int(share * (self.high - self.low + 1)), self.high)

    def around(self, values: Sequence[Any]) -> Range:
        """Return the part of the range where some values lie; see `Range.around`."""
        low, high = _widened(values)
        if not math.isfinite(low):
            return self
        ends = max(math.floor(low), self.low), min(math.ceil(high), self.high)
        return Integer(*ends) if ends[0] < ends[1] else Choice((ends[0],))


@dataclass(frozen=True)
class Choice(Range):
    """Some values, each alike; with only one, a hyperparameter that is fixed.

    Parameters
    ----------
    values : sequence of bool, int, float or str
        The values to choose from.

    Raises
    ------
    TypeError, ValueError
        If there is none, one twice, or something else than numbers and text.

    Examples
    --------
    >>> Choice(["relu", "tanh"]).at(0.5)
    'tanh'
    """

    kind = "choice"
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        """Check the values."""
        values: Any = self.values
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise must("values", "a list of values", values, kind=TypeError)
        for value in values:
            plain = isinstance(value, (bool, int, str))
            if not plain and not (isinstance(value, float) and math.isfinite(value)):
                raise must("values", "finite numbers or text", value, kind=TypeError)
        if not self.values or len(set(self.values)) < len(self.values):
            raise must("values", "at least one, and none of them twice", list(self.values))
        object.__setattr__(self, "values", tuple(self.values))

    def at(self, share: float) -> Any:
        """Return the value at a share of the range."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]

    def around(self, values: Sequence[Any]) -> Range:
        """Return a choice of those that occur among some values; see `Range.around`."""
        remaining = tuple(value for value in self.values if value in values)
        return Choice(remaining) if remaining else self

    @property
    def text(self) -> str:
        """The choice as `read_range` reads it."""
        return f"choice({','.join(str(value) for value in self.values)})"

    def to_dict(self) -> dict[str, Any]:
        """Return the choice as plain data, such as JSON can hold."""
        return {"kind": self.kind, "values": list(self.values)}


#: The ranges by their names in text.
RANGES: Mapping[str, Callable[..., Range]] = {
    "log": LogUniform,
    "linear": Uniform,
    "integer": Integer,
}


def read_range(text: str) -> Range:
    """Read a range such as ``1e-6:1e-2`` or ``integer:1:5``, a choice, or one value, from text."""
    match = _CHOICE.fullmatch(text.strip())
    if match is not None:
        return Choice(tuple(_item(part.strip()) for part in split(match[1])))
    if ":" not in text:
        value = read(text)
        if isinstance(value, Call):
            raise must("range", "like 0.001:10, integer:1:5, choice(a, b) or one value", text)
        return Choice((value,))
    kind, ends = read_ends(text, RANGES)
    if len(ends) != 2:
        raise must("range", "from one number to another, as 0.001:10", text)
    try:
        return RANGES[kind](*ends)
    except TypeError as error:  # The argument is text already.
        raise ValueError(str(error)) from error


def _item(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _WORD.fullmatch(text):
        return text
    value = read(text)
    if isinstance(value, Call):
        raise must("choice", "of numbers and words", text)
    return value


def _widened(values: Sequence[float]) -> tuple[float, float]:
    """Return the estimated ends of a sampled range; infinite ones for fewer than two values."""
    if len(values) < 2:
        return math.inf, -math.inf
    least, greatest = min(values), max(values)
    gap = (greatest - least) / (len(values) - 1)
    return least - gap, greatest + gap


#: The most values of a choice that are checked.
_MOST_VALUES = 100


class Space(Mapping[str, Range]):
    """A range for each hyperparameter.

    Parameters
    ----------
    ranges : mapping of str to Range, (float, float) or str, optional
        The ranges by the hyperparameter's name: from one number to another, as (1e-6, 1e-2) or
        "1e-6:1e-2", on a logarithmic scale if the ends are above 0 and have a ratio of 20 or
        more; "log:1:5" and "linear:0.1:10" say which; "integer:1:5"; "choice(relu, tanh)"; or one
        value, such as "0.9".
    **named
        More of them.

    Raises
    ------
    TypeError, ValueError
        If one is no range, or if there is none.

    Examples
    --------
    >>> space = Space(lr=(1e-6, 1e-2), weight_decay="1e-8:1e-4")
    >>> space["lr"]
    LogUniform(low=1e-06, high=0.01)
    >>> {name: f"{value:.1e}" for name, value in space.draw(np.random.default_rng(0)).items()}
    {'lr': '3.5e-04', 'weight_decay': '1.2e-07'}
    """

    def __init__(self, ranges: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        given = {**(ranges or {}), **named}
        self._ranges: dict[str, Range] = {}
        for name, value in given.items():
            if not isinstance(name, str) or not name.isidentifier():
                raise must("space", "of names such as lr", name)
            if isinstance(value, str):
                value = read_range(value)
            elif isinstance(value, tuple) and len(value) == 2:
                low, high = (scalar(name, end, _REAL) for end in value)
                value = RANGES[scale_of(low, high)](low, high)
            if not isinstance(value, Range):
                raise must(name, "a range such as (1e-6, 1e-2)", value, kind=TypeError)
            self._ranges[name] = value
        if not self._ranges:
            raise must("space", "of one hyperparameter or more", given)

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return a value of each hyperparameter, drawn at random.

        Parameters
        ----------
        rng : numpy.random.Generator
            One number is drawn for each, in the order of the ranges.
        """
        shares = rng.random(len(self._ranges)).tolist()
        return {
            name: range_.at(share)
            for (name, range_), share in zip(self._ranges.items(), shares, strict=True)
        }

    def extremes(self) -> Iterator[dict[str, Any]]:
        """Go through the points to check before the first draw.

        These are both ends of all ranges, and from there each value of each choice, or every
        tenth, say, of very many.

        Yields
        ------
        dict

        Examples
        --------
        >>> list(Space(lr=(0, 1), rule="choice(sgd, adam)").extremes())[:2]
        [{'lr': 0.0, 'rule': 'sgd'}, {'lr': 0.0, 'rule': 'adam'}]
        """
        for share in (0.0, 1 - 2**-53):
            end = {name: range_.at(share) for name, range_ in self.items()}
            yield end
            for name, range_ in self.items():
                if isinstance(range_, Choice):
                    few = range_.values[:: -(-len(range_.values) // _MOST_VALUES)]
                    yield from ({**end, name: value} for value in few if value != end[name])

    def around(self, drawn: Iterable[Mapping[str, Any]]) -> Space:
        """Return the part of the space where some points lie: each range by `Range.around`.

        Parameters
        ----------
        drawn : iterable of mapping
            Values by the hyperparameter's name.
        """
        rows = list(drawn)
        return Space({k: range_.around([row[k] for row in rows]) for k, range_ in self.items()})

    @property
    def text(self) -> str:
        """The space as `as_space` reads it."""
        return ", ".join(f"{name}={kind.text}" for name, kind in self.items())

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return the space as plain data, such as JSON can hold."""
        return {name: kind.to_dict() for name, kind in self.items()}

    def to_records(self) -> list[dict[str, Any]]:
        """Return a flat dictionary for each hyperparameter: name, kind, and ends or values."""
        return [{"name": name, **kind.to_dict()} for name, kind in self.items()]

    @classmethod
    def from_dict(cls, data: Any) -> Space:
        """Return the space from what `to_dict` returned.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is anything else.
        """
        ranges: dict[str, Range] = {}
        for name, about in dict(data).items():
            arguments = {key: value for key, value in about.items() if key != "kind"}
            if about["kind"] == Choice.kind:
                ranges[name] = Choice(tuple(arguments["values"]))
            else:
                ranges[name] = RANGES[about["kind"]](**arguments)
        return cls(ranges)

    def __getitem__(self, name: str) -> Range:
        """Return a hyperparameter's range."""
        return self._ranges[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._ranges)

    def __len__(self) -> int:
        """Return how many hyperparameters there are."""
        return len(self._ranges)

    def __repr__(self) -> str:
        """Show the ranges."""
        return f"Space({self.text})"


def as_space(space: Any) -> Space:
    """Return a space from its ranges or its text.

    Parameters
    ----------
    space : Space, mapping, str or iterable of str
        A space; ranges by name; or text such as ``"lr=1e-6:1e-2, momentum=0:1"``.

    Raises
    ------
    TypeError, ValueError
        If it is anything else.

    Examples
    --------
    >>> as_space(["lr=1e-6:1e-2", "momentum=0.9"])
    Space(lr=log:1e-06:0.01, momentum=choice(0.9))
    """
    if isinstance(space, Space):
        return space
    if isinstance(space, Mapping):
        return Space(space)
    if isinstance(space, str):
        space = [space]
    if not isinstance(space, Iterable):
        raise must("space", "ranges by name, or text", space, kind=TypeError)
    ranges: dict[str, Range] = {}
    for text in space:
        if not isinstance(text, str):
            raise must("space", "text such as lr=1e-6:1e-2", text, kind=TypeError)
        for part in split(text):
            name, equals, values = part.partition("=")
            name = name.strip()
            if not equals or not name.isidentifier():
                raise must("space", "like lr=1e-6:1e-2", part.strip())
            if name in ranges:
                raise must(name, "given once", text)
            ranges[name] = read_range(values)
    return Space(ranges)
