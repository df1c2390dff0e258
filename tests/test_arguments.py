"""What counts as a number, and the words with which anything else is refused."""

from fractions import Fraction

import numpy as np
import pytest

import trajectories as tj


@pytest.mark.parametrize(
    "value", [2, 2.0, np.float64(2), np.float32(2), np.int8(2), Fraction(2), np.array(2)]
)
def test_numbers_become_floats_of_python(value):
    lr = tj.SGD(value).lr
    assert type(lr) is float
    assert lr == 2.0
    assert tj.descend("sphere", tj.SGD(value), noise=value, rng=0, steps=1).steps == 1


@pytest.mark.parametrize(
    "value", [[1, 2], (0.5, 2), np.array([[1, 2]], np.float32), [Fraction(1, 2), 10**30]]
)
def test_sequences_become_new_arrays(value):
    lr = tj.SGD(value).lr
    assert lr.dtype == np.float64
    assert np.array_equal(lr, np.array(value, dtype=np.float64))
    assert not np.shares_memory(lr, np.asarray(value))


@pytest.mark.parametrize(
    "value",
    [True, np.True_, None, "1", b"1", 1j, {}, [True], ["1"], [None], [1j], [[1], [1, 2]]],
    ids=repr,
)
def test_what_is_no_number_is_refused(value):
    words = "^`lr` must be a number or an array of numbers. Got "
    with pytest.raises(TypeError, match=words):
        tj.SGD(value)
    with pytest.raises(TypeError, match="^`noise` must be a "):
        tj.descend("sphere", "sgd", noise=value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-0.1, "`lr` must be positive. Got -0.1 instead."),
        (0, "`lr` must be positive. Got 0 instead."),
        (np.float32(-0.5), "`lr` must be positive. Got -0.5 instead."),
        (np.inf, "`lr` must be positive and finite. Got inf instead."),
        ([1, -2, -3], "`lr` must be positive and finite throughout. Got -2.0 instead."),
        ([1, np.nan], "`lr` must be positive and finite throughout. Got nan instead."),
        ([], "`lr` must be positive and finite throughout. Got [] instead."),
    ],
)
def test_numbers_outside_are_refused(value, message):
    with pytest.raises(ValueError, match="^`lr`") as caught:
        tj.SGD(value)
    assert str(caught.value) == message


def test_other_arguments_have_words_of_their_own():
    for make, error, words in [
        (lambda: tj.SGD(10**400), ValueError, "`lr` must be a number in float64's range"),
        (lambda: tj.SGD([1, 10**400]), ValueError, "`lr` must be in float64's range"),
        (lambda: tj.Momentum(0.1, momentum=2), ValueError, "`momentum` must be .* Got 2 instead"),
        (
            lambda: tj.descend("sphere", "sgd", noise=[2.0, 1]),
            TypeError,
            "`noise` must be a single",
        ),
        (lambda: tj.descend("sphere", "sgd", steps=0), ValueError, "`steps` must be at least 1"),
        (lambda: tj.descend("sphere", "sgd", steps=2.0), TypeError, "`steps` must be an integer"),
        (lambda: tj.descend("sphere", "sgd", steps=True), TypeError, "`steps` must be an integer"),
        (lambda: tj.descend("sphere", "sgd", ("a", "b")), TypeError, "`start` must be"),
    ]:
        with pytest.raises(error, match=words):
            make()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sdg", "Unknown optimizer 'sdg'. Did you mean 'sgd'?"),
        ("RMS-Propp", "Unknown optimizer 'RMS-Propp'. Did you mean 'rmsprop'?"),
        ("zzz", "Unknown optimizer 'zzz'. Known: sgd, "),
        ("", "Unknown optimizer ''"),
    ],
)
def test_the_nearest_name_is_suggested(name, words):
    with pytest.raises(ValueError, match="Unknown optimizer") as caught:
        tj.descend("sphere", name)
    assert str(caught.value).startswith(words)


def test_long_values_are_cut():
    for make in (lambda: tj.descend("sphere", "x" * 1900), lambda: tj.SGD(["1"] * 1000)):
        with pytest.raises((TypeError, ValueError)) as caught:
            make()
        assert len(str(caught.value)) < 500
        assert "..." in str(caught.value)
