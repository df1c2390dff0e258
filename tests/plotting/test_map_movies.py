"""Moving maps: frames, and the files they become."""

import numpy as np
import pytest
from PIL import Image

from trajectories import (
    animate_basins,
    animate_ensemble,
    basins,
    ensemble,
    plot_basins,
    plot_ensemble,
)

SIZE = (320, 240)


@pytest.fixture(scope="module")
def hills():
    return [basins("himmelblau", r, 60, resolution=20) for r in ("sgd:0.01", "momentum:0.01")]


@pytest.fixture(scope="module")
def cloud():
    return ensemble("himmelblau", "adam:0.1", steps=12, trials=60, spread="domain", rng=0)


@pytest.fixture(params=["basins", "cloud"])
def movie(request, hills, cloud):
    if request.param == "basins":
        return animate_basins(hills, frames=6, theme="light", size=(400, 240))
    return animate_ensemble(cloud, frames=5, theme="dark", size=SIZE)


def test_painted_frames_equal_full_draws_in_whatever_order(movie, assert_painted):
    forth = list(movie.frame_steps)
    assert_painted(movie, [*forth, *forth[::-2]])


def test_files_have_the_frames(movie, tmp_path):
    movie.save(tmp_path / "a.webp", fps=5)
    with Image.open(tmp_path / "a.webp") as image:
        assert image.size == movie.size
        assert image.n_frames == len(movie)


def test_a_page_it_cannot_be(movie, tmp_path):
    with pytest.raises(ValueError, match="Unknown format of a moving map '.html'"):
        movie.save(tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []
    assert movie._repr_html_().startswith('<img src="data:image/gif;base64,')


def test_basins_form_by_the_steps_until_they_are_the_still_picture(hills, pixels):
    movie = animate_basins(hills)
    assert movie.frame_steps[0] == 0
    assert movie.frame_steps[-1] == max(one.steps.max() for one in hills)
    shown, one = movie.picture(), hills[0]
    still = plot_basins(hills)
    whole = np.asarray(still.axes[0].images[0].get_array())[..., :3]
    for step in (0, 5, 20, movie.frame_steps[-1]):
        shown.show(step)
        image = np.asarray(shown.figure.axes[0].images[0].get_array())
        there = (one.minimum >= 0) & (one.steps <= step)
        np.testing.assert_array_equal(image[there][..., :3], whole[there])
        assert (image[~there] == 0).all()
    movie.frame_steps = movie.frame_steps[-1:]
    (last,) = movie.frames()
    still = pixels(still)
    differ = np.argwhere((last != still).any(axis=2))  # By the counter alone.
    assert (differ[:, 0] < 0.1 * still.shape[0]).all()
    assert (differ[:, 1] > 0.5 * still.shape[1]).all()


def test_first_and_last_frames_are_the_still_clouds(cloud, pixels):
    first, last = animate_ensemble(cloud, frames=2, size=SIZE).frames()
    np.testing.assert_array_equal(last, pixels(plot_ensemble(cloud, size=SIZE).figure))
    np.testing.assert_array_equal(first, pixels(plot_ensemble(cloud, 0, size=SIZE).figure))


def test_other_things_are_refused(cloud):
    with pytest.raises(TypeError, match="`cloud` must be a batch"):
        animate_ensemble(None)
    with pytest.raises(TypeError, match="what `basins` returns"):
        animate_basins([3])
    with pytest.raises(TypeError, match="`cloud` must be a batch"):
        plot_ensemble(cloud[0])
    with pytest.raises(ValueError, match="`step` must be at most 12"):
        plot_ensemble(cloud, 13)
