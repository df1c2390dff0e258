"""Pictures from their own files: the recipe is read, the paths are made again, and drawn."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from trajectories.names import unknown
from trajectories.plotting.recipes.recipe import Recipe, read_recipe
from trajectories.plotting.recipes.remaking import MOST_WORK
from trajectories.plotting.recipes.settings import KINDS, SAVING, picture_of, settings_of
from trajectories.plotting.recipes.text import readable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from trajectories.plotting.animation import Animation
    from trajectories.trajectory import Trajectory

__all__ = ["animation_of", "figure_of", "replay", "saving_of"]

_LAYOUT_KINDS = {layout: kind for kind, layout in KINDS.items() if layout is not None}


def replay(
    path: str | os.PathLike[str], *, most_work: int = MOST_WORK, **settings: Any
) -> Animation | Figure:
    """Make a picture again from a file of it: the paths are run again, and drawn as they were.

    Parameters
    ----------
    path : str or os.PathLike
        A GIF, PNG, APNG, WebP, MP4, WebM, SVG, PDF or HTML file that was saved here, known by what
        it begins with. It may come from anywhere: the recipe in it is checked like any input, and
        reading it runs no code.
    most_work : int, default 10,000,000
        More steps of paths than this are not run.
    **settings
        Other settings than those in the recipe, such as ``theme="slides"``; None stands for the
        default.

    Returns
    -------
    Animation or matplotlib.figure.Figure
        Either has `trajectories`, bit for bit those of the file. An `Animation` was a moving
        picture.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it holds no recipe, one that is not what it must be, or one that does not hold its paths.

    Warns
    -----
    UserWarning
        If a path is not bit for bit the same, or a setting could not be kept.

    Examples
    --------
    >>> import trajectories as tj
    >>> tj.replay("zigzag.gif").save("zigzag.mp4")  # doctest: +SKIP
    """
    recipe = read_recipe(path)
    with readable(repr(os.fspath(path))):
        make = animation_of if recipe.kind == "animation" else figure_of
        return make(recipe, most_work=most_work, **settings)


def animation_of(recipe: Recipe, *, most_work: int = MOST_WORK, **settings: Any) -> Animation:
    """Return the moving picture of a recipe, also if that is of a still one with a layout.

    Parameters
    ----------
    recipe : Recipe
        What `read_recipe` returned.
    most_work, **settings
        As for `replay`.

    Returns
    -------
    Animation

    Raises
    ------
    ValueError
        If there is no layout for it, or as `replay`.
    """
    from trajectories.plotting.animation import animate
    from trajectories.plotting.layouts import SIZES

    layout = KINDS[recipe.kind]
    if layout is None and recipe.kind != "animation":
        raise ValueError(f"A picture made by {recipe.kind} has no layout to be moved in.")
    held = {"layout": layout or "overlay", **recipe.settings}
    if settings.get("layout") and held.get("size") == SIZES.get(held["layout"]):
        del held["size"]  # It was that of the layout.
    told = _settings(recipe, "animation", held, settings)
    told = {name: value for name, value in told.items() if name not in SAVING}
    paths = recipe.trajectories(most_work=most_work)
    with readable("recipe"):
        moving = animate(paths, **told)
    moving.saving |= saving_of(recipe)
    return moving


def figure_of(recipe: Recipe, *, most_work: int = MOST_WORK, **settings: Any) -> Figure:
    """Return the still picture of a recipe; of a moving one, its last frame.

    Parameters
    ----------
    recipe : Recipe
        What `read_recipe` returned.
    most_work, **settings
        As for `replay`; `layout` is one of them, where there is one.

    Returns
    -------
    matplotlib.figure.Figure
        With `trajectories`.
    """
    given = {**recipe.settings}
    layout = given.pop("layout", "overlay") if recipe.kind == "animation" else KINDS[recipe.kind]
    layout = settings.pop("layout", None) or layout
    if layout is None:
        return _drawn(recipe, most_work, settings)
    from trajectories.names import resolve
    from trajectories.plotting.figures import draw
    from trajectories.plotting.layouts import LAYOUTS

    layout = resolve("layout", layout, LAYOUTS)
    told = _settings(recipe, _LAYOUT_KINDS[layout], given, settings)
    paths = recipe.trajectories(most_work=most_work)
    with readable("recipe"):
        return _with(draw(layout, paths, **told), paths)


def saving_of(recipe: Recipe) -> dict[str, Any]:
    """Return with which rate, hold and loop a moving picture was saved, as far as that is known."""
    return {name: recipe.settings[name] for name in SAVING if name in recipe.settings}


def _drawn(recipe: Recipe, most_work: int, settings: Mapping[str, Any]) -> Figure:
    """Draw what has one function of its own, and no layout."""
    told = _settings(recipe, recipe.kind, recipe.settings, settings)
    paths = recipe.trajectories(most_work=most_work)
    with readable("recipe"):
        shown = paths if recipe.surface is None else recipe.surface
        ax = picture_of(recipe.kind)(shown, **told)
    return _with(ax.figure, paths)


def _with(figure: Any, paths: list[Trajectory]) -> Figure:
    """Return a figure that has its paths, as an animation has."""
    figure.trajectories = paths
    return cast("Figure", figure)


def _settings(
    recipe: Recipe, kind: str, held: Mapping[str, Any], asked: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings for a kind of picture: what is held of them, and what is asked for."""
    known = settings_of(kind)
    for name in asked:
        if name not in known:
            raise unknown("setting", name, sorted(known))
    if recipe.omitted:
        names = ", ".join(name[:40] for name in recipe.omitted[:10])
        warnings.warn(f"What could not be kept in the recipe is as usual: {names}.", stacklevel=5)
    both = {name: value for name, value in held.items() if name in known} | dict(asked)
    return {name: value for name, value in both.items() if value is not None}
