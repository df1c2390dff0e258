import io
import sys

import numpy as np
import pytest

from trajectories.files import watched
from trajectories.maps.cells import run_blocks
from trajectories.mnist.history import bar
from trajectories.search.rounds import search_surface


class Screen(io.StringIO):
    def __init__(self, seen):
        super().__init__()
        self.isatty = lambda: seen


@pytest.mark.parametrize(("stderr", "seen"), [(None, False), (Screen(False), False)])
def test_nobody_watches_a_file_or_nothing(stderr, seen, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stderr)
    assert watched() is seen


def test_a_terminal_is_watched(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Screen(True))
    assert watched() is True


def squares(begin, end):
    return {"square": np.arange(begin, end) ** 2}


def test_progress_may_be_asked_for_without_a_console(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with bar("training", "run", 3, shown=True) as advance:
        advance(3)
    found = run_blocks(squares, 5, 2, n_jobs=1, progress=True)
    assert list(found["square"]) == [0, 1, 4, 9, 16]
    done = search_surface("x**2 + y**2", trials=2, steps=3, progress=True)
    assert len(done.trials) == 2
