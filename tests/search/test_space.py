"""Ranges and spaces: what is drawn, what is read, what is cut."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from trajectories.search import Choice, Integer, LogUniform, Space, Uniform, as_space

SHARES = np.random.default_rng(0).random(4000)


def read_range(text):
    return as_space({"lr": text})["lr"]


def test_draws_are_even_on_the_scale_of_the_range():
    rates = np.log10([LogUniform(1e-6, 1e-2).at(u) for u in SHARES])
    assert np.histogram(rates, bins=4, range=(-6, -2))[0].min() > 900
    assert np.histogram([Uniform(-1, 3).at(u) for u in SHARES], 4, (-1, 3))[0].min() > 900
    counts = np.bincount([Integer(2, 5).at(u) for u in SHARES])
    assert len(counts) == 6
    assert counts[2:].min() > 900
    assert {Choice(["a", 2, 3.5]).at(u) for u in SHARES} == {"a", 2, 3.5}


@settings(max_examples=50)
@given(st.floats(1e-300, 1e300), st.floats(1.0000001, 1e6), st.floats(0, 1, exclude_max=True))
def test_a_draw_is_never_outside(low, factor, share):
    high = low * factor
    if not low < high < math.inf:
        return
    for kind in (LogUniform, Uniform):
        assert low <= kind(low, high).at(share) <= high


def test_a_cut_reaches_a_mean_gap_further_than_the_sample_but_not_beyond_the_range():
    cut = Uniform(0, 10).around([4.0, 6.0, 5.0])
    assert (cut.low, cut.high) == (3, 7)
    cut = Uniform(0, 10).around([0.5, 9.8])
    assert (cut.low, cut.high) == (0, 10)
    cut = LogUniform(1e-6, 1).around([1e-3, 1e-2, 1e-1])
    assert np.allclose((cut.low, cut.high), (1e-4, 1), rtol=1e-12)
    assert Integer(1, 100).around([10, 12]) == Integer(8, 14)
    assert Integer(1, 9).around([4, 4, 4]) == Choice((4,))
    assert Choice(["a", "b", "c"]).around(["c", "a", "c"]) == Choice(["a", "c"])
    for few in ([], [0.3], [0.3, 0.3]):
        assert Uniform(0, 1).around(few) == Uniform(0, 1)


def test_the_cut_of_a_uniform_sample_is_right_on_average():
    rng = np.random.default_rng(1)
    ends = [vars(Uniform(-100, 100).around(list(rng.uniform(2, 3, 9)))) for _ in range(3000)]
    assert abs(np.mean([end["low"] for end in ends]) - 2) < 0.01
    assert abs(np.mean([end["high"] for end in ends]) - 3) < 0.01


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("log:1e-6:1e-2", LogUniform(1e-6, 1e-2)),
        ("linear:-1:2", Uniform(-1, 2)),
        ("integer:1:6", Integer(1, 6)),
        ("choice(relu, tanh)", Choice(["relu", "tanh"])),
        ("choice(true,false)", Choice([True, False])),
        ("0.9", Choice([0.9])),
    ],
)
def test_text_is_read_and_written(text, expected):
    assert read_range(text) == expected
    assert read_range(expected.text.replace("True", "true")) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("logg:1:2", "Unknown range 'logg'. Did you mean 'log'?"),
        ("log:0:1", "`low` must be positive"),
        ("linear:2:1", "`high` must be above low, which is 2"),
        ("choice(a, a)", "none of them twice"),
        ("choice(log(1, 2), 3)", "of numbers and words"),
        ("__import__('os')", "Expected a number or a call"),
        ("log:1e-6:1e999", "finite"),
    ],
)
def test_text_that_is_no_range_is_refused(text, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(").replace(")", r"\)")):
        read_range(text)


def test_a_space_is_read_from_text_and_from_ranges():
    wanted = Space(lr=LogUniform(1e-6, 1e-2), momentum=Uniform(0, 0.9))
    assert as_space("lr=log:1e-6:1e-2, momentum=linear:0:0.9") == wanted
    assert as_space(["lr=log:1e-6:1e-2", "momentum=linear:0:0.9"]) == wanted
    assert as_space({"lr": "log:1e-6:1e-2", "momentum": Uniform(0, 0.9)}) == wanted
    assert as_space(wanted.text) == wanted
    assert as_space(wanted) is wanted


@pytest.mark.parametrize("bad", ["lr=", "a b=log:1:2", "lr=log:1:2,lr=log:1:2", [1], {}])
def test_what_is_no_space_is_refused(bad):
    with pytest.raises((TypeError, ValueError)):
        as_space(bad)


@pytest.mark.parametrize("values", ["relu", [1.0, math.nan], ["relu", None]])
def test_a_choice_is_of_numbers_and_text(values):
    with pytest.raises(TypeError, match="`values` must be (a list of values|finite numbers or te)"):
        Choice(values)


def test_a_space_is_plain_data():
    space = Space(lr="log:1e-6:1e-2", layers="integer:1:4", activation="choice(relu,tanh)")
    assert Space.from_dict(json.loads(json.dumps(space.to_dict()))) == space
    assert len(space) == 3
    records = space.to_records()
    assert records[0] == {"name": "lr", "kind": "log", "low": 1e-6, "high": 1e-2}
    assert records[2]["values"] == ["relu", "tanh"]
