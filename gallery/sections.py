"""The sections of the gallery, by the number in a script's name."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["SECTIONS", "Section", "section_of"]


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Parameters
    ----------
    first : int
        The number of its first script; it goes on to the next higher first.
    title : str
        Its heading.
    about : str
        A sentence on it.
    """

    first: int
    title: str
    about: str

    @property
    def anchor(self) -> str:
        """Its address on the page."""
        return "section-" + re.sub(r"\W+", "-", self.title.lower()).strip("-")


#: In the order of the page.
SECTIONS = (
    Section(0, "The chapter, figure by figure", "What a first course shows, in order."),
    Section(90, "The chapter's network", "The same rules train a network that reads digits."),
    Section(20, "Races", "The same start for all, on surfaces that are known for their traps."),
    Section(30, "Schedules", "Learning rates that change with the step."),
    Section(40, "Noise and batches", "Gradients that are nearly right, and many paths at once."),
    Section(50, "Maps", "Thousands of descents, each a dot."),
    Section(60, "Inside a step", "What a rule does, why it zigzags, and how fast it can be."),
    Section(70, "Depth, pages and decks", "Pictures that turn, answer and go on slides."),
    Section(80, "Your own", "Own surfaces, own figures, own style."),
)


def section_of(name: str) -> Section:
    """Return the section of a script.

    Parameters
    ----------
    name : str
        Such as "plot_20_rosenbrock_race"; without a number it is in the last section.

    Returns
    -------
    Section
    """
    match = re.match(r"plot_(\d+)", name)
    if match is None:
        return SECTIONS[-1]
    begun = [section for section in SECTIONS if section.first <= int(match[1])]
    return max(begun, key=lambda section: section.first)
