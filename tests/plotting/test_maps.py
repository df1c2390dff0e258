"""Maps as pictures: what is drawn, and that it says what the map says."""

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from trajectories import OPTIMIZERS, SGD, Momentum
from trajectories.maps.basins import basins
from trajectories.maps.sensitivity import compare_rates, sensitivity
from trajectories.maps.tuning import tune
from trajectories.optimizers.schedules import Cosine
from trajectories.plotting.canvas import new_figure
from trajectories.plotting.maps.map_axes import plot_map, plot_rates, plot_sensitivity
from trajectories.plotting.maps.map_cells import (
    NOWHERE,
    Shades,
    chosen_pins,
    edges,
    excess_of,
    placed,
    quality_norm,
)
from trajectories.plotting.maps.map_figures import (
    plot_basins,
    plot_triptych,
    plot_tuning,
    shades_for,
)
from trajectories.plotting.theme import THEMES, applied

BOWL = "x**2/20 + y**2"
RATES, MOMENTA = np.geomspace(0.01, 6, 24), np.linspace(0, 0.95, 20)


@pytest.fixture(scope="module")
def bowl():
    return sensitivity(BOWL, Momentum, (-7, 2), 60, lr=RATES, momentum=MOMENTA)


@pytest.fixture(scope="module")
def hills():
    return [basins("himmelblau", r, 80, resolution=24) for r in ("sgd:0.01", "adam:0.2")]


@pytest.fixture(scope="module")
def race():
    return tune("rosenbrock", ["sgd", "momentum", "adam"], steps=60, budget=9)


def lines(ax, label):
    return [line for line in ax.lines if line.get_label() == label]


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def overlaps(words):
    """List the pairs of texts that cover each other, by a pixel or more."""
    found = []
    for i, (one, a) in enumerate(words):
        for other, b in words[i + 1 :]:
            wide = min(a.x1, b.x1) - max(a.x0, b.x0)
            tall = min(a.y1, b.y1) - max(a.y0, b.y0)
            if wide > 1 and tall > 1:
                found.append((one, other))
    return found


def test_cells_have_the_values_of_the_map(bowl):
    ax = plot_map(bowl)
    (mesh,) = [item for item in ax.collections if isinstance(item, QuadMesh)]
    drawn = np.ma.asarray(mesh.get_array())
    np.testing.assert_array_equal(np.ma.getmaskarray(drawn), bowl.lost.T)
    np.testing.assert_array_equal(drawn.compressed(), bowl.values.T[~bowl.lost.T])
    assert isinstance(mesh.norm, LogNorm)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "linear")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("learning rate", "momentum")
    np.testing.assert_allclose(ax.get_xlim(), edges(RATES)[[0, -1]])


def test_a_pixel_of_each_cell_has_its_colour(bowl, pixels):
    ax = plot_map(bowl, scale=False)
    image = pixels(ax.figure)
    (mesh,) = [item for item in ax.collections if isinstance(item, QuadMesh)]
    wanted = mesh.to_rgba(np.ma.masked_invalid(bowl.values.T))[..., :3]
    away = 0
    for i, j in np.ndindex(bowl.values.shape):
        if not bowl.lost[i, j]:
            x, y = ax.transData.transform((RATES[i], MOMENTA[j]))
            seen = image[image.shape[0] - 1 - int(y), int(x)] / 255
            away += abs(seen - wanted[j, i]).max() > 0.01
    # Only the cells below the line of theory and the star.
    assert away < 0.1 * bowl.values.size


def hatched(ax):
    return [item for item in ax.get_children() if getattr(item, "get_hatch", lambda: None)()]


def test_what_is_lost_is_hatched_and_named(bowl):
    ax = plot_map(bowl)
    assert len(hatched(ax)) == 1
    assert "ends higher\nthan it began" in [text.get_text() for text in ax.texts]
    kept = sensitivity(BOWL, Momentum, (-7, 2), 60, lr=RATES[:4], momentum=MOMENTA)
    assert hatched(plot_map(kept)) == []


