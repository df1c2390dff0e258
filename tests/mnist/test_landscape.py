"""The plane through paths of weights, the loss on it, and its pictures."""

import json
import re
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest

from trajectories.mnist.figures.landscape_figure import (
    animate_landscape,
    draw_landscape,
    landscape_scene,
    save_landscape,
)
from trajectories.mnist.landscape import Landscape, Valuing, landscape, plane_through
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.trainer import Trainer
from trajectories.plotting.animate import plot_scene

HOW = {
    "hidden": [12],
    "iterations": 25,
    "every": 4,
    "images": 90,
    "resolution": 9,
    "batch_size": 40,
    "workers": 1,
}
RACE = ["sgd:lr=0.3", "momentum:lr=0.1", "adam:lr=0.02"]


@pytest.fixture(scope="module", autouse=True)
def matplotlib_as_it_comes():
    """Start from Matplotlib's defaults, whatever the machine has set, and leave no trace."""
    with mpl.rc_context():
        mpl.rcdefaults()
        yield


@pytest.fixture(scope="module")
def found(digits):
    """A small landscape of the digits."""
    return landscape(digits, race=RACE, **HOW)


@pytest.fixture(scope="module")
def network(digits):
    """The network of that landscape, at its start."""
    return MultiLayerNet(digits.pixels, [12], digits.classes, rng=[0, 1])


@pytest.fixture(scope="module")
def loss(network, digits):
    """A function that returns the loss of that network at some weights."""

    def value(weights):
        network.flat_params[...] = weights
        return network.loss(digits.train_images[:90], digits.train_labels[:90], scale=digits.scale)

    return value


def walks(size, count=3, steps=7, seed=0):
    """Return random walks in so many dimensions from one start."""
    rng = np.random.default_rng(seed)
    moves = rng.standard_normal((count, steps, size)) * np.linspace(0.2, 2, size)
    moves += rng.standard_normal((count, 1, size))
    moves[:, 0] = rng.standard_normal(size)
    return moves.cumsum(axis=1)


# The plane.


@pytest.mark.parametrize("through", ["start", "mean"])
@pytest.mark.parametrize("size", [5, 40, 20_000])
def test_the_plane_is_that_of_numpys_svd(size, through):
    paths = walks(size)
    points = paths.reshape(-1, size)
    origin = points.mean(axis=0) if through == "mean" else points[0]
    _, lengths, directions = np.linalg.svd(points - origin, full_matrices=False)
    plane = plane_through(list(paths), through=through)
    np.testing.assert_allclose(plane.origin, origin, rtol=1e-12)
    np.testing.assert_allclose(abs(plane.axes @ directions[:2].T), np.eye(2), atol=1e-9)
    np.testing.assert_allclose(plane.shares, lengths[:2] ** 2 / (lengths**2).sum(), rtol=1e-10)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-14)


def test_distances_are_what_least_squares_leaves():
    paths = walks(30)
    plane = plane_through(list(paths))
    points = paths.reshape(-1, 30)
    places, off = plane.project(points)
    away = (points - plane.origin).T
    best, *_ = np.linalg.lstsq(plane.axes.T, away, rcond=None)
    np.testing.assert_allclose(places, best.T, rtol=1e-10)
    np.testing.assert_allclose(off, np.linalg.norm(away - plane.axes.T @ best, axis=0), rtol=1e-10)


def test_a_point_in_the_plane_is_at_its_place_and_not_off_it():
    plane = plane_through(list(walks(500)))
    places, off = plane.project([plane.point(3.0, -2.0), plane.origin])
    np.testing.assert_allclose(places, [[3, -2], [0, 0]], atol=1e-12)
    np.testing.assert_allclose(off, 0, atol=1e-12)


def test_flat_paths_lose_nothing():
    rng = np.random.default_rng(1)
    flat = rng.standard_normal((2, 9, 2)).cumsum(axis=1) @ rng.standard_normal((2, 60)) + 5
    plane = plane_through(list(flat))
    assert plane.shares.sum() == pytest.approx(1, abs=1e-12)
    places, off = plane.project(flat[1])
    np.testing.assert_allclose(off, 0, atol=1e-9)
    np.testing.assert_allclose([plane.point(*place) for place in places], flat[1], atol=1e-9)


