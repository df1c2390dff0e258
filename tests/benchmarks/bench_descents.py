"""Time descents against PyTorch, JAX, whole-array NumPy and a lambdified gradient.

``python tests/benchmarks/bench_descents.py`` prints ours, theirs and the ratio, measured in turn
in one run with one thread on both sides. What is short is repeated for a while in each turn, or
the clock would show how long it takes to bring code back into the caches that the other side has
just used. A peer that is not installed is skipped:
``pip install torch==2.13.0 jax`` brings both.
"""

import importlib.util
import os
import statistics
import subprocess
import sys
import time

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"
if hasattr(os, "sched_setaffinity"):  # JAX takes all cores that it is given, whatever it is told.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import numpy as np  # noqa: E402
import sympy as sp  # noqa: E402

import trajectories as tj  # noqa: E402

ROUNDS = 7
TURN = 0.05  # Seconds that a turn lasts at least.
STEPS = 100
LR, BETA1, BETA2, EPS = 0.01, 0.9, 0.999, 1e-7


def starts(count):
    """Return starts all over Rosenbrock's domain."""
    return np.random.default_rng(0).uniform(-2, 2, (count, 2))


def ours(p, surface="rosenbrock", optimizer=None, record="last"):
    """Return a function that descends from some starts."""
    surface = tj.SURFACES[surface]
    optimizer = tj.Adam(LR) if optimizer is None else optimizer
    return lambda: tj.descend(surface, optimizer, p, STEPS, record=record).positions[-1]


# --- the peers


def torch_path(start):
    """One path in PyTorch, eager, with autograd, its positions kept."""
    import torch

    torch.set_num_threads(1)

    def run():
        p = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.Adam([p], lr=LR, eps=EPS)
        history = [p.detach().clone()]
        for _ in range(STEPS):
            optimizer.zero_grad()
            x, y = p
            ((1 - x) ** 2 + 100 * (y - x**2) ** 2).backward()
            optimizer.step()
            history.append(p.detach().clone())
        return torch.stack(history).numpy()

    return run


def torch_batch(p0):
    """Many paths in PyTorch, eager, with autograd, one tensor for all."""
    import torch

    torch.set_num_threads(1)

    def run():
        p = torch.tensor(p0, requires_grad=True)
        optimizer = torch.optim.Adam([p], lr=LR, eps=EPS)
        for _ in range(STEPS):
            optimizer.zero_grad()
            x, y = p[:, 0], p[:, 1]
            ((1 - x) ** 2 + 100 * (y - x * x) ** 2).sum().backward()
            optimizer.step()
        return p.detach().numpy()

    return run


