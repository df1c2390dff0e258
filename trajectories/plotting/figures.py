"""Whole figures: one panel, a panel for each path, or the paths beside their losses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from trajectories.names import resolve
from trajectories.plotting.axes import draw_losses, draw_paths
from trajectories.plotting.counter import Caption, counter, counter_width
from trajectories.plotting.header import fitted, header_height, heading, points
from trajectories.plotting.scene import Scene, checked
from trajectories.plotting.theme import Theme, applied, setting
from trajectories.plotting.tracks import Mover, track_styles
from trajectories.trajectory import Trajectory
from trajectories.validation import must

__all__ = [
    "LAYOUTS",
    "SIZES",
    "Picture",
    "draw",
    "new_figure",
    "panels",
    "plot_grid",
    "plot_overlay",
    "plot_race",
]

Size = tuple[int, int]
Limits = str | Sequence[Sequence[float]] | None

_DPI = 100.0
_MAX_SIDE = 8192


@dataclass(frozen=True)
class Picture:
    """A figure with parts that can show any step.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        On an Agg canvas.
    movers : list of Mover
        In the order in which they are painted.
    steps : int
        The last step.
    """

    figure: Figure
    movers: list[Mover]
    steps: int

    def show(self, step: int) -> None:
        """Show the state after `step` steps."""
        for mover in self.movers:
            mover.show(step)


def plot_overlay(
    trajectories: Any,
    *,
    size: Size | None = None,
    theme: str | None = None,
    limits: Limits = None,
    **kwargs: Any,
) -> Figure:
    """Draw all paths in one panel.

    Parameters
    ----------
    trajectories : Trajectory or iterable of Trajectory
        What `descend` or `compare` returned, all on one surface.
    size : (int, int), optional
        Width and height in pixels; type and lines grow with them. By default (800, 600).
    theme : str, optional
        "light", "dark", "slides", "slides-dark" or "print"; by default the light theme under all
        that you have changed in ``matplotlib.rcParams``.
    limits : "domain" or ((float, float), (float, float)), optional
        What to show; by default what happened, with a margin.
    **kwargs
        Passed on to the lines of the paths (`matplotlib.lines.Line2D`).

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it must be.
    """
    return draw("overlay", trajectories, size=size, theme=theme, limits=limits, **kwargs)


def plot_grid(
    trajectories: Any,
    *,
    size: Size | None = None,
    theme: str | None = None,
    limits: Limits = None,
    **kwargs: Any,
) -> Figure:
    """Draw each path in a panel of its own, all with the same limits: the textbook's 2 x 2 page.

    Parameters
    ----------
    trajectories, size, theme, limits, **kwargs
        As for `plot_overlay`; the default size is (960, 720).

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import trajectories as tj
    >>> paths = tj.compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=30)
    >>> tj.plot_grid(paths).savefig("zigzag.png")  # doctest: +SKIP
    """
    return draw("grid", trajectories, size=size, theme=theme, limits=limits, **kwargs)


def plot_race(
    trajectories: Any,
    *,
    size: Size | None = None,
    theme: str | None = None,
    limits: Limits = None,
    **kwargs: Any,
) -> Figure:
    """Draw all paths in one panel, and their losses beside it.

    Parameters
    ----------
    trajectories, size, theme, limits, **kwargs
        As for `plot_overlay`; the default size is (1200, 540).

    Returns
    -------
    matplotlib.figure.Figure
    """
    return draw("race", trajectories, size=size, theme=theme, limits=limits, **kwargs)


def draw(
    layout: str,
    trajectories: Any,
    *,
    size: Size | None = None,
    theme: str | None = None,
    limits: Limits = None,
    **kwargs: Any,
) -> Figure:
    """Draw a whole figure in the layout of this name: "overlay", "grid" or "race".

    Parameters
    ----------
    layout : str
        A name in `LAYOUTS`.
    trajectories, size, theme, limits, **kwargs
        As for `plot_overlay`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    paths = checked(trajectories)
    lay_out = LAYOUTS[resolve("layout", layout, LAYOUTS)]
    with applied(theme) as chosen:
        picture = lay_out(paths, chosen, size=size, limits=limits, **kwargs)
        picture.show(picture.steps)
    return picture.figure


def new_figure(size: Size, reference: Size = (800, 600)) -> Figure:
    """Make a figure of so many pixels, without pyplot.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels.
    reference : (int, int)
        The size at which type has its nominal size; it grows with the root of the area.

    Returns
    -------
    matplotlib.figure.Figure
        With an Agg canvas.
    """
    width, height = checked_size(size)
    dpi = _DPI * math.sqrt(width * height / (reference[0] * reference[1]))
    # A millionth of a pixel more, as Matplotlib cuts the fraction off.
    figure = Figure(figsize=((width + 1e-6) / dpi, (height + 1e-6) / dpi), dpi=dpi)
    FigureCanvasAgg(figure)
    return figure


def checked_size(size: Any) -> Size:
    """Return a size in pixels, if it is one.

    Raises
    ------
    ValueError
        If it is not two integers from 100 to 8192.
    """
    try:
        width, height = size
        good = int(width) == width and int(height) == height
        good = good and 100 <= width <= _MAX_SIDE and 100 <= height <= _MAX_SIDE
    except (TypeError, ValueError, OverflowError):
        good = False
    if not good:
        raise must("size", f"(width, height) in pixels, each from 100 to {_MAX_SIDE}", size)
    return int(width), int(height)