def test_whole_cells_are_hatched_and_no_others(bowl):
    coarse = sensitivity(BOWL, "momentum", lr=[0.01, 0.5, 0.9, 1.5, 2, 3], momentum=[0, 0.5, 0.9])
    for found in (bowl, coarse):
        (hatch,) = hatched(plot_map(found))
        path = hatch.get_path()
        borders = [edges(values) for values in found.axes.values()]
        for index in np.ndindex(found.values.shape):
            ends = [(line[i], line[i + 1]) for line, i in zip(borders, index, strict=True)]
            for part in (0.02, 0.5, 0.98):
                point = [low + part * (high - low) for low, high in ends]
                assert path.contains_point(point) == found.lost[index]


def test_cells_that_did_not_get_there_are_told():
    axes = {"lr": RATES, "momentum": MOMENTA}
    found = sensitivity(BOWL, Momentum, (-7, 2), 60, measure="steps", tolerance=1e-3, **axes)
    assert (np.isnan(found.values) & ~found.lost).any()
    assert legend_of(plot_map(found)) == ["limit of stability", "best", "not in 60 steps"]
    quick = sensitivity(BOWL, Momentum, (-7, 2), 60, measure="steps", tolerance=50.0, **axes)
    assert legend_of(plot_map(quick)) == ["limit of stability", "best"]


def test_the_line_of_theory_is_where_theory_says(bowl):
    ax = plot_map(bowl)
    (line,) = lines(ax, "_frontier")
    np.testing.assert_allclose(line.get_xdata(), (1 + MOMENTA))
    np.testing.assert_allclose(line.get_ydata(), MOMENTA)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["limit of stability", "best"]
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
    cell = bowl.nearest(lr=0.1, momentum=0.5)
    at = ax.transData.transform([RATES[cell[0]], MOMENTA[cell[1]]])
    drawn = ax.transAxes.transform([pins[0].get_xdata()[0], pins[0].get_ydata()[0]])
    np.testing.assert_allclose(drawn, at, atol=1)
    assert len({line.get_color() for line in pins}) == 3
    assert placed(bowl, [(-1, -1)]) == [(23, 19)]


@pytest.mark.parametrize("pin", [(24, 0), (0,), "ab", 3, None, (0, "x")])
def test_other_pins_are_refused(bowl, pin):
    with pytest.raises(ValueError, match="`pins` must be each a mapping"):
        plot_map(bowl, pins=[pin])


def test_pins_of_its_own_choice_tell_different_stories(bowl):
    cells = chosen_pins(bowl)
    assert 3 <= len(cells) <= 4
    assert len(set(cells)) == len(cells)
    assert bowl.best_index in cells
    assert any(bowl.lost[cell] for cell in cells)
    assert not all(bowl.lost[cell] for cell in cells)


@pytest.mark.parametrize("theme", [None, "slides-dark", "print"])
def test_words_of_a_map_do_not_cover_each_other(bowl, words, theme):
    ax = plot_map(bowl, theme=theme, pins=[(2, 2), (20, 15)])
    assert overlaps(words(ax.figure)) == []
    figure = plot_sensitivity(bowl, theme=theme)
    shown = [item for item in words(figure) if not item[0].startswith("leaves")]
    assert overlaps(shown) == []
    width, height = figure.bbox.size
    # Not the ticks of a scale that lie beyond its ends, and are not drawn.
    for text, box in [item for item in shown if "mathdefault" not in item[0]]:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text


def test_pinned_paths_stand_beside_the_map(bowl):
    figure = plot_sensitivity(bowl, pins=[(3, 4), (10, 10)])
    assert isinstance(figure, Figure)
    one, two = figure.axes[1:3]
    drawn = max(one.lines, key=lambda line: len(line.get_xdata()))
    np.testing.assert_array_equal(
        np.array(drawn.get_data()).T, bowl.trajectory(3, 4).positions[: len(drawn.get_xdata())]
    )
    assert two.get_title(loc="left").startswith("2:")
    with pytest.raises(ValueError, match="`pins` must be from 1 to 6"):
        plot_sensitivity(bowl, pins=[])


