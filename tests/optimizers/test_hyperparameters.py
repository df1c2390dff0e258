"""Hyperparameters: their checks, schedules, copies and comparison."""

import copy
import itertools
import pickle
from fractions import Fraction

import numpy as np
import pytest

from trajectories import (
    OPTIMIZERS,
    SGD,
    SURFACE_OPTIMIZERS,
    AdaGrad,
    Adam,
    Backtracking,
    Lion,
    Momentum,
    Nesterov,
    RMSProp,
    Rprop,
    descend,
    schedules,
)

ALL = {**OPTIMIZERS, **SURFACE_OPTIMIZERS}


@pytest.mark.parametrize("name", ALL)
def test_the_rate_comes_first_and_the_name_is_that_of_the_class(name):
    assert list(ALL[name]().hyperparameters)[0] == "lr"
    assert name == ALL[name].name == ALL[name].__name__.lower()


# --- checks


@pytest.mark.parametrize(
    ("lr", "error"),
    [
        *((bad, ValueError) for bad in (0, -0.1, np.inf, np.nan, 10**400, [0.1, 0.0], [])),
        *((bad, TypeError) for bad in (True, None, "1", 1j, {}, [True], [[1], [1, 2]])),
    ],
)
def test_bad_learning_rates_are_refused_at_once_and_later(cls, lr, error):
    with pytest.raises(error, match="^`lr` must be .* Got .* instead.$"):
        cls(lr)
    rule = cls(0.1)
    with pytest.raises(error, match="^`lr` must be"):
        rule.lr = lr
    assert rule.lr == 0.1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(np.float64(-0.5)), "`lr` must be positive. Got -0.5 instead."),
        (lambda: SGD(np.nan), "`lr` must be positive and finite. Got nan instead."),
        (lambda: SGD([1, 0.0]), "`lr` must be positive and finite throughout. Got 0.0 instead."),
        (lambda: Momentum(momentum=1.1), "`momentum` must be between 0 and 1. Got 1.1 instead."),
        (lambda: Nesterov(momentum=-0.1), "`momentum` must be between 0 and 1. Got -0.1 instead."),
        (lambda: Adam(beta1=1), "`beta1` must be at least 0 and below 1. Got 1 instead."),
        (lambda: RMSProp(decay_rate=1.0), "`decay_rate` must be at least 0 and below 1. Got 1.0 "),
        (lambda: AdaGrad(eps=0), "`eps` must be positive. Got 0 instead."),
        (lambda: Lion(weight_decay=-1), "`weight_decay` must be zero or positive. Got -1 instead."),
        (lambda: Rprop(eta_minus=1), "`eta_minus` must be above 0 and below 1. Got 1 instead."),
        (lambda: Backtracking(shrink=1.0), "`shrink` must be between 0 and 1, without the ends"),
        (lambda: Rprop(eta_plus=1), "`eta_plus` must be above 1. Got 1 instead."),
    ],
)
def test_the_message_says_what_it_must_be_and_what_came(make, message):
    with pytest.raises(ValueError, match="must be") as caught:
        make()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "value", [2, np.float64(2), np.float32(2), np.int8(2), Fraction(2), np.array(2)]
)
def test_numbers_become_floats_of_python(value):
    lr = SGD(value).lr
    assert type(lr) is float
    assert lr == 2.0
    assert descend("sphere", SGD(value), noise=value, rng=0, steps=1).steps == 1


@pytest.mark.parametrize("value", [(0.5, 2), np.float32([[1, 2]]), [Fraction(1, 2), 10**30]])
def test_sequences_become_arrays(value):
    lr = SGD(value).lr
    assert lr.dtype == np.float64
    assert np.array_equal(lr, np.array(value, dtype=np.float64))


def test_long_values_are_cut():
    for make in (lambda: descend("sphere", "x" * 1900), lambda: SGD(["1"] * 1000)):
        with pytest.raises((TypeError, ValueError)) as caught:
            make()
        assert len(str(caught.value)) < 500
        assert "..." in str(caught.value)


def test_an_array_is_copied():
    rates = np.array([0.1, 0.2])
    rule = SGD(rates)
    rates[0] = -5
    assert rule.lr.tolist() == [0.1, 0.2]
    assert repr(rule) == "SGD(lr=array([0.1, 0.2]))"
    assert repr(Adam(1, beta1=0.8)) == "Adam(lr=1.0, beta1=0.8, beta2=0.999, eps=1e-07)"


