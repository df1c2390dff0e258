"""Compare what a still picture and a start of the command line cost with the least they could.

A 2 x 2 page of paths against the bare Matplotlib calls that draw the same artists, and
``trajectories --help`` against ``python -c "import argparse"``; in turn, medians.

Usage: python tests/benchmarks/bench_start.py [--rounds 15]
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys

import numpy as np
from bench_gif import in_turn, row
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import trajectories as tj
from trajectories import Scene


def main() -> None:
    """Run both comparisons, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    paths = tj.compare(
        tj.Surface("x**2/20 + y**2"),
        ["sgd:0.95", "momentum:0.1", "adagrad:1.5", "adam:0.3"],
        start=(-7, 2),
        steps=30,
    )
    print(f"{'':34}{'ours':>12}{'theirs':>12}{'ratio':>10}{'target':>10}")
    scene = Scene.of(paths)

    def ours() -> None:
        tj.plot_grid(paths).savefig(io.BytesIO(), format="png")

    a, b = in_turn(ours, lambda: bare(scene), options.rounds)
    row("2 x 2 page: seconds", a, b, 1.2)

    def process(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)

    a, b = in_turn(
        lambda: process("-m", "trajectories", "--help"),
        lambda: process("-c", "import argparse"),
        options.rounds,
    )
    row("--help: seconds", a, b, 2.5)


def bare(scene: Scene) -> None:
    """Draw the artists of the 2 x 2 page, with all that is drawn known beforehand."""
    figure = Figure(figsize=(9.6, 7.2), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2).ravel()
    x, y = np.linspace(*scene.limits[0], 301), np.linspace(*scene.limits[1], 301)
    z = x[None, :] ** 2 / 20 + y[:, None] ** 2
    bands = [z.min() - 1, *scene.contour_grid.levels, z.max() + 1]
    for ax, track, marker in zip(axes, scene.tracks, "os^D", strict=True):
        ax.set(xlim=scene.limits[0], ylim=scene.limits[1], xlabel="$x$", ylabel="$y$")
        ax.contourf(x, y, z, bands, cmap="Greys")
        ax.contour(x, y, z, scene.contour_grid.levels, colors="0.7", linewidths=0.6)
        ax.plot(*scene.minima.T, "*", markersize=16)
        ax.plot(*track.positions[0].T, "o", markersize=14, markerfacecolor="none")
        ax.plot(*track.positions[:, 0].T, marker=marker, markersize=4.5)
        ax.plot(*track.positions[-1].T, marker, markersize=9)
        ax.set_title(track.label, loc="left")
        ax.label_outer()
    figure.suptitle("$f(x, y) = x^{2}/20 + y^{2}$", fontsize=16)
    figure.text(0.95, 0.95, f"step {scene.steps}")
    figure.savefig(io.BytesIO(), format="png")


if __name__ == "__main__":
    main()
