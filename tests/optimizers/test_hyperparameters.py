"""Hyperparameters: their checks, schedules, copies and comparison."""

import copy
import pickle
from dataclasses import fields

import numpy as np
import pytest

from trajectories.optimizers import ALL_OPTIMIZERS, OPTIMIZERS, schedules
from trajectories.optimizers.adam import Adam, AdamW, Adan, AdEMAMix, AMSGrad, NAdam, RAdam
from trajectories.optimizers.adaptive import (
    ADOPT,
    AdaBelief,
    AdaDelta,
    AdaGrad,
    Adamax,
    CenteredRMSProp,
    RMSProp,
    Yogi,
)
from trajectories.optimizers.base import Optimizer
from trajectories.optimizers.gradient import (
    ASGD,
    SGD,
    DampenedMomentum,
    Lion,
    Momentum,
    Nesterov,
    OptimisticGD,
    Rprop,
    SignSGD,
    Signum,
)

BETAS = {"beta1": 0.9, "beta2": 0.999}
DEFAULTS = [
    (SGD(), {"lr": 0.01}),
    (Momentum(), {"lr": 0.01, "momentum": 0.9}),
    (Nesterov(), {"lr": 0.01, "momentum": 0.9}),
    (AdaGrad(), {"lr": 0.01, "eps": 1e-7}),
    (RMSProp(), {"lr": 0.01, "decay_rate": 0.99, "eps": 1e-7}),
    (Adam(), {"lr": 0.001, **BETAS, "eps": 1e-7}),
    (OptimisticGD(), {"lr": 0.01, "alpha": 1, "beta": 1}),
    (ASGD(), {"lr": 0.01, "weight_decay": 1e-4, "alpha": 0.75}),
    (DampenedMomentum(), {"lr": 0.01, "momentum": 0.9, "dampening": 0.9}),
    (CenteredRMSProp(), {"lr": 0.01, "decay_rate": 0.99, "momentum": 0, "eps": 1e-8}),
    (AdaDelta(), {"lr": 1, "decay_rate": 0.9, "eps": 1e-6}),
    (AdamW(), {"lr": 0.001, **BETAS, "eps": 1e-8, "weight_decay": 0.01}),
    (AMSGrad(), {"lr": 0.001, **BETAS, "eps": 1e-8, "weight_decay": 0}),
    (RAdam(), {"lr": 0.001, **BETAS, "eps": 1e-8, "weight_decay": 0}),
    (NAdam(), {"lr": 0.002, **BETAS, "eps": 1e-8, "momentum_decay": 0.004, "weight_decay": 0}),
    (
        Adan(),
        {
            "lr": 0.001,
            "beta1": 0.98,
            "beta2": 0.92,
            "eps": 1e-8,
            "beta3": 0.99,
            "eps_root": 1e-8,
            "weight_decay": 0,
        },
    ),
    (
        AdEMAMix(),
        {"lr": 0.001, **BETAS, "eps": 1e-8, "beta3": 0.9999, "alpha": 5, "weight_decay": 0},
    ),
    (Adamax(), {"lr": 0.002, **BETAS, "eps": 1e-8, "weight_decay": 0}),
    (AdaBelief(), {"lr": 0.001, **BETAS, "eps": 1e-16, "eps_root": 1e-16}),
    (Yogi(), {"lr": 0.01, **BETAS, "eps": 1e-3}),
    (ADOPT(), {"lr": 0.001, "beta1": 0.9, "beta2": 0.9999, "eps": 1e-6}),
    (SignSGD(), {"lr": 0.01}),
    (Signum(), {"lr": 0.01, "momentum": 0.9}),
    (Lion(), {"lr": 1e-4, "beta1": 0.9, "beta2": 0.99, "weight_decay": 1e-3}),
    (
        Rprop(),
        {"lr": 0.01, "eta_minus": 0.5, "eta_plus": 1.2, "min_step": 1e-6, "max_step": 50},
    ),
]


@pytest.mark.parametrize(
    ("rule", "expected"),
    DEFAULTS,
    ids=lambda value: getattr(value, "name", None),
)
def test_defaults(rule, expected):
    assert list(rule.hyperparameters.items()) == list(expected.items())


def test_each_rule_is_named_for_its_class_and_has_its_defaults_checked():
    assert {type(rule) for rule, _ in DEFAULTS} == set(OPTIMIZERS.values())
    assert all(name == cls.__name__.lower() for name, cls in OPTIMIZERS.items())


