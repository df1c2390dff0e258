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

_NAMES = {"lr": "learning rate"}
_RAISED = str.maketrans(
    "-0123456789",
    "\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT ZERO}\N{SUPERSCRIPT ONE}\N{SUPERSCRIPT TWO}"
    "\N{SUPERSCRIPT THREE}\N{SUPERSCRIPT FOUR}\N{SUPERSCRIPT FIVE}\N{SUPERSCRIPT SIX}"
    "\N{SUPERSCRIPT SEVEN}\N{SUPERSCRIPT EIGHT}\N{SUPERSCRIPT NINE}",
)


def as_percent(result: SearchResult) -> bool:
    """Return whether scores are accuracies, to be shown in percent."""
    return str(result.settings["measure"]).endswith("accuracy")


def measure(result: SearchResult) -> str:
    """Return what the score is called on an axis."""
    return literal(str(result.settings["measure"]))


def call(result: SearchResult, score: float | None) -> str:
    """Return a score in words."""
    if score is None:
        return "diverged"
    if not as_percent(result):
        return number(score)
    return f"{100 * score:.3g} %"


def number(value: float) -> str:
    """Return a number as it is set in print."""
    digits, _, power = f"{value:.2g}".partition("e")
    digits = digits.replace("-", "\N{MINUS SIGN}")
    if not power:
        return digits
    return f"{digits} \N{MULTIPLICATION SIGN} 10{str(int(power)).translate(_RAISED)}"


def name_of(name: str) -> str:
    """Return what a hyperparameter is called on an axis."""
    return literal(_NAMES.get(name, name.replace("_", " ")))


def told(trial: Trial, names: Any = None) -> str:
    """Return a trial's hyperparameters in words."""
    parts = []
    for name in names or trial.params:
        value = trial.params[name]
        text = number(value) if isinstance(value, float) else str(value)
        parts.append(f"{_NAMES.get(name, name).replace('_', ' ')} {text}")
    return literal(", ".join(parts))


def heading(result: SearchResult, what: str) -> list[str]:
    """Return titles, the best first."""
    about = result.settings["objective"]
    where = literal(str(about["data"])) if about.get("data") else _surface(about)
    return [f"{what}: random search on {where}", f"{what} on {where}", what]


def _surface(about: dict[str, Any]) -> str:
    surface = about.get("surface")
    if not isinstance(surface, dict):
        return "an objective"
    return literal(str(surface.get("name") or surface.get("formula")).replace("_", " "))


def about_best(result: SearchResult) -> list[str]:
    """Return the winner in words, the best first."""
    best = result.best
    if best is None:
        return ["No trial has a score"]
    score = f"{measure(result)} {call(result, best.score)}"
    words = [f"Best: {score} with {told(best)}", f"Best: {score} in trial {best.number}"]
    ends = result.conclusion or {}
    if "test" in ends:
        test = f"; test images, looked at once: {call(result, ends['test'])}"
        short = f"Best: {call(result, best.score)} in validation{test}"
        words = [words[0] + test, words[1] + test, short, *words]
    return words


def foot(result: SearchResult, *more: str) -> str:
    """Return what was done, in words."""
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
    tail = f", {' and '.join(counts)}" if counts else ""
    several = f" in {s['rounds']} rounds" if s["rounds"] > 1 else ""
    done = f"{len(result)} trials of {length}{several}{tail}, seed {s['rng']}."
    if not result.complete:
        done = f"{len(result)} of {s['trials']} trials have ended. {done}"
    return " ".join([*parts, done, *more])


def _networks(result: SearchResult) -> str:
    """Return the shape that networks and batches had, or from where to where it went."""
    about, space = result.settings["objective"], result.space

    def told(name: str, fixed: int) -> str:
        ends = _range_ends(space[name]) if name in space else (fixed, fixed)
        return f"{ends[0]}" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"

    sizes, pixels = about["hidden"], math.prod(about["shape"])
    shape = layers_words(pixels, sizes, about["classes"])
    if "layers" in space or "width" in space:
        both = told("width", sizes[0] if sizes else WIDTH), told("layers", len(sizes))
        hidden = "x".join(f"({part})" if " " in part else part for part in both)
        shape = f"{pixels}-{hidden}-{about['classes']}"
    return f"{shape}, batches of {told('batch_size', about['batch_size'])}"


def _range_ends(kind: Range) -> tuple[Any, Any]:
    every = kind.values if isinstance(kind, Choice) else tuple(vars(kind).values())
    return min(every), max(every)


