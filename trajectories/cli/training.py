"""Commands that train: mnist and search."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from trajectories.cli.options import check_picture, file_name, hush, numbers, quick_imports, size

if TYPE_CHECKING:
    from pathlib import Path

_LANDSCAPE = "landscape"
#: A separate command of two words.
_SEARCH = "search"
_MOVIE_FORMATS = ("gif", "mp4", "webm", "webp", "apng")


def add_mnist(commands: Any) -> None:
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
    add("-j", "--jobs", type=int, metavar="N", help="processes (default: one a processor)")
    add("--force", action="store_true", help="run again what is there already")
    words = "who races in the experiment optimizers, as adam:lr=0.001; may be repeated"
    add("-O", "--optimizer", action="append", metavar="SPEC", help=words)
    add = parser.add_argument_group("picture").add_argument
    add("--theme", help="light (default), dark, slides, slides-dark or print")
    add("--size", type=size, metavar="WxH", help="in pixels, such as 1280x720")
    words = "format of moving pictures, or none (default gif)"
    add("--movie", default="gif", choices=(*_MOVIE_FORMATS, "none"), help=words)
    add("-q", "--quiet", action="store_true", help="no progress bars, no notes")
    parser.set_defaults(run=_run, prog=parser.prog)


def _run(options: argparse.Namespace) -> None:
    if "numpy" not in sys.modules:
        # One thread for small matrix products; NumPy reads this on import.
        for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(name, "1")
    with quick_imports():
        from trajectories.checks import integer, must, resolve
        from trajectories.mnist.experiments import EXPERIMENTS

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
        from trajectories.files import folder_beside
        from trajectories.mnist.figures.sheet import check_movie
        from trajectories.mnist.source import load

    check_picture(options)
    if options.movie != "none" and any(_moves(name) for name in names):
        check_movie(f".{options.movie}")
    hush(options)
    with folder_beside(options.output) as folder:  # Before a long computation.
        needed = any(name == _LANDSCAPE or EXPERIMENTS[name].images for name in names)
        data = load(options.data, progress=not options.quiet) if needed else None
        _write(names, data, folder, options)


def _write(names: Sequence[str], data: Any, folder: Path, options: argparse.Namespace) -> None:
    """Run the experiments in turn, and print the files."""
    written = 0
    try:
        for name in names:
            make = _landscape if name == _LANDSCAPE else _experiment
            for path in make(name, data, folder, options):
                print(path, flush=True)
                written += 1
    except KeyboardInterrupt:
        if not written and names[0] == _LANDSCAPE:
            raise  # Experiments resume from their files; a landscape begins anew.
        condition = ", without --force," if options.force and written else ""
        message = f"interrupted; the same command{condition} goes on from there"
        raise KeyboardInterrupt(message) from None


def _moves(name: str) -> bool:
    from trajectories.mnist.experiments import EXPERIMENTS

    return name == _LANDSCAPE or bool(EXPERIMENTS[name].moving)


def _experiment(name: str, data: Any, folder: Path, options: argparse.Namespace) -> Iterator[Path]:
    """Run an experiment, or read its result, and draw its figures; yield the files."""
    from trajectories.mnist.experiments import EXPERIMENTS
    from trajectories.mnist.figures import animate
    from trajectories.plotting.canvas import save_figure

    experiment, path = EXPERIMENTS[name], folder / f"{name}.json"
    settings: dict[str, Any] = {} if options.seeds is None else {"seeds": options.seeds}
    if options.optimizer:
        settings["optimizers"] = options.optimizer
    result = experiment.function(name)(
        data,
        quick=options.quick,
        n_jobs=options.jobs,
        progress=not options.quiet,
        rng=options.seed,
        keep=path,
        reuse=not options.force,
        **settings,
    )
    yield path
    for page in experiment.pages:
        target = folder / f"{_stem(name, page)}.png"
        save_figure(result.draw(page, theme=options.theme, size=options.size), target)
        yield target
        if page in experiment.moving and options.movie != "none":
            target = target.with_suffix(f".{options.movie}")
            movie = animate(result, page, theme=options.theme, size=options.size)
            yield from movie.save(target, progress=not options.quiet)


def _landscape(name: str, data: Any, folder: Path, options: argparse.Namespace) -> Iterator[Path]:
    """Compute the loss around paths of training, or read it, and draw it; yield the files."""
    from trajectories.mnist.figures.landscape_figure import save_landscape
    from trajectories.mnist.landscape import landscape

    settings: dict[str, Any] = {"optimizers": options.optimizer} if options.optimizer else {}
    path = folder / f"{name}.npz"
    result = landscape(
        data,
        quick=options.quick,
        n_jobs=options.jobs,
        progress=not options.quiet,
        rng=options.seed,
        keep=path,
        reuse=not options.force,
        **settings,
    )
    yield path
    moving = () if options.movie == "none" else (f".{options.movie}", ".html")
    saving = {"theme": options.theme, "size": options.size, "progress": not options.quiet}
    yield from save_landscape(result, folder, moving=moving, data=False, **saving)


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


_JOURNAL = "trials.jsonl"
_PAGES = ("best", "plane", "ranking")
_MOST_LAYERS = 1000


def add_search(commands: Any) -> None:
    """Add the search on surfaces to a parser's sub-parsers."""
    words = "search for an optimizer's hyperparameters on a surface"
    parser = commands.add_parser("search", help=words)
    parser.add_argument("surface", help="a formula in x and y, or the name of a surface")
    add = parser.add_argument_group("descent").add_argument
    add("-O", "--optimizer", default="sgd", metavar="SPEC", help="as momentum:momentum=0.8")
    add("--start", type=numbers(2), metavar="X,Y", help="default: the surface's own")
    add("--steps", type=int, default=100, metavar="N", help="updates (default 100)")
    add("--noise", type=float, default=0.0, metavar="S", help="deviation of gradient noise")
    _add_search(parser, space="lr=1e-4:10", halving=0, jobs="default 1")
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
        space="lr=1e-6:1e-2, weight_decay=1e-8:1e-4",
        halving=2,
        jobs="default all",
    )
    parser.set_defaults(run=_search_network, prog=parser.prog)


