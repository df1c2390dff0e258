"""Paths on the surface in 3-D."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.proj3d import proj_transform

from trajectories import Scene, Surface, animate, compare, descend, plot_3d

SIZE = (320, 240)
BOWL = "x**2/20 + y**2"


def picture(paths, **how):
    return animate(paths, **{"layout": "3d", "size": SIZE, **how}).picture()


def path_lines(ax):
    return [line for line in ax.lines if line.get_linestyle() != "None"]


def in_pixels(ax, places):
    """Return where the camera sees places."""
    return ax.transData.transform(np.transpose(proj_transform(*np.transpose(places), ax.M)[:2]))


def lines_in_pixels(ax):
    """Return the points of what is seen of the contours and the rim."""
    ax.figure.canvas.draw()
    points = np.concatenate(ax.collections[1].get_segments())
    return ax.transData.transform(points[np.isfinite(points).all(axis=1)])


def named(ax, label):
    """Return the pale and the plain places with this label."""
    return [line for line in ax.lines if line.get_label() == label]


def test_camera_comes_to_rest_where_it_stands_in_a_still_picture(short):
    turning = picture(short, azimuth=40, orbit=60)
    (ax,) = turning.figure.axes
    azimuths = []
    for step in (0, 3, 6, 0):
        turning.show(step)
        azimuths.append(ax.azim)
    assert azimuths == pytest.approx([-20, 10, 40, -20])
    still = picture(short, azimuth=40)
    still.show(3)
    assert still.figure.axes[0].azim == 40


@pytest.mark.parametrize("name", ["rosenbrock", "six_hump_camel"])
def test_paths_lie_on_the_surface_and_contours_about_equally_far_apart(name):
    paths = compare(name, ["sgd:0.001", "adam:0.3"], steps=12)
    ax = plot_3d(paths, size=SIZE)
    low, high = ax.get_zlim()
    surface, unit = paths[0].surface, None
    scene = Scene.of(paths, aspect=1.2)
    for line, path in zip(path_lines(ax), paths, strict=True):
        x, y, z = (np.asarray(data) for data in line.get_data_3d())
        assert len(x) >= len(path.positions)
        above = surface(x, y) - surface.floor
        if unit is None:  # Heights are log(1 + (f - floor) / unit).
            unit = above[0] / np.expm1(z[0])
        np.testing.assert_allclose(z, np.log1p(above / unit), atol=1e-6 * (high - low))
        assert np.isfinite(z[: len(path.positions) // 2]).all()
        assert np.nanmin(z) >= low - 1e-9
        assert np.nanmax(z) <= high + 0.02 * (high - low)
        # It follows the surface between the steps, with points close together.
        parts = np.diff(np.stack([x, y], axis=1), axis=0) / np.ptp(scene.limits, axis=1)
        assert np.nanmax(abs(parts)) < 0.011
    gaps = np.diff(np.log1p((scene.contour_grid.levels - surface.floor) / unit))
    assert (gaps > 0).all()
    assert gaps[5:].max() < 2 * gaps[5:].min()


@pytest.mark.parametrize(
    ("formula", "label"),
    [("x**2 + y**2", "$f(x, y)$"), ("x**2 + y**2 - 2.5", "$f(x, y) + 2.5$")]
    + [("x**2 + y**2 + 3", "$f(x, y) - 3$"), ("x**2 + y**2 - 10**6", "$f(x, y) + 10^{6}$")],
)
def test_ticks_tell_f_less_its_floor_where_the_scale_puts_it(formula, label):
    path = descend(Surface(formula, domain=((-9, 9), (-9, 9))), "sgd:0.1", (5, 5), steps=5)
    ax = plot_3d(path, limits="domain")
    assert ax.get_zlabel() == label
    ax.figure.canvas.draw()
    told = np.array([float(word.get_text()) for word in ax.get_zticklabels()])
    assert told[0] == 0
    assert len(told) > 2
    assert max(told) <= 162
    unit = told[-1] / np.expm1(ax.get_zticks()[-1])
    np.testing.assert_allclose(ax.get_zticks(), np.log1p(told / unit), atol=1e-6)
    _, _, z = path_lines(ax)[0].get_data_3d()
    assert z[0] == pytest.approx(np.log1p(50 / unit))
    assert (np.diff(ax.get_zticks()) >= 0.05 * np.ptp(ax.get_zlim())).all()


def test_path_behind_the_hill_is_seen_all_the_same(handmade, pixels):
    # From the front, a bump in the middle hides what is behind it.
    bump = Surface("-4*exp(-3*(x**2 + y**2))*(-1)", domain=((-2, 2), (-2, 2)))
    behind = handmade([(-0.4, 0.6), (0.4, 0.6)], bump)
    camera = {"azimuth": -90, "elevation": 20, "limits": "domain", "color": "#ff0000"}
    shown = pixels(plot_3d(behind, marker="", **camera).figure)
    red = (shown[..., 0] > 200) & (shown[..., 1] < 60) & (shown[..., 2] < 60)
    assert red.sum() > 100


def test_hidden_minima_are_pale_and_seen_ones_are_not():
    path = descend("himmelblau", "adam:0.3", steps=5)
    ax = plot_3d(path, limits="domain", azimuth=-60, elevation=45)
    pale, plain = named(ax, "_minimum")
    assert pale.get_alpha() < plain.get_alpha()
    shown = [np.transpose(line.get_data_3d())[:, :2] for line in (pale, plain)]
    assert min(map(len, shown)) > 0
    assert sorted(map(tuple, np.concatenate(shown))) == sorted(map(tuple, path.surface.minima))
    pale, plain = named(plot_3d(path, limits="domain", elevation=90), "_minimum")
    assert (len(pale.get_data_3d()[0]), len(plain.get_data_3d()[0])) == (0, 4)


def test_camera_stands_by_default_where_it_sees_the_path(handmade):
    # A slope that falls away from the usual place of the camera.
    slope = Surface("exp(2*y - x)", domain=((-1, 1), (-1, 1)))
    path = handmade([(0.5, -0.8), (0.6, -0.2), (0.9, 0.4)], slope)
    usual = plot_3d(descend(BOWL, "sgd", (-7, 2), 9)).azim
    assert plot_3d(path, limits="domain").azim != usual
    assert plot_3d(path, limits="domain", azimuth=12).azim == 12
    assert plot_3d(path, elevation=30).elev == 30


def test_path_ends_at_the_edge_with_an_arrow_and_words(leaving):
    shown = picture(leaving)
    (ax,) = shown.figure.axes

    def notes(step):
        shown.show(step)
        return {text.get_text() for text in ax.texts if text.get_visible()}

    exits = {track.label: track.exits[0] for track in shown.scene.tracks}
    out, lost = exits["out"].step, exits["lost"].step
    assert notes(shown.steps) == {
        f"out: out of view from step {out}",
        f"lost: diverged at step {lost}",
    }
    assert notes(out - 1) == {f"lost: diverged at step {lost}"}
    assert notes(0) == set()
    limits = np.array([ax.get_xlim(), ax.get_ylim()])
    for line in path_lines(ax):
        places = np.transpose(line.get_data_3d())[:, :2]
        places = places[np.isfinite(places).all(axis=1)]
        assert (places >= limits[:, 0] - 1e-6).all()
        assert (places <= limits[:, 1] + 1e-6).all()


def test_arrow_points_where_the_camera_sees_the_path_go(leaving):
    shown = picture(leaving, orbit=120)
    (ax,) = shown.figure.axes
    angles = []
    for step in (12, shown.steps):
        shown.show(step)
        (arrow,) = [line for line in ax.lines if isinstance(line.get_marker(), tuple)]
        angles.append(arrow.get_marker()[2])
        way = np.transpose(path_lines(ax)[0].get_data_3d())
        ax.M = ax.get_proj()
        way = in_pixels(ax, way[np.isfinite(way).all(axis=1)][-2:])
        seen = np.degrees(np.arctan2(*(way[1] - way[0])[::-1]))
        assert angles[-1] + 90 == pytest.approx(seen)
    assert abs(angles[0] - angles[1]) > 5


def test_notes_stand_where_the_surface_is_not(leaving, words):
    ax = plot_3d(leaving)
    boxes = [box for text, box in words(ax.figure) if "step " in text]
    assert len(boxes) == 2
    covered = lines_in_pixels(ax)
    for box in boxes:
        assert not ((covered > box.min) & (covered < box.max)).all(axis=1).any()


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"orbit": np.nan}, ValueError, "`orbit` must be finite"),
        *(({"orbit": turn}, TypeError, "`orbit`") for turn in ("far", True)),
        ({"elevation": 91}, ValueError, "`elevation` must be between 0 and 90"),
        ({"elevation": None}, TypeError, "`elevation`"),
        ({"azimuth": -np.inf}, ValueError, "`azimuth`"),
        ({"limits": ((1, 0), (0, 1))}, ValueError, "`limits`"),
        ({"theme": "slide"}, ValueError, "Did you mean 'slides'"),
        *(({"ax": ax}, TypeError, "`ax` must be 3-D Axes") for ax in (3, Figure().add_subplot())),
        ({"nonsense": 1}, TypeError, "nonsense"),
    ],
)
def test_bad_argument_is_refused_by_name(kwargs, error, words, short):
    with pytest.raises(error, match=words):
        plot_3d(short, **kwargs)


@pytest.mark.parametrize(
    ("formula", "start"),
    [("log(x) + y**2", (1, 1)), ("exp(10*x**2 + y**2)", (1, 1)), ("sqrt(x + 2) + y", (-1, 0))]
    + [("10**14 + x**2 + y**2", (2, 1)), ("1e-14*(x**2 + y**2)", (2, 1))],
)
def test_surfaces_with_holes_and_extremes_are_drawn(formula, start, pixels):
    surface = Surface(formula, domain=((-5, 5), (-5, 5)))
    paths = compare(surface, ["sgd:10", "adam:0.3"], start=start, steps=6)
    shown = pixels(plot_3d(paths, limits="domain", size=SIZE).figure)
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 20


def test_lost_paths_and_paths_out_of_sight_are_drawn(handmade, pixels):
    nowhere = handmade([(1, 1), (np.nan, np.nan), (np.nan, np.nan)])
    away = handmade([(50, 50), (60, 60)])
    back = handmade([(0, 0), (50, 50), (0.5, 0.5)])
    shown = picture([nowhere, away, back], limits=((-2, 2), (-2, 2)))
    for step in range(3):
        shown.show(step)
        pixels(shown.figure)
    x, y, z = path_lines(shown.figure.axes[0])[2].get_data_3d()
    assert np.isnan(x).any()
    assert (np.isnan(x) == np.isnan(z)).all()
    assert np.nanmax(abs(np.asarray(x))) <= 2 + 1e-6


def test_axes_of_the_users_own_are_drawn_on(short):
    figure = Figure((8, 4))
    FigureCanvasAgg(figure)
    ax = figure.subfigures(1, 2)[1].add_subplot(projection="3d")
    assert plot_3d(short, ax=ax) is ax
    assert type(ax) is Axes3D
    figure.canvas.draw()
    floor = np.array(np.meshgrid(ax.get_xlim(), ax.get_ylim(), ax.get_zlim()[:1]))
    corners = in_pixels(ax, floor.reshape(3, -1).T)
    assert (corners.min(axis=0) > ax.bbox.min - 1).all()
    assert len(path_lines(ax)) == 2
