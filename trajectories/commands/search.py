"""``trajectories search`` and ``trajectories mnist search``: hyperparameters, tried at random."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from trajectories.commands.options import check_picture, file_name, numbers, quick_imports, size

__all__ = ["add", "add_network_search"]

_JOURNAL = "trials.jsonl"
_PAGES = ("best", "plane", "ranking")
_MOST_LAYERS = 1000


def add(commands: Any) -> None:
    """Add the search on surfaces to a parser's sub-parsers."""
    words = "search for an optimizer's hyperparameters on a surface"
    parser = commands.add_parser("search", help=words)
    parser.add_argument("surface", help="a formula in x and y, or the name of a surface")
    add = parser.add_argument_group("descent").add_argument
    add("-O", "--optimizer", default="sgd", metavar="SPEC", help="as momentum:momentum=0.8")
    add("--start", type=numbers(2), metavar="X,Y", help="default: the surface's own")
    add("--steps", type=int, default=100, metavar="N", help="updates (default 100)")
    add("--noise", type=float, default=0.0, metavar="S", help="deviation of gradient noise")
    _add_search(parser, space="lr=log(1e-4,10)", halving=0, jobs="default 1")
    parser.set_defaults(run=_search_surface, prog=parser.prog)


def add_network_search(commands: Any, name: str = "search") -> None:
    """Add the search for a network's hyperparameters to a parser's sub-parsers."""
    words = "search for a network's hyperparameters, judged on validation images"
    parser = commands.add_parser(name, help=words)
    add = parser.add_argument_group("network").add_argument
    add(
        "--data", default="auto", metavar="SOURCE", help="a folder, mnist, digits or auto (default)"
    )
    add("--images", type=int, default=500, metavar="N", help="train and validate on (default 500)")
    add("--hidden", type=_sizes, default="100x6", metavar="SIZES", help="default 100x6; or 50,20")
    add("--epochs", type=int, default=50, metavar="N", help="length of a trial (default 50)")
    add("--batch-size", type=int, default=100, metavar="N", help="default 100")
    add("-O", "--optimizer", default="sgd", metavar="SPEC", help="default sgd")
    _add_search(
        parser,
        space="lr=log(1e-6,1e-2), weight_decay=log(1e-8,1e-4)",
        halving=2,
        jobs="default all",
    )
    parser.set_defaults(run=_search_network, prog=parser.prog)


def _add_search(parser: argparse.ArgumentParser, *, space: str, halving: int, jobs: str) -> None:
    add = parser.add_argument_group("search").add_argument
    words = f"as lr=log(1e-6,1e-2), or uniform, integer, choice; may be repeated (default {space})"
    add("--space", action="append", metavar="RANGES", help=words.replace("%", "%%"))
    add("--trials", type=int, default=100, metavar="N", help="how many in all (default 100)")
    add("--rounds", type=int, default=1, metavar="N", help="each narrows the ranges (default 1)")
    words = f"how often the worse half of a round is abandoned early; 0: never (default {halving})"
    add("--halving", type=int, default=halving, metavar="N", help=words)
    add("--seed", type=int, default=0, metavar="N", help="default 0")
    add(
        "--resume", action="store_true", help="go on with the search in the folder, if there is one"
    )
    add("-j", "--jobs", "--workers", type=int, metavar="N", help=f"processes ({jobs})")
    words = "of Dask, as tcp://host:8786: its workers run the trials (see `dask worker --help`)"
    add("--scheduler", metavar="ADDRESS", help=words)
    add = parser.add_argument_group("pictures").add_argument
    words = "a folder (default search)"
    add("-o", "--output", type=file_name, default="search", metavar="DIR", help=words)
    add("--format", default="png", metavar="SUFFIX", help="png (default), svg or pdf")
    add("--theme", help="light (default), dark, slides, slides-dark or print")
    add("--size", type=size, metavar="WxH", help="in pixels, such as 1280x720")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bar, no summary")


def _search_network(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.mnist.network_search import SPACE, search

    _concluded(
        options,
        lambda how: search(
            options.space or SPACE,
            options.trials,
            data=options.data,
            images=options.images,
            optimizer=options.optimizer,
            hidden=options.hidden,
            epochs=options.epochs,
            batch_size=options.batch_size,
            workers=options.jobs,
            **how,
        ),
    )


def _search_surface(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.search import search_surface

    _concluded(
        options,
        lambda how: search_surface(
            options.surface,
            options.optimizer,
            options.space or "lr=log(1e-4, 10)",
            options.trials,
            start=options.start,
            steps=options.steps,
            noise=options.noise,
            workers=options.jobs,
            **how,
        ),
    )


def _concluded(options: argparse.Namespace, search: Any) -> None:
    """Run a search, and write what it found into the folder."""
    with quick_imports():
        from trajectories.atomic import made_folder
        from trajectories.names import resolve

    resolve("format of a still picture", options.format, ("png", "svg", "pdf"))
    check_picture(options)
    with made_folder(options.output) as folder:
        journal = folder / _JOURNAL
        try:
            found = search(
                {
                    "rounds": options.rounds,
                    "halving": options.halving,
                    "rng": options.seed,
                    "journal": journal,
                    "resume": options.resume,
                    "scheduler": options.scheduler,
                    "progress": not options.quiet,
                }
            )
        except FileExistsError:
            raise FileExistsError(
                f"There is a search in {os.fspath(folder)!r} already. Go on with it by --resume, "
                "or choose another folder."
            ) from None
        except KeyboardInterrupt:
            told = f"interrupted; --resume goes on from {journal}" if journal.exists() else ""
            raise KeyboardInterrupt(told) from None
    _draw(options, found, folder)
    print(journal)
    if not options.quiet:
        print(f"trajectories: note: {found.summary}{_tested(found)}", file=sys.stderr)


def _tested(found: Any) -> str:
    """Tell the accuracy on the test images, if the winner was judged on them."""
    ends = found.conclusion or {}
    if "test" not in ends:
        return ""
    score = "none, as it diverged" if ends["test"] is None else f"{ends['test']:.4g}"
    return f"; on {ends['images']} test images, looked at once: {score}"


def _draw(options: argparse.Namespace, found: Any, folder: Path) -> None:
    with quick_imports():
        from trajectories.mnist.figures.search import draw_search
        from trajectories.plotting.writers.figure import save_figure
        from trajectories.search import Choice

    numerical = sum(not isinstance(kind, Choice) for kind in found.space.values())
    for page in _PAGES:
        if page == "plane" and numerical < 2:
            continue
        path = folder / f"{page}.{options.format.lower()}"
        save_figure(draw_search(found, page, theme=options.theme, size=options.size), path)
        print(path)


def _sizes(text: str) -> list[int]:
    """Read the widths of hidden layers, as 100x6 or 50,20."""
    try:
        width, times, count = text.partition("x")
        if times:
            layers = int(count)
            if layers > _MOST_LAYERS:
                raise argparse.ArgumentTypeError(
                    f"must be of at most {_MOST_LAYERS:,} layers. Got {text!r} instead."
                )
            sizes = [int(width)] * layers
        else:
            sizes = [int(part) for part in text.split(",")]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"must be like 100x6 or 50,20. Got {text!r} instead.")
    return sizes
