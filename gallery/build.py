"""Build the gallery: run its scripts side by side, and make the page that shows their pictures.

Each ``plot_*.py`` runs with a fresh folder as its working directory, and what it saves there
becomes ``build/<name>/``. A script that is older than its result does not run again, and one that
fails leaves its old result whole.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from page import write_page
from processes import Children, ScriptError
from progress import Progress
from results import PARTIAL, discard, finish, is_result, read_made, replace_folder

__all__ = ["Outcome", "Script", "build", "main", "make"]

HERE = Path(__file__).resolve().parent
#: Leftovers of a killed build are removed after so many seconds: no running build is that old.
_LEFTOVER = 24 * 3600.0


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


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Parameters
    ----------
    script : Script
        What ran.
    seconds : float
        How long.
    pictures : tuple of pathlib.Path
        What it wrote.
    error : str or None
        What went wrong; the result before is then as it was.
    """

    script: Script
    seconds: float
    pictures: tuple[Path, ...] = ()
    error: str | None = None


def make(script: Script, output: Path, children: Children, timeout: float) -> Outcome:
    """Run a script, and let what it makes replace its result folder if all went well.

    Parameters
    ----------
    script : Script
        What to run.
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
    target = output / script.name
    staging = Path(tempfile.mkdtemp(prefix=f".{script.name}.", suffix=PARTIAL, dir=output))
    try:
        staging.chmod(0o755)  # mkdtemp lets nobody else in, a web server neither.
        if target.exists() and not is_result(target):
            raise ScriptError(f"{shown(target)} is in the way, and no result of this gallery")
        source = script.path.read_bytes()
        children.run([sys.executable, str(script.path.resolve())], staging, timeout)
        pictures = finish(staging, script.path.name, source, began)
        replace_folder(staging, target)
    except (ScriptError, OSError) as error:
        return Outcome(script, time.time() - began, error=str(error))
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    paths = tuple(target / picture.name for picture in pictures)
    return Outcome(script, time.time() - began, paths)


def build(
    scripts: Sequence[Script],
    due: Sequence[Script],
    output: Path,
    *,
    jobs: int,
    timeout: float,
    progress: Progress,
) -> bool:
    """Run scripts, print the paths of their pictures, and write the page.

    Parameters
    ----------
    scripts : sequence of Script
        All scripts of the gallery; results of others are removed.
    due : sequence of Script
        Those to run.
    output : pathlib.Path
        The folder of the results and of the page.
    jobs : int
        How many run at once.
    timeout : float
        Seconds that each may take.
    progress : Progress
        Tells how far it is.

    Returns
    -------
    bool
        Whether all went well.
    """
    clear(output, {script.name for script in scripts})
    folders = [output / script.name for script in scripts]
    children = Children()
    well = True
    changed = False
    pool = ThreadPoolExecutor(jobs)
    try:
        futures = [pool.submit(make, script, output, children, timeout) for script in due]
        for future in as_completed(futures):
            outcome = future.result()
            progress.ended(outcome.script.name, outcome.seconds, outcome.error)
            well = well and outcome.error is None
            for path in outcome.pictures:
                progress.wrote(shown(path))
            # The page follows each result, so that a killed build leaves no dead links.
            changed |= bool(outcome.pictures) and write_page(output, folders)
    finally:
        children.stop()
        pool.shutdown(cancel_futures=True)
        progress.close()
        changed |= write_page(output, folders)
    if changed:
        progress.wrote(shown(output / "index.html"))
    return well


def clear(output: Path, names: set[str]) -> None:
    """Remove the results of scripts that are gone, and what killed builds have left long ago."""
    for folder in output.iterdir():
        if folder.name.endswith(PARTIAL) and folder.name.startswith(".plot_"):
            if time.time() - folder.stat().st_mtime > _LEFTOVER:
                shutil.rmtree(folder, ignore_errors=True)
        elif folder.name not in names and is_result(folder):
            discard(folder)


def newest_source() -> float:
    """Return when the package, or what makes the results, was last changed."""
    package = importlib.util.find_spec("trajectories")
    roots = (package and package.submodule_search_locations) or []
    files = [path for root in roots for path in Path(root).rglob("*")]
    files = [path for path in files if path.suffix in (".py", ".mplstyle")]
    files += [HERE / name for name in ("build.py", "processes.py", "results.py")]
    return max(path.stat().st_mtime for path in files)


def shown(path: Path) -> str:
    """Return a path from the current directory if it is inside, and in full otherwise."""
    path = path.absolute()
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def parse(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, list[Script]]:
    """Read the command line, and find the scripts."""
    parser = Parser(description="Make every picture of the gallery, and the page that shows them.")
    option = parser.add_argument
    option("-o", "--output", type=Path, metavar="DIR", help="where to; build/ beside the scripts")
    option("--scripts", type=Path, metavar="DIR", default=HERE, help="the folder of the plot_*.py")
    option("--only", action="append", metavar="NAME", help="part of a name or a glob; repeatable")
    option("-f", "--force", action="store_true", help="run what is up to date too")
    option("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="how many run at once")
    option("--timeout", type=float, metavar="SECONDS", default=300.0, help="for each; 300")
    option("-q", "--quiet", action="store_true", help="tell of failures only")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"-j must be at least 1. Got {options.jobs} instead.")
    if not 0 < options.timeout <= _LEFTOVER:
        parser.error(f"--timeout must be positive, a day at most. Got {options.timeout:g} instead.")
    scripts = [Script(path) for path in sorted(options.scripts.glob("plot_*.py"))]
    if not scripts:
        parser.error(f"{options.scripts} has no plot_*.py.")
    for pattern in options.only or ():
        if not any(matches(script, [pattern]) for script in scripts):
            names = ", ".join(script.name for script in scripts)
            parser.error(f"--only {pattern} matches none of {names}.")
    options.output = options.output or options.scripts / "build"
    if options.output.exists() and not options.output.is_dir():
        parser.error(f"{options.output} is not a folder.")
    return options, scripts


def matches(script: Script, patterns: Iterable[str]) -> bool:
    """Tell whether a script's name contains a pattern, or matches it as a glob."""
    return any(
        pattern in script.name or fnmatch.fnmatchcase(script.name, pattern) for pattern in patterns
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the gallery.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the command line.

    Returns
    -------
    int
        0 if all went well, 1 if something failed, 130 if it was interrupted.
    """
    options, scripts = parse(arguments)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # Whoever ends the build ends its children with it.
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        sources = newest_source()
        chosen = [script for script in scripts if not options.only or matches(script, options.only)]
        due = [s for s in chosen if options.force or not s.is_fresh(options.output, sources)]
        progress = Progress(len(due), options.quiet)
        if len(due) < len(chosen):
            progress.say(f"{len(chosen) - len(due)} of {len(chosen)} up to date")
        limits = {"jobs": options.jobs, "timeout": options.timeout}
        well = build(scripts, due, options.output, progress=progress, **limits)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
