"""Results do not depend on how many threads BLAS has: neither here nor in other processes."""

import json
import os
import subprocess
import sys

import pytest

# NumPy reads how many threads there are when it is loaded, and here it has been: with one.
COMPUTED = {
    "trainer": """
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.trainer import Trainer
def made():
    network = MultiLayerNet(images.shape[1], [200, 200], 10, rng=0)
    return Trainer(network, "adam", images, labels, iterations=20, batch_size=200, rng=0)
here = made().run().loss.tolist()
apart = train_all([made(), made()], workers=2)[0].loss.tolist()
also = train_all([made(), made()], workers=1)[1].loss.tolist()
print(json.dumps([here, apart, also]))
""",
    "layers": """
from trajectories.mnist.experiments import layers
print(json.dumps([layers(data, iterations=4, moments=2).digest()]))
""",
    "ensemble": """
from trajectories.mnist.experiments import ensemble
print(json.dumps([ensemble(data, epochs=2, masks=3, seeds=1).digest()]))
""",
    "landscape": """
from trajectories.mnist.landscape import landscape
how = {"hidden": [200, 200], "iterations": 9, "resolution": 4, "images": 500}
found = [landscape(data, race=["sgd:0.1", "adam"], workers=n, **how) for n in (1, 2)]
print(json.dumps([item.digest() for item in found]))
""",
}
#: Products as large as those of MNIST, which the small digits do not have.
BEFORE = """
import json
import numpy as np
from trajectories.mnist import Dataset, train_all
rng = np.random.default_rng(0)
images, labels = rng.integers(0, 256, (700, 784), dtype=np.uint8), rng.integers(0, 10, 700)
data = Dataset("noise", images[:600], labels[:600], images[600:], labels[600:])
"""


def computed(what, threads):
    """Return what a process prints whose BLAS has so many threads."""
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, threads)}
    command = [sys.executable, "-W", "error", "-c", BEFORE + what]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=120
    ).stdout


@pytest.mark.parametrize("name", COMPUTED)
def test_results_are_the_same_with_any_number_of_threads(name):
    many = computed(COMPUTED[name], "2")
    first, *others = json.loads(many)
    assert all(other == first for other in others)
    assert many == computed(COMPUTED[name], "1")
