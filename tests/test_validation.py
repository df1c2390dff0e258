"""Checks of arguments, and the words they fail with."""

from fractions import Fraction

import numpy as np
import pytest

from trajectories.checks import (
    FRACTION,
    NON_NEGATIVE,
    POSITIVE,
    UNIT,
    Interval,
    finite,
    floats,
    integer,
    must,
    scalar,
)


@pytest.mark.parametrize(
    ("got", "shown"),
    [
        (-0.1, "-0.1"),
        ("a", "'a'"),
        (np.float64(0.5), "0.5"),
        (np.int64(3), "3"),
        (None, "None"),
        ((1, 2), "(1, 2)"),
        (np.array([[1], [2]]), "array([[1], [2]])"),
    ],
)
def test_must(got, shown):
    error = must("lr", "positive", got)
    assert type(error) is ValueError
    assert str(error) == f"`lr` must be positive. Got {shown} instead."


def test_must_of_another_kind_with_a_long_value():
    error = must("lr", "a number", list(range(1000)), kind=TypeError)
    assert type(error) is TypeError
    assert len(str(error)) < 130
    assert "Got [0, 1, 2," in str(error)
    assert str(error).endswith("999] instead.")


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [
        (POSITIVE, [5e-324, 1, 1e308], [0, -0.0, -1, np.inf, np.nan]),
        (NON_NEGATIVE, [0, -0.0, 1e308], [-5e-324, np.inf, np.nan]),
        (FRACTION, [0, 0.5, 1 - 1e-16], [1, -1e-300, np.nan]),
        (UNIT, [0, 0.5, 1], [1 + 1e-15, -1e-300, np.nan]),
        (Interval(1, 2, "right", "in (1, 2]"), [1.5, 2], [1, 2.5]),
    ],
    ids=lambda value: getattr(value, "words", None),
)
def test_intervals(interval, inside, outside):
    assert all(value in interval for value in inside)
    assert not any(value in interval for value in outside)
    assert np.array(inside, dtype=float) in interval
    assert not any(np.array([*inside, value], dtype=float) in interval for value in outside)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (2, 2.0),
        (0.5, 0.5),
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.int8(2), 2.0),
        (Fraction(1, 4), 0.25),
        (np.array(0.5), 0.5),
    ],
)
def test_numbers_become_python_floats(value, number):
    got = finite("lr", value, POSITIVE)
    assert type(got) is float
    assert got == number


@pytest.mark.parametrize("value", [[1, 2], (0.5, 2), np.array([[1, 2]], np.float32), [np.int8(3)]])
def test_sequences_become_new_float64_arrays(value):
    got = finite("lr", value, POSITIVE)
    assert isinstance(got, np.ndarray)
    assert got.dtype == np.float64
    assert np.array_equal(got, value)
    assert not np.shares_memory(got, np.asarray(value))


@pytest.mark.parametrize(
    "value",
    [True, np.True_, None, "1", b"1", 1j, {}, object(), [True], ["1"], [None], [1j], [[1], [1, 2]]],
)
def test_what_is_no_number_is_refused(value):
    with pytest.raises(TypeError, match="^`lr` must be a number or an array of numbers. Got "):
        finite("lr", value, POSITIVE)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-0.1, "`lr` must be positive. Got -0.1 instead."),
        (0, "`lr` must be positive. Got 0 instead."),
        (np.float32(-0.5), "`lr` must be positive. Got -0.5 instead."),
        (np.inf, "`lr` must be positive and finite. Got inf instead."),
        (np.nan, "`lr` must be positive and finite. Got nan instead."),
        (np.array(-1.0), "`lr` must be positive. Got -1.0 instead."),
        ([1, -2, -3], "`lr` must be positive and finite throughout. Got -2.0 instead."),
        ([1, np.nan], "`lr` must be positive and finite throughout. Got nan instead."),
        ([], "`lr` must be positive and finite throughout. Got [] instead."),
    ],
)
def test_numbers_outside_are_refused(value, message):
    with pytest.raises(ValueError, match="^`lr`") as caught:
        finite("lr", value, POSITIVE)
    assert str(caught.value) == message


def test_an_integer_past_float64_is_refused():
    with pytest.raises(ValueError, match="`lr` must be a number in float64's range"):
        finite("lr", 10**400, POSITIVE)


def test_the_words_are_those_of_the_interval():
    with pytest.raises(ValueError, match="`momentum` must be between 0 and 1. Got 2 instead"):
        finite("momentum", 2, UNIT)
    with pytest.raises(ValueError, match="`beta1` must be at least 0 and below 1 throughout"):
        finite("beta1", [0.5, 1.0], FRACTION)


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.array(2)])
def test_scalar(value):
    got = scalar("noise", value, POSITIVE)
    assert type(got) is float
    assert got == 2.0


@pytest.mark.parametrize("value", [[2.0], np.array([1.0, 2.0]), (1, 2), "2", None, True])
def test_what_is_no_scalar_is_refused(value):
    with pytest.raises(TypeError, match="^`noise` must be a "):
        scalar("noise", value, POSITIVE)


def test_scalars_outside_are_refused():
    with pytest.raises(ValueError, match="`noise` must be positive. Got -1 instead"):
        scalar("noise", -1, POSITIVE)


@pytest.mark.parametrize(
    "value",
    [3, [1, 2], [[1.5, np.nan], [np.inf, 0]], np.float32([1, 2]), [Fraction(1, 2), 10**30], []],
)
def test_floats_are_a_new_array(value):
    got = floats("p", value)
    assert got.dtype == np.float64
    assert np.array_equal(got, np.array(value, dtype=np.float64), equal_nan=True)
    assert not np.shares_memory(got, np.asarray(value))


@pytest.mark.parametrize(
    "value",
    ["ab", ["1", "2"], [1, None], [1j, 2], [True, False], [[1, 2], [3]], {"x": 1}, object()],
)
def test_floats_are_of_real_numbers_alone(value):
    with pytest.raises(TypeError, match="^`p` must be numbers. Got "):
        floats("p", value)
    with pytest.raises(TypeError, match="^`p` must be two numbers. Got "):
        floats("p", value, "two numbers")


def test_floats_past_float64_are_refused():
    with pytest.raises(ValueError, match="`p` must be in float64's range"):
        floats("p", [1, 10**400])


@pytest.mark.parametrize("value", [1, 30, np.int64(30), np.uint8(1), 10**30])
def test_integer(value):
    got = integer("steps", value, 1)
    assert type(got) is int
    assert got == value


@pytest.mark.parametrize(
    "value", [True, np.True_, 2.0, np.float64(2), "2", None, [2], np.array([2])]
)
def test_what_is_no_integer_is_refused(value):
    with pytest.raises(TypeError, match="^`steps` must be an integer. Got "):
        integer("steps", value, 1)


@pytest.mark.parametrize("value", [0, -1, np.int64(-5), -(10**30)])
def test_an_integer_that_is_too_low_is_refused(value):
    with pytest.raises(ValueError, match="^`steps` must be at least 1. Got "):
        integer("steps", value, 1)
