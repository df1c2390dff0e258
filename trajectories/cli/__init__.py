"""The command line; errors are reported in one line.

A command imports only the modules it needs, so that ``--help`` is fast.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

from trajectories.cli.listing import add_list
from trajectories.cli.pictures import add_animate, add_deck, add_map, add_plot, add_replay
from trajectories.cli.training import add_mnist, add_network_search, add_search

#: A command of two words, with its own arguments.
_NETWORK_SEARCH = "mnist search"
USAGE, FAILURE, INTERRUPTED = 2, 1, 130

_DESCRIPTION = "Draw and animate the paths that optimizers take over a function of x and y."
_EXAMPLE = """\
examples:
  trajectories plot "x**2/20 + y**2" -O sgd:lr=0.95 -O adam:lr=0.3 --start=-7,2 -o zigzag.png
  trajectories animate rosenbrock -O momentum:lr=0.0005 --steps 200 --layout race -o race.gif
  trajectories animate himmelblau -O adam:lr=0.1 --starts grid -o himmelblau.html
  trajectories list optimizers
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    program = "trajectories"
    if words[:2] == _NETWORK_SEARCH.split():
        words = [_NETWORK_SEARCH, *words[2:]]
    try:
        options = _parser().parse_args(_protected(words))
        program = options.prog
        from trajectories.files import patient_interrupts

        with patient_interrupts(), warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = _show_warning
            options.run(options)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (ValueError, TypeError) as error:
        return _report_error(program, error, USAGE)
    except KeyboardInterrupt as interrupt:
        message = str(interrupt) or "interrupted; nothing was written"
        return _report_error(program, message, INTERRUPTED)
    except BrokenPipeError:  # The reader of stdout has closed it.
        _abandon_stdout()
        return FAILURE
    except OSError as error:
        _abandon_stdout()
        return _report_error(program, _file_message(error), FAILURE)
    except ImportError as error:  # Its message names the missing package.
        return _report_error(program, error, FAILURE)
    except Exception as error:
        return _report_error(program, f"{type(error).__name__}: {error}", FAILURE)
    return 0


def _file_message(error: OSError) -> object:
    """Return the message of the system on a file, without its number."""
    if error.strerror is None or error.filename is None:
        return error
    return f"{error.strerror}: {str(error.filename)!r}"


def _abandon_stdout() -> None:
    """Redirect a closed stdout, which Python would write to again at exit."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    """A parser with errors of one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message, and exit."""
        self.exit(USAGE, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


class _Version(argparse.Action):
    """The option for the version, which is imported on demand."""

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
    for add in (add_plot, add_animate, add_map, add_search, add_mnist, add_replay, add_deck):
        add(commands)
    add_list(commands)
    add_network_search(commands, _NETWORK_SEARCH)
    return parser


def _protected(arguments: Sequence[str]) -> list[str]:
    """Put a blank before values that begin with a minus, such as -7,2 or -x**2."""
    negative = re.compile(r"-([^-oOqhvaj]|(abs|acos|asin|atan2?)\()")
    return [f" {word}" if negative.match(word) else word for word in arguments]


def _report_error(program: str, error: object, code: int) -> int:
    """Print an error as one line on stderr; return the exit code."""
    _print_line(f"{program}: error: {error}")
    return code


def _show_warning(
    message: Warning | str, category: type[Warning] = UserWarning, *_: Any, **__: Any
) -> None:
    if not issubclass(category, UserWarning):
        return  # Warnings of libraries are for programmers.
    _print_line(f"trajectories: note: {message}")


def _print_line(words: str) -> None:
    """Print one line on stderr, if there is one: print would write to stdout instead."""
    if sys.stderr is not None:
        print(" ".join(words.split()), file=sys.stderr)