def test_a_given_axes_is_drawn_on_and_returned(bowl, hills):
    for result in (bowl, hills[0]):
        ax = new_figure((600, 500)).add_subplot()
        assert plot_map(result, ax=ax) is ax
    curves = compare_rates(BOWL, ["sgd", "adam"], RATES, steps=5)
    ax = new_figure((600, 500)).add_subplot()
    assert plot_rates(curves, ax=ax) is ax


@pytest.mark.parametrize("layout", [None, "tight", "constrained"])
def test_what_stands_beside_a_map_takes_its_room_from_given_axes(bowl, hills, layout):
    for result in (bowl, hills[0]):
        figure = Figure((9.6, 4), layout=layout)
        figure.subplots(1, 2)
        if layout is None:
            figure.add_axes((0.5, 0.2, 0.35, 0.6))
        for ax in figure.axes:
            before = ax.get_position()
            plot_map(result, ax=ax)
            figure.draw_without_rendering()
            right = ax.get_tightbbox().x1 / figure.bbox.width
            assert right <= 1.001
            if layout is None:
                assert right <= before.x1 + 0.02
                assert ax.get_position().x0 == pytest.approx(before.x0)
                assert ax.get_position().width >= before.width / 2 - 1e-9
    ax = Figure().add_subplot()
    before = ax.get_position().bounds
    plot_map(bowl, ax=ax, scale=False)
    assert ax.get_position().bounds == before


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
    ax = plot_rates(curves)
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


def test_a_loss_as_given_above_the_plot_is_an_arrow():
    climbing = sensitivity(BOWL, "sgd:1.2", (-7, 2), 20, lr=[0.01, 0.1, 0.5, 3])
    assert climbing.baseline.status != "diverged"
    ax = plot_rates(climbing)
    (mark,) = lines(ax, "_given")
    assert mark.get_marker() == "^"
    assert climbing.baseline.values[-1] > ax.get_ylim()[1]
    assert "above the scale" in legend_of(ax)


def test_the_limit_of_stability_is_in_the_legend_if_it_is_drawn():
    ax = plot_rates(compare_rates(BOWL, ["sgd", "adam"], RATES, steps=9))
    assert len(lines(ax, "_limit")) == 1
    assert legend_of(ax)[-1] == "limit of stability"
    for curves in (
        compare_rates(BOWL, ["sgd"], RATES[:8], steps=9),
        compare_rates("rosenbrock", ["sgd"], RATES, steps=9),
    ):
        ax = plot_rates(curves)
        assert lines(ax, "_limit") == []
        assert "limit of stability" not in legend_of(ax)


def test_a_linear_scale_holds_all_losses():
    curves = compare_rates("saddle", ["sgd", "momentum"], np.linspace(0.01, 0.1, 8), steps=5)
    ax = plot_rates(curves)
    low, high = ax.get_ylim()
    for one in curves:
        assert ((one.values > low) & (one.values < high)).all()


def test_a_label_with_a_dollar_sign_is_written_as_it_is():
    ax = plot_rates(compare_rates(BOWL, {"cost 5$": "sgd"}, RATES, steps=3))
    assert legend_of(ax)[0] == r"cost 5\$"


def test_curves_must_go_together():
    one = sensitivity(BOWL, "sgd", lr=RATES, steps=3)
    others = [
        sensitivity("sphere", "sgd", lr=RATES, steps=3),
        sensitivity(BOWL, "momentum", momentum=MOMENTA, steps=3),
    ]
    for other in others:
        with pytest.raises(ValueError, match="`results` must be"):
            plot_rates([one, other])
    for bad in ([], [3], 3, [one, None]):
        with pytest.raises(TypeError, match="`results` must be what"):
            plot_rates(bad)
    for bad in (3, None, [one]):
        with pytest.raises(TypeError, match="`result` must be what"):
            plot_map(bad)


