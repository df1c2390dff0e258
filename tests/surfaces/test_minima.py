"""The search for the places where a surface is lowest."""

import pickle

import numpy as np
import pytest

from trajectories import Surface
from trajectories.surfaces.surface import local_minima


def test_local_minima_come_lowest_first():
    z = np.full((5, 7), 9.0)
    z[1, 1], z[3, 5], z[1, 4] = 2.0, 1.0, 3.0
    assert local_minima(z).tolist() == [[3, 5], [1, 1], [1, 4]]


def test_a_flat_pair_of_grid_points_counts_once():
    z = np.full((5, 6), 9.0)
    z[2, 2] = z[2, 3] = 1.0
    assert len(local_minima(z)) == 1


def test_points_on_the_rim_and_nan_are_no_minima():
    z = np.full((4, 4), 9.0)
    z[0, 1], z[1, 1] = 0.0, np.nan
    assert len(local_minima(z)) == 0


@pytest.mark.parametrize("formula", ["x", "x**2 - y**2", "-x**2 - y**2", "x**3 + y**2"])
def test_none_where_the_surface_falls_to_the_edge(formula):
    assert Surface(formula).minima.shape == (0, 2)


def test_none_where_the_surface_is_nowhere_finite():
    assert Surface("sqrt(-1 - x**2 - y**2)").minima.shape == (0, 2)


def test_a_minimum_between_the_grid_points_is_refined():
    found = Surface("(x - 1/3)**2 + exp(y) - 2*y", domain=((-2, 2), (-2, 2))).minima
    assert found == pytest.approx(np.array([[1 / 3, np.log(2)]]), abs=1e-12)


def test_only_the_lowest_of_several_is_a_global_minimum():
    found = Surface("(x**2 - 1)**2 + x/10 + y**2", domain=((-2, 2), (-2, 2))).minima
    assert len(found) == 1
    assert found[0, 0] < -1


def test_all_of_many_equal_minima_are_found():
    # Where both cosines are -1: ten times ten places.
    found = Surface("cos(3*x) + cos(3*y)").minima
    places = np.pi * (2 * np.arange(-5, 5) + 1) / 3
    assert len(found) == 100
    assert found == pytest.approx(np.array([(x, y) for x in places for y in places]), abs=1e-7)


def test_what_is_returned_cannot_be_changed_by_accident():
    for surface in (Surface("x**2 + y**2"), Surface("x**2 + y**2", minima=[(0, 0)])):
        with pytest.raises(ValueError, match="read-only"):
            surface.minima[0] = 1


def test_what_was_found_goes_along_in_a_pickle_and_stays_as_it_is():
    surface = Surface("(x - 1)**2 + y**2")
    found = surface.minima
    copied = pickle.loads(pickle.dumps(surface))
    assert "minima" in vars(copied)
    assert np.array_equal(copied.minima, found)
    with pytest.raises(ValueError, match="read-only"):
        copied.minima[0] = 1


def test_equal_minima_come_in_order_of_x():
    found = Surface("(x**2 - 4)**2 + (y - 1)**2").minima
    assert found == pytest.approx(np.array([[-2.0, 1.0], [2.0, 1.0]]), abs=1e-9)


def test_the_search_stays_in_the_domain():
    # The only minimum, at (0, 0), lies outside.
    assert len(Surface("x**2 + y**2", domain=((1, 5), (1, 5))).minima) == 0


def test_the_floor_is_the_lowest_value():
    assert Surface("(x - 3)**2 + y**2 - 7").floor == -7.0
    assert isinstance(Surface("x**2 + y**2").floor, float)
    assert Surface("x**2 - y**2").floor is None


def test_declared_minima_are_not_searched_for():
    assert Surface("x**2 + y**2", minima=[(3, 4)]).minima.tolist() == [[3.0, 4.0]]
