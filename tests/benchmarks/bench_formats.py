"""Time and bytes of every format by frames, optimizers and size, and what a larger picture costs.

Run it as a script: ``python tests/benchmarks/bench_formats.py``. Each picture is made anew, from
the paths to the file; times are medians of a few rounds in which all pictures take their turns.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import trajectories as tj

SIZES = {"480p": (854, 480), "720p": (1280, 720), "1080p": (1920, 1080)}
RULES = [tj.SGD(0.0015), tj.Momentum(0.0005), tj.AdaGrad(0.5), tj.Adam(0.1)]
FORMATS = ("gif", "mp4", "webm", "webp", "png", "html")


def moving(frames, count, size):
    paths = tj.compare("rosenbrock", RULES[:count], start=(-1.2, 1), steps=frames - 1)
    return tj.animate(paths, size=size)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--formats", nargs="+", default=FORMATS, choices=FORMATS)
    options = parser.parse_args()
    cases = [(frames, count, name) for frames in (30, 200) for count in (1, 4) for name in SIZES]
    seconds, sizes = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds + 1):  # The first one only warms up.
            for suffix in options.formats:
                for case in cases:
                    frames, count, name = case
                    file = Path(folder) / f"a.{suffix}"
                    begin = time.perf_counter()
                    moving(frames, count, SIZES[name]).save(file)
                    seconds.setdefault((suffix, case), []).append(time.perf_counter() - begin)
                    sizes[suffix, case] = file.stat().st_size
    print("format frames paths |" + "".join(f"{name:>20}" for name in SIZES) + "   1080p / 480p")
    for suffix in options.formats:
        for frames in (30, 200):
            for count in (1, 4):
                row = [(suffix, (frames, count, name)) for name in SIZES]
                times = [statistics.median(seconds[key][1:]) for key in row]
                cells = [
                    f"{t:9.2f} s {sizes[key] / 1000:5.0f} kB"
                    for t, key in zip(times, row, strict=True)
                ]
                ratio = times[-1] / times[0]
                print(f"{suffix:<6} {frames:>6} {count:>5} |{''.join(cells)}   {ratio:12.2f}")


if __name__ == "__main__":
    main()
