"""Maps to files: data, a still picture or an interactive page, by the suffix."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from trajectories.atomic import check_target, replacing
from trajectories.maps.basins import Basins
from trajectories.maps.outcomes import Sensitivity
from trajectories.names import suffix
from trajectories.plotting.maps.axes import plot_rates
from trajectories.plotting.maps.figures import plot_sensitivity
from trajectories.plotting.maps.panels import plot_basins
from trajectories.plotting.writers.figure import FIGURE_FORMATS, save_figure
from trajectories.validation import must

__all__ = ["MAP_FORMATS", "check_map_file", "save_map"]

_DATA, _PAGE = ".npz", ".html"
#: All suffixes that `save_map` knows.
MAP_FORMATS = (*FIGURE_FORMATS, _PAGE, _DATA)


def save_map(
    result: Any,
    path: str | os.PathLike[str],
    *,
    theme: str | None = None,
    pins: Sequence[Any] | None = None,
    size: tuple[int, int] | None = None,
) -> None:
    """Write a map to a file; the suffix chooses what it becomes.

    Parameters
    ----------
    result : Sensitivity or Basins
        The map.
    path : str or os.PathLike
        Ends in ``.png``, ``.svg`` or ``.pdf`` for a picture; in ``.html`` for a page that shows
        the path of the cell under the pointer; or in ``.npz`` for the map itself.
    theme : str, optional
        As for `plot_map`.
    pins : sequence, optional
        Of a picture of two hyperparameters, as for `plot_sensitivity`.
    size : (int, int), optional
        Of a picture: width and height in pixels.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it must be, or the suffix is unknown.
    OSError
        If the file cannot be written; an old one is then left as it was.

    Examples
    --------
    >>> import trajectories as tj
    >>> found = tj.basins("himmelblau", "momentum:0.01", resolution=40)
    >>> tj.save_map(found, "basins.html")  # doctest: +SKIP
    """
    if not isinstance(result, (Sensitivity, Basins)):
        words = "what `sensitivity` or `basins` returns"
        raise must("result", words, result, kind=TypeError)
    two = isinstance(result, Sensitivity) and len(result.axes) == 2
    kind = check_map_file(path, two=two, pins=pins, size=size)
    check_target(path)
    if kind == _DATA:
        result.save(path)
    elif kind == _PAGE:
        from trajectories.plotting.writers.map_page import map_page

        page = map_page(result, theme=theme).encode()
        with replacing(path) as file:
            file.write(page)
    else:
        save_figure(_figure(result, theme, pins, size), path)


def check_map_file(
    path: str | os.PathLike[str],
    *,
    two: bool,
    pins: Sequence[Any] | None = None,
    size: tuple[int, int] | None = None,
) -> str:
    """Return the suffix of a map's file, if a map can become that; it need not be there yet."""
    kind = suffix("format of a map", path, MAP_FORMATS)
    if kind in (_PAGE, _DATA) and size is not None:
        raise must("size", f"left out for {kind}", size)
    if pins is not None and (kind in (_PAGE, _DATA) or not two):
        raise must("pins", "left out but for a picture of two hyperparameters", pins)
    return kind


def _figure(
    result: Sensitivity | Basins,
    theme: str | None,
    pins: Sequence[Any] | None,
    size: tuple[int, int] | None,
) -> Figure:
    if isinstance(result, Basins):
        return plot_basins(result, theme=theme, size=size)
    if len(result.axes) == 2:
        return plot_sensitivity(result, theme=theme, pins=pins, size=size)
    figure = plot_rates(result, theme=theme, size=size).figure
    assert isinstance(figure, Figure)
    return figure
