"""A moving picture of a map, and the files it becomes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from trajectories.atomic import check_target, replacing
from trajectories.names import suffix
from trajectories.plotting.animation import Animation
from trajectories.plotting.formats import STREAMED
from trajectories.plotting.layouts import Picture, Size
from trajectories.plotting.painter import Painter
from trajectories.plotting.writers.stream import Stream
from trajectories.trajectory import Trajectory
from trajectories.validation import NON_NEGATIVE, POSITIVE, integer, scalar

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

    def save(  # type: ignore[override]
        self,
        path: str | os.PathLike[str],
        *,
        fps: float | None = None,
        hold: float | None = None,
        loop: int | None = None,
        progress: bool = False,
    ) -> list[Path]:
        """Write the moving picture to a file; the suffix chooses the format.

        Parameters
        ----------
        path : str or os.PathLike
            Ends in one of the suffixes of moving pictures but ``.html``.
        fps, hold, loop, progress
            As for `Animation.save`.

        Returns
        -------
        list of pathlib.Path
            The file written.

        Raises
        ------
        TypeError, ValueError, ImportError, OSError
            As `Animation.save`.
        """
        kind = suffix("format of a moving map", path, STREAMED)
        target = check_target(path)
        told = {"fps": fps, "hold": hold, "loop": loop}
        how = {**self.saving, **{name: value for name, value in told.items() if value is not None}}
        stream = Stream(
            Painter(self.picture()).paint,
            self.size,
            self.frame_steps,
            scalar("fps", how["fps"], POSITIVE),
            scalar("hold", how["hold"], NON_NEGATIVE),
            integer("loop", how["loop"], 0),
            progress=_bar if progress else iter,
        )
        with replacing(target) as file:
            STREAMED[kind].write(file, stream)
        return [target]

    def __repr__(self) -> str:
        """Show the title, frames and size."""
        return f"Movie({self.title}; {len(self)} frames of {self.size[0]} x {self.size[1]})"

    def _repr_html_(self) -> str:
        """Show it in a notebook, as a GIF."""
        import base64
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            (path,) = self.save(Path(folder) / "map.gif")
            data = base64.b64encode(path.read_bytes()).decode("ascii")
        return f'<img alt="{self.title}" src="data:image/gif;base64,{data}">'


def _bar(steps: Iterable[int]) -> Iterable[int]:
    from tqdm import tqdm

    bar: Iterable[int] = tqdm(
        steps, desc="frames", unit="frame", disable=not sys.stderr.isatty(), leave=False
    )
    return bar
