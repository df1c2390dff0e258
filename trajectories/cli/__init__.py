"""The command line: reads what to do, does it, and says in one line what went wrong.

Only what a command needs is imported, so that ``--help`` is there at once.
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
from trajectories.files import patient_interrupts

#: A command of two words: its arguments are others than those of the experiments.
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
    given = sys.argv[1:] if arguments is None else list(arguments)
    program = "trajectories"
    if given[:2] == _NETWORK_SEARCH.split():
        given = [_NETWORK_SEARCH, *given[2:]]
    try:
        options = _parser().parse_args(_readable(given))
        program = options.prog
        with patient_interrupts(), warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = _show_warning
            options.run(options)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (ValueError, TypeError) as error:
        return _complain(program, error, USAGE)
    except KeyboardInterrupt as stop:
        words = str(stop) or "interrupted; nothing was written"
        return _complain(program, words, INTERRUPTED)
    except BrokenPipeError:  # Who reads stdout has seen enough.
        _leave_stdout()
        return FAILURE
    except OSError as error:
        _leave_stdout()
        return _complain(program, _without_number(error), FAILURE)
    except ImportError as error:  # Its message tells what to install.
        return _complain(program, error, FAILURE)
    except Exception as error:
        return _complain(program, f"{type(error).__name__}: {error}", FAILURE)
    return 0


def _without_number(error: OSError) -> object:
    """Return what the system says of a file, without the number that it has for it."""
    if error.strerror is None or error.filename is None:
        return error
    return f"{error.strerror}: {str(error.filename)!r}"


def _leave_stdout() -> None:
    """Keep Python from trying to write once more, at exit, what could not be written."""
    if sys.stdout is None:
        return
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
    for add in (add_plot, add_animate, add_map, add_search, add_mnist, add_replay, add_deck):
        add(commands)
    add_list(commands)
    add_network_search(commands, _NETWORK_SEARCH)
    return parser


def _readable(arguments: Sequence[str]) -> list[str]:
    """Put a blank before what begins with a minus and is no option, such as -7,2 or -x**2."""
    value = re.compile(r"-([^-oOqhvaj]|(abs|acos|asin|atan2?)\()")
    return [f" {word}" if value.match(word) else word for word in arguments]


def _complain(program: str, error: object, code: int) -> int:
    """Say in one line on stderr what went wrong; return the exit code."""
    _tell(f"{program}: error: {error}")
    return code


def _show_warning(
    message: Warning | str, category: type[Warning] = UserWarning, *_: Any, **__: Any
) -> None:
    if not issubclass(category, UserWarning):
        return  # Libraries talk to programmers.
    _tell(f"trajectories: note: {message}")


def _tell(words: str) -> None:
    """Print one line on stderr; without one, print would write to stdout."""
    if sys.stderr is not None:
        print(" ".join(words.split()), file=sys.stderr)
