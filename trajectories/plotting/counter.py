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

from trajectories.plotting.header import in_points, points, text_size
from trajectories.plotting.scene import Scene
from trajectories.plotting.theme import setting
from trajectories.plotting.tracks import NOTE
from trajectories.plotting.view import in_parts

__all__ = ["Caption", "counter", "counter_width", "draw_counter", "free_place"]

Array = NDArray[np.float64]
_CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))


class Caption:
    """A step counter: the word stands still, and each digit is a text of its own."""

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
    return text_size(f"step {steps}", size)[0] + 0.4 * size


def counter(
    on: Axes | Figure, x: float, y: float, transform: Transform, steps: int, *, top: bool = False
) -> Caption:
    """Write the word of a step counter, and make the places of its digits."""
    size = points("legend.fontsize")
    advance = text_size("00", size)[0] - text_size("0", size)[0]
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


def free_place(ax: Axes, scene: Scene, taken: Array) -> tuple[int, int] | None:
    """Choose the corner of a plot where a counter covers nothing and is nearest to what moves."""
    width, height = in_points(ax)
    size, margin = points("legend.fontsize"), _margin()
    box = (counter_width(scene.steps) + 2 * margin) / width, (size + 2 * margin) / height
    first, last = _moving(scene)
    best, area = None, np.inf
    for corner in _CORNERS:
        if (abs(taken - corner) < 1.1 * np.array(box)).all(axis=1).any():
            continue
        inner = abs(np.array(corner) - box)
        low = np.minimum(first, np.minimum(corner, inner))
        high = np.maximum(last, np.maximum(corner, inner))
        covered = float((high - low).prod(axis=1).sum())
        if covered < area - 1e-9:
            best, area = corner, covered
    return best


def draw_counter(
    ax: Axes, scene: Scene, place: tuple[int, int] | None, lift: float, beyond: float = 0.0
) -> Caption:
    """Put a step counter into a corner of a plot of paths, or above it if no corner is free."""
    if place is None:
        shift = ScaledTranslation(beyond / 72, lift / 72, ax.figure.dpi_scale_trans)
        return counter(ax, 1.0, 1.0, ax.transAxes + shift, scene.steps)
    (width, height), margin = in_points(ax), _margin()
    right, top = place
    x = 1 - margin / width if right else (margin + counter_width(scene.steps)) / width
    y = 1 - margin / height if top else margin / height
    return counter(ax, x, y, ax.transAxes, scene.steps, top=bool(top))


def _margin() -> float:
    """Return the room between a counter and the edges of its corner, in points."""
    return 0.8 * points("legend.fontsize")


def _moving(scene: Scene) -> tuple[Array, Array]:
    """Return the corners of the rectangles in which paths move at each step, in parts."""
    first = np.ones((scene.steps, 2))
    last = np.zeros((scene.steps, 2))
    for track in scene.tracks:
        path = np.clip(in_parts(track.positions, scene.limits), 0, 1)
        steps = len(path) - 1
        pairs = np.concatenate([path[:-1], path[1:]], axis=1)
        first[:steps] = np.fmin(first[:steps], np.fmin.reduce(pairs, axis=1))
        last[:steps] = np.fmax(last[:steps], np.fmax.reduce(pairs, axis=1))
    return first, last
