"""What all tests share."""

import os
import signal
import sys
from pathlib import Path

# Before NumPy is loaded: two threads gain little on small products, and wait for each other on a
# busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

# joblib's processes look up what tests hand to them by its name.
sys.path.append(str(Path(__file__).parents[1]))

# The first example pays for imports and compiling, and CI machines are busy: no time limit.
settings.register_profile("trajectories", deadline=None)
settings.load_profile("trajectories")


# A shell lets what it runs in the background ignore interrupts, and so would the processes that
# tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Run in an empty folder, which is returned."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def run(capsys):
    """Return a function that runs the command line here: exit code, stdout and stderr."""
    from trajectories.cli import main

    def call(*arguments):
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as leaving:
            code = leaving.code
        return (code, *capsys.readouterr())

    return call


@pytest.fixture
def refused(run, folder):
    """Return a function that runs what must fail, in one line, writing nothing."""

    def call(*arguments, code=2):
        before = sorted(folder.iterdir())
        result, out, err = run(*arguments)
        assert (result, out) == (code, "")
        assert err.endswith("\n")
        assert err.count("\n") == 1
        assert err.startswith("trajectories")
        assert ": error: " in err
        assert "Traceback" not in err
        assert sorted(folder.iterdir()) == before
        return err

    return call
