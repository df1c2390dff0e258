"""Commands in processes of their own: help, pipes, interrupts, and what they load."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from shlex import split

import pytest

import trajectories

pytestmark = pytest.mark.usefixtures("folder")
BOWL = "x**2/20 + y**2"


def test_the_version_is_printed(outside):
    assert outside("--version").stdout == f"trajectories {trajectories.__version__}\n"


def test_help_loads_nothing_heavy():
    code = """
import sys, trajectories.cli
for command in ([], ["plot"], ["animate"], ["list"]):
    try:
        trajectories.cli.main([*command, "--help"])
    except SystemExit as leaving:
        assert leaving.code == 0
heavy = ("matplotlib", "sympy", "numpy", "PIL", "tqdm", "imageio")
print("loaded", [name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("usage: trajectories") == 4
    assert done.stdout.endswith("loaded []\n")


def test_help_shows_examples_that_work(run):
    _, out, _ = run("--help")
    examples = [line.strip() for line in out.splitlines() if line.startswith("  trajectories ")]
    assert len(examples) >= 3
    for example in examples:
        _, *arguments = split(example)
        quick = ["--size", "200x150"] if arguments[0] != "list" else []
        if arguments[0] == "animate":
            quick += ["--frames", "2"]
        assert run(*arguments, *quick)[0] == 0, example


def wait_until_writing(process, folder):
    """Wait until a process has a file of a folder open, which may have no name."""
    open_files = Path(f"/proc/{process.pid}/fd")
    if not open_files.is_dir():
        time.sleep(5)
        return
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None
        for link in open_files.iterdir():
            with contextlib.suppress(OSError):  # It has been closed.
                if os.path.dirname(os.readlink(link)) == str(folder):
                    return
        time.sleep(0.05)
    raise AssertionError("nothing was written")


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interrupt_leaves_no_file_and_one_line(folder):
    rest = ["--steps", "90000", "--frames", "90000", "--size", "1600x1200", "-o", "a.gif"]
    command = [sys.executable, "-m", "trajectories", "animate", BOWL, "-O", "sgd:lr=0.01", *rest]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        try:
            wait_until_writing(process, folder)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert out == ""
    assert err == "trajectories animate: error: interrupted; nothing was written\n"
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="pipes")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_gone_away_is_no_traceback(unbuffered, outside):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = outside("list", "themes", stdout=writing, env={"PYTHONUNBUFFERED": unbuffered})
    finally:
        os.close(writing)
    assert done.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_stdout_is_told_in_one_line(unbuffered, outside):
    with open("/dev/full", "w") as full:
        done = outside("list", "themes", stdout=full, env={"PYTHONUNBUFFERED": unbuffered})
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "No space left" in done.stderr
