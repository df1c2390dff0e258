"""The figure of a search over hyperparameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator, PercentFormatter

from trajectories.checks import must, resolve
from trajectories.mnist.figures.curves import in_percent, light_grid
from trajectories.mnist.figures.sheet import Sheet, layers_words, sheet
from trajectories.mnist.network_search import WIDTH
from trajectories.plotting.canvas import RecipeFigure, Size
from trajectories.plotting.maps.map_cells import quality_map
from trajectories.plotting.recipes.recipe import result_picture
from trajectories.plotting.scene import track_styles
from trajectories.plotting.text import fitted, in_points, literal, points, text_size
from trajectories.plotting.theme import applied, setting
from trajectories.search.space import Choice, LogUniform, Range, Space
from trajectories.search.trials import SearchResult, Trial

_AXIS_LABELS = {"lr": "learning rate"}
_SUPERSCRIPTS = str.maketrans(
    "-0123456789",
    "\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT ZERO}\N{SUPERSCRIPT ONE}\N{SUPERSCRIPT TWO}"
    "\N{SUPERSCRIPT THREE}\N{SUPERSCRIPT FOUR}\N{SUPERSCRIPT FIVE}\N{SUPERSCRIPT SIX}"
    "\N{SUPERSCRIPT SEVEN}\N{SUPERSCRIPT EIGHT}\N{SUPERSCRIPT NINE}",
)


def _is_accuracy(result: SearchResult) -> bool:
    """Return whether scores are accuracies, which are drawn in percent."""
    return str(result.settings["measure"]).endswith("accuracy")


def _measure(result: SearchResult) -> str:
    """Return the label of scores."""
    return literal(str(result.settings["measure"]))


def _score_text(result: SearchResult, score: float | None) -> str:
    """Return a score as text."""
    if score is None:
        return "diverged"
    if not _is_accuracy(result):
        return _number(score)
    return f"{100 * score:.3g} %"


def _number(value: float) -> str:
    """Return a number in typographic form."""
    digits, _, power = f"{value:.2g}".partition("e")
    digits = digits.replace("-", "\N{MINUS SIGN}")
    if not power:
        return digits
    return f"{digits} \N{MULTIPLICATION SIGN} 10{str(int(power)).translate(_SUPERSCRIPTS)}"


def _axis_label(name: str) -> str:
    """Return the axis label of a hyperparameter."""
    return literal(_AXIS_LABELS.get(name, name.replace("_", " ")))


def _params(trial: Trial) -> str:
    """Return a trial's hyperparameters as text."""
    parts = []
    for name, value in trial.params.items():
        text = _number(value) if isinstance(value, float) else str(value)
        parts.append(f"{_AXIS_LABELS.get(name, name).replace('_', ' ')} {text}")
    return literal(", ".join(parts))


def _titles(result: SearchResult, subject: str) -> list[str]:
    """Return possible titles, the best first."""
    about = result.settings["objective"]
    where = literal(str(about["data"])) if about.get("data") else _surface_name(about)
    return [f"{subject}: random search on {where}", f"{subject} on {where}", subject]


def _surface_name(about: dict[str, Any]) -> str:
    surface = about.get("surface")
    if not isinstance(surface, dict):
        return "an objective"
    return literal(str(surface.get("name") or surface.get("formula")).replace("_", " "))


def _about_best(result: SearchResult) -> list[str]:
    """Describe the best trial, the best text first."""
    best = result.best
    if best is None:
        return ["No trial has a score"]
    score = f"{_measure(result)} {_score_text(result, best.score)}"
    texts = [f"Best: {score} with {_params(best)}", f"Best: {score} in trial {best.number}"]
    conclusion = result.conclusion or {}
    if "test" in conclusion:
        test = f"; test images, looked at once: {_score_text(result, conclusion['test'])}"
        short = f"Best: {_score_text(result, best.score)} in validation{test}"
        texts = [texts[0] + test, texts[1] + test, short, *texts]
    return texts


