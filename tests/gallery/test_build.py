"""The gallery's build, with scripts that need no Matplotlib; and the gallery itself."""

import ast
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

GALLERY = Path(__file__).parents[2] / "gallery"
SCRIPTS = sorted(GALLERY.glob("plot_*.py"))

STILL = '''"""
A <still> picture
=================

It is red & ``wide``. It has two sentences.

And a second paragraph.
"""

# %%
from PIL import Image

# A comment with <b>markup</b>.
Image.new("RGB", (640, 320), "red").save("red & wide.png")
open("numbers.txt", "w").write("1 2 3")
'''
MOVING = '''"""
A moving picture
================

It ends in blue.
"""

from PIL import Image

first, *rest = (Image.new("RGB", (600, 600), color) for color in ("red", "lime", "blue"))
first.save("colors.gif", save_all=True, append_images=rest, duration=100)
'''


def build(folder, *options):
    """Build the scripts in a folder, and return what the process did."""
    command = [sys.executable, str(GALLERY / "build.py"), "--scripts", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder)


def stamps(folder):
    return {path.parent.name: path.stat().st_mtime for path in folder.glob("build/*/result.json")}


def leftovers(folder):
    return [path.name for path in (folder / "build").iterdir() if path.name.startswith(".")]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    (folder / "plot_1_still.py").write_text(STILL, encoding="utf-8")
    (folder / "plot_2_moving.py").write_text(MOVING, encoding="utf-8")
    done = build(folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "build/index.html"
    assert sorted(done.stdout.splitlines()) == [
        "build/index.html",
        "build/plot_1_still/red & wide.png",
        "build/plot_2_moving/colors.gif",
    ]
    return folder


@pytest.fixture
def built(original, tmp_path):
    """Return a folder of two scripts whose results are up to date."""
    return shutil.copytree(original, tmp_path / "copy")


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, and its text."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def check_page(folder):
    """Make sure that a page asks for nothing from elsewhere, and for nothing that is not there."""
    page = Page(folder / "index.html")
    names = ("src", "href", "srcset", "poster", "data-moving", "action")
    addresses = [at[name] for _, at in page.elements for name in names if name in at]
    local = [address for address in addresses if not address.startswith(("data:", "#"))]
    assert local
    for address in local:
        assert "//" not in address
        assert (folder / unquote(address)).is_file(), address
    source = (folder / "index.html").read_text(encoding="utf-8")
    assert not any(word in source for word in ("url(", "@import"))
    assert all(image.get("alt", "").strip() for image in page.all("img"))
    return page


def test_pictures_thumbnails_and_page_are_written(built):
    output = built / "build"
    with Image.open(output / "plot_1_still/thumbnails/red & wide.png.png") as still:
        assert still.size == (480, 240)
    with Image.open(output / "plot_2_moving/thumbnails/colors.gif.png") as moving:
        assert moving.size == (480, 480)
        assert moving.getpixel((240, 240)) == pytest.approx((0, 0, 255), abs=2)
    assert (output / "plot_1_still/plot_1_still.py").read_text(encoding="utf-8") == STILL
    assert not leftovers(built)


def test_the_page_is_whole(built):
    page = check_page(built / "build")
    assert [card["id"] for card in page.all("article")] == ["plot_1_still", "plot_2_moving"]
    assert "A <still> picture" in page.text
    assert "It is red & wide. It has two sentences." in page.text
    assert "And a second paragraph." in page.text
    assert "# A comment with <b>markup</b>." in page.text
    assert 'Image.new("RGB", (640, 320), "red")' in page.text
    assert not page.all("b")
    assert [image.get("data-moving") for image in page.all("img")] == [
        None,
        "plot_2_moving/colors.gif",
    ]
    links = [unquote(link["href"]) for link in page.all("a")]
    assert "plot_1_still/numbers.txt" in links
    assert "plot_2_moving/plot_2_moving.py" in links


def test_a_second_build_runs_nothing_and_writes_nothing(built):
    before = stamps(built), (built / "build/index.html").stat().st_mtime_ns
    done = build(built)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "2 of 2 up to date\n"
    assert (stamps(built), (built / "build/index.html").stat().st_mtime_ns) == before
    assert build(built, "-q").stderr == ""


def test_only_what_is_out_of_date_runs(built):
    before = stamps(built)
    with open(built / "plot_2_moving.py", "a", encoding="utf-8") as file:
        file.write("# An edit.\n")
    done = build(built)
    after = stamps(built)
    assert after["plot_1_still"] == before["plot_1_still"]
    assert after["plot_2_moving"] > before["plot_2_moving"]
    assert done.stdout.split() == ["build/plot_2_moving/colors.gif", "build/index.html"]
    # A result that is not whole is out of date too.
    (built / "build/plot_1_still/thumbnails/red & wide.png.png").unlink()
    assert "plot_1_still" in build(built).stdout


def test_force_and_only_choose_what_runs(built):
    before = stamps(built)
    assert build(built, "--force", "--only", "still").returncode == 0
    after = stamps(built)
    assert after["plot_1_still"] > before["plot_1_still"]
    assert after["plot_2_moving"] == before["plot_2_moving"]
    assert build(built, "-f", "-j", "1", "--only", "*_2_*", "--only", "nothing|").returncode == 2
    assert build(built, "-f", "-j", "1", "--only", "*_2_*").returncode == 0
    assert stamps(built)["plot_2_moving"] > before["plot_2_moving"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("raise RuntimeError('No\\nluck today')", "luck today"),
        ("this is no Python", "SyntaxError: invalid syntax"),
        ("import os\nos.remove('colors.gif')", "wrote no picture into the current directory"),
        ("import sys\nsys.exit(3)", "ended with status 3"),
        ("open('bad.png', 'w').write('no picture')", "bad.png cannot be read"),
        ("import time\ntime.sleep(60)", "timed out after 2 s"),
    ],
)
def test_a_script_that_fails_is_named_and_its_old_result_kept(built, change, words):
    picture = built / "build/plot_2_moving/colors.gif"
    before = picture.stat().st_mtime_ns
    with open(built / "plot_2_moving.py", "a", encoding="utf-8") as file:
        file.write(change + "\n")
    (built / "plot_3_still.py").write_text(STILL, encoding="utf-8")
    done = build(built, "-q", "--timeout", "2" if "sleep" in change else "60")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("plot_2_moving failed: ")
    assert words in line
    assert picture.stat().st_mtime_ns == before
    assert not leftovers(built)
    page = check_page(built / "build")
    assert len(page.all("article")) == 3
    assert change not in page.text


