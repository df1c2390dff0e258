"""APNG, WebP and numbered PNGs: exact frames, exact times, and their bytes."""

import os
import struct
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image, features

from tests.plotting.reading import Film, bar, chunk, chunks, decibels, read_image
from trajectories import animate

COMMENTS = [
    '{"lr": 0.1, "rule": "a < b & c"}',
    "a\nb\r\nc\td Größe, ‘Schritt’, 歩, 🎞 " + "x" * 10_000,
]
KINDS = ["apng", "webp"]
pytestmark = pytest.mark.skipif(not features.check("webp"), reason="this Pillow has no WebP")


def relaxed(examples):
    return settings(max_examples=examples, deadline=None, database=None, derandomize=True)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("images")


@pytest.fixture
def written(folder):
    """Return a function that saves frames and returns the file."""

    def write(kind, frames, comment="", fps=10, end_pause=0, **how):
        path = folder / f"a.{kind}"
        Film(frames, comment).save(path, fps=fps, end_pause=end_pause, **how)
        return path

    return write


def comment_of(path):
    """Return the comment, as others read it."""
    info = read_image(path)[2]
    if "xmp" not in info:
        return info.get("Comment")
    (description,) = ElementTree.fromstring(info["xmp"]).iter(
        "{http://purl.org/dc/elements/1.1/}description"
    )
    return "".join(description.itertext())


def controls(path):
    """Return the frame controls of an APNG."""
    found = chunks(path.read_bytes())
    return [struct.unpack(">IIIIIHHBB", data) for name, data in found if name == "fcTL"]


def riff(path):
    """Return the chunks of a WebP with their data."""
    content = path.read_bytes()
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


@pytest.mark.parametrize("size", [(41, 31), (1, 1)])
def test_frames_size_and_times_are_as_asked_for_pillow(size, kind, written):
    path = written(kind, bar(9, size), fps=12.5, end_pause=1.5)
    frames, waits, _ = read_image(path)
    np.testing.assert_array_equal(frames, bar(9, size))
    assert waits == [0.08] * 8 + [1.58]


def test_what_is_seen_is_what_was_drawn(zigzag, folder):
    moving = animate(zigzag, layout="race", theme="slides-dark", size=(401, 301), frames=5)
    drawn = np.array(list(moving.frames()))
    for kind in (*KINDS, "gif"):
        moving.save(folder / f"drawn.{kind}")
    np.testing.assert_array_equal(read_image(folder / "drawn.webp")[0], drawn)
    # An APNG has a palette, the same as a GIF.
    frames = read_image(folder / "drawn.apng")[0]
    np.testing.assert_array_equal(read_image(folder / "drawn.gif")[0], frames)
    assert min(map(decibels, frames, drawn)) >= 46
    av = pytest.importorskip("av", reason="PyAV is the second reader of APNG")
    with av.open(str(folder / "drawn.apng"), format="apng") as container:
        theirs = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    np.testing.assert_array_equal(theirs, frames)


@relaxed(30)
@given(frames=st.integers(1, 20), fps=st.floats(0.001, 90), end_pause=st.floats(0, 600))
def test_any_delay_fits_and_is_near(frames, fps, end_pause, folder):
    film = Film(np.arange(3 * frames).reshape(frames, 1, 1, 3))
    for kind in KINDS:
        film.save(folder / f"times.{kind}", fps=fps, end_pause=end_pause)
    *_, last = controls(folder / "times.apng")
    # Numbers of 16 bits are this near.
    assert last[5] / last[6] == pytest.approx(1 / fps + end_pause, rel=2e-5)
    found = [data for name, data in riff(folder / "times.webp") if name == "ANMF"]
    waits = [int.from_bytes(data[12:15], "little") for data in found]
    assert len(waits) == frames
    assert min(waits) >= 11
    begins = np.cumsum([0, *waits[:-1]])
    assert np.abs(begins - 1000 * np.arange(frames) / fps).max() <= 0.5 + 1e-6
    assert sum(waits) == pytest.approx(1000 * (frames / fps + end_pause), abs=1.01)


@pytest.mark.parametrize("loop", [0, 2, 65535])
def test_loop_counts_how_often_it_plays(loop, kind, written):
    path = written(kind, bar(3), loop=loop)
    assert read_image(path)[2]["loop"] == loop
    if kind == "apng":
        assert ("acTL", struct.pack(">II", 3, loop)) in chunks(path.read_bytes())
    else:
        assert ("ANIM", b"\xff" * 4 + struct.pack("<H", loop)) in riff(path)


@pytest.mark.parametrize("comment", COMMENTS)
def test_comment_comes_back(comment, kind, written):
    assert comment_of(written(kind, bar(2), comment)) == comment


def test_apng_is_numbered_and_begins_with_the_whole_first_frame(written):
    path = written("apng", bar(5))
    found = chunks(path.read_bytes())
    names = [name for name, _ in found]
    assert names[:6] == ["IHDR", "acTL", "PLTE", "tRNS", "fcTL", "IDAT"]
    assert names[6:] == ["fcTL", "fdAT"] * 4 + ["IEND"]
    numbers = [
        struct.unpack_from(">I", data)[0] for name, data in found if name in ("fcTL", "fdAT")
    ]
    assert numbers == list(range(9))
    assert controls(path)[0][1:5] == (40, 30, 0, 0)
    # A viewer that plays no APNG shows the first frame.
    still = [chunk(n.encode(), data) for n, data in found if n not in ("acTL", "fcTL", "fdAT")]
    path.write_bytes(path.read_bytes()[:8] + b"".join(still))
    np.testing.assert_array_equal(read_image(path)[0], bar(1))