def _foot(result: SearchResult, *notes: str) -> str:
    """Describe the search."""
    s, about = result.settings, result.settings["objective"]
    parts = []
    if "train" in about:
        parts.append(
            f"{literal(str(about['data']))}, {about['train']} images to train and "
            f"{about['validation']} to validate on; {_networks(result)}."
        )
    unit = literal(str(s["unit"]))
    length = f"{s['budget']} {unit}s" if s["budget"] > 1 else f"{s['budget']} {unit}"
    counts = [f"{result.count(k)} {k}" for k in ("abandoned", "diverged") if result.count(k)]
    ended = f", {' and '.join(counts)}" if counts else ""
    rounds = f" in {s['rounds']} rounds" if s["rounds"] > 1 else ""
    summary = f"{len(result)} trials of {length}{rounds}{ended}, seed {s['rng']}."
    if not result.complete:
        summary = f"{len(result)} of {s['trials']} trials have ended. {summary}"
    return " ".join([*parts, summary, *notes])


def _networks(result: SearchResult) -> str:
    """Describe the shapes of networks and batches, with ranges of drawn ones."""
    about, space = result.settings["objective"], result.space

    def described(name: str, fixed: int) -> str:
        ends = _range_ends(space[name]) if name in space else (fixed, fixed)
        return f"{ends[0]}" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"

    sizes, pixels = about["hidden"], math.prod(about["shape"])
    shape = layers_words(pixels, sizes, about["classes"])
    if "layers" in space or "width" in space:
        drawn = described("width", sizes[0] if sizes else WIDTH), described("layers", len(sizes))
        hidden = "x".join(f"({part})" if " " in part else part for part in drawn)
        shape = f"{pixels}-{hidden}-{about['classes']}"
    return f"{shape}, batches of {described('batch_size', about['batch_size'])}"


def _range_ends(kind: Range) -> tuple[Any, Any]:
    values = kind.values if isinstance(kind, Choice) else tuple(vars(kind).values())
    return min(values), max(values)


def _fitted_figure(layout: Sheet) -> RecipeFigure:
    """Return the figure of a sheet, with too long texts in a smaller size."""
    (strip,) = (ax for ax in layout.figure.axes if ax.get_label() == "header")
    for text in strip.findobj(Text):
        assert isinstance(text, Text)
        if text.get_text():
            share = text.get_window_extent().width / strip.bbox.width
            text.set_fontsize(float(text.get_fontsize()) / max(1.0, float(share)))
    return layout.figure


def _axis_limits(kind: Range, above: float) -> tuple[float, float]:
    """Return the limits of an axis for a numerical range."""
    low, high = float(getattr(kind, "low", 0)), float(getattr(kind, "high", 1))
    if isinstance(kind, LogUniform):
        return low / (high / low) ** 0.04, high * (high / low) ** above
    return low - 0.04 * (high - low), high + above * (high - low)


_BOX, _POINT, _LABEL = 4.0, 3.0, 6.0
#: Margin around the first box, as a part of it.
_MARGIN = 0.04
#: Widths of the first and the last box, in line widths.
_THIN, _BOLD = 0.4, 1.15


def _draw_plane(result: SearchResult, size: Size | None = None) -> RecipeFigure:
    """Draw two numerical hyperparameters, coloured by score, with a box for each round."""
    names = [name for name, kind in result.space.items() if not isinstance(kind, Choice)][:2]
    if len(names) < 2:
        raise must("space", "of two numerical ranges for this figure", result.space)
    boxes = len(result.spaces) - 1
    titles = [" against ".join(_axis_label(name) for name in names)]
    titles[0] = titles[0][:1].upper() + titles[0][1:]
    kinds = [k for k in ("finished", "abandoned", "diverged") if result.count(k)]
    layout = sheet(
        size,
        (1080, 800),
        1,
        2,
        title=_titles(result, titles[0]),
        about=_about_best(result),
        foot=_foot(result, "Each box is what a round was drawn from; the last, where it led."),
        labels=kinds if len(kinds) > 1 else (),
        styles=[_status_style(kind) for kind in kinds] if len(kinds) > 1 else (),
        widths=[1.0, 0.035],
        side=4.2 * points("xtick.labelsize") + 1.6 * points("axes.labelsize"),
    )
    ax, scale = layout.axes
    _place_scale(ax, scale)
    norm = _norm(result)
    _draw_trials(ax, result, names, norm)
    for axis, name in (("x", names[0]), ("y", names[1])):
        kind = result.space[name]
        if isinstance(kind, LogUniform):
            getattr(ax, f"set_{axis}scale")("log")
        margin = _top_margin(ax, boxes) if axis == "y" else _MARGIN
        getattr(ax, f"set_{axis}lim")(*_axis_limits(kind, margin))
        getattr(ax, f"set_{axis}label")(_axis_label(name))
    if boxes > 0:
        _draw_boxes(ax, result.spaces, names)
    _draw_scale(scale, result, norm)
    return _fitted_figure(layout)


