"""Fuzz the reading of files: IDX, gzipped or not, and the archives of trajectories."""

import gzip
import io
import os
import random
import sys
import tempfile
import zipfile

import numpy as np
from engine import Target, main

import trajectories as tj
from trajectories.mnist import idx
from trajectories.trajectory import Trajectory

_FOLDER = "/dev/shm" if os.path.isdir("/dev/shm") else None
PATH = os.path.join(tempfile.mkdtemp(prefix="fuzz-", dir=_FOLDER), "input")


def check(data: bytes) -> bool:
    with open(PATH, "wb") as file:
        file.write(data)
    if data[:2] == b"PK":
        path = Trajectory.load(PATH)
        assert path.final.shape == (*path.batch_shape, 2)
        assert repr(path)
        assert path == path
    else:
        assert idx.read(PATH).dtype == np.uint8
    return True


def _stored(data: bytes) -> bytes:
    """Return an archive with its members as they are, so that changes reach what is in them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name))
    return out.getvalue()


def grow(rng: random.Random) -> bytes:
    """Return an archive one of whose members is damaged, with the check sum of the damage."""
    out = io.BytesIO()
    archive = rng.choice([seed for seed in SEEDS if seed[:2] == b"PK"])
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        hit = rng.choice(names)
        for name in names:
            member = old.read(name)
            if name == hit:
                member = blank.mutated(member, rng)
                if rng.random() < 0.2:
                    member = old.read(rng.choice(names))
            if name != hit or rng.random() < 0.95:
                new.writestr(zipfile.ZipInfo(name), member)
    return out.getvalue()


def _seeds() -> list[bytes]:
    images = idx.header((2, 3, 3)) + bytes(range(18))
    seeds = [images, idx.header((5,)) + bytes(5), gzip.compress(images, mtime=0), idx.header((0,))]
    for start in ((-7, 2), [(-7, 2), (1, 1)]):
        tj.descend("x**2/20 + y**2", "sgd:0.9", start, 3).save(PATH + ".npz")
        with open(PATH + ".npz", "rb") as file:
            seeds += [(data := file.read()), _stored(data)]
    return seeds


SEEDS = _seeds()
WORDS = [
    b"\0",
    b"\xff",
    b"\x08",
    b"\x01",
    b"\x03",
    b"\xff\xff\xff\xff",
    b"\0\0\x08\x01",
    b"\x1f\x8b",
]
WORDS += [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\x93NUMPY", b"<f8", b"|O", b"<U9", b"<i8"]
WORDS += [
    b"(4, 2)",
    b"(999999999999,)",
    b"True",
    b"stopped",
    b"descr",
    b"\x7f",
    b"sgd",
    b"about.npy",
]
WORDS += [b"f4", b"c16", b"(0, 2)", b"()", b"1e308", b"null", b"[]", b"{}", b"\\"]
#: Changes what is in an archive as the target itself changes whole files.
blank = Target("a member", check, SEEDS, WORDS, [])
TARGET = Target(
    "IDX files and archives",
    check,
    SEEDS,
    WORDS,
    ["trajectories.mnist.idx", "trajectories.trajectory"],
    refusals=(ValueError,),
    trapped=False,
    grow=grow,
)

if __name__ == "__main__":
    sys.exit(main(TARGET))
