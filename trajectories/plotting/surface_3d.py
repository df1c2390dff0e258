"""The surface in 3-D: heights, camera and light."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import allow_rasterization
from matplotlib.collections import Collection, LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator
from matplotlib.transforms import Bbox
from mpl_toolkits.mplot3d import Axes3D
from numpy.typing import NDArray

from trajectories.plotting.scene import ContourGrid, Limits, Scene, Track, in_parts
from trajectories.plotting.text import GRID, points
from trajectories.plotting.theme import Theme, setting

Array = NDArray[np.float64]

#: Distance of points along a path, in parts of a side, and number of steps from which it grows.
_SPACING, _POINTS = 0.008, 20_000
#: Tolerance for rounding at the edge of the view, in parts of a side.
_EDGE = 1e-9


@dataclass(frozen=True)
class Heights:
    """A scale of heights on which contours are about equally far apart."""

    floor: float | None
    unit: float = 1.0

    @classmethod
    def of(cls, scene: Scene) -> Heights:
        """Make the scale for a scene."""
        contour_grid = scene.contour_grid
        gaps = np.diff(contour_grid.levels)
        if not len(gaps) or np.ptp(gaps) <= 1e-6 * gaps.max():
            return cls(None)
        low = float(np.nanmin(contour_grid.z))
        floor = low if scene.floor is None else min(scene.floor, low)
        # Not the lowest contour, or the bottom of a valley would become a chasm that hides itself.
        unit = float(contour_grid.levels[len(gaps) // 4]) - floor
        return cls(floor, unit if unit > 0 else float(contour_grid.levels[-1]) - floor)

    def __call__(self, values: Array) -> Array:
        """Return the heights of values of f, at least that of the floor."""
        if self.floor is None:
            return np.asarray(values, dtype=float)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.log1p(np.maximum(np.asarray(values) - self.floor, 0.0) / self.unit)

    @property
    def label(self) -> str:
        """Label of the ticks: f, or f minus the floor, as f + 1.03 for a floor of -1.03."""
        if not self.floor:
            return "$f(x, y)$"
        sign = "+" if self.floor < 0 else "-"
        return f"$f(x, y) {sign} {_written(float(f'{abs(self.floor):.3g}')).strip('$')}$"

    def ticks(self, low: float, high: float, least: float) -> tuple[Array, list[str]]:
        """Choose ticks between two heights: their heights, and values of f minus the floor."""
        if not least < 1:
            return np.empty(0), []
        if self.floor is None:
            values = _round_numbers(low, high, least)
            return self._apart(values, values, low, high, least)
        bottom, top = (float(np.expm1(min(end, 700.0))) * self.unit for end in (low, high))
        first = math.floor(math.log10(self.unit)) - 1
        powers = [10.0**n for n in range(first, math.ceil(math.log10(top)) + 1)]
        values = np.array([0.0, *powers])
        ticks = self._apart(values, np.log1p(values / self.unit), low, high, least)
        if len(ticks[1]) > 1:
            return ticks
        values = np.maximum(_round_numbers(bottom, top, least), 0.0)
        return self._apart(values, np.log1p(values / self.unit), low, high, least)

    def _apart(
        self, values: Array, heights: Array, low: float, high: float, least: float
    ) -> tuple[Array, list[str]]:
        """Select ticks between the ends, each far enough above the one before."""
        rows: list[int] = []
        slack = 1e-9 * (high - low)
        for i, height in enumerate(heights):
            far = not rows or height - heights[rows[-1]] >= least * (high - low)
            if far and low - slack <= height <= high + slack:
                rows.append(i)
        return heights[rows], [_written(float(values[i])) for i in rows]


def _round_numbers(low: float, high: float, least: float) -> Array:
    locator = MaxNLocator(min(5, int(1 / least)), steps=[1, 2, 5, 10])
    return np.asarray(locator.tick_values(low, high))


def _written(value: float) -> str:
    """Write a tick's value, as a power of ten where the number would be long."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.6g}".replace("-", "\N{MINUS SIGN}")
    digits, _, power = f"{value:.3g}".partition("e")
    ten = f"10^{{{int(power or 5)}}}"
    return f"${ten}$" if digits == "1" else f"${digits} \\cdot {ten}$"