def test_paths_lead_to_the_right_and_up_whichever_way_the_weights_are_mirrored():
    paths = walks(50)
    places = [plane_through(list(sign * paths)).project(sign * paths[0])[0] for sign in (1, -1)]
    np.testing.assert_allclose(*places, rtol=1e-9)
    plane = plane_through(list(paths))
    ends, starts = paths[:, -1].sum(axis=0), paths[:, 0].sum(axis=0)
    assert (plane.axes @ (ends - starts) > 0).all()
    again = plane_through(list(paths[::-1])).project(paths[0])[0]
    np.testing.assert_allclose(plane.project(paths[0])[0], again, atol=1e-9)


def test_paths_that_come_back_have_a_sign_too():
    there = np.array([[0.0, 0, 0], [1, -9, 2], [0, 0, 0]])
    plane = plane_through([there])
    assert plane.axes[0] @ [1, -9, 2] < 0  # The largest weight of the direction is positive.
    np.testing.assert_allclose(plane.axes, plane_through([-there]).axes, atol=1e-12)


def test_points_on_one_line_still_have_a_plane():
    line = np.outer(np.arange(4.0), [3.0, 0.0, 4.0])
    plane = plane_through([line])
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-14)
    np.testing.assert_allclose(plane.shares, [1, 0], atol=1e-12)
    np.testing.assert_allclose(plane.project(line)[0], [[0, 0], [5, 0], [10, 0], [15, 0]])


def test_float32_weights_are_summed_up_in_float64():
    paths = 100 + 1e-3 * walks(3000)
    plane = plane_through(list(paths.astype(np.float32)))
    exact = plane_through(list(paths.astype(np.float32).astype(float)))
    np.testing.assert_array_equal(plane.axes, exact.axes)


def test_points_that_are_not_finite_have_no_place():
    plane = plane_through(list(walks(6)))
    places, off = plane.project([np.full(6, np.inf), plane.origin])
    assert np.isnan(places[0]).all()
    assert np.isnan(off).tolist() == [True, False]


def test_paths_that_stand_still_are_refused():
    with pytest.raises(ValueError, match="must lead somewhere"):
        plane_through([np.ones((3, 4)), np.ones((3, 4))])
    with pytest.raises(ValueError, match="Unknown way to lay a plane 'centre'"):
        plane_through(list(walks(4)), through="centre")


# The loss on it.


def test_the_grid_holds_the_networks_loss_at_the_weights_there(found, loss):
    assert found.grid.shape == (9, 9)
    for row, column in [(0, 0), (0, 8), (8, 0), (3, 6), (8, 8)]:
        assert found.grid[row, column] == loss(found.weights(found.x[column], found.y[row]))


def test_losses_below_the_paths_are_those_at_their_places(found, loss):
    for run, step in [(0, 0), (1, 3), (2, 7)]:
        place = found.places[run, step]
        assert found.plane_losses[run, step] == loss(found.weights(*place))


def test_true_losses_are_those_of_the_runs_themselves(found, digits, loss):
    assert found.iterations.tolist() == [0, 4, 8, 12, 16, 20, 24, 25]
    for run, rule in enumerate(RACE):
        trainer = Trainer(
            MultiLayerNet(digits.pixels, [12], digits.classes, rng=[0, 1]),
            rule,
            digits.train_images,
            digits.train_labels,
            scale=digits.scale,
            batch_size=40,
            iterations=25,
            rng=0,
            snapshot_every=4,
        )
        trainer.run()
        points = list(trainer.snapshots.values())
        assert found.losses[run].tolist() == [loss(point) for point in points]
        gone = [np.linalg.norm(point.astype(float) - points[0]) for point in points]
        np.testing.assert_allclose(found.gone[run], gone, rtol=1e-12)
        away = points[-1] - found.weights(*found.places[run, -1])
        assert found.off[run, -1] == pytest.approx(np.linalg.norm(away), rel=1e-9)


def test_all_runs_begin_on_the_plane_at_one_place(found):
    assert (found.off[:, 0] == 0).all()
    assert (found.places[:, 0] == 0).all()
    assert (found.losses[:, 0] == found.plane_losses[:, 0]).all()
    assert (found.gone >= found.off).all()
    np.testing.assert_allclose(
        found.gone**2, found.off**2 + (found.places**2).sum(axis=2), rtol=1e-9, atol=1e-12
    )


def test_the_plane_through_the_mean_is_nearer_on_the_whole(found, digits):
    other = landscape(digits, race=RACE, through="mean", **HOW)
    assert (other.off**2).sum() < (found.off**2).sum()
    assert other.off[0, 0] > 0
    np.testing.assert_array_equal(other.losses, found.losses)
    np.testing.assert_allclose(other.places.reshape(-1, 2).mean(axis=0), 0, atol=1e-9)


