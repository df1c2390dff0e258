"""Moving pictures that must keep a budget of bytes: what they give up, and in which order."""

import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from tests.plotting.reading import Film, read_image, read_video
from trajectories import animate

SLOW = pytest.mark.slow
VIDEOS = ("mp4", "webm")
FORMATS = ["gif", "mp4", *(pytest.param(kind, marks=SLOW) for kind in ("png", "webp", "webm"))]
FPS, HOLD, FEWEST = 10, 1.0, 12
LEAST = r"`max_bytes` must be at least about (\d+) for this picture"


def noisy(count, size, seed=0, moving=10):
    """Return frames of noise of which a part changes."""
    rng = np.random.default_rng(seed)
    frames = np.repeat(rng.integers(0, 256, (1, *size[::-1], 3)), count, axis=0)
    frames[:, :moving] = rng.integers(0, 256, (count, moving, size[0], 3))
    return frames


def told(words):
    """Return what a warning says is left: colours, frames and percent of the sides."""
    found = [re.search(rf"(\d+) {name}", words) for name in ("colours", r"of \d+ frames", "%")]
    return [int(each[1]) if each else None for each in found]


def saved(film, path, budget):
    """Save under a budget, and return the bytes and what is left, or the least that is told."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            film.save(path, fps=FPS, end_pause=0, max_bytes=budget)
        except ValueError as error:
            return int(re.search(LEAST, str(error))[1]), None
    return path.stat().st_size, told(str(caught[0].message)) if caught else [None] * 3


@settings(max_examples=15, deadline=None, database=None, derandomize=True)
@given(
    frames=st.integers(1, 50),
    moving=st.integers(1, 20),
    share=st.floats(0.05, 1.1),
)
def test_colours_are_given_up_before_frames_and_budgets_are_kept(
    frames, moving, share, tmp_path_factory
):
    path = tmp_path_factory.getbasetemp() / "budget.gif"
    film = Film(noisy(frames, (24, 20), frames, moving))
    film.save(path, fps=FPS, end_pause=0)
    whole = path.stat().st_size
    budget = int(share * whole)
    size, left = saved(film, path, budget)
    if left is None:
        assert size > budget
        assert saved(film, path, size)[0] == size
        return
    assert size <= budget
    colours, kept, percent = left
    assert (colours is None) == (budget >= whole)
    assert percent is None  # It is as small as pictures can be.
    if kept is not None:
        assert colours == 31
        assert min(frames, FEWEST) <= kept < frames
        one = size / kept
        assert size >= min(0.75 * budget, budget - 2 * one) or kept == FEWEST
    # No more is given up than needed: a little less would not do for as much.
    if colours is not None:
        fewer = saved(film, path, size - 1)[1]
        assert fewer is None or [part or 1000 for part in fewer] < [part or 1000 for part in left]


@pytest.fixture(scope="module")
def film():
    return Film(noisy(25, (150, 120), moving=40))


@pytest.fixture(scope="module", params=FORMATS)
def whole(request, film, tmp_path_factory):
    """A format, and the bytes of the whole file."""
    if request.param in VIDEOS:
        pytest.importorskip("av", reason="PyAV writes the videos")
    path = tmp_path_factory.mktemp("whole") / f"a.{request.param}"
    film.save(path, fps=FPS, end_pause=HOLD, poster=False)
    return request.param, path.read_bytes()


@pytest.mark.parametrize("share", [0.75, 0.4])
def test_a_budget_is_kept_and_it_lasts_as_long(share, whole, film, tmp_path):
    kind, content = whole
    path, budget = tmp_path / f"a.{kind}", int(share * len(content))
    with pytest.warns(UserWarning, match=r"To keep its budget of bytes, a\.\w+ has") as caught:
        film.save(path, fps=FPS, end_pause=HOLD, poster=False, max_bytes=budget)
    assert path.stat().st_size <= budget
    (warning,) = caught
    assert warning.filename == __file__
    colours, kept, percent = told(str(warning.message))
    if kind in VIDEOS:
        assert "coarser compression" in str(warning.message)
        frames, _, about = read_video(path.read_bytes())
        assert about.seconds == pytest.approx(25 / FPS + HOLD, abs=0.5)
        assert len(frames) >= (kept or 25)
    else:
        assert colours in (127, 63, 31)
        frames, waits, _ = read_image(path)
        assert sum(waits) == pytest.approx(25 / FPS + HOLD, abs=0.02)
        assert len(frames) == (kept or 25) >= FEWEST
        if kind != "webp":
            with Image.open(path) as image:
                assert len(image.convert("RGB").getcolors(10**6)) <= colours
    assert (frames.shape[1:3] == (120, 150)) == (percent is None)
    assert percent is None or kept == FEWEST


def test_a_budget_that_cannot_be_kept_is_told_with_a_number_and_leaves_the_old_file(
    whole, film, tmp_path
):
    kind, _ = whole
    old = tmp_path / f"a.{kind}"
    old.write_bytes(b"old")
    with pytest.raises(ValueError, match=LEAST + ". Got 300"):
        film.save(old, fps=FPS, max_bytes=300)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(old.name, b"old")]


def test_the_number_told_is_one_that_can_be_kept(tmp_path):
    film = Film(noisy(14, (180, 135)))
    path = tmp_path / "a.gif"
    least, left = saved(film, path, 1)
    assert left is None
    size, left = saved(film, path, least)
    assert size <= least
    assert left == [31, FEWEST, 74]
    assert read_image(path)[0].shape[1:3] == (100, 133)


def test_a_page_is_only_refused(short, tmp_path):
    moving = animate(short)
    moving.save(tmp_path / "a.html")
    size = (tmp_path / "a.html").stat().st_size
    moving.save(tmp_path / "b.html", max_bytes=size)
    with pytest.raises(ValueError, match=rf"`max_bytes` must be at least {size} for this page"):
        moving.save(tmp_path / "a.html", max_bytes=size - 1)
    assert (tmp_path / "a.html").stat().st_size == size


@pytest.mark.parametrize(
    ("name", "max_bytes"), [("a.gif", 0), ("a.html", -5), ("a.gif", "much"), ("%02d.png", 10**6)]
)
def test_other_budgets_are_refused(name, max_bytes, short, tmp_path):
    with pytest.raises(ValueError, match="`max_bytes` must be"):
        animate(short).save(tmp_path / name, max_bytes=max_bytes)
    assert list(tmp_path.iterdir()) == []
