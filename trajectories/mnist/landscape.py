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
from trajectories.mnist.experiments.study import Study, Variant, length
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

#: The points that a plane can go through.
THROUGH = ("start", "mean")
#: Weights of all points that are summed at once, in float64.
_CHUNK = 8192
#: The largest shares of a variance and of a length that are rounding.
_NOTHING, _ROUNDING = 1e-12, 1e-9


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane in the space of the weights."""

    origin: Array
    axes: Array
    shares: Array

    def project(self, points: Any) -> tuple[Array, Array]:
        """Return the coordinates of points on the plane, and their distances from it."""
        positions, distances = np.full((len(points), 2), np.nan), np.full(len(points), np.nan)
        for row, point in enumerate(points):
            if np.isfinite(point).all():
                offset = np.asarray(point, dtype=float) - self.origin
                positions[row] = self.axes @ offset
                offset -= positions[row] @ self.axes
                distances[row] = np.linalg.norm(offset)
        return positions, distances

    def point(self, x: float, y: float) -> Array:
        """Return the weights at a point of the plane, shape (weights,)."""
        return np.asarray(self.origin + x * self.axes[0] + y * self.axes[1])


def plane_through(paths: Sequence[Any], *, through: str = "start") -> Plane:
    """Return the plane through paths with the largest share of their variance."""
    through = resolve("way to lay a plane", through, THROUGH)
    points = [np.asarray(point) for path in paths for point in path]
    count, size = len(points), points[0].size
    inner: Array = np.zeros((count, count))
    origin: Array = np.empty(size)
    for begin in range(0, size, _CHUNK):
        part = slice(begin, begin + _CHUNK)
        origin[part] = points[0][part] if through == "start" else _mean(points, part)
        away = _away(points, part, origin)
        inner += away @ away.T
    values, vectors = np.linalg.eigh(inner)
    values = np.maximum(values[::-1], 0.0)
    if not values[0] > 0:
        raise ValueError("The paths must lead somewhere: all their points are the same.")
    total = float(np.trace(inner))
    rank = 2 if values.size > 1 and values[1] > _NOTHING * values[0] else 1
    axes: Array = np.zeros((2, size))
    for begin in range(0, size, _CHUNK):
        part = slice(begin, begin + _CHUNK)
        axes[:rank, part] = vectors[:, ::-1][:, :rank].T @ _away(points, part, origin)
    if rank == 1:  # All on one line: the other direction is arbitrary.
        axes[1, abs(axes[0]).argmin()] = 1.0
    axes[0] /= np.linalg.norm(axes[0])
    axes[1] -= (axes[1] @ axes[0]) * axes[0]
    axes[1] /= np.linalg.norm(axes[1])
    directions = sum(np.subtract(path[-1], path[0], dtype=float) for path in paths)
    for axis in axes:
        axis *= _sign(axis, directions)
    shares = np.array([values[0], values[1] if rank == 2 else 0.0]) / total
    return Plane(origin, axes, shares)


def _away(points: Sequence[Array], part: slice, origin: Array) -> Array:
    """Return some weights of all points, less the origin."""
    return np.array([point[part] for point in points], dtype=float) - origin[part]


def _mean(points: Sequence[Array], part: slice) -> Array:
    return np.asarray(np.array([point[part] for point in points], dtype=float).mean(axis=0))


def _sign(axis: Array, directions: Array) -> float:
    """Return the sign that points an axis along the paths, or makes its largest weight positive."""
    along = float(axis @ directions)
    if abs(along) > _ROUNDING * np.linalg.norm(directions):
        return float(np.sign(along))
    return float(np.sign(axis[abs(axis).argmax()]))


_FORM = "trajectories landscape 1"
_ARRAYS = (
    "iterations", "places", "losses", "plane_losses", "off", "gone", "x", "y", "grid",
    "origin", "axes", "shares",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Landscape(Frozen):
    """Paths of training on the plane with most of their variance, and the loss on that plane."""

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
        """Return the weights at a point of the plane, as in `MultiLayerNet.flat_params`."""
        return Plane(self.origin, self.axes, self.shares).point(x, y)

    @property
    def shaping(self) -> tuple[bool, ...]:
        """Whether the plane goes through each run: see `shaping_runs`."""
        return shaping_runs(self.diverged_at, self.losses[:, 0], self.losses[:, -1])

    def draw(self, *, theme: str | None = None, size: tuple[int, int] | None = None) -> Figure:
        """Draw the plane with its paths, and beside it the true losses and distances."""
        from trajectories.mnist.figures.landscape_figure import draw_landscape

        return draw_landscape(self, theme=theme, size=size)

    def animate(
        self,
        *,
        layout: str = "race",
        theme: str | None = None,
        size: tuple[int, int] | None = None,
    ) -> SceneAnimation:
        """Return an animation, to save as a GIF, a video or a page with a player."""
        from trajectories.mnist.figures.landscape_figure import animate_landscape

        return animate_landscape(self, layout=layout, theme=theme, size=size)

    @property
    def asked(self) -> dict[str, Any]:
        """The settings that identify the landscape before it is run."""
        about = {name: getattr(self, name) for name in ("data", "settings", "quick")}
        return {**about, "seeds": list(self.seeds), "version": self.versions.get("trajectories")}

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
            record: dict[str, Any] = {name: about[name] for name in names}
            _check_record(record)
            return cls(**{**record, **arrays})

        return load_archive(path, "landscape map", make, form=_FORM)

    def __repr__(self) -> str:
        """Show the data set, the runs, and their variance on the plane."""
        share = f"{self.shares.sum():.0%} of the variance of {len(self.labels)} paths"
        size = f"{len(self.x)} x {len(self.y)}"
        return f"Landscape({self.data['name']}: {size}, {share})"


def _check_record(record: dict[str, Any]) -> None:
    """Raise if the record of a file is not that of a landscape."""
    for name in ("data", "settings", "versions"):
        if not isinstance(record[name], dict):
            raise must(name, "a record", record[name], kind=TypeError)
    if not isinstance(record["data"].get("name"), str):
        raise must("data", "a record with a name", record["data"])
    for name in ("seeds", "labels", "diverged_at"):
        if not isinstance(record[name], list):
            raise must(name, "a list", record[name], kind=TypeError)
    if not record["labels"] or not all(isinstance(label, str) for label in record["labels"]):
        raise must("labels", "texts, one for each run", record["labels"])
    ends = record["diverged_at"]
    if len(ends) != len(record["labels"]) or not all(at is None or type(at) is int for at in ends):
        raise must("diverged_at", "an iteration or None for each run", ends)


def shaping_runs(
    diverged_at: Sequence[int | None], first: Sequence[float] | Array, last: Sequence[float] | Array
) -> tuple[bool, ...]:
    """Choose the runs for the plane: those that ended below their start."""
    lower = [bool(b < a) for a, b in zip(first, last, strict=True)]
    finite = [at is None for at in diverged_at]
    chosen = [a and b for a, b in zip(finite, lower, strict=True)]
    return tuple(chosen if any(chosen) else finite)


#: The parts into which the work of each process is divided.
_PARTS = 6


class LossEvaluator:
    """Computes losses of a network, on the same images, for different weights."""

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

    def of(self, points: Sequence[Array]) -> Array:
        """Return the losses at some weights."""
        return self._run(None, points, "losses of paths")

    def on(self, plane: Plane, points: Array) -> Array:
        """Return the losses at some points of a plane."""
        return self._run(plane, points, "losses on the plane")

    @single_thread()
    def _run(self, plane: Plane | None, points: Any, title: str) -> Array:
        count = self.n_jobs
        with bar(title, "point", len(points), self.progress) as advance:
            if count == 1:
                results = []
                for point in points:
                    results.append(self._values(plane, [point]))
                    advance(1)
                return np.concatenate(results)
            from joblib import Parallel, cpu_count, delayed, parallel_config

            count = count or cpu_count()
            cuts = np.linspace(0, len(points), _PARTS * count + 1).round().astype(int)
            parts = [points[a:b] for a, b in zip(cuts[:-1], cuts[1:], strict=True) if b > a]
            with parallel_config(backend="loky", n_jobs=count, inner_max_num_threads=1):
                run = Parallel(return_as="generator", batch_size=1, max_nbytes=None)
                results = []
                for losses in run(delayed(self._values)(plane, part) for part in parts):
                    results.append(losses)
                    advance(len(losses))
            return np.concatenate(results)

    def _values(self, plane: Plane | None, points: Any) -> Array:
        losses = np.full(len(points), np.nan)
        train = bool(self.network.norms)
        with np.errstate(all="ignore"):  # Overflow shows in the loss.
            for i, point in enumerate(points):
                if np.isfinite(point).all():
                    weights = point if plane is None else plane.point(*point)
                    self.network.flat_params[...] = weights
                    losses[i] = self.network.loss(
                        self.images, self.labels, scale=self.scale, train=train
                    )
        return losses


def check_network(network: MultiLayerNet) -> None:
    """Raise if the loss of a network does not follow from its weights alone."""
    if network.norms and network.settings["dropout"]:
        raise must("network", "without dropout, or without batch norm", network)


#: Width over height of the limits, so that both directions have about the same scale.
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
    count = length("iterations", iterations, 60 if quick else 400)
    target = None if keep is None else check_target(keep)
    if target is not None and target.suffix.lower() != ".npz":
        raise must("keep", "a file name that ends in .npz", os.fspath(target))
    rules, own = entrants(optimizers, rates=False), checked_settings(network or {})
    variants = {label: Variant(rule, own) for label, rule in rules.items()}
    settings: dict[str, Any] = {
        "hidden": checked_widths("hidden", hidden),
        "network": own,
        "batch_size": integer("batch_size", batch_size, 1),
        "iterations": count,
        "every": length("every", every, max(1, count // 60)),
        "images": length("images", images, 300 if quick else 1000),
        "resolution": length("resolution", resolution, 21 if quick else 51, 2),
        "through": resolve("way to lay a plane", through, THROUGH),
        "optimizers": {label: to_record(rule, own=True) for label, rule in rules.items()},
    }
    options = {"rng": rng, "n_jobs": n_jobs, "progress": progress, "quick": quick}
    study = Study("landscape", data, settings, seeds=1, **options)
    check_network(study.network(study.seeds[0], **settings["network"]))
    settings["images"] = min(settings["images"], len(study.data.train_labels))
    settings["classes"] = study.data.classes
    about: dict[str, Any] = {"data": study.about, "settings": settings}
    about |= {"seeds": study.seeds, "quick": study.quick}
    if target is not None and reuse and target.exists():
        stored = _stored(target, about)
        if stored is not None:
            return stored
    result = Landscape(**about, **_explore(study, variants))
    if target is not None:
        result.save(target)
    return result


@single_thread()
def _explore(study: Study, variants: Mapping[str, Variant]) -> dict[str, Any]:
    """Train, choose the plane, and compute its losses."""
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
    diverged_at = [run.progress.diverged_at for run in runs]
    paths = [list(run.snapshots.values()) for run in runs]
    if None not in diverged_at:
        raise must("optimizers", "of optimizers that do not all diverge", list(trainers))

    examples = data.train_images[: s["images"]], data.train_labels[: s["images"]]
    network = study.network(study.seeds[0], **s["network"])
    evaluator = LossEvaluator(network, *examples, data.scale, study.n_jobs, study.progress)
    ends = np.cumsum([len(path) for path in paths])[:-1]
    losses = np.split(evaluator.of([point for path in paths for point in path]), ends)
    shaping = shaping_runs(diverged_at, [line[0] for line in losses], [line[-1] for line in losses])
    plane = plane_through(list(compress(paths, shaping)), through=s["through"])
    steps = np.unique([*range(0, s["iterations"], s["every"]), s["iterations"]])

    def padded(arrays: Sequence[Array]) -> Array:
        """Pad with NaN."""
        out = np.full((len(arrays), len(steps), *np.shape(arrays[0])[1:]), np.nan)
        for row, array in zip(out, arrays, strict=True):
            row[: len(array)] = array
        return out

    projected = [plane.project(path) for path in paths]
    positions = padded([position for position, _ in projected])
    inside = np.concatenate(list(compress(positions, shaping)))
    low, high = inside.min(axis=0), inside.max(axis=0)
    size = np.maximum(high - low, 0.05 * (high - low).max())
    limits = framed((low + high) / 2, size, _ASPECT)
    x, y = (np.linspace(*side, s["resolution"]) for side in limits)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)

    plane_losses = evaluator.on(plane, np.concatenate([grid, *(p for p, _ in projected)]))
    start = np.asarray(paths[0][0], dtype=float)
    return {
        "labels": tuple(trainers),
        "diverged_at": tuple(diverged_at),
        "iterations": steps,
        "places": positions,
        "losses": padded(losses),
        "plane_losses": padded(np.split(plane_losses[len(grid) :], ends)),
        "off": padded([distance for _, distance in projected]),
        "gone": padded([np.array([np.linalg.norm(p - start) for p in path]) for path in paths]),
        "x": x,
        "y": y,
        "grid": plane_losses[: len(grid)].reshape(len(y), len(x)),
        "origin": plane.origin,
        "axes": plane.axes,
        "shares": plane.shares,
    }


def _stored(path: Any, about: Mapping[str, Any]) -> Landscape | None:
    """Return the landscape of the same settings, if the file has it already."""
    try:
        stored = Landscape.load(path)
    except ValueError:
        return None
    settings = {**about, "seeds": list(about["seeds"]), "version": versions()["trajectories"]}
    return stored if stored.asked == settings else None
