"""The Animation: frames painted on a background and saved in any format."""

from __future__ import annotations

import base64
import io
import math
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from numpy.typing import NDArray

from trajectories.checks import NON_NEGATIVE, POSITIVE, byte_count, integer, must, scalar, suffix
from trajectories.descent import run
from trajectories.files import check_target, replacing, watched
from trajectories.plotting.canvas import MIN_SIDE, Size
from trajectories.plotting.panels import LAYOUTS, Picture
from trajectories.plotting.recipes.recipe import KINDS, arguments
from trajectories.plotting.scene import Scene
from trajectories.plotting.theme import RC_LOCK, AppliedTheme
from trajectories.plotting.writers.formats import (
    FEWEST,
    FORMATS,
    MIN_FPS,
    PAGE,
    SMALLEST,
    STREAMED,
    Format,
    Quality,
    lower_quality,
    numbered,
    thinned,
    write_frames,
    write_png,
)
from trajectories.plotting.writers.gif import Stream
from trajectories.plotting.writers.page import PageVariant, page_html
from trajectories.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation

Box = tuple[slice, slice]


class Painter:
    """Paint any step of a picture over its fixed background."""

    def __init__(self, picture: Picture) -> None:
        canvas = picture.figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        self._picture = picture
        # A picture whose background moves is drawn in full each time.
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
        """Paint a step under the lock of Matplotlib's settings, and return `pixels`."""
        with RC_LOCK:
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
        """Draw a text, or copy its earlier pixels where the background below is unchanged."""
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
            # Only the pixels the text has touched: its neighbours may lie within its extent.
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
    """Sort the moving artists in drawing order: panel by panel, the figure's own last."""
    artists = [
        artist for moving_artist in picture.moving_artists for artist in moving_artist.artists
    ]
    panels: dict[Any, int] = {ax: index for index, ax in enumerate(picture.figure.axes)}
    last = len(panels)
    return sorted(
        artists, key=lambda a: (last if a.axes is None else panels[a.axes], a.get_zorder())
    )


_MAX_RATES = 60
#: Starts across and up a picture, close enough for one near every click.
_ACROSS, _UP = 12, 9


def checked_rates(rates: Any) -> tuple[float, ...] | None:
    """Check learning rates, and return them sorted and unique."""
    if rates is None:
        return None
    try:
        checked = sorted({scalar("learning_rates", rate, POSITIVE) for rate in rates})
    except TypeError:
        raise must("learning_rates", "some numbers", rates, kind=TypeError) from None
    if not 1 <= len(checked) <= _MAX_RATES:
        raise must("learning_rates", f"from 1 to {_MAX_RATES} numbers", len(checked))
    return tuple(checked)


def checked_starts(starts: Any) -> str | None:
    """Return "grid" or None."""
    if starts not in (None, "grid"):
        raise must("starts", '"grid" or None', starts)
    return "grid" if starts else None


def rate_variants(
    paths: Sequence[Trajectory], rates: Sequence[float], scene: Scene
) -> tuple[list[PageVariant], int]:
    """Rerun all descents with each learning rate."""
    own = {path.optimizer.lr for path in paths if isinstance(path.optimizer.lr, float)}
    common = len(own) == 1 and all(isinstance(path.optimizer.lr, float) for path in paths)
    all_rates = sorted({*rates, *own}) if common else list(rates)
    variants = []
    for rate in all_rates:
        # Not rerun with their own rate: the noise of paths picked from a batch would differ.
        unchanged = common and rate in own
        runs = [] if unchanged else [_rerun(path, path.start, lr=rate) for path in paths]
        variants.append(
            PageVariant(scene.tracks if unchanged else _tracks(runs, scene), learning_rate=rate)
        )
    near = [abs(np.log(rate / min(own, default=all_rates[0]))) for rate in all_rates]
    return variants, int(np.argmin(near))


def start_variants(paths: Sequence[Trajectory], scene: Scene) -> tuple[list[PageVariant], int]:
    """Rerun all descents from a grid of starts over the picture."""
    own = {tuple(path.start.ravel().tolist()) for path in paths}
    if len(own) != 1 or len(next(iter(own))) != 2:
        raise must("starts", "left out for paths from several starts", "grid")
    (x0, x1), (y0, y1) = scene.limits
    x = x0 + (np.arange(_ACROSS) + 0.5) / _ACROSS * (x1 - x0)
    y = y0 + (np.arange(_UP) + 0.5) / _UP * (y1 - y0)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    batches = [_rerun(path, grid) for path in paths]
    variants = [PageVariant(scene.tracks, start=_pair(paths[0].start))]
    for number, start in enumerate(grid):
        tracks = _tracks([batch[number] for batch in batches], scene)
        variants.append(PageVariant(tracks, start=_pair(start)))
    return variants, 0


