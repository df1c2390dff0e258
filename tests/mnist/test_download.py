"""Fetching from mirrors: real HTTP on this machine, by servers of every kind of manners."""

import contextlib
import gzip
import hashlib
import io
import json
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from trajectories.mnist import load
from trajectories.mnist.experiments import at_hand

# What MNIST is, and who has it, is not told from outside: small files on this machine stand in.
from trajectories.mnist.source import Remote, fetch


class Manners(BaseHTTPRequestHandler):
    """Serve the server's files; the first part of the path tells how."""

    def do_GET(self):
        _, manner, name = self.path.split("/", 2)
        self.server.asked.append((manner, name))
        getattr(self, manner)(self.server.files[name])

    def log_message(self, *_):
        pass

    def answer(self, data, status=200, length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def good(self, data):
        self.answer(data)

    def missing(self, data):
        self.answer(b"<h1>Not found</h1>", 404)

    def altered(self, data):
        self.answer(data[:-1] + bytes([data[-1] ^ 1]))

    def cut(self, data):
        self.answer(data[:-3], length=len(data))

    def endless(self, data):
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            for _ in range(10_000):
                self.wfile.write(bytes(65536))
                self.server.sent += 65536

    def moved(self, data):
        self.answer(b"", 302, Location="/good/" + self.path.split("/", 2)[2])

    def packed_again(self, data):
        self.answer(gzip.compress(data), Content_Encoding="gzip")

    def silent(self, data):
        self.server.over.wait(20)

    def stalling(self, data):
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.server.over.wait(20)

    def slow(self, data):
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            for start in range(0, len(data), 20_000):
                self.wfile.write(data[start : start + 20_000])
                self.server.over.wait(0.05)

    def images_only(self, data):
        self.answer(data) if "images" in self.path.rpartition("/")[2] else self.answer(b"", 404)

    def labels_only(self, data):
        self.answer(data) if "labels" in self.path.rpartition("/")[2] else self.answer(b"", 503)


@pytest.fixture
def server(small):
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Manners)
    httpd.daemon_threads = True
    httpd.files = {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in small.items()}
    httpd.files["noise.bin"] = np.random.default_rng(0).bytes(200_000)
    httpd.asked, httpd.sent, httpd.over = [], 0, threading.Event()
    # What a client hangs up on is no error of the server.
    httpd.handle_error = lambda *_: None
    httpd.url = f"http://127.0.0.1:{httpd.server_address[1]}/"
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
    thread.start()
    yield httpd
    httpd.over.set()
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture
def remotes(server):
    """The four small files as mirrors should have them."""
    return [remote(name, data) for name, data in server.files.items() if name != "noise.bin"]


@pytest.fixture
def folder(tmp_path, clean):
    path = tmp_path / "arriving"
    path.mkdir()
    return path


def remote(name, data):
    return Remote(name, len(data), hashlib.sha256(data).hexdigest())


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def only_small(server):
    return {name: data for name, data in server.files.items() if name != "noise.bin"}


def manners(server, *names):
    return [f"{server.url}{name}/" for name in names]


# One mirror


@pytest.mark.parametrize("manner", ["good", "moved", "packed_again"])
def test_all_files_arrive(server, remotes, folder, manner):
    fetch(folder, files=remotes, mirrors=manners(server, manner))
    assert contents(folder) == only_small(server)


@pytest.mark.parametrize("harm", ["altered", "link", "device"])
def test_a_damaged_file_in_the_folder_is_fetched_anew(server, remotes, folder, tmp_path, harm):
    fetch(folder, files=remotes, mirrors=manners(server, "good"))
    path = folder / remotes[1].name
    data = path.read_bytes()
    path.unlink()
    if harm == "altered":
        path.write_bytes(data[:-1] + b"?")
    else:
        path.symlink_to(tmp_path / "nowhere" if harm == "link" else "/dev/zero")
    fetch(folder, files=remotes, mirrors=manners(server, "good"))
    assert contents(folder) == only_small(server)
    assert not path.is_symlink()


FAILURES = {
    "missing": "HTTP 404",
    "altered": "altered, as its checksum shows",
    "cut": "the connection broke",
    "endless": "more than the",
    "silent": "no answer",
    "stalling": "the connection failed",
}


