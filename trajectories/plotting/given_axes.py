"""Axes that the user gives: checked, dressed in the theme, and with room for a header above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.transforms import BboxBase
from mpl_toolkits.mplot3d import Axes3D

from trajectories.plotting.canvas import check_room
from trajectories.plotting.header import header_top, in_points, points
from trajectories.plotting.theme import look, setting
from trajectories.validation import must

__all__ = ["check_axes", "ground_under", "prepare"]

#: How much of the height of an Axes the header must leave.
_LEAST = 0.5


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
        if height < _LEAST * before[3]:
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
