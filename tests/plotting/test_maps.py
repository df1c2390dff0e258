"""Maps as pictures: what is drawn, and that it says what the map says."""

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from trajectories import (
    OPTIMIZERS,
    SGD,
    THEMES,
    Momentum,
    basins,
    compare_rates,
    plot_basins,
    plot_map,
    plot_rates,
    plot_sensitivity,
    plot_triptych,
    plot_tuning,
    schedules,
    sensitivity,
    tune,
)

BOWL = "x**2/20 + y**2"
RATES, MOMENTA = np.geomspace(0.01, 6, 24), np.linspace(0, 0.95, 20)
AXES = {"lr": RATES, "momentum": MOMENTA}


@pytest.fixture(scope="module")
def bowl():
    return sensitivity(BOWL, Momentum, (-7, 2), 60, **AXES)


@pytest.fixture(scope="module")
def lost():
    axes = {"lr": np.linspace(50, 90, 6), "momentum": np.linspace(0.5, 0.9, 5)}
    return sensitivity(BOWL, Momentum, (-7, 2), 400, **axes)


@pytest.fixture(scope="module")
def hills():
    return [basins("himmelblau", r, 80, resolution=24) for r in ("sgd:0.01", "adam:0.2")]


@pytest.fixture(scope="module")
def race():
    return tune("rosenbrock", ["sgd", "momentum", "adam"], steps=60, trials=9)


@pytest.fixture(scope="module")
def crowd():
    return tune("rosenbrock", list(OPTIMIZERS)[:12], steps=5, trials=3)


def lines(ax, label):
    return [line for line in ax.lines if line.get_label() == label]


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def mesh_of(ax):
    (mesh,) = [item for item in ax.collections if isinstance(item, QuadMesh)]
    return mesh


@pytest.fixture
def overlaps(words, meeting):
    """Return a function that lists which words of a figure cover each other, but for exits."""
    return lambda figure: meeting(
        [item for item in words(figure) if not item[0].startswith(("out of view", "diverged at"))]
    )


def test_cells_have_the_values_of_the_map_and_its_colours(bowl, pixels):
    ax = plot_map(bowl, scale=False)
    mesh = mesh_of(ax)
    drawn = np.ma.asarray(mesh.get_array())
    np.testing.assert_array_equal(np.ma.getmaskarray(drawn), bowl.lost.T)
    np.testing.assert_array_equal(drawn.compressed(), bowl.values.T[~bowl.lost.T])
    assert isinstance(mesh.norm, LogNorm)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "linear")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("learning rate", "momentum")
    half = np.sqrt(RATES[1] / RATES[0])
    np.testing.assert_allclose(ax.get_xlim(), (RATES[0] / half, RATES[-1] * half))
    np.testing.assert_allclose(ax.get_ylim(), (-0.025, 0.975))
    image = pixels(ax.figure)
    wanted = mesh.to_rgba(np.ma.masked_invalid(bowl.values.T))[..., :3]
    away = 0
    for i, j in zip(*np.nonzero(~bowl.lost), strict=True):
        x, y = ax.transData.transform((RATES[i], MOMENTA[j]))
        seen = image[image.shape[0] - 1 - int(y), int(x)] / 255
        away += abs(seen - wanted[j, i]).max() > 0.01
    # Only the cells below the line of theory and the star.
    assert away < 0.1 * bowl.values.size


def hatched(ax):
    return [item for item in ax.get_children() if getattr(item, "get_hatch", lambda: None)()]


def test_whole_cells_that_are_lost_are_hatched_and_no_others(bowl):
    axes = {"lr": [0.01, 0.5, 0.9, 1.5, 2, 3], "momentum": [0, 0.5, 0.9]}
    for found in (bowl, sensitivity(BOWL, "momentum", **axes)):
        ax = plot_map(found)
        if found is bowl:
            assert "ends higher\nthan it began" in [text.get_text() for text in ax.texts]
        (hatch,) = hatched(ax)
        corners = mesh_of(ax).get_coordinates()  # Of each cell, drawn from below to the right.
        for i, j in np.ndindex(found.values.shape):
            low, high = corners[j, i], corners[j + 1, i + 1]
            for part in (0.02, 0.5, 0.98):
                point = low + part * (high - low)
                assert hatch.get_path().contains_point(point) == found.lost[i, j]
    kept = sensitivity(BOWL, Momentum, (-7, 2), 60, lr=RATES[:4], momentum=MOMENTA)
    assert hatched(plot_map(kept)) == []


