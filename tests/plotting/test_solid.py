import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import Axes3D

from trajectories import THEMES, Surface, animate, compare, descend
from trajectories.plotting.animation import Painter
from trajectories.plotting.panels import LAYOUTS
from trajectories.plotting.paths_3d import Climbers
from trajectories.plotting.plots import draw, plot_3d
from trajectories.plotting.scene import Scene
from trajectories.plotting.surface_3d import (
    AZIMUTHS,
    Contours,
    Heights,
    Hill,
    Stage,
    in_pixels,
    lifted,
    unhidden,
)
from trajectories.plotting.theme import applied

SIZE = (320, 240)
BOWL = "x**2/20 + y**2"


def picture(paths, theme=None, **kwargs):
    with applied(theme) as chosen:
        return LAYOUTS["3d"](paths, chosen, **{"size": SIZE, **kwargs})


def path_lines(ax):
    return [line for line in ax.lines if line.get_linestyle() != "None"]


def lines_in_pixels(ax):
    """Return the points of what is seen of the contours and the rim."""
    ax.figure.canvas.draw()
    points = np.concatenate(ax.collections[1].get_segments())
    return ax.transData.transform(points[np.isfinite(points).all(axis=1)])


def named(ax, label):
    """Return the pale and the plain places with this label."""
    return [line for line in ax.lines if line.get_label() == label]


@pytest.mark.parametrize(
    ("which", "theme", "orbit"),
    [("leaving", "light", 0), ("leaving", "slides-dark", 50), ("many", "light", -40)],
)
def test_painted_frames_are_full_draws_in_whatever_order(which, theme, orbit, request, pixels):
    paths = request.getfixturevalue(which)
    paths = paths if isinstance(paths, list) else [paths]
    painter = Painter(picture(paths, theme, orbit=orbit))
    full = picture(paths, theme, orbit=orbit)
    for step in (full.steps, 0, 7, full.steps):
        full.show(step)
        painted = painter.paint(step)
        np.testing.assert_array_equal(painted[..., :3], pixels(full.figure))
        assert (painted[..., 3] == 255).all()


@pytest.mark.parametrize("camera", [{"orbit": 30}, {"azimuth": 75, "elevation": 30}])
def test_last_frame_is_the_static_plot(camera, leaving, pixels):
    *_, last = animate(leaving, layout="3d", frames=2, theme="dark", **camera).frames()
    np.testing.assert_array_equal(last, pixels(plot_3d(leaving, theme="dark", **camera).figure))


def test_camera_comes_to_rest_where_it_stands_in_a_still_picture(short):
    still = picture(short, azimuth=40)
    assert still.still
    turning = picture(short, azimuth=40, orbit=60)
    assert not turning.still
    (ax,) = turning.figure.axes
    azimuths = []
    for step in (0, 3, 6, 0):
        turning.show(step)
        azimuths.append(ax.azim)
    assert azimuths == pytest.approx([-20, 10, 40, -20])
    still.show(3)
    assert still.figure.axes[0].azim == 40


def test_turning_frames_differ_all_over_and_still_ones_only_where_paths_are(short, pixels):
    shares = []
    for orbit in (0, 40):
        one, *_, last = animate(short, layout="3d", size=SIZE, orbit=orbit).frames()
        shares.append((one != last).any(axis=2).mean())
    assert 0 < shares[0] < 0.1 < shares[1]


