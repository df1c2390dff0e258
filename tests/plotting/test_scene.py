"""What a picture of paths shows, as plain data."""

import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from trajectories import SURFACES, Scene, Surface, compare, descend, plot

RATES = {"rosenbrock": 0.0005, "beale": 0.001, "himmelblau": 0.01, "booth": 0.05}
SQUARE = ((-1, 1), (-1, 1))


def relaxed(examples):
    return settings(max_examples=examples, deadline=None, database=None, derandomize=True)


def view(paths, **how):
    """Return the limits that are shown."""
    return Scene.of(paths, resolution=3, **how).limits


def exits_of(paths, limits=SQUARE):
    return Scene.of(paths, limits=limits, resolution=3).tracks[0].exits


@pytest.mark.parametrize("aspect", [None, 1.4])
@pytest.mark.parametrize("name", [*RATES, "monkey_saddle"])
def test_view_holds_starts_minima_and_path_with_a_margin(name, aspect):
    surface = SURFACES[name]
    lr = RATES.get(name, 0.05)
    paths = compare(surface, [f"sgd:lr={lr}", f"momentum:lr={lr / 5}", "adam:lr=0.05"], steps=30)
    low, high = np.transpose(view(paths, aspect=aspect))
    domain = np.array(surface.domain)
    points = np.concatenate([path.positions.reshape(-1, 2) for path in paths])
    at_home = points[((points >= domain[:, 0]) & (points <= domain[:, 1])).all(axis=1)]
    shown = np.concatenate([at_home, [surface.start], surface.minima])
    margin = 0.05 * (high - low)
    assert (shown >= low + margin).all()
    assert (shown <= high - margin).all()


def test_view_is_no_larger_than_what_happened_needs(zigzag):
    low, high = np.transpose(view(zigzag))
    points = np.concatenate([path.positions for path in zigzag] + [zigzag[0].surface.minima])
    np.testing.assert_allclose(high - low, 1.2 * np.ptp(points, axis=0))
    np.testing.assert_allclose((high + low) / 2, (points.max(axis=0) + points.min(axis=0)) / 2)


@pytest.mark.parametrize("aspect", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("start", [(-7.0, 0.0), (0.0, 5.0)])
def test_thin_path_is_stretched_at_most_threefold(start, aspect):
    path = descend("x**2 + y**2", "sgd:lr=0.1", start=start, steps=20)
    free = np.ptp(view(path), axis=1)
    side = np.ptp(view(path, aspect=aspect), axis=1)
    assert (side >= free * 0.999).all()
    assert 0.333 < side[0] / side[1] / aspect < 3.001


def test_path_that_does_not_move_or_starts_outside_the_domain_is_shown(handmade):
    (x0, x1), (y0, y1) = view(handmade([[2.0, 1.0]] * 4, "x*y", minima=[(2.0, 1.0)]))
    assert x0 < 2 < x1
    assert y0 < 1 < y1
    (x0, _), (_, y1) = view(descend("sphere", "sgd:lr=0.1", start=(-40, 30), steps=60))
    assert x0 < -40
    assert y1 > 30


def test_limits_can_be_the_domain_or_given(zigzag):
    domain = zigzag[0].surface.domain
    assert view(zigzag, limits="domain") == view(zigzag, limits="domain", aspect=3.0) == domain
    given_ones = ((-1.0, 2.0), (-3.0, 4.5))
    assert view(zigzag, limits=given_ones, aspect=3.0) == given_ones
    assert view(zigzag, limits=[[-1, 2], [-3, 4.5]]) == given_ones


@pytest.mark.parametrize(
    "limits",
    [
        *("Domain!", 7, (0, 1, 2, 3), ((0, 1), (2, 2)), ((0, 1), (0, float("nan")))),
        *(((0, float("inf")), (0, 1)), ((0, 1, 2), (0, 1)), (("a", "b"), ("c", "d"))),
    ],
)
def test_limits_that_are_no_rectangle_are_refused_by_name(limits, zigzag):
    with pytest.raises((ValueError, TypeError), match="`limits` must be"):
        Scene.of(zigzag, limits=limits)


@pytest.mark.parametrize("lr", [1.2, 1e6, 1e200])
def test_diverging_path_does_not_blow_up_the_view(lr):
    stays = descend("sphere", "sgd:lr=0.1", start=(-4, 3), steps=60)
    goes = descend("sphere", f"sgd:lr={lr}", start=(-4, 3), steps=60)
    scene = Scene.of([stays, goes], resolution=5, aspect=1.3)
    (x0, x1), (y0, y1) = scene.limits
    assert 4 < x1 - x0 < 2.5 * 10.24
    assert 3 < y1 - y0 < 2.5 * 10.24
    assert scene.tracks[0].exits == (None,)
    assert scene.tracks[1].exits[0] is not None


@pytest.mark.parametrize("name", ["rosenbrock", "ackley", "easom"])
def test_levels_rise_at_equal_ratios_over_the_floor(name):
    scene = Scene.of(descend(SURFACES[name], "sgd:lr=0.0001", steps=3), limits="domain")
    levels = scene.contour_grid.levels
    assert len(levels) >= 8
    assert (np.diff(levels) > 0).all()
    assert np.nanmin(scene.contour_grid.z) <= levels[0]
    assert levels[-1] < np.nanmax(scene.contour_grid.z)
    ratios = np.diff(np.log(levels - scene.floor))
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-6)


