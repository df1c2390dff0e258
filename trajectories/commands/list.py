"""``trajectories list``: what there is to choose from."""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import Any

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command to a parser's sub-parsers."""
    from trajectories.listing import KINDS

    parser = commands.add_parser("list", help="list what there is")
    parser.add_argument("kind", nargs="?", choices=KINDS, help="what to list (default: all)")
    add = parser.add_argument
    add("--verbose", "-v", action="store_true", help="surfaces with their curvature at the minima")
    add("--json", action="store_true", help="for programs")
    parser.set_defaults(run=_run, prog=parser.prog)


def _run(options: argparse.Namespace) -> None:
    from trajectories.listing import KINDS, as_json, as_text

    kinds = [options.kind] if options.kind else list(KINDS)
    if options.json:
        print(as_json(kinds, verbose=options.verbose))
        return
    out = sys.stdout
    width = shutil.get_terminal_size().columns if out is not None and out.isatty() else None
    print(as_text(kinds, verbose=options.verbose, width=width))
