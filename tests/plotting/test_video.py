import errno
import io
import os
import struct
import subprocess
import sys
import tempfile
from fractions import Fraction

import numpy as np
import pytest

from trajectories import animate
from trajectories.plotting.animation import Painter
from trajectories.plotting.writers.formats import frame_rate, repeats, write_mp4, write_webm
from trajectories.plotting.writers.gif import Stream

WRITERS = {"mp4": write_mp4, "webm": write_webm}
LONG = "Größe, ‘Schritt’, 歩, 🎞\n" + "x" * 10_000
PEAK = """
import io, pathlib, sys
import numpy as np
from trajectories.plotting.writers import video
from trajectories.plotting.writers.stream import Stream
frame = np.full((360, 480, 4), 255, np.uint8)
def paint(step):
    frame[20:40, step % 400 : step % 400 + 40, :3] = step % 200
    return frame
class Nowhere(io.RawIOBase):
    def write(self, data):
        return len(data)
getattr(video, sys.argv[1])(Nowhere(), Stream(paint, (480, 360), range(int(sys.argv[2])), 25.0))
status = pathlib.Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""


@pytest.fixture(scope="module")
def av():
    return pytest.importorskip("av", reason="PyAV reads and writes the videos")


@pytest.fixture(params=sorted(WRITERS))
def kind(request, av):
    return request.param


def stream_of(frames, fps=10.0, **kwargs):
    """Return a stream of RGB frames in one array that is used again, as the painter's is."""
    height, width = frames[0].shape[:2]
    buffer = np.full((height, width, 4), 255, np.uint8)

    def paint(step):
        buffer[..., :3] = frames[step]
        return buffer

    return Stream(paint, (width, height), range(len(frames)), fps, **kwargs)


def painted(moving, fps=10.0, **kwargs):
    """Return the stream of an animation."""
    return Stream(Painter(moving.picture()).paint, moving.size, moving.frame_steps, fps, **kwargs)


def moved(count, size=(64, 48)):
    """Return frames in which a bar goes across a ground of two colours."""
    width, height = size
    frames = []
    for i in range(count):
        frame = np.full((height, width, 3), (240, 245, 250), np.uint8)
        frame[height // 2 :] = (200, 215, 235)
        frame[:, 4 * i % (width - 8) :][:, :8] = (0, 114, 178)
        frames.append(frame)
    return frames


def written(kind, stream):
    file = io.BytesIO()
    WRITERS[kind](file, stream)
    return file.getvalue()


def read(av, content):
    """Return the decoded frames in RGB, their times and what the container says of itself."""
    with av.open(io.BytesIO(content)) as container:
        video = container.streams.video[0]
        frames, times = [], []
        for frame in container.decode(video):
            assert frame.format.name == "yuv420p"
            # Swscale's bicubic, all of the chroma, rounded: as players show it.
            as_seen = 0x4 | 0x2000 | 0x40000
            frames.append(
                frame.to_ndarray(format="rgb24", src_colorspace="ITU709", interpolation=as_seen)
            )
            times.append(frame.pts * frame.time_base)
        context = video.codec_context
        colors = (context.color_range, context.color_primaries, context.color_trc)
        about = {
            "seconds": Fraction(container.duration, av.time_base),
            "rate": video.average_rate,
            "codec": context.name,
            "size": (context.width, context.height),
            "colors": (*colors, context.colorspace),
            "metadata": dict(container.metadata),
            "streams": len(container.streams),
        }
    return np.array(frames), times, about


def decibels(one, other):
    error = np.mean((one.astype(float) - other) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-9))


def boxes(content):
    """Return the boxes of an MP4 from the outermost level, and where they begin."""
    found, place = {}, 0
    while place < len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        assert length >= 8
        found[name.decode()] = place
        place += length
    assert place == len(content)
    return found


def test_frames_size_time_and_colours_are_as_asked(kind, av):
    frames, times, about = read(av, written(kind, stream_of(moved(12), fps=12.5, hold=2)))
    assert frames.shape == (12 + 25, 48, 64, 3)
    assert about["seconds"] == Fraction(37 * 2, 25)
    assert about["rate"] == Fraction(25, 2)
    assert times == [Fraction(2 * i, 25) for i in range(37)]
    assert about["codec"] == {"mp4": "h264", "webm": "libvpx-vp9"}[kind] or about["codec"] == "vp9"
    assert about["size"] == (64, 48)
    # A limited range, and BT.709 for all three: 1 in the tables of H.273.
    assert about["colors"] == (1, 1, 1, 1)
    assert about["streams"] == 1