def test_each_rule_has_a_formula_of_one_line(cls):
    assert cls.formula.isascii()
    assert 5 < len(cls.formula) < 80
    assert "p -= " in cls.formula or "p += " in cls.formula


# --- checks

NOT_POSITIVE = [0, 0.0, -0.0, -0.1, -np.inf, np.inf, np.nan, 10**400, np.array([0.1, 0.0]), []]
NO_NUMBER = [True, None, "0.1", 1j, {}, np.array([True]), np.array(["a"]), [[1], [1, 2]], [None]]


@pytest.mark.parametrize("lr", NOT_POSITIVE)
def test_learning_rates_out_of_range(cls, lr):
    with pytest.raises(ValueError, match="^`lr` must be .* Got .* instead.$"):
        cls(lr)


@pytest.mark.parametrize("lr", NO_NUMBER)
def test_learning_rates_that_are_no_numbers(cls, lr):
    with pytest.raises(TypeError, match="^`lr` must be a number or an array of numbers. Got "):
        cls(lr)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(-0.1), "`lr` must be positive. Got -0.1 instead."),
        (lambda: SGD(0), "`lr` must be positive. Got 0 instead."),
        (lambda: SGD(np.nan), "`lr` must be positive and finite. Got nan instead."),
        (lambda: SGD(np.float64(-0.5)), "`lr` must be positive. Got -0.5 instead."),
        (
            lambda: SGD([0.1, 0.0]),
            "`lr` must be positive and finite throughout. Got 0.0 instead.",
        ),
        (lambda: Momentum(momentum=1.1), "`momentum` must be between 0 and 1. Got 1.1 instead."),
        (lambda: Nesterov(momentum=-0.1), "`momentum` must be between 0 and 1. Got -0.1 instead."),
        (lambda: Adam(beta1=1), "`beta1` must be at least 0 and below 1. Got 1 instead."),
        (lambda: Adam(beta2=-1e-9), "`beta2` must be at least 0 and below 1. Got -1e-09 instead."),
        (lambda: RMSProp(decay_rate=1.0), "`decay_rate` must be at least 0 and below 1. Got 1.0 "),
        (lambda: AdaGrad(eps=0), "`eps` must be positive. Got 0 instead."),
        (lambda: Adam(eps=np.inf), "`eps` must be positive and finite. Got inf instead."),
        (lambda: Lion(weight_decay=-1), "`weight_decay` must be zero or positive. Got -1 instead."),
        (lambda: Rprop(eta_minus=1), "`eta_minus` must be above 0 and below 1. Got 1 instead."),
        (lambda: Rprop(eta_minus=0), "`eta_minus` must be above 0 and below 1. Got 0 instead."),
        (lambda: Rprop(eta_plus=1), "`eta_plus` must be above 1. Got 1 instead."),
    ],
)
def test_the_message_says_what_it_must_be_and_what_came(make, message):
    with pytest.raises(ValueError, match="must be") as caught:
        make()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "make", [lambda: Momentum(momentum=1), lambda: Momentum(momentum=0), lambda: Adam(beta1=0)]
)
def test_the_ends_of_the_ranges_are_allowed(make):
    make().update({"p": np.ones(2)}, {"p": np.ones(2)})


@pytest.mark.parametrize("bad", [-1, 0, None, "0.1", np.nan, [0.1, -0.1]])
def test_a_bad_value_is_refused_later_too_and_the_old_one_stays(cls, bad):
    rule = cls(0.1)
    with pytest.raises((TypeError, ValueError), match="^`lr` must be"):
        rule.lr = bad
    assert rule.lr == 0.1


def test_a_new_value_acts_from_the_next_step():
    rule, p = SGD(0.1), np.zeros(1)
    rule.update({"p": p}, {"p": np.ones(1)})
    rule.lr = 1
    rule.update({"p": p}, {"p": np.ones(1)})
    assert p == pytest.approx([-1.1])


def test_an_array_is_copied():
    rates = np.array([0.1, 0.2])
    rule = SGD(rates)
    rates[0] = -5
    assert rule.lr.tolist() == [0.1, 0.2]


def test_arrays_broadcast_together():
    assert Adam(np.full(3, 0.1), beta1=np.full((2, 1), 0.5)).batch_shape == (2, 3)
    assert Adam().batch_shape == ()
    with pytest.raises(
        ValueError, match=r"must broadcast together\. Got lr \(3,\), beta1 \(2,\)\."
    ):
        Adam(np.full(3, 0.1), beta1=np.full(2, 0.5)).batch_shape  # noqa: B018


