"""The fuzz targets hold on a few inputs, or say what they need."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

TARGETS = sorted(path.name for path in Path(__file__).parent.glob("fuzz_*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_on_some_inputs(name, tmp_path):
    command = [sys.executable, Path(__file__).with_name(name), "-runs=200", "-seed=1"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    if importlib.util.find_spec("atheris") is None:
        assert done.returncode == 1
        assert done.stderr == "Fuzzing needs Atheris: pip install atheris\n"
    else:
        assert done.returncode == 0, done.stderr
        assert "Done 200 runs" in done.stderr
