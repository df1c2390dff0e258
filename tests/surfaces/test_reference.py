"""Surfaces against reference data from 50-digit arithmetic."""

import json
from pathlib import Path

import numpy as np
import pytest

from trajectories import SURFACES, Surface

REFERENCE = {
    entry["name"]: entry
    for entry in json.loads(
        (Path(__file__).parents[1] / "data" / "surfaces.json").read_text(encoding="utf-8")
    )["surfaces"]
}


def assert_close(got, want):
    """Compare relative to the largest entry."""
    want = np.asarray(want)
    assert np.shape(got) == want.shape
    assert np.max(abs(got - want)) <= 1e-11 * np.max(abs(want))


def assert_matches(surface, points):
    p = np.array([(point["x"], point["y"]) for point in points])
    values, gradients, hessians = surface.value(p), surface.gradient(p), surface.hessian(p)
    assert np.array_equal(hessians, np.swapaxes(hessians, -1, -2))
    for i, point in enumerate(points):
        assert_close(values[i], point["f"])
        assert_close(gradients[i], point["grad"])
        assert_close(hessians[i][np.triu_indices(2)], point["hess"])


def test_all_39_reference_functions_are_there():
    assert len(REFERENCE) == 39


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_expression_read_as_a_formula(name):
    assert_matches(Surface(REFERENCE[name]["expr"]), REFERENCE[name]["points"])


def test_the_catalogue_has_all_of_them():
    assert set(SURFACES) - set(REFERENCE) == {"plateau", "winding_ravine"}
    assert set(REFERENCE) < set(SURFACES)


@pytest.mark.parametrize("name", REFERENCE)
def test_catalogue_surface(name):
    assert_matches(SURFACES[name], REFERENCE[name]["points"])


@pytest.mark.parametrize("name", REFERENCE)
def test_catalogue_domain_start_and_minima(name):
    surface, reference = SURFACES[name], REFERENCE[name]
    assert np.array_equal(surface.domain, reference["domain"])
    assert list(surface.start) == reference["starts"][0]
    places = np.array([[place["x"], place["y"]] for place in reference["minima"]]).reshape(-1, 2)
    declared = np.array(surface.declared_minima).reshape(-1, 2)
    if name == "shubert":  # The reference rounds its places to 12 decimals.
        assert np.max(abs(declared - places)) < 1e-12
    else:
        assert np.array_equal(declared, places)


@pytest.mark.parametrize("name", [name for name in REFERENCE if SURFACES.entry(name).minima])
def test_declared_minima_reach_the_lowest_value(name):
    surface, reference = SURFACES[name], REFERENCE[name]
    assert surface.floor == min(surface.value(surface.minima))
    # schwefel is lowest where its terms of some 400 cancel.
    assert surface.value(surface.minima) == pytest.approx(reference["f_min"], rel=1e-14, abs=2e-13)


def test_the_gradient_at_the_tip_of_ackley_is_exactly_zero():
    # Symbolically it is 0/0; the mean over four symmetric points around the tip is 0.
    assert np.array_equal(SURFACES["ackley"].gradient((0, 0)), [0.0, 0.0])


# bukin6 has a kink along its valley; the four minima of schaffer4 lie one cell of the search's grid
# apart, where a flat patch is taken for one minimum.
SEARCHED = [name for name in REFERENCE if name not in {"bukin6", "schaffer4"}]
ON_THE_EDGE = {"adjiman", "eggholder"}


@pytest.mark.parametrize("name", SEARCHED)
def test_search_finds_exactly_the_known_minima(name):
    reference = REFERENCE[name]
    found = Surface(reference["expr"], domain=reference["domain"]).minima
    known = np.array([(place["x"], place["y"]) for place in reference["minima"]]).reshape(-1, 2)
    if name in ON_THE_EDGE:
        known = known[:0]
    assert found.shape == known.shape
    for place in known:
        assert np.min(np.hypot(*(found - place).T)) < 1e-7


@pytest.mark.parametrize("name", [name for name in SURFACES if name not in {"bukin6", "schaffer4"}])
def test_search_agrees_with_what_the_catalogue_declares(name):
    entry = SURFACES.entry(name)
    found = Surface(entry.formula, domain=entry.domain).minima
    known = np.array([place for place in entry.minima if place not in entry.edge]).reshape(-1, 2)
    assert found.shape == known.shape
    for place in known:
        assert np.min(np.hypot(*(found - place).T)) < 1e-7
