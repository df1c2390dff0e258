"""Reading IDX files out of a folder: what is read, and all that is refused."""

import errno
import gzip
import io
import os
import struct
import sys
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from trajectories.mnist import load

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
START = bytes.fromhex("00000803 00000002 00000003 00000004")
GOOD = START + IMAGES.tobytes()
LABELS = bytes.fromhex("00000801 00000002 0501")
PACKS = pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])


class Spot:
    """A folder of four files, of which the training images are written over."""

    def __init__(self, folder):
        self.path = folder / "train-images-idx3-ubyte"
        self.labels = folder / "train-labels-idx1-ubyte"
        self.labels.write_bytes(LABELS)
        (folder / "t10k-images-idx3-ubyte").write_bytes(GOOD)
        (folder / "t10k-labels-idx1-ubyte").write_bytes(LABELS)
        self.path.write_bytes(GOOD)

    def read(self, data):
        """Return the images, or the message that refuses them."""
        self.path.write_bytes(data)
        try:
            return load(self.path.parent).train_images
        except ValueError as error:
            return str(error)

    def refused(self, *words, data=None, kind=ValueError):
        """Check that the file is refused in one line that names it."""
        if data is not None:
            self.path.write_bytes(data)
        with pytest.raises(kind) as caught:
            load(self.path.parent)
        text = str(caught.value)
        assert "\n" not in text
        assert repr(str(self.path)) in text
        for word in words:
            assert word in text


