"""The sheets of a search: words that all of its figures share."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.text import Text

from trajectories.mnist.figures.sheet import Sheet, layers_words
from trajectories.mnist.network_objective import WIDTH
from trajectories.plotting.header import literal
from trajectories.plotting.recipes.figure import RecipeFigure
from trajectories.search.ranges import Choice, LogUniform, Range
from trajectories.search.result import SearchResult
from trajectories.search.trial import Trial

__all__ = [
    "about_best",
    "as_percent",
    "call",
    "edges",
    "foot",
    "heading",
    "measure",
    "name_of",
    "number",
    "told",
]

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
        ends = _ends(space[name]) if name in space else (fixed, fixed)
        return f"{ends[0]}" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"

    sizes, pixels = about["hidden"], math.prod(about["shape"])
    shape = layers_words(pixels, sizes, about["classes"])
    if "layers" in space or "width" in space:
        both = told("width", sizes[0] if sizes else WIDTH), told("layers", len(sizes))
        hidden = "x".join(f"({part})" if " " in part else part for part in both)
        shape = f"{pixels}-{hidden}-{about['classes']}"
    return f"{shape}, batches of {told('batch_size', about['batch_size'])}"


def _ends(kind: Range) -> tuple[Any, Any]:
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
