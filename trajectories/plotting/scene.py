"""The Scene: the content of a picture of paths, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from typing import Any, Protocol

import numpy as np
from matplotlib.artist import Artist, ArtistInspector
from matplotlib.axes import Axes
from matplotlib.cbook import normalize_kwargs
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from trajectories.checks import must, rectangle, unknown
from trajectories.plotting.theme import setting
from trajectories.surfaces.surface import Surface, local_minima
from trajectories.trajectory import Anatomy, Trajectory, dissect

Array = NDArray[np.float64]
Limits = tuple[tuple[float, float], tuple[float, float]]

_MARGIN = 0.1
#: Scales of x and y are equal, unless that would extend a side by more than this factor.
_STRETCH = 3.0
#: Least size of a view, in parts of its distance from 0.
_NARROWEST = 1e-9
_MIN_SIZE = 1e-300


def view(
    surface: Surface,
    trajectories: Sequence[Trajectory] = (),
    *,
    limits: str | Sequence[Sequence[float]] | None = None,
    aspect: float | None = None,
) -> Limits:
    """Choose the part of the plane to show."""
    if limits is not None and not isinstance(limits, str):
        return rectangle("limits", limits)
    if limits not in (None, "domain"):
        raise must("limits", "'domain' or ((xmin, xmax), (ymin, ymax))", limits)
    domain = np.array(surface.domain)
    if limits == "domain" or not trajectories:
        return surface.domain
    starts = np.concatenate([path.start.reshape(-1, 2) for path in trajectories])
    anchors = np.concatenate([starts, surface.minima])
    points = np.concatenate([anchors, *(path.positions.reshape(-1, 2) for path in trajectories)])
    anchors = anchors[np.isfinite(anchors).all(axis=1)]
    if not len(anchors):
        return surface.domain
    low = np.minimum(domain[:, 0], anchors.min(axis=0))
    high = np.maximum(domain[:, 1], anchors.max(axis=0))
    room = 0.15 * (high - low)
    near = ((points >= low - room) & (points <= high + room)).all(axis=1)
    low, high = points[near].min(axis=0), points[near].max(axis=0)
    size = np.maximum(high - low, 0.05 * (domain[:, 1] - domain[:, 0]))
    return framed((low + high) / 2, size, aspect)


def framed(middle: Array, size: Array, aspect: float | None = None) -> Limits:
    """Return limits with a margin, and with equal scales of x and y where possible."""
    # Wide enough for neighbouring floats to differ.
    size = np.maximum(size * (1 + 2 * _MARGIN), _NARROWEST * abs(middle) + _MIN_SIZE)
    if aspect is not None:
        wanted = np.maximum(size, [size[1] * aspect, size[0] / aspect])
        size = wanted if (wanted <= _STRETCH * size).all() else np.maximum(size, wanted / _STRETCH)
    (x0, x1), (y0, y1) = np.stack([middle - size / 2, middle + size / 2], axis=1).tolist()
    return (x0, x1), (y0, y1)


def in_parts(points: Array, limits: Limits) -> Array:
    """Return positions in parts of the view's width and height, from 0 to 1 inside."""
    (x0, x1), (y0, y1) = limits
    return np.asarray((points - np.array([x0, y0])) / np.array([x1 - x0, y1 - y0]))


#: Grid points along each side.
RESOLUTION = 301
_LEVELS = 14
#: Greater heights are left blank, as the interpolation of contours would overflow.
_MAX_HEIGHT = 1e150


@dataclass(frozen=True, eq=False)
class ContourGrid:
    """A surface on a grid, with the levels of its contours."""

    x: Array
    y: Array
    z: Array
    levels: Array


def make_contour_grid(
    surface: Surface, limits: Limits, resolution: int = RESOLUTION
) -> ContourGrid:
    """Evaluate a surface on a grid, and choose the levels of its contours."""
    x, y = (np.linspace(low, high, resolution) for low, high in limits)
    return contour_grid_of(x, y, np.asarray(surface(x[None, :], y[:, None])), surface.floor)


def contour_grid_of(x: Array, y: Array, z: Array, floor: float | None) -> ContourGrid:
    """Choose the levels of the contours of values on a grid."""
    z[~(abs(z) < _MAX_HEIGHT)] = np.nan
    return ContourGrid(x, y, z, _levels(z, floor))