@pytest.mark.parametrize("formula", ["3", "0*x"])
def test_constant_surface_has_no_levels(formula, pixels):
    with pytest.warns(UserWarning, match="constant"):
        surface = Surface(formula)
    path = descend(surface, "sgd:lr=0.1", steps=3)
    assert len(Scene.of(path).contour_grid.levels) == 0
    pixels(plot(path).figure)


@pytest.mark.parametrize(
    "formula",
    ["900000000000 + x**10*y**10/10**18", "(x*y)**32", "x**2/10**14 + y**2/10**14"],
)
def test_levels_rise_strictly_whatever_the_scale_of_f(formula):
    surface = Surface(formula, minima=[(0, 0)])
    grid = Scene.of(descend(surface, "sgd:lr=1e-9", steps=1), limits="domain").contour_grid
    assert (np.diff(grid.levels) > 0).all()


def test_surface_that_is_not_finite_everywhere_has_a_hole(pixels):
    surface = Surface("log(x) + y**2", domain=((-2, 4), (-3, 3)), start=(3, 2))
    path = descend(surface, "sgd:lr=0.1", steps=5)
    scene = Scene.of(path, limits="domain")
    left = scene.contour_grid.x <= 0
    assert np.isnan(scene.contour_grid.z[:, left]).all()
    assert np.isfinite(scene.contour_grid.z[:, ~left]).all()
    assert np.isfinite(scene.contour_grid.levels).all()
    assert len(scene.contour_grid.levels)
    pixels(plot(path, limits="domain").figure)
    read = json.loads(json.dumps(scene.to_dict(), allow_nan=False))
    assert read["contour_grid"]["z"][0][0] is None
    assert read["floor"] is None


inner = st.floats(0.05, 0.95)
side = st.floats(0.5, 100)
corner = st.floats(-100, 100)


@relaxed(40)
@given(
    low=st.tuples(corner, corner),
    size=st.tuples(side, side),
    here=st.tuples(inner, inner),
    angle=st.floats(0, 2 * np.pi),
    reach=st.floats(1.5, 50),
    before=st.integers(1, 4),
)
def test_straight_path_exits_on_the_edge_and_on_its_own_line(
    low, size, here, angle, reach, before, handmade
):
    low, size, here = np.array(low), np.array(size), np.array(here)
    start = low + size * here
    end = start + reach * size * [np.cos(angle), np.sin(angle)]
    limits = tuple(zip(low.tolist(), (low + size).tolist(), strict=True))
    (leaving,) = exits_of(handmade([start] * before + [end]), limits)
    assert leaving.step == before
    point = (np.array(leaving.point) - low) / size
    assert (point >= -1e-9).all()
    assert (point <= 1 + 1e-9).all()
    assert np.minimum(abs(point), abs(point - 1)).min() < 1e-9
    along, whole = point - here, (end - start) / size
    assert abs(along[0] * whole[1] - along[1] * whole[0]) < 1e-7 * reach
    assert 0 < along @ whole < whole @ whole
    assert np.hypot(*leaving.direction) == pytest.approx(1)
    np.testing.assert_allclose(leaving.direction, whole / np.hypot(*whole), atol=1e-9)


