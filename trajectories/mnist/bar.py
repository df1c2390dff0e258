"""The progress bar of a run, or of several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from trajectories.terminal import watched

__all__ = ["bar"]


@contextmanager
def bar(what: str, unit: str, total: int, shown: bool) -> Iterator[Callable[[int], object]]:
    """Show a progress bar on stderr, if that is a terminal, and take it away at the end."""
    if not shown:
        yield lambda count: None
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=what, unit=unit, disable=not watched(), leave=False) as shown_bar:
        yield shown_bar.update
