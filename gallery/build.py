"""Build the gallery: run its scripts side by side, and make the pages that show their pictures.

Each ``plot_*.py`` runs with a fresh folder as its working directory, and what it saves there
becomes ``build/<name>/``. A script that is older than its result does not run again, and one that
fails leaves its old result whole.

With ``--theme``, ``--size`` or ``--formats`` pictures are made again for another place, such as a
talk, and the gallery stays as it is: ``--only zigzag --formats mp4 --theme slides-dark``.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib.util
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NoReturn

from documents import documents, write_documents
from jobs import Document, Outcome, Script, remake, shown
from page import INDEX, write_page
from processes import Children
from progress import Progress
from results import PARTIAL, discard, is_result

from trajectories.checks import must, resolve

__all__ = ["build", "main", "run"]

HERE = Path(__file__).resolve().parent
#: Leftovers of a killed build are removed after so many seconds: no running build is that old.
_LEFTOVER = 24 * 3600.0
#: What of the package shows in pictures.
_SOURCES = (".py", ".mplstyle", ".css", ".html", ".js", ".npz")
#: What a remake changes.
_CHANGES = ("formats", "theme", "size")


def build(
    scripts: Sequence[Script],
    due: Sequence[Script | Document],
    options: argparse.Namespace,
    progress: Progress,
) -> bool:
    """Run what is due, print the paths of what it makes, and write the pages.

    Parameters
    ----------
    scripts : sequence of Script
        All scripts of the gallery, in the order of their cards.
    due : sequence of Script or Document
        Those to run.
    options : argparse.Namespace
        The command line's: output, scripts, jobs, timeout.
    progress : Progress
        Tells how far it is.

    Returns
    -------
    bool
        Whether all went well.
    """
    output: Path = options.output
    folders = [output / script.name for script in scripts]

    def write_pages() -> list[Path]:
        links, written = write_documents(options.scripts, output)
        return [*written, output / INDEX] if write_page(output, folders, links) else written

    changed: dict[Path, None] = {}
    well = True
    try:
        for outcome in run([job.make for job in due], output, options):
            well = report(outcome, progress) and well
            # The page follows each result, so that a killed build leaves no dead links.
            if outcome.files:
                changed |= dict.fromkeys(write_pages())
    finally:
        progress.close()
        changed |= dict.fromkeys(write_pages())
    for path in changed:
        progress.wrote(shown(path))
    return well


def run(
    makers: Sequence[Callable[[Path, Children, float], Outcome]],
    output: Path,
    options: argparse.Namespace,
) -> Iterator[Outcome]:
    """Run some makers side by side, each in a process of its own.

    Parameters
    ----------
    makers : sequence of callable
        Each takes the folder to write to, what runs its process, and how long that may take.
    output : pathlib.Path
        The folder.
    options : argparse.Namespace
        The command line's: jobs, timeout.

    Yields
    ------
    Outcome
        As they end.
    """
    children = Children()
    pool = ThreadPoolExecutor(options.jobs)
    try:
        futures = [pool.submit(make, output, children, options.timeout) for make in makers]
        for future in as_completed(futures):
            yield future.result()
    finally:
        children.stop()
        pool.shutdown(cancel_futures=True)


def report(outcome: Outcome, progress: Progress) -> bool:
    """Tell how a run ended and what it wrote; return whether it went well."""
    progress.ended(outcome.name, outcome.seconds, outcome.error)
    for path in outcome.files:
        progress.wrote(shown(path))
    return outcome.error is None


def remake_all(scripts: Sequence[Script], options: argparse.Namespace, progress: Progress) -> bool:
    """Make the pictures of some scripts again as the command line asks; tell if all went well."""
    flags = [f"--{name}={getattr(options, name)}" for name in _CHANGES if getattr(options, name)]

    def maker(script: Script) -> Callable[[Path, Children, float], Outcome]:
        return lambda output, children, timeout: remake(script, output, children, timeout, flags)

    outcomes = run([maker(script) for script in scripts], options.output, options)
    try:
        return all([report(outcome, progress) for outcome in outcomes])
    finally:
        progress.close()


def clear(output: Path, names: set[str]) -> None:
    """Remove the results of scripts that are gone, and what killed builds have left long ago."""
    for folder in output.iterdir():
        if folder.name.endswith(PARTIAL) and folder.name.startswith("."):
            if time.time() - folder.stat().st_mtime > _LEFTOVER:
                shutil.rmtree(folder, ignore_errors=True)
        elif folder.name not in names and is_result(folder):
            discard(folder)


def newest_source() -> float:
    """Return when the package, or what makes the results, was last changed."""
    package = importlib.util.find_spec("trajectories")
    roots = (package and package.submodule_search_locations) or []
    files = [path for root in roots for path in Path(root).rglob("*")]
    files = [path for path in files if path.suffix in _SOURCES]
    files += [HERE / name for name in ("cells.py", "hooks.py", "results.py", "runner.py")]
    return max(path.stat().st_mtime for path in files)


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def parse(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, list[Script]]:
    """Read the command line, and find the scripts."""
    parser = Parser(description="Make every picture of the gallery, and the page that shows them.")
    option = parser.add_argument
    words = "where to; build/ beside the scripts, and build/remade/ for what is made again"
    option("-o", "--output", type=Path, metavar="DIR", help=words)
    option("--scripts", type=Path, metavar="DIR", default=HERE, help="the folder of the plot_*.py")
    option("--only", action="append", metavar="NAME", help="part of a name or a glob; repeatable")
    option("-f", "--force", action="store_true", help="run what is up to date too")
    option("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="how many run at once")
    option("--timeout", type=float, metavar="SECONDS", default=300.0, help="for each; 300")
    option("-q", "--quiet", action="store_true", help="tell of failures only")
    words = "make pictures again, and leave the gallery as it is"
    option = parser.add_argument_group("for a talk", words).add_argument
    option("--formats", metavar="A,B", help="png, svg, pdf; gif, mp4, webm, webp, apng, html")
    option("--theme", help="light, dark, slides, slides-dark or print")
    option("--size", metavar="WxH", help="in pixels, such as 1920x1080")
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
    try:
        check_changes(options)
    except ValueError as error:
        parser.error(str(error))
    options.remake = any(getattr(options, name) for name in _CHANGES)
    if options.output is None:
        options.output = options.scripts / "build" / ("remade" if options.remake else "")
    if options.output.exists() and not options.output.is_dir():
        parser.error(f"{options.output} is not a folder.")
    return options, scripts


def check_changes(options: argparse.Namespace) -> None:
    """Make sure that pictures can be made as the command line asks, and spell names in full.

    Raises
    ------
    ValueError
        If not.
    """
    if options.formats is not None:
        from trajectories.plotting.canvas import FIGURE_FORMATS
        from trajectories.plotting.writers.formats import FORMATS

        known = dict.fromkeys(name[1:] for name in (*FIGURE_FORMATS, *FORMATS))
        names = options.formats.split(",")
        options.formats = ",".join(resolve("format", name, known) for name in names)
    if options.theme is not None:
        from trajectories.plotting.theme import THEMES

        options.theme = resolve("theme", options.theme, THEMES)
    if options.size is not None:
        from trajectories.plotting.canvas import checked_size

        match = re.fullmatch(r"(\d+)x(\d+)", options.size)
        if match is None:
            raise must("--size", "WxH such as 1920x1080", options.size)
        checked_size((int(match[1]), int(match[2])))


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
        chosen = [script for script in scripts if not options.only or matches(script, options.only)]
        if options.remake:
            progress = Progress(len(chosen), options.quiet)
            return 0 if remake_all(chosen, options, progress) else 1
        texts = documents(options.scripts, api=options.scripts.resolve() == HERE)
        names = {script.name for script in scripts} | {text.name for text in texts}
        clear(options.output, names)
        sources = newest_source()
        made = [text for text in texts if not text.missing and not options.only]
        jobs: list[Script | Document] = [*chosen, *made]
        due = [job for job in jobs if options.force or not job.is_fresh(options.output, sources)]
        progress = Progress(len(due), options.quiet)
        for text in texts:
            if text.missing:
                progress.say(f"{text.name} is left out: it needs {' and '.join(text.missing)}")
        if len(due) < len(jobs):
            progress.say(f"{len(jobs) - len(due)} of {len(jobs)} up to date")
        well = build(scripts, due, options, progress)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
