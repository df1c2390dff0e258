"""Archives from anywhere: bombs, lies and damage are refused in one line, in bounded memory."""

import bz2
import json
import lzma
import os
import struct
import subprocess
import sys
import warnings
import zipfile
import zlib

import numpy as np
import pytest

import trajectories as tj
from trajectories.mnist import History, MultiLayerNet, Trainer

BOWL = "x**2/20 + y**2"
GIGABYTE = 10**9


def zeros(count, before=b""):
    """Return so many zeros as a raw stream of deflate, made of the same piece again and again."""
    packer = zlib.compressobj(9, wbits=-15)
    begin = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(bytes(10**6)) + packer.flush(zlib.Z_FULL_FLUSH)
    return begin + piece * (count // 10**6) + packer.flush()


def zipped(path, members):
    """Write a zip file of members that are packed already: name, method, bytes, told size."""
    body, directory = b"", b""
    for name, method, packed, size in members:
        about = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 0, 0, len(packed), size, len(name), 0)
        entry = (
            struct.pack("<4sH", b"PK\1\2", 20) + about + bytes(10) + struct.pack("<I", len(body))
        )
        directory += entry + name
        body += b"PK\3\4" + about + name + packed
    count = len(members)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)
    path.write_bytes(body + directory + end)


def header(text):
    text += b" " * (63 - (10 + len(text)) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text


def plain(kind, shape="(1,)"):
    return header(f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode())


def refused(path, words, load=tj.Trajectory.load, what="trajectory"):
    with pytest.raises(ValueError, match=f"holds no {what}") as caught:
        load(path)
    message = str(caught.value)
    assert words in message
    assert message.isprintable()
    assert len(message) < 400 + len(str(path))


def altered(path, **changes):
    """Write an archive again with some of its arrays changed."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for name, change in changes.items():
        if change is None:
            del arrays[name]
        else:
            arrays[name] = change(arrays[name]) if callable(change) else change
    np.savez(path, **arrays)
    return path


def replaced(old, new):
    """Return what replaces a part of the text that tells about arrays."""

    def change(about):
        assert old in str(about)
        return np.array(str(about).replace(old, new))

    return change


@pytest.fixture
def saved(tmp_path):
    """The archive of a descent."""
    tj.descend(BOWL, "sgd:0.9", (-7, 2), 3).save(tmp_path / "a.npz")
    return tmp_path / "a.npz"


# --- bombs

#: Loads files by every reader there is, in a process with little memory.
ALL = """
import resource, sys
import numpy as np
import trajectories as tj
from trajectories.mnist import History, MultiLayerNet, Trainer

def train(path):
    Trainer(
        MultiLayerNet(4, [3], 2, rng=0), "sgd", np.zeros((5, 4), np.uint8), np.zeros(5, int),
        iterations=2, batch_size=2, rng=0, evaluate={}, checkpoint=path,
    ).train()

def again():
    return tj.basins("sphere", "sgd:0.1", steps=3, resolution=3, folder="blocks").steps.tolist()

found = again()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
for path in sys.argv[1:]:
    for load in (tj.Trajectory.load, tj.Basins.load, tj.Sensitivity.load, History.load, train):
        try:
            load(path)
        except ValueError as error:
            print(error)
    with open(path, "rb") as bomb, open("blocks/cells-0000000000.npz", "wb") as block:
        block.write(bomb.read())
    print(again() == found)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
READERS = ["trajectory", "basins map", "sensitivity map", "history", "checkpoint"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits and figures as Linux has them")
def test_ten_gigabytes_of_zeros_are_not_unpacked_by_any_reader(tmp_path):
    packed = zeros(GIGABYTE)
    # Python unpacks all of the last two at once, whatever it is asked for.
    bombs = {
        "told": [(b"a%d.npy" % i, 8, packed, GIGABYTE) for i in range(10)],
        "lying": [(b"about.npy", 8, packed * 9 + zeros(GIGABYTE), 1000)],
        "bzip2": [(b"about.npy", 12, bz2.compress(bytes(10**8)), 1000)],
        "lzma": [(b"about.npy", 14, lzma.compress(bytes(10**7)), 1000)],
    }
    words = {
        "told": "would unpack to 10,000,000,000, more than ",
        "lying": "",
        "bzip2": "its about.npy is compressed in a way of its own",
        "lzma": "its about.npy is compressed in a way of its own",
    }
    for kind, members in bombs.items():
        zipped(tmp_path / kind, members)
        assert (tmp_path / kind).stat().st_size < 2e7
    command = [sys.executable, "-c", ALL, *bombs]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *lines, megabytes = done.stdout.splitlines()
    for kind in bombs:
        for what in READERS:
            line = lines.pop(0)
            assert line.startswith(f"'{kind}' holds no {what}: ")
            assert words[kind] in line or what == "history"
        assert lines.pop(0) == "True", "a block just runs again"
    assert lines == []
    assert int(megabytes) < 100


@pytest.mark.parametrize("shape", [[10**4000] * 200, [-1], ["2"], None, [1] * 40, [10**6, 10**6]])
def test_arrays_in_json_are_bounded_by_their_shapes(shape, tmp_path, saved):
    text = json.dumps({"a": [{"shape": shape, "float64": ""}] * 3})
    (tmp_path / "a.json").write_text(text)
    refused(tmp_path / "a.json", "would unpack to ", History.load, "history")
    refused(altered(saved, about=np.array(text)), "would unpack to ")


def test_json_may_not_be_endless(tmp_path):
    with open(tmp_path / "a.json", "wb") as file:
        file.truncate(2**28 + 1)
    refused(tmp_path / "a.json", "it is longer than 268,435,456 bytes", History.load, "history")


# --- damage and lies


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (b"", "magic string"),
        (b"\x93NUMPY\1\0", "does not begin as NumPy's arrays do"),
        (header(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1L,), }") + bytes(8), "begin"),
        (header(b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }"), "begin"),
        (plain("|O") + b"\x80\x04N.", "does not begin"),
        (plain("<f8", "(2,)") + bytes(17), "is not of the length"),
        (plain("<f8", "(999999999999, 2)"), "is not of the length"),
        (plain("|O8") + b"\x80\x04N.", "is of the type |O8"),
        # An old letter for bytes, of which NumPy would warn.
        (plain("|a5") + bytes(5), "is of the type |a5"),
        (plain("<f3") + bytes(3), "data type '<f3' not understood"),
    ],
)
def test_members_that_are_no_arrays_are_refused(member, words, saved):
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("a.npy", member)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused(saved, words)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        (None, "it lacks 'about'"),
        (np.array(["{}"]), "what is written about it is no text"),
        (np.array(""), "Expecting value"),
        (np.array("[" * 10**5), "recursion"),
        (np.array('{"format": "another"}'), "its format is 'another', not '"),
        (np.array(json.dumps({"format": "\n" * 5000})), "its format is '\\n"),
        (replaced('"SGD"', "3"), "`label` must be text"),
        (replaced("x**2/20", "open(x)"), "unknown function"),
    ],
)
def test_archives_about_something_else_are_refused(about, words, saved):
    refused(altered(saved, about=about), words)


