"""Moving pictures of paths: `animate` makes one, its `save` writes it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trajectories.atomic import check_target, replacing
from trajectories.names import resolve, suffix
from trajectories.plotting.layouts import LAYOUTS, SIZES, Picture, checked_size
from trajectories.plotting.painter import Painter
from trajectories.plotting.scene import checked
from trajectories.plotting.theme import look
from trajectories.trajectory import Trajectory
from trajectories.validation import NON_NEGATIVE, POSITIVE, integer, must, scalar

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation

__all__ = ["FORMATS", "Animation", "animate"]

Size = tuple[int, int]

#: The formats that `Animation.save` writes, by suffix.
FORMATS = (".gif",)
#: By default a longer path is shown in this many frames at equal distances of steps.
_USUAL_FRAMES = 300
_MAX_FRAMES = 100_000


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
        Makes the picture anew; it takes no arguments.

    Attributes
    ----------
    trajectories : list of Trajectory
        The paths.
    frame_steps : tuple of int
        The step that each frame shows.
    size : (int, int)
        Width and height in pixels.
    """

    def __init__(
        self,
        trajectories: list[Trajectory],
        frame_steps: Sequence[int],
        size: Size,
        make: Callable[[], Picture],
    ) -> None:
        self.trajectories = trajectories
        self.frame_steps = tuple(frame_steps)
        self.size = size
        self._make = make

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.frame_steps)

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Iterate over the frames.

        Yields
        ------
        numpy.ndarray of uint8, shape (height, width, 3)
            Red, green and blue; each frame is an array of its own.
        """
        painter = Painter(self._make())
        for step in self.frame_steps:
            yield painter.paint(step)[..., :3].copy()

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        fps: float | None = None,
        hold: float = 1.5,
        loop: int = 0,
        progress: bool = False,
    ) -> None:
        """Write the moving picture to a file; the suffix chooses the format.

        Parameters
        ----------
        path : str or os.PathLike
            Ends in ``.gif``.
        fps : float, optional
            Frames a second; by default as many as let it last about six seconds, between 8 and
            25. A GIF can have at most 50, and its times are rounded to 1/100 s.
        hold : float, default 1.5
            Seconds for which the last frame stands longer than the others.
        loop : int, default 0
            How often it plays; 0 is for ever.
        progress : bool, default False
            Whether to show a progress bar on stderr, if that is a terminal.

        Raises
        ------
        TypeError, ValueError
            If an argument is not what it must be, or the suffix is unknown.
        OSError
            If the file cannot be written. A save that fails or is interrupted leaves an old file
            as it was, and no part of a new one.
        """
        from trajectories.plotting.writers.gif import delays, write_gif

        suffix("format of a moving picture", path, FORMATS)
        check_target(path)
        rate = default_fps(len(self)) if fps is None else scalar("fps", fps, POSITIVE)
        loop = integer("loop", loop, 0)
        if loop > 65535:
            raise must("loop", "at most 65535", loop)
        waits = delays(len(self), rate, scalar("hold", hold, NON_NEGATIVE))
        painter = Painter(self._make())
        bar = _bar if progress else iter
        with replacing(path) as file:
            write_gif(
                file, painter.paint, self.size, self.frame_steps, waits, loop=loop, progress=bar
            )

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

        picture = self._make()
        rate = default_fps(len(self)) if fps is None else scalar("fps", fps, POSITIVE)

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


def animate(
    trajectories: Any,
    *,
    layout: str = "overlay",
    theme: str | None = None,
    size: Size | None = None,
    limits: str | Sequence[Sequence[float]] | None = None,
    frames: int | None = None,
    **kwargs: Any,
) -> Animation:
    """Make a moving picture of paths.

    Parameters
    ----------
    trajectories : Trajectory or iterable of Trajectory
        What `descend` or `compare` returned, all on one surface.
    layout : {"overlay", "grid", "race"}, default "overlay"
        All paths in one panel; a panel for each; or all in one panel, and their losses beside it.
    theme : str, optional
        "light", "dark", "slides", "slides-dark" or "print"; by default the light theme under all
        that you have changed in ``matplotlib.rcParams``.
    size : (int, int), optional
        Width and height in pixels; type and lines grow with them. By default (800, 600) for
        "overlay", (960, 720) for "grid" and (1200, 540) for "race".
    limits : "domain" or ((float, float), (float, float)), optional
        What to show; by default what happened, with a margin.
    frames : int, optional
        How many frames, at equal distances of steps, the first and the last included; by default
        one for the start and one for every step, but at most 300. Not more than 100,000.
    **kwargs
        Passed on to the lines of the paths (`matplotlib.lines.Line2D`).

    Returns
    -------
    Animation
        Nothing has been drawn yet.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it must be.

    Examples
    --------
    >>> import trajectories as tj
    >>> paths = tj.compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=30)
    >>> tj.animate(paths, layout="race")
    Animation(SGD, Adam; 31 frames of 1200 x 540)
    >>> tj.animate(paths).save("zigzag.gif")  # doctest: +SKIP
    """
    paths = checked(trajectories)
    layout = resolve("layout", layout, LAYOUTS)
    shape = checked_size(size) if size is not None else SIZES[layout]
    settings = look(theme)
    steps = max(path.steps for path in paths)
    count = min(steps + 1, _USUAL_FRAMES) if frames is None else integer("frames", frames, 1)
    if count > _MAX_FRAMES:
        raise must("frames", f"at most {_MAX_FRAMES:,}", frames)
    shown = [round(i * steps / (count - 1)) for i in range(count)] if count > 1 else [steps]

    def make() -> Picture:
        with settings.applied() as chosen:
            return LAYOUTS[layout](paths, chosen, size=shape, limits=limits, **kwargs)

    return Animation(paths, shown, shape, make)


def default_fps(frames: int) -> float:
    """Return the rate at which so many frames last about six seconds, between 8 and 25."""
    return float(min(max(frames / 6, 8.0), 25.0))


def _bar(steps: Iterable[int]) -> Iterable[int]:
    from tqdm import tqdm

    bar: Iterable[int] = tqdm(
        steps, desc="frames", unit="frame", disable=not sys.stderr.isatty(), leave=False
    )
    return bar
