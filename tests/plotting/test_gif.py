"""GIFs: what they show, how long each frame stands, their bytes, and their palette."""

import struct
from fractions import Fraction

import imageio.v3 as iio
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from PIL import Image

from tests.plotting.reading import Film, decibels, gif_comment, read_image
from trajectories import animate

TABLE = slice(13, 13 + 3 * 256)


def noise(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("gif") / "a.gif"


@pytest.fixture
def decoded(path):
    """Return a function that saves frames as a GIF, and returns what is shown then."""

    def seen(frames):
        Film(frames).save(path, fps=20, end_pause=0)
        return read_image(path)[0]

    return seen


@pytest.fixture(scope="module")
def saved(leaving, tmp_path_factory):
    """An animation, its frames, and the file that it was saved to."""
    moving = animate(leaving, layout="race", size=(400, 240))
    path = tmp_path_factory.mktemp("saved") / "a.gif"
    moving.save(path, fps=12, end_pause=2)
    return moving, list(moving.frames()), path


def test_size_frames_and_times_are_as_asked_for_two_readers(saved):
    moving, _, path = saved
    frames, waits, info = read_image(path)
    assert frames.shape == (len(moving), 240, 400, 3)
    assert min(waits) >= 0.02
    assert sum(waits) == pytest.approx(round(len(moving) / 12 + 2, 2))
    assert info["loop"] == 0
    np.testing.assert_array_equal(iio.imread(path, index=None, mode="RGB"), frames)
    times = [iio.immeta(path, index=i)["duration"] / 1000 for i in range(len(moving))]
    assert times == waits


def test_palette_is_one_for_all_frames_and_has_256_entries(saved):
    content = saved[2].read_bytes()
    # The size, then a palette of 256 entries in 8 bits, background 0, no aspect ratio.
    assert content[:13] == b"GIF89a" + struct.pack("<HHBBB", 400, 240, 0b1_111_0_111, 0, 0)
    # A local palette would let still colours flicker: no image block may have one.
    place, blocks = TABLE.stop, 0
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


def test_still_pixels_do_not_flicker_and_a_colour_is_one_throughout(saved):
    _, drawn, path = saved
    decoded, *_ = read_image(path)
    seen = {}
    for i, (one, other) in enumerate(zip(drawn, decoded, strict=True)):
        if i:
            still = (one == drawn[i - 1]).all(axis=2)
            assert still.mean() > 0.9
            assert not (other != decoded[i - 1])[still].any()
        key = one.reshape(-1, 3).astype(int) @ [1, 256, 65536]
        colors, first = np.unique(key, return_index=True)
        shown = other.reshape(-1, 3)
        for color, place in zip(colors, first, strict=True):
            assert seen.setdefault(color, tuple(shown[place])) == tuple(shown[place])


@pytest.mark.parametrize(("loop", "block"), [(0, 0), (1, None), (2, 1), (65535, 65534)])
def test_loop_block_counts_the_repeats(loop, block, path):
    Film(noise(0, 2, 4, 4)).save(path, loop=loop)
    content = path.read_bytes()
    place = content.find(b"\x21\xff\x0bNETSCAPE2.0\x03\x01")
    assert (place < 0) == (block is None)
    assert block is None or struct.unpack_from("<H", content, place + 16) == (block,)
    assert read_image(path)[2].get("loop") == block


@settings(max_examples=20, deadline=None, database=None, derandomize=True)
@given(frames=st.integers(1, 30), fps=st.floats(0.2, 50), end_pause=st.floats(0, 600))
@example(frames=60, fps=50, end_pause=0)
@example(frames=61, fps=30, end_pause=1.5)
def test_delays_are_playable_and_right_to_half_a_hundredth(frames, fps, end_pause, path):
    Film(np.arange(3 * frames).reshape(frames, 1, 1, 3) % 256).save(
        path, fps=fps, end_pause=end_pause
    )
    _, waits, _ = read_image(path)
    waits = [round(100 * wait) for wait in waits]
    assert len(waits) == frames
    assert min(waits) >= 2
    for i, begin in enumerate(np.cumsum([0, *waits[:-1]]).tolist()):
        assert abs(begin - 100 * i / Fraction(fps)) <= Fraction(1, 2) + Fraction(1, 10**6)
    assert sum(waits) == pytest.approx(100 * (frames / fps + end_pause), abs=1.01)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"fps": 51}, "`fps` must be at least 0.0015 and at most 50 for a GIF.* Got 51"),
        *(({"fps": fps}, "`fps` must be") for fps in (0, float("nan"))),
        *(({"end_pause": hold}, "`end_pause` must be") for hold in (-0.1, 600.1)),
        (
            {"fps": 0.018, "end_pause": 600},
            "`fps` must be high enough for each frame to stand at mo",
        ),
    ],
)
def test_times_that_a_gif_cannot_have_are_refused(how, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        Film(noise(0, 2, 3, 3)).save(tmp_path / "a.gif", **how)
    assert list(tmp_path.iterdir()) == []


def test_large_noise_is_decoded_exactly(decoded):
    # Long runs of new codes: the coder must widen its codes and clear its table.
    colors = np.unique(noise(7, 255), axis=0)
    index = np.random.default_rng(7).integers(0, len(colors), (2, 200, 300))
    np.testing.assert_array_equal(decoded(colors[index]), colors[index])


def test_frames_stay_in_place_and_a_comment_stands_before_them(path):
    Film(noise(1, 3, 5, 7)).save(path, fps=20, end_pause=0)
    plain = path.read_bytes()
    # "Do not dispose", no waiting for a key, index 0 is transparent.
    assert plain.count(b"!\xf9\x04" + struct.pack("<BHBB", 0b001_0_1, 5, 0, 0)) == 3
    for length in (1, 255, 256, 510, 5000):
        text = ("é" + "x" * length)[:length]
        Film(noise(1, 3, 5, 7), comment=text).save(path, fps=20, end_pause=0)
        content, block = path.read_bytes(), gif_comment(text)
        assert content.replace(block, b"") == plain
        assert content.index(b"NETSCAPE2.0") < content.index(block) < content.index(b"!\xf9")


# --- the palette: index 0 is transparent, 255 colours are left


def palette_of(path):
    return np.frombuffer(path.read_bytes()[TABLE], np.uint8).reshape(256, 3)[1:]


@pytest.mark.parametrize("count", [1, 17, 255])
def test_up_to_255_colours_of_all_frames_are_kept_exactly(count, decoded):
    rng = np.random.default_rng(count)
    colors = rng.permutation(np.unique(noise(count, 4 * count), axis=0))[:count]
    frames = colors[rng.integers(0, count, (3, 20, 50))]
    np.testing.assert_array_equal(decoded(frames), frames)


def test_more_colours_are_mapped_to_the_nearest(decoded, path):
    # Nor does a frame that is not looked at for the palette get any other.
    frames = noise(1, 7, 40, 30)
    for frame, shown in zip(frames, decoded(frames), strict=True):
        far = frame.reshape(-1, 1, 3).astype(int) - palette_of(path)
        nearest = (far**2).sum(axis=-1).min(axis=1)
        taken = ((frame.astype(int) - shown) ** 2).sum(axis=-1).ravel()
        np.testing.assert_array_equal(taken, nearest)


def test_nearest_is_the_nearest_of_the_few_there_are(decoded):
    # Entries that no colour stands in, black by default, must not attract dark colours.
    frames = np.full((12, 5, 5, 3), 200, np.uint8)
    frames[1, 2, 2] = 10
    np.testing.assert_array_equal(decoded(frames), np.full((12, 5, 5, 3), 200))


@pytest.mark.parametrize("fills", [1, 30])
def test_large_fills_are_exact_among_thousands_of_colours(fills, decoded, path):
    frame, colors = noise(fills, 200, 200), noise(fills + 1, fills)
    frame[:120] = colors[np.arange(120) % fills, None]
    np.testing.assert_array_equal(decoded([frame])[0, :120], frame[:120])
    assert len(np.unique(palette_of(path), axis=0)) > 250


def test_soft_picture_has_less_than_half_the_error_of_median_cut_alone(decoded):
    y, x = np.mgrid[:120, :160]
    waves = 128 + 127 * np.sin(x / 25), 128 + 100 * np.cos(y / 19), 60 + 40 * np.sin((x + y) / 30)
    frame = np.rint(np.dstack(waves)).astype(np.uint8)
    cut = Image.fromarray(frame).quantize(255, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    theirs = np.array(cut.convert("RGB"))
    assert decibels(decoded([frame])[0], frame) > decibels(theirs, frame) + 10 * np.log10(2)
