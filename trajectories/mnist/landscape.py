"""The landscape of a network: the loss around the paths of its weights."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trajectories.checks import floats, integer, integers, must, resolve
from trajectories.files import check_target
from trajectories.mnist.data import checked_examples
from trajectories.mnist.experiments.comparisons import BOOK, entrants
from trajectories.mnist.experiments.study import Study, Variant
from trajectories.mnist.history import bar
from trajectories.mnist.network import MultiLayerNet, checked_widths
from trajectories.mnist.network_search import checked_settings
from trajectories.optimizers import to_record
from trajectories.plotting.scene import framed
from trajectories.records import (
    Frozen,
    fingerprint,
    load_archive,
    read_only,
    save_archive,
    single_thread,
    versions,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from trajectories.plotting.animate import SceneAnimation

Array = NDArray[np.float64]

#: Where a plane may go through.
THROUGH = ("start", "mean")
#: So many weights of all points are looked at together: their sums are taken in float64.
_TOGETHER = 8192
#: What is smaller than this part of the largest variance is rounding.
_NOTHING = 1e-12
#: So much of a length may come from rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane in the space of the weights."""

    origin: Array
    axes: Array
    shares: Array

    def project(self, points: Any) -> tuple[Array, Array]:
        """Drop points onto the plane."""
        places, off = np.full((len(points), 2), np.nan), np.full(len(points), np.nan)
        for row, point in enumerate(points):
            if np.isfinite(point).all():
                away = np.asarray(point, dtype=float) - self.origin
                places[row] = self.axes @ away
                away -= places[row] @ self.axes
                off[row] = np.linalg.norm(away)
        return places, off

    def point(self, x: float, y: float) -> Array:
        """Return the weights at a place on the plane, shape (weights,)."""
        return np.asarray(self.origin + x * self.axes[0] + y * self.axes[1])


def plane_through(paths: Sequence[Any], *, through: str = "start") -> Plane:
    """Lay a plane through paths so that it holds as much of their variance as a plane can."""
    through = resolve("way to lay a plane", through, THROUGH)
    points = [np.asarray(point) for path in paths for point in path]
    count, size = len(points), points[0].size
    inner: Array = np.zeros((count, count))
    origin: Array = np.empty(size)
    for begin in range(0, size, _TOGETHER):
        part = slice(begin, begin + _TOGETHER)
        origin[part] = points[0][part] if through == "start" else _mean(points, part)
        away = _away(points, part, origin)
        inner += away @ away.T
    values, vectors = np.linalg.eigh(inner)
    values = np.maximum(values[::-1], 0.0)
    if not values[0] > 0:
        raise ValueError("The paths must lead somewhere: all their points are the same.")
    whole = float(np.trace(inner))
    known = 2 if values.size > 1 and values[1] > _NOTHING * values[0] else 1
    axes: Array = np.zeros((2, size))
    for begin in range(0, size, _TOGETHER):
        part = slice(begin, begin + _TOGETHER)
        axes[:known, part] = vectors[:, ::-1][:, :known].T @ _away(points, part, origin)
    if known == 1:  # All on one line: any other direction will do.
        axes[1, abs(axes[0]).argmin()] = 1.0
    axes[0] /= np.linalg.norm(axes[0])
    axes[1] -= (axes[1] @ axes[0]) * axes[0]
    axes[1] /= np.linalg.norm(axes[1])
    ways = sum(np.subtract(path[-1], path[0], dtype=float) for path in paths)
    for axis in axes:
        axis *= _sign(axis, ways)
    shares = np.array([values[0], values[1] if known == 2 else 0.0]) / whole
    return Plane(origin, axes, shares)


def _away(points: Sequence[Array], part: slice, origin: Array) -> Array:
    """Return some weights of all points, less the origin."""
    return np.array([point[part] for point in points], dtype=float) - origin[part]


def _mean(points: Sequence[Array], part: slice) -> Array:
    return np.asarray(np.array([point[part] for point in points], dtype=float).mean(axis=0))


def _sign(axis: Array, ways: Array) -> float:
    """Return the sign that makes paths lead on along an axis, or its largest weight positive."""
    along = float(axis @ ways)
    if abs(along) > _ROUNDING * np.linalg.norm(ways):
        return float(np.sign(along))
    return float(np.sign(axis[abs(axis).argmax()]))


