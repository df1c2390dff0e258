"""The IDX reader: what it reads, and all that it refuses."""

import errno
import gzip
import io
import os
import re
import struct
import sys
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from trajectories.mnist.source import header, read

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
START = bytes.fromhex("00000803 00000002 00000003 00000004")
GOOD = START + IMAGES.tobytes()


@pytest.fixture(scope="module")
def spot(tmp_path_factory):
    """A file that examples write over."""
    return tmp_path_factory.mktemp("idx") / "some-idx3-ubyte"


@pytest.fixture
def file(tmp_path):
    def write(data, name="some-idx3-ubyte"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def outcome(path):
    """Read a file; return the array and None, or None and the message."""
    try:
        return read(path), None
    except ValueError as error:
        return None, str(error)


def refused(path, *words, kind=ValueError, **kwargs):
    """Check that a file is refused in one line that names it."""
    with pytest.raises(kind) as caught:
        read(path, **kwargs)
    text = str(caught.value)
    assert "\n" not in text
    assert repr(str(path)) in text
    for word in words:
        assert word in text
    return text


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("name", ["a-idx3-ubyte", "a-idx3-ubyte.gz", "anything"])
def test_images_gzipped_or_not_whatever_the_name(file, pack, name):
    array = read(file(pack(GOOD), name), ndim=3)
    assert array.dtype == np.uint8
    assert np.array_equal(array, IMAGES)


def test_labels(file):
    assert read(file(bytes.fromhex("00000801 00000003 050004")), ndim=1).tolist() == [5, 0, 4]


def test_the_header_is_as_the_format_says():
    assert header(IMAGES.shape) == START
    assert header((60000,)) == b"\0\0\x08\x01" + struct.pack(">I", 60000)


def test_the_path_may_be_text(file):
    assert np.array_equal(read(str(file(GOOD))), IMAGES)


def test_a_link_to_a_file_is_followed(file, tmp_path):
    (tmp_path / "link").symlink_to(file(GOOD))
    assert np.array_equal(read(tmp_path / "link"), IMAGES)


def test_the_array_is_the_callers_own(file):
    path = file(GOOD)
    read(path)[0, 0, 0] = 77
    assert np.array_equal(read(path), IMAGES)


@given(array=arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6)))
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_what_is_written_down_is_read_back(spot, pack, array):
    sizes = b"".join(struct.pack(">I", size) for size in array.shape)
    spot.write_bytes(pack(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()))
    found = read(spot, ndim=array.ndim)
    assert found.shape == array.shape
    assert np.array_equal(found, array)


@given(data=st.binary(max_size=200))
@pytest.mark.parametrize(
    "start",
    [b"", b"\0\0\x08", b"\x1f\x8b\x08\0", START, gzip.compress(GOOD)[:-8]],
    ids=["nothing", "magic", "gzip", "header", "packed"],
)
def test_no_bytes_break_the_reader(spot, start, data):
    spot.write_bytes(start + data)
    array, message = outcome(spot)
    if message is None:
        assert array.size <= 10_000
    else:
        assert repr(str(spot)) in message
        assert "\n" not in message


def test_an_altered_gzip_file_is_refused_or_holds_the_same_values(spot):
    whole = gzip.compress(GOOD, mtime=0)
    refusals = 0
    for bit in range(8 * len(whole)):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        spot.write_bytes(data)
        array, message = outcome(spot)
        if message is None:  # The time of packing, bits that fill up a byte and the like.
            assert np.array_equal(array, IMAGES)
        else:
            assert repr(str(spot)) in message
            refusals += 1
    assert refusals > 8 * (len(whole) - 11)


@pytest.mark.parametrize("cut", range(len(GOOD)))
def test_truncated(file, cut):
    refused(file(GOOD[:cut]), "truncated")


@pytest.mark.parametrize("cut", [1, 2, 9, 10, 15, 25, -9, -8, -1])
def test_truncated_gzip(file, cut):
    refused(file(gzip.compress(GOOD)[:cut]))


def test_truncated_inside_gzip(file):
    refused(file(gzip.compress(GOOD[:-1])), "truncated", "promises 24 bytes", "23 follow")


def test_the_message_says_how_much_there_is(file):
    # The file's own size tells before anything is read.
    refused(file(GOOD[:-4]), "it is truncated: its header promises 24 bytes, and 20 follow")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_trailing_bytes(file, pack):
    refused(file(pack(GOOD + b"\0")), "more follows the 24 bytes")