def _rerun(path: Trajectory, start: NDArray[np.float64], **changes: Any) -> Trajectory:
    """Rerun a path from another start or with another learning rate, with the same noise."""
    if path.made is None:
        raise must("trajectories", "made by `descend` or `compare` to be run anew", path)
    descent = replace(path.made, start=start, picked=None)
    return run(path.surface, path.optimizer.fresh(**changes), descent)


def _tracks(paths: Sequence[Trajectory], scene: Scene) -> tuple[Any, ...]:
    return Scene.of(paths, limits=scene.limits, resolution=3).tracks


def _pair(point: NDArray[np.float64]) -> tuple[float, float]:
    x, y = point.ravel().tolist()
    return x, y


class Animation:
    """An animation of paths, made by `animate`.

    Parameters
    ----------
    trajectories : list of Trajectory
        The paths.
    frame_steps : sequence of int
        The step that each frame shows.
    size : (int, int)
        Width and height in pixels.
    make : callable
        Makes the picture in a size.
    settings : mapping
        Arguments of `animate`.
    looks : sequence of AppliedTheme, optional
        Themes of its page, if it can have one; see `looks_for`.

    Attributes
    ----------
    trajectories : list of Trajectory
        The paths.
    frame_steps : tuple of int
        The step that each frame shows.
    size : (int, int)
        Width and height in pixels.
    settings : dict
        Arguments of `animate` by name, without those left out.
    looks : tuple of AppliedTheme
        Themes of its page.
    saving : dict
        Defaults of `save`: `fps`, `end_pause` and `loop`.

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
        looks: Sequence[AppliedTheme] = (),
    ) -> None:
        self.trajectories = trajectories
        self.frame_steps = tuple(frame_steps)
        self.size = size
        self.settings = dict(settings)
        self.looks = tuple(looks)
        self.saving: dict[str, Any] = {"fps": default_fps(len(self)), "end_pause": 1.5, "loop": 0}
        self._make = make
        self._source: tuple[Sequence[Any], str, dict[str, Any]] | None = None

    def remember(self, source: Sequence[Any], *, kind: str, settings: Mapping[str, Any]) -> None:
        """Keep the source of the animation for the recipe in its files.

        Parameters
        ----------
        source : sequence
            The trajectories or results that it shows.
        kind : str
            Name of the function that made it, as for `make_recipe`.
        settings : mapping
            Keyword arguments of that function.
        """
        self._source = source, kind, dict(settings)

    def recipe(self, **saving: Any) -> str:
        """Return the recipe as text; "" if no source is known, as for a user's own scene.

        Parameters
        ----------
        **saving
            Rate, end pause and loop of its file.
        """
        if self._source is None:
            return ""
        from trajectories.plotting.recipes.paths import make_recipe

        source, kind, settings = self._source
        return make_recipe(source, kind=kind, settings={**settings, **saving})

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.frame_steps)

    def picture(self, size: Size | None = None) -> Picture:
        """Lay out the picture on a new figure.

        Parameters
        ----------
        size : (int, int), optional
            Width and height in pixels; by default those of the animation.

        Returns
        -------
        Picture
            Can show any step. Its figure carries the recipe of the animation.
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
            Red, green and blue; a new array for each frame.
        """
        painter = Painter(self.picture())
        for step in self.frame_steps:
            yield painter.paint(step)[..., :3].copy()

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        fps: float | None = None,
        end_pause: float | None = None,
        loop: int | None = None,
        max_bytes: int | str | None = None,
        poster: bool = True,
        progress: bool = False,
    ) -> list[Path]:
        """Write the animation to a file; the suffix chooses the format.

        Parameters
        ----------
        path : str or os.PathLike
            Ends in ``.gif``; ``.mp4`` (H.264) or ``.webm`` (VP9), which need PyAV; ``.webp``;
            ``.png`` or ``.apng`` for an animated PNG; or ``.html`` for a page with a player. A
            name such as ``frames/%04d.png`` writes a PNG for each frame.
        fps : float, optional
            Frames per second; by default a rate at which it lasts about six seconds, between 8
            and 25. A GIF can have at most 50, and its times are rounded to 1/100 s.
        end_pause : float, optional
            Extra seconds for the last frame; by default 1.5.
        loop : int, optional
            Number of plays; by default 0, without end. Videos ignore it.
        max_bytes : int or str, optional
            Maximum size of the file, in bytes or like "500kB". Colours are reduced first (in a
            video, the accuracy of the compression), then frames, then pixels; a warning names
            what was reduced. A page that is larger is refused.
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
            If the suffix is unknown, or the file cannot be small enough.
        ImportError
            If PyAV is missing for a video.
        OSError
            If the file cannot be written. A failed or interrupted save leaves an old file
            unchanged, and no part of a new one.
        """
        given = {"fps": fps, "end_pause": end_pause, "loop": loop}
        options = self.saving | {name: value for name, value in given.items() if value is not None}
        return save(self, path, **options, max_bytes=max_bytes, poster=poster, progress=progress)

    def to_matplotlib(self, fps: float | None = None) -> FuncAnimation:
        """Return the animation as one of Matplotlib.

        It draws every frame in full, which takes about twenty times as long.

        Parameters
        ----------
        fps : float, optional
            Frames per second; the default is that of `save`.

        Returns
        -------
        matplotlib.animation.FuncAnimation
            It runs only while you keep a reference to it.
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
        """Show it in a notebook, as a page with a player or as a GIF."""
        return animation_html(self)


