"""What an update does to its mapping: in place, in its type, or not at all."""

import gc
import tracemalloc

import numpy as np
import pytest

from trajectories.optimizers.adam import Adam
from trajectories.optimizers.gradient import SGD, Momentum


def network(dtype=np.float64):
    """Return parameters and gradients as a small network has them."""
    rng = np.random.default_rng(0)
    shapes = {"W1": (4, 3), "b1": (3,), "W2": (3, 2), "b2": (2,), ("scale", 0): ()}
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
    whole, rule = np.ones((4, 4)), cls(0.1)
    for _ in range(2):
        rule.update({"p": whole[::2, 1]}, {"p": np.ones(2)})
    moved = whole != 1
    assert np.argwhere(moved).tolist() == [[0, 1], [2, 1]]


def test_keys_do_not_touch_each_other(cls):
    params, grads = network()
    together, rule = {key: p.copy() for key, p in params.items()}, cls(0.1)
    alone = {key: ({key: p.copy()}, cls(0.1)) for key, p in params.items()}
    for _ in range(3):
        rule.update(together, grads)
        for mapping, single in alone.values():
            single.update(mapping, grads)  # Gradients under other keys do not matter.
    for key, (mapping, _) in alone.items():
        assert np.array_equal(together[key], mapping[key])


@pytest.mark.parametrize("number", [1.5, np.float64(1.5)])
def test_a_float_is_replaced_by_a_float(cls, number):
    params, rule = {"x": number}, cls(0.1)
    for _ in range(2):
        rule.update(params, {"x": 2.0})
    assert type(params["x"]) is type(number)
    assert params["x"] < 1.5


@pytest.mark.parametrize("gradient", [[1, -2], np.array([1, -2]), np.array([1, -2], np.float32)])
def test_gradients_may_be_lists_integers_and_float32(cls, gradient):
    got, expected = np.zeros(2), np.zeros(2)
    one, other = cls(0.1), cls(0.1)
    for _ in range(2):
        one.update({"p": got}, {"p": gradient})
        other.update({"p": expected}, {"p": np.array([1.0, -2.0])})
    assert got == pytest.approx(expected, rel=1e-6)


def test_empty_mappings_and_arrays_are_no_error(cls):
    cls().update({}, {})
    cls().update({"p": np.ones((0, 3))}, {"p": np.ones((0, 3))})


# --- types and memory


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_and_state_keep_their_type(cls, dtype):
    params, grads = network(dtype)
    rule = cls(np.float64(0.1))  # A NumPy scalar would promote float32 arrays.
    for _ in range(2):
        rule.update(params, grads)
    assert {p.dtype for p in params.values()} == {np.dtype(dtype)}
    for state in rule._state.values():
        arrays = [value for value in vars(state).values() if isinstance(value, np.ndarray)]
        assert {array.dtype for array in arrays} <= {np.dtype(dtype)}


def test_float32_goes_the_way_of_float64(cls):
    single, grads32 = network(np.float32)
    double, grads64 = network(np.float64)
    narrow, wide = cls(0.1), cls(0.1)
    for _ in range(5):
        narrow.update(single, grads32)
        wide.update(double, grads64)
    for key in single:
        np.testing.assert_allclose(single[key], double[key], rtol=1e-5, atol=1e-5)


def test_a_float32_scalar_goes_the_way_of_a_float32_array(cls):
    scalar, array = {"p": np.float32(0.3)}, {"p": np.full(1, 0.3, np.float32)}
    one, other = cls(0.1), cls(0.1)
    for _ in range(3):
        one.update(scalar, {"p": np.float32(0.7)})
        other.update(array, {"p": np.full(1, 0.7, np.float32)})
    assert scalar["p"] == array["p"][0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [False, True], ids=["numbers", "arrays"])
def test_after_the_first_update_nothing_is_allocated(cls, dtype, rows):
    params = {key: np.ones((600, 600), dtype) for key in "ab"}
    grads = {key: np.full((600, 600), 0.5, dtype) for key in "ab"}
    rule = cls(0.1)
    if rows:
        rule = cls(**{k: np.full((600, 1), value) for k, value in rule.hyperparameters.items()})
    for _ in range(2):
        rule.update(params, grads)
    gc.collect()
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


A, B = np.ones(3), np.ones((2, 2))