@pytest.mark.parametrize("fps", [0.1, 0.5, 1, 8.333, 12.5, 24, 25, 30000 / 1001, 33.3, 60, 240])
def test_real_rate_is_the_rate_asked_for(fps, kind, av):
    frames, times, about = read(av, written(kind, stream_of(moved(8), fps=fps)))
    assert len(frames) == 8
    # A WebM's times are whole milliseconds.
    slack = 1e-6 if kind == "mp4" else 1.001e-3
    assert float(about["seconds"]) == pytest.approx(8 / fps, abs=slack, rel=1e-5)
    for i, time in enumerate(times):
        assert float(time) == pytest.approx(i / fps, abs=slack, rel=1e-5)


@pytest.mark.parametrize("hold", [0, 0.04, 0.06, 1.5, 20])
def test_last_frame_stands_for_its_hold(hold, kind, av):
    frames, _, about = read(av, written(kind, stream_of(moved(5), fps=10, hold=hold)))
    assert float(about["seconds"]) == pytest.approx(0.5 + hold, abs=0.0501)
    assert len(frames) == 5 + repeats(Fraction(10), hold)
    for frame in frames[5:]:
        assert decibels(frame, frames[4]) > 35


def test_long_hold_costs_few_bytes(kind, av):
    short = written(kind, stream_of(moved(5), fps=25))
    long = written(kind, stream_of(moved(5), fps=25, hold=20))
    assert len(long) < len(short) + 20 * 25 * 60


def test_single_frame_is_a_video_too(kind, av):
    frames, times, about = read(av, written(kind, stream_of(moved(1), fps=8)))
    assert len(frames) == 1
    assert times == [0]
    assert about["seconds"] == Fraction(1, 8)


def test_identical_frames_are_frames_too(kind, av):
    frames, *_ = read(av, written(kind, stream_of(moved(1) * 9, fps=8)))
    assert len(frames) == 9


@pytest.mark.parametrize("size", [(63, 48), (64, 47), (101, 99)])
def test_odd_sides_repeat_the_last_column_and_row(size, kind, av):
    frames = moved(3, size)
    decoded, _, about = read(av, written(kind, stream_of(frames)))
    width, height = size
    assert about["size"] == (width + width % 2, height + height % 2)
    for one, other in zip(decoded, frames, strict=True):
        padding = ((0, height % 2), (0, width % 2), (0, 0))
        assert decibels(one, np.pad(other, padding, mode="edge")) > 32


@pytest.mark.parametrize("size", [(480, 360), (481, 359)])
@pytest.mark.parametrize(
    ("layout", "theme"), [("overlay", "light"), ("grid", "slides-dark"), ("race", "print")]
)
def test_what_is_seen_is_what_was_drawn(layout, theme, size, kind, zigzag, av):
    moving = animate(zigzag, layout=layout, theme=theme, size=size, frames=6)
    decoded, *_ = read(av, written(kind, painted(moving)))
    # Half the resolution of colour costs this much on lines a pixel or two wide.
    for i, (one, other) in enumerate(zip(decoded, moving.frames(), strict=True)):
        assert decibels(one[: size[1], : size[0]], other) >= 29, f"frame {i}"
        light = np.array([0.2126, 0.7152, 0.0722])
        error = np.mean(((one[: size[1], : size[0]] - other.astype(float)) @ light) ** 2)
        assert 10 * np.log10(255**2 / error) >= 36, f"frame {i}"


def test_last_frame_at_its_usual_size_is_near_what_was_drawn(kind, zigzag, av):
    moving = animate(zigzag)
    decoded, *_ = read(av, written(kind, painted(moving, hold=1)))
    drawn = list(moving.frames())
    assert decibels(decoded[len(drawn) - 1], drawn[-1]) >= 34
    assert decibels(decoded[-1], drawn[-1]) >= 34


def test_flat_fills_keep_their_colour(kind, av):
    for color in [(255, 255, 255), (0x11, 0x16, 0x1D), (213, 94, 0), (0, 114, 178)]:
        frame = np.full((64, 64, 3), color, np.uint8)
        decoded, *_ = read(av, written(kind, stream_of([frame] * 3)))
        assert np.abs(decoded.astype(int) - color).max() <= 2


def test_index_of_an_mp4_comes_before_its_pictures(av):
    content = written("mp4", stream_of(moved(30)))
    places = boxes(content)
    assert places["ftyp"] == 0
    assert places["moov"] < places["mdat"]


@pytest.mark.parametrize("comment", ["made by hand", '{"a": 1}', "a\nb\tc <&> \"'", LONG])
def test_comment_comes_back(comment, kind, av):
    content = written(kind, stream_of(moved(2), comment=comment))
    kept = read(av, content)[2]["metadata"]
    assert kept[{"mp4": "comment", "webm": "COMMENT"}[kind]] == comment
    if kind == "mp4":
        places = boxes(content)
        assert places["moov"] < places["mdat"]


def test_no_comment_leaves_none(kind, av):
    content = written(kind, stream_of(moved(2)))
    assert "comment" not in {key.lower() for key in read(av, content)[2]["metadata"]}


