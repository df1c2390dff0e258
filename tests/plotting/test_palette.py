import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from trajectories.plotting.writers.gif import TRANSPARENT, Palette, palette_colors


def frame_of(rgb):
    """Make a frame as the painter has them: red, green, blue and an alpha of 255."""
    rgb = np.asarray(rgb, np.uint8)
    return np.ascontiguousarray(np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]))


def keys_of(frame):
    return frame.view("<u4").ravel()


def shown(palette, frame):
    """Return what a player shows for a frame."""
    return palette.rgb[palette.index(keys_of(frame))].reshape(*frame.shape[:2], 3)


def distances(colors, palette):
    used = palette.rgb[1:].astype(int)
    return ((colors[:, None].astype(int) - used) ** 2).sum(axis=-1)


@pytest.mark.parametrize("count", [1, 2, 17, 254, 255])
def test_up_to_255_colours_are_kept_exactly(count):
    rng = np.random.default_rng(count)
    colors = np.unique(rng.integers(0, 256, (4 * count, 3)), axis=0)
    colors = rng.permutation(colors)[:count]
    frame = frame_of(colors[rng.integers(0, count, (40, 50))])
    np.testing.assert_array_equal(shown(Palette([frame]), frame), frame[..., :3])


def test_colours_are_gathered_from_all_frames():
    base = np.zeros((20, 20, 3), int)
    frames = []
    for i in range(6):
        base[i, i] = (40 * i, 255 - 40 * i, 7)
        frames.append(frame_of(base))
    palette = Palette(iter(frames))
    for frame in frames:
        np.testing.assert_array_equal(shown(palette, frame), frame[..., :3])


@pytest.mark.parametrize("seed", range(4))
def test_more_colours_are_mapped_to_the_nearest(seed):
    rng = np.random.default_rng(seed)
    frame = frame_of(rng.integers(0, 256, (60, 70, 3)))
    palette = Palette([frame])
    never_seen = frame_of(rng.integers(0, 256, (30, 30, 3)))
    for image in (frame, never_seen):
        colors = image[..., :3].reshape(-1, 3)
        chosen = palette.rgb[palette.index(keys_of(image))].astype(int)
        taken = ((chosen - colors.astype(int)) ** 2).sum(axis=-1)
        np.testing.assert_array_equal(taken, distances(colors, palette).min(axis=1))


def test_nearest_is_the_nearest_of_the_few_there_are():
    # Entries that no colour stands in, black by default, must not attract dark colours.
    palette = Palette([frame_of(np.full((5, 5, 3), 200))])
    dark = frame_of([[(10, 10, 10), (0, 0, 0)]])
    np.testing.assert_array_equal(shown(palette, dark), np.full((1, 2, 3), 200))


@pytest.mark.parametrize("fills", [1, 5, 30])
def test_large_fills_are_exact_among_thousands_of_colours(fills):
    rng = np.random.default_rng(fills)
    colors = rng.integers(0, 256, (fills, 3))
    rgb = rng.integers(0, 256, (300, 300, 3))
    rgb[:200] = colors[np.arange(200) % fills, None]
    palette = Palette([frame_of(rgb)])
    found = {tuple(color) for color in palette.rgb[1:].tolist()}
    assert {tuple(color) for color in colors.tolist()} <= found
    assert len(palette.rgb) == 256


def test_a_fill_in_scattered_pixels_is_exact_too():
    rgb = np.random.default_rng(3).integers(0, 256, (100, 100, 3))
    rgb[::2, ::2] = rgb[1::2, 1::2] = (120, 130, 110)
    frame = frame_of(rgb)
    np.testing.assert_array_equal(shown(Palette([frame]), frame)[::2, ::2], rgb[::2, ::2])


def test_of_more_fills_than_half_the_palette_the_largest_are_exact():
    # 300 colours, each of them a fill, the later the larger; 127 of them at most are kept as such.
    rng = np.random.default_rng(8)
    keys = rng.choice(1 << 24, 300, replace=False)
    colors = np.stack([keys & 255, keys >> 8 & 255, keys >> 16], axis=-1)
    rgb = np.repeat(colors, np.arange(300) + 60, axis=0)[None]
    palette = Palette([frame_of(rgb)])
    found = [tuple(color) in set(map(tuple, palette.rgb[1:].tolist())) for color in colors.tolist()]
    assert all(found[-127:])
    error = np.abs(shown(palette, frame_of(rgb)).astype(int) - rgb)
    assert error.mean() < 4