def drawn_in(made: Sheet) -> RecipeFigure:
    """Return the figure of a sheet, its words set smaller where they would run out of it."""
    (strip,) = (ax for ax in made.figure.axes if ax.get_label() == "header")
    for text in strip.findobj(Text):
        assert isinstance(text, Text)
        if text.get_text():
            wide = text.get_window_extent().width / strip.bbox.width
            text.set_fontsize(float(text.get_fontsize()) / max(1.0, float(wide)))
    return made.figure


def edges(kind: Range, above: float) -> tuple[float, float]:
    """Return the ends of an axis for a numerical range."""
    low, high = float(getattr(kind, "low", 0)), float(getattr(kind, "high", 1))
    if isinstance(kind, LogUniform):
        return low / (high / low) ** 0.04, high * (high / low) ** above
    return low - 0.04 * (high - low), high + above * (high - low)


_BOX, _POINT, _WORD = 4.0, 3.0, 6.0
#: Room around the first box, as a part of it.
_PAD = 0.04
#: Widths of the first and the last box, in line widths.
_THIN, _BOLD = 0.4, 1.15


def draw_plane(result: SearchResult, size: Size | None = None) -> RecipeFigure:
    """Draw the first two numerical hyperparameters, coloured by score; a box for each round."""
    names = [name for name, kind in result.space.items() if not isinstance(kind, Choice)][:2]
    if len(names) < 2:
        raise must("space", "of two numerical ranges for this figure", result.space)
    boxes = len(result.spaces) - 1
    titles = [" against ".join(name_of(name) for name in names)]
    titles[0] = titles[0][:1].upper() + titles[0][1:]
    kinds = [k for k in ("finished", "abandoned", "diverged") if result.count(k)]
    made = sheet(
        size,
        (1080, 800),
        1,
        2,
        title=heading(result, titles[0]),
        about=about_best(result),
        foot=foot(result, "Each box is what a round was drawn from; the last, where it led."),
        labels=kinds if len(kinds) > 1 else (),
        styles=[_key(kind) for kind in kinds] if len(kinds) > 1 else (),
        widths=[1.0, 0.035],
        side=4.2 * points("xtick.labelsize") + 1.6 * points("axes.labelsize"),
    )
    ax, scale = made.axes
    _place_scale(ax, scale)
    norm = _norm(result)
    _draw_trials(ax, result, names, norm)
    for axis, name in (("x", names[0]), ("y", names[1])):
        kind = result.space[name]
        if isinstance(kind, LogUniform):
            getattr(ax, f"set_{axis}scale")("log")
        getattr(ax, f"set_{axis}lim")(*edges(kind, _room(ax, boxes) if axis == "y" else _PAD))
        getattr(ax, f"set_{axis}label")(name_of(name))
    if boxes > 0:
        _draw_boxes(ax, result.spaces, names)
    _draw_scale(scale, result, norm)
    return drawn_in(made)


def _place_scale(ax: Axes, scale: Axes) -> None:
    """Move the colour scale to the right end, and give what that frees to the plane."""
    left, right = ax.get_position(), scale.get_position()
    figure: Any = ax.figure
    tick = points("xtick.labelsize") / (72 * figure.get_figwidth())
    width, gap, room = right.width, 1.6 * tick, 3.6 * tick
    end = right.x1 - room
    scale.set_position((end - width, right.y0, width, right.height))
    ax.set_position((left.x0, left.y0, end - width - gap - left.x0, left.height))


def _room(ax: Axes, boxes: int) -> float:
    """Return what part of the height lies above the first box: enough for names of boxes."""
    height = in_points(ax)[1]
    return _PAD + 2.9 * points("xtick.labelsize") * (boxes > 0) / height


def _norm(result: SearchResult) -> Normalize:
    scores = np.array([t.score for t in result.trials if t.score is not None])
    if not len(scores):
        return Normalize(0, 1)
    low, high = float(scores.min()), float(scores.max())
    if as_percent(result):
        return Normalize(0, max(high, 1e-9))
    if low > 0:
        # What is hopeless is all alike; the scale is for what is not.
        return LogNorm(max(low, 1e-12 * high), max(float(np.median(scores)), 1.001 * low))
    return Normalize(low, high if high > low else low + 1)


def _colors(result: SearchResult) -> Any:
    """Return a colour map whose best end stands out from the page."""
    colors = quality_map()
    return colors if result.goal == "min" else colors.reversed()


def _key(status: str) -> dict[str, Any]:
    color = setting("text.color")
    marker = {"finished": "o", "abandoned": "v", "diverged": "x"}[status]
    return {"marker": marker, "linestyle": "none", "color": color, "markeredgecolor": color}