def test_edges_of_cells():
    np.testing.assert_allclose(
        edges(np.array([1.0, 10, 100])), 10 ** np.array([-0.5, 0.5, 1.5, 2.5])
    )
    np.testing.assert_allclose(edges(np.array([0.0, 1, 2])), [-0.5, 0.5, 1.5, 2.5])


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([1e-40, 1.0], 1e-12, 1.0),
        ([0.0, 1e-3, 1.0], 1e-3, 1.0),
        ([-3.0, 2.0], -3.0, 2.0),
        ([np.nan, np.nan], 0.0, 1.0),
        ([5.0, 5.0], 5.0, 50.0),
    ],
)
def test_scale_of_values(values, low, high):
    norm = quality_norm(np.array(values))
    assert (norm.vmin, norm.vmax) == (pytest.approx(low), pytest.approx(high))


# --- basins


def test_cells_of_basins_have_the_colour_of_their_minimum(hills, pixels):
    one = hills[0]
    ax = plot_map(one, scale=False)
    image = pixels(ax.figure)
    with applied(None):
        rgb = shades_for([one]).rgb(one.minimum, one.steps)
    wrong = 0
    for row, column in np.ndindex(one.minimum.shape):
        at = ax.transData.transform((one.axes["x"][column], one.axes["y"][row]))
        seen = image[image.shape[0] - 1 - int(at[1]), int(at[0])]
        wrong += not np.array_equal(seen, rgb[row, column])
    # Only the cells below the letters.
    assert wrong < 0.06 * one.minimum.size


def test_shades_tell_minima_apart_and_late_from_soon():
    with applied("light"):
        shades = Shades(4, 4, 100)
    minimum, steps = np.array([0, 0, 0, 1, -1]), np.array([0, 50, 100, 50, 7])
    rgb = shades.rgb(minimum, steps).astype(int)
    assert rgb[0].sum() > rgb[1].sum() > rgb[2].sum() > 90
    assert abs(rgb[1] - rgb[3]).max() > 60
    assert tuple(rgb[4]) == NOWHERE
    assert shades.coloured == 4


def test_many_local_minima_share_a_grey():
    with applied("light"):
        shades = Shades(40, 2, 100)
    assert shades.coloured == 2
    red, green, blue = shades.colors[7]
    assert red == green == blue


@pytest.mark.parametrize("theme", list(THEMES))
def test_colours_of_four_minima_differ_in_every_theme(theme):
    with applied(theme):
        shades = Shades(4, 4, 10)
    rgb = shades.rgb(np.arange(4), np.full(4, 4)).astype(int)
    for i in range(4):
        for j in range(i):
            assert abs(rgb[i] - rgb[j]).sum() > 50


def test_basins_stand_side_by_side(hills, words):
    figure = plot_basins(hills)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles[0].startswith("SGD:  ")
    assert titles[1].startswith("Adam:  ")
    assert overlaps(words(figure)) == []
    with pytest.raises(ValueError, match="on one surface, in the same limits"):
        plot_basins([hills[0], basins("sphere", "sgd", 5, resolution=3)])
    with pytest.raises(TypeError, match="what `basins` returns"):
        plot_basins([])


# --- races


def test_every_tried_path_is_there_under_the_best(race):
    figure = plot_tuning(race)
    assert len(figure.axes) == 3
    for ax, trial in zip(figure.axes, race.trials, strict=True):
        (tried,) = [item for item in ax.collections if item.get_label() == "_tried"]
        assert len(tried.get_segments()) == race.budget
        best = max(ax.lines, key=lambda line: len(line.get_xdata()))
        assert tried.get_zorder() < best.get_zorder()
        np.testing.assert_array_equal(np.array(best.get_data()).T[:5], trial.best.positions[:5])
    told = " ".join(text.get_text() for text in figure.texts)
    assert "9 learning rates for each" in told
    assert "0.0001 to 10" in told


def test_triptych_has_three_races(race, words):
    figure = plot_triptych(race)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["as given", "tuned: the best of 9", "10 times the best"]
    limits = {(ax.get_xlim(), ax.get_ylim()) for ax in figure.axes}
    assert len(limits) == 1
    shown = [item for item in words(figure) if not item[0].startswith("leaves")]
    assert overlaps(shown) == []
    for wrong in (3, None):
        with pytest.raises(TypeError, match="`tuning` must be"):
            plot_triptych(wrong)
        with pytest.raises(TypeError, match="`tuning` must be"):
            plot_tuning(wrong)


