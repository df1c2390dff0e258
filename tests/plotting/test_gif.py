import io
import os
import struct
import subprocess
import sys
from fractions import Fraction

import imageio.v3 as iio
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from trajectories import animate, compare, descend
from trajectories.plotting.writers.gif import Stream, comment_block, delays, write_gif

SIZE = (320, 240)


def relaxed(examples):
    return settings(max_examples=examples, deadline=None, database=None, derandomize=True)


def read(file):
    """Return the frames that Pillow shows, their delays in 1/100 s, and its notes on the file."""
    with Image.open(file) as image:
        frames, waits = [], []
        for frame in ImageSequence.Iterator(image):
            frames.append(np.array(frame.convert("RGB")))
            waits.append(round(frame.info["duration"] / 10))
        return np.array(frames), waits, dict(image.info), image.size


def loop_block(content):
    """Return the count in the loop block, read byte by byte; None if there is none."""
    place = content.find(b"\x21\xff\x0bNETSCAPE2.0\x03\x01")
    return None if place < 0 else struct.unpack_from("<H", content, place + 16)[0]


@pytest.fixture(scope="module")
def saved(leaving, tmp_path_factory):
    """An animation and the file that it was saved to."""
    moving = animate(leaving, layout="race", size=(480, 270))
    path = tmp_path_factory.mktemp("gif") / "a.gif"
    moving.save(path, fps=12, hold=2)
    return moving, path


def test_size_frames_and_times_are_as_asked_for_pillow(saved):
    moving, path = saved
    frames, waits, info, size = read(path)
    assert size == moving.size
    assert frames.shape == (len(moving), 270, 480, 3)
    assert min(waits) >= 2
    assert sum(waits) == round(100 * (len(moving) / 12 + 2))
    assert waits[-1] - waits[0] in (199, 200, 201)
    assert info["loop"] == 0
    assert path.read_bytes().startswith(b"GIF89a")
    assert path.read_bytes().endswith(b";")


def test_imageio_reads_the_same_as_pillow(saved):
    moving, path = saved
    frames, waits, *_ = read(path)
    theirs = iio.imread(path, index=None, mode="RGB")
    np.testing.assert_array_equal(theirs, frames)
    times = [iio.immeta(path, index=i)["duration"] / 10 for i in range(len(moving))]
    assert [round(time) for time in times] == waits


def test_palette_is_one_for_all_frames_and_has_256_entries(saved):
    content = saved[1].read_bytes()
    flags = content[10]
    assert flags & 0x80
    assert 2 << (flags & 7) == 256
    # A local palette would let still colours flicker: no image block may have one.
    place = 13 + 3 * 256
    blocks = 0
    while content[place] != 0x3B:
        if content[place] == 0x21:
            place += 2
        else:
            assert content[place] == 0x2C
            assert not content[place + 9] & 0x80
            blocks += 1
            place += 11
        while content[place]:
            place += content[place] + 1
        place += 1
    assert blocks == len(saved[0])
    assert place == len(content) - 1


@pytest.mark.parametrize(
    ("layout", "theme"),
    [("overlay", "light"), ("overlay", "slides-dark"), ("grid", "print"), ("race", "dark")],
)
def test_what_is_seen_is_what_was_drawn(layout, theme, zigzag, tmp_path):
    moving = animate(zigzag, layout=layout, theme=theme, size=(480, 360), frames=8)
    moving.save(tmp_path / "a.gif")
    decoded, *_ = read(tmp_path / "a.gif")
    drawn = np.array(list(moving.frames()))
    for i, (one, other) in enumerate(zip(decoded, drawn, strict=True)):
        error = np.mean((one.astype(float) - other) ** 2)
        assert 10 * np.log10(255**2 / max(error, 1e-9)) >= 46, f"frame {i}"


def test_what_stands_still_does_not_flicker(saved):
    moving, path = saved
    decoded, *_ = read(path)
    drawn = list(moving.frames())
    for i in range(1, len(drawn)):
        still = (drawn[i] == drawn[i - 1]).all(axis=2)
        assert still.mean() > 0.9
        assert not (decoded[i] != decoded[i - 1])[still].any()