@pytest.mark.parametrize("name", ["rosenbrock", "six_hump_camel", "saddle", BOWL])
def test_paths_lie_on_the_surface_at_its_heights(name):
    paths = compare(name, ["sgd:0.001", "adam:0.3"], steps=12)
    ax = plot_3d(paths)
    heights = Heights.of(Scene.of(paths, aspect=1.2))
    low, high = ax.get_zlim()
    for line, path in zip(path_lines(ax), paths, strict=True):
        x, y, z = line.get_data_3d()
        assert len(x) >= len(path.positions)
        expected = heights(path.surface(np.asarray(x), np.asarray(y)))
        np.testing.assert_allclose(z, expected, atol=1e-9 * (high - low))
        assert np.isfinite(z[: len(path.positions) // 2]).all()
        assert np.nanmin(z) >= low - 1e-9
        assert np.nanmax(z) <= high + 0.02 * (high - low)


def test_points_between_steps_follow_the_surface_and_steps_keep_their_places(zigzag):
    scene = Scene.of(zigzag)
    for track in scene.tracks:
        on = lifted(track, scene.limits, zigzag[0].surface.value, Heights.of(scene))
        np.testing.assert_array_equal(on.stops[..., :2], track.positions)
        parts = np.diff(on.points[:, 0, :2], axis=0) / np.ptp(scene.limits, axis=1)
        assert abs(parts).max() < 0.011


def test_contours_are_at_rising_heights_not_far_from_equal_distances():
    for name in ("rosenbrock", "himmelblau", "ackley", BOWL):
        scene = Scene.of(descend(name, "sgd:1e-4", steps=2))
        gaps = np.diff(Heights.of(scene)(scene.relief.levels))
        assert (gaps > 0).all()
        assert gaps[5:].max() < 2 * gaps[5:].min()


def test_heights_are_f_itself_without_a_minimum_in_sight():
    heights = Heights.of(Scene.of(descend("x + y", "sgd:0.1", steps=3)))
    assert heights.floor is None
    np.testing.assert_array_equal(heights(np.array([-3.0, 8.5])), [-3.0, 8.5])
    assert heights.label == "$f(x, y)$"


@pytest.mark.parametrize(
    ("formula", "label"),
    [("x**2 + y**2", "$f(x, y)$"), ("x**2 + y**2 - 2.5", "$f(x, y) + 2.5$")]
    + [("x**2 + y**2 + 3", "$f(x, y) - 3$"), ("x**2 + y**2 - 10**6", "$f(x, y) + 10^{6}$")],
)
def test_ticks_tell_f_less_its_floor_where_the_scale_puts_it(formula, label):
    path = descend(Surface(formula, domain=((-9, 9), (-9, 9))), "sgd:0.1", (5, 5), steps=5)
    ax = plot_3d(path, limits="domain")
    assert ax.get_zlabel() == label
    heights = Heights.of(Scene.of(path, limits="domain"))
    ax.figure.canvas.draw()
    told = [float(word.get_text()) for word in ax.get_zticklabels()]
    assert told[0] == 0
    assert len(told) > 2
    assert max(told) <= 162
    np.testing.assert_allclose(ax.get_zticks(), heights(heights.floor + np.array(told)), atol=1e-6)
    assert (np.diff(ax.get_zticks()) >= 0.05 * np.ptp(ax.get_zlim())).all()


@pytest.mark.parametrize(
    ("heights", "low", "high"),
    [(Heights(0.0, 100.0), 0.69, 0.71), (Heights(None), -3e9, 4e9), (Heights(1.0, 1e-9), 0, 60.0)],
)
def test_there_are_ticks_at_whatever_heights(heights, low, high):
    at, words = heights.ticks(low, high, 0.15)
    assert 2 <= len(at) == len(words) <= 8
    assert len(set(words)) == len(words)
    assert (np.diff(at) >= 0.15 * (high - low)).all()
    assert heights.ticks(low, high, 2.0)[1] == []


def test_paths_are_drawn_above_the_surface_and_below_heads(zigzag):
    ax = plot_3d(zigzag)
    assert isinstance(ax, Stage)
    assert not ax.computed_zorder
    hill, contours = ax.collections
    assert isinstance(hill, Hill)
    assert isinstance(contours, Contours)
    assert hill.zorder < contours.zorder
    lines = path_lines(ax)
    assert len(lines) == 4
    assert min(line.zorder for line in ax.lines) > contours.zorder
    heads = [line for line in ax.lines if line.zorder >= 20]
    assert len(heads) == 4
    assert max(line.zorder for line in lines) < min(head.zorder for head in heads)
    for head, path in zip(heads, zigzag, strict=True):
        x, y, _ = head.get_data_3d()
        assert (x[0], y[0]) == tuple(path.final)


def test_path_behind_the_hill_is_seen_all_the_same(handmade, pixels):
    # From the front, a bump in the middle hides what is behind it.
    bump = Surface("-4*exp(-3*(x**2 + y**2))*(-1)", domain=((-2, 2), (-2, 2)))
    behind = handmade([(-0.4, 0.6), (0.4, 0.6)], bump)
    camera = {"azimuth": -90, "elevation": 20, "limits": "domain", "color": "#ff0000"}
    (ax,) = picture([behind], **camera).figure.axes
    places = np.array([[0.0, 0.6, bump.value((0.0, 0.6))], [0.0, -0.6, bump.value((0.0, -0.6))]])
    x = np.linspace(-2, 2, 101)
    z = bump(x[None], x[:, None])
    assert unhidden(ax, places, z).tolist() == [False, True]
    shown = pixels(plot_3d(behind, marker="", **camera).figure)
    red = (shown[..., 0] > 200) & (shown[..., 1] < 60) & (shown[..., 2] < 60)
    assert red.sum() > 100


def test_hidden_minima_are_pale_and_seen_ones_are_not():
    path = descend("himmelblau", "adam:0.3", steps=5)
    ax = plot_3d(path, limits="domain", azimuth=-60, elevation=45)
    pale, plain = named(ax, "_minimum")
    assert pale.get_alpha() < plain.get_alpha()
    shown = np.concatenate([np.transpose(line.get_data_3d())[:, :2] for line in (pale, plain)])
    assert sorted(map(tuple, shown)) == sorted(map(tuple, path.surface.minima))
    above = plot_3d(path, limits="domain", elevation=90)
    pale, plain = named(above, "_minimum")
    assert (len(pale.get_data_3d()[0]), len(plain.get_data_3d()[0])) == (0, 4)


def test_contours_in_sight_and_none_of_the_hidden_ones_are_drawn(zigzag):
    shown = []
    for elevation in (90, 20):
        ax = plot_3d(zigzag, elevation=elevation)
        shown.append(len(lines_in_pixels(ax)))
    assert shown[1] < 0.9 * shown[0]


def test_camera_stands_by_default_where_it_sees_the_path(handmade):
    # A slope that falls away from the usual place of the camera.
    slope = Surface("exp(2*y - x)", domain=((-1, 1), (-1, 1)))
    path = handmade([(0.5, -0.8), (0.6, -0.2), (0.9, 0.4)], slope)
    ax = plot_3d(path, limits="domain")
    assert ax.azim in AZIMUTHS
    assert plot_3d(path, limits="domain", azimuth=12).azim == 12
    assert plot_3d(path, elevation=30).elev == 30


def test_path_ends_at_the_edge_with_an_arrow_and_words(leaving):
    shown = picture(leaving)
    (ax,) = shown.figure.axes

    def notes(step):
        shown.show(step)
        return {text.get_text() for text in ax.texts if text.get_visible()}

    exits = {track.label: track.exits[0] for track in Scene.of(leaving, aspect=1.2).tracks}
    out, lost = exits["out"].step, exits["lost"].step
    assert notes(shown.steps) == {f"out: leaves at step {out}", f"lost: lost at step {lost}"}
    assert notes(out - 1) == {f"lost: lost at step {lost}"}
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
        way = in_pixels(ax, way[np.isfinite(way).all(axis=1)][-2:])
        seen = np.degrees(np.arctan2(*(way[1] - way[0])[::-1]))
        assert angles[-1] + 90 == pytest.approx(seen)
    assert abs(angles[0] - angles[1]) > 5


def test_notes_stand_where_the_surface_is_not(leaving, words):
    figure = draw("3d", leaving)
    (ax,) = figure.axes
    boxes = [box for text, box in words(figure) if "at step" in text]
    assert len(boxes) == 2
    covered = lines_in_pixels(ax)
    for box in boxes:
        inside = ((covered > box.min) & (covered < box.max)).all(axis=1)
        assert not inside.any()


@pytest.mark.parametrize(
    ("size", "theme"),
    [
        ((800, 600), None),
        ((800, 600), "slides"),
        ((1280, 720), "slides-dark"),
        ((300, 700), "print"),
    ],
)
def test_surface_and_words_fill_the_panel_and_stay_inside(size, theme, short, words):
    figure = draw("3d", short, size=size, theme=theme)
    (ax,) = figure.axes
    listed = words(figure)
    for text, box in listed:
        assert (box.min > -0.5).all(), text
        assert (box.max < np.array(size) + 0.5).all(), text
    rim = lines_in_pixels(ax)
    assert (rim >= ax.bbox.min - 1).all()
    assert (rim <= ax.bbox.max + 1).all()
    whole = mpl.transforms.Bbox.union([box for _, box in listed if box.y0 < ax.bbox.y1 - 2])
    filled = (np.maximum(whole.max, rim.max(axis=0)) - np.minimum(whole.min, rim.min(axis=0))) / (
        ax.bbox.size
    )
    assert filled.max() > 0.9


def test_themes_look_different_and_colours_are_those_of_the_cycle(zigzag):
    shown = {name: draw("3d", zigzag, theme=name, size=SIZE) for name in THEMES}
    for name, figure in shown.items():
        with applied(name):
            colors = mpl.rcParams["axes.prop_cycle"].by_key()["color"][:4]
            assert mpl.colors.same_color(
                [line.get_color() for line in path_lines(figure.axes[0])], colors
            )
            ground = mpl.rcParams["figure.facecolor"]
        assert mpl.colors.same_color(figure.get_facecolor(), ground)


def test_mesh_has_the_colours_of_the_theme(zigzag, pixels):
    ax = plot_3d(zigzag, theme="light")
    frame = pixels(ax.figure).reshape(-1, 3).astype(int)
    surface = frame[(frame.max(axis=1) < 250) & (np.ptp(frame, axis=1) < 40)]
    assert len(surface) > 50_000
    # Cool greys, neither jet nor the blue of Matplotlib's own surfaces.
    assert (surface[:, 2] >= surface[:, 0] - 3).mean() > 0.95


def test_kwargs_go_to_the_lines_and_limits_to_the_axes(short):
    ax = plot_3d(short, limits=((-9, 1), (-3, 3)), lw=5, color="#123456", alpha=0.5, zorder=1)
    assert (ax.get_xlim(), ax.get_ylim()) == ((-9, 1), (-3, 3))
    for line in path_lines(ax):
        assert (line.get_linewidth(), line.get_color(), line.get_alpha()) == (5, "#123456", 0.5)
        assert line.zorder > ax.collections[1].zorder
    assert ax.get_legend() is not None
    assert plot_3d(short, legend=False).get_legend() is None


def test_markers_stand_at_steps_only(short):
    ax = plot_3d(short)
    marks = [line for line in ax.lines if line.get_label() == "_steps"]
    for line, path in zip(marks, short, strict=True):
        assert line.get_marker() not in ("", "None")
        np.testing.assert_array_equal(np.transpose(line.get_data_3d())[:, :2], path.positions)


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"orbit": np.nan}, ValueError, "`orbit` must be finite"),
        ({"orbit": np.inf}, ValueError, "`orbit`"),
        ({"orbit": "far"}, TypeError, "`orbit`"),
        ({"orbit": True}, TypeError, "`orbit`"),
        ({"elevation": -1}, ValueError, "`elevation` must be between 0 and 90"),
        ({"elevation": 91}, ValueError, "`elevation`"),
        ({"elevation": None}, TypeError, "`elevation`"),
        ({"azimuth": -np.inf}, ValueError, "`azimuth`"),
        ({"azimuth": "left"}, TypeError, "`azimuth`"),
        ({"limits": ((1, 0), (0, 1))}, ValueError, "`limits`"),
        ({"theme": "slide"}, ValueError, "Did you mean 'slides'"),
        ({"ax": 3}, TypeError, "`ax` must be 3-D Axes"),
        ({"ax": Figure().add_subplot()}, TypeError, "`ax` must be 3-D Axes"),
        ({"nonsense": 1}, TypeError, "nonsense"),
    ],
)
def test_bad_argument_is_refused_by_name(kwargs, error, words, short):
    with pytest.raises(error, match=words):
        plot_3d(short, **kwargs)


