"""The pages of the gallery: their frame, and the one that shows all cards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote

from cards import card, words_of
from results import Made, read_made
from sections import SECTIONS, section_of

from trajectories import __version__
from trajectories.files import replacing

__all__ = ["INDEX", "framed", "write_file", "write_page"]

_HERE = Path(__file__).parent
INDEX = "index.html"
_ABOUT = "Pictures of optimizers on their way, each with the script that makes it."


def write_page(output: Path, folders: Iterable[Path], others: Mapping[str, str]) -> bool:
    """Write ``index.html``, unless it is there and would be the same.

    Parameters
    ----------
    output : pathlib.Path
        Where to write it; links are relative to it.
    folders : iterable of pathlib.Path
        The result folders in the order of their cards; those without a result have none.
    others : mapping of str
        The addresses of further pages, by their names.

    Returns
    -------
    bool
        Whether it was written.
    """
    results = [made for made in map(read_made, folders) if made is not None]
    main = _gallery(results) if results else "<p>There are no pictures yet.</p>"
    page = framed("The trajectories gallery", main, others, INDEX, about=_ABOUT)
    return write_file(output / INDEX, page.encode())


def framed(title: str, main: str, others: Mapping[str, str], here: str, *, about: str = "") -> str:
    """Return a page of the gallery.

    Parameters
    ----------
    title : str
        Its title.
    main : str
        What is on it, as HTML.
    others : mapping of str
        The addresses of the pages beside the gallery, by their names.
    here : str
        Its own address.
    about : str, default ""
        A sentence for search engines.

    Returns
    -------
    str
    """
    links = {"Gallery": INDEX, **others} if others else {}
    current = {here: ' aria-current="page"'}
    items = [
        f'<li><a href="{escape(quote(address))}"{current.get(address, "")}>{escape(name)}</a></li>'
        for name, address in links.items()
    ]
    nav = f'<nav aria-label="Pages"><ul>{"".join(items)}</ul></nav>' if items else ""
    parts = {name: (_HERE / f"page.{name}").read_text(encoding="utf-8") for name in ("css", "js")}
    return Template((_HERE / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(title),
        about=escape(about),
        nav=nav,
        main=main,
        version=escape(__version__),
        **parts,
    )


def write_file(target: Path, data: bytes) -> bool:
    """Write a file unless it is there and the same; return whether it was written."""
    if target.is_file() and target.read_bytes() == data:
        return False
    with replacing(target) as file:
        file.write(data)
    return True


def _gallery(results: list[Made]) -> str:
    """Return the head of the gallery, its filter, and a section after the other."""
    tags = Counter(tag for made in results for tag in words_of(made).tags)
    buttons = [
        f'<button type="button" data-tag="{escape(tag)}" aria-pressed="false">{escape(tag)} '
        f"<span>{tags[tag]}</span></button>"
        for tag in sorted(tags)
    ]
    count = f"{len(results)} picture{'s' if len(results) > 1 else ''}"
    parts = [
        "<h1>The trajectories gallery</h1>",
        "<p class='lead'>Optimizers on their way down, picture by picture. Each is made by the"
        " short script on its card. What is marked &#9654; moves while the pointer or the"
        " keyboard&rsquo;s focus is on it; what is marked &#9757; is a page to try.</p>",
    ]
    if buttons:
        everything = '<button type="button" data-tag="" aria-pressed="true">all</button>'
        parts += [
            '<div class="filter" role="group" aria-label="Filter by tag" hidden>',
            everything,
            *buttons,
            "</div>",
            f'<p class="count" role="status">{count}</p>',
        ]
    for section in SECTIONS:
        cards = [card(made) for made in results if section_of(made.folder.name) is section]
        if cards:
            parts += [
                f'<section aria-labelledby="{section.anchor}">',
                f'<h2 id="{section.anchor}">{escape(section.title)}</h2>',
                f"<p>{escape(section.about)}</p>",
                '<div class="cards">',
                *cards,
                "</div>",
                "</section>",
            ]
    return "\n".join(parts)
