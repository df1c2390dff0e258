"""`Animation.save`: every suffix, read again by others."""

import errno
import re
import struct
import subprocess
import sys
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image, ImageSequence

from trajectories import animate, plot_race
from trajectories.plotting.animate import animate_scene
from trajectories.plotting.animation import Painter, page_of, poster_path
from trajectories.plotting.scene import Scene
from trajectories.plotting.writers.formats import STREAMED
from trajectories.plotting.writers.metadata import read_comment

#: Odd on purpose: videos want even sides.
SIZE = (301, 225)
EVEN = (302, 226)
VIDEOS = ["mp4", "webm"]
IMAGES = ["gif", "png", "apng", "webp"]
FPS, HOLD = 12.5, 2.0
#: The least likeness of the last frame to the still picture, in decibels.
LIKENESS = {"gif": 46, "png": 46, "apng": 46, "webp": 46, "mp4": 32, "webm": 32}


@pytest.fixture(scope="module")
def moving(leaving):
    return animate(leaving, layout="race", theme="light", size=SIZE, frames=9)


@pytest.fixture(scope="module")
def still(leaving, pixels):
    return pixels(plot_race(leaving, theme="light", size=SIZE))


@pytest.fixture(params=IMAGES + VIDEOS)
def kind(request):
    if request.param in VIDEOS:
        pytest.importorskip("av", reason="PyAV writes and reads the videos")
    return request.param


def read_image(path):
    """Return frames, seconds of each, and how often it plays, as Pillow tells."""
    with Image.open(path) as image:
        frames, waits = [], []
        for frame in ImageSequence.Iterator(image):
            frames.append(np.array(frame.convert("RGB")))
            waits.append(frame.info["duration"] / 1000)
        return np.array(frames), waits, image.info["loop"]


def read_video(path):
    """Return frames, the seconds of the whole, and what the stream is, as FFmpeg tells."""
    import av

    with av.open(str(path)) as container:
        video = container.streams.video[0]
        frames = []
        for frame in container.decode(video):
            assert frame.format.name == "yuv420p"
            how = {"src_colorspace": "ITU709", "interpolation": 0x4 | 0x2000 | 0x40000}
            frames.append(frame.to_ndarray(format="rgb24", **how))
        about = (video.codec_context.name, len(container.streams))
        return np.array(frames), float(container.duration / av.time_base), about


def decibels(one, other):
    error = np.mean((one.astype(float) - other) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-9))


@pytest.mark.parametrize("kind", IMAGES)
def test_an_image_has_the_frames_size_times_and_loop_asked_for(kind, moving, still, tmp_path):
    path = tmp_path / f"a.{kind}"
    assert moving.save(path, fps=FPS, hold=HOLD, loop=3) == [path]
    frames, waits, loop = read_image(path)
    assert frames.shape == (len(moving), *SIZE[::-1], 3)
    assert sum(waits) == pytest.approx(len(moving) / FPS + HOLD, abs=0.011)
    assert waits[-1] == pytest.approx(1 / FPS + HOLD, abs=0.011)
    assert loop == (2 if kind == "gif" else 3)  # A GIF counts the repeats.
    assert decibels(frames[-1], still) >= LIKENESS[kind]
    assert decibels(frames[3], list(moving.frames())[3]) >= LIKENESS[kind]


@pytest.mark.parametrize("kind", IMAGES)
def test_images_play_for_ever_by_default(kind, short, tmp_path):
    animate(short, size=(200, 150), frames=2).save(tmp_path / f"a.{kind}")
    assert read_image(tmp_path / f"a.{kind}")[2] == 0


@pytest.mark.parametrize("kind", VIDEOS)
def test_a_video_is_one_that_slides_and_browsers_play(kind, moving, still, tmp_path):
    pytest.importorskip("av")
    path = tmp_path / f"a.{kind}"
    beside = tmp_path / "a.poster.png"
    assert moving.save(path, fps=FPS, hold=HOLD) == [path, beside]
    frames, seconds, about = read_video(path)
    assert frames.shape[1:] == (*EVEN[::-1], 3)
    assert len(frames) == len(moving) + HOLD * FPS
    assert seconds == pytest.approx(len(moving) / FPS + HOLD, abs=0.5 / FPS)
    assert about[0] in {"mp4": ("h264",), "webm": ("vp9", "libvpx-vp9")}[kind]
    assert about[1] == 1
    width, height = SIZE
    assert decibels(frames[-1][:height, :width], still) >= LIKENESS[kind]
    with Image.open(beside) as image:
        assert image.mode == "RGB"
        np.testing.assert_array_equal(np.array(image), still)
    if kind == "mp4":
        content = path.read_bytes()
        names, place = [], 0
        while place < len(content):
            length, name = struct.unpack_from(">I4s", content, place)
            names.append(name)
            place += length
        assert names.index(b"moov") < names.index(b"mdat")