def test_identical_frames_are_frames_too(kind, written):
    frames = bar(4)[[0, 0, 3, 3, 3, 0]]
    path = written(kind, frames)
    np.testing.assert_array_equal(read_image(path)[0], frames)
    assert read_image(path)[1] == [0.1] * 6
    if kind == "apng":
        empty = [control[1:5] == (1, 1, 0, 0) for control in controls(path)]
        assert empty == [False, True, False, True, True, False]


@pytest.mark.parametrize("kind", [*KINDS, "gif"])
def test_only_what_changes_is_written(kind, written):
    ground = np.random.default_rng(3).integers(0, 8, (200, 200, 3)) * 32
    frames = np.repeat(ground[None], 10, axis=0)
    for i, frame in enumerate(frames):
        frame[10:20, 5 * i : 5 * i + 10] = 255
    sizes = [written(kind, part).stat().st_size for part in (frames[:1], frames)]
    assert sizes[1] < 1.5 * sizes[0]


@st.composite
def rectangles(draw):
    """Draw a few frames of rectangles in a few colours."""
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    colors = rng.integers(0, 256, (draw(st.integers(1, 255)), 3))
    canvas = np.broadcast_to(colors[0], (height, width, 3)).copy()
    frames = [canvas.copy()]
    for _ in range(draw(st.integers(0, 4))):
        for _ in range(draw(st.integers(0, 6))):
            top, bottom = np.sort(rng.integers(0, height + 1, 2))
            left, right = np.sort(rng.integers(0, width + 1, 2))
            one = draw(st.booleans())
            shape = (1, 1) if one else (bottom - top, right - left)
            canvas[top:bottom, left:right] = colors[rng.integers(0, len(colors), shape)]
        frames.append(canvas.copy())
    return frames


@relaxed(30)
@given(rectangles())
def test_rectangles_are_decoded_exactly(folder, frames):
    for kind in (*KINDS, "gif"):
        Film(frames).save(folder / f"exact.{kind}", fps=20, end_pause=0)
        decoded, waits, _ = read_image(folder / f"exact.{kind}")
        np.testing.assert_array_equal(decoded, frames)
        assert waits == [0.05] * len(frames) or len(frames) == 1


@pytest.mark.parametrize(
    ("how", "words"),
    [
        *(({"fps": fps}, "`fps` must be from 0.001 to 90") for fps in (0.0009, 90.1)),
        ({"end_pause": 600.1}, "`end_pause` must be from 0 to 600 seconds"),
    ],
)
def test_times_out_of_range_are_refused(how, words, kind, tmp_path):
    with pytest.raises(ValueError, match=words):
        Film(bar(2)).save(tmp_path / f"a.{kind}", **how)
    assert list(tmp_path.iterdir()) == []


# --- numbered frames


def names(folder):
    return sorted(item.name for item in folder.iterdir())


@pytest.mark.parametrize("comment", ["", *COMMENTS])
def test_numbered_frames_are_exact_and_carry_their_comment(comment, tmp_path):
    frames = np.random.default_rng(1).integers(0, 256, (2, 31, 47, 3)).astype(np.uint8)
    paths = Film(frames, comment).save(tmp_path / "f-%04d.png")
    assert [path.name for path in paths] == names(tmp_path) == ["f-0000.png", "f-0001.png"]
    for path, frame in zip(paths, frames, strict=True):
        chunks(path.read_bytes())
        with Image.open(path) as image:
            assert image.mode == "RGB"
            assert getattr(image, "n_frames", 1) == 1
            np.testing.assert_array_equal(np.array(image), frame)
            assert image.info.get("Comment", "") == comment


@pytest.mark.parametrize(
    ("pattern", "first", "last"),
    [
        ("%d.png", "0.png", "10.png"),
        ("50%%-%03d-b.png", "50%-000-b.png", "50%-010-b.png"),
        ("100%/%d.png", "100%/0.png", "100%/10.png"),
    ],
)
def test_patterns_number_the_files(pattern, first, last, tmp_path):
    (tmp_path / "100%").mkdir()
    found = Film([np.zeros((2, 2, 3))] * 11).save(tmp_path / pattern)
    paths = [path.relative_to(tmp_path).as_posix() for path in found]
    assert (paths[0], paths[-1], len(set(paths))) == (first, last, 11)
    assert all(path.exists() for path in found)


@pytest.mark.parametrize("pattern", ["%d-%d.png", "%s.png", "%.3d.png", "%%d.png"])
def test_other_patterns_are_refused(pattern, tmp_path):
    with pytest.raises(ValueError, match=r"^`pattern` must be .*frames/%04d\.png.* Got .*instead"):
        Film(bar(2)).save(tmp_path / pattern)
    assert names(tmp_path) == []


@pytest.mark.parametrize("where", ["paint", "rename"])
def test_what_fails_leaves_no_frames_and_the_old_ones(where, tmp_path, monkeypatch):
    error = KeyboardInterrupt("no")
    (tmp_path / "3.png").write_bytes(b"old")
    true = os.replace

    def replace(source, target):
        if os.path.basename(target) == "2.png":
            raise error
        true(source, target)

    if where == "rename":
        monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(KeyboardInterrupt, match="no"):
        Film(bar(4), broken={2: error} if where == "paint" else {}).save(tmp_path / "%d.png")
    assert names(tmp_path) == ["3.png"]
    assert (tmp_path / "3.png").read_bytes() == b"old"
