"""What an optimizer remembers can be told and put back."""

import numpy as np
import pytest

from trajectories import Adam, Momentum, NAdam

KINDS = {
    "a float": (-7.0, 0.7),
    "a vector": (np.array([-7.0, 2.0]), np.array([-0.7, 4.0])),
    "float32": (np.full((2, 3), 2.0, np.float32), np.full((2, 3), 0.5, np.float32)),
}


def steps(rule, params, g, count):
    for i in range(count):
        rule.update(params, {"x": g * (1 + i / 3)})
    return params["x"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_twin_goes_on_alike(cls, kind):
    p, g = KINDS[kind]
    for before in (0, 1, 7):
        rule, twin = cls(0.1), cls(0.1)
        params = {"x": np.copy(p) if isinstance(p, np.ndarray) else p}
        steps(rule, params, g, before)
        twin.load_state(rule.state())
        assert twin.steps_taken == before
        others = {"x": np.copy(params["x"]) if isinstance(p, np.ndarray) else params["x"]}
        np.testing.assert_array_equal(steps(rule, params, g, 5), steps(twin, others, g, 5))
        assert rule.state().keys() == twin.state().keys()
        for path, array in rule.state().items():
            np.testing.assert_array_equal(array, twin.state()[path])


def test_numbers_that_are_one_for_each_path_are_told_too():
    beta1 = np.array([0.5, 0.9])
    rule, twin = NAdam(0.1, beta1=beta1), NAdam(0.1, beta1=beta1)
    params, g = {"x": np.ones((2, 2))}, np.ones((2, 2))
    steps(rule, params, g, 3)
    assert rule.state()["x/product"].shape == (2,)
    twin.load_state(rule.state())
    others = {"x": params["x"].copy()}
    np.testing.assert_array_equal(steps(rule, params, g, 3), steps(twin, others, g, 3))


def test_copies_are_copies_and_the_rest_is_not():
    rule, twin = Momentum(0.1), Momentum(0.1)
    rule.update({"x": np.zeros(2)}, {"x": np.ones(2)})
    state = rule.state()
    twin.load_state(state)
    state["x/v"][:] = 5
    for one in (rule, twin):
        np.testing.assert_array_equal(one.state()["x/v"], [-0.1, -0.1])
    rule.state(copy=False)["x/v"][:] = 5
    np.testing.assert_array_equal(rule.state()["x/v"], [5, 5])
    with pytest.raises(ValueError, match=r"of the shape \(2,\) it had before"):
        twin.update({"x": np.zeros(3)}, {"x": np.ones(3)})
    with pytest.raises(ValueError, match="must keep its keys"):
        twin.update({"y": np.zeros(2)}, {"y": np.ones(2)})


def test_keys_that_are_no_text_are_refused():
    rule = Momentum(0.1)
    rule.update({0: np.zeros(2)}, {0: np.ones(2)})
    with pytest.raises(TypeError, match="`params` must be keyed by text, to tell its state"):
        rule.state()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update({3: np.ones(2)}), "`state` must be keyed by text such as"),
        (lambda s: s.pop("steps_taken"), "`state` must be a mapping with 'steps_taken'"),
        (lambda s: s.update(steps_taken=np.array(-1)), "`steps_taken` must be"),
        (lambda s: s.update(steps_taken=np.array(1.5)), "`steps_taken` must be"),
        (lambda s: s.pop("x/v"), "`state` must be a mapping with x/m, x/v of the key 'x'"),
        (
            lambda s: s.update({"x/w": np.ones(2)}),
            "`state` must be a mapping with x/m, x/v of the key 'x'",
        ),
        (lambda s: s.update({"v": np.ones(2)}), "of the key ''"),
        (lambda s: s.update({"x/v": np.ones(3)}), "`state` must be of one shape for the key 'x'"),
        (lambda s: s.update({"x/v": np.ones(2, int)}), "`state` must be of floats for the key 'x'"),
        (lambda s: s.update({"x/v": np.array(["a", "b"])}), "`state` must be of floats"),
    ],
)
def test_another_state_is_refused_and_nothing_changed(change, message):
    rule, params = Adam(0.1), {"x": np.zeros(2)}
    rule.update(params, {"x": np.ones(2)})
    state = rule.state()
    change(state)
    before = rule.state()
    with pytest.raises((TypeError, ValueError), match=message):
        rule.load_state(state)
    for path, array in rule.state().items():
        np.testing.assert_array_equal(array, before[path])
