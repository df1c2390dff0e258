"""Pictures of scenes that were not made of trajectories."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from trajectories import Scene, plot_grid, plot_overlay, plot_race
from trajectories.plotting.animate import animate_scene, plot_scene
from trajectories.plotting.panels import LAYOUTS
from trajectories.plotting.scene import Naming

PLOTS = {"overlay": plot_overlay, "grid": plot_grid, "race": plot_race}


def pixels(figure):
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy()


def scene_for(paths, layout):
    """Return the scene that a layout makes of trajectories."""
    from trajectories.plotting.theme import applied

    with applied(None) as theme:
        return LAYOUTS[layout](paths, theme, size=(400, 300)).scene


@pytest.fixture
def nameless(short):
    """A scene without a formula, whose axes have names of their own."""
    naming = Naming("first", "second", ("1st", "2nd", "cost"), "cost so far")
    return replace(Scene.of(short), name="a valley", formula="", latex="", naming=naming)


@pytest.mark.parametrize("layout", PLOTS)
def test_a_scene_is_drawn_as_its_trajectories_are(layout, short):
    scene = scene_for(short, layout)
    same = plot_scene(scene, layout=layout, size=(400, 300))
    np.testing.assert_array_equal(pixels(same), pixels(PLOTS[layout](short, size=(400, 300))))


@pytest.mark.parametrize("layout", PLOTS)
def test_the_last_frame_is_the_still_picture(layout, nameless):
    movie = animate_scene(nameless, layout=layout, size=(400, 300), frame_steps=[0, 3, 6])
    assert len(movie) == 3
    *_, last = movie.frames()
    still = pixels(plot_scene(nameless, layout=layout, size=(400, 300)))
    np.testing.assert_array_equal(last, still[..., :3])


def test_axes_have_the_scenes_names(nameless):
    figure = plot_scene(nameless, layout="race", captions=True)
    left, right = figure.axes
    assert (left.get_xlabel(), left.get_ylabel()) == ("first", "second")
    assert right.get_ylabel() == "cost so far"
    assert left.get_title(loc="left") == "A valley"
    assert [text.get_text() for text in left.texts if "cost = " in text.get_text()]


def test_curves_go_straight_between_what_was_recorded(nameless):
    recorded = np.array([0, 0, 0, 3, 3, 3, 6])
    tracks = tuple(
        replace(
            track,
            positions=track.positions[recorded],
            values=track.values[recorded],
            recorded=recorded,
        )
        for track in nameless.tracks
    )
    figure = plot_scene(replace(nameless, tracks=tracks), layout="race")
    line = next(line for line in figure.axes[1].lines if len(line.get_xdata()) > 1)
    points = np.unique(line.get_xydata(), axis=0)
    np.testing.assert_array_equal(points[:, 0], [0, 3, 6])


@pytest.mark.parametrize("kind", [".gif", ".png", ".webp", ".html"])
def test_it_is_saved_in_every_format_without_a_recipe(kind, nameless, tmp_path):
    movie = animate_scene(nameless, size=(300, 220), frame_steps=[0, 6])
    (path,) = movie.save(tmp_path / f"valley{kind}")
    assert path.stat().st_size > 500
    from trajectories import read_recipe

    with pytest.raises(ValueError, match="recipe"):
        read_recipe(path)


def test_the_page_has_its_names_and_no_formula(nameless, tmp_path):
    (path,) = animate_scene(nameless).save(tmp_path / "valley.html")
    page = path.read_text("utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert data["names"] == {"x": "first", "y": "second", "short": ["1st", "2nd", "cost"]}
    assert "<mo>=</mo></math>" in page
    assert '<span class="name">A valley</span>' in page


def test_it_shows_itself(nameless):
    movie = animate_scene(nameless, frame_steps=[0, 6])
    assert repr(movie) == "SceneAnimation(SGD, Adam; 2 frames of 800 x 600)"
    assert movie._repr_html_().startswith("<iframe")
    assert movie.scene is nameless


def test_bad_arguments_are_refused(short, nameless):
    for function in (plot_scene, animate_scene):
        with pytest.raises(TypeError, match="`scene` must be a Scene"):
            function(short)
        with pytest.raises(ValueError, match="Unknown layout '3d'"):
            function(nameless, layout="3d")
    for steps in ([], [0, 7], [3, 2], [1, 1], [-1, 2]):
        with pytest.raises(ValueError, match="`frame_steps` must be"):
            animate_scene(nameless, frame_steps=steps)
