"""What results were computed with."""

import platform

import numpy as np

import trajectories
from trajectories.mnist.history import History
from trajectories.records import versions
from trajectories.search.rounds import search_surface


def test_they_are_those_of_what_is_running():
    found = versions()
    assert found["numpy"] == np.__version__
    assert found["python"] == platform.python_version()
    assert found["trajectories"] == trajectories.__version__


def test_runs_and_searches_keep_the_same():
    history = History("run", [1.0], [0, 1], [0, 1], {}, [0.0, 0.0])
    assert history.versions == search_surface("sphere", trials=1).versions == versions()
