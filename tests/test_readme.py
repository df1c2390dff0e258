"""README's promises: set-up commands that CI runs, and examples that work."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^trajectories .*$", README, re.MULTILINE)


def test_ci_runs_the_set_up_commands():
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines() if "pip install" in line]
    assert len(commands) == 2
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line in commands] == commands


def test_the_python_example_runs(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["zigzag.gif", "zigzag.png"]


@pytest.mark.parametrize(
    "command",
    [
        # The others do what the example in Python and the tests of commands do.
        pytest.param(command, marks=() if "valley.png" in command else pytest.mark.slow)
        for command in COMMANDS
    ],
)
def test_the_commands_run(command, tmp_path):
    words = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    if "-o" in words:
        assert (tmp_path / words[words.index("-o") + 1]).stat().st_size > 0