@pytest.mark.parametrize(
    ("grads", "error", "message"),
    [
        ({"a": A}, ValueError, r"`grads` must have the keys of `params`\. It has no 'b'"),
        ({}, ValueError, "It has no 'a'"),
        ({"a": A, "b": np.ones(2)}, ValueError, r"`grads\['b'\]` must be of its parameter's shape"),
        ({"a": A, "b": 1.0}, ValueError, r"of its parameter's shape \(2, 2\)\. Got \(\) instead"),
        ({"a": A, "b": B > 0}, TypeError, r"`grads\['b'\]` must be numbers"),
        ({"a": A, "b": B * 1j}, TypeError, r"`grads\['b'\]` must be numbers"),
        ({"a": A, "b": [["1", "2"], ["3", "4"]]}, TypeError, r"`grads\['b'\]` must be numbers"),
    ],
)
@pytest.mark.parametrize("used", [False, True])
def test_a_bad_gradient_changes_nothing(cls, grads, error, message, used):
    params, right = good()
    rule, twin = cls(0.1), cls(0.1)
    if used:
        rule.update(params, right)
    before = {key: p.copy() for key, p in params.items()}
    with pytest.raises(error, match=message):
        rule.update(params, grads)
    assert all(np.array_equal(params[key], before[key]) for key in params)

    # And no state either: from here it goes like one that never saw the bad gradient.
    rule.update(params, right)
    other, _ = good()
    for _ in range(2 if used else 1):
        twin.update(other, right)
    assert rule.steps_taken == twin.steps_taken
    assert all(np.array_equal(params[key], other[key]) for key in params)


@pytest.mark.parametrize(
    "p", [1, True, None, "1.0", 1j, np.array([1, 2]), np.array([True]), np.array([1j]), [1.0, 2.0]]
)
def test_parameters_must_be_floats(cls, p):
    with pytest.raises(TypeError, match=r"`params\['p'\]` must be a float or an array of floats"):
        cls().update({"p": p}, {"p": p})


@pytest.mark.parametrize(("p", "got"), [(np.array([1, 2], np.int16), "int16"), ([1.0], "list")])
def test_what_a_parameter_is_instead_of_floats_is_named(p, got):
    with pytest.raises(TypeError, match=rf"as steps are no whole numbers\. Got {got} instead\.$"):
        SGD().update({"p": p}, {"p": p})


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"a": np.ones(3)}, r"`params` must keep its keys \['a', 'b'\]\. Got \['a'\] instead"),
        ({"a": np.ones(3), "c": np.ones(1)}, r"Got \['a', 'c'\] instead; `fresh\(\)` gives"),
        ({"a": np.ones(3), "b": np.ones((2, 2)), "c": np.ones(1)}, "must keep its keys"),
        (
            {"a": np.ones(3), "b": np.ones(4)},
            r"`params\['b'\]` must be of the shape \(2, 2\) it had",
        ),
        ({"a": np.ones(3), "b": 1.0}, r"of the shape \(2, 2\) it had before\. Got \(\)"),
    ],
)
def test_keys_and_shapes_must_stay(cls, params, message):
    rule, twin = cls(0.1), cls(0.1)
    right, grads = good()
    rule.update(right, grads)
    before = {key: np.copy(p) for key, p in params.items()}
    with pytest.raises(ValueError, match=message):
        rule.update(params, {key: np.ones_like(p) for key, p in params.items()})
    assert all(np.array_equal(params[key], before[key]) for key in params)

    rule.update(right, grads)
    other, _ = good()
    twin.update(other, grads)
    twin.update(other, grads)
    assert all(np.array_equal(right[key], other[key]) for key in right)


def test_a_read_only_parameter_changes_nothing(cls):
    params, grads = good()
    params["b"].flags.writeable = False
    rule = cls(0.1)
    with pytest.raises((TypeError, ValueError), match="read-only"):
        rule.update(params, grads)
    assert np.array_equal(params["a"], np.ones(3))
    assert rule.steps_taken == 0


@pytest.mark.parametrize(
    ("shape", "fits", "too_small"),
    [((3,), (2, 3), (3, 2)), ((4, 1), (4, 2), (2, 4)), ((2, 2), (5, 2, 2), (2,))],
)
def test_arrays_as_hyperparameters_must_fit_the_parameters(shape, fits, too_small):
    rule = Adam(np.full(shape, 0.1))
    with pytest.raises(
        ValueError, match=r"`params\['p'\]` must be of a shape that .* broadcasts to"
    ):
        rule.update({"p": np.ones(too_small)}, {"p": np.ones(too_small)})
    rule.update({"p": np.ones(fits)}, {"p": np.ones(fits)})
    assert rule.steps_taken == 1


def test_arrays_that_do_not_fit_are_refused_when_bound():
    with pytest.raises(ValueError, match=r"`params\['p'\]` must be of a shape that \(3,\) broad"):
        SGD(np.full(3, 0.1)).bind({"p": np.ones(2)}, {"p": np.ones(2)})


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


@pytest.mark.parametrize("name", ["beta1", "beta2", "eps"])
def test_arrays_of_float64_leave_float32_as_exact_as_numbers_do(name):
    number = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-3}[name]
    rng = np.random.default_rng(0)
    g = rng.normal(size=(20, 8)).astype(np.float32)
    plain, several = Adam(0.1, **{name: number}), Adam(0.1, **{name: np.full(8, number)})
    p, q = np.ones(8, np.float32), np.ones(8, np.float32)
    for row in g:
        plain.update({"p": p}, {"p": row})
        several.update({"p": q}, {"p": row})
    for path, array in plain.state().items():
        assert np.array_equal(array, several.state()[path])
    if name == "eps":
        assert np.array_equal(p, q)


