"""The command line: ``trajectories plot``, ``animate`` and ``list``.

Only what a command needs is imported, so that ``--help`` is there at once.
"""

from __future__ import annotations

import argparse
import gc
import os
import re
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from trajectories.trajectory import Trajectory

__all__ = ["main"]

#: What descends where none is named: the textbook's four.
DEFAULT_OPTIMIZERS = ("sgd:lr=0.95", "momentum:lr=0.1", "adagrad:lr=1.5", "adam:lr=0.3")
USAGE, FAILURE, INTERRUPTED = 2, 1, 130

_DESCRIPTION = "See how optimizers move: draw their paths over the contours of a formula."
_EXAMPLE = """\
examples:
  trajectories plot "x**2/20 + y**2" -O sgd:lr=0.95 -O adam:lr=0.3 --start=-7,2 -o zigzag.png
  trajectories animate rosenbrock -O momentum:lr=0.0005 --steps 200 --layout race -o race.gif
  trajectories list optimizers
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; by default that of this process.

    Returns
    -------
    int
        0; 1 if something failed, such as a file that cannot be written; 2 if what was asked for
        makes no sense; 130 if interrupted. Then one line on stderr says why.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    program = "trajectories"
    try:
        options = _parser().parse_args(_readable(given))
        program = options.prog
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = _show_warning
            options.run(options)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (ValueError, TypeError) as error:
        return _complain(program, error, USAGE)
    except KeyboardInterrupt:
        return _complain(program, "interrupted; nothing was written", INTERRUPTED)
    except BrokenPipeError:  # Who reads stdout has seen enough.
        _leave_stdout()
        return FAILURE
    except OSError as error:
        _leave_stdout()
        return _complain(program, error, FAILURE)
    except Exception as error:
        return _complain(program, f"{type(error).__name__}: {error}", FAILURE)
    return 0


def _leave_stdout() -> None:
    """Keep Python from trying to write once more, at exit, what could not be written."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message, and exit."""
        self.exit(USAGE, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


class _Version(argparse.Action):
    """Prints the version, which is looked up only now."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print the version, and exit."""
        from trajectories import __version__

        print(f"trajectories {__version__}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser("trajectories", description=_DESCRIPTION, epilog=_EXAMPLE, formatter_class=raw)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    plot = commands.add_parser("plot", help="draw paths to a PNG, SVG or PDF file")
    _add_descent(plot)
    _add_picture(plot, "paths.png")
    words = "tell the curvature at the minimum and the stable learning rates (layout overlay)"
    plot.add_argument("--annotate", action="store_true", help=words)
    plot.set_defaults(run=_plot, prog=plot.prog)

    animate = commands.add_parser("animate", help="draw moving paths to a GIF file")
    _add_descent(animate)
    _add_picture(animate, "paths.gif")
    add = animate.add_argument_group("motion").add_argument
    add(
        "--frames", type=int, metavar="N", help="how many frames (default: one a step, at most 300)"
    )
    add("--fps", type=float, help="frames a second, at most 50 (default: about six seconds in all)")
    add(
        "--hold", type=float, default=1.5, metavar="S", help="seconds to hold the end (default 1.5)"
    )
    add("--loop", type=int, default=0, metavar="N", help="times to play; 0 is for ever (default)")
    animate.set_defaults(run=_animate, prog=animate.prog)

    from trajectories.listing import KINDS

    listing = commands.add_parser("list", help="list what there is")
    listing.add_argument("kind", nargs="?", choices=KINDS, help="what to list (default: all)")
    add = listing.add_argument
    add("--verbose", "-v", action="store_true", help="surfaces with their curvature at the minima")
    add("--json", action="store_true", help="for programs")
    listing.set_defaults(run=_list, prog=listing.prog)
    return parser


def _add_descent(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("surface", help="a formula in x and y, or the name of a surface")
    add = parser.add_argument_group("descent").add_argument
    several = f"may be repeated (default: {' '.join(DEFAULT_OPTIMIZERS)})"
    add("-O", "--optimizer", action="append", metavar="SPEC", help=f"as adam:lr=0.3; {several}")
    add("--start", type=_numbers(2), action="append", metavar="X,Y", help="may be repeated")
    add("--steps", type=int, default=30, metavar="N", help="updates (default 30)")
    add("--noise", type=float, default=0.0, metavar="S", help="deviation of gradient noise")
    add("--seed", type=int, default=0, metavar="N", help="seed of the noise (default 0)")
    add("--tolerance", type=float, metavar="G", help="stop where the gradient's norm is below this")


def _add_picture(parser: argparse.ArgumentParser, output: str) -> None:
    add = parser.add_argument_group("picture").add_argument
    add("-o", "--output", default=output, metavar="FILE", help=f"default {output}")
    add("--layout", default="overlay", help="overlay (default), grid or race")
    add("--theme", help="light (default), dark, slides, slides-dark or print")
    add("--size", type=_size, metavar="WxH", help="in pixels, such as 1280x720")
    add("--limits", type=_limits, metavar="X0,X1,Y0,Y1", help="what to show; or the word domain")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bar, no notes")


def _plot(options: argparse.Namespace) -> None:
    with _quick_imports():
        from trajectories.atomic import check_target
        from trajectories.names import suffix
        from trajectories.plotting.figures import draw
        from trajectories.plotting.writers.figure import FIGURE_FORMATS, save_figure

    suffix("format of a still picture", options.output, FIGURE_FORMATS)
    check_target(options.output)
    paths = _paths(options)
    how = {"size": options.size, "theme": options.theme, "limits": options.limits}
    if options.annotate:
        how["annotate"] = True
    save_figure(draw(options.layout, paths, **how), options.output)
    print(options.output)


def _animate(options: argparse.Namespace) -> None:
    with _quick_imports():
        from trajectories.atomic import check_target
        from trajectories.names import suffix
        from trajectories.plotting.animation import FORMATS, animate
    suffix("format of a moving picture", options.output, FORMATS)
    check_target(options.output)
    moving = animate(
        _paths(options),
        layout=options.layout,
        theme=options.theme,
        size=options.size,
        limits=options.limits,
        frames=options.frames,
    )
    moving.save(
        options.output,
        fps=options.fps,
        hold=options.hold,
        loop=options.loop,
        progress=not options.quiet,
    )
    print(options.output)


@contextmanager
def _quick_imports() -> Iterator[None]:
    """Import without looking for garbage, then or later, among what modules are made of.

    They make objects by the hundred thousand and leave none behind: to look through them, once
    after the imports and once at exit, takes a quarter of the time of a short animation.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _paths(options: argparse.Namespace) -> list[Trajectory]:
    from trajectories.descent import compare

    if options.quiet:
        warnings.simplefilter("ignore", UserWarning)
    start = options.start
    return compare(
        options.surface,
        options.optimizer or DEFAULT_OPTIMIZERS,
        start[0] if start is not None and len(start) == 1 else start,
        options.steps,
        noise=options.noise,
        rng=options.seed,
        tolerance=options.tolerance,
    )


def _list(options: argparse.Namespace) -> None:
    from trajectories.listing import KINDS, as_json, as_text

    kinds = [options.kind] if options.kind else list(KINDS)
    if options.json:
        print(as_json(kinds, verbose=options.verbose))
        return
    out = sys.stdout
    width = shutil.get_terminal_size().columns if out is not None and out.isatty() else None
    print(as_text(kinds, verbose=options.verbose, width=width))


def _readable(arguments: Sequence[str]) -> list[str]:
    """Put a blank before what begins with a minus and is no option, such as -7,2 or -x**2.

    To argparse it would be an option; with the blank it is a value, and reads the same.
    """
    return [f" {word}" if re.match(r"-[^-oOqhv]", word) else word for word in arguments]


def _numbers(count: int) -> Callable[[str], list[float]]:
    """Return a reader of so many numbers with commas between."""

    def read(text: str) -> list[float]:
        try:
            numbers = [float(part) for part in text.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) != count:
            raise argparse.ArgumentTypeError(
                f"must be {count} numbers with commas between. Got {text!r} instead."
            )
        return numbers

    return read


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})[xX](\d{1,6})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"must be like 1280x720. Got {text!r} instead.")
    return int(match[1]), int(match[2])


def _limits(text: str) -> str | tuple[list[float], list[float]]:
    if text == "domain":
        return text
    x0, x1, y0, y1 = _numbers(4)(text)
    return [x0, x1], [y0, y1]


def _complain(program: str, error: object, code: int) -> int:
    """Say in one line on stderr what went wrong; return the exit code."""
    print(f"{program}: error: {' '.join(str(error).split())}", file=sys.stderr)
    return code


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"trajectories: note: {' '.join(str(message).split())}", file=sys.stderr)