@pytest.mark.parametrize("steps", [1, 2])
def test_single_step_is_drawn_and_animated(steps):
    path = descend("sphere", "sgd:0.1", steps=steps)
    assert len(list(animate(path, layout="3d", size=SIZE, orbit=20).frames())) == steps + 1


@pytest.mark.parametrize(
    ("formula", "start"),
    [("log(x) + y**2", (1, 1)), ("exp(10*x**2 + y**2)", (1, 1)), ("sqrt(x + 2) + y", (-1, 0))]
    + [("10**14 + x**2 + y**2", (2, 1)), ("1e-14*(x**2 + y**2)", (2, 1))],
)
def test_surfaces_with_holes_and_extremes_are_drawn(formula, start, pixels):
    surface = Surface(formula, domain=((-5, 5), (-5, 5)))
    paths = compare(surface, ["sgd:10", "adam:0.3"], start=start, steps=6)
    shown = picture(paths, limits="domain")
    shown.show(6)
    assert len(np.unique(pixels(shown.figure).reshape(-1, 3), axis=0)) > 20


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
    part = figure.subfigures(1, 2)[1]
    ax = part.add_subplot(projection="3d")
    assert plot_3d(short, ax=ax) is ax
    assert type(ax) is Axes3D
    figure.canvas.draw()
    ends = np.array([np.min(in_pixels(ax, corners(ax)), 0), np.max(in_pixels(ax, corners(ax)), 0)])
    assert (ends[0] > ax.bbox.min - 1).all()
    assert len(path_lines(ax)) == 2


