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

#: Distance of the points along a lifted path, in parts of a side; larger from so many steps on.
_SPACING, _POINTS = 0.008, 20_000
#: How far outside the view rounding may put a path's end at the edge, in parts of a side.
_EDGE = 1e-9


@dataclass(frozen=True)
class Heights:
    """A scale of heights on which the contours of a relief are about equally far apart."""

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
        # Not the very lowest contour, or the bottom of a valley becomes a chasm that hides itself.
        unit = float(contour_grid.levels[len(gaps) // 4]) - floor
        return cls(floor, unit if unit > 0 else float(contour_grid.levels[-1]) - floor)

    def __call__(self, values: Array) -> Array:
        """Return the heights of values of f; below the floor there is only the floor."""
        if self.floor is None:
            return np.asarray(values, dtype=float)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.log1p(np.maximum(np.asarray(values) - self.floor, 0.0) / self.unit)

    @property
    def label(self) -> str:
        """What the ticks tell: f, or f less the floor, as f + 1.03 if the floor is -1.03."""
        if not self.floor:
            return "$f(x, y)$"
        sign = "+" if self.floor < 0 else "-"
        return f"$f(x, y) {sign} {_written(float(f'{abs(self.floor):.3g}')).strip('$')}$"

    def ticks(self, low: float, high: float, least: float) -> tuple[Array, list[str]]:
        """Choose where between two heights to write which values of f, less the floor."""
        if not least < 1:
            return np.empty(0), []
        if self.floor is None:
            values = _round_numbers(low, high, least)
            return self._apart(values, values, low, high, least)
        bottom, top = (float(np.expm1(min(end, 700.0))) * self.unit for end in (low, high))
        first = math.floor(math.log10(self.unit)) - 1
        powers = [10.0**n for n in range(first, math.ceil(math.log10(top)) + 1)]
        values = np.array([0.0, *powers])
        kept = self._apart(values, np.log1p(values / self.unit), low, high, least)
        if len(kept[1]) > 1:
            return kept
        values = np.maximum(_round_numbers(bottom, top, least), 0.0)
        return self._apart(values, np.log1p(values / self.unit), low, high, least)

    def _apart(
        self, values: Array, heights: Array, low: float, high: float, least: float
    ) -> tuple[Array, list[str]]:
        """Keep those that lie between the ends, and far enough above the last that was kept."""
        kept: list[int] = []
        slack = 1e-9 * (high - low)
        for i, height in enumerate(heights):
            far = not kept or height - heights[kept[-1]] >= least * (high - low)
            if far and low - slack <= height <= high + slack:
                kept.append(i)
        return heights[kept], [_written(float(values[i])) for i in kept]


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
    """Put the paths of a track on the surface."""
    flat = track.visible
    ways = np.diff(in_parts(flat, limits), axis=0)
    lengths = np.nan_to_num(abs(ways).max(axis=(1, 2), initial=0.0, where=np.isfinite(ways)))
    closer = _SPACING * max(1.0, flat[..., 0].size / _POINTS)
    counts = np.clip(np.ceil(lengths / closer), 1, 400).astype(np.intp)
    which = np.repeat(np.arange(len(counts)), counts)
    ends = np.concatenate([[0], np.cumsum(counts)])
    share = ((np.arange(len(which)) - ends[which]) / counts[which])[:, None, None]
    with np.errstate(over="ignore", invalid="ignore"):
        between = flat[which] + share * np.diff(flat, axis=0)[which]
        # A step that is there stays, also where the next is not.
        between[ends[:-1]] = flat[:-1]
        points = np.concatenate([between, flat[-1:]])
        parts = in_parts(points, limits)
        points[~((parts >= -_EDGE) & (parts <= 1 + _EDGE)).all(axis=-1)] = np.nan
        z = heights(value(points))
    z[~np.isfinite(z)] = np.nan
    return Lifted(np.concatenate([points, z[..., None]], axis=-1), ends)


#: The sides of the box: the width, the depth and the height.
BOX = np.array([1.2, 1.0, 0.56])
#: Where the camera may stand, the most usual first: across the corners of the box.
AZIMUTHS = (-60.0, 30.0, -150.0, 120.0, -30.0, 60.0, -120.0, 150.0)
#: Half the width of what Matplotlib's 3-D Axes show, in its own units.
_HALF = 0.0925
#: Looks along a line of sight, and how far below the surface they may be: in parts of the height.
_LOOKS, _THICK = 80, 0.006
#: No ticks so near the ends of an axis, in parts of it.
_ENDS = 0.04
#: Lines of print from tick to tick of the upright axis; between an axis and words, in font sizes.
_APART, _GAP = 1.4, 0.45
#: What 3-D Axes add to the pads of ticks and of labels.
_TICK_PAD, _LABEL_PAD = 8.0, 21.0


class FilledAxes3D(Axes3D):
    """3-D Axes that fill their panel, where Matplotlib's own keep to a square in its middle."""

    #: What part of the panel is its middle to the right of and above what Matplotlib takes.
    shift: Array = np.zeros(2)

    def apply_aspect(self, position: Bbox | None = None) -> None:
        """Show more to the sides, or above and below, with the middle where it was."""
        width, height = self.bbox.size
        across, up = _HALF * max(1.0, width / height), _HALF * max(1.0, height / width)
        right, above = 2 * self.shift
        self.viewLim.intervalx = (across * (right - 1), across * (right + 1))
        self.viewLim.intervaly = (up * (above - 1), up * (above + 1))


def unhidden(ax: Axes3D, points: Array, z: Array) -> NDArray[np.bool_]:
    """Tell which points on a surface the camera sees past the surface."""
    low, high = np.array([ax.get_xlim(), ax.get_ylim(), ax.get_zlim()]).T
    begin = (points - low) / (high - low)
    ground = np.nan_to_num((z - low[2]) / (high[2] - low[2]), nan=-1.0)
    elevation, azimuth = np.radians([ax.elev, ax.azim])
    flat = math.cos(elevation)
    toward = np.array([flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation)])
    toward = toward / BOX
    with np.errstate(divide="ignore", invalid="ignore"):
        # How far it is to each wall of the box, and to its lid.
        ways = np.where(toward > 0, 1 - begin, begin) / abs(toward)
    reach = np.clip(np.nan_to_num(ways.min(axis=1), nan=0.0), 0, 10)
    sides = np.array(ground.shape[::-1]) - 1
    column, row = np.rint(np.nan_to_num(begin[:, :2]).clip(0, 1) * sides).astype(int).T
    up, across = np.gradient(ground)
    rise = across * sides[0] * toward[0] + up * sides[1] * toward[1]
    # A wall that rises toward the camera more steeply than the line of sight turns its back on it.
    seen = rise[row, column] < toward[2]
    for share in np.linspace(0, 1, _LOOKS + 1)[1:]:
        here = begin + (share * reach)[:, None] * toward
        seen &= ~(_between(ground, here[:, :2]) > here[:, 2] + _THICK)
    return np.asarray(seen)


def _between(grid: Array, places: Array) -> Array:
    """Interpolate a grid, shape (ny, nx), at places in parts of its width and height."""
    sides = np.array(grid.shape[::-1]) - 1
    at = np.nan_to_num(places).clip(0, 1) * sides
    column, row = np.minimum(at.astype(int), sides - 1).T
    right, up = at[:, 0] - column, at[:, 1] - row
    lower = grid[row, column] * (1 - right) + grid[row, column + 1] * right
    upper = grid[row + 1, column] * (1 - right) + grid[row + 1, column + 1] * right
    return np.asarray(lower * (1 - up) + upper * up)


def in_pixels(ax: Axes3D, places: Array) -> Array:
    """Return where the camera sees places, shape (n, 2)."""
    flat = np.column_stack([places, np.ones(len(places))]) @ ax.get_proj().T
    return np.asarray(ax.transData.transform(flat[:, :2] / flat[:, 3:]))


def set_limits(ax: Axes3D, scene: Scene, z: Array, heights: Heights) -> None:
    """Set the limits of all axes: to what is shown, and to the surface's heights."""
    there = z[np.isfinite(z)]
    low, high = (float(there.min()), float(there.max())) if there.size else (0.0, 1.0)
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
    """Make the box calm: its axes, and the outline of its floor."""
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
        # Labels at the very ends would run into those of the next axis.
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
    """Choose values of f along the upright axis, as many as there is room for now."""
    low, high = ax.get_zlim()
    ends = in_pixels(ax, np.array([[0.0, 0.0, low], [0.0, 0.0, high]]))
    length = float(np.hypot(*(ends[1] - ends[0]))) / ax.figure.dpi * 72
    least = _APART * points("ytick.labelsize") / max(length, 1e-9)
    at, words = heights.ticks(low, high, least)
    ax.zaxis.set_major_locator(FixedLocator(at.tolist()))
    ax.zaxis.set_major_formatter(FixedFormatter(words))
    ax.zaxis.label.set_visible(bool(words))  # Seen from above there is no upright axis.


def _extent(axis: Any) -> Bbox:
    """Measure an axis with its words, where the camera sees them now."""
    if not hasattr(axis, "_update_all_positions"):
        # Before Matplotlib 3.11, its words go there only when they are drawn.
        renderer = axis.figure._get_renderer()
        with renderer._draw_disabled():
            axis.draw(renderer)
    box: Bbox = axis.get_tightbbox(None)
    return box


def _set_pads(ax: Axes3D) -> None:
    """Move the words of each axis so far away that they clear it: 3-D Axes only guess."""
    gap = _GAP * points("xtick.labelsize") * ax.figure.dpi / 72
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        ends = ax.transData.transform(np.transpose(axis.line.get_data()))
        along = np.hypot(*(ends[1] - ends[0]))
        if along < 1:
            continue
        normal = np.array([ends[0][1] - ends[1][1], ends[1][0] - ends[0][0]]) / along

        def away(word: Text, across: Array = normal, begin: Array = ends[0]) -> tuple[float, float]:
            """Measure how far a word's middle is from the axis, and how far it reaches."""
            middle = ax.transData.transform(word.get_position())
            half = np.asarray(word.get_window_extent().size) / 2
            return abs(float((middle - begin) @ across)), float(half @ abs(across))

        ticks = [tick for tick in axis.get_major_ticks() if tick.label1.get_text()]
        taken, share = 0.0, 1.0
        if ticks:
            measured = [away(tick.label1) for tick in ticks]
            reach = max(half for _, half in measured)
            share = _share(gap + reach, min(far for far, _ in measured))
            taken = 2 * reach + gap
        far, reach = away(axis.label)
        _move_words(axis, share, _share(taken + gap + reach, far))


def _share(needed: float, far: float) -> float:
    """Return how many times farther something must go, which may be seen from its very end."""
    return min(max(needed / max(far, 1e-9), 0.5), 2.0)


def _move_words(axis: Any, ticks: float, label: float) -> None:
    """Move the words of an axis so many times farther away."""
    pad = axis.get_major_ticks()[0].get_pad() if len(axis.get_majorticklocs()) else 0.0
    axis.set_tick_params(pad=(pad + _TICK_PAD) * ticks - _TICK_PAD)
    axis.labelpad = (axis.labelpad + _LABEL_PAD) * label - _LABEL_PAD


def best_azimuth(ax: Axes3D, tracks: Sequence[Lifted], minima: Array, z: Array) -> float:
    """Return from where most of the paths and minima is seen; the most usual place if as good."""
    places = np.concatenate([track.points.reshape(-1, 3) for track in tracks])
    places = places[np.isfinite(places).all(axis=1)]
    places = places[:: max(1, len(places) // 1000)]
    best, most = AZIMUTHS[0], 0.0
    for azimuth in AZIMUTHS:
        ax.view_init(ax.elev, azimuth)
        seen = unhidden(ax, places, z).sum() / max(len(places), 1)
        found = unhidden(ax, minima, z).sum() / max(len(minima), 1)
        score = float(seen + 0.5 * found)
        if score > most + 0.03:
            best, most = azimuth, score
    return best


def fit(ax: Axes3D, heights: Heights, contour_grid: ContourGrid, z: Array, orbit: float) -> Array:
    """Make the surface and its axes as large as the panel allows, wherever the camera turns."""
    limits = np.array([ax.get_xlim(), ax.get_ylim(), ax.get_zlim()])
    floor = np.array(np.meshgrid(*limits[:2], limits[2, :1])).reshape(3, -1).T
    grid = np.stack([*np.meshgrid(contour_grid.x[::6], contour_grid.y[::6]), z[::6, ::6]], axis=-1)
    grid = grid.reshape(-1, 3)
    spots = np.concatenate([floor, grid[np.isfinite(grid).all(axis=1)]])
    azimuth, zoom = ax.azim, 1.0
    turned = min(abs(orbit), 360.0) * np.sign(orbit)
    # The last is where the camera comes to rest: there the words are set.
    turns = azimuth - np.linspace(turned, 0, 1 + math.ceil(abs(turned) / 20))
    for _ in range(4):
        _set_height_ticks(ax, heights)
        seen, words = [], []
        for at in turns:
            ax.view_init(ax.elev, at)
            ax.M = ax.get_proj()
            seen.append(in_pixels(ax, spots))
            words += [_extent(axis) for axis in (ax.xaxis, ax.yaxis, ax.zaxis)]
        _set_pads(ax)
        covered = np.concatenate(seen)
        shown = np.array([covered.min(axis=0), covered.max(axis=0)])
        whole = Bbox.union([Bbox(shown), *words]).get_points()
        panel = ax.bbox.get_points()
        # What hangs over stays as large when the rest grows.
        if isinstance(ax, FilledAxes3D):
            room, needed = np.diff(panel - whole + shown, axis=0)[0], np.diff(shown, axis=0)[0]
            ax.shift = ax.shift + (whole - panel).mean(axis=0) / ax.bbox.size
            ax.apply_aspect()
        else:
            room = ax.bbox.size / 2 - abs(whole - shown).max(axis=0)
            needed = abs(shown - panel.mean(axis=0)).max(axis=0)
        larger = float((np.maximum(room, 0.1 * ax.bbox.size) / needed).min())
        zoom *= larger
        ax.set_box_aspect(BOX, zoom=zoom)
        for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
            _move_words(axis, 1 / larger, 1 / larger)
    ax.view_init(ax.elev, azimuth)
    # The ticks' words stand along the edges of the floor, somewhat outside.
    rim = in_pixels(ax, floor[[0, 1, 3, 2, 0]])
    t = np.linspace(0, 1, 30)[:, None]
    edges = np.concatenate([a + t * (b - a) for a, b in zip(rim[:-1], rim[1:], strict=True)])
    middle = rim[:4].mean(axis=0)
    beside = [middle + reach * (edges - middle) for reach in (1.0, 1.08, 1.16, 1.24)]
    return np.concatenate([covered, *beside, *(box.min + box.size * GRID for box in words)])


#: About so many points of the mesh along each side.
_MESH = 150
#: How much darker the surface is where it is seen from below.
_OUTSIDE = 0.6
#: The light's elevation, and how far to the camera's left it is, in degrees.
_LIGHT = (50.0, 60.0)


class SurfaceMesh(Collection):
    """A surface, painted from the back to the front as a mesh of smooth shades."""

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
        """Project the mesh and sort it by depth; 3-D Axes ask for it before they draw."""
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
    """The contours and the rim of a surface, where the surface itself does not hide them."""

    def __init__(self, contour_grid: ContourGrid, heights: Heights, **kwargs: Any) -> None:
        x, y, self._z = _mesh(contour_grid, heights)
        lines = _contour_lines(x, y, self._z, heights(contour_grid.levels))
        grid = np.stack([*np.meshgrid(x, y), self._z], axis=-1)
        rim = [grid[0], grid[-1], grid[:, 0], grid[:, -1]]
        self._points = np.concatenate([*lines, *rim])
        self._cuts = np.cumsum([len(line) for line in (*lines, *rim)])[:-1]
        super().__init__([], **kwargs)

    def do_3d_projection(self) -> float:
        """Project what is seen of the lines; 3-D Axes ask for it before they draw."""
        axes_3d: Any = self.axes
        flat, depth = _projected(self._points, axes_3d.get_proj())
        flat[~unhidden(axes_3d, self._points, self._z)] = np.nan
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


def _mesh(contour_grid: ContourGrid, heights: Heights) -> tuple[Array, Array, Array]:
    """Return x, y and heights on a grid that is coarse enough to be painted fast."""
    stride = max(1, round((len(contour_grid.x) - 1) / _MESH))
    return (
        contour_grid.x[::stride],
        contour_grid.y[::stride],
        heights(contour_grid.z[::stride, ::stride]),
    )


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