def test_same_colour_is_shown_as_the_same_colour_throughout(saved):
    moving, path = saved
    decoded, *_ = read(path)
    seen = {}
    for one, other in zip(moving.frames(), decoded, strict=True):
        key = one.reshape(-1, 3).astype(int) @ [1, 256, 65536]
        colors, first = np.unique(key, return_index=True)
        shown = other.reshape(-1, 3)
        for color, place in zip(colors, first, strict=True):
            assert seen.setdefault(color, tuple(shown[place])) == tuple(shown[place])


def test_background_is_exactly_the_themes(zigzag, tmp_path):
    for theme, color in (("light", (255, 255, 255)), ("dark", (0x11, 0x16, 0x1D))):
        animate(zigzag, theme=theme, size=SIZE, frames=5).save(tmp_path / "a.gif")
        decoded, *_ = read(tmp_path / "a.gif")
        assert {tuple(frame[0, 0]) for frame in decoded} == {color}


@pytest.mark.parametrize(("loop", "block"), [(0, 0), (1, None), (2, 1), (7, 6), (65535, 65534)])
def test_loop_block_counts_the_repeats(loop, block, short, tmp_path):
    animate(short, size=SIZE, frames=2).save(tmp_path / "a.gif", loop=loop)
    assert loop_block((tmp_path / "a.gif").read_bytes()) == block
    _, _, info, _ = read(tmp_path / "a.gif")
    assert info.get("loop") == block


@pytest.mark.parametrize("loop", [-1, 65536])
def test_loops_that_a_gif_cannot_count_are_refused_before_anything_is_written(loop):
    frame, file = np.zeros((4, 4, 4), np.uint8), io.BytesIO()
    with pytest.raises(ValueError, match="`loop` must be from 0 to 65535. Got"):
        write_gif(file, Stream(lambda step: frame, (4, 4), range(1), 10, loop=loop))
    assert not file.getvalue()


def test_identical_frames_are_frames_too(handmade, tmp_path):
    moving = animate(handmade([(1, 1)] * 3), size=SIZE, frames=12)
    assert len(moving) == 12
    moving.save(tmp_path / "a.gif", fps=10, hold=0)
    frames, waits, *_ = read(tmp_path / "a.gif")
    assert waits == [10] * 12
    drawn = list(moving.frames())
    assert (drawn[0] == drawn[2]).all()
    assert (frames[0] == frames[2]).all()


def test_single_frame_is_a_still_picture(short, tmp_path):
    animate(short, size=SIZE, frames=1).save(tmp_path / "a.gif", fps=10, hold=1)
    frames, waits, *_ = read(tmp_path / "a.gif")
    assert len(frames) == 1
    assert waits == [110]


@pytest.mark.parametrize("fps", [8, 12.5, 24, 25, 30, 33.3, 50])
def test_real_rate_is_the_rate_asked_for(fps, short, tmp_path):
    animate(short, size=(100, 100), frames=40).save(tmp_path / "a.gif", fps=fps, hold=0)
    _, waits, *_ = read(tmp_path / "a.gif")
    assert sum(waits) == pytest.approx(100 * 40 / fps, abs=0.5)
    assert max(waits) - min(waits) <= 1


@relaxed(200)
@given(
    frames=st.integers(1, 400),
    fps=st.floats(0.2, 50),
    hold=st.floats(0, 600),
)
@example(frames=300, fps=50, hold=0)
@example(frames=301, fps=30, hold=1.5)
def test_delays_are_playable_and_right_to_half_a_hundredth(frames, fps, hold):
    waits = delays(frames, fps, hold)
    assert len(waits) == frames
    assert all(isinstance(wait, int) for wait in waits)
    assert min(waits) >= 2
    begins = np.concatenate([[0], np.cumsum(waits)[:-1]])
    for i, begin in enumerate(begins.tolist()):
        true = 100 * i / Fraction(fps)
        assert abs(begin - true) <= Fraction(1, 2) + Fraction(1, 10**6)
    assert sum(waits) == pytest.approx(100 * (frames / fps + hold), abs=1.01)


@pytest.mark.parametrize("fps", [0, -1, 50.001, 100, float("nan"), float("inf"), 1e-3, 1e-307])
def test_rates_that_a_gif_cannot_have_are_refused(fps):
    with pytest.raises(ValueError, match="`fps` must be"):
        delays(10, fps, 1)


