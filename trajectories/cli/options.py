"""Options of several commands, and the objects they describe."""

from __future__ import annotations

import argparse
import gc
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trajectories.trajectory import Trajectory

#: The default optimizers: the four of the textbook.
DEFAULT_OPTIMIZERS = ("sgd:lr=0.95", "momentum:lr=0.1", "adagrad:lr=1.5", "adam:lr=0.3")


def add_descent(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of descents: surface, optimizers and settings."""
    parser.add_argument("surface", help="a formula in x and y, or the name of a surface")
    add = parser.add_argument_group("descent").add_argument
    note = f"may be repeated (default: {' '.join(DEFAULT_OPTIMIZERS)})"
    add("-O", "--optimizer", action="append", metavar="SPEC", help=f"as adam:lr=0.3; {note}")
    add("--start", type=numbers(2), action="append", metavar="X,Y", help="may be repeated")
    add("--steps", type=int, default=30, metavar="N", help="updates (default 30)")
    add("--noise", type=float, default=0.0, metavar="S", help="deviation of gradient noise")
    add("--seed", type=int, default=0, metavar="N", help="seed of the noise (default 0)")
    add("--tolerance", type=float, metavar="G", help="stop where the gradient's norm is below this")


def add_picture(parser: argparse.ArgumentParser, output: str) -> None:
    """Add the arguments of a picture of paths: its style and its file."""
    add = parser.add_argument_group("picture").add_argument
    note = f"default {output}"
    add("-o", "--output", type=file_name, default=output, metavar="FILE", help=note)
    add("--layout", default="overlay", help="overlay (default), grid, race or 3d")
    add("--theme", help="light (default), dark, slides, slides-dark or print")
    add("--size", type=size, metavar="WxH", help="in pixels, such as 1280x720")
    add("--limits", type=limits, metavar="X0,X1,Y0,Y1", help="what to show; or the word domain")
    note = "tell the curvature at the minimum and the stable learning rates (overlay, race)"
    add("--theory", action="store_true", help=note)
    add("--readout", action="store_true", help="tell the loss and learning rate of every path")
    add("--elevation", type=float, metavar="DEG", help="height of the camera in 3d (default 45)")
    add("--azimuth", type=float, metavar="DEG", help="where the camera stands in 3d")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bar, no notes")


def picture_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the given options of `add_picture`."""
    names = ("theme", "size", "limits", "theory", "readout", "elevation", "azimuth")
    return given_options(options, names)


def given_options(options: argparse.Namespace, names: Sequence[str]) -> dict[str, Any]:
    """Return the options among these names that were given."""
    values = {name: getattr(options, name) for name in names}
    return {k: value for k, value in values.items() if value is not None and value is not False}


def file_name(text: str) -> str:
    """Read a file's name, without the blank in front of a minus."""
    return text[1:] if text.startswith(" -") else text


def check_picture(options: argparse.Namespace) -> None:
    """Check theme and size before a long computation."""
    from trajectories.plotting.canvas import checked_size
    from trajectories.plotting.theme import look

    look(options.theme)
    if options.size is not None:
        checked_size(options.size)


def hush(options: argparse.Namespace) -> None:
    """Suppress notes if --quiet was given."""
    if options.quiet:
        warnings.simplefilter("ignore", UserWarning)


def paths_of(options: argparse.Namespace) -> list[Trajectory]:
    """Return the paths of the options of `add_descent`."""
    from trajectories.descent import compare

    hush(options)
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


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import with garbage collection off, and exempt the imported objects from it later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def numbers(count: int | None = None) -> Callable[[str], list[float]]:
    """Return a reader of so many numbers separated by commas."""

    def read(text: str) -> list[float]:
        try:
            values = [float(part) for part in text.split(",")]
        except ValueError:
            values = []
        if not values or count not in (None, len(values)):
            words = f"{count} numbers" if count else "numbers"
            raise argparse.ArgumentTypeError(
                f"must be {words} with commas between. Got {text!r} instead."
            )
        return values

    return read


def size(text: str) -> tuple[int, int]:
    """Read a width and height, as 1280x720."""
    match = re.fullmatch(r"(\d{1,6})[xX](\d{1,6})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"must be like 1280x720. Got {text!r} instead.")
    return int(match[1]), int(match[2])


def limits(text: str) -> str | tuple[list[float], list[float]]:
    """Read limits: the word domain, or four numbers."""
    if text == "domain":
        return text
    x0, x1, y0, y1 = numbers(4)(text)
    return [x0, x1], [y0, y1]
