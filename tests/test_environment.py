"""Where there is no home, no cache that can be written, no display and no terminal."""

import os
import subprocess
import sys

import pytest

NOWHERE = "/nonexistent/home"
DRAW = """
import sys, pathlib
import trajectories as tj
path = tj.descend("x**2/20 + y**2", "sgd:0.9", (-7, 2), 3)
folder = pathlib.Path(sys.argv[1])
tj.plot(path).figure.savefig(folder / "a.png")
tj.animate(path, size=(320, 240)).save(folder / "a.gif")
path.save(folder / "a.npz")
"""


def run(code, *arguments, **changes):
    """Run code in a process with another environment; None takes a variable away."""
    environment = {**os.environ, **changes}
    environment = {name: value for name, value in environment.items() if value is not None}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a home is something else there")
@pytest.mark.parametrize(
    "changes",
    [
        dict.fromkeys(["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "DISPLAY"]),
        pytest.param(
            {"HOME": NOWHERE, "XDG_CACHE_HOME": f"{NOWHERE}/cache", "XDG_CONFIG_HOME": "/dev/null"},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["unset", "missing"],
)
def test_drawing_without_a_home_or_display(tmp_path, changes):
    nothing = dict.fromkeys(["MPLCONFIGDIR", "DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND"])
    done = run(DRAW, tmp_path, **{**nothing, **changes})
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.gif", "a.npz", "a.png"]


def test_importing_touches_nothing(tmp_path):
    code = (
        "import sys, os\n"
        "opened = []\n"
        "def hear(event, details):\n"
        "    writing = os.O_WRONLY | os.O_RDWR\n"
        "    if event == 'open' and isinstance(details[2], int) and details[2] & writing:\n"
        "        opened.append(details[0])\n"
        "    if event in ('os.mkdir', 'socket.connect', 'subprocess.Popen', 'os.system'):\n"
        "        opened.append((event, details))\n"
        "sys.dont_write_bytecode = True\n"
        "sys.addaudithook(hear)\n"
        "import warnings; warnings.simplefilter('error')\n"
        "before = dict(os.environ), os.getcwd()\n"
        "import trajectories\n"
        "assert (dict(os.environ), os.getcwd()) == before\n"
        "assert not opened, opened\n"
        "heavy = {'matplotlib', 'sympy', 'joblib', 'pooch', 'tqdm', 'av', 'pptx', 'PIL'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = run(code, HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("encoding", ["ascii", pytest.param("utf-8", marks=pytest.mark.slow)])
def test_the_command_line_in_any_encoding(encoding):
    code = "import sys; from trajectories.cli import main; sys.exit(main(sys.argv[1:]))"
    done = run(code, "list", "surfaces", PYTHONIOENCODING=encoding, PYTHONUTF8="0", COLUMNS=None)
    assert done.returncode == 0, done.stderr
    assert "himmelblau" in done.stdout


def test_warnings_never_reach_the_user():
    """Whatever overflows or is no number, NumPy says nothing of it."""
    code = (
        "import warnings; warnings.simplefilter('error')\n"
        "import numpy as np; np.seterr(all='warn')\n"
        "import trajectories as tj\n"
        "paths = tj.compare('log(x) + sqrt(y)', ['sgd:1e200', 'adam:lr=1e308', 'newton'], (1, 1))\n"
        "tj.plot_grid(paths); tj.plot_loss(paths)\n"
        "list(tj.animate(paths, size=(320, 240), frames=3).frames())\n"
    )
    done = run(code)
    assert (done.returncode, done.stderr) == (0, "")
