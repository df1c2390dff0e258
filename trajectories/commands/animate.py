"""``trajectories animate``: paths in a moving picture, a video or a page."""

from __future__ import annotations

import argparse
from typing import Any

from trajectories.commands.options import (
    add_descent,
    add_picture,
    bytes_of,
    numbers,
    paths_of,
    picture_settings,
    quick_imports,
)

__all__ = ["add", "add_motion", "motion_settings", "saving_settings"]


def add(commands: Any) -> None:
    """Add the command to a parser's sub-parsers."""
    words = "draw moving paths to a GIF, MP4, WebM, WebP, PNG or HTML file"
    parser = commands.add_parser("animate", help=words)
    add_descent(parser)
    add_picture(parser, "paths.gif")
    add_motion(parser)
    parser.set_defaults(run=_run, prog=parser.prog)


def add_motion(parser: argparse.ArgumentParser) -> None:
    """Add how a picture moves, and how large its file may be."""
    add = parser.add_argument_group("motion").add_argument
    add(
        "--frames", type=int, metavar="N", help="how many frames (default: one a step, at most 300)"
    )
    add("--pace", help="equal between frames: steps (default), length of the way, or loss")
    add("--fps", type=float, help="frames a second, at most 50 (default: about six seconds in all)")
    add(
        "--hold", type=float, default=1.5, metavar="S", help="seconds to hold the end (default 1.5)"
    )
    add("--loop", type=int, default=0, metavar="N", help="times to play; 0 is for ever (default)")
    add("--tail", type=int, metavar="N", help="steps to show behind each head (default: all)")
    add("--anatomy", action="store_true", help="show what each step is made of, as arrows")
    add("--orbit", type=float, metavar="DEG", help="turn the camera in 3d by so much in all")
    words = "on a page: a slider of learning rates"
    add("--learning-rates", type=numbers(), metavar="R,R,...", help=words)
    words = 'on a page: "grid" lets the viewer click where paths begin'
    add("--starts", metavar="grid", help=words)
    words = "largest file, such as 1MB: colours, frames and pixels are given up to keep it"
    add("--max-size", type=bytes_of, metavar="SIZE", help=words)
    add("--no-poster", action="store_true", help="no still picture beside a video")


def motion_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return what `add_motion` has read for `animate`, as far as it was given."""
    names = ("frames", "pace", "tail", "anatomy", "orbit", "learning_rates", "starts")
    given = {name: getattr(options, name) for name in names}
    return {
        name: value for name, value in given.items() if value is not None and value is not False
    }


def saving_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return what `add_motion` has read for `Animation.save`."""
    return {
        "fps": options.fps,
        "hold": options.hold,
        "loop": options.loop,
        "max_bytes": options.max_size,
        "poster": not options.no_poster,
        "progress": not options.quiet,
    }


def _run(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.atomic import check_target
        from trajectories.names import suffix
        from trajectories.plotting.animate import animate
        from trajectories.plotting.animation import FORMATS
    suffix("format of a moving picture", options.output, FORMATS)
    if "%" not in options.output:
        check_target(options.output)
    how: dict[str, Any] = {**picture_settings(options), **motion_settings(options)}
    moving = animate(paths_of(options), layout=options.layout, **how)
    for path in moving.save(options.output, **saving_settings(options)):
        print(path)
