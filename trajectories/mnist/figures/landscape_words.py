"""The words of a loss landscape's pictures."""

from __future__ import annotations

import math

from trajectories.mnist.figures.sheet import layers_words
from trajectories.mnist.landscape_result import Landscape
from trajectories.plotting.header import literal
from trajectories.plotting.scene import Scene

__all__ = ["about", "foot", "labels", "network_of", "notes"]


def network_of(found: Landscape) -> str:
    """Return the widths of the layers, as 784-100x4-10."""
    s = found.settings
    return layers_words(math.prod(found.data["shape"]), s["hidden"], s["classes"])


def _ends(found: Landscape) -> list[tuple[str, float, float, float]]:
    """Return label, true loss, distances off the plane and from the start, of what shaped it."""
    loss, off, gone = (a[:, -1].tolist() for a in (found.losses, found.off, found.gone))
    ends = zip(found.labels, loss, off, gone, strict=True)
    return [end for end, shaping in zip(ends, found.shaping, strict=True) if shaping]


def notes(found: Landscape) -> tuple[str, ...]:
    """Return what a reader of the picture must know, line by line."""
    _, _, offs, _ = zip(*_ends(found), strict=True)
    return (
        f"this plane: {100 * found.shares.sum():.0f} % of the variance",
        f"ends are {min(offs):.1f} to {max(offs):.1f} off it",
        f"loss of {found.settings['images']:,} training images",
    )


def labels(found: Landscape) -> list[str]:
    """Return what the legend calls each path: with its true loss in the end."""
    ends = zip(found.labels, found.losses[:, -1], found.diverged_at, strict=True)
    return [f"{k}: loss {_short(loss)}" if at is None else f"{k}: diverged" for k, loss, at in ends]


def _short(loss: float) -> str:
    return f"{loss:.3f}" if 0.01 <= loss < 1000 else f"{loss:.2g}"


def about(found: Landscape) -> list[str]:
    """Return what is to be seen, the best words first."""
    label, loss, off, gone = min(_ends(found), key=lambda end: end[1])
    steps = f"{int(found.iterations[-1]):,} iterations"
    return [
        f"Lowest true loss after {steps}: {literal(label)}, {_short(loss)}; its end lies "
        f"{off:.1f} off this plane, {gone:.1f} from the start.",
        f"Lowest true loss after {steps}: {literal(label)}, {_short(loss)}.",
    ]


def foot(found: Landscape, scene: Scene) -> str:
    """Return what was done."""
    s, data = found.settings, found.data
    extra = [f"{name}={value}" for name, value in s["network"].items()]
    levels = scene.relief.levels
    lines = ""
    if len(levels) > 1:
        ends, ratio = f"{levels[0]:.2g} to {levels[-1]:.2g}", levels[1] / levels[0]
        lines = f" Contours: losses of {ends}, each {ratio:.2f} times the last."
    mode = " (batch norm by their own statistics)" if s["network"].get("batch_norm") else ""
    cut = "Cut short for a quick look. " if found.quick else ""
    return (
        f"{cut}{literal(str(data['name']))}, {int(data['train']):,} training images; "
        f"{', '.join([network_of(found), *extra])}; batches of {s['batch_size']}; same first "
        f"weights and batches for all, seed {found.seeds[0]}. All losses are of the first "
        f"{s['images']:,} training images{mode}. The plane of the two principal directions "
        f"through the paths' {s['through']} has {100 * found.shares.sum():.0f} % of their "
        f"variance about it; numbers along it are lengths in the space of the "
        f"{len(found.origin):,} weights.{lines}"
    )
