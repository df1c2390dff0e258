"""The one kind of slide that the writers of decks take."""

from __future__ import annotations

from dataclasses import dataclass

from trajectories.plotting.decks.media import Color, Media

__all__ = ["Slide", "hexadecimal"]


@dataclass(frozen=True, eq=False)
class Slide:
    """A title and beneath it a picture, a video or a page."""

    media: Media
    title: str
    notes: tuple[str, ...]
    recipe: str
    about: str
    ground: Color
    ink: Color
    dark: bool


def hexadecimal(color: Color) -> str:
    """Return a colour as six digits."""
    return bytes(color).hex().upper()
