"""The gallery's build, with scripts that need no Matplotlib; and the gallery itself."""

import contextlib
import importlib.util
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


def stamps(folder):
    return {path.parent.name: path.stat().st_mtime for path in folder.glob("build/*/result.json")}


def leftovers(folder):
    return [path.name for path in (folder / "build").iterdir() if path.name.startswith(".")]


@pytest.fixture
def built(small_gallery, tmp_path):
    """Return a folder of two scripts whose results are up to date."""
    return shutil.copytree(small_gallery, tmp_path / "copy")


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


def check_page(folder, name="index.html"):
    """Make sure that a page asks for nothing from elsewhere, and for nothing that is not there."""
    page = Page(folder / name)
    names = ("src", "href", "srcset", "poster", "data-moving", "action")
    addresses = [at[name] for _, at in page.elements for name in names if name in at]
    local = [address for address in addresses if not address.startswith(("data:", "#"))]
    assert local
    for address in local:
        assert "//" not in address
        path, _, anchor = unquote(address).partition("#")
        assert (folder / path).is_file(), address
        ids = {at.get("id") for _, at in Page(folder / path).elements} if anchor else set()
        assert not anchor or anchor in ids, address
    source = (folder / name).read_text(encoding="utf-8")
    assert not any(word in source for word in ("url(", "@import"))
    assert all(image.get("alt", "").strip() for image in page.all("img"))
    return page


def test_pictures_thumbnails_and_page_are_written(built, still_script):
    output = built / "build"
    with Image.open(output / "plot_1_still/thumbnails/red & wide.png.png") as still:
        assert still.size == (640, 320)
    with Image.open(output / "plot_20_moving/thumbnails/colors.gif.png") as moving:
        assert moving.size == (600, 600)
        assert moving.convert("RGB").getpixel((240, 240)) == pytest.approx((0, 0, 255), abs=2)
    assert (output / "plot_1_still/plot_1_still.py").read_text(encoding="utf-8") == still_script
    assert not leftovers(built)


def test_the_page_is_whole(built):
    page = check_page(built / "build")
    assert [card["id"] for card in page.all("article")] == ["plot_1_still", "plot_20_moving"]
    assert "A <still> picture" in page.text
    assert "It is red & wide. It has two sentences." in page.text
    assert "And a second paragraph." in page.text
    assert "Tags:" not in page.text
    notes = [at for at in page.all("p") if at.get("class") == "note"]
    assert len(notes) == 1
    assert page.text.count("Note: it is <made> of nothing.") == 2, "on the card and in the script"
    assert page.text.count("This goes nowhere.") == 1
    assert "# A comment with <b>markup</b>." in page.text
    assert 'Image.new("RGB", (640, 320), "red")' in page.text
    assert not page.all("b")
    assert [image.get("data-moving") for image in page.all("img")] == [
        None,
        "plot_20_moving/colors.gif",
    ]
    links = [unquote(link["href"]) for link in page.all("a")]
    assert "plot_1_still/numbers.txt" in links
    assert "plot_20_moving/plot_20_moving.py" in links
    assert "plot_20_moving/plot_20_moving.ipynb" in links
    assert [at["data-tags"] for at in page.all("article")] == ["red|wide & still", "red|blue"]
    assert [at.get("data-tag") for at in page.all("button") if "data-tag" in at] == [
        "",
        "blue",
        "red",
        "wide & still",
    ]
    headings = [at["id"] for at in page.all("h2")]
    assert headings == ["section-the-chapter-figure-by-figure", "section-races"]


def test_pages_of_text_show_the_pictures_that_there_are(built):
    page = check_page(built / "build", "when.html")
    assert [image["src"] for image in page.all("img")] == [
        "plot_20_moving/thumbnails/colors.gif.png"
    ]
    assert {"index.html", "index.html#plot_20_moving"} <= {at.get("href") for at in page.all("a")}
    assert "When to move" in page.text
    assert "code & <b>" in page.text
    assert not page.all("b")
    assert page.all("table")
    # The gallery links to it.
    assert "when.html" in {at.get("href") for at in check_page(built / "build").all("a")}


def test_a_second_build_runs_nothing_and_writes_nothing(built, build):
    before = stamps(built), (built / "build/index.html").stat().st_mtime_ns
    done = build(built)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "2 of 2 up to date\n"
    assert (stamps(built), (built / "build/index.html").stat().st_mtime_ns) == before
    assert build(built, "-q").stderr == ""


