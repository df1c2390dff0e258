"""The six rules: the textbook's, bit for bit, however the parameters are laid out."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trajectories.optimizers import OPTIMIZERS, SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp

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
NUMBERS = st.floats(-1e3, 1e3)
POINTS = arrays(float, 2, elements=NUMBERS)
GRADIENTS = arrays(float, (6, 2), elements=NUMBERS)


def walk(rule, start, gradients):
    """Return the positions after each update, in the shape of the start."""
    p = np.array(start)
    path = []
    for g in gradients:
        rule.update({"p": p}, {"p": g})
        path.append(p.copy())
    return np.array(path)


@ALL
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


@ALL
@given(start=POINTS, gradients=GRADIENTS)
def test_mirrored_gradients_give_the_mirrored_path(cls, start, gradients):
    path = walk(cls(0.1), start, gradients)
    assert np.array_equal(walk(cls(0.1), -start, -gradients), -path)


@ALL
@given(start=POINTS)
def test_without_a_gradient_nothing_moves(cls, start):
    path = walk(cls(0.1), start, np.zeros((6, 2)))
    assert np.array_equal(path, np.broadcast_to(start, path.shape))


@ALL
@given(start=POINTS, gradients=GRADIENTS)
def test_a_fresh_copy_goes_the_same_way(cls, start, gradients):
    rule = cls(0.1)
    first = walk(rule, start, gradients)
    copy = rule.fresh()
    assert copy == rule
    assert copy.steps_taken == 0
    assert np.array_equal(walk(copy, start, gradients), first)


def test_the_first_step_is_against_the_gradient(cls):
    p = np.zeros(2)
    cls(0.1).update({"p": p}, {"p": np.array([3.0, -0.5])})
    assert p[0] < 0 < p[1]


# --- arrays as hyperparameters


@ALL
@given(data=st.data(), start=POINTS, gradients=GRADIENTS)
def test_each_element_of_a_hyperparameter_goes_its_own_way(cls, data, start, gradients):
    """One run of a batch is the run with plain numbers, bit for bit."""
    ranges = {"lr": st.floats(1e-6, 10.0), "eps": st.floats(1e-12, 1.0)}
    columns = {}
    for name in cls().hyperparameters:
        elements = ranges.get(name, st.floats(0, 0.9999))
        columns[name] = data.draw(arrays(float, 7, elements=elements), label=name)
    # Against parameters of shape (7, 2), an array for each row has the shape (7, 1).
    batch = walk(
        cls(**{name: column[:, None] for name, column in columns.items()}),
        np.tile(start, (7, 1)),
        np.repeat(gradients[:, None], 7, axis=1),
    )
    for i in range(7):
        alone = cls(**{name: float(column[i]) for name, column in columns.items()})
        assert np.array_equal(batch[:, i], walk(alone, start, gradients))


def test_the_corrections_of_adam_have_the_same_bits_in_an_array():
    # Powers are where NumPy's loops and Python's floats may differ in the last bit.
    decays = np.random.default_rng(0).uniform(0.5, 0.9999, size=200)
    gradients = np.random.default_rng(1).normal(size=(40, 1))
    batch = walk(
        Adam(0.3, beta1=decays, beta2=decays[::-1]),
        np.zeros(200),
        np.broadcast_to(gradients, (40, 200)),
    )
    for i, (beta1, beta2) in enumerate(zip(decays, decays[::-1], strict=True)):
        alone = walk(Adam(0.3, beta1=float(beta1), beta2=float(beta2)), np.zeros(1), gradients)
        assert np.array_equal(batch[:, i], alone[:, 0])
