"""Moving pictures that must keep a budget of bytes: what they give up, and in which order."""

import io
import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from trajectories import animate, compare
from trajectories.plotting.writers.formats import FEWEST, Economy, economize, thinned

SLOW = pytest.mark.slow
FORMATS = ["gif", "mp4", *(pytest.param(kind, marks=SLOW) for kind in ("png", "webp", "webm"))]
FPS, HOLD = 10, 1.0


def relaxed(examples):
    return settings(max_examples=examples, deadline=None, database=None, derandomize=True)


@st.composite
def writers(draw):
    """Return a function from an economy to a size, as files have it: a ground and the frames."""
    ground, frame = draw(st.integers(0, 50_000)), draw(st.integers(1, 5_000))
    thrift = draw(st.floats(1, 3))
    power = draw(st.floats(1, 2))

    def size(economy):
        whole = (ground + frame * economy.frames) / thrift**economy.thrift
        return int(whole * economy.scale**power) + 100

    return size


class Written:
    """Counts what is written."""

    def __init__(self, size):
        self.size, self.all = size, []

    def __call__(self, economy):
        self.all.append(economy)
        return self.size(economy)


@relaxed(300)
@given(size=writers(), frames=st.integers(1, 500), budget=st.integers(1, 500_000))
def test_what_is_written_last_keeps_the_budget_or_the_least_size_is_told(size, frames, budget):
    write = Written(size)
    try:
        done = economize(write, frames, budget)
    except ValueError as error:
        found = re.search(r"`max_bytes` must be at least about (\d+) for this picture", str(error))
        least = Economy(min(frames, FEWEST), 3, 0.25)
        assert int(found[1]) == size(least) > budget
        assert size(economize(size, frames, int(found[1]))) == int(found[1])
        return
    assert size(done) <= budget
    assert write.all[-1] == done
    assert len(write.all) <= 30


@relaxed(300)
@given(size=writers(), frames=st.integers(1, 500), budget=st.integers(1, 500_000))
def test_colours_are_given_up_before_frames_and_frames_before_pixels(size, frames, budget):
    write = Written(size)
    try:
        done = economize(write, frames, budget)
    except ValueError:
        done = write.all[-1]
    if done.frames < frames:
        assert done.thrift == 3
    if done.scale < 1:
        assert done.frames == min(frames, FEWEST)
    assert min(frames, FEWEST) <= done.frames <= frames
    assert 0.25 <= done.scale <= 1
    # No more is given up than needed: with one colour step less it would be too large.
    assert write.all[0] == Economy(frames)
    if done.thrift:
        assert size(Economy(frames, done.thrift - 1)) > budget


@relaxed(200)
@given(size=writers(), frames=st.integers(30, 500), share=st.floats(0.2, 0.9))
def test_most_of_the_budget_is_used_where_frames_are_given_up(size, frames, share):
    thrifty, least = size(Economy(frames, 3)), size(Economy(FEWEST, 3))
    budget = int(least + share * (thrifty - least))
    if budget < 1000 or thrifty - budget < 10:
        return
    done = economize(size, frames, budget)
    assert done.scale == 1
    one = (thrifty - least) / (frames - FEWEST)
    assert size(done) >= min(0.8 * budget, budget - 2 * one)


@relaxed(100)
@given(st.data())
def test_sizes_that_follow_no_rule_come_to_an_end(data):
    known = {}

    def size(economy):
        return known.setdefault(economy, data.draw(st.integers(1, 1000)))

    write = Written(size)
    try:
        done = economize(write, data.draw(st.integers(1, 100)), data.draw(st.integers(1, 1000)))
        assert write.all[-1] == done
    except ValueError:
        pass
    assert len(write.all) < 60


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60, unique=True), st.data())
def test_thinned_steps_are_some_of_the_steps_at_equal_distances(steps, data):
    steps = sorted(steps)
    count = data.draw(st.integers(1, len(steps)))
    left = thinned(steps, count)
    assert len(left) == count
    assert left[-1] == steps[-1]
    if count > 1:
        assert left[0] == steps[0]
    places = [steps.index(step) for step in left]
    assert places == sorted(set(places))
    assert set(np.diff(places)) <= {
        (len(steps) - 1) // max(count - 1, 1),
        (len(steps) - 1) // max(count - 1, 1) + 1,
    }


