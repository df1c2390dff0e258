"""Figures with recipes, checks of given axes, and files of figures."""

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

#: Metadata that would differ from run to run, by format.
FIXED: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "svgz": {"Date": None},
    "pdf": {"CreationDate": None},
}
#: Metadata key of the recipe, by format.
_METADATA_KEYS = {"png": "Comment", "svg": "Description", "svgz": "Description", "pdf": "Keywords"}
_SALT: Any = {"svg.hashsalt": "trajectories"}


class RecipeFigure(Figure):
    """A Matplotlib figure with the paths that it shows and their recipe."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trajectories: list[Trajectory] = []
        self._source: tuple[Any, str, dict[str, Any]] | None = None
        self._recipe = ""

    def remember(self, source: Any, *, kind: str, settings: Mapping[str, Any]) -> None:
        """Keep the source of the figure for the recipe in its files."""
        items = source if isinstance(source, Sequence) else ()
        self.trajectories = [item for item in items if isinstance(item, Trajectory)]
        self._source = source, kind, dict(settings)
        self._recipe = ""

    @property
    def recipe(self) -> str:
        """The recipe as text; "" if no source is known."""
        if not self._recipe and self._source is not None:
            from trajectories.plotting.recipes.paths import make_recipe

            source, kind, settings = self._source
            self._recipe = make_recipe(source, kind=kind, settings=settings)
        return self._recipe

    @allow_rasterization  # type: ignore[untyped-decorator]
    def draw(self, renderer: Any) -> None:
        """Draw the figure under a lock, as threads share Matplotlib's settings."""
        with RC_LOCK:
            super().draw(renderer)

    def savefig(self, fname: Any, *, transparent: bool | None = None, **kwargs: Any) -> None:
        """Save the figure as `matplotlib.figure.Figure.savefig` does, with its recipe."""
        kind = _format(fname, kwargs.get("format"))
        metadata = metadata_for(kind, self.recipe if kind in _METADATA_KEYS else "")
        if metadata:
            kwargs["metadata"] = {**metadata, **(kwargs.get("metadata") or {})}
        salted = kind.startswith("svg") and mpl.rcParams["svg.hashsalt"] is None
        with set_for_now(_SALT if salted else {}):
            super().savefig(fname, transparent=transparent, **kwargs)

    def _repr_png_(self) -> bytes:
        """Show it in a notebook."""
        data = io.BytesIO()
        self.savefig(data, format="png")
        return data.getvalue()

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with the recipe as text, without sources that cannot be pickled."""
        recipe = self.recipe
        state: dict[str, Any] = super().__getstate__()  # type: ignore[assignment]
        try:
            pickle.dumps((self.trajectories, self._source))
        except Exception:  # A function of the user's as schedule, or the like.
            state |= {"trajectories": [], "_source": None}
        return {**state, "_recipe": recipe}


def metadata_for(kind: str, recipe: str) -> dict[str, Any]:
    """Return the metadata of a file: its recipe, without fields that vary from run to run."""
    if kind not in FIXED:
        return {}
    return {**FIXED[kind], **({_METADATA_KEYS[kind]: recipe} if recipe else {})}


def _format(fname: Any, given: Any) -> str:
    """Return the format in which Matplotlib will save."""
    if given is not None:
        return str(given).lower()
    if isinstance(fname, (str, os.PathLike)):
        suffix = os.path.splitext(os.fspath(fname))[1]
        if suffix:
            return suffix[1:].lower()
    return str(mpl.rcParams["savefig.format"]).lower()


Size = tuple[int, int]

_DPI = 100.0
#: At less, type would be smaller than a pixel or two.
_MIN_DPI = 7.0
MIN_SIDE, _MAX_SIDE = 100, 8192
#: Least side of a panel, in points.
_MIN_PANEL = 24.0


def new_figure(size: Size, reference: Size = (800, 600)) -> RecipeFigure:
    """Make a figure of a size in pixels, without pyplot."""
    width, height = checked_size(size)
    dpi = _DPI * math.sqrt(width * height / (reference[0] * reference[1]))
    if dpi < _MIN_DPI:
        raise must("size", "large enough for the panels and their type", size)
    # A millionth of a pixel more, as Matplotlib truncates.
    inches = (width + 1e-6) / dpi, (height + 1e-6) / dpi
    engine: Any = "none"  # Whatever the user has set: the margins of panels are measured.
    figure = RecipeFigure(figsize=inches, dpi=dpi, layout=engine)
    FigureCanvasAgg(figure)
    return figure


def checked_size(size: Any) -> Size:
    """Check a size in pixels."""
    try:
        width, height = size
        valid = int(width) == width and int(height) == height
        valid = valid and MIN_SIDE <= width <= _MAX_SIDE and MIN_SIDE <= height <= _MAX_SIDE
    except (TypeError, ValueError, OverflowError):
        valid = False
    if not valid:
        raise must("size", f"(width, height) in pixels, each from {MIN_SIDE} to {_MAX_SIDE}", size)
    return int(width), int(height)


def check_room(ax: Any, size: Any) -> None:
    """Raise a `ValueError` if both Axes and a size are given."""
    if ax is not None and size is not None:
        raise must("size", "left out if `ax` is given", size)


def check_panels(figure: Figure, width: float, height: float) -> None:
    """Raise a `ValueError` if panels are too small."""
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
    """Add panels, with margins measured from the sizes of the type."""
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
    panel_height = (height - above - bottom - between * (rows - 1)) / rows
    check_panels(figure, inner / columns, panel_height)
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
            "hspace": between / panel_height,
            "width_ratios": weights,
        },
    )
    return list(axes.ravel())


#: Least part of the height of an Axes that the header must leave.
_MIN_SHARE = 0.5


def check_axes(ax: Any, size: Any, *, solid: bool = False, linear: bool = True) -> None:
    """Raise an error if `ax` cannot show a surface, or if a size is given with it."""
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
    """Return the colour of a given Axes' figure, if that is not the theme's own."""
    if ax is None:
        return None
    face = _figure(ax).get_facecolor()
    themed = [setting("figure.facecolor")]
    if theme is not None:
        themed.append(look(theme).settings["figure.facecolor"])
        return None if face in [to_rgba(color) for color in themed] else face
    return face


def prepare(
    ax: Axes, theme: str | None, ground: Any, words: Sequence[str], labels: Sequence[str]
) -> bool:
    """Apply the theme in force to an Axes, if named, and make room for a header above it."""
    if theme is not None:
        if ground is None:
            _figure(ax).set_facecolor(setting("figure.facecolor"))
        _style_axes(ax)
    if _make_room(ax, words, labels):
        return True
    _make_room(ax, words, [])
    return False


def _figure(ax: Axes) -> Any:
    """Return the root figure of an Axes."""
    figure: Any = ax.get_figure(root=True)
    return figure


def _style_axes(ax: Axes) -> None:
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
    """Shrink an Axes from above until its header fits, unless a layout engine places it."""
    figure: Any = ax.figure
    if _figure(ax).get_layout_engine() is not None or ax.get_axes_locator() is not None:
        return True
    air, pixels = 0.25 * points("axes.titlesize"), figure.dpi / 72
    bounds = ax.get_position(original=True).bounds
    # With fixed proportions a lower Axes is narrower too, and may need another line.
    for _ in range(4):
        ax.apply_aspect()
        needed = header_top(words, labels, in_points(ax)[0], figure)
        excess = ax.bbox.y1 + needed * pixels - _ceiling(ax)
        if excess <= 0:
            break
        x, y, width, height = ax.get_position(original=True).bounds
        height -= (excess + air * pixels) / figure.bbox.height
        if height < _MIN_SHARE * bounds[3]:
            _set_bounds(ax, bounds)
            return False
        _set_bounds(ax, (x, y, width, height))
    return True


def _set_bounds(ax: Axes, bounds: tuple[float, float, float, float]) -> None:
    in_layout = ax.get_in_layout()
    ax.set_position(bounds)
    ax.set_in_layout(in_layout)  # Setting a position has excluded it from the layout.


def _ceiling(ax: Axes) -> float:
    """Return the lower edge of the words or Axes above an Axes, in pixels."""
    figure: Any = ax.figure
    edges = [figure.bbox.y1]
    for text in figure.texts:
        box = text.get_window_extent()
        if text.get_text() and box.y0 >= ax.bbox.y1 and _overlaps(box, ax):
            edges.append(box.y0)
    for other in figure.axes:
        if other.get_visible() and other.bbox.y0 >= ax.bbox.y1 and _overlaps(other.bbox, ax):
            edges.append(_bottom(other))
    return float(min(edges))


def _overlaps(box: BboxBase, ax: Axes) -> bool:
    return bool(box.x0 < ax.bbox.x1 and box.x1 > ax.bbox.x0)


def _bottom(ax: Axes) -> float:
    """Return the lower edge of the words below an Axes, in pixels."""
    box = None if isinstance(ax, Axes3D) else ax.xaxis.get_tightbbox()
    if box is None:
        return float(ax.bbox.y0)
    # An Axes without data may still get a label.
    pending = not ax.has_data() and not ax.get_xlabel() and box.height > 0
    label = 1.6 * points("axes.labelsize") * _figure(ax).dpi / 72 if pending else 0.0
    return float(min(box.y0, ax.bbox.y0) - label)


#: Saves a figure in its own size and colours, whatever the user has set.
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
