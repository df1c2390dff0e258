"""Figures of experiments, drawn from saved results alone; experiments rerun from recipes."""

from __future__ import annotations

import importlib
import inspect
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trajectories.checks import integer, must, resolve
from trajectories.mnist.data import Dataset
from trajectories.mnist.experiments import EXPERIMENTS
from trajectories.mnist.experiments.study import Result, at_hand, described
from trajectories.mnist.landscape import Landscape, landscape
from trajectories.mnist.source import load
from trajectories.optimizers import from_record
from trajectories.plotting.recipes.recipe import result_picture
from trajectories.records import Remake, remakes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from trajectories.plotting.canvas import RecipeFigure
    from trajectories.plotting.maps.map_movies import Movie

_ROOT = "trajectories.mnist.figures"
#: What draws each page of each experiment, and the arguments that it takes beyond the result.
_PAGES: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "optimizers": {
        "loss": ("curves:draw_race", {}),
        "accuracy": ("curves:draw_race_accuracy", {}),
    },
    "zero_weights": {"loss": ("histograms:draw_zero_weights", {})},
    "activations": {
        "all": ("histograms:draw_activations", {}),
        **{
            name: ("histograms:draw_layers", {"kind": name}) for name in ("sigmoid", "tanh", "relu")
        },
    },
    "layers": {
        "he": ("histograms:draw_signals", {"network": "ReLU, He"}),
        "small": ("histograms:draw_signals", {"network": "ReLU, std 0.01"}),
        "sigmoid": ("histograms:draw_signals", {"network": "sigmoid, Xavier"}),
    },
    "initial_weights": {"loss": ("curves:draw_initial_weights", {})},
    "batch_norm": {"accuracy": ("curves:draw_batch_norm", {})},
    "weight_decay": {"accuracy": ("curves:draw_overfitting", {})},
    "dropout": {"accuracy": ("curves:draw_overfitting", {})},
    "dropout_ensemble": {"accuracy": ("curves:draw_ensemble", {})},
}


@result_picture("experiment", twin="animate_experiment")
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


@result_picture("animate_experiment", moves=True, twin="experiment")
def animate(
    result: Result,
    page: str | None = None,
    *,
    theme: str | None = None,
    size: tuple[int, int] | None = None,
) -> Movie:
    """Make a moving picture of an experiment from its result: of `layers`, while it learns."""
    from trajectories.mnist.figures.histograms import animate_signals

    _, options = _page(result, page)
    if "network" not in options:
        raise must("result", "what `layers` returns", result)
    movie = animate_signals(result, options["network"], theme=theme, size=size)
    told = {"page": page, "theme": theme, "size": size}
    movie.remember([result], kind="animate_experiment", settings=told)
    return movie


def _page(result: Result, page: str | None) -> tuple[str, dict[str, Any]]:
    """Return what draws a page of a result, and its arguments."""
    from trajectories.mnist.experiments.study import Result

    if not isinstance(result, Result):
        raise must("result", "what an experiment returns", result, kind=TypeError)
    pages = _PAGES[resolve("experiment", result.experiment, _PAGES)]
    return pages[next(iter(pages)) if page is None else resolve("page", page, pages)]


#: An image that goes through a weight takes about this part of the time of a step of a path.
_STEP = 1e-3
_MOST_SEEDS, _MOST_RUNS, _MOST_WEIGHTS = 100, 100, 10_000_000
#: The largest layer, grid or batch.
_LARGEST = 1_000_000
_LANDSCAPE = (
    "hidden", "network", "iterations", "every", "batch_size", "images", "resolution", "through",
)  # fmt: skip


@remakes("experiment", Result, "asked")
def remake_experiment(told: Mapping[str, Any]) -> Remake:
    """Check what is told of an experiment."""
    name = resolve("experiment", told["experiment"], EXPERIMENTS)
    seeds, settings = _seeds(told["seeds"]), dict(told["settings"])
    function = EXPERIMENTS[name].function(name)
    how: dict[str, Any] = {"seeds": seeds, "quick": bool(told["quick"])}
    for argument in inspect.signature(function).parameters:
        if argument in settings and argument not in ("optimizer", "optimizers"):
            how[argument] = settings[argument]
    if "optimizers" in settings:
        how["optimizers"] = _optimizers(settings["optimizers"])
    if "rule" in settings:  # Of the layers' experiment, which tells how far its looks are apart.
        how["optimizer"] = from_record(settings["rule"])
        how["moments"] = integer("iterations", settings["iterations"], 1) // integer(
            "every", settings["every"], 1
        )
    if "dropout" in settings:
        how["ratio"] = settings["dropout"]
    runs = len(how.get("optimizers", ())) or EXPERIMENTS[name].variants

    def run(images: Any = None) -> Result:
        data = _images(images, told["data"]) if EXPERIMENTS[name].images else None
        found = function(data, **how)
        _check_same(found.asked, told)
        return found

    needs = str(told["data"]["name"]) if EXPERIMENTS[name].images else ""
    return Remake(_work(settings, told["data"], len(seeds) * runs), run, needs)