def _levels(z: Array, floor: float | None) -> Array:
    heights = z[np.isfinite(z)]
    if heights.size == 0 or np.ptp(heights) <= 1e-12 * np.abs(heights).max():
        return np.empty(0)
    low, high = heights.min(), heights.max()
    if floor is None and not len(local_minima(z)):
        return np.linspace(low, high, _LEVELS + 2)[1:-1]
    floor = float(low) if floor is None else min(floor, float(low))
    excess = heights - floor
    lowest = max(float(np.quantile(excess, 0.015)), 1e-7 * float(excess.max()))
    # Unique, as small steps above a great height vanish in floats.
    return np.unique(floor + np.geomspace(lowest, float(excess.max()), _LEVELS + 1)[:-1])


@dataclass(frozen=True)
class Naming:
    """Names of the axes and of the heights, by default those of a function."""

    x: str = "$x$"
    y: str = "$y$"
    short: tuple[str, str, str] = ("x", "y", "f")
    loss: str = "loss  $f(x, y)$"


@dataclass(frozen=True)
class Exit:
    """Point and step at which a path leaves the view for good."""

    step: int
    point: tuple[float, float]
    direction: tuple[float, float]
    diverged: int | None = None

    @property
    def cut_off(self) -> bool:
        """Whether the path ends here, as its next position is not finite."""
        return self.direction == (0.0, 0.0)

    @property
    def words(self) -> tuple[str, str]:
        """The words of its note, in two parts."""
        if self.diverged is not None:
            return "diverged", f"at step {self.diverged}"
        return "out of view", f"from step {self.step}"


@dataclass(frozen=True, eq=False)
class Track:
    """One path, or the paths of one optimizer from many starts, as drawn."""

    label: str
    positions: Array
    values: Array
    exits: tuple[Exit | None, ...]
    rates: Array | None = None
    anatomy: Anatomy | None = None
    recorded: NDArray[np.int64] | None = None

    @cached_property
    def visible(self) -> Array:
        """The positions, with paths that leave the view ended at its edge."""
        positions = self.positions.copy()
        for path, leaving in enumerate(self.exits):
            if leaving is not None:
                positions[leaving.step :, path] = np.nan
                if not leaving.cut_off:
                    positions[leaving.step, path] = leaving.point
        return positions


@dataclass(frozen=True, eq=False)
class Scene:
    """Content of a picture of paths.

    Parameters
    ----------
    name : str
        The surface's name, or its formula.
    formula : str
        The formula as text; "" if there is none, as for a network's loss.
    latex : str
        The formula in LaTeX.
    limits : ((float, float), (float, float))
        The lowest and highest x shown, and the same for y.
    contour_grid : ContourGrid
        The surface on a grid.
    minima : numpy.ndarray, shape (k, 2)
        Positions of the global minimum.
    floor : float or None
        f at the minimum, if there is one.
    tracks : tuple of Track
        The paths.
    notes : tuple of str, default ()
        Curvature and stable learning rates, line by line.
    naming : Naming
        Names of axes and heights.

    Examples
    --------
    >>> import trajectories as tj
    >>> scene = Scene.of(tj.compare("sphere", ["sgd:0.1", "adam:0.3"], steps=20))
    >>> [track.label for track in scene.tracks], scene.steps, scene.floor
    (['SGD', 'Adam'], 20, 0.0)
    """

    name: str
    formula: str
    latex: str
    limits: Limits
    contour_grid: ContourGrid
    minima: Array
    floor: float | None
    tracks: tuple[Track, ...]
    notes: tuple[str, ...] = ()
    naming: Naming = Naming()

    @classmethod
    def of(
        cls,
        trajectories: Trajectory | Iterable[Trajectory],
        *,
        limits: str | Sequence[Sequence[float]] | None = None,
        aspect: float | None = None,
        resolution: int = RESOLUTION,
        theory: bool = False,
        step_arrows: bool = False,
    ) -> Scene:
        """Make the scene of some trajectories on one surface.

        Parameters
        ----------
        trajectories : Trajectory or iterable of Trajectory
            All on one surface.
        limits : "domain" or ((float, float), (float, float)), optional
            Part of the plane to show; by default the paths and the minima, with a margin.
        aspect : float, optional
            Width over height of the panel, for equal scales of x and y.
        resolution : int, default 301
            Grid points along each side.
        theory : bool, default False
            Whether to include curvature and stable learning rates.
        step_arrows : bool, default False
            Whether to include the parts of each step.

        Raises
        ------
        TypeError, ValueError
            If there are no trajectories, or if they are on different surfaces.
        """
        paths = checked(trajectories)
        surface = paths[0].surface
        frame = view(surface, paths, limits=limits, aspect=aspect)
        return cls(
            name=surface.name,
            formula=surface.formula,
            latex=surface.latex,
            limits=frame,
            contour_grid=make_contour_grid(surface, frame, resolution),
            minima=surface.minima,
            floor=surface.floor,
            tracks=tuple(_track(path, frame, step_arrows) for path in paths),
            notes=_theory(surface, paths) if theory else (),
        )

    @property
    def steps(self) -> int:
        """The steps of the longest path."""
        return max(len(track.positions) for track in self.tracks) - 1

    def only(self, index: int) -> Scene:
        """Return the scene with one of its tracks."""
        return replace(self, tracks=(self.tracks[index],))

    def to_dict(self) -> dict[str, Any]:
        """Return the scene as nested dicts, lists and numbers, with None for numbers not finite."""
        plain = asdict(self)
        return {key: _plain(item) for key, item in plain.items()}