def overlay(
    paths: Sequence[Trajectory],
    theme: Theme,
    *,
    size: Size | None = None,
    limits: Limits = None,
    legend: bool = True,
    **kwargs: Any,
) -> Picture:
    """Lay out one panel with all paths."""
    figure = new_figure(size or SIZES["overlay"])
    labels = [path.label for path in paths] if legend else []
    (ax,) = panels(figure, 1, 1, labels)
    scene = Scene.of(paths, limits=limits, aspect=ax.bbox.width / ax.bbox.height)
    return Picture(figure, draw_paths(ax, scene, theme, legend=legend, **kwargs), scene.steps)


def grid(
    paths: Sequence[Trajectory],
    theme: Theme,
    *,
    size: Size | None = None,
    limits: Limits = None,
    **kwargs: Any,
) -> Picture:
    """Lay out a panel for each path, with the same limits and the same ground."""
    figure = new_figure(size or SIZES["grid"], SIZES["grid"])
    columns = math.ceil(math.sqrt(len(paths)))
    rows = math.ceil(len(paths) / columns)
    top = 2.4 * points("axes.titlesize")
    axes = panels(figure, rows, columns, [], top=top)
    scene = Scene.of(paths, limits=limits, aspect=axes[0].bbox.width / axes[0].bbox.height)
    styles = track_styles(len(paths))
    movers: list[Mover] = []
    for i, ax in enumerate(axes):
        if i >= len(paths):
            ax.remove()
            continue
        alone = scene.only(i)
        panel: dict[str, Any] = {"styles": [styles[i]], "legend": False, "caption": False}
        movers += draw_paths(ax, alone, theme, **panel, title=paths[i].label, **kwargs)
        ax.label_outer()
        # Labels at the very ends would run into those of the next panel.
        ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], prune="both"))
        if i + columns >= len(paths):
            ax.tick_params(labelbottom=True)
            ax.set_xlabel("$x$")
    return Picture(figure, [*movers, _figure_header(figure, scene, axes)], scene.steps)


def race(
    paths: Sequence[Trajectory],
    theme: Theme,
    *,
    size: Size | None = None,
    limits: Limits = None,
    **kwargs: Any,
) -> Picture:
    """Lay out one panel with all paths, and their losses beside it."""
    figure = new_figure(size or SIZES["race"], SIZES["race"])
    labels = [path.label for path in paths]
    left, right = panels(figure, 1, 2, labels, widths=(1.25, 1.0))
    beyond = (right.bbox.x1 - left.bbox.x1) / figure.dpi * 72
    scene = Scene.of(paths, limits=limits, aspect=left.bbox.width / left.bbox.height)
    styles = track_styles(len(paths))
    movers = draw_paths(left, scene, theme, styles=styles, beyond=beyond, **kwargs)
    movers += draw_losses(right, scene, styles)
    return Picture(figure, movers, scene.steps)


#: How each layout is made, and its default size in pixels.
LAYOUTS: dict[str, Callable[..., Picture]] = {"overlay": overlay, "grid": grid, "race": race}
SIZES: dict[str, Size] = {"overlay": (800, 600), "grid": (960, 720), "race": (1200, 540)}


def panels(
    figure: Figure,
    rows: int,
    columns: int,
    labels: Sequence[str],
    *,
    widths: Sequence[float] | None = None,
    top: float = 0.0,
) -> list[Axes]:
    """Add panels whose margins are measured from the type's sizes, before anything is drawn."""
    width, height = (side / figure.dpi * 72 for side in figure.bbox.size)
    tick, label = points("xtick.labelsize"), points("axes.labelsize")
    left = 4.2 * tick + 1.5 * label
    bottom = 1.9 * tick + 1.6 * label
    right = 1.6 * tick
    weights = widths or [1.0] * columns
    gap = 2.6 * tick if columns > 1 and not widths else left + 0.8 * tick
    inner = width - left - right - gap * (columns - 1)
    above = top + header_height(labels, width - left - right)
    between = header_height([], inner) + 1.4 * tick
    across = gap * columns / max(inner, 1.0)
    tall = (height - above - bottom - between * (rows - 1)) / rows
    axes = figure.subplots(
        rows,
        columns,
        squeeze=False,
        gridspec_kw={
            "left": left / width,
            "right": 1 - right / width,
            "bottom": bottom / height,
            "top": 1 - above / height,
            "wspace": across,
            "hspace": between / max(tall, 1.0),
            "width_ratios": weights,
        },
    )
    return list(axes.ravel())


def _figure_header(figure: Figure, scene: Scene, axes: Sequence[Axes]) -> Caption:
    """Write the formula and the step counter over all panels."""
    width, height = (side / figure.dpi * 72 for side in figure.bbox.size)
    size = points("axes.titlesize")
    left, right = axes[0].get_position().x0, 1 - 1.6 * points("xtick.labelsize") / width
    room = (right - left) * width - counter_width(scene.steps) - size
    text, fit = fitted(heading(scene.name, scene.latex), room, 1.15 * size, figure)
    y = 1 - 1.8 * size / height
    figure.text(left, y, text, fontsize=fit, color=setting("axes.titlecolor"), va="baseline")
    return counter(figure, right, y, figure.transFigure, scene.steps)