def test_results_of_scripts_that_are_gone_are_removed_and_nothing_else(built):
    (built / "build/mine").mkdir()
    (built / "build/notes.txt").touch()
    (built / "plot_1_still.py").unlink()
    assert build(built).stdout == "build/index.html\n"
    kept = sorted(path.name for path in (built / "build").iterdir())
    assert kept == ["index.html", "mine", "notes.txt", "plot_2_moving"]
    assert len(check_page(built / "build").all("article")) == 1


def test_a_folder_of_somebody_else_is_not_replaced(built):
    (built / "plot_3_still.py").write_text(STILL, encoding="utf-8")
    mine = built / "build/plot_3_still/mine.txt"
    mine.parent.mkdir()
    mine.touch()
    done = build(built)
    assert done.returncode == 1
    assert "plot_3_still is in the way" in done.stderr
    assert mine.exists()


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_stops_its_children_and_leaves_no_half_results(built, number):
    page = (built / "build/index.html").read_bytes()
    mark = built / "pid"
    with open(built / "plot_1_still.py", "a", encoding="utf-8") as file:
        file.write(f"import os, time\nopen({str(mark)!r}, 'w').write(f'{{os.getpid()}}.')\n")
        file.write("time.sleep(60)\n")
    command = [sys.executable, str(GALLERY / "build.py"), "--scripts", str(built)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not (mark.exists() and mark.read_text().endswith(".")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(timeout=10) == 130
        assert process.stderr.read().splitlines()[-1] == "Interrupted."
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(mark.read_text().strip(".")), 0)
        pytest.fail("the script is still running")
    assert not leftovers(built)
    assert (built / "build/index.html").read_bytes() == page
    check_page(built / "build")


@pytest.mark.parametrize(
    "options",
    [
        "--jobs 0",
        "-j many",
        "--only nothing",
        "--timeout nan",
        "--scripts nowhere",
        "-o file",
        "-z",
    ],
)
def test_bad_usage_is_one_line_and_exits_2(original, options):
    (original / "file").touch()
    done = build(original, *options.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_of_the_gallery_is_short_and_teaches(path):
    source = path.read_text(encoding="utf-8")
    module = ast.parse(source)
    compile(module, str(path), "exec")
    title, underline, blank, *text = ast.get_docstring(module).split("\n")
    assert underline == "=" * len(title)
    assert blank == ""
    sentences = " ".join(text).count(". ") + 1
    assert 1 <= sentences <= 4
    assert text[-1].endswith(".")
    rows = [(node.lineno, node.end_lineno) for node in module.body[1:]]
    assert 5 <= sum(last + 1 - first for first, last in rows) <= 20
    assert "import trajectories as tj\n" in source
    assert "pyplot" not in source
    assert "\n# %%\n" in source


@pytest.mark.slow
def test_the_whole_gallery_is_built(tmp_path):
    done = build(GALLERY, "-o", str(tmp_path))
    assert (done.returncode, len(check_page(tmp_path).all("article"))) == (0, len(SCRIPTS))
    for path in filter(None, map(Path, done.stdout.splitlines())):
        assert path.is_file()
