"""The loss of a network at many places in the space of its weights, in several processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.mnist.bar import bar
from trajectories.mnist.batches import checked_examples
from trajectories.mnist.layers import Array
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.plane import Plane
from trajectories.threads import single_thread
from trajectories.validation import integer, must

__all__ = ["Valuing", "check_network"]

Losses = NDArray[np.float64]

#: Into so many parts the work of each process is divided.
_PARTS = 6


class Valuing:
    """Computes losses of one network, on the same images, for other and other weights."""

    def __init__(
        self,
        network: MultiLayerNet,
        images: Any,
        labels: Any,
        scale: float,
        workers: int | None = None,
        progress: bool = False,
    ) -> None:
        check_network(network)
        ends = network.sizes[0], network.sizes[-1]
        self.network, self.scale, self.progress = network, scale, progress
        self.images, self.labels = checked_examples((images, labels), *ends)
        self.workers = None if workers is None else integer("workers", workers, 1)

    def of(self, points: Sequence[Array]) -> Losses:
        """Return the losses at some weights."""
        return self._run(None, points, "losses of paths")

    def on(self, plane: Plane, places: Losses) -> Losses:
        """Return the losses at some places on a plane."""
        return self._run(plane, places, "losses on the plane")

    @single_thread()
    def _run(self, plane: Plane | None, points: Any, what: str) -> Losses:
        count = self.workers
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
