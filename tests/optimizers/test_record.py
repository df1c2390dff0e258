"""Optimizers as plain data: what is written reads back as an equal rule, and nothing else does."""

import json

import numpy as np
import pytest

from trajectories.optimizers import ALL_OPTIMIZERS, from_record, to_record
from trajectories.optimizers.adam import Adam
from trajectories.optimizers.gradient import SGD, Momentum
from trajectories.optimizers.schedules import Cosine, Warmup

ALL = pytest.mark.parametrize("cls", ALL_OPTIMIZERS.values(), ids=ALL_OPTIMIZERS)


def by_way_of_json(rule):
    return from_record(json.loads(json.dumps(to_record(rule))))


def elsewhere(cls, make):
    """Return a rule whose every hyperparameter is another than its default."""
    return cls(**{name: make(h * 0.75 + 0.01) for name, h in valid(cls).items()})


def valid(cls):
    """Return values that stay in their ranges when they are moved a little."""
    return {name: 2.0 if name == "eta_plus" else h for name, h in cls().hyperparameters.items()}


@ALL
@pytest.mark.parametrize("make", [float, lambda h: np.array([h, h / 1.25])], ids=["plain", "array"])
def test_what_is_written_reads_back_as_an_equal_rule(cls, make):
    rule = elsewhere(cls, make)
    back = by_way_of_json(rule)
    assert type(back) is cls
    assert back == rule
    for name, value in rule.hyperparameters.items():
        assert type(getattr(back, name)) is type(value)
        np.testing.assert_array_equal(getattr(back, name), value)


def test_a_record_is_its_name_and_all_hyperparameters_in_their_order():
    assert list(to_record(Adam(0.3)).items()) == [
        ("name", "adam"),
        ("lr", 0.3),
        ("beta1", 0.9),
        ("beta2", 0.999),
        ("eps", 1e-7),
    ]
    assert to_record(SGD([0.1, 0.2])) == {"name": "sgd", "lr": [0.1, 0.2]}


def test_a_long_array_is_kept_bit_for_bit():
    rates = np.random.default_rng(1).uniform(0.1, 1, (50, 7))
    assert np.array_equal(by_way_of_json(Momentum(rates)).lr, rates)


def test_a_schedule_is_kept_and_goes_on_as_one():
    rule = Momentum(Warmup(Cosine(0.9, 60), steps=5), momentum=0.5)
    assert to_record(rule)["lr"] == "warmup(cosine(0.9, steps=60), steps=5)"
    assert by_way_of_json(rule) == rule


def test_a_function_cannot_be_kept():
    with pytest.raises(ValueError, match="`lr` must be a number, an array or a schedule of the"):
        to_record(SGD(lambda step: 0.1))


def test_what_a_record_leaves_out_is_at_its_default():
    assert from_record({"name": "Adam", "lr": 0.5}) == Adam(0.5)


@pytest.mark.parametrize(
    ("record", "error", "words"),
    [
        (None, TypeError, "`optimizer` must be a record with its name. Got None"),
        ({"lr": 0.1}, ValueError, "optimizer"),
        ({"name": "admm"}, ValueError, "adam"),
        ({"name": "adam", "beta": 0.5}, ValueError, "hyperparameter of adam.*beta1"),
        ({"name": "sgd", "lr": -1}, ValueError, "`lr` must be positive. Got -1"),
    ],
)
def test_anything_else_is_refused_and_named(record, error, words):
    with pytest.raises(error, match=words):
        from_record(record)