@dataclass(frozen=True, eq=False)
class Lifted:
    """The paths of a track on the surface, with points between the steps that follow it."""

    points: Array
    ends: NDArray[np.intp]

    @property
    def stops(self) -> Array:
        """The points at the steps themselves."""
        return self.points[self.ends]


def lifted(
    track: Track, limits: Limits, value: Callable[[Array], Array], heights: Heights
) -> Lifted:
    """Lift the paths of a track to the surface."""
    flat = track.visible
    vectors = np.diff(in_parts(flat, limits), axis=0)
    lengths = np.nan_to_num(abs(vectors).max(axis=(1, 2), initial=0.0, where=np.isfinite(vectors)))
    closer = _SPACING * max(1.0, flat[..., 0].size / _POINTS)
    counts = np.clip(np.ceil(lengths / closer), 1, 400).astype(np.intp)
    index = np.repeat(np.arange(len(counts)), counts)
    ends = np.concatenate([[0], np.cumsum(counts)])
    fraction = ((np.arange(len(index)) - ends[index]) / counts[index])[:, None, None]
    with np.errstate(over="ignore", invalid="ignore"):
        between = flat[index] + fraction * np.diff(flat, axis=0)[index]
        # A finite step stays, also where the next is not.
        between[ends[:-1]] = flat[:-1]
        points = np.concatenate([between, flat[-1:]])
        parts = in_parts(points, limits)
        points[~((parts >= -_EDGE) & (parts <= 1 + _EDGE)).all(axis=-1)] = np.nan
        z = heights(value(points))
    z[~np.isfinite(z)] = np.nan
    return Lifted(np.concatenate([points, z[..., None]], axis=-1), ends)


#: The sides of the box: the width, the depth and the height.
BOX = np.array([1.2, 1.0, 0.56])
#: Azimuths to try, the default first: across the corners of the box.
AZIMUTHS = (-60.0, 30.0, -150.0, 120.0, -30.0, 60.0, -120.0, 150.0)
#: Half the width of the view of Matplotlib's 3-D Axes, in its units.
_HALF = 0.0925
#: Samples along a line of sight, and their tolerance below the surface, in parts of the height.
_SAMPLES, _TOLERANCE = 80, 0.006
#: Least distance of ticks from the ends of an axis, in parts of it.
_ENDS = 0.04
#: Distance of ticks of the upright axis, and gap between an axis and its words, in font sizes.
_APART, _GAP = 1.4, 0.45
#: Padding that 3-D Axes add to ticks and labels.
_TICK_PAD, _LABEL_PAD = 8.0, 21.0


class FilledAxes3D(Axes3D):
    """3-D Axes that fill their panel; Matplotlib's own fill only a square in its middle."""

    #: Shift of the middle to the right and up, in parts of the panel.
    shift: Array = np.zeros(2)

    def apply_aspect(self, position: Bbox | None = None) -> None:
        """Extend the view to the sides, or above and below, around a shifted middle."""
        width, height = self.bbox.size
        across, up = _HALF * max(1.0, width / height), _HALF * max(1.0, height / width)
        right, above = 2 * self.shift
        self.viewLim.intervalx = (across * (right - 1), across * (right + 1))
        self.viewLim.intervaly = (up * (above - 1), up * (above + 1))


def unhidden(ax: Axes3D, points: Array, z: Array) -> NDArray[np.bool_]:
    """Return which points on a surface are visible to the camera."""
    low, high = np.array([ax.get_xlim(), ax.get_ylim(), ax.get_zlim()]).T
    begin = (points - low) / (high - low)
    ground = np.nan_to_num((z - low[2]) / (high[2] - low[2]), nan=-1.0)
    elevation, azimuth = np.radians([ax.elev, ax.azim])
    flat = math.cos(elevation)
    toward = np.array([flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation)])
    toward = toward / BOX
    with np.errstate(divide="ignore", invalid="ignore"):
        # Distance to each wall of the box, and to its lid.
        distances = np.where(toward > 0, 1 - begin, begin) / abs(toward)
    reach = np.clip(np.nan_to_num(distances.min(axis=1), nan=0.0), 0, 10)
    sides = np.array(ground.shape[::-1]) - 1
    column, row = np.rint(np.nan_to_num(begin[:, :2]).clip(0, 1) * sides).astype(int).T
    up, across = np.gradient(ground)
    rise = across * sides[0] * toward[0] + up * sides[1] * toward[1]
    # Slopes that rise toward the camera more steeply than the line of sight face away from it.
    visible = rise[row, column] < toward[2]
    for part in np.linspace(0, 1, _SAMPLES + 1)[1:]:
        point = begin + (part * reach)[:, None] * toward
        visible &= ~(_between(ground, point[:, :2]) > point[:, 2] + _TOLERANCE)
    return np.asarray(visible)


