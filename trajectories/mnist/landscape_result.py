"""What a loss landscape is: paths on a plane, and the loss all over it, as plain data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trajectories.archive import load_archive, save_archive
from trajectories.arrays import fingerprint
from trajectories.frozen import Frozen, read_only
from trajectories.mnist.plane import Plane
from trajectories.validation import floats, integers, must
from trajectories.versions import versions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from trajectories.plotting.scenes import SceneAnimation

__all__ = ["Landscape", "shaping_runs"]

Array = NDArray[np.float64]

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
        from trajectories.mnist.figures.landscape import draw_landscape

        return draw_landscape(self, theme=theme, size=size)

    def animate(
        self, *, layout: str = "race", theme: str | None = None, size: tuple[int, int] | None = None
    ) -> SceneAnimation:
        """Make a moving picture, which saves as a GIF, a video or a page with a player."""
        from trajectories.mnist.figures.landscape import animate_landscape

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
            _check_told(told)
            parts: dict[str, Any] = {**told, **arrays}
            return cls(**parts)

        return load_archive(path, "landscape map", make, form=_FORM)

    def __repr__(self) -> str:
        """Show the data set, the runs, and how much of them the plane holds."""
        held = f"{self.shares.sum():.0%} of the variance of {len(self.labels)} paths"
        size = f"{len(self.x)} x {len(self.y)}"
        return f"Landscape({self.data['name']}: {size}, {held})"


def _check_told(told: dict[str, Any]) -> None:
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