def _draw_trials(ax: Axes, result: SearchResult, names: Sequence[str], norm: Normalize) -> None:
    area = (1.5 * setting("lines.markersize")) ** 2
    edge = setting("axes.labelcolor")

    def at(trials: Sequence[Trial]) -> dict[str, Any]:
        x, y = ([float(trial.params[name]) for trial in trials] for name in names)
        return {"x": x, "y": y}

    lost = [trial for trial in result.trials if trial.score is None]
    if lost:
        ax.scatter(**at(lost), s=0.5 * area, marker="x", c=edge, linewidths=1.2, zorder=_POINT)
    for status, share in (("abandoned", 0.6), ("finished", 1.0)):
        # The best lie on top.
        trials = [trial for trial in result.ranking[::-1] if trial.status == status]
        if trials:
            ax.scatter(
                **at(trials),
                s=share * area,
                marker=_key(status)["marker"],
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
    """Draw what each round was drawn from, bolder each time, and its name over a corner."""
    color, paper = setting("text.color"), setting("axes.facecolor")
    size = points("xtick.labelsize")
    line, taken = 1.45 * size, list[tuple[float, float, float]]()
    pixels = 72 / ax.figure.dpi
    for turn, space in enumerate(spaces):
        (x0, x1), (y0, y1) = (_ends(space[name]) for name in names)
        last = turn == len(spaces) - 1
        share = turn / (len(spaces) - 1)
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
        words = "good region" if last else f"round {turn + 1}"
        left, top = (float(place) * pixels for place in ax.transData.transform((x0, y1)))
        # A name that would run out at the right ends at the box's right side.
        width = text_size(words, size)[0] + 4
        over = left + width > ax.bbox.x1 * pixels
        if over:
            left = float(ax.transData.transform((x1, y1))[0]) * pixels - width
        rise = 3.0
        while any(
            left < b and left + width > a and abs(top + rise - y) < 0.95 * line for a, b, y in taken
        ):
            rise += line
        taken.append((left, left + width, top + rise))
        ax.annotate(
            words,
            (x1 if over else x0, y1),
            (0, rise),
            textcoords="offset points",
            ha="right" if over else "left",
            va="bottom",
            fontsize=size,
            color=color,
            bbox={"facecolor": paper, "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
            zorder=_WORD,
        )


def _ends(kind: Any) -> tuple[float, float]:
    return (kind.values[0],) * 2 if isinstance(kind, Choice) else (kind.low, kind.high)


def _draw_scale(ax: Axes, result: SearchResult, norm: Normalize) -> None:
    from matplotlib.cm import ScalarMappable

    figure: Any = ax.figure
    bar = figure.colorbar(ScalarMappable(norm, _colors(result)), cax=ax)
    bar.outline.set_visible(False)
    bar.set_label(measure(result))
    if as_percent(result):
        bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))


_ROWS, _COLUMNS = 4, 5
_ENDS = ("finished", "abandoned", "diverged")


@result_picture("search")
def draw_search(
    result: SearchResult,
    page: str = "best",
    *,
    theme: str | None = None,
    size: Size | None = None,
) -> RecipeFigure:
    """Draw a figure of a search from what it found; nothing is run."""
    if not isinstance(result, SearchResult):
        raise must("result", "what `search` returns", result, kind=TypeError)
    if not result.trials:
        raise must("result", "one with a trial that has ended", result)
    paint = SEARCH_PAGES[resolve("page", page, SEARCH_PAGES)]
    with applied(theme):
        figure = paint(result, size)
    told = {"page": page, "theme": theme, "size": size}
    figure.remember([result], kind="search", settings=told)
    return figure


