"""Figures that remember their recipe, axes that are given, and files of figures."""

from __future__ import annotations

import io
import math
import os
import pickle
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.artist import allow_rasterization
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.transforms import BboxBase
from mpl_toolkits.mplot3d import Axes3D

from trajectories.checks import must, suffix
from trajectories.files import replacing
from trajectories.plotting.text import header_height, header_top, in_points, points
from trajectories.plotting.theme import RC_LOCK, look, set_for_now, setting
from trajectories.trajectory import Trajectory

#: What would make the bytes differ from one run to the next, by format.
FIXED: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "svgz": {"Date": None},
    "pdf": {"CreationDate": None},
}
#: Under which key a format keeps a recipe.
_METADATA_KEYS = {"png": "Comment", "svg": "Description", "svgz": "Description", "pdf": "Keywords"}
_SALT: Any = {"svg.hashsalt": "trajectories"}


class RecipeFigure(Figure):
    """A Matplotlib figure that remembers the paths it shows and how they were drawn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trajectories: list[Trajectory] = []
        self._source: tuple[Any, str, dict[str, Any]] | None = None
        self._recipe = ""

    def remember(self, source: Any, *, kind: str, settings: Mapping[str, Any]) -> None:
        """Keep what is shown, to be written down when the figure is saved."""
        several = source if isinstance(source, Sequence) else ()
        self.trajectories = [one for one in several if isinstance(one, Trajectory)]
        self._source = source, kind, dict(settings)
        self._recipe = ""

    @property
    def recipe(self) -> str:
        """The recipe as text; "" if nothing is remembered."""
        if not self._recipe and self._source is not None:
            from trajectories.plotting.recipes.paths import make_recipe

            source, kind, settings = self._source
            self._recipe = make_recipe(source, kind=kind, settings=settings)
        return self._recipe

    @allow_rasterization  # type: ignore[untyped-decorator]
    def draw(self, renderer: Any) -> None:
        """Draw the figure; threads take turns, as what Matplotlib looks up then is shared."""
        with RC_LOCK:
            super().draw(renderer)

    def savefig(self, fname: Any, *, transparent: bool | None = None, **kwargs: Any) -> None:
        """Save the figure as `matplotlib.figure.Figure.savefig` does, with its recipe."""
        kind = _format(fname, kwargs.get("format"))
        ours = metadata_for(kind, self.recipe if kind in _METADATA_KEYS else "")
        if ours:
            kwargs["metadata"] = {**ours, **(kwargs.get("metadata") or {})}
        salted = kind.startswith("svg") and mpl.rcParams["svg.hashsalt"] is None
        with set_for_now(_SALT if salted else {}):
            super().savefig(fname, transparent=transparent, **kwargs)

    def _repr_png_(self) -> bytes:
        """Show it in a notebook, as the last line of a cell."""
        data = io.BytesIO()
        self.savefig(data, format="png")
        return data.getvalue()

    def __getstate__(self) -> dict[str, Any]:
        """Write the recipe down, and leave out what cannot be pickled."""
        recipe = self.recipe
        state: dict[str, Any] = super().__getstate__()  # type: ignore[assignment]
        try:
            pickle.dumps((self.trajectories, self._source))
        except Exception:  # A schedule that is a function of the user's, or the like.
            state |= {"trajectories": [], "_source": None}
        return {**state, "_recipe": recipe}


def metadata_for(kind: str, recipe: str) -> dict[str, Any]:
    """Return the metadata of a file: what makes its bytes the same each time, and a recipe."""
    if kind not in FIXED:
        return {}
    return {**FIXED[kind], **({_METADATA_KEYS[kind]: recipe} if recipe else {})}


def _format(fname: Any, given: Any) -> str:
    """Return in which format Matplotlib will save."""
    if given is not None:
        return str(given).lower()
    if isinstance(fname, (str, os.PathLike)):
        suffix = os.path.splitext(os.fspath(fname))[1]
        if suffix:
            return suffix[1:].lower()
    return str(mpl.rcParams["savefig.format"]).lower()


Size = tuple[int, int]

_DPI = 100.0
#: Where type is smaller than a pixel or two there is nothing to be drawn.
_LEAST_DPI = 7.0
MIN_SIDE, _MAX_SIDE = 100, 8192
#: The least side of a panel, in points.
_MIN_PANEL = 24.0


def new_figure(size: Size, reference: Size = (800, 600)) -> RecipeFigure:
    """Make a figure of so many pixels, without pyplot."""
    width, height = checked_size(size)
    dpi = _DPI * math.sqrt(width * height / (reference[0] * reference[1]))
    if dpi < _LEAST_DPI:
        raise must("size", "large enough for the panels and their type", size)
    # A millionth of a pixel more, as Matplotlib cuts the fraction off.
    inches = (width + 1e-6) / dpi, (height + 1e-6) / dpi
    engine: Any = "none"  # Whatever the user has set: panels are placed by measure.
    figure = RecipeFigure(figsize=inches, dpi=dpi, layout=engine)
    FigureCanvasAgg(figure)
    return figure


def checked_size(size: Any) -> Size:
    """Return a size in pixels, if it is one."""
    try:
        width, height = size
        good = int(width) == width and int(height) == height
        good = good and MIN_SIDE <= width <= _MAX_SIDE and MIN_SIDE <= height <= _MAX_SIDE
    except (TypeError, ValueError, OverflowError):
        good = False
    if not good:
        raise must("size", f"(width, height) in pixels, each from {MIN_SIDE} to {_MAX_SIDE}", size)
    return int(width), int(height)


def check_room(ax: Any, size: Any) -> None:
    """Raise a `ValueError` if a size is asked for where there are Axes already."""
    if ax is not None and size is not None:
        raise must("size", "left out if `ax` is given", size)


def check_panels(figure: Figure, width: float, height: float) -> None:
    """Raise a `ValueError` if panels are too small to show anything."""
    if min(width, height) < _MIN_PANEL:
        pixels = tuple(round(float(side)) for side in figure.bbox.size)
        raise must("size", "large enough for the panels and their type", pixels)


def panels(
    figure: Figure,
    rows: int,
    columns: int,
    labels: Sequence[str],
    *,
    widths: Sequence[float] | None = None,
    top: float = 0.0,
    kind: type[Axes] | None = None,
) -> list[Axes]:
    """Add panels whose margins are measured from the type's sizes, before anything is drawn."""
    width, height = in_points(figure)
    tick, label = points("xtick.labelsize"), points("axes.labelsize")
    left = 4.2 * tick + 1.5 * label
    bottom = 1.9 * tick + 1.6 * label
    right = 1.6 * tick
    if kind is not None:
        left, bottom = right, 0.4 * right
    weights = widths or [1.0] * columns
    gap = 2.6 * tick if columns > 1 and not widths else left + 0.8 * tick
    inner = width - left - right - gap * (columns - 1)
    above = top + header_height(labels, width - left - right)
    between = header_height([], inner) + 1.4 * tick
    tall = (height - above - bottom - between * (rows - 1)) / rows
    check_panels(figure, inner / columns, tall)
    axes = figure.subplots(
        rows,
        columns,
        squeeze=False,
        subplot_kw={} if kind is None else {"axes_class": kind},
        gridspec_kw={
            "left": left / width,
            "right": 1 - right / width,
            "bottom": bottom / height,
            "top": 1 - above / height,
            "wspace": gap * columns / inner,
            "hspace": between / tall,
            "width_ratios": weights,
        },
    )
    return list(axes.ravel())


