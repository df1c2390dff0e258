"""Moving pictures: their frames, what they are told, and how they are saved."""

import io
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.animation import FuncAnimation
from PIL import Image

from trajectories import animate, descend

SIZE = (320, 240)
SMALL = (200, 150)
LAYOUTS = ["overlay", "grid", "race", "3d"]
FLAT = {"readout": True, "step_arrows": True, "theory": True}
#: Layouts with what they can show beside the paths.
SHOWN = [
    *((layout, {}) for layout in LAYOUTS),
    ("overlay", {"linestyle": ":", "lw": 5, "alpha": 0.4, "zorder": 1}),
    ("overlay", FLAT),
    ("grid", {"readout": True, "step_arrows": True, "trail": 4}),
    ("race", {**FLAT, "trail": 4}),
    ("3d", {"readout": True, "trail": 4, "orbit": 50}),
]


@pytest.mark.parametrize(("which", "theme"), [("leaving", "slides-dark"), ("many", "light")])
@pytest.mark.parametrize(("layout", "how"), SHOWN)
def test_painted_frames_are_full_draws_in_whatever_order(
    layout, how, which, theme, request, assert_painted
):
    moving = animate(request.getfixturevalue(which), layout=layout, theme=theme, size=SIZE, **how)
    assert_painted(moving, (moving.frame_steps[-1], 0, 11, 1, 7)[: 3 if layout == "3d" else 5])


@pytest.mark.parametrize("layout", ["overlay", "race"])
def test_what_has_something_else_below_it_is_painted_afresh(layout, handmade, assert_painted):
    # The path runs under the words of its own exit and back through the counter's place.
    rim = [(np.cos(a), np.sin(a)) for a in np.linspace(0, 12, 40)]
    paths = [handmade([*rim, (5, 5)], label="round"), handmade(np.array(rim)[::-1], label="back")]
    moving = animate(paths, layout=layout, limits=((-1, 1), (-0.8, 0.8)), size=SIZE)
    assert_painted(moving, (*range(0, 41, 8), *range(39, 0, -8)))


@pytest.mark.parametrize(
    ("layout", "how"),
    [
        ("overlay", {"theme": None, "size": None}),
        ("overlay", {"readout": True, "theory": True}),
        ("grid", {"readout": True}),
        ("race", {"readout": True, "theory": True, "theme": "slides-dark"}),
        ("3d", {"orbit": 30}),
        ("3d", {"azimuth": 75, "elevation": 30, "theme": None}),
    ],
)
def test_last_frame_is_the_static_figure_under_settings_of_the_user(
    layout, how, leaving, pixels, draw
):
    mpl.rcParams["axes.grid"] = not mpl.rcParams["axes.grid"]
    how = {"theme": "dark", "size": SIZE, **how}
    (last,) = animate(leaving, layout=layout, frames=1, **how).frames()
    np.testing.assert_array_equal(last, pixels(draw(layout, leaving, **how)))


def test_there_is_a_frame_for_the_start_and_each_step(zigzag, short):
    moving = animate(zigzag)
    assert moving.frame_steps == tuple(range(len(moving))) == tuple(range(31))
    assert moving.size == (800, 600)
    assert repr(animate(short, size=SIZE)) == "Animation(SGD, Adam; 7 frames of 320 x 240)"