def test_nothing_tells_versions_or_times(kind, av):
    content = written(kind, stream_of(moved(4)))
    for word in (b"x264", b"Lavc", b"libx", b"libvpx", b"Lavf6", b"creation"):
        assert word not in content


def test_writing_twice_gives_equal_bytes(kind, av, leaving):
    moving = animate(leaving, layout="race", size=(320, 240))
    one, other = (written(kind, painted(moving, comment="x", hold=0.5)) for _ in range(2))
    assert one == other


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs processors to leave")
def test_one_processor_gives_the_bytes_of_all(kind, av):
    stream = stream_of(moved(40, (320, 240)))
    many = written(kind, stream)
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert written(kind, stream) == many
    finally:
        os.sched_setaffinity(0, before)


def test_file_need_not_be_able_to_seek(kind, av):
    class Pipe(io.RawIOBase):
        parts: list = []

        def writable(self):
            return True

        def write(self, data):
            self.parts.append(bytes(data))
            return len(data)

    pipe = Pipe()
    pipe.parts = []
    WRITERS[kind](pipe, stream_of(moved(3)))
    assert b"".join(pipe.parts) == written(kind, stream_of(moved(3)))


def test_progress_wraps_the_steps_and_sees_each_once(kind, av):
    seen = []

    def watched(steps):
        for step in steps:
            seen.append(step)
            yield step

    written(kind, stream_of(moved(4), progress=watched, hold=1))
    assert seen == [0, 1, 2, 3]


@pytest.mark.parametrize("at", [0, 3, 30])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_failing_paint_leaves_nothing(at, error, kind, av, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    whole = stream_of(moved(40))

    def paint(step):
        if step == at:
            raise error("no paint")
        return whole.paint(step)

    file = io.BytesIO()
    with pytest.raises(error, match="no paint"):
        WRITERS[kind](file, Stream(paint, whole.size, whole.steps, whole.fps))
    assert file.getvalue() == b""
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_in_the_temporary_folder_or_said(kind, av, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    written(kind, stream_of(moved(4)))
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("fps", [0, -1, 0.09, 240.1, float("nan"), float("inf")])
def test_rates_that_a_video_cannot_have_are_refused(fps):
    with pytest.raises(ValueError, match="`fps` must be from 0.1 to 240 for a video"):
        frame_rate(fps)
    for write in WRITERS.values():
        with pytest.raises(ValueError, match="`fps` must be"):
            write(io.BytesIO(), stream_of(moved(2), fps=fps))


@pytest.mark.parametrize("hold", [-0.1, 600.1, float("nan"), float("inf")])
def test_holds_out_of_range_are_refused(hold):
    with pytest.raises(ValueError, match="`hold` must be from 0 to 600 seconds"):
        repeats(Fraction(10), hold)


def test_missing_pyav_is_one_line_that_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    for name, write in WRITERS.items():
        with pytest.raises(ImportError) as caught:
            write(io.BytesIO(), stream_of(moved(2)))
        wanted = f'Writing .{name} needs PyAV: pip install "trajectories[video]"'
        assert str(caught.value) == wanted


def test_pyav_without_the_encoder_says_so(monkeypatch, av):
    monkeypatch.setattr(av, "codecs_available", {"mpeg4"})
    with pytest.raises(ImportError, match="needs a PyAV that has libx264: pip install"):
        write_mp4(io.BytesIO(), stream_of(moved(2)))


def test_importing_the_writer_loads_no_pyav():
    code = "import sys, trajectories.plotting.writers.video; print('av' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
def test_memory_does_not_grow_with_the_frames(kind, av):
    peaks = []
    for frames in ("100", "1000"):
        command = [sys.executable, "-c", PEAK, f"write_{kind}", frames]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks.append(float(done.stdout))
    assert peaks[1] < peaks[0] + 10


def test_errors_of_the_disk_do_not_tell_of_inner_paths(kind, av, tmp_path, monkeypatch):
    def failing(path, *args, **kwargs):
        raise OSError(errno.EIO, "Input/output error", path)

    monkeypatch.setattr(av, "open", failing)
    with open(tmp_path / "a", "w+b") as file, pytest.raises(OSError, match="Input/output") as told:
        WRITERS[kind](file, stream_of(moved(2)))
    assert told.value.errno == errno.EIO
    assert told.value.filename is None
    assert "/proc" not in str(told.value)


def test_errors_of_other_files_keep_their_names(kind, av, tmp_path):
    def paint(step):
        raise FileNotFoundError(errno.ENOENT, "No such file", "picture.png")

    whole = stream_of(moved(2))
    with open(tmp_path / "a", "w+b") as file, pytest.raises(FileNotFoundError) as told:
        WRITERS[kind](file, Stream(paint, whole.size, whole.steps, whole.fps))
    assert told.value.filename == "picture.png"