@pytest.mark.parametrize(
    "rule",
    [
        None, [], {"name": ["sgd"]}, {"name": "object"}, {"name": "sgd", "lr": float("nan")},
        {"name": "sgd", "lr": [[1], [2, 3]]}, {"name": "sgd", "lr": 10**400},
        {"name": "sgd", "lr": {"shape": [2.0], "float64": "eJwDAAAAAAE="}},
        {"name": "sgd", "steps_taken": 3}, {"name": "sgd", "__class__": 3},
        {"name": "adam", "beta1": "cosine(1, 5)"},
    ],
    ids=repr,
)  # fmt: skip
def test_archives_of_optimizers_that_are_none_are_refused(rule, saved):
    def change(about):
        return np.array(json.dumps({**json.loads(str(about)), "optimizer": rule}))

    refused(altered(saved, about=change), "")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("status", np.array("lost"), "`status` must be one of converged, diverged"),
        ("status", np.array(["finished"]), "`status` must be of shape"),
        ("positions", lambda a: a.astype(str), "`positions` must be an array of floats"),
        ("positions", lambda a: a[:0], "must be"),
        ("values", lambda a: a[:-1], "`values` must be of shape"),
        ("gradients", lambda a: a[..., :1], "`gradients` must be of shape"),
        ("recorded", lambda a: a[::-1], "`recorded` must be rising"),
        ("diverged_at", lambda a: a + 0.5, "`diverged_at` must be an array of integers"),
    ],
)
def test_archives_of_other_arrays_are_refused(name, change, words, saved):
    refused(altered(saved, **{name: change}), words)