#: How much of the height of an Axes the header must leave.
_LEAST_ROOM = 0.5


def check_axes(ax: Any, size: Any, *, solid: bool = False, linear: bool = True) -> None:
    """Raise if it is not an Axes for a plot of a surface, or if a size is asked for beside it."""
    if ax is None:
        return
    check_room(ax, size)
    if solid:
        if not isinstance(ax, Axes3D):
            raise must("ax", "3-D Axes (projection='3d')", ax, kind=TypeError)
        return
    if not isinstance(ax, Axes) or isinstance(ax, Axes3D) or ax.name != "rectilinear":
        raise must("ax", "two-dimensional Axes", ax, kind=TypeError)
    scales = ax.get_xscale(), ax.get_yscale()
    if linear and scales != ("linear", "linear"):
        got = "scales {!r} and {!r}".format(*scales)
        raise ValueError(f"`ax` must be Axes with linear scales. Got {got} instead.")


def ground_under(ax: Axes | None, theme: str | None) -> Any:
    """Return the colour that words beside an Axes stand on, if that is not the theme's own."""
    if ax is None:
        return None
    face = _figure(ax).get_facecolor()
    own = [setting("figure.facecolor")]
    if theme is not None:
        own.append(look(theme).settings["figure.facecolor"])
        return None if face in [to_rgba(color) for color in own] else face
    return face


