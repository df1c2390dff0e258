import functools
import io
import itertools
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.animation import FuncAnimation
from PIL import Image

from trajectories import (
    Animation,
    animate,
    compare,
    descend,
    plot,
    plot_grid,
    plot_overlay,
    plot_race,
)
from trajectories.plotting.animation import Painter, default_fps
from trajectories.plotting.panels import LAYOUTS
from trajectories.plotting.plots import draw
from trajectories.plotting.theme import applied

SIZE = (320, 240)
STATIC = {
    "overlay": plot_overlay,
    "grid": plot_grid,
    "race": plot_race,
    "3d": functools.partial(draw, "3d"),
}


def picture(layout, paths, theme=None, size=SIZE, **kwargs):
    with applied(theme) as chosen:
        return LAYOUTS[layout](paths, chosen, size=size, **kwargs)


def line_data(figure):
    """Return what all lines of a figure go through, those only that are seen."""
    return [
        line.get_xydata().copy() for ax in figure.axes for line in ax.lines if line.get_visible()
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("which", "theme"), [("leaving", "light"), ("leaving", "slides-dark"), ("many", "light")]
)
def test_painted_frames_are_full_draws_in_whatever_order(which, layout, theme, request, pixels):
    paths = request.getfixturevalue(which)
    paths = paths if isinstance(paths, list) else [paths]
    painter = Painter(picture(layout, paths, theme))
    full = picture(layout, paths, theme)
    last = full.steps
    for step in (last, 0, 7, 1, last - 1, 11, 2, 7):
        painted = painter.paint(step)
        full.show(step)
        drawn = pixels(full.figure)
        assert (painted[..., :3] != drawn).any(axis=2).sum() == 0, f"at step {step}"
        assert (painted[..., 3] == 255).all()


@pytest.mark.parametrize("kwargs", [{"zorder": 1}, {"alpha": 0.4}, {"linestyle": ":", "lw": 5}])
def test_painted_frames_are_full_draws_with_styles_of_the_users_own(kwargs, leaving, pixels):
    painter = Painter(picture("overlay", leaving, **kwargs))
    full = picture("overlay", leaving, **kwargs)
    for step in (24, 3, 12):
        full.show(step)
        np.testing.assert_array_equal(painter.paint(step)[..., :3], pixels(full.figure))


@pytest.mark.parametrize("layout", ["overlay", "race"])
def test_painter_draws_afresh_what_has_something_else_below_it(layout, handmade, pixels):
    # The path runs under the words of its own exit and back through the counter's place.
    rim = [(np.cos(a), np.sin(a)) for a in np.linspace(0, 12, 40)]
    paths = [handmade([*rim, (5, 5)], label="round"), handmade(np.array(rim)[::-1], label="back")]
    limits = ((-1, 1), (-0.8, 0.8))
    painter = Painter(picture(layout, paths, limits=limits))
    full = picture(layout, paths, limits=limits)
    for step in (*range(0, 41, 4), 40, *range(39, 0, -5)):
        full.show(step)
        np.testing.assert_array_equal(painter.paint(step)[..., :3], pixels(full.figure))