def test_without_a_poster_there_is_none(short, tmp_path):
    pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    assert animate(short, size=SIZE).save(path, poster=False) == [path]
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("kind", IMAGES)
def test_images_have_no_poster(kind, short, tmp_path):
    assert animate(short, size=SIZE, frames=2).save(tmp_path / f"a.{kind}", poster=True) == [
        tmp_path / f"a.{kind}"
    ]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "poster"),
    [("a.mp4", "a.poster.png"), ("a.b.webm", "a.b.poster.png"), ("A.MP4", "A.poster.png")],
)
def test_the_poster_is_beside_its_video(name, poster, tmp_path):
    assert poster_path(tmp_path / name) == tmp_path / poster


def test_numbered_frames_are_the_frames(short, tmp_path):
    moving = animate(short, size=(200, 150), theme="dark")
    paths = moving.save(tmp_path / "%03d.png")
    assert [path.name for path in paths] == [f"{i:03d}.png" for i in range(7)]
    assert sorted(tmp_path.iterdir()) == paths
    for path, frame in zip(paths, moving.frames(), strict=True):
        with Image.open(path) as image:
            assert getattr(image, "n_frames", 1) == 1
            np.testing.assert_array_equal(np.array(image), frame)


@pytest.mark.parametrize("name", ["%d%d.png", "%s.png", "%04f.png", "100%.png"])
def test_a_name_that_is_no_pattern_is_refused(name, short, tmp_path):
    with pytest.raises(ValueError, match="one field for the number"):
        animate(short).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_a_percent_sign_is_a_folder(short, tmp_path):
    (tmp_path / "100%").mkdir()
    path = tmp_path / "100%" / "a.png"
    assert animate(short, size=SIZE, frames=2).save(path) == [path]
    assert read_image(path)[0].shape[0] == 2


def test_a_page_is_what_page_of_returns_and_asks_for_nothing(short, tmp_path):
    moving = animate(short, layout="grid", theme="slides", tail=3)
    path = tmp_path / "a.html"
    assert moving.save(path, fps=5, hold=1, loop=2) == [path]
    page = path.read_text(encoding="utf-8")
    assert page == page_of(moving, fps=5.0, hold=1.0, loop=2, recipe=read_comment(path))
    assert '"fps":5.0' in page
    assert '"hold":1.0' in page
    assert '"loop":2' in page
    assert '"tail":3' in page
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)


def test_a_page_has_the_frames_asked_for(zigzag, tmp_path):
    moving = animate(zigzag, frames=6, pace="length")
    page = page_of(moving, fps=5)
    (frames,) = re.findall(r'"frames":(\[[\d,]*\])', page)
    assert frames == str(list(moving.frame_steps)).replace(" ", "")