def _place_scale(ax: Axes, scale: Axes) -> None:
    """Move the colour scale to the right end, and widen the plane."""
    left, right = ax.get_position(), scale.get_position()
    figure: Any = ax.figure
    tick = points("xtick.labelsize") / (72 * figure.get_figwidth())
    width, gap, room = right.width, 1.6 * tick, 3.6 * tick
    end = right.x1 - room
    scale.set_position((end - width, right.y0, width, right.height))
    ax.set_position((left.x0, left.y0, end - width - gap - left.x0, left.height))


def _top_margin(ax: Axes, boxes: int) -> float:
    """Return the margin above the first box for labels, as a part of the height."""
    height = in_points(ax)[1]
    return _MARGIN + 2.9 * points("xtick.labelsize") * (boxes > 0) / height


def _norm(result: SearchResult) -> Normalize:
    scores = np.array([t.score for t in result.trials if t.score is not None])
    if not len(scores):
        return Normalize(0, 1)
    low, high = float(scores.min()), float(scores.max())
    if _is_accuracy(result):
        return Normalize(0, max(high, 1e-9))
    if low > 0:
        # Losses above the median share one colour.
        return LogNorm(max(low, 1e-12 * high), max(float(np.median(scores)), 1.001 * low))
    return Normalize(low, high if high > low else low + 1)


def _colors(result: SearchResult) -> Any:
    """Return a colour map whose best end contrasts with the page."""
    colors = quality_map()
    return colors if result.goal == "min" else colors.reversed()


def _status_style(status: str) -> dict[str, Any]:
    color = setting("text.color")
    marker = {"finished": "o", "abandoned": "v", "diverged": "x"}[status]
    return {"marker": marker, "linestyle": "none", "color": color, "markeredgecolor": color}


def _draw_trials(ax: Axes, result: SearchResult, names: Sequence[str], norm: Normalize) -> None:
    area = (1.5 * setting("lines.markersize")) ** 2
    edge = setting("axes.labelcolor")

    def at(trials: Sequence[Trial]) -> dict[str, Any]:
        x, y = ([float(trial.params[name]) for trial in trials] for name in names)
        return {"x": x, "y": y}

    diverged = [trial for trial in result.trials if trial.score is None]
    if diverged:
        ax.scatter(**at(diverged), s=0.5 * area, marker="x", c=edge, linewidths=1.2, zorder=_POINT)
    for status, share in (("abandoned", 0.6), ("finished", 1.0)):
        # The best on top.
        trials = [trial for trial in result.ranking[::-1] if trial.status == status]
        if trials:
            ax.scatter(
                **at(trials),
                s=share * area,
                marker=_status_style(status)["marker"],
                c=[float(trial.score or 0) for trial in trials],
                cmap=_colors(result),
                norm=norm,
                edgecolors=edge,
                linewidths=0.6,
                zorder=_POINT + 0.1 * share,
            )
    if result.best is not None:
        ring = {"facecolors": "none", "edgecolors": setting("text.color"), "linewidths": 2.0}
        ax.scatter(**at([result.best]), s=3.4 * area, zorder=_POINT + 1, **ring)