def checked(trajectories: Any) -> list[Trajectory]:
    """Return trajectories as a list, and check that they are on one surface."""
    several = isinstance(trajectories, Iterable) and not isinstance(trajectories, Trajectory)
    paths = list(trajectories) if several else [trajectories]
    for path in paths:
        if not isinstance(path, Trajectory):
            raise must("trajectories", "what `descend` or `compare` returns", path, kind=TypeError)
    if not paths:
        raise must("trajectories", "at least one", paths)
    if any(path.surface != paths[0].surface for path in paths):
        names = sorted({path.surface.name for path in paths})
        raise must("trajectories", "on one surface", names)
    return paths


def drawn_labels(paths: Iterable[Trajectory]) -> list[str]:
    """Return the labels of paths in a scene."""
    return [_drawn_label(path) for path in paths]


def _drawn_label(path: Trajectory) -> str:
    label = " ".join(path.label.splitlines())
    # Nothing of it is visible.
    return f"{label}: lost at step 0" if (path.diverged_at == 0).all() else label


def _track(path: Trajectory, limits: Limits, step_arrows: bool) -> Track:
    # Steps that were not recorded repeat the last recorded one.
    time = np.arange(path.steps + 1)
    rows = np.searchsorted(path.recorded, time, side="right") - 1
    positions = path.positions.reshape(len(path.recorded), -1, 2)[rows]
    exits = tuple(
        leaves(positions[:, i], limits, None if at < 0 else int(at))
        for i, at in enumerate(path.diverged_at.ravel())
    )
    values = path.values.reshape(len(path.recorded), -1)[rows]
    parts = dissect(path) if step_arrows else None
    return Track(_drawn_label(path), positions, values, exits, _rates(path), parts)


def _rates(path: Trajectory) -> Array | None:
    """Return the learning rate that led to each step."""
    lr = path.optimizer.lr
    if isinstance(lr, np.ndarray):
        return None
    if not callable(lr):
        return np.full(path.steps + 1, lr)
    # A schedule may be a user's function, which returns arrays for a batch.
    rates = [lr(step) for step in range(path.steps)]
    return None if any(np.ndim(rate) for rate in rates) else np.array([rates[0], *rates], float)


def _theory(surface: Surface, paths: Sequence[Trajectory]) -> tuple[str, ...]:
    """Describe the minimum nearest to the end of the first path, or its start without minima."""
    minima, end = surface.minima, paths[0].final.reshape(-1, 2)[0]
    start = paths[0].start.reshape(-1, 2)[0]
    point = minima[np.argmin(np.hypot(*(minima - end).T))] if len(minima) else start
    analysis = surface.analysis(point)
    low, high = analysis.eigenvalues
    lines = (
        f"{analysis.kind} at ({point[0] + 0.0:.3g}, {point[1] + 0.0:.3g})",
        f"curvature {low:.4g} to {high:.4g}",
        f"condition number {analysis.condition:.4g}",
        f"SGD stable below lr {analysis.sgd_limit:.3g}",
        f"Momentum(0.9) below {analysis.momentum_limit():.3g}",
    )
    return tuple(line.replace("-", "\N{MINUS SIGN}") for line in lines)