def test_arrays_broadcast_together():
    assert Adam(np.full(3, 0.1), beta1=np.full((2, 1), 0.5)).batch_shape == (2, 3)
    assert Adam().batch_shape == ()
    with pytest.raises(
        ValueError, match=r"must broadcast together\. Got lr \(3,\), beta1 \(2,\)\."
    ):
        Adam(np.full(3, 0.1), beta1=np.full(2, 0.5)).batch_shape  # noqa: B018


# --- schedules


def test_text_stands_for_a_schedule():
    rule = SGD("cosine(0.9, steps=60)")
    assert rule.lr == schedules.Cosine(0.9, 60)
    rule.lr = "step(0.5, 3)"
    with pytest.raises(ValueError, match="cosine"):
        rule.lr = "cosin(0.9, steps=60)"
    assert rule.lr == schedules.StepDecay(0.5, 3)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (-0.1, ValueError, "^`lr` must be"),
        (np.nan, ValueError, "^`lr` must be"),
        (None, TypeError, "^`lr` must be"),
        (np.full(3, 0.1), ValueError, "broadcast"),
    ],
)
def test_a_bad_rate_from_a_schedule_changes_nothing(cls, bad, error, message):
    rates = [0.1, bad, 0.1]
    rule, p, g = cls(lambda step: rates[step]), np.ones(2), {"p": np.ones(2)}
    rule.update({"p": p}, g)
    before = p.copy()
    with pytest.raises(error, match=message):
        rule.update({"p": p}, g)
    assert np.array_equal(p, before)
    assert rule.steps_taken == 1

    rates[1] = 0.1
    rule.update({"p": p}, g)
    twin, expected = cls(0.1), np.ones(2)
    for _ in range(2):
        twin.update({"p": expected}, g)
    assert np.array_equal(p, expected)


def test_a_schedule_is_asked_for_each_step_from_zero(cls):
    asked = []

    def schedule(step):
        asked.append(step)
        return 0.1

    scheduled, p, q = cls(schedule), np.ones(2), np.ones(2)
    for _ in range(4):
        scheduled.update({"p": p, "q": q}, {"p": p / 2, "q": q})
    assert asked == [0, 1, 2, 3]
    assert scheduled.batch_shape == ()


def test_a_schedule_may_come_down_to_zero(cls):
    rule, p = cls(lambda step: 0.0), np.ones(2)
    rule.update({"p": p}, {"p": np.ones(2)})
    least = rule.min_step if cls is Rprop else 0.0
    assert np.array_equal(p, np.full(2, 1 - least))


# --- copies and comparison


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda rule: pickle.loads(pickle.dumps(rule))], ids=["copy", "pickle"]
)
def test_a_used_rule_is_copied_with_its_state_and_a_fresh_one_without(cls, copied):
    rule, p, g = cls(0.1), np.ones(2), {"p": np.ones(2)}
    rule.update({"p": p}, g)
    twin, q, fresh = copied(rule), p.copy(), rule.fresh()
    assert fresh == rule
    assert fresh.steps_taken == 0
    fresh.update({"other": np.ones(5)}, {"other": np.ones(5)})
    for _ in range(2):
        rule.update({"p": p}, g)
        twin.update({"p": q}, g)
    assert np.array_equal(p, q)
    assert twin.steps_taken == rule.steps_taken == 3


def test_a_fresh_copy_may_have_changes():
    assert Adam(0.3).fresh(beta1=0.5) == Adam(0.3, beta1=0.5)
    with pytest.raises(ValueError, match="`lr` must be positive"):
        Adam(0.3).fresh(lr=-1)
    with pytest.raises(TypeError, match="momentum"):
        Adam(0.3).fresh(momentum=0.5)


def halve(step):
    return 0.5**step


def test_what_is_equal_and_what_is_not():
    assert SGD() == SGD(np.float64(0.01))
    assert SGD(halve) == SGD(halve)
    assert SGD(halve) != SGD(lambda step: 0.5**step)
    assert SGD([0.1, 0.1]) != SGD([0.1])
    rules = [SGD(), SGD(0.2), SGD([0.01]), SGD(halve), Momentum(0.01), Nesterov(0.01), 0.01, "sgd"]
    for one, other in itertools.combinations(rules, 2):
        assert one != other
        assert (one == other) is False
    with pytest.raises(TypeError, match="unhashable"):
        hash(SGD())


@pytest.mark.parametrize("name", ALL)
def test_rules_with_arrays_are_compared_by_all_their_numbers(name):
    rule, rates = ALL[name], [0.1, 0.2]
    assert rule(rates) == rule(np.array(rates))
    assert rule(rates) != rule([0.1, 0.3])
    assert rule(rates) != rule(0.1)
    for item, value in rule().hyperparameters.items():
        assert rule().fresh(**{item: value * 0.9375 + 0.03125 * (value == 0)}) != rule()