@pytest.mark.parametrize("manner", FAILURES)
def test_a_mirror_that_fails_leaves_nothing_is_named_and_passed_over(
    server, remotes, folder, manner
):
    with pytest.raises(OSError, match=r"Cannot fetch 'train-images-idx3-ubyte\.gz'") as caught:
        fetch(folder, files=remotes, mirrors=manners(server, manner), timeout=0.3)
    text = str(caught.value)
    assert f"127.0.0.1:{server.server_address[1]}: " in text
    assert FAILURES[manner] in text
    assert "\n" not in text
    assert len(text) < 160
    assert contents(folder) == {}
    assert server.sent < 50e6
    server.asked.clear()
    fetch(folder, files=remotes, mirrors=manners(server, manner, "good"), timeout=0.3)
    assert contents(folder) == only_small(server)
    # It was asked once; what followed came from the one that had served well.
    assert [name for name, _ in server.asked].count(manner) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/mnist", "", "http://[/", "file:///etc"])
def test_a_mirror_that_nobody_runs_or_that_is_no_web_address(server, remotes, folder, url):
    words = "127.0.0.1:1: the connection failed" if ":1/" in url else "Cannot fetch"
    with pytest.raises(OSError, match=words):
        fetch(folder, files=remotes, mirrors=[url])
    fetch(folder, files=remotes, mirrors=[url, *manners(server, "good")])
    assert contents(folder) == only_small(server)


def test_mirrors_that_each_hold_a_part_make_a_whole(server, remotes, folder):
    fetch(folder, files=remotes, mirrors=manners(server, "images_only", "labels_only"))
    assert contents(folder) == only_small(server)
    # Whichever served last is asked first.
    kinds = [manner.partition("_")[0] for manner, _ in server.asked]
    assert kinds == ["images", "images", "labels", "labels", "images", "images", "labels"]


def test_a_mirror_that_crawls_is_passed_over(server, folder, monkeypatch):
    noise = remote("noise.bin", server.files["noise.bin"])
    now, begin = time.monotonic, time.monotonic()
    fetch(folder, files=[noise], mirrors=manners(server, "slow"))
    assert contents(folder) == {noise.name: server.files[noise.name]}  # Slow, but not too slow.
    (folder / "noise.bin").unlink()
    monkeypatch.setattr(time, "monotonic", lambda: begin + 1000 * (now() - begin))
    with pytest.raises(OSError, match="too slow"):
        fetch(folder, files=[noise], mirrors=manners(server, "slow"))
    assert contents(folder) == {}


def test_a_place_that_cannot_be_written_is_no_fault_of_the_mirror(server, remotes, folder):
    (folder / remotes[0].name).mkdir()
    (folder / "file").write_bytes(b"")
    for place in (folder, folder / "file"):
        with pytest.raises(OSError, match="Cannot write"):
            fetch(place, files=remotes, mirrors=manners(server, "good"))
    assert server.asked == []


@pytest.mark.parametrize(("asked", "terminal"), [(True, True), (True, False), (False, True)])
def test_progress_is_shown_when_asked_on_a_terminal(served, monkeypatch, asked, terminal):
    served("good")
    screen = io.StringIO()
    screen.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", screen)
    load("mnist", progress=asked)
    assert ("MNIST" in screen.getvalue()) == bool(screen.getvalue()) == (asked and terminal)


def child(server, folder, remotes, *names):
    """Start another process that fetches."""
    code = (
        "import json, pathlib, sys\n"
        "from trajectories.mnist.source import Remote, fetch\n"
        "folder, files, mirrors = json.loads(sys.argv[1])\n"
        "fetch(pathlib.Path(folder), files=[Remote(*f) for f in files], mirrors=mirrors)\n"
    )
    told = json.dumps([str(folder), remotes, manners(server, *names)])
    return subprocess.Popen([sys.executable, "-c", code, told], stderr=subprocess.PIPE, text=True)


