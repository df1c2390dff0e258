"""Figures of basins and of tuned optimizers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from trajectories.checks import POSITIVE, must, scalar
from trajectories.maps.basins import Basins
from trajectories.maps.tuning import Tuned, Tuning
from trajectories.plotting.canvas import RecipeFigure, Size, check_panels, new_figure, panels
from trajectories.plotting.maps.map_cells import NOWHERE, BasinColors
from trajectories.plotting.panels import draw_paths, style_ticks
from trajectories.plotting.readout import counter_width
from trajectories.plotting.recipes.recipe import result_picture
from trajectories.plotting.scene import Scene, Style, track_styles
from trajectories.plotting.text import (
    draw_legend,
    fitted,
    fitted_alike,
    heading,
    in_points,
    literal,
    points,
    write_over,
)
from trajectories.plotting.theme import Theme, applied, setting
from trajectories.trajectory import Trajectory

#: Above all static artists.
_CELLS, _MINIMUM = 10.0, 11.0
#: Steps beyond this quantile of all arrivals have the darkest colour.
_LATE = 0.98
#: A minimum's disc, in font sizes of its letter.
_DISC_WIDTH = 1.7
#: Width of a column of the key, and distance from the map, in font sizes.
_COLUMN_WIDTH, _GAP = 1.35, 1.2
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def basin_colors_for(results: Sequence[Basins]) -> BasinColors:
    """Return one set of colours for several maps of one surface."""
    arrived = np.concatenate([one.steps[one.minimum >= 0] for one in results])
    slowest = int(np.ceil(np.quantile(arrived, _LATE))) if arrived.size else 1
    first = results[0]
    return BasinColors(len(first.minima), len(first.surface.minima), slowest)


def _letters(count: int) -> list[str]:
    """Return a letter for each minimum, or numbers if there are too many."""
    enough = count <= len(_ALPHABET)
    return [_ALPHABET[i] if enough else str(i + 1) for i in range(count)]


class BasinImage:
    """The cells of a map of basins, coloured once their paths have arrived."""

    def __init__(
        self, image: AxesImage, result: Basins, basin_colors: BasinColors, above: Sequence[Artist]
    ) -> None:
        self._image, self._result = image, result
        self._rgb = basin_colors.rgb(result.minimum, result.steps)
        self.artists: list[Artist] = [image, *above]

    def show(self, step: int | None) -> None:
        """Show the cells that have arrived by a step; None for all."""
        rgb = self._rgb
        if step is not None:
            rgb = rgb.copy()
            rgb[self._result.steps > step] = np.round(255 * np.array(NOWHERE)).astype(np.uint8)
        self._image.set_data(rgb)


def draw_basins(ax: Axes, result: Basins, basin_colors: BasinColors) -> BasinImage:
    """Draw the axes and the minima of a map of basins; return its cells."""
    style_ticks(ax)
    (x0, x1), (y0, y1) = result.limits
    ax.set_xlim(x0, x1)
    ax.set_ylim(y0, y1)
    ax.set_xlabel("$x$")
    ax.set_ylabel("$y$", rotation=0, labelpad=8)
    for spine in ax.spines.values():
        spine.set_visible(False)
    image = AxesImage(
        ax, extent=(x0, x1, y0, y1), origin="lower", interpolation="nearest", zorder=_CELLS
    )
    image.set_data(np.zeros((*result.minimum.shape, 3), np.uint8))
    ax.add_image(image)
    image.set_clip_path(ax.patch)
    above: list[Artist] = []
    size = points("xtick.labelsize")
    names = _letters(basin_colors.coloured)
    for i, (x, y) in enumerate(result.minima[: basin_colors.coloured]):
        if not (x0 <= x <= x1 and y0 <= y <= y1):
            continue
        disc = Line2D(
            [x],
            [y],
            marker="o",
            linestyle="none",
            markersize=_DISC_WIDTH * size,
            color="white",
            markeredgecolor="black",
            markeredgewidth=1.2,
            zorder=_MINIMUM + i / 100,
            label="_minimum",
        )
        ax.add_line(disc)
        name = ax.text(
            x,
            y,
            names[i],
            ha="center",
            va="center_baseline",
            fontsize=size,
            fontweight="bold",
            color="black",
            zorder=_MINIMUM + i / 100 + 0.005,
        )
        above += [disc, name]
    return BasinImage(image, result, basin_colors, above)


def draw_key(
    ax: Axes, basin_colors: BasinColors, result: Basins, *, missing: bool | None = None
) -> Axes:
    """Draw the key of colours: a column for each minimum, darker upwards with the steps."""
    columns, heads = _key_columns(basin_colors, result)
    lengths = _COLUMN_WIDTH * len(columns), _GAP
    width, gap = (n * points("xtick.labelsize") / in_points(ax)[0] for n in lengths)
    key = ax.inset_axes((1 + gap, 0.0, width, 1.0))
    steps = np.arange(basin_colors.slowest + 1)
    rgb = basin_colors.rgb(np.array(columns)[None, :], steps[:, None])
    style_ticks(key)
    top = basin_colors.slowest + 0.5
    key.imshow(
        rgb,
        origin="lower",
        aspect="auto",
        extent=(0, len(columns), -0.5, top),
        interpolation="nearest",
    )
    for spine in key.spines.values():
        spine.set_visible(False)
    key.set_xticks(np.arange(len(columns)) + 0.5, heads)
    key.xaxis.tick_top()
    key.tick_params(axis="x", length=0)
    key.yaxis.tick_right()
    key.yaxis.set_label_position("right")
    key.yaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    notes = ["grey: local"] if len(result.minima) > basin_colors.coloured else []
    if (result.minimum < 0).any() if missing is None else missing:
        notes.append("black: nowhere")
    key.xaxis.set_label_position("bottom")
    key.set_xlabel("\n".join(notes).replace(": ", ":\n"), fontsize=points("xtick.labelsize"))
    key.set_ylabel("steps until it stays there", rotation=90)
    return key


def key_width(basin_colors: BasinColors, result: Basins) -> float:
    """Return the width of the key beside a map, in points."""
    ticks = 0.75 * len(str(basin_colors.slowest)) + 0.9
    columns, _ = _key_columns(basin_colors, result)
    size = points("xtick.labelsize")
    return (_GAP + _COLUMN_WIDTH * len(columns) + ticks) * size + 1.6 * points("axes.labelsize")


def _key_columns(basin_colors: BasinColors, result: Basins) -> tuple[list[int], list[str]]:
    """Return the minima of the columns of the key, and the head of each."""
    count = len(result.minima)
    colored = basin_colors.coloured
    grey = [colored] if count > colored else []
    return [*range(colored), *grey], _letters(colored) + ["\N{HORIZONTAL ELLIPSIS}"] * len(grey)


#: The largest step with room in the counter.
_MOST_STEPS = 9999


@result_picture(several=True, twin="animate_basins", page=True)
def plot_basins(results: Any, *, size: Size | None = None, theme: str | None = None) -> Figure:
    """Draw the basins of attraction of several optimizers side by side, in the same colours.

    Parameters
    ----------
    results : Basins or iterable of Basins
        Results of `basins` on one surface, with the same limits and minima.
    size : (int, int), optional
        Width and height in pixels; type grows with them. By default such that the panels are
        square.
    theme : str, optional
        As for `plot_map`.

    Examples
    --------
    >>> from trajectories import basins
    >>> several = [basins("himmelblau", rule, resolution=60) for rule in ("sgd:0.01", "adam:0.1")]
    >>> plot_basins(several).savefig("basins.png")  # doctest: +SKIP
    """
    maps = checked_basins(results)
    with applied(theme):
        figure, images = basins_picture(maps, size)
        figure.remember(maps, kind="plot_basins", settings={"size": size, "theme": theme})
        for image in images:
            image.show(None)
    return figure


def checked_basins(results: Any) -> list[Basins]:
    """Return maps of basins as a list, and check that they have the same axes and minima."""
    maps = [results] if isinstance(results, Basins) else list(results)
    if not maps or not all(isinstance(one, Basins) for one in maps):
        raise must("results", "what `basins` returns", results, kind=TypeError)
    first = maps[0]
    for one in maps:
        if one.surface != first.surface or one.limits != first.limits:
            raise must("results", "on one surface, in the same limits", [repr(o) for o in maps])
        if not np.array_equal(one.minima, first.minima):
            raise must("results", "with the same minima", [len(o.minima) for o in maps])
    return maps


def basins_picture(
    results: Sequence[Basins], size: Size | None = None
) -> tuple[RecipeFigure, list[BasinImage]]:
    """Lay out a panel for each map of basins, and one key; return the figure and the cells."""
    count = len(results)
    columns = count if count <= 3 else math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    reference = basins_size(results)
    figure = new_figure(size or reference, reference)
    basin_colors = basin_colors_for(results)
    key_room = key_width(basin_colors, results[0])
    width, height = in_points(figure)
    kinds = ("xtick.label", "axes.label", "axes.title")
    tick, caption, title = (points(f"{kind}size") for kind in kinds)
    left, bottom, gap = 2.6 * tick + 1.4 * caption, 1.6 * tick + 1.5 * caption, 1.1 * tick
    above = 3.1 * title + 0.6 * tick
    between = 1.6 * title
    w = (width - left - key_room - 1.2 * tick - gap * (columns - 1)) / columns
    h = (height - above - bottom - between * (rows - 1)) / rows
    check_panels(figure, w, h)
    titles, fit = fitted_alike([_basin_titles(one) for one in results], w, 0.92 * title, figure)
    images = []
    for i, one in enumerate(results):
        row, column = divmod(i, columns)
        x, y = left + column * (w + gap), height - above - h - row * (h + between)
        box = (x / width, y / height, w / width, h / height)
        ax = figure.add_axes(box)
        images.append(draw_basins(ax, one, basin_colors))
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], prune="both"))
        ax.set_title(titles[i], loc="left", fontsize=fit, y=1.0, pad=0.4 * title)
        if column:
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
        if i + columns < count:
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
        if row == 0 and column == columns - 1:
            missing = any((other.minimum < 0).any() for other in results)
            draw_key(ax, basin_colors, one, missing=missing)
    surface = results[0].surface
    # The counter of a movie is at the end of this line.
    room = columns * (w + gap) - gap - counter_width(_MOST_STEPS) - title
    words = heading(surface.name, surface.formula, surface.latex)
    write_over(figure, words, left / width, drop=1.45 * title, room=room, size=1.1 * title)
    return figure, images


def _basin_titles(result: Basins) -> list[str]:
    """Return possible titles of a map, the longest first."""
    reached = result.shares[: len(result.surface.minima)].sum()
    label = literal(result.label)
    return [f"{label}:  {reached:.0%} at a global minimum", f"{label}:  {reached:.0%}", label]


def basins_size(results: Sequence[Basins]) -> Size:
    """Return the default size of a figure of maps."""
    count = len(results)
    columns = count if count <= 3 else math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    if count == 1:
        return (800, 640)
    return (180 + 400 * columns, 150 + 370 * rows)


#: Tried paths are over the contours, under the best path.
_TRIED = 4.0
#: Share of the path's colour in the tried paths.
_TRIED_INK = 0.4
#: Between a panel and two lines above it, in points.
_LINE_GAP = 5.0


@result_picture()
def plot_tuning(
    tuning: Tuning, *, size: Size | None = None, theme: str | None = None, limits: Any = None
) -> Figure:
    """Draw for each optimizer the path of its best learning rate over all tried ones.

    Parameters
    ----------
    tuning : Tuning
        The result of `tune`.
    size : (int, int), optional
        Width and height in pixels; type and lines grow with them. By default (960, 720).
    theme : str, optional
        As for `plot_map`.
    limits : "domain" or ((float, float), (float, float)), optional
        The view; by default the best paths with a margin.

    Examples
    --------
    >>> from trajectories import tune
    >>> plot_tuning(tune("rosenbrock", ["sgd", "adam"])).savefig("race.png")  # doctest: +SKIP
    """
    if not isinstance(tuning, Tuning):
        raise must("tuning", "what `tune` returns", tuning, kind=TypeError)
    with applied(theme) as applied_theme:
        figure = new_figure(size or (960, 720), (960, 720))
        settings = {"size": size, "theme": theme, "limits": limits}
        figure.remember([tuning], kind="plot_tuning", settings=settings)
        title = points("axes.titlesize")
        count = len(tuning.tuned)
        columns = math.ceil(math.sqrt(count))
        rows = math.ceil(count / columns)
        axes = panels(figure, rows, columns, [], top=3.6 * title)
        scene = Scene.of(
            tuning.best, limits=limits, aspect=axes[0].bbox.width / axes[0].bbox.height
        )
        styles = track_styles(count)
        titles = _tuning_titles(tuning, in_points(axes[0])[0], figure)
        for i, ax in enumerate(axes):
            if i >= count:
                ax.remove()
                continue
            trial = tuning.tuned[i]
            draw_still_paths(ax, scene.only(i), applied_theme, [styles[i]], titles[i] or " ")
            _draw_tried(ax, trial.tried, styles[i]["color"])
            ax.label_outer()
            ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], prune="both"))
            if i + columns >= count:
                ax.tick_params(labelbottom=True)
                ax.set_xlabel("$x$")
        if not all(titles):
            _draw_two_lines(axes[:count], tuning, figure)
        _write_titles(figure, axes[0], _surface_titles(tuning), _subtitle(tuning))
    return figure


@result_picture()
def plot_triptych(
    tuning: Tuning,
    *,
    factor: float = 10.0,
    size: Size | None = None,
    theme: str | None = None,
    limits: Any = None,
) -> Figure:
    """Draw all optimizers as given, tuned, and with too high a learning rate.

    Parameters
    ----------
    tuning : Tuning
        The result of `tune`.
    factor : float, default 10
        The ratio of the too high learning rate to the best one.
    size : (int, int), optional
        Width and height in pixels; type and lines grow with them. By default (1280, 540).
    theme : str, optional
        As for `plot_map`.
    limits : "domain" or ((float, float), (float, float)), optional
        The view; by default all paths with a margin.

    Examples
    --------
    >>> import trajectories as tj
    >>> tuning = tj.tune("beale", ["sgd", "adam"], steps=50)
    >>> plot_triptych(tuning).savefig("triptych.png")  # doctest: +SKIP
    """
    if not isinstance(tuning, Tuning):
        raise must("tuning", "what `tune` returns", tuning, kind=TypeError)
    factor = scalar("factor", factor, POSITIVE)
    variants = {
        "as given": tuning.default,
        f"tuned: the best of {tuning.trials}": tuning.best,
        f"{factor:g} times the best": tuning.times(factor),
    }
    with applied(theme) as applied_theme:
        figure = new_figure(size or (1280, 540), (1280, 540))
        settings = {"factor": factor, "size": size, "theme": theme, "limits": limits}
        figure.remember([tuning], kind="plot_triptych", settings=settings)
        labels = [path.label for path in tuning.best]
        title = points("axes.titlesize")
        axes = panels(figure, 1, 3, labels, top=2.0 * title + 0.05 * points("legend.fontsize"))
        aspect = axes[0].bbox.width / axes[0].bbox.height
        all_paths = [path for paths in variants.values() for path in paths]
        scene = Scene.of(all_paths, limits=limits, aspect=aspect)
        styles = track_styles(len(labels))
        for ax, (name, paths) in zip(axes, variants.items(), strict=True):
            part = Scene.of(paths, limits=scene.limits)
            draw_still_paths(ax, part, applied_theme, styles, name)
            ax.label_outer()
            ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], prune="both"))
        _write_titles(figure, axes[0], _surface_titles(tuning), None)
        across = (axes[-1].bbox.x1 - axes[0].bbox.x0) / figure.dpi * 72
        draw_legend(axes[0], labels, styles, across, lift=1.9 * title)
    return figure


def draw_still_paths(
    ax: Axes, scene: Scene, theme: Theme, styles: Sequence[Style], title: str = " "
) -> None:
    """Draw the paths of a scene at their last step, without legend and caption."""
    how: Any = {"legend": False, "caption": False, "title": title}
    for moving_artist in draw_paths(ax, scene, theme, styles, **how):
        moving_artist.show(scene.steps)


def _tuning_titles(tuning: Tuning, width: float, figure: Figure) -> list[str]:
    """Return the titles of all panels, names and numbers; empty ones unless all fit."""
    titles = [f"{trial.label}:  {_result_texts(trial)[0]}" for trial in tuning.tuned]
    size = points("axes.titlesize")
    fit = [fitted([literal(words), ""], width, size, figure)[0] for words in titles]
    return titles if all(fit) else [""] * len(titles)


def _draw_two_lines(axes: Sequence[Axes], tuning: Tuning, figure: Figure) -> None:
    """Write above each panel a name, and the numbers below it, in one size for all."""
    width = in_points(axes[0])[0]
    names = [[literal(trial.label)] for trial in tuning.tuned]
    heads, large = fitted_alike(names, width, points("axes.labelsize"), figure)
    numbers = [_result_texts(trial) for trial in tuning.tuned]
    lines, small = fitted_alike(numbers, width, 0.9 * large, figure)
    for ax, head, line in zip(axes, heads, lines, strict=True):
        ax.set_title(head, loc="left", y=1.0, pad=_LINE_GAP + 1.25 * small, fontsize=large)
        ax.annotate(
            line,
            (0.0, 1.0),
            xycoords="axes fraction",
            xytext=(0.0, _LINE_GAP),
            textcoords="offset points",
            fontsize=small,
            color=setting("axes.labelcolor"),
        )


def _result_texts(trial: Tuned) -> list[str]:
    """Return possible texts on the best path, the longest first."""
    rate = f"lr {trial.best_rate:.2g}"
    loss = f"f {_loss(trial.best)}"
    long_note, note = (" (at the edge)", " (edge)") if trial.at_edge else ("", "")
    return [f"{rate}{long_note},  {loss}", f"{rate}{note}, {loss}", f"{rate}{note}"]


def _draw_tried(ax: Axes, tried: Trajectory, color: Any) -> None:
    """Draw all tried paths, faint, each up to its divergence."""
    paths = np.moveaxis(tried.positions, 0, 1)
    finite: Any = np.isfinite(paths).all(axis=2)
    lines = [path[ok] for path, ok in zip(paths, finite, strict=True)]
    # Agg cannot draw points far outside.
    paper = np.array(to_rgb(setting("axes.facecolor")))
    span = 50 * max(np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim()))
    lines = [line[: _first_true(np.abs(line).max(axis=1) > span)] for line in lines]
    ax.add_collection(
        LineCollection(
            lines,
            # Mixed, not transparent: overlapping transparent paths would look bold.
            colors=[tuple(paper + _TRIED_INK * (np.array(to_rgb(color)) - paper))],
            linewidths=0.55 * setting("lines.linewidth"),
            zorder=_TRIED,
            label="_tried",
        ),
        autolim=False,
    )


def _first_true(where: Any) -> int:
    """Return the length up to the first true value, included; all if none is true."""
    return int(np.argmax(where)) + 1 if where.any() else len(where)


def _surface_titles(tuning: Tuning) -> list[str]:
    surface = tuning.surface
    return heading(surface.name, surface.formula, surface.latex)


def _subtitle(tuning: Tuning) -> str:
    low, high = tuning.range
    kind = "drawn at random" if tuning.drawn else "at equal ratios"
    steps = tuning.tuned[0].settings.steps
    return (
        f"{tuning.trials} learning rates for each, {kind} from {low:g} to {high:g}; {steps} steps. "
        "Faint: all that were tried. Bold: the best."
    )


def _write_titles(figure: Figure, ax: Axes, words: Sequence[str], subtitle: str | None) -> None:
    """Write a title over all panels, and a line below it."""
    size, small = points("axes.titlesize"), points("axes.labelsize")
    left = ax.get_position().x0
    room = in_points(figure)[0] * (1 - left) - size
    write_over(figure, words, left, drop=1.6 * size, room=room, size=1.15 * size)
    if subtitle is not None:
        lines = [subtitle, subtitle.split(". ")[0]]
        color = "axes.labelcolor"
        write_over(figure, lines, left, drop=3.1 * size, room=room, size=small, color=color)


def _loss(path: Trajectory) -> str:
    value = float(path.values[-1])
    return f"= {value:.2g}".replace("-", "\N{MINUS SIGN}") if np.isfinite(value) else "diverged"
