"""What `trajectories animate` and `plot` are told of motion, captions, cameras and budgets."""

import json
import os
import sys

import numpy as np
import pytest
from PIL import Image, ImageSequence

pytestmark = pytest.mark.usefixtures("folder")

BOWL = "x**2/20 + y**2"
SMALL = ["--size", "200x150", "--steps", "6", "-O", "momentum:lr=0.1", "-O", "adam:lr=0.3"]


@pytest.fixture
def moved(run, folder):
    """Return a function that animates, and returns the frames and seconds of the GIF."""

    def call(*arguments):
        assert run("animate", BOWL, *SMALL, *arguments, "-o", "a.gif") == (0, "a.gif\n", "")
        with Image.open(folder / "a.gif") as image:
            frames, waits = [], []
            for frame in ImageSequence.Iterator(image):
                frames.append(np.array(frame.convert("RGB")))
                waits.append(frame.info["duration"])
        return np.array(frames), waits

    return call


def settings_of(page):
    """Return what a page was made with, as its own recipe tells."""
    text = page.read_text(encoding="utf-8")
    _, _, after = text.partition('<script type="application/json" id="recipe">')
    recipe = json.loads(after.partition("</script>")[0])
    return recipe["settings"]


@pytest.mark.parametrize("flag", ["--captions", "--anatomy", "--annotate", "--tail=2"])
def test_flags_of_a_moving_picture_reach_it(flag, moved):
    plain, _ = moved()
    told, _ = moved(flag)
    assert told.shape == plain.shape
    assert (told[3] != plain[3]).any()


def test_pace_chooses_the_frames(moved):
    steps, _ = moved("--frames", "4")
    lengths, _ = moved("--frames", "4", "--pace", "Length")
    losses, _ = moved("--frames", "4", "--pace", "loss")
    assert len(steps) == 4
    assert 2 <= len(lengths) <= 4
    assert 2 <= len(losses) <= 4
    assert np.abs(steps[-1].astype(float) - lengths[-1]).mean() < 0.5


def test_flags_of_the_camera_reach_it(moved):
    solid = ["--layout", "3d", "--frames", "3"]
    plain, _ = moved(*solid)
    for more in (["--elevation", "20"], ["--azimuth", "-100"]):
        told, _ = moved(*solid, *more)
        assert (told[-1] != plain[-1]).any()
    turned, _ = moved(*solid, "--orbit", "-60")
    ways = [(a != b).any(axis=2).mean() for a, b in zip(turned[:-1], turned[1:], strict=True)]
    still = [(a != b).any(axis=2).mean() for a, b in zip(plain[:-1], plain[1:], strict=True)]
    assert min(ways) > max(still)


@pytest.mark.parametrize("flag", ["--captions", "--annotate"])
def test_flags_of_a_still_picture_reach_it(flag, run, folder):
    contents = []
    for more in ([], [flag]):
        assert run("plot", BOWL, *SMALL, *more, "-o", "a.svg") == (0, "a.svg\n", "")
        contents.append((folder / "a.svg").read_text())
    words = {"--captions": "lr 0.1", "--annotate": "condition number"}[flag]
    assert words not in contents[0]
    assert words in contents[1]


@pytest.mark.parametrize("more", [["--elevation", "20"], ["--azimuth", "-100"]])
def test_a_still_picture_has_a_camera_too(more, run, folder):
    contents = []
    for options in ([], more):
        assert run("plot", BOWL, *SMALL, "--layout", "3d", *options, "-o", "a.png")[0] == 0
        contents.append((folder / "a.png").read_bytes())
    assert contents[0] != contents[1]


def test_a_page_has_its_rates(run, folder):
    rest = ["--learning-rates", "0.05,0.2,0.1", "--tail", "3", "-o", "a.html"]
    assert run("animate", BOWL, *SMALL[:6], *rest) == (0, "a.html\n", "")
    text = (folder / "a.html").read_text(encoding="utf-8")
    assert [f'"rate":{rate},' in text for rate in (0.05, 0.1, 0.2)] == [True] * 3
    assert settings_of(folder / "a.html")["learning_rates"] == [0.05, 0.1, 0.2]