def default_fps(frames: int) -> float:
    """Return the rate at which the frames last about six seconds, between 8 and 25."""
    return float(min(max(frames / 6, 8.0), 25.0))


_MAX_LOOP = 65535
_MIN_BYTES = 1


def save(
    animation: Animation,
    path: str | os.PathLike[str],
    *,
    fps: float,
    end_pause: float,
    loop: int,
    max_bytes: int | str | None = None,
    poster: bool = True,
    progress: bool = False,
) -> list[Path]:
    """Write an animation; see `Animation.save`."""
    kind = suffix("format of a moving picture", path, FORMATS)
    fps = scalar("fps", fps, POSITIVE)
    end_pause = scalar("end_pause", end_pause, NON_NEGATIVE)
    loop = integer("loop", loop, 0)
    if loop > _MAX_LOOP:
        raise must("loop", f"at most {_MAX_LOOP}", loop)
    if max_bytes is not None:
        max_bytes = byte_count("max_bytes", max_bytes, _MIN_BYTES)
    recipe = animation.recipe(fps=fps, end_pause=end_pause, loop=loop)
    if kind == PAGE:
        options = {"fps": fps, "end_pause": end_pause, "loop": loop, "recipe": recipe}
        return [_save_page(animation, path, max_bytes, **options)]
    bar = _bar if progress else iter
    numbered_frames = kind == ".png" and "%" in Path(path).name
    if numbered_frames and max_bytes is not None:
        raise must("max_bytes", "left out for numbered frames", max_bytes)
    if not numbered_frames:
        check_target(path)

    def stream(quality: Quality) -> Stream:
        width, height = animation.size
        size = round(width * quality.scale), round(height * quality.scale)
        steps = thinned(animation.frame_steps, quality.frames)
        # Fewer frames last as long.
        rate = fps * len(steps) / len(animation)
        painter = Painter(animation.picture(size))
        return Stream(
            painter.paint,
            size,
            steps,
            rate,
            end_pause,
            loop,
            quality.coarseness,
            recipe,
            progress=bar,
        )

    full = Quality(len(animation))
    if numbered_frames:
        write_frames(path, stream(full))
        return numbered(path, len(animation))
    target = Path(path)
    poster_file = poster_path(target) if STREAMED[kind].video and poster else None
    if poster_file is not None:
        check_target(poster_file)
    with ExitStack() as stack:
        file = stack.enter_context(replacing(target))
        if max_bytes is None:
            STREAMED[kind].write(file, stream(full))
            reached = full
        else:
            limits = _quality_limits(animation, STREAMED[kind], fps)
            reached = _within_budget(STREAMED[kind], file, stream, full, max_bytes, limits)
        if poster_file is not None:
            # Opened last, so that an error of the video does not name the poster.
            image = stack.enter_context(replacing(poster_file))
            write_png(image, Painter(animation.picture()).paint(animation.frame_steps[-1]), recipe)
    if reached != full:
        warnings.warn(_reductions(target, STREAMED[kind], full, reached), stacklevel=3)
    return [target] if poster_file is None else [target, poster_file]


def poster_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of a video's poster."""
    return Path(path).with_suffix(".poster.png")


