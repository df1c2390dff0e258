"""Time maps against bare NumPy arithmetic and against a Python loop over their cells.

``python tests/benchmarks/bench_maps.py`` prints ours, theirs and the ratio, measured in turn in one
run with one thread. The loop over all 40,000 cells would take minutes: it is timed over a sample of
cells, spread evenly over the map, and multiplied; the line says so. It ends with the peak memory of
a process that makes a map of 1,000 x 1,000 cells.
"""

import os
import statistics
import subprocess
import sys
import time

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import numpy as np  # noqa: E402

import trajectories as tj  # noqa: E402
from trajectories import basins, sensitivity  # noqa: E402

ROUNDS = 7
SIDE, STEPS, SAMPLE = 200, 200, 200
START = (-1.2, 1.0)
RATES, BETAS = np.geomspace(1e-3, 1, SIDE), np.linspace(0, 0.99, SIDE)
BETA2, EPS = 0.999, 1e-7


def ours():
    """Make the map."""
    return sensitivity("rosenbrock", tj.Adam, START, STEPS, lr=RATES, beta1=BETAS).values


def arithmetic():
    """Make the same map by the rule and the gradient as anyone would write them, arrays whole."""
    lr = np.repeat(RATES, SIDE)
    beta1 = np.tile(BETAS, SIDE)
    x, y = np.full(SIDE * SIDE, START[0]), np.full(SIDE * SIDE, START[1])
    p = np.stack([x, y])
    m, v = np.zeros_like(p), np.zeros_like(p)
    for t in range(1, STEPS + 1):
        x, y = p
        g = np.stack([2 * (x - 1) - 400 * x * (y - x * x), 200 * (y - x * x)])
        m += (1 - beta1) * (g - m)
        v += (1 - BETA2) * (g * g - v)
        rate = lr * np.sqrt(1 - BETA2**t) / (1 - beta1**t)
        p -= rate * m / (np.sqrt(v) + EPS)
    x, y = p
    return ((1 - x) ** 2 + 100 * (y - x * x) ** 2).reshape(SIDE, SIDE)


def bound_arithmetic():
    """Make it with nothing allocated in the loop, and blocks that stay in cache: as bare as can be.

    The powers of beta1 are kept as a running product.
    """
    block = 8192
    values = np.empty(SIDE * SIDE)
    lrs, betas = np.repeat(RATES, SIDE), np.tile(BETAS, SIDE)
    for begin in range(0, SIDE * SIDE, block):
        part = slice(begin, begin + block)
        lr, beta1 = lrs[part], betas[part]
        n = len(lr)
        p = np.empty((2, n))
        p[0], p[1] = START
        g, m, v, a, b = (np.zeros((2, n)) for _ in range(5))
        left, power, rate, h = 1 - beta1, np.ones(n), np.empty(n), np.empty(n)
        x, y = p
        for t in range(1, STEPS + 1):
            np.multiply(x, x, out=h)
            np.subtract(y, h, out=h)
            np.multiply(h, 200, out=g[1])
            np.multiply(g[1], x, out=g[0])
            g[0] *= -2
            np.subtract(x, 1, out=h)
            h *= 2
            g[0] += h
            np.subtract(g, m, out=a)
            a *= left
            m += a
            np.multiply(g, g, out=a)
            a -= v
            a *= 1 - BETA2
            v += a
            power *= beta1
            np.subtract(1, power, out=rate)
            np.divide(lr, rate, out=rate)
            rate *= np.sqrt(1 - BETA2**t)
            np.multiply(rate, m, out=a)
            np.sqrt(v, out=b)
            b += EPS
            a /= b
            p -= a
        values[part] = (1 - x) ** 2 + 100 * (y - x * x) ** 2
    return values.reshape(SIDE, SIDE)


def sampled():
    """Let each cell of a sample descend by itself."""
    found = np.full((SIDE, SIDE), np.nan)
    for number in np.linspace(0, SIDE * SIDE - 1, SAMPLE).astype(int):
        i, j = divmod(int(number), SIDE)
        rule = tj.Adam(float(RATES[i]), beta1=float(BETAS[j]))
        found[i, j] = tj.descend("rosenbrock", rule, START, STEPS).values[-1]
    return found


def compare(name, peer, their_run, target, *, times_theirs=1.0, at_least=False):
    """Print the medians of both sides, measured in turn, and their ratio."""
    mine, theirs = ours(), their_run()
    known = np.isfinite(theirs) & (RATES[:, None] < 0.05)
    # Rounding differs, and paths of large steps are chaotic: the calm part of the map must agree.
    np.testing.assert_allclose(mine[known], theirs[known], rtol=1e-6)
    a, b = [], []
    for _ in range(ROUNDS):
        for run, times in ((ours, a), (their_run, b)):
            begin = time.perf_counter()
            run()
            times.append(time.perf_counter() - begin)
    us, them = statistics.median(a), statistics.median(b) * times_theirs
    ratio = them / us if at_least else us / them
    met = ratio >= target if at_least else ratio <= target
    sign = ">=" if at_least else "<="
    print(
        f"{name:<34} {peer:<42} {us * 1e3:8.0f} ms {them * 1e3:9.0f} ms "
        f"{ratio:8.2f} {sign} {target:g} {'met' if met else 'MISSED'}"
    )


def memory(side, steps):
    """Print the peak memory of a process that makes a large map."""
    if not os.path.exists("/proc/self/status"):
        print("memory: skipped, as this system does not tell the peak of a process")
        return
    code = (
        "import re, time, numpy as np, trajectories as tj\n"
        "from trajectories import sensitivity\n"
        f"rates, betas = np.geomspace(1e-3, 1, {side}), np.linspace(0, 0.99, {side})\n"
        "begin = time.perf_counter()\n"
        f"sensitivity('rosenbrock', tj.Adam, steps={steps}, lr=rates, beta1=betas)\n"
        "peak = re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1]\n"
        "print(int(peak) * 1024, time.perf_counter() - begin)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    peak, seconds = (float(word) for word in out.stdout.split())
    verdict = "met" if peak < 500e6 else "MISSED"
    print(
        f"{side:,} x {side:,} cells, {steps} steps: peak {peak / 1e6:.0f} MB of the whole process "
        f"(target 500) {verdict}, {seconds:.1f} s"
    )


def main():
    """Run all."""
    name = f"{SIDE} x {SIDE} cells, {STEPS} Adam steps"
    print(f"{'':<34} {'against':<42} {'ours':>11} {'theirs':>12}    ratio")
    compare(name, "NumPy arithmetic, whole arrays", arithmetic, 10)
    compare(name, "NumPy arithmetic, in place, in blocks", bound_arithmetic, 10)
    loop = f"a loop calling descend ({SAMPLE} cells, x {SIDE * SIDE // SAMPLE})"
    compare(name, loop, sampled, 100, times_theirs=SIDE * SIDE / SAMPLE, at_least=True)
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        basins("himmelblau", "adam:0.1", 300)
        times.append(time.perf_counter() - begin)
    print(f"basins of himmelblau, 200 x 200, 300 steps: {statistics.median(times):.2f} s")
    memory(1000, 200)


if __name__ == "__main__":
    main()
