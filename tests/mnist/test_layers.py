"""Each kind of layer, seen through a network: what it computes, and what it does at the edges."""

import math
import tracemalloc

import numpy as np
import pytest

from trajectories.mnist import MultiLayerNet

FUNCTIONS = {
    "relu": lambda x: np.where(x > 0, x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
}


def softmax_alone(columns, **settings):
    """Return a network whose outputs are its inputs."""
    network = MultiLayerNet(columns, [], columns, **{"dtype": np.float64, "rng": 0, **settings})
    network.params["W1"] = np.eye(columns)
    return network


def single(columns=3, **settings):
    """Return a network of one hidden layer, of which its inputs go straight into."""
    network = MultiLayerNet(columns, [columns], 2, dtype=np.float64, rng=0, **settings)
    network.params["W1"] = np.eye(columns)
    return network


@pytest.mark.parametrize(
    ("activation", "limits"),
    [("sigmoid", [0, 0, 0.5, 1, 1]), ("tanh", [-1, -1, 0, 1, 1]), ("relu", [0, 0, 0, 1000, 1e30])],
)
def test_an_activation_is_its_function_with_its_limits(activation, limits):
    x = 3 * np.random.default_rng(1).standard_normal((5, 5))
    network = single(5, activation=activation)
    network.predict(x)
    (hidden,) = network.activations
    np.testing.assert_allclose(hidden, FUNCTIONS[activation](x), rtol=1e-14, atol=1e-15)
    network.predict(np.array([[-1e30, -1000, 0, 1000, 1e30]]))
    assert network.activations[0].tolist() == [limits]


def test_odd_batches_do_not_pile_up_and_usual_ones_take_turns_in_the_same_arrays():
    network = MultiLayerNet(3, [600], 2, rng=0)
    batches = {rows: (np.ones((rows, 3), np.float32), np.zeros(rows, int)) for rows in range(1, 61)}

    def peak(sizes):
        tracemalloc.start()
        for rows in sizes:
            network.gradient_pass(*batches[rows])
        left, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return left, most

    assert peak(range(1, 61))[0] < 3e6  # All of them together would take 13 MB.
    usual = (60, 28, 50, 7)  # Training and evaluation, each with a last batch that is short.
    peak(usual * 2)
    assert peak(usual * 3)[1] < 100_000


def test_dropout_masks_in_training_and_scales_in_evaluation():
    x = np.full((200, 100), 3.0)
    network = single(100, dropout=0.2)
    network.predict(x, train=True)
    first = network.activations[0].copy()
    assert set(np.unique(first)) == {0.0, 3.0}
    assert np.mean(first == 0) == pytest.approx(0.2, abs=0.01)
    network.predict(x, train=True)
    assert 0.2 < np.mean(network.activations[0] != first) < 0.4
    before = network.rng.bit_generator.state
    network.predict(x)
    np.testing.assert_allclose(network.activations[0], 0.8 * x)
    assert network.rng.bit_generator.state == before


def test_dropout_draws_what_the_textbook_does_from_a_random_state_in_both_types():
    kept = np.random.RandomState(7).random_sample((4, 5)) > 0.3
    for dtype in (np.float32, np.float64):
        network = MultiLayerNet(5, [5], 2, dropout=0.3, dtype=dtype, rng=0)
        network.params["W1"] = np.eye(5)
        network.rng = np.random.RandomState(7)
        network.predict(np.ones((4, 5)), train=True)
        np.testing.assert_array_equal(network.activations[0], kept)


def test_batch_norm_adds_the_textbooks_epsilon_to_the_variance():
    # A variance of 1e-6 with 10e-7 added: the batch comes to half of variance 1.
    network = single(2, batch_norm=True, activation="tanh")
    network.predict(np.array([[-1e-3, 1.0], [1e-3, 1.0]]), train=True)
    found = np.arctanh(network.activations[0])
    np.testing.assert_allclose(found, [[-(0.5**0.5), 0], [0.5**0.5, 0]], rtol=1e-9)


def test_batch_norm_forgets_by_its_momentum_and_weighs_what_is_left():
    network, rng = single(batch_norm=True, activation="tanh"), np.random.default_rng(1)
    network.params["gamma1"], network.params["beta1"] = [0.5, 1.0, 2.0], [0.1, 0.0, -0.1]
    x = rng.standard_normal((4, 3))
    network.predict(x)  # Before the first step there is nothing to go by.
    scaled = np.arctanh(network.activations[0])
    gamma, beta = network.params["gamma1"], network.params["beta1"]
    np.testing.assert_allclose(scaled, gamma * x + beta, rtol=1e-5)
    batches = rng.normal(2, 3, (10, 8, 3))
    for batch in batches:
        network.loss_and_gradient(batch, np.zeros(8, int))
    weights = 0.9 ** np.arange(9, -1, -1)
    mean = np.average(batches.mean(axis=1), axis=0, weights=weights)
    var = np.average(batches.var(axis=1), axis=0, weights=weights)
    network.predict(x)
    expected = gamma * (x - mean) / np.sqrt(var + 10e-7) + beta
    np.testing.assert_allclose(np.arctanh(network.activations[0]), expected, rtol=1e-9)


def test_the_loss_is_that_of_the_softmax():
    rng = np.random.default_rng(1)
    x, labels = rng.standard_normal((6, 4)), np.array([0, 3, 2, 2, 1, 0])
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    right = p[np.arange(6), labels]
    for eps in (0.0, 1e-7):
        network = softmax_alone(4, loss_eps=eps)
        expected = -np.log(right + eps).mean()
        assert network.loss_and_gradient(x, labels) == pytest.approx(expected, rel=1e-14)
        np.testing.assert_allclose(network.deltas[0], (p - np.eye(4)[labels]) / 6, rtol=1e-12)


def test_the_loss_stays_exact_where_probabilities_round_to_0_or_1():
    network, far = softmax_alone(2, dtype=np.float32), np.array([[0.0, 2000.0]])
    assert network.loss_and_gradient(far, [0]) == 2000
    assert network.deltas[0].tolist() == [[-1, 1]]
    # log(1 + exp(-18)) is lost in float32 if the sum is taken in it.
    found = network.loss(np.array([[18.0, 0.0]]), [0])
    assert found == pytest.approx(math.log1p(math.exp(-18)), rel=1e-6)
    book = softmax_alone(2, loss_eps=1e-7)
    assert book.loss(far, [0]) == pytest.approx(-math.log(1e-7))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_loss_of_outputs_that_are_not_finite_is_nan(bad):
    with np.errstate(invalid="ignore"):
        assert math.isnan(softmax_alone(2).loss(np.array([[0.0, bad], [0.0, 1.0]]), [0, 1]))