def test_a_page_looks_as_the_picture_did_when_it_was_made(short):
    with mpl.rc_context({"figure.facecolor": "#123456"}):
        moving = animate(short)
        scene = animate_scene(Scene.of(short))
        wanted = page_of(moving, fps=5)
    assert page_of(moving, fps=5) == wanted
    assert "--page: #123456ff" in wanted
    assert "--page: #123456ff" in page_of(scene, fps=5)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"layout": "3d"}, r"`layout` must be overlay, grid or race for a page \(\.html\)"),
        ({"anatomy": True}, r"`anatomy` must be left out of a page \(\.html\)"),
    ],
)
def test_what_no_page_can_show_is_refused(how, words, short, tmp_path):
    with pytest.raises(ValueError, match=words):
        animate(short, **how).save(tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []


def test_line_styles_and_cameras_reach_their_writers(short, tmp_path):
    page = page_of(animate(short, linewidth=7.5, captions=True, annotate=True), fps=5)
    assert "7.5" in page
    assert '"captions":true' in page
    how = {"azimuth": 10, "elevation": 30, "orbit": 90, "frames": 2}
    turned = animate(short, layout="3d", size=(200, 150), **how)
    turned.save(tmp_path / "a.gif", fps=10)
    frames, *_ = read_image(tmp_path / "a.gif")
    assert decibels(frames[0], frames[-1]) < 30


def test_the_same_picture_twice_is_the_same_file(kind, short, tmp_path):
    moving = animate(short, size=(200, 150), frames=3)
    path = tmp_path / f"a.{kind}"
    contents = []
    for _ in range(2):
        written = moving.save(path)
        contents.append([file.read_bytes() for file in written])
    assert contents[0] == contents[1]
    assert sorted(tmp_path.iterdir()) == sorted(written)


def test_the_same_page_twice_is_the_same_file(short, tmp_path):
    for name in "ab":
        animate(short, learning_rates=[0.1, 0.5]).save(tmp_path / f"{name}.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_save_that_fails_leaves_the_old_files(kind, short, tmp_path, monkeypatch):
    old = {tmp_path / f"a.{kind}": b"old", tmp_path / "a.poster.png": b"poster"}
    for path, content in old.items():
        path.write_bytes(content)
    paint, calls = Painter.paint, []

    def broken(self, step):
        calls.append(step)
        if len(calls) > 3 and step == 5:
            raise KeyboardInterrupt
        return paint(self, step)

    monkeypatch.setattr(Painter, "paint", broken)
    with pytest.raises(KeyboardInterrupt):
        animate(short, size=SIZE).save(next(iter(old)))
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == old


def test_a_poster_that_fails_leaves_both_old_files(short, tmp_path, monkeypatch):
    pytest.importorskip("av")
    old = {tmp_path / "a.mp4": b"old", tmp_path / "a.poster.png": b"poster"}
    for path, content in old.items():
        path.write_bytes(content)

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trajectories.plotting.animation.write_png", broken)
    with pytest.raises(OSError, match="No space"):
        animate(short, size=SIZE).save(tmp_path / "a.mp4")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == old


def test_a_poster_that_cannot_be_written_is_told_before_anything_is_drawn(
    short, tmp_path, monkeypatch
):
    pytest.importorskip("av")
    (tmp_path / "a.poster.png").mkdir()
    monkeypatch.setattr(Painter, "paint", lambda self, step: pytest.fail("painted"))
    with pytest.raises(IsADirectoryError):
        animate(short, size=SIZE).save(tmp_path / "a.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["a.poster.png"]


@pytest.mark.parametrize("suffix", VIDEOS)
def test_without_pyav_a_video_says_what_to_install(suffix, short, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    old = tmp_path / f"a.{suffix}"
    old.write_bytes(b"old")
    with pytest.raises(ImportError, match=r'needs PyAV: pip install "trajectories\[video\]"'):
        animate(short, size=SIZE).save(old)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(old.name, b"old")]


def test_images_and_pages_need_no_pyav(short, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    for suffix in ("gif", "png", "webp", "html"):
        animate(short, size=SIZE, frames=2).save(tmp_path / f"a.{suffix}")
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize(("suffix", "fps"), [("mp4", 0.05), ("webm", 500), ("gif", 51)])
def test_a_rate_that_the_format_cannot_have_is_refused(suffix, fps, short, tmp_path):
    pytest.importorskip("av")
    with pytest.raises(ValueError, match="`fps`"):
        animate(short, size=SIZE).save(tmp_path / f"a.{suffix}", fps=fps)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.mp4"])
def test_a_save_that_is_killed_leaves_the_old_file_whole(name, tmp_path):
    pytest.importorskip("av")
    code = f"""
import os, trajectories as tj
from trajectories.plotting.formats import STREAMED
from trajectories.plotting.painter import Painter
paint, calls = Painter.paint, []
def killed(self, step):
    calls.append(step)
    if len(calls) > 60:
        os.kill(os.getpid(), 9)
    return paint(self, step)
Painter.paint = killed
tj.animate(tj.compare("sphere", ["sgd:0.1"], steps=100), size=(200, 150)).save({name!r})
"""
    (tmp_path / name).write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert done.returncode == -9
    assert (tmp_path / name).read_bytes() == b"old"
    assert {p.name for p in tmp_path.iterdir() if not p.name.startswith(".")} == {name}


def test_a_full_disk_names_the_video_and_not_its_poster(short, tmp_path, monkeypatch):
    def full(file, stream):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(STREAMED, ".mp4", replace(STREAMED[".mp4"], write=full))
    with pytest.raises(OSError, match="No space left on device") as error:
        animate(short, size=SIZE).save(tmp_path / "a.mp4")
    assert error.value.filename == str(tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []
