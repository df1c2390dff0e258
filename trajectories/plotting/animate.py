"""Animations of paths, and the steps that their frames show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.checks import integer, must, resolve
from trajectories.plotting.animation import Animation, checked_rates, checked_starts
from trajectories.plotting.canvas import Size, checked_size
from trajectories.plotting.panels import LAYOUTS, SIZES, Picture
from trajectories.plotting.paths_3d import CAMERA
from trajectories.plotting.plots import draw
from trajectories.plotting.recipes.recipe import picture
from trajectories.plotting.scene import Scene, checked, line_properties
from trajectories.plotting.theme import Extras
from trajectories.plotting.writers.page import looks_for
from trajectories.trajectory import Trajectory

Array = NDArray[np.float64]

#: Default number of frames of a longer path.
_USUAL = 300
_MOST = 100_000
#: Losses count down to this part of the first; smaller ones would take most of the frames.
_LEAST = 1e-12


def frame_steps(
    paths: Sequence[Trajectory], frames: int | None = None, pace: str = "steps"
) -> list[int]:
    """Choose the step that each frame shows."""
    last = max(path.steps for path in paths)
    count = min(last + 1, _USUAL) if frames is None else checked_frames(frames)
    if count == 1:
        return [last]
    measure = PACES[resolve("pace", pace, PACES)]
    progress = None if measure is None else measure(paths, last)
    if progress is None or not progress[-1] > 0:  # If nothing moves at all, count steps.
        return [round(i * last / (count - 1)) for i in range(count)]
    marks = np.linspace(0, progress[-1], count)
    # A little less, as rounding may leave a step just short of its mark.
    steps = np.searchsorted(progress, marks - 1e-9 * progress[-1])
    steps[-1] = last
    return [int(step) for step in np.unique(steps)]


def checked_frames(frames: int) -> int:
    """Check the number of frames of an animation."""
    count = integer("frames", frames, 1)
    if count > _MOST:
        raise must("frames", f"at most {_MOST:,}", frames)
    return count


def _by_length(paths: Sequence[Trajectory], last: int) -> Array:
    """Return the length covered by each step, in parts of each path's length, summed."""
    return _summed(paths, last, lambda path: np.hypot(*np.diff(path.positions, axis=0).T).T)


def _by_loss(paths: Sequence[Trajectory], last: int) -> Array:
    """Return the fall of the best loss by each step, in parts of each path's fall, summed."""
    floor = paths[0].surface.floor

    def fall(path: Trajectory) -> Array:
        best = np.fmin.accumulate(path.values, axis=0)
        if floor is None:
            return np.asarray(-np.diff(best, axis=0))
        excess = best - floor
        # A path that meets the minimum exactly counts down to its least loss above it.
        least = np.where(excess > 0, excess, np.inf).min(axis=0)
        least = np.fmax(least, _LEAST * np.fmax(excess[0], np.finfo(float).tiny))
        return np.asarray(-np.diff(np.log(np.fmax(excess, least)), axis=0))

    return _summed(paths, last, fall)


def _summed(paths: Sequence[Trajectory], last: int, part: Callable[[Trajectory], Array]) -> Array:
    """Sum the progress of the paths by each step, each in parts of its own total."""
    total = np.zeros(last + 1)
    for path in paths:
        with np.errstate(all="ignore"):
            progress = np.nan_to_num(part(path), nan=0.0, posinf=0.0, neginf=0.0)
        progress = progress.reshape(len(path.recorded) - 1, -1)
        # In parts of the largest first: the lengths of a diverging path have an infinite sum.
        largest = progress.max(axis=0)
        progress = (progress / np.where(largest > 0, largest, 1)).cumsum(axis=0)
        final = progress[-1]
        share = np.concatenate([[0.0], (progress / np.where(final > 0, final, 1)).mean(axis=1)])
        total += np.interp(np.arange(last + 1), path.recorded, share)
    return total


#: Measure of progress that is equal between frames, by pace.
PACES: dict[str, Callable[[Sequence[Trajectory], int], Array] | None] = {
    "steps": None,
    "length": _by_length,
    "loss": _by_loss,
}