def test_a_rate_that_no_longer_fits_changes_nothing():
    rule, p = Momentum(0.1), np.ones(2)
    rule.update({"p": p}, {"p": np.ones(2)})
    before = p.copy()
    with pytest.raises(ValueError, match="broadcast"):  # noqa: PT012 - either may refuse.
        rule.lr = np.full(3, 0.1)
        rule.update({"p": p}, {"p": np.ones(2)})
    rule.lr = 0.1
    rule.update({"p": p}, {"p": np.ones(2)})
    twin, q = Momentum(0.1), np.ones(2)
    for _ in range(2):
        twin.update({"p": q}, {"p": np.ones(2)})
    assert before[0] == 0.9
    assert np.array_equal(p, q)


@pytest.mark.parametrize(
    ("p", "g"),
    [
        (np.ones(2), [1.0, 2.0]),
        (np.float64(1.5), np.ones(())),
        (1.5, 2.0),
        (np.ones(()), 2.0),
        (np.ones(2), np.ones(2, int)),
    ],
)
def test_only_arrays_can_be_bound_as_nothing_else_could_change_later(p, g):
    rule = SGD(0.1)
    with pytest.raises(TypeError, match="'p'.* must be an array of floats with memory of"):
        rule.bind({"a": np.ones(1), "p": p}, {"a": np.ones(1), "p": g})
    assert rule.steps_taken == 0
    assert (np.asarray(p) >= 1).all()


def test_a_gradient_may_be_its_parameter_s_own_array(cls):
    # That of |p|²/2 is p itself.
    rule, twin = cls(), cls()
    p = np.array([1.0, -2.0])
    q = p.copy()
    for _ in range(3):
        rule.update({"p": p}, {"p": p})
        twin.update({"p": q}, {"p": q.copy()})
    assert np.array_equal(p, q)


def test_a_bound_gradient_has_memory_of_its_own():
    both = np.ones((2, 3))
    with pytest.raises(TypeError, match=r"`grads\['p'\]` must be .* with memory of its own"):
        SGD(0.1).bind({"p": both[0]}, {"p": both[0]})
    step = SGD(0.1).bind({"p": both[:, 0]}, {"p": both[:, 1]})  # Between, but not in each other.
    step()
    assert both[:, :2].T.tolist() == [[0.9, 0.9], [1, 1]]


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64])
def test_gradients_of_whole_numbers_are_taken_as_floats(cls, kind):
    rule, twin = cls(), cls()
    least = np.array([np.iinfo(kind).min, 100], kind)
    p, q = np.ones(2), np.ones(2)
    rule.update({"p": p}, {"p": least})
    twin.update({"p": q}, {"p": least.astype(float)})
    assert np.array_equal(p, q)


def test_half_precision_is_refused_as_a_small_constant_would_be_nothing():
    p = np.ones(2, np.float16)
    with pytest.raises(TypeError, match=r"`params\['p'\]` must be float32 or longer.*float16"):
        SGD(0.1).update({"p": p}, {"p": np.ones(2)})


def test_lists_instead_of_mappings_are_named():
    with pytest.raises(TypeError, match="`params` must be a mapping of arrays by key"):
        SGD(0.1).update([np.ones(2)], [np.ones(2)])
    with pytest.raises(TypeError, match="`grads` must be a mapping of arrays by key"):
        SGD(0.1).update({"p": np.ones(2)}, [np.ones(2)])


def test_nan_gradients_are_no_error():
    # Divergence is for the caller to see, not an exception.
    p = np.ones(2)
    SGD(0.1).update({"p": p}, {"p": np.array([np.nan, 1.0])})
    assert np.array_equal(p, [np.nan, 0.9], equal_nan=True)


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


def test_a_restart_forgets_what_a_step_has_added_to_the_state():
    class Counting(Momentum):
        def _step(self, p, g, lr, state, *scratch):
            state.count = getattr(state, "count", 0) + 1
            p -= state.count

    rule, p = Counting(), np.zeros(1)
    step = rule.bind({"p": p}, {"p": np.zeros(1)})
    step()
    step()
    rule.restart()
    step()
    assert p == -4


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


@pytest.mark.parametrize("order", ["C", "F"])
def test_state_lies_in_memory_as_its_parameter_does(order):
    p = np.ones((30, 40), order=order)
    rule = Adam(0.1)
    rule.update({"p": p}, {"p": p.copy(order)})
    state = rule._state["p"]
    assert state.m.strides == state.v.strides == p.strides
    assert state.m.ctypes.data % 64 == 0 or order == "F"
