"""Pictures that commands draw, and commands in processes of their own."""

import os
import subprocess
import sys

import pytest
from PIL import Image


@pytest.fixture
def drawn(run, folder):
    """Return a function that plots, and returns the pixels."""

    def call(*arguments):
        code, _, err = run("plot", *arguments, "-o", "a.png")
        assert (code, err) == (0, "")
        with Image.open(folder / "a.png") as image:
            return image.convert("RGB").tobytes()

    return call


@pytest.fixture
def outside():
    """Return a function that runs a command in a process, whose output is buffered as usual."""

    def call(*arguments, env=None, **pipes):
        command = [sys.executable, "-m", "trajectories", *arguments]
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | pipes
        environment |= env or {}
        return subprocess.run(command, text=True, env=environment, timeout=120, **pipes)

    return call
