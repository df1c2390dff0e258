"""The named surfaces, and what stands for a surface."""

import subprocess
import sys
from pathlib import Path

import pytest
import sympy as sp

from trajectories import SURFACES, FormulaError, Surface
from trajectories.surfaces import catalogue
from trajectories.surfaces.catalogue import as_surface


def test_the_catalogue_lists_its_surfaces():
    assert len(SURFACES) == len(list(SURFACES)) == 41
    assert set(SURFACES) > {"book_quadratic", "rosenbrock", "saddle"}


@pytest.mark.parametrize("name", SURFACES)
def test_a_surface_carries_its_entry(name):
    surface, entry = SURFACES[name], SURFACES.entry(name)
    assert surface.name == name
    assert surface == Surface(entry.formula)
    assert (surface.domain, surface.start) == (entry.domain, entry.start)
    assert (surface.about, surface.source) == (entry.about, entry.source)
    assert surface.about
    assert surface.source


def test_the_book_comes_first_and_every_line_is_its_own():
    entries = [SURFACES.entry(name) for name in SURFACES]
    assert next(iter(SURFACES)) == "book_quadratic"
    for field in ("formula", "about"):
        assert len({getattr(entry, field) for entry in entries}) == len(entries)
    assert max(len(entry.about) for entry in entries) <= 90
    assert not [entry.about for entry in entries if entry.about.endswith(".")]


def test_the_catalogue_itself_loads_no_sympy():
    # The package around it does: a stand-in leaves that out.
    code = f"""
import sys, types
package = types.ModuleType("trajectories.surfaces")
package.__path__ = [{str(Path(catalogue.__file__).parent)!r}]
sys.modules["trajectories.surfaces"] = package
from trajectories.surfaces.catalogue import ENTRIES, SURFACES
assert len(ENTRIES) == len(SURFACES) and "cubic" not in SURFACES
print([name for name in ("sympy", "matplotlib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_surface_is_built_once():
    assert SURFACES["beale"] is SURFACES["beale"]


@pytest.mark.parametrize("name", ["six_hump_camel", "Six-Hump Camel", " SIXHUMPCAMEL "])
def test_capitals_blanks_and_hyphens_do_not_count(name):
    assert SURFACES[name] is SURFACES["six_hump_camel"]
    assert name in SURFACES
    assert as_surface(name) is SURFACES["six_hump_camel"]


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(KeyError, match="Did you mean 'rosenbrock'"):
        SURFACES["rosenbrok"]
    assert "rosenbrok" not in SURFACES


@pytest.mark.parametrize("word", ["rosenbrok", "banana", "z"])
def test_a_word_that_is_no_surface_lists_the_known_ones(word):
    with pytest.raises(ValueError, match=rf"Unknown surface '{word}'.*Known: book_quadratic"):
        as_surface(word)


def test_a_surface_stands_for_itself():
    surface = Surface("x*y")
    assert as_surface(surface) is surface


@pytest.mark.parametrize(
    "formula", ["x*y", "y * x", sp.Symbol("x") * sp.Symbol("y"), lambda x, y: x * y]
)
def test_a_formula_in_any_form_stands_for_a_surface(formula):
    assert as_surface(formula) == Surface("x*y")


@pytest.mark.parametrize("word", ["x", "y"])
def test_a_variable_alone_is_a_formula(word):
    assert as_surface(word) == Surface(word)


def test_a_function_without_argument_is_told_apart_from_an_unknown_name():
    with pytest.raises(FormulaError, match=r"write `sin\(\.\.\.\)`"):
        as_surface("sin")


@pytest.mark.parametrize("thing", [None, True, ["x"], b"x", {"formula": "x"}, sp.Matrix([1, 2])])
def test_nothing_else_stands_for_a_surface(thing):
    with pytest.raises(TypeError, match="`formula` must be text, a SymPy expression or a function"):
        as_surface(thing)
