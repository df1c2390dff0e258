"""The comment in a file of any format that is written here, found without decoding a picture."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

from trajectories.plotting.writers.bounded import BoundedFile, Cut
from trajectories.plotting.writers.image_comments import gif_comments, png_comments, webp_comments
from trajectories.plotting.writers.text_comments import (
    page_comments,
    pdf_comments,
    svg_comments,
)
from trajectories.plotting.writers.video_comments import mp4_comments, webm_comments

__all__ = ["find_comment", "read_comment"]

#: How a recipe begins.
_RECIPE = re.compile(r'\s*\{\s*"trajectories"\s*:')
_HEAD = 512
_Reader = Callable[[BoundedFile], Iterator[str]]
#: How each format begins, and what reads its comments.
_READERS: tuple[tuple[re.Pattern[bytes], _Reader], ...] = (
    (re.compile(rb"GIF8[79]a"), gif_comments),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), png_comments),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), webp_comments),
    (re.compile(rb"....ftyp", re.DOTALL), mp4_comments),
    (re.compile(rb"\x1aE\xdf\xa3"), webm_comments),
    (re.compile(rb"%PDF-"), pdf_comments),
    (re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml|<svg)"), svg_comments),
    (re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|!--)", re.IGNORECASE), page_comments),
)


def read_comment(path: str | os.PathLike[str]) -> str:
    """Return the recipe's text out of a file's metadata; nothing of the file is run."""
    found = find_comment(path)
    if found is None:
        raise ValueError(f"{os.fspath(path)!r} holds no recipe.")
    return found


def find_comment(path: str | os.PathLike[str]) -> str | None:
    """Return the recipe's text out of a file's metadata, or None if there is none."""
    with open(path, "rb") as opened:
        if not opened.seekable():
            return None
        file = BoundedFile(opened)
        head = file.rest(_HEAD)
        file.go(0)
        for begins, reader in _READERS:
            if begins.match(head):
                return _first_recipe(reader(file))
    return None


def _first_recipe(comments: Iterator[str]) -> str | None:
    try:
        for comment in comments:
            if _RECIPE.match(comment):
                return comment
    except Cut:  # What comes behind is lost, or too far away to look for.
        pass
    return None