def corners(ax):
    floor = np.array(np.meshgrid(ax.get_xlim(), ax.get_ylim(), ax.get_zlim()[:1]))
    return floor.reshape(3, -1).T


@pytest.mark.parametrize("suffix", ["pdf", "svg"])
def test_vector_files_hold_the_surface_as_a_picture(suffix, short, tmp_path):
    file = tmp_path / f"a.{suffix}"
    draw("3d", short, size=SIZE).savefig(file)
    held = file.read_bytes()
    assert b"<image" in held or b"/Subtype /Image" in held
    assert len(held) < 500_000


def test_settings_of_the_user_stay_and_no_figure_is_left(short):
    mpl.rcParams["lines.linewidth"] = 3.25
    before = dict(mpl.rcParams)
    ax = plot_3d(short, theme="slides")
    assert path_lines(plot_3d(short))[0].get_linewidth() == 3.25
    list(animate(short, layout="3d", size=SIZE, orbit=10, frames=2).frames())
    assert dict(mpl.rcParams) == before
    assert ax.figure.canvas.manager is None


@pytest.mark.parametrize(
    ("key", "other"),
    [("axes3d.grid", False), ("axes3d.automargin", True), ("axes3d.xaxis.panecolor", "red")],
)
def test_theme_looks_the_same_whatever_3d_axes_look_like(key, other, short, pixels):
    usual = pixels(draw("3d", short, theme="light", size=SIZE))
    with mpl.rc_context({key: other}):
        changed = draw("3d", short, theme="light", size=SIZE)
    np.testing.assert_array_equal(pixels(changed), usual)


