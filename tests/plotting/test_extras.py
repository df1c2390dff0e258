"""What a picture shows beside the paths, all of it together, in every layout."""

import numpy as np
import pytest

from trajectories import THEMES, animate, compare, descend, plot, plot_grid, plot_overlay, plot_race
from trajectories.plotting.animation import Painter
from trajectories.plotting.artists import Arrows
from trajectories.plotting.panels import LAYOUTS
from trajectories.plotting.readout import Readout
from trajectories.plotting.theme import PLAIN, Extras, applied

BOWL = "x**2/20 + y**2"
SIZE = (280, 210)
#: All that a layout can show.
ALL = {
    "overlay": {"captions": True, "anatomy": True, "annotate": True},
    "race": {"captions": True, "anatomy": True, "annotate": True},
    "grid": {"captions": True, "anatomy": True},
    "3d": {"captions": True},
}


def picture(layout, paths, theme, extras, size=SIZE, **kwargs):
    with applied(theme) as chosen:
        paths = paths if isinstance(paths, list) else [paths]
        return LAYOUTS[layout](paths, chosen, size=size, extras=Extras(**extras), **kwargs)


def assert_painted_is_drawn(layout, paths, theme, extras, pixels, **kwargs):
    """Compare painted frames with full draws, in whatever order."""
    painter = Painter(picture(layout, paths, theme, extras, **kwargs))
    full = picture(layout, paths, theme, extras, **kwargs)
    for step in (full.steps, 0, full.steps // 2):
        full.show(step)
        painted = painter.paint(step)
        np.testing.assert_array_equal(painted[..., :3], pixels(full.figure), f"at step {step}")
        assert (painted[..., 3] == 255).all()


@pytest.mark.parametrize(
    ("which", "theme", "tail"),
    [("leaving", "light", None), ("many", "slides-dark", 4)],
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_painted_frames_are_full_draws(layout, which, theme, tail, request, pixels):
    paths = request.getfixturevalue(which)
    assert_painted_is_drawn(layout, paths, theme, {**ALL[layout], "tail": tail}, pixels)


@pytest.mark.slow
@pytest.mark.parametrize("which", ["leaving", "many"])
@pytest.mark.parametrize("theme", [None, *THEMES])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_painted_frames_are_full_draws_in_every_theme(layout, which, theme, request, pixels):
    paths = request.getfixturevalue(which)
    assert_painted_is_drawn(layout, paths, theme, {**ALL[layout], "tail": 3}, pixels)


def test_painted_frames_are_full_draws_while_the_camera_turns(short, pixels):
    how = {"captions": True, "tail": 5}
    assert_painted_is_drawn("3d", short, "light", how, pixels, size=(240, 180), orbit=60)


@pytest.mark.parametrize(
    ("layout", "theme", "draw"),
    [("overlay", None, plot_overlay), ("grid", "dark", plot_grid), ("race", "print", plot_race)],
)
def test_the_last_frame_with_captions_is_the_still_picture(layout, theme, draw, leaving, pixels):
    how = {"captions": True, "theme": theme, "size": SIZE}
    *_, last = animate(leaving, layout=layout, frames=1, **how).frames()
    np.testing.assert_array_equal(last, pixels(draw(leaving, **how)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_what_is_asked_for_is_there(layout, zigzag):
    plain = picture(layout, zigzag, "light", {})
    assert not [m for m in plain.movers if isinstance(m, (Arrows, Readout))]
    assert all(track.anatomy is None for track in plain.scene.tracks)
    full = picture(layout, zigzag, "light", ALL[layout])
    assert [m for m in full.movers if isinstance(m, Readout)]
    assert any(isinstance(m, Arrows) for m in full.movers) == ("anatomy" in ALL[layout])


@pytest.mark.parametrize(
    ("layout", "name"), [("grid", "annotate"), ("3d", "annotate"), ("3d", "anatomy")]
)
def test_what_a_layout_does_not_have_is_refused(layout, name, short, tmp_path):
    moving = animate(short, layout=layout, **{name: True})
    with pytest.raises(ValueError, match=rf'`{name}` must be left out in the layout "{layout}"'):
        moving.save(tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["elevation", "azimuth", "orbit"])
@pytest.mark.parametrize("layout", ["overlay", "grid", "race"])
def test_a_flat_picture_has_no_camera(layout, name, short):
    with pytest.raises(ValueError, match=rf'`{name}` must be left out in the layout "{layout}"'):
        animate(short, layout=layout, **{name: 20.0}).picture()


def test_extras_are_all_left_out_by_default():
    assert Extras() == PLAIN
    assert PLAIN.scene == {"annotate": False, "anatomy": False}
    assert PLAIN.only("grid", ()) is PLAIN
    everything = Extras(annotate=True, captions=True, anatomy=True, tail=3)
    assert everything.only("overlay", ("annotate", "captions", "anatomy", "tail")) is everything


def test_settings_of_an_animation_tell_what_was_asked_for(short):
    moving = animate(short, captions=True, tail=3, pace="length", frames=4)
    asked = {"captions": True, "tail": 3, "pace": "length", "frames": 4}
    assert asked.items() <= moving.settings.items()
    assert not {"anatomy", "annotate", "learning_rates", "starts"} & moving.settings.keys()


def test_anatomy_needs_every_step(short):
    thinned = compare(BOWL, ["sgd:lr=0.95"], steps=20, record=5)
    with pytest.raises(ValueError, match="`record` must be 'all'"):
        animate(thinned, anatomy=True, size=SIZE).picture()


def test_captions_and_notes_do_not_cover_each_other():
    ax = plot(compare(BOWL, ["sgd:0.95", "adam:0.3"], (-7, 2), 30), captions=True, annotate=True)
    boxes = [patch.get_window_extent() for patch in ax.patches]
    assert len(boxes) == 2
    one, other = boxes
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    assert min(across, min(one.y1, other.y1) - max(one.y0, other.y0)) <= 0


def test_a_path_of_one_step_and_one_that_stands_still_show_all_of_it():
    for path, layout in (
        (descend(BOWL, "momentum:lr=0.1", (-7, 2), 1), "overlay"),
        (descend(BOWL, "momentum:lr=0.1", (0, 0), 4), "race"),
        (descend(BOWL, "momentum:lr=0.1", (0, 0), 4), "3d"),
    ):
        frames = list(animate(path, layout=layout, size=(200, 150), tail=1, **ALL[layout]).frames())
        assert len(frames) == path.steps + 1
