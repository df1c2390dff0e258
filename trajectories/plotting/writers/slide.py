"""The one kind of slide that the writers of decks take."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trajectories.plotting.decks.media import Color, Media

__all__ = ["Slide", "hexadecimal", "clean", "in_one_line"]

#: What XML 1.0 and a line of text cannot hold.
_UNFIT = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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


def clean(text: str) -> str:
    """Put the replacement character, U+FFFD, for what slides cannot hold."""
    return _UNFIT.sub("\ufffd", text)


def in_one_line(text: str) -> str:
    """Clean a text, and put blanks for its line breaks and the like."""
    return " ".join(clean(text).split())
