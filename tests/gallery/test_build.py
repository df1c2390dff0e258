"""The gallery's build, with scripts that need no Matplotlib; and the gallery itself."""

import ast
import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

GALLERY = Path(__file__).parents[2] / "gallery"


def stamps(folder):
    return {path.parent.name: path.stat().st_mtime for path in folder.glob("build/*/result.json")}


def leftovers(folder):
    return [path.name for path in (folder / "build").iterdir() if path.name.startswith(".")]


@pytest.fixture
def built(small_gallery, tmp_path):
    """Return a folder of two scripts whose results are up to date."""
    return shutil.copytree(small_gallery, tmp_path / "copy")


def test_only_what_is_out_of_date_runs(built, build):
    before = stamps(built), (built / "build/index.html").stat().st_mtime_ns
    done = build(built)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "2 of 2 up to date\n"
    assert (stamps(built), (built / "build/index.html").stat().st_mtime_ns) == before
    with open(built / "plot_20_moving.py", "a", encoding="utf-8") as file:
        file.write("# An edit.\n")
    done = build(built, "-q")
    after = stamps(built)
    assert after["plot_1_still"] == before[0]["plot_1_still"]
    assert after["plot_20_moving"] > before[0]["plot_20_moving"]
    assert done.stdout.split() == ["build/plot_20_moving/colors.gif", "build/index.html"]
    assert done.stderr == ""
    # A result that is not whole is out of date too.
    (built / "build/plot_1_still/thumbnails/red & wide.png.png").unlink()
    assert "plot_1_still" in build(built).stdout


def test_force_and_only_choose_what_runs(built, build):
    before = stamps(built)
    assert build(built, "-f", "-j", "1", "--only", "*_20_*", "--only", "nothing|").returncode == 2
    assert build(built, "--force", "-j", "1", "--only", "*_20_*").returncode == 0
    after = stamps(built)
    assert after["plot_1_still"] == before["plot_1_still"]
    assert after["plot_20_moving"] > before["plot_20_moving"]


FAILURES = {
    "plot_20_moving": ("raise RuntimeError('No\\nluck today')", "luck today"),
    "plot_31_a": ("this is no Python", "SyntaxError: invalid syntax"),
    "plot_32_b": ("import os; os.remove('colors.gif')", "wrote no picture into the current"),
    "plot_33_c": ("import sys; sys.exit(3)", "ended with status 3"),
    "plot_34_d": ("open('bad.png', 'w').write('no picture')", "bad.png cannot be read"),
}


def test_scripts_that_fail_are_named_and_an_old_result_is_kept(
    built, build, still_script, check_page
):
    picture = built / "build/plot_20_moving/colors.gif"
    before = picture.stat().st_mtime_ns
    moving = (built / "plot_20_moving.py").read_text(encoding="utf-8")
    for name, (change, _) in FAILURES.items():
        (built / f"{name}.py").write_text(f"{moving}{change}\n", encoding="utf-8")
    (built / "plot_3_still.py").write_text(still_script, encoding="utf-8")
    done = build(built, "-q")
    assert done.returncode == 1
    told = dict(line.split(" failed: ") for line in done.stderr.splitlines())
    assert set(told) == set(FAILURES)
    for name, (_, words) in FAILURES.items():
        assert words in told[name]
    assert picture.stat().st_mtime_ns == before
    assert not leftovers(built)
    page = check_page(built / "build")
    assert {"plot_1_still", "plot_20_moving", "plot_3_still"} <= {
        card["id"] for card in page.all("article")
    }
    assert "RuntimeError" not in page.text


def test_a_script_that_takes_too_long_is_stopped(built, build):
    with open(built / "plot_20_moving.py", "a", encoding="utf-8") as file:
        file.write("import time; time.sleep(60)\n")
    done = build(built, "-q", "--timeout", "1")
    assert done.returncode == 1
    assert done.stderr == "plot_20_moving failed: timed out after 1 s\n"


def test_results_of_scripts_that_are_gone_are_removed_and_nothing_else(built, build, check_page):
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
def test_an_interrupted_build_stops_its_children_and_leaves_no_half_results(
    built, number, check_page
):
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
    ("options", "words"),
    [
        ("--only nothing", "nothing"),
        ("--timeout nan", "nan"),
        ("--scripts nowhere", "nowhere"),
        ("--theme slides-drak", "Did you mean 'slides-dark'"),
    ],
)
def test_bad_usage_is_one_line_and_exits_2(built, options, words, build):
    done = build(built, *options.split())
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert words in line


def check_notebook(path, script):
    """Make sure that a notebook has all statements of a script, in their order."""
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    joined = ast.parse("\n".join(text for text in code if "display(Image(" not in text))
    assert ast.dump(joined) == ast.dump(ast.Module(ast.parse(script).body[1:], []))


@pytest.mark.slow
def test_the_whole_gallery_is_built(whole_gallery, build, check_page):
    scripts = sorted(path.stem for path in GALLERY.glob("plot_*.py"))
    page = check_page(whole_gallery)
    assert sorted(card["id"] for card in page.all("article")) == scripts
    for name in scripts:
        folder = whole_gallery / name
        check_notebook(folder / f"{name}.ipynb", (GALLERY / f"{name}.py").read_text("utf-8"))
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
