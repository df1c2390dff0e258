"""The figure of weights that begin alike: losses, and what single units have learned."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from trajectories.mnist.experiments.result import Result
from trajectories.mnist.figures.curves import calm, draw_band
from trajectories.mnist.figures.losses import smooth_losses
from trajectories.mnist.figures.sheet import data_name, data_words, network_words, seed_words, sheet
from trajectories.mnist.figures.smoothing import window_for
from trajectories.plotting.canvas import Size
from trajectories.plotting.header import in_points, points
from trajectories.plotting.theme import setting
from trajectories.plotting.tracks import track_styles

__all__ = ["draw_zero_weights"]


def draw_zero_weights(result: Result, size: Size | None = None) -> Figure:
    """Draw the losses, and pictures of how the weights of some units have changed."""
    styles = track_styles(len(result.runs))
    iterations = result.settings["iterations"]
    made = sheet(
        size,
        (1280, 640),
        1,
        2,
        title=[f"Weights that begin alike, on {data_name(result)}"],
        about=[
            "Units with the same weights have the same gradient, and stay the same for ever: each "
            "layer does the work of a single unit",
            "Units that begin alike stay alike: each layer does the work of one",
        ],
        foot=f"{data_words(result)}. {network_words(result)}. Losses smoothed over "
        f"{window_for(iterations)} iterations. Pictures: the change of a unit's weights, one "
        f"for each pixel, by training with seed {result.seeds[0]}. {seed_words(result)}",
        labels=list(result.runs),
        styles=styles,
        heads=True,
        widths=(1.0, 1.1),
    )
    left, right = made.axes
    for i, (label, style) in enumerate(zip(result.runs, styles, strict=True)):
        rows = smooth_losses(result, label)
        # The line at the loss of a guess hides those below it: the later ones are thinner.
        width = setting("lines.linewidth") * (1.6 - 0.4 * i)
        draw_band(left, np.arange(rows.shape[1]), rows, style, place=i / 3, linewidth=width)
    left.set_xlim(0, iterations)
    left.set_ylim(0, 2.5)
    left.set_xlabel("iterations")
    left.set_ylabel("training loss")
    calm(left)
    _draw_units(right, result, [style["color"] for style in styles])
    return made.figure


def _draw_units(ax: Axes, result: Result, colors: list[str]) -> None:
    """Draw a row of pictures for each variant, with the number of different units."""
    ax.set_axis_off()
    shape = tuple(result.data["shape"])
    ground = setting("axes.facecolor")
    ramp = LinearSegmentedColormap.from_list("change", [colors[0], ground, colors[1]])
    width, height = in_points(ax)
    size = points("axes.labelsize")
    labels = list(result.runs)
    units = len(result.arrays[f"change {labels[0]}"])
    head = 2.0 * size
    tall = (height - head * (len(labels) - 1)) / len(labels)
    gap = 0.1
    side = min(tall, width / (units + gap * (units - 1)))
    for row, label in enumerate(labels):
        change = result.arrays[f"change {label}"]
        most = float(abs(change).max()) or 1.0
        top = 1 - row * (side + head) / height
        found = result.arrays[f"units {label}"]
        whole = result.settings["hidden"][0]
        least, greatest = int(found.min()), int(found.max())
        count = f"{least}" if least == greatest else f"{least} to {greatest}"
        if not change.any():
            words = f"{label}: no weight has changed"
        elif greatest > 1:
            words = f"{label}: {count} of {whole} units differ"
        else:
            words = f"{label}: {whole} units, all the same"
        ax.text(
            0,
            top + 0.35 * size / height,
            words,
            transform=ax.transAxes,
            fontsize=size,
            color=colors[row],
            va="baseline",
        )
        for k in range(units):
            box = (k * (1 + gap) * side / width, top - side / height, side / width, side / height)
            picture = ax.inset_axes(box)
            picture.imshow(change[k].reshape(shape), cmap=ramp, vmin=-most, vmax=most)
            picture.set_xticks([])
            picture.set_yticks([])
            for spine in picture.spines.values():
                spine.set(visible=True, color=setting("grid.color"))
