"""The progress bar of a search: how many trials have ended, and the best so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trajectories.search.journal import Journal
from trajectories.search.objective import Objective
from trajectories.search.trial import Trial, ranked
from trajectories.terminal import watched

__all__ = ["Shown", "best_words", "shown"]


class Shown:
    """What is told about each trial that ends."""

    def __init__(self, book: Journal, goal: str, bar: Any = None) -> None:
        self.book, self.goal, self.bar = book, goal, bar

    def update(self, trial: Trial) -> None:
        """Show that a trial was written down."""
        if self.bar is None:
            return
        self.bar.set_postfix_str(best_words(self.book, self.goal), refresh=False)
        if trial.ended:
            self.bar.update(1)
        else:
            self.bar.refresh()


def best_words(book: Journal, goal: str) -> str:
    """Return the best so far in words."""
    best = next(iter(ranked(book.latest, goal)), None)
    if best is None or best.score is None:
        return "no score yet"
    return f"best {best.score:.4g} (trial {best.number})"


@contextmanager
def shown(book: Journal, objective: Objective, progress: bool) -> Iterator[Shown]:
    """Show a progress bar on stderr, if that is a terminal, and take it away at the end."""
    if not progress:
        yield Shown(book, objective.goal)
        return
    from tqdm import tqdm

    done = sum(trial.ended for trial in book.latest)
    with tqdm(
        total=book.settings["trials"],
        initial=done,
        desc="search",
        unit="trial",
        disable=not watched(),
        leave=False,
    ) as bar:
        yield Shown(book, objective.goal, bar)
