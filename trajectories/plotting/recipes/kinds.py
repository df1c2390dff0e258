"""The kinds of picture that a recipe can be of: what draws each, and of what."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trajectories.names import resolve

__all__ = ["KINDS", "RESULTS", "SAVING", "Kind", "arguments", "picture_of"]

#: Arguments of `Animation.save` that belong to the picture.
SAVING = ("fps", "hold", "loop")
_FIGURES = "trajectories.plotting.figures:"
_AXES = "trajectories.plotting.axes:"
_MAPS = "trajectories.plotting.maps."
_NETWORK = "trajectories.mnist.figures"


@dataclass(frozen=True)
class Kind:
    """A kind of picture."""

    home: str
    shows: str = "paths"
    layout: str | None = None
    moves: bool = False
    twin: str | None = None
    several: bool = True
    lines: bool = True
    page: bool = False


def _of_results(home: str, **more: Any) -> Kind:
    return Kind(home, "results", **{"several": False, "lines": False, **more})


#: By the name that stands in a recipe.
KINDS: dict[str, Kind] = {
    "animation": Kind("trajectories.plotting.animate:animate", moves=True),
    "plot": Kind(f"{_AXES}plot", layout="overlay"),
    "plot_overlay": Kind(f"{_FIGURES}plot_overlay", layout="overlay"),
    "plot_grid": Kind(f"{_FIGURES}plot_grid", layout="grid"),
    "plot_race": Kind(f"{_FIGURES}plot_race", layout="race"),
    "plot_3d": Kind(f"{_AXES}plot_3d", layout="3d"),
    "plot_loss": Kind(f"{_AXES}plot_loss"),
    "plot_gradient": Kind(f"{_AXES}plot_gradient", "surface"),
    "plot_ensemble": Kind(
        f"{_MAPS}movies:plot_ensemble", twin="animate_ensemble", several=False, lines=False
    ),
    "animate_ensemble": Kind(
        f"{_MAPS}movies:animate_ensemble",
        moves=True,
        twin="plot_ensemble",
        several=False,
        lines=False,
    ),
    "plot_map": _of_results(f"{_MAPS}axes:plot_map", page=True),
    "plot_rates": _of_results(f"{_MAPS}axes:plot_rates", several=True, lines=True),
    "plot_sensitivity": _of_results(f"{_MAPS}figures:plot_sensitivity", page=True),
    "plot_basins": _of_results(
        f"{_MAPS}panels:plot_basins", several=True, twin="animate_basins", page=True
    ),
    "animate_basins": _of_results(
        f"{_MAPS}movies:animate_basins", moves=True, several=True, twin="plot_basins"
    ),
    "plot_tuning": _of_results(f"{_MAPS}tuning:plot_tuning"),
    "plot_triptych": _of_results(f"{_MAPS}tuning:plot_triptych"),
    "experiment": _of_results(f"{_NETWORK}:draw", twin="animate_experiment"),
    "animate_experiment": _of_results(f"{_NETWORK}:animate", moves=True, twin="experiment"),
    "landscape": _of_results(f"{_NETWORK}.landscape:draw_landscape", twin="animate_landscape"),
    "animate_landscape": _of_results(
        f"{_NETWORK}.landscape:animate_landscape", moves=True, twin="landscape"
    ),
    "search": _of_results(f"{_NETWORK}.search:draw_search"),
}

#: Results by the name that stands in a recipe: the class, what tells how one was made, and what
#: makes it again.
RESULTS: dict[str, tuple[str, str, str]] = {
    "sensitivity": ("Sensitivity", "to_dict", "trajectories.maps.remake:remake_sensitivity"),
    "basins": ("Basins", "to_dict", "trajectories.maps.remake:remake_basins"),
    "tuning": ("Tuning", "to_dict", "trajectories.maps.remake:remake_tuning"),
    "experiment": ("Result", "asked", "trajectories.mnist.remake:remake_experiment"),
    "landscape": ("Landscape", "asked", "trajectories.mnist.remake:remake_landscape"),
    "search": ("SearchResult", "to_dict", "trajectories.search.result:remake_search"),
}


def picture_of(kind: str) -> Callable[..., Any]:
    """Return the function that makes a kind of picture."""
    name = resolve("kind of recipe", kind, KINDS)
    function: Callable[..., Any] = pkgutil.resolve_name(KINDS[name].home)
    return function


def arguments(function: Callable[..., Any]) -> set[str]:
    """Return the names of a function's arguments that can be left out or are told by name."""
    parameters = inspect.signature(function).parameters.values()
    told = [item for item in parameters if item.kind is not item.VAR_KEYWORD]
    return {p.name for p in told if p.kind is p.KEYWORD_ONLY or p.default is not p.empty}
