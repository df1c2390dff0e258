"""What notebooks show: a moving picture as a page in a frame, a trajectory as its plot."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

from trajectories.plotting.saving import page_of

if TYPE_CHECKING:
    from trajectories.plotting.animation import Animation
    from trajectories.trajectory import Trajectory

__all__ = ["animation_html", "movie_html", "trajectory_html"]

#: Room for the player's controls below the picture, in pixels.
_CONTROLS = 150


def animation_html(animation: Animation) -> str:
    """Return HTML that shows a moving picture."""
    width, height = animation.size
    if animation.settings["layout"] == "3d" or animation.settings.get("anatomy"):
        return movie_html(animation)
    page = page_of(animation, **animation.saving)
    return (
        f'<iframe srcdoc="{escape(page)}" sandbox="allow-scripts" title="{escape(repr(animation))}"'
        f' style="width: 100%; max-width: {width}px; height: {height + _CONTROLS}px;'
        f' border: 0"></iframe>'
    )


def movie_html(animation: Animation) -> str:
    """Return HTML that shows a moving picture as a GIF."""
    return _image("gif", _gif(animation), animation)


def trajectory_html(trajectory: Trajectory) -> str:
    """Return HTML that shows the plot of a trajectory."""
    from trajectories.plotting.figures import plot_overlay

    data = io.BytesIO()
    plot_overlay(trajectory).savefig(data, format="png")
    return _image("png", data.getvalue(), trajectory)


def _gif(animation: Animation) -> bytes:
    from trajectories.plotting.painter import Painter
    from trajectories.plotting.writers.gif import write_gif
    from trajectories.plotting.writers.stream import Stream

    data = io.BytesIO()
    paint = Painter(animation.picture()).paint
    write_gif(data, Stream(paint, animation.size, animation.frame_steps, **animation.saving))
    return data.getvalue()


def _image(kind: str, data: bytes, shown: object) -> str:
    text = base64.b64encode(data).decode()
    style = "max-width: 100%; height: auto"
    return (
        f'<img src="data:image/{kind};base64,{text}" alt="{escape(repr(shown))}" style="{style}">'
    )