def test_a_page_has_its_starts(run, folder):
    rest = ["--starts", "grid", "--layout", "race", "-o", "a.html"]
    assert run("animate", BOWL, *SMALL, *rest) == (0, "a.html\n", "")
    text = (folder / "a.html").read_text(encoding="utf-8")
    assert text.count('"rate":null,"start":[') == 109


def test_a_video_and_its_poster_are_printed_one_a_line(run, folder):
    pytest.importorskip("av")
    path = str(folder / "a.mp4")
    poster = str(folder / "a.poster.png")
    assert run("animate", BOWL, *SMALL, "-o", path) == (0, f"{path}\n{poster}\n", "")
    assert sorted(folder.iterdir()) == [folder / "a.mp4", folder / "a.poster.png"]


def test_without_a_poster_the_video_is_printed_alone(run, folder):
    pytest.importorskip("av")
    assert run("animate", BOWL, *SMALL, "--no-poster", "-o", "a.webm") == (0, "a.webm\n", "")
    assert [path.name for path in folder.iterdir()] == ["a.webm"]


def test_numbered_frames_are_printed_one_a_line(run, folder):
    (folder / "frames").mkdir()
    names = [os.path.join("frames", f"{i:02d}.png") for i in range(7)]
    assert run("animate", BOWL, *SMALL, "-o", "frames/%02d.png") == (
        0,
        "".join(f"{name}\n" for name in names),
        "",
    )
    assert sorted(path.name for path in (folder / "frames").iterdir()) == [
        os.path.basename(name) for name in names
    ]


def test_a_budget_is_kept_and_told_in_one_line(run, folder):
    assert run("animate", BOWL, *SMALL, "-o", "a.gif")[0] == 0
    size = (folder / "a.gif").stat().st_size
    budget = int(0.8 * size)
    text = f"{budget} B"
    code, out, err = run("animate", BOWL, *SMALL, "--max-size", text, "-o", "b.gif")
    assert (code, out) == (0, "b.gif\n")
    assert err.count("\n") == 1
    assert err.startswith("trajectories: note: To keep its budget of bytes, b.gif has ")
    assert (folder / "b.gif").stat().st_size <= budget
    quiet = run("animate", BOWL, *SMALL, "--max-size", text, "-q", "-o", "c.gif")
    assert quiet == (0, "c.gif\n", "")
    assert (folder / "c.gif").read_bytes() == (folder / "b.gif").read_bytes()


def test_a_large_budget_changes_nothing(run, folder):
    assert run("animate", BOWL, *SMALL, "-o", "a.gif")[0] == 0
    for text in ("0.5 MiB", "900kB"):
        assert run("animate", BOWL, *SMALL, "--max-size", text, "-o", "b.gif")[2] == ""
        assert (folder / "b.gif").read_bytes() == (folder / "a.gif").read_bytes()


def test_a_budget_that_cannot_be_kept_leaves_no_file(refused):
    words = refused("animate", BOWL, *SMALL, "--max-size", "200", "-o", "a.gif")
    assert "`max_bytes` must be at least about" in words