def _draw_boxes(ax: Axes, spaces: Sequence[Space], names: Sequence[str]) -> None:
    """Draw the box of each round, bolder each time, with a label over its corner."""
    color, paper = setting("text.color"), setting("axes.facecolor")
    size = points("xtick.labelsize")
    spacing, labels = 1.45 * size, list[tuple[float, float, float]]()
    pixels = 72 / ax.figure.dpi
    for round_, space in enumerate(spaces):
        (x0, x1), (y0, y1) = (_box_sides(space[name]) for name in names)
        last = round_ == len(spaces) - 1
        share = round_ / (len(spaces) - 1)
        box = Rectangle(
            (x0, y0),
            x1 - x0,
            y1 - y0,
            fill=False,
            edgecolor=color,
            linewidth=setting("lines.linewidth") * (_THIN + share * (_BOLD - _THIN)),
            zorder=_BOX,
        )
        ax.add_patch(box)
        label = "good region" if last else f"round {round_ + 1}"
        left, top = (float(x) * pixels for x in ax.transData.transform((x0, y1)))
        # A label too long for the right margin ends at the right side of the box.
        width = text_size(label, size)[0] + 4
        right_aligned = left + width > ax.bbox.x1 * pixels
        if right_aligned:
            left = float(ax.transData.transform((x1, y1))[0]) * pixels - width
        lift = 3.0
        while any(
            left < b and left + width > a and abs(top + lift - y) < 0.95 * spacing
            for a, b, y in labels
        ):
            lift += spacing
        labels.append((left, left + width, top + lift))
        ax.annotate(
            label,
            (x1 if right_aligned else x0, y1),
            (0, lift),
            textcoords="offset points",
            ha="right" if right_aligned else "left",
            va="bottom",
            fontsize=size,
            color=color,
            bbox={"facecolor": paper, "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
            zorder=_LABEL,
        )


def _box_sides(kind: Any) -> tuple[float, float]:
    return (kind.values[0],) * 2 if isinstance(kind, Choice) else (kind.low, kind.high)


def _draw_scale(ax: Axes, result: SearchResult, norm: Normalize) -> None:
    from matplotlib.cm import ScalarMappable

    figure: Any = ax.figure
    bar = figure.colorbar(ScalarMappable(norm, _colors(result)), cax=ax)
    bar.outline.set_visible(False)
    bar.set_label(_measure(result))
    if _is_accuracy(result):
        bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))


_ROWS, _COLUMNS = 4, 5
_STATUSES = ("finished", "abandoned", "diverged")


@result_picture("search")
def draw_search(
    result: SearchResult,
    page: str = "best",
    *,
    theme: str | None = None,
    size: Size | None = None,
) -> RecipeFigure:
    """Draw a figure of a search from its result, without running trials."""
    if not isinstance(result, SearchResult):
        raise must("result", "what `search` returns", result, kind=TypeError)
    if not result.trials:
        raise must("result", "one with a trial that has ended", result)
    draw_page = SEARCH_PAGES[resolve("page", page, SEARCH_PAGES)]
    with applied(theme):
        figure = draw_page(result, size)
    settings = {"page": page, "theme": theme, "size": size}
    figure.remember([result], kind="search", settings=settings)
    return figure


def _draw_best(result: SearchResult, size: Size | None) -> RecipeFigure:
    """Draw the curves of the best trials, a panel for each."""
    names = [name for name in _recorded(result) if name not in ("epoch", "step")]
    unit = str(result.settings["unit"])
    styles = [
        {**style, "marker": "", "linestyle": dash}
        for style, dash in zip(track_styles(len(names)), _dashes(len(names)), strict=True)
    ]
    layout = sheet(
        size,
        (1280, 960),
        _ROWS,
        _COLUMNS,
        title=_titles(result, f"The {min(len(result), 20)} best of {len(result)} trials"),
        about=_about_best(result),
        foot=_foot(result, "Above each panel: rank, trial, score."),
        labels=[literal(name + " accuracy" * _is_accuracy(result)) for name in names],
        styles=styles,
        shared=True,
        joined=True,
        heads=True,
    )
    trials = result.ranking[: _ROWS * _COLUMNS]
    for i, ax in enumerate(layout.axes):
        if i >= len(trials):
            ax.set_axis_off()
            continue
        trial = trials[i]
        for name, style in zip(names, styles, strict=True):
            if name in trial.curves and unit in trial.curves:
                ax.plot(trial.curves[unit], trial.curves[name], **style)
        _title_panel(ax, result, trial, i + 1)
        ax.set_xlim(0, result.settings["budget"])
        ax.xaxis.set_major_locator(MaxNLocator(2, integer=True, steps=[1, 2, 2.5, 5, 10]))
        light_grid(ax)
        _set_scale(ax, result, trials, names)
        below = i + _COLUMNS >= len(trials)
        ax.tick_params(labelleft=i % _COLUMNS == 0, labelbottom=below)
        if below:
            ax.set_xlabel(literal(f"{unit}s"))
        if i % _COLUMNS == 0:
            ax.set_ylabel("accuracy" if _is_accuracy(result) else _measure(result))
    return _fitted_figure(layout)