def page_of(
    animation: Animation, *, fps: float, end_pause: float = 1.5, loop: int = 0, recipe: str = ""
) -> str:
    """Return the page that plays an animation."""
    settings = animation.settings
    layout = settings["layout"]
    if layout == "3d":
        raise must("layout", f"overlay, grid or race for a page ({PAGE})", layout)
    if settings.get("step_arrows"):
        raise must("step_arrows", f"left out of a page ({PAGE})", True)
    picture = animation.picture()
    scene = picture.scene
    # Arguments of neither `animate` nor the layout belong to the lines.
    known = arguments(KINDS["animation"].function) | arguments(LAYOUTS[layout])
    variants: list[PageVariant] = []
    first = 0
    if "learning_rates" in settings:
        variants, first = rate_variants(animation.trajectories, settings["learning_rates"], scene)
    elif "starts" in settings:
        variants, first = start_variants(animation.trajectories, scene)
    return page_html(
        scene,
        variants=variants,
        first=first,
        layout=layout,
        looks=animation.looks,
        aspect=picture.aspect,
        frame_steps=animation.frame_steps,
        fps=fps,
        end_pause=end_pause,
        loop=loop,
        readout=bool(settings.get("readout")),
        trail=settings.get("trail"),
        recipe=recipe,
        line={name: value for name, value in settings.items() if name not in known},
    )


def _save_page(
    animation: Animation, path: str | os.PathLike[str], max_bytes: int | None, **options: Any
) -> Path:
    target = check_target(path)
    page = page_of(animation, **options).encode()
    if max_bytes is not None and len(page) > max_bytes:
        raise must("max_bytes", f"at least {len(page)} for this page", max_bytes)
    with replacing(target) as file:
        file.write(page)
    return target


def _within_budget(
    kind: Format,
    file: BinaryIO,
    stream: Callable[[Quality], Stream],
    full: Quality,
    max_bytes: int,
    limits: tuple[int, float],
) -> Quality:
    """Write a stream at lower and lower quality until it fits the budget."""

    def write(quality: Quality) -> int:
        file.seek(0)
        file.truncate()
        kind.write(file, stream(quality))
        return file.tell()

    fewest, smallest = limits
    return lower_quality(write, full.frames, max_bytes, fewest=fewest, smallest=smallest)


def _quality_limits(animation: Animation, kind: Format, fps: float) -> tuple[int, float]:
    """Return the least number of frames, and the least scale of the sides."""
    # No video can have fewer frames per second.
    frames = math.ceil(MIN_FPS * len(animation) / fps) if kind.video else 0
    return max(FEWEST, frames), min(max(SMALLEST, MIN_SIDE / min(animation.size)), 1.0)


def _reductions(path: Path, kind: Format, full: Quality, quality: Quality) -> str:
    parts = []
    if quality.coarseness:
        parts.append(kind.given_up(quality.coarseness))
    if quality.frames < full.frames:
        parts.append(f"{quality.frames} of {full.frames} frames")
    if quality.scale < 1:
        parts.append(f"{100 * quality.scale:.0f} % of the width and height")
    return f"To keep its budget of bytes, {path.name} has {', '.join(parts)}."


def _bar(steps: Iterable[int]) -> Iterable[int]:
    from tqdm import tqdm

    bar: Iterable[int] = tqdm(
        steps, desc="frames", unit="frame", disable=not watched(), leave=False
    )
    return bar


#: Room for the player's controls below the picture, in pixels.
_CONTROLS = 150


def animation_html(animation: Animation) -> str:
    """Return HTML that shows an animation."""
    width, height = animation.size
    if animation.settings["layout"] == "3d" or animation.settings.get("step_arrows"):
        return movie_html(animation)
    page = page_of(animation, **animation.saving)
    return (
        f'<iframe srcdoc="{escape(page)}" sandbox="allow-scripts" title="{escape(repr(animation))}"'
        f' style="width: 100%; max-width: {width}px; height: {height + _CONTROLS}px;'
        f' border: 0"></iframe>'
    )


def movie_html(animation: Animation) -> str:
    """Return HTML that shows an animation as a GIF."""
    return _image("gif", _gif(animation), animation)


def trajectory_html(trajectory: Trajectory) -> str:
    """Return HTML that shows the plot of a trajectory."""
    from trajectories.plotting.plots import draw

    data = io.BytesIO()
    draw("overlay", trajectory).savefig(data, format="png")
    return _image("png", data.getvalue(), trajectory)


def _gif(animation: Animation) -> bytes:
    from trajectories.plotting.writers.gif import Stream, write_gif

    data = io.BytesIO()
    paint = Painter(animation.picture()).paint
    write_gif(data, Stream(paint, animation.size, animation.frame_steps, **animation.saving))
    return data.getvalue()


def _image(kind: str, data: bytes, content: object) -> str:
    text = base64.b64encode(data).decode()
    style = "max-width: 100%; height: auto"
    return (
        f'<img src="data:image/{kind};base64,{text}" alt="{escape(repr(content))}" style="{style}">'
    )
