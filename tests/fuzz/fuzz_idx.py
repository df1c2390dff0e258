"""Fuzz the reading of IDX files, gzipped or not: lies about sizes, cuts, bombs."""

import gzip
import os
import random
import struct
import sys
import tempfile
import zlib

import numpy as np
from engine import Target, main

from trajectories.mnist import source as idx

_FOLDER = "/dev/shm" if os.path.isdir("/dev/shm") else None
PATH = os.path.join(tempfile.mkdtemp(prefix="fuzz-", dir=_FOLDER), "input")
SIZES = (0, 1, 2, 3, 5, 255, 256, 65535, 2**20, 2**30, 2**31 - 1, 2**31, 2**32 - 1)
LEVELS = (0, 1, 9)


def check(data: bytes) -> bool:
    with open(PATH, "wb") as file:
        file.write(data)
    values = idx.read(PATH)
    assert values.dtype == np.uint8
    # All of it is there, and nothing else.
    whole = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    assert whole == idx.header(values.shape) + values.tobytes()
    return True


def grow(rng: random.Random) -> bytes:
    """Return an IDX file that may lie about its magic number, its sizes, or what follows."""
    shape = [rng.choice(SIZES[:5]) for _ in range(rng.randrange(1, 5))]
    values = rng.randbytes(min(int(np.prod(shape)), 4096))
    start = bytearray(idx.header(shape))
    lie = rng.randrange(8)
    if lie == 0:
        start[rng.randrange(4)] = rng.choice((0, 1, 8, 9, 0x0D, 255))
    elif lie == 1:
        place = 4 * rng.randrange(1, len(start) // 4)
        start[place : place + 4] = struct.pack(">I", rng.choice(SIZES))
    elif lie == 2:
        values = values[: rng.randrange(len(values) + 1)]
    elif lie == 3:
        values += rng.randbytes(rng.choice((1, 4, 100)))
    whole = bytes(start) + values
    if rng.random() < 0.5:
        return whole
    return _packed(whole, rng)


def _packed(whole: bytes, rng: random.Random) -> bytes:
    kind = rng.randrange(6)
    if kind == 0:  # Much more follows than is promised.
        whole += bytes(rng.choice((10**3, 10**6)))
    if kind == 1:  # In several members.
        cut = rng.randrange(len(whole) + 1)
        return gzip.compress(whole[:cut], mtime=0) + gzip.compress(whole[cut:], mtime=0)
    packed = gzip.compress(whole, rng.choice(LEVELS), mtime=0)
    if kind == 2:  # A wrong check sum, or length.
        return packed[:-8] + rng.choice((packed[-8:-4] + rng.randbytes(4), rng.randbytes(8)))
    if kind == 3:
        return packed[: rng.randrange(2, len(packed))]
    if kind == 4:  # A name, a comment and more in the header.
        raw = zlib.compress(whole, wbits=-15)
        extra = struct.pack("<H", 4) + b"abcd" + b"name\0" + b"words\0"
        return b"\x1f\x8b\x08\x1c" + bytes(6) + extra + raw + packed[-8:]
    return packed


IMAGES = idx.header((2, 3, 3)) + bytes(range(18))
SEEDS = [IMAGES, idx.header((5,)) + bytes(5), gzip.compress(IMAGES, mtime=0), idx.header((0,))]
WORDS = [b"\0", b"\xff", b"\x08", b"\x01", b"\x03", b"\xff\xff\xff\xff", b"\0\0\x08\x01"]
WORDS += [b"\x1f\x8b", b"\x1f\x8b\x08\0", b"\0\0\x08\x03", b"\x03\0", b"\0\0\0\x01"]
TARGET = Target(
    "IDX files",
    check,
    SEEDS,
    WORDS,
    ["trajectories.mnist.source"],
    path=PATH,
    grow=grow,
    grown=0.4,
)

if __name__ == "__main__":
    sys.exit(main(TARGET))