@pytest.mark.parametrize("theme", [None, "slides-dark"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_last_frame_is_the_static_figure(layout, theme, leaving, pixels):
    moving = animate(leaving, layout=layout, theme=theme, size=SIZE, frames=3)
    *_, last = moving.frames()
    np.testing.assert_array_equal(last, pixels(STATIC[layout](leaving, theme=theme, size=SIZE)))


def test_last_frame_at_default_size_is_what_plot_draws(zigzag, pixels):
    *_, last = animate(zigzag, frames=2).frames()
    np.testing.assert_array_equal(last, pixels(plot(zigzag).figure))


@pytest.mark.parametrize("key", ["figure.constrained_layout.use", "axes.grid", "lines.antialiased"])
def test_last_frame_is_the_static_figure_under_settings_of_the_user(key, leaving, pixels):
    mpl.rcParams[key] = not mpl.rcParams[key]
    *_, last = animate(leaving, size=SIZE, frames=3).frames()
    np.testing.assert_array_equal(last, pixels(plot_overlay(leaving, size=SIZE)))


def test_settings_are_those_in_force_when_the_animation_was_made(short):
    with mpl.rc_context({"lines.linewidth": 6.0}):
        moving = animate(short, size=SIZE, frames=2)
        before = list(moving.frames())
    np.testing.assert_array_equal(list(moving.frames()), before)


@pytest.mark.parametrize("which", ["leaving", "many", "zigzag"])
def test_each_frame_shows_the_path_so_far(which, request):
    paths = request.getfixturevalue(which)
    paths = paths if isinstance(paths, list) else [paths]
    shown = picture("grid", paths)
    tracks = [line for ax in shown.figure.axes for line in ax.lines if line.get_linestyle() == "-"]
    assert len(tracks) == len(paths)
    shown.show(shown.steps)
    whole = [path_pieces(line.get_xydata()) for line in tracks]
    for step in range(shown.steps + 1):
        shown.show(step)
        for line, pieces in zip(tracks, whole, strict=True):
            so_far = path_pieces(line.get_xydata())
            assert sum(map(len, so_far)) > 0
            for piece, complete in zip(so_far, pieces, strict=False):
                assert len(piece) <= step + 1
                np.testing.assert_array_equal(piece, complete[: len(piece)])
                assert len(piece) == min(step + 1, len(complete))


def path_pieces(data):
    """Split what one line goes through where there is a gap."""
    gap = np.isnan(data).any(axis=1)
    return [
        np.array([data[i] for i in group])
        for missing, group in itertools.groupby(range(len(data)), key=lambda i: gap[i])
        if not missing
    ]


def test_exit_is_seen_from_its_step_on(leaving):
    shown = picture("overlay", leaving)

    def notes(step):
        shown.show(step)
        return {
            t.get_text()
            for t in shown.figure.axes[0].texts
            if t.get_visible() and " at step " in t.get_text()
        }

    every = notes(shown.steps)
    assert len(every) == 2
    for step in range(shown.steps + 1):
        assert notes(step) == {note for note in every if int(note.split()[-1]) <= step}


def test_counter_shows_the_step_of_every_frame(short):
    paths = [descend("sphere", "sgd:0.1", steps=120)]
    shown = picture("overlay", paths)
    for step in (0, 7, 9, 10, 42, 99, 100, 120, 8):
        shown.show(step)
        shown.figure.canvas.draw()
        digits = [t for t in shown.figure.axes[0].texts if t.get_text().isdigit()]
        digits.sort(key=lambda t: t.get_window_extent().x0)
        assert "".join(t.get_text() for t in digits) == str(step)


def test_there_is_a_frame_for_the_start_and_each_step(zigzag):
    moving = animate(zigzag)
    assert isinstance(moving, Animation)
    assert len(moving) == 31
    assert moving.frame_steps == tuple(range(31))
    assert moving.trajectories == zigzag
    assert moving.size == (800, 600)


@pytest.mark.parametrize(("steps", "frames"), [(298, 299), (299, 300), (300, 300), (5000, 300)])
def test_long_paths_have_300_frames_unless_asked_otherwise(steps, frames):
    path = descend("sphere", "sgd:0.1", steps=steps)
    shown = animate(path).frame_steps
    assert len(shown) == frames
    assert (shown[0], shown[-1]) == (0, steps)
    assert set(np.diff(shown)) <= {steps // (frames - 1), steps // (frames - 1) + 1}
    assert len(animate(path, frames=steps + 1)) == steps + 1


@pytest.mark.parametrize(
    ("frames", "shown"),
    [(1, (6,)), (2, (0, 6)), (3, (0, 3, 6)), (7, tuple(range(7))), (13, None)],
)
def test_frames_lie_at_equal_distances_and_the_last_is_the_end(frames, shown, short):
    moving = animate(short, frames=frames, size=SIZE)
    assert len(moving) == len(moving.frame_steps) == frames
    if shown is None:
        assert (np.diff(moving.frame_steps) >= 0).all()
        assert set(moving.frame_steps) == set(range(7))
    else:
        assert moving.frame_steps == shown
    assert sum(1 for _ in moving.frames()) == frames


@pytest.mark.parametrize("size", [(320, 240), (321, 241), (500, 200)])
def test_frames_are_arrays_of_their_own_in_the_size_asked(size, short):
    frames = list(animate(short, size=size).frames())
    for frame in frames:
        assert frame.shape == (size[1], size[0], 3)
        assert frame.dtype == np.uint8
        assert frame.flags.owndata
        assert frame.flags.writeable
    before = frames[1].copy()
    frames[0][:] = 0
    np.testing.assert_array_equal(frames[1], before)
    assert (frames[1] != frames[2]).any()


def test_frames_can_be_iterated_again_and_side_by_side(short):
    moving = animate(short, size=SIZE, frames=3)
    for one, other in zip(moving.frames(), moving.frames(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("frames", [1, 2, 31, 48, 100, 150, 300, 5000])
def test_default_rate_lasts_about_six_seconds_between_8_and_25(frames):
    rate = default_fps(frames)
    assert 8 <= rate <= 25
    if 48 <= frames <= 150:
        assert frames / rate == pytest.approx(6)
    else:
        assert rate == (8 if frames < 48 else 25)


def test_repr_says_what_it_shows(short):
    assert repr(animate(short, size=SIZE)) == "Animation(SGD, Adam; 7 frames of 320 x 240)"


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"frames": 0}, ValueError, "`frames` must be at least 1"),
        ({"frames": -3}, ValueError, "`frames`"),
        ({"frames": 2.5}, TypeError, "`frames`"),
        ({"frames": True}, TypeError, "`frames`"),
        ({"size": (50, 300)}, ValueError, "`size`"),
        ({"size": "big"}, ValueError, "`size`"),
        ({"theme": "slide"}, ValueError, "Did you mean 'slides'"),
        ({"layout": "gird"}, ValueError, "Did you mean 'grid'"),
        ({"layout": None}, ValueError, "Unknown layout"),
        ({"limits": ((1, 0), (0, 1))}, ValueError, "`limits`"),
        ({"nonsense": 1}, TypeError, "nonsense"),
    ],
)
def test_bad_argument_of_animate_is_refused_and_nothing_written(
    kwargs, error, words, short, tmp_path
):
    with pytest.raises(error, match=words):
        animate(short, **kwargs).save(tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []


def test_unknown_keyword_is_refused_before_anything_is_saved(short):
    with pytest.raises(TypeError, match="Did you mean 'linewidth'?"):
        animate(short, linewdth=3)
    with pytest.raises(TypeError, match="Unknown keyword 'fps'"):
        animate(short, fps=5)
    animate(short, layout="3d", elevation=30, linewidth=3)


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"fps": 0}, ValueError, "`fps` must be positive"),
        ({"fps": -5}, ValueError, "`fps`"),
        ({"fps": 60}, ValueError, "`fps`.*at most 50"),
        ({"fps": float("nan")}, ValueError, "`fps`"),
        ({"fps": float("inf")}, ValueError, "`fps`"),
        ({"fps": 1e-307}, ValueError, "`fps`"),
        ({"fps": "fast"}, TypeError, "`fps`"),
        ({"hold": -1}, ValueError, "`hold`"),
        ({"hold": float("nan")}, ValueError, "`hold`"),
        ({"hold": 1e9}, ValueError, "`hold`"),
        ({"hold": "long"}, TypeError, "`hold`"),
        ({"loop": -1}, ValueError, "`loop`"),
        ({"loop": 1.5}, TypeError, "`loop`"),
        ({"loop": 70_000}, ValueError, "`loop`"),
    ],
)
def test_bad_argument_of_save_is_refused_by_name_and_nothing_written(
    kwargs, error, words, short, tmp_path
):
    old = tmp_path / "a.gif"
    old.write_bytes(b"old")
    with pytest.raises(error, match=words):
        animate(short, size=SIZE).save(old, **kwargs)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.gif", b"old")]


