"""The space of a search: a range for each hyperparameter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from trajectories.calls import split
from trajectories.search.ranges import RANGES, Choice, Range, read_range
from trajectories.validation import must

__all__ = ["Space", "as_space"]

#: Values of a choice that are checked at most.
_MOST_VALUES = 100


class Space(Mapping[str, Range]):
    """A range for each hyperparameter.

    Parameters
    ----------
    ranges : mapping of str to Range or str, optional
        The ranges by the hyperparameter's name; text is read by `read_range`.
    **named
        More of them.

    Raises
    ------
    TypeError, ValueError
        If one is no range, or if there is none.

    Examples
    --------
    >>> space = Space(lr="log(1e-6, 1e-2)", weight_decay="log(1e-8, 1e-4)")
    >>> space["lr"]
    LogUniform(low=1e-06, high=0.01)
    >>> {name: f"{value:.1e}" for name, value in space.draw(np.random.default_rng(0)).items()}
    {'lr': '3.5e-04', 'weight_decay': '1.2e-07'}
    """

    def __init__(
        self, ranges: Mapping[str, Range | str] | None = None, /, **named: Range | str
    ) -> None:
        found = {**(ranges or {}), **named}
        self._ranges: dict[str, Range] = {}
        for name, value in found.items():
            if not isinstance(name, str) or not name.isidentifier():
                raise must("space", "of names such as lr", name)
            value = read_range(value) if isinstance(value, str) else value
            if not isinstance(value, Range):
                raise must(name, "a range such as log(1e-6, 1e-2)", value, kind=TypeError)
            self._ranges[name] = value
        if not self._ranges:
            raise must("space", "of one hyperparameter or more", found)

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return a value of each hyperparameter, drawn at random.

        Parameters
        ----------
        rng : numpy.random.Generator
            One number is drawn for each, in the order of the ranges.
        """
        shares = rng.random(len(self._ranges)).tolist()
        return {
            name: kind.at(share)
            for (name, kind), share in zip(self._ranges.items(), shares, strict=True)
        }

    def extremes(self) -> Iterator[dict[str, Any]]:
        """Go through what is to be checked before anything is drawn.

        That is both ends of all ranges, and from there each value of each choice: every tenth,
        say, of very many.

        Yields
        ------
        dict

        Examples
        --------
        >>> list(Space(lr="uniform(0, 1)", rule="choice(sgd, adam)").extremes())[:2]
        [{'lr': 0.0, 'rule': 'sgd'}, {'lr': 0.0, 'rule': 'adam'}]
        """
        for share in (0.0, 1 - 2**-53):
            end = {name: kind.at(share) for name, kind in self.items()}
            yield end
            for name, kind in self.items():
                if isinstance(kind, Choice):
                    few = kind.values[:: -(-len(kind.values) // _MOST_VALUES)]
                    yield from ({**end, name: value} for value in few if value != end[name])

    def around(self, drawn: Iterable[Mapping[str, Any]]) -> Space:
        """Return the part of the space where some points lie: each range by `Range.around`.

        Parameters
        ----------
        drawn : iterable of mapping
            Values by the hyperparameter's name.
        """
        rows = list(drawn)
        return Space({k: kind.around([row[k] for row in rows]) for k, kind in self.items()})

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
        """Return the space that `to_dict` told of.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is anything else.
        """
        found: dict[str, Range] = {}
        for name, about in dict(data).items():
            rest = {key: value for key, value in about.items() if key != "kind"}
            if about["kind"] == Choice.kind:
                found[name] = Choice(tuple(rest["values"]))
            else:
                found[name] = RANGES[about["kind"]](**rest)
        return cls(found)

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
    """Return a space for whatever stands for one.

    Parameters
    ----------
    space : Space, mapping, str or iterable of str
        A space; ranges by name; or text such as ``"lr=log(1e-6, 1e-2), momentum=uniform(0, 1)"``.

    Raises
    ------
    TypeError, ValueError
        If it is anything else.

    Examples
    --------
    >>> as_space(["lr=log(1e-6, 1e-2)", "momentum=0.9"])
    Space(lr=log(1e-06,0.01), momentum=choice(0.9))
    """
    if isinstance(space, Space):
        return space
    if isinstance(space, Mapping):
        return Space(space)
    if isinstance(space, str):
        space = [space]
    if not isinstance(space, Iterable):
        raise must("space", "ranges by name, or text", space, kind=TypeError)
    found: dict[str, Range] = {}
    for text in space:
        if not isinstance(text, str):
            raise must("space", "text such as lr=log(1e-6, 1e-2)", text, kind=TypeError)
        for part in split(text):
            name, equals, rest = part.partition("=")
            name = name.strip()
            if not equals or not name.isidentifier():
                raise must("space", "like lr=log(1e-6, 1e-2)", part.strip())
            if name in found:
                raise must(name, "given once", text)
            found[name] = read_range(rest)
    return Space(found)
