"""Write a moving picture to files: which writer, how large, what beside it."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from trajectories.atomic import check_target, replacing
from trajectories.names import suffix
from trajectories.plotting.budget import FEWEST, SMALLEST, Economy, economize, thinned
from trajectories.plotting.canvas import MIN_SIDE
from trajectories.plotting.formats import FORMATS, PAGE, STREAMED, Format
from trajectories.plotting.layouts import LAYOUTS
from trajectories.plotting.painter import Painter
from trajectories.plotting.recipes.kinds import arguments, picture_of
from trajectories.plotting.takes import rate_takes, start_takes
from trajectories.plotting.writers.frames import numbered, write_frames, write_png
from trajectories.plotting.writers.page import Take, page_html
from trajectories.plotting.writers.stream import Stream
from trajectories.plotting.writers.video import MIN_FPS
from trajectories.terminal import watched
from trajectories.validation import NON_NEGATIVE, POSITIVE, integer, must, scalar

if TYPE_CHECKING:
    from trajectories.plotting.animation import Animation

__all__ = ["page_of", "poster_path", "save"]

_MAX_LOOP = 65535
_LEAST_BYTES = 1


def save(
    animation: Animation,
    path: str | os.PathLike[str],
    *,
    fps: float,
    hold: float,
    loop: int,
    max_bytes: int | None = None,
    poster: bool = True,
    progress: bool = False,
) -> list[Path]:
    """Write a moving picture; see `Animation.save`, whose work this is."""
    kind = suffix("format of a moving picture", path, FORMATS)
    fps = scalar("fps", fps, POSITIVE)
    hold = scalar("hold", hold, NON_NEGATIVE)
    loop = integer("loop", loop, 0)
    if loop > _MAX_LOOP:
        raise must("loop", f"at most {_MAX_LOOP}", loop)
    if max_bytes is not None:
        integer("max_bytes", max_bytes, _LEAST_BYTES)
    recipe = animation.recipe(fps=fps, hold=hold, loop=loop)
    if kind == PAGE:
        how = {"fps": fps, "hold": hold, "loop": loop, "recipe": recipe}
        return [_save_page(animation, path, max_bytes, **how)]
    bar = _bar if progress else iter
    several = kind == ".png" and "%" in Path(path).name
    if several and max_bytes is not None:
        raise must("max_bytes", "left out for numbered frames", max_bytes)
    if not several:
        check_target(path)

    def stream(economy: Economy) -> Stream:
        width, height = animation.size
        size = round(width * economy.scale), round(height * economy.scale)
        steps = thinned(animation.frame_steps, economy.frames)
        # Fewer frames last as long.
        rate = fps * len(steps) / len(animation)
        painter = Painter(animation.picture(size))
        return Stream(
            painter.paint, size, steps, rate, hold, loop, economy.thrift, recipe, progress=bar
        )

    whole = Economy(len(animation))
    if several:
        write_frames(path, stream(whole))
        return numbered(path, len(animation))
    target = Path(path)
    beside = poster_path(target) if STREAMED[kind].video and poster else None
    if beside is not None:
        check_target(beside)
    with ExitStack() as stack:
        file = stack.enter_context(replacing(target))
        if max_bytes is None:
            STREAMED[kind].write(file, stream(whole))
            done = whole
        else:
            least = _least(animation, STREAMED[kind], fps)
            done = _economized(STREAMED[kind], file, stream, whole, max_bytes, least)
        if beside is not None:
            # Opened late, so that an error of the video does not name the poster.
            still = stack.enter_context(replacing(beside))
            write_png(still, Painter(animation.picture()).paint(animation.frame_steps[-1]), recipe)
    if done != whole:
        warnings.warn(_given_up(target, STREAMED[kind], whole, done), stacklevel=3)
    return [target] if beside is None else [target, beside]


def poster_path(path: str | os.PathLike[str]) -> Path:
    """Return where the poster of a video is."""
    return Path(path).with_suffix(".poster.png")


def page_of(
    animation: Animation, *, fps: float, hold: float = 1.5, loop: int = 0, recipe: str = ""
) -> str:
    """Return the page that plays a moving picture."""
    settings = animation.settings
    layout = settings["layout"]
    if layout == "3d":
        raise must("layout", f"overlay, grid or race for a page ({PAGE})", layout)
    if settings.get("anatomy"):
        raise must("anatomy", f"left out of a page ({PAGE})", True)
    picture = animation.picture()
    scene = picture.scene
    # What neither `animate` nor the layout takes for itself goes to the lines.
    known = arguments(picture_of("animation")) | arguments(LAYOUTS[layout])
    takes: list[Take] = []
    first = 0
    if "learning_rates" in settings:
        takes, first = rate_takes(animation.trajectories, settings["learning_rates"], scene)
    elif "starts" in settings:
        takes, first = start_takes(animation.trajectories, scene)
    return page_html(
        scene,
        takes=takes,
        first=first,
        layout=layout,
        looks=animation.looks,
        aspect=picture.aspect,
        frame_steps=animation.frame_steps,
        fps=fps,
        hold=hold,
        loop=loop,
        captions=bool(settings.get("captions")),
        tail=settings.get("tail"),
        recipe=recipe,
        line={name: value for name, value in settings.items() if name not in known},
    )


def _save_page(
    animation: Animation, path: str | os.PathLike[str], max_bytes: int | None, **how: Any
) -> Path:
    target = check_target(path)
    page = page_of(animation, **how).encode()
    if max_bytes is not None and len(page) > max_bytes:
        raise must("max_bytes", f"at least {len(page)} for this page", max_bytes)
    with replacing(target) as file:
        file.write(page)
    return target


def _economized(
    kind: Format,
    file: BinaryIO,
    stream: Callable[[Economy], Stream],
    whole: Economy,
    max_bytes: int,
    least: tuple[int, float],
) -> Economy:
    """Write a stream, again and again until it keeps the budget."""

    def write(economy: Economy) -> int:
        file.seek(0)
        file.truncate()
        kind.write(file, stream(economy))
        return file.tell()

    fewest, smallest = least
    return economize(write, whole.frames, max_bytes, fewest=fewest, smallest=smallest)


def _least(animation: Animation, kind: Format, fps: float) -> tuple[int, float]:
    """Return how many frames to leave at least, and what part of the sides."""
    # With fewer frames a second there is no video.
    frames = math.ceil(MIN_FPS * len(animation) / fps) if kind.video else 0
    return max(FEWEST, frames), min(max(SMALLEST, MIN_SIDE / min(animation.size)), 1.0)


def _given_up(path: Path, kind: Format, whole: Economy, left: Economy) -> str:
    parts = []
    if left.thrift:
        parts.append(kind.given_up(left.thrift))
    if left.frames < whole.frames:
        parts.append(f"{left.frames} of {whole.frames} frames")
    if left.scale < 1:
        parts.append(f"{100 * left.scale:.0f} % of the width and height")
    return f"To keep its budget of bytes, {path.name} has {', '.join(parts)}."


def _bar(steps: Iterable[int]) -> Iterable[int]:
    from tqdm import tqdm

    bar: Iterable[int] = tqdm(
        steps, desc="frames", unit="frame", disable=not watched(), leave=False
    )
    return bar