@pytest.mark.parametrize("hold", [-0.1, 600.1, float("nan"), float("inf")])
def test_holds_out_of_range_are_refused(hold):
    with pytest.raises(ValueError, match="`hold` must be"):
        delays(10, 10, hold)


def test_the_ends_of_the_ranges_are_allowed():
    assert delays(3, 50, 0) == [2, 2, 2]
    assert delays(1, 100 / 65535, 0) == [65535]
    assert delays(2, 10, 600) == [10, 60010]


def test_a_frame_may_stand_as_long_as_a_gif_can_count_and_no_longer():
    assert delays(2, 100 / 5535, 600) == [5535, 65535]
    with pytest.raises(ValueError, match="`fps` must be high enough for each frame to stand at mo"):
        delays(2, 100 / 5536, 600)


def test_refusals_name_the_range():
    with pytest.raises(ValueError, match=r"at least 0\.0015 and at most 50 for a GIF.* Got 51"):
        delays(10, 51, 1)


def written(frames, **kwargs):
    """Write RGB frames, from one array that is used again and again as the painter's is."""
    height, width = frames[0].shape[:2]
    buffer = np.full((height, width, 4), 255, np.uint8)

    def paint(step):
        buffer[..., :3] = frames[step]
        return buffer

    file = io.BytesIO()
    write_gif(file, Stream(paint, (width, height), range(len(frames)), 20, **kwargs))
    file.seek(0)
    return file


@st.composite
def rectangles(draw):
    """Draw a few frames of rectangles in up to 255 colours, which the writer's samples hold."""
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
            if draw(st.booleans()):
                canvas[top:bottom, left:right] = colors[rng.integers(len(colors))]
            else:
                shape = (bottom - top, right - left)
                canvas[top:bottom, left:right] = colors[rng.integers(0, len(colors), shape)]
        frames.append(canvas.copy())
    return frames


@relaxed(60)
@given(rectangles())
def test_rectangles_in_255_colours_are_decoded_exactly(frames):
    decoded, waits, *_ = read(written(frames))
    np.testing.assert_array_equal(decoded, frames)
    assert waits == [5] * len(frames)


def test_large_noise_is_decoded_exactly():
    # Long runs of new codes: the coder must widen its codes and clear its table.
    rng = np.random.default_rng(7)
    colors = rng.integers(0, 256, (255, 3)).astype(np.uint8)
    frames = [colors[rng.integers(0, 255, (300, 400))] for _ in range(3)]
    decoded, *_ = read(written(frames))
    np.testing.assert_array_equal(decoded, frames)


def test_black_in_the_first_frame_is_drawn_not_left_transparent():
    frames = [np.zeros((4, 6, 3), np.uint8), np.full((4, 6, 3), 9, np.uint8)]
    with Image.open(written(frames)) as image:
        assert np.array(image.convert("RGBA"))[..., 3].min() == 255
    decoded, *_ = read(written(frames))
    np.testing.assert_array_equal(decoded, frames)


def test_colours_of_frames_between_the_samples_are_near_ones():
    # Five frames are looked at to choose the palette; a colour that no one of them has is mapped.
    still = np.full((20, 20, 3), (250, 250, 250), np.uint8)
    still[:10] = (0, 114, 178)
    odd = still.copy()
    odd[5, 5] = (3, 110, 180)
    frames = [still, odd, *[still] * 20]
    decoded, *_ = read(written(frames))
    assert tuple(decoded[1][5, 5]) == (0, 114, 178)
    np.testing.assert_array_equal(decoded[2], still)


def test_only_what_changes_is_written():
    rng = np.random.default_rng(3)
    ground = rng.integers(0, 255, (200, 200, 3)).astype(np.uint8) // 32 * 32
    moved = [ground.copy() for _ in range(20)]
    for i, frame in enumerate(moved):
        frame[10:20, 5 * i : 5 * i + 10] = 255
    whole = len(written([ground]).getvalue())
    assert len(written(moved).getvalue()) < 1.5 * whole


def test_picture_of_a_book_path_stays_small(zigzag, tmp_path):
    animate(zigzag).save(tmp_path / "a.gif")
    assert (tmp_path / "a.gif").stat().st_size < 31 * 5000