def test_the_base_class_is_no_rule():
    with pytest.raises(TypeError, match="abstract"):
        Optimizer()


# --- schedules


def test_a_schedule_is_asked_for_each_step_from_zero(cls):
    asked = []

    def schedule(step):
        asked.append(step)
        return 0.1

    scheduled, plain, p, q = cls(schedule), cls(0.1), np.ones(2), np.ones(2)
    for _ in range(4):
        scheduled.update({"p": p, "q": q}, {"p": p / 2, "q": q})
    assert asked == [0, 1, 2, 3]
    assert scheduled.batch_shape == ()

    expected = np.ones(2)
    for _ in range(4):
        plain.update({"p": expected}, {"p": expected / 2})
    assert np.array_equal(p, expected)


def test_text_stands_for_a_schedule(cls):
    rule = cls("cosine(0.9, steps=60)")
    assert rule.lr == schedules.Cosine(0.9, 60)
    rule.lr = "step(0.5, 3)"
    assert rule.lr == schedules.StepDecay(0.5, 3)
    with pytest.raises(ValueError, match="cosine"):
        rule.lr = "cosin(0.9, steps=60)"
    assert rule.lr == schedules.StepDecay(0.5, 3)


def test_a_schedule_changes_the_rate():
    rule, p = SGD(lambda step: 1 / (step + 1)), np.zeros(1)
    for _ in range(3):
        rule.update({"p": p}, {"p": np.ones(1)})
    assert p == pytest.approx([-(1 + 1 / 2 + 1 / 3)])


def test_a_schedule_may_return_an_array():
    rule, p = SGD(lambda step: np.array([0.5, 1.0]) / (step + 1)), np.zeros(2)
    for _ in range(2):
        rule.update({"p": p}, {"p": np.ones(2)})
    assert np.array_equal(p, [-0.75, -1.5])


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (-0.1, ValueError),
        (np.nan, ValueError),
        (None, TypeError),
        ("1", TypeError),
    ],
)
def test_a_bad_rate_from_a_schedule_changes_nothing(cls, bad, error):
    rates = [0.1, bad, 0.1]
    rule, p = cls(lambda step: rates[step]), np.ones(2)
    rule.update({"p": p}, {"p": np.ones(2)})
    before = p.copy()
    with pytest.raises(error, match="^`lr` must be"):
        rule.update({"p": p}, {"p": np.ones(2)})
    assert np.array_equal(p, before)
    assert rule.steps_taken == 1

    rates[1] = 0.1
    rule.update({"p": p}, {"p": np.ones(2)})
    twin, expected = cls(0.1), np.ones(2)
    for _ in range(2):
        twin.update({"p": expected}, {"p": np.ones(2)})
    assert np.array_equal(p, expected)


def test_a_schedule_may_come_down_to_zero(cls):
    rule, p = cls(lambda step: 0.0), np.ones(2)
    rule.update({"p": p}, {"p": np.ones(2)})
    least = rule.min_step if cls is Rprop else 0.0
    assert np.array_equal(p, np.full(2, 1 - least))


def test_an_array_from_a_schedule_that_does_not_fit_changes_nothing():
    rates = [0.1, np.full(3, 0.1), 0.1]
    rule, p = Momentum(lambda step: rates[step]), np.ones(2)
    rule.update({"p": p}, {"p": np.ones(2)})
    with pytest.raises(ValueError, match="broadcast"):
        rule.update({"p": p}, {"p": np.ones(2)})
    assert rule.steps_taken == 1

    rates[1] = 0.1
    rule.update({"p": p}, {"p": np.ones(2)})
    assert p == pytest.approx([0.71, 0.71])


def test_a_schedule_must_fit_beside_other_arrays_too():
    rule, p = Adam(lambda step: np.full(3, 0.1), beta1=np.full(2, 0.5)), np.ones((4, 2))
    with pytest.raises(ValueError, match="broadcast"):
        rule.update({"p": p}, {"p": np.ones((4, 2))})
    assert rule.steps_taken == 0
    rule.lr = 0.1
    rule.update({"p": p}, {"p": np.ones((4, 2))})
    assert p == pytest.approx(np.full((4, 2), 0.9), rel=1e-5)