@pytest.mark.parametrize("name", ["a.gfi", "a.mpg", "a", "a.gif.txt", ".gif", ""])
def test_unknown_suffix_is_refused_and_nothing_written(name, short, tmp_path):
    with pytest.raises(ValueError, match=r"Unknown format of a moving picture.*Known: \.gif"):
        animate(short).save(tmp_path / name if name else "")
    assert list(tmp_path.iterdir()) == []


def test_suffix_is_read_in_capitals_too_and_its_nearest_is_suggested(short, tmp_path):
    animate(short, size=SIZE, frames=1).save(tmp_path / "A.GIF")
    assert (tmp_path / "A.GIF").read_bytes().startswith(b"GIF89a")
    with pytest.raises(ValueError, match=r"Did you mean '\.gif'"):
        animate(short).save(tmp_path / "a.giff")


def test_missing_folder_folder_as_file_and_file_as_folder_are_refused(short, tmp_path):
    moving = animate(short, size=SIZE, frames=1)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        moving.save(tmp_path / "no" / "a.gif")
    (tmp_path / "folder.gif").mkdir()
    with pytest.raises(IsADirectoryError):
        moving.save(tmp_path / "folder.gif")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        moving.save(tmp_path / "file" / "a.gif")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.gif"]


def test_folder_is_checked_before_anything_is_drawn(zigzag, tmp_path, monkeypatch):
    monkeypatch.setattr(Painter, "paint", lambda self, step: pytest.fail("painted"))
    with pytest.raises(FileNotFoundError):
        animate(zigzag).save(tmp_path / "no" / "a.gif")


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError])
def test_interrupted_save_leaves_the_old_file_and_no_other(error, zigzag, tmp_path, monkeypatch):
    old = tmp_path / "a.gif"
    old.write_bytes(b"old")
    paint, seen = Painter.paint, []

    def interrupted(self, step):
        seen.append(step)
        if len(seen) == 15:  # Long after the palette's samples: some of the file is there.
            raise error
        return paint(self, step)

    monkeypatch.setattr(Painter, "paint", interrupted)
    with pytest.raises(error):
        animate(zigzag, size=SIZE).save(old)
    assert len(seen) == 15
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.gif", b"old")]


