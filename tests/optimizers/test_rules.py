"""The textbook's six rules bit for bit, and what all rules keep however they are laid out."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

import trajectories as tj

BOOK = json.loads(
    (Path(__file__).parents[1] / "data" / "book_rules.json").read_text(encoding="utf-8")
)["cases"]
NAMED = {"SGD": tj.SGD, "Momentum": tj.Momentum, "Nesterov": tj.Nesterov, "AdaGrad": tj.AdaGrad}
NAMED |= {"RMSprop": tj.RMSProp, "Adam": tj.Adam}


# --- the textbook's numbers


@pytest.mark.parametrize("case", BOOK, ids=lambda case: f"{case['opt']}-{case['args']}")
def test_the_books_positions(case):
    floats, vector = (NAMED[case["opt"]](**case["args"]) for _ in range(2))
    params, p = dict(zip("xy", case["start"], strict=True)), np.array(case["start"])
    for expected in zip(case["x"], case["y"], strict=True):
        assert tuple(params.values()) == expected
        assert tuple(p) == expected
        floats.update(params, {"x": params["x"] / 10.0, "y": 2.0 * params["y"]})
        vector.update({"p": p}, {"p": np.array([p[0] / 10.0, 2.0 * p[1]])})


# --- the same whatever the layout


DECAYING = [cls for cls in tj.OPTIMIZERS.values() if "weight_decay" in cls().hyperparameters]
FEW = settings(max_examples=8)  # There are many rules.
NUMBERS = st.floats(-1e3, 1e3)
ROOMY = {"beta1", "beta2", "momentum", "decay_rate", "dampening"}
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


@FEW
@given(start=POINTS, gradients=GRADIENTS)
def test_mirrored_gradients_give_the_mirrored_path(cls, start, gradients):
    if cls is not tj.Yogi:  # Its mean gradient starts at 1e-6, as in Optax.
        path = walk(cls(0.1), start, gradients)
        assert np.array_equal(walk(cls(0.1), -start, -gradients), -path)


def undecayed(cls):
    """Return a rule that does nothing of its own accord."""
    return cls(0.1, **{name: 0 for name in cls().hyperparameters if name == "weight_decay"})


def test_without_a_gradient_nothing_moves(cls):
    start = np.array([1.0, -300.0])
    path = walk(undecayed(cls), start, np.zeros((6, 2)))
    assert path == pytest.approx(np.tile(start, (6, 1)), abs=1e-4 * (cls is tj.Yogi), rel=0)


@pytest.mark.parametrize("cls", DECAYING, ids=lambda cls: cls.name)
def test_weight_decay_is_apart_from_the_gradient(cls):
    # The same pull in all elements, whatever their gradients were.
    rule, p = cls(0.1, weight_decay=0.5), np.array([-8.0, 4.0, 1.0])
    if "alpha" in rule.hyperparameters:
        rule.alpha = 0.0  # ASGD's rate must not fall.
    path = walk(rule, p, np.zeros((5, 3)))
    expected = p * 0.95 ** np.arange(1, 6)[:, None]
    np.testing.assert_allclose(path, expected, rtol=1e-14)
    push = np.array([[3.0, -0.5, 100.0]])
    with_decay = walk(cls(0.1, weight_decay=0.5), p, push)
    np.testing.assert_allclose(with_decay, walk(undecayed(cls), p, push) - 0.05 * p, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_gradients_give_no_nan_and_a_nan_stays_in_its_element(cls, dtype):
    for then in (0.0, 1e-30, 1.0):
        p, rule = np.ones((2, 2), dtype), cls(0.1)
        for g in (0.0, 0.0, then, 0.0, then):
            rule.update({"p": p}, {"p": np.full((2, 2), g, dtype)})
            assert np.isfinite(p).all()
    # Divergence is for the caller to see, not an exception.
    g = np.full((4, 2), 0.25)
    g[1, 0] = np.nan
    path = walk(cls(0.1), np.ones(2), g)
    assert np.isnan(path[-1, 0])
    assert np.array_equal(path[:, 1], walk(cls(0.1), np.ones(1), g[:, 1:])[:, 0])


# --- arrays as hyperparameters


def test_each_element_of_a_hyperparameter_goes_its_own_way(cls):
    """One run of a batch is the run with plain numbers, bit for bit.

    Powers are where NumPy's loops and Python's floats may differ in the last bit.
    """
    count, rng = 40, np.random.default_rng(0)
    columns = {}
    for name, value in cls(0.1).hyperparameters.items():
        low, high = (0.5, 1.0) if name in ROOMY else (0.9, 1.1) if value < 0.9 else (0.9, 1.0)
        columns[name] = (value or 0.1) * rng.uniform(low, high, count)
    gradients = rng.normal(size=(25, 2)) * 10.0 ** rng.integers(-2, 3, (25, 1))
    # Against parameters of shape (40, 2), an array for each row has the shape (40, 1).
    batch = walk(
        cls(**{name: column[:, None] for name, column in columns.items()}),
        np.ones((count, 2)),
        np.repeat(gradients[:, None], count, axis=1),
    )
    for i in range(count):
        alone = cls(**{name: float(column[i]) for name, column in columns.items()})
        assert np.array_equal(batch[:, i], walk(alone, np.ones(2), gradients))


def test_arrays_do_not_widen_float32(cls):
    columns = {name: np.full((3, 1), value) for name, value in cls(0.1).hyperparameters.items()}
    pushes = [np.full((3, 2), g) for g in (0.5, -0.25, 0.125)]
    wide = walk(cls(**columns), np.ones((3, 2)), pushes)
    narrow = walk(cls(**columns), np.ones((3, 2), np.float32), np.float32(pushes))
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, wide, rtol=1e-5, atol=1e-6)


def test_a_mean_gradient_stays_a_mean_when_its_memory_changes_between_steps():
    # 0.9 kept of nothing and 0.1 of a gradient of 1; then half of that and half of -0.75.
    rule, p = tj.Signum(0.5, momentum=0.9), np.zeros(1)
    rule.update({"p": p}, {"p": np.ones(1)})
    rule.momentum = 0.5
    rule.update({"p": p}, {"p": np.array([-0.75])})
    assert rule.state()["p/m"] == pytest.approx([0.05 - 0.375], rel=1e-14)
    assert p == 0
