"""Videos: H.264 in MP4 and VP9 in WebM, as FFmpeg reads them again."""

import errno
import os
import sys

import numpy as np
import pytest

from tests.plotting.reading import Film, bar, boxes, decibels, read_video
from trajectories import animate

LONG = "Größe, ‘Schritt’, 歩, 🎞\n" + "x" * 10_000
KINDS = ["mp4", "webm"]
SIZE = (64, 48)


@pytest.fixture(scope="module")
def av():
    return pytest.importorskip("av", reason="PyAV reads and writes the videos")


@pytest.fixture(params=KINDS)
def kind(request, av):
    return request.param


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a function that saves frames as a video, and returns its bytes."""
    folder = tmp_path_factory.mktemp("videos")

    def write(kind, frames, comment="", fps=10, end_pause=0):
        Film(frames, comment).save(folder / f"a.{kind}", fps=fps, end_pause=end_pause, poster=False)
        return (folder / f"a.{kind}").read_bytes()

    return write


def test_frames_size_time_and_colours_are_as_asked(kind, written):
    content = written(kind, bar(12, SIZE), fps=12.5, end_pause=2)
    frames, times, about = read_video(content)
    assert frames.shape == (12 + 25, 48, 64, 3)
    assert about.seconds == 37 * 2 / 25
    assert about.rate == 12.5
    assert times == [2 * i / 25 for i in range(37)]
    assert about.codec in {"mp4": ["h264"], "webm": ["vp9", "libvpx-vp9"]}[kind]
    # A limited range, and BT.709 for all three: 1 in the tables of H.273.
    assert about.colors == (1, 1, 1, 1)
    assert about.streams == 1
    for word in (b"x264", b"Lavc", b"libx", b"libvpx", b"Lavf6", b"creation"):
        assert word not in content
    if kind == "mp4":  # The index comes before the pictures.
        assert boxes(content)[0] == "ftyp"
        assert boxes(content).index("moov") < boxes(content).index("mdat")


@pytest.mark.parametrize("fps", [0.1, 30000 / 1001, 240])
def test_real_rate_is_the_rate_asked_for(fps, kind, written):
    frames, times, about = read_video(written(kind, bar(8, SIZE), fps=fps))
    assert len(frames) == 8
    # A WebM's times are whole milliseconds.
    slack = 1e-6 if kind == "mp4" else 1.001e-3
    assert about.seconds == pytest.approx(8 / fps, abs=slack, rel=1e-5)
    for i, time in enumerate(times):
        assert time == pytest.approx(i / fps, abs=slack, rel=1e-5)


@pytest.mark.parametrize("end_pause", [0.04, 1.5])
def test_last_frame_stands_for_its_pause(end_pause, kind, written):
    frames, _, about = read_video(written(kind, bar(5, SIZE), fps=10, end_pause=end_pause))
    assert about.seconds == pytest.approx(0.5 + end_pause, abs=0.0501)
    assert len(frames) == 5 + round(10 * end_pause)
    for frame in frames[5:]:
        assert decibels(frame, frames[4]) > 35


@pytest.mark.parametrize("size", [(63, 48), (101, 99)])
def test_odd_sides_repeat_the_last_column_and_row(size, kind, written):
    decoded, *_ = read_video(written(kind, bar(3, size)))
    width, height = size
    padding = ((0, 0), (0, height % 2), (0, width % 2), (0, 0))
    wanted = np.pad(bar(3, size), padding, mode="edge")
    assert decoded.shape == wanted.shape
    assert min(map(decibels, decoded, wanted)) > 32


def test_what_is_seen_is_what_was_drawn(kind, zigzag, tmp_path):
    size = (481, 359)
    moving = animate(zigzag, layout="grid", theme="slides-dark", size=size, frames=3)
    moving.save(tmp_path / f"a.{kind}", end_pause=0.5)
    decoded, *_ = read_video((tmp_path / f"a.{kind}").read_bytes())
    drawn = list(moving.frames())
    drawn += drawn[-1:] * (len(decoded) - 3)
    # Half the resolution of colour costs this much on lines a pixel or two wide.
    light = np.array([0.2126, 0.7152, 0.0722])
    for one, other in zip(decoded[:, : size[1], : size[0]], drawn, strict=True):
        assert decibels(one, other) >= 29
        assert decibels(one @ light, other @ light) >= 36


def test_flat_fills_keep_their_colour(kind, written):
    for color in [(255, 255, 255), (0x11, 0x16, 0x1D), (213, 94, 0)]:
        decoded, *_ = read_video(written(kind, np.full((2, 64, 64, 3), color)))
        assert np.abs(decoded.astype(int) - color).max() <= 2


@pytest.mark.parametrize("comment", ["", "a\nb\tc <&> \"'", LONG])
def test_comment_comes_back(comment, kind, written):
    content = written(kind, bar(2, SIZE), comment)
    kept = read_video(content)[2].metadata
    assert kept.get("comment", "") == comment
    assert ("comment" in kept) == bool(comment)
    if kind == "mp4":
        assert boxes(content).index("moov") < boxes(content).index("mdat")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs processors to leave")
def test_one_processor_gives_the_bytes_of_all(kind, written):
    many = written(kind, bar(20, (320, 240)))
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert written(kind, bar(20, (320, 240))) == many
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        *(({"fps": fps}, "`fps` must be from 0.1 to 240 for a video") for fps in (0.09, 240.1)),
        ({"end_pause": 600.1}, "`end_pause` must be from 0 to 600 seconds"),
    ],
)
def test_times_that_a_video_cannot_have_are_refused(how, words, kind, tmp_path):
    with pytest.raises(ValueError, match=words):
        Film(bar(2, SIZE)).save(tmp_path / f"a.{kind}", **how)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_missing_pyav_is_one_line_that_says_how_to_get_it(kind, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    old = tmp_path / f"a.{kind}"
    old.write_bytes(b"old")
    with pytest.raises(ImportError) as caught:
        Film(bar(2, SIZE)).save(old)
    wanted = f'Writing .{kind} needs PyAV: pip install "trajectories[video]"'
    assert str(caught.value) == wanted
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
    for suffix in ("gif", "png", "webp"):  # These need none.
        Film(bar(2, SIZE)).save(tmp_path / f"b.{suffix}")


def test_errors_of_the_disk_name_the_video_and_no_inner_path(kind, av, tmp_path, monkeypatch):
    def failing(path, *args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device", path)

    monkeypatch.setattr(av, "open", failing)
    with pytest.raises(OSError, match="No space left") as told:
        Film(bar(2, SIZE)).save(tmp_path / f"a.{kind}")
    assert told.value.errno == errno.ENOSPC
    assert told.value.filename == str(tmp_path / f"a.{kind}")
    assert "/proc" not in str(told.value)
    assert list(tmp_path.iterdir()) == []