_FORM = "trajectories landscape 1"
_ARRAYS = (
    "iterations", "places", "losses", "plane_losses", "off", "gone", "x", "y", "grid",
    "origin", "axes", "shares",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Landscape(Frozen):
    """Paths of training on the plane that holds most of them, and the loss all over that plane."""

    data: dict[str, Any]
    settings: dict[str, Any]
    seeds: tuple[int, ...]
    labels: tuple[str, ...]
    diverged_at: tuple[int | None, ...]
    iterations: NDArray[np.int64]
    places: Array
    losses: Array
    plane_losses: Array
    off: Array
    gone: Array
    x: Array
    y: Array
    grid: Array
    origin: Array
    axes: Array
    shares: Array
    quick: bool = False
    versions: dict[str, str] = field(default_factory=versions)

    def __post_init__(self) -> None:
        """Check the shapes and make the arrays read-only."""
        for name in ("seeds", "labels", "diverged_at"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        many = len(self.labels), len(self.iterations)
        weights = np.shape(self.origin)
        shapes = {
            "places": (*many, 2),
            **dict.fromkeys(("losses", "plane_losses", "off", "gone"), many),
            "grid": (len(self.y), len(self.x)),
            "axes": (2, *weights),
            "shares": (2,),
        }
        for name in _ARRAYS:
            array = (integers if name == "iterations" else floats)(name, getattr(self, name))
            if array.shape != shapes.get(name, array.shape):
                raise must(name, f"of shape {shapes[name]}", array.shape)
            object.__setattr__(self, name, read_only(array))

    def weights(self, x: float, y: float) -> Array:
        """Return the weights at a place on the plane, as `MultiLayerNet.flat_params` has them."""
        return Plane(self.origin, self.axes, self.shares).point(x, y)

    @property
    def shaping(self) -> tuple[bool, ...]:
        """Which runs the plane was laid through: see `shaping_runs`."""
        return shaping_runs(self.diverged_at, self.losses[:, 0], self.losses[:, -1])

    def draw(self, *, theme: str | None = None, size: tuple[int, int] | None = None) -> Figure:
        """Draw the plane with its paths, and beside it how true losses and distances went."""
        from trajectories.mnist.figures.landscape_figure import draw_landscape

        return draw_landscape(self, theme=theme, size=size)

    def animate(
        self,
        *,
        layout: str = "race",
        theme: str | None = None,
        size: tuple[int, int] | None = None,
    ) -> SceneAnimation:
        """Make a moving picture, which saves as a GIF, a video or a page with a player."""
        from trajectories.mnist.figures.landscape_figure import animate_landscape

        return animate_landscape(self, layout=layout, theme=theme, size=size)

    @property
    def asked(self) -> dict[str, Any]:
        """What tells this landscape from others, before it is run."""
        told = {name: getattr(self, name) for name in ("data", "settings", "quick")}
        return {**told, "seeds": list(self.seeds), "version": self.versions.get("trajectories")}

    def digest(self) -> str:
        """Return a fingerprint of the paths and of the losses around them, bit for bit."""
        return fingerprint(self.places, self.losses, self.grid)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the landscape to a NumPy archive, which `load` reads back bit for bit."""
        about = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _ARRAYS}
        save_archive(path, _FORM, about, {name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Landscape:
        """Read what `save` wrote. The file is data: reading one runs no code."""

        def make(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Landscape:
            names = [f.name for f in fields(cls) if f.name not in _ARRAYS]
            told = {name: about[name] for name in names}
            _check_settings(told)
            parts: dict[str, Any] = {**told, **arrays}
            return cls(**parts)

        return load_archive(path, "landscape map", make, form=_FORM)

    def __repr__(self) -> str:
        """Show the data set, the runs, and how much of them the plane holds."""
        held = f"{self.shares.sum():.0%} of the variance of {len(self.labels)} paths"
        size = f"{len(self.x)} x {len(self.y)}"
        return f"Landscape({self.data['name']}: {size}, {held})"


def _check_settings(told: dict[str, Any]) -> None:
    """Raise if what a file tells beside its arrays is not what a landscape has."""
    for name in ("data", "settings", "versions"):
        if not isinstance(told[name], dict):
            raise must(name, "a record", told[name], kind=TypeError)
    if not isinstance(told["data"].get("name"), str):
        raise must("data", "a record with a name", told["data"])
    for name in ("seeds", "labels", "diverged_at"):
        if not isinstance(told[name], list):
            raise must(name, "a list", told[name], kind=TypeError)
    if not told["labels"] or not all(isinstance(label, str) for label in told["labels"]):
        raise must("labels", "texts, one for each run", told["labels"])
    ends = told["diverged_at"]
    if len(ends) != len(told["labels"]) or not all(at is None or type(at) is int for at in ends):
        raise must("diverged_at", "an iteration or None for each run", ends)


def shaping_runs(
    diverged_at: Sequence[int | None], first: Sequence[float] | Array, last: Sequence[float] | Array
) -> tuple[bool, ...]:
    """Choose the runs that a plane is laid through: those that ended below where they began."""
    lower = [bool(b < a) for a, b in zip(first, last, strict=True)]
    whole = [at is None for at in diverged_at]
    both = [a and b for a, b in zip(whole, lower, strict=True)]
    return tuple(both if any(both) else whole)


Losses = NDArray[np.float64]

#: Into so many parts the work of each process is divided.
_PARTS = 6


class LossEvaluator:
    """Computes losses of one network, on the same images, for other and other weights."""

    def __init__(
        self,
        network: MultiLayerNet,
        images: Any,
        labels: Any,
        scale: float,
        n_jobs: int | None = None,
        progress: bool = False,
    ) -> None:
        check_network(network)
        ends = network.sizes[0], network.sizes[-1]
        self.network, self.scale, self.progress = network, scale, progress
        self.images, self.labels = checked_examples((images, labels), *ends)
        self.n_jobs = None if n_jobs is None else integer("n_jobs", n_jobs, 1)

    def of(self, points: Sequence[Array]) -> Losses:
        """Return the losses at some weights."""
        return self._run(None, points, "losses of paths")

    def on(self, plane: Plane, places: Losses) -> Losses:
        """Return the losses at some places on a plane."""
        return self._run(plane, places, "losses on the plane")

    @single_thread()
    def _run(self, plane: Plane | None, points: Any, what: str) -> Losses:
        count = self.n_jobs
        with bar(what, "point", len(points), self.progress) as advance:
            if count == 1:
                found = []
                for point in points:
                    found.append(self._values(plane, [point]))
                    advance(1)
                return np.concatenate(found)
            from joblib import Parallel, cpu_count, delayed, parallel_config

            count = count or cpu_count()
            cuts = np.linspace(0, len(points), _PARTS * count + 1).round().astype(int)
            parts = [points[a:b] for a, b in zip(cuts[:-1], cuts[1:], strict=True) if b > a]
            with parallel_config(backend="loky", n_jobs=count, inner_max_num_threads=1):
                run = Parallel(return_as="generator", batch_size=1, max_nbytes=None)
                found = []
                for losses in run(delayed(self._values)(plane, part) for part in parts):
                    found.append(losses)
                    advance(len(losses))
            return np.concatenate(found)

    def _values(self, plane: Plane | None, points: Any) -> Losses:
        found = np.full(len(points), np.nan)
        train = bool(self.network.norms)
        with np.errstate(all="ignore"):  # What overflows is found in the loss.
            for i, point in enumerate(points):
                if np.isfinite(point).all():
                    weights = point if plane is None else plane.point(*point)
                    self.network.flat_params[...] = weights
                    found[i] = self.network.loss(
                        self.images, self.labels, scale=self.scale, train=train
                    )
        return found


def check_network(network: MultiLayerNet) -> None:
    """Raise if there is no way to value a network by its weights alone."""
    if network.norms and network.settings["dropout"]:
        raise must("network", "without dropout, or without batch norm", network)


#: Width over height of what is shown, so that both directions have about the same scale.
_ASPECT = 4 / 3


def landscape(
    data: Any = "auto",
    *,
    optimizers: Sequence[Any] | Mapping[str, Any] = BOOK,
    hidden: Sequence[int] = (100, 100, 100, 100),
    network: Mapping[str, Any] | None = None,
    iterations: int | None = None,
    every: int | None = None,
    batch_size: int = 128,
    images: int | None = None,
    resolution: int | None = None,
    through: str = "start",
    quick: bool = False,
    n_jobs: int | None = None,
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
    rules, own = entrants(optimizers, rates=False), checked_settings(network or {})
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
        "optimizers": {label: to_record(rule, own=True) for label, rule in rules.items()},
    }
    how = {"rng": rng, "n_jobs": n_jobs, "progress": progress, "quick": quick}
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
        raise must("optimizers", "of optimizers that do not all diverge", list(trainers))

    examples = data.train_images[: s["images"]], data.train_labels[: s["images"]]
    network = study.network(study.seeds[0], **s["network"])
    evaluator = LossEvaluator(network, *examples, data.scale, study.n_jobs, study.progress)
    ends = np.cumsum([len(path) for path in paths])[:-1]
    losses = np.split(evaluator.of([point for path in paths for point in path]), ends)
    shaping = shaping_runs(lost, [line[0] for line in losses], [line[-1] for line in losses])
    plane = plane_through(list(compress(paths, shaping)), through=s["through"])
    steps = np.unique([*range(0, s["iterations"], s["every"]), s["iterations"]])

    def padded(arrays: Sequence[Array]) -> Array:
        """Pad with NaN."""
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

    below = evaluator.on(plane, np.concatenate([grid, *(place for place, _ in dropped)]))
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
