"""Fuzz the reading of what the package itself has kept: archives, histories, journals.

The first byte of an input says what it is read as.
"""

import codecs
import contextlib
import importlib.metadata
import io
import json
import os
import random
import sys
import tempfile
import tokenize
import warnings
import zipfile
from pathlib import Path

import numpy as np
from changes import changed, changed_array
from engine import Target, main

import trajectories as tj
from trajectories.maps.basins import Basins, basins
from trajectories.maps.sensitivity import Sensitivity, sensitivity
from trajectories.mnist.history import History, read_checkpoint, state_of
from trajectories.mnist.landscape import Landscape
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.trainer import Trainer
from trajectories.records import read_arrays
from trajectories.search.trials import SearchResult

_FOLDER = "/dev/shm" if os.path.isdir("/dev/shm") else None
PATH = os.path.join(tempfile.mkdtemp(prefix="fuzz-", dir=_FOLDER), "input")
assert tokenize  # NumPy imports it late.
for _width in ("8-sig", "16", "16-le", "16-be", "32", "32-le", "32-be"):
    codecs.lookup(f"utf-{_width}")  # JSON that is given bytes does so too.
# A new history looks it up in the folders of all packages, whatever is read.
importlib.metadata.version = lambda name: "1"


def training() -> Trainer:
    """Return a small run of training."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (20, 6)).astype(np.uint8), rng.integers(0, 3, 20)
    network = MultiLayerNet(6, [4], 3, batch_norm=True, rng=0)
    how = {"batch_size": 5, "iterations": 6, "evaluate": {"test": (images, labels)}, "rng": 1}
    how |= {"checkpoint": PATH + ".npz", "evaluate_every": 2, "snapshot_every": 3}
    return Trainer(network, "adam", images, labels, **how)


def _trajectory() -> None:
    path = tj.Trajectory.load(PATH)
    with usable():
        assert path.final.shape == (*path.batch_shape, 2)
        assert repr(path)
        assert path == path


def _map(kind: type) -> None:
    found = kind.load(PATH)
    with usable():
        assert repr(found)
        if isinstance(found, Sensitivity):
            assert found.best is None or set(found.best) == set(found.axes)


def _landscape() -> None:
    found = Landscape.load(PATH)
    with usable():
        assert repr(found)
        assert len(found.shaping) == len(found.labels)


def _history() -> None:
    found = History.load(PATH)
    with usable():
        assert repr(found)
        assert found == found


def _journal() -> None:
    found = SearchResult.load(PATH)
    with usable():
        assert repr(found)
        assert found.trials is not None


def _checkpoint() -> None:
    trainer = training()
    before = state_of(trainer)
    try:
        read_checkpoint(PATH, trainer, trainer._identity or {})
    except ValueError:
        after = state_of(trainer)
        assert after.about == before.about
        assert after.arrays.keys() == before.arrays.keys()
        assert all(np.array_equal(after.arrays[k], before.arrays[k]) for k in after.arrays)
        raise
    with usable():
        if not trainer.progress.over:
            trainer.step()
        assert repr(trainer.history)


def _arrays() -> None:
    with open(PATH, "rb") as file:
        try:
            found = read_arrays(file)
        except Exception as error:  # All is promised to be an Exception, and caught elsewhere.
            raise ValueError("damaged") from error
    assert all(array.dtype.kind in "biufU" for array in found.values())


READERS = {
    b"T": _trajectory,
    b"B": lambda: _map(Basins),
    b"S": lambda: _map(Sensitivity),
    b"L": _landscape,
    b"H": _history,
    b"J": _journal,
    b"C": _checkpoint,
    b"A": _arrays,
}


@contextlib.contextmanager
def usable():
    """Turn errors of what was accepted into failures."""
    try:
        yield
    except Exception as error:
        raise AssertionError(f"Accepted, but of no use: {error!r}") from error


def check(data: bytes) -> bool:
    with open(PATH, "wb") as file:
        file.write(data[1:])
    with warnings.catch_warnings(record=True) as noise:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", "The formula .* is constant")
        try:
            READERS.get(data[:1], _arrays)()
        finally:
            if noise:
                raise AssertionError(f"Noise: {noise[0].message}")
    return True


def grow(rng: random.Random) -> bytes:
    """Return a file of which some value, array or member was changed."""
    seed = rng.choice(SEEDS)
    kind, data = seed[:1], seed[1:]
    if kind == b"H":
        return kind + json.dumps(changed(json.loads(data), rng)).encode()
    if kind == b"J":
        lines = [json.loads(line) for line in data.splitlines()]
        hit = rng.randrange(len(lines))
        lines[hit] = changed(lines[hit], rng)
        return kind + b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    with np.load(io.BytesIO(data)) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for _ in range(rng.choice((1, 1, 2))):
        _spoil(arrays, rng)
    save = np.savez if rng.random() < 0.7 else np.savez_compressed
    save(file := io.BytesIO(), **arrays)
    found = file.getvalue()
    return kind + (_other_bytes(found, rng) if rng.random() < 0.3 else found)


def _spoil(arrays: dict[str, np.ndarray], rng: random.Random) -> None:
    name = rng.choice(list(arrays))
    what = rng.random()
    if what < 0.1:
        del arrays[name]
    elif what < 0.2:
        arrays[rng.choice(("more", *arrays))] = arrays[name]
    elif name == "about" and what < 0.95:
        with contextlib.suppress(ValueError):  # It may be spoilt already.
            record = json.loads(str(arrays[name]))
            arrays[name] = np.array(json.dumps(changed(record, rng)))
    else:
        arrays[name] = changed_array(arrays[name], rng)
    if not arrays:
        arrays["about"] = np.array("{}")


def _other_bytes(archive: bytes, rng: random.Random) -> bytes:
    """Change the bytes of a member, with the check sum of the change, or how it is packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        hit = rng.choice(names)
        for name in names:
            member, method = old.read(name), zipfile.ZIP_STORED
            if name == hit:
                method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
                member = blank.mutated(member, rng)
            new.writestr(zipfile.ZipInfo(name), member, method)
    return out.getvalue()


