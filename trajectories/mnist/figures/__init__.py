"""Figures of experiments from saved results; experiments repeated from recipes."""

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
#: The function for each page of each experiment, and its arguments beyond the result.
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
    """Draw the figure of an experiment from its result, without training."""
    from trajectories.plotting.theme import applied

    target, options = _page_of(result, page)
    module, _, function = target.partition(":")
    draw_page = getattr(importlib.import_module(f"{_ROOT}.{module}"), function)
    with applied(theme):
        figure: RecipeFigure = draw_page(result, size=size, **options)
    settings = {"page": page, "theme": theme, "size": size}
    figure.remember([result], kind="experiment", settings=settings)
    return figure


@result_picture("animate_experiment", moves=True, twin="experiment")
def animate(
    result: Result,
    page: str | None = None,
    *,
    theme: str | None = None,
    size: tuple[int, int] | None = None,
) -> Movie:
    """Make a moving picture of the training in `layers` from its result."""
    from trajectories.mnist.figures.histograms import animate_signals

    _, options = _page_of(result, page)
    if "network" not in options:
        raise must("result", "what `layers` returns", result)
    movie = animate_signals(result, options["network"], theme=theme, size=size)
    settings = {"page": page, "theme": theme, "size": size}
    movie.remember([result], kind="animate_experiment", settings=settings)
    return movie


def _page_of(result: Result, page: str | None) -> tuple[str, dict[str, Any]]:
    """Return the name of the function that draws a page of a result, and its arguments."""
    if not isinstance(result, Result):
        raise must("result", "what an experiment returns", result, kind=TypeError)
    pages = _PAGES[resolve("experiment", result.experiment, _PAGES)]
    return pages[next(iter(pages)) if page is None else resolve("page", page, pages)]


#: Time of one image through one weight, relative to a step of a path.
_WORK_OF_WEIGHT = 1e-3
_MOST_SEEDS, _MOST_RUNS, _MOST_WEIGHTS = 100, 100, 10_000_000
#: The largest layer, grid or batch.
_LARGEST = 1_000_000
_LANDSCAPE_SETTINGS = (
    "hidden", "network", "iterations", "every", "batch_size", "images", "resolution", "through",
)  # fmt: skip


@remakes("experiment", Result, "asked")
def remake_experiment(record: Mapping[str, Any]) -> Remake:
    """Check the record of an experiment; return a function that repeats it."""
    name = resolve("experiment", record["experiment"], EXPERIMENTS)
    seeds, settings = _seeds(record["seeds"]), dict(record["settings"])
    function = EXPERIMENTS[name].function(name)
    arguments: dict[str, Any] = {"seeds": seeds, "quick": bool(record["quick"])}
    for argument in inspect.signature(function).parameters:
        if argument in settings and argument not in ("optimizer", "optimizers"):
            arguments[argument] = settings[argument]
    if "optimizers" in settings:
        arguments["optimizers"] = _optimizers(settings["optimizers"])
    if "rule" in settings:  # Of `layers`, whose record has the interval of its moments.
        arguments["optimizer"] = from_record(settings["rule"])
        arguments["moments"] = integer("iterations", settings["iterations"], 1) // integer(
            "every", settings["every"], 1
        )
    if "dropout" in settings:
        arguments["ratio"] = settings["dropout"]
    runs = len(arguments.get("optimizers", ())) or EXPERIMENTS[name].variants

    def run(images: Any = None) -> Result:
        data = _images(images, record["data"]) if EXPERIMENTS[name].images else None
        result = function(data, **arguments)
        _check_same(result.asked, record)
        return result

    needs = str(record["data"]["name"]) if EXPERIMENTS[name].images else ""
    return Remake(_work(settings, record["data"], len(seeds) * runs), run, needs)


@remakes("landscape", Landscape, "asked")
def remake_landscape(record: Mapping[str, Any]) -> Remake:
    """Check the record of a loss landscape; return a function that repeats it."""
    seeds, settings = _seeds(record["seeds"]), dict(record["settings"])
    optimizers = _optimizers(settings["optimizers"])
    arguments = {name: settings[name] for name in _LANDSCAPE_SETTINGS}
    work = _work(settings, record["data"], len(optimizers))
    points = integer("resolution", settings["resolution"], 2) ** 2
    evaluations = points + len(optimizers) * integer("iterations", settings["iterations"], 1)
    passes = evaluations * integer("images", settings["images"], 1)
    work += passes * _weights(settings, record["data"])

    def run(images: Any = None) -> Landscape:
        data = _images(images, record["data"])
        result = landscape(
            data, optimizers=optimizers, rng=seeds[0], quick=bool(record["quick"]), **arguments
        )
        _check_same(result.asked, record)
        return result

    return Remake(work * _WORK_OF_WEIGHT, run, str(record["data"]["name"]))


def _optimizers(records: Mapping[str, Any]) -> dict[str, Any]:
    if not 1 <= len(records) <= _MOST_RUNS:
        raise must("optimizers", f"from 1 to {_MOST_RUNS} optimizers", len(records))
    return {str(label): from_record(record) for label, record in records.items()}


def _seeds(seeds: Any) -> tuple[int, ...]:
    if not isinstance(seeds, (list, tuple)) or not 1 <= len(seeds) <= _MOST_SEEDS:
        raise must("seeds", f"from 1 to {_MOST_SEEDS} numbers", seeds)
    return tuple(integer("seeds", seed, 0) for seed in seeds)


def _weights(settings: Mapping[str, Any], data: Mapping[str, Any]) -> int:
    """Return the approximate number of weights of a network."""
    hidden = settings["hidden"]
    if not isinstance(hidden, list) or not 1 <= len(hidden) <= _MOST_RUNS:
        raise must("hidden", f"from 1 to {_MOST_RUNS} widths", hidden)
    shape = data.get("shape", [hidden[0], 1])
    sides = [_count("hidden", width) for width in (math.prod(shape), *hidden, 10)]
    count = sum(a * b for a, b in zip(sides, sides[1:], strict=False))
    if count > _MOST_WEIGHTS:
        raise must("hidden", f"of at most {_MOST_WEIGHTS:,} weights", hidden)
    return count


def _work(settings: Mapping[str, Any], data: Mapping[str, Any], runs: int) -> float:
    """Return the work of training, in steps of paths."""
    if "epochs" in settings:
        passes = _count("epochs", settings["epochs"]) * _count("images", settings["images"])
    else:
        batch = _count("batch_size", settings.get("batch_size", 1))
        passes = _count("iterations", settings.get("iterations", 1)) * batch
    passes += _count("masks", settings.get("masks", 1)) * _count("test", data.get("test", 1))
    return runs * float(passes) * _weights(settings, data) * _WORK_OF_WEIGHT


def _count(name: str, value: Any) -> int:
    number = integer(name, value, 1)
    if number > _LARGEST:
        raise must(name, f"at most {_LARGEST:,}", number)
    return number


def _images(images: Any, record: Mapping[str, Any]) -> Dataset:
    """Return the given or available images, if they match the record."""
    if images is None:
        images = at_hand()
    data = images if isinstance(images, Dataset) else load(images)
    description = described(data)
    if description != record:
        words = f"{record['name']} as it was ({record['train']:,} training images)"
        raise must("data", words, f"{description['name']} ({description['train']:,})")
    return data


def _check_same(new: Mapping[str, Any], record: Mapping[str, Any]) -> None:
    """Raise if the record has a setting that the experiment did not use."""
    for name in ("data", "settings", "seeds", "quick"):
        if _json(new[name]) != _json(record[name]):
            raise must(name, "those of an experiment that can be run", record[name])


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