def prepare(
    ax: Axes, theme: str | None, ground: Any, words: Sequence[str], labels: Sequence[str]
) -> bool:
    """Dress an Axes in the theme in force, if it was named, and make room for a header above it."""
    if theme is not None:
        if ground is None:
            _figure(ax).set_facecolor(setting("figure.facecolor"))
        _dress(ax)
    if _make_room(ax, words, labels):
        return True
    _make_room(ax, words, [])
    return False


def _figure(ax: Axes) -> Any:
    """Return the whole figure, of which an Axes may have a part."""
    figure: Any = ax.get_figure(root=True)
    return figure


def _dress(ax: Axes) -> None:
    ax.set_facecolor(setting("axes.facecolor"))
    for side, spine in ax.spines.items():
        spine.set(edgecolor=setting("axes.edgecolor"), linewidth=setting("axes.linewidth"))
        if side in ("top", "right") and not setting(f"axes.spines.{side}"):
            spine.set_visible(False)
    type_ = {"fontsize": points("axes.labelsize"), "fontfamily": setting("font.family")}
    for axis, ink in ((ax.xaxis, "xtick.labelcolor"), (ax.yaxis, "ytick.labelcolor")):
        axis.label.set(color=setting(ink), **type_)
    ax.tick_params(grid_color=setting("grid.color"), grid_linewidth=setting("grid.linewidth"))


def _make_room(ax: Axes, words: Sequence[str], labels: Sequence[str]) -> bool:
    """Shrink an Axes from above until its header does not hang over, if nothing else places it."""
    figure: Any = ax.figure
    if _figure(ax).get_layout_engine() is not None or ax.get_axes_locator() is not None:
        return True
    air, pixels = 0.25 * points("axes.titlesize"), figure.dpi / 72
    before = ax.get_position(original=True).bounds
    # Where sides are in proportion a lower Axes is narrower too, and may need another line.
    for _ in range(4):
        ax.apply_aspect()
        needed = header_top(words, labels, in_points(ax)[0], figure)
        over = ax.bbox.y1 + needed * pixels - _ceiling(ax)
        if over <= 0:
            break
        x, y, width, height = ax.get_position(original=True).bounds
        height -= (over + air * pixels) / figure.bbox.height
        if height < _LEAST_ROOM * before[3]:
            _place(ax, before)
            return False
        _place(ax, (x, y, width, height))
    return True


def _place(ax: Axes, bounds: tuple[float, float, float, float]) -> None:
    in_layout = ax.get_in_layout()
    ax.set_position(bounds)
    ax.set_in_layout(in_layout)  # Or a tight bounding box would not hold it any more.


def _ceiling(ax: Axes) -> float:
    """Return how far up from an Axes there is nothing else, in pixels."""
    figure: Any = ax.figure
    found = [figure.bbox.y1]
    for text in figure.texts:
        box = text.get_window_extent()
        if text.get_text() and box.y0 >= ax.bbox.y1 and _over(box, ax):
            found.append(box.y0)
    for other in figure.axes:
        if other.get_visible() and other.bbox.y0 >= ax.bbox.y1 and _over(other.bbox, ax):
            found.append(_foot(other))
    return float(min(found))


def _over(box: BboxBase, ax: Axes) -> bool:
    return bool(box.x0 < ax.bbox.x1 and box.x1 > ax.bbox.x0)


def _foot(ax: Axes) -> float:
    """Return how far down the words below an Axes reach, in pixels."""
    box = None if isinstance(ax, Axes3D) else ax.xaxis.get_tightbbox()
    if box is None:
        return float(ax.bbox.y0)
    # Where nothing is drawn yet, there may soon be a label.
    later = not ax.has_data() and not ax.get_xlabel() and box.height > 0
    label = 1.6 * points("axes.labelsize") * _figure(ax).dpi / 72 if later else 0.0
    return float(min(box.y0, ax.bbox.y0) - label)


#: Whatever the user has set: the figure in its own size and colours.
_SAVING: Any = {
    "savefig.bbox": None,
    "savefig.dpi": "figure",
    "savefig.edgecolor": "auto",
    "savefig.facecolor": "auto",
    "savefig.orientation": "portrait",
    "savefig.transparent": False,
    "svg.hashsalt": "trajectories",
}
FIGURE_FORMATS = (".png", ".svg", ".pdf")


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure to a file; the suffix chooses the format."""
    kind = suffix("format of a still picture", path, FIGURE_FORMATS)
    with replacing(path) as file, set_for_now(_SAVING):
        figure.savefig(file, format=kind[1:], metadata=FIXED[kind[1:]])