def animate(
    trajectories: Any,
    *,
    layout: str = "overlay",
    theme: str | None = None,
    size: Size | None = None,
    limits: str | Sequence[Sequence[float]] | None = None,
    frames: int | None = None,
    pace: str = "steps",
    theory: bool = False,
    readout: bool = False,
    step_arrows: bool = False,
    trail: int | None = None,
    learning_rates: Sequence[float] | None = None,
    starts: str | None = None,
    **kwargs: Any,
) -> Animation:
    """Animate paths.

    Parameters
    ----------
    trajectories : Trajectory or iterable of Trajectory
        What `descend` or `compare` returned, all on one surface.
    layout : {"overlay", "grid", "race", "3d"}, default "overlay"
        All paths in one panel; a panel for each; all in one panel, and their losses beside it; or
        all on the surface in 3-D, where `elevation`, `azimuth` and `orbit` place the camera, as
        for `plot_3d`, and `orbit` turns it by so many degrees in all.
    theme : str, optional
        "light", "dark", "slides", "slides-dark" or "print"; by default the light theme under all
        that you have changed in ``matplotlib.rcParams``.
    size : (int, int), optional
        Width and height in pixels; type and lines grow with them. By default (960, 720) for
        "grid", (1200, 540) for "race" and (800, 600) otherwise.
    limits : "domain" or ((float, float), (float, float)), optional
        Part of the plane to show; by default the paths and the minima, with a margin.
    frames : int, optional
        Number of frames, the first and the last step included; by default one for the start and
        one for every step, but at most 300. Not more than 100,000.
    pace : {"steps", "length", "loss"}, default "steps"
        Quantity that is equal between two frames: the number of steps, the length of the path, or
        the factor by which losses fall.
    theory : bool, default False
        Whether to write the curvature at the minimum and the learning rates that are stable there.
        Not in the layouts "grid" and "3d".
    readout : bool, default False
        Whether to write the loss and the learning rate of every path at each step.
    step_arrows : bool, default False
        Whether to draw the parts of the next step as arrows: the gradient, the memory, and the
        step itself. Not in the layout "3d".
    trail : int, optional
        Number of steps to show behind the head of each path; by default all.
    learning_rates : sequence of float, optional
        Learning rates for a slider on a page (``.html``), which swaps in the paths of each. Other
        formats show the paths given.
    starts : {"grid"}, optional
        On a page, a click sets the start of the paths: the nearest of 109. Other formats show the
        paths given.
    **kwargs
        Passed on to the lines of the paths (`matplotlib.lines.Line2D`).

    Returns
    -------
    Animation
        It draws nothing before it is saved or shown.

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
    pixels = checked_size(size) if size is not None else SIZES[layout]
    themes = looks_for(theme)
    extras = Extras(theory=theory, readout=readout, step_arrows=step_arrows, trail=trail)
    steps = frame_steps(paths, frames, pace)
    line_properties({name: value for name, value in kwargs.items() if name not in CAMERA})
    rates, start_grid = checked_rates(learning_rates), checked_starts(starts)
    if rates and start_grid:
        raise must("starts", "left out where there are learning rates", starts)
    settings = {
        "layout": layout,
        "theme": theme,
        "size": pixels,
        "limits": limits,
        "frames": frames,
        "pace": pace,
        **{name: value or None for name, value in vars(extras).items()},
        "learning_rates": rates,
        "starts": start_grid,
        **kwargs,
    }

    def make(size: Size) -> Picture:
        with themes[0].applied() as chosen:
            options = {"size": size, "limits": limits, "extras": extras}
            return LAYOUTS[layout](paths, chosen, **options, **kwargs)

    settings = {name: value for name, value in settings.items() if value is not None}
    animation = Animation(paths, steps, pixels, make, settings, themes)
    animation.remember(paths, kind="animation", settings=settings)
    return animation


#: The layouts that draw from a scene alone; the 3-D one also needs the surface.
_FLAT = ("overlay", "grid", "race")


class SceneAnimation(Animation):
    """An animation of a scene, made by `animate_scene`."""

    def __init__(self, scene: Scene, *args: Any, **kwargs: Any) -> None:
        super().__init__([], *args, **kwargs)
        self.scene = scene

    def __repr__(self) -> str:
        """Show the paths, frames and size."""
        labels = ", ".join(track.label for track in self.scene.tracks)
        size = f"{self.size[0]} x {self.size[1]}"
        return f"SceneAnimation({labels}; {len(self)} frames of {size})"


def animate_scene(
    scene: Scene,
    *,
    layout: str = "overlay",
    theme: str | None = None,
    size: Size | None = None,
    frame_steps: Sequence[int] | None = None,
    readout: bool = False,
    trail: int | None = None,
    **kwargs: Any,
) -> SceneAnimation:
    """Animate a scene, as `animate` does trajectories."""
    layout = _checked(scene, layout)
    pixels = checked_size(size) if size is not None else SIZES[layout]
    themes, extras = looks_for(theme), Extras(readout=readout, trail=trail)
    steps = range(scene.steps + 1) if frame_steps is None else frame_steps
    steps = [integer("frame_steps", step, 0) for step in steps]
    if not steps or steps[-1] > scene.steps or sorted(set(steps)) != steps:
        raise must("frame_steps", f"rising, up to {scene.steps}", frame_steps)

    def make(size: Size) -> Picture:
        with themes[0].applied() as chosen:
            return LAYOUTS[layout](scene, chosen, size=size, extras=extras, **kwargs)

    given = {"layout": layout, "theme": theme, "readout": readout or None, "trail": trail, **kwargs}
    settings = {name: value for name, value in given.items() if value is not None}
    return SceneAnimation(scene, steps, pixels, make, settings, themes)


def _checked(scene: Any, layout: str) -> str:
    """Check that `scene` is a Scene, and resolve the name of its layout."""
    if not isinstance(scene, Scene):
        raise must("scene", "a Scene", scene, kind=TypeError)
    return resolve("layout", layout, _FLAT)


# A movie always has its legend.
picture("animation", moves=True, also=(draw, *LAYOUTS.values()), without=["legend"])(animate)
