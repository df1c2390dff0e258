"""Compare our MP4, WebM, APNG and WebP with what Matplotlib's FuncAnimation writes.

MP4 and WebM against its FFMpegWriter, APNG and WebP against its GIF by PillowWriter: time and
bytes, and how near the last frame is. Both sides draw the same artists of the same figure, those
of bench_gif.py; theirs is `Animation.to_matplotlib`. They run in turn (A B A B ...) in this
process, theirs for fewer rounds as it is slow, and the medians are compared.

Usage: python tests/benchmarks/bench_video.py [--rounds 5] [--their-rounds 3] [--only MP4]
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from bench_gif import CASES, FORMULAS, SPECS, row
from matplotlib.animation import FFMpegWriter
from PIL import Image

import trajectories as tj
from trajectories.files import replacing
from trajectories.plotting.animation import Painter
from trajectories.plotting.writers.formats import write_apng, write_mp4, write_webm, write_webp
from trajectories.plotting.writers.gif import Stream

FPS = 20
WRITERS: dict[str, Callable[[Any, Stream], None]] = {
    "MP4": write_mp4,
    "WebM": write_webm,
    "APNG": write_apng,
    "WebP": write_webp,
}
NO_TARGET = float("inf")
#: The most that ours may take of their time, with 30 and with 200 frames.
TARGETS = {"MP4": (1 / 4.5, 1 / 8), "WebM": (NO_TARGET, NO_TARGET)}
IMAGE_TARGETS = (1 / 10, 1 / 20)
#: The sizes beside the usual one, with 30 frames.
SIZES = {"480p": (640, 480), "720p": (1280, 720), "1080p": (1920, 1080)}


def main() -> None:
    """Run all comparisons, and print rows for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--their-rounds", type=int, default=3)
    parser.add_argument("--only", choices=sorted(WRITERS))
    options = parser.parse_args()
    rounds = (options.rounds, options.their_rounds)
    wanted = [options.only] if options.only else list(WRITERS)
    video = has_video()
    kinds = [kind for kind in wanted if video or kind not in TARGETS]
    print(f"{'':34}{'ours':>12}{'theirs':>12}{'ratio':>10}{'target':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for name, (frames, *_) in CASES.items():
            for specs in (SPECS[name], SPECS[name][-1:]):
                moving = animation(name, specs, frames)
                label = f"{frames} frames, {len(specs)} path{'s'[: len(specs) - 1]}"
                compare(label, moving, kinds, Path(folder), rounds)
        for label, size in SIZES.items():
            moving = animation("bowl", SPECS["bowl"], CASES["bowl"][0], size=size)
            compare(f"{label}, 30 frames, 4 paths", moving, kinds, Path(folder), rounds)


def animation(name: str, specs: list[str], frames: int, **kwargs: Any) -> tj.Animation:
    """Return the moving picture of a case of bench_gif.py."""
    paths = tj.compare(FORMULAS[name], specs, steps=frames - 1)
    return tj.animate(paths, frames=frames, **kwargs)


def has_video() -> bool:
    """Tell whether both sides can write video; say so if not."""
    if importlib.util.find_spec("av") is None:
        print("skipped MP4 and WebM: PyAV is not installed")
        return False
    if not FFMpegWriter.isAvailable() and importlib.util.find_spec("imageio_ffmpeg"):
        import imageio_ffmpeg

        mpl.rcParams["animation.ffmpeg_path"] = imageio_ffmpeg.get_ffmpeg_exe()
    if not FFMpegWriter.isAvailable():
        print("skipped MP4 and WebM: no ffmpeg on the PATH, and no imageio-ffmpeg")
        return False
    return True


def compare(
    label: str, moving: tj.Animation, kinds: list[str], folder: Path, rounds: tuple[int, int]
) -> None:
    """Print the rows of one moving picture: each of our formats beside theirs."""
    long = len(moving) > 100
    for theirs, suffix, writer in (
        ("FFMpegWriter", ".mp4", "ffmpeg"),
        ("PillowWriter", ".gif", "pillow"),
    ):
        ours = [kind for kind in kinds if (kind in TARGETS) == (suffix == ".mp4")]
        if not ours:
            continue
        other = folder / f"theirs{suffix}"

        def save_theirs(path: Path = other, writer: str = writer) -> None:
            moving.to_matplotlib().save(str(path), writer=writer, fps=FPS)

        paths = {kind: folder / f"ours.{kind.lower()}" for kind in ours}
        functions = {kind: saving(kind, moving, path) for kind, path in paths.items()}
        seconds, their_seconds = in_turn(functions, save_theirs, rounds)
        print(f"{label}, beside {theirs}")
        last = list(moving.frames())[-1]
        for kind, path in paths.items():
            target = TARGETS.get(kind, IMAGE_TARGETS)[long]
            row(f"  {kind}: seconds", seconds[kind], their_seconds, target)
            row("    bytes", path.stat().st_size, other.stat().st_size, NO_TARGET)
            a, b = (nearness(decoded(file), last) for file in (path, other))
            print(f"{'    last frame, dB':34}{a:>12}{b:>12}", flush=True)


def saving(kind: str, moving: tj.Animation, path: Path) -> Callable[[], None]:
    """Return a function that makes and writes the moving picture in a format."""

    def save() -> None:
        painter = Painter(moving.picture())
        stream = Stream(painter.paint, moving.size, moving.frame_steps, FPS, comment="bench_video")
        with replacing(path) as file:
            WRITERS[kind](file, stream)

    return save


def in_turn(
    ours: dict[str, Callable[[], None]], theirs: Callable[[], None], rounds: tuple[int, int]
) -> tuple[dict[str, float], float]:
    """Return the median seconds of some functions and of theirs, in turn after a warm-up."""
    seconds: dict[str, list[float]] = {kind: [] for kind in ours}
    their_seconds = []
    for function in ours.values():
        function()
    for turn in range(max(rounds)):
        for kind, function in ours.items() if turn < rounds[0] else ():
            seconds[kind].append(timed(function))
        if turn < rounds[1]:
            their_seconds.append(timed(theirs))
    medians = {kind: statistics.median(times) for kind, times in seconds.items()}
    return medians, statistics.median(their_seconds)


def timed(function: Callable[[], None]) -> float:
    """Return the seconds that a function takes."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def decoded(path: Path) -> np.ndarray:
    """Return the last frame of a file in RGB."""
    if path.suffix in (".mp4", ".webm"):
        import av

        with av.open(str(path)) as container:
            *_, frame = container.decode(video=0)
            # Theirs has no tag for its colours: swscale's matrix, that of BT.601.
            matrix = "ITU709" if frame.colorspace == 1 else "ITU601"
            accurate = 0x4 | 0x2000 | 0x40000  # Bicubic, whole chroma, rounded.
            return frame.to_ndarray(format="rgb24", src_colorspace=matrix, interpolation=accurate)
    with Image.open(path) as image:
        image.seek(image.n_frames - 1)  # type: ignore[attr-defined]
        return np.array(image.convert("RGB"))


def nearness(one: np.ndarray, other: np.ndarray) -> str:
    """Return how near two pictures are in decibels, as text; at most 138 (no difference)."""
    if one.shape != other.shape:  # FFMpegWriter cuts some widths by two pixels.
        return "other size"
    error = float(np.mean((one.astype(float) - other) ** 2))
    return f"{10 * np.log10(255**2 / max(error, 1e-9)):.1f}"


if __name__ == "__main__":
    main()
