"""The cells of a script: its docstring, and what stands between its ``# %%`` lines."""

from __future__ import annotations

import ast
import hashlib
import io
import itertools
import json
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Cell", "Words", "notebook_of", "read_cells", "read_words"]

_TAGS = "Tags:"
_MARK = "# %%"
#: The comment at the top of a cell, which is text.
_LEAD = re.compile(r"\A(?:#(?: .*)?\n)+")


@dataclass(frozen=True)
class Words:
    """What the docstring of a script says.

    Parameters
    ----------
    title : str
        Its first line.
    paragraphs : tuple of str
        What follows, each on one line.
    tags : tuple of str
        The last paragraph, if that begins with ``Tags:``.
    """

    title: str
    paragraphs: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """A cell: text or code.

    Parameters
    ----------
    text : str
        Without blank lines around it.
    is_code : bool
        Whether it is code.
    """

    text: str
    is_code: bool


def read_words(source: str, name: str) -> Words:
    """Read the docstring of a script.

    Parameters
    ----------
    source : str
        The script.
    name : str
        Gives the title if there is no docstring.

    Returns
    -------
    Words
    """
    docstring = ast.get_docstring(ast.parse(source)) or name.removeprefix("plot_").replace("_", " ")
    lines = [line for line in docstring.splitlines() if not re.fullmatch(r"=+", line.strip())]
    blocks = re.split(r"\n\s*\n", "\n".join(lines[1:]))
    paragraphs = [" ".join(block.split()) for block in blocks if block.strip()]
    tags: list[str] = []
    if paragraphs and paragraphs[-1].startswith(_TAGS):
        tags = [tag.strip() for tag in paragraphs.pop()[len(_TAGS) :].split(",")]
    return Words(lines[0].strip(), tuple(paragraphs), tuple(filter(None, tags)))


def read_cells(source: str) -> list[Cell]:
    """Read the cells of a script after its docstring; a comment at the top of one is text.

    Parameters
    ----------
    source : str
        The script.

    Returns
    -------
    list of Cell
        None is empty.
    """
    statements = ast.parse(source).body
    begin = 0
    if ast.get_docstring(ast.Module(statements, [])) is not None:
        begin = statements[0].end_lineno or 0
    cells: list[Cell] = []
    lines = list(io.StringIO(source))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    marks = [token.start[0] for token in tokens if token.line.startswith(_MARK) and _marks(token)]
    for first, last in itertools.pairwise([begin, *marks, len(lines) + 1]):
        part = "".join(lines[first : last - 1])
        body = part.strip("\n") + "\n"
        lead = _LEAD.match(body)
        if lead:
            words = " ".join(line[1:].strip() for line in lead[0].splitlines())
            cells.append(Cell(words.strip(), is_code=False))
            body = body[lead.end() :].strip("\n")
        cells.append(Cell(body.strip("\n"), is_code=True))
    return [cell for cell in cells if cell.text]


def notebook_of(source: str, name: str, pictures: Sequence[str] = ()) -> str:
    """Return a script as a notebook.

    Parameters
    ----------
    source : str
        The script.
    name : str
        Its name, from which the cells' identifiers are made.
    pictures : sequence of str
        The pictures that it writes, to be shown at the end.

    Returns
    -------
    str
        JSON of nbformat 4.5.
    """
    words = read_words(source, name)
    text = "\n\n".join([f"# {words.title}", *words.paragraphs]).replace("``", "`")
    cells = [Cell(text, is_code=False)]
    cells += [
        Cell(cell.text if cell.is_code else cell.text.replace("``", "`"), cell.is_code)
        for cell in read_cells(source)
    ]
    if pictures:
        shown = ", ".join(f"Image({picture!r})" for picture in pictures)
        cells.append(
            Cell(f"from IPython.display import Image, display\n\ndisplay({shown})", is_code=True)
        )
    document: dict[str, Any] = {
        "cells": [_plain(cell, f"{name} {number}") for number, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _marks(token: tokenize.TokenInfo) -> bool:
    """Tell whether a token is a comment that begins its line."""
    return token.type == tokenize.COMMENT and token.start[1] == 0


def _plain(cell: Cell, name: str) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "cell_type": "code" if cell.is_code else "markdown",
        "id": hashlib.sha256(name.encode()).hexdigest()[:8],
        "metadata": {},
        "source": cell.text.splitlines(keepends=True),
    }
    return {**plain, "execution_count": None, "outputs": []} if cell.is_code else plain