@pytest.mark.parametrize("theme", [None, "slides-dark"])
def test_settings_are_as_before_during_and_after(theme, short, tmp_path):
    mpl.rcParams["lines.linewidth"] = 3.25
    before = dict(mpl.rcParams)
    moving = animate(short, theme=theme, size=SIZE)
    for _ in moving.frames():
        assert dict(mpl.rcParams) == before
    moving.save(tmp_path / "a.gif")
    with pytest.raises(ValueError, match="`limits`"):
        animate(short, theme=theme, limits="x").save(tmp_path / "b.gif")
    assert dict(mpl.rcParams) == before


def test_nothing_is_drawn_before_it_is_needed(zigzag, monkeypatch):
    monkeypatch.setitem(LAYOUTS, "race", lambda *_, **__: pytest.fail("drawn"))
    moving = animate(zigzag, layout="race", theme="slides")
    assert len(moving) == 31


def test_to_matplotlib_draws_the_same_last_frame(short, tmp_path):
    moving = animate(short, theme="dark", size=SIZE, frames=3)
    theirs = moving.to_matplotlib(fps=10)
    assert isinstance(theirs, FuncAnimation)
    theirs.save(tmp_path / "a.gif", writer="pillow", fps=10)
    figure = theirs._fig
    figure.canvas.draw()
    *_, last = moving.frames()
    np.testing.assert_array_equal(np.array(figure.canvas.buffer_rgba())[..., :3], last)
    with Image.open(tmp_path / "a.gif") as image:
        assert image.size == SIZE
        assert image.n_frames == 3


def test_to_matplotlib_refuses_a_bad_rate(short):
    with pytest.raises(ValueError, match="`fps`"):
        animate(short).to_matplotlib(fps=0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_many_starts_move(layout, many, tmp_path):
    moving = animate(many, layout=layout, size=SIZE)
    moving.save(tmp_path / "a.gif")
    frames = list(moving.frames())
    assert all((a != b).any() for a, b in itertools.pairwise(frames))


def test_many_equal_starts_move_as_one(tmp_path):
    path = descend("sphere", "sgd:0.1", start=[(-4, 3)] * 4, steps=5)
    moving = animate(path, size=SIZE)
    assert len(list(moving.frames())) == 6
    moving.save(tmp_path / "a.gif")


def test_path_that_does_not_move_is_animated(tmp_path, handmade):
    moving = animate(handmade([(1, 1)] * 5), size=SIZE)
    moving.save(tmp_path / "a.gif")
    assert len(list(moving.frames())) == 5


def test_paths_of_different_lengths_move_together():
    paths = [descend("sphere", "sgd:0.1", steps=n, label=str(n)) for n in (2, 6)]
    moving = animate(paths, layout="race", size=SIZE)
    assert len(moving) == 7
    assert len(list(moving.frames())) == 7


def test_progress_is_silent_where_stderr_is_no_terminal(short, tmp_path, capfd):
    animate(short, size=SIZE).save(tmp_path / "a.gif", progress=True)
    assert capfd.readouterr() == ("", "")


def test_progress_is_shown_on_a_terminal(short, tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    animate(short, size=SIZE).save(tmp_path / "quiet.gif")
    assert screen.getvalue() == ""
    animate(short, size=SIZE).save(tmp_path / "a.gif", progress=True)
    assert "7" in screen.getvalue()
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "quiet.gif").read_bytes()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_frames(tmp_path):
    code = f"""
import resource, sys
import trajectories as tj
paths = tj.compare("x**2/20 + y**2", ["sgd:lr=0.95", "adam:lr=0.3"], steps=1000)
tj.animate(paths, frames=int(sys.argv[1]), size=(400, 300)).save({str(tmp_path / "a.gif")!r})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

    def peak(frames):
        run = [sys.executable, "-c", code, str(frames)]
        kilobytes = subprocess.run(run, capture_output=True, text=True, check=True).stdout
        return int(kilobytes) / 1024

    assert peak(1000) - peak(100) < 10


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_frame_at_full_size_is_a_full_draw(layout, pixels):
    rules = ["sgd:lr=1.02", "momentum:lr=0.1", "adagrad:lr=1.5", "adam:lr=0.3"]
    paths = compare("x**2/20 + y**2", rules, start=(-7, 2), steps=100)
    painter = Painter(picture(layout, paths, "slides", None))
    full = picture(layout, paths, "slides", None)
    for step in range(101):
        full.show(step)
        np.testing.assert_array_equal(painter.paint(step)[..., :3], pixels(full.figure))
