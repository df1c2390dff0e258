"""``trajectories deck``: pictures and movies as the slides of a talk."""

from __future__ import annotations

import argparse
from typing import Any

from trajectories.commands.options import file_name, quick_imports

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command to a parser's sub-parsers."""
    parser = commands.add_parser("deck", help="put pictures and movies on slides")
    shown = "GIF, PNG, JPEG or MP4; for .html also WebP, APNG, SVG, WebM and pages"
    parser.add_argument("files", type=file_name, nargs="+", metavar="FILE", help=shown)
    add = parser.add_argument
    kinds = ".pptx, or .html to paste into a reveal.js deck (default talk.pptx)"
    add("-o", "--output", type=file_name, default="talk.pptx", metavar="DECK", help=kinds)
    named = "of a slide, once for each file in turn (default: what the file says of itself)"
    add("--title", action="append", metavar="TEXT", help=named)
    add("--theme", help="ground of all slides, light or dark (default: that of each picture)")
    parser.set_defaults(run=_run, prog=parser.prog)


def _run(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.plotting.decks.deck import deck

    deck(options.files, options.output, titles=options.title, theme=options.theme)
    print(options.output)
