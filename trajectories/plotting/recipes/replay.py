"""Pictures from their own files: the recipe is read, what it tells of is made again, and drawn."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from trajectories.names import unknown
from trajectories.plotting.recipes.kinds import KINDS, SAVING, picture_of
from trajectories.plotting.recipes.recipe import Recipe, read_recipe
from trajectories.plotting.recipes.settings import settings_of
from trajectories.plotting.recipes.text import readable
from trajectories.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from trajectories.plotting.animation import Animation

__all__ = ["animation_of", "figure_of", "replay", "saving_of"]

_LAYOUT_KINDS = {kind.layout: name for name, kind in KINDS.items() if kind.layout is not None}


def replay(
    path: str | os.PathLike[str],
    *,
    most_work: float | None = None,
    data: Any = None,
    **settings: Any,
) -> Animation | Figure:
    """Make a picture again from a file of it: what it shows is run again, and drawn as it was.

    Parameters
    ----------
    path : str or os.PathLike
        A GIF, PNG, APNG, WebP, MP4, WebM, SVG, PDF or HTML file that was saved here, known by what
        it begins with. It may come from anywhere: the recipe in it is checked like any input, and
        reading it runs no code.
    most_work : float, optional
        More steps of paths than this are not run; by default 10,000,000 of paths that are drawn,
        1,000,000,000 of maps, and for networks what takes about as long.
    data : Dataset, str or os.PathLike, optional
        The images of an experiment, or what `trajectories.mnist.load` takes; by default those
        that are here already. Only those that it was made with will do.
    **settings
        Other settings than those in the recipe, such as ``theme="slides"``; None stands for the
        default.

    Returns
    -------
    Animation or matplotlib.figure.Figure
        Either has `trajectories`, bit for bit those of the file; none if it shows a map or an
        experiment. An `Animation` was a moving picture.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it holds no recipe, one that is not what it must be, or one that does not hold what is
        shown; if that is too much work, or the images are not at hand.

    Warns
    -----
    UserWarning
        If something is not bit for bit the same, or a setting could not be kept.

    Examples
    --------
    >>> import trajectories as tj
    >>> tj.replay("zigzag.gif").save("zigzag.mp4")  # doctest: +SKIP
    """
    recipe = read_recipe(path)
    with readable(repr(os.fspath(path))):
        make = animation_of if KINDS[recipe.kind].moves else figure_of
        return make(recipe, most_work=most_work, data=data, **settings)


def animation_of(
    recipe: Recipe, *, most_work: float | None = None, data: Any = None, **settings: Any
) -> Animation:
    """Return the moving picture of a recipe, also if that is of a still one that can move."""
    kind = KINDS[recipe.kind]
    moving, held = recipe.kind, dict(recipe.settings)
    if kind.layout is not None:
        moving, held = "animation", {"layout": kind.layout, **held}
    elif not kind.moves:
        if kind.twin is None:
            raise ValueError(f"A picture made by {recipe.kind} has no moving form.")
        moving = kind.twin
    if moving == "animation":
        from trajectories.plotting.layouts import SIZES

        held = {"layout": "overlay", **held}
        if settings.get("layout") and held.get("size") == SIZES.get(held["layout"]):
            del held["size"]  # It was that of the layout.
    told = _settings(recipe, moving, held, settings)
    told = {name: value for name, value in told.items() if name not in SAVING}
    shown = recipe.again(most_work=most_work, data=data)
    with readable("recipe"):
        movie = cast("Animation", _made(moving, shown, told))
    movie.saving |= saving_of(recipe)
    return movie


def figure_of(
    recipe: Recipe, *, most_work: float | None = None, data: Any = None, **settings: Any
) -> Figure:
    """Return the still picture of a recipe; of a moving one, its last frame."""
    kind = KINDS[recipe.kind]
    still, held = recipe.kind, dict(recipe.settings)
    if recipe.kind == "animation" or kind.layout is not None:
        from trajectories.names import resolve
        from trajectories.plotting.layouts import LAYOUTS

        layout = held.pop("layout", "overlay") if kind.layout is None else kind.layout
        asked = settings.pop("layout", None)
        still = _LAYOUT_KINDS[resolve("layout", asked or layout, LAYOUTS)]
    elif kind.moves:
        assert kind.twin is not None
        still = kind.twin
    told = _settings(recipe, still, held, settings)
    if recipe.surface is not None:
        shown: list[Any] = [recipe.surface]
    else:
        shown = recipe.again(most_work=most_work, data=data)
    with readable("recipe"):
        made = _made(still, shown, told)
    figure: Any = made if hasattr(made, "savefig") else made.figure
    figure.trajectories = [one for one in shown if isinstance(one, Trajectory)]
    return cast("Figure", figure)


def saving_of(recipe: Recipe) -> dict[str, Any]:
    """Return with which rate, hold and loop a moving picture was saved, as far as that is known."""
    return {name: recipe.settings[name] for name in SAVING if name in recipe.settings}


def _made(kind: str, shown: list[Any], told: Mapping[str, Any]) -> Any:
    """Return what the function makes that a kind of picture comes from."""
    layout = KINDS[kind].layout
    if layout is not None:
        from trajectories.plotting.figures import draw

        return draw(layout, shown, **told)
    several = KINDS[kind].several and KINDS[kind].shows != "surface"
    return picture_of(kind)(shown if several else shown[0], **told)


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
