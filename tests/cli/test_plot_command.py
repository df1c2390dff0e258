"""``trajectories plot``: what the options of a still picture do."""

import pytest
from PIL import Image

BOWL = "x**2/20 + y**2"
SMALL = ["--size", "200x150", "--steps", "4", "-O", "sgd:lr=0.9"]


@pytest.mark.parametrize(
    ("name", "begins"),
    [("a.svg", b"<?xml"), ("A.PDF", b"%PDF"), ("-x.png", b"\x89PNG")],
)
def test_the_picture_takes_an_old_files_place_and_its_path_is_printed(name, begins, run, folder):
    (folder / name).write_text("old")
    assert run("plot", BOWL, *SMALL, "-o", name) == (0, f"{name}\n", "")
    assert (folder / name).read_bytes().startswith(begins)
    assert [path.name for path in folder.iterdir()] == [name]


def test_without_a_file_name_there_is_a_default(run, folder):
    assert run("plot", BOWL, *SMALL)[:2] == (0, "paths.png\n")
    with Image.open(folder / "paths.png") as image:
        assert image.size == (200, 150)


def test_numbers_may_be_a_word_of_their_own_even_if_they_are_negative(drawn):
    joined = drawn(BOWL, *SMALL, "--start=-5,2.5", "--limits=-8,8,-3,3")
    assert drawn("--start", "-5,2.5", *SMALL, BOWL, "--limits", "-8,8,-3,3") == joined
    assert drawn(BOWL, *SMALL, "--start", "-.5,2") != joined


def test_a_formula_may_begin_with_a_minus(drawn):
    for formula in ("-x**2*y", "-cos(x)*cos(y)"):
        assert drawn(formula, *SMALL) == drawn(f"({formula})", *SMALL)


def test_options_reach_the_picture(drawn):
    plain = drawn(BOWL, *SMALL)
    for more in (
        ["--layout", "Race"],
        ["--theme", "slides-dark"],
        ["--layout", "3d", "--elevation", "20"],
        ["--start", "-5,2", "--start=4,-1"],
        ["--limits", "-1,1,-1,1"],
        ["--noise", "0.5"],
        ["-O", "adam:lr=0.5"],
        ["--tolerance", "100"],
    ):
        assert drawn(BOWL, *SMALL, *more) != plain, more
    assert drawn(BOWL, *SMALL, "--seed", "5") == plain, "there is no noise"
    noisy = [drawn(BOWL, *SMALL, "--noise", "0.5", "--seed", seed) for seed in "112"]
    assert noisy[0] == noisy[1] != noisy[2]


@pytest.mark.parametrize(
    ("flag", "words"), [("--readout", "lr 0.1"), ("--theory", "condition number")]
)
def test_words_are_written_if_they_are_asked_for(flag, words, run, folder):
    contents = []
    for more in ([], [flag]):
        assert run("plot", BOWL, "-O", "momentum:lr=0.1", *more, "-o", "a.svg")[0] == 0
        contents.append((folder / "a.svg").read_text())
    assert words not in contents[0]
    assert words in contents[1]


def test_without_optimizers_the_textbooks_four_descend(drawn):
    specs = ["sgd:lr=0.95", "momentum:lr=0.1", "adagrad:lr=1.5", "adam:lr=0.3"]
    named = [word for spec in specs for word in ("-O", spec)]
    size = ["--size", "300x200", "--steps", "5"]
    assert drawn(BOWL, *size) == drawn(BOWL, *size, *named)


def test_a_constant_formula_is_drawn_with_a_note(run, folder):
    code, out, err = run("plot", "3 + 4", *SMALL, "-o", "a.png")
    assert (code, out) == (0, "a.png\n")
    assert err.startswith("trajectories: note: ")
    assert "no slope" in err
    assert err.count("\n") == 1
    assert run("plot", "3 + 4", *SMALL, "-o", "a.png", "-q") == (0, "a.png\n", "")
