"""Time 100 trials of the textbook's random search against a script like the textbook's.

``python tests/benchmarks/bench_search.py`` prints ours, theirs and the ratio: 500 images, a fifth
of them to validate on, 784-100x6-10, batches of 100, SGD, 50 epochs a trial. Ours is the whole
search, none abandoned, in as many processes as there are processors, without the journal and
with it; the processes are started in the time that is measured. The script runs in a process of
its own, one trial after the other, on all processors; it is tried with one thread for its matrix
products and with as many as NumPy takes by itself, and the faster counts. Of its trials only a
sample is run, and its time scaled up; samples and shares of ours take turns.

With TRAJECTORIES_DATA the images are MNIST's; without, they are random ones of its size.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TRIALS, SAMPLE, ROUNDS, EPOCHS, BATCH, TARGET = 100, 2, 5, 50, 100, 4.0
SIZES = (784, *[100] * 6, 10)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def data():
    """Return a data set."""
    from trajectories.mnist import Dataset, load

    if os.environ.get("TRAJECTORIES_DATA"):
        return load(os.environ["TRAJECTORIES_DATA"])
    rng = np.random.default_rng(0)
    images = (rng.integers(0, 256, (600, 784)) * (rng.random((600, 784)) < 0.2)).astype(np.uint8)
    labels = rng.integers(0, 10, 600)
    return Dataset("random", images[:500], labels[:500], images[500:], labels[500:])


def textbook(count):
    """Run trials as the textbook's script does; return the seconds that they took.

    Its trainer measures the loss once more after each update, and both accuracies at each epoch.
    """
    from textbook_network import Network

    split = data().subset(500).split(0.2, rng=0)
    x, t = split.train_images.astype(np.float32) / 255, split.train_labels
    held = split.validation_images.astype(np.float32) / 255, split.validation_labels
    rng = np.random.default_rng(0)
    begin = time.perf_counter()
    for _ in range(count):
        lr = 10 ** rng.uniform(-6, -2)
        network, losses, accuracies = Network(SIZES, rng), [], []
        each = len(t) // BATCH
        for step in range(EPOCHS * each):
            picked = rng.choice(len(t), BATCH)
            grads = network.gradient(x[picked], t[picked])
            for key in network.params:
                network.params[key] -= lr * grads[key]
            losses.append(network.loss(x[picked], t[picked]))
            if step % each == 0:
                accuracies.append((network.accuracy(x, t), network.accuracy(*held)))
    return time.perf_counter() - begin


def ours(count, journal):
    """Run trials of ours; return the seconds that they took, those of starting workers too."""
    from joblib.externals.loky import get_reusable_executor

    from trajectories.mnist.network_search import SPACE, NetworkObjective
    from trajectories.search import search

    objective = NetworkObjective(data().subset(500).split(0.2, rng=0), epochs=EPOCHS)
    begin = time.perf_counter()
    search(objective, SPACE, count, journal=journal)
    took = time.perf_counter() - begin
    get_reusable_executor().shutdown(wait=True)
    return took


def elsewhere(side, count, threads=None):
    """Run one side in a process of its own; return its seconds, and those of processors."""
    own = {name: value for name, value in os.environ.items() if name not in THREADS}
    limited = {} if threads is None else dict.fromkeys(THREADS, str(threads))
    before = os.times()
    done = subprocess.run(
        [sys.executable, __file__, "--side", side, "--count", str(count)],
        env={**own, **limited},
        capture_output=True,
        text=True,
        check=True,
    )
    after = os.times()
    busy = after.children_user + after.children_system
    return float(done.stdout), busy - before.children_user - before.children_system


def main():
    """Print all, or be one side."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", choices=["ours", "journal", "textbook"])
    parser.add_argument("--count", type=int, default=TRIALS, help="trials of ours that are run")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    if options.side == "textbook":
        print(textbook(options.count))
        return
    if options.side is not None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trials.jsonl" if options.side == "journal" else None
            print(ours(options.count, path))
        return
    print(f"{os.cpu_count()} processors; seconds for {TRIALS} trials, scaled up from {SAMPLE} of")
    print(f"the script's and {options.count} of ours in each of {options.rounds} rounds")
    sides = {
        "ours": ("ours", options.count, None),
        "script, 1 thread": ("textbook", SAMPLE, 1),
        "with journal": ("journal", options.count, None),
        "script": ("textbook", SAMPLE, None),
    }
    seconds, busy = ({name: [] for name in sides} for _ in range(2))
    for _ in range(options.rounds):
        for name, (side, count, threads) in sides.items():
            took, worked = elsewhere(side, count, threads)
            seconds[name].append(took / count * TRIALS)
            busy[name].append(worked / count * TRIALS)
        print(", ".join(f"{name} {taken[-1]:.1f}" for name, taken in seconds.items()), flush=True)
    for name, taken in seconds.items():
        print(
            f"{name:<20}{statistics.median(taken):8.1f} s; processors were at work for "
            f"{statistics.median(busy[name]):.1f} s, start and imports included"
        )
    theirs = zip(seconds["script"], seconds["script, 1 thread"], strict=True)
    fastest = [min(pair) for pair in theirs]
    for name in ("ours", "with journal"):
        ratios = [a / b for a, b in zip(fastest, seconds[name], strict=True)]
        ratio = statistics.median(ratios)
        verdict = "met" if ratio >= TARGET else "MISSED"
        print(f"the faster script / {name}: {ratio:.2f} >= {TARGET:g} {verdict}")


if __name__ == "__main__":
    main()
