"""Spec strings, and what else stands for an optimizer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.optimizers import (
    OPTIMIZERS,
    SGD,
    Adam,
    Momentum,
    Optimizer,
    RMSProp,
    as_optimizer,
    to_spec,
)


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        ("sgd", SGD()),
        ("sgd:", SGD()),
        ("SGD", SGD()),
        ("sgd:0.95", SGD(0.95)),
        ("sgd:.5", SGD(0.5)),
        ("sgd:1e-2", SGD(0.01)),
        ("sgd:lr=0.95", SGD(0.95)),
        ("adam:lr=0.3,beta1=0.8", Adam(0.3, beta1=0.8)),
        ("adam:0.3,beta1=0.8", Adam(0.3, beta1=0.8)),
        ("adam:beta1=0.8,lr=0.3", Adam(0.3, beta1=0.8)),
        (" Adam : lr = 0.3 , Beta1 = 0.8 ", Adam(0.3, beta1=0.8)),
        ("momentum:0.1,momentum=0.8", Momentum(0.1, momentum=0.8)),
        ("rmsprop:decay_rate=0.9", RMSProp(decay_rate=0.9)),
        ("RMS-Prop:decay-rate=0.9", RMSProp(decay_rate=0.9)),
    ],
)
def test_spec(spec, rule):
    assert as_optimizer(spec) == rule


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "Unknown optimizer ''. Known: sgd, momentum, nesterov, adagrad, rmsprop, adam"),
        ("   ", "Unknown optimizer ''"),
        (":lr=0.1", "Unknown optimizer ''"),
        ("adagrd", "Unknown optimizer 'adagrd'. Did you mean 'adagrad'"),
        ("addam:lr=0.1", "Did you mean 'adam'"),
        ("adam;lr=0.1", "Unknown optimizer 'adam;lr=0.1'"),
        ("lr=0.1", "Unknown optimizer 'lr=0.1'"),
        ("x" * 10_000, r"Unknown optimizer 'x+\.\.\."),
        ("adam:betta1=0.3", "Unknown hyperparameter of adam 'betta1'. Did you mean 'beta1'"),
        ("sgd:momentum=0.9", "Unknown hyperparameter of sgd 'momentum'. Known: lr"),
        ("adam:steps_taken=3", "Unknown hyperparameter of adam 'steps_taken'"),
        ("adam:=0.3", "Unknown hyperparameter of adam ''"),
        ("adam:lr=0.1,", "Unknown hyperparameter of adam ''"),
        ("adam:0.1,0.2", "Unknown hyperparameter of adam '0.2'"),
        ("adam:lr=0.1,lr=0.2", "`lr` must be given once"),
        ("adam:0.1,lr=0.2", "`lr` must be given once"),
        ("adam:lr=0.1,LR=0.2", "`lr` must be given once"),
        ("adam:,", "`lr` must be a finite number. Got '' instead"),
        ("adam:lr=", "`lr` must be a finite number. Got '' instead"),
        ("adam:lr", "`lr` must be a finite number. Got 'lr' instead"),
        ("adam:lr=abc", "`lr` must be a finite number. Got 'abc' instead"),
        ("adam:lr=0.1=0.2", "`lr` must be a finite number"),
        ("adam:lr=0x10", "`lr` must be a finite number"),
        ("adam:lr=1j", "`lr` must be a finite number"),
        ("adam:lr=True", "`lr` must be a finite number"),
        ("adam:lr=nan", "`lr` must be a finite number. Got 'nan' instead"),
        ("adam:lr=inf", "`lr` must be a finite number"),
        ("adam:lr=1e999", "`lr` must be a finite number"),
        ("adam:lr=-1", "`lr` must be positive. Got -1.0 instead"),
        ("adam:lr=0", "`lr` must be positive. Got 0.0 instead"),
        ("adam:beta1=1", "`beta1` must be at least 0 and below 1. Got 1.0 instead"),
        ("adam:__class__=1", "Unknown hyperparameter of adam '__class__'"),
    ],
)
def test_bad_spec(spec, message):
    with pytest.raises(ValueError, match=message) as caught:
        as_optimizer(spec)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("rule", "spec"),
    [
        (SGD(), "sgd:lr=0.01"),
        (Adam(0.3), "adam:lr=0.3"),
        (Adam(0.3, beta1=0.8), "adam:lr=0.3,beta1=0.8"),
        (Momentum(1, momentum=0), "momentum:lr=1.0,momentum=0.0"),
    ],
)
def test_to_spec(rule, spec):
    assert to_spec(rule) == spec


@st.composite
def rules(draw):
    cls = draw(st.sampled_from(list(OPTIMIZERS.values())))
    positive = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
    fraction = st.floats(0, 1, exclude_max=True)
    return cls(
        **{
            name: draw(positive if name in ("lr", "eps") else fraction)
            for name in cls().hyperparameters
        }
    )


@given(rule=rules())
def test_a_spec_reads_back_bit_for_bit(rule):
    assert as_optimizer(to_spec(rule)) == rule


@pytest.mark.parametrize("lr", [np.array([0.1, 0.2]), lambda step: 0.1])
def test_arrays_and_schedules_have_no_spec(lr):
    with pytest.raises(ValueError, match="`lr` must be a number to stand in a spec string"):
        to_spec(SGD(lr))


def test_an_optimizer_stands_for_itself():
    rule = Adam(0.3)
    assert as_optimizer(rule) is rule


def test_a_class_stands_for_its_defaults(cls):
    assert as_optimizer(cls) == as_optimizer(cls.name) == cls()


@pytest.mark.parametrize("thing", [None, 3, 0.1, ["sgd"], b"sgd", int, {"lr": 0.1}])
def test_nothing_else_stands_for_an_optimizer(thing):
    with pytest.raises(TypeError, match="`optimizer` must be an Optimizer or a spec string"):
        as_optimizer(thing)


def test_the_base_class_stands_for_none():
    with pytest.raises(TypeError):
        as_optimizer(Optimizer)
