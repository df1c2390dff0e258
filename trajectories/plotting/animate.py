"""Moving pictures of paths: `animate` makes one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trajectories.names import resolve
from trajectories.plotting.animation import Animation
from trajectories.plotting.canvas import Size, checked_size
from trajectories.plotting.extras import Extras
from trajectories.plotting.layouts import LAYOUTS, SIZES, Picture
from trajectories.plotting.pace import frame_steps
from trajectories.plotting.scene import checked
from trajectories.plotting.solid.panel import CAMERA
from trajectories.plotting.takes import checked_rates, checked_starts
from trajectories.plotting.tracks import line_properties
from trajectories.plotting.writers.page import looks_for
from trajectories.validation import must

__all__ = ["animate"]


def animate(
    trajectories: Any,
    *,
    layout: str = "overlay",
    theme: str | None = None,
    size: Size | None = None,
    limits: str | Sequence[Sequence[float]] | None = None,
    frames: int | None = None,
    pace: str = "steps",
    annotate: bool = False,
    captions: bool = False,
    anatomy: bool = False,
    tail: int | None = None,
    learning_rates: Sequence[float] | None = None,
    starts: str | None = None,
    **kwargs: Any,
) -> Animation:
    """Make a moving picture of paths.

    Parameters
    ----------
    trajectories : Trajectory or iterable of Trajectory
        What `descend` or `compare` returned, all on one surface.
    layout : {"overlay", "grid", "race", "3d"}, default "overlay"
        All paths in one panel; a panel for each; all in one panel, and their losses beside it; or
        all on the surface in 3-D, where `elevation`, `azimuth` and `orbit` place the camera, as
        for `plot_3d`: it turns by `orbit` degrees in all.
    theme : str, optional
        "light", "dark", "slides", "slides-dark" or "print"; by default the light theme under all
        that you have changed in ``matplotlib.rcParams``.
    size : (int, int), optional
        Width and height in pixels; type and lines grow with them. By default (960, 720) for
        "grid", (1200, 540) for "race" and (800, 600) otherwise.
    limits : "domain" or ((float, float), (float, float)), optional
        What to show; by default what happened, with a margin.
    frames : int, optional
        How many frames, the first and the last step included; by default one for the start and
        one for every step, but at most 300. Not more than 100,000.
    pace : {"steps", "length", "loss"}, default "steps"
        What is equal between two frames: the number of steps, the length of the way gone, or the
        factor by which losses have fallen.
    annotate : bool, default False
        Whether to tell how the surface is curved at the minimum, and which learning rates are
        stable there. Not in the layouts "grid" and "3d".
    captions : bool, default False
        Whether to tell the loss and the learning rate of every path at each step.
    anatomy : bool, default False
        Whether to show as arrows what the next step is made of: the gradient, the part that is
        memory, and the step itself. Not in the layout "3d".
    tail : int, optional
        How many steps of the paths to show behind their heads; by default all.
    learning_rates : sequence of float, optional
        A page (``.html``) gets a slider which swaps in the paths for another learning rate. Other
        formats show the paths given.
    starts : {"grid"}, optional
        On a page the viewer can click where the paths are to begin; the nearest of 109 starts is
        taken. Other formats show the paths given.
    **kwargs
        Passed on to the lines of the paths (`matplotlib.lines.Line2D`).

    Returns
    -------
    Animation
        Nothing has been drawn yet.

    Examples
    --------
    >>> import trajectories as tj
    >>> paths = tj.compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=30)
    >>> tj.animate(paths, layout="race")
    Animation(SGD, Adam; 31 frames of 1200 x 540)
    >>> tj.animate(paths).save("zigzag.gif")  # doctest: +SKIP
    """
    paths = checked(trajectories)
    layout = resolve("layout", layout, LAYOUTS)
    shape = checked_size(size) if size is not None else SIZES[layout]
    looks = looks_for(theme)
    extras = Extras(annotate=annotate, captions=captions, anatomy=anatomy, tail=tail)
    shown = frame_steps(paths, frames, pace)
    line_properties({name: value for name, value in kwargs.items() if name not in CAMERA})
    rates, places = checked_rates(learning_rates), checked_starts(starts)
    if rates and places:
        raise must("starts", "left out where there are learning rates", starts)
    told = {
        "layout": layout,
        "theme": theme,
        "size": shape,
        "limits": limits,
        "frames": frames,
        "pace": pace,
        **{name: value or None for name, value in vars(extras).items()},
        "learning_rates": rates,
        "starts": places,
        **kwargs,
    }

    def make(size: Size) -> Picture:
        with looks[0].applied() as chosen:
            how = {"size": size, "limits": limits, "extras": extras}
            return LAYOUTS[layout](paths, chosen, **how, **kwargs)

    kept = {name: value for name, value in told.items() if value is not None}
    moving = Animation(paths, shown, shape, make, kept, looks)
    moving.remember(paths, kind="animation", settings=kept)
    return moving