def test_paths_lie_inside_the_grid_with_a_margin(found):
    places = found.places.reshape(-1, 2)
    low, high = np.array([found.x[[0, -1]], found.y[[0, -1]]]).T
    size = high - low
    assert (places.min(axis=0) > low + 0.05 * size).all()
    assert (places.max(axis=0) < high - 0.05 * size).all()


def test_the_same_seed_finds_the_same_bit_for_bit(found, digits):
    again = landscape(digits, race=RACE, **HOW)
    other = landscape(digits, race=RACE, **HOW, rng=7)
    for name in ("places", "losses", "grid", "axes", "off", "shares"):
        np.testing.assert_array_equal(getattr(found, name), getattr(again, name))
        assert not np.array_equal(getattr(found, name), getattr(other, name))
    assert other.seeds == (7,)


@pytest.mark.slow
def test_several_processes_find_the_same(found, digits):
    several = landscape(digits, race=RACE, **{**HOW, "workers": 2})
    np.testing.assert_allclose(several.grid, found.grid, rtol=1e-5)
    np.testing.assert_allclose(several.losses, found.losses, rtol=1e-5)
    again = landscape(digits, race=RACE, **{**HOW, "workers": 2})
    np.testing.assert_array_equal(several.grid, again.grid)


def test_a_run_that_diverges_is_told_of_and_does_not_shape_the_plane(found, digits):
    lost = landscape(digits, race=[*RACE, "sgd:lr=1e30"], **HOW)
    assert lost.labels == ("SGD 0.3", "Momentum", "Adam", "SGD 1e+30")
    assert lost.diverged_at[:3] == (None, None, None)
    assert lost.diverged_at[3] < 25
    assert np.isnan(lost.places[3, -1]).all()
    assert np.isnan(lost.losses[3, -1])
    np.testing.assert_array_equal(lost.axes, found.axes)
    np.testing.assert_array_equal(lost.grid, found.grid)
    words = texts(draw_landscape(lost))
    assert "SGD 1e+30: diverged" in words
    track = landscape_scene(lost).tracks[3]
    assert track.exits[0] is not None
    assert np.isnan(track.values[-1])


def test_a_run_that_is_thrown_far_off_does_not_shape_the_plane(found, digits):
    far = landscape(digits, race=[*RACE, "sgd:lr=1e5"], **HOW)
    assert far.diverged_at == (None,) * 4
    assert far.shaping == (True, True, True, False)
    assert far.losses[3, -1] > far.losses[3, 0]
    assert far.off[3, -1] > 1000
    np.testing.assert_array_equal(far.axes, found.axes)
    np.testing.assert_array_equal(far.grid, found.grid)
    assert landscape_scene(far).notes == landscape_scene(found).notes


def test_runs_that_all_get_worse_are_shown_all_the_same(digits):
    worse = landscape(digits, race=["sgd:lr=1e5"], **{**HOW, "resolution": 3})
    assert worse.losses[0, -1] > worse.losses[0, 0]
    assert worse.shaping == (True,)


def test_runs_that_all_diverge_are_refused(digits):
    with pytest.raises(ValueError, match="`race` must be of optimizers that do not all diverge"):
        landscape(digits, race=["sgd:lr=1e30"], **HOW)


def test_batch_norm_is_valued_by_the_images_own_statistics(digits):
    found = landscape(digits, race=RACE[:2], network={"batch_norm": True}, **HOW)
    network = MultiLayerNet(digits.pixels, [12], digits.classes, batch_norm=True, rng=5)
    images, labels = digits.train_images[:90], digits.train_labels[:90]
    network.flat_params[...] = found.weights(found.x[2], found.y[7])
    assert found.grid[7, 2] == network.loss(images, labels, scale=digits.scale, train=True)
    assert found.grid[7, 2] != network.loss(images, labels, scale=digits.scale)
    assert "own statistics" in texts(draw_landscape(found))


def test_dropout_is_valued_as_in_evaluation(digits):
    found = landscape(digits, race=RACE[:2], network={"dropout": 0.4}, **HOW)
    network = MultiLayerNet(digits.pixels, [12], digits.classes, dropout=0.4, rng=5)
    network.flat_params[...] = found.weights(found.x[2], found.y[7])
    images, labels = digits.train_images[:90], digits.train_labels[:90]
    assert found.grid[7, 2] == network.loss(images, labels, scale=digits.scale)