def _seeds() -> list[bytes]:
    found = {}

    def kept(kind: bytes, name: str = PATH + ".npz") -> None:
        found[kind + bytes([len(found)])] = Path(name).read_bytes()
        os.unlink(name)

    for start in ((-7, 2), [(-7, 2), (1, 1)]):
        tj.descend("x**2/20 + y**2", "sgd:0.9", start, 3).save(PATH + ".npz")
        kept(b"T")
    basins("himmelblau", "sgd:0.01", steps=9, resolution=4).save(PATH + ".npz")
    kept(b"B")
    sensitivity("sphere", "momentum", steps=5, lr=[0.1, 0.5], momentum=[0, 0.9]).save(PATH + ".npz")
    kept(b"S")
    _made_landscape().save(PATH + ".npz")
    kept(b"L")
    run = training()
    run.run()
    kept(b"C")
    np.savez(PATH + ".npz", a=np.arange(3.0), b=np.array(["a", "bc"]))
    kept(b"A")
    run.history.save(PATH + ".json")
    kept(b"H", PATH + ".json")
    found[b"J"] = _made_journal()
    return [kind[:1] + data for kind, data in found.items()]


def _made_landscape() -> Landscape:
    rng = np.random.default_rng(0)
    losses = rng.random((2, 3))
    return Landscape(
        {"name": "digits"},
        {"images": 9},
        (1,),
        ("SGD", "Adam"),
        (None, 2),
        np.arange(3),
        rng.random((2, 3, 2)),
        *(losses for _ in range(4)),
        x=np.arange(4.0),
        y=np.arange(5.0),
        grid=rng.random((5, 4)),
        origin=rng.random(7),
        axes=rng.random((2, 7)),
        shares=np.array([0.7, 0.2]),
    )


def _made_journal() -> bytes:
    path = Path(PATH + ".jsonl")
    tj.search_surface("sphere", "sgd", {"lr": "log(0.01, 1)"}, trials=4, steps=8, journal=path)
    content = path.read_bytes()
    path.unlink()
    return content


SEEDS = _seeds()
WORDS = [b"\0", b"\xff", b"\x08", b"\x01", b"\x03", b"\xff\xff\xff\xff", b"T", b"C", b"\n"]
WORDS += [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\x93NUMPY", b"<f8", b"|O", b"<U9", b"<i8"]
WORDS += [b"(4, 2)", b"(999999999999,)", b"True", b"stopped", b"descr", b"\x7f", b"about.npy"]
WORDS += [b"f4", b"c16", b"(0, 2)", b"()", b"1e308", b"null", b"[]", b"{}", b"\\", b"Infinity"]
WORDS += [b'{"shape": [999999999], "float64": "eJwDAAAAAAE="}', b'"float64"', b"NaN", b"-1"]
#: Changes what is in an archive as the target itself changes whole files.
blank = Target("a member", check, SEEDS, WORDS, [])
TARGET = Target(
    "archives, histories and journals",
    check,
    SEEDS,
    WORDS,
    ["trajectories.records", "trajectories.trajectory", "trajectories.search.trials"],
    path=PATH,
    grow=grow,
    grown=0.6,
)

if __name__ == "__main__":
    sys.exit(main(TARGET))