@pytest.fixture
def spot(tmp_path):
    return Spot(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A spot that examples write over."""
    return Spot(tmp_path_factory.mktemp("idx"))


@PACKS
@given(sizes=st.tuples(*[st.integers(1, 6)] * 3), data=st.data())
@settings(max_examples=40)
def test_what_is_written_down_is_read_back(shared, pack, sizes, data):
    images = data.draw(arrays(np.uint8, sizes))
    labels = data.draw(arrays(np.uint8, sizes[:1], elements=st.integers(0, 9)))
    folder = shared.path.parent / "written"
    folder.mkdir(exist_ok=True)
    for part in ("train", "t10k"):
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            start = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            (folder / f"{part}-{kind}-ubyte").write_bytes(pack(start + array.tobytes()))
    found = load(folder)
    assert found.shape == sizes[1:]
    assert found.train_images.dtype == np.uint8
    np.testing.assert_array_equal(found.train_images.reshape(sizes), images)
    np.testing.assert_array_equal(found.test_labels, labels)


@given(data=st.binary(max_size=200))
@settings(max_examples=40)
@pytest.mark.parametrize(
    "start",
    [b"", b"\0\0\x08", b"\x1f\x8b\x08\0", START, gzip.compress(GOOD)[:-8]],
    ids=["nothing", "magic", "gzip", "header", "packed"],
)
def test_no_bytes_break_the_reader(shared, start, data):
    found = shared.read(start + data)
    if isinstance(found, str):
        assert repr(str(shared.path)) in found or "train-labels" in found
        assert "\n" not in found
    else:
        assert found.size <= 10_000


def test_an_altered_gzip_file_is_refused_or_holds_the_same_values(shared):
    whole = gzip.compress(GOOD, mtime=0)
    refusals = 0
    for bit in range(8 * len(whole)):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        found = shared.read(data)
        if isinstance(found, str):
            assert repr(str(shared.path)) in found
            refusals += 1
        else:  # The time of packing, bits that fill up a byte and the like.
            assert np.array_equal(found.reshape(IMAGES.shape), IMAGES)
    assert refusals > 8 * (len(whole) - 11)


def test_truncated(spot):
    for cut in range(len(GOOD)):
        spot.refused("truncated", data=GOOD[:cut])
    packed = gzip.compress(GOOD)
    for cut in (1, 2, 9, 10, 15, 25, -9, -8, -1):
        spot.refused(data=packed[:cut])
    words = "truncated", "promises 24 bytes"
    spot.refused(*words, "23 follow", data=gzip.compress(GOOD[:-1]))
    # The file's own size tells before anything is read.
    spot.refused(*words, "20 follow", data=GOOD[:-4])


def test_what_follows(spot):
    parts = gzip.compress(GOOD[:7]) + gzip.compress(GOOD[7:20]) + gzip.compress(GOOD[20:])
    assert np.array_equal(spot.read(parts).reshape(IMAGES.shape), IMAGES)
    for data in (GOOD + b"\0", gzip.compress(GOOD + b"\0"), gzip.compress(GOOD) * 2):
        spot.refused("more follows", data=data)
    spot.refused("gzip data is damaged", data=gzip.compress(GOOD) + b"junk")
    data = bytearray(gzip.compress(GOOD))
    data[-8] ^= 1
    spot.refused("gzip data is damaged", "CRC", data=data)


@PACKS
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "ends inside its header"),
        (b"GIF89a" * 10, "does not begin like an IDX file"),
        (b"\0\1" + GOOD[2:], "does not begin like an IDX file"),
        (b"\0\0\x0d" + GOOD[3:], "type 0x0d, not unsigned bytes"),
        (LABELS, "1 dimensions, not 3"),
        (b"\0\0\x08\xff" + bytes(4 * 255), "255 dimensions"),
        *(
            (b"\0\0\x08\x03" + struct.pack(">3I", *sizes), "more than 1,073,741,824")
            for sizes in [(2**30 + 1, 1, 1), (2**32 - 1,) * 3, (0, 2**32 - 1, 2**32 - 1)]
        ),
    ],
)
def test_no_idx_file(spot, pack, data, words):
    spot.refused(words, data=pack(data) if data else data)


def bomb():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(GOOD), *(packer.compress(bytes(2**20)) for _ in range(64))]
    return b"".join(parts) + packer.flush()


PROMISE = b"\0\0\x08\x03" + struct.pack(">3I", 1000, 1000, 1000) + bytes(500)


@pytest.mark.parametrize(
    ("data", "words"),
    [(PROMISE, "truncated"), (gzip.compress(PROMISE), "truncated"), (bomb(), "more follows")],
    ids=["promise", "packed promise", "bomb"],
)
def test_promises_and_bombs_take_no_memory(spot, data, words):
    tracemalloc.start()
    spot.refused(words, data=data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e6


def test_no_more_memory_is_taken_than_the_values_need(spot):
    values = np.random.default_rng(0).integers(0, 256, (8000, 20, 50), dtype=np.uint8)
    start = b"\0\0\x08\x03" + struct.pack(">3I", *values.shape)
    spot.path.write_bytes(gzip.compress(start + values.tobytes(), 1))
    spot.labels.write_bytes(b"\0\0\x08\x01" + struct.pack(">I", 8000) + bytes(8000))
    spot.path.with_name("t10k-images-idx3-ubyte").write_bytes(
        b"\0\0\x08\x03" + struct.pack(">3I", 2, 20, 50) + bytes(2000)
    )
    tracemalloc.start()
    found = load(spot.path.parent)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < values.nbytes + 4e6
    assert np.array_equal(found.train_images.reshape(values.shape), values)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such devices and pipes")
def test_what_is_no_regular_file(spot):
    for target in ("/dev/zero", "/dev/null", spot.path):  # The last is a link in circles.
        spot.path.unlink()
        spot.path.symlink_to(target)
        spot.refused(kind=OSError)
    spot.path.unlink()
    os.mkfifo(spot.path)  # It is not waited for.
    spot.refused("no regular file", kind=OSError)


@pytest.mark.parametrize("after", [0, 2])
def test_a_disk_that_fails_is_told_with_the_files_name(spot, monkeypatch, after):
    class Failing(io.FileIO):
        left = after

        def read(self, count=-1):
            if not self.left:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            self.left -= 1
            return super().read(count)

    monkeypatch.setattr(os, "fdopen", Failing)
    spot.refused("Input/output error", kind=OSError)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs a list of open files")
def test_no_file_stays_open(spot):
    packed = gzip.compress(GOOD)
    for data in (GOOD, GOOD[:-1], packed, packed[:-1], packed + b"junk", b"\0\0\x0d\1"):
        before = os.listdir("/proc/self/fd")
        spot.read(data)
        assert os.listdir("/proc/self/fd") == before
