"""Archives from anywhere: bombs, lies and damage are refused in one line, in bounded memory."""

import base64
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
from trajectories.maps.basins import Basins
from trajectories.maps.cells import run_blocks
from trajectories.maps.sensitivity import Sensitivity
from trajectories.mnist.history import History
from trajectories.mnist.landscape import Landscape
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.trainer import Trainer
from trajectories.records import load_archive, load_json, read_arrays, save_archive
from trajectories.search.trials import SearchResult

GIGABYTE = 10**9
ABOUT = np.array('{"format": "it"}')


def zeros(count):
    """Return so many zeros as a raw stream of deflate, made of the same piece again and again."""
    packer = zlib.compressobj(9, wbits=-15)
    piece = packer.compress(bytes(10**6)) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * (count // 10**6) + packer.flush()


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


def refused(path, words, make=lambda about, arrays: (about, arrays)):
    with pytest.raises(ValueError, match="holds no thing: ") as caught:
        load_archive(path, "thing", make)
    message = str(caught.value)
    assert words in message
    assert message.isprintable()
    assert len(message) < 300 + len(str(path))


def header(text):
    text += b" " * (63 - (10 + len(text)) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text


PLAIN = "{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}"

# --- bombs

#: Loads files by every reader there is, in a process with little memory.
ALL = """
import resource, sys
import numpy as np
import trajectories as tj
from pathlib import Path
from trajectories.maps import Basins, Sensitivity
from trajectories.maps.blocks import _read
from trajectories.mnist import History, MultiLayerNet, Trainer
from trajectories.mnist.landscape_result import Landscape

def train(path):
    Trainer(
        MultiLayerNet(4, [3], 2, rng=0), "sgd", np.zeros((5, 4), np.uint8), np.zeros(5, int),
        iterations=2, batch_size=2, rng=0, evaluate={}, checkpoint=path,
    ).run()

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
for folder in sys.argv[1:]:
    path = folder + "/cells-0000000000.npz"
    for load in (
        tj.Trajectory.load, Basins.load, Sensitivity.load, Landscape.load, History.load, train
    ):
        try:
            load(path)
        except ValueError as error:
            print(error)
    print(_read(Path(folder), (0, 5)))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
READERS = ["trajectory", "basins map", "sensitivity map", "landscape map", "history", "checkpoint"]


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
    files = {}
    for kind, members in bombs.items():
        (tmp_path / kind).mkdir()
        files[kind] = tmp_path / kind / "cells-0000000000.npz"
        zipped(files[kind], members)
        assert files[kind].stat().st_size < 2e7
    command = [sys.executable, "-c", ALL, *(str(path.parent) for path in files.values())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    *lines, megabytes = done.stdout.splitlines()
    for kind, path in files.items():
        for what in READERS:
            line = lines.pop(0)
            assert line.startswith(f"{str(path)!r} holds no {what}: ")
            assert words[kind] in line or what == "history"
        assert lines.pop(0) == "None"  # A block just runs again.
    assert lines == []
    assert int(megabytes) < 100


def test_small_numbers_count_as_what_becomes_of_them(tmp_path, monkeypatch):
    monkeypatch.setattr("trajectories.records._MOST", 2**20)
    np.savez_compressed(tmp_path / "a.npz", about=ABOUT, a=np.zeros(2**18, np.int8))
    refused(tmp_path / "a.npz", "would unpack to 2,097,")


def test_what_is_written_about_arrays_may_not_be_endless(tmp_path, monkeypatch):
    monkeypatch.setattr("trajectories.records._MOST_ABOUT", 2**16)
    np.savez_compressed(tmp_path / "a.npz", about=np.array('{"a": [' + "0," * 10**5 + "0]}"))
    refused(tmp_path / "a.npz", "would unpack to 800,")


def bomb(count):
    packed = base64.b64encode(zlib.compress(bytes(8 * count), 9)).decode()
    return {"shape": [count], "float64": packed}


def test_compressed_arrays_in_json_count_too(tmp_path, monkeypatch):
    monkeypatch.setattr("trajectories.records._MOST", 10**6)
    text = json.dumps({"a": [bomb(10**5)] * 3})
    np.savez_compressed(tmp_path / "a.npz", about=np.array(text))
    refused(tmp_path / "a.npz", "would unpack to 1,600,000, more than ")
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=r"holds no thing: its .* would unpack to 1,600,000"):
        load_json(tmp_path / "a.json", "thing", dict)
    with pytest.raises(ValueError, match="holds no history: its "):
        History.load(tmp_path / "a.json")


@pytest.mark.parametrize(
    "shape", [[10**4000] * 200, [-1], ["2"], [True], None, {}, [1] * 40, [10**6, 10**6]]
)
def test_shapes_in_json_that_are_none_are_refused_at_once(shape, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"a": {"shape": shape, "float64": ""}}))
    with pytest.raises(
        ValueError, match=r"would unpack to [0-9,]{10,40}, more than 1,073,741,824$"
    ):
        load_json(tmp_path / "a.json", "thing", dict)


def test_json_may_not_be_endless(tmp_path, monkeypatch):
    monkeypatch.setattr("trajectories.records._MOST_JSON", 2**16)
    (tmp_path / "a.json").write_text(" " * 2**16 + "1")
    with pytest.raises(ValueError, match="holds no thing: it is longer than 65,536 bytes"):
        load_json(tmp_path / "a.json", "thing", int)
    (tmp_path / "a.json").write_text(" " * (2**16 - 1) + "1")
    assert load_json(tmp_path / "a.json", "thing", int) == 1


def test_large_honest_archives_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("trajectories.records._MOST", 2**16)
    values = np.random.default_rng(0).random(2**15)
    np.savez_compressed(tmp_path / "a.npz", about=ABOUT, a=values)
    _, arrays = load_archive(tmp_path / "a.npz", "thing", lambda *both: both, form="it")
    np.testing.assert_array_equal(arrays["a"], values)


# --- damage and lies


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (b"", "magic string"),
        (b"\x93NUMPY\1\0", "does not begin as NumPy's arrays do"),
        (b"\x93NUMPY\3\0" + header(PLAIN.format("<f8", "()").encode())[8:] + bytes(8), "not begin"),
        (header(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1L,), }") + bytes(8), "begin"),
        (header(b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }"), "begin"),
        (header(PLAIN.format("<f8", "(2,)").encode()) + bytes(15), "is not of the length"),
        (header(PLAIN.format("<f8", "(2,)").encode()) + bytes(17), "is not of the length"),
        (header(PLAIN.format("<f8", "(999999999999, 2)").encode()), "is not of the length"),
        (header(PLAIN.format("<U0", "(999999999999,)").encode()), "is of the type <U0"),
        (header(PLAIN.format("|O", "(1,)").encode()) + b"\x80\x04N.", "does not begin"),
        (header(PLAIN.format("|O8", "(1,)").encode()) + b"\x80\x04N.", "is of the type |O8"),
        (header(PLAIN.format("|V8", "(1,)").encode()) + bytes(8), "is of the type |V8"),
        (header(PLAIN.format("<c16", "(1,)").encode()) + bytes(16), "is of the type <c16"),
        # An old letter for bytes, of which NumPy would warn.
        (header(PLAIN.format("|a5", "(1,)").encode()) + bytes(5), "is of the type |a5"),
        (header(PLAIN.format("<f3", "(1,)").encode()) + bytes(3), "data type '<f3' not understood"),
        (b"\x80\x04N.", "magic string"),
    ],
)
def test_members_that_are_no_arrays_are_refused(member, words, tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "about.npy", header(PLAIN.format("<U2", "()").encode()) + "{}".encode("utf-32-le")
        )
        archive.writestr("a.npy", member)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused(path, words)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        (None, "it lacks 'about'"),
        (np.array(3.0), "what is written about it is no text"),
        (np.array(["{}"]), "what is written about it is no text"),
        (np.array(""), "Expecting value"),
        (np.array("[]"), "what is written about it is no record"),
        (np.array("[" * 10**5), "recursion"),
        (np.array('{"format": "another"}'), "its format is 'another', not 'it'"),
        (np.array("{}"), "its format is None, not 'it'"),
        (np.array(json.dumps({"format": "\n" * 5000})), "its format is '\\n"),
    ],
)
def test_archives_about_nothing_are_refused(about, words, tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, a=np.zeros(2), **({} if about is None else {"about": about}))
    with pytest.raises(ValueError, match="holds no thing: ") as caught:
        load_archive(path, "thing", lambda *both: both, form="it")
    assert words in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300 + len(str(path))


def test_arrays_of_objects_are_refused_and_no_pickle_runs(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "a.npz"
    np.savez(path, about=ABOUT, a=np.array([Evil()], dtype=object))
    refused(path, "its a.npy does not begin as NumPy's arrays do")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_truncated_archives_are_refused(part, tmp_path):
    path = tmp_path / "a.npz"
    tj.descend("x**2 + y**2", "sgd:0.1", (1, 2), 5).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    for load, what in ((tj.Trajectory.load, "trajectory"), (Basins.load, "basins map")):
        with pytest.raises(ValueError, match=f"holds no {what}: ") as caught:
            load(path)
        assert str(caught.value).isprintable()


def test_a_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, about=ABOUT, a=np.arange(1000.0))
    whole = bytearray(path.read_bytes())
    whole[whole.index(np.float64(500).tobytes())] ^= 1
    path.write_bytes(whole)
    refused(path, "Bad CRC-32")


def test_links_are_followed_as_by_any_program(tmp_path):
    if not hasattr(os, "symlink"):
        pytest.skip("no links")
    path = tj.descend("x**2 + y**2", "sgd:0.1", (1, 2), 5)
    path.save(tmp_path / "a.npz")
    (tmp_path / "link.npz").symlink_to("a.npz")
    assert tj.Trajectory.load(tmp_path / "link.npz") == path
    (tmp_path / "round.npz").symlink_to("round.npz")
    (tmp_path / "nowhere.npz").symlink_to("nothing")
    with pytest.raises(OSError, match="[Tt]oo many"):
        tj.Trajectory.load(tmp_path / "round.npz")
    with pytest.raises(FileNotFoundError):
        tj.Trajectory.load(tmp_path / "nowhere.npz")
    with pytest.raises(ValueError, match="holds no trajectory: "):
        tj.Trajectory.load(os.devnull)


# --- what was accepted, and then of no use


def test_maps_of_other_arrays_are_refused(tmp_path):
    found = tj.basins("himmelblau", "sgd:0.01", steps=9, resolution=4)
    good = {name: getattr(found, name) for name in ("minimum", "steps", "status")}
    for change, words in [
        ({"minimum": good["minimum"] * 0 + (2**31 - 1)}, "`minimum` must be -1 to "),
        ({"minimum": good["minimum"].astype(str)}, "`minimum` must be an array of integers"),
        ({"minimum": good["minimum"] - 9}, "`minimum` must be -1 to "),
        ({"steps": good["steps"] + 0.5}, "`steps` must be an array of integers"),
        ({"status": np.full_like(good["status"], "lost")}, "`status` must be one of stopped"),
        ({name: array[:0] for name, array in good.items()}, "not empty"),
    ]:
        save_archive(
            tmp_path / "a.npz", "trajectories basins 1", found.to_dict(), {**good, **change}
        )
        with pytest.raises(ValueError, match="holds no basins map: ") as caught:
            Basins.load(tmp_path / "a.npz")
        assert words in str(caught.value)
    map_ = tj.sensitivity("sphere", "sgd", steps=5, lr=[0.1, 0.5])
    for change, words in [
        ({"values": map_.values.astype(str)}, "`values` must be an array of floats"),
        ({"status": np.array(["stopped", "lost"])}, "`status` must be one of stopped"),
    ]:
        arrays = {"values": map_.values, "status": map_.status, **change}
        save_archive(tmp_path / "a.npz", "trajectories sensitivity 1", map_.to_dict(), arrays)
        with pytest.raises(ValueError, match="holds no sensitivity map: ") as caught:
            Sensitivity.load(tmp_path / "a.npz")
        assert words in str(caught.value)


def trainer(path, **changes):
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
        ("progress/losses", lambda a: a[:1], "`progress/losses` must be of shape"),
        ("network/params", lambda a: a[:-1], "must be that of a network of the same shape"),
        ("network/params", None, "must be that of a network of the same shape"),
        ("optimizer/steps_taken", None, "with 'steps_taken'"),
        (
            "about",
            lambda a: np.array(str(a).replace('"iteration": 6', '"iteration": 7')),
            "at most",
        ),
        (
            "about",
            lambda a: np.array(str(a).replace('"rows": [', '"rows": [[0, 0, 0.0], ')),
            "shape",
        ),
        ("about", lambda a: np.array(str(a).replace('"rng"', '"other"')), "it lacks 'rng'"),
        ("about", lambda a: np.array(str(a).replace('"identity"', '"other"')), "lacks 'identity'"),
    ],
)
def test_a_checkpoint_of_other_arrays_changes_nothing(name, change, words, tmp_path):
    path = tmp_path / "a.npz"
    trainer(path).run()
    with np.load(path) as archive:
        arrays = {key: archive[key] for key in archive.files}
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change(arrays[name])
    np.savez(path, **arrays)
    run = trainer(path)
    weights, drawn = run.network.flat_params.copy(), run.rng.bit_generator.state
    with pytest.raises(ValueError, match="holds no checkpoint: ") as caught:
        run.run()
    assert words in str(caught.value)
    np.testing.assert_array_equal(run.network.flat_params, weights)
    assert run.rng.bit_generator.state == drawn
    assert run.iteration == 0
    path.unlink()
    run.run()
    whole = trainer(None)
    whole.run()
    np.testing.assert_array_equal(run.network.flat_params, whole.network.flat_params)


def test_histories_of_fractions_of_iterations_are_refused(tmp_path):
    for bad in (float("nan"), float("inf"), 0.5, 1e300):
        with pytest.raises(ValueError, match="`iteration` must be whole numbers"):
            History("run", [0.5], [bad], [0], {}, [1.0])
    text = json.dumps(History("run", [0.5], [0], [0], {}, [1.0]).to_dict())
    (tmp_path / "a.json").write_text(text.replace('"diverged_at": null', '"diverged_at": Infinity'))
    with pytest.raises(ValueError, match="holds no history: "):
        History.load(tmp_path / "a.json")


def test_journals_of_endless_rounds_or_words_are_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    tj.search_surface("sphere", "sgd", {"lr": "log(0.01, 1)"}, trials=4, steps=8, journal=path)
    whole = path.read_text()
    for old, new in [
        ('"rounds":1', '"rounds":1000000000'),
        ('"round":0', '"round":1000000000'),
        ('"trials":4', '"trials":true'),
        ('"measure":"', '"size":"'),
        ('"goal":"min"', '"goal":["min"]'),
        ('"trajectories search 1"', json.dumps("long " * 5000)),
    ]:
        assert old in whole, old
        path.write_text(whole.replace(old, new))
        with pytest.raises(ValueError, match="holds no ") as caught:
            SearchResult.load(path)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 400 + len(str(path))


def test_landscapes_of_other_words_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    words = {"data": {"name": "digits"}, "settings": {}, "seeds": [1], "labels": ["SGD", "Adam"]}
    words |= {"diverged_at": [None, 2], "quick": False, "versions": {}}
    arrays = dict.fromkeys(("losses", "plane_losses", "off", "gone"), rng.random((2, 3)))
    arrays |= {"iterations": np.arange(3), "places": rng.random((2, 3, 2)), "x": np.arange(4.0)}
    arrays |= {"y": np.arange(5.0), "grid": rng.random((5, 4)), "origin": rng.random(7)}
    arrays |= {"axes": rng.random((2, 7)), "shares": np.array([0.7, 0.2])}
    path = tmp_path / "a.npz"
    save_archive(path, "trajectories landscape 1", words, arrays)
    assert "digits" in repr(Landscape.load(path))
    for change in [
        {"data": {}}, {"data": []}, {"settings": 1}, {"labels": ["a", 1]}, {"labels": "ab"},
        {"diverged_at": [None]}, {"diverged_at": [None, "2"]}, {"seeds": 1}, {"versions": None},
    ]:  # fmt: skip
        save_archive(path, "trajectories landscape 1", {**words, **change}, arrays)
        with pytest.raises(ValueError, match="holds no landscape map: `") as caught:
            Landscape.load(path)
        assert str(caught.value).isprintable()


def test_blocks_of_other_things_run_again(tmp_path):
    def work(begin, end):
        return {"a": np.arange(begin, end)}

    run_blocks(work, 4, 2, folder=tmp_path)
    path = tmp_path / "cells-0000000000.npz"
    with open(path, "rb") as file:
        assert read_arrays(file)["a"].tolist() == [0, 1]
    for content in (b"", b"PK", np.array([None])):
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            np.savez(path, a=content)
        assert run_blocks(work, 4, 2, folder=tmp_path)["a"].tolist() == [0, 1, 2, 3]
