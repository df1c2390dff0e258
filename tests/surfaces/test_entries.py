"""What the catalogue says of its surfaces, held against the surfaces."""

from functools import cache

import numpy as np
import pytest

from trajectories import SURFACES, Surface
from trajectories.surfaces.surface import local_minima

WITH_MINIMA = [name for name in SURFACES if SURFACES.entry(name).minima]


def smooth_minima(name):
    entry = SURFACES.entry(name)
    places = [place for place in entry.minima if place not in (*entry.kinks, *entry.edge)]
    return np.array(places).reshape(-1, 2)


@cache
def lowest(surface):
    """Return the lowest value that a fine grid finds, with ever finer ones around its best wells.

    Nothing of the package's own search is used but the comparison of neighbours.
    """
    low, high = np.transpose(surface.domain)
    axes = [np.linspace(a, b, 801) for a, b in surface.domain]
    z = surface(axes[0], axes[1][:, None])
    wells = local_minima(np.pad(z, 1, constant_values=np.inf))[:200] - 1
    p = np.stack([axes[0][wells[:, 1]], axes[1][wells[:, 0]]], axis=-1)
    cell = (high - low) / 800
    offsets = np.stack(np.meshgrid(*2 * [np.linspace(-1, 1, 11)]), axis=-1).reshape(-1, 2)
    for _ in range(24):
        around = np.clip(p[:, None] + offsets * cell, low, high)
        best = np.argmin(surface.value(around), axis=1)
        p = around[np.arange(len(p)), best]
        cell = cell / 2
    return min(z.min(), surface.value(p).min())


@pytest.mark.parametrize("name", WITH_MINIMA)
def test_nothing_in_the_domain_is_lower(name):
    surface = SURFACES[name]
    assert lowest(surface) >= surface.floor - 1e-12 * max(1.0, abs(surface.floor))


@pytest.mark.parametrize("name", WITH_MINIMA)
def test_the_search_of_these_tests_finds_what_is_declared(name):
    # Otherwise the test above could not fail. It stays in a crease short of its bottom.
    slack = 1e-3 if name == "bukin6" else 1e-7
    surface = SURFACES[name]
    assert lowest(surface) <= surface.floor + slack * max(1.0, abs(surface.floor))


def test_the_search_of_these_tests_is_not_fooled_by_a_local_minimum():
    entry = SURFACES.entry("three_hump_camel")
    wrong = Surface(entry.formula, domain=entry.domain, minima=[(-1.7475523458, 0.8737761729)])
    assert np.max(abs(wrong.gradient(wrong.minima))) < 1e-8
    assert lowest(wrong) < wrong.floor - 0.29


@pytest.mark.parametrize("name", WITH_MINIMA)
def test_all_declared_minima_are_equally_low_in_the_domain_and_apart(name):
    surface = SURFACES[name]
    values = surface.value(surface.minima)
    assert np.ptp(values) <= 1e-14 * max(1.0, abs(surface.floor)) * 100
    low, high = np.transpose(surface.domain)
    assert ((surface.minima >= low) & (surface.minima <= high)).all()
    assert ((np.array(surface.start) >= low) & (np.array(surface.start) <= high)).all()
    assert len(set(surface.declared_minima)) == len(surface.declared_minima)
    assert surface.start not in surface.declared_minima


@pytest.mark.parametrize("name", [name for name in WITH_MINIMA if len(smooth_minima(name))])
def test_at_smooth_minima_the_gradient_is_zero_and_the_curvature_is_upwards(name):
    surface, places = SURFACES[name], smooth_minima(name)
    curvature = np.linalg.eigvalsh(surface.hessian(places))
    assert (curvature[:, 0] >= -1e-12 * curvature[:, 1]).all()
    # The places are rounded to float64, which leaves a gradient of about curvature * 1e-16.
    norm = np.hypot(*surface.gradient(places).T)
    scale = curvature[:, 1] * np.maximum(1.0, np.abs(places).max(axis=-1))
    assert (norm <= 2e-15 * scale).all()


def test_nearly_all_minima_are_smooth():
    declared = sum(len(SURFACES.entry(name).minima) for name in SURFACES)
    assert sum(len(smooth_minima(name)) for name in WITH_MINIMA) == declared - 5