def jax_scan(p0):
    """Many paths in JAX: one loop, gradients by jax.grad, compiled before the clock runs."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def value(x, y):
        return ((1 - x) ** 2 + 100 * (y - x * x) ** 2).sum()

    gradient = jax.grad(value, argnums=(0, 1))

    def step(carry, t):
        p, m, v = carry
        g = jnp.stack(gradient(p[0], p[1]))
        m = m + (1 - BETA1) * (g - m)
        v = v + (1 - BETA2) * (g * g - v)
        rate = LR * jnp.sqrt(1 - BETA2**t) / (1 - BETA1**t)
        return (p - rate * m / (jnp.sqrt(v) + EPS), m, v), None

    @jax.jit
    def descend(p):
        steps = jnp.arange(1.0, STEPS + 1)
        return jax.lax.scan(step, (p, jnp.zeros_like(p), jnp.zeros_like(p)), steps)[0][0]

    rows = jnp.asarray(p0.T)
    descend(rows).block_until_ready()
    return lambda: np.asarray(descend(rows).block_until_ready()).T


def numpy_whole(p0):
    """Many paths as anyone would write them in NumPy: whole arrays, new ones all the time."""

    def run():
        x, y = p0[:, 0].copy(), p0[:, 1].copy()
        m, v = np.zeros((2, len(p0))), np.zeros((2, len(p0)))
        p = np.stack([x, y])
        for t in range(1, STEPS + 1):
            x, y = p
            g = np.stack([2 * (x - 1) - 400 * x * (y - x**2), 200 * (y - x**2)])
            m = BETA1 * m + (1 - BETA1) * g
            v = BETA2 * v + (1 - BETA2) * g**2
            rate = LR * np.sqrt(1 - BETA2**t) / (1 - BETA1**t)
            p = p - rate * m / (np.sqrt(v) + EPS)
        return p.T

    return run


def lambdified(p0, formula, lr):
    """Gradient descent with what sympy.lambdify makes of the derivatives."""
    x, y = sp.symbols("x y", real=True)
    expression = sp.sympify(formula)
    expression = expression.subs({"x": x, "y": y})
    gradient = sp.lambdify((x, y), [expression.diff(x), expression.diff(y)], "numpy")

    def run():
        p = p0.T.copy()
        for _ in range(STEPS):
            p = p - lr * np.stack(gradient(*p))
        return p.T

    return run


# --- the clock


def turn(run):
    """Return how long a run takes, on average over as many as fill a turn."""
    begin, runs, past = time.perf_counter(), 0, 0.0
    while past < TURN:
        run()
        runs += 1
        past = time.perf_counter() - begin
    return past / runs


def compare(name, our_run, peers):
    """Print the medians of both sides, measured in turn, and their ratio to each target."""
    for peer, (needs, target, make) in peers.items():
        if needs and importlib.util.find_spec(needs) is None:
            print(f"{name:<44} {peer:<18} skipped: {needs} is not installed")
            continue
        their_run = make()
        # Where epsilon stands differs, and so do the last digits.
        np.testing.assert_allclose(our_run(), their_run(), rtol=1e-2, atol=1e-3)
        mine, theirs = [], []
        for _ in range(ROUNDS):
            mine.append(turn(our_run))
            theirs.append(turn(their_run))
        a, b = statistics.median(mine) * 1e3, statistics.median(theirs) * 1e3
        verdict = "met" if a / b <= target else "MISSED"
        print(
            f"{name:<44} {peer:<18} {a:9.2f} ms {b:9.2f} ms  {a / b:7.4f} <= {target:g} {verdict}"
        )


def memory(count, steps):
    """Print the peak memory of a process that descends so many starts, and what it adds."""
    if not os.path.exists("/proc/self/status"):
        print("memory: skipped, as this system does not tell the peak of a process")
        return
    code = (
        "import re, numpy as np, trajectories as tj\n"
        "status = lambda: open('/proc/self/status').read()\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s*(\\d+)', status())[1])\n"
        "tj.descend('rosenbrock', tj.Adam(0.01), np.ones((10, 2)), 10, record='last')\n"
        f"p = np.random.default_rng(0).uniform(-2, 2, ({count}, 2))\n"
        "before = peak()\n"
        f"path = tj.descend('rosenbrock', tj.Adam(0.01), p, {steps}, record='last')\n"
        "names = ('positions', 'values', 'gradients', 'status', 'diverged_at', 'converged_at')\n"
        "held = sum(getattr(path, name).nbytes for name in names)\n"
        "print(peak() * 1024, (peak() - before) * 1024 - held)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    peak, above = (int(word) / 1e6 for word in out.stdout.split())
    print(f"{count:,} starts x {steps} steps: peak {peak:.0f} MB (target 500), ", end="")
    print(f"{above:.1f} MB above input and output (target 32)")


def main():
    """Run all."""
    print(f"{'':<44} {'against':<18} {'ours':>12} {'theirs':>12}  ratio")
    one = np.array([-1.2, 1.0])
    surface = tj.SURFACES["rosenbrock"]
    path = lambda: tj.descend(surface, tj.Adam(LR), one, STEPS).positions  # noqa: E731
    compare("one Adam path, 100 steps, all kept", path, {
        "PyTorch eager": ("torch", 1 / 20, lambda: torch_path(one)),
    })  # fmt: skip
    p = starts(10_000)
    compare("10,000 starts x 100, Adam", ours(p), {
        "PyTorch batched": ("torch", 1 / 4, lambda: torch_batch(p)),
    })  # fmt: skip
    compare("10,000 starts x 100, Adam, all kept", lambda: ours(p, record="all")(), {
        "PyTorch batched": ("torch", 1, lambda: torch_batch(p)),
    })  # fmt: skip
    p = starts(1_000_000)
    compare("1,000,000 starts x 100, Adam", ours(p), {
        "JAX lax.scan": ("jax", 1.1, lambda: jax_scan(p)),
        "NumPy, whole": (None, 0.45, lambda: numpy_whole(p)),
    })  # fmt: skip
    p = starts(96_000) / 4
    beale = tj.SURFACES["beale"].formula
    compare("Beale, 96,000 starts x 100, SGD", ours(p, "beale", tj.SGD(1e-3)), {
        "lambdified": (None, 0.25, lambda: lambdified(p, beale, 1e-3)),
    })  # fmt: skip
    memory(1_000_000, 100)
    memory(1_000_000, 1_000)


if __name__ == "__main__":
    main()
