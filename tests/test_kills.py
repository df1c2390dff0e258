"""Writers that are killed at random moments leave the old file whole, or the new one.

So do the journals, blocks and checkpoints that an interrupted run goes on from: none is lost.
`python tests/kills.py --kills 100` does it more often.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.every_format import FORMATS

SCRIPT = Path(__file__).with_name("kills.py")
EXTRAS = {"movie.mp4": "av", "movie.webm": "av", "deck.pptx": "pptx"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the writers are forked"),
]


def killed(name):
    command = [sys.executable, "-W", "ignore", SCRIPT, "--kills", "8"]
    command += ["--seed", str(os.getpid()), name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{name}: 8 kills, nothing ")
    return done.stdout


@pytest.mark.parametrize("kind", FORMATS)
def test_a_killed_writer_leaves_a_whole_file(kind):
    if kind in EXTRAS:
        pytest.importorskip(EXTRAS[kind])
    killed(kind)


@pytest.mark.parametrize("name", ["journal", "blocks", "joblib", "checkpoint"])
def test_what_is_killed_goes_on_without_loss(name):
    assert ", 0 times there was something" not in killed(name)
