"""The journal of a search: a line for each trial, on the disk the moment it ends.

The first line tells what is searched; each further one is a JSON object with a ``"trial"``, or in
the end a ``"conclusion"``. A line is only ever appended, and is complete if it ends in a newline:
what a killed search has left of its last line is cut off when the search goes on.
A hidden empty file beside it carries the lock, and stays: to remove it would let two in.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from trajectories.archive import refusal
from trajectories.atomic import check_target
from trajectories.same_settings import check_same, flat
from trajectories.search.trial import Trial
from trajectories.validation import must

__all__ = ["FORMAT", "Journal", "header_of", "line_of", "opened", "read_journal"]

FORMAT = "trajectories search 1"
#: Said of a file as of the folder that a command keeps it in.
_ELSEWHERE = "keep this one elsewhere"


@dataclass
class Journal:
    """What is known of a search, and the file that knows it too."""

    settings: dict[str, Any]
    versions: dict[str, str] = field(default_factory=dict)
    paused: dict[int, dict[int, Trial]] = field(default_factory=dict)
    ended: dict[int, Trial] = field(default_factory=dict)
    conclusion: dict[str, Any] | None = None
    file: BinaryIO | None = None

    def at(self, number: int, length: int) -> Trial | None:
        """Return a trial as it was at a length, or as it ended before; None if not known."""
        return self.paused.get(number, {}).get(length) or self.ended.get(number)

    def last(self, number: int) -> Trial | None:
        """Return the last that is known of a trial."""
        states = self.paused.get(number)
        return self.ended.get(number) or (states[max(states)] if states else None)

    @property
    def latest(self) -> list[Trial]:
        """The last that is known of each trial, by number."""
        known = [self.last(number) for number in sorted({*self.paused, *self.ended})]
        return [trial for trial in known if trial is not None]

    def add(self, trial: Trial) -> None:
        """Take a trial in, and write it down for good."""
        self._take(trial)
        self._write({"trial": trial.to_dict()})

    def conclude(self, conclusion: Mapping[str, Any]) -> None:
        """Write down what was found out about the winner."""
        self.conclusion = dict(conclusion)
        self._write({"conclusion": self.conclusion})

    def _take(self, trial: Trial) -> None:
        if trial.number in self.ended:
            raise must("trial", "one that has not ended", trial.number)
        if trial.ended:
            self.ended[trial.number] = trial
        else:
            self.paused.setdefault(trial.number, {})[trial.reached] = trial

    def _write(self, record: Mapping[str, Any]) -> None:
        if self.file is None:
            return
        self.file.write(line_of(record))
        self.file.flush()
        os.fsync(self.file.fileno())


def line_of(record: Mapping[str, Any]) -> bytes:
    """Return a record as one line of the journal."""
    return json.dumps(record, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def header_of(settings: Mapping[str, Any], versions: Mapping[str, str]) -> bytes:
    """Return the journal's first line."""
    return line_of({"format": FORMAT, "settings": settings, "versions": versions})


def read_journal(path: str | os.PathLike[str]) -> tuple[Journal | None, int]:
    """Read a journal; it is data, and reading one runs no code."""
    with open(path, "rb") as file:
        whole = file.read()
    lines = whole.splitlines(keepends=True)
    journal, length = None, 0
    for number, line in enumerate(lines, 1):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("it is cut off")
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError("it is no record")
            if journal is None:
                if record.get("format") != FORMAT:
                    raise ValueError(f"its format is {record.get('format')!r}")
                journal = Journal(dict(record["settings"]), dict(record["versions"]))
            elif "conclusion" in record:
                journal.conclusion = dict(record["conclusion"])
            else:
                journal._take(Trial.from_dict(record["trial"]))
        except Exception as error:  # A line may hold anything.
            begun = FORMAT.encode() in line[:64] or header_of({}, {})[:30].startswith(line[:30])
            if number == len(lines) and (journal is not None or begun):
                break  # The search was killed while it wrote this.
            raise refusal(path, "journal of a search", error, f"line {number}") from error
        length += len(line)
    return journal, length


@contextmanager
def opened(
    path: str | os.PathLike[str] | None,
    settings: Mapping[str, Any],
    versions: Mapping[str, str],
    *,
    resume: bool = False,
) -> Iterator[Journal]:
    """Open the journal of a search, for this search alone."""
    plain = json.loads(json.dumps(settings, allow_nan=False))
    if path is None:
        yield Journal(plain, dict(versions))
        return
    from filelock import FileLock, Timeout

    target = check_target(path)
    lock = FileLock(target.with_name(f".{target.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise BlockingIOError(
            f"Another search is writing {str(target)!r}. Wait for its end, or {_ELSEWHERE}."
        ) from None
    try:
        journal, length = _journal(target, plain, versions, resume)
        with open(target, "ab") as file:
            if file.tell() > length:
                file.truncate(length)
            if not length:
                file.write(header_of(plain, versions))
            file.flush()
            os.fsync(file.fileno())
            journal.file = file
            try:
                yield journal
            finally:
                journal.file = None
    finally:
        lock.release()


def _journal(
    path: os.PathLike[str], settings: dict[str, Any], versions: Mapping[str, str], resume: bool
) -> tuple[Journal, int]:
    """Return what a file knows of a search already, and how much of it is whole."""
    new = Journal(settings, dict(versions))
    if not os.path.exists(path):
        return new, 0
    journal, length = read_journal(path)
    if journal is None or not journal.latest:  # Whatever it was to be, nothing has come of it.
        return new, 0
    if not resume:
        raise FileExistsError(
            f"There is a search in {os.fspath(path)!r} already. Resume it, or {_ELSEWHERE}."
        )
    what, advice = "the journal of another search", f"{_ELSEWHERE.capitalize()}."
    check_same(path, what, flat(journal.settings), flat(settings), advice)
    return journal, length
