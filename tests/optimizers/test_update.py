"""What an update does to its mapping: in place, in its type, or not at all."""

import tracemalloc

import numpy as np
import pytest

from trajectories import SGD, Adam, Momentum


def network(dtype=np.float64):
    """Return parameters and gradients as a small network has them."""
    rng = np.random.default_rng(0)
    shapes = {"W1": (4, 3), "b1": (3,), "W2": (3, 2), "b2": (2,), "scale": ()}
    params = {key: np.array(rng.normal(size=shape), dtype=dtype) for key, shape in shapes.items()}
    grads = {key: np.array(rng.normal(size=shape), dtype=dtype) for key, shape in shapes.items()}
    return params, grads


# --- in place


def test_arrays_are_changed_in_place(cls):
    params, grads = network()
    before = {key: (p, p.copy()) for key, p in params.items()}
    pushes = {key: g.copy() for key, g in grads.items()}
    rule = cls(0.1)
    for _ in range(3):
        rule.update(params, grads)
    assert params.keys() == before.keys()
    for key, (same, old) in before.items():
        assert params[key] is same
        assert (same != old).all()
        assert np.array_equal(grads[key], pushes[key])


def test_a_view_changes_what_it_views(cls):
    cls().update({}, {})
    cls().update({"p": np.ones((0, 3))}, {"p": np.ones((0, 3))})
    whole, rule = np.ones((4, 4)), cls(0.1)
    for _ in range(2):
        rule.update({"p": whole[::2, 1]}, {"p": np.ones(2)})
    moved = whole != 1
    assert np.argwhere(moved).tolist() == [[0, 1], [2, 1]]


def test_a_float_is_replaced_by_a_float(cls):
    for number in (1.5, np.float64(1.5)):
        params, rule = {"x": number}, cls(0.1)
        for _ in range(2):
            rule.update(params, {"x": 2.0})
        assert type(params["x"]) is type(number)
        assert params["x"] < 1.5


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.float32, list])
def test_gradients_of_other_kinds_are_taken_as_floats(cls, kind):
    # The square of 100 is neither an int8 nor a uint8.
    given = [1, 100] if kind is list else np.array([1, 100], kind)
    rule, twin = cls(), cls()
    p, q = np.ones(2), np.ones(2)
    for _ in range(2):
        rule.update({"p": p}, {"p": given})
        twin.update({"p": q}, {"p": np.array(given, dtype=float)})
    assert p == pytest.approx(q, rel=1e-6 if kind is np.float32 else 0, abs=0)


# --- types and memory


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_and_state_keep_their_type(cls, dtype):
    params, grads = network(dtype)
    rule = cls(np.float64(0.1))  # A NumPy scalar would promote float32 arrays.
    for _ in range(2):
        rule.update(params, grads)
    assert {p.dtype for p in params.values()} == {np.dtype(dtype)}
    arrays = [array for array in rule.state().values() if array.ndim]
    assert {array.dtype for array in arrays} <= {np.dtype(dtype)}


@pytest.mark.parametrize(
    ("rows", "dtype"), [(False, np.float32), (True, np.float64)], ids=["numbers", "arrays"]
)
def test_after_the_first_update_nothing_is_allocated(cls, rows, dtype):
    params = {key: np.ones((500, 500), dtype) for key in "ab"}
    grads = {key: np.full((500, 500), 0.5, dtype) for key in "ab"}
    rule = cls(0.1)
    if rows:
        rule = cls(**{k: np.full((500, 1), value) for k, value in rule.hyperparameters.items()})
    for _ in range(2):
        rule.update(params, grads)
    tracemalloc.start()
    try:
        rule.update(params, grads)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Arrays of hyperparameters leave some of their own length, and NumPy's buffers between types.
    assert peak < params["a"].nbytes / (4 if rows else 20)


# --- refusals


def good():
    return {"a": np.ones(3), "b": np.full((2, 2), 2.0)}, {"a": np.ones(3), "b": np.ones((2, 2))}


def unchanged(rule, params, bad_params, bad_grads, error, message):
    """Make sure that a bad update is refused and changes nothing, and no state either."""
    used, twin, twins = rule.steps_taken, type(rule)(0.1), good()[0]
    before = {key: np.copy(p) for key, p in bad_params.items()}
    with pytest.raises(error, match=message):
        rule.update(bad_params, bad_grads)
    assert all(np.array_equal(p, before[key], equal_nan=True) for key, p in bad_params.items())
    rule.update(params, good()[1])
    for _ in range(used + 1):
        twin.update(twins, good()[1])
    assert rule.steps_taken == twin.steps_taken
    assert all(np.array_equal(params[key], twins[key]) for key in params)


A, B = np.ones(3), np.ones((2, 2))


@pytest.mark.parametrize(
    ("grads", "error", "message"),
    [
        ({"a": A}, ValueError, r"`grads` must have the keys of `params`\. It has no 'b'"),
        ({"a": A, "b": np.ones(2)}, ValueError, r"`grads\['b'\]` must be of its parameter's shape"),
        ({"a": A, "b": 1.0}, ValueError, r"of its parameter's shape \(2, 2\)\. Got \(\) instead"),
        ({"a": A, "b": B > 0}, TypeError, r"`grads\['b'\]` must be numbers"),
        ({"a": A, "b": B * 1j}, TypeError, r"`grads\['b'\]` must be numbers"),
        ({"a": A, "b": [["1", "2"], ["3", "4"]]}, TypeError, r"`grads\['b'\]` must be numbers"),
        ([A, B], TypeError, "`grads` must be a mapping of arrays by key"),
    ],
)
def test_a_bad_gradient_changes_nothing(cls, grads, error, message):
    for used in (False, True):
        rule, params = cls(0.1), good()[0]
        if used:
            rule.update(params, good()[1])
        unchanged(rule, params, params, grads, error, message)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"a": A}, r"`params` must keep its keys \['a', 'b'\]\. Got \['a'\] instead"),
        ({"a": A, "c": np.ones(1)}, r"Got \['a', 'c'\] instead; `fresh\(\)` gives"),
        ({"a": A, "b": np.ones(4)}, r"`params\['b'\]` must be of the shape \(2, 2\) it had"),
        ({"a": A, "b": 1.0}, r"of the shape \(2, 2\) it had before\. Got \(\)"),
    ],
)
def test_keys_and_shapes_must_stay(params, message):
    rule, right = Adam(0.1), good()[0]
    rule.update(right, good()[1])
    grads = {key: np.ones_like(p) for key, p in params.items()}
    unchanged(rule, right, params, grads, ValueError, message)


