"""What a build runs: scripts that make pictures, and programs that make documents."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from processes import Children, ScriptError
from results import PARTIAL, finish, is_result, read_made, replace_folder

from trajectories.files import replacing

__all__ = ["Document", "Outcome", "Script", "remake", "shown"]

_HERE = Path(__file__).resolve().parent
_RECORD = "result.json"
#: A line that a script prints for the page: that it fell back on other data, say.
_NOTE = "Note: "


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Parameters
    ----------
    name : str
        What ran.
    seconds : float
        How long.
    files : tuple of pathlib.Path
        What it wrote and is worth telling.
    error : str or None
        What went wrong; the result before is then as it was.
    """

    name: str
    seconds: float
    files: tuple[Path, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Script:
    """A script of the gallery.

    Parameters
    ----------
    path : pathlib.Path
        Where it is.
    """

    path: Path

    @property
    def name(self) -> str:
        """The file name without its suffix; the result folder has it too."""
        return self.path.stem

    def is_fresh(self, output: Path, sources: float) -> bool:
        """Tell whether its result is newer than the script and than all other sources."""
        made = read_made(output / self.name)
        return made is not None and made.when > max(sources, self.path.stat().st_mtime)

    def command(self, options: Sequence[str] = ()) -> list[str]:
        """Return the command that runs it, with options of ``runner.py``."""
        runner = str(_HERE / "runner.py")
        return [sys.executable, runner, *options, str(self.path.resolve())]

    def make(self, output: Path, children: Children, timeout: float) -> Outcome:
        """Run it, and let what it makes replace its result folder if all went well.

        Parameters
        ----------
        output : pathlib.Path
            The folder of the result folders.
        children : Children
            Runs the process.
        timeout : float
            In seconds.

        Returns
        -------
        Outcome
        """
        began = time.time()
        target = output / self.name
        try:
            with _staging(output, self.name) as staging:
                _check_place(target)
                source = self.path.read_bytes()
                said = children.run(self.command(), staging, timeout)
                notes = [line for line in said.splitlines() if line.startswith(_NOTE)]
                pictures = finish(staging, self.path.name, source, began, notes)
                replace_folder(staging, target)
        except (ScriptError, OSError) as error:
            return Outcome(self.name, time.time() - began, error=str(error))
        paths = tuple(target / picture.name for picture in pictures)
        return Outcome(self.name, time.time() - began, paths)


@dataclass(frozen=True)
class Document:
    """A folder of documents that a program beside this one makes.

    Parameters
    ----------
    name : str
        Its folder's name.
    program : str
        The program's file name.
    arguments : tuple of str
        What it is told.
    sources : tuple of pathlib.Path
        What makes it stale, besides the package and the program.
    needs : tuple of str
        The modules that the program imports and that may not be installed.
    front : str
        The file to be told of.
    """

    name: str
    program: str
    arguments: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()
    needs: tuple[str, ...] = ()
    front: str = "index.html"

    @property
    def missing(self) -> list[str]:
        """What it needs and is not installed."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]

    def is_fresh(self, output: Path, sources: float) -> bool:
        """Tell whether its folder is newer than all that it is made of."""
        record = output / self.name / _RECORD
        paths = (_HERE / self.program, *self.sources)
        newest = max(sources, *(path.stat().st_mtime for path in paths))
        return record.is_file() and record.stat().st_mtime > newest

    def make(self, output: Path, children: Children, timeout: float) -> Outcome:
        """Run the program, and let what it makes replace the folder; as `Script.make`."""
        began = time.time()
        target = output / self.name
        command = [sys.executable, str(_HERE / self.program), *self.arguments]
        try:
            with _staging(output, self.name) as staging:
                _check_place(target)
                children.run(command, staging, timeout)
                with replacing(staging / _RECORD) as file:
                    file.write(json.dumps({"document": self.name}).encode())
                os.utime(staging / _RECORD, (began, began))
                replace_folder(staging, target)
        except (ScriptError, OSError) as error:
            return Outcome(self.name, time.time() - began, error=str(error))
        return Outcome(self.name, time.time() - began, (target / self.front,))


def remake(
    script: Script, output: Path, children: Children, timeout: float, options: Sequence[str]
) -> Outcome:
    """Run a script with another theme, size or format, and move its pictures to a folder.

    Parameters
    ----------
    script : Script
        What to run.
    output : pathlib.Path
        Takes the pictures; those of the same names are replaced one by one.
    children : Children
        Runs the process.
    timeout : float
        In seconds.
    options : sequence of str
        For ``runner.py``.

    Returns
    -------
    Outcome
    """
    began = time.time()
    try:
        with _staging(output, script.name) as staging:
            children.run(script.command(options), staging, timeout)
            files = sorted(path for path in staging.iterdir() if path.is_file())
            if not files:
                raise ScriptError("wrote no picture into the current directory")
            for path in files:
                path.replace(output / path.name)
    except (ScriptError, OSError) as error:
        return Outcome(script.name, time.time() - began, error=str(error))
    return Outcome(script.name, time.time() - began, tuple(output / path.name for path in files))


def shown(path: Path) -> str:
    """Return a path from the current directory if it is inside, and in full otherwise."""
    path = path.absolute()
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _check_place(target: Path) -> None:
    if target.exists() and not is_result(target):
        raise ScriptError(f"{shown(target)} is in the way, and no result of this gallery")


@contextmanager
def _staging(output: Path, name: str) -> Iterator[Path]:
    """Make a folder to work in, which is gone at the end if it has not been renamed."""
    folder = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=PARTIAL, dir=output))
    try:
        folder.chmod(0o755)  # mkdtemp lets nobody else in, a web server neither.
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
