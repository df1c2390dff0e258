"""Every example in a docstring of the installed package runs, and gives what it says."""

import doctest
import importlib
import pkgutil

import pytest

import trajectories

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = [
    module.name
    for module in pkgutil.walk_packages(trajectories.__path__, "trajectories.")
    if not module.name.endswith("__main__")
]


PUBLIC = [name for name in trajectories.__all__ if callable(getattr(trajectories, name))]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_an_example(name):
    assert ">>> " in getattr(trajectories, name).__doc__


@pytest.mark.parametrize("name", ["trajectories", *MODULES])
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.failed == 0
    assert not list(tmp_path.iterdir()), "an example left a file behind"