def test_what_moves_keeps_its_colour_as_what_stands_still_counts_once():
    # Two of 10,000 pixels in each of four frames are above the part that makes a fill; they would
    # not be, were the colourful ground counted five times.
    ground = np.random.default_rng(9).integers(0, 256, (100, 100, 3))
    frames = [frame_of(ground)]
    for i in range(4):
        rgb = ground.copy()
        rgb[20, 20 * i : 20 * i + 2] = (120, 130, 110)
        frames.append(frame_of(rgb))
    palette = Palette(frames)
    assert (shown(palette, frames[2])[20, 20:22] == (120, 130, 110)).all()


def test_soft_picture_has_less_than_half_the_error_of_median_cut_alone():
    y, x = np.mgrid[:120, :160]
    waves = 128 + 127 * np.sin(x / 25), 128 + 100 * np.cos(y / 19), 60 + 40 * np.sin((x + y) / 30)
    rgb = np.rint(np.dstack(waves)).astype(np.uint8)
    cut = Image.fromarray(rgb).quantize(255, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    frame = frame_of(rgb)
    ours, theirs = shown(Palette([frame]), frame), np.array(cut.convert("RGB"))
    errors = [np.mean((seen.astype(float) - rgb) ** 2) for seen in (ours, theirs)]
    assert errors[0] < errors[1] / 2


@pytest.mark.parametrize(("thrift", "most"), [(0, 255), (1, 127), (2, 63), (3, 31)])
def test_thrift_halves_the_number_of_colours(thrift, most):
    assert palette_colors(thrift) == most
    frame = frame_of(np.random.default_rng(thrift).integers(0, 256, (50, 50, 3)))
    used = np.unique(Palette([frame], thrift).index(keys_of(frame)))
    assert 0.9 * most < len(used) <= most
    few = frame_of(np.arange(3 * most).reshape(1, most, 3) % 256)
    np.testing.assert_array_equal(shown(Palette([few], thrift), few), few[..., :3])


def test_nearest_is_the_shown_colour_as_an_opaque_pixel():
    frame = frame_of(np.random.default_rng(4).integers(0, 256, (40, 40, 3)))
    palette = Palette([frame])
    clear = frame.copy()
    clear[..., 3] = 0
    near = palette.nearest(keys_of(clear))
    assert near.dtype == np.uint32
    pixels = near.astype("<u4").view(np.uint8).reshape(40, 40, 4)
    np.testing.assert_array_equal(pixels, frame_of(shown(palette, frame)))


def test_soft_edges_between_two_fills_stay_close():
    ramp = np.linspace((255, 255, 255), (0, 114, 178), 2000)
    rgb = np.broadcast_to(np.rint(ramp)[None], (40, 2000, 3))
    palette = Palette([frame_of(rgb)])
    error = np.abs(shown(palette, frame_of(rgb)).astype(int) - rgb)
    assert error.max() <= 3


@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_any_small_frame_is_exact_and_never_transparent(rgb):
    frame = frame_of(rgb)
    palette = Palette([frame])
    index = palette.index(keys_of(frame))
    assert (index != TRANSPARENT).all()
    np.testing.assert_array_equal(shown(palette, frame), rgb)


def test_alpha_does_not_count():
    frame = frame_of(np.random.default_rng(1).integers(0, 256, (5, 5, 3)))
    palette = Palette([frame])
    clear = frame.copy()
    clear[..., 3] = 0
    np.testing.assert_array_equal(palette.index(keys_of(frame)), palette.index(keys_of(clear)))


def test_same_frames_make_the_same_palette():
    frames = [frame_of(np.random.default_rng(i).integers(0, 256, (50, 60, 3))) for i in range(3)]
    one, other = Palette(frames), Palette(frames)
    np.testing.assert_array_equal(one.rgb, other.rgb)
    np.testing.assert_array_equal(one.index(keys_of(frames[1])), other.index(keys_of(frames[1])))


def test_what_is_asked_first_does_not_change_what_is_answered():
    frame = frame_of(np.random.default_rng(1).integers(0, 256, (40, 40, 3)))
    queries = np.random.default_rng(2).integers(0, 1 << 24, 500, dtype=np.uint32)
    at_once = Palette([frame]).index(queries)
    palette = Palette([frame])
    one_by_one = [int(palette.index(queries[i : i + 1])[0]) for i in reversed(range(500))]
    np.testing.assert_array_equal(at_once, one_by_one[::-1])