def _draw_best(result: SearchResult, size: Size | None) -> RecipeFigure:
    """Draw the curves of the best trials, each in a panel."""
    names = [name for name in _recorded(result) if name not in ("epoch", "step")]
    unit = str(result.settings["unit"])
    styles = [
        {**style, "marker": "", "linestyle": dash}
        for style, dash in zip(track_styles(len(names)), _dashes(len(names)), strict=True)
    ]
    made = sheet(
        size,
        (1280, 960),
        _ROWS,
        _COLUMNS,
        title=heading(result, f"The {min(len(result), 20)} best of {len(result)} trials"),
        about=about_best(result),
        foot=foot(result, "Above each panel: rank, trial, score."),
        labels=[
            literal(f"{name} {'accuracy' if as_percent(result) else ''}".strip()) for name in names
        ],
        styles=styles,
        shared=True,
        joined=True,
        heads=True,
    )
    shown = result.ranking[: _ROWS * _COLUMNS]
    for place, ax in enumerate(made.axes):
        if place >= len(shown):
            ax.set_axis_off()
            continue
        trial = shown[place]
        for name, style in zip(names, styles, strict=True):
            if name in trial.curves and unit in trial.curves:
                ax.plot(trial.curves[unit], trial.curves[name], **style)
        _head(ax, result, trial, place)
        ax.set_xlim(0, result.settings["budget"])
        ax.xaxis.set_major_locator(MaxNLocator(2, integer=True, steps=[1, 2, 2.5, 5, 10]))
        light_grid(ax)
        _scale(ax, result, shown, names)
        below = place + _COLUMNS >= len(shown)
        ax.tick_params(labelleft=place % _COLUMNS == 0, labelbottom=below)
        if below:
            ax.set_xlabel(literal(f"{unit}s"))
        if place % _COLUMNS == 0:
            ax.set_ylabel("accuracy" if as_percent(result) else measure(result))
    return drawn_in(made)


def _recorded(result: SearchResult) -> list[str]:
    return list(max(result.trials, key=lambda trial: len(trial.curves)).curves)


def _dashes(count: int) -> list[Any]:
    return ["-", (0, (4, 1.6)), (0, (1, 1.2))][:count] + ["-"] * (count - 3)


def _scale(ax: Axes, result: SearchResult, shown: tuple[Trial, ...], names: list[str]) -> None:
    """Give all panels one vertical axis: parts of 1, or a logarithmic one for losses."""
    if as_percent(result):
        ax.set_ylim(0, 1.02)
        ax.set_yticks([0, 0.5, 1])
        in_percent(ax)
        return
    curves = [trial.curves.get(name, []) for trial in shown for name in names]
    values = np.concatenate([np.empty(0), *curves])
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0:
        ax.set_yscale("log")
        low = max(values.min(), 1e-12 * values.max())
        ax.set_ylim(low / 2, values.max() * 2)
    elif len(values):
        ax.set_ylim(values.min(), values.max() + 1e-12)


def _head(ax: Axes, result: SearchResult, trial: Trial, place: int) -> None:
    """Write rank, trial and score over a panel, and inside it what was tried."""
    ended = "" if trial.status == "finished" else f", {trial.status}"
    room, size = in_points(ax)[0], points("axes.labelsize")
    score = call(result, trial.score)
    words = [
        f"{place + 1}: trial {trial.number}, {score}{ended}",
        f"{place + 1}: {score}{ended}",
        f"{place + 1}: {score}",
    ]
    text, fit = fitted(words, room, 0.95 * size, ax.figure)
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
    parts = {k: [t for t in result.trials if t.status == k] for k in _ENDS}
    present = [k for k in _ENDS if parts[k]]
    behind = ["Abandoned trials rank behind finished ones."] if parts["abandoned"] else []
    behind += ["Diverged trials have no score, and are drawn level with the worst."] * bool(
        parts["diverged"]
    )
    made = sheet(
        size,
        (1000, 680),
        1,
        1,
        title=heading(result, "Every trial by its rank"),
        about=about_best(result),
        foot=foot(result, *behind),
        labels=[f"{k} ({len(parts[k])})" for k in present],
        styles=[styles[_ENDS.index(k)] for k in present],
    )
    (ax,) = made.axes
    scores = [t.score for t in result.trials if t.score is not None]
    worst = (max if result.goal == "min" else min)(scores, default=0.0)
    rank = {trial.number: place for place, trial in enumerate(result.ranking, 1)}
    for kind in present:
        where = [rank[t.number] for t in parts[kind]]
        values = [worst if t.score is None else t.score for t in parts[kind]]
        ax.plot(where, values, **styles[_ENDS.index(kind)], zorder=3)
    ax.set_xlabel("rank")
    ax.set_ylabel(measure(result))
    ax.set_xlim(0, len(result) + 1)
    if as_percent(result):
        ax.set_ylim(0, None)
        in_percent(ax)
    elif scores and min(scores) > 0:
        ax.set_yscale("log")
    light_grid(ax)
    ax.margins(y=0.08)
    return drawn_in(made)


#: What draws each page.
SEARCH_PAGES: dict[str, Callable[[SearchResult, Size | None], RecipeFigure]] = {
    "best": _draw_best,
    "plane": draw_plane,
    "ranking": _draw_ranking,
}