def test_an_update_of_nothing_does_not_hide_that_arrays_do_not_fit():
    rule = SGD(np.full(3, 0.1))
    rule.update({}, {})
    with pytest.raises(ValueError, match=r"`params\['p'\]` must be of a shape"):
        rule.update({"p": np.ones(2)}, {"p": np.ones(2)})


def test_a_rule_whose_first_update_failed_is_still_unused():
    rule = SGD(lambda step: -1.0)
    with pytest.raises(ValueError, match="must be zero or positive"):
        rule.update({"a": np.ones(2)}, {"a": np.ones(2)})
    rule.lr = 0.5
    p = np.ones(3)
    rule.update({"b": p}, {"b": np.ones(3)})
    assert np.array_equal(p, np.full(3, 0.5))


# --- copies and comparison


def test_a_fresh_copy_is_unused_equal_and_apart():
    rule, p = Momentum(0.1, momentum=0.5), np.ones(2)
    rule.update({"p": p}, {"p": np.ones(2)})
    copied = rule.fresh()
    assert copied is not rule
    assert copied == rule
    assert (copied.steps_taken, rule.steps_taken) == (0, 1)
    copied.update({"other": np.ones(5)}, {"other": np.ones(5)})
    rule.update({"p": p}, {"p": np.ones(2)})
    assert p == pytest.approx([1 - 0.1 - 0.15, 1 - 0.1 - 0.15])


def test_a_fresh_copy_may_have_changes():
    assert Adam(0.3).fresh(beta1=0.5) == Adam(0.3, beta1=0.5)
    with pytest.raises(ValueError, match="`lr` must be positive"):
        Adam(0.3).fresh(lr=-1)
    with pytest.raises(TypeError, match="momentum"):
        Adam(0.3).fresh(momentum=0.5)


def halve(step):
    return 0.5**step


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SGD(), SGD(0.01)),
        (SGD(1), SGD(np.float64(1.0))),
        (SGD([0.1, 0.2]), SGD(np.array([0.1, 0.2]))),
        (SGD(halve), SGD(halve)),
        (Adam(0.3, beta1=[0.5]), Adam(0.3, beta1=[0.5])),
    ],
)
def test_equal(one, other):
    assert one == other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SGD(0.1), SGD(0.2)),
        (SGD(0.1), Momentum(0.1)),
        (Momentum(0.1), Nesterov(0.1)),
        (SGD(0.1), SGD([0.1])),
        (SGD([0.1, 0.1]), SGD([0.1])),
        (SGD(halve), SGD(0.1)),
        (SGD(0.1), SGD(halve)),
        (SGD(halve), SGD(lambda step: 0.5**step)),
        (SGD(0.1), 0.1),
        (SGD(0.1), "sgd:lr=0.1"),
    ],
)
def test_different(one, other):
    assert one != other
    assert (one == other) is False


@pytest.mark.parametrize("any_cls", ALL_OPTIMIZERS.values(), ids=ALL_OPTIMIZERS)
def test_rules_with_arrays_are_compared_by_all_their_numbers(any_cls):
    rates = [0.1, 0.2]
    assert any_cls(rates) == any_cls(np.array(rates))
    assert any_cls(rates) != any_cls([0.1, 0.3])
    assert any_cls(rates) != any_cls(0.1)
    for item in fields(any_cls):
        other = item.metadata["interval"].low + 0.0625
        assert any_cls().fresh(**{item.name: other}) != any_cls()


def test_rules_can_change_and_so_have_no_hash():
    with pytest.raises(TypeError, match="unhashable"):
        hash(SGD())


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (SGD(0.95), "SGD(lr=0.95)"),
        (SGD(np.float32(0.5)), "SGD(lr=0.5)"),
        (Adam(1, beta1=0.8), "Adam(lr=1.0, beta1=0.8, beta2=0.999, eps=1e-07)"),
        (SGD([0.1, 0.2]), "SGD(lr=array([0.1, 0.2]))"),
    ],
)
def test_repr(rule, text):
    assert repr(rule) == text


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda rule: pickle.loads(pickle.dumps(rule))])
def test_a_used_rule_is_copied_with_its_state(cls, copied):
    rule, p = cls(0.1), np.ones(2)
    rule.update({"p": p}, {"p": np.ones(2)})
    twin, q = copied(rule), p.copy()
    for _ in range(2):
        rule.update({"p": p}, {"p": np.ones(2)})
        twin.update({"p": q}, {"p": np.ones(2)})
    assert np.array_equal(p, q)
    assert twin.steps_taken == rule.steps_taken == 3
