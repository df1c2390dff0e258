"""The loss around paths of training: on the plane that holds most of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.atomic import check_target
from trajectories.mnist.experiments.race import BOOK, entrants
from trajectories.mnist.experiments.study import Study, Variant
from trajectories.mnist.landscape_result import Landscape, shaping_runs
from trajectories.mnist.network_settings import checked_settings
from trajectories.mnist.parameters import checked_widths
from trajectories.mnist.plane import THROUGH, plane_through
from trajectories.mnist.valuing import Valuing, check_network
from trajectories.names import resolve
from trajectories.optimizers.record import to_record
from trajectories.plotting.view import framed
from trajectories.threads import single_thread
from trajectories.validation import integer, must
from trajectories.versions import versions

__all__ = ["Landscape", "landscape"]

Array = NDArray[np.float64]

#: Width over height of what is shown, so that both directions have about the same scale.
_ASPECT = 4 / 3


def landscape(
    data: Any = "auto",
    *,
    race: Sequence[Any] | Mapping[str, Any] = BOOK,
    hidden: Sequence[int] = (100, 100, 100, 100),
    network: Mapping[str, Any] | None = None,
    iterations: int | None = None,
    every: int | None = None,
    batch_size: int = 128,
    images: int | None = None,
    resolution: int | None = None,
    through: str = "start",
    quick: bool = False,
    workers: int | None = None,
    progress: bool = False,
    rng: Any = 0,
    keep: str | os.PathLike[str] | None = None,
    reuse: bool = True,
) -> Landscape:
    """Train a network with several optimizers from one start; map the loss around their paths."""
    length = _chosen("iterations", iterations, 60 if quick else 400)
    target = None if keep is None else check_target(keep)
    if target is not None and target.suffix.lower() != ".npz":
        raise must("keep", "a file name that ends in .npz", os.fspath(target))
    rules, own = entrants(race, rates=False), checked_settings(network or {})
    variants = {label: Variant(rule, own) for label, rule in rules.items()}
    settings: dict[str, Any] = {
        "hidden": checked_widths("hidden", hidden),
        "network": own,
        "batch_size": integer("batch_size", batch_size, 1),
        "iterations": length,
        "every": _chosen("every", every, max(1, length // 60)),
        "images": _chosen("images", images, 300 if quick else 1000),
        "resolution": _chosen("resolution", resolution, 21 if quick else 51, 2),
        "through": resolve("way to lay a plane", through, THROUGH),
        "race": {label: to_record(rule, own=True) for label, rule in rules.items()},
    }
    how = {"rng": rng, "workers": workers, "progress": progress, "quick": quick}
    study = Study("landscape", data, settings, seeds=1, **how)
    check_network(study.network(study.seeds[0], **settings["network"]))
    settings["images"] = min(settings["images"], len(study.data.train_labels))
    settings["classes"] = study.data.classes
    about: dict[str, Any] = {"data": study.about, "settings": settings}
    about |= {"seeds": study.seeds, "quick": study.quick}
    if target is not None and reuse and target.exists():
        known = _known(target, about)
        if known is not None:
            return known
    found = Landscape(**about, **_explored(study, variants))
    if target is not None:
        found.save(target)
    return found


def _chosen(name: str, value: int | None, default: int, least: int = 1) -> int:
    return default if value is None else integer(name, value, least)


@single_thread()
def _explored(study: Study, variants: Mapping[str, Variant]) -> dict[str, Any]:
    """Train, lay the plane, and value it."""
    s, data = study.settings, study.data
    trainers = study.trainers(
        variants,
        data,
        evaluate=(),
        evaluate_every=None,
        iterations=s["iterations"],
        snapshot_every=s["every"],
    )
    study.train(trainers)
    runs = [several[0] for several in trainers.values()]
    lost = [run.progress.diverged_at for run in runs]
    paths = [list(run.snapshots.values()) for run in runs]
    if None not in lost:
        raise must("race", "of optimizers that do not all diverge", list(trainers))

    examples = data.train_images[: s["images"]], data.train_labels[: s["images"]]
    network = study.network(study.seeds[0], **s["network"])
    valuing = Valuing(network, *examples, data.scale, study.workers, study.progress)
    ends = np.cumsum([len(path) for path in paths])[:-1]
    losses = np.split(valuing.of([point for path in paths for point in path]), ends)
    shaping = shaping_runs(lost, [line[0] for line in losses], [line[-1] for line in losses])
    plane = plane_through(list(compress(paths, shaping)), through=s["through"])
    steps = np.unique([*range(0, s["iterations"], s["every"]), s["iterations"]])

    def padded(arrays: Sequence[Array]) -> Array:
        """Put NaN behind what is short."""
        out = np.full((len(arrays), len(steps), *np.shape(arrays[0])[1:]), np.nan)
        for row, array in zip(out, arrays, strict=True):
            row[: len(array)] = array
        return out

    dropped = [plane.project(path) for path in paths]
    places = padded([place for place, _ in dropped])
    shown = np.concatenate(list(compress(places, shaping)))
    low, high = shown.min(axis=0), shown.max(axis=0)
    size = np.maximum(high - low, 0.05 * (high - low).max())
    limits = framed((low + high) / 2, size, _ASPECT)
    x, y = (np.linspace(*side, s["resolution"]) for side in limits)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)

    below = valuing.on(plane, np.concatenate([grid, *(place for place, _ in dropped)]))
    start = np.asarray(paths[0][0], dtype=float)
    return {
        "labels": tuple(trainers),
        "diverged_at": tuple(lost),
        "iterations": steps,
        "places": places,
        "losses": padded(losses),
        "plane_losses": padded(np.split(below[len(grid) :], ends)),
        "off": padded([away for _, away in dropped]),
        "gone": padded([np.array([np.linalg.norm(p - start) for p in path]) for path in paths]),
        "x": x,
        "y": y,
        "grid": below[: len(grid)].reshape(len(y), len(x)),
        "origin": plane.origin,
        "axes": plane.axes,
        "shares": plane.shares,
    }


def _known(path: Any, about: Mapping[str, Any]) -> Landscape | None:
    """Return the landscape of the very same settings, if it is in the file already."""
    try:
        kept = Landscape.load(path)
    except ValueError:
        return None
    asked = {**about, "seeds": list(about["seeds"]), "version": versions()["trajectories"]}
    return kept if kept.asked == asked else None
