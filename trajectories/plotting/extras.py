"""What a picture of paths may show beside the paths themselves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from trajectories.validation import integer, must

__all__ = ["PLAIN", "Extras"]


@dataclass(frozen=True)
class Extras:
    """What a picture shows beside the paths; all of it is left out by default.

    Parameters
    ----------
    annotate : bool, default False
        How the surface is curved at the minimum, and which learning rates are stable there.
    captions : bool, default False
        The loss and the learning rate of every path at the step that is shown.
    anatomy : bool, default False
        What the next step is made of, as arrows.
    tail : int, optional
        How many steps of the paths to show behind their heads; by default all.

    Raises
    ------
    TypeError, ValueError
        If the tail is no positive integer.
    """

    annotate: bool = False
    captions: bool = False
    anatomy: bool = False
    tail: int | None = None

    def __post_init__(self) -> None:
        """Check the tail."""
        if self.tail is not None:
            integer("tail", self.tail, 1)

    def only(self, layout: str, names: Collection[str]) -> Extras:
        """Return them, if they ask for nothing but what a layout has.

        Raises
        ------
        ValueError
            If they do.
        """
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
