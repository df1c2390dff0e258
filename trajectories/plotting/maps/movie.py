"""A moving picture of a map, and the files it becomes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from trajectories.names import suffix
from trajectories.plotting.animation import Animation
from trajectories.plotting.canvas import Size
from trajectories.plotting.formats import STREAMED
from trajectories.plotting.layouts import Picture
from trajectories.trajectory import Trajectory

__all__ = ["Movie"]


class Movie(Animation):
    """A moving picture of a map; `animate_basins` and `animate_ensemble` make one.

    Parameters
    ----------
    title : str
        What it shows.
    trajectories : list of Trajectory
        The paths, if it shows any.
    frame_steps : sequence of int
        The step that each frame shows.
    size : (int, int)
        Width and height in pixels.
    make : callable
        Makes the picture anew in a size.

    Examples
    --------
    >>> import trajectories as tj
    >>> cloud = tj.ensemble("himmelblau", "adam:0.1", count=50, spread="domain", rng=1)
    >>> moving = tj.animate_ensemble(cloud, frames=20)
    >>> len(moving.frame_steps), moving.size
    (20, (800, 600))
    >>> moving.save("cloud.gif")  # doctest: +SKIP
    """

    def __init__(
        self,
        title: str,
        trajectories: list[Trajectory],
        frame_steps: Sequence[int],
        size: Size,
        make: Callable[[Size], Picture],
    ) -> None:
        super().__init__(trajectories, frame_steps, size, make, {})
        self.title = title

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        fps: float | None = None,
        hold: float | None = None,
        loop: int | None = None,
        max_bytes: int | None = None,
        poster: bool = False,
        progress: bool = False,
    ) -> list[Path]:
        """Write the moving picture to a file; the suffix chooses the format.

        Parameters
        ----------
        path : str or os.PathLike
            Ends in one of the suffixes of moving pictures but ``.html``.
        fps, hold, loop, max_bytes, progress
            As for `Animation.save`.
        poster : bool, default False
            Whether to write the last frame beside a video, as ``name.poster.png``.

        Returns
        -------
        list of pathlib.Path
            The files written.

        Raises
        ------
        TypeError, ValueError, ImportError, OSError
            As `Animation.save`.
        """
        suffix("format of a moving map", path, STREAMED)
        how: dict[str, Any] = {"fps": fps, "hold": hold, "loop": loop, "max_bytes": max_bytes}
        return super().save(path, **how, poster=poster, progress=progress)

    def __repr__(self) -> str:
        """Show the title, frames and size."""
        return f"Movie({self.title}; {len(self)} frames of {self.size[0]} x {self.size[1]})"

    def _repr_html_(self) -> str:
        """Show it in a notebook, as a GIF."""
        from trajectories.plotting.notebook import movie_html

        return movie_html(self)
