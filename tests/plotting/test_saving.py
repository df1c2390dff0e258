"""`Animation.save`: every suffix, what lies beside it, and what a failing one leaves."""

import re

import numpy as np
import pytest
from PIL import Image

from tests.plotting.reading import Film, bar, decibels, page_data, read_image, read_video
from trajectories import animate, plot_race

#: Odd on purpose: videos want even sides.
SIZE = (301, 225)
VIDEOS = ["mp4", "webm"]
IMAGES = ["gif", "png", "apng", "webp"]
FPS, HOLD = 12.5, 2.0


@pytest.fixture(scope="module")
def moving(leaving):
    return animate(leaving, layout="race", theme="light", size=SIZE, frames=4)


@pytest.fixture(scope="module")
def still(leaving, pixels):
    return pixels(plot_race(leaving, theme="light", size=SIZE))


@pytest.fixture(params=IMAGES + VIDEOS)
def kind(request):
    if request.param in VIDEOS:
        pytest.importorskip("av", reason="PyAV writes and reads the videos")
    return request.param


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_file_ends_as_the_still_picture_and_is_the_same_twice(kind, moving, still, tmp_path):
    path, beside = tmp_path / f"a.{kind}", tmp_path / "a.poster.png"
    written = moving.save(path, fps=FPS, end_pause=HOLD, loop=3)
    assert written == [path, beside][: 1 + (kind in VIDEOS)]
    found = files(tmp_path)
    assert sorted(found) == sorted(file.name for file in written)
    if kind in VIDEOS:
        frames, _, about = read_video(found[path.name])
        assert frames.shape[1:] == (226, 302, 3)
        assert about.seconds == pytest.approx(4 / FPS + HOLD, abs=0.5 / FPS)
        with Image.open(beside) as image:
            assert image.mode == "RGB"
            np.testing.assert_array_equal(np.array(image), still)
    else:
        frames, waits, info = read_image(path)
        assert frames.shape == (4, 225, 301, 3)
        assert sum(waits) == pytest.approx(4 / FPS + HOLD, abs=0.011)
        assert info["loop"] == (2 if kind == "gif" else 3)  # A GIF counts the repeats.
    assert decibels(frames[-1][:225, :301], still) >= (32 if kind in VIDEOS else 46)
    moving.save(path, fps=FPS, end_pause=HOLD, loop=3)
    assert files(tmp_path) == found


@pytest.mark.parametrize("name", ["a.b.webm", "A.MP4"])
def test_the_poster_is_beside_its_video_if_one_is_wanted(name, tmp_path):
    pytest.importorskip("av")
    path = tmp_path / name
    assert Film(bar(2)).save(path, poster=False) == [path]
    assert list(files(tmp_path)) == [name]
    poster = tmp_path / (name.rpartition(".")[0] + ".poster.png")
    assert Film(bar(2)).save(path) == [path, poster]
    assert poster.exists()


def page(moving, folder, **how):
    """Return the page that is saved."""
    path = folder / "a.html"
    assert moving.save(path, **how) == [path]
    return path.read_text(encoding="utf-8")


def test_a_page_is_told_how_it_plays_and_asks_for_nothing(short, tmp_path):
    moving = animate(short, layout="grid", theme="slides", trail=3, frames=4, pace="length")
    text = page(moving, tmp_path, fps=5, end_pause=1, loop=2)
    data = page_data(text)
    how = {"fps": 5.0, "end_pause": 1.0, "loop": 2, "trail": 3, "readout": False}
    assert {name: data[name] for name in how} == how
    assert data["frames"] == list(moving.frame_steps)
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", text)
    assert page(moving, tmp_path, fps=5, end_pause=1, loop=2) == text


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"layout": "3d"}, r"`layout` must be overlay, grid or race for a page \(\.html\)"),
        ({"step_arrows": True}, r"`step_arrows` must be left out of a page \(\.html\)"),
    ],
)
def test_what_no_page_can_show_is_refused(how, words, short, tmp_path):
    with pytest.raises(ValueError, match=words):
        animate(short, **how).save(tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("loop", [-1, 65536, 1.5])
def test_loops_that_cannot_be_counted_are_refused(loop, tmp_path):
    with pytest.raises((TypeError, ValueError), match="`loop` must be"):
        Film(bar(2)).save(tmp_path / "a.png", loop=loop)
    assert list(tmp_path.iterdir()) == []


def test_a_save_that_fails_leaves_the_old_files(kind, tmp_path):
    old = {f"a.{kind}": b"old", "a.poster.png": b"poster"}
    for name, content in old.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(KeyboardInterrupt):
        Film(bar(7), broken={5: KeyboardInterrupt()}).save(tmp_path / f"a.{kind}")
    assert files(tmp_path) == old


def test_a_poster_that_cannot_be_written_is_told_before_anything_is_drawn(tmp_path):
    pytest.importorskip("av")
    (tmp_path / "a.poster.png").mkdir()
    film = Film(bar(2))
    with pytest.raises(IsADirectoryError):
        film.save(tmp_path / "a.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["a.poster.png"]
    assert film.painted == []


def test_progress_is_shown_to_terminals_alone(tmp_path, capsys):
    Film(bar(3)).save(tmp_path / "a.gif", progress=True)
    assert capsys.readouterr() == ("", "")
    assert len(read_image(tmp_path / "a.gif")[0]) == 3
