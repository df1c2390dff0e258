"""The search for the places where a surface is lowest."""

import pickle

import numpy as np
import pytest

from trajectories import Surface


@pytest.mark.parametrize(
    ("formula", "domain", "places"),
    [
        # Between the grid points; or right in the middle of two, which count as one.
        ("(x - 1/3)**2 + exp(y) - 2*y", ((-2, 2), (-2, 2)), [(1 / 3, np.log(2))]),
        ("(x - 1/80)**2 + y**2", ((-2, 2), (-2, 2)), [(1 / 80, 0)]),
        # In order of x.
        ("(x**2 - 4)**2 + (y - 1)**2", ((-5, 5), (-5, 5)), [(-2, 1), (2, 1)]),
        # Only the lowest of several, though part of the domain has no value.
        ("(x**2 - 1)**2 + x/10 + y**2", ((-2, 2), (-2, 2)), [(-1.0123, 0)]),
        ("(x**2 - 1)**2 + x/10 + y**2 + 0*sqrt(y + 1)", ((-2, 2), (-2, 2)), [(-1.0123, 0)]),
        # The surface falls to the edge, or its minimum lies outside, or there is no value at all.
        *((text, ((-9, 9), (-9, 9)), []) for text in ("x", "x**2 - y**2", "x**3 + y**2")),
        ("x**2 + y**2", ((1, 5), (1, 5)), []),
        ("sqrt(-1 - x**2 - y**2)", ((-9, 9), (-9, 9)), []),
    ],
)
def test_the_search_finds_the_places_of_the_lowest_value(formula, domain, places):
    found = Surface(formula, domain=domain).minima
    assert found.shape == (len(places), 2)
    assert found == pytest.approx(np.array(places).reshape(-1, 2), abs=1e-4)
    assert np.abs(Surface(formula).gradient(found)).max(initial=0) < 1e-9


def test_all_of_many_equal_minima_are_found():
    # Where both cosines are -1: ten times ten places.
    found = Surface("cos(3*x) + cos(3*y)").minima
    places = np.pi * (2 * np.arange(-5, 5) + 1) / 3
    assert len(found) == 100
    assert found == pytest.approx(np.array([(x, y) for x in places for y in places]), abs=1e-7)


@pytest.mark.parametrize("declared", [[], [(1, 0)]])
def test_what_is_known_goes_along_in_a_pickle_and_cannot_be_changed(declared):
    surface = Surface("(x - 1)**2 + y**2", minima=declared)
    found = surface.minima
    copied = pickle.loads(pickle.dumps(surface))
    assert "minima" in vars(copied)
    assert np.array_equal(copied.minima, found)
    for one in (surface, copied):
        with pytest.raises(ValueError, match="read-only"):
            one.minima[0] = 1


def test_the_floor_is_the_lowest_value():
    assert Surface("x**2 + y**2", minima=[(3, 4)]).floor == 25
    assert Surface("(x - 3)**2 + y**2 - 7").floor == -7.0
    assert isinstance(Surface("x**2 + y**2").floor, float)
    assert Surface("x**2 - y**2").floor is None
