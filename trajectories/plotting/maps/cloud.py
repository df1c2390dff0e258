"""A cloud of descents over the contours: where they are, and how densely."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from trajectories.plotting.scene import Scene
from trajectories.plotting.theme import setting
from trajectories.plotting.tracks import Style
from trajectories.plotting.view import in_parts

__all__ = ["Cloud", "density"]

Array = NDArray[np.float64]

_DENSITY, _POINTS = 8.0, 9.0
#: Cells of the density along the longer side, and the deviation of its smoothing in cells.
_CELLS, _SMOOTH = 280, 3.8
#: Bands of density: fills of one colour each, which moving pictures can pack.
_BANDS = 12
#: How opaque the density is where it is highest, and a point.
_OPAQUE, _POINT = 0.85, 0.55


def density(positions: Array, cells: tuple[int, int], smooth: float = _SMOOTH) -> Array:
    """Return how densely points lie, smoothed."""
    columns, rows = cells
    good = np.isfinite(positions).all(axis=1)
    x, y = positions[good].T
    counts, _, _ = np.histogram2d(y, x, bins=(rows, columns), range=((0, 1), (0, 1)))
    reach = int(np.ceil(3 * smooth))
    window = np.exp(-0.5 * (np.arange(-reach, reach + 1) / smooth) ** 2)
    window /= window.sum()
    for axis in (0, 1):
        padded = np.pad(counts, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)])
        spread = np.lib.stride_tricks.sliding_window_view(padded, len(window), axis=axis)
        counts = spread @ window
    return np.asarray(counts)


class Cloud:
    """The points of an ensemble and their density, which can show any step."""

    def __init__(self, ax: Axes, scene: Scene, style: Style) -> None:
        (x0, x1), (y0, y1) = scene.limits
        self._positions = scene.tracks[0].positions
        self._parts = in_parts(self._positions, scene.limits)
        wide, tall = ax.bbox.width, ax.bbox.height
        longest = max(wide, tall)
        self._cells = (
            max(2, round(_CELLS * wide / longest)),
            max(2, round(_CELLS * tall / longest)),
        )
        self._color = np.array(to_rgb(style["color"]))
        self._image = AxesImage(
            ax,
            extent=(x0, x1, y0, y1),
            origin="lower",
            interpolation="nearest",
            zorder=_DENSITY,
        )
        self._image.set_data(np.zeros((2, 2, 4), np.uint8))
        ax.add_image(self._image)
        self._image.set_clip_path(ax.patch)
        self._points = Line2D(
            [],
            [],
            marker="o",
            linestyle="none",
            markersize=0.62 * setting("lines.markersize"),
            color=setting("text.color"),
            markeredgewidth=0.0,
            alpha=_POINT,
            zorder=_POINTS,
            label="_cloud",
        )
        ax.add_line(self._points)
        self.artists: list[Artist] = [self._image, self._points]

    def show(self, step: int) -> None:
        """Show where all are after `step` steps."""
        step = min(step, len(self._positions) - 1)
        found = density(self._parts[step], self._cells)
        highest = found.max()
        rgba = np.empty((*found.shape, 4), np.uint8)
        rgba[..., :3] = np.round(255 * self._color)
        # The root, so that what is thin is still seen where much is dense.
        part = np.sqrt(found / highest) if highest > 0 else found
        part = np.floor(_BANDS * part) / _BANDS
        rgba[..., 3] = np.round(255 * _OPAQUE * part)
        self._image.set_data(rgba)
        self._points.set_data(*self._positions[step].T)
