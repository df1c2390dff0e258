"""The house has floors: a file imports only from lower ones."""

import ast
import graphlib
import sys
from pathlib import Path

import pytest

import trajectories

ROOT = Path(trajectories.__file__).parent
# The rooms from the ground up, by the longest prefix of a module's name; equal numbers are
# neighbours, which know nothing of each other.
FLOORS = {
    "trajectories.checks": 0,
    "trajectories.checks": 0,
    "trajectories.records": 0,
    "trajectories.records": 0,
    "trajectories.records": 1,
    "trajectories.checks": 1,
    "trajectories.records": 2,
    "trajectories.records": 0,
    "trajectories.records": 0,
    "trajectories.files": 0,
    "trajectories.files": 0,
    "trajectories.records": 0,
    "trajectories.records": 0,
    "trajectories.files": 0,
    "trajectories.surfaces": 2,
    "trajectories.optimizers": 2,
    "trajectories.trajectory": 3,
    "trajectories.descent": 3,
    "trajectories.trajectory": 4,
    "trajectories.descent": 4,
    "trajectories.maps": 5,
    "trajectories.search": 5,
    "trajectories.plotting": 6,
    "trajectories.mnist": 7,
    "trajectories": 8,
    "trajectories.cli.listing": 8,
    "trajectories.commands": 9,
    "trajectories.cli": 10,
    "trajectories.__main__": 11,
}
THIRD_PARTIES = {
    "trajectories.checks": {"numpy"},
    "trajectories.records": {"numpy"},
    "trajectories.records": {"numpy"},
    "trajectories.records": {"numpy"},
    "trajectories.records": {"numpy"},
    "trajectories.records": {"numpy"},
    "trajectories.surfaces": {"numpy", "sympy"},
    "trajectories.optimizers": {"numpy"},
    "trajectories.trajectory": {"numpy"},
    "trajectories.trajectory": {"numpy"},
    "trajectories.descent": {"numpy"},
    "trajectories.descent": {"numpy"},
    "trajectories.maps": {"joblib", "numpy", "tqdm"},
    "trajectories.search": {"distributed", "filelock", "joblib", "numpy", "tqdm"},
    "trajectories.records": {"threadpoolctl"},
    "trajectories.plotting": {"av", "numpy", "matplotlib", "mpl_toolkits", "PIL", "pptx", "tqdm"},
    "trajectories.mnist": {"joblib", "matplotlib", "numpy", "PIL", "pooch", "tqdm"},
}


def name_of(path):
    parts = ("trajectories", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): ast.parse(path.read_text("utf-8")) for path in ROOT.rglob("*.py")}


def imports(nodes):
    """List the modules that are imported in some syntax trees, whether at once or later."""
    found = []
    for node in (part for tree in nodes for part in ast.walk(tree)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name if name in MODULES else node.module for name in whole]
    return found


def room(module):
    return max((r for r in FLOORS if f"{module}.".startswith(f"{r}.")), key=len)


def test_there_is_something_to_test():
    assert len(MODULES) > 25
    assert {room(module) for module in MODULES} == set(FLOORS)
    homeless = [module for module in MODULES if room(module) == "trajectories"]
    assert homeless == ["trajectories"]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_module_imports_only_from_its_room_and_lower_floors(module):
    here = room(module)
    for other in imports([MODULES[module]]):
        # The package itself re-exports all, and so stands above the rooms that it opens on.
        if other.split(".")[0] == "trajectories" and room(other) != here:
            assert FLOORS[room(other)] < FLOORS[here], f"{module} imports {other}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_module_imports_only_third_parties_of_its_room(module):
    outside = {name.split(".")[0] for name in imports([MODULES[module]])}
    outside -= {"trajectories", "__future__"} | set(sys.stdlib_module_names)
    assert outside <= THIRD_PARTIES.get(room(module), set())


def test_no_module_needs_pyplot():
    users = [name for name, tree in MODULES.items() if "matplotlib.pyplot" in imports([tree])]
    assert users == []
    assert not [name for name, tree in MODULES.items() if "pylab" in ast.dump(tree)]


def test_no_two_modules_import_each_other_at_once():
    graph = {
        name: {other for other in imports(at_once(tree)) if other in MODULES} - {name}
        for name, tree in MODULES.items()
    }
    graphlib.TopologicalSorter(graph).prepare()  # Raises CycleError.


def at_once(tree):
    """Return the statements that run on import: no functions' bodies, none for type checks."""
    return [
        node
        for node in tree.body
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
    ]