@pytest.mark.parametrize(("steps", "frames"), [(298, 299), (5000, 300)])
def test_long_paths_have_300_frames_unless_asked_otherwise(steps, frames):
    path = descend("sphere", "sgd:0.1", steps=steps)
    shown = animate(path).frame_steps
    assert len(shown) == frames
    assert (shown[0], shown[-1]) == (0, steps)
    assert set(np.diff(shown)) <= {steps // (frames - 1), steps // (frames - 1) + 1}
    assert len(animate(path, frames=steps + 1)) == steps + 1


def test_frames_are_arrays_of_their_own_in_the_size_asked(short):
    moving = animate(short, size=(201, 151))
    frames = list(moving.frames())
    assert {(frame.shape, frame.dtype.name) for frame in frames} == {((151, 201, 3), "uint8")}
    assert all(frame.flags.owndata and frame.flags.writeable for frame in frames)
    moving.frame_steps = (1, 2)
    for one, other in zip(moving.frames(), moving.frames(), strict=True):  # Side by side.
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("frames", "rate"), [(1, 8), (48, 8), (100, 100 / 6), (150, 25), (5000, 25)]
)
def test_default_rate_lasts_about_six_seconds_between_8_and_25(frames, rate):
    moving = animate(descend("sphere", "sgd:0.1", steps=5000), frames=frames)
    assert moving.saving == {"fps": pytest.approx(rate), "end_pause": 1.5, "loop": 0}


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"frames": 0}, ValueError, "`frames` must be at least 1"),
        *(({name: n}, TypeError, f"`{name}`") for name in ("frames", "trail") for n in (1.5, True)),
        *(({"trail": steps}, ValueError, "`trail`") for steps in (0, -2)),
        *(({"size": size}, ValueError, "`size`") for size in ((50, 300), "big")),
        ({"theme": "slide"}, ValueError, "Did you mean 'slides'"),
        ({"layout": "gird"}, ValueError, "Did you mean 'grid'"),
        ({"pace": "lenght"}, ValueError, r"Unknown pace 'lenght'. Did you mean 'length'\?"),
        ({"fps": 5}, TypeError, "Unknown keyword 'fps'"),
        ({"linewdth": 3}, TypeError, r"Did you mean 'linewidth'\?"),
    ],
)
def test_bad_argument_of_animate_is_refused_at_once(kwargs, error, words, short):
    with pytest.raises(error, match=words):
        animate(short, **kwargs)


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"fps": 0}, ValueError, "`fps` must be positive"),
        ({"fps": 60}, ValueError, "`fps`.*at most 50"),
        *(({"fps": rate}, ValueError, "`fps`") for rate in (float("nan"), 1e-307)),
        *(({"end_pause": time}, ValueError, "`end_pause`") for time in (-1, 1e9)),
        ({"loop": 70_000}, ValueError, "`loop`"),
        *(({name: "long"}, TypeError, f"`{name}`") for name in ("fps", "end_pause", "loop")),
    ],
)
def test_bad_argument_of_save_is_refused_by_name_and_nothing_written(
    kwargs, error, words, short, tmp_path
):
    old = tmp_path / "a.gif"
    old.write_bytes(b"old")
    with pytest.raises(error, match=words):
        animate(short, size=SMALL).save(old, **kwargs)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.gif", b"old")]


def test_names_that_no_picture_can_have_are_refused_before_anything_is_drawn(short, tmp_path):
    moving = animate(short, size=SMALL, frames=1)
    moving.picture = lambda: pytest.fail("drawn")
    for name in ("a.gfi", "a.mpg", "a", "a.gif.txt", ".gif"):
        with pytest.raises(ValueError, match=r"Unknown format of a moving picture.*Known: \.gif"):
            moving.save(tmp_path / name)
    with pytest.raises(ValueError, match=r"Did you mean '\.gif'"):
        moving.save(tmp_path / "a.giff")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        moving.save(tmp_path / "no" / "a.gif")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "folder.gif").mkdir()
    with pytest.raises(IsADirectoryError):
        moving.save(tmp_path / "folder.gif")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        moving.save(tmp_path / "file" / "a.gif")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.gif"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_interrupted_save_leaves_the_old_file_and_no_other(error, zigzag, tmp_path, monkeypatch):
    old = tmp_path / "a.gif"
    old.write_bytes(b"old")
    draw, seen = mpl.lines.Line2D.draw, []

    def interrupted(self, renderer):
        seen.append(self)
        if len(seen) == 250:  # Of 335: long after the palette's samples.
            raise error
        return draw(self, renderer)

    monkeypatch.setattr(mpl.lines.Line2D, "draw", interrupted)
    with pytest.raises(error):
        animate(zigzag, size=SIZE).save(old)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.gif", b"old")]


def test_settings_are_as_before_during_and_after(short, tmp_path):
    mpl.rcParams["lines.linewidth"] = 3.25
    before = dict(mpl.rcParams)
    moving = animate(short, theme="slides-dark", size=SMALL)
    for _ in moving.frames():
        assert dict(mpl.rcParams) == before
    moving.save(tmp_path / "a.gif")
    with pytest.raises(ValueError, match="`limits`"):
        animate(short, theme="slides-dark", limits="x").save(tmp_path / "b.gif")
    assert dict(mpl.rcParams) == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]


def test_to_matplotlib_draws_the_same_last_frame(short, tmp_path):
    moving = animate(short, theme="dark", size=SIZE, frames=3)
    with pytest.raises(ValueError, match="`fps`"):
        moving.to_matplotlib(fps=0)
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


def test_progress_is_shown_on_a_terminal_alone(short, tmp_path, monkeypatch, capfd):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    moving = animate(short, size=SMALL)
    moving.save(tmp_path / "a.gif", progress=True)
    assert capfd.readouterr() == ("", "")
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    moving.save(tmp_path / "quiet.gif")
    assert screen.getvalue() == ""
    moving.save(tmp_path / "a.gif", progress=True)
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
