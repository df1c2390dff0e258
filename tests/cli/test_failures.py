"""What goes wrong on the command line is told in one line; nothing is left behind."""

import os
import sys
import warnings

import pytest
from matplotlib.figure import Figure

from trajectories.cli import main

BOWL = "x**2/20 + y**2"
SMALL = ["--size", "200x150", "--steps", "4", "-O", "sgd:lr=0.9"]

FORMULAS = {
    "unknown surface": "bowll",
    "call of a class": "__import__('os').system('touch gotcha')",
    "tower": "9**9**9",
    "several lines": "x\n+\nfoo",
    "long": "x + " * 2500 + "x",
    "deep": "(" * 2000 + "x" + ")" * 2000,
}


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_what_is_no_formula_is_refused(formula, refused):
    assert len(refused("plot", "--", formula)) < 600


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-O", "adm"], "Did you mean 'adam"),
        (["-O", "adam:bta1=0.5"], "Did you mean 'beta1'?"),
        (["-O", "sgd:lr=0"], "`lr` must be positive. Got 0.0 instead."),
        (["-O", "sgd:lr=fast"], "`lr` must be a finite number. Got 'fast' instead."),
        (["--start", "3"], "must be 2 numbers"),
        (["--start", "1e999,0"], "`start` must be finite"),
        (["--start"], "expected one argument"),
        (["--seed", "-1"], "`rng`"),
        (["--size", "large"], "must be like 1280x720"),
        (["--size", "-300x200"], "--size"),
        (["--limits", "everything"], "must be 4 numbers"),
        (["-o", "a.pgn"], "Did you mean '.png'?"),
        (["-o", "a.gif"], "Known: .png, .svg, .pdf"),
        (["--colour", "red"], "unrecognized arguments: --colour"),
        (["--trail=3"], "unrecognized arguments: --trail=3"),
    ],
)
def test_a_bad_argument_is_refused_with_a_reason(arguments, words, refused):
    assert words in refused("plot", BOWL, *arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["plot"], "the following arguments are required: surface"),
        (["plot", "rosenbrok"], "Did you mean 'rosenbrock'?"),
        (["list", "colours"], "invalid choice: 'colours'"),
        (["mnist", "search", "--hidden", "wide"], "argument --hidden: must be like 100x6"),
    ],
)
def test_a_bad_command_is_refused_with_a_reason(arguments, words, refused):
    assert words in refused(*arguments)


@pytest.mark.parametrize("place", ["no/such/folder/a", "file/a", "/proc/a", "taken", "x" * 300])
def test_a_place_that_cannot_be_written_is_a_failure(place, refused, folder):
    if place.startswith("/proc") and not os.path.isdir("/proc/self"):
        pytest.skip("There is no /proc here.")
    (folder / "file").write_text("")
    (folder / "taken.png").mkdir()
    assert place[:6] in refused("plot", BOWL, *SMALL, "-o", f"{place}.png", code=1)


def test_a_place_is_checked_before_the_work_begins(refused):
    endless = ["--steps", "1000000000000"]
    refused("plot", BOWL, *endless, "-o", "no/a.png", code=1)
    refused("animate", BOWL, *endless, "-o", "no/a.gif", code=1)
    refused("animate", BOWL, *endless, "-o", "a.txt")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MemoryError("no room"), 1, "MemoryError: no room"),
        (OSError(28, "No space left on device"), 1, "error: No space left on device: '"),
        (ValueError("`x` must be\nsmall."), 2, "`x` must be small."),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_whatever_goes_wrong_is_told_in_one_line(error, code, words, refused, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(Figure, "savefig", fail)
    assert words in refused("plot", BOWL, *SMALL, "-o", "a.png", code=code)


def test_only_notes_to_users_are_told(monkeypatch, run, folder):
    def warn(*_, **__):
        warnings.warn("for\nprogrammers", RuntimeWarning, stacklevel=1)
        warnings.warn("for\nusers", UserWarning, stacklevel=1)

    monkeypatch.setattr(Figure, "savefig", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        before = (list(warnings.filters), warnings.showwarning)
        told = run("plot", BOWL, *SMALL, "-o", "a.png")
        assert (list(warnings.filters), warnings.showwarning) == before
    assert told == (0, "a.png\n", "trajectories: note: for users\n")


@pytest.mark.parametrize(
    ("stream", "target", "code"),
    [("stderr", "no/a.png", 1), ("stderr", "a.png", 0), ("stdout", "no/a.png", 1)],
)
def test_what_has_no_stream_is_not_told_on_the_other(
    stream, target, code, monkeypatch, capsys, folder
):
    monkeypatch.setattr(sys, stream, None)
    assert main(["plot", "7", *SMALL, "-o", target]) == code
    out, err = capsys.readouterr()
    assert out == ("a.png\n" if code == 0 else "")
    assert err.count("\n") == (stream == "stdout")