@pytest.mark.parametrize(("thrift", "most"), [(0, 255), (1, 127), (2, 63), (3, 31)])
def test_thrift_halves_the_number_of_colours(thrift, most):
    frame = np.random.default_rng(thrift).integers(0, 256, (60, 60, 3)).astype(np.uint8)
    decoded, *_ = read(written([frame], thrift=thrift))
    assert most // 2 < len(np.unique(decoded.reshape(-1, 3), axis=0)) <= most


def test_header_has_the_size_the_palette_and_square_pixels():
    content = written([np.full((5, 7, 3), 9, np.uint8)]).getvalue()
    # After the size: a palette of 256 entries in 8 bits, background 0, no aspect ratio.
    assert content[:13] == b"GIF89a" + struct.pack("<HHBBB", 7, 5, 0b1_111_0_111, 0, 0)


def test_frames_stay_in_place_and_leave_what_is_transparent():
    frames = [np.full((5, 7, 3), i, np.uint8) for i in range(3)]
    content = written(frames).getvalue()
    # "Do not dispose", no waiting for a key, index 0 is transparent.
    assert content.count(b"!\xf9\x04" + struct.pack("<BHBB", 0b001_0_1, 5, 0, 0)) == 3


@pytest.mark.parametrize(
    ("length", "pieces"), [(1, [1]), (255, [255]), (256, [255, 1]), (510, [255, 255])]
)
def test_comment_is_cut_into_pieces_of_255_bytes(length, pieces):
    text = ("abcdefg" * 80)[:length]
    wanted, place = b"!\xfe", 0
    for piece in pieces:
        wanted += bytes([piece]) + text[place : place + piece].encode()
        place += piece
    assert comment_block(text) == wanted + b"\0"


def test_comment_stands_between_the_loop_block_and_the_frames_if_there_is_one():
    frames = [np.full((5, 7, 3), i, np.uint8) for i in range(3)]
    content = written(frames, comment="Größe").getvalue()
    block = comment_block("Größe")
    assert content.index(b"NETSCAPE2.0") < content.index(block) < content.index(b"!\xf9")
    assert content.replace(block, b"") == written(frames).getvalue()


def test_progress_wraps_the_steps_and_sees_each_once():
    seen = []

    def watched(steps):
        for step in steps:
            seen.append(step)
            yield step

    frames = [np.full((3, 3, 3), i, np.uint8) for i in range(4)]
    written(frames, progress=watched)
    assert seen == [0, 1, 2, 3]


def test_progress_that_loses_a_step_is_an_error_and_no_shorter_picture():
    frames = [np.full((3, 3, 3), i, np.uint8) for i in range(4)]
    with pytest.raises(ValueError, match="zip"):
        written(frames, progress=lambda steps: list(steps)[:-1])


def test_saving_twice_gives_equal_bytes(leaving, tmp_path):
    for name in ("a.gif", "b.gif"):
        animate(leaving, theme="slides", size=SIZE).save(tmp_path / name)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_another_process_writes_equal_bytes(tmp_path):
    paths = compare("x**2/20 + y**2", ["sgd:lr=0.95", "adam:lr=0.3"], start=(-7, 2), steps=8)
    animate(paths, layout="race", size=SIZE).save(tmp_path / "here.gif")
    code = """
import sys, trajectories as tj
rules = ["sgd:lr=0.95", "adam:lr=0.3"]
paths = tj.compare("x**2/20 + y**2", rules, start=(-7, 2), steps=8)
tj.animate(paths, layout="race", size=(320, 240)).save(sys.argv[1])
"""
    for seed in ("1", "2"):
        there = tmp_path / f"{seed}.gif"
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, str(there)], env=environment, check=True)
        assert there.read_bytes() == (tmp_path / "here.gif").read_bytes()


def test_long_path_has_its_frames_and_its_time(tmp_path):
    moving = animate(descend("sphere", "sgd:0.01", steps=2000), size=(100, 100))
    moving.save(tmp_path / "a.gif")
    frames, waits, *_ = read(tmp_path / "a.gif")
    assert len(frames) == 300
    assert sum(waits) == 100 * 12 + 150
