"""The step counter, and where it may stand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation, Transform
from numpy.typing import NDArray

from trajectories.plotting.header import points, text_width
from trajectories.plotting.scene import Scene
from trajectories.plotting.theme import setting
from trajectories.plotting.tracks import NOTE

__all__ = ["Caption", "counter", "counter_width", "draw_counter", "free_corner"]

Array = NDArray[np.float64]
_CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))
#: Points looked at along each segment of a path.
_BETWEEN = 8


class Caption:
    """A step counter: the word stands still, and each digit is a text of its own.

    A moving picture thus has ten digits in a few places to draw, and not every number.

    Parameters
    ----------
    digits : sequence of matplotlib.text.Text
        A place for each digit, the last one first.
    """

    def __init__(self, digits: Sequence[Text]) -> None:
        for digit in digits:
            digit.set_zorder(NOTE)
        self._digits = list(digits)
        self.artists: list[Artist] = list(digits)

    def show(self, step: int) -> None:
        """Show the number of the step."""
        number = str(step)[::-1].ljust(len(self._digits))
        for digit, place in zip(number, self._digits, strict=True):
            place.set_text(digit.strip())


def counter_width(steps: int) -> float:
    """Return the width of a counter up to `steps`, in points."""
    size = points("legend.fontsize")
    return text_width(f"step {steps}", size) + 0.4 * size


def counter(
    on: Axes | Figure, x: float, y: float, transform: Transform, steps: int, *, top: bool = False
) -> Caption:
    """Write the word of a step counter, and make the places of its digits.

    Parameters
    ----------
    on : matplotlib.axes.Axes or matplotlib.figure.Figure
        Takes the texts.
    x, y : float
        Its lower right corner.
    transform : matplotlib.transforms.Transform
        Of the corner.
    steps : int
        The highest number.
    top : bool, default False
        Whether `y` is the counter's upper edge.
    """
    size = points("legend.fontsize")
    advance = text_width("00", size) - text_width("0", size)
    style = {"fontsize": size, "color": setting("axes.labelcolor"), "va": "baseline"}
    inches = on.get_figure().dpi_scale_trans  # type: ignore[union-attr]
    down = 0.8 * size if top else 0.0

    def place(back: float) -> Transform:
        return transform + ScaledTranslation(-back / 72, -down / 72, inches)

    digits = [
        on.text(x, y, "", transform=place((i + 0.5) * advance), ha="center", **style)
        for i in range(len(str(steps)))
    ]
    on.text(x, y, "step", transform=place(len(digits) * advance + 0.35 * size), ha="right", **style)
    return Caption(digits)


def draw_counter(ax: Axes, scene: Scene, lift: float, beyond: float = 0.0) -> Caption:
    """Put a step counter into a corner of a plot of paths, or above it if no corner is free.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The plot.
    scene : Scene
        What it shows.
    lift : float
        How high above the Axes the heading's line is, in points.
    beyond : float
        How far the header goes on to the right of the Axes, in points.
    """
    size = points("legend.fontsize")
    width, height = (side / ax.figure.dpi * 72 for side in ax.bbox.size)
    margin = 0.8 * size
    box = (counter_width(scene.steps) + 2 * margin) / width, (size + 2 * margin) / height
    corner = free_corner(scene, box)
    if corner is None:
        shift = ScaledTranslation(beyond / 72, lift / 72, ax.figure.dpi_scale_trans)
        return counter(ax, 1.0, 1.0, ax.transAxes + shift, scene.steps)
    right, top = corner
    x = 1 - margin / width if right else (margin + counter_width(scene.steps)) / width
    y = 1 - margin / height if top else margin / height
    return counter(ax, x, y, ax.transAxes, scene.steps, top=bool(top))


def free_corner(scene: Scene, box: tuple[float, float]) -> tuple[int, int] | None:
    """Choose the corner of a plot where a counter covers nothing and is nearest to what moves.

    Near, because a moving picture encodes the rectangle that holds all that has changed.

    Parameters
    ----------
    scene : Scene
        What the plot shows.
    box : (float, float)
        The counter's width and height, in parts of the plot's.

    Returns
    -------
    (int, int) or None
        1 for right and 1 for top; None if no corner is free.
    """
    low = np.array([side[0] for side in scene.limits])
    size = np.array([side[1] - side[0] for side in scene.limits])
    paths = (
        np.concatenate([_padded(t.positions, scene.steps) for t in scene.tracks], axis=1) - low
    ) / size
    share = np.linspace(0, 1, _BETWEEN, endpoint=False)[:, None, None, None]
    exits = [e.point for track in scene.tracks for e in track.exits if e is not None]
    with np.errstate(invalid="ignore"):
        along = (paths[:-1] + share * (paths[1:] - paths[:-1])).reshape(-1, 2)
    marks = (np.concatenate([scene.minima, np.reshape(exits, (-1, 2))]) - low) / size
    points_taken = np.concatenate([along, paths[-1], marks])
    steps = (
        np.clip(np.stack([paths[:-1], paths[1:]]), 0, 1).swapaxes(0, 1).reshape(scene.steps, -1, 2)
    )
    steps = steps[np.isfinite(steps).all(axis=2).any(axis=1)]
    best, area = None, np.inf
    for corner in _CORNERS:
        far = abs(points_taken - corner)
        margin = np.array(box) * 1.15
        margin_exit = np.maximum(margin, (0.35, 0.12))
        blocked = (far < margin).all(axis=1).any()
        blocked |= (
            (abs((np.reshape(exits, (-1, 2)) - low) / size - corner) < margin_exit)
            .all(axis=1)
            .any()
        )
        if blocked:
            continue
        ends = abs(np.array(corner) - box)
        first = np.minimum(np.nanmin(steps, axis=1, initial=1.0), np.minimum(corner, ends))
        last = np.maximum(np.nanmax(steps, axis=1, initial=0.0), np.maximum(corner, ends))
        covered = float((last - first).prod(axis=1).sum())
        if covered < area - 1e-9:
            best, area = corner, covered
    return best


def _padded(positions: Array, steps: int) -> Array:
    """Let a shorter path stay where it ended."""
    missing = steps + 1 - len(positions)
    return np.concatenate([positions, np.repeat(positions[-1:], missing, axis=0)])
