"""``trajectories mnist``: the experiments of the chapter on training, and their figures."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trajectories.commands.options import hush, quick_imports, size

if TYPE_CHECKING:
    from trajectories.mnist.experiments import Result

__all__ = ["add"]

_LANDSCAPE = "landscape"
_MOVING = ("gif", "mp4", "webm", "webp", "apng")


def add(commands: Any) -> None:
    """Add the command to a parser's sub-parsers."""
    parser = commands.add_parser("mnist", help="train networks on digits: experiments and figures")
    add = parser.add_argument
    add("experiment", nargs="?", metavar="NAME", help="an experiment, or all; see --list")
    add("--list", action="store_true", help="list the experiments and their figures")
    add("-o", "--output", default=".", metavar="DIR", help="folder of what is written (default .)")
    add = parser.add_argument_group("experiment").add_argument
    words = "auto (default), mnist, digits or a folder of IDX files"
    add("--data", default="auto", metavar="DATA", help=words)
    add("--seeds", type=int, metavar="N", help="runs of each variant (default 3)")
    add("--seed", type=int, default=0, metavar="N", help="the first of the seeds (default 0)")
    add("--quick", action="store_true", help="cut all lengths, to see that it works")
    add("--workers", type=int, metavar="N", help="processes (default: one a processor)")
    add("--force", action="store_true", help="run again what is there already")
    words = "who races in the experiment optimizers, as adam:lr=0.001; may be repeated"
    add("-O", "--optimizer", action="append", metavar="SPEC", help=words)
    add = parser.add_argument_group("picture").add_argument
    add("--theme", help="light (default), dark, slides, slides-dark or print")
    add("--size", type=size, metavar="WxH", help="in pixels, such as 1280x720")
    words = "format of moving pictures, or none (default gif)"
    add("--movie", default="gif", choices=(*_MOVING, "none"), help=words)
    add("-q", "--quiet", action="store_true", help="no progress bars, no notes")
    parser.set_defaults(run=_run, prog=parser.prog)


def _run(options: argparse.Namespace) -> None:
    if "numpy" not in sys.modules:
        # One thread for matrix products of this size; it is read when NumPy is loaded.
        for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(name, "1")
    with quick_imports():
        from trajectories.mnist.experiments import EXPERIMENTS
        from trajectories.names import resolve
        from trajectories.validation import must

    if options.list:
        print(_listing())
        return
    if options.experiment is None:
        raise must("NAME", f"an experiment or all: {', '.join(EXPERIMENTS)}", "nothing")
    known = [*EXPERIMENTS, _LANDSCAPE]
    name = resolve("experiment", options.experiment, [*known, "all"])
    names = known if name == "all" else [name]
    if options.optimizer and name not in ("optimizers", _LANDSCAPE):
        raise must("--optimizer", "left out but for optimizers and landscape", name)
    if options.seeds is not None and name == _LANDSCAPE:
        raise must("--seeds", "left out for landscape, which has one", options.seeds)
    with quick_imports():
        from trajectories.atomic import made_folder
        from trajectories.mnist.source import load
        from trajectories.plotting.canvas import checked_size
        from trajectories.plotting.theme import look

    look(options.theme)
    if options.size is not None:
        checked_size(options.size)
    hush(options)
    with made_folder(options.output) as folder:  # First, as what follows may take long.
        needed = any(name == _LANDSCAPE or EXPERIMENTS[name].images for name in names)
        data = load(options.data, progress=not options.quiet) if needed else None
        for name in names:
            if name == _LANDSCAPE:
                _landscape(data, folder, options)
            else:
                _one(name, data, folder, options)


def _one(name: str, data: Any, folder: Path, options: argparse.Namespace) -> None:
    """Run an experiment, or read its result, and draw its figures."""
    from trajectories.mnist.experiments import EXPERIMENTS
    from trajectories.plotting.writers.figure import save_figure

    experiment, path = EXPERIMENTS[name], folder / f"{name}.json"
    more: dict[str, Any] = {} if options.seeds is None else {"seeds": options.seeds}
    if options.optimizer:
        more["race"] = options.optimizer
    found = experiment.function(name)(
        data,
        quick=options.quick,
        workers=options.workers,
        progress=not options.quiet,
        rng=options.seed,
        keep=path,
        reuse=not options.force,
        **more,
    )
    print(path, flush=True)
    for page in experiment.pages:
        place = folder / f"{_stem(name, page)}.png"
        save_figure(found.draw(page, theme=options.theme, size=options.size), place)
        print(place, flush=True)
        if page in experiment.moving and options.movie != "none":
            _write_movie(found, page, folder / f"{_stem(name, page)}.{options.movie}", options)


def _landscape(data: Any, folder: Path, options: argparse.Namespace) -> None:
    """Map the loss around paths of training, or read the map, and draw it."""
    from trajectories.mnist.figures.landscape import save_landscape
    from trajectories.mnist.landscape import landscape

    more: dict[str, Any] = {"race": options.optimizer} if options.optimizer else {}
    found = landscape(
        data,
        quick=options.quick,
        workers=options.workers,
        progress=not options.quiet,
        rng=options.seed,
        keep=folder / "landscape.npz",
        reuse=not options.force,
        **more,
    )
    moving = () if options.movie == "none" else (f".{options.movie}", ".html")
    how = {"theme": options.theme, "size": options.size, "progress": not options.quiet}
    for path in save_landscape(found, folder, moving=moving, **how):
        print(path, flush=True)


def _write_movie(found: Result, page: str, path: Path, options: argparse.Namespace) -> None:
    from trajectories.mnist.figures import animate

    movie = animate(found, page, theme=options.theme, size=options.size)
    for written in movie.save(path, progress=not options.quiet):
        print(written, flush=True)


def _stem(name: str, page: str) -> str:
    """Return the name of a figure's file: the experiment's for its first figure."""
    from trajectories.mnist.experiments import EXPERIMENTS

    return name if page == next(iter(EXPERIMENTS[name].pages)) else f"{name}-{page}"


def _listing() -> str:
    """List the experiments and the files of their figures."""
    from trajectories.mnist.experiments import EXPERIMENTS

    lines = []
    for name, experiment in EXPERIMENTS.items():
        lines.append(f"{name:<17} {experiment.about}")
        for page, about in experiment.pages.items():
            moving = ", also moving" if page in experiment.moving else ""
            lines.append(f"  {_stem(name, page) + '.png':<24} {about}{moving}")
    lines.append(f"{_LANDSCAPE:<17} the loss around the paths of five optimizers")
    lines.append(f"  {'landscape.png':<24} the plane through the paths, also moving, and a page")
    return "\n".join(lines)
