import io
import os
import re
import stat
import struct
import subprocess
import sys
import zlib
from fractions import Fraction
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence, features

from trajectories import animate
from trajectories.plotting.animation import Painter
from trajectories.plotting.writers.formats import (
    milliseconds,
    numbered,
    write_apng,
    write_frames,
    write_png,
    write_webp,
)
from trajectories.plotting.writers.gif import Palette, Stream, samples

WRITERS = {"apng": write_apng, "webp": write_webp}
COMMENTS = [
    "made by hand",
    '{"lr": 0.1, "rule": "a < b & c"}',
    "Größe in µm",
    "a\nb\r\nc\td",
    "Größe, ‘Schritt’, 歩, 🎞 " + "x" * 10_000,
]
PEAK = """
import io, pathlib, sys
import numpy as np
from trajectories.plotting.writers import image
from trajectories.plotting.writers.stream import Stream
frame = np.full((360, 480, 4), 255, np.uint8)
def paint(step):
    frame[20:40, step % 400 : step % 400 + 40, :3] = step % 200
    return frame
getattr(image, sys.argv[1])(
    open(sys.argv[3], "wb"), Stream(paint, (480, 360), range(int(sys.argv[2])), 25.0)
)
status = pathlib.Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""

pytestmark = pytest.mark.skipif(not features.check("webp"), reason="this Pillow has no WebP")


def relaxed(examples):
    return settings(max_examples=examples, deadline=None, database=None, derandomize=True)


@pytest.fixture(params=sorted(WRITERS))
def kind(request):
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


def moved(count, size=(40, 30)):
    """Return frames in which a bar goes across a ground of two colours."""
    width, height = size
    frames = []
    for i in range(count):
        frame = np.full((height, width, 3), (240, 245, 250), np.uint8)
        frame[height // 2 :] = (200, 215, 235)
        frame[3:9, 3 * i % width :][:, :5] = (0, 114, 178)
        frames.append(frame)
    return frames


def written(kind, stream):
    file = io.BytesIO()
    WRITERS[kind](file, stream)
    return file.getvalue()


def read(content):
    """Return the frames that Pillow shows, their milliseconds, and its notes on the file."""
    with Image.open(io.BytesIO(content)) as image:
        frames, waits = [], []
        for frame in ImageSequence.Iterator(image):
            rgba = np.array(frame.convert("RGBA"))
            assert rgba[..., 3].min() == 255
            frames.append(rgba[..., :3])
            waits.append(frame.info.get("duration"))
        return np.array(frames), waits, dict(image.info), image.size


def comment_of(content):
    """Return the comment, as others read it."""
    _, _, info, _ = read(content)
    if "xmp" not in info:
        return info.get("Comment")
    (description,) = ElementTree.fromstring(info["xmp"]).iter(
        "{http://purl.org/dc/elements/1.1/}description"
    )
    return "".join(description.itertext())


def chunks(content):
    """Return the chunks of a PNG with their data; their check sums are right."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    found, place = [], 8
    while place < len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        data = content[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack_from(">I", content, place + 8 + length)
        assert checksum == zlib.crc32(name + data)
        found.append((name.decode(), data))
        place += 12 + length
    assert found[-1] == ("IEND", b"")
    return found


def controls(content):
    """Return the frame controls of an APNG."""
    return [struct.unpack(">IIIIIHHBB", data) for name, data in chunks(content) if name == "fcTL"]


def riff(content):
    """Return the chunks of a WebP with their data."""
    assert content[:4] == b"RIFF"
    assert content[8:12] == b"WEBP"
    assert struct.unpack_from("<I", content, 4) == (len(content) - 8,)
    found, place = [], 12
    while place < len(content):
        name, length = struct.unpack_from("<4sI", content, place)
        found.append((name.decode(), content[place + 8 : place + 8 + length]))
        place += 8 + length + length % 2
    assert place == len(content)
    return found


@pytest.mark.parametrize("size", [(40, 30), (41, 31), (1, 1), (2, 5)])
def test_frames_size_and_times_are_as_asked_for_pillow(size, kind):
    given_frames = moved(9, size)
    frames, waits, _, seen = read(written(kind, stream_of(given_frames, fps=12.5, hold=1.5)))
    assert seen == size
    np.testing.assert_array_equal(frames, given_frames)
    assert waits == [80] * 8 + [1580]


@pytest.mark.parametrize(
    ("layout", "theme"), [("overlay", "light"), ("grid", "slides-dark"), ("race", "print")]
)
def test_webp_shows_exactly_what_was_drawn(layout, theme, zigzag):
    moving = animate(zigzag, layout=layout, theme=theme, size=(481, 361), frames=8)
    decoded, *_ = read(written("webp", painted(moving)))
    np.testing.assert_array_equal(decoded, list(moving.frames()))


@pytest.mark.parametrize(
    ("layout", "theme"), [("overlay", "light"), ("grid", "slides-dark"), ("race", "print")]
)
def test_apng_shows_exactly_the_palettes_colours(layout, theme, zigzag):
    moving = animate(zigzag, layout=layout, theme=theme, size=(481, 361), frames=8)
    decoded, *_ = read(written("apng", painted(moving)))
    paint = Painter(moving.picture()).paint
    palette = Palette(paint(step) for step in samples(moving.frame_steps))
    for one, step in zip(decoded, moving.frame_steps, strict=True):
        frame = paint(step)
        index = palette.index(frame.view("<u4").ravel()).reshape(frame.shape[:2])
        np.testing.assert_array_equal(one, palette.rgb[index])
        error = np.mean((one.astype(float) - frame[..., :3]) ** 2)
        assert 10 * np.log10(255**2 / max(error, 1e-9)) >= 46


def test_apng_is_the_same_for_ffmpeg(zigzag):
    av = pytest.importorskip("av", reason="PyAV is the second reader of APNG")
    moving = animate(zigzag, layout="race", size=(320, 240), frames=12)
    content = written("apng", painted(moving))
    frames, *_ = read(content)
    with av.open(io.BytesIO(content), format="apng") as container:
        theirs = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    np.testing.assert_array_equal(theirs, frames)


@pytest.mark.parametrize("fps", [0.001, 0.5, 8.333, 12.5, 24, 25, 30, 30000 / 1001, 33.3, 60, 90])
def test_delays_of_an_apng_are_exact(fps):
    held = controls(written("apng", stream_of(moved(5), fps=fps, hold=1.5)))
    waits = [Fraction(c[5], c[6]) for c in held]
    assert waits[:-1] == [waits[0]] * 4
    assert float(waits[0]) == pytest.approx(1 / fps, rel=1e-9)
    assert float(waits[-1]) == pytest.approx(1 / fps + 1.5, rel=1e-9)


@relaxed(100)
@given(fps=st.floats(0.001, 90), hold=st.floats(0, 600))
def test_any_delay_of_an_apng_fits_and_is_near(fps, hold):
    held = controls(written("apng", stream_of([np.zeros((1, 1, 3), np.uint8)], fps, hold=hold)))
    # Numbers of 16 bits are this near.
    assert held[0][5] / held[0][6] == pytest.approx(1 / fps + hold, rel=2e-5)


@relaxed(200)
@given(frames=st.integers(1, 400), fps=st.floats(0.001, 90), hold=st.floats(0, 600))
def test_delays_of_a_webp_are_right_to_half_a_millisecond(frames, fps, hold):
    waits = milliseconds(frames, fps, hold)
    assert len(waits) == frames
    assert min(waits) >= 11
    begins = np.concatenate([[0], np.cumsum(waits)[:-1]])
    assert np.abs(begins - 1000 * np.arange(frames) / fps).max() <= 0.5 + 1e-6
    assert sum(waits) == pytest.approx(1000 * (frames / fps + hold), abs=1.01)


@pytest.mark.parametrize("loop", [0, 1, 2, 65535])
def test_loop_counts_how_often_it_plays(loop, kind):
    content = written(kind, stream_of(moved(3), loop=loop))
    assert read(content)[2]["loop"] == loop
    if kind == "apng":
        assert ("acTL", struct.pack(">II", 3, loop)) in chunks(content)
    else:
        assert ("ANIM", b"\xff" * 4 + struct.pack("<H", loop)) in riff(content)


@pytest.mark.parametrize("comment", COMMENTS)
def test_comment_comes_back(comment, kind):
    assert comment_of(written(kind, stream_of(moved(2), comment=comment))) == comment


def test_no_comment_leaves_none(kind):
    content = written(kind, stream_of(moved(2)))
    assert comment_of(content) is None
    names = [name for name, _ in (chunks if kind == "apng" else riff)(content)]
    assert set(names) <= {
        *("IHDR", "acTL", "PLTE", "tRNS", "fcTL", "IDAT", "fdAT", "IEND"),
        *("VP8X", "ANIM", "ANMF"),
    }


def test_what_xml_cannot_hold_is_replaced_in_a_webp():
    comment = comment_of(written("webp", stream_of(moved(2), comment="a\x00b\x0bc\ud800d\uffff")))
    assert comment == "a\ufffdb\ufffdc\ufffdd\ufffd"


def test_latin_text_is_plain_and_other_text_is_utf8_in_a_png():
    for comment, name in (("Größe", "tEXt"), ("歩", "iTXt")):
        content = written("apng", stream_of(moved(2), comment=comment))
        assert name in dict(chunks(content))


def test_apng_is_numbered_and_begins_with_the_whole_first_frame():
    content = written("apng", stream_of(moved(5)))
    names = [name for name, _ in chunks(content)]
    assert names[:6] == ["IHDR", "acTL", "PLTE", "tRNS", "fcTL", "IDAT"]
    assert names[6:] == ["fcTL", "fdAT"] * 4 + ["IEND"]
    numbers = [
        struct.unpack_from(">I", data)[0]
        for name, data in chunks(content)
        if name in ("fcTL", "fdAT")
    ]
    assert numbers == list(range(9))
    assert controls(content)[0][1:5] == (40, 30, 0, 0)


def test_a_viewer_that_plays_no_apng_shows_the_first_frame():
    content = written("apng", stream_of(moved(5)))
    still = content[:8] + b"".join(
        struct.pack(">I", len(data)) + name.encode() + data + struct.pack(">I", crc)
        for name, data in chunks(content)
        if name not in ("acTL", "fcTL", "fdAT")
        for crc in [zlib.crc32(name.encode() + data)]
    )
    with Image.open(io.BytesIO(still)) as image:
        np.testing.assert_array_equal(np.array(image.convert("RGB")), moved(5)[0])


def test_webp_says_what_it_holds():
    found = riff(written("webp", stream_of(moved(3, (41, 31)), comment="x")))
    assert [name for name, _ in found] == ["VP8X", "ANIM", "ANMF", "ANMF", "ANMF", "XMP "]
    # Animation, XMP, alpha; then the last column and row.
    assert found[0][1] == bytes([0x02 | 0x04 | 0x10, 0, 0, 0, 40, 0, 0, 30, 0, 0])
    assert all(data[16:20] == b"VP8L" for name, data in found if name == "ANMF")


def test_webp_may_begin_anywhere_in_its_file():
    file = io.BytesIO(b"before")
    file.seek(6)
    write_webp(file, stream_of(moved(3)))
    assert file.tell() == len(file.getvalue())
    assert file.getvalue() == b"before" + written("webp", stream_of(moved(3)))


def test_identical_frames_are_frames_too(kind):
    given_frames = [moved(4)[i] for i in (0, 0, 3, 3, 3, 0)]
    content = written(kind, stream_of(given_frames))
    frames, waits, *_ = read(content)
    np.testing.assert_array_equal(frames, given_frames)
    assert waits == [100] * 6
    if kind == "apng":
        assert [c[1:5] == (1, 1, 0, 0) for c in controls(content)] == [
            *(False, True, False),
            *(True, True, False),
        ]


def test_single_frame_is_a_still_picture(kind):
    frames, _, info, _ = read(written(kind, stream_of(moved(1), comment="x")))
    np.testing.assert_array_equal(frames, moved(1))
    assert comment_of(written(kind, stream_of(moved(1), comment="x"))) == "x"


def test_only_what_changes_is_written(kind):
    rng = np.random.default_rng(3)
    ground = rng.integers(0, 255, (200, 200, 3)).astype(np.uint8) // 32 * 32
    frames = [ground.copy() for _ in range(20)]
    for i, frame in enumerate(frames):
        frame[10:20, 5 * i : 5 * i + 10] = 255
    one, all_of_them = (len(written(kind, stream_of(part))) for part in (frames[:1], frames))
    assert all_of_them < 1.5 * one


@st.composite
def rectangles(draw):
    """Draw a few frames of rectangles in a few colours."""
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    colors = rng.integers(0, 256, (draw(st.integers(1, 255)), 3))
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[:] = colors[0]
    frames = [canvas.copy()]
    for _ in range(draw(st.integers(0, 4))):
        for _ in range(draw(st.integers(0, 6))):
            top, bottom = np.sort(rng.integers(0, height + 1, 2))
            left, right = np.sort(rng.integers(0, width + 1, 2))
            shape = (bottom - top, right - left)
            canvas[top:bottom, left:right] = colors[rng.integers(0, len(colors), shape)]
        frames.append(canvas.copy())
    return frames


@relaxed(60)
@given(rectangles())
def test_rectangles_are_decoded_exactly(frames):
    for kind in WRITERS:
        decoded, *_ = read(written(kind, stream_of(frames)))
        np.testing.assert_array_equal(decoded, frames)


def test_noise_of_all_colours_is_decoded_exactly_in_a_webp():
    rng = np.random.default_rng(7)
    frames = [rng.integers(0, 256, (150, 201, 3)).astype(np.uint8) for _ in range(3)]
    frames.append(frames[-1].copy())
    frames[-1][20:30, 31:77] = 0
    decoded, *_ = read(written("webp", stream_of(frames)))
    np.testing.assert_array_equal(decoded, frames)


def test_writing_twice_gives_equal_bytes(kind, leaving):
    moving = animate(leaving, layout="race", size=(320, 240))
    one, other = (written(kind, painted(moving, comment="x", hold=0.5)) for _ in range(2))
    assert one == other


def test_progress_wraps_the_steps_and_sees_each_once(kind):
    seen = []

    def watched(steps):
        for step in steps:
            seen.append(step)
            yield step

    written(kind, stream_of(moved(4), progress=watched))
    assert seen == [0, 1, 2, 3]


@pytest.mark.parametrize("fps", [0, -1, 0.0009, 90.1, float("nan"), float("inf")])
def test_rates_out_of_range_are_refused_before_anything_is_written(fps, kind):
    file = io.BytesIO()
    with pytest.raises(ValueError, match="`fps` must be from 0.001 to 90"):
        WRITERS[kind](file, stream_of(moved(2), fps=fps))
    assert not file.getvalue()


@pytest.mark.parametrize("hold", [-0.1, 600.1, float("nan"), float("inf")])
def test_holds_out_of_range_are_refused(hold, kind):
    with pytest.raises(ValueError, match="`hold` must be from 0 to 600 seconds"):
        written(kind, stream_of(moved(2), hold=hold))


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
def test_memory_does_not_grow_with_the_frames(kind, tmp_path):
    peaks = []
    for frames in ("100", "1000"):
        command = [sys.executable, "-c", PEAK, f"write_{kind}", frames, str(tmp_path / "a")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks.append(float(done.stdout))
    assert peaks[1] < peaks[0] + 10


def names(folder):
    return sorted(item.name for item in folder.iterdir())


def test_numbered_frames_are_what_was_drawn(zigzag, tmp_path):
    moving = animate(zigzag, size=(321, 241), frames=12)
    write_frames(tmp_path / "f-%04d.png", painted(moving, comment="歩 1"))
    assert names(tmp_path) == [f"f-{i:04d}.png" for i in range(12)]
    for i, drawn in enumerate(moving.frames()):
        with Image.open(tmp_path / f"f-{i:04d}.png") as image:
            assert image.mode == "RGB"
            assert image.info["Comment"] == "歩 1"
            np.testing.assert_array_equal(np.array(image), drawn)


@pytest.mark.parametrize("comment", ["", *COMMENTS])
def test_single_png_is_exact_and_carries_its_comment(comment):
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (31, 47, 4)).astype(np.uint8)
    for channels in (3, 4):
        file = io.BytesIO()
        write_png(file, pixels[..., :channels], comment)
        with Image.open(io.BytesIO(file.getvalue())) as image:
            assert image.mode == "RGB"
            np.testing.assert_array_equal(np.array(image), pixels[..., :3])
            assert image.info.get("Comment", "") == comment
        chunks(file.getvalue())


@pytest.mark.parametrize(
    ("pattern", "first", "last"),
    [
        ("%d.png", "0.png", "10.png"),
        ("a%02d.PNG", "a00.PNG", "a10.PNG"),
        ("50%%-%03d-b.png", "50%-000-b.png", "50%-010-b.png"),
        ("x/100%/%d.png", "x/100%/0.png", "x/100%/10.png"),
        ("%%d%d.png", "%d0.png", "%d10.png"),
    ],
)
def test_patterns_number_the_files(pattern, first, last):
    paths = [path.as_posix() for path in numbered(pattern, 11)]
    assert (paths[0], paths[-1]) == (first, last)
    assert len(set(paths)) == 11


@pytest.mark.parametrize(
    "pattern",
    [
        *("a.png", "%d-%d.png", "%s.png", "%4d.png", "%00d.png", "%.3d.png", "%x.png", "%"),
        *("%%d.png", "%d.jpg", "%d", "", "%d.png/a.png", "%d%.png", "%(a)d.png", "%-4d.png"),
    ],
)
def test_other_patterns_are_refused(pattern, tmp_path):
    with pytest.raises(ValueError, match=r"^`pattern` must be .*frames/%04d\.png.* Got .*instead"):
        write_frames(pattern, stream_of(moved(2)))


def test_frames_go_to_no_folder_that_does_not_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Cannot write .*does not exist\.$"):
        write_frames(tmp_path / "frames" / "%d.png", stream_of(moved(2)))
    assert names(tmp_path) == []


def test_a_folder_in_the_place_of_a_frame_is_seen_before_any_is_painted(tmp_path):
    (tmp_path / "2.png").mkdir()
    stream = Stream(lambda step: pytest.fail("painted"), (4, 4), range(3), 10.0)
    with pytest.raises(IsADirectoryError, match=re.escape("2.png")):
        write_frames(tmp_path / "%d.png", stream)
    assert names(tmp_path) == ["2.png"]


def test_old_frames_are_replaced_and_others_stay(tmp_path):
    for name in ("0.png", "7.png", "note.txt"):
        (tmp_path / name).write_bytes(b"old")
    write_frames(str(tmp_path / "%d.png"), stream_of(moved(2)))
    assert names(tmp_path) == ["0.png", "1.png", "7.png", "note.txt"]
    assert (tmp_path / "0.png").read_bytes() != b"old"
    assert (tmp_path / "7.png").read_bytes() == b"old"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_failing_paint_leaves_no_frames_and_the_old_ones(error, tmp_path):
    (tmp_path / "0.png").write_bytes(b"old")
    whole = stream_of(moved(4))

    def paint(step):
        if step == 2:
            raise error("no paint")
        return whole.paint(step)

    with pytest.raises(error, match="no paint"):
        write_frames(tmp_path / "%d.png", Stream(paint, whole.size, whole.steps, whole.fps))
    assert names(tmp_path) == ["0.png"]
    assert (tmp_path / "0.png").read_bytes() == b"old"


def test_failing_rename_removes_what_was_renamed(tmp_path, monkeypatch):
    true = os.replace

    def replace(source, target):
        if target.name == "2.png":
            raise PermissionError("no")
        true(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(PermissionError, match="no"):
        write_frames(tmp_path / "%d.png", stream_of(moved(4)))
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_frames_have_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    write_frames(tmp_path / "%d.png", stream_of(moved(1)))
    wanted, got = (stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "0.png"))
    assert got == wanted


def test_writing_frames_twice_gives_equal_bytes(tmp_path):
    contents = []
    for _ in range(2):
        write_frames(tmp_path / "%d.png", stream_of(moved(3), comment="x"))
        contents.append([(tmp_path / f"{i}.png").read_bytes() for i in range(3)])
    assert contents[0] == contents[1]