def test_processes_that_fetch_at_the_same_time_do_not_harm_each_other(server, remotes, folder):
    files = [*remotes, remote("noise.bin", server.files["noise.bin"])]
    children = [child(server, folder, files, "slow") for _ in range(3)]
    for process in children:
        assert (process.communicate(timeout=60)[1], process.returncode) == ("", 0)
    assert contents(folder) == server.files
    assert sum(name == "noise.bin" for _, name in server.asked) >= 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_process_that_is_interrupted_leaves_nothing_whole_that_is_not(server, folder):
    noise = remote("noise.bin", server.files["noise.bin"])
    process = child(server, folder, [noise], "stalling")
    end = time.monotonic() + 30
    while not server.asked and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.5)  # Now it has a part of the file, and waits for more.
    assert contents(folder) == {}
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=30)[1]
    assert contents(folder) == {}


# What `load` makes of it


@pytest.fixture
def served(server, remotes, clean, monkeypatch):
    """Let `load` know the small files instead of MNIST, from mirrors of these manners."""

    def serve(*names, files=remotes, timeout=10.0):
        told = {"files": files, "mirrors": manners(server, *names), "timeout": timeout}
        for name, value in told.items():
            monkeypatch.setitem(fetch.__kwdefaults__, name, value)

    return serve


def test_load_fetches_into_the_cache_and_then_reads_from_there(server, served, clean):
    served("missing", "good")
    for _ in range(2):
        data = load("mnist")
        assert repr(data).endswith(": 30 training and 12 test images of 5 x 4)")
    assert contents(clean) == only_small(server)
    assert len(server.asked) == 5
    served("missing")
    assert np.array_equal(load("auto").train_images, data.train_images)


def test_auto_falls_back_to_the_digits_and_says_so_but_mnist_does_not(served, clean):
    served("missing", "altered")
    words = r"Cannot fetch .*HTTP 404.*altered.* The 8 x 8 digits stand in for MNIST\."
    with pytest.warns(UserWarning, match=words) as caught:
        assert load().name == "digits"
    assert caught[0].filename == __file__
    with pytest.raises(OSError, match="Cannot fetch .*TRAJECTORIES_DATA, or use 'digits'") as error:
        load("mnist")
    assert "\n" not in str(error.value)
    assert contents(clean) == {}


def test_a_damaged_cache_is_mended_or_not_read(server, served, clean):
    served("good")
    first = load("mnist")
    path = clean / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1])
    assert np.array_equal(load("mnist").test_images, first.test_images)
    assert contents(clean) == only_small(server)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    served("missing")
    with pytest.raises(OSError, match="Cannot fetch 't10k-images-idx3-ubyte.gz'"):
        load("mnist")
    with pytest.warns(UserWarning, match="digits stand in"):
        assert load().name == "digits"


def test_a_cache_that_cannot_be_made_is_done_without(served, tmp_path, monkeypatch):
    served("good")
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("TRAJECTORIES_CACHE", str(tmp_path / "file" / "cache"))
    for name in ("mnist", "auto"):
        with pytest.warns(
            UserWarning, match="fetched for this once: it cannot be kept in '.*cache'"
        ) as caught:
            data = load(name)
        assert len(data.train_labels) == 30
        assert caught[0].filename == __file__
    assert contents(tmp_path / "temporary") == {}


def test_the_real_files_go_the_whole_way(server, mnist_folder, mnist, served, clean):
    known = fetch.__kwdefaults__
    # As the MNIST page had them.
    assert [file.size for file in known["files"]] == [9912422, 28881, 1648877, 4542]
    assert all(url.startswith("https://") for url in known["mirrors"])
    server.files = {path.name: path.read_bytes() for path in mnist_folder.glob("*-ubyte.gz")}
    remotes = [remote(name, data) for name, data in server.files.items()]
    served("stalling", "good", files=remotes, timeout=1.0)
    data = load("mnist")
    assert data.name == "MNIST"
    assert np.array_equal(data.train_images, mnist.train_images)
    assert contents(clean) == server.files


def test_images_at_hand_are_never_fetched(server, served, clean, folder_of, small, monkeypatch):
    served("good")
    assert at_hand().name == "digits"
    clean.mkdir()
    for name in only_small(server):
        (clean / name).write_bytes(b"half of it")
    assert at_hand().name == "digits"
    monkeypatch.setenv("TRAJECTORIES_DATA", str(folder_of(small)))
    assert at_hand().name == "shapes"
    assert server.asked == []
