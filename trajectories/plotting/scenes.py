"""Pictures, still or moving, of scenes that were not made of trajectories on a surface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from trajectories.names import resolve
from trajectories.plotting.animation import Animation
from trajectories.plotting.canvas import Size, checked_size
from trajectories.plotting.extras import Extras
from trajectories.plotting.layouts import LAYOUTS, SIZES, Picture
from trajectories.plotting.scene import Scene
from trajectories.plotting.theme import applied
from trajectories.plotting.writers.page import looks_for
from trajectories.validation import integer, must

__all__ = ["SceneAnimation", "animate_scene", "plot_scene"]

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
    captions: bool = False,
    **kwargs: Any,
) -> Figure:
    """Draw a scene as a whole figure, as `plot_overlay` and the like draw trajectories."""
    layout = _checked(scene, layout)
    extras = Extras(captions=captions)
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
    captions: bool = False,
    tail: int | None = None,
    **kwargs: Any,
) -> SceneAnimation:
    """Make a moving picture of a scene, as `animate` does of trajectories."""
    layout = _checked(scene, layout)
    shape = checked_size(size) if size is not None else SIZES[layout]
    looks, extras = looks_for(theme), Extras(captions=captions, tail=tail)
    told = range(scene.steps + 1) if frame_steps is None else frame_steps
    shown = [integer("frame_steps", step, 0) for step in told]
    if not shown or shown[-1] > scene.steps or sorted(set(shown)) != shown:
        raise must("frame_steps", f"rising, up to {scene.steps}", frame_steps)

    def make(size: Size) -> Picture:
        with looks[0].applied() as chosen:
            return LAYOUTS[layout](scene, chosen, size=size, extras=extras, **kwargs)

    known = {"layout": layout, "theme": theme, "captions": captions or None, "tail": tail, **kwargs}
    kept = {name: value for name, value in known.items() if value is not None}
    return SceneAnimation(scene, shown, shape, make, kept, looks)


def _checked(scene: Any, layout: str) -> str:
    """Return the layout's name, if the scene is one and can be drawn in it."""
    if not isinstance(scene, Scene):
        raise must("scene", "a Scene", scene, kind=TypeError)
    return resolve("layout", layout, _FLAT)
