"""Compare our GIFs with those of Matplotlib's FuncAnimation and PillowWriter.

Time, bytes and fidelity. Both sides draw the same artists of the same figure: theirs is
`Animation.to_matplotlib`. They run in turn (A B A B ...) in this process, and the medians are
compared. The whole-process rows compare
`trajectories animate`, imports included, with a script that uses Matplotlib alone.

Usage: python tests/benchmarks/bench_gif.py [--rounds 5] [--no-process]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

import trajectories as tj

HERE = Path(__file__).parent
SPECS = {
    "bowl": ["sgd:0.95", "momentum:0.1", "adagrad:1.5", "adam:0.3"],
    "rosenbrock": ["sgd:0.0015", "momentum:0.0003", "adagrad:0.4", "adam:0.05"],
}
FORMULAS = {"bowl": "x**2/20 + y**2", "rosenbrock": "rosenbrock"}
#: frames, and the most that ours may take of theirs: time, bytes, whole process
CASES = {"bowl": (30, 1 / 10, 1 / 5, 1 / 4), "rosenbrock": (200, 1 / 20, 1 / 9, 1 / 10)}
PEAK = """
import pathlib, sys, trajectories as tj
paths = tj.compare("rosenbrock", ["sgd:0.0015", "momentum:0.0003", "adam:0.05"], steps=1000)
tj.animate(paths, frames=int(sys.argv[1])).save(sys.argv[2])
# Not getrusage: a new process begins with the peak of the one that started it.
status = pathlib.Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""


def main() -> None:
    """Run all comparisons, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-process", action="store_true", help="leave out whole processes")
    options = parser.parse_args()
    print(f"{'':34}{'ours':>12}{'theirs':>12}{'ratio':>10}{'target':>10}")
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours.gif", Path(folder) / "theirs.gif"
        for name, (frames, time_target, byte_target, process_target) in CASES.items():
            paths = tj.compare(FORMULAS[name], SPECS[name], steps=frames - 1)
            moving = tj.animate(paths)

            def save_ours(moving: tj.Animation = moving) -> None:
                moving.save(ours, fps=20, end_pause=0)

            def save_theirs(moving: tj.Animation = moving) -> None:
                moving.to_matplotlib().save(str(theirs), writer="pillow", fps=20)

            a, b = in_turn(save_ours, save_theirs, options.rounds)
            row(f"{name}, {frames} frames: seconds", a, b, time_target)
            row("  bytes", ours.stat().st_size, theirs.stat().st_size, byte_target)
            print_fidelity(moving, ours, theirs)
            if not options.no_process:
                a, b = in_turn(*processes(name, frames, ours, theirs), options.rounds)
                row("  whole process: seconds", a, b, process_target)
        peaks = [peak(frames, ours) for frames in (100, 1000)]
        print(f"peak memory: {peaks[0]:.1f} MB with 100 frames, {peaks[1]:.1f} MB with 1,000")


def in_turn(a: Callable[[], None], b: Callable[[], None], rounds: int) -> tuple[float, float]:
    """Return the median seconds of two functions, run in turn after one warm-up of each."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 1):
        for function, times in zip((a, b), seconds, strict=True):
            begin = time.perf_counter()
            function()
            if turn:
                times.append(time.perf_counter() - begin)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def row(label: str, ours: float, theirs: float, target: float) -> None:
    """Print one comparison."""
    met = "" if ours <= target * theirs else "  MISSED"
    shown = (f"{ours:,.3f}", f"{theirs:,.3f}") if ours < 1000 else (f"{ours:,}", f"{theirs:,}")
    ratio, limit = fraction(ours / theirs), fraction(target)
    print(f"{label:34}{shown[0]:>12}{shown[1]:>12}{ratio:>10}{limit:>10}{met}", flush=True)


def fraction(ratio: float) -> str:
    """Write a ratio, a small one as one over something."""
    return f"1/{1 / ratio:.3g}" if ratio < 0.5 else f"{ratio:.2f}"


def print_fidelity(moving: tj.Animation, ours: Path, theirs: Path) -> None:
    """Print how far decoded frames are from the true ones, and frames from full draws."""
    drawn, picture = moving.frames(), moving.picture()
    different = 0
    worst, flickering, still = {ours: np.inf, theirs: np.inf}, {ours: 0, theirs: 0}, 0
    images = {path: Image.open(path) for path in worst}
    before, shown = None, dict.fromkeys(worst, np.empty(0))
    for i, frame in enumerate(drawn):
        picture.show(moving.frame_steps[i])
        picture.figure.canvas.draw()
        full = np.asarray(picture.figure.canvas.buffer_rgba())[..., :3]  # type: ignore[attr-defined]
        different += int((full != frame).any(axis=2).sum())
        same = None if before is None else (frame == before).all(axis=2)
        still += 0 if same is None else int(same.sum())
        for path, image in images.items():
            image.seek(min(i, image.n_frames - 1))  # type: ignore[attr-defined]
            decoded = np.asarray(image.convert("RGB"))
            error = float(((decoded.astype(float) - frame) ** 2).mean())
            worst[path] = min(worst[path], 10 * np.log10(255**2 / max(error, 1e-9)))
            if same is not None:
                flickering[path] += int(((decoded != shown[path]).any(axis=2) & same).sum())
            shown[path] = decoded
        before = frame
    a, b = (f"{worst[path]:.1f}" for path in (ours, theirs))
    print(f"{'  worst decoded frame, dB':34}{a:>12}{b:>12}{'':>10}{'46':>10}")
    a, b = (f"{100 * flickering[path] / max(still, 1):.3f}" for path in (ours, theirs))
    print(f"{'  still pixels that flicker, %':34}{a:>12}{b:>12}{'':>10}{'0':>10}")
    print(f"{'  pixels unlike a full draw':34}{different:>12}{'':>22}{'0':>10}", flush=True)


def processes(
    name: str, frames: int, ours: Path, theirs: Path
) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return functions that make the GIF in a new process, by our command and by their script."""
    command = [
        sys.executable,
        "-m",
        "trajectories",
        "animate",
        FORMULAS[name],
        "-q",
        "-o",
        str(ours),
    ]
    command += [f"--steps={frames - 1}", *(f"-O{spec}" for spec in SPECS[name])]
    script = [sys.executable, str(HERE / "peer_funcanimation.py"), name, str(frames), str(theirs)]

    def run(arguments: list[str]) -> Callable[[], None]:
        return lambda: subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL) and None

    return run(command), run(script)


def peak(frames: int, output: Path) -> float:
    """Return the peak memory of a process that writes so many frames, in MB."""
    command = [sys.executable, "-c", PEAK, str(frames), str(output)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
