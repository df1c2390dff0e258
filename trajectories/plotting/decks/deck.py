"""Decks: pictures, movies and pages as the slides of a talk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from trajectories.atomic import check_target, replacing
from trajectories.names import suffix
from trajectories.plotting.decks.media import MEDIA_TYPES, Color, Media, read_media
from trajectories.plotting.decks.notes import words
from trajectories.plotting.theme import look
from trajectories.plotting.writers.metadata import find_comment
from trajectories.plotting.writers.pptx import check_pptx, write_pptx
from trajectories.plotting.writers.reveal import write_reveal
from trajectories.plotting.writers.slide import Slide
from trajectories.validation import must

__all__ = ["DECK_FORMATS", "deck"]

#: The formats of a deck, by suffix.
DECK_FORMATS = (".pptx", ".html")
#: What a file shows, in words.
_KINDS = {
    "still": "Picture",
    "moving": "Moving picture",
    "video": "Video",
    "page": "Interactive picture",
}
#: Where black and white stand out equally from a ground of this relative luminance (WCAG 2).
_MIDDLE = 0.179


def deck(
    files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    path: str | os.PathLike[str],
    *,
    titles: str | Sequence[str | None] | None = None,
    theme: str | None = None,
) -> Path:
    """Write a deck: a slide for each picture, movie or page, with its recipe as speaker notes.

    Parameters
    ----------
    files : path or iterable of paths
        What to show. PowerPoint takes ``.gif``, ``.png``, ``.jpg`` and ``.mp4``; a browser also
        ``.svg``, ``.webp``, ``.apng``, ``.webm`` and the interactive page, ``.html``.
    path : str or os.PathLike
        Ends in ``.pptx`` for PowerPoint, Keynote, Impress or Google Slides, or in ``.html`` for
        reveal.js.
    titles : str or sequence of str, optional
        A title for each file; None in their place, or for all, is the surface and the optimizers
        that the recipe in the file names, or the file's name if it has no recipe.
    theme : str, optional
        The slides' ground: that of "light", "dark" or another theme. By default each slide has
        the ground of its picture, so that both are one surface.

    Returns
    -------
    pathlib.Path
        The deck.

    Raises
    ------
    ImportError
        If ``.pptx`` is asked for and python-pptx is not installed.
    OSError
        If a file cannot be read, or the deck not written; an old one is then left as it was.
    TypeError, ValueError
        If an argument is not what it must be, or a file holds nothing that can be shown.

    Notes
    -----
    A PowerPoint deck has one 16:9 slide a file. Movies begin when their slide comes up, and
    again when they end. What stands for a video in print is the poster beside it (``a.poster.png``
    or ``a.png`` beside ``a.mp4``), else its last frame, for which PyAV is needed.

    The HTML is a fragment: paste all of it between ``<div class="slides">`` and ``</div>`` of a
    reveal.js deck. It holds all media itself, whatever their size, and loads nothing.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import trajectories as tj
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> paths = tj.compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=9)
    >>> tj.plot_grid(paths).savefig(folder / "plot.png")
    >>> deck([folder / "plot.png"], folder / "talk.html", titles=["Zigzag"]).name
    'talk.html'
    """
    kind = suffix("format of a deck", path, DECK_FORMATS)
    paths = _checked_files(files)
    given = _checked_titles(titles, len(paths))
    target = check_target(path)
    ground = _color(theme, "figure.facecolor") if theme is not None else None
    for file in paths:
        suffix("kind of picture or video", file, MEDIA_TYPES)
        if target.exists() and file.exists() and target.samefile(file):
            raise must("path", "another file than those that are shown", str(path))
    slides = []
    for file, title in zip(paths, given, strict=True):
        media = read_media(file)
        if kind == ".pptx":
            check_pptx(media)
        slides.append(_slide(media, title, ground))
    with replacing(target) as out:
        if kind == ".pptx":
            write_pptx(out, slides, title=target.stem)
        else:
            write_reveal(out, slides)
    return target


def _checked_files(files: object) -> list[Path]:
    if isinstance(files, (str, os.PathLike)):
        files = [files]
    if not isinstance(files, Iterable):
        raise must("files", "a path or several", files, kind=TypeError)
    paths = list(files)
    if not paths:
        raise must("files", "at least one path", paths)
    for path in paths:
        if not isinstance(path, (str, os.PathLike)):
            raise must("files", "a path or several", path, kind=TypeError)
    return [Path(path) for path in paths]


def _checked_titles(titles: object, count: int) -> list[str | None]:
    if titles is None:
        return [None] * count
    given = [titles] if isinstance(titles, str) else titles
    if not isinstance(given, Sequence):
        raise must("titles", "a text for each file", titles, kind=TypeError)
    for title in given:
        if title is not None and not isinstance(title, str):
            raise must("titles", "texts", title, kind=TypeError)
    if len(given) != count:
        raise must("titles", f"as many as the files, {count}", list(given))
    return list(given)


def _slide(media: Media, title: str | None, ground: Color | None) -> Slide:
    said = words(media.path.name, find_comment(media.path), kind=_KINDS[media.showing], title=title)
    behind = ground or media.ground or _color("light", "figure.facecolor")
    dark = _luminance(behind) < _MIDDLE
    ink = _color("dark" if dark else "light", "text.color")
    return Slide(media, said.title, said.notes, said.recipe, said.about, behind, ink, dark)


def _color(theme: str, setting: str) -> Color:
    """Return a colour of a theme."""
    from matplotlib.colors import to_rgb

    red, green, blue = (round(255 * part) for part in to_rgb(look(theme).settings[setting]))
    return red, green, blue


def _luminance(color: Color) -> float:
    """Return the relative luminance of WCAG 2, from 0 to 1."""
    parts = [part / 255 for part in color]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