@pytest.fixture(scope="module")
def moving():
    paths = compare("x**2/20 + y**2", ["sgd:lr=0.95", "adam:lr=0.3"], start=(-7, 2), steps=24)
    return animate(paths, size=(240, 180), theme="light")


def seen(kind, content):
    """Return frames, size and seconds of a file, as others read it."""
    if kind in ("mp4", "webm"):
        av = pytest.importorskip("av")
        with av.open(io.BytesIO(content)) as container:
            video = container.streams.video[0]
            frames = sum(1 for _ in container.decode(video))
            shape = video.codec_context.width, video.codec_context.height
            return frames, shape, float(container.duration / av.time_base)
    with Image.open(io.BytesIO(content)) as image:
        waits = []
        for frame in ImageSequence.Iterator(image):
            frame.load()  # Of WebP the time is known only then.
            waits.append(frame.info["duration"])
        return len(waits), image.size, sum(waits) / 1000


@pytest.fixture(scope="module", params=FORMATS)
def whole(request, moving, tmp_path_factory):
    """A format, and the bytes of the whole file."""
    if request.param in ("mp4", "webm"):
        pytest.importorskip("av", reason="PyAV writes the videos")
    path = tmp_path_factory.mktemp("whole") / f"a.{request.param}"
    moving.save(path, fps=FPS, hold=HOLD, poster=False)
    return request.param, path.read_bytes()


def test_without_need_nothing_is_given_up(whole, moving, tmp_path):
    kind, content = whole
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        moving.save(
            tmp_path / f"a.{kind}", fps=FPS, hold=HOLD, poster=False, max_bytes=len(content)
        )
    assert (tmp_path / f"a.{kind}").read_bytes() == content


@pytest.mark.parametrize("share", [pytest.param(0.75, marks=SLOW), 0.4])
def test_a_budget_is_kept_and_it_lasts_as_long(share, whole, moving, tmp_path):
    kind, content = whole
    path, budget = tmp_path / f"a.{kind}", int(share * len(content))
    with pytest.warns(UserWarning, match=r"To keep its budget of bytes, a\.\w+ has") as told:
        moving.save(path, fps=FPS, hold=HOLD, poster=False, max_bytes=budget)
    assert path.stat().st_size <= budget
    (warning,) = told
    assert warning.filename == __file__
    words = str(warning.message)
    frames, size, seconds = seen(kind, path.read_bytes())
    assert seconds == pytest.approx(len(moving) / FPS + HOLD, abs=0.5 if "m" in kind else 0.02)
    coarser = "coarser compression" if kind in ("mp4", "webm") else r"(127|63|31) colours"
    assert re.search(coarser, words)
    if "frames" in words:
        left = int(re.search(r"(\d+) of 25 frames", words)[1])
        assert FEWEST <= left < 25
        assert frames == left if kind not in ("mp4", "webm") else frames >= left
    else:
        assert frames >= 25
    if "% of the width and height" in words:
        assert size[0] < 240
        assert f"{FEWEST} of 25 frames" in words
    else:
        assert size == (240, 180)
    if kind in ("gif", "png"):
        limit = int(re.search(r"(\d+) colours", words)[1])
        with Image.open(path) as image:
            assert len(image.convert("RGB").getcolors(10**6)) <= limit + 1


