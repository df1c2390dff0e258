"""The gallery's page: a card for each script, with its pictures, its text and its source."""

from __future__ import annotations

import ast
import io
import itertools
import keyword
import re
import tokenize
from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote

from results import Made, Picture, read_made, thumbnail_of

from trajectories import __version__
from trajectories.atomic import replacing

__all__ = ["highlighted", "read_text", "write_page"]

_TEMPLATE = Path(__file__).with_name("page.html")


def write_page(output: Path, folders: Iterable[Path]) -> bool:
    """Write ``index.html``, unless it is there and would be the same.

    Parameters
    ----------
    output : pathlib.Path
        Where to write it; links are relative to it.
    folders : iterable of pathlib.Path
        The result folders in the order of their cards; those without a result have none.

    Returns
    -------
    bool
        Whether it was written.
    """
    results = [made for made in map(read_made, folders) if made is not None]
    template = Template(_TEMPLATE.read_text(encoding="utf-8"))
    cards = "\n".join(map(_card, results)) or "<p>There are no pictures yet.</p>"
    page = template.substitute(cards=cards, version=escape(__version__)).encode()
    target = output / "index.html"
    if target.is_file() and target.read_bytes() == page:
        return False
    with replacing(target) as file:
        file.write(page)
    return True


def read_text(source: str, name: str) -> tuple[str, list[str]]:
    """Read the title and the paragraphs of a script's docstring.

    Parameters
    ----------
    source : str
        The script.
    name : str
        Gives the title if there is no docstring.

    Returns
    -------
    title : str
    paragraphs : list of str
    """
    docstring = ast.get_docstring(ast.parse(source)) or name.removeprefix("plot_").replace("_", " ")
    lines = [line for line in docstring.splitlines() if not re.fullmatch(r"=+", line.strip())]
    blocks = re.split(r"\n\s*\n", "\n".join(lines[1:]))
    return lines[0].strip(), [" ".join(block.split()) for block in blocks if block.strip()]


def highlighted(source: str) -> str:
    """Return Python source as HTML that marks its comments, strings, keywords and numbers.

    Parameters
    ----------
    source : str
        The source; if it cannot be parsed to its end, the rest is left plain.

    Returns
    -------
    str
    """
    lengths = map(len, io.StringIO(source))
    starts = [0, *itertools.accumulate(lengths)]
    pieces: list[str] = []
    done = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            kind = _kind(token)
            begin, end = (starts[row - 1] + column for row, column in (token.start, token.end))
            if kind and begin >= done:
                pieces += [escape(source[done:begin], quote=False)]
                pieces += [f'<span class="{kind}">{escape(source[begin:end], quote=False)}</span>']
                done = end
    except (tokenize.TokenError, SyntaxError):
        pass
    return "".join(pieces) + escape(source[done:], quote=False)


def _kind(token: tokenize.TokenInfo) -> str | None:
    """Return the class of a token that is to be marked."""
    name = tokenize.tok_name[token.type]
    if name == "COMMENT":
        return "comment"
    if name == "STRING" or name.startswith("FSTRING"):
        return "string"
    if name == "NUMBER":
        return "number"
    return "keyword" if keyword.iskeyword(token.string) else None


def _card(made: Made) -> str:
    """Return the card of a script."""
    source = (made.folder / made.script).read_text(encoding="utf-8", errors="replace")
    title, paragraphs = read_text(source, Path(made.script).stem)
    code, lines = _code(source)
    files = [_link(made, picture.name, _measures(picture)) for picture in made.pictures]
    files += [_link(made, name) for name in (*made.others, made.script)]
    return "\n".join(
        [
            f'<article class="card" id="{escape(made.folder.name)}">',
            *_figures(made, title),
            '<div class="words">',
            f"<h2>{_inline(title)}</h2>",
            *(f"<p>{_inline(paragraph)}</p>" for paragraph in paragraphs),
            f'<ul class="files">{"".join(files)}</ul>',
            "<details>",
            f"<summary>The script <span>({lines} lines)</span></summary>",
            f'<pre tabindex="0" role="region" aria-label="{escape(made.script)}">'
            f"<code>{highlighted(code)}</code></pre>",
            "</details>",
            "</div>",
            "</article>",
        ]
    )


def _figures(made: Made, title: str) -> list[str]:
    """Return the card's figures; a still and a moving picture of the same name share one."""
    groups: dict[str, list[Picture]] = {}
    for picture in made.pictures:
        groups.setdefault(Path(picture.name).stem, []).append(picture)
    figures = []
    for stem, pictures in groups.items():
        still = min(pictures, key=lambda picture: picture.frames)
        moving = max(pictures, key=lambda picture: picture.frames)
        alt = title if len(groups) == 1 else f"{title}: {stem.replace('_', ' ')}"
        address, moves = _address(made, still.name), ""
        badge = ""
        if moving.frames > 1:
            address = _address(made, moving.name)
            moves = f' data-moving="{address}"'
            badge = '<span class="badge" aria-hidden="true">&#9654;</span>'
            alt += " (moving picture)"
        figures.append(
            f'<a class="picture" href="{address}">'
            f'<img src="{_address(made, thumbnail_of(still))}"{moves} alt="{escape(alt)}"'
            f' width="{still.width}" height="{still.height}" loading="lazy">{badge}</a>'
        )
    return figures


def _link(made: Made, name: str, note: str = "") -> str:
    """Return a list item that links to a file of a result."""
    size = (made.folder / name).stat().st_size
    amount = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(size / 1e3, 0.1):.1f} kB"
    amount = amount if size < 1e4 or size >= 1e6 else f"{size / 1e3:.0f} kB"
    words = f"{note}, {amount}" if note else amount
    return f'<li><a href="{_address(made, name)}">{escape(name)}</a> <span>{words}</span></li>'


def _measures(picture: Picture) -> str:
    """Return a picture's size in words."""
    size = f"{picture.width} &times; {picture.height}"
    return f"{size}, {picture.frames} frames" if picture.frames > 1 else size


def _address(made: Made, name: str) -> str:
    """Return the relative address of a file of a result."""
    return escape(quote(f"{made.folder.name}/{name}"))


def _inline(text: str) -> str:
    """Return a docstring's text as HTML; ``double backquotes`` are code."""
    return re.sub(r"``(.+?)``", r"<code>\1</code>", escape(text, quote=False))


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