@pytest.fixture(scope="module")
def crowd():
    return tune("rosenbrock", list(OPTIMIZERS)[:12], steps=5, budget=3)


@pytest.mark.parametrize("theme", [None, "slides-dark"])
def test_the_legend_of_a_triptych_of_many_stays_on_the_page(crowd, theme):
    figure = plot_triptych(crowd, theme=theme)
    figure.canvas.draw()
    legend = figure.axes[0].get_legend()
    box = legend.get_window_extent()
    assert len(legend.get_texts()) == 12
    assert box.x1 <= figure.bbox.width
    (heading,) = figure.texts
    assert box.y1 <= heading.get_window_extent().y0 + 1
    assert box.y0 >= figure.axes[0].title.get_window_extent().y1


@pytest.mark.parametrize("theme", [None, "slides-dark"])
def test_titles_of_many_races_keep_names_and_numbers(crowd, theme, words):
    figure = plot_tuning(crowd, theme=theme)
    for ax, trial in zip(figure.axes, crowd.trials, strict=True):
        title = ax.get_title(loc="left")
        assert title.removesuffix("...") == trial.label[: len(title.removesuffix("..."))]
        (numbers,) = [t for t in ax.texts if t.get_text().startswith("lr ")]
        told = numbers.get_text()
        assert told.startswith(f"lr {trial.best_rate:.2g}")
        assert ("edge" in told) == trial.at_edge
        assert "f = " in told or "f diverged" in told
    shown = [item for item in words(figure) if not item[0].startswith("leaves")]
    assert overlaps(shown) == []


def test_a_map_where_all_is_lost_is_drawn():
    axes = {"lr": np.linspace(50, 90, 6), "momentum": np.linspace(0.5, 0.9, 5)}
    lost = sensitivity(BOWL, Momentum, (-7, 2), 400, **axes)
    assert lost.best is None
    assert chosen_pins(lost) == [(3, 2)]
    ax = plot_map(lost)
    ax.figure.canvas.draw()
    assert "diverged" in [text.get_text() for text in ax.texts]
    plot_sensitivity(lost).canvas.draw()


def test_steps_are_what_the_scale_counts():
    found = sensitivity(BOWL, "sgd", (-7, 2), 200, lr=RATES[:14], measure="steps", tolerance=1e-3)
    ax = plot_rates([found])
    assert ax.get_ylabel() == "steps until the gradient is below 0.001"
    rings = lines(ax, "_given")
    reached = found.baseline.converged_at
    assert [ring.get_ydata()[0] for ring in rings] == ([float(reached)] if reached >= 0 else [])
    assert reached < 0
    quick = sensitivity(
        BOWL, "sgd:0.9", (-7, 2), 200, lr=RATES[:20], measure="steps", tolerance=1e-3
    )
    (ring,) = lines(plot_rates([quick]), "_given")
    assert ring.get_ydata()[0] == quick.baseline.converged_at > 0


def test_other_things_are_no_maps(bowl, hills):
    with pytest.raises(TypeError, match="`result` must be what `sensitivity` returns for two"):
        plot_sensitivity(sensitivity(BOWL, "sgd", lr=RATES, steps=3))
    with pytest.raises(TypeError, match="`result` must be what `sensitivity` returns for two"):
        plot_sensitivity(hills[0])
    with pytest.raises(ValueError, match="`pins` must be left out over starts"):
        plot_map(hills[0], pins=[(0, 0)])
    one = sensitivity(BOWL, "sgd", lr=RATES, steps=3)
    with pytest.raises(ValueError, match="`pins` must be left out over one hyperparameter"):
        plot_map(one, pins=["nonsense"])
    with pytest.raises(ValueError, match="`scale` must be left out over one hyperparameter"):
        plot_map(one, scale=False)


def test_basins_stand_side_by_side_only_if_they_go_together(hills):
    others = basins("himmelblau", "sgd:0.01", 80, resolution=24, minima=[(3.0, 2.0)])
    with pytest.raises(ValueError, match=r"`results` must be with the same minima. Got \[4, 1\]"):
        plot_basins([hills[0], others])
    with pytest.raises(ValueError, match="`size` must be large enough for the panels"):
        plot_basins(hills, size=(8192, 100))


