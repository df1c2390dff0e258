"""Text in a small part of Markdown as HTML, and notebooks made of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from highlight import highlighted

__all__ = ["to_html", "to_text"]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PICTURE = re.compile(r"!\[(.*?)\]\((.*?)\)")


def to_html(text: str, picture: Callable[[str, str], str]) -> str:
    r"""Return Markdown as HTML.

    Headings, paragraphs, lists of one level, tables, blocks of code, and in a line code, links,
    emphasis; a picture stands in a paragraph of its own.

    Parameters
    ----------
    text : str
        The Markdown.
    picture : callable
        Given an address and a caption, returns the HTML of a picture, or nothing.

    Returns
    -------
    str

    Examples
    --------
    >>> print(to_html("# On *steps*\n\nSee [`SGD`](api.html).", lambda address, caption: ""))
    <h1>On <em>steps</em></h1>
    <p>See <a href="api.html"><code>SGD</code></a>.</p>
    """
    code: list[str] = []

    def keep(match: re.Match[str]) -> str:
        plain = match[1] != "python"
        code.append(escape(match[2], quote=False) if plain else highlighted(match[2]))
        return f"\x00{len(code) - 1}"

    parts = re.split(r"\n\s*\n", _BLOCK.sub(keep, text).strip())
    return "\n".join(filter(None, (_block(part.strip("\n"), code, picture) for part in parts)))


def to_text(text: str) -> str:
    """Return the words of a line of Markdown.

    Examples
    --------
    >>> to_text("On *steps* of `SGD`")
    'On steps of SGD'
    """
    return re.sub(r"[*`]|\[(.*?)\]\(.*?\)", r"\1", text)


def _block(part: str, code: list[str], picture: Callable[[str, str], str]) -> str:
    lines = part.split("\n")
    if part.startswith("\x00"):
        return f'<pre tabindex="0"><code>{code[int(part[1:])]}</code></pre>'
    if heading := re.match(r"(#+) (.*)", part):
        level = len(heading[1])
        return f"<h{level}>{_inline(heading[2])}</h{level}>"
    if match := _PICTURE.fullmatch(part.replace("\n", " ")):
        return picture(match[2], _inline(match[1]))
    if part.startswith("|"):
        return _table(lines)
    for mark, tag in ((r"- ", "ul"), (r"\d+\. ", "ol")):
        if re.match(mark, part):
            items = re.split(rf"^{mark}", part, flags=re.MULTILINE)[1:]
            return f"<{tag}>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</{tag}>"
    return f"<p>{_inline(part)}</p>"


def _table(lines: list[str]) -> str:
    rows = [[_inline(cell) for cell in line.strip("| ").split("|")] for line in lines]
    head = "".join(f'<th scope="col">{cell}</th>' for cell in rows[0])
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>'
        for row in rows[2:]
    )
    inner = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="table" tabindex="0"><table>{inner}</table></div>'


def _inline(text: str) -> str:
    """Return a line as HTML: code first, in which nothing else is looked for."""
    code: list[str] = []

    def keep(match: re.Match[str]) -> str:
        code.append(f"<code>{match[1]}</code>")
        return f"\x01{len(code) - 1}\x01"

    line = " ".join(escape(text, quote=False).split())
    line = re.sub(r"`(.+?)`", keep, line)
    line = re.sub(r"\[(.+?)\]\((.+?)\)", lambda m: f'<a href="{escape(m[2])}">{m[1]}</a>', line)
    line = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", line)
    line = re.sub(r"\*(?! )(.+?)(?<! )\*", r"<em>\1</em>", line)
    return re.sub("\x01(\\d+)\x01", lambda match: code[int(match[1])], line)
