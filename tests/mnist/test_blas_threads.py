"""Results do not depend on how many threads BLAS has: one computes, and then as many as before."""

import json
import os
import subprocess
import sys

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from trajectories.mnist import MultiLayerNet, Trainer, train_all

#: Products as large as those of MNIST, which the small digits do not have.
SCRIPT = """
import json, sys
import numpy as np
from trajectories.mnist import Dataset, MultiLayerNet, Trainer, train_all
assert "threadpoolctl" not in sys.modules
from trajectories.mnist.experiments import layers
from trajectories.mnist.landscape import landscape
rng = np.random.default_rng(0)
images, labels = rng.integers(0, 256, (700, 784), dtype=np.uint8), rng.integers(0, 10, 700)
data = Dataset("noise", images[:600], labels[:600], images[600:], labels[600:])
def made():
    network = MultiLayerNet(784, [200, 200], 10, rng=0)
    return Trainer(network, "adam", images, labels, iterations=20, batch_size=200, rng=0)
here = [made().train().loss.tolist()]
if sys.argv[1] == "2":
    here += [train_all([made(), made()], n_jobs=n)[1].loss.tolist() for n in (1, 2)]
assert all(other == here[0] for other in here)
found = [
    layers(data, iterations=4, moments=2),
    landscape(
        data, optimizers=["sgd:0.1"], hidden=[200, 200], iterations=5, resolution=3, n_jobs=1
    ),
]
print(json.dumps([here[0], *(item.digest() for item in found)]))
"""


def computed(threads):
    """Return what a process computes whose BLAS has so many threads, as is read at its start."""
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, threads)}
    command = [sys.executable, "-W", "error", "-c", SCRIPT, threads]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_results_are_the_same_with_any_number_of_threads():
    assert computed("2") == computed("1")


def threads():
    """Return how many threads each BLAS has."""
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_there_is_one_thread_while_it_trains_and_as_many_as_before_behind(digits):
    def made():
        network = MultiLayerNet(64, [5], 10, rng=0)
        images, labels = digits.train_images, digits.train_labels
        return Trainer(network, "sgd", images, labels, scale=16.0, iterations=2, rng=0)

    def stop(_):
        raise KeyboardInterrupt

    seen = []
    with threadpool_limits(limits=2, user_api="blas"):
        if threads() != {2}:
            pytest.skip("the number of this BLAS's threads cannot be told or set")
        made().train(watch=lambda _: seen.append(threads()))
        assert seen == [{1}] * 3
        assert threads() == {2}
        with pytest.raises(KeyboardInterrupt):
            made().train(watch=stop)
        train_all([made()], n_jobs=1)
        assert threads() == {2}