def test_trailing_bytes_after_the_gzip_data(file):
    refused(file(gzip.compress(GOOD) + b"junk"), "gzip data is damaged")


def test_a_second_file_after_the_gzip_data(file):
    refused(file(gzip.compress(GOOD) * 2), "more follows")


def test_gzip_data_in_several_members(file):
    parts = gzip.compress(GOOD[:7]) + gzip.compress(GOOD[7:20]) + gzip.compress(GOOD[20:])
    assert np.array_equal(read(file(parts)), IMAGES)


def test_gzip_whose_sum_is_wrong(file):
    data = bytearray(gzip.compress(GOOD))
    data[-8] ^= 1
    refused(file(bytes(data)), "gzip data is damaged", "CRC")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "ends inside its header"),
        (b"GIF89a" * 10, "does not begin like an IDX file"),
        (b"\0\1" + GOOD[2:], "does not begin like an IDX file"),
        (b"\0\0\x0d" + GOOD[3:], "type 0x0d, not unsigned bytes"),
        (b"\0\0\x08\x00", "0 dimensions"),
        (b"\0\0\x08\xff" + bytes(4 * 255), "255 dimensions"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_no_idx_file(file, pack, data, words):
    refused(file(pack(data) if data else data), words)


def test_labels_where_images_should_be(file):
    refused(file(bytes.fromhex("00000801 00000003 050004")), "1 dimensions, not 3", ndim=3)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "sizes", [(2**30 + 1, 1, 1), (2**32 - 1,) * 3, (0, 2**32 - 1, 2**32 - 1), (0, 2**31, 1)]
)
def test_a_promise_of_too_much(file, pack, sizes):
    refused(file(pack(b"\0\0\x08\x03" + struct.pack(">3I", *sizes))), "more than 1,073,741,824")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_promise_that_the_file_is_too_short_to_keep_takes_no_memory(file, pack):
    path = file(pack(b"\0\0\x08\x03" + struct.pack(">3I", 1000, 1000, 1000) + bytes(500)))
    tracemalloc.start()
    refused(path, "truncated")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e6


def test_a_gzip_bomb_is_not_unpacked(file):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(GOOD)
    bomb += b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush()
    path = file(bomb)
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    refused(path, "more follows")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e6


def test_no_more_memory_is_taken_than_the_values_need(file):
    values = np.random.default_rng(0).integers(0, 256, 8_000_000, dtype=np.uint8)
    path = file(gzip.compress(header(values.shape) + values.tobytes(), 1))
    tracemalloc.start()
    found = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < values.nbytes + 4e6
    assert np.array_equal(found, values)


def test_no_such_file(tmp_path):
    refused(tmp_path / "none", "No such file", kind=FileNotFoundError)


def test_a_folder(tmp_path):
    refused(tmp_path, "it is a folder", kind=IsADirectoryError)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such devices")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_link_to_a_device(tmp_path, device):
    (tmp_path / "link").symlink_to(device)
    refused(tmp_path / "link", "no regular file", kind=OSError)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "no regular file", kind=OSError)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_disk_that_fails_is_told_with_the_files_name(file, monkeypatch, after):
    path = file(GOOD)

    class Failing(io.FileIO):
        left = after

        def read(self, count=-1):
            if not self.left:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            self.left -= 1
            return super().read(count)

    monkeypatch.setattr("trajectories.mnist.source._opened", Failing)
    refused(path, "Input/output error", kind=OSError)


def test_a_link_that_goes_in_circles(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "a")
    refused(tmp_path / "a", kind=OSError)


def test_a_name_of_several_lines_is_shown_in_one(tmp_path):
    path = tmp_path / "a\nb"
    path.write_bytes(b"\0\0\x08\x01")
    with pytest.raises(ValueError, match=re.escape(r"a\nb")) as caught:
        read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs a list of open files")
def test_no_file_stays_open(file):
    packed = gzip.compress(GOOD)
    for data in (GOOD, GOOD[:-1], packed, packed[:-1], packed + b"junk", b"\0\0\x0d\1"):
        path = file(data)
        before = os.listdir("/proc/self/fd")
        outcome(path)
        assert os.listdir("/proc/self/fd") == before