@remakes("landscape", Landscape, "asked")
def remake_landscape(told: Mapping[str, Any]) -> Remake:
    """Check what is told of a loss landscape."""
    seeds, settings = _seeds(told["seeds"]), dict(told["settings"])
    optimizers = _optimizers(settings["optimizers"])
    how = {name: settings[name] for name in _LANDSCAPE}
    work = _work(settings, told["data"], len(optimizers))
    points = integer("resolution", settings["resolution"], 2) ** 2
    looked = points + len(optimizers) * integer("iterations", settings["iterations"], 1)
    work += looked * _weights(settings, told["data"]) * integer("images", settings["images"], 1)

    def run(images: Any = None) -> Landscape:
        data = _images(images, told["data"])
        found = landscape(
            data, optimizers=optimizers, rng=seeds[0], quick=bool(told["quick"]), **how
        )
        _check_same(found.asked, told)
        return found

    return Remake(work * _STEP, run, str(told["data"]["name"]))


def _optimizers(told: Mapping[str, Any]) -> dict[str, Any]:
    if not 1 <= len(told) <= _MOST_RUNS:
        raise must("optimizers", f"from 1 to {_MOST_RUNS} optimizers", len(told))
    return {str(label): from_record(record) for label, record in told.items()}


def _seeds(told: Any) -> tuple[int, ...]:
    if not isinstance(told, (list, tuple)) or not 1 <= len(told) <= _MOST_SEEDS:
        raise must("seeds", f"from 1 to {_MOST_SEEDS} numbers", told)
    return tuple(integer("seeds", seed, 0) for seed in told)


def _weights(settings: Mapping[str, Any], data: Mapping[str, Any]) -> int:
    """Return about how many weights a network has."""
    hidden = settings["hidden"]
    if not isinstance(hidden, list) or not 1 <= len(hidden) <= _MOST_RUNS:
        raise must("hidden", f"from 1 to {_MOST_RUNS} widths", hidden)
    shape = data.get("shape", [hidden[0], 1])
    sides = [_bounded("hidden", width) for width in (math.prod(shape), *hidden, 10)]
    found = sum(a * b for a, b in zip(sides, sides[1:], strict=False))
    if found > _MOST_WEIGHTS:
        raise must("hidden", f"of at most {_MOST_WEIGHTS:,} weights", hidden)
    return found


def _work(settings: Mapping[str, Any], data: Mapping[str, Any], runs: int) -> float:
    """Return how much there is to train, in steps of paths."""
    if "epochs" in settings:
        seen = _bounded("epochs", settings["epochs"]) * _bounded("images", settings["images"])
    else:
        batch = _bounded("batch_size", settings.get("batch_size", 1))
        seen = _bounded("iterations", settings.get("iterations", 1)) * batch
    seen += _bounded("masks", settings.get("masks", 1)) * _bounded("test", data.get("test", 1))
    return runs * float(seen) * _weights(settings, data) * _STEP


def _bounded(name: str, value: Any) -> int:
    number = integer(name, value, 1)
    if number > _LARGEST:
        raise must(name, f"at most {_LARGEST:,}", number)
    return number


def _images(given: Any, told: Mapping[str, Any]) -> Dataset:
    """Return the images that are given or at hand, if they are those that are told of."""
    if given is None:
        given = at_hand()
    data = given if isinstance(given, Dataset) else load(given)
    about = described(data)
    if about != told:
        words = f"{told['name']} as it was ({told['train']:,} training images)"
        raise must("data", words, f"{about['name']} ({about['train']:,})")
    return data


def _check_same(asked: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    """Raise if an experiment knows nothing of a setting that is told of."""
    for name in ("data", "settings", "seeds", "quick"):
        if _plain(asked[name]) != _plain(told[name]):
            raise must(name, "those of an experiment that can be run", told[name])


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