def test_a_batch_of_starts_is_one_line_with_gaps(many):
    ax = plot_3d(many)
    (line,) = path_lines(ax)
    x = np.asarray(line.get_data_3d()[0])
    assert np.isnan(x).sum() >= many.positions.shape[1]
    (heads,) = [line for line in ax.lines if line.zorder >= 20]
    assert len(heads.get_data_3d()[0]) == many.positions.shape[1]
    assert len(ax.texts) == 0


def test_climbers_stay_at_the_end_when_their_path_is_shorter():
    paths = [descend("sphere", "sgd:0.1", steps=n, label=str(n)) for n in (2, 6)]
    shown = picture(paths)
    (climbers,) = [mover for mover in shown.movers if isinstance(mover, Climbers)]
    shown.show(2)
    before = climbers.artists[0].get_data_3d()
    shown.show(6)
    np.testing.assert_array_equal(climbers.artists[0].get_data_3d(), before)


def test_a_hill_can_be_hidden(short):
    ax = plot_3d(short)
    (hill,) = (artist for artist in ax.get_children() if isinstance(artist, Hill))

    def inked():
        ax.figure.canvas.draw()
        pixels = np.asarray(ax.figure.canvas.buffer_rgba())
        return (pixels != pixels[0, 0]).any(axis=2).sum()

    whole = inked()
    hill.set_visible(False)
    assert inked() < 0.6 * whole
