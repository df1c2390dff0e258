"""The fuzz targets work, and hold on a few thousand inputs; more is for the command line."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
TARGETS = sorted(path.name for path in FOLDER.glob("fuzz_*.py"))


def fuzz(name, *arguments):
    command = [sys.executable, FOLDER / name, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_there_are_targets():
    assert len(TARGETS) == 6


@pytest.mark.parametrize("name", ["fuzz_calls.py", "fuzz_formula.py", "fuzz_idx.py"])
def test_a_target_holds_on_some_inputs(name):
    done = fuzz(name, "--inputs", "300", "--blind")
    assert done.returncode == 0, done.stderr
    assert "300 inputs, blind" in done.stdout
    assert " 0 accepted" not in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_on_many_inputs(name):
    done = fuzz(name, "--inputs", "50000", "--seconds", "120")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("raise KeyError(data)", "KeyError"),
        ("eval('1')", "An input ran: exec"),
        ("open('/dev/null')", "An input ran: open"),
        ("__import__('os').system('true')", "An input ran: os.system"),
        ("raise ValueError('a\\nb')", "Not one line"),
        ("b'x' * 3 * 2**27", "MiB for b"),
        pytest.param(
            "while time.process_time() - begin < 1.2: pass", "s for b", marks=pytest.mark.slow
        ),
    ],
)
def test_a_target_that_does_not_hold_is_noticed(tmp_path, broken, words):
    script = tmp_path / "fuzz_broken.py"
    script.write_text(
        f"import sys, time; sys.path.insert(0, {str(FOLDER)!r})\n"
        "from engine import Target, main\n"
        "def check(data):\n"
        "    begin = time.process_time()\n"
        "    if begin > 0 and len(data) > 3:\n"
        f"        {broken}\n"
        "    return True\n"
        "sys.exit(main(Target('broken', check, [b'x'], [b'abc', b'de'], [])))\n"
    )
    command = [sys.executable, script, "--inputs", "1000", "--blind"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert words in done.stderr
