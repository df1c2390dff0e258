"""What stands for an optimizer: spec strings, classes, and the records in files."""

import numpy as np
import pytest

import trajectories as tj

Cosine, Warmup = tj.schedules.Cosine, tj.schedules.Warmup
ALL = {**tj.OPTIMIZERS, **tj.SURFACE_OPTIMIZERS}


def rule_of(thing):
    """Return the optimizer that something stands for."""
    return tj.descend("sphere", thing, steps=1).optimizer


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        ("sgd:", tj.SGD()),
        ("sgd:.5", tj.SGD(0.5)),
        ("adam:lr=0.3,beta1=0.8", tj.Adam(0.3, beta1=0.8)),
        (" Adam : Beta1 = 0.8 , lr = 0.3 ", tj.Adam(0.3, beta1=0.8)),
        ("momentum:0.1,momentum=0.8", tj.Momentum(0.1, momentum=0.8)),
        ("RMS-Prop:decay-rate=0.9", tj.RMSProp(decay_rate=0.9)),
        ("sgd:lr=cosine(0.9, 60)", tj.SGD(Cosine(0.9, 60))),
        ("momentum:cosine(0.5,40),momentum=0.8", tj.Momentum(Cosine(0.5, 40), momentum=0.8)),
        ("momentum:momentum=0.8,lr=cosine(0.5,40)", tj.Momentum(Cosine(0.5, 40), momentum=0.8)),
        (" Adam : LR = Cosine ( 0.5 , 40 ) ", tj.Adam(Cosine(0.5, 40))),
        ("adam:warmup(cosine(0.9,60),5),beta1=0.8", tj.Adam(Warmup(Cosine(0.9, 60), 5), beta1=0.8)),
        ("sgd:lr=0." + "1" * 1995, tj.SGD(1 / 9)),
        (tj.Adam(0.3), tj.Adam(0.3)),
        *((name, cls()) for name, cls in ALL.items()),
        *((cls, cls()) for cls in ALL.values()),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_stands_for_an_optimizer(spec, rule):
    assert rule_of(spec) == rule


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("   ", "Unknown optimizer ''. Known: sgd, momentum, nesterov, adagrad, rmsprop, adam"),
        ("adagrd", "Unknown optimizer 'adagrd'. Did you mean 'adagrad'"),
        ("lr=0.1", "Unknown optimizer 'lr=0.1'"),
        ("x" * 10_000, r"Unknown optimizer 'x+\.\.\."),
        ("adam:betta1=0.3", "Unknown hyperparameter of adam 'betta1'. Did you mean 'beta1'"),
        ("sgd:momentum=0.9", "Unknown hyperparameter of sgd 'momentum'. Known: lr"),
        ("adam:0.1,0.2", "Unknown hyperparameter of adam '0.2'"),
        ("adam:0.1,LR=0.2", "`lr` must be given once"),
        ("adam:cosine(0.9,60),lr=0.1", "`lr` must be given once"),
        ("adam:lr", "`lr` must be a finite number. Got 'lr' instead"),
        ("adam:lr=0.1=0.2", "`lr` must be a finite number"),
        ("adam:lr=nan", "`lr` must be a finite number. Got 'nan' instead"),
        ("adam:lr=-1", "`lr` must be positive. Got -1.0 instead"),
        ("adam:beta1=1", "`beta1` must be at least 0 and below 1. Got 1.0 instead"),
        ("momentum:momentum=cosine(1,6)", "finite number; only `lr` may be a schedule. Got 'cos"),
        ("sgd:lr=(0.1)", "Expected a number or a call such as .* Got '\\(0.1\\)' instead"),
        ("sgd:" + "1" * 2001, "must be a spec string of at most 2000 characters"),
        ("sgd:cosine(0.9,60", "partner.*Got 'cosine\\(0.9,60' instead"),
    ],
    ids=lambda value: value[:30],
)
def test_bad_spec(spec, message):
    with pytest.raises(ValueError, match=message) as caught:
        rule_of(spec)
    assert len(str(caught.value).partition(" Known: ")[0]) < 250


@pytest.mark.parametrize("thing", [None, 3, ["sgd"], b"sgd", int, {"lr": 0.1}])
def test_nothing_else_stands_for_an_optimizer(thing):
    with pytest.raises(TypeError, match="`optimizer` must be an Optimizer or a spec string"):
        rule_of(thing)
    with pytest.raises(TypeError, match="abstract"):
        rule_of(tj.Optimizer)


# --- records, in saved paths


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("shape", [(), (2, 300)], ids=["plain", "long array"])
def test_what_is_saved_reads_back_as_an_equal_rule(name, shape, tmp_path):
    others = {
        name: 2.0 if name == "eta_plus" else value * 0.75 + 0.01
        for name, value in ALL[name]().hyperparameters.items()
    }
    rule = ALL[name](**{name: np.full(shape, value)[()] for name, value in others.items()})
    path = tj.descend("sphere", rule, steps=1)
    path.save(tmp_path / "path.npz")
    back = tj.Trajectory.load(tmp_path / "path.npz")
    assert back == path
    assert type(back.optimizer) is type(rule)
    for name, value in rule.hyperparameters.items():
        assert type(getattr(back.optimizer, name)) is type(value)
        np.testing.assert_array_equal(getattr(back.optimizer, name), value)
