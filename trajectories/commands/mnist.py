"""``trajectories mnist``: the experiments of the chapter on training, and their figures."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trajectories.commands.options import check_picture, file_name, hush, quick_imports, size

__all__ = ["add"]

_LANDSCAPE = "landscape"
#: A command of its own, which the command line knows by its two words.
_SEARCH = "search"
_MOVING = ("gif", "mp4", "webm", "webp", "apng")


def add(commands: Any) -> None:
    """Add the command to a parser's sub-parsers."""
    parser = commands.add_parser("mnist", help="train networks on digits: experiments and figures")
    add = parser.add_argument
    add("experiment", nargs="?", metavar="NAME", help="what to run, or all; see --list")
    add("--list", action="store_true", help="list the experiments and their figures")
    words = "folder of what is written (default .)"
    add("-o", "--output", type=file_name, default=".", metavar="DIR", help=words)
    add = parser.add_argument_group("experiment").add_argument
    words = "auto (default), mnist, digits or a folder of IDX files"
    add("--data", default="auto", metavar="DATA", help=words)
    words = "runs of each variant (default 3; 1 for layers)"
    add("--seeds", type=int, metavar="N", help=words)
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
        from trajectories.validation import integer, must

    if options.list:
        print(_listing())
        return
    known = [*EXPERIMENTS, _LANDSCAPE]
    if options.experiment is None:
        raise must("NAME", f"one of {', '.join([*known, _SEARCH])}, or all", "nothing")
    if options.experiment == _SEARCH:
        raise ValueError(f"Options come after the words: trajectories mnist {_SEARCH} ...")
    name = resolve("experiment", options.experiment, [*known, "all"])
    names = known if name == "all" else [name]
    if options.optimizer and name not in ("optimizers", _LANDSCAPE):
        raise must("--optimizer", "left out but for optimizers and landscape", name)
    if options.seeds is not None and name == _LANDSCAPE:
        raise must("--seeds", "left out for landscape, which has one", options.seeds)
    integer("--seed", options.seed, 0)
    with quick_imports():
        from trajectories.atomic import made_folder
        from trajectories.mnist.figures.movie_check import check_movie
        from trajectories.mnist.source import load

    check_picture(options)
    if options.movie != "none" and any(_moves(name) for name in names):
        check_movie(f".{options.movie}")
    hush(options)
    with made_folder(options.output) as folder:  # First, as what follows may take long.
        needed = any(name == _LANDSCAPE or EXPERIMENTS[name].images for name in names)
        data = load(options.data, progress=not options.quiet) if needed else None
        _write(names, data, folder, options)


def _write(names: Sequence[str], data: Any, folder: Path, options: argparse.Namespace) -> None:
    """Run one after the other, and print what has been written."""
    written = 0
    try:
        for name in names:
            make = _landscape if name == _LANDSCAPE else _one
            for path in make(name, data, folder, options):
                print(path, flush=True)
                written += 1
    except KeyboardInterrupt:
        if not written and names[0] == _LANDSCAPE:
            raise  # Experiments keep how far they have come; a landscape begins anew.
        less = ", without --force," if options.force and written else ""
        words = f"interrupted; the same command{less} goes on from there"
        raise KeyboardInterrupt(words) from None


def _moves(name: str) -> bool:
    from trajectories.mnist.experiments import EXPERIMENTS

    return name == _LANDSCAPE or bool(EXPERIMENTS[name].moving)


def _one(name: str, data: Any, folder: Path, options: argparse.Namespace) -> Iterator[Path]:
    """Run an experiment, or read its result, and draw its figures; yield what is written."""
    from trajectories.mnist.experiments import EXPERIMENTS
    from trajectories.mnist.figures import animate
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
    yield path
    for page in experiment.pages:
        place = folder / f"{_stem(name, page)}.png"
        save_figure(found.draw(page, theme=options.theme, size=options.size), place)
        yield place
        if page in experiment.moving and options.movie != "none":
            place = place.with_suffix(f".{options.movie}")
            movie = animate(found, page, theme=options.theme, size=options.size)
            yield from movie.save(place, progress=not options.quiet)


def _landscape(name: str, data: Any, folder: Path, options: argparse.Namespace) -> Iterator[Path]:
    """Map the loss around paths of training, or read the map, and draw it."""
    from trajectories.mnist.figures.landscape import save_landscape
    from trajectories.mnist.landscape import landscape

    more: dict[str, Any] = {"race": options.optimizer} if options.optimizer else {}
    path = folder / f"{name}.npz"
    found = landscape(
        data,
        quick=options.quick,
        workers=options.workers,
        progress=not options.quiet,
        rng=options.seed,
        keep=path,
        reuse=not options.force,
        **more,
    )
    yield path
    moving = () if options.movie == "none" else (f".{options.movie}", ".html")
    how = {"theme": options.theme, "size": options.size, "progress": not options.quiet}
    yield from save_landscape(found, folder, moving=moving, data=False, **how)


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
