"""README's promises: two set-up commands that CI runs, and examples that work."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
INSTALL = re.compile(r"^pip install .*$", re.MULTILINE)


def test_there_are_exactly_two_set_up_commands():
    assert INSTALL.findall(README) == [
        "pip install . && python gallery/build.py",
        'pip install ".[test]" && pytest',
    ]


def test_the_changelog_counts_the_scripts_of_the_gallery():
    (count,) = re.findall(r"The gallery: (\d+) scripts", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert int(count) == len(list((ROOT / "gallery").glob("plot_*.py")))


def test_ci_runs_exactly_these_commands():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert INSTALL.findall(README) == [line for line in lines if line in INSTALL.findall(README)]


def test_the_python_example_runs(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["zigzag.gif", "zigzag.png"]


@pytest.mark.parametrize("command", re.findall(r"^trajectories .*$", README, re.MULTILINE))
def test_the_commands_run(command, tmp_path):
    import shlex

    words = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    if "-o" in words:
        assert (tmp_path / words[words.index("-o") + 1]).stat().st_size > 0
