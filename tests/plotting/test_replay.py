"""Pictures made again from their own files."""

import dataclasses
import json

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

import trajectories as tj
from trajectories.optimizers import ALL_OPTIMIZERS
from trajectories.plotting.animation import Painter
from trajectories.plotting.canvas import RecipeFigure
from trajectories.plotting.recipes.recipe import KINDS
from trajectories.plotting.writers.formats import (
    write_apng,
    write_frames,
    write_mp4,
    write_webm,
    write_webp,
)
from trajectories.plotting.writers.gif import Stream, write_gif
from trajectories.plotting.writers.page import page_html
from trajectories.replay import animation_of, figure_of, make_recipe, read_recipe, replay, saving_of
from trajectories.surfaces.least_squares import least_squares

BOWL = "x**2/20 + y**2"
SIZE = (320, 240)
PATHS = [name for name, kind in KINDS.items() if kind.lines and kind.shows != "results"]
WRITERS = {
    "gif": write_gif,
    "apng": write_apng,
    "webp": write_webp,
    "mp4": write_mp4,
    "webm": write_webm,
}


def recorded(paths, **settings):
    """Return a moving picture and its recipe."""
    drawing = {key: value for key, value in settings.items() if key not in ("fps", "hold", "loop")}
    return tj.animate(paths, **drawing), make_recipe(paths, settings=settings)


def written(path, moving, text):
    """Write a moving picture with its recipe, in the format of the suffix."""
    kind = path.suffix[1:]
    if kind == "html":
        path.write_text(page_html(tj.Scene.of(moving.trajectories), recipe=text), "utf-8")
        return path
    painter = Painter(moving.picture())
    stream = Stream(painter.paint, moving.size, moving.frame_steps, 10, comment=text)
    if kind == "png":
        write_frames(path.with_name("%03d.png"), stream)
        return path.with_name("001.png")
    with open(path, "wb") as file:
        WRITERS[kind](file, stream)
    return path


def bits(paths):
    """Return all that paths are, as bytes."""
    found = []
    for path in paths:
        for item in dataclasses.fields(path):
            value = getattr(path, item.name)
            if isinstance(value, np.ndarray):
                found.append((item.name, value.dtype.str, value.shape, value.tobytes()))
        found.append((path.label, path.optimizer, path.surface.to_dict()))
    return found


@pytest.mark.parametrize("suffix", [*WRITERS, "png", "html"])
def test_every_format_gives_the_same_paths_and_the_same_picture(suffix, short, tmp_path):
    moving, text = recorded(short, theme="dark", size=(200, 150), frames=4, pace="length", lw=3)
    path = written(tmp_path / f"a.{suffix}", moving, text)
    again = replay(path)
    assert bits(again.trajectories) == bits(short)
    assert again.size == moving.size
    assert again.frame_steps == moving.frame_steps
    assert again.settings["linewidth"] == 3
    if suffix == "gif":
        for one, other in zip(moving.frames(), again.frames(), strict=True):
            assert np.array_equal(one, other)


def batch(name):
    """Return paths of a kind."""
    times = np.random.default_rng(0).uniform(-1, 1, 30)
    line = least_squares(np.stack([times, 2 * times - 1 + times**3], axis=1), batch_size=7)
    rules = {
        f"{name} {rate}": ALL_OPTIMIZERS[name](rate)
        for name in ALL_OPTIMIZERS
        for rate in (0.05, "warmup(cosine(0.1, steps=20), steps=5)")
    }
    starts = [(-1, 2), (0.5, 1), (2, -2)]
    made = {
        "exact": lambda: tj.compare(BOWL, rules, steps=12),
        "noise": lambda: tj.compare(BOWL, rules, starts, steps=9, noise=0.2, rng=7),
        "minibatches": lambda: tj.compare(line, rules, steps=12, rng=7),
        "arrays": lambda: tj.compare("rosenbrock", [tj.Adam(np.array([0.01, 0.1, 3e3]))]),
        "diverged": lambda: tj.compare(BOWL, ["sgd:1e200", "sgd:1.04"], steps=20),
        "arrived": lambda: tj.compare("himmelblau", ["newton:1"], tolerance=0.1, record=5),
    }
    return made[name]()


@pytest.mark.parametrize("name", ["exact", "noise", "minibatches", "arrays", "diverged", "arrived"])
def test_gif_gives_the_same_paths_bit_for_bit(name, tmp_path):
    paths = batch(name)
    text = make_recipe(paths, settings={"size": SIZE})
    assert {path["holds"] for path in json.loads(text)["paths"]} == {"descent"}
    blank = np.full((8, 8, 4), 255, np.uint8)
    with open(tmp_path / "a.gif", "wb") as file:
        write_gif(file, Stream(lambda step: blank, (8, 8), range(2), 10, comment=text))
    with Image.open(tmp_path / "a.gif") as image:
        assert image.info["comment"].decode() == text
    assert bits(replay(tmp_path / "a.gif").trajectories) == bits(paths)