@relaxed(40)
@given(angle=st.floats(0, 2 * np.pi), stride=st.floats(0.05, 0.9))
def test_exit_is_the_first_step_outside(angle, stride, handmade):
    heading = np.array([np.cos(angle), np.sin(angle)])
    positions = stride * np.arange(60)[:, None] * heading
    (leaving,) = exits_of(handmade(positions), ((-1, 1), (-2, 2)))
    # A step on the very edge may be rounded to either side of it.
    far = (abs(positions) / [1, 2]).max(axis=1)
    assert leaving.step in (np.argmax(far > 1 - 1e-12), np.argmax(far > 1 + 1e-12))


def test_path_that_returns_leaves_the_last_time_if_at_all(handmade):
    assert exits_of(handmade([(0, 0), (5, 5), (0.5, 0.5)])) == (None,)
    assert exits_of(handmade([(5, 5), (6, 6)])) == (None,)  # Never in sight.
    (leaving,) = exits_of(handmade([(0, 0), (5, 0), (0, 0.5), (0, 5), (0, 9)]))
    assert leaving.step == 3
    assert leaving.point == pytest.approx((0, 1))
    assert leaving.direction == pytest.approx((0, 1))


@pytest.mark.parametrize("jump", [np.inf, np.nan])
def test_path_that_jumps_to_infinity_is_lost_where_it_was(jump, handmade):
    (leaving,) = exits_of(handmade([(0, 0), (0.5, 0.25), (jump, 0), (jump, jump)]))
    assert leaving.step == 2
    assert leaving.point == pytest.approx((0.5, 0.25))
    assert leaving.direction == (0, 0)


@pytest.mark.parametrize(
    ("start", "label"),
    [
        ((1e308, 1e308), "SGD: lost at step 0"),
        ([(1e308, 1e308), (-1e308, 0)], "SGD: lost at step 0"),
        ([(1e308, 1e308), (1, 1)], "SGD"),
    ],
)
def test_paths_that_are_all_lost_at_once_are_called_so(start, label, pixels):
    path = descend("x**2 + y**2", "sgd:0.1", start=start, steps=3)
    assert Scene.of(path, resolution=3).tracks[0].label == label
    pixels(plot(path, size=(320, 240)).figure)


def test_what_is_no_trajectory_and_paths_on_different_surfaces_are_refused(zigzag):
    other = descend("rosenbrock", "sgd:lr=0.0001", steps=3)
    with pytest.raises(ValueError, match="on one surface.*rosenbrock"):
        Scene.of([*zigzag, other])
    with pytest.raises(ValueError, match="at least one"):
        Scene.of([])
    for wrong in ("x*y", [1, 2], np.zeros((3, 2)), None, 5):
        with pytest.raises(TypeError, match="`trajectories` must be what"):
            Scene.of(wrong)


@pytest.mark.parametrize("which", ["leaving", "many"])
def test_scene_as_dict_is_json_and_holds_the_positions(which, request):
    scene = Scene.of(request.getfixturevalue(which), resolution=7)
    read = json.loads(json.dumps(scene.to_dict(), allow_nan=False))
    assert read["limits"] == [list(pair) for pair in scene.limits]
    assert read["floor"] == scene.floor
    np.testing.assert_array_equal(read["contour_grid"]["z"], scene.contour_grid.z)
    for track, kept in zip(scene.tracks, read["tracks"], strict=True):
        assert kept["label"] == track.label
        positions = np.array(kept["positions"], dtype=float)  # None becomes NaN.
        np.testing.assert_array_equal(positions, track.positions)
        steps = [leaving and leaving["step"] for leaving in kept["exits"]]
        assert steps == [leaving and leaving.step for leaving in track.exits]
