"""Still pictures: a figure to PNG, SVG or PDF, with the same bytes each time."""

from __future__ import annotations

import os
from typing import Any

from matplotlib.figure import Figure

from trajectories.atomic import replacing
from trajectories.names import suffix
from trajectories.plotting.recipes.figure import FIXED
from trajectories.plotting.theme import set_for_now

__all__ = ["FIGURE_FORMATS", "save_figure"]

#: Whatever the user has set: the figure in its own size and colours.
_SAVING: Any = {
    "savefig.bbox": None,
    "savefig.dpi": "figure",
    "savefig.edgecolor": "auto",
    "savefig.facecolor": "auto",
    "savefig.orientation": "portrait",
    "savefig.transparent": False,
    "svg.hashsalt": "trajectories",
}
FIGURE_FORMATS = (".png", ".svg", ".pdf")


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure to a file; the suffix chooses the format."""
    kind = suffix("format of a still picture", path, FIGURE_FORMATS)
    with replacing(path) as file, set_for_now(_SAVING):
        figure.savefig(file, format=kind[1:], metadata=FIXED[kind[1:]])
