"""Time the network against its own matrix products, PyTorch, and a script like the textbook's.

``python tests/benchmarks/bench_network.py`` prints ours, theirs and the ratio, measured in turn
in one run with one thread on both sides. PyTorch is skipped if it is not installed:
``pip install torch==2.13.0`` brings it. With TRAJECTORIES_DATA the images are MNIST's; without,
they are random ones of its size, of which the outer pixels are hardly ever lit.
"""

import importlib.util
import os
import statistics
import time

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"

import numpy as np  # noqa: E402
from textbook_network import Adam, Network  # noqa: E402

from trajectories.mnist import MultiLayerNet, Trainer, train_all  # noqa: E402

ROUNDS = 31
STEPS = 20  # A round is short, so that both sides meet the same other work of the machine.
BATCH = 128
SIZES = (784, 100, 100, 100, 100, 10)
RULES = ("sgd:lr=0.01", "momentum:lr=0.01", "adagrad:lr=0.01", "rmsprop:lr=0.001", "adam")


def data():
    """Return the images and labels to train on, and those to test on."""
    if os.environ.get("TRAJECTORIES_DATA"):
        from trajectories.mnist import load

        real = load(os.environ["TRAJECTORIES_DATA"])
        return real.train_images, real.train_labels, real.test_images, real.test_labels
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 70_000)
    means = rng.integers(0, 256, (10, 784)) * (rng.random((10, 784)) < 0.2)
    lit = rng.random((70_000, 784), dtype=np.float32) < np.geomspace(1, 1e-5, 784)
    images = (means[labels] * lit).astype(np.uint8)
    return images[:60_000], labels[:60_000], images[60_000:], labels[60_000:]


IMAGES, LABELS, TEST_IMAGES, TEST_LABELS = data()


def trainer(rule, iterations=1_000_000, **settings):
    """Return a run of ours."""
    network = MultiLayerNet(SIZES[0], SIZES[1:-1], SIZES[-1], rng=0, **settings)
    return Trainer(
        network,
        rule,
        IMAGES,
        LABELS,
        scale=255.0,
        batch_size=BATCH,
        iterations=iterations,
        rng=0,
        evaluate_every=None,
    )


def many(step, count=STEPS):
    """Return a function that makes many steps."""

    def run():
        for _ in range(count):
            step()

    return run


# --- the peers