def leaves(positions: Array, limits: Limits, diverged: int | None = None) -> Exit | None:
    """Find how a path leaves the view for good."""
    (x0, x1), (y0, y1) = limits
    low, size = np.array([x0, y0]), np.array([x1 - x0, y1 - y0])
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = in_parts(positions, limits)
        inside: NDArray[np.bool_] = np.all((scaled >= 0) & (scaled <= 1), axis=1)
    if inside[-1]:
        return None
    step = int(len(inside) - np.argmax(inside[::-1])) if inside.any() else 0
    if step == 0:
        return None
    here = scaled[step - 1]
    if not np.isfinite(scaled[step]).all():
        diverged = step if diverged is None else diverged
        return Exit(step, _pair(low + size * here), (0.0, 0.0), diverged)
    heading = scaled[step] - here
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(
            heading > 0, (1 - here) / heading, np.where(heading < 0, -here / heading, np.inf)
        )
    edge = np.clip(here + float(reach.min()) * heading, 0.0, 1.0)
    return Exit(step, _pair(low + size * edge), _pair(heading / np.hypot(*heading)), diverged)


def _pair(array: Array) -> tuple[float, float]:
    return float(array[0]), float(array[1])


def _plain(item: Any) -> Any:
    if isinstance(item, np.ndarray):
        return _plain(item.tolist())
    if isinstance(item, dict):
        return {key: _plain(part) for key, part in item.items()}
    if isinstance(item, (list, tuple)):
        return [_plain(part) for part in item]
    if isinstance(item, float) and not np.isfinite(item):
        return None
    return item


_PATH, HEAD, NOTE = 10.0, 20.0, 30.0
#: Sizes of heads, in sizes of a marker.
PATH_HEAD, _LOSS_HEAD = 2.1, 1.7
#: Up to this many steps each has a marker; longer paths have fewer, at equal distances.
_MARKED_STEPS = 40
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
#: Tracks get the next of these when the styles repeat.
_DASHES = ("-", "--", ":", "-.")
Style = dict[str, Any]


class MovingArtist(Protocol):
    """Artists that can show any step."""

    artists: list[Artist]

    def show(self, step: int) -> None:
        """Show the state after `step` steps."""


def track_styles(count: int, **kwargs: Any) -> list[Style]:
    """Return a style for each track: those of the current property cycle, with markers."""
    cycle = list(setting("axes.prop_cycle"))
    given = line_properties(kwargs)
    plain = {"color": setting("lines.color")}
    styles, rounds = [], Counter[str]()
    for i in range(count):
        style = {**plain, "marker": _MARKERS[i % len(_MARKERS)], **cycle[i % len(cycle)]}
        round_index = rounds[repr(sorted(style.items()))]
        rounds[repr(sorted(style.items()))] += 1
        if round_index:
            style["marker"] = _MARKERS[(i + round_index) % len(_MARKERS)]
            style["linestyle"] = _DASHES[round_index % len(_DASHES)]
        styles.append(style | given)
    return styles


def line_properties(given: Mapping[str, Any]) -> Style:
    """Check properties of lines, and return them by full names."""
    check_names(given, properties(Line2D))
    style = normalize_kwargs(dict(given), Line2D)
    Line2D([], [], **style)  # It checks the values.
    return style


def check_names(given: Iterable[str], known: Iterable[str]) -> None:
    """Raise a `TypeError` if a keyword is not known; the nearest one is suggested."""
    known = sorted(known)
    for name in given:
        if name not in known:
            raise TypeError(str(unknown("keyword", name, known)))


@cache
def properties(kind: type[Artist]) -> tuple[str, ...]:
    """Return the names of an artist's properties, short names included."""
    inspector = ArtistInspector(kind)
    names = {*inspector.get_setters(), *(a for some in inspector.aliasd.values() for a in some)}
    return tuple(sorted(names))


def head_style(style: Style, size: float, number: int) -> Style:
    """Return the style of a path's head, `size` markers large."""
    return {
        "color": style["color"],
        "marker": style["marker"],
        "linestyle": "none",
        "markersize": setting("lines.markersize") * size,
        "markeredgecolor": setting("axes.facecolor"),
        "markeredgewidth": 1.2,
        "zorder": HEAD + number / 100,
    }


