import contextlib
import importlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
from PIL import Image

import trajectories
from trajectories.cli import main
from trajectories.cli.options import DEFAULT_OPTIMIZERS

pytestmark = pytest.mark.usefixtures("folder")

BOWL = "x**2/20 + y**2"
SMALL = ["--size", "200x150", "--steps", "4", "-O", "sgd:lr=0.9"]


def outside(*arguments, **kwargs):
    """Run the command line in a process of its own, whose output is buffered as is usual."""
    command = [sys.executable, "-m", "trajectories", *arguments]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    environment |= kwargs.pop("env", {})
    captured = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | kwargs
    return subprocess.run(command, text=True, env=environment, timeout=120, **captured)


@pytest.mark.parametrize(
    ("name", "begins"),
    [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF"), ("A.PNG", b"\x89PNG")],
)
def test_plot_writes_the_picture_and_prints_its_path_alone(name, begins, run, folder):
    assert run("plot", BOWL, *SMALL, "-o", name) == (0, f"{name}\n", "")
    assert (folder / name).read_bytes().startswith(begins)
    assert [path.name for path in folder.iterdir()] == [name]


def test_animate_writes_the_gif_and_prints_its_path_alone(run, folder):
    path = str(folder / "a.gif")
    assert run("animate", BOWL, *SMALL, "-o", path) == (0, f"{path}\n", "")
    with Image.open(path) as image:
        assert (image.size, image.n_frames) == ((200, 150), 5)


def test_plot_in_a_process_of_its_own(folder):
    done = outside("plot", BOWL, *SMALL, "-o", "a.png")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a.png\n", "")
    assert (folder / "a.png").exists()


def test_animate_in_a_process_of_its_own_shows_no_bar_without_a_terminal(folder):
    done = outside("animate", "rosenbrock", "-O", "adam:0.05", "--size", "200x150", "-o", "a.gif")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a.gif\n", "")
    assert (folder / "a.gif").exists()


def test_without_a_file_name_there_is_a_default(run, folder):
    assert run("plot", BOWL, *SMALL)[:2] == (0, "paths.png\n")
    assert run("animate", BOWL, *SMALL)[:2] == (0, "paths.gif\n")
    assert sorted(path.name for path in folder.iterdir()) == ["paths.gif", "paths.png"]


def test_an_old_file_is_replaced(run, folder):
    (folder / "a.png").write_text("old")
    assert run("plot", BOWL, *SMALL, "-o", "a.png")[0] == 0
    assert (folder / "a.png").read_bytes().startswith(b"\x89PNG")


def drawn(run, folder, *arguments):
    """Return the pixels of the plot that some arguments make."""
    code, _, err = run("plot", *arguments, "-o", "a.png")
    assert (code, err) == (0, "")
    with Image.open(folder / "a.png") as image:
        return image.convert("RGB").tobytes()


def test_start_can_be_a_word_of_its_own_even_if_it_is_negative(run, folder):
    joined = drawn(run, folder, BOWL, *SMALL, "--start=-5,2.5")
    assert drawn(run, folder, BOWL, *SMALL, "--start", "-5,2.5") == joined
    assert drawn(run, folder, "--start", "-5,2.5", *SMALL, BOWL) == joined
    assert drawn(run, folder, BOWL, *SMALL) != joined
    assert drawn(run, folder, BOWL, *SMALL, "--start", "-.5,2")
    assert drawn(run, folder, BOWL, *SMALL, "--limits", "-8,8,-3,3") == drawn(
        run, folder, BOWL, *SMALL, "--limits=-8,8,-3,3"
    )


def test_several_starts_are_all_drawn(run, folder):
    one = drawn(run, folder, BOWL, *SMALL, "--start", "-5,2")
    both = drawn(run, folder, BOWL, *SMALL, "--start", "-5,2", "--start=4,-1")
    assert one != both
    assert both == drawn(run, folder, BOWL, *SMALL, "--start=-5,2", "--start", "4,-1")


@pytest.mark.parametrize(
    "formula", ["-x**2*y", "-cos(x)*cos(y)", "-2*x*exp(-x**2-y**2)", "-y", "-abs(x)-y**2"]
)
def test_formula_may_begin_with_a_minus(formula, run, folder):
    assert drawn(run, folder, formula, *SMALL) == drawn(run, folder, f"({formula})", *SMALL)


def test_the_name_of_a_file_may_begin_with_a_minus(run, folder):
    assert run("plot", BOWL, *SMALL, "-o", "-x.png") == (0, "-x.png\n", "")
    assert [path.name for path in folder.iterdir()] == ["-x.png"]


def test_options_reach_the_picture(run, folder):
    plain = drawn(run, folder, BOWL, *SMALL)
    for more in (
        ["--layout", "grid"],
        ["--layout", "Race"],
        ["--theme", "slides-dark"],
        ["--limits", "domain"],
        ["--limits", "-1,1,-1,1"],
        ["--noise", "0.5"],
        ["-O", "adam:lr=0.5"],
    ):
        assert drawn(run, folder, BOWL, *SMALL, *more) != plain, more
    assert drawn(run, folder, BOWL, *SMALL, "--seed", "5") == plain  # Without noise.
    noisy = [
        drawn(run, folder, BOWL, *SMALL, "--noise", "0.5", "--seed", s) for s in ("1", "1", "2")
    ]
    assert noisy[0] == noisy[1] != noisy[2]


def test_without_optimizers_the_textbooks_four_descend(run, folder):
    named = [word for spec in DEFAULT_OPTIMIZERS for word in ("-O", spec)]
    size = ["--size", "300x200", "--steps", "5"]
    assert drawn(run, folder, BOWL, *size) == drawn(run, folder, BOWL, *size, *named)


def test_tolerance_stops_a_path(run, folder):
    rest = ["-O", "sgd:lr=0.5", "--size", "200x150", "--steps", "20"]
    tight, loose = (
        drawn(run, folder, "sphere", "--start", "3,1", *rest, "--tolerance", g)
        for g in ("1e-9", "100")
    )
    assert tight != loose


def test_motion_options_reach_the_gif(run, folder):
    motion = ["--frames", "3", "--fps", "10", "--hold", "0.5", "--loop", "3"]
    assert run("animate", BOWL, *SMALL, *motion, "-o", "a.gif")[0] == 0
    with Image.open(folder / "a.gif") as image:
        waits = []
        for i in range(image.n_frames):
            image.seek(i)
            waits.append(image.info["duration"])
        assert waits == [100, 100, 600]
        assert image.info["loop"] == 2


@pytest.mark.parametrize("spelling", ["Six-Hump camel", "SIX_HUMP_CAMEL", "sixhumpcamel"])
def test_surface_is_known_however_it_is_spelt(spelling, run, folder):
    size = ["--size", "200x150", "-O", "adam:0.1", "--steps", "3"]
    assert drawn(run, folder, spelling, *size) == drawn(run, folder, "six_hump_camel", *size)


def test_version_is_printed(run):
    assert run("--version") == (0, f"trajectories {trajectories.__version__}\n", "")
    assert outside("--version").stdout == f"trajectories {trajectories.__version__}\n"


KINDS = ["surfaces", "optimizers", "schedules", "themes", "layouts"]


def names_of(kind):
    from trajectories.optimizers.schedules import SCHEDULES
    from trajectories.plotting.panels import LAYOUTS
    from trajectories.surfaces.catalogue import FAMILIES

    return {
        "surfaces": [*trajectories.SURFACES, *FAMILIES],
        "optimizers": [*trajectories.OPTIMIZERS, *trajectories.SURFACE_OPTIMIZERS],
        "schedules": list(SCHEDULES),
        "themes": list(trajectories.THEMES),
        "layouts": list(LAYOUTS),
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_list_of_a_kind_is_a_table_with_a_line_for_each_name(kind, run):
    code, out, err = run("list", kind)
    assert (code, err) == (0, "")
    heading, rule, *rows = out.splitlines()
    assert heading.startswith("name ")
    assert set(rule) == {"-", " "}
    assert [line.split()[0] for line in rows] == names_of(kind)
    starts = [i for i, c in enumerate(rule) if c == "-" and (i == 0 or rule[i - 1] == " ")]
    assert all(line[start - 2 : start] == "  " for line in [heading, *rows] for start in starts[1:])
    assert all(line == line.rstrip() for line in out.splitlines())


def test_list_of_everything_has_each_kind_under_its_heading(run):
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert [line for line in out.splitlines() if line.isupper()] == [k.upper() for k in KINDS]
    for kind in KINDS:
        assert run("list", kind)[1] in out


@pytest.mark.parametrize("kind", KINDS)
def test_list_for_programs_is_json(kind, run):
    code, out, err = run("list", kind, "--json")
    assert (code, err) == (0, "")
    records = json.loads(out)
    assert list(records) == [kind]
    assert [record["name"] for record in records[kind]] == names_of(kind)


def test_json_has_every_number_in_full(run):
    records = json.loads(run("list", "surfaces", "--json")[1])["surfaces"]
    for record in records[:-1]:
        surface = trajectories.SURFACES[record["name"]]
        assert record["minima"] == [list(place) for place in surface.declared_minima]
        assert record["domain"] == [list(side) for side in surface.domain]
        assert record["start"] == list(surface.start)
    everything = json.loads(run("list", "--json")[1])
    assert list(everything) == KINDS
    assert everything["surfaces"] == records


def test_verbose_list_tells_the_curvature(run):
    code, out, err = run("list", "surfaces", "--verbose")
    assert (code, err) == (0, "")
    about = dict(part.split(":", 1) for part in out.split("\n\n"))
    assert list(about) == names_of("surfaces")
    assert "curvature 0.1 to 2, condition number 20; stable: SGD below 1" in about["book_quadratic"]
    assert "and 14 more minima" in about["shubert"]
    assert run("list", "surfaces", "-v")[1] == out


def test_verbose_json_has_the_analysis(run):
    records = json.loads(run("list", "surfaces", "-v", "--json")[1])["surfaces"]
    found = {record["name"]: record["analysis"] for record in records}
    assert found["rosenbrock"][0]["eigenvalues"] == pytest.approx([0.3993607674, 1001.6006392])
    assert found["rosenbrock"][0]["sgd_limit"] == pytest.approx(2 / 1001.6006392)
    assert len(found["shubert"]) == 18
    assert found["saddle"][0]["kind"] == "slope"


def test_a_table_is_cut_to_a_terminal():
    from trajectories.cli.listing import as_text

    for line in as_text(["surfaces"], width=120).splitlines():
        assert len(line) <= 120
    assert as_text(["surfaces"], width=120).splitlines()[-4].startswith("easom")
    assert "..." in as_text(["surfaces"], width=120)
    assert "..." not in as_text(["surfaces"])


def test_what_is_listed_can_be_used(run, folder):
    for name in names_of("optimizers"):
        assert run("plot", "sphere", *SMALL[:4], "-O", name, "-o", "a.png")[0] == 0
    for name in trajectories.THEMES:
        assert run("plot", "sphere", *SMALL, "--theme", name, "-o", "a.png")[0] == 0


@pytest.mark.parametrize("command", ["", "plot", "animate", "list"])
def test_help_loads_nothing_heavy(command):
    code = f"""
import sys, trajectories.cli
try:
    trajectories.cli.main({[*command.split(), "--help"]!r})
except SystemExit as leaving:
    assert leaving.code == 0
heavy = ("matplotlib", "sympy", "numpy", "PIL", "tqdm", "imageio")
print("loaded", [name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: trajectories")
    assert done.stdout.endswith("loaded []\n")


def test_help_shows_an_example_that_works(run, folder):
    from shlex import split

    _, out, _ = run("--help")
    examples = [line.strip() for line in out.splitlines() if line.startswith("  trajectories ")]
    assert len(examples) >= 3
    for example in examples:
        program, *arguments = split(example)
        quick = ["--size", "200x150"] if arguments[0] != "list" else []
        if arguments[0] == "animate":
            quick += ["--frames", "2"]
        assert run(*arguments, *quick)[0] == 0, example


FORMULAS = {
    "no formula": "",
    "blanks": "   ",
    "another name": "x + z",
    "unknown surface": "bowll",
    "call of a class": "__import__('os').system('touch gotcha')",
    "unknown call": "eval(x)",
    "call with a text": "open('gotcha')",
    "attribute": "x.__class__",
    "subscript": "x[0]",
    "text": "'x'",
    "comparison": "x < y",
    "assignment": "x := 3",
    "lambda": "lambda x: x",
    "list": "[x for x in y]",
    "tower": "9**9**9",
    "tower in x": "x**9**9**9",
    "imaginary": "1j*x",
    "division by zero": "x/0",
    "square root of a negative": "sqrt(-1)*x",
    "unbalanced": "(x + y",
    "two formulas": "x, y",
    "wrong arity": "sin(x, y)",
    "several lines": "x\n+\nfoo",
    "null": "x + \0",
    "long": "x + " * 2500 + "x",
    "deep": "(" * 2000 + "x" + ")" * 2000,
    "minuses": "x" + "-" * 5000 + "y",
    "other digits": "x + \u0663",
    "other letters": "\uff58 + y",
}


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
@pytest.mark.parametrize("command", ["plot", "animate"])
def test_what_is_no_formula_is_refused_at_once(command, formula, refused):
    begin = time.perf_counter()
    error = refused(command, "--", formula)
    assert time.perf_counter() - begin < 10
    assert len(error) < 600


ARGUMENTS = {
    "optimizer unknown": (["-O", "adm"], "Did you mean 'adam"),
    "optimizer empty": (["-O", ""], "Unknown optimizer"),
    "hyperparameter unknown": (["-O", "adam:bta1=0.5"], "Did you mean 'beta1'?"),
    "hyperparameter twice": (["-O", "sgd:lr=1,lr=2"], "once"),
    "lr zero": (["-O", "sgd:lr=0"], "`lr` must be positive. Got 0.0 instead."),
    "lr negative": (["-O", "sgd:lr=-1"], "`lr` must be positive. Got -1.0 instead."),
    "lr nan": (["-O", "sgd:lr=nan"], "`lr` must be a finite number"),
    "lr infinite": (["-O", "sgd:lr=1e999"], "`lr`"),
    "lr text": (["-O", "sgd:lr=fast"], "`lr` must be a finite number. Got 'fast' instead."),
    "lr missing": (["-O", "sgd:lr="], "`lr`"),
    "beta one": (["-O", "adam:beta1=1"], "`beta1`"),
    "second optimizer": (["-O", "sgd", "-O", "adma"], "Did you mean 'adam"),
    "start one number": (["--start", "3"], "must be 2 numbers"),
    "start three numbers": (["--start", "3,4,5"], "must be 2 numbers"),
    "start text": (["--start", "a,b"], "must be 2 numbers"),
    "start past the floats": (["--start", "1e999,0"], "`start` must be finite"),
    "start far past the floats": (["--start", "9" * 400 + ",0"], "`start`"),
    "start nan": (["--start", "nan,0"], "`start` must be finite"),
    "start without a value": (["--start"], "expected one argument"),
    "steps zero": (["--steps", "0"], "`steps` must be at least 1"),
    "steps negative": (["--steps", "-3"], "`steps`"),
    "steps broken": (["--steps", "2.5"], "invalid int"),
    "noise negative": (["--noise", "-1"], "`noise`"),
    "noise nan": (["--noise", "nan"], "`noise`"),
    "seed negative": (["--seed", "-1"], "`rng`"),
    "tolerance zero": (["--tolerance", "0"], "`tolerance`"),
    "layout": (["--layout", "gird"], "Did you mean 'grid'?"),
    "theme": (["--theme", "slide"], "Did you mean 'slides'?"),
    "size words": (["--size", "large"], "must be like 1280x720"),
    "size one number": (["--size", "300"], "must be like 1280x720"),
    "size zero": (["--size", "0x0"], "`size`"),
    "size small": (["--size", "99x300"], "`size`"),
    "size large": (["--size", "9000x300"], "`size`"),
    "size negative": (["--size", "-300x200"], "--size"),
    "limits three": (["--limits", "0,1,2"], "must be 4 numbers"),
    "limits word": (["--limits", "everything"], "must be 4 numbers"),
    "limits turned": (["--limits", "1,0,0,1"], "`limits`"),
    "limits empty": (["--limits", "1,1,0,1"], "`limits`"),
    "limits infinite": (["--limits", "0,inf,0,1"], "`limits`"),
    "suffix missing": (["-o", "a"], "Unknown format"),
    "unknown option": (["--colour", "red"], "unrecognized arguments: --colour"),
    "second formula": (["x*y"], "unrecognized arguments: x*y"),
}


@pytest.mark.parametrize(("arguments", "words"), ARGUMENTS.values(), ids=ARGUMENTS)
@pytest.mark.parametrize("command", ["plot", "animate"])
def test_bad_argument_is_refused_with_a_reason(command, arguments, words, refused):
    assert words in refused(command, BOWL, *arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["plot", BOWL, "-o", "a.pgn"], "Did you mean '.png'?"),
        (["plot", BOWL, "-o", "a.gif"], "Known: .png, .svg, .pdf"),
        (["animate", BOWL, "-o", "a.giff"], "Did you mean '.gif'?"),
        (["animate", BOWL, "-o", "a.pgn"], "Known: .gif"),
        (["animate", BOWL, "--frames", "0"], "`frames`"),
        (["animate", BOWL, "--frames", "few"], "invalid int"),
        (["animate", BOWL, "--fps", "0"], "`fps`"),
        (["animate", BOWL, "--fps", "60"], "at most 50"),
        (["animate", BOWL, "--fps", "nan"], "`fps`"),
        (["animate", BOWL, "--fps", "1e-307"], "`fps`"),
        (["animate", BOWL, "--hold", "-1"], "`hold`"),
        (["animate", BOWL, "--hold", "nan"], "`hold`"),
        (["animate", BOWL, "--loop", "-1"], "`loop`"),
        (["animate", BOWL, "--loop", "99999"], "`loop`"),
        (["plot", BOWL, "--fps", "10"], "unrecognized arguments"),
        (["plot"], "the following arguments are required: surface"),
        ([], "the following arguments are required: COMMAND"),
        (["polt", BOWL], "invalid choice: 'polt'"),
        (["list", "colours"], "invalid choice: 'colours'"),
        (["plot", "rosenbrok"], "Did you mean 'rosenbrock'?"),
    ],
)
def test_bad_command_is_refused_with_a_reason(arguments, words, refused):
    assert words in refused(*arguments)


def test_formula_without_a_value_at_the_start_is_no_mystery(run):
    # log(-7) is not a number: either the picture says so, or the message does.
    code, _, err = run("plot", "log(x) + y**2", *SMALL)
    if code:
        assert code == 2
        assert "start" in err


@pytest.mark.parametrize("command", ["plot", "animate"])
@pytest.mark.parametrize("place", ["no/such/folder/a", "file/a", "/proc/a", "taken", "x" * 300])
def test_place_that_cannot_be_written_is_a_failure(command, place, refused, folder):
    if place.startswith("/proc") and not os.path.isdir("/proc/self"):
        pytest.skip("There is no /proc here.")
    (folder / "file").write_text("")
    suffix = {"plot": ".png", "animate": ".gif"}[command]
    (folder / f"taken{suffix}").mkdir()
    error = refused(command, BOWL, *SMALL, "-o", place + suffix, code=1)
    assert place[:6] in error


def test_read_only_folder_is_a_failure(refused, monkeypatch):
    # Permissions do not bind root, so the system's answer is put in its mouth.
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    assert "read-only" in refused("plot", BOWL, *SMALL, "-o", "a.png", code=1)


def test_place_is_checked_before_the_work_begins(refused, monkeypatch):
    monkeypatch.setattr("trajectories.descent.compare", lambda *_, **__: pytest.fail("descended"))
    refused("plot", BOWL, "-o", "no/a.png", code=1)
    refused("animate", BOWL, "-o", "no/a.gif", code=1)
    refused("animate", BOWL, "-o", "a.txt")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (RuntimeError("two\nlines"), 1, "RuntimeError: two lines"),
        (MemoryError("no room"), 1, "MemoryError: no room"),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (OSError(28, "No space left on device", "a.png"), 1, "error: No space left on device: 'a"),
        (ValueError("`x` must be\nsmall."), 2, "`x` must be small."),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_whatever_goes_wrong_is_told_in_one_line(error, code, words, refused, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("trajectories.plotting.canvas.save_figure", fail)
    assert words in refused("plot", BOWL, *SMALL, "-o", "a.png", code=code)


@pytest.mark.parametrize("command", ["plot", "animate"])
def test_constant_formula_is_drawn_with_a_note(command, run, folder):
    name = {"plot": "a.png", "animate": "a.gif"}[command]
    code, out, err = run(command, "3 + 4", *SMALL, "-o", name)
    assert (code, out) == (0, f"{name}\n")
    assert err.startswith("trajectories: note: ")
    assert "no slope" in err
    assert err.count("\n") == 1
    assert (folder / name).exists()
    assert run(command, "3 + 4", *SMALL, "-o", name, "-q") == (0, f"{name}\n", "")


def test_warnings_of_the_caller_are_as_before(run):
    before = (list(warnings.filters), warnings.showwarning)
    run("plot", "3 + 4", *SMALL)
    run("plot", "3 + 4", *SMALL, "-q")
    assert (list(warnings.filters), warnings.showwarning) == before


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("more", "silent"), [([], False), (["-q"], True), (["--quiet"], True)])
def test_bar_is_shown_on_a_terminal_unless_quiet(more, silent, monkeypatch, folder):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert main(["animate", BOWL, *SMALL, "-o", "a.gif", *more]) == 0
    assert (screen.getvalue() == "") == silent


def test_usage_error_of_a_process_has_one_line_and_code_2(folder):
    done = outside("plot", "x.__class__", "-o", "a.png")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert list(folder.iterdir()) == []


def wait_until_writing(process, folder):
    """Wait until a process has a file of a folder open, which may have no name."""
    open_files = Path(f"/proc/{process.pid}/fd")
    until = time.monotonic() + 60
    if not open_files.is_dir():
        time.sleep(5)
    while open_files.is_dir() and str(folder) not in written(open_files):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)


def written(open_files):
    """List the folders of the files that a process has open."""
    for link in open_files.iterdir():
        with contextlib.suppress(OSError):  # It has been closed.
            yield os.path.dirname(os.readlink(link))


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_interrupt_leaves_no_file_and_one_line(folder):
    rest = ["--steps", "90000", "--frames", "90000", "--size", "1600x1200", "-o", "a.gif"]
    command = [sys.executable, "-m", "trajectories", "animate", BOWL, "-O", "sgd:lr=0.01", *rest]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        try:
            wait_until_writing(process, folder)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert out == ""
    assert err == "trajectories animate: error: interrupted; nothing was written\n"
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="pipes")
@pytest.mark.parametrize(
    ("arguments", "unbuffered"),
    [(["list"], ""), (["list"], "1"), (["plot", BOWL, *SMALL], ""), (["--version"], "1")],
)
def test_reader_that_has_gone_away_is_no_traceback(arguments, unbuffered):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = outside(*arguments, stdout=writing, env={"PYTHONUNBUFFERED": unbuffered})
    finally:
        os.close(writing)
    assert done.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_full_disk_behind_stdout_is_told_in_one_line(unbuffered):
    with open("/dev/full", "w") as full:
        done = outside("list", stdout=full, env={"PYTHONUNBUFFERED": unbuffered})
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "No space left" in done.stderr


def test_stdout_that_is_closed_is_no_traceback(folder):
    code = "import os, sys; os.close(1); from trajectories.cli import main; sys.stdout = None\n"
    code += f"sys.exit(main(['plot', {BOWL!r}, '--size', '200x150', '-o', 'a.png']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "a.png").exists()


def test_other_processes_may_import_what_is_run():
    module = importlib.import_module("trajectories.__main__")  # It would exit.
    assert module.main is main


def test_the_network_search_is_a_command_of_two_words(run, folder):
    code, out, err = run("mnist", "search", "--hidden", "wide")
    assert (code, out) == (2, "")
    assert err.startswith("trajectories mnist search: error: argument --hidden: must be like 100x6")
    assert err.count("\n") == 1


def test_only_notes_to_users_are_told(monkeypatch, run, folder):
    def warn(figure, path, **kwargs):
        warnings.warn("for\nprogrammers", RuntimeWarning, stacklevel=1)
        warnings.warn("for\nusers", UserWarning, stacklevel=1)

    monkeypatch.setattr("trajectories.plotting.canvas.save_figure", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        code, out, err = run("plot", BOWL, *SMALL, "-o", "a.png")
    assert (code, out, err) == (0, "a.png\n", "trajectories: note: for users\n")


def test_failure_without_stdout_is_told_in_one_line(monkeypatch, capsys, folder):
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["plot", BOWL, *SMALL, "-o", "nowhere/a.png"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("target", "code"), [("nowhere/a.png", 1), ("a.xyz", 2)])
def test_without_stderr_nothing_is_told_on_stdout(target, code, monkeypatch, capsys, folder):
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["plot", BOWL, *SMALL, "-o", target]) == code
    assert capsys.readouterr().out == ""


def test_note_without_stderr_is_not_told_on_stdout(monkeypatch, capsys, folder):
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["plot", "3 + 4", *SMALL, "-o", "a.png"]) == 0
    assert capsys.readouterr().out == "a.png\n"