def test_arrays_of_objects_are_refused_and_no_pickle_runs(saved, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    refused(
        altered(saved, values=np.array([Evil()], dtype=object)), "its values.npy does not begin"
    )
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("part", [0.1, 0.999])
def test_truncated_archives_are_refused(part, saved):
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(part * len(whole))])
    refused(saved, "")
    refused(saved, "", tj.Basins.load, "basins map")


def test_a_flipped_bit_is_noticed(saved):
    whole = bytearray(altered(saved).read_bytes())
    whole[whole.index(np.float64(-7).tobytes())] ^= 1
    saved.write_bytes(whole)
    refused(saved, "Bad CRC-32")


# --- other results


def test_maps_of_other_arrays_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    hills = tj.basins("himmelblau", "sgd:0.01", steps=9, resolution=4)
    rates = tj.sensitivity("sphere", "sgd", steps=5, lr=[0.1, 0.5])
    for found, change, words in [
        (hills, {"minimum": lambda a: a * 0 + (2**31 - 1)}, "`minimum` must be -1 to "),
        (hills, {"steps": lambda a: a + 0.5}, "`steps` must be an array of integers"),
        (hills, {"status": lambda a: np.full_like(a, "lost")}, "`status` must be one of finished"),
        (hills, dict.fromkeys(("minimum", "steps", "status"), lambda a: a[:0]), "not empty"),
        (rates, {"status": np.array(["finished", "lost"])}, "`status` must be one of finished"),
    ]:
        found.save(path)
        what = "basins map" if found is hills else "sensitivity map"
        refused(altered(path, **change), words, type(found).load, what)


def trainer(path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (20, 6)).astype(np.uint8), rng.integers(0, 3, 20)
    network = MultiLayerNet(6, [4], 3, rng=0)
    how = {"batch_size": 5, "iterations": 6, "rng": 1, "checkpoint": path}
    how["evaluate"] = {"test": (images, labels)}
    return Trainer(network, "adam", images, labels, **how)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("optimizer/all/m", lambda a: a[:1], "`optimizer/all/m` must be of shape"),
        ("optimizer/steps_taken", None, "with 'steps_taken'"),
        ("progress/losses", lambda a: a[:1], "`progress/losses` must be of shape"),
        ("network/params", None, "must be that of a network of the same shape"),
        ("about", replaced('"iteration": 6', '"iteration": 7'), "at most"),
        ("about", replaced('"rows": [', '"rows": [[0, 0, 0.0], '), "shape"),
        ("about", replaced('"rng"', '"other"'), "it lacks 'rng'"),
    ],
)
def test_a_checkpoint_of_other_arrays_changes_nothing(name, change, words, tmp_path):
    path = tmp_path / "a.npz"
    whole = trainer(path)
    whole.train()
    altered(path, **{name: change})
    run = trainer(path)
    weights, drawn = run.network.flat_params.copy(), run.rng.bit_generator.state
    refused(path, words, lambda _: run.train(), "checkpoint")
    np.testing.assert_array_equal(run.network.flat_params, weights)
    assert run.rng.bit_generator.state == drawn
    assert run.iteration == 0
    path.unlink()
    run.train()
    np.testing.assert_array_equal(run.network.flat_params, whole.network.flat_params)


def test_journals_of_endless_rounds_or_words_are_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    tj.search_surface("sphere", "sgd", "lr=log:0.01:1", trials=4, steps=8, journal=path)
    whole = path.read_text()
    for old, new in [
        ('"rounds":1', '"rounds":1000000000'),
        ('"round":0', '"round":1000000000'),
        ('"measure":"', '"size":"'),
        ('"trajectories search 1"', json.dumps("long " * 5000)),
    ]:
        assert old in whole, old
        path.write_text(whole.replace(old, new))
        refused(path, "", tj.SearchResult.load, "")
