"""A moving picture of paths, whose `save` writes it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trajectories.plotting.canvas import Size
from trajectories.plotting.formats import FORMATS
from trajectories.plotting.layouts import Picture
from trajectories.plotting.painter import Painter
from trajectories.plotting.theme import Look
from trajectories.trajectory import Trajectory
from trajectories.validation import POSITIVE, scalar

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation

__all__ = ["FORMATS", "Animation"]


class Animation:
    """A moving picture of paths; `animate` makes one.

    Parameters
    ----------
    trajectories : list of Trajectory
        The paths.
    frame_steps : sequence of int
        The step that each frame shows.
    size : (int, int)
        Width and height in pixels.
    make : callable
        Makes the picture anew in a size.
    settings : mapping
        What `animate` was told.
    looks : sequence of Look, optional
        What a page looks like, if there can be one; see `looks_for`.

    Attributes
    ----------
    trajectories : list of Trajectory
        The paths.
    frame_steps : tuple of int
        The step that each frame shows.
    size : (int, int)
        Width and height in pixels.
    settings : dict
        What `animate` was told, by the names of its arguments; what was left out is not there.
    looks : tuple of Look
        What a page looks like.
    saving : dict
        What `save` uses where it is told nothing: `fps`, `hold` and `loop`.

    Examples
    --------
    >>> import trajectories as tj
    >>> moving = tj.animate(tj.descend("sphere", "momentum:0.05", steps=60), frames=20)
    >>> len(moving.frame_steps), moving.size
    (20, (800, 600))
    >>> moving.save("path.gif", fps=20)  # doctest: +SKIP
    """

    def __init__(
        self,
        trajectories: list[Trajectory],
        frame_steps: Sequence[int],
        size: Size,
        make: Callable[[Size], Picture],
        settings: Mapping[str, Any],
        looks: Sequence[Look] = (),
    ) -> None:
        self.trajectories = trajectories
        self.frame_steps = tuple(frame_steps)
        self.size = size
        self.settings = dict(settings)
        self.looks = tuple(looks)
        self.saving: dict[str, Any] = {"fps": default_fps(len(self)), "hold": 1.5, "loop": 0}
        self._make = make
        self._source: tuple[Sequence[Any], str, dict[str, Any]] | None = None

    def remember(self, source: Sequence[Any], *, kind: str, settings: Mapping[str, Any]) -> None:
        """Keep what is shown, to be written down when the moving picture is saved.

        Parameters
        ----------
        source : sequence
            What it shows: trajectories or results.
        kind : str
            The function that made it, as for `make_recipe`.
        settings : mapping
            Its keyword arguments.
        """
        self._source = source, kind, dict(settings)

    def recipe(self, **saving: Any) -> str:
        """Return the recipe as text; "" if nothing is remembered, as of somebody's own scene.

        Parameters
        ----------
        **saving
            The rate, hold and loop of the file that it is for.
        """
        if self._source is None:
            return ""
        from trajectories.plotting.recipes.making import make_recipe

        source, kind, settings = self._source
        return make_recipe(source, kind=kind, settings={**settings, **saving})

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.frame_steps)

    def picture(self, size: Size | None = None) -> Picture:
        """Lay the picture out anew, on a figure of its own.

        Parameters
        ----------
        size : (int, int), optional
            Width and height in pixels; by default its own.

        Returns
        -------
        Picture
            Can show any step. Its figure carries the recipe of the moving picture.
        """
        picture = self._make(self.size if size is None else size)
        if self._source is not None:
            source, kind, settings = self._source
            picture.figure.remember(source, kind=kind, settings=settings)
        return picture

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Iterate over the frames.

        Yields
        ------
        numpy.ndarray of uint8, shape (height, width, 3)
            Red, green and blue; each frame is an array of its own.
        """
        painter = Painter(self.picture())
        for step in self.frame_steps:
            yield painter.paint(step)[..., :3].copy()

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        fps: float | None = None,
        hold: float | None = None,
        loop: int | None = None,
        max_bytes: int | None = None,
        poster: bool = True,
        progress: bool = False,
    ) -> list[Path]:
        """Write the moving picture to a file; the suffix chooses the format.

        Parameters
        ----------
        path : str or os.PathLike
            Ends in ``.gif``; ``.mp4`` (H.264) or ``.webm`` (VP9), which need PyAV; ``.webp``;
            ``.png`` or ``.apng`` for an animated PNG; or ``.html`` for a page with a player. A
            name such as ``frames/%04d.png`` stands for a PNG for each frame.
        fps : float, optional
            Frames a second; by default as many as let it last about six seconds, between 8 and
            25. A GIF can have at most 50, and its times are rounded to 1/100 s.
        hold : float, optional
            Seconds for which the last frame stands longer than the others; by default 1.5.
        loop : int, optional
            How often it plays; by default 0, which is for ever. A video does not know.
        max_bytes : int, optional
            How large the file may be. To keep it, colours are given up first (in a video, the
            compression's accuracy), then frames, then pixels; a warning tells which. For a file
            that is a stream of frames; a page is only refused if it is larger.
        poster : bool, default True
            Whether to write the last frame beside a video, as ``name.poster.png``.
        progress : bool, default False
            Whether to show a progress bar on stderr, if that is a terminal.

        Returns
        -------
        list of pathlib.Path
            The files written.

        Raises
        ------
        TypeError, ValueError
            If an argument is not what it must be, the suffix is unknown, or the file cannot be
            small enough.
        ImportError
            If a video is to be written without PyAV.
        OSError
            If the file cannot be written. A save that fails or is interrupted leaves an old file
            as it was, and no part of a new one.
        """
        from trajectories.plotting.saving import save

        told = {"fps": fps, "hold": hold, "loop": loop}
        how = self.saving | {name: value for name, value in told.items() if value is not None}
        return save(self, path, **how, max_bytes=max_bytes, poster=poster, progress=progress)

    def to_matplotlib(self, fps: float | None = None) -> FuncAnimation:
        """Return the same moving picture as Matplotlib's own kind of animation.

        It draws every frame in full, which takes some twenty times as long, but can go wherever a
        `matplotlib.animation.FuncAnimation` can.

        Parameters
        ----------
        fps : float, optional
            Frames a second; the default is that of `save`.

        Returns
        -------
        matplotlib.animation.FuncAnimation
            Shows what it animates only while you keep a reference to it.
        """
        from matplotlib.animation import FuncAnimation

        picture = self.picture()
        rate = self.saving["fps"] if fps is None else scalar("fps", fps, POSITIVE)

        def draw(step: int) -> list[Any]:
            picture.show(step)
            return []

        return FuncAnimation(
            picture.figure,
            draw,
            frames=list(self.frame_steps),
            interval=1000 / rate,
            cache_frame_data=False,
        )

    def __repr__(self) -> str:
        """Show the paths, frames and size."""
        labels = ", ".join(path.label for path in self.trajectories)
        return f"Animation({labels}; {len(self)} frames of {self.size[0]} x {self.size[1]})"

    def _repr_html_(self) -> str:
        """Show it in a notebook: as a page with a player, or as a GIF in the 3-D layout."""
        from trajectories.plotting.notebook import animation_html

        return animation_html(self)


def default_fps(frames: int) -> float:
    """Return the rate at which so many frames last about six seconds, between 8 and 25."""
    return float(min(max(frames / 6, 8.0), 25.0))
