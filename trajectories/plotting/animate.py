"""Animations of paths: which steps their frames show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from trajectories.checks import integer, must, resolve
from trajectories.plotting.animation import Animation, checked_rates, checked_starts
from trajectories.plotting.canvas import Size, checked_size
from trajectories.plotting.panels import LAYOUTS, SIZES, Picture
from trajectories.plotting.paths_3d import CAMERA
from trajectories.plotting.plots import draw
from trajectories.plotting.recipes.recipe import picture
from trajectories.plotting.scene import Scene, checked, line_properties
from trajectories.plotting.theme import Extras, applied
from trajectories.plotting.writers.page import looks_for
from trajectories.trajectory import Trajectory

Array = NDArray[np.float64]

#: By default a longer path is shown in this many frames.
_USUAL = 300
_MOST = 100_000
#: Losses count down to this part of the first one: what comes below would take most of the frames.
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
    """Return a number of frames that a moving picture may have."""
    count = integer("frames", frames, 1)
    if count > _MOST:
        raise must("frames", f"at most {_MOST:,}", frames)
    return count


def _by_length(paths: Sequence[Trajectory], last: int) -> Array:
    """Return the part of its way that every path has gone, summed up."""
    return _summed(paths, last, lambda path: np.hypot(*np.diff(path.positions, axis=0).T).T)


def _by_loss(paths: Sequence[Trajectory], last: int) -> Array:
    """Return how far down every path has come at best, summed up."""
    floor = paths[0].surface.floor

    def fall(path: Trajectory) -> Array:
        best = np.fmin.accumulate(path.values, axis=0)
        if floor is None:
            return np.asarray(-np.diff(best, axis=0))
        excess = best - floor
        # What meets the minimum exactly has come as far as it was seen above it.
        least = np.where(excess > 0, excess, np.inf).min(axis=0)
        least = np.fmax(least, _LEAST * np.fmax(excess[0], np.finfo(float).tiny))
        return np.asarray(-np.diff(np.log(np.fmax(excess, least)), axis=0))

    return _summed(paths, last, fall)


def _summed(paths: Sequence[Trajectory], last: int, part: Callable[[Trajectory], Array]) -> Array:
    """Sum up what paths have done by each step, each in parts of all that it does."""
    total = np.zeros(last + 1)
    for path in paths:
        with np.errstate(all="ignore"):
            done = np.nan_to_num(part(path), nan=0.0, posinf=0.0, neginf=0.0)
        done = done.reshape(len(path.recorded) - 1, -1)
        # In parts of the largest first, as a path that diverges has lengths whose sum is infinite.
        largest = done.max(axis=0)
        done = (done / np.where(largest > 0, largest, 1)).cumsum(axis=0)
        whole = done[-1]
        share = np.concatenate([[0.0], (done / np.where(whole > 0, whole, 1)).mean(axis=1)])
        total += np.interp(np.arange(last + 1), path.recorded, share)
    return total


#: What grows equally between frames, by the name of the pace.
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
    theory : bool, default False
        Whether to tell how the surface is curved at the minimum, and which learning rates are
        stable there. Not in the layouts "grid" and "3d".
    readout : bool, default False
        Whether to tell the loss and the learning rate of every path at each step.
    step_arrows : bool, default False
        Whether to show as arrows what the next step is made of: the gradient, the part that is
        memory, and the step itself. Not in the layout "3d".
    trail : int, optional
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
    extras = Extras(theory=theory, readout=readout, step_arrows=step_arrows, trail=trail)
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


#: The layouts that draw from a scene alone: the 3-D one asks the surface for more.
_FLAT = ("overlay", "grid", "race")


class SceneAnimation(Animation):
    """A moving picture of a scene; `animate_scene` makes one."""

    def __init__(self, scene: Scene, *args: Any, **kwargs: Any) -> None:
        super().__init__([], *args, **kwargs)
        self.scene = scene

    def __repr__(self) -> str:
        """Show the paths, frames and size."""
        labels = ", ".join(track.label for track in self.scene.tracks)
        size = f"{self.size[0]} x {self.size[1]}"
        return f"SceneAnimation({labels}; {len(self)} frames of {size})"


def plot_scene(
    scene: Scene,
    *,
    layout: str = "overlay",
    theme: str | None = None,
    size: Size | None = None,
    readout: bool = False,
    **kwargs: Any,
) -> Figure:
    """Draw a scene as a whole figure, as `plot_grid` and the like draw trajectories."""
    layout = _checked(scene, layout)
    extras = Extras(readout=readout)
    with applied(theme) as chosen:
        picture = LAYOUTS[layout](scene, chosen, size=size, extras=extras, **kwargs)
        picture.show(picture.steps)
    return picture.figure


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
    """Make a moving picture of a scene, as `animate` does of trajectories."""
    layout = _checked(scene, layout)
    shape = checked_size(size) if size is not None else SIZES[layout]
    looks, extras = looks_for(theme), Extras(readout=readout, trail=trail)
    told = range(scene.steps + 1) if frame_steps is None else frame_steps
    shown = [integer("frame_steps", step, 0) for step in told]
    if not shown or shown[-1] > scene.steps or sorted(set(shown)) != shown:
        raise must("frame_steps", f"rising, up to {scene.steps}", frame_steps)

    def make(size: Size) -> Picture:
        with looks[0].applied() as chosen:
            return LAYOUTS[layout](scene, chosen, size=size, extras=extras, **kwargs)

    known = {"layout": layout, "theme": theme, "readout": readout or None, "trail": trail, **kwargs}
    kept = {name: value for name, value in known.items() if value is not None}
    return SceneAnimation(scene, shown, shape, make, kept, looks)


def _checked(scene: Any, layout: str) -> str:
    """Return the layout's name, if the scene is one and can be drawn in it."""
    if not isinstance(scene, Scene):
        raise must("scene", "a Scene", scene, kind=TypeError)
    return resolve("layout", layout, _FLAT)


picture("animation", moves=True, also=(draw, *LAYOUTS.values()))(animate)
