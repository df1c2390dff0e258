"""The textbook's six rules bit for bit, and what all rules keep however they are laid out."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trajectories.optimizers import OPTIMIZERS
from trajectories.optimizers.adam import Adam, AdamW
from trajectories.optimizers.adaptive import AdaGrad, RMSProp, Yogi
from trajectories.optimizers.gradient import SGD, Momentum, Nesterov, Signum

BOOK = json.loads(
    (Path(__file__).parents[1] / "data" / "book_rules.json").read_text(encoding="utf-8")
)["cases"]
NAMED = {"SGD": SGD, "Momentum": Momentum, "Nesterov": Nesterov, "AdaGrad": AdaGrad}
NAMED |= {"RMSprop": RMSProp, "Adam": Adam}


def case_id(case):
    return f"{case['opt']}-{','.join(f'{name}={value}' for name, value in case['args'].items())}"


# --- the textbook's numbers


def test_the_book_has_two_cases_of_each_rule():
    assert sorted(case["opt"] for case in BOOK) == sorted([*NAMED, *NAMED])


@pytest.mark.parametrize("case", BOOK, ids=case_id)
def test_the_books_positions_from_two_floats(case):
    rule = NAMED[case["opt"]](**case["args"])
    params = dict(zip("xy", case["start"], strict=True))
    path = [dict(params)]
    for _ in range(30):
        rule.update(params, {"x": params["x"] / 10.0, "y": 2.0 * params["y"]})
        path.append(dict(params))
    assert [at["x"] for at in path] == case["x"]
    assert [at["y"] for at in path] == case["y"]


@pytest.mark.parametrize("case", BOOK, ids=case_id)
def test_the_books_positions_from_a_vector(case):
    rule = NAMED[case["opt"]](**case["args"])
    p = np.array(case["start"])
    path = [p.copy()]
    for _ in range(30):
        rule.update({"p": p}, {"p": np.array([p[0] / 10.0, 2.0 * p[1]])})
        path.append(p.copy())
    assert np.array_equal(path, np.stack([case["x"], case["y"]], axis=-1))


@pytest.mark.parametrize(
    ("rule", "after_29", "after_30"),
    [
        (SGD(0.95), (-0.38717, -0.09420), (-0.35039, 0.08478)),
        (Momentum(0.1), (0.81411, 0.27288), (0.89641, 0.08809)),
        (AdaGrad(1.5), (-0.13619, 0.0), (-0.12016, 0.0)),
        (Adam(0.3), (0.02015, 0.32196), (0.13601, 0.31825)),
        (Nesterov(0.1), (0.61927, 0.00737), (0.68961, -0.00068)),
        (RMSProp(0.1), (-0.74816, 0.0), (-0.69742, 0.0)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_golden_numbers(rule, after_29, after_30):
    p = np.array([-7.0, 2.0])
    for step in range(1, 31):
        rule.update({"p": p}, {"p": p * [0.1, 2.0]})
        if step == 29:
            assert p == pytest.approx(after_29, abs=6e-6)
    assert p == pytest.approx(after_30, abs=6e-6)
    assert rule.steps_taken == 30


# --- the same whatever the layout


ALL = pytest.mark.parametrize("cls", OPTIMIZERS.values(), ids=OPTIMIZERS)
# Yogi's mean gradient starts at 1e-6, as in Optax.
BUT_YOGI = pytest.mark.parametrize(
    "cls", [cls for cls in OPTIMIZERS.values() if cls is not Yogi], ids=lambda cls: cls.name
)
DECAYING = [cls for cls in OPTIMIZERS.values() if "weight_decay" in cls().hyperparameters]
FEW = settings(max_examples=30)  # There are many rules.
NUMBERS = st.floats(-1e3, 1e3)
POINTS = arrays(float, 2, elements=NUMBERS)
GRADIENTS = arrays(float, (6, 2), elements=NUMBERS)


def bounds(item):
    """Return between what finite numbers a hyperparameter may be drawn."""
    interval = item.metadata["interval"]
    known = {"lr": (1e-6, 10.0), "eps": (1e-12, 1.0)}.get(item.name)
    low, high = max(interval.low, -3.0), min(interval.high, 3.0)
    inside = 0.0 if interval.closed == "both" else 1e-4
    return known or (low + inside * (low not in interval), high - inside * (high not in interval))


def walk(rule, start, gradients):
    """Return the positions after each update, in the shape of the start."""
    p = np.array(start)
    path = []
    for g in gradients:
        rule.update({"p": p}, {"p": g})
        path.append(p.copy())
    return np.array(path)


@ALL
@FEW
@given(start=POINTS, gradients=GRADIENTS)
def test_scalars_vectors_and_rows_of_a_batch_go_the_same_way(cls, start, gradients):
    vector = walk(cls(0.1), start, gradients)

    scalars, rule = {"x": float(start[0]), "y": float(start[1])}, cls(0.1)
    for (gx, gy), expected in zip(gradients, vector, strict=True):
        rule.update(scalars, {"x": float(gx), "y": float(gy)})
        assert list(scalars.values()) == expected.tolist()

    others = np.arange(18.0).reshape(9, 2)
    batch = np.insert(others, 4, start, axis=0)
    pushes = np.insert(np.broadcast_to(others, (6, 9, 2)), 4, gradients, axis=1)
    assert np.array_equal(walk(cls(0.1), batch, pushes)[:, 4], vector)


@BUT_YOGI
@FEW
@given(start=POINTS, gradients=GRADIENTS)
def test_mirrored_gradients_give_the_mirrored_path(cls, start, gradients):
    path = walk(cls(0.1), start, gradients)
    assert np.array_equal(walk(cls(0.1), -start, -gradients), -path)


def undecayed(cls):
    """Return a rule that does nothing of its own accord."""
    return cls(0.1, **{name: 0 for name in cls().hyperparameters if name == "weight_decay"})


@BUT_YOGI
@FEW
@given(start=POINTS)
def test_without_a_gradient_nothing_moves(cls, start):
    path = walk(undecayed(cls), start, np.zeros((6, 2)))
    assert np.array_equal(path, np.broadcast_to(start, path.shape))


def test_without_a_gradient_yogi_hardly_moves():
    path = walk(Yogi(0.1), np.ones(2), np.zeros((20, 2)))
    assert np.all(np.abs(path - 1) < 2e-4)


@pytest.mark.parametrize("cls", DECAYING, ids=lambda cls: cls.name)
def test_weight_decay_is_apart_from_the_gradient(cls):
    # The same pull in all elements, whatever their gradients were.
    rule, p = cls(0.1, weight_decay=0.5), np.array([-8.0, 4.0, 1.0])
    if "alpha" in rule.hyperparameters:
        rule.alpha = 0.0  # ASGD's rate must not fall.
    path = walk(rule, p, np.zeros((5, 3)))
    expected = p * 0.95 ** np.arange(1, 6)[:, None]
    np.testing.assert_allclose(path, expected, rtol=1e-14)


@pytest.mark.parametrize("cls", DECAYING, ids=lambda cls: cls.name)
@FEW
@given(start=POINTS, gradients=GRADIENTS)
def test_the_first_step_with_decay_is_the_decay_and_the_step(cls, start, gradients):
    with_decay = walk(cls(0.1, weight_decay=0.5), start, gradients[:1])
    without = walk(undecayed(cls), start, gradients[:1])
    np.testing.assert_allclose(with_decay, without - 0.05 * start, rtol=1e-12, atol=1e-12)


@ALL
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("then", [0.0, 1e-30, 1.0])
def test_zero_gradients_give_no_nan(cls, dtype, then):
    p, rule = np.ones((2, 2), dtype), cls(0.1)
    for g in (0.0, 0.0, then, 0.0, then):
        rule.update({"p": p}, {"p": np.full((2, 2), g, dtype)})
        assert np.isfinite(p).all()


@ALL
def test_a_nan_stays_in_its_element_and_raises_nothing(cls):
    # Divergence is for the caller to see, not an exception.
    rule, p, expected = cls(0.1), np.ones(2), np.ones(1)
    twin = rule.fresh()
    for step in range(4):
        rule.update({"p": p}, {"p": np.array([np.nan if step == 1 else 0.5, 0.25])})
        twin.update({"p": expected}, {"p": np.array([0.25])})
    assert np.isnan(p[0])
    assert p[1] == expected[0]


@ALL
@FEW
@given(start=POINTS, gradients=GRADIENTS)
def test_a_fresh_copy_goes_the_same_way(cls, start, gradients):
    rule = cls(0.1)
    first = walk(rule, start, gradients)
    copy = rule.fresh()
    assert copy == rule
    assert copy.steps_taken == 0
    assert np.array_equal(walk(copy, start, gradients), first)


def test_the_first_steps_are_against_the_gradient(cls):
    rule, p = cls(0.1), np.zeros(2)
    for _ in range(2):  # ADOPT only looks in the first.
        rule.update({"p": p}, {"p": np.array([3.0, -0.5])})
    assert p[0] < 0 < p[1]


# --- arrays as hyperparameters


@ALL
@FEW
@given(data=st.data(), start=POINTS, gradients=GRADIENTS)
def test_each_element_of_a_hyperparameter_goes_its_own_way(cls, data, start, gradients):
    """One run of a batch is the run with plain numbers, bit for bit."""
    columns = {
        item.name: data.draw(arrays(float, 7, elements=st.floats(*bounds(item))), label=item.name)
        for item in fields(cls)
    }
    # Against parameters of shape (7, 2), an array for each row has the shape (7, 1).
    batch = walk(
        cls(**{name: column[:, None] for name, column in columns.items()}),
        np.tile(start, (7, 1)),
        np.repeat(gradients[:, None], 7, axis=1),
    )
    for i in range(7):
        alone = cls(**{name: float(column[i]) for name, column in columns.items()})
        assert np.array_equal(batch[:, i], walk(alone, start, gradients))


@ALL
def test_powers_have_the_same_bits_in_an_array(cls):
    # Powers are where NumPy's loops and Python's floats may differ in the last bit.
    rng = np.random.default_rng(0)
    columns = {item.name: rng.uniform(*bounds(item), size=100) for item in fields(cls)}
    gradients = np.random.default_rng(1).normal(size=(40, 1))
    batch = walk(cls(**columns), np.ones(100), np.broadcast_to(gradients, (40, 100)))
    for i in range(100):
        alone = cls(**{name: float(column[i]) for name, column in columns.items()})
        assert np.array_equal(batch[:, i], walk(alone, np.ones(1), gradients)[:, 0])


@ALL
def test_arrays_do_not_widen_float32(cls):
    columns = {name: np.full((3, 1), value) for name, value in cls(0.1).hyperparameters.items()}
    wide, narrow = np.ones((3, 2)), np.ones((3, 2), np.float32)
    one, other = cls(**columns), cls(**columns)
    for g in (0.5, -0.25, 0.125):
        one.update({"p": wide}, {"p": np.full((3, 2), g)})
        other.update({"p": narrow}, {"p": np.full((3, 2), g, np.float32)})
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, wide, rtol=1e-5)


def test_small_integers_as_gradients_do_not_wrap(cls):
    got, expected = np.zeros(2), np.zeros(2)
    one, other = cls(0.1), cls(0.1)
    for _ in range(2):
        one.update({"p": got}, {"p": np.array([100, -100], np.int8)})
        other.update({"p": expected}, {"p": np.array([100.0, -100.0])})
    assert np.array_equal(got, expected)


def test_a_rule_may_be_turned_into_a_decayed_one_between_steps():
    rule, p = AdamW(0.1, weight_decay=0), np.ones(1)
    rule.update({"p": p}, {"p": np.zeros(1)})
    rule.weight_decay = 0.5
    rule.update({"p": p}, {"p": np.zeros(1)})
    assert p == pytest.approx([0.95], rel=1e-15)


def test_a_mean_gradient_stays_a_mean_when_its_memory_changes_between_steps():
    # 0.9 kept of nothing and 0.1 of a gradient of 1; then half of that and half of -0.75.
    rule, p = Signum(0.5, momentum=0.9), np.zeros(1)
    rule.update({"p": p}, {"p": np.ones(1)})
    rule.momentum = 0.5
    rule.update({"p": p}, {"p": np.array([-0.75])})
    assert rule._state["p"].m == pytest.approx([0.05 - 0.375], rel=1e-14)
    assert p == 0
