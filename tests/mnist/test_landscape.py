"""The plane through paths of weights, the loss on it, and its pictures."""

import json
import re
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest

import trajectories as tj
from trajectories.mnist import MultiLayerNet, Trainer

# Only its command is public, which trains larger networks for longer than tests can.
from trajectories.mnist.landscape import Landscape, landscape

HOW = {
    "hidden": [12],
    "iterations": 25,
    "every": 4,
    "images": 90,
    "resolution": 9,
    "batch_size": 40,
    "n_jobs": 1,
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
    return landscape(digits, optimizers=RACE, **HOW)


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


@pytest.fixture(scope="module")
def points(digits):
    """The weights of those runs, where a point was taken: shape (3, 8, weights)."""
    found = []
    for rule in RACE:
        images, labels = digits.train_images, digits.train_labels
        how = {"scale": digits.scale, "batch_size": 40, "iterations": 25, "snapshot_every": 4}
        network = MultiLayerNet(digits.pixels, [12], digits.classes, rng=[0, 1])
        trainer = Trainer(network, rule, images, labels, rng=0, **how)
        trainer.train()
        found.append(list(trainer.snapshots.values()))
    return np.array(found, dtype=float)


# The plane.


@pytest.mark.parametrize("through", ["start", "mean"])
def test_the_plane_is_that_of_numpys_svd_and_places_are_what_least_squares_finds(
    through, found, points, digits
):
    if through == "mean":
        other = landscape(digits, optimizers=RACE, through="mean", **HOW)
        assert (other.off**2).sum() < (found.off**2).sum()
        np.testing.assert_array_equal(other.losses, found.losses)
        found = other
    flat = points.reshape(24, -1)
    origin = flat.mean(axis=0) if through == "mean" else flat[0]
    away = flat - origin
    _, lengths, directions = np.linalg.svd(away, full_matrices=False)
    np.testing.assert_allclose(found.origin, origin, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(abs(found.axes @ directions[:2].T), np.eye(2), atol=1e-9)
    np.testing.assert_allclose(found.shares, lengths[:2] ** 2 / (lengths**2).sum(), rtol=1e-9)
    np.testing.assert_allclose(found.axes @ found.axes.T, np.eye(2), atol=1e-14)
    best, *_ = np.linalg.lstsq(found.axes.T, away.T, rcond=None)
    off = np.linalg.norm(away.T - found.axes.T @ best, axis=0)
    np.testing.assert_allclose(found.places.reshape(24, 2), best.T, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(found.off.ravel(), off, rtol=1e-8, atol=1e-9)
    # Paths lead to the right and up.
    ends, starts = points[:, -1].sum(axis=0), points[:, 0].sum(axis=0)
    assert (found.axes @ (ends - starts) > 0).all()


# The loss on it.


def test_the_grid_holds_the_networks_loss_at_the_weights_there(found, loss):
    assert found.grid.shape == (9, 9)
    for row, column in [(0, 0), (0, 8), (8, 0), (3, 6), (8, 8)]:
        assert found.grid[row, column] == loss(found.weights(found.x[column], found.y[row]))


def test_true_losses_are_those_of_the_runs_themselves(found, points, loss):
    assert found.iterations.tolist() == [0, 4, 8, 12, 16, 20, 24, 25]
    assert found.losses.tolist() == [[loss(point) for point in path] for path in points]
    gone = np.linalg.norm(points - points[0, 0], axis=2)
    np.testing.assert_allclose(found.gone, gone, rtol=1e-12)
    assert (found.losses[:, 0] == found.plane_losses[:, 0]).all()
    square = found.off**2 + (found.places**2).sum(axis=2)
    np.testing.assert_allclose(found.gone**2, square, rtol=1e-9, atol=1e-12)


def test_a_run_that_diverges_or_is_thrown_far_off_does_not_shape_the_plane(found, digits):
    far = landscape(digits, optimizers=[*RACE, "sgd:lr=1e30", "sgd:lr=1e5"], **HOW)
    assert far.labels == ("SGD 0.3", "Momentum", "Adam", "SGD 1e+30", "SGD 100000")
    assert far.diverged_at[3] < 25
    assert far.diverged_at[:3] + far.diverged_at[4:] == (None,) * 4
    assert far.shaping == (True, True, True, False, False)
    assert np.isnan(far.places[3, -1]).all()
    assert np.isnan(far.losses[3, -1])
    assert far.losses[4, -1] > far.losses[4, 0]
    assert far.off[4, -1] > 1000
    np.testing.assert_array_equal(far.axes, found.axes)
    np.testing.assert_array_equal(far.grid, found.grid)
    assert "SGD 1e+30: diverged" in texts(far.draw())
    scene = far.animate().scene
    assert scene.tracks[3].exits[0] is not None
    assert np.isnan(scene.tracks[3].values[-1])
    assert scene.notes == found.animate().scene.notes


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"optimizers": ["newton"]}, "`optimizers` must be optimizers that need no surface"),
        ({"optimizers": ["sgd:lr=1e-60"]}, "must lead somewhere"),
        ({"optimizers": ["sgd:lr=1e30"]}, "must be of optimizers that do not all diverge"),
        ({"through": "end"}, "Unknown way to lay a plane 'end'"),
        ({"keep": "landscape.json"}, "`keep` must be a file name that ends in .npz"),
        ({"network": {"dropout": 0.1, "batch_norm": True}}, "without dropout"),
        ({"network": {"foo": 1}}, "Unknown setting of the network 'foo'"),
        ({"optimizers": "sgd:0.1"}, "`optimizers` must be a list of optimizers"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(wrong, words, digits, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((TypeError, ValueError), match=re.escape(words)) as caught:
        landscape(digits, **{"optimizers": RACE, **HOW, **wrong})
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_batch_norm_is_valued_by_the_images_own_statistics(digits):
    found = landscape(digits, optimizers=RACE[:2], network={"batch_norm": True}, **HOW)
    network = MultiLayerNet(digits.pixels, [12], digits.classes, batch_norm=True, rng=5)
    images, labels = digits.train_images[:90], digits.train_labels[:90]
    network.flat_params[...] = found.weights(found.x[2], found.y[7])
    assert found.grid[7, 2] == network.loss(images, labels, scale=digits.scale, train=True)
    assert found.grid[7, 2] != network.loss(images, labels, scale=digits.scale)
    assert "own statistics" in texts(found.draw())


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
    for change in [{"labels": (1, 2, 3)}, {"diverged_at": ("never",) * 3}, {"data": {"name": 5}}]:
        replace(found, **change).save(path)
        with pytest.raises(ValueError, match="holds no landscape"):
            Landscape.load(path)


def test_a_kept_result_is_taken_if_its_settings_are_the_same(digits, tmp_path):
    path = tmp_path / "kept.npz"
    how = {**HOW, "iterations": 6, "resolution": 3, "keep": path}
    first = landscape(digits, optimizers=RACE[:2], **how)
    changed = replace(first, losses=first.losses + 1)
    changed.save(path)
    again = landscape(digits, optimizers=RACE[:2], **how)
    np.testing.assert_array_equal(again.losses, changed.losses)
    fresh = landscape(digits, optimizers=RACE[:2], **how, reuse=False)
    np.testing.assert_array_equal(fresh.losses, first.losses)
    other = landscape(digits, optimizers=RACE[:2], **{**how, "images": 50})
    assert other.settings["images"] == 50
    path.write_bytes(b"nothing")
    again = landscape(digits, optimizers=RACE[:2], **how)
    np.testing.assert_array_equal(again.losses, first.losses)
    np.testing.assert_array_equal(Landscape.load(path).losses, first.losses)


# Pictures.


def texts(figure):
    """Return all words of a figure."""
    found = [text.get_text() for text in figure.findobj(mpl.text.Text)]
    return "\n".join(found)


def test_the_figure_tells_what_it_shows(found):
    words = texts(found.draw(theme="slides"))
    assert "digits: the loss around" in words
    assert f"direction 1: {100 * found.shares[0]:.0f} %" in words
    assert f"direction 2: {100 * found.shares[1]:.0f} %" in words
    assert f"Adam: loss {found.losses[2, -1]:.3f}" in words
    best = int(found.losses[:, -1].argmin())
    assert f"{found.off[best, -1]:.1f} off" in words
    assert "90 training images" in words.replace("\n", " ")
    assert "seed 0" in words.replace("\n", " ")


def test_the_last_frame_is_the_still_picture_and_there_is_one_for_each_point(found):
    movie = found.animate(theme="dark", size=(500, 240))
    track, rows = movie.scene.tracks[1], found.iterations
    np.testing.assert_array_equal(track.positions[rows, 0], found.places[1])
    np.testing.assert_array_equal(track.values[rows, 0], found.losses[1])
    assert track.recorded.tolist() == [*np.repeat(rows[:-2], 4), 24, 25]
    assert movie.frame_steps == tuple(found.iterations)
    *_, last = (frame.copy() for frame in movie.frames())
    picture = movie.picture()
    picture.show(25)
    picture.figure.canvas.draw()
    np.testing.assert_array_equal(last, np.asarray(picture.figure.canvas.buffer_rgba())[..., :3])
    size = found.draw(theme="dark", size=(500, 240)).bbox.size
    assert size.round().tolist() == [500, 240]


def test_a_page_has_the_iterations_and_the_true_losses(found, tmp_path):
    (written,) = found.animate().save(tmp_path / "landscape.html")
    page = written.read_text("utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert data["times"] == found.iterations.tolist()
    assert data["names"]["short"] == ["1st", "2nd", "true loss"]
    assert data["losses"]["label"] == "true loss"
    assert "Digits: loss of 64-12-10" in page
    assert f"this plane: {100 * found.shares.sum():.0f} % of the variance" in page
    with pytest.raises(ValueError, match="Unknown format"):
        found.animate().save(tmp_path / "landscape.doc")


def test_pictures_come_again_from_their_own_files(found, digits, tmp_path):
    """Its network trains again, and all numbers are the same."""
    page, again, still = (tmp_path / name for name in ("one.html", "other.html", "a.png"))
    found.animate(layout="grid").save(page)
    tj.replay(page, data=digits).save(again)
    assert page.read_bytes() == again.read_bytes()
    found.draw(theme="print").savefig(still)
    recipe = tj.read_recipe(still)
    assert recipe.settings == {"theme": "print"}
    (once_more,) = recipe.again(data=digits)
    assert once_more.asked == found.asked
    np.testing.assert_array_equal(once_more.grid, found.grid)
