"""``trajectories replay``: a picture once more, from the recipe in its own file."""

from __future__ import annotations

import argparse
from typing import Any

from trajectories.commands.options import bytes_of, file_name, hush, quick_imports, size

__all__ = ["add"]

_PICTURE = ("layout", "theme", "size", "frames", "pace", "tail")
_SAVING = ("fps", "hold", "loop")


def add(commands: Any) -> None:
    """Add the command to a parser's sub-parsers."""
    parser = commands.add_parser("replay", help="make a picture again from its own file")
    shown = "a GIF, PNG, WebP, MP4, WebM, SVG, PDF or HTML file that was made here"
    parser.add_argument("file", type=file_name, metavar="FILE", help=shown)
    add = parser.add_argument
    words = "the picture again, in the format of its suffix"
    words += "; without it the recipe is printed"
    add("-o", "--output", type=file_name, metavar="FILE", help=words)
    add("--data", metavar="DATA", help="images of an experiment: mnist, digits or a folder")
    add("--most-work", type=float, metavar="N", help="run no more steps of paths than this")
    add("-q", "--quiet", action="store_true", help="no progress bar, no notes")
    add = parser.add_argument_group("other than it was").add_argument
    add("--layout", help="overlay, grid, race or 3d")
    add("--theme", help="light, dark, slides, slides-dark or print")
    add("--size", type=size, metavar="WxH", help="in pixels, such as 1280x720")
    add("--frames", type=int, metavar="N", help="how many frames")
    add("--pace", help="equal between frames: steps, length of the way, or loss")
    add("--tail", type=int, metavar="N", help="steps to show behind each head")
    add("--fps", type=float, help="frames a second")
    add("--hold", type=float, metavar="S", help="seconds to hold the end")
    add("--loop", type=int, metavar="N", help="times to play; 0 is for ever")
    add("--max-size", type=bytes_of, metavar="SIZE", help="largest file, such as 1MB")
    add("--no-poster", action="store_true", help="no still picture beside a video")
    parser.set_defaults(run=_run, prog=parser.prog)


def _run(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.names import suffix
        from trajectories.plotting.animation import FORMATS
        from trajectories.plotting.maps.saving import save_map
        from trajectories.plotting.recipes.kinds import KINDS
        from trajectories.plotting.recipes.recipe import read_recipe
        from trajectories.plotting.recipes.replay import animation_of, figure_of
        from trajectories.plotting.writers.figure import FIGURE_FORMATS, save_figure
    hush(options)
    asked = {name: getattr(options, name) for name in _PICTURE}
    asked = {name: value for name, value in asked.items() if value is not None}
    recipe = read_recipe(options.file)
    if options.output is None:
        print(recipe.text)
        return
    kind = suffix("format of a picture", options.output, [*dict.fromkeys(FORMATS + FIGURE_FORMATS)])
    # A PNG may move or not: as the picture did.
    asked |= {"most_work": options.most_work, "data": options.data}
    if kind not in FORMATS or (kind in FIGURE_FORMATS and not KINDS[recipe.kind].moves):
        save_figure(figure_of(recipe, **asked), options.output)
        print(options.output)
        return
    saving = {name: getattr(options, name) for name in _SAVING}
    saving = {name: value for name, value in saving.items() if value is not None}
    if kind == ".html" and KINDS[recipe.kind].page:
        found = recipe.again(most_work=options.most_work, data=options.data)
        save_map(found[0], options.output, theme=options.theme)
        print(options.output)
        return
    written = animation_of(recipe, **asked).save(
        options.output,
        **saving,
        max_bytes=options.max_size,
        poster=not options.no_poster,
        progress=not options.quiet,
    )
    for path in written:
        print(path)
