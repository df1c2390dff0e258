"""``trajectories animate``: what the options of a moving picture do."""

import json

import numpy as np
import pytest
from PIL import Image, ImageSequence

BOWL = "x**2/20 + y**2"
SMALL = ["--size", "200x150", "--steps", "4", "-O", "momentum:lr=0.1", "-O", "adam:lr=0.3"]


@pytest.fixture
def moved(run, folder):
    """Return a function that animates, and returns the frames and waits of the GIF."""

    def call(*arguments):
        assert run("animate", BOWL, *SMALL, *arguments, "-o", "a.gif") == (0, "a.gif\n", "")
        with Image.open(folder / "a.gif") as image:
            frames, waits = [], []
            for frame in ImageSequence.Iterator(image):
                frames.append(np.array(frame.convert("RGB")))
                waits.append(frame.info["duration"])
            return np.array(frames), waits, image.info["loop"]

    return call


def test_flags_of_a_moving_picture_reach_it(moved):
    plain, _, _ = moved()
    assert plain.shape == (5, 150, 200, 3)
    for flag in ("--readout", "--step-arrows", "--theory", "--trail=2"):
        told, _, _ = moved(flag)
        assert told.shape == plain.shape
        assert (told[3] != plain[3]).any(), flag


def test_motion_is_as_asked_for(moved):
    frames, waits, loop = moved("--frames", "3", "--fps", "10", "--end-pause", "0.5", "--loop", "3")
    assert (len(frames), waits, loop) == (3, [100, 100, 600], 2)


def test_pace_chooses_the_frames(moved):
    steps, lengths, losses = (
        moved("--frames", "4", "--pace", pace)[0] for pace in ("steps", "Length", "loss")
    )
    assert len(steps) == 4
    assert 2 <= len(lengths) <= 4
    assert 2 <= len(losses) <= 4
    assert np.abs(steps[-1].astype(float) - lengths[-1]).mean() < 0.5


def test_an_orbit_turns_the_picture(moved):
    solid = ["--layout", "3d", "--frames", "2"]
    changes = []
    for more in ([], ["--orbit", "-60"]):
        frames, _, _ = moved(*solid, *more)
        changes.append([(a != b).any(axis=2).mean() for a, b in zip(frames, frames[1:])])  # noqa: B905
    assert min(changes[1]) > max(changes[0])


def test_a_page_has_its_rates_and_its_starts(run, folder):
    rest = ["--learning-rates", "0.05,0.2,0.1", "--trail", "3", "-o", "a.html"]
    assert run("animate", BOWL, *SMALL[:6], *rest) == (0, "a.html\n", "")
    text = (folder / "a.html").read_text(encoding="utf-8")
    assert [f'"rate":{rate},' in text for rate in (0.05, 0.1, 0.2)] == [True] * 3
    _, _, after = text.partition('<script type="application/json" id="recipe">')
    settings = json.loads(after.partition("</script>")[0])["settings"]
    assert settings["learning_rates"] == [0.05, 0.1, 0.2]
    rest = ["--starts", "grid", "--layout", "race", "-o", "b.html"]
    assert run("animate", BOWL, *SMALL, *rest) == (0, "b.html\n", "")
    assert (folder / "b.html").read_text(encoding="utf-8").count('"rate":null,"start":[') == 109


def test_a_video_and_its_poster_are_printed_one_a_line(run, folder):
    pytest.importorskip("av")
    path, poster = str(folder / "a.mp4"), str(folder / "a.poster.png")
    assert run("animate", BOWL, *SMALL, "-o", path) == (0, f"{path}\n{poster}\n", "")
    assert run("animate", BOWL, *SMALL, "--no-poster", "-o", "b.webm") == (0, "b.webm\n", "")
    assert sorted(path.name for path in folder.iterdir()) == ["a.mp4", "a.poster.png", "b.webm"]


def test_a_budget_is_kept_and_told_in_one_line(run, folder):
    assert run("animate", BOWL, *SMALL) == (0, "paths.gif\n", "")
    whole = (folder / "paths.gif").read_bytes()
    budget = f"{int(0.8 * len(whole))} B"
    code, out, err = run("animate", BOWL, *SMALL, "--max-bytes", budget, "-o", "b.gif")
    assert (code, out) == (0, "b.gif\n")
    assert err.count("\n") == 1
    assert err.startswith("trajectories: note: To keep its budget of bytes, b.gif has ")
    assert (folder / "b.gif").stat().st_size <= 0.8 * len(whole)
    assert run("animate", BOWL, *SMALL, "--max-bytes", "0.5 MiB", "-o", "b.gif")[2] == ""
    assert (folder / "b.gif").read_bytes() == whole


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "a.giff"], "Did you mean '.gif'?"),
        (["-o", "%s.png"], "one field for the number"),
        (["--frames", "few"], "invalid int"),
        (["--fps", "0"], "`fps`"),
        (["--trail", "0"], "`trail` must be at least 1"),
        (["--layout", "3d", "--azimuth", "inf"], "`azimuth` must be finite"),
        (["--layout", "3d", "--step-arrows"], '`step_arrows` must be left out in the layout "3d"'),
        (["--learning-rates", "0.1,fast"], "must be numbers with commas between"),
        (["--learning-rates", "0.1,-1"], "`learning_rates` must be positive. Got -1.0 instead."),
        (["--max-bytes", "0"], "`max_bytes` must be at least 1"),
        (["--max-bytes", "1XB"], "or like 800kB or 1.5MB. Got '1XB' instead."),
        (["--max-bytes", "9" * 400], "or like 800kB or 1.5MB"),
        (["--step-arrows", "-o", "a.html"], "`step_arrows` must be left out of a page"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(arguments, words, refused):
    assert words in refused("animate", BOWL, *SMALL, *arguments)
