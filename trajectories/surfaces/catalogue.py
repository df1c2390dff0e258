"""The named test surfaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from trajectories.calls import Call, build, read
from trajectories.names import normalise, resolve, unknown
from trajectories.surfaces.entries import ENTRIES, Entry
from trajectories.surfaces.families import FAMILIES
from trajectories.validation import must

if TYPE_CHECKING:
    from trajectories.surfaces.surface import Surface

__all__ = ["ENTRIES", "SURFACES", "Catalogue", "Entry", "as_surface"]


class Catalogue(Mapping[str, "Surface"]):
    """Surfaces by name, each built when it is first asked for."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries
        self._built: dict[str, Surface] = {}

    def __getitem__(self, name: str) -> Surface:
        """Return the surface of this name; capitals, blanks and hyphens do not count."""
        try:
            name = resolve("surface", name, self._entries)
        except ValueError as error:
            raise KeyError(str(error)) from None
        if name not in self._built:
            from trajectories.surfaces.surface import Surface

            entry = self._entries[name]
            self._built[name] = Surface(
                entry.formula,
                name=name,
                domain=entry.domain,
                minima=entry.minima,
                start=entry.start,
                about=entry.about,
                source=entry.source,
            )
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return the number of surfaces."""
        return len(self._entries)

    def entry(self, name: str) -> Entry:
        """Return what is known of a surface without building it, and so without SymPy."""
        return self._entries[name]


#: The named test surfaces.
SURFACES = Catalogue(ENTRIES)


def as_surface(surface: Any) -> Surface:
    """Return a `Surface` for whatever stands for one."""
    from trajectories.surfaces.formula import FUNCTIONS
    from trajectories.surfaces.surface import Surface

    if isinstance(surface, Surface):
        return surface
    if isinstance(surface, str):
        if surface in SURFACES:
            return SURFACES[surface]
        call = _family_call(surface)
        if call is not None:
            return build("surface", call, FAMILIES)
        word = surface.strip()
        if word.isidentifier() and word not in {"x", "y", "e", "E", "pi", *FUNCTIONS}:
            raise unknown("surface", word, [*SURFACES, *FAMILIES])
    return Surface(surface)


def _family_call(text: str) -> Call | None:
    """Return the call if the text begins with a family's name, which no formula does."""
    name, parenthesis, _ = text.partition("(")
    if normalise(name) not in map(normalise, FAMILIES):
        return None
    if not parenthesis:
        return Call(name.strip())
    try:
        call = read(text)
    except ValueError:
        call = 0
    if not isinstance(call, Call):
        raise must("surface", "a family with numbers, such as quadratic(20, angle=30)", text)
    return call
