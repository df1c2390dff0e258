"""The hill: a surface as a shaded mesh with its contours."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.artist import allow_rasterization
from matplotlib.collections import Collection, LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from trajectories.plotting.relief import Relief
from trajectories.plotting.solid.heights import Heights
from trajectories.plotting.solid.stage import BOX, unhidden
from trajectories.plotting.theme import Theme

__all__ = ["Contours", "Hill"]

Array = NDArray[np.float64]

#: About so many points of the mesh along each side.
_MESH = 150
#: How much darker the surface is where it is seen from below.
_OUTSIDE = 0.6
#: The light's elevation, and how far to the camera's left it is, in degrees.
_LIGHT = (50.0, 60.0)


class Hill(Collection):
    """A surface, painted from the back to the front as a mesh of smooth shades."""

    def __init__(
        self, relief: Relief, heights: Heights, theme: Theme, azimuth: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        x, y, z = _mesh(relief, heights)
        self._points = np.stack([*np.meshgrid(x, y), z], axis=-1)
        self._colors = _shaded(z, theme, azimuth)
        index = np.arange(z.size).reshape(z.shape)
        a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
        cells = np.stack([a, b, c, d, c, b], axis=-1).reshape(-1, 3)
        self._cells = cells[np.isfinite(z.ravel()[cells]).all(axis=1)]
        self._ink = np.array(to_rgb(theme.contour))
        self._triangles: Array = np.empty((0, 3, 2))
        self._shades: Array = np.empty((0, 3, 4))

    def do_3d_projection(self) -> float:
        """Project the mesh and sort it by depth; 3-D Axes ask for it before they draw."""
        stage: Any = self.axes
        flat, depth = _projected(self._points.reshape(-1, 3), stage.get_proj())
        order = np.argsort(-depth[self._cells].sum(axis=1), kind="stable")
        self._triangles = flat[self._cells[order]]
        self._shades = self._colors[self._cells[order]]
        one, other = np.diff(self._triangles, axis=1).transpose(1, 2, 0)
        beneath = one[0] * other[1] < one[1] * other[0]
        self._shades[beneath, :, :3] += _OUTSIDE * (self._ink - self._shades[beneath, :, :3])
        return float(depth[self._cells].min(initial=np.inf))

    @allow_rasterization  # type: ignore[untyped-decorator]
    def draw(self, renderer: Any) -> None:
        """Paint the mesh as it was last projected."""
        if not self.get_visible() or not len(self._triangles):
            return
        stage: Any = self.axes
        gc = renderer.new_gc()
        gc.set_clip_rectangle(stage.bbox)
        transform = stage.transData.frozen()
        renderer.draw_gouraud_triangles(gc, self._triangles, self._shades, transform)
        gc.restore()
        self.stale = False


class Contours(LineCollection):
    """The contours and the rim of a surface, where the surface itself does not hide them."""

    def __init__(self, relief: Relief, heights: Heights, **kwargs: Any) -> None:
        x, y, self._z = _mesh(relief, heights)
        lines = _contour_lines(x, y, self._z, heights(relief.levels))
        grid = np.stack([*np.meshgrid(x, y), self._z], axis=-1)
        rim = [grid[0], grid[-1], grid[:, 0], grid[:, -1]]
        self._points = np.concatenate([*lines, *rim])
        self._cuts = np.cumsum([len(line) for line in (*lines, *rim)])[:-1]
        super().__init__([], **kwargs)

    def do_3d_projection(self) -> float:
        """Project what is seen of the lines; 3-D Axes ask for it before they draw."""
        stage: Any = self.axes
        flat, depth = _projected(self._points, stage.get_proj())
        flat[~unhidden(stage, self._points, self._z)] = np.nan
        self.set_segments(np.split(flat, self._cuts))
        return float(np.nanmin(depth, initial=np.inf))


def _contour_lines(x: Array, y: Array, z: Array, levels: Array) -> list[Array]:
    """Return the contours of a grid, each of shape (n, 3)."""
    if not len(levels):
        return []
    # On an Axes of its own: those of 3-D Axes could not tell what is hidden.
    drawn = Figure().add_subplot().contour(x, y, np.ma.masked_invalid(z), levels)
    found = zip(levels, drawn.allsegs, strict=True)
    return [np.insert(line, 2, level, axis=1) for level, lines in found for line in lines]


def _mesh(relief: Relief, heights: Heights) -> tuple[Array, Array, Array]:
    """Return x, y and heights on a grid that is coarse enough to be painted fast."""
    stride = max(1, round((len(relief.x) - 1) / _MESH))
    return relief.x[::stride], relief.y[::stride], heights(relief.z[::stride, ::stride])


def _projected(points: Array, matrix: Array) -> tuple[Array, Array]:
    """Return where points are in the picture, and how far away."""
    flat = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return flat[:, :2] / flat[:, 3:], flat[:, 2] / flat[:, 3]


def _shaded(z: Array, theme: Theme, azimuth: float) -> Array:
    """Return the colours of a mesh: the ground's, by height, under a light from the left."""
    low, high = (np.nanmin(z), np.nanmax(z)) if np.isfinite(z).any() else (0.0, 1.0)
    level = high - low <= 1e-12 * max(abs(low), abs(high))
    height = np.where(level, 0.5, (z - low) / ((high - low) or 1.0))
    ny, nx = z.shape
    down, across = np.gradient(height * BOX[2], BOX[1] / (ny - 1), BOX[0] / (nx - 1))
    turn = math.radians(azimuth - _LIGHT[1])
    flat = math.cos(math.radians(_LIGHT[0]))
    light = np.array(
        [flat * math.cos(turn), flat * math.sin(turn), math.sin(math.radians(_LIGHT[0]))]
    )
    facing = (light[2] - across * light[0] - down * light[1]) / np.sqrt(1 + across**2 + down**2)
    facing = np.nan_to_num(facing).clip(-1, 1)
    colors: Array = theme.colormap()(np.nan_to_num(height).ravel())
    ink = np.array(to_rgb(theme.contour))
    shadow = (0.75 * (light[2] - facing)).ravel().clip(0, 0.65)[:, None]
    colors[:, :3] = colors[:, :3] * (1 - shadow) + ink * shadow
    return colors
