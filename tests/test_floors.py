"""The house has floors: a file imports only from lower ones, also in functions and strings."""

import ast
import graphlib
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

import trajectories

ROOT = Path(trajectories.__file__).parent
# The rooms from the ground up; equal numbers are neighbours, which know nothing of each other.
FLOORS = {
    "checks": 0,
    "files": 1,
    "records": 2,
    "surfaces": 3,
    "optimizers": 3,
    "trajectory": 4,
    "descent": 5,
    "maps": 6,
    "search": 6,
    "plotting": 7,
    "mnist": 8,
    "replay": 9,
    "cli": 10,
    "__main__": 11,
    "": 12,
}
THIRD_PARTIES = {
    "": {"lazy_loader"},
    "checks": {"numpy"},
    "records": {"numpy", "threadpoolctl"},
    "surfaces": {"numpy", "sympy"},
    "optimizers": {"numpy"},
    "trajectory": {"numpy"},
    "descent": {"numpy"},
    "maps": {"joblib", "numpy", "tqdm"},
    "search": {"distributed", "filelock", "joblib", "lazy_loader", "numpy", "tqdm"},
    "plotting": {"av", "numpy", "matplotlib", "mpl_toolkits", "PIL", "pptx", "tqdm"},
    "mnist": {"joblib", "lazy_loader", "matplotlib", "numpy", "PIL", "pooch", "tqdm"},
}
# Results draw themselves: these methods, and no others, import from above, and only inside.
DRAWING = {"draw", "animate", "_repr_html_"}


def name_of(path):
    parts = ("trajectories", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): ast.parse(path.read_text("utf-8")) for path in ROOT.rglob("*.py")}


def room(module):
    return (*module.split("."), "")[1]


def named(text):
    """List the modules that a string names, such as "trajectories.maps.basins:Basins"."""
    for word in re.findall(r"trajectories(?:\.\w+)+", text):
        while word not in MODULES:
            word = word.rpartition(".")[0]
        yield word


def imports(tree, inside=None, *, typing=True):
    """List what some code imports, with the outermost method or function that does."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((name if name in MODULES else node.module, inside) for name in whole)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if "\n" not in node.value:  # Docstrings may point to where more stands.
                yield from ((name, inside) for name in named(node.value))
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test) and not typing:
            continue
        else:
            is_function = isinstance(node, ast.FunctionDef) and inside is None
            yield from imports(node, node.name if is_function else inside, typing=typing)


def graph():
    """Return which files each file needs, but for results that draw themselves."""
    return {
        name: {
            other
            for other, inside in imports(tree, typing=False)
            if other in MODULES and other not in ("trajectories", name) and inside not in DRAWING
        }
        for name, tree in MODULES.items()
    }


@pytest.mark.parametrize("module", sorted(MODULES))
def test_file_imports_only_from_its_room_and_lower_floors(module):
    for other, inside in imports(MODULES[module]):
        is_ours = other.split(".")[0] == "trajectories"
        if is_ours and room(other) != room(module) and inside not in DRAWING:
            if other == "trajectories":  # The version alone.
                assert room(module) in ("cli", "__main__")
            else:
                assert FLOORS[room(other)] < FLOORS[room(module)], f"{module} imports {other}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_file_imports_only_third_parties_of_its_room(module):
    outside = {name.split(".")[0] for name, _ in imports(MODULES[module], typing=False)}
    outside -= {"trajectories", "__future__"} | set(sys.stdlib_module_names)
    assert outside <= THIRD_PARTIES.get(room(module), set())


def test_no_file_needs_pyplot():
    needed = {name for tree in MODULES.values() for name, _ in imports(tree)}
    assert not [name for name in needed if "pyplot" in name or "pylab" in name]


def test_no_files_import_each_other():
    graphlib.TopologicalSorter(graph()).prepare()  # Raises CycleError.


def test_every_name_stands_once():
    files = Counter(path.stem for path in ROOT.rglob("*.py") if path.stem != "__init__")
    classes = Counter(
        node.name
        for tree in MODULES.values()
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        if not node.name.startswith("_")
    )
    assert [name for name, number in (files + classes).items() if number > 1] == []