def star_style() -> Style:
    """Return the style of a minimum."""
    return {
        "linestyle": "none",
        "marker": "*",
        "markersize": setting("lines.markersize") * 3.6,
        "markerfacecolor": setting("text.color"),
        "markeredgecolor": setting("axes.facecolor"),
        "markeredgewidth": 1.0,
        "label": "_minimum",
    }


def ring_style(count: int) -> Style:
    """Return the style of `count` starts."""
    return {
        "linestyle": "none",
        "marker": "o",
        "markersize": setting("lines.markersize") * (3.2 if count < 9 else 1.2),
        "markerfacecolor": "none",
        "markeredgecolor": setting("text.color"),
        "markeredgewidth": 1.4,
        "label": "_start",
    }


class _Trails:
    """Lines that grow step by step, each with a larger marker as its head."""

    def __init__(
        self,
        ax: Axes,
        histories: Sequence[Array],
        styles: Sequence[Style],
        head: float,
        trail: int | None = None,
    ) -> None:
        self._histories, self._trail = histories, trail
        self._lines: list[Line2D] = []
        self._heads: list[Line2D] = []
        halo = setting("axes.facecolor")
        longest = max(len(history) for history in histories) - 1
        every = marker_spacing(longest if trail is None else min(trail, longest))
        self._every = every if trail is not None and "markevery" not in styles[0] else None
        for number, (history, style) in enumerate(zip(histories, styles, strict=True)):
            several = history.shape[1] > 1
            line_style = {"markevery": every, "markeredgecolor": halo, "markeredgewidth": 0.5}
            if several:
                line_style |= {"linewidth": setting("lines.linewidth") / 2}
            line_style |= style | ({"marker": ""} if several else {})
            # Never below fixed artists, over which animations are painted.
            line_style["zorder"] = max(_PATH, style.get("zorder", _PATH)) + number / 100
            self._lines.append(_line(ax, **line_style))
            self._heads.append(_line(ax, **head_style(style, 1 if several else head, number)))
        self.artists: list[Artist] = [*self._lines, *self._heads]

    def show(self, step: int) -> None:
        """Show the lines up to `step`."""
        begin = 0 if self._trail is None else max(step - self._trail, 0)
        for history, line, head in zip(self._histories, self._lines, self._heads, strict=True):
            line.set_data(*chained(history[begin : step + 1]))
            if self._every:  # Markers stay at their steps while the line's begin moves.
                line.set_markevery((-begin % self._every, self._every))
            head.set_data(*history[min(step, len(history) - 1)].T)


class Paths(_Trails):
    """The paths of a scene on a contour plot."""

    def __init__(
        self, ax: Axes, scene: Scene, styles: Sequence[Style], trail: int | None = None
    ) -> None:
        super().__init__(ax, [track.visible for track in scene.tracks], styles, PATH_HEAD, trail)


class Curves(_Trails):
    """The loss of each track against the step."""

    def __init__(
        self, ax: Axes, tracks: Sequence[Track], floor: float, styles: Sequence[Style]
    ) -> None:
        losses = [_with_steps(track.values - floor, track.recorded) for track in tracks]
        super().__init__(ax, losses, styles, _LOSS_HEAD)


def _line(ax: Axes, **style: Any) -> Line2D:
    line = Line2D([], [], **style)
    ax.add_line(line)
    return line


def marker_spacing(steps: int) -> int:
    """Return the number of steps between two markers of a path."""
    return 1 if steps <= _MARKED_STEPS else -(-2 * steps // _MARKED_STEPS)


def chained(history: Array) -> Array:
    """Return the coordinates of points, shape (n, paths, d), path after path, NaN between."""
    if history.shape[1] == 1:
        return history[:, 0].T
    gap = np.full((1, *history.shape[1:]), np.nan)
    return np.concatenate([history, gap]).transpose(1, 0, 2).reshape(-1, history.shape[2]).T


def _with_steps(values: Array, recorded: NDArray[np.int64] | None) -> Array:
    """Return points (step, value), shape (steps + 1, paths, 2)."""
    rows = np.arange(len(values)) if recorded is None else recorded
    steps = np.broadcast_to(rows.astype(float)[:, None], values.shape)
    return np.stack([steps, values], axis=-1)