def test_weights_that_overflow_have_no_finite_loss_and_warn_of_nothing(network, digits):
    values = Valuing(network, digits.train_images[:9], digits.train_labels[:9], 16.0, workers=1)
    size = network.flat_params.size
    found = values.of([np.full(size, 1e38), np.full(size, np.nan), np.zeros(size)])
    assert np.isfinite(found).tolist() == [False, False, True]
    assert found[2] == pytest.approx(np.log(10))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"race": []}, "`race` must be at least one optimizer"),
        ({"race": ["newton"]}, "`race` must be optimizers that need no surface"),
        ({"race": ["adam", "adam"]}, "`race` must be of optimizers that differ"),
        ({"resolution": 1}, "`resolution` must be"),
        ({"iterations": 0}, "`iterations` must be"),
        ({"images": -1}, "`images` must be"),
        ({"every": -2}, "`every` must be"),
        ({"through": "end"}, "Unknown way to lay a plane 'end'"),
        ({"keep": "landscape.json"}, "`keep` must be a file name that ends in .npz"),
        ({"network": {"dropout": 0.1, "batch_norm": True}}, "without dropout"),
        ({"network": {"foo": 1}}, "Unknown setting of the network 'foo'"),
        ({"network": {"input_size": 1}}, "Unknown setting of the network 'input_size'"),
        ({"network": {"dtype": "half"}}, "`dtype` must be float32 or float64"),
        ({"network": 5}, "`network` must be settings by name"),
        ({"hidden": 5}, "`hidden` must be a list of integers"),
        ({"race": "sgd:0.1"}, "`race` must be a list of optimizers"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(wrong, words, digits, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((TypeError, ValueError), match=re.escape(words)) as caught:
        landscape(digits, **{"race": RACE, **HOW, **wrong})
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


# Files.


def test_a_file_holds_it_bit_for_bit(found, tmp_path):
    found.save(tmp_path / "it.npz")
    read = Landscape.load(tmp_path / "it.npz")
    assert vars(read).keys() == vars(found).keys()
    for name, value in vars(found).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(getattr(read, name), value)
            assert not getattr(read, name).flags.writeable
        else:
            assert getattr(read, name) == value
    json.dumps(read.asked)
    assert read.data["name"] == "digits"
    assert read.settings["images"] == 90
    assert repr(read) == repr(found)


def test_what_is_no_landscape_is_refused(found, tmp_path):
    path = tmp_path / "it.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="holds no landscape"):
        Landscape.load(path)
    with pytest.raises(ValueError, match="`path` must be a file name that ends in .npz"):
        found.save(tmp_path / "it.json")
    with pytest.raises(ValueError, match="`grid` must be of shape"):
        replace(found, grid=found.grid[1:])


def test_settings_of_the_network_are_kept_as_it_takes_them(digits, tmp_path):
    path = tmp_path / "it.npz"
    how = {**HOW, "iterations": 4, "resolution": 3, "keep": path}
    network = {"dtype": np.float64, "weight_init": "He", "weight_decay": np.float32(0.5)}
    first = landscape(digits, race=RACE[:1], network=network, **how)
    told = {"dtype": "float64", "weight_init": "he", "weight_decay": 0.5}
    assert first.settings["network"] == Landscape.load(path).settings["network"] == told
    before = path.stat().st_mtime_ns
    landscape(digits, race=RACE[:1], network=told, **how)
    assert path.stat().st_mtime_ns == before


def test_a_kept_result_is_taken_if_its_settings_are_the_same(digits, tmp_path):
    path = tmp_path / "kept.npz"
    how = {**HOW, "iterations": 6, "resolution": 3, "keep": path}
    first = landscape(digits, race=RACE[:2], **how)
    changed = replace(first, losses=first.losses + 1)
    changed.save(path)
    again = landscape(digits, race=RACE[:2], **how)
    np.testing.assert_array_equal(again.losses, changed.losses)
    fresh = landscape(digits, race=RACE[:2], **how, reuse=False)
    np.testing.assert_array_equal(fresh.losses, first.losses)
    other = landscape(digits, race=RACE[:2], **{**how, "images": 50})
    assert other.settings["images"] == 50
    path.write_bytes(b"nothing")
    again = landscape(digits, race=RACE[:2], **how)
    np.testing.assert_array_equal(again.losses, first.losses)
    np.testing.assert_array_equal(Landscape.load(path).losses, first.losses)


# Pictures.


def texts(figure):
    """Return all words of a figure."""
    found = [text.get_text() for text in figure.findobj(mpl.text.Text)]
    return "\n".join(found)


def test_the_scene_counts_iterations_and_tells_true_losses(found):
    scene = landscape_scene(found)
    assert scene.steps == 25
    track = scene.tracks[1]
    rows = found.iterations
    np.testing.assert_array_equal(track.positions[rows, 0], found.places[1])
    np.testing.assert_array_equal(track.values[rows, 0], found.losses[1])
    np.testing.assert_array_equal(track.positions[11], track.positions[8])
    assert track.recorded.tolist() == [*np.repeat(rows[:-2], 4), 24, 25]


def test_contours_are_at_equal_ratios_of_the_loss(found):
    levels = landscape_scene(found).relief.levels
    ratios = levels[1:] / levels[:-1]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-9)
    assert found.grid.min() <= levels[0]
    assert levels[-1] < found.grid.max()


def test_the_figure_tells_what_it_shows(found):
    words = texts(draw_landscape(found, theme="slides"))
    assert "digits: the loss around" in words
    assert f"direction 1: {100 * found.shares[0]:.0f} %" in words
    assert f"direction 2: {100 * found.shares[1]:.0f} %" in words
    assert f"Adam: loss {found.losses[2, -1]:.3f}" in words
    best = int(found.losses[:, -1].argmin())
    assert f"{found.off[best, -1]:.1f} off" in words
    assert "90 training images" in words.replace("\n", " ")
    assert "seed 0" in words.replace("\n", " ")


@pytest.mark.parametrize("theme", ["light", "slides"])
def test_no_words_of_the_figure_overlap(found, theme):
    figure = draw_landscape(found, theme=theme)
    figure.canvas.draw()
    labels = [label for ax in figure.axes for label in (ax.xaxis.label, ax.yaxis.label)]
    boxes = [
        text.get_window_extent()
        for text in [*figure.texts, *labels, *(ax.title for ax in figure.axes)]
        if text.get_text().strip()
    ]
    boxes += [ax.get_legend().get_window_extent() for ax in figure.axes if ax.get_legend()]
    boxes += [ax.bbox for ax in figure.axes if ax.get_label() != "header"]
    for i, one in enumerate(boxes):
        assert one.x0 >= 0
        assert one.x1 <= figure.bbox.x1
        for other in boxes[:i]:
            both = mpl.transforms.Bbox.intersection(one, other)
            assert both is None or both.width * both.height < 1, (i, one, other)


def test_the_last_frame_is_the_still_picture_and_there_is_one_for_each_point(found):
    movie = animate_landscape(found, theme="dark", size=(500, 240))
    assert movie.frame_steps == tuple(found.iterations)
    *_, last = movie.frames()
    still = plot_scene(landscape_scene(found), layout="race", theme="dark", size=(500, 240))
    still.canvas.draw()
    np.testing.assert_array_equal(last, np.asarray(still.canvas.buffer_rgba())[..., :3])


def test_a_landscape_draws_itself(found):
    own, drawn = found.draw(theme="dark", size=(500, 240)), draw_landscape(found, theme="dark")
    assert texts(own) == texts(draw_landscape(found, size=(500, 240)))
    assert own.bbox.size.round().tolist() == [500, 240]
    assert own.get_facecolor() == drawn.get_facecolor()
    movie = found.animate(layout="overlay", theme="dark", size=(500, 240))
    same = animate_landscape(found, layout="overlay", theme="dark", size=(500, 240))
    np.testing.assert_array_equal(next(iter(movie.frames())), next(iter(same.frames())))


def test_a_folder_gets_the_result_the_figure_and_the_movies(found, tmp_path):
    written = save_landscape(found, tmp_path / "new", moving=[".html", ".gif"])
    assert [path.name for path in written] == [
        "landscape.npz",
        "landscape.png",
        "landscape.html",
        "landscape.gif",
    ]
    assert Landscape.load(written[0]).labels == found.labels
    assert written[3].read_bytes()[:4] == b"GIF8"
    page = written[2].read_text("utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert data["times"] == found.iterations.tolist()
    assert data["names"]["short"] == ["1st", "2nd", "true loss"]
    assert data["losses"]["label"] == "true loss"
    assert "Digits: loss of 64-12-10" in page
    assert f"this plane: {100 * found.shares.sum():.0f} % of the variance" in page
    with pytest.raises(ValueError, match="format of a moving picture"):
        save_landscape(found, tmp_path / "other", moving=[".doc"])
    assert not (tmp_path / "other").exists()
