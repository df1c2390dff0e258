"""Paint the frames of a picture: what stands still once, then only what moves."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from numpy.typing import NDArray

from trajectories.plotting.layouts import Picture
from trajectories.plotting.theme import TURN

__all__ = ["Painter"]

Box = tuple[slice, slice]


class Painter:
    """Paint any step of a picture over its finished ground."""

    def __init__(self, picture: Picture) -> None:
        canvas = picture.figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        self._picture = picture
        # A picture whose ground moves is drawn in full each time, and has nothing to paint over.
        self._artists = _painting_order(picture) if picture.still else []
        for artist in self._artists:
            artist.set_visible(False)
        canvas.draw()
        for artist in self._artists:
            artist.set_visible(True)
        self._renderer = canvas.get_renderer()
        self.pixels: NDArray[np.uint8] = np.asarray(canvas.buffer_rgba())
        self._ground = self.pixels.copy()
        self._stamps: dict[tuple[Text, str], tuple[Box, NDArray[np.uint8]]] = {}

    def paint(self, step: int) -> NDArray[np.uint8]:
        """Paint a step, and return `pixels`; threads take turns."""
        with TURN:
            return self._painted(step)

    def _painted(self, step: int) -> NDArray[np.uint8]:
        self._picture.show(step)
        if not self._picture.still:
            self._picture.figure.canvas.draw()
            return self.pixels
        np.copyto(self.pixels, self._ground)
        for artist in self._artists:
            if isinstance(artist, Text):
                self._stamp(artist)
            else:
                artist.draw(self._renderer)
        return self.pixels

    def _stamp(self, text: Text) -> None:
        """Draw a text; the second time copy its pixels, if what lies below is as it was then."""
        key = (text, text.get_text())
        if not key[1] or not text.get_visible():
            return
        if key in self._stamps:
            box, stamp = self._stamps[key]
            if np.array_equal(self.pixels[box], self._ground[box]):
                self.pixels[box] = stamp
                return
        around = self._around(text)
        before = self.pixels[around].copy()
        text.draw(self._renderer)
        rows, columns = np.nonzero((self.pixels[around] != before).any(axis=2))
        if len(rows):
            # Only what the text has touched: its neighbours may come closer than its extent.
            inner = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
            if np.array_equal(before[inner], self._ground[around][inner]):
                top, left = around[0].start, around[1].start
                box = (
                    slice(top + inner[0].start, top + inner[0].stop),
                    slice(left + inner[1].start, left + inner[1].stop),
                )
                self._stamps[key] = box, self.pixels[box].copy()

    def _around(self, text: Text) -> Box:
        """Return the rows and columns that a text may touch."""
        extent = text.get_window_extent(self._renderer)
        height, width = self.pixels.shape[:2]
        top, bottom = np.clip([height - extent.y1 - 4, height - extent.y0 + 4], 0, height).astype(
            int
        )
        left, right = np.clip([extent.x0 - 4, extent.x1 + 4], 0, width).astype(int)
        return slice(top, bottom), slice(left, right)


def _painting_order(picture: Picture) -> list[Artist]:
    """Sort the moving artists as Matplotlib draws them: panel by panel, the figure's own last."""
    artists = [artist for mover in picture.movers for artist in mover.artists]
    panels: dict[Any, int] = {ax: place for place, ax in enumerate(picture.figure.axes)}
    last = len(panels)
    return sorted(
        artists, key=lambda a: (last if a.axes is None else panels[a.axes], a.get_zorder())
    )