def _add_search(parser: argparse.ArgumentParser, *, space: str, halving: int, jobs: str) -> None:
    add = parser.add_argument_group("search").add_argument
    words = "as lr=1e-6:1e-2, linear:0:1, integer:1:5 or choice(a,b); may be repeated"
    words = f"{words} (default {space})"
    add("--space", action="append", metavar="RANGES", help=words.replace("%", "%%"))
    add("--trials", type=int, default=100, metavar="N", help="how many in all (default 100)")
    add("--rounds", type=int, default=1, metavar="N", help="each narrows the ranges (default 1)")
    words = f"how often the worse half of a round is abandoned early; 0: never (default {halving})"
    add("--halving", type=int, default=halving, metavar="N", help=words)
    add("--seed", type=int, default=0, metavar="N", help="default 0")
    add(
        "--resume", action="store_true", help="go on with the search in the folder, if there is one"
    )
    add("-j", "--jobs", type=int, metavar="N", help=f"processes ({jobs})")
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
        from trajectories.mnist.network_search import SPACE, search_network

    _run_search(
        options,
        lambda settings: search_network(
            options.space or SPACE,
            options.trials,
            data=options.data,
            images=options.images,
            optimizer=options.optimizer,
            hidden=options.hidden,
            epochs=options.epochs,
            batch_size=options.batch_size,
            n_jobs=options.jobs,
            **settings,
        ),
    )


def _search_surface(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.search.rounds import search_surface

    _run_search(
        options,
        lambda settings: search_surface(
            options.surface,
            options.optimizer,
            options.space or "lr=1e-4:10",
            options.trials,
            start=options.start,
            steps=options.steps,
            noise=options.noise,
            n_jobs=options.jobs,
            **settings,
        ),
    )


def _run_search(options: argparse.Namespace, search: Any) -> None:
    """Run a search, and write its journal and pictures into the folder."""
    with quick_imports():
        from trajectories.checks import resolve
        from trajectories.files import folder_beside

    resolve("format of a still picture", options.format, ("png", "svg", "pdf"))
    check_picture(options)
    with folder_beside(options.output) as folder:
        journal = folder / _JOURNAL
        try:
            result = search(
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
            message = f"interrupted; --resume goes on from {journal}" if journal.exists() else ""
            raise KeyboardInterrupt(message) from None
    _draw(options, result, folder)
    print(journal)
    if not options.quiet:
        print(f"trajectories: note: {result.summary}{_test_note(result)}", file=sys.stderr)


def _test_note(result: Any) -> str:
    """Return the test accuracy of the best trial, if it was evaluated."""
    conclusion = result.conclusion or {}
    if "test" not in conclusion:
        return ""
    score = "none, as it diverged" if conclusion["test"] is None else f"{conclusion['test']:.4g}"
    return f"; on {conclusion['images']} test images, looked at once: {score}"


def _draw(options: argparse.Namespace, result: Any, folder: Path) -> None:
    with quick_imports():
        from trajectories.mnist.figures.search_figure import draw_search
        from trajectories.plotting.canvas import save_figure
        from trajectories.search.space import Choice

    numerical = sum(not isinstance(kind, Choice) for kind in result.space.values())
    for page in _PAGES:
        if page == "plane" and numerical < 2:
            continue
        path = folder / f"{page}.{options.format.lower()}"
        save_figure(draw_search(result, page, theme=options.theme, size=options.size), path)
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
