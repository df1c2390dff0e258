"""The cards of the gallery's page: a script with its pictures, its text and its source."""

from __future__ import annotations

import ast
import io
import re
from html import escape
from pathlib import Path
from urllib.parse import quote

from cells import Words, read_words
from highlight import highlighted
from results import Made, Picture, faces, thumbnail_of

__all__ = ["address", "card", "figures", "inline", "words_of"]


def words_of(made: Made) -> Words:
    """Return what the docstring of a result's script says."""
    return read_words(_source(made), Path(made.script).stem)


def card(made: Made) -> str:
    """Return the card of a script.

    Parameters
    ----------
    made : Made
        What the script made.

    Returns
    -------
    str
        HTML.
    """
    words = words_of(made)
    code, lines = _code(_source(made))
    files = [_link(made, picture.name, _measures(picture)) for picture in made.pictures]
    files += [_link(made, name) for name in (*made.others, made.script)]
    tags = [f'<li><a href="#tag={quote(tag)}">{escape(tag)}</a></li>' for tag in words.tags]
    name = escape(made.folder.name)
    return "\n".join(
        [
            f'<article class="card" id="{name}" data-tags="{escape("|".join(words.tags))}"'
            f' aria-labelledby="{name}-title">',
            '<div class="pictures">',
            *figures(made, words.title),
            "</div>",
            '<div class="words">',
            f'<h3 id="{name}-title">{inline(words.title)}</h3>',
            *(f"<p>{inline(paragraph)}</p>" for paragraph in words.paragraphs),
            *(f'<p class="note">{inline(note)}</p>' for note in made.notes),
            f'<ul class="tags" aria-label="Tags">{"".join(tags)}</ul>' if tags else "",
            "<details>",
            f"<summary>The script <span>({lines} lines)</span></summary>",
            '<div class="script">',
            '<button type="button" class="copy" hidden>Copy</button>',
            f'<pre tabindex="0" role="region" aria-label="{escape(made.script)}">'
            f"<code>{highlighted(code)}</code></pre>",
            "</div>",
            "</details>",
            "<details>",
            f"<summary>Downloads <span>({len(files)} files)</span></summary>",
            f'<ul class="files">{"".join(files)}</ul>',
            "</details>",
            "</div>",
            "</article>",
        ]
    )


def figures(made: Made, title: str) -> list[str]:
    """Return the pictures of a result, each linked to itself; files of one name share one.

    Parameters
    ----------
    made : Made
        The result.
    title : str
        What they show.

    Returns
    -------
    list of str
        HTML.
    """
    stills = faces(made.pictures)
    drawn = []
    for still in stills:
        stem = Path(still.name).stem
        alike = [picture for picture in made.pictures if Path(picture.name).stem == stem]
        moving = max(alike, key=lambda picture: picture.frames)
        alt = title if len(stills) == 1 else f"{title}: {stem.replace('_', ' ')}"
        target, moves, badge = still.name, "", ""
        if moving.frames > 1:
            target = moving.name
            moves = f' data-moving="{address(made, moving.name)}"'
            badge, alt = "&#9654;", f"{alt} (moving picture)"
        # A script that saves a page means the viewer to use it.
        if f'"{stem}.html"' in _source(made) and f"{stem}.html" in made.others:
            target, badge, alt = f"{stem}.html", "&#9757;", f"{alt}: open the interactive page"
        mark = f'<span class="badge" aria-hidden="true">{badge}</span>' if badge else ""
        drawn.append(
            f'<a class="picture" href="{address(made, target)}">'
            f'<img src="{address(made, thumbnail_of(still))}"{moves} alt="{escape(alt)}"'
            f' width="{still.width}" height="{still.height}" loading="lazy">{mark}</a>'
        )
    return drawn


def address(made: Made, name: str) -> str:
    """Return the relative address of a file of a result."""
    return escape(quote(f"{made.folder.name}/{name}"))


def inline(text: str) -> str:
    """Return a docstring's text as HTML; ``double backquotes`` are code."""
    return re.sub(r"``(.+?)``", r"<code>\1</code>", escape(text, quote=False))


def _source(made: Made) -> str:
    return (made.folder / made.script).read_text(encoding="utf-8", errors="replace")


def _link(made: Made, name: str, note: str = "") -> str:
    """Return a list item that links to a file of a result."""
    size = (made.folder / name).stat().st_size
    amount = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(size / 1e3, 0.1):.1f} kB"
    amount = amount if size < 1e4 or size >= 1e6 else f"{size / 1e3:.0f} kB"
    words = f"{note}, {amount}" if note else amount
    link = f'<a href="{address(made, name)}" download>{escape(name)}</a>'
    return f"<li>{link} <span>{words}</span></li>"


def _measures(picture: Picture) -> str:
    """Return a picture's size in words."""
    size = f"{picture.width} &times; {picture.height}"
    return f"{size}, {picture.frames} frames" if picture.frames > 1 else size


def _code(source: str) -> tuple[str, int]:
    """Return a script without its docstring, and how many lines its statements take."""
    module = ast.parse(source)
    statements, begin = module.body, 0
    if ast.get_docstring(module) is not None:
        begin = statements[0].end_lineno or 0
        statements = statements[1:]
    rows = ((node.lineno, node.end_lineno or node.lineno) for node in statements)
    code = "".join(list(io.StringIO(source))[begin:])
    return code.strip("\n"), sum(last + 1 - first for first, last in rows)
