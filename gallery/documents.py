"""The documents beside the gallery: pages of text, notebooks, and the API."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any

from cards import figures, words_of
from highlight import highlighted
from jobs import Document
from marked import to_html, to_text
from page import INDEX, framed, write_file
from results import read_made

__all__ = ["documents", "write_documents"]

_API = Document("api", "api.py", needs=("pdoc", "latex2mathml"))


def documents(folder: Path, *, api: bool) -> list[Document]:
    """Return the documents that programs make.

    Parameters
    ----------
    folder : pathlib.Path
        The scripts' folder; each notebook in it is run.
    api : bool
        Whether the API belongs to it.

    Returns
    -------
    list of Document
    """
    found = [_API] if api else []
    for path in sorted(folder.glob("*.ipynb")):
        found.append(
            Document(
                path.stem,
                "execute.py",
                arguments=(str(path.resolve()),),
                sources=(path,),
                needs=("nbclient", "ipykernel"),
                front=path.name,
            )
        )
    return found


def write_documents(folder: Path, output: Path) -> tuple[dict[str, str], list[Path]]:
    """Write the pages of text, in which the gallery's pictures stand.

    Parameters
    ----------
    folder : pathlib.Path
        The scripts' folder; each ``.md`` and ``.ipynb`` in it becomes a page.
    output : pathlib.Path
        The folder of the results and of the pages.

    Returns
    -------
    links : dict
        The addresses of the pages by their titles.
    written : list of pathlib.Path
        Those that have changed.
    """
    texts: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.glob("*.ipynb")):
        executed = output / path.stem / path.name
        source = executed if executed.is_file() else path
        notebook = json.loads(source.read_text(encoding="utf-8"))
        texts[f"{path.stem}.html"] = _notebook(notebook, source, output)
    for path in sorted(folder.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        main = to_html(text, lambda name, caption: _figure(output, name, caption))
        texts[f"{path.stem}.html"] = _title(text, path.stem), main
    links = {title: address for address, (title, _) in texts.items()}
    if (output / _API.name / _API.front).is_file():
        links["API"] = f"{_API.name}/{_API.front}"
    written = []
    for address, (title, main) in texts.items():
        page = framed(title, f'<div class="text">\n{main}\n</div>', links, address)
        if write_file(output / address, page.encode()):
            written.append(output / address)
    return links, written


def _title(text: str, name: str) -> str:
    heading = re.search(r"^# (.*)$", text, re.MULTILINE)
    return to_text(heading[1]) if heading else name.replace("_", " ")


def _figure(output: Path, name: str, caption: str) -> str:
    """Return the pictures of a script with a caption, if they have been made."""
    made = read_made(output / name)
    if made is None:
        return ""
    title = words_of(made).title
    more = f'<a href="{INDEX}#{escape(name)}">{escape(title)}</a>'
    return (
        f'<figure><div class="pictures">{"".join(figures(made, title))}</div>'
        f"<figcaption>{caption} The script: {more}.</figcaption></figure>"
    )


def _notebook(notebook: dict[str, Any], source: Path, output: Path) -> tuple[str, str]:
    """Return the title of a notebook and its cells as HTML."""
    parts, title = [], ""
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            title = title or _title(text, source.stem)
            parts.append(to_html(text, lambda name, caption: _figure(output, name, caption)))
        else:
            parts.append(f'<pre tabindex="0"><code>{highlighted(text)}</code></pre>')
            parts += [_output(item) for item in cell["outputs"]]
    if source.is_relative_to(output):
        address = source.relative_to(output).as_posix()
        parts.append(f'<p><a href="{escape(address)}" download>This page as a notebook</a></p>')
    return title or source.stem, "\n".join(filter(None, parts))


def _output(item: dict[str, Any]) -> str:
    """Return an output of a cell as HTML: the richest kind that it has."""
    data = item.get("data", {})
    words = "".join(item.get("text", data.get("text/plain", "")))
    if "text/html" in data:
        shown = "".join(data["text/html"])
    elif "image/png" in data:
        picture = "".join(data["image/png"]).replace("\n", "")
        shown = f'<img src="data:image/png;base64,{picture}" alt="{escape(words)}">'
    elif words:
        shown = f'<pre tabindex="0">{escape(words, quote=False)}</pre>'
    else:
        return ""
    return f'<div class="output">{shown}</div>'