def test_the_line_of_theory_is_where_theory_says(bowl):
    ax = plot_map(bowl)
    (line,) = lines(ax, "_frontier")
    np.testing.assert_allclose(line.get_xdata(), (1 + MOMENTA))
    np.testing.assert_allclose(line.get_ydata(), MOMENTA)
    assert legend_of(ax) == ["limit of stability", "best"]
    turned = sensitivity(BOWL, Momentum, (-7, 2), 9, momentum=MOMENTA, lr=RATES)
    (line,) = lines(plot_map(turned), "_frontier")
    np.testing.assert_allclose(line.get_ydata(), (1 + MOMENTA))
    other = sensitivity("rosenbrock", "adam", steps=9, lr=RATES, beta1=[0.1, 0.5, 0.9])
    assert lines(plot_map(other), "_frontier") == []


def test_pins_are_numbered_and_placed(bowl):
    ax = plot_map(bowl, pins=[{"lr": 0.1, "momentum": 0.5}, (0, 19), (-1, -1)])
    pins = lines(ax, "_pin")
    numbers = [text.get_text() for text in ax.texts if text.get_text().isdigit()]
    assert numbers == ["1", "2", "3"]
    assert len({line.get_color() for line in pins}) == 3
    cells = [bowl.nearest(lr=0.1, momentum=0.5), (0, 19), (23, 19)]
    for pin, cell in zip(pins, cells, strict=True):
        at = ax.transData.transform([RATES[cell[0]], MOMENTA[cell[1]]])
        drawn = ax.transAxes.transform([pin.get_xdata()[0], pin.get_ydata()[0]])
        np.testing.assert_allclose(drawn, at, atol=0.03 * ax.bbox.width)  # Or moved off the edge.


@pytest.mark.parametrize("pin", [(24, 0), "ab", None, (0, "x")])
def test_other_pins_are_refused(bowl, pin):
    with pytest.raises(ValueError, match="`pins` must be each a mapping"):
        plot_map(bowl, pins=[pin])


@pytest.mark.parametrize("theme", [None, "slides-dark", "print"])
def test_words_of_a_map_with_pins_do_not_cover_each_other_and_are_inside(
    bowl, words, overlaps, theme
):
    ax = plot_map(bowl, theme=theme, pins=[(2, 2), (20, 15)])
    assert overlaps(ax.figure) == []
    figure = plot_sensitivity(bowl, theme=theme)
    assert 3 <= len(lines(figure.axes[0], "_pin")) <= 4
    assert overlaps(figure) == []
    # Not the ticks of a scale that lie beyond its ends, and are not drawn.
    for text, box in [item for item in words(figure) if "mathdefault" not in item[0]]:
        assert (box.min >= 0).all(), text
        assert (box.max <= figure.bbox.size).all(), text


def test_pinned_paths_stand_beside_the_map(bowl):
    figure = plot_sensitivity(bowl, pins=[(3, 4), (10, 10)])
    one, two = figure.axes[1:3]
    drawn = max(one.lines, key=lambda line: len(line.get_xdata()))
    np.testing.assert_array_equal(
        np.array(drawn.get_data()).T, bowl.trajectory(3, 4).positions[: len(drawn.get_xdata())]
    )
    assert two.get_title(loc="left").startswith("2:")
    with pytest.raises(ValueError, match="`pins` must be from 1 to 6"):
        plot_sensitivity(bowl, pins=[])


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_what_stands_beside_a_map_takes_its_room_from_given_axes(bowl, hills, layout):
    figure = Figure((9.6, 4), layout=layout)
    for ax, result in zip(figure.subplots(1, 2), (bowl, hills[0]), strict=True):
        before = ax.get_position()
        assert plot_map(result, ax=ax) is ax
        figure.draw_without_rendering()
        right = ax.get_tightbbox().x1 / figure.bbox.width
        assert right <= 1.001
        if layout is None:
            assert right <= before.x1 + 0.02
            assert ax.get_position().x0 == pytest.approx(before.x0)
            assert ax.get_position().width >= before.width / 2 - 1e-9


