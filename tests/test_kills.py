"""Writers that are killed at random moments leave the old file whole, or the new one.

`python tests/kill_writers.py --kills 100` does it more often.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("kill_writers.py")
KINDS = ["figure.png", "figure.svg", "figure.pdf", "movie.gif", "movie.png", "movie.apng"]
KINDS += ["movie.webp", "movie.html", "frame%d.png", "trajectory.npz", "history.json", "deck.html"]
EXTRAS = {"movie.mp4": "av", "movie.webm": "av", "deck.pptx": "pptx"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the writers are forked"),
]


@pytest.mark.parametrize("kind", [*KINDS, *EXTRAS])
def test_a_killed_writer_leaves_a_whole_file(kind):
    if kind in EXTRAS:
        pytest.importorskip(EXTRAS[kind])
    command = [sys.executable, SCRIPT, "--kills", "10", "--seed", str(os.getpid()), kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{kind}: 10 kills, 0 files in part")