def test_what_has_no_room_is_not_written():
    axes = {"lr": [50.0, 90.0], "momentum": [0.5, 0.9]}
    lost = sensitivity(BOWL, Momentum, (-7, 2), 400, **axes)
    words = [text.get_text() for text in plot_map(lost, size=(400, 300)).texts]
    assert "diverged" not in words


def test_losses_without_a_known_minimum_have_a_plain_scale():
    found = sensitivity("saddle", "sgd", steps=5, lr=np.linspace(0.01, 0.1, 8))
    assert found.surface.floor is None
    ax = plot_rates([found])
    assert ax.get_yscale() == "linear"
    assert ax.get_ylabel() == "loss after 5 steps"
    np.testing.assert_allclose(ax.lines[0].get_ydata(), found.values)


def test_a_learning_rate_that_changes_has_no_ring():
    scheduled = sensitivity(BOWL, SGD(Cosine(0.5, 20)), (-7, 2), 20, lr=RATES[:16])
    assert lines(plot_rates([scheduled]), "_given") == []
    plain = sensitivity(BOWL, SGD(0.1), (-7, 2), 20, lr=RATES[:16])
    assert len(lines(plot_rates([plain]), "_given")) == 1


def test_losses_are_those_above_the_minimum():
    high = sensitivity(f"{BOWL} + 3", "sgd", (-7, 2), 40, lr=RATES[:16])
    low = sensitivity(BOWL, "sgd", (-7, 2), 40, lr=RATES[:16])
    values, label = excess_of(high)
    assert label == "loss above the minimum after 40 steps"
    np.testing.assert_allclose(values, low.values, atol=1e-12)
    assert excess_of(low)[1] == "loss after 40 steps"


def test_forty_maps_on_a_stamp_are_refused_in_one_line():
    one = basins("sphere", "sgd:0.1", 3, resolution=3)
    with pytest.raises(ValueError, match="`size` must be large enough for the panels"):
        plot_basins([one] * 40, size=(100, 100))


# --- numbers on short axes


def seen(axis):
    """Return the numbers that can be seen at an axis."""
    low, high = sorted(axis.get_view_interval())
    ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
    return [label.get_text() for place, label in ticks if low <= place <= high]


def test_a_short_logarithmic_axis_of_a_map_has_numbers():
    axes = {"lr": np.geomspace(0.2, 0.8, 8), "momentum": np.linspace(0.5, 0.95, 5)}
    ax = plot_map(sensitivity(BOWL, "momentum", steps=20, **axes))
    assert seen(ax.xaxis) == ["0.2", "0.5"]
    axes = {"beta1": np.linspace(0, 0.99, 6), "beta2": np.linspace(0, 0.999, 6)}
    ax = plot_map(sensitivity(BOWL, "adam", steps=100, **axes))
    scale = ax.child_axes[0].yaxis
    assert len(seen(scale)) >= 2
    assert all(5.98 < float(number) < 6 for number in seen(scale))


@pytest.mark.parametrize(
    ("rates", "numbers"),
    [
        ((0.001, 100), [rf"$\mathdefault{{10^{{{power}}}}}$" for power in range(-3, 3)]),
        ((0.03, 0.9), ["0.05", "0.1", "0.2", "0.5"]),
        ((0.21, 0.48), ["0.25", "0.3", "0.35", "0.4", "0.45"]),
        ((1.5e-7, 7e-7), [rf"$\mathdefault{{{part}\times10^{{-7}}}}$" for part in (2, 5)]),
    ],
)
def test_rates_are_numbered_however_near_they_lie(rates, numbers):
    ax = plot_rates(sensitivity(BOWL, "sgd", steps=3, lr=np.geomspace(*rates, 6)))
    ax.figure.canvas.draw()
    assert seen(ax.xaxis) == numbers
    # The numbers follow if another part is looked at.
    ax.set_xlim(1, 1000)
    assert len(seen(ax.xaxis)) == 4