def test_a_budget_that_cannot_be_kept_is_told_with_a_number_and_leaves_the_old_file(
    whole, moving, tmp_path
):
    kind, _ = whole
    old = tmp_path / f"a.{kind}"
    old.write_bytes(b"old")
    with pytest.raises(ValueError, match=r"`max_bytes` must be at least about \d+ .* Got 300"):
        moving.save(old, fps=FPS, max_bytes=300)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(old.name, b"old")]


def test_the_number_told_is_one_that_can_be_kept(moving, tmp_path):
    with pytest.raises(ValueError, match="at least about") as error:
        moving.save(tmp_path / "a.gif", max_bytes=1)
    least = int(re.search(r"about (\d+)", str(error.value))[1])
    with pytest.warns(UserWarning, match="colours, 12 of 25 frames, "):
        moving.save(tmp_path / "a.gif", max_bytes=least)
    assert (tmp_path / "a.gif").stat().st_size <= least
    assert seen("gif", (tmp_path / "a.gif").read_bytes())[1] == (133, 100)


def test_a_small_picture_is_made_no_smaller_than_pictures_can_be(short, tmp_path):
    with pytest.raises(ValueError, match="`max_bytes`"):
        animate(short, size=(120, 100), frames=2).save(tmp_path / "a.gif", max_bytes=500)
    assert list(tmp_path.iterdir()) == []


def test_a_slow_video_keeps_as_many_frames_as_a_second_needs(moving, tmp_path):
    pytest.importorskip("av")
    with pytest.raises(ValueError, match="`max_bytes`"):
        moving.save(tmp_path / "a.mp4", fps=0.2, hold=0, max_bytes=500)
    assert list(tmp_path.iterdir()) == []


def test_a_page_is_only_refused(short, tmp_path):
    moving = animate(short)
    moving.save(tmp_path / "a.html")
    size = (tmp_path / "a.html").stat().st_size
    moving.save(tmp_path / "b.html", max_bytes=size)
    with pytest.raises(ValueError, match=rf"`max_bytes` must be at least {size} for this page"):
        moving.save(tmp_path / "a.html", max_bytes=size - 1)
    assert (tmp_path / "a.html").stat().st_size == size


@pytest.mark.parametrize(
    ("max_bytes", "error"),
    [(0, ValueError), (-5, ValueError), (1e6, TypeError), ("1MB", TypeError)],
)
def test_a_budget_is_a_number_of_bytes(max_bytes, error, short, tmp_path):
    for name in ("a.gif", "a.html"):
        with pytest.raises(error, match="`max_bytes`"):
            animate(short).save(tmp_path / name, max_bytes=max_bytes)
    assert list(tmp_path.iterdir()) == []


def test_numbered_frames_take_no_budget(short, tmp_path):
    with pytest.raises(ValueError, match="`max_bytes` must be left out for numbered frames"):
        animate(short).save(tmp_path / "%02d.png", max_bytes=10**6)
    assert list(tmp_path.iterdir()) == []


def test_a_warning_that_is_an_error_does_not_cost_the_file(moving, tmp_path):
    moving.save(tmp_path / "a.gif")
    budget = int(0.7 * (tmp_path / "a.gif").stat().st_size)
    with pytest.raises(UserWarning, match="budget"):
        moving.save(tmp_path / "b.gif", max_bytes=budget)
    assert (tmp_path / "b.gif").stat().st_size <= budget


def test_frames_come_back_where_too_many_were_left_out():
    write = Written(lambda economy: economy.frames**2)
    done = economize(write, 100, 5_000)
    first, second = (one.frames for one in write.all[4:])
    assert first < second == done.frames < 100
    assert first**2 < 0.85 * 5_000
    assert second**2 <= 5_000


def test_frames_that_do_not_fit_after_all_are_left_out_again():
    def size(economy):  # All at once it becomes too large.
        return 10_000 if economy.frames > 50 else 40 * economy.frames

    write = Written(size)
    done = economize(write, 100, 5_000)
    first, second, third = (one.frames for one in write.all[4:])
    assert first < 50 < second < 100
    assert third == first == done.frames