@pytest.mark.parametrize(
    ("p", "message"),
    [
        (1, r"must be a float or an array of floats, as steps are no whole numbers\. Got int"),
        (np.array([1, 2], np.int16), r"no whole numbers\. Got int16 instead\.$"),
        ([1.0, 2.0], r"`params\['p'\]` must be a float or an array of floats.* Got list instead"),
        (np.ones(2, np.float16), r"`params\['p'\]` must be float32 or longer.*float16"),
    ],
)
def test_parameters_must_be_floats(p, message):
    with pytest.raises(TypeError, match=message):
        SGD().update({"p": p}, {"p": p})
    with pytest.raises(TypeError, match="`params` must be a mapping of arrays by key"):
        SGD(0.1).update([p], [p])


@pytest.mark.parametrize(
    ("shape", "fits", "too_small"),
    [((3,), (2, 3), (3, 2)), ((4, 1), (4, 2), (2, 4)), ((2, 2), (5, 2, 2), (2,))],
)
def test_arrays_as_hyperparameters_must_fit_the_parameters(shape, fits, too_small):
    rule = Adam(np.full(shape, 0.1))
    small = {"p": np.ones(too_small)}
    message = r"`params\['p'\]` must be of a shape that .* broadcasts to"
    with pytest.raises(ValueError, match=message):
        rule.update(small, small)
    with pytest.raises(ValueError, match=message):
        rule.bind(small, {"p": np.ones(too_small)})
    rule.update({"p": np.ones(fits)}, {"p": np.ones(fits)})
    assert rule.steps_taken == 1


def test_a_read_only_parameter_changes_nothing(cls):
    params, grads = good()
    params["b"].flags.writeable = False
    rule = cls(0.1)
    with pytest.raises((TypeError, ValueError), match="read-only"):
        rule.update(params, grads)
    assert np.array_equal(params["a"], np.ones(3))
    assert rule.steps_taken == 0


@pytest.mark.parametrize("bound", [False, True])
def test_another_hyperparameter_that_no_longer_fits_changes_nothing(bound):
    rule, p, g = Adam(0.1), np.ones(2), np.ones(2)
    step = rule.bind({"p": p}, {"p": g}) if bound else lambda: rule.update({"p": p}, {"p": g})
    step()
    before, state = p.copy(), rule.state()
    rule.beta1 = np.full(3, 0.9)
    with pytest.raises(ValueError, match=r"`params\['p'\]` must be of a shape that \(3,\) broad"):
        step()
    assert np.array_equal(p, before)
    assert all(np.array_equal(array, state[path]) for path, array in rule.state().items())
    rule.beta1 = np.full(2, 0.9)
    step()
    assert rule.steps_taken == 2


def test_a_gradient_may_be_its_parameter_s_own_array(cls):
    # That of |p|²/2 is p itself.
    rule, twin = cls(), cls()
    p = np.array([1.0, -2.0])
    q = p.copy()
    for _ in range(3):
        rule.update({"p": p}, {"p": p})
        twin.update({"p": q}, {"p": q.copy()})
    assert np.array_equal(p, q)


def test_only_arrays_with_memory_of_their_own_can_be_bound():
    both = np.ones((2, 3))
    for p, g in ((both[0], both[0]), (both[0], [1.0] * 3), (np.float64(1.5), np.ones(()))):
        with pytest.raises(TypeError, match="'p'.* must be an array of floats with memory of"):
            SGD(0.1).bind({"a": np.ones(1), "p": p}, {"a": np.ones(1), "p": g})
    step = SGD(0.1).bind({"p": both[:, 0]}, {"p": both[:, 1]})  # Between, but not in each other.
    step()
    assert both[:, :2].T.tolist() == [[0.9, 0.9], [1, 1]]


# --- used again


def test_a_restarted_rule_goes_the_way_of_an_unused_one(cls):
    rule = cls(0.1)
    p, g = np.ones((2, 3)), np.ones((2, 3))
    step = rule.bind({"p": p}, {"p": g})
    for slope in (0.5, -0.25, 2.0):
        g[...] = slope
        step()
    rule.restart(lr=0.2)
    assert rule.steps_taken == 0

    twin, q = cls(0.2), np.full((2, 3), 0.7)
    p[...] = q
    for slope in (1.0, 0.5, -0.5):
        g[...] = slope
        step()
        twin.update({"p": q}, {"p": np.full((2, 3), slope)})
        assert np.array_equal(p, q)


def test_hyperparameters_may_change_between_two_steps():
    rule, p, g = Momentum(0.5, momentum=0.5), np.zeros(1), np.ones(1)
    step = rule.bind({"p": p}, {"p": g})
    step()
    rule.momentum = 0.25
    step()
    assert p == -0.5 - (0.125 + 0.5)
    rule.update({"p": p}, {"p": g})
    assert p == -1.125 - (0.15625 + 0.5)
    rule.momentum = np.zeros(1)
    step()
    assert p == -1.78125 - 0.5
