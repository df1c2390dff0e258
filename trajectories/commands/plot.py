"""``trajectories plot``: paths in a still picture."""

from __future__ import annotations

import argparse
from typing import Any

from trajectories.commands.options import (
    add_descent,
    add_picture,
    paths_of,
    picture_settings,
    quick_imports,
)

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command to a parser's sub-parsers."""
    parser = commands.add_parser("plot", help="draw paths to a PNG, SVG or PDF file")
    add_descent(parser)
    add_picture(parser, "paths.png")
    parser.set_defaults(run=_run, prog=parser.prog)


def _run(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.atomic import check_target
        from trajectories.names import suffix
        from trajectories.plotting.figures import draw
        from trajectories.plotting.writers.figure import FIGURE_FORMATS, save_figure

    suffix("format of a still picture", options.output, FIGURE_FORMATS)
    check_target(options.output)
    figure = draw(options.layout, paths_of(options), **picture_settings(options))
    save_figure(figure, options.output)
    print(options.output)