@pytest.mark.parametrize("name", ["ackley", "bukin6", "drop_wave"])
def test_kinks_have_a_bounded_subgradient_where_the_formula_has_none(name):
    surface, entry = SURFACES[name], SURFACES.entry(name)
    assert entry.kinks == entry.minima
    raw = np.empty((2, 1))
    with np.errstate(all="ignore"):
        surface._gradient_program(*np.array(entry.kinks).T, raw)
    assert np.isnan(raw).any()
    # Beside bukin6's crease the slope is in the tens of thousands; in it hardly any is left.
    assert np.max(abs(surface.gradient(entry.kinks))) <= (1e-2 if name == "bukin6" else 0.0)


@pytest.mark.parametrize("name", ["eggholder", "adjiman"])
def test_minima_on_the_edge_slope_outwards_and_are_lowest_along_it(name):
    surface, ((x, y),) = SURFACES[name], SURFACES.entry(name).edge
    assert x == surface.domain[0][1]
    by_x, by_y = surface.gradient((x, y))
    assert by_x < -1
    assert abs(by_y) < 1e-12 * max(1.0, abs(y))
    assert surface.hessian((x, y))[1, 1] > 0


@pytest.mark.parametrize("name", ["saddle", "monkey_saddle"])
def test_saddles_have_no_minimum(name):
    surface = SURFACES[name]
    assert surface.minima.shape == (0, 2)
    assert surface.floor is None
    assert np.array_equal(surface.gradient((0, 0)), [0, 0])
    assert lowest(surface) < surface.value((0, 0))


LINES = {
    "x axis": lambda t: (t, 0 * t),
    "y axis": lambda t: (0 * t, t),
    "diagonal": lambda t: (t, t),
    "other diagonal": lambda t: (t, -t),
    "ridge of bukin6": lambda t: (t, 0.01 * t**2),
    "creases of eggholder": lambda t: (t, t - 47),
    "other creases of eggholder": lambda t: (t, -(t / 2) - 47),
    "ring of holder_table": lambda t: (np.pi * np.cos(t), np.pi * np.sin(t)),
    "lattice of cross_in_tray": lambda t: (np.pi * np.round(t), t),
    "other lattice of holder_table": lambda t: (t, np.pi * (np.round(t) + 0.5)),
}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("name", SURFACES)
def test_values_and_gradients_are_finite_along_kinks(name, line):
    surface = SURFACES[name]
    reach = min(np.max(np.abs(surface.domain)), 500.0)
    t = np.union1d(np.linspace(-reach, reach, 201), np.arange(-20.0, 21.0))
    p = np.stack(LINES[line](t), axis=-1)
    assert np.isfinite(surface.value(p)).all()
    gradients = surface.gradient(p)
    assert np.isfinite(gradients).all()
    x, y = np.ascontiguousarray(p.T)
    out = np.empty_like(p.T)
    with np.errstate(all="ignore"):
        surface.bind_gradient(x, y, out)()
    assert np.array_equal(out.T, gradients)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("bukin6", "ridge of bukin6"),
        ("eggholder", "creases of eggholder"),
        ("eggholder", "other creases of eggholder"),
        ("schwefel", "x axis"),
        ("schwefel", "y axis"),
    ],
)
def test_these_lines_are_creases_on_which_the_formula_has_no_gradient(name, line):
    # Otherwise the test above would not meet the repair.
    t = np.arange(-20.0, 21.0)
    x, y = map(np.ascontiguousarray, LINES[line](t))
    raw = np.empty((2, t.size))
    with np.errstate(all="ignore"):
        SURFACES[name]._gradient_program(x, y, raw)
    assert np.isnan(raw).any(axis=0).mean() > 0.9


def test_the_plateau_fades_and_the_ravine_is_narrow():
    plateau = SURFACES["plateau"]
    slopes = np.hypot(*plateau.gradient([(2, 0), (-5, 3), (-8, 8)]).T)
    assert slopes[0] > 30 * slopes[1] > 1e4 * slopes[2] > 0
    ravine = SURFACES["winding_ravine"]
    bottom = np.stack([np.linspace(-8, 8, 33), np.sin(np.linspace(-8, 8, 33))], axis=-1)
    assert (ravine.value(bottom + [0, 1]) > 2.5 * ravine.value(bottom)).all()
    # It bends: from the start, the way to the minimum crosses its walls.
    straight = np.linspace(0, 1, 50)[:, None] * [-8.0, np.sin(-8.0)]
    assert ravine.value(straight).max() > 3 * ravine.value(straight)[-1]