def _between(grid: Array, positions: Array) -> Array:
    """Interpolate a grid, shape (ny, nx), at positions in parts of its width and height."""
    sides = np.array(grid.shape[::-1]) - 1
    at = np.nan_to_num(positions).clip(0, 1) * sides
    column, row = np.minimum(at.astype(int), sides - 1).T
    right, up = at[:, 0] - column, at[:, 1] - row
    lower = grid[row, column] * (1 - right) + grid[row, column + 1] * right
    upper = grid[row + 1, column] * (1 - right) + grid[row + 1, column + 1] * right
    return np.asarray(lower * (1 - up) + upper * up)


def in_pixels(ax: Axes3D, positions: Array) -> Array:
    """Project positions to pixels, shape (n, 2)."""
    flat = np.column_stack([positions, np.ones(len(positions))]) @ ax.get_proj().T
    return np.asarray(ax.transData.transform(flat[:, :2] / flat[:, 3:]))


def set_limits(ax: Axes3D, scene: Scene, z: Array, heights: Heights) -> None:
    """Set the limits of all axes: those of the scene, and the surface's heights."""
    finite = z[np.isfinite(z)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if not high - low > 1e-12 * max(abs(low), abs(high)):
        room = max(1.0, abs(low))
        low, high = low - room, high + room
    elif 0 < low < 0.05 * high and heights.floor is not None:
        low = 0.0  # The grid has just missed the minimum.
    ax.set_xlim(scene.limits[0], view_margin=0)
    ax.set_ylim(scene.limits[1], view_margin=0)
    ax.set_zlim(low, high, view_margin=0)
    ax.set_box_aspect(BOX)


def style_axes(ax: Axes3D, heights: Heights) -> None:
    """Style the axes of the box, and the outline of its floor."""
    ax.grid(False)
    for axis, kind in ((ax.xaxis, "xtick"), (ax.yaxis, "ytick"), (ax.zaxis, "ytick")):
        color, words = setting(f"{kind}.color"), setting(f"{kind}.labelcolor")
        axis.set_pane_color((1, 1, 1, 0))
        axis.pane.set(edgecolor="none", linewidth=setting("grid.linewidth"), closed=True)
        axis.line.set(color=setting("axes.edgecolor"), linewidth=setting("axes.linewidth"))
        axis._axinfo["tick"].update(inward_factor=0.0, outward_factor=0.2)
        ax.tick_params(
            axis=axis.axis_name,
            color=color,
            labelcolor=color if words == "inherit" else words,
            labelsize=points(f"{kind}.labelsize"),
            labelfontfamily=setting("font.family"),
        )
        # Labels at the very ends would overlap those of the next axis.
        first, last = axis.get_view_interval()
        at = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(first, last)
        margin = _ENDS * (last - first)
        axis.set_major_locator(FixedLocator(at[(at > first + margin) & (at < last - margin)]))
    ax.zaxis.pane.set_edgecolor(setting("grid.color"))
    label = {"color": setting("axes.labelcolor"), "fontsize": points("axes.labelsize")}
    ax.set_xlabel("$x$", **label)
    ax.set_ylabel("$y$", **label)
    ax.set_zlabel(heights.label, **label)
    ax.zaxis.set_rotate_label(True)


def _set_height_ticks(ax: Axes3D, heights: Heights) -> None:
    """Choose values of f along the upright axis, as many as have room."""
    low, high = ax.get_zlim()
    ends = in_pixels(ax, np.array([[0.0, 0.0, low], [0.0, 0.0, high]]))
    length = float(np.hypot(*(ends[1] - ends[0]))) / ax.figure.dpi * 72
    least = _APART * points("ytick.labelsize") / max(length, 1e-9)
    at, words = heights.ticks(low, high, least)
    ax.zaxis.set_major_locator(FixedLocator(at.tolist()))
    ax.zaxis.set_major_formatter(FixedFormatter(words))
    ax.zaxis.label.set_visible(bool(words))  # The upright axis has no length from above.


def _extent(axis: Any) -> Bbox:
    """Measure an axis with its words in the current view."""
    if not hasattr(axis, "_update_all_positions"):
        # Before Matplotlib 3.11, only drawing moves its words there.
        renderer = axis.figure._get_renderer()
        with renderer._draw_disabled():
            axis.draw(renderer)
    box: Bbox = axis.get_tightbbox(None)
    return box


def _set_pads(ax: Axes3D) -> None:
    """Set the distance of each axis' words so that they clear it, which 3-D Axes only guess."""
    gap = _GAP * points("xtick.labelsize") * ax.figure.dpi / 72
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        ends = ax.transData.transform(np.transpose(axis.line.get_data()))
        along = np.hypot(*(ends[1] - ends[0]))
        if along < 1:
            continue
        normal = np.array([ends[0][1] - ends[1][1], ends[1][0] - ends[0][0]]) / along

        def away(word: Text, across: Array = normal, begin: Array = ends[0]) -> tuple[float, float]:
            """Measure the distance of a word's middle from the axis, and half its extent."""
            middle = ax.transData.transform(word.get_position())
            half = np.asarray(word.get_window_extent().size) / 2
            return abs(float((middle - begin) @ across)), float(half @ abs(across))

        ticks = [tick for tick in axis.get_major_ticks() if tick.label1.get_text()]
        used, share = 0.0, 1.0
        if ticks:
            measured = [away(tick.label1) for tick in ticks]
            reach = max(half for _, half in measured)
            share = _share(gap + reach, min(far for far, _ in measured))
            used = 2 * reach + gap
        far, reach = away(axis.label)
        _move_words(axis, share, _share(used + gap + reach, far))


def _share(needed: float, far: float) -> float:
    """Return the factor from one distance to another, limited for axes seen end-on."""
    return min(max(needed / max(far, 1e-9), 0.5), 2.0)


def _move_words(axis: Any, ticks: float, label: float) -> None:
    """Multiply the distances of an axis' words by factors."""
    pad = axis.get_major_ticks()[0].get_pad() if len(axis.get_majorticklocs()) else 0.0
    axis.set_tick_params(pad=(pad + _TICK_PAD) * ticks - _TICK_PAD)
    axis.labelpad = (axis.labelpad + _LABEL_PAD) * label - _LABEL_PAD


def best_azimuth(ax: Axes3D, tracks: Sequence[Lifted], minima: Array, z: Array) -> float:
    """Return the azimuth that shows most of the paths and minima; the default if as good."""
    positions = np.concatenate([track.points.reshape(-1, 3) for track in tracks])
    positions = positions[np.isfinite(positions).all(axis=1)]
    positions = positions[:: max(1, len(positions) // 1000)]
    best, highest = AZIMUTHS[0], 0.0
    for azimuth in AZIMUTHS:
        ax.view_init(ax.elev, azimuth)
        paths = unhidden(ax, positions, z).sum() / max(len(positions), 1)
        stars = unhidden(ax, minima, z).sum() / max(len(minima), 1)
        score = float(paths + 0.5 * stars)
        if score > highest + 0.03:
            best, highest = azimuth, score
    return best


def fit(ax: Axes3D, heights: Heights, contour_grid: ContourGrid, z: Array, orbit: float) -> Array:
    """Enlarge the surface to fill its panel at every azimuth; return the pixels it occupies."""
    limits = np.array([ax.get_xlim(), ax.get_ylim(), ax.get_zlim()])
    floor = np.array(np.meshgrid(*limits[:2], limits[2, :1])).reshape(3, -1).T
    grid = np.stack([*np.meshgrid(contour_grid.x[::6], contour_grid.y[::6]), z[::6, ::6]], axis=-1)
    grid = grid.reshape(-1, 3)
    positions = np.concatenate([floor, grid[np.isfinite(grid).all(axis=1)]])
    azimuth, zoom = ax.azim, 1.0
    turn = min(abs(orbit), 360.0) * np.sign(orbit)
    # The last is the final azimuth, for which the words are set.
    azimuths = azimuth - np.linspace(turn, 0, 1 + math.ceil(abs(turn) / 20))
    for _ in range(4):
        _set_height_ticks(ax, heights)
        views, words = [], []
        for at in azimuths:
            ax.view_init(ax.elev, at)
            ax.M = ax.get_proj()
            views.append(in_pixels(ax, positions))
            words += [_extent(axis) for axis in (ax.xaxis, ax.yaxis, ax.zaxis)]
        _set_pads(ax)
        covered = np.concatenate(views)
        bounds = np.array([covered.min(axis=0), covered.max(axis=0)])
        extent = Bbox.union([Bbox(bounds), *words]).get_points()
        panel = ax.bbox.get_points()
        # The words keep their size when the surface grows.
        if isinstance(ax, FilledAxes3D):
            room, needed = np.diff(panel - extent + bounds, axis=0)[0], np.diff(bounds, axis=0)[0]
            ax.shift = ax.shift + (extent - panel).mean(axis=0) / ax.bbox.size
            ax.apply_aspect()
        else:
            room = ax.bbox.size / 2 - abs(extent - bounds).max(axis=0)
            needed = abs(bounds - panel.mean(axis=0)).max(axis=0)
        larger = float((np.maximum(room, 0.1 * ax.bbox.size) / needed).min())
        zoom *= larger
        ax.set_box_aspect(BOX, zoom=zoom)
        for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
            _move_words(axis, 1 / larger, 1 / larger)
    ax.view_init(ax.elev, azimuth)
    # The words of ticks stand along the edges of the floor, somewhat outside.
    rim = in_pixels(ax, floor[[0, 1, 3, 2, 0]])
    t = np.linspace(0, 1, 30)[:, None]
    edges = np.concatenate([a + t * (b - a) for a, b in zip(rim[:-1], rim[1:], strict=True)])
    middle = rim[:4].mean(axis=0)
    beside = [middle + reach * (edges - middle) for reach in (1.0, 1.08, 1.16, 1.24)]
    return np.concatenate([covered, *beside, *(box.min + box.size * GRID for box in words)])


#: Approximate number of points of the mesh along each side.
_MESH = 150
#: How much darker the surface is from below.
_OUTSIDE = 0.6
#: Elevation of the light, and its angle to the left of the camera, in degrees.
_LIGHT = (50.0, 60.0)


class SurfaceMesh(Collection):
    """A surface, painted from back to front as a mesh of smooth shades."""

    def __init__(
        self,
        contour_grid: ContourGrid,
        heights: Heights,
        theme: Theme,
        azimuth: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        x, y, z = _mesh(contour_grid, heights)
        self._points = np.stack([*np.meshgrid(x, y), z], axis=-1)
        self._colors = _shaded(z, theme, azimuth)
        index = np.arange(z.size).reshape(z.shape)
        a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
        cells = np.stack([a, b, c, d, c, b], axis=-1).reshape(-1, 3)
        self._cells = cells[np.isfinite(z.ravel()[cells]).all(axis=1)]
        self._ink = np.array(to_rgb(theme.contour))
        self._triangles: Array = np.empty((0, 3, 2))
        self._shaded: Array = np.empty((0, 3, 4))

    def do_3d_projection(self) -> float:
        """Project the mesh and sort it by depth; 3-D Axes call it before they draw."""
        axes_3d: Any = self.axes
        flat, depth = _projected(self._points.reshape(-1, 3), axes_3d.get_proj())
        order = np.argsort(-depth[self._cells].sum(axis=1), kind="stable")
        self._triangles = flat[self._cells[order]]
        self._shaded = self._colors[self._cells[order]]
        one, other = np.diff(self._triangles, axis=1).transpose(1, 2, 0)
        beneath = one[0] * other[1] < one[1] * other[0]
        self._shaded[beneath, :, :3] += _OUTSIDE * (self._ink - self._shaded[beneath, :, :3])
        return float(depth[self._cells].min(initial=np.inf))

    @allow_rasterization  # type: ignore[untyped-decorator]
    def draw(self, renderer: Any) -> None:
        """Paint the mesh as it was last projected."""
        if not self.get_visible() or not len(self._triangles):
            return
        axes_3d: Any = self.axes
        gc = renderer.new_gc()
        gc.set_clip_rectangle(axes_3d.bbox)
        transform = axes_3d.transData.frozen()
        renderer.draw_gouraud_triangles(gc, self._triangles, self._shaded, transform)
        gc.restore()
        self.stale = False


class Contours(LineCollection):
    """The visible contours and rim of a surface."""

    def __init__(self, contour_grid: ContourGrid, heights: Heights, **kwargs: Any) -> None:
        x, y, self._z = _mesh(contour_grid, heights)
        lines = _contour_lines(x, y, self._z, heights(contour_grid.levels))
        grid = np.stack([*np.meshgrid(x, y), self._z], axis=-1)
        rim = [grid[0], grid[-1], grid[:, 0], grid[:, -1]]
        self._points = np.concatenate([*lines, *rim])
        self._cuts = np.cumsum([len(line) for line in (*lines, *rim)])[:-1]
        super().__init__([], **kwargs)

    def do_3d_projection(self) -> float:
        """Project the visible parts of the lines; 3-D Axes call it before they draw."""
        axes_3d: Any = self.axes
        flat, depth = _projected(self._points, axes_3d.get_proj())
        flat[~unhidden(axes_3d, self._points, self._z)] = np.nan
        self.set_segments(np.split(flat, self._cuts))
        return float(np.nanmin(depth, initial=np.inf))


def _contour_lines(x: Array, y: Array, z: Array, levels: Array) -> list[Array]:
    """Return the contours of a grid, each of shape (n, 3)."""
    if not len(levels):
        return []
    # On separate Axes, as contours of 3-D Axes do not know what is hidden.
    contours = Figure().add_subplot().contour(x, y, np.ma.masked_invalid(z), levels)
    pairs = zip(levels, contours.allsegs, strict=True)
    return [np.insert(line, 2, level, axis=1) for level, lines in pairs for line in lines]


def _mesh(contour_grid: ContourGrid, heights: Heights) -> tuple[Array, Array, Array]:
    """Return x, y and heights on a grid coarse enough for fast painting."""
    stride = max(1, round((len(contour_grid.x) - 1) / _MESH))
    return (
        contour_grid.x[::stride],
        contour_grid.y[::stride],
        heights(contour_grid.z[::stride, ::stride]),
    )


def _projected(points: Array, matrix: Array) -> tuple[Array, Array]:
    """Return the projected positions of points, and their depths."""
    flat = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return flat[:, :2] / flat[:, 3:], flat[:, 2] / flat[:, 3]


def _shaded(z: Array, theme: Theme, azimuth: float) -> Array:
    """Return the colours of a mesh, by height, under a light from the left."""
    low, high = (np.nanmin(z), np.nanmax(z)) if np.isfinite(z).any() else (0.0, 1.0)
    level = high - low <= 1e-12 * max(abs(low), abs(high))
    height = np.where(level, 0.5, (z - low) / ((high - low) or 1.0))
    ny, nx = z.shape
    down, across = np.gradient(height * BOX[2], BOX[1] / (ny - 1), BOX[0] / (nx - 1))
    angle = math.radians(azimuth - _LIGHT[1])
    flat = math.cos(math.radians(_LIGHT[0]))
    light = np.array(
        [flat * math.cos(angle), flat * math.sin(angle), math.sin(math.radians(_LIGHT[0]))]
    )
    facing = (light[2] - across * light[0] - down * light[1]) / np.sqrt(1 + across**2 + down**2)
    facing = np.nan_to_num(facing).clip(-1, 1)
    colors: Array = theme.colormap()(np.nan_to_num(height).ravel())
    ink = np.array(to_rgb(theme.contour))
    shadow = (0.75 * (light[2] - facing)).ravel().clip(0, 0.65)[:, None]
    colors[:, :3] = colors[:, :3] * (1 - shadow) + ink * shadow
    return colors
