"""Figures of experiments, drawn from their saved results alone."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from trajectories.names import resolve
from trajectories.validation import must

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from trajectories.mnist.experiments.result import Result
    from trajectories.plotting.maps.movie import Movie
    from trajectories.plotting.recipes.figure import RecipeFigure

__all__ = ["animate", "draw"]

_ROOT = "trajectories.mnist.figures"
#: What draws each page of each experiment, and the arguments that it takes beyond the result.
_PAGES: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "optimizers": {
        "loss": ("losses:draw_race", {}),
        "accuracy": ("losses:draw_race_accuracy", {}),
    },
    "zero_weights": {"loss": ("units:draw_zero_weights", {})},
    "activations": {
        "all": ("histograms:draw_activations", {}),
        **{
            name: ("histograms:draw_layers", {"kind": name}) for name in ("sigmoid", "tanh", "relu")
        },
    },
    "layers": {
        "he": ("signals:draw_signals", {"network": "ReLU, He"}),
        "small": ("signals:draw_signals", {"network": "ReLU, std 0.01"}),
        "sigmoid": ("signals:draw_signals", {"network": "sigmoid, Xavier"}),
    },
    "initial_weights": {"loss": ("losses:draw_initial_weights", {})},
    "batch_norm": {"accuracy": ("accuracies:draw_batch_norm", {})},
    "weight_decay": {"accuracy": ("accuracies:draw_overfitting", {})},
    "dropout": {"accuracy": ("accuracies:draw_overfitting", {})},
    "ensemble": {"accuracy": ("accuracies:draw_ensemble", {})},
}


def draw(
    result: Result,
    page: str | None = None,
    *,
    theme: str | None = None,
    size: tuple[int, int] | None = None,
) -> Figure:
    """Draw the figure of an experiment from its result; nothing is trained."""
    from trajectories.plotting.theme import applied

    home, options = _page(result, page)
    module, _, function = home.partition(":")
    paint = getattr(importlib.import_module(f"{_ROOT}.{module}"), function)
    with applied(theme):
        figure: RecipeFigure = paint(result, size=size, **options)
    told = {"page": page, "theme": theme, "size": size}
    figure.remember([result], kind="experiment", settings=told)
    return figure


def animate(
    result: Result,
    page: str | None = None,
    *,
    theme: str | None = None,
    size: tuple[int, int] | None = None,
) -> Movie:
    """Make a moving picture of an experiment from its result: of `layers`, while it learns."""
    from trajectories.mnist.figures.signals import animate_signals

    _, options = _page(result, page)
    if "network" not in options:
        raise must("result", "what `layers` returns", result)
    movie = animate_signals(result, options["network"], theme=theme, size=size)
    told = {"page": page, "theme": theme, "size": size}
    movie.remember([result], kind="animate_experiment", settings=told)
    return movie


def _page(result: Result, page: str | None) -> tuple[str, dict[str, Any]]:
    """Return what draws a page of a result, and its arguments."""
    from trajectories.mnist.experiments.result import Result

    if not isinstance(result, Result):
        raise must("result", "what an experiment returns", result, kind=TypeError)
    pages = _PAGES[resolve("experiment", result.experiment, _PAGES)]
    return pages[next(iter(pages)) if page is None else resolve("page", page, pages)]
