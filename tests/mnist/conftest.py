"""Real images for the tests that need them, and small files of the same form."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from trajectories.mnist import load
from trajectories.mnist.experiments import EXPERIMENTS, Result

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@pytest.fixture(scope="session")
def mnist_folder():
    """The folder of MNIST's four files that TRAJECTORIES_DATA names."""
    named = os.environ.get("TRAJECTORIES_DATA")
    if not named:
        pytest.skip("needs MNIST: TRAJECTORIES_DATA is not set")
    folder = Path(named).expanduser().absolute()
    if not folder.is_dir():
        pytest.skip(f"needs MNIST: TRAJECTORIES_DATA names {named}, which is no folder")
    return folder


@pytest.fixture(scope="session")
def mnist(mnist_folder):
    """The real MNIST."""
    data = load(mnist_folder)
    assert data.name == "MNIST"
    return data


@pytest.fixture(scope="session")
def digits():
    """The 8 x 8 digits that come with the package."""
    return load("digits")


@pytest.fixture(scope="session")
def short():
    """Settings of each experiment that make it as short as shows anything."""
    return {
        "optimizers": {"iterations": 30, "seeds": 2},
        "zero_weights": {"iterations": 20, "seeds": 2},
        "activations": {"seeds": 1},
        "layers": {"iterations": 20, "moments": 5},
        "initial_weights": {"iterations": 20, "seeds": 2},
        "batch_norm": {"epochs": 2, "seeds": 1},
        "weight_decay": {"epochs": 4, "seeds": 2},
        "dropout": {"epochs": 4, "seeds": 2},
        "dropout_ensemble": {"epochs": 3, "masks": 5, "seeds": 2},
    }


@pytest.fixture(scope="session")
def saved(tmp_path_factory, short):
    """Return a function that runs an experiment once, and from then on loads what it saved."""
    folder = tmp_path_factory.mktemp("results")

    def result(name):
        path = folder / f"{name}.json"
        if not path.exists():
            run = EXPERIMENTS[name].function(name)
            run("digits", **short[name], n_jobs=1, keep=path)
            assert not list(folder.glob(".*"))  # What an interrupt would have gone on from.
        return Result.load(path)

    return result


@pytest.fixture
def clean(monkeypatch, tmp_path):
    """No data anywhere: neither a folder nor a cache; returns where the cache would be."""
    monkeypatch.delenv("TRAJECTORIES_DATA", raising=False)
    monkeypatch.setenv("TRAJECTORIES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


def as_idx(array):
    """Write an array down as the format's description has it, one byte after the other."""
    sizes = b"".join(struct.pack(">I", size) for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


@pytest.fixture
def small():
    """Four small files as bytes, by name: 30 training and 12 test images of 5 x 4 pixels."""
    rng = np.random.default_rng(3)
    shapes = [(30, 5, 4), (30,), (12, 5, 4), (12,)]
    tops = [256, 10, 256, 10]
    return {
        name: as_idx(rng.integers(0, top, shape))
        for name, shape, top in zip(NAMES, shapes, tops, strict=True)
    }


@pytest.fixture
def folder_of(tmp_path):
    """Write files into a folder of a name; those whose names end in .gz are gzipped."""

    def write(files, name="shapes"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for file, data in files.items():
            packed = gzip.compress(data) if file.endswith(".gz") else data
            (folder / file).write_bytes(packed)
        return folder

    return write
