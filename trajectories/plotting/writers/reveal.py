"""HTML for reveal.js: a section for each slide, which holds its picture or video itself."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from html import escape
from typing import BinaryIO

from trajectories.plotting.writers.slide import Slide, hexadecimal

__all__ = ["reveal_html", "write_reveal"]

_HEAD = """\
<!-- Slides for reveal.js: paste all of this between <div class="slides"> and its </div>.
     Nothing is loaded from elsewhere. Opened by itself, the file shows the slides and their notes
     one below the other. -->
"""
#: For a file that is opened by itself; in a deck the sections are no children of the body.
_ALONE = """\
<style>
body > section.trajectories { font-family: Verdana, system-ui, sans-serif; margin: 0 0 2em;
  text-align: center; background: var(--ground); padding: 1em }
body > section.trajectories > .r-stretch { height: 68vh; max-width: 100% }
body > section.trajectories > iframe { width: 100% }
body > section.trajectories > .notes { color: var(--ink); text-align: left; max-width: 60em;
  margin: 1em auto }
body > section.trajectories pre { white-space: pre-wrap; overflow-wrap: anywhere }
</style>
"""
_STYLE = re.compile("<style>(.*?)</style>", re.DOTALL)
_CHOICE = "@media (prefers-color-scheme: dark)"
_HEADING = "font-size: {size}em; text-transform: none; margin: 0 0 0.4em; color: var(--ink)"
#: Titles of up to so many characters are set in the first size.
_SHORT = 40
_SIZES = (1.2, 0.8)


def reveal_html(slides: Iterable[Slide]) -> str:
    """Return slides as HTML to be pasted into a reveal.js deck."""
    text = _HEAD + _ALONE + "\n".join(map(_section, slides)) + "\n"
    return text.encode("ascii", "xmlcharrefreplace").decode()


def write_reveal(file: BinaryIO, slides: Iterable[Slide]) -> None:
    """Write what `reveal_html` returns to a file."""
    file.write(reveal_html(slides).encode("ascii"))


def _section(slide: Slide) -> str:
    ground, ink = (f"#{hexadecimal(color)}" for color in (slide.ground, slide.ink))
    size = min(max(_SIZES[0] * _SHORT / max(len(slide.title), 1), _SIZES[1]), _SIZES[0])
    heading = _HEADING.format(size=round(size, 2))
    notes = "".join(f"<p>{escape(line)}</p>" for line in slide.notes)
    recipe = f"<pre>{escape(slide.recipe)}</pre>" if slide.recipe else ""
    return (
        f'<section class="trajectories" data-background-color="{ground}"'
        f' style="--ground: {ground}; --ink: {ink}">\n'
        f'<h2 style="{heading}">{escape(slide.title)}</h2>\n'
        f"{_shown(slide)}\n"
        f'<aside class="notes">{notes}{recipe}</aside>\n'
        "</section>"
    )


def _shown(slide: Slide) -> str:
    """Return the element that shows the media."""
    media = slide.media
    about = escape(slide.about)
    if media.showing == "page":
        scheme = "dark" if slide.dark else "light"
        page = escape(_settled(media.content.decode("utf-8-sig"), scheme))
        return (
            f'<iframe class="r-stretch" data-autoplay title="{about}" src="about:blank"'
            f' sandbox="allow-scripts" style="border: 0; color-scheme: {scheme}"'
            f' srcdoc="{page}"></iframe>'
        )
    size = ' width="{}" height="{}"'.format(*media.size) if media.size else ""
    source = f"data:{media.type};base64,{base64.b64encode(media.content).decode('ascii')}"
    if media.showing == "video":
        return (
            f'<video class="r-stretch" data-autoplay muted loop playsinline controls{size}'
            f' aria-label="{about}" style="object-fit: contain" src="{source}"></video>'
        )
    return f'<img class="r-stretch"{size} alt="{about}" style="object-fit: contain" src="{source}">'


def _settled(page: str, scheme: str) -> str:
    """Take the viewer's choice between light and dark away: a slide has one ground."""
    found = _STYLE.search(page)
    if found is None or _CHOICE not in found[1] or _digest(found[1]) not in page:
        return page
    style = found[1].replace(_CHOICE, "@media all" if scheme == "dark" else "@media not all")
    style = style.replace("color-scheme: light dark", f"color-scheme: {scheme}")
    whole = page[: found.start(1)] + style + page[found.end(1) :]
    return whole.replace(_digest(found[1]), _digest(style))


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