def test_only_what_is_out_of_date_runs(built, build):
    before = stamps(built)
    with open(built / "plot_20_moving.py", "a", encoding="utf-8") as file:
        file.write("# An edit.\n")
    done = build(built)
    after = stamps(built)
    assert after["plot_1_still"] == before["plot_1_still"]
    assert after["plot_20_moving"] > before["plot_20_moving"]
    assert done.stdout.split() == ["build/plot_20_moving/colors.gif", "build/index.html"]
    # A result that is not whole is out of date too.
    (built / "build/plot_1_still/thumbnails/red & wide.png.png").unlink()
    assert "plot_1_still" in build(built).stdout


def test_force_and_only_choose_what_runs(built, build):
    before = stamps(built)
    assert build(built, "--force", "--only", "still").returncode == 0
    after = stamps(built)
    assert after["plot_1_still"] > before["plot_1_still"]
    assert after["plot_20_moving"] == before["plot_20_moving"]
    assert build(built, "-f", "-j", "1", "--only", "*_20_*", "--only", "nothing|").returncode == 2
    assert build(built, "-f", "-j", "1", "--only", "*_20_*").returncode == 0
    assert stamps(built)["plot_20_moving"] > before["plot_20_moving"]


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
def test_a_script_that_fails_is_named_and_its_old_result_kept(
    built, change, words, build, still_script
):
    picture = built / "build/plot_20_moving/colors.gif"
    before = picture.stat().st_mtime_ns
    with open(built / "plot_20_moving.py", "a", encoding="utf-8") as file:
        file.write(change + "\n")
    (built / "plot_3_still.py").write_text(still_script, encoding="utf-8")
    done = build(built, "-q", "--timeout", "2" if "sleep" in change else "60")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("plot_20_moving failed: ")
    assert words in line
    assert picture.stat().st_mtime_ns == before
    assert not leftovers(built)
    page = check_page(built / "build")
    assert len(page.all("article")) == 3
    assert change not in page.text


def test_results_of_scripts_that_are_gone_are_removed_and_nothing_else(built, build):
    (built / "build/mine").mkdir()
    (built / "build/notes.txt").touch()
    (built / "plot_1_still.py").unlink()
    assert build(built).stdout == "build/index.html\n"
    kept = sorted(path.name for path in (built / "build").iterdir())
    assert kept == ["index.html", "mine", "notes.txt", "plot_20_moving", "when.html"]
    assert len(check_page(built / "build").all("article")) == 1


def test_a_folder_of_somebody_else_is_not_replaced(built, build, still_script):
    (built / "plot_3_still.py").write_text(still_script, encoding="utf-8")
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
def test_bad_usage_is_one_line_and_exits_2(built, options, build):
    (built / "file").touch()
    done = build(built, *options.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_the_whole_gallery_is_built(whole_gallery, build):
    scripts = sorted(path.stem for path in GALLERY.glob("plot_*.py"))
    page = check_page(whole_gallery)
    assert sorted(card["id"] for card in page.all("article")) == scripts
    for name in scripts:
        folder = whole_gallery / name
        assert (folder / f"{name}.ipynb").is_file()
        for moving in folder.glob("*.gif"):
            assert moving.with_suffix(".png").is_file()
            video = moving.with_suffix(".mp4")
            assert video.is_file() or not importlib.util.find_spec("av")
    assert len(list(whole_gallery.glob("*/*.html"))) > 20
    for path in whole_gallery.glob("*.html"):
        check_page(whole_gallery, path.name)
    for record in whole_gallery.glob("*/result.json"):
        os.utime(record, (time.time() + 60,) * 2)  # The package may have been edited meanwhile.
    began = time.monotonic()
    again = build(GALLERY, "-o", str(whole_gallery))
    assert time.monotonic() - began < 5
    assert (again.returncode, again.stdout) == (0, "")


@pytest.mark.slow
def test_a_picture_is_made_again_for_a_talk(tmp_path, build):
    av = pytest.importorskip("av", reason="needs PyAV")
    options = "--only zigzag --formats mp4 --theme slides-dark --size 1920x1080 -o"
    done = build(GALLERY, *options.split(), str(tmp_path))
    assert done.returncode == 0, done.stderr
    paths = list(map(Path, done.stdout.split()))
    assert sorted(path.name for path in paths) == ["zigzag.mp4", "zigzag_race.mp4"]
    for path in paths:
        with av.open(str(path)) as video:
            frame = next(video.decode(video=0))
            assert (frame.width, frame.height) == (1920, 1080)
            assert frame.to_ndarray(format="rgb24")[5, 5].mean() < 60