def test_one_hyperparameter_is_drawn_as_a_curve():
    found = sensitivity(BOWL, "sgd", (-7, 2), 40, lr=RATES)
    ax = plot_map(found)
    curve = ax.lines[0]
    np.testing.assert_array_equal(curve.get_xdata(), RATES)
    kept = ~found.lost
    np.testing.assert_array_equal(np.isnan(curve.get_ydata()), ~kept)
    np.testing.assert_allclose(curve.get_ydata()[kept], found.values[kept])
    (limit,) = lines(ax, "_limit")
    assert limit.get_xdata()[0] == pytest.approx(1)


def test_rings_are_where_optimizers_are_as_given():
    curves = compare_rates("rosenbrock", ["sgd:0.001", "adam", "sgd:3", "momentum:3"], steps=100)
    ax = Figure((6, 5)).add_subplot()
    assert plot_rates(curves, ax=ax) is ax
    rings = lines(ax, "_given")
    assert [ring.get_xdata()[0] for ring in rings] == [0.001, 0.001, 3, 3]
    for ring, curve in zip(rings[:2], curves, strict=False):
        assert ring.get_ydata()[0] == pytest.approx(curve.baseline.values[-1])
    # Both are lost: crosses at the upper edge, one inside the other, at no loss of the axis.
    assert [ring.get_marker() for ring in rings] == ["o", "o", "X", "X"]
    (one,), (two,) = rings[2].get_ydata(), rings[3].get_ydata()
    assert 0.9 < one == two < 1
    assert rings[2].get_transform().transform((3, one))[1] > ax.transData.transform((3, 1e2))[1]
    assert rings[2].get_markersize() > rings[3].get_markersize()
    assert legend_of(ax)[-2:] == ["as given", "diverged"]
    assert "diverged" not in legend_of(plot_rates(curves[:2]))


def test_a_loss_as_given_above_the_plot_is_an_arrow_and_a_schedule_has_none():
    climbing = sensitivity(BOWL, "sgd:1.2", (-7, 2), 20, lr=[0.01, 0.1, 0.5, 3])
    assert climbing.baseline.status != "diverged"
    ax = plot_rates(climbing)
    (mark,) = lines(ax, "_given")
    assert mark.get_marker() == "^"
    assert climbing.baseline.values[-1] > ax.get_ylim()[1]
    assert "above the scale" in legend_of(ax)
    cosine = SGD(schedules.Cosine(0.5, 20))
    scheduled = sensitivity(BOWL, cosine, (-7, 2), 20, lr=RATES[:16])
    assert lines(plot_rates([scheduled]), "_given") == []


