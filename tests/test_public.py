import ast
import importlib
import importlib.metadata
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import trajectories

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(trajectories.__path__, "trajectories.")
    if not module.name.endswith("__main__")
)
# The package's own names are looked up by name: the module has no attribute before that.
PUBLIC = [name for name in trajectories.__all__ if name != "__version__"]


def public_callables():
    """List the functions and classes that some module offers, each at its home."""
    for module in map(importlib.import_module, MODULES):
        for name in getattr(module, "__all__", ()):
            item = getattr(module, name)
            is_code = inspect.isroutine(item) or inspect.isclass(item)
            if is_code and item.__module__ == module.__name__:
                yield pytest.param(item, id=f"{module.__name__}.{name}")


CALLABLES = list(public_callables())


def arguments(item):
    """List the arguments that a caller gives."""
    if inspect.isclass(item) and (issubclass(item, Exception) or item.__init__ is object.__init__):
        return []
    return [name for name in inspect.signature(item).parameters if name != "self"]


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_is_there_and_documented(name):
    item = getattr(trajectories, name)
    assert getattr(trajectories, name) is item
    if inspect.isroutine(item) or inspect.isclass(item):
        assert inspect.getdoc(item)
        assert item.__name__ == name


@pytest.mark.parametrize("name", PUBLIC)
def test_public_callable_explains_its_arguments(name):
    item = getattr(trajectories, name)
    if (inspect.isroutine(item) or inspect.isclass(item)) and arguments(item):
        section = inspect.getdoc(item).partition("Parameters\n----------\n")[2]
        named = section.partition("\n\n")[0] if "\n\n" not in section else section
        for argument in arguments(item):
            assert re.search(rf"(?<!\w){argument}\b", named), f"{name}({argument})"


@pytest.mark.parametrize("item", CALLABLES)
def test_whatever_a_module_offers_has_a_docstring_of_its_own(item):
    doc = item.__doc__
    assert doc
    assert re.match(r"\S.*[.]$", doc.strip().splitlines()[0])
    if inspect.isclass(item):
        for name, method in vars(item).items():
            if not name.startswith("_") and (inspect.isroutine(method) or hasattr(method, "fget")):
                assert inspect.getdoc(getattr(item, name)), f"{item.__name__}.{name}"


@pytest.mark.parametrize("item", CALLABLES)
def test_whatever_takes_several_arguments_has_them_listed(item):
    # One argument can be told of in a sentence.
    if len(arguments(item)) > 1 and not getattr(item, "_is_protocol", False):
        assert "Parameters\n----------" in inspect.getdoc(item)


def test_names_homes_and_type_checking_agree():
    tree = ast.parse(Path(trajectories.__file__).read_text("utf-8"))
    (block,) = [
        node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node)
    ]
    for_types = {node.module: [alias.name for alias in node.names] for node in block.body}
    homes = {home: sorted(names) for home, names in trajectories._HOMES.items()}
    assert {home: sorted(names) for home, names in for_types.items()} == homes
    offered = [name for names in homes.values() for name in names]
    assert len(offered) == len(set(offered))
    assert set(trajectories.__all__) == {*offered, "__version__"}
    assert len(trajectories.__all__) == len(set(trajectories.__all__))
    for home, names in homes.items():
        assert set(names) <= set(importlib.import_module(home).__all__), home


def test_importing_the_package_loads_nothing_heavy():
    heavy = run(
        "import sys, trajectories\n"
        "print([m for m in ('sympy', 'matplotlib', 'numpy', 'PIL', 'tqdm') if m in sys.modules])"
    )
    assert heavy == "[]"


@pytest.mark.parametrize(
    ("name", "loaded"),
    [("Adam", ["numpy"]), ("descend", ["numpy", "sympy"]), ("SURFACES", ["numpy", "sympy"])],
)
def test_a_name_loads_only_what_it_needs(name, loaded):
    modules = "('matplotlib', 'numpy', 'sympy')"
    code = f"import sys; from trajectories import {name}\n"
    assert run(code + f"print([m for m in {modules} if m in sys.modules])") == str(loaded)


def test_importing_changes_no_settings_of_matplotlib():
    code = """
import sys
import matplotlib
def settings():
    # To read the backend is to choose one.
    return {key: matplotlib.rcParams[key] for key in matplotlib.rcParams if key != "backend"}
before = settings()
import trajectories
for name in trajectories.__all__:
    getattr(trajectories, name)
print(settings() == before, "matplotlib.pyplot" in sys.modules)
"""
    assert run(code) == "True False"


def test_star_import_and_dir_give_the_public_names():
    space = {}
    exec("from trajectories import *", space)
    assert set(trajectories.__all__) <= set(space)
    assert dir(trajectories) == sorted(trajectories.__all__)


@pytest.mark.parametrize("name", ["nonsense", "adam", "_private", "plot_3d_"])
def test_unknown_name_is_an_attribute_error(name):
    with pytest.raises(AttributeError, match=f"module 'trajectories' has no attribute '{name}'"):
        getattr(trajectories, name)
    assert not hasattr(trajectories, name)
    with pytest.raises(ImportError):
        exec(f"from trajectories import {name}")


def test_version_is_the_same_everywhere():
    version = trajectories.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", version)
    assert importlib.metadata.version("trajectories") == version
    citation = Path(__file__).parents[1] / "CITATION.cff"
    assert re.search(r"^version: (.*)$", citation.read_text("utf-8"), re.M)[1] == version


def test_package_is_marked_as_typed():
    assert (Path(trajectories.__file__).parent / "py.typed").exists()


def test_each_module_says_what_it_is():
    for module in map(importlib.import_module, MODULES):
        assert module.__doc__, module.__name__
        for name in getattr(module, "__all__", ()):
            assert hasattr(module, name), f"{module.__name__}.{name}"
