"""What a picture of paths may show beside the paths themselves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from trajectories.validation import integer, must

__all__ = ["PLAIN", "Extras"]


@dataclass(frozen=True)
class Extras:
    """What a picture shows beside the paths; all of it is left out by default."""

    annotate: bool = False
    captions: bool = False
    anatomy: bool = False
    tail: int | None = None

    def __post_init__(self) -> None:
        """Check the tail."""
        if self.tail is not None:
            integer("tail", self.tail, 1)

    def only(self, layout: str, names: Collection[str]) -> Extras:
        """Return them, if they ask for nothing but what a layout has."""
        for item in fields(self):
            if item.name not in names and getattr(self, item.name) != item.default:
                words = f'left out in the layout "{layout}"'
                raise must(item.name, words, getattr(self, item.name))
        return self

    @property
    def scene(self) -> dict[str, Any]:
        """What of it a scene must be made with."""
        return {"annotate": self.annotate, "anatomy": self.anatomy}


#: Paths alone.
PLAIN = Extras()
