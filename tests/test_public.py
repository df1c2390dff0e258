"""The public names: they are there, documented, cheap to import, and their examples run."""

import doctest
import importlib.metadata
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import trajectories
import trajectories.mnist
import trajectories.search

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
OFFERING = [
    trajectories,
    trajectories.mnist,
    trajectories.search,
    trajectories.schedules,
    importlib.import_module("trajectories.mnist.experiments"),
]


def is_code(item):
    return inspect.isroutine(item) or inspect.isclass(item)


PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in OFFERING
    for name in module.__all__
}
#: Each function and class once, whatever offers it.
CODE = {id(item): (name, item) for name, item in PUBLIC.items() if is_code(item)}


@pytest.mark.parametrize(("name", "item"), CODE.values(), ids=[name for name, _ in CODE.values()])
def test_public_names_are_documented_and_their_examples_run(name, item, tmp_path, monkeypatch):
    assert item.__name__ == name.rpartition(".")[2]
    assert inspect.getdoc(item)
    monkeypatch.chdir(tmp_path)
    space = vars(sys.modules[item.__module__])
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in doctest.DocTestFinder().find(item, item.__name__, globs=space):
        if "._" not in test.name:
            runner.run(test)
    assert runner.failures == 0
    assert not list(tmp_path.iterdir()), "an example left a file behind"


def test_there_are_examples():
    sources = [inspect.getdoc(item) for _, item in CODE.values()]
    assert sum(">>> " in text for text in sources) > 60


def test_star_import_and_dir_give_the_public_names():
    space = {}
    exec("from trajectories import *", space)
    assert set(trajectories.__all__) <= set(space)
    for module in OFFERING:
        assert len(set(module.__all__)) == len(module.__all__)
        assert set(module.__all__) <= set(dir(module))


@pytest.mark.parametrize("module", ["trajectories", "trajectories.mnist"])
def test_an_unknown_name_is_an_attribute_error(module):
    for name in ("nonsense", "adam", "_private"):
        words = f"No {module} attribute {name}"
        with pytest.raises(AttributeError, match=words):
            getattr(sys.modules[module], name)
        with pytest.raises(ImportError):
            exec(f"from {module} import {name}")


def test_the_version_is_the_same_everywhere():
    version = trajectories.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", version)
    assert importlib.metadata.version("trajectories") == version
    citation = Path(__file__).parents[1] / "CITATION.cff"
    assert re.search(r"^version: (.*)$", citation.read_text("utf-8"), re.M)[1] == version
    history = trajectories.mnist.History("run", [1.0], [0, 1], [0, 1], {}, [0.0, 0.0])
    found = trajectories.search_surface("sphere", trials=1, steps=1).versions
    assert history.versions == found
    assert found["trajectories"] == version
    assert found["numpy"] == importlib.metadata.version("numpy")


IMPORTING = """
import os, sys, warnings
warnings.simplefilter("error")
opened = []

def hear(event, details):
    writing = os.O_WRONLY | os.O_RDWR
    if event == "open" and isinstance(details[2], int) and details[2] & writing:
        opened.append(details[0])
    if event in ("os.mkdir", "socket.connect", "subprocess.Popen", "os.system"):
        opened.append((event, details))

def loaded():
    names = ("matplotlib", "sympy", "joblib", "pooch", "tqdm", "av", "pptx", "PIL", "numpy")
    return [name for name in names if name in sys.modules]

sys.dont_write_bytecode = True
sys.addaudithook(hear)
before = dict(os.environ), os.getcwd()
import trajectories as tj
assert (dict(os.environ), os.getcwd()) == before
assert not opened, opened
assert loaded() == []
tj.Adam
assert loaded() == ["numpy"]
tj.descend, tj.SURFACES
assert loaded() == ["sympy", "numpy"]
assert os.listdir(os.environ["HOME"]) == []

import matplotlib
def settings():
    # To read the backend is to choose one.
    return {key: matplotlib.rcParams[key] for key in matplotlib.rcParams if key != "backend"}
before = settings()
for name in tj.__all__:
    getattr(tj, name)
assert settings() == before
assert "matplotlib.pyplot" not in sys.modules
"""
DRAWING = """
import sys, warnings
import numpy as np
import trajectories as tj
warnings.simplefilter("error")
np.seterr(all="warn")
folder = sys.argv[1]
paths = tj.compare("log(x) + sqrt(y)", ["sgd:1e200", "adam:lr=1e308", "newton"], (1, 1))
tj.plot_grid(paths, size=(300, 200)).savefig(f"{folder}/a.png")
tj.plot_loss(paths)
tj.animate(paths, size=(160, 120), frames=3).save(f"{folder}/a.gif")
paths[0].save(f"{folder}/a.npz")
"""
NOWHERE = "/nonexistent/home"


def python(code, *arguments, **environment):
    """Run code in a process with an environment of its own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def test_importing_touches_nothing_changes_nothing_and_loads_what_is_needed(tmp_path):
    assert python(IMPORTING, **{**os.environ, "HOME": str(tmp_path)}).stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="a home is something else there")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        pytest.param(
            {"HOME": NOWHERE, "XDG_CACHE_HOME": f"{NOWHERE}/cache", "XDG_CONFIG_HOME": "/dev/null"},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["unset", "missing"],
)
def test_drawing_needs_no_home_and_no_display_and_warns_of_nothing(tmp_path, changes):
    needed = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    done = python(DRAWING, tmp_path, **needed, **changes)
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.gif", "a.npz", "a.png"]
