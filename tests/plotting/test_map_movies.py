"""Moving maps: frames, and the files they become."""

import numpy as np
import pytest
from PIL import Image

from trajectories import descend
from trajectories.maps.basins import basins
from trajectories.maps.tuning import ensemble
from trajectories.plotting.animation import Painter
from trajectories.plotting.maps.map_figures import plot_basins, shades_for
from trajectories.plotting.maps.map_movies import (
    animate_basins,
    animate_ensemble,
    density,
    plot_ensemble,
)
from trajectories.plotting.theme import applied


@pytest.fixture(scope="module")
def hills():
    return [basins("himmelblau", r, 60, resolution=20) for r in ("sgd:0.01", "momentum:0.01")]


@pytest.fixture(scope="module")
def cloud():
    return ensemble("himmelblau", "adam:0.1", steps=12, count=60, spread="domain", rng=0)


@pytest.fixture(params=["basins", "cloud"])
def movie(request, hills, cloud):
    if request.param == "basins":
        return animate_basins(hills, frames=6, theme="light")
    return animate_ensemble(cloud, frames=5, theme="dark")


def test_painted_frames_equal_full_draws(movie, pixels):
    painter = Painter(movie.picture())
    picture = movie.picture()
    for step in movie.frame_steps:
        painted = painter.paint(step)[..., :3].copy()
        picture.show(step)
        np.testing.assert_array_equal(painted, pixels(picture.figure))


def test_a_frame_is_a_function_of_its_step_alone(movie):
    painter = Painter(movie.picture())
    forth = [painter.paint(step).copy() for step in movie.frame_steps]
    back = [painter.paint(step).copy() for step in reversed(movie.frame_steps)]
    for one, other in zip(forth, reversed(back), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(forth[0], forth[-1])


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_files_have_the_frames(movie, tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    movie.save(path, fps=5)
    with Image.open(path) as image:
        assert image.size == movie.size
        assert image.n_frames == len(movie)


def test_a_page_it_cannot_be(movie, tmp_path):
    with pytest.raises(ValueError, match="Unknown format of a moving map '.html'"):
        movie.save(tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []
    assert movie._repr_html_().startswith('<img src="data:image/gif;base64,')


def test_basins_form_by_the_steps(hills):
    movie = animate_basins(hills)
    picture = movie.picture()
    part, one = picture.movers[0], hills[0]
    with applied(None):
        whole = shades_for(hills).rgb(one.minimum, one.steps)
    for step in (0, 5, 20, movie.frame_steps[-1]):
        picture.show(step)
        shown = np.asarray(part.artists[0].get_array())
        there = (one.minimum >= 0) & (one.steps <= step)
        np.testing.assert_array_equal(shown[there], whole[there])
        assert (shown[~there] == 0).all()
    assert movie.frame_steps[0] == 0
    assert movie.frame_steps[-1] == max(one.steps.max() for one in hills)


def test_the_last_frame_is_the_still_picture_but_for_the_counter(hills, pixels):
    movie = animate_basins(hills)
    last = Painter(movie.picture()).paint(movie.frame_steps[-1])[..., :3]
    still = pixels(plot_basins(hills))
    differ = np.argwhere((last != still).any(axis=2))
    height, width = still.shape[:2]
    assert (differ[:, 0] < 0.1 * height).all()
    assert (differ[:, 1] > 0.5 * width).all()


def test_the_last_frame_is_the_still_cloud(cloud, pixels):
    movie = animate_ensemble(cloud)
    first, *_, last = list(movie.frames())
    np.testing.assert_array_equal(last, pixels(plot_ensemble(cloud).figure))
    np.testing.assert_array_equal(first, pixels(plot_ensemble(cloud, 0).figure))


def test_points_are_where_the_cloud_is(cloud):
    ax = plot_ensemble(cloud, 7)
    (points,) = [line for line in ax.lines if line.get_label() == "_cloud"]
    np.testing.assert_array_equal(np.array(points.get_data()).T, cloud.positions[7])


def test_density_counts_what_is_inside():
    random = np.random.default_rng(0)
    points = random.normal(0.5, 0.05, (1000, 2))
    found = density(points, (60, 40), 1.5)
    assert found.shape == (40, 60)
    assert found.sum() == pytest.approx(1000, rel=1e-6)
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert abs(row - 20) <= 3
    assert abs(column - 30) <= 3
    lost = np.concatenate([points, [[np.nan, 0.5], [2.0, 0.5]]])
    np.testing.assert_array_equal(density(lost, (60, 40), 1.5), found)
    assert density(np.full((3, 2), np.nan), (6, 4)).sum() == 0


def test_a_cloud_that_is_lost_is_drawn_as_far_as_it_is_there():
    cloud = descend("rosenbrock", "sgd:0.01", np.random.default_rng(1).uniform(-2, 2, (30, 2)), 40)
    assert (cloud.status == "diverged").any()
    assert len(list(animate_ensemble(cloud, frames=3).frames())) == 3


@pytest.mark.parametrize("wrong", [None, 3])
def test_other_things_are_refused(wrong, cloud):
    with pytest.raises(TypeError, match="`cloud` must be a batch"):
        animate_ensemble(wrong)
    with pytest.raises(TypeError, match="`cloud` must be a batch"):
        plot_ensemble(cloud[0])
    with pytest.raises(ValueError, match="`step` must be at most 12"):
        plot_ensemble(cloud, 13)
    with pytest.raises(TypeError, match="what `basins` returns"):
        animate_basins([wrong])


def test_frames_are_few_and_rise(hills):
    assert animate_basins(hills, frames=1).frame_steps == (int(max(h.steps.max() for h in hills)),)
    steps = animate_basins(hills, frames=9).frame_steps
    assert len(steps) <= 9
    assert list(steps) == sorted(set(steps))