@pytest.mark.parametrize("theme", list(THEMES)[:3])
def test_cells_of_basins_have_the_colour_of_their_minimum_darker_the_later(hills, theme, pixels):
    one = hills[0]
    ax = plot_map(one, scale=False, theme=theme)
    rgb = np.asarray(ax.images[0].get_array())[..., :3].astype(int)
    image = pixels(ax.figure)
    xy = np.stack(np.meshgrid(one.axes["x"], one.axes["y"]), axis=-1).reshape(-1, 2)
    column, row = ax.transData.transform(xy).astype(int).T
    seen = image[image.shape[0] - 1 - row, column]
    # Only the cells below the letters.
    assert (seen != rgb.reshape(-1, 3)).any(axis=1).mean() < 0.06
    middle = []
    for which in range(4):
        there = one.minimum == which
        shades = rgb[there][np.argsort(one.steps[there])]
        assert (np.diff(shades.sum(axis=1)) <= 0).all()
        assert shades[0].sum() > shades[-1].sum() + 60
        middle.append(shades[len(shades) // 2])
    for i, color in enumerate(middle):
        assert all(abs(color - other).sum() > 50 for other in middle[:i])
    never = basins("sphere", "sgd:1.5", 20, resolution=6)
    assert (never.minimum < 0).all()
    (ax,) = plot_basins(never, theme=theme, size=(300, 300)).axes
    assert (np.asarray(ax.images[0].get_array())[..., :3] == 0).all()


def test_basins_stand_side_by_side_only_if_they_go_together(hills, overlaps):
    figure = plot_basins(hills)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles[0].startswith("SGD:  ")
    assert titles[1].startswith("Adam:  ")
    assert overlaps(figure) == []
    with pytest.raises(ValueError, match="on one surface, in the same limits"):
        plot_basins([hills[0], basins("sphere", "sgd", 5, resolution=3)])
    with pytest.raises(TypeError, match="what `basins` returns"):
        plot_basins([])
    others = basins("himmelblau", "sgd:0.01", 80, resolution=24, minima=[(3.0, 2.0)])
    with pytest.raises(ValueError, match=r"`results` must be with the same minima. Got \[4, 1\]"):
        plot_basins([hills[0], others])
    for results, size in ((hills, (8192, 100)), (hills * 20, (100, 100))):
        with pytest.raises(ValueError, match="`size` must be large enough for the panels"):
            plot_basins(results, size=size)


def test_every_tried_path_is_there_under_the_best(race):
    figure = plot_tuning(race)
    for ax, trial in zip(figure.axes, race.tuned, strict=True):
        (tried,) = [item for item in ax.collections if item.get_label() == "_tried"]
        assert len(tried.get_segments()) == race.trials
        best = max(ax.lines, key=lambda line: len(line.get_xdata()))
        assert tried.get_zorder() < best.get_zorder()
        np.testing.assert_array_equal(np.array(best.get_data()).T[:5], trial.best.positions[:5])
    told = " ".join(text.get_text() for text in figure.texts)
    assert "9 learning rates for each" in told
    assert "0.0001 to 10" in told


@pytest.mark.parametrize("theme", [None, "slides-dark"])
def test_words_of_many_races_stay_on_the_page_and_keep_names_and_numbers(crowd, theme, overlaps):
    figure = plot_triptych(crowd, theme=theme)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["as given", "tuned: the best of 3", "10 times the best"]
    assert overlaps(figure) == []
    legend = figure.axes[0].get_legend()
    box = legend.get_window_extent()
    assert len(legend.get_texts()) == 12
    assert box.x1 <= figure.bbox.width
    (heading,) = figure.texts
    assert box.y1 <= heading.get_window_extent().y0 + 1
    assert box.y0 >= figure.axes[0].title.get_window_extent().y1
    figure = plot_tuning(crowd, theme=theme)
    for ax, trial in zip(figure.axes, crowd.tuned, strict=True):
        title = ax.get_title(loc="left").removesuffix("...")
        assert title == trial.label[: len(title)]
        (numbers,) = [t for t in ax.texts if t.get_text().startswith("lr ")]
        told = numbers.get_text()
        assert told.startswith(f"lr {trial.best_rate:.2g}")
        assert ("edge" in told) == trial.at_edge
        assert "f = " in told or "f diverged" in told
    assert overlaps(figure) == []


def test_a_map_where_all_is_lost_is_drawn(lost):
    assert lost.best is None
    ax = plot_map(lost)
    ax.figure.canvas.draw()
    assert "diverged" in [text.get_text() for text in ax.texts]
    axes = {"lr": [50.0, 90.0], "momentum": [0.5, 0.9]}
    few = plot_map(sensitivity(BOWL, Momentum, (-7, 2), 400, **axes), size=(400, 300))
    assert "diverged" not in [text.get_text() for text in few.texts]  # There is no room.
    figure = plot_sensitivity(lost)
    figure.canvas.draw()
    assert len(lines(figure.axes[0], "_pin")) == 1


def test_other_things_are_no_maps(bowl, hills):
    one = sensitivity(BOWL, "sgd", lr=RATES, steps=3)
    with pytest.raises(ValueError, match="`results` must be"):
        plot_rates([one, sensitivity("sphere", "sgd", lr=RATES, steps=3)])
    for bad in ([], 3, [one, None]):
        with pytest.raises(TypeError, match="`results` must be what"):
            plot_rates(bad)
    with pytest.raises(TypeError, match="`result` must be what"):
        plot_map([one])
    for draw in (plot_triptych, plot_tuning):
        with pytest.raises(TypeError, match="`tuning` must be"):
            draw(None)
    for bad in (one, hills[0]):
        with pytest.raises(TypeError, match="`result` must be what `sensitivity` returns for two"):
            plot_sensitivity(bad)
    with pytest.raises(ValueError, match="`pins` must be left out over starts"):
        plot_map(hills[0], pins=[(0, 0)])
    for how in ({"pins": ["nonsense"]}, {"scale": False}):
        with pytest.raises(ValueError, match="must be left out over one hyperparameter"):
            plot_map(one, **how)