def test_settings_may_be_others(short, tmp_path):
    path = written(tmp_path / "a.gif", *recorded(short, layout="race", size=(480, 240), tail=3))
    again = replay(path, layout="overlay", size=None, frames=3, linewidth=5)
    assert again.size == (800, 600)
    assert len(again) == 3
    assert again.settings["tail"] == 3
    assert again.settings["linewidth"] == 5
    assert bits(again.trajectories) == bits(short)
    assert replay(path, layout="grid").size == (480, 240)
    path = written(tmp_path / "b.gif", *recorded(short, layout="race", size=(1200, 540), frames=1))
    assert replay(path, layout="grid").size == (960, 720)
    with pytest.raises(
        ValueError, match=r"b\.gif': Unknown setting 'fames'. Did you mean 'frames'"
    ):
        replay(path, fames=3)
    with pytest.raises(ValueError, match="Unknown layout 'pie'"):
        replay(path, layout="pie")


def test_more_work_than_is_allowed_is_refused(short, tmp_path):
    path = written(tmp_path / "a.gif", *recorded(short, size=SIZE, frames=2))
    with pytest.raises(ValueError, match="^'.*a.gif': recipe: 12 steps of paths are to be made"):
        replay(path, most_work=11)


def test_how_it_was_saved_is_kept_for_the_next_save(short, tmp_path):
    given = {"size": SIZE, "frames": 2, "fps": 5.0, "hold": 0.5, "loop": 3}
    path = written(tmp_path / "a.gif", *recorded(short, **given))
    assert saving_of(read_recipe(path)) == {"fps": 5.0, "hold": 0.5, "loop": 3}
    assert len(replay(path)) == 2


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [(name, ".png") for name in KINDS if name.startswith("plot") and name in PATHS]
    + [("plot_grid", ".svg"), ("plot_loss", ".pdf")],
)
def test_still_pictures_of_every_kind_come_again(kind, suffix, short, tmp_path):
    source = tj.Surface(BOWL, name="bowl") if kind == "plot_gradient" else short
    sized = {"size": (400, 300)} if kind in ("plot_grid", "plot_overlay", "plot_race") else {}
    settings = {"theme": "dark", "alpha": 0.5, **sized}
    drawn = getattr(tj, kind)(source, **settings)
    figure = drawn.figure
    path = tmp_path / f"a{suffix}"
    remembered(figure, source, kind, settings).savefig(path, dpi=50)
    again = replay(path)
    assert bits(again.trajectories) == bits([] if kind == "plot_gradient" else short)
    pictures = []
    for one in (figure, again):
        one.set_dpi(50)
        canvas = FigureCanvasAgg(one)
        canvas.draw()
        pictures.append(np.asarray(canvas.buffer_rgba()))
    assert np.array_equal(*pictures)


def remembered(figure, source, kind, settings):
    """Return the figure with its recipe, as it is saved."""
    if not isinstance(figure, RecipeFigure):
        figure.__class__ = RecipeFigure
    figure.remember(source, kind=kind, settings=settings)
    return figure


@pytest.mark.parametrize("layout", ["overlay", "grid", "race", "3d"])
def test_still_picture_of_an_animation_is_its_last_frame(layout, short):
    moving, text = recorded(short, layout=layout, size=SIZE, frames=3, color="red", tail=2, fps=9)
    figure = figure_of(read(text))
    figure.canvas.draw()
    *_, last = tj.animate(short, layout=layout, size=SIZE, frames=3, color="red").frames()
    assert np.array_equal(np.array(figure.canvas.buffer_rgba())[..., :3], last)
    other = figure_of(read(text), layout="grid", theme="slides")
    assert len(other.axes) == 2


def read(text):
    from trajectories.replay import Recipe

    return Recipe.of(text)


@pytest.mark.parametrize(
    ("kind", "layout"),
    [("plot", "overlay"), ("plot_grid", "grid"), ("plot_race", "race"), ("plot_3d", "3d")],
)
def test_still_pictures_can_be_moved(kind, layout, short):
    recipe = read(make_recipe(short, kind=kind, settings={"theme": "dark"}))
    moving = animation_of(recipe, frames=3)
    assert moving.settings["layout"] == layout
    assert moving.settings["theme"] == "dark"
    assert bits(moving.trajectories) == bits(short)


@pytest.mark.parametrize("kind", ["plot_loss", "plot_gradient"])
def test_what_has_no_layout_cannot_be_moved(kind, short):
    source = tj.Surface(BOWL) if kind == "plot_gradient" else short
    with pytest.raises(ValueError, match=f"made by {kind} has no moving form"):
        animation_of(read(make_recipe(source, kind=kind, settings={})))


def test_what_was_left_out_of_the_recipe_is_told(short):
    recipe = read(make_recipe(short, settings={"picker": print}))
    with pytest.warns(UserWarning, match="could not be kept in the recipe is as usual: picker"):
        animation_of(recipe)


def test_picture_of_a_rule_of_the_users_own_is_drawn_again(tmp_path):
    class Mine(tj.SGD):
        pass

    paths = [tj.descend(BOWL, Mine(0.3), steps=5), tj.descend(BOWL, "adam:0.3", steps=5)]
    moving, text = recorded(paths, size=SIZE, frames=3, captions=True)
    again = replay(written(tmp_path / "a.gif", moving, text))
    for one, other in zip(moving.frames(), again.frames(), strict=True):
        assert np.array_equal(one, other)


def test_file_without_a_recipe_is_told_of(tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"^'.*a\.png' holds no recipe\.$"):
        replay(tmp_path / "a.png")
    with pytest.raises(FileNotFoundError):
        replay(tmp_path / "none.png")