def products():
    """Return a function that makes one iteration's matrix products, and nothing else."""
    rng = np.random.default_rng(0)

    def fresh(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    x = [fresh(BATCH, size) for size in SIZES]
    back = [np.empty_like(array) for array in x]
    w = [fresh(a, b) for a, b in zip(SIZES, SIZES[1:], strict=False)]
    dw = [np.empty_like(array) for array in w]
    out = [np.empty_like(array) for array in x[1:]]

    def run():
        for k in range(len(w)):
            np.dot(x[k], w[k], out=out[k])
        for k in range(len(w)):
            np.dot(x[k].T, out[k], out=dw[k])
        for k in range(1, len(w)):
            np.dot(out[k], w[k].T, out=back[k])

    return run


def torch_step(rule, batch_norm=False, **settings):
    """Return a function that makes one iteration in PyTorch, eager, and keeps its loss."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    layers = []
    for k, (a, b) in enumerate(zip(SIZES, SIZES[1:], strict=False), 1):
        layers.append(torch.nn.Linear(a, b))
        if k < len(SIZES) - 1:
            layers += [torch.nn.BatchNorm1d(b)] * batch_norm + [torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers)
    optimizer = getattr(torch.optim, rule)(network.parameters(), **settings)
    images = torch.from_numpy(IMAGES.astype(np.float32) / 255)
    labels = torch.tensor(LABELS)
    cross_entropy = torch.nn.CrossEntropyLoss()
    losses = []

    def step():
        picked = torch.randint(len(labels), (BATCH,))
        optimizer.zero_grad()
        loss = cross_entropy(network(images[picked]), labels[picked])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    return step


def textbook_step():
    """Return a function that makes one iteration of the textbook's script."""
    rng = np.random.default_rng(0)
    network, optimizer, losses = Network(SIZES, rng), Adam(), []
    images = IMAGES.astype(np.float32) / 255

    def step():
        picked = rng.choice(len(LABELS), BATCH)
        x, t = images[picked], LABELS[picked]
        optimizer.update(network.params, network.gradient(x, t))
        losses.append(network.loss(x, t))

    return step


def our_float64_step():
    """Return the same in float64, with the loss after the update, too, as the textbook has it."""
    run = trainer("adam", dtype=np.float64, loss_eps=1e-7)
    losses = []

    def step():
        run.step()
        losses.append(run.network.loss(*run.batch))

    return step


# --- the clock


def compare(name, ours, peers, count=STEPS):
    """Measure both sides in turn, and print them with each target."""
    for peer, (needs, target, make) in peers.items():
        if needs and importlib.util.find_spec(needs) is None:
            print(f"{name:<40} {peer:<22} skipped: {needs} is not installed")
            continue
        runs = (ours, make())
        times = ([], [])
        for run in runs:
            run()
        for _ in range(ROUNDS):
            for run, taken in zip(runs, times, strict=True):
                begin = time.perf_counter()
                run()
                taken.append((time.perf_counter() - begin) / count)
        report(name, peer, *times, target)


def report(name, peer, ours, theirs, target):
    """Print the medians of both, and that of the ratios in each round."""
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    verdict = "met" if ratio <= target else "MISSED"
    print(
        f"{name:<40} {peer:<22} {ours * 1e3:9.3f} ms {theirs * 1e3:9.3f} ms  "
        f"{ratio:6.3f} <= {target:5.3f} {verdict}"
    )


def denormals():
    """Compare late iterations with early ones: what fades away must not slow them down."""
    early, late = [], []
    for _ in range(5):
        run = trainer("adam")
        times = []
        for _ in range(2000):
            begin = time.perf_counter()
            run.step()
            times.append(time.perf_counter() - begin)
        early.append(statistics.median(times[200:700]))
        late.append(statistics.median(times[1500:]))
    report(
        "iterations 1500-2000, Adam",
        "iterations 200-700",
        late,
        early,
        1.15,
    )


def race():
    """Time the comparison of five optimizers, in as many processes as there are processors."""

    def ready():
        return [trainer(rule, 2000) for rule in RULES]

    if importlib.util.find_spec("joblib") is None:
        print("five optimizers: skipped: joblib is not installed")
        return
    begin = time.perf_counter()
    train_all(ready())
    ours = time.perf_counter() - begin
    begin = time.perf_counter()
    train_all(ready(), n_jobs=1)
    theirs = time.perf_counter() - begin
    print(f"five optimizers, 2,000 iterations each: {ours:.1f} s (target 15)")
    report("five optimizers, all processors", "one after the other", [ours], [theirs], 0.8)


def main():
    """Run all."""
    print(f"{'':<40} {'against':<22} {'ours':>12} {'theirs':>12}  ratio")
    compare("Adam, one iteration", many(trainer("adam").step), {
        "bare matrix products": (None, 1.9, lambda: many(products())),
        "PyTorch eager": ("torch", 0.6, lambda: many(torch_step("Adam"))),
        "PyTorch fused": ("torch", 0.8, lambda: many(torch_step("Adam", fused=True))),
        "the textbook's script": (None, 0.25, lambda: many(textbook_step())),
    })  # fmt: skip
    compare("SGD, one iteration", many(trainer("sgd").step), {
        "bare matrix products": (None, 1.6, lambda: many(products())),
    })  # fmt: skip
    compare("batch norm, SGD", many(trainer("sgd", batch_norm=True).step), {
        "PyTorch eager": ("torch", 0.78, lambda: many(torch_step("SGD", True, lr=0.01))),
    })  # fmt: skip
    compare("float64 Adam, with the loss after it", many(our_float64_step()), {
        "the textbook's script": (None, 0.7, lambda: many(textbook_step())),
    })  # fmt: skip
    network = trainer("sgd").network
    book, pixels = Network(SIZES, np.random.default_rng(0)), TEST_IMAGES.astype(np.float32) / 255
    compare("10,000 images evaluated", lambda: network.accuracy(
        TEST_IMAGES, TEST_LABELS, scale=255.0
    ), {
        "the textbook's script": (None, 1 / 3, lambda: lambda: book.accuracy(pixels, TEST_LABELS)),
    }, count=1)  # fmt: skip
    denormals()
    race()


if __name__ == "__main__":
    main()
