"""The formats of moving pictures, by suffix, and what each gives up under a budget of bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from trajectories.plotting.writers.gif import write_gif
from trajectories.plotting.writers.image import write_apng, write_webp
from trajectories.plotting.writers.palette import palette_colors
from trajectories.plotting.writers.stream import Stream
from trajectories.plotting.writers.video import write_mp4, write_webm

__all__ = ["FORMATS", "PAGE", "STREAMED", "Format"]


@dataclass(frozen=True)
class Format:
    """A format that takes a stream of frames."""

    write: Callable[[BinaryIO, Stream], None]
    video: bool = False

    def given_up(self, thrift: int) -> str:
        """Tell what a thrifty stream has given up."""
        return "coarser compression" if self.video else f"{palette_colors(thrift)} colours"


#: The formats that are streams of frames, by suffix.
STREAMED: Mapping[str, Format] = {
    ".gif": Format(write_gif),
    ".mp4": Format(write_mp4, video=True),
    ".webm": Format(write_webm, video=True),
    ".webp": Format(write_webp),
    ".png": Format(write_apng),
    ".apng": Format(write_apng),
}
#: The interactive page.
PAGE = ".html"
#: All suffixes that `Animation.save` knows.
FORMATS = (*STREAMED, PAGE)