def test_missing_pyav_says_what_to_install(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    words = refused("animate", BOWL, *SMALL, "-o", "a.mp4", code=1)
    assert 'needs PyAV: pip install "trajectories[video]"' in words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--pace", "lenght"], "Unknown pace 'lenght'. Did you mean 'length'?"),
        (["--pace"], "expected one argument"),
        (["--tail", "0"], "`tail` must be at least 1"),
        (["--tail", "-3"], "`tail` must be at least 1"),
        (["--tail", "2.5"], "invalid int"),
        (["--layout", "3d", "--elevation", "91"], "`elevation` must be between 0 and 90"),
        (["--layout", "3d", "--elevation", "nan"], "`elevation`"),
        (["--layout", "3d", "--azimuth", "inf"], "`azimuth` must be finite"),
        (["--layout", "3d", "--orbit", "nan"], "`orbit` must be finite"),
        (["--layout", "3d", "--orbit", "far"], "invalid float"),
        (["--elevation", "20"], '`elevation` must be left out in the layout "overlay"'),
        (
            ["--layout", "grid", "--azimuth", "20"],
            '`azimuth` must be left out in the layout "grid"',
        ),
        (["--layout", "race", "--orbit", "20"], '`orbit` must be left out in the layout "race"'),
        (["--layout", "3d", "--anatomy"], '`anatomy` must be left out in the layout "3d"'),
        (["--layout", "3d", "--annotate"], '`annotate` must be left out in the layout "3d"'),
        (["--layout", "grid", "--annotate"], '`annotate` must be left out in the layout "grid"'),
        (["--learning-rates", "0.1,fast"], "must be numbers with commas between"),
        (["--learning-rates", ""], "must be numbers with commas between"),
        (["--learning-rates", "0.1,-1"], "`learning_rates` must be positive. Got -1.0 instead."),
        (["--learning-rates", "nan"], "`learning_rates`"),
        (["--learning-rates", ",".join(["0.1", *map(str, range(1, 61))])], "from 1 to 60 numbers"),
        (["--starts", "gird"], '`starts` must be "grid" or None'),
        (["--starts", "grid", "--learning-rates", "0.1"], "`starts` must be left out"),
        (["--starts", "grid", "--start=1,1", "--start=2,2", "-o", "a.html"], "`starts`"),
        (["--max-size", "0"], "`max_bytes` must be at least 1"),
        (["--max-size", "1XB"], "must be like 800kB or 1.5MB. Got '1XB' instead."),
        (["--max-size", "-5"], "must be like 800kB or 1.5MB"),
        (["--max-size", "1e6"], "must be like 800kB or 1.5MB"),
        (["--max-size", "nan"], "must be like 800kB or 1.5MB"),
        (["--max-size", "9" * 400], "must be like 800kB or 1.5MB"),
        (["--max-size", "1MB", "-o", "%d.png"], "`max_bytes` must be left out"),
        (["--max-size", "10kB", "-o", "a.html"], "for this page"),
        (["--no-poster=yes"], "ignored explicit argument"),
        (["--anatomy", "-o", "a.html"], "`anatomy` must be left out of a page"),
        (["--layout", "3d", "-o", "a.html"], "`layout` must be overlay, grid or race for a page"),
        (["-o", "%s.png"], "one field for the number"),
        (["--fps", "500", "-o", "a.webm"], "`fps` must be from 0.1 to 240 for a video"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(arguments, words, refused):
    if "a.webm" in arguments:
        pytest.importorskip("av")
    assert words in refused("animate", BOWL, *SMALL, *arguments)


@pytest.mark.parametrize(
    "flag",
    ["--pace=length", "--tail=3", "--anatomy", "--orbit=3", "--starts=grid", "--max-size=1MB"],
)
def test_a_still_picture_does_not_move(flag, refused):
    assert "unrecognized arguments" in refused("plot", BOWL, flag)


def test_help_tells_of_every_flag(run):
    for command, flags in {
        "animate": "pace tail captions anatomy annotate orbit elevation azimuth learning-rates "
        "starts max-size no-poster frames fps hold loop",
        "plot": "captions annotate elevation azimuth",
    }.items():
        _, out, _ = run(command, "--help")
        for flag in flags.split():
            assert f"--{flag}" in out


def test_sizes_are_read_in_all_their_units():
    from trajectories.cli.options import bytes_of

    units = {"7": 7, "7b": 7, "2kB": 2000, "2 KB": 2000, "1.5MB": 1_500_000}
    units |= {"2KiB": 2048, "0.5mib": 524_288}
    assert {text: bytes_of(text) for text in units} == units
