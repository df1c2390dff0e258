"""Whole figures of paths: each function makes a figure in one layout, and returns it."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from trajectories.names import resolve
from trajectories.plotting.canvas import Size
from trajectories.plotting.extras import Extras
from trajectories.plotting.layouts import LAYOUTS, Limits
from trajectories.plotting.scene import checked
from trajectories.plotting.theme import applied

__all__ = ["draw", "plot_grid", "plot_overlay", "plot_race"]


def plot_overlay(
    trajectories: Any,
    *,
    size: Size | None = None,
    theme: str | None = None,
    limits: Limits = None,
    **kwargs: Any,
) -> Figure:
    """Draw all paths in one panel.

    Parameters
    ----------
    trajectories : Trajectory or iterable of Trajectory
        What `descend` or `compare` returned, all on one surface.
    size : (int, int), optional
        Width and height in pixels; type and lines grow with them. By default (800, 600).
    theme : str, optional
        "light", "dark", "slides", "slides-dark" or "print"; by default the light theme under all
        that you have changed in ``matplotlib.rcParams``.
    limits : "domain" or ((float, float), (float, float)), optional
        What to show; by default what happened, with a margin.
    **kwargs
        `annotate` and `captions`, as for `plot`; all else is passed on to the lines of the paths
        (`matplotlib.lines.Line2D`).

    Examples
    --------
    >>> import trajectories as tj
    >>> paths = tj.compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=30)
    >>> plot_overlay(paths, theme="slides").savefig("overlay.png")  # doctest: +SKIP
    """
    return draw("overlay", trajectories, size=size, theme=theme, limits=limits, **kwargs)


def plot_grid(
    trajectories: Any,
    *,
    size: Size | None = None,
    theme: str | None = None,
    limits: Limits = None,
    **kwargs: Any,
) -> Figure:
    """Draw each path in a panel of its own, all with the same limits: the textbook's 2 x 2 page.

    Parameters
    ----------
    trajectories, size, theme, limits
        As for `plot_overlay`; the default size is (960, 720).
    **kwargs
        `captions`, as for `plot`; all else is passed on to the lines of the paths
        (`matplotlib.lines.Line2D`).

    Examples
    --------
    >>> import trajectories as tj
    >>> paths = tj.compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=30)
    >>> tj.plot_grid(paths).savefig("zigzag.png")  # doctest: +SKIP
    """
    return draw("grid", trajectories, size=size, theme=theme, limits=limits, **kwargs)


def plot_race(
    trajectories: Any,
    *,
    size: Size | None = None,
    theme: str | None = None,
    limits: Limits = None,
    **kwargs: Any,
) -> Figure:
    """Draw all paths in one panel, and their losses beside it.

    Parameters
    ----------
    trajectories, size, theme, limits, **kwargs
        As for `plot_overlay`; the default size is (1200, 540).

    Examples
    --------
    >>> import trajectories as tj
    >>> paths = tj.compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=30)
    >>> len(plot_race(paths).axes)
    2
    """
    return draw("race", trajectories, size=size, theme=theme, limits=limits, **kwargs)


def draw(
    layout: str,
    trajectories: Any,
    *,
    size: Size | None = None,
    theme: str | None = None,
    limits: Limits = None,
    annotate: bool = False,
    captions: bool = False,
    **kwargs: Any,
) -> Figure:
    """Draw a whole figure in the layout of this name: "overlay", "grid", "race" or "3d"."""
    paths = checked(trajectories)
    layout = resolve("layout", layout, LAYOUTS)
    extras = Extras(annotate=annotate, captions=captions)
    with applied(theme) as chosen:
        picture = LAYOUTS[layout](paths, chosen, size=size, limits=limits, extras=extras, **kwargs)
        picture.show(picture.steps)
    told = {"size": size, "theme": theme, "limits": limits, **kwargs}
    told |= {"annotate": annotate or None, "captions": captions or None}
    picture.figure.remember(paths, kind=f"plot_{layout}", settings=told)
    return picture.figure