def _recorded(result: SearchResult) -> list[str]:
    return list(max(result.trials, key=lambda trial: len(trial.curves)).curves)


def _dashes(count: int) -> list[Any]:
    return ["-", (0, (4, 1.6)), (0, (1, 1.2))][:count] + ["-"] * (count - 3)


def _set_scale(ax: Axes, result: SearchResult, trials: Sequence[Trial], names: list[str]) -> None:
    """Give all panels the same vertical axis: parts of 1, or logarithmic for losses."""
    if _is_accuracy(result):
        ax.set_ylim(0, 1.02)
        ax.set_yticks([0, 0.5, 1])
        in_percent(ax)
        return
    curves = [trial.curves.get(name, []) for trial in trials for name in names]
    values = np.concatenate([np.empty(0), *curves])
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0:
        ax.set_yscale("log")
        low = max(values.min(), 1e-12 * values.max())
        ax.set_ylim(low / 2, values.max() * 2)
    elif len(values):
        ax.set_ylim(values.min(), values.max() + 1e-12)


def _title_panel(ax: Axes, result: SearchResult, trial: Trial, rank: int) -> None:
    """Write rank, trial and score over a panel."""
    ended = "" if trial.status == "finished" else f", {trial.status}"
    room, size = in_points(ax)[0], points("axes.labelsize")
    score = _score_text(result, trial.score)
    titles = [
        f"{rank}: trial {trial.number}, {score}{ended}",
        f"{rank}: {score}{ended}",
        f"{rank}: {score}",
    ]
    text, fit = fitted(titles, room, 0.95 * size, ax.figure)
    color = setting("axes.titlecolor")
    ax.set_title(text, loc="left", y=1.0, pad=5, fontsize=fit, color=color)


def _draw_ranking(result: SearchResult, size: Size | None) -> RecipeFigure:
    """Draw the score against the rank."""
    cycle = track_styles(3)
    styles = [
        {**cycle[0], "linestyle": "none"},
        {**cycle[1], "linestyle": "none", "markerfacecolor": "none", "markeredgewidth": 1.4}
        | {"markeredgecolor": cycle[1]["color"]},
        {**cycle[2], "marker": "X", "linestyle": "none"},
    ]
    by_status = {k: [t for t in result.trials if t.status == k] for k in _STATUSES}
    statuses = [k for k in _STATUSES if by_status[k]]
    notes = ["Abandoned trials rank behind finished ones."] if by_status["abandoned"] else []
    notes += ["Diverged trials have no score, and are drawn level with the worst."] * bool(
        by_status["diverged"]
    )
    layout = sheet(
        size,
        (1000, 680),
        1,
        1,
        title=_titles(result, "Every trial by its rank"),
        about=_about_best(result),
        foot=_foot(result, *notes),
        labels=[f"{k} ({len(by_status[k])})" for k in statuses],
        styles=[styles[_STATUSES.index(k)] for k in statuses],
    )
    (ax,) = layout.axes
    scores = [t.score for t in result.trials if t.score is not None]
    worst = (max if result.goal == "min" else min)(scores, default=0.0)
    rank = {trial.number: position for position, trial in enumerate(result.ranking, 1)}
    for kind in statuses:
        ranks = [rank[t.number] for t in by_status[kind]]
        values = [worst if t.score is None else t.score for t in by_status[kind]]
        ax.plot(ranks, values, **styles[_STATUSES.index(kind)], zorder=3)
    ax.set_xlabel("rank")
    ax.set_ylabel(_measure(result))
    ax.set_xlim(0, len(result) + 1)
    if _is_accuracy(result):
        ax.set_ylim(0, None)
        in_percent(ax)
    elif scores and min(scores) > 0:
        ax.set_yscale("log")
    light_grid(ax)
    ax.margins(y=0.08)
    return _fitted_figure(layout)


#: The function for each page.
SEARCH_PAGES: dict[str, Callable[[SearchResult, Size | None], RecipeFigure]] = {
    "best": _draw_best,
    "plane": _draw_plane,
    "ranking": _draw_ranking,
}
