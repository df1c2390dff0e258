"""The one kind of slide that the writers of decks take."""

from __future__ import annotations

from dataclasses import dataclass

from trajectories.plotting.decks.media import Color, Media

__all__ = ["Slide", "hexadecimal"]


@dataclass(frozen=True, eq=False)
class Slide:
    """A title and beneath it a picture, a video or a page.

    Parameters
    ----------
    media : Media
        What is shown.
    title : str
        One line.
    notes : tuple of str
        Lines for the speaker.
    recipe : str
        Set beneath the notes as it is; none if "".
    about : str
        A sentence for who cannot see the picture.
    ground, ink : (int, int, int)
        Red, green and blue of the slide and of its title.
    dark : bool
        Whether the ground is dark.
    """

    media: Media
    title: str
    notes: tuple[str, ...]
    recipe: str
    about: str
    ground: Color
    ink: Color
    dark: bool


def hexadecimal(color: Color) -> str:
    """Return a colour as six digits.

    Examples
    --------
    >>> hexadecimal((17, 22, 29))
    '11161D'
    """
    return bytes(color).hex().upper()
